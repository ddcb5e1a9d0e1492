//! *Mijn apparaten*: which devices hold this person's data, what they are called, and taking one back.

use std::collections::HashMap;

use leptos::prelude::*;
use shared::domain::command::{Command, DeviceName};
use shared::domain::directory::{self, Directory};
use shared::ids::DeviceId;

use crate::components::{Empty, Moment, Page, RevokeDialog, TextField};
use crate::device::http::{self, Request};
use crate::device::{Connection, Device};
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// When each device was last here, as the server says just now. The directory on this device is as old as the last
/// change of it: that somebody was here is none.
fn seen_now(device: Device) -> RwSignal<HashMap<DeviceId, u64>> {
    let seen = RwSignal::new(HashMap::new());
    let online = Memo::new(move |_| device.connection() == Connection::Online);
    Effect::new(move |_| {
        if !online.get() {
            return;
        }
        leptos::task::spawn_local(async move {
            let get = Request { method: "GET", path: "/api/directory", ..Request::default() };
            // Where it is not told, the directory on this device has to do.
            let Ok(answer) = http::fetch(get).await else { return };
            let Some(directory) = answer.json::<Directory>() else { return };
            let seen_at = directory.devices.iter().filter_map(|it| Some((it.id, it.last_seen?)));
            seen.try_set(seen_at.collect());
        });
    });
    seen
}

/// The list.
#[component]
pub fn Devices() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let seen = seen_now(device);
    let mine = Memo::new(move |_| {
        let Some(directory) = device.directory() else { return Vec::new() };
        let mut mine: Vec<_> =
            directory.devices.iter().filter(|it| it.user == directory.me).cloned().collect();
        for it in &mut mine {
            it.last_seen = it.last_seen.max(seen.with(|seen| seen.get(&it.id).copied()));
        }
        mine.sort_by_key(|it| (Some(it.id) != device.id(), it.revoked, std::cmp::Reverse(it.last_seen)));
        mine
    });
    let asked = RwSignal::new(None::<(DeviceId, String)>);
    let renaming = RwSignal::new(None::<DeviceId>);
    view! {
        <Page title=move || t_string!(i18n, session.devices_title)>
            <p class="lead">{t!(i18n, session.devices_lead)}</p>
            <Show when=move || mine.with(Vec::is_empty)>
                <Empty><p>{t!(i18n, session.no_devices)}</p></Empty>
            </Show>
            <ul class="things">
                <For each=move || mine.get() key=|it| (it.id, it.revoked, it.last_seen, it.name.clone()) let(it)>
                    <OneDevice it=it renaming=renaming on_revoke=Callback::new(move |it| asked.set(Some(it)))/>
                </For>
            </ul>
            <RevokeDialog asked=asked/>
        </Page>
    }
}

#[component]
fn OneDevice(
    it: directory::Device,
    renaming: RwSignal<Option<DeviceId>>,
    on_revoke: Callback<(DeviceId, String)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let (id, revoked) = (it.id, it.revoked);
    let name = it.name.clone();
    // What she calls it already, whether the server has heard or not.
    let new_name = Memo::new(move |_| {
        let commands = device.commands();
        let renamed = |command: &Command| match command {
            Command::RenameDevice { device, name } if *device == id => Some(String::from(name.clone())),
            _ => None,
        };
        commands.iter().filter(|it| it.is_waiting()).filter_map(|it| renamed(&it.command)).next_back()
    });
    let words = move || {
        let unnamed = || t_string!(i18n, session.unnamed_device).to_string();
        new_name.get().or_else(|| name.clone()).filter(|it| !it.is_empty()).unwrap_or_else(unnamed)
    };
    let this = device.id() == Some(id);
    let on_its_way = Memo::new(move |_| {
        is_on_its_way(device, |command| matches!(command, Command::RevokeDevice { device } if *device == id))
    });
    let words = StoredValue::new(words);
    let named = move || words.with_value(|words| words());
    let is_renamed = Memo::new(move |_| renaming.get() == Some(id));
    view! {
        <li>
            <div class="what">
                <strong>{named}</strong>
                {it.last_seen.map(|at| view! {
                    <span class="small soft">{t!(i18n, session.last_seen, at = move || view! { <Moment at=at/> })}</span>
                })}
                <span class="small soft" role="status">
                    {move || new_name.get().map(|_| t_string!(i18n, account.rename_waiting))}
                </span>
            </div>
            {this.then(|| view! { <span class="tag">{t!(i18n, session.this_device)}</span> })}
            {revoked.then(|| view! { <span class="tag">{t!(i18n, session.revoked)}</span> })}
            <Show when=move || !revoked && !is_renamed.get()>
                <button
                    type="button" class="plain"
                    aria-label=move || t_string!(i18n, account.rename_of, name = named()).to_string()
                    on:click=move |_| renaming.set(Some(id))
                >
                    {t!(i18n, account.rename)}
                </button>
            </Show>
            <Show when=move || !this && !revoked>
                <Show
                    when=move || !on_its_way.get()
                    fallback=move || view! { <span role="status">{t!(i18n, session.revoking)}</span> }
                >
                    <button type="button" class="danger" on:click=move |_| on_revoke.run((id, named()))>
                        {t!(i18n, session.revoke)}
                        <span class="visually-hidden">{named}</span>
                    </button>
                </Show>
            </Show>
            <Show when=move || is_renamed.get()>
                <Rename id=id name=untrack(named) renaming=renaming/>
            </Show>
        </li>
    }
}

/// Another name; kept as a command, so it works without a network too.
#[component]
fn Rename(id: DeviceId, name: String, renaming: RwSignal<Option<DeviceId>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let text = RwSignal::new(name);
    let field = NodeRef::<leptos::html::Input>::new();
    let wrong = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            request_animation_frame(move || {
                // A field that is shown takes the focus.
                let _ = field.focus();
                field.select();
            });
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match DeviceName::try_from(text.get_untracked()) {
            Ok(name) => {
                device.command(Command::RenameDevice { device: id, name });
                renaming.set(None);
            }
            Err(_) => wrong.set(true),
        }
    };
    let error = Signal::derive(move || {
        if wrong.get() { t_string!(i18n, account.rename_missing).to_string() } else { String::new() }
    });
    view! {
        <form class="stack tight" novalidate on:submit=submit>
            <TextField
                id="device-name" required=true label=move || t_string!(i18n, account.rename_label)
                value=text error=error node_ref=field
            />
            <div class="row">
                <button type="submit" class="primary">{t!(i18n, account.save)}</button>
                <button type="button" class="plain" on:click=move |_| renaming.set(None)>
                    {t!(i18n, common.cancel)}
                </button>
            </div>
        </form>
    }
}
