//! Links with which somebody chooses a password: single use, for her alone, and worth something for a while.
//!
//! The secret stands behind the `#`, which browsers send to nobody: it is in no log and in no `Referer`.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use shared::ids::UserId;
use store::{Link, LinkPurpose, Millis, StoreError, WriteTx};

use crate::random;

/// How long an invitation can be accepted, in ms: also by who is on holiday.
pub const INVITATION_MS: u64 = 14 * 24 * 60 * 60 * 1_000;
/// How long a password can be chosen anew, in ms: whoever asked for it is waiting for it.
pub const PASSWORD_MS: u64 = 60 * 60 * 1_000;

/// A link's secret. Never logged: it has no `Debug`.
#[derive(Clone, Copy)]
pub struct LinkToken([u8; 32]);

/// A text that is no secret of any link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the secret of a link")]
pub struct NoToken;

impl LinkToken {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(random::fresh())
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The whole link, at a server that people find at `origin`.
    #[must_use]
    pub fn address(&self, origin: &str, purpose: LinkPurpose) -> String {
        format!("{origin}{}", self.path(purpose))
    }

    /// The link from the first slash on.
    #[must_use]
    pub fn path(&self, purpose: LinkPurpose) -> String {
        let page = match purpose {
            LinkPurpose::Invitation => "uitnodiging",
            LinkPurpose::Password => "wachtwoord",
        };
        format!("/{page}#{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for LinkToken {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoToken)?;
        bytes.try_into().map(Self).map_err(|_| NoToken)
    }
}

/// A link that was just made, to be handed over or mailed.
#[derive(Clone, Copy)]
pub struct NewLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Its secret.
    pub token: LinkToken,
    /// From when on it is worth nothing.
    pub expires: Millis,
}

/// Makes a link in place of the one that `user` had for that purpose.
///
/// # Errors
/// When the store fails.
pub async fn make(
    tx: &mut dyn WriteTx,
    user: UserId,
    purpose: LinkPurpose,
    now: Millis,
) -> Result<NewLink, StoreError> {
    let token = LinkToken::fresh();
    let lifetime = match purpose {
        LinkPurpose::Invitation => INVITATION_MS,
        LinkPurpose::Password => PASSWORD_MS,
    };
    let expires = now + lifetime;
    tx.put_link(&token.hash(), &Link { user, purpose, expires }).await?;
    Ok(NewLink { purpose, token, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_its_secret_behind_the_hash_sign() {
        let token = LinkToken::fresh();
        for (purpose, page) in [
            (LinkPurpose::Invitation, "https://loopbaan.example/uitnodiging"),
            (LinkPurpose::Password, "https://loopbaan.example/wachtwoord"),
        ] {
            let address = token.address("https://loopbaan.example", purpose);
            let (before, secret) = address.split_once('#').unwrap();
            assert_eq!(before, page);
            assert_eq!(secret.parse::<LinkToken>().map(|it| it.hash()), Ok(token.hash()));
        }
        for other in ["", "AAAA", "not base64!"] {
            assert!(other.parse::<LinkToken>().is_err(), "{other}");
        }
    }
}
