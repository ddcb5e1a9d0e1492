//! *Extra beveiliging bij aanmelden*: an app that shows codes, passkeys, and recovery codes for when they are lost.

mod passkeys;
mod proof;
mod recovery;
mod removed;
mod set_up;

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::components::{Day, Notice, Page, Tone};
use crate::i18n::*;
use crate::session::factors::{self, FactorError, Factors, NewTotp, Ways};
use crate::session::passkeys::PasskeyError;
use passkeys::Passkeys;
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
                Stage::Known(factors) => {
                    view! { <Known factors=factors stage=stage look=Callback::new(move |()| look())/> }.into_any()
                }
                Stage::SettingUp(totp) => view! { <SetUp totp=totp stage=stage/> }.into_any(),
                Stage::Codes(codes) => {
                    view! { <Recovery codes=codes done=Callback::new(move |()| look())/> }.into_any()
                }
            }}
        </Page>
    }
}

/// What there is, and what can be done about it.
#[component]
fn Known(factors: Factors, stage: RwSignal<Stage>, look: Callback<()>) -> impl IntoView {
    let (ways, is_asked, totp, left) =
        (factors.ways(), factors.are_asked_for(), factors.totp, factors.recovery_left);
    view! {
        {if is_asked {
            view! { <On totp=totp recovery_left=left/> }.into_any()
        } else {
            view! { <Off/> }.into_any()
        }}
        {totp.is_none().then(|| view! { <App ways=ways stage=stage/> })}
        <Passkeys factors=factors stage=stage look=look/>
        {is_asked.then(|| view! { <Changes ways=ways stage=stage look=look/> })}
    }
}

/// There is none.
#[component]
fn Off() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="stack" aria-labelledby="off-heading">
            <h2 id="off-heading">{t!(i18n, factor.off)}</h2>
            <p>{t!(i18n, factor.two_ways)}</p>
        </section>
    }
}

/// How to begin with an app.
#[component]
fn App(ways: Ways, stage: RwSignal<Stage>) -> impl IntoView {
    let i18n = use_i18n();
    let begin = Callback::new(move |(proof, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::begin_totp(&proof).await {
                Ok(totp) => stage.set(Stage::SettingUp(totp)),
                Err(error) => done.run(error),
            }
        });
    });
    view! {
        <section class="stack" aria-labelledby="app-heading">
            <h2 id="app-heading">{t!(i18n, factor.app_title)}</h2>
            <p>{t!(i18n, factor.need)}</p>
            <p>{t!(i18n, factor.prove_first)}</p>
            <ProofForm
                fields=("begin-password", "begin-code") ways=ways act=begin
                words=move || t_string!(i18n, factor.set_up)
            />
        </section>
    }
}

/// There is one.
#[component]
fn On(
    /// Since when an app is asked for, in ms since 1970.
    totp: Option<u64>,
    recovery_left: u32,
) -> impl IntoView {
    let i18n = use_i18n();
    let few = recovery_left < 4;
    view! {
        <section class="stack" aria-labelledby="on-heading">
            <h2 id="on-heading">{t!(i18n, factor.on)}</h2>
            {match totp {
                Some(since) => view! {
                    <p>{t!(i18n, factor.on_since, day = move || view! { <Day at=since/> })}</p>
                }.into_any(),
                None => view! { <p>{t!(i18n, factor.on_by_passkey)}</p> }.into_any(),
            }}
            <p class:notice=few class:warn=few>{t!(i18n, factor.recovery_left, count = recovery_left)}</p>
        </section>
    }
}

/// New recovery codes, and switching it off.
#[component]
fn Changes(ways: Ways, stage: RwSignal<Stage>, look: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let renew = Callback::new(move |(proof, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::new_recovery_codes(&proof).await {
                Ok(codes) => stage.set(Stage::Codes(codes)),
                Err(error) => done.run(error),
            }
        });
    });
    let remove = Callback::new(move |(proof, done): Asks| {
        leptos::task::spawn_local(async move {
            match factors::remove(&proof).await {
                Ok(()) => look.run(()),
                Err(error) => done.run(error),
            }
        });
    });
    view! {
        <section class="stack" aria-labelledby="changes-heading">
            <h2 id="changes-heading">{t!(i18n, factor.changes_title)}</h2>
            <details>
                <summary>{t!(i18n, factor.renew)}</summary>
                <div class="stack">
                    <p>{t!(i18n, factor.renew_text)}</p>
                    <ProofForm
                        fields=("renew-password", "renew-code") ways=ways act=renew
                        words=move || t_string!(i18n, factor.renew_now)
                    />
                </div>
            </details>
            <details>
                <summary>{t!(i18n, factor.remove)}</summary>
                <div class="stack">
                    <p>{t!(i18n, factor.remove_text)}</p>
                    <ProofForm
                        fields=("remove-password", "remove-code") ways=ways act=remove
                        words=move || t_string!(i18n, factor.remove_now)
                    />
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
        FactorError::CopiedPasskey => t_string!(i18n, factor.passkey_copied).to_string(),
        FactorError::NotTaken => t_string!(i18n, factor.passkey_not_taken).to_string(),
        FactorError::TooMany => t_string!(i18n, factor.passkey_too_many).to_string(),
        FactorError::Passkey(PasskeyError::Unable) => t_string!(i18n, factor.passkey_unable).to_string(),
        FactorError::Passkey(PasskeyError::Stopped) => t_string!(i18n, factor.passkey_stopped).to_string(),
        FactorError::Passkey(PasskeyError::Known) => t_string!(i18n, factor.passkey_known).to_string(),
        FactorError::Throttled { seconds } => {
            t_string!(i18n, session.throttled, seconds = *seconds).to_string()
        }
        FactorError::Changed => t_string!(i18n, factor.changed).to_string(),
        FactorError::SignedOut => t_string!(i18n, factor.signed_out).to_string(),
        FactorError::Offline => t_string!(i18n, factor.offline).to_string(),
        FactorError::Failed => t_string!(i18n, factor.failed).to_string(),
    }
}
