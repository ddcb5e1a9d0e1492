//! Who has an account, with which roles, on which devices.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory::Person;
use shared::ids::DeviceId;

use crate::components::{Empty, Page, RevokeDialog};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;
use crate::pages::words;

/// A person with her devices that are not revoked.
type Row = (Person, Vec<DeviceId>);

/// The page.
#[component]
pub fn People() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let rows = Memo::new(move |_| -> Vec<Row> {
        let Some(directory) = device.directory() else { return Vec::new() };
        let mut people = directory.people.clone();
        people.sort_by(|one, other| one.name.cmp(&other.name));
        let devices_of = |person: &Person| {
            let hers = directory.devices.iter().filter(|it| it.user == person.id && !it.revoked);
            hers.map(|it| it.id).collect()
        };
        people.into_iter().map(|person| (person.clone(), devices_of(&person))).collect()
    });
    let asked = RwSignal::new(None::<(DeviceId, String)>);
    view! {
        <Page title=move || t_string!(i18n, admin.people) wide=true>
            <p class="lead">{t!(i18n, admin.people_lead)}</p>
            <Show
                when=move || rows.with(|rows| !rows.is_empty())
                fallback=move || view! { <Empty><p>{t!(i18n, admin.no_people)}</p></Empty> }
            >
                <table class="folds">
                    <caption class="visually-hidden">{t!(i18n, admin.people)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(i18n, admin.col_name)}</th>
                            <th scope="col">{t!(i18n, admin.col_roles)}</th>
                            <th scope="col">{t!(i18n, admin.col_unit)}</th>
                            <th scope="col">{t!(i18n, admin.col_devices)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For
                            each=move || rows.get()
                            key=|(person, devices)| (person.id, person.name.clone(), person.roles.clone(), devices.clone())
                            let((person, devices))
                        >
                            <OnePerson person=person devices=devices asked=asked/>
                        </For>
                    </tbody>
                </table>
            </Show>
            <RevokeDialog asked=asked/>
        </Page>
    }
}

#[component]
fn OnePerson(
    person: Person,
    devices: Vec<DeviceId>,
    asked: RwSignal<Option<(DeviceId, String)>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let roles = StoredValue::new(person.roles);
    let name = StoredValue::new(person.name);
    let role_words = move || {
        roles.with_value(|roles| roles.iter().map(|&it| words::role(i18n, it)).collect::<Vec<_>>().join(", "))
    };
    view! {
        <tr>
            <th scope="row">{name.get_value()}</th>
            <td data-label=move || t_string!(i18n, admin.col_roles)>{role_words}</td>
            <td data-label=move || t_string!(i18n, admin.col_unit)>{person.unit}</td>
            <td data-label=move || t_string!(i18n, admin.col_devices)>
                {if devices.is_empty() {
                    ().into_any()
                } else {
                    view! {
                        <details>
                            <summary>
                                {t!(i18n, admin.revoke_devices)} " (" {devices.len()} ")"
                                <span class="visually-hidden">" " {name.get_value()}</span>
                            </summary>
                            <div class="stack tight">
                                {devices.into_iter().enumerate().map(|(at, id)| view! {
                                    <RevokeButton id=id number=at + 1 name=name asked=asked/>
                                }).collect_view()}
                            </div>
                        </details>
                    }.into_any()
                }}
            </td>
        </tr>
    }
}

#[component]
fn RevokeButton(
    id: DeviceId,
    number: usize,
    name: StoredValue<String>,
    asked: RwSignal<Option<(DeviceId, String)>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let waiting = Memo::new(move |_| {
        is_on_its_way(device, |command| matches!(command, Command::RevokeDevice { device } if *device == id))
    });
    let which =
        move || t_string!(i18n, admin.device_of_named, number = number, name = name.get_value()).to_string();
    view! {
        <div class="row">
            <span>{t!(i18n, admin.device_of, number = number)}</span>
            <Show
                when=move || !waiting.get()
                fallback=move || view! { <span role="status">{t!(i18n, session.revoking)}</span> }
            >
                <button
                    type="button" class="danger"
                    aria-label=move || {
                        t_string!(i18n, admin.revoke_named, number = number, name = name.get_value()).to_string()
                    }
                    on:click=move |_| asked.set(Some((id, which())))
                >
                    {t!(i18n, session.revoke)}
                </button>
            </Show>
        </div>
    }
}
