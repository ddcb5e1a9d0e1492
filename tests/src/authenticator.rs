//! A security key in software, as a browser shows it to a server: it makes one key pair at a time, and signs what it is
//! told to, also what no honest one would. Formats: Web Authentication Level 3, sections 5.8.1, 6.1 and 6.5; the key as
//! RFC 9053 has it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const ATTESTED: u8 = 1 << 6;

/// One that holds one passkey.
#[derive(Clone)]
pub struct Authenticator {
    /// The private half.
    pub key: SigningKey,
    /// The passkey's id.
    pub credential: Vec<u8>,
    /// The site that the browser is at, `http://localhost:1234`.
    pub origin: String,
    /// The name that it signs for.
    pub party: String,
    /// Whether it asks for a finger or a code.
    pub verifies: bool,
    /// How often it has signed.
    pub count: u32,
}

impl Authenticator {
    /// One with that mark, at that site.
    #[must_use]
    pub fn new(mark: u8, origin: &str) -> Self {
        let key = SigningKey::from_slice(&[mark; 32]).unwrap();
        let party = origin.split("://").nth(1).unwrap().split(':').next().unwrap().to_owned();
        Self { key, credential: vec![mark; 20], origin: origin.to_owned(), party, verifies: true, count: 0 }
    }

    /// What a browser answers to `navigator.credentials.create` with these options.
    #[must_use]
    pub fn make(&self, options: &Value) -> Value {
        let client = self.client_data("webauthn.create", options);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        data.extend(self.public_key());
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let mut object =
            [&[0xa3, 0x63][..], b"fmt", &[0x64], b"none", &[0x67], b"attStmt", &[0xa0, 0x68]].concat();
        object.extend(b"authData");
        object.extend([0x58, u8::try_from(data.len()).unwrap()]);
        object.extend(&data);
        self.answer(&json!({
            "clientDataJSON": encoded(&client),
            "attestationObject": encoded(&object),
            "transports": ["internal"],
        }))
    }

    /// What a browser answers to `navigator.credentials.get` with these options.
    pub fn show(&mut self, options: &Value) -> Value {
        self.count += 1;
        let client = self.client_data("webauthn.get", options);
        let data = self.data(0);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        self.answer(&json!({
            "clientDataJSON": encoded(&client),
            "authenticatorData": encoded(&data),
            "signature": encoded(signature.to_der().as_bytes()),
        }))
    }

    fn answer(&self, response: &Value) -> Value {
        json!({
            "id": encoded(&self.credential),
            "rawId": encoded(&self.credential),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let flags = USER_PRESENT | verified | more;
        [&Sha256::digest(&self.party)[..], &[flags], &self.count.to_be_bytes()].concat()
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let (x, y) = (point.x().unwrap(), point.y().unwrap());
        [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], x, &[0x22, 0x58, 32], y].concat()
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
