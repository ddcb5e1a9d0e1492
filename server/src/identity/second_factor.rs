//! What is asked for besides a password, and whether what was given is that.

use serde_json::Value;
use shared::ids::UserId;
use store::{AuditEvent, Factors, Passkey, StoreError, Totp, WriteTx};

use super::passkeys::{Ceremonies, NotTaken, Party};
use super::recovery;
use super::sealing::{Sealing, SealingError};
use super::totp::{self, Secret};

/// The kinds of proof, by their names on the wire.
pub const TOTP: &str = "totp";
/// A recovery code.
pub const RECOVERY: &str = "recovery";
/// A passkey.
pub const PASSKEY: &str = "passkey";

/// What somebody gives besides her password.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// A code of her app, or a recovery code.
    pub code: Option<String>,
    /// What her browser answered when it was asked for a passkey, as `AuthenticationResponseJSON`.
    pub passkey: Option<String>,
    /// The site that she gives it to, where browsers make passkeys for it.
    pub party: Option<Party>,
}

/// What would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The kinds.
    pub methods: Vec<&'static str>,
    /// What to ask her browser for, where a passkey would do.
    pub passkey: Option<Value>,
}

/// What is needed to check what is given.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// What secrets are sealed with.
    pub sealing: &'a Sealing,
    /// What browsers have been asked for.
    pub ceremonies: &'a Ceremonies,
}

/// Why what was given is not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// Nothing was given.
    #[error("a second step is needed")]
    Missing(Asked),
    /// It is not right, or was used before.
    #[error("the code is not right, or was used before")]
    Wrong(Asked),
    /// A passkey that has been copied: it is not taken again.
    #[error("this passkey has been copied, so it is not taken; use another way, and take it away")]
    Copied(Asked),
}

/// What would do for a person with these factors; empty where her password is enough.
#[must_use]
pub fn methods(factors: &Factors) -> Vec<&'static str> {
    if !factors.are_asked_for() {
        return vec![];
    }
    let (app, passkey) = (factors.has_app(), factors.passkeys > 0);
    [(TOTP, app), (PASSKEY, passkey), (RECOVERY, factors.recovery_left > 0)]
        .into_iter()
        .filter_map(|(method, there)| there.then_some(method))
        .collect()
}

/// Checks what was given and uses it up, in the transaction that is to follow from it.
///
/// # Errors
/// When the store fails; what is [`Lacking`] is an answer.
pub async fn check(
    tx: &mut dyn WriteTx,
    Checks { sealing, ceremonies }: Checks<'_>,
    user: UserId,
    given: &Given,
    now: u64,
) -> Result<Result<(), Lacking>, StoreError> {
    let factors = tx.factors(user).await?;
    let methods = methods(&factors);
    if methods.is_empty() {
        return Ok(Ok(()));
    }
    let kept = if factors.passkeys > 0 { tx.passkeys(user).await? } else { vec![] };
    let asked = || Asked {
        methods: methods.clone(),
        passkey: given.party.as_ref().and_then(|party| ceremonies.ask(party, user, &kept, now)),
    };
    if let Some(answer) = &given.passkey {
        let shown = given.party.as_ref().ok_or(NotTaken::Unfit);
        return Ok(match shown.and_then(|party| ceremonies.check(party, user, &kept, answer, now)) {
            Ok(shown) => {
                shown.keep(tx, now).await?;
                audit(tx, user, "passkey_used", now).await?;
                Ok(())
            }
            Err(NotTaken::Copied) => Err(Lacking::Copied(asked())),
            Err(NotTaken::Unfit) => Err(Lacking::Wrong(asked())),
        });
    }
    let Some(code) = given.code.as_deref().filter(|it| !it.trim().is_empty()) else {
        return Ok(Err(Lacking::Missing(asked())));
    };
    let is_right = match (totp::typed(code), recovery::hash(user, code)) {
        (Some(code), _) => use_code(tx, sealing, user, factors.totp.as_ref(), code, now).await?,
        (None, Some(hash)) => {
            let is_hers = tx.use_recovery_code(user, &hash).await?;
            if is_hers {
                audit(tx, user, "recovery_code_used", now).await?;
            }
            is_hers
        }
        (None, None) => false,
    };
    Ok(if is_right { Ok(()) } else { Err(Lacking::Wrong(asked())) })
}

/// Notes that a passkey came back that had been copied, in the log that an administrator reads.
///
/// # Errors
/// When the store fails.
pub async fn note_copied(tx: &mut dyn WriteTx, user: UserId, now: u64) -> Result<(), StoreError> {
    audit(tx, user, "passkey_copied", now).await
}

/// Keeps a new passkey; with somebody's first second factor come recovery codes. None where it is somebody's already.
///
/// # Errors
/// When the store fails.
pub async fn add_passkey(
    tx: &mut dyn WriteTx,
    user: UserId,
    passkey: &Passkey,
    now: u64,
) -> Result<Option<Vec<String>>, StoreError> {
    let is_first = !tx.factors(user).await?.are_asked_for();
    if !tx.add_passkey(user, passkey).await? {
        return Ok(None);
    }
    audit(tx, user, "passkey_added", now).await?;
    if is_first { new_recovery_codes(tx, user, now).await.map(Some) } else { Ok(Some(vec![])) }
}

/// Takes a passkey away: `false` where she has none of that id. Without a factor, recovery codes go as well.
///
/// # Errors
/// When the store fails.
pub async fn remove_passkey(
    tx: &mut dyn WriteTx,
    user: UserId,
    credential: &[u8],
    now: u64,
) -> Result<bool, StoreError> {
    if !tx.remove_passkey(user, credential).await? {
        return Ok(false);
    }
    audit(tx, user, "passkey_removed", now).await?;
    if !tx.factors(user).await?.are_asked_for() {
        remove(tx, user, now).await?;
    }
    Ok(true)
}

async fn use_code(
    tx: &mut dyn WriteTx,
    sealing: &Sealing,
    user: UserId,
    totp: Option<&Totp>,
    code: u32,
    now: u64,
) -> Result<bool, StoreError> {
    let Some(totp) = totp else { return Ok(false) };
    let Some(secret) = open(sealing, user, totp) else { return Ok(false) };
    match secret.step_of(code, now, totp.last_step) {
        Some(step) => tx.use_totp_step(user, step).await,
        None => Ok(false),
    }
}

/// A new secret for an app, which counts once it is [confirmed](confirm).
///
/// # Errors
/// When the store fails, or there is no key to seal with.
pub async fn begin(tx: &mut dyn WriteTx, sealing: &Sealing, user: UserId) -> Result<Secret, BeginError> {
    let secret = Secret::fresh();
    let sealed = sealing.seal(&place(user), secret.bytes())?;
    tx.put_totp(user, &Totp { sealed, confirmed_at: None, last_step: 0 }).await?;
    Ok(secret)
}

/// Why a secret could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// There is no key to seal it with.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has an app count, shown that it computes the right codes. With it come new recovery codes. None where the code is
/// not right.
///
/// # Errors
/// When the store fails.
pub async fn confirm(
    tx: &mut dyn WriteTx,
    sealing: &Sealing,
    user: UserId,
    totp: &Totp,
    code: &str,
    now: u64,
) -> Result<Option<Vec<String>>, StoreError> {
    let Some(secret) = open(sealing, user, totp) else { return Ok(None) };
    let step = totp::typed(code).and_then(|code| secret.step_of(code, now, totp.last_step));
    let Some(last_step) = step else { return Ok(None) };
    tx.put_totp(user, &Totp { confirmed_at: Some(now), last_step, ..totp.clone() }).await?;
    audit(tx, user, "totp_set_up", now).await?;
    new_recovery_codes(tx, user, now).await.map(Some)
}

/// Gives a person new recovery codes in place of those before.
///
/// # Errors
/// When the store fails.
pub async fn new_recovery_codes(
    tx: &mut dyn WriteTx,
    user: UserId,
    now: u64,
) -> Result<Vec<String>, StoreError> {
    let codes = recovery::fresh();
    let hashes: Vec<[u8; 32]> = codes.iter().filter_map(|code| recovery::hash(user, code)).collect();
    tx.put_recovery_codes(user, &hashes).await?;
    audit(tx, user, "recovery_codes_made", now).await?;
    Ok(codes.into())
}

/// Takes a person's own factors away, as she asked.
///
/// # Errors
/// When the store fails.
pub async fn remove(tx: &mut dyn WriteTx, user: UserId, now: u64) -> Result<(), StoreError> {
    tx.remove_factors(user).await?;
    audit(tx, user, "second_factor_removed", now).await
}

fn open(sealing: &Sealing, user: UserId, totp: &Totp) -> Option<Secret> {
    let opened = sealing.open(&place(user), &totp.sealed);
    if let Err(error) = &opened {
        tracing::error!(%error, user = %user, "a second factor cannot be checked");
    }
    opened.ok().and_then(|bytes| Secret::from_bytes(&bytes))
}

fn place(user: UserId) -> Vec<u8> {
    [b"loopbaanmaat.totp.v1", &user.0[..]].concat()
}

async fn audit(tx: &mut dyn WriteTx, user: UserId, action: &str, now: u64) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: now,
        user: Some(user),
        device: None,
        action: action.into(),
        object: user.to_string(),
    };
    tx.audit(&event).await
}
