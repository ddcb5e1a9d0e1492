//! A link that was just made, to be handed over: shown this once.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::components::{day_text, time_text};
use crate::device::platform;
use crate::i18n::*;
use crate::session::accounts::LinkShown;

/// The link, as long as there is one.
#[component]
pub fn ShownLink(
    /// The link and whom it is for.
    shown: RwSignal<Option<(String, LinkShown)>>,
) -> impl IntoView {
    view! {
        <div role="status">
            {move || shown.get().map(|(name, link)| view! { <TheLink name=name link=link/> })}
        </div>
    }
}

#[component]
fn TheLink(name: String, link: LinkShown) -> impl IntoView {
    let i18n = use_i18n();
    let copied = RwSignal::new(None::<bool>);
    let field = NodeRef::<html::Input>::new();
    let is_invitation = link.purpose == "invitation";
    let title = move || match is_invitation {
        true => t_string!(i18n, account.link_invitation, name = name.clone()).to_string(),
        false => t_string!(i18n, account.link_password, name = name.clone()).to_string(),
    };
    let expires = link.expires;
    let until = move || {
        let locale = i18n.get_locale();
        format!("{}, {}", day_text(locale, expires), time_text(locale, expires))
    };
    let text = StoredValue::new(link.link.clone());
    let copy = move |_| {
        if let Some(field) = field.get_untracked() {
            field.select();
        }
        let writing = platform::window().navigator().clipboard().write_text(&text.get_value());
        leptos::task::spawn_local(async move {
            copied.try_set(Some(JsFuture::from(writing).await.is_ok()));
        });
    };
    view! {
        <div class="notice link">
            <h2>{title}</h2>
            <p>{move || t_string!(i18n, account.link_once, at = until()).to_string()}</p>
            <p>{move || match link.mailed {
                true => t_string!(i18n, account.link_mailed),
                false => t_string!(i18n, account.link_not_mailed),
            }}</p>
            <div class="field">
                <label for="shown-link">{t!(i18n, account.link)}</label>
                <input id="shown-link" type="text" readonly=true node_ref=field prop:value=link.link autocomplete="off"/>
            </div>
            <div class="row">
                <button type="button" class="primary" on:click=copy>{t!(i18n, account.copy)}</button>
                <span role="status">{move || copied.get().map(|copied| match copied {
                    true => t_string!(i18n, account.copied),
                    false => t_string!(i18n, account.not_copied),
                })}</span>
            </div>
        </div>
    }
}
