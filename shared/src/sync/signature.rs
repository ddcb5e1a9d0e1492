//! Device keys and what is signed with them.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::ids::{ChangeHash, DeviceId, DocId, PublicKey, Signature};

/// The id of the device with that key.
#[must_use]
pub fn device_id(key: &PublicKey) -> DeviceId {
    let mut hasher = Sha256::new();
    hasher.update(b"loopbaanmaat.device.v1");
    hasher.update(key.0);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; DeviceId::LEN];
    id.copy_from_slice(&digest[..DeviceId::LEN]);
    DeviceId(id)
}

/// What a device signs to be the author of a change.
#[must_use]
pub fn change_message(doc: DocId, device: DeviceId, hash: ChangeHash) -> Vec<u8> {
    [&b"loopbaanmaat.change.v1"[..], &doc.0, &device.0, &hash.0].concat()
}

/// What a device signs to open a session.
#[must_use]
pub fn session_message(challenge: &[u8]) -> Vec<u8> {
    [&b"loopbaanmaat.session.v1"[..], challenge].concat()
}

/// Whether `key` can be a device's: a point of the curve, in its one encoding, not of small order.
#[must_use]
pub fn is_sound(key: &PublicKey) -> bool {
    verifying_key(key).is_some()
}

fn verifying_key(key: &PublicKey) -> Option<VerifyingKey> {
    let parsed = VerifyingKey::from_bytes(&key.0).ok()?;
    // Decompression accepts a few y coordinates above the field's prime; only the reduced one is a key here.
    let canonical = parsed.to_edwards().compress().to_bytes() == key.0;
    (canonical && !parsed.is_weak()).then_some(parsed)
}

/// A key that is ready to check signatures with: reading it is a good part of the work, for whoever checks many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier(Option<VerifyingKey>);

impl Verifier {
    /// That of a key. Of one that can be nobody's it refuses all.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self(verifying_key(key))
    }

    /// Whether `signature` is that of the key over `message`, strictly: S < L, no small-order points.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let (Some(key), Ok(bytes)) = (&self.0, <[u8; 64]>::try_from(signature)) else {
            return false;
        };
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&bytes)).is_ok()
    }

    /// Whether `device`, whose key it is, has signed the change `hash` for `doc`.
    #[must_use]
    pub fn verify_change(&self, doc: DocId, device: DeviceId, hash: ChangeHash, signature: &[u8]) -> bool {
        self.verify(&change_message(doc, device, hash), signature)
    }
}

/// Whether `signature` is that of `key` over `message`, as [`Verifier::verify`].
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    Verifier::new(key).verify(message, signature)
}

/// Whether `device`, whose key is `key`, has signed the change `hash` for `doc`.
#[must_use]
pub fn verify_change(
    key: &PublicKey,
    doc: DocId,
    device: DeviceId,
    hash: ChangeHash,
    signature: &[u8],
) -> bool {
    verify(key, &change_message(doc, device, hash), signature)
}

/// Whether `proof` shows that its maker holds the secret half of `key`.
#[must_use]
pub fn verify_session(key: &PublicKey, challenge: &[u8], proof: &[u8]) -> bool {
    verify(key, &session_message(challenge), proof)
}

/// The key pair of a device.
#[derive(Clone)]
pub struct DeviceKey {
    signing: SigningKey,
    id: DeviceId,
}

impl DeviceKey {
    /// The key pair that 32 random bytes make; the bytes are the secret.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(secret);
        let id = device_id(&PublicKey(signing.verifying_key().to_bytes()));
        Self { signing, id }
    }

    /// The device that has this key.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// The half that others may know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.signing.verifying_key().to_bytes())
    }

    /// Signs a change as its author.
    #[must_use]
    pub fn sign_change(&self, doc: DocId, hash: ChangeHash) -> Signature {
        Signature(self.signing.sign(&change_message(doc, self.id, hash)).to_bytes())
    }

    /// The proof that opens a session.
    #[must_use]
    pub fn sign_session(&self, challenge: &[u8]) -> Signature {
        Signature(self.signing.sign(&session_message(challenge)).to_bytes())
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_signs_for_one_document_and_as_itself_alone() {
        let key = DeviceKey::from_secret(&[1; 32]);
        let (doc, hash) = (DocId([2; 16]), ChangeHash([3; 32]));
        let sig = key.sign_change(doc, hash);
        assert!(verify_change(&key.public(), doc, key.id(), hash, &sig.0));
        assert!(!verify_change(&key.public(), DocId([9; 16]), key.id(), hash, &sig.0));
        assert!(!verify_change(&key.public(), doc, DeviceId([9; 16]), hash, &sig.0));
        assert!(!verify_change(&key.public(), doc, key.id(), ChangeHash([9; 32]), &sig.0));
        assert!(!verify_change(&key.public(), doc, key.id(), hash, &sig.0[..63]));
        assert!(!verify_change(&key.public(), doc, key.id(), hash, &[]));
    }

    #[test]
    fn a_signature_with_another_s_modulo_the_order_is_refused() {
        // The order of the base point, little-endian; S + L verifies where S < L is not asked for.
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let key = DeviceKey::from_secret(&[1; 32]);
        let mut sig = key.sign_session(b"challenge").0;
        assert!(verify_session(&key.public(), b"challenge", &sig));
        let mut carry = 0;
        for (byte, order) in sig[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        assert!(!verify_session(&key.public(), b"challenge", &sig));
    }

    #[test]
    fn a_verifier_of_a_key_that_is_not_sound_refuses_all() {
        // With the identity as key and as R, and S = 0, the equation holds over whatever is signed.
        let mut identity = [0; 32];
        identity[0] = 1;
        let forged = [identity, [0; 32]].concat();
        assert!(!Verifier::new(&PublicKey(identity)).verify(b"anything", &forged));
    }

    #[test]
    fn keys_of_small_order_and_unreduced_ones_are_not_sound() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(!is_sound(&PublicKey(identity)));
        assert!(!is_sound(&PublicKey([0; 32])));
        // y = p + 3 encodes y = 3 a second time.
        let mut unreduced = [0xff; 32];
        unreduced[0] = 0xf0;
        unreduced[31] = 0x7f;
        assert!(!is_sound(&PublicKey(unreduced)));
        assert!(is_sound(&DeviceKey::from_secret(&[5; 32]).public()));
    }
}
