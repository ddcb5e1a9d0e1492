//! What is asked for besides a password, and whether what was given is that.

use shared::ids::UserId;
use store::{AuditEvent, Factors, StoreError, Totp, WriteTx};

use super::recovery;
use super::sealing::{Sealing, SealingError};
use super::totp::{self, Secret};

/// The kinds of proof, by their names on the wire.
pub const TOTP: &str = "totp";
/// A recovery code.
pub const RECOVERY: &str = "recovery";

/// Why what was given is not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// Nothing was given.
    #[error("a second step is needed")]
    Missing {
        /// What would do.
        methods: Vec<&'static str>,
    },
    /// It is not right, or was used before.
    #[error("the code is not right, or was used before")]
    Wrong {
        /// What would do.
        methods: Vec<&'static str>,
    },
}

/// What would do for a person with these factors; empty where her password is enough.
#[must_use]
pub fn methods(factors: &Factors) -> Vec<&'static str> {
    if !factors.are_asked_for() {
        return vec![];
    }
    let mut methods = vec![TOTP];
    if factors.recovery_left > 0 {
        methods.push(RECOVERY);
    }
    methods
}

/// Checks what was given and uses it up, in the transaction that is to follow from it.
///
/// # Errors
/// When the store fails; what is [`Lacking`] is an answer.
pub async fn check(
    tx: &mut dyn WriteTx,
    sealing: &Sealing,
    user: UserId,
    given: Option<&str>,
    now: u64,
) -> Result<Result<(), Lacking>, StoreError> {
    let factors = tx.factors(user).await?;
    let methods = methods(&factors);
    if methods.is_empty() {
        return Ok(Ok(()));
    }
    let Some(given) = given.filter(|it| !it.trim().is_empty()) else {
        return Ok(Err(Lacking::Missing { methods }));
    };
    let is_right = match (totp::typed(given), recovery::hash(user, given)) {
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
    Ok(if is_right { Ok(()) } else { Err(Lacking::Wrong { methods }) })
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
