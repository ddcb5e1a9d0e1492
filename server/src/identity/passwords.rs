//! Passwords: Argon2id with the OWASP cheat sheet's strength, a few at a time, off the threads that serve.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zxcvbn::Score;
use zxcvbn::feedback::Feedback;

/// Memory of one hash, in KiB. OWASP asks for at least 19 MiB with two passes; more memory is what an
/// attacker with graphics cards feels, and this is still below 60 ms on a small server.
const MEMORY_KIB: u32 = 32 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Hashes computed at once: a flood of sign-ins waits in line instead of eating the memory.
const AT_ONCE: usize = 4;
/// Sign-ins that may be under way, those whose hash is being computed among them: who comes last waits about two seconds
/// on a small server. Whoever comes then is told to come back.
const MOST_IN_LINE: usize = 128;
/// When to come back, in seconds.
const COME_BACK_S: u64 = 3;
/// Characters that a password may have. Longer ones add nothing but work.
pub const LONGEST: usize = 256;
/// Characters that a password must have.
pub const SHORTEST: usize = 12;

/// Why a password cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("a password has at least {SHORTEST} characters")]
    TooShort,
    /// Too many characters.
    #[error("a password has at most {LONGEST} characters")]
    TooLong,
    /// Found too soon by somebody who guesses.
    #[error("this password is guessed too easily{}", .0.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default())]
    Guessable(Option<String>),
}

/// There are more sign-ins under way than can be answered soon. Nothing was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("very many people are signing in; try again in {seconds} s")]
pub struct Busy {
    /// When to come back.
    pub seconds: u64,
}

/// A place among the sign-ins under way, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Computes and checks hashes.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
    /// What an unknown account is checked against, so that it costs the same as a known one.
    nobodys: Arc<str>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Ready to hash.
    #[must_use]
    pub fn new() -> Self {
        // Any salt and output of the right lengths cost the same to check; nothing hashes to this one.
        let nobodys = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        );
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            line: Arc::new(Semaphore::new(MOST_IN_LINE)),
            nobodys: nobodys.into(),
        }
    }

    /// A place among those who sign in. To be asked for before anything is done for somebody whom nobody knows yet, and
    /// kept until she has her answer.
    ///
    /// # Errors
    /// [`Busy`], at once: a flood neither waits nor costs.
    pub fn place(&self) -> Result<Place, Busy> {
        let permit = Arc::clone(&self.line).try_acquire_owned();
        permit.map(|permit| Place { _permit: permit }).map_err(|_| Busy { seconds: COME_BACK_S })
    }

    /// Whether `password` is the one behind `hash`. Without a hash it costs the same and is never so.
    pub async fn verify(&self, password: String, hash: Option<&str>) -> bool {
        let hash = hash.unwrap_or(&self.nobodys).to_owned();
        self.in_turn(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
        .unwrap_or(false)
    }

    /// The hash to keep for a password, as a PHC string. `None` only when the server is stopping.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.in_turn(move || argon2().hash_password(password.as_bytes()).map(|it| it.to_string()).ok())
            .await
            .flatten()
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .ok()
    }
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).expect("the constants above are within Argon2's ranges");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a password may be chosen by somebody who is known as `about` (her name, address, unit).
///
/// # Errors
/// [`WeakPassword`] says what is wrong with it.
pub fn check_strength(password: &str, about: &[&str]) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(WeakPassword::TooShort);
    }
    if length > LONGEST {
        return Err(WeakPassword::TooLong);
    }
    let mut about = about.to_vec();
    about.extend(["loopbaanmaat", "loopbaan", "gemeente", "wachtwoord"]);
    let estimate = zxcvbn::zxcvbn(password, &about);
    if estimate.score() < Score::Three {
        let warning = estimate.feedback().and_then(Feedback::warning).map(|it| it.to_string());
        return Err(WeakPassword::Guessable(warning));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_has_the_dummy() {
        let passwords = Passwords::new();
        let hash = passwords.hash("een lange wandeling langs de IJssel".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=32768,t=2,p=1$"));
        assert!(passwords.verify("een lange wandeling langs de IJssel".into(), Some(&hash)).await);
        assert!(!passwords.verify("een korte wandeling langs de IJssel".into(), Some(&hash)).await);
        assert!(!passwords.verify(String::new(), None).await);
        PasswordHash::new(&passwords.nobodys).expect("the dummy is a hash like any other");
    }

    #[test]
    fn so_many_sign_in_at_once_and_the_next_one_comes_back() {
        let passwords = Passwords::new();
        let mut places: Vec<Place> = (0..MOST_IN_LINE).map(|_| passwords.place().unwrap()).collect();
        assert_eq!(passwords.place().unwrap_err(), Busy { seconds: COME_BACK_S });
        places.pop();
        passwords.place().unwrap();
    }

    #[test]
    fn a_password_is_long_and_hard_to_guess() {
        assert_eq!(check_strength("kort", &[]), Err(WeakPassword::TooShort));
        assert_eq!(check_strength(&"lang ".repeat(60), &[]), Err(WeakPassword::TooLong));
        for weak in ["aaaaaaaaaaaaaaa", "123456789012", "wachtwoord1234", "fatimafatima"] {
            assert!(
                matches!(check_strength(weak, &["fatima", "eldin"]), Err(WeakPassword::Guessable(_))),
                "{weak}"
            );
        }
        assert_eq!(check_strength("vier blauwe fietsen op dinsdag", &[]), Ok(()));
    }
}
