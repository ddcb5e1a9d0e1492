//! *Logboek*: who did what and when, without content. It comes from the server alone, and needs the network.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use shared::domain::audit::{ACTIONS, AuditEntry, AuditPage};
use shared::domain::directory::Directory;
use shared::ids::{DeviceId, UserId};

use super::asking::{Asked, WhyNothing, ask};
use super::retention;
use crate::components::{Empty, Moment, Notice, Page, SelectField, TextField, Tone, day_of_input, save_file};
use crate::device::Device;
use crate::device::http::{self, Request};
use crate::i18n::*;

/// Half a day, in ms: days are chosen by their noon.
const HALF_DAY: u64 = 12 * 60 * 60 * 1_000;

/// What is looked for.
#[derive(Clone, Copy)]
struct Filter {
    from: RwSignal<String>,
    until: RwSignal<String>,
    person: RwSignal<String>,
    action: RwSignal<String>,
}

impl Filter {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self { from: empty(), until: empty(), person: empty(), action: empty() }
    }

    /// As the question of an address. Tracked.
    fn question(self, before: Option<u64>) -> String {
        let mut parts = Vec::new();
        let mut add = |name: &str, value: String| parts.push(format!("{name}={value}"));
        if let Some(noon) = day_of_input(&self.from.get()) {
            add("from", noon.saturating_sub(HALF_DAY).to_string());
        }
        if let Some(noon) = day_of_input(&self.until.get()) {
            add("until", noon.saturating_add(HALF_DAY - 1).to_string());
        }
        for (name, value) in [("user", self.person.get()), ("action", self.action.get())] {
            if !value.is_empty() {
                add(name, value);
            }
        }
        if let Some(before) = before {
            add("before", before.to_string());
        }
        parts.join("&")
    }
}

/// The page.
#[component]
pub fn Audit() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let filter = Filter::new();
    let before = RwSignal::new(None::<u64>);
    // Another question begins at its newest rows.
    Effect::new(move |asked: Option<String>| {
        let question = filter.question(None);
        if asked.is_some_and(|asked| asked != question) {
            before.set(None);
        }
        question
    });
    let page = ask::<AuditPage>(move || Some(format!("/api/audit?{}", filter.question(before.get()))));
    let rows = Memo::new(move |_| page.get().here().map(|it| it.rows).unwrap_or_default());
    let is_here = Memo::new(move |_| page.with(|page| matches!(page, Asked::Here(_))));
    let more = Memo::new(move |_| {
        page.with(|page| match page {
            Asked::Here(page) if page.more => page.rows.last().map(|row| row.seq),
            _ => None,
        })
    });
    view! {
        <Page title=move || t_string!(i18n, audit.title) wide=true>
            <p class="lead">{t!(i18n, audit.lead)}</p>
            <Choice filter=filter/>
            <WhyNothing asked=page/>
            <Show when=move || is_here.get()>
                <Show
                    when=move || rows.with(|rows| !rows.is_empty())
                    fallback=move || view! { <Empty><p>{t!(i18n, audit.nothing)}</p></Empty> }
                >
                    <table class="folds">
                        <caption class="visually-hidden">{t!(i18n, audit.title)}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{t!(i18n, audit.col_when)}</th>
                                <th scope="col">{t!(i18n, audit.col_who)}</th>
                                <th scope="col">{t!(i18n, audit.col_what)}</th>
                                <th scope="col">{t!(i18n, audit.col_object)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || rows.get() key=|row| row.seq let(row)><OneRow row=row device=device/></For>
                        </tbody>
                    </table>
                    <div class="row">
                        <Show when=move || before.get().is_some()>
                            <button type="button" on:click=move |_| before.set(None)>{t!(i18n, audit.newest)}</button>
                        </Show>
                        <Show when=move || more.get().is_some()>
                            <button type="button" on:click=move |_| before.set(more.get_untracked())>
                                {t!(i18n, audit.older)}
                            </button>
                        </Show>
                    </div>
                </Show>
                <Keeping page=page filter=filter/>
            </Show>
        </Page>
    }
}

/// Period, person and action.
#[component]
fn Choice(filter: Filter) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let all = move || (String::new(), t_string!(i18n, audit.all).to_string());
    let people = Memo::new(move |_| {
        let mut choices = vec![all()];
        if let Some(directory) = device.directory() {
            let mut people: Vec<_> = directory.people.iter().map(|it| (it.name.clone(), it.id)).collect();
            people.sort();
            choices.extend(people.into_iter().map(|(name, id)| (id.to_string(), name)));
        }
        choices
    });
    let actions = Memo::new(move |_| {
        let known = ACTIONS.iter().map(|code| ((*code).to_owned(), action_words(i18n, code)));
        std::iter::once(all()).chain(known).collect::<Vec<_>>()
    });
    view! {
        <form class="row" aria-label=move || t_string!(i18n, audit.filter) on:submit=|event| event.prevent_default()>
            <TextField id="audit-from" kind="date" label=move || t_string!(i18n, audit.from) value=filter.from/>
            <TextField id="audit-until" kind="date" label=move || t_string!(i18n, audit.until) value=filter.until/>
            <SelectField
                id="audit-person" label=move || t_string!(i18n, audit.person) choices=people chosen=filter.person
                on_choose=Callback::new(move |it| filter.person.set(it))
            />
            <SelectField
                id="audit-action" label=move || t_string!(i18n, audit.action) choices=actions chosen=filter.action
                on_choose=Callback::new(move |it| filter.action.set(it))
            />
        </form>
    }
}

#[component]
fn OneRow(row: AuditEntry, device: Device) -> impl IntoView {
    let i18n = use_i18n();
    let (at, row) = (row.at, StoredValue::new(row));
    let who = move || {
        row.with_value(|row| match row.user {
            Some(user) => name_of(device.directory().as_deref(), user)
                .unwrap_or_else(|| t_string!(i18n, common.unknown_person).to_string()),
            None if row.action.starts_with("sign_in_failed") => {
                t_string!(i18n, audit.nobody_known).to_string()
            }
            None => t_string!(i18n, audit.server).to_string(),
        })
    };
    let what = move || row.with_value(|row| action_words(i18n, &row.action));
    let object = move || row.with_value(|row| object_words(i18n, device.directory().as_deref(), row));
    view! {
        <tr>
            <th scope="row"><Moment at=at/></th>
            <td data-label=move || t_string!(i18n, audit.col_who)>{who}</td>
            <td data-label=move || t_string!(i18n, audit.col_what)>{what}</td>
            <td data-label=move || t_string!(i18n, audit.col_object)>{object}</td>
        </tr>
    }
}

fn name_of(directory: Option<&Directory>, user: UserId) -> Option<String> {
    directory?.people.iter().find(|it| it.id == user).map(|it| it.name.clone())
}

/// What an id stands for, where the administrator may know it; else the id itself.
fn object_words(i18n: I18nContext<Locale>, directory: Option<&Directory>, row: &AuditEntry) -> String {
    let object = row.object.as_str();
    if let Some((kind, period)) = object.split_once(':') {
        return retention::set_words(i18n, kind, period).unwrap_or_else(|| object.to_owned());
    }
    if object == "unknown" {
        return t_string!(i18n, audit.unknown_accounts).to_string();
    }
    if let Some(name) = object.parse::<UserId>().ok().and_then(|user| name_of(directory, user)) {
        return name;
    }
    let device = object.parse::<DeviceId>().ok();
    let found = device.and_then(|id| directory?.devices.iter().find(|it| it.id == id));
    match found {
        Some(found) => {
            let owner = name_of(directory, found.user).unwrap_or_default();
            let device = found.name.clone().unwrap_or_default();
            t_string!(i18n, audit.device_of, device = device, name = owner).to_string()
        }
        None => object.to_owned(),
    }
}

/// The words of each code that is named; else the code itself, as of a newer server.
macro_rules! words_of {
    ($i18n:ident, $code:ident: $($known:ident)*) => {
        match $code {
            $(stringify!($known) => t_string!($i18n, audit.did.$known),)*
            other => return other.to_owned(),
        }
    };
}

/// What was done, in words.
fn action_words(i18n: I18nContext<Locale>, action: &str) -> String {
    let (code, rest) = action.split_once(':').unwrap_or((action, ""));
    let words = words_of! {
        i18n, code:
        sign_in
        sign_in_failed
        sign_out
        provider_sign_out
        provider_changed
        provider_roles
        password_ask
        password_change
        password_reset
        invitation_accept
        totp_set_up
        recovery_codes_made
        recovery_code_used
        passkey_added
        passkey_used
        passkey_removed
        passkey_copied
        second_factor_removed
        reset_second_factor
        device_add
        rename_device
        revoke_device
        shared_device_ended
        first_open
        register
        plan_intake
        hold_intake
        share_reflection
        withdraw_reflection
        avoid_coaches
        refer
        accept
        decline
        close
        transfer
        hand_over_notes
        request_erasure
        request_access
        withdraw_request
        decide_erasure
        answer_request
        carry_out_erasure
        conclude_access
        note_export
        set_retention
        destroyed
        trajectory_retained
        trajectory_destroyed
        backup
        restore
        user_add
        user_invite
        user_change
        user_manager
        user_link
        user_link_provider
        user_disable
        user_enable
        user_reset_password
        user_reset_second_factor
        item_voided
        quarantine_released
        audit_view
        audit_export
        demo
    };
    match (code, rest) {
        (_, "") => words.to_owned(),
        ("sign_in_failed", count) => t_string!(i18n, audit.times, what = words, count = count).to_string(),
        _ => t_string!(i18n, audit.refused, what = words).to_string(),
    }
}

/// A copy, and the end of the log to be kept elsewhere.
#[component]
fn Keeping(page: RwSignal<Asked<AuditPage>>, filter: Filter) -> impl IntoView {
    let i18n = use_i18n();
    let head = Memo::new(move |_| page.get().here().map(|it| it.head.to_string()).unwrap_or_default());
    let failed = RwSignal::new(false);
    let save = move |_| {
        failed.set(false);
        let path = format!("/api/audit/export?{}", untrack(|| filter.question(None)));
        spawn_local(async move {
            let answer = http::fetch(Request { method: "GET", path: &path, ..Request::default() }).await;
            match answer {
                Ok(answer) if answer.status == 200 => {
                    // Marked as UTF-8, or a spreadsheet takes it for something else.
                    let text = format!("\u{feff}{}", String::from_utf8_lossy(&answer.body));
                    save_file("logboek.csv", "text/csv;charset=utf-8", &text);
                }
                _ => drop(failed.try_set(true)),
            }
        });
    };
    view! {
        <section class="stack" aria-labelledby="audit-keep">
            <h2 id="audit-keep">{t!(i18n, audit.keep)}</h2>
            <div class="row">
                <button type="button" on:click=save>{t!(i18n, audit.save_csv)}</button>
                <button
                    type="button"
                    on:click=move |_| save_file("logboek-einde.txt", "text/plain", &format!("{}\n", head.get_untracked()))
                >
                    {t!(i18n, audit.save_head)}
                </button>
            </div>
            <Show when=move || failed.get()>
                <Notice tone=Tone::Warning><p>{t!(i18n, audit.needs_network)}</p></Notice>
            </Show>
            <p>{t!(i18n, audit.head_why)}</p>
            <p class="small"><code class="breaks">{move || head.get()}</code></p>
        </section>
    }
}
