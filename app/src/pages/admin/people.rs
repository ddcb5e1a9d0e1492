//! *Mensen*: who has an account, with which roles and on which devices. Never content.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use super::invite::Invite;
use super::roster::{Known, Roster, Row};
use crate::components::{Empty, Moment, Page, TextField, day_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::words;

/// The page.
#[component]
pub fn People() -> impl IntoView {
    let i18n = use_i18n();
    let roster = Roster::start();
    let rows = Memo::new(move |_| roster.rows());
    let search = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let wanted = search.with(|text| text.trim().to_lowercase());
        let fits = |row: &Row| wanted.split_whitespace().all(|word| described(i18n, row).contains(word));
        rows.get().into_iter().filter(fits).collect::<Vec<_>>()
    });
    let count = move || {
        let (count, total) = (found.with(Vec::len), rows.with(Vec::len));
        t_string!(i18n, account.found, count = count, total = total).to_string()
    };
    view! {
        <Page title=move || t_string!(i18n, admin.people) wide=true>
            <p class="lead">{t!(i18n, account.people_lead)}</p>
            <div role="status">
                {move || roster.is_offline().then(|| view! {
                    <p class="notice">{t!(i18n, account.offline_list)}</p>
                })}
            </div>
            <Wishes rows=rows/>
            <Invite roster=roster/>
            <Show
                when=move || rows.with(|rows| !rows.is_empty())
                fallback=move || view! { <Empty><p>{t!(i18n, admin.no_people)}</p></Empty> }
            >
                <div class="field narrow" role="search">
                    <TextField id="search" kind="search" label=move || t_string!(i18n, account.search) value=search/>
                    <span class="hint" role="status">{count}</span>
                </div>
                <Show when=move || found.with(Vec::is_empty)>
                    <p>{t!(i18n, account.nobody_found)}</p>
                </Show>
                <Show when=move || found.with(|found| !found.is_empty())>
                    <table class="folds">
                        <caption class="visually-hidden">{t!(i18n, admin.people)}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{t!(i18n, admin.col_name)}</th>
                                <th scope="col">{t!(i18n, admin.col_roles)}</th>
                                <th scope="col">{t!(i18n, admin.col_unit)}</th>
                                <th scope="col">{t!(i18n, account.col_state)}</th>
                                <th scope="col">{t!(i18n, account.col_seen)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || found.get() key=|row| face(row) let(row)>
                                <OnePerson row=row/>
                            </For>
                        </tbody>
                    </table>
                </Show>
            </Show>
        </Page>
    }
}

/// Everything by which somebody can be found.
fn described(i18n: I18nContext<Locale>, row: &Row) -> String {
    let roles = row.roles.iter().map(|&it| words::role(i18n, it)).collect::<Vec<_>>().join(" ");
    let email = row.known.as_ref().map(|it| it.email.as_str()).unwrap_or_default();
    format!("{} {} {email} {roles}", row.name, row.unit).to_lowercase()
}

/// A row is made anew when something of it has changed.
fn face(row: &Row) -> String {
    format!("{:?}", (row.id, &row.name, &row.unit, &row.roles, &row.known, row.last_seen()))
}

/// Whether an account is in use, in words.
pub fn state(i18n: I18nContext<Locale>, known: &Known, now: u64) -> String {
    match known {
        Known { disabled: true, .. } => t_string!(i18n, account.state_disabled).to_string(),
        Known { active: true, .. } => t_string!(i18n, account.state_active).to_string(),
        Known { invited_until: Some(until), .. } if *until > now => {
            t_string!(i18n, account.state_invited, at = day_text(i18n.get_locale(), *until)).to_string()
        }
        Known { .. } => t_string!(i18n, account.state_invitation_over).to_string(),
    }
}

#[component]
fn OnePerson(row: Row) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let seen = row.last_seen();
    let Row { id, name, unit, roles, known, .. } = row;
    let roles = move || roles.iter().map(|&it| words::role(i18n, it)).collect::<Vec<_>>().join(", ");
    let is_disabled = known.as_ref().is_some_and(|it| it.disabled);
    view! {
        <tr>
            <th scope="row"><a href=format!("/mensen/{id}")>{name}</a></th>
            <td data-label=move || t_string!(i18n, admin.col_roles)>{roles}</td>
            <td data-label=move || t_string!(i18n, admin.col_unit)>{unit}</td>
            <td data-label=move || t_string!(i18n, account.col_state)>
                {known.map(|known| view! {
                    <span class:tag=is_disabled class:attention=is_disabled>
                        {move || state(i18n, &known, device.now_ms())}
                    </span>
                })}
            </td>
            <td data-label=move || t_string!(i18n, account.col_seen)>
                {match seen {
                    Some(at) => view! { <Moment at=at/> }.into_any(),
                    None => view! { <span class="soft">{t!(i18n, account.never_seen)}</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

/// Who asked for a new password and waits for a link.
#[component]
fn Wishes(rows: Memo<Vec<Row>>) -> impl IntoView {
    let i18n = use_i18n();
    let wishes = Memo::new(move |_| {
        let wish = |row: &Row| Some((row.id, row.name.clone(), row.known.as_ref()?.asked_for_password?));
        rows.with(|rows| rows.iter().filter_map(wish).collect::<Vec<_>>())
    });
    view! {
        <Show when=move || wishes.with(|wishes| !wishes.is_empty())>
            <section class="stack tight" aria-labelledby="wishes-heading">
                <h2 id="wishes-heading">{t!(i18n, account.wishes_title)}</h2>
                <p>{t!(i18n, account.wishes_lead)}</p>
                <ul class="things">
                    <For each=move || wishes.get() key=Clone::clone let((id, name, at))>
                        <li>
                            <div class="what">
                                <a href=format!("/mensen/{id}")>{name}</a>
                                <span class="small soft">
                                    {t!(i18n, account.asked_at, at = move || view! { <Moment at=at/> })}
                                </span>
                            </div>
                        </li>
                    </For>
                </ul>
            </section>
        </Show>
    }
}
