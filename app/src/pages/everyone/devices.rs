//! *Mijn apparaten*: which devices hold this person's data, and taking one back.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory;
use shared::ids::DeviceId;

use crate::components::{Empty, Moment, Page, RevokeDialog};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// The list.
#[component]
pub fn Devices() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let mine = Memo::new(move |_| {
        let Some(directory) = device.directory() else { return Vec::new() };
        let mut mine: Vec<_> =
            directory.devices.iter().filter(|it| it.user == directory.me).cloned().collect();
        mine.sort_by_key(|it| (Some(it.id) != device.id(), it.revoked, std::cmp::Reverse(it.last_seen)));
        mine
    });
    let asked = RwSignal::new(None::<(DeviceId, String)>);
    view! {
        <Page title=move || t_string!(i18n, session.devices_title)>
            <p class="lead">{t!(i18n, session.devices_lead)}</p>
            <Show when=move || mine.with(Vec::is_empty)>
                <Empty><p>{t!(i18n, session.no_devices)}</p></Empty>
            </Show>
            <ul class="things">
                <For each=move || mine.get() key=|it| (it.id, it.revoked, it.last_seen) let(it)>
                    <OneDevice it=it on_revoke=Callback::new(move |it| asked.set(Some(it)))/>
                </For>
            </ul>
            <RevokeDialog asked=asked/>
        </Page>
    }
}

#[component]
fn OneDevice(it: directory::Device, on_revoke: Callback<(DeviceId, String)>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let (id, revoked) = (it.id, it.revoked);
    let name = it.name.clone();
    let words = move || name.clone().unwrap_or_else(|| t_string!(i18n, session.unnamed_device).to_string());
    let this = device.id() == Some(id);
    let on_its_way = Memo::new(move |_| {
        is_on_its_way(device, |command| matches!(command, Command::RevokeDevice { device } if *device == id))
    });
    let words = StoredValue::new(words);
    let named = move || words.with_value(|words| words());
    view! {
        <li>
            <div class="what">
                <strong>{named}</strong>
                {it.last_seen.map(|at| view! {
                    <span class="small soft">{t!(i18n, session.last_seen, at = move || view! { <Moment at=at/> })}</span>
                })}
            </div>
            {if this {
                view! { <span class="tag">{t!(i18n, session.this_device)}</span> }.into_any()
            } else if revoked {
                view! { <span class="tag">{t!(i18n, session.revoked)}</span> }.into_any()
            } else {
                view! {
                    <Show
                        when=move || !on_its_way.get()
                        fallback=move || view! { <span role="status">{t!(i18n, session.revoking)}</span> }
                    >
                        <button type="button" class="danger" on:click=move |_| on_revoke.run((id, named()))>
                            {t!(i18n, session.revoke)}
                            <span class="visually-hidden">{named}</span>
                        </button>
                    </Show>
                }.into_any()
            }}
        </li>
    }
}
