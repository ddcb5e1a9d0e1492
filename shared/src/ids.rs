//! Identifiers, keys and hashes as types: fixed numbers of raw bytes, written as base64url without padding in
//! JSON and in texts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A text or byte string that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} bytes as base64url without padding")]
pub struct BadId {
    /// How many bytes the identifier has.
    pub expected: usize,
}

macro_rules! byte_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The raw bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadId { expected: $len })?;
                Self::try_from(bytes.as_slice())
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadId;

            fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
                Ok(Self(bytes.try_into().map_err(|_| BadId { expected: $len })?))
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

byte_type!(
    /// A person with an account.
    UserId, 16
);
byte_type!(
    /// One browser profile of one person: the first 16 bytes of
    /// `SHA-256("loopbaanmaat.device.v1" + public key)`.
    DeviceId, 16
);
byte_type!(
    /// An automerge document with one set of readers.
    DocId, 16
);
byte_type!(
    /// One employee's way from registration to aftercare.
    TrajectoryId, 16
);
byte_type!(
    /// One proposal of a trajectory to one coach.
    ReferralId, 16
);
byte_type!(
    /// One request of a person about what is kept of her: to erase it, or to see it.
    RequestId, 16
);
byte_type!(
    /// Chosen by the device, per person; the same id again is the same command.
    CommandId, 16
);
byte_type!(
    /// An automerge actor: the first 8 bytes of the device id, then 8 random ones, new for each run of a tab.
    ActorId, 16
);
byte_type!(
    /// The automerge hash of a change: SHA-256 over its chunk's type, length and contents.
    ChangeHash, 32
);
byte_type!(
    /// The running hash over a document's log; see [`crate::sync`].
    Chain, 32
);
byte_type!(
    /// An Ed25519 public key.
    PublicKey, 32
);
byte_type!(
    /// An Ed25519 signature.
    Signature, 64
);

impl DeviceId {
    /// The author of a document's genesis: no device at all.
    pub const GENESIS: Self = Self([0; 16]);
}

impl ActorId {
    /// The actor of a document's genesis.
    pub const GENESIS: Self = Self([0; 16]);

    /// The actor that `device` takes for one run of a tab; `random` must be fresh, since a reused actor
    /// forks its own history and wedges the document.
    #[must_use]
    pub fn of_device(device: DeviceId, random: [u8; 8]) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&device.0[..8]);
        bytes[8..].copy_from_slice(&random);
        Self(bytes)
    }

    /// Whether `device` can have this actor.
    #[must_use]
    pub fn belongs_to(&self, device: DeviceId) -> bool {
        self.0[..8] == device.0[..8]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = DocId([0xfb; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"-_v7-_v7-_v7-_v7-_v7-w\"");
        assert_eq!(serde_json::from_str::<DocId>("\"-_v7-_v7-_v7-_v7-_v7-w\"").unwrap(), id);
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_is_refused() {
        for text in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "+_v7-_v7-_v7-_v7-_v7-w"] {
            assert_eq!(text.parse::<DocId>(), Err(BadId { expected: 16 }), "{text}");
        }
    }

    #[test]
    fn an_actor_belongs_to_its_device_alone() {
        let (mine, other) = (DeviceId([1; 16]), DeviceId([2; 16]));
        let actor = ActorId::of_device(mine, [9; 8]);
        assert!(actor.belongs_to(mine));
        assert!(!actor.belongs_to(other));
    }
}
