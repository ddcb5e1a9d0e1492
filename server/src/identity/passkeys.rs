//! Passkeys: key pairs that somebody's phone, computer or security key keeps, shown besides her password.
//!
//! The ceremonies are those of Web Authentication Level 3 (<https://www.w3.org/TR/webauthn-3/#sctn-rp-operations>);
//! what they ask of a server is checked by `webauthn_rp`. A ceremony that has begun is kept in memory: it is over in
//! minutes, and who began one when the server stopped begins again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use shared::ids::UserId;
use store::{Passkey, StoreError, User, WriteTx};
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::{
    AllowedCredentials, AuthenticationVerificationOptions, NonDiscoverableAuthenticationServerState,
    NonDiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
    RegistrationServerState, RegistrationVerificationOptions, UserHandle16, Username,
};
use webauthn_rp::request::{
    AsciiDomain, Credentials as _, ExtensionInfo, PublicKeyCredentialDescriptor, RpId, TimedCeremony as _,
    UserVerificationRequirement,
};
use webauthn_rp::response::auth::NonDiscoverableAuthentication16;
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, Registration, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{AuthenticatedCredential, RegisteredCredential};

use crate::config::Origin;

/// Passkeys that a person may have.
pub const MOST: usize = 10;
/// How long somebody may take to show or make a passkey, in ms.
pub const CEREMONY_LIFETIME_MS: u64 = 5 * 60_000;
/// Ceremonies of one person that may be going on at once; a newer one ends the oldest.
pub const MOST_CEREMONIES: usize = 4;
/// Bytes that a browser's answer may have.
pub const LONGEST_ANSWER: usize = 16 * 1024;
/// Characters that a passkey's name may have.
pub const LONGEST_NAME: usize = 100;

/// Whom passkeys are made for: the site, as browsers see it.
#[derive(Debug, Clone)]
pub struct Party {
    id: RpId,
    origin: String,
}

impl Party {
    /// The site at which somebody asks for `host`; none where it has a number instead of a name, for which browsers make
    /// no passkeys.
    #[must_use]
    pub fn of(site: &Origin, host: Option<&str>) -> Option<Self> {
        let origin = match site {
            Origin::Public { origin, .. } => origin.clone(),
            Origin::Loopback => format!("http://{}", host?),
        };
        if !site.is_own(&origin, host) {
            return None;
        }
        let authority = origin.split_once("://")?.1;
        let name = authority.split_once(':').map_or(authority, |(name, _)| name);
        if authority.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        let id = RpId::Domain(AsciiDomain::try_from(name.to_owned()).ok()?);
        Some(Self { id, origin })
    }
}

/// The ceremonies that are going on.
#[derive(Debug, Default)]
pub struct Ceremonies(Mutex<HashMap<UserId, VecDeque<Ceremony>>>);

#[derive(Debug)]
struct Ceremony {
    ends_at: u64,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Making(RegistrationServerState<16>),
    Showing(NonDiscoverableAuthenticationServerState),
}

/// Why a passkey is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It does not fit what was asked, or nothing was.
    #[error("this does not fit what was asked for; begin again")]
    Unfit,
    /// It signed less often than the server has seen: there are two of it.
    #[error("this passkey has been copied")]
    Copied,
}

/// A passkey that was shown, and what that changed about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    credential: Vec<u8>,
    changing: [u8; 7],
}

impl Shown {
    /// Has it be kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep(&self, tx: &mut dyn WriteTx, now: u64) -> Result<(), StoreError> {
        tx.use_passkey(&self.credential, self.changing, now).await
    }
}

impl Ceremonies {
    /// Asks for one of these passkeys: what `navigator.credentials.get` is to be called with, as
    /// `PublicKeyCredentialRequestOptionsJSON`. None where there is none, or none that can be read.
    #[must_use]
    pub fn ask(&self, party: &Party, user: UserId, kept: &[Passkey], now: u64) -> Option<Value> {
        let mut allowed = AllowedCredentials::with_capacity(kept.len());
        for descriptor in kept.iter().filter_map(descriptor) {
            allowed.push(descriptor.into());
        }
        let mut options = NonDiscoverableCredentialRequestOptions::second_factor(&party.id, allowed).ok()?;
        options.options().user_verification = UserVerificationRequirement::Required;
        let (step, told) = options.start_ceremony().ok()?;
        let told = serde_json::to_value(told).ok()?;
        self.begin(user, Step::Showing(step), now);
        Some(told)
    }

    /// Checks what a browser answered to that. The ceremony is over, whatever comes of it.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn check(
        &self,
        party: &Party,
        user: UserId,
        kept: &[Passkey],
        answer: &str,
        now: u64,
    ) -> Result<Shown, NotTaken> {
        let answer = NonDiscoverableAuthentication16::from_json_relaxed(answer.as_bytes())
            .map_err(|_| NotTaken::Unfit)?;
        let challenge = answer.challenge_relaxed().map_err(|_| NotTaken::Unfit)?;
        let step = self.take(
            user,
            now,
            |step| matches!(step, Step::Showing(it) if it.sent_challenge() == challenge),
        );
        let Some(Step::Showing(step)) = step else { return Err(NotTaken::Unfit) };
        let passkey =
            kept.iter().find(|it| it.credential == answer.raw_id().as_ref()).ok_or(NotTaken::Unfit)?;
        let handle = handle(user);
        let mut known = known(passkey, &handle).ok_or(NotTaken::Unfit)?;
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[&party.origin],
            // As the standard asks: browsers may add some.
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        step.verify(&party.id, &answer, &mut known, &options).map_err(|error| match error {
            AuthCeremonyErr::SignatureCounter => NotTaken::Copied,
            error => {
                tracing::info!(%error, user = %user, "a passkey is not taken");
                NotTaken::Unfit
            }
        })?;
        Ok(Shown { credential: passkey.credential.clone(), changing: encoded(known.dynamic_state()) })
    }

    /// Begins to make one: what `navigator.credentials.create` is to be called with, as
    /// `PublicKeyCredentialCreationOptionsJSON`. None where the account's address or name cannot be told to a browser.
    #[must_use]
    pub fn begin_to_make(&self, party: &Party, user: &User, kept: &[Passkey], now: u64) -> Option<Value> {
        let handle = handle(user.id);
        let entity = PublicKeyCredentialUserEntity {
            name: Username::try_from(user.email.as_str())
                .or_else(|_| Username::try_from("loopbaanmaat"))
                .ok()?,
            id: &handle,
            display_name: Nickname::try_from(user.name.as_str()).ok(),
        };
        let kept = kept.iter().filter_map(descriptor).collect();
        let mut options = PublicKeyCredentialCreationOptions::passkey(&party.id, entity, kept);
        // Wished for, not insisted upon: what a phone or computer keeps itself often does not know of it.
        options.extensions.cred_protect =
            CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
        let (step, told) = options.start_ceremony().ok()?;
        let told = serde_json::to_value(told).ok()?;
        self.begin(user.id, Step::Making(step), now);
        Some(told)
    }

    /// The passkey that a browser made, as it is to be kept. The ceremony is over, whatever comes of it.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn made(
        &self,
        party: &Party,
        user: UserId,
        name: String,
        answer: &str,
        now: u64,
    ) -> Result<Passkey, NotTaken> {
        let answer = Registration::from_json_relaxed(answer.as_bytes()).map_err(|_| NotTaken::Unfit)?;
        let challenge = answer.challenge_relaxed().map_err(|_| NotTaken::Unfit)?;
        let step =
            self.take(user, now, |step| matches!(step, Step::Making(it) if it.sent_challenge() == challenge));
        let Some(Step::Making(step)) = step else { return Err(NotTaken::Unfit) };
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[&party.origin],
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let made = step.verify(&party.id, &answer, &options).map_err(|error| {
            tracing::info!(%error, user = %user, "a new passkey is not taken");
            NotTaken::Unfit
        })?;
        kept(&made, name, now).ok_or(NotTaken::Unfit)
    }

    fn begin(&self, user: UserId, step: Step, now: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, hers| {
            hers.retain(|it| it.ends_at > now);
            !hers.is_empty()
        });
        let hers = all.entry(user).or_default();
        if hers.len() >= MOST_CEREMONIES {
            hers.pop_front();
        }
        hers.push_back(Ceremony { ends_at: now + CEREMONY_LIFETIME_MS, step });
    }

    fn take(&self, user: UserId, now: u64, fits: impl Fn(&Step) -> bool) -> Option<Step> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hers = all.get_mut(&user)?;
        let at = hers.iter().position(|it| fits(&it.step))?;
        hers.remove(at).filter(|it| it.ends_at > now).map(|it| it.step)
    }
}

/// A person as her passkeys know her: by her id, which says nothing about her.
fn handle(user: UserId) -> UserHandle16 {
    match UserHandle16::decode(user.0) {
        Ok(handle) => handle,
    }
}

fn descriptor(passkey: &Passkey) -> Option<PublicKeyCredentialDescriptor<Vec<u8>>> {
    let id = CredentialId::<Vec<u8>>::decode(passkey.credential.clone()).ok()?;
    let transports = AuthTransports::decode(passkey.transports).ok()?;
    Some(PublicKeyCredentialDescriptor { id, transports })
}

type KnownKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

fn known<'a>(
    passkey: &'a Passkey,
    user: &'a UserHandle16,
) -> Option<AuthenticatedCredential<'a, 'a, 16, KnownKey>> {
    let id = CredentialId::<&[u8]>::decode(&passkey.credential).ok()?;
    let fixed = StaticState::decode(&passkey.fixed).ok()?;
    let changing = DynamicState::decode(passkey.changing).ok()?;
    AuthenticatedCredential::new(id, user, fixed, changing).ok()
}

fn kept(made: &RegisteredCredential<'_, 16>, name: String, now: u64) -> Option<Passkey> {
    Some(Passkey {
        credential: made.id().as_ref().to_vec(),
        name,
        transports: match made.transports().encode() {
            Ok(transports) => transports,
        },
        fixed: made.static_state().encode().ok()?,
        changing: encoded(made.dynamic_state()),
        made_at: now,
        used_at: None,
    })
}

fn encoded(state: DynamicState) -> [u8; 7] {
    match state.encode() {
        Ok(bytes) => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(site: &Origin, host: &str) -> Option<(String, String)> {
        Party::of(site, Some(host)).map(|it| (it.id.as_ref().to_owned(), it.origin))
    }

    fn said(id: &str, origin: &str) -> Option<(String, String)> {
        Some((id.to_owned(), origin.to_owned()))
    }

    #[test]
    fn a_site_is_known_by_its_name_and_not_by_what_a_request_says() {
        let public = Origin::Public { origin: "https://loopbaan.example:8443".to_owned(), secure: true };
        assert_eq!(
            party(&public, "elders.example"),
            said("loopbaan.example", "https://loopbaan.example:8443")
        );
        let here = Origin::Loopback;
        assert_eq!(party(&here, "localhost:8080"), said("localhost", "http://localhost:8080"));
        assert_eq!(party(&here, "elders.example:8080"), None);
    }

    #[test]
    fn an_address_of_numbers_has_no_passkeys() {
        assert_eq!(party(&Origin::Loopback, "127.0.0.1:8080"), None);
        assert_eq!(party(&Origin::Loopback, "[::1]:8080"), None);
        let public = Origin::Public { origin: "http://127.0.0.1:80".to_owned(), secure: false };
        assert_eq!(party(&public, "127.0.0.1"), None);
    }
}
