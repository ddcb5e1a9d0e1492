//! The frame around every page: what is safe, where one can go, and which page is shown.

mod broken;
mod copy;
mod lost;
mod navigation;
mod patience;
mod preferences;
mod routes;
mod shared;
mod state_line;
mod stuck;
mod suspended;
mod update;

use leptos::prelude::*;
use leptos_router::components::Router;
use leptos_router::hooks::use_location;

pub use broken::watch as watch_for_a_fall;
pub use copy::{escaped, save_copy, sentences};
pub use preferences::{Preferences, Theme};

use crate::components::{Arrivals, InstallOffer, Undo, UndoToast};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::everyone::{
    ChoosePassphrase, DamagedVault, FactorRemoved, ForgottenPassword, Held, Invitation, NotEmptied, Privacy,
    ResetPassword, SignIn, StorageFailed, Unlock,
};
use crate::session::{Phase, Session};
use lost::LostTexts;
use navigation::{Footer, Header};
use routes::Pages;
use shared::SharedDevice;
use state_line::StateLine;
use stuck::Stuck;
use suspended::Suspended;
use update::UpdateOffer;

/// The whole client.
#[component]
pub fn App() -> impl IntoView {
    provide_context(InstallOffer::listen());
    provide_context(Arrivals::new());
    provide_context(Undo::new());
    let device = Device::new();
    provide_context(device);
    provide_context(Session::start(device));
    view! {
        <I18nContextProvider>
            <Router>
                <Frame/>
            </Router>
        </I18nContextProvider>
    }
}

#[component]
fn Frame() -> impl IntoView {
    let i18n = use_i18n();
    Preferences::provide(i18n);
    let session = expect_context::<Session>();
    let phase = Memo::new(move |_| session.phase());
    let is_open = Memo::new(move |_| phase.get() == Phase::Open);
    let location = use_location();
    let asks_privacy = Memo::new(move |_| location.pathname.get() == "/privacy");
    let outside = Memo::new(move |_| Outside::of(&location.pathname.get()));
    view! {
        <a class="skip" href="#main" on:click=move |event| to_main(&event)>{t!(i18n, common.skip)}</a>
        <div class="frame">
            <Header open=is_open/>
            <Show when=move || is_open.get()>
                <StateLine/>
                <SharedDevice/>
                <LostTexts/>
                <Suspended/>
                <FactorRemoved/>
            </Show>
            <UpdateOffer/>
            <main id="main" tabindex="-1">
                // Apart, so that these pages stand whatever the phase turns into.
                {move || match outside.get() {
                    Some(Outside::Invitation) => view! { <Invitation/> }.into_any(),
                    Some(Outside::ResetPassword) => view! { <ResetPassword/> }.into_any(),
                    Some(Outside::ForgottenPassword) => view! { <ForgottenPassword/> }.into_any(),
                    None => ().into_any(),
                }}
                {move || match phase.get() {
                    _ if outside.get().is_some() => ().into_any(),
                    Phase::Open => view! { <Pages/> }.into_any(),
                    // Who is not in yet may read who could read what.
                    _ if asks_privacy.get() => view! { <Privacy/> }.into_any(),
                    Phase::Starting => view! { <p role="status">{t!(i18n, common.starting)}</p> }.into_any(),
                    Phase::SignedOut => view! { <SignIn/> }.into_any(),
                    Phase::ChoosePassphrase => view! { <ChoosePassphrase/> }.into_any(),
                    Phase::Locked => view! { <Unlock/> }.into_any(),
                    Phase::Held => view! { <Held/> }.into_any(),
                    Phase::Damaged => view! { <DamagedVault/> }.into_any(),
                    Phase::NotEmptied => view! { <NotEmptied/> }.into_any(),
                    Phase::Failed(error) => view! { <StorageFailed error=error/> }.into_any(),
                }}
            </main>
            <Footer open=is_open/>
        </div>
        <UndoToast/>
        <Stuck/>
    }
}

/// A page that is the same for everybody, whoever is signed in on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    Invitation,
    ResetPassword,
    ForgottenPassword,
}

impl Outside {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/uitnodiging" => Some(Self::Invitation),
            "/wachtwoord" => Some(Self::ResetPassword),
            "/wachtwoord-vergeten" => Some(Self::ForgottenPassword),
            _ => None,
        }
    }
}

/// The skip link moves the focus itself: to the router a fragment would be another page.
fn to_main(event: &web_sys::MouseEvent) {
    event.prevent_default();
    focus_main();
}

fn focus_main() {
    use wasm_bindgen::JsCast as _;
    let main = document().get_element_by_id("main").and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(main) = main {
        // It is there and takes the focus; if not, the next press of Tab goes on from here.
        let _ = main.focus();
    }
}
