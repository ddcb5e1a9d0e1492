//! Taking another passphrase for this device: the old one is asked, and a wrong one counts as at the door.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use super::new_passphrase::{NewPassphrase, NewPassphraseFields};
use crate::components::PasswordField;
use crate::i18n::*;
use crate::session::{ChangeError, Session, UnlockError};

/// What is wrong with the old one, or what went wrong beside it.
fn sentence(i18n: I18nContext<Locale>, error: &ChangeError) -> String {
    let wait = |wait_ms: u64| t_string!(i18n, session.wait, seconds = wait_ms.div_ceil(1_000)).to_string();
    match error {
        ChangeError::Old(UnlockError::Wrong { wait_ms: 0 }) => {
            t_string!(i18n, vault.change_wrong).to_string()
        }
        ChangeError::Old(UnlockError::Wrong { wait_ms }) => {
            format!("{} {}", t_string!(i18n, vault.change_wrong), wait(*wait_ms))
        }
        ChangeError::Old(UnlockError::Wait { wait_ms }) => wait(*wait_ms),
        ChangeError::OutOfDate => t_string!(i18n, vault.change_out_of_date).to_string(),
        ChangeError::Weak(_) => t_string!(i18n, session.passphrase_short).to_string(),
        ChangeError::Old(UnlockError::Storage(_)) | ChangeError::Storage(_) => {
            t_string!(i18n, vault.change_failed).to_string()
        }
    }
}

/// The form, folded until it is wanted.
#[component]
pub fn ChangePassphrase() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let (old, new) = (RwSignal::new(String::new()), NewPassphrase::new());
    let failed = RwSignal::new(None::<ChangeError>);
    let (busy, done) = (RwSignal::new(false), RwSignal::new(false));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        done.set(false);
        failed.set(None);
        let Some(chosen) = new.chosen().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        leptos::task::spawn_local(async move {
            match session.change_passphrase(&old.get_untracked(), &chosen).await {
                Ok(()) => {
                    new.clear();
                    done.try_set(true);
                }
                Err(error) => drop(failed.try_set(Some(error))),
            }
            // It is typed anew for each try.
            old.try_set(String::new());
            busy.try_set(false);
        });
    };
    let error = Signal::derive(move || failed.get().map(|it| sentence(i18n, &it)).unwrap_or_default());
    view! {
        <details>
            <summary>{t!(i18n, vault.change_title)}</summary>
            <form class="stack" novalidate on:submit=submit>
                <p>{t!(i18n, vault.change_text)}</p>
                <PasswordField
                    id="passphrase-now" autocomplete="off" label=move || t_string!(i18n, vault.change_old) value=old error=error
                />
                <NewPassphraseFields value=new label=move || t_string!(i18n, vault.change_new)/>
                <div class="row">
                    <button type="submit" aria-disabled=move || busy.get().then_some("true")>
                        {t!(i18n, vault.change_button)}
                    </button>
                    <span role="status">
                        {move || match (busy.get(), done.get()) {
                            (true, _) => t_string!(i18n, vault.change_busy),
                            (false, true) => t_string!(i18n, vault.change_done),
                            (false, false) => "",
                        }}
                    </span>
                </div>
            </form>
        </details>
    }
}
