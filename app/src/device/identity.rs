//! Whose device this is: its key pair and its person, sealed in the vault.

use serde::{Deserialize, Serialize};
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};
use shared::sync::signature::DeviceKey;
use zeroize::{Zeroize as _, Zeroizing};

/// The name of the sealed identity among the blobs.
pub const IDENTITY: &str = "identity";

/// The person who is signed in on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Who.
    pub user: UserId,
    /// This device.
    pub device: DeviceId,
    /// Her name.
    pub name: String,
    /// Her roles, ascending.
    pub roles: Vec<Role>,
}

/// A device with its key and its person.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Signs what this device makes.
    pub key: DeviceKey,
    /// Its person.
    pub me: Me,
    secret: Zeroizing<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: [u8; 32],
    me: Me,
}

impl Identity {
    /// A device with that secret, of that person.
    #[must_use]
    pub fn new(secret: Zeroizing<[u8; 32]>, me: Me) -> Self {
        Self { key: DeviceKey::from_secret(&secret), me, secret }
    }

    /// As bytes, to be sealed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut stored = Stored { secret: *self.secret, me: self.me.clone() };
        let bytes = serde_json::to_vec(&stored).unwrap_or_default();
        stored.secret.zeroize();
        bytes
    }

    /// From bytes; `None` if they are not what [`Self::encode`] makes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        Some(Self::new(Zeroizing::new(stored.secret), stored.me))
    }
}
