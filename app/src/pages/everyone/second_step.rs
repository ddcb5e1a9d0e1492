//! *Extra beveiliging bij aanmelden*: an app that shows codes, and recovery codes for when it is lost.

mod proof;
mod recovery;
mod removed;
mod set_up;

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::components::{Day, Notice, Page, Tone};
use crate::i18n::*;
use crate::session::factors::{self, FactorError, Factors, NewTotp};
use proof::{Asks, ProofForm};
use recovery::Recovery;
use set_up::SetUp;

pub use removed::FactorRemoved;

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The server is being asked.
    Asking,
    /// It could not be asked.
    Unknown(FactorError),
    /// As it is now.
    Known(Factors),
    /// The app is being told the secret.
    SettingUp(NewTotp),
    /// Recovery codes, this once.
    Codes(Vec<String>),
}

/// The page.
#[component]
pub fn SecondStep() -> impl IntoView {
    let i18n = use_i18n();
    let stage = RwSignal::new(Stage::Asking);
    let look = move || {
        stage.set(Stage::Asking);
        leptos::task::spawn_local(async move {
            let found = factors::list().await;
            stage.try_set(found.map_or_else(Stage::Unknown, Stage::Known));
        });
    };
    look();
    view! {
        <Page title=move || t_string!(i18n, factor.title)>
            <p><a href="/instellingen">{t!(i18n, factor.back)}</a></p>
            <p class="lead">{t!(i18n, factor.lead)}</p>
            {move || match stage.get() {
                Stage::Asking => view! { <p role="status">{t!(i18n, factor.looking)}</p> }.into_any(),
                Stage::Unknown(error) => view! {
                    <Notice tone=Tone::Warning>
                        <p>{move || sentence(i18n, &error)}</p>
                        <button type="button" on:click=move |_| look()>{t!(i18n, factor.again)}</button>
                    </Notice>
                }.into_any(),
                Stage::Known(Factors { password: false, .. }) => view! { <p>{t!(i18n, factor.elsewhere)}</p> }.into_any(),
                Stage::Known(Factors { totp: Some(since), recovery_left, .. }) => {
                    view! { <On since=since recovery_left=recovery_left stage=stage look=Callback::new(move |()| look())/> }.into_any()
                }
                Stage::Known(_) => view! { <Off stage=stage/> }.into_any(),
                Stage::SettingUp(totp) => view! { <SetUp totp=totp stage=stage/> }.into_any(),
                Stage::Codes(codes) => {
                    view! { <Recovery codes=codes done=Callback::new(move |()| look())/> }.into_any()
                }
            }}
        </Page>
    }
}

/// There is none: how to begin.
#[component]
fn Off(stage: RwSignal<Stage>) -> impl IntoView {
    let i18n = use_i18n();
    let begin = Callback::new(move |(password, _, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::begin_totp(&password).await {
                Ok(totp) => stage.set(Stage::SettingUp(totp)),
                Err(error) => done.run(error),
            }
        });
    });
    view! {
        <section class="stack" aria-labelledby="off-heading">
            <h2 id="off-heading">{t!(i18n, factor.off)}</h2>
            <p>{t!(i18n, factor.need)}</p>
            <p>{t!(i18n, factor.prove_first)}</p>
            <ProofForm id="begin" with_code=false act=begin words=move || t_string!(i18n, factor.set_up)/>
        </section>
    }
}

/// There is one: new recovery codes, and switching it off.
#[component]
fn On(
    /// In ms since 1970.
    since: u64,
    recovery_left: u32,
    stage: RwSignal<Stage>,
    look: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let renew = Callback::new(move |(password, code, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::new_recovery_codes(&password, &code).await {
                Ok(codes) => stage.set(Stage::Codes(codes)),
                Err(error) => done.run(error),
            }
        });
    });
    let remove = Callback::new(move |(password, code, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::remove(&password, &code).await {
                Ok(()) => look.run(()),
                Err(error) => done.run(error),
            }
        });
    });
    let few = recovery_left < 4;
    view! {
        <section class="stack" aria-labelledby="on-heading">
            <h2 id="on-heading">{t!(i18n, factor.on)}</h2>
            <p>{t!(i18n, factor.on_since, day = move || view! { <Day at=since/> })}</p>
            <p class:notice=few class:warn=few>{t!(i18n, factor.recovery_left, count = recovery_left)}</p>
            <details>
                <summary>{t!(i18n, factor.renew)}</summary>
                <div class="stack">
                    <p>{t!(i18n, factor.renew_text)}</p>
                    <ProofForm id="renew" with_code=true act=renew words=move || t_string!(i18n, factor.renew_now)/>
                </div>
            </details>
            <details>
                <summary>{t!(i18n, factor.remove)}</summary>
                <div class="stack">
                    <p>{t!(i18n, factor.remove_text)}</p>
                    <ProofForm id="remove" with_code=true act=remove words=move || t_string!(i18n, factor.remove_now)/>
                </div>
            </details>
        </section>
    }
}

/// What went wrong, what is safe, what to do.
fn sentence(i18n: I18nContext<Locale>, error: &FactorError) -> String {
    match error {
        FactorError::WrongPassword => t_string!(i18n, factor.wrong_password).to_string(),
        FactorError::WrongCode => t_string!(i18n, factor.wrong_code).to_string(),
        FactorError::Throttled { seconds } => {
            t_string!(i18n, session.throttled, seconds = *seconds).to_string()
        }
        FactorError::Changed => t_string!(i18n, factor.changed).to_string(),
        FactorError::SignedOut => t_string!(i18n, factor.signed_out).to_string(),
        FactorError::Offline => t_string!(i18n, factor.offline).to_string(),
        FactorError::Failed => t_string!(i18n, factor.failed).to_string(),
    }
}
