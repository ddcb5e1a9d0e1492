//! One person, as an administrator sees her: roles, access and devices. Never content.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::domain::command::Command;
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};

use super::people::state;
use super::roles_field::RolesField;
use super::roster::{HerDevice, Known, Roster, Row};
use super::second_factor::ResetSecondFactor;
use super::shown_link::ShownLink;
use crate::components::{Empty, Moment, Page, RevokeDialog, TextField};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::account_words::Failure;
use crate::pages::case::is_on_its_way;
use crate::session::CallError;
use crate::session::accounts::{self, LinkShown, More, Wanted};

/// The page.
#[component]
pub fn OnePerson() -> impl IntoView {
    let i18n = use_i18n();
    let roster = Roster::start();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<UserId>().ok()));
    let row = Memo::new(move |_| {
        let id = id.get()?;
        roster.rows().into_iter().find(|row| row.id == id)
    });
    let name = move || {
        let name = row.with(|row| row.as_ref().map(|row| row.name.clone()));
        name.unwrap_or_else(|| t_string!(i18n, admin.people).to_string())
    };
    // The forms below are of one person, and are not made anew when she changes.
    let shown = Memo::new(move |_| row.with(|row| row.as_ref().map(|row| row.id)));
    view! {
        <Page title=name>
            <p class="no-print"><a href="/mensen">{t!(i18n, account.to_people)}</a></p>
            <div role="status">
                {move || roster.is_offline().then(|| view! {
                    <p class="notice">{t!(i18n, account.offline_list)}</p>
                })}
            </div>
            {move || match shown.get() {
                None => view! { <Empty><p>{t!(i18n, account.person_gone)}</p></Empty> }.into_any(),
                Some(id) => view! {
                    <Details roster=roster row=row id=id/>
                    <Access roster=roster row=row id=id/>
                    <Devices row=row/>
                }.into_any(),
            }}
        </Page>
    }
}

/// Name, address, unit, manager and roles.
#[component]
fn Details(roster: Roster, row: Memo<Option<Row>>, id: UserId) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let (name, unit) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let roles = RwSignal::new(Vec::<Role>::new());
    // What only the server tells cannot be changed while it is out of reach.
    let (email, manager) = (RwSignal::new(String::new()), RwSignal::new(None::<UserId>));
    let failed = RwSignal::new(None::<CallError>);
    let (busy, saved) = (RwSignal::new(false), RwSignal::new(false));
    let facts = Memo::new(move |_| {
        row.with(|row| row.as_ref().map(|it| (it.name.clone(), it.unit.clone(), it.roles.clone())))
    });
    // Whatever is known of her, until something else is typed.
    Effect::new(move |_| {
        if let Some((known_name, known_unit, known_roles)) = facts.get() {
            name.set(known_name);
            unit.set(known_unit);
            roles.set(known_roles);
        }
    });
    let more = Memo::new(move |_| {
        let known = row.with(|row| row.as_ref().and_then(|it| it.known.clone()));
        known.map(|it| (it.email, it.manager))
    });
    Effect::new(move |_| {
        if let Some((known_email, known_manager)) = more.get() {
            email.set(known_email);
            manager.set(known_manager);
        }
    });
    let is_told = Memo::new(move |_| more.with(Option::is_some));
    let own = untrack(|| roster.me()) == Some(id);
    let fixed = if own { vec![Role::Administrator] } else { vec![] };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        saved.set(false);
        failed.set(None);
        leptos::task::spawn_local(async move {
            let wanted = Wanted {
                name: name.get_untracked(),
                unit: unit.get_untracked(),
                roles: roles.get_untracked(),
                more: is_told
                    .get_untracked()
                    .then(|| More { email: email.get_untracked(), manager: manager.get_untracked() }),
            };
            match accounts::change(id, &wanted).await {
                Ok(()) => {
                    saved.try_set(true);
                    roster.refresh();
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let known = move || row.with(|row| row.as_ref().and_then(|row| row.known.clone()));
    view! {
        <section class="stack" aria-labelledby="details-heading">
            <h2 id="details-heading">{t!(i18n, account.details)}</h2>
            {move || known().map(|known| {
                let at_provider = known.at_provider;
                view! {
                    <dl class="facts across">
                        <dt>{t!(i18n, account.col_way)}</dt>
                        <dd>{move || match at_provider {
                            true => t_string!(i18n, account.way_provider),
                            false => t_string!(i18n, account.way_password),
                        }}</dd>
                        <dt>{t!(i18n, account.col_state)}</dt>
                        <dd>{move || state(i18n, &known, device.now_ms())}</dd>
                    </dl>
                }
            })}
            <form class="stack" novalidate on:submit=submit>
                <Failure error=failed/>
                <TextField id="person-name" required=true label=move || t_string!(i18n, account.name) value=name/>
                <Show when=move || is_told.get()>
                    <TextField
                        id="person-email" kind="email" required=true
                        label=move || t_string!(i18n, account.email)
                        hint=move || t_string!(i18n, account.email_change_hint)
                        value=email
                    />
                </Show>
                <TextField id="person-unit" label=move || t_string!(i18n, account.unit) value=unit/>
                <Show when=move || is_told.get()>
                    <ManagerField roster=roster id=id chosen=manager/>
                </Show>
                <RolesField chosen=roles fixed=fixed/>
                {move || known().is_some_and(|it| it.at_provider).then(|| view! {
                    <p class="small soft">{t!(i18n, account.roles_of_provider)}</p>
                })}
                {own.then(|| view! { <p class="small soft">{t!(i18n, account.own_role)}</p> })}
                <div class="row">
                    <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                        {t!(i18n, account.save)}
                    </button>
                    <span role="status">
                        {move || match (busy.get(), saved.get()) {
                            (true, _) => t_string!(i18n, account.busy),
                            (false, true) => t_string!(i18n, account.saved),
                            (false, false) => "",
                        }}
                    </span>
                </div>
            </form>
        </section>
    }
}

/// Who cannot be her coach nor her adviser.
#[component]
fn ManagerField(roster: Roster, id: UserId, chosen: RwSignal<Option<UserId>>) -> impl IntoView {
    let i18n = use_i18n();
    let others = Memo::new(move |_| {
        let mut others: Vec<(UserId, String)> =
            roster.rows().into_iter().filter(|row| row.id != id).map(|row| (row.id, row.name)).collect();
        others.sort_by(|one, other| one.1.cmp(&other.1));
        others
    });
    let choose = move |event| chosen.set(event_target_value(&event).parse().ok());
    view! {
        <div class="field">
            <label for="person-manager">{t!(i18n, account.manager)}</label>
            <span class="hint" id="person-manager-hint">{t!(i18n, account.manager_hint)}</span>
            <select id="person-manager" aria-describedby="person-manager-hint" on:change=choose>
                <option value="" prop:selected=move || chosen.get().is_none()>{t!(i18n, account.no_manager)}</option>
                <For each=move || others.get() key=Clone::clone let((other, name))>
                    <option value=other.to_string() prop:selected=move || chosen.get() == Some(other)>{name}</option>
                </For>
            </select>
        </div>
    }
}

/// A new link, disabling and enabling.
#[component]
fn Access(roster: Roster, row: Memo<Option<Row>>, id: UserId) -> impl IntoView {
    let i18n = use_i18n();
    let failed = RwSignal::new(None::<CallError>);
    let shown = RwSignal::new(None::<(String, LinkShown)>);
    let turned = RwSignal::new(None::<bool>);
    let busy = RwSignal::new(false);
    let name = move || row.with_untracked(|row| row.as_ref().map(|it| it.name.clone())).unwrap_or_default();
    let begin = move || {
        let free = !busy.get_untracked();
        if free {
            busy.set(true);
            failed.set(None);
            turned.set(None);
            shown.set(None);
        }
        free
    };
    let make_link = move |_| {
        if !begin() {
            return;
        }
        leptos::task::spawn_local(async move {
            match accounts::link(id).await {
                Ok(link) => {
                    shown.try_set(Some((name(), link)));
                    roster.refresh();
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let turn = move |disabled: bool| {
        if !begin() {
            return;
        }
        leptos::task::spawn_local(async move {
            match accounts::set_disabled(id, disabled).await {
                Ok(()) => {
                    turned.try_set(Some(disabled));
                    roster.refresh();
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let reset_name = StoredValue::new(name());
    let own = untrack(|| roster.me()) == Some(id);
    let known = Memo::new(move |_| row.with(|row| row.as_ref().and_then(|row| row.known.clone())));
    let is_disabled = Memo::new(move |_| known.with(|it| it.as_ref().is_some_and(|it| it.disabled)));
    let is_active = Memo::new(move |_| known.with(|it| it.as_ref().is_none_or(|it| it.active)));
    view! {
        <section class="stack" aria-labelledby="access-heading">
            <h2 id="access-heading">{t!(i18n, account.access)}</h2>
            {move || known.get().and_then(|known: Known| known.asked_for_password).map(|at| view! {
                <p class="notice">
                    <strong>{t!(i18n, account.wishes_title)}</strong>
                    <span>{t!(i18n, account.asked_at, at = move || view! { <Moment at=at/> })}</span>
                    <span>{t!(i18n, account.wishes_lead)}</span>
                </p>
            })}
            <ResetSecondFactor user=id name=reset_name/>
            <Show when=move || !is_disabled.get()>
                <p>{move || match is_active.get() {
                    true => t_string!(i18n, account.make_password_text),
                    false => t_string!(i18n, account.make_invitation_text),
                }}</p>
                <div class="row">
                    <button type="button" on:click=make_link aria-disabled=move || busy.get().then_some("true")>
                        {move || match is_active.get() {
                            true => t_string!(i18n, account.make_password),
                            false => t_string!(i18n, account.make_invitation),
                        }}
                    </button>
                </div>
            </Show>
            <ShownLink shown=shown/>
            <p>{move || match (is_disabled.get(), own) {
                (true, _) => t_string!(i18n, account.enable_text),
                (false, true) => t_string!(i18n, account.disable_own),
                (false, false) => t_string!(i18n, account.disable_text),
            }}</p>
            <div class="row">
                {move || if is_disabled.get() {
                    view! {
                        <button type="button" on:click=move |_| turn(false)>{t!(i18n, account.enable)}</button>
                    }.into_any()
                } else if own {
                    ().into_any()
                } else {
                    view! {
                        <button type="button" class="danger" on:click=move |_| turn(true)>
                            {t!(i18n, account.disable)}
                        </button>
                    }.into_any()
                }}
                <span role="status">{move || turned.get().map(|disabled| match disabled {
                    true => t_string!(i18n, account.disabled_now),
                    false => t_string!(i18n, account.enabled_now),
                })}</span>
            </div>
            <Failure error=failed/>
        </section>
    }
}

/// Her devices, with the way to take one back.
#[component]
fn Devices(row: Memo<Option<Row>>) -> impl IntoView {
    let i18n = use_i18n();
    let devices =
        Memo::new(move |_| row.with(|row| row.as_ref().map(|it| it.devices.clone()).unwrap_or_default()));
    let asked = RwSignal::new(None::<(DeviceId, String)>);
    view! {
        <section class="stack tight" aria-labelledby="devices-heading">
            <h2 id="devices-heading">{t!(i18n, account.devices)}</h2>
            <Show when=move || devices.with(Vec::is_empty)>
                <p class="soft">{t!(i18n, account.no_devices)}</p>
            </Show>
            <Show when=move || devices.with(|it| !it.is_empty())>
                <p>{t!(i18n, account.devices_text)}</p>
                <ul class="things">
                    <For each=move || devices.get() key=Clone::clone let(it)>
                        <OneDevice it=it asked=asked/>
                    </For>
                </ul>
            </Show>
            <RevokeDialog asked=asked/>
        </section>
    }
}

#[component]
fn OneDevice(it: HerDevice, asked: RwSignal<Option<(DeviceId, String)>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let HerDevice { id, name, last_seen } = it;
    let waiting = Memo::new(move |_| {
        is_on_its_way(device, |command| matches!(command, Command::RevokeDevice { device } if *device == id))
    });
    let is_this = device.id() == Some(id);
    let name = StoredValue::new(name);
    let named =
        move || name.get_value().unwrap_or_else(|| t_string!(i18n, session.unnamed_device).to_string());
    view! {
        <li>
            <div class="what">
                <strong>{named}</strong>
                {last_seen.map(|at| view! {
                    <span class="small soft">
                        {t!(i18n, account.device_seen, at = move || view! { <Moment at=at/> })}
                    </span>
                })}
            </div>
            {is_this.then(|| view! { <span class="tag">{t!(i18n, session.this_device)}</span> })}
            <Show when=move || !is_this>
            <Show
                when=move || !waiting.get()
                fallback=move || view! { <span role="status">{t!(i18n, session.revoking)}</span> }
            >
                <button type="button" class="danger" on:click=move |_| asked.set(Some((id, named())))>
                    {t!(i18n, session.revoke)}
                    <span class="visually-hidden">" " {named}</span>
                </button>
            </Show>
            </Show>
        </li>
    }
}
