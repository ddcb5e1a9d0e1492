//! Language, colours, locking and signing out.

use leptos::prelude::*;

use super::change_passphrase::ChangePassphrase;
use super::change_password::ChangePassword;
use crate::components::{ChoiceField, Page};
use crate::device::Device;
use crate::i18n::*;
use crate::session::{Session, SignOutError};
use crate::shell::{Preferences, Theme, save_copy};

/// The settings of this device.
#[component]
pub fn Settings() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let device = expect_context::<Device>();
    let preferences = expect_context::<Preferences>();
    let languages = Signal::derive(move || {
        vec![
            ("nl".to_owned(), t_string!(i18n, common.language_nl).to_string()),
            ("en".to_owned(), t_string!(i18n, common.language_en).to_string()),
        ]
    });
    let themes = Signal::derive(move || {
        let words = |theme| match theme {
            Theme::System => t_string!(i18n, common.theme_system),
            Theme::Light => t_string!(i18n, common.theme_light),
            Theme::Dark => t_string!(i18n, common.theme_dark),
        };
        Theme::ALL
            .into_iter()
            .map(|theme| (theme.code().to_owned(), words(theme).to_owned()))
            .collect::<Vec<_>>()
    });
    let set_language = Callback::new(move |code: String| {
        preferences.set_language(if code == "en" { Locale::en } else { Locale::nl });
    });
    let set_theme = Callback::new(move |code: String| {
        if let Some(theme) = Theme::from_code(&code) {
            preferences.set_theme(theme);
        }
    });
    let name = move || session.me().map(|me| me.name).unwrap_or_default();
    view! {
        <Page title=move || t_string!(i18n, session.settings_title)>
            <p>{t!(i18n, session.signed_in_as, name = name)}</p>
            <section class="stack" aria-labelledby="look-heading">
                <h2 id="look-heading">{t!(i18n, session.settings_look)}</h2>
                <ChoiceField
                    id="language" label=move || t_string!(i18n, common.language) choices=languages across=true
                    chosen=Signal::derive(move || i18n.get_locale().as_str().to_owned()) on_choose=set_language
                />
                <ChoiceField
                    id="theme" label=move || t_string!(i18n, common.theme) choices=themes across=true
                    chosen=Signal::derive(move || preferences.theme().code().to_owned()) on_choose=set_theme
                />
            </section>
            <ChangePassword/>
            <section class="stack" aria-labelledby="factor-heading">
                <h2 id="factor-heading">{t!(i18n, factor.title)}</h2>
                <p>{t!(i18n, factor.settings_text)}</p>
                <p><a href="/instellingen/beveiliging">{t!(i18n, factor.settings_link)}</a></p>
            </section>
            <Show when=move || !session.is_shared()>
                <section class="stack" aria-labelledby="storage-heading">
                    <h2 id="storage-heading">{t!(i18n, session.storage_title)}</h2>
                    <p>
                        {move || match device.storage_promised() {
                            Some(true) => t_string!(i18n, session.storage_promised),
                            Some(false) => t_string!(i18n, session.storage_not_promised),
                            None => t_string!(i18n, session.storage_unknown),
                        }}
                    </p>
                </section>
            </Show>
            <section class="stack" aria-labelledby="lock-heading">
                <h2 id="lock-heading">{t!(i18n, session.settings_lock)}</h2>
                <Show
                    when=move || !session.is_shared()
                    fallback=move || view! { <p>{t!(i18n, vault.shared_settings)}</p> }
                >
                    <p>{t!(i18n, session.settings_lock_text)}</p>
                    <div class="row">
                        <button type="button" on:click=move |_| session.lock()>{t!(i18n, common.lock)}</button>
                    </div>
                    <ChangePassphrase/>
                </Show>
                <SignOut/>
            </section>
        </Page>
    }
}

/// Signing out, which stops when something would be lost.
#[component]
fn SignOut() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let device = expect_context::<Device>();
    let stopped = RwSignal::new(None::<SignOutError>);
    let sign_out = move |_| {
        leptos::task::spawn_local(async move {
            if let Err(error) = session.sign_out().await {
                stopped.try_set(Some(error));
            }
        });
    };
    let copy = move |_| save_copy(i18n, device);
    let anyway = move |_| leptos::task::spawn_local(async move { session.sign_out_anyway().await });
    view! {
        <Show when=move || !session.is_shared()><p>{t!(i18n, session.sign_out_text)}</p></Show>
        <div class="row">
            <button type="button" on:click=sign_out>{t!(i18n, session.sign_out)}</button>
        </div>
        <div role="alert">
            {move || stopped.get().map(|error| match error {
                SignOutError::Offline => view! {
                    <div class="notice warn"><p>{t!(i18n, session.sign_out_offline)}</p></div>
                }.into_any(),
                SignOutError::NotSaved { count } => view! {
                    <div class="notice warn">
                        <p>{t!(i18n, session.sign_out_not_saved, count = count)}</p>
                        <div class="row">
                            <button type="button" on:click=copy>{t!(i18n, common.download_copy)}</button>
                            <button type="button" class="danger" on:click=anyway>
                                {t!(i18n, session.sign_out_anyway)}
                            </button>
                        </div>
                    </div>
                }.into_any(),
                SignOutError::Unsynchronised { waiting } => view! {
                    <div class="notice warn">
                        <p>{t!(i18n, session.sign_out_waiting, count = waiting)}</p>
                        {session.is_shared().then(|| view! { <p>{t!(i18n, vault.shared_copy_warning)}</p> })}
                        <div class="row">
                            <button type="button" on:click=copy>{t!(i18n, common.download_copy)}</button>
                            <button type="button" class="danger" on:click=anyway>
                                {t!(i18n, session.sign_out_anyway)}
                            </button>
                        </div>
                    </div>
                }.into_any(),
            })}
        </div>
    }
}
