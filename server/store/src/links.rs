//! Links that let somebody choose a password once, and what an administrator is told of accounts.

use async_trait::async_trait;
use shared::ids::{DeviceId, UserId};

use crate::{Millis, Result, User};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkPurpose {
    /// Choosing the first password of an account.
    Invitation,
    /// Choosing another one.
    Password,
}

impl LinkPurpose {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Invitation, Self::Password];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Password => "password",
        }
    }

    /// The purpose of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

/// A link, as it is kept: what is in it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// For whom.
    pub user: UserId,
    /// What for.
    pub purpose: LinkPurpose,
    /// From when on it is worth nothing.
    pub expires: Millis,
}

/// A device, as an administrator is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDevice {
    /// Which.
    pub id: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// When it was last here, to some minutes.
    pub last_seen: Millis,
    /// Whether it has been revoked.
    pub revoked: bool,
}

/// An account, as an administrator is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account itself.
    pub user: User,
    /// Her own manager, who cannot be her coach nor her adviser.
    pub manager: Option<UserId>,
    /// Whether a provider knows her: it says then what her roles are.
    pub at_provider: bool,
    /// When its invitation ends or ended; none if there is none.
    pub invited_until: Option<Millis>,
    /// When somebody asked for a new password and nobody has given one since.
    pub wish: Option<Millis>,
    /// Its devices, the one that was here last first.
    pub devices: Vec<AccountDevice>,
}

/// What is read of links and accounts.
#[async_trait]
pub trait LinkStore {
    /// The link whose secret hashes to `token_hash`, whether it is still worth something or not.
    async fn link(&self, token_hash: &[u8; 32]) -> Result<Option<Link>>;

    /// All accounts, by name, with what only an administrator is told.
    async fn accounts(&self) -> Result<Vec<Account>>;
}

/// What is written of them.
#[async_trait]
pub trait LinkTx {
    /// Keeps a link in place of the one that its person had for that purpose.
    async fn put_link(&mut self, token_hash: &[u8; 32], link: &Link) -> Result<()>;
    /// Uses a link up, and says what it was: once.
    async fn take_link(&mut self, token_hash: &[u8; 32]) -> Result<Option<Link>>;
    /// Takes away all links of a person.
    async fn remove_links_of(&mut self, user: UserId) -> Result<()>;

    /// Notes that somebody asked for a new password.
    async fn put_password_wish(&mut self, user: UserId, now: Millis) -> Result<()>;
    /// It was given, or is not needed any more.
    async fn remove_password_wish(&mut self, user: UserId) -> Result<()>;

    /// Ends all sessions of a person but the one whose token hashes to `kept`.
    async fn end_other_sessions_of(&mut self, user: UserId, kept: &[u8; 32]) -> Result<()>;
}
