//! Letters that wait to be sent, and the task that sends them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use store::{LinkPurpose, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::{Letter, MailSettings};
use crate::state::AppState;

/// Letters that wait at most: many times what an organisation sends in a day.
const MOST: usize = 1_000;
/// How often a letter is tried: over about half a day.
const TRIES: u32 = 12;

/// The letters that wait.
#[derive(Debug, Default)]
pub struct Mail {
    is_on: bool,
    waiting: Mutex<VecDeque<Waiting>>,
    more: Notify,
}

/// A letter that waits.
struct Waiting {
    letter: Letter,
    /// How often it was tried.
    tries: u32,
    /// When it is to be tried again.
    due: Instant,
}

impl std::fmt::Debug for Waiting {
    // Without the letter: a link is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("user", &self.letter.user).field("tries", &self.tries).finish()
    }
}

impl Mail {
    /// Nothing waits; nothing is taken where there is no mail server.
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        Self { is_on, ..Self::default() }
    }

    /// Whether there is a mail server.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Takes a letter, to be sent soon; `false` where there is no mail server, or too much waits for it.
    #[must_use]
    pub fn post(&self, letter: Letter) -> bool {
        if !self.is_on {
            return false;
        }
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            tracing::error!(user = %letter.user, "too many letters wait for the mail server; this one is not taken");
            return false;
        }
        waiting.push_back(Waiting { letter, tries: 0, due: Instant::now() });
        drop(waiting);
        self.more.notify_one();
        true
    }

    /// The letter that is to be tried first.
    fn take_due(&self) -> Result<Waiting, Option<Instant>> {
        let mut waiting = self.waiting();
        let first = waiting.iter().enumerate().min_by_key(|(_, it)| it.due).map(|(at, it)| (at, it.due));
        match first {
            Some((at, due)) if due <= Instant::now() => waiting.remove(at).ok_or(None),
            Some((_, due)) => Err(Some(due)),
            None => Err(None),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        // Nothing in here panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends letters for as long as it is polled. What waits when the server stops is not kept: a link that was not
/// mailed can be asked for again.
pub async fn run(state: AppState) {
    let Some(settings) = state.config.mail.clone() else { return };
    let transport = match settings.transport() {
        Ok(transport) => transport,
        Err(error) => {
            tracing::error!(%error, "no mail is sent");
            return;
        }
    };
    loop {
        match state.mail.take_due() {
            Ok(waiting) => send(&state, &settings, &transport, waiting).await,
            Err(None) => state.mail.more.notified().await,
            Err(Some(due)) => tokio::select! {
                () = sleep_until(due) => {}
                () = state.mail.more.notified() => {}
            },
        }
    }
}

/// What became of a try. Told to the log without what the mail server said: that names the address.
enum Tried {
    Sent,
    /// Another time it may be taken.
    Later,
    /// It never will.
    Refused,
}

async fn send(
    state: &AppState,
    settings: &MailSettings,
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    mut waiting: Waiting,
) {
    let user = waiting.letter.user;
    let tried = match waiting.letter.message(&settings.from) {
        Err(error) => {
            tracing::warn!(%user, %error, "a letter cannot be sent");
            Tried::Refused
        }
        Ok(message) => match transport.send(message).await {
            Ok(_) => Tried::Sent,
            Err(error) => {
                let code = error.status().map(|it| it.to_string()).unwrap_or_default();
                tracing::warn!(%user, code, kind = kind(&error), tries = waiting.tries + 1, "a letter was not taken");
                if error.is_permanent() { Tried::Refused } else { Tried::Later }
            }
        },
    };
    waiting.tries += 1;
    let wait = wait(settings.first_wait, waiting.tries);
    let is_late = state.clock.now() >= waiting.letter.expires;
    match tried {
        Tried::Sent => tracing::info!(%user, "a letter was handed to the mail server"),
        Tried::Later if waiting.tries < TRIES && !is_late => {
            waiting.due = Instant::now() + wait;
            state.mail.waiting().push_back(waiting);
        }
        Tried::Later | Tried::Refused => {
            if let Err(error) = give_up(state, &waiting.letter).await {
                tracing::error!(%user, %error, "that a letter was not delivered could not be kept");
            }
        }
    }
}

fn wait(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(1 << tries.saturating_sub(1).min(TRIES))
}

fn kind(error: &SmtpError) -> &'static str {
    if error.is_permanent() {
        "refused"
    } else if error.is_transient() {
        "not now"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_tls() {
        "TLS"
    } else if error.is_client() {
        "credentials or abilities"
    } else {
        "connection"
    }
}

/// Whoever asked for a new password waits for it: an administrator is to hand her a link. An invitation was shown
/// to who made it.
async fn give_up(state: &AppState, letter: &Letter) -> Result<(), StoreError> {
    if letter.purpose != LinkPurpose::Password {
        return Ok(());
    }
    let mut tx = state.store.begin().await?;
    tx.put_password_wish(letter.user, state.clock.now()).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use shared::ids::UserId;

    use super::*;

    fn letter() -> Letter {
        let (purpose, link) =
            (LinkPurpose::Password, "https://loopbaan.example/wachtwoord#geheim".to_owned());
        Letter { user: UserId([7; 16]), to: "anna@voorbeeld.example".into(), purpose, link, expires: 9 }
    }

    #[tokio::test]
    async fn letters_are_taken_as_long_as_there_is_room_and_shown_to_nobody() {
        let mail = Mail::new(true);
        for _ in 0..MOST {
            assert!(mail.post(letter()));
        }
        assert!(!mail.post(letter()));
        let shown = format!("{mail:?}");
        assert!(!shown.contains("geheim") && !shown.contains("anna"), "{shown}");
        assert!(mail.take_due().is_ok());
        assert!(mail.post(letter()));
        assert!(!Mail::new(false).post(letter()));
    }

    #[tokio::test]
    async fn what_is_to_wait_is_not_taken_before_its_time_and_does_not_keep_others_waiting() {
        let mail = Mail::new(true);
        let later = Instant::now() + Duration::from_secs(3_600);
        mail.waiting().push_back(Waiting { letter: letter(), tries: 1, due: later });
        assert!(matches!(mail.take_due(), Err(Some(due)) if due == later));
        assert!(mail.post(letter()));
        assert!(mail.take_due().is_ok_and(|it| it.tries == 0));
    }

    #[test]
    fn each_wait_is_twice_as_long() {
        let first = Duration::from_secs(10);
        let waits: Vec<u64> = (1..5).map(|tries| wait(first, tries).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80]);
    }
}
