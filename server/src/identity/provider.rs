//! The organisation's own sign-in (OpenID Connect): what is known of the provider, and what is asked of it.
//!
//! Whom it names is read from an ID token whose signature, issuer, audience, time and nonce have been checked. Requests
//! to it are bounded in time and size and follow no redirects.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::http::Response;
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdToken, IdTokenClaims, IdTokenFields, IdTokenVerifier, IssuerUrl, JsonWebTokenType,
    LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::domain::role::Role;
use tokio::sync::Mutex;

/// How long an answer of the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer of the provider; key sets are the largest.
const LARGEST: usize = 1024 * 1024;
/// How long what the provider says of itself is believed, in ms.
const BELIEVED_MS: u64 = 60 * 60_000;
/// How soon it is asked again for a key that it had not named, in ms.
const ASK_AGAIN_MS: u64 = 60_000;
/// How far clocks may be apart, in ms: a token from the future is none.
const SKEW_MS: u64 = 2 * 60_000;
/// Since when a logout token may be, in ms.
const LOGOUT_AGE_MS: u64 = 5 * 60_000;
/// The event of a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Signatures that are taken: those with a key of the provider that we need not keep secret. `none` and those with
/// the client's secret are not.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the operator said of the provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its address, which every token must name.
    pub issuer: IssuerUrl,
    /// Our name there.
    pub client_id: ClientId,
    /// Our secret there.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// What the button says.
    pub label: String,
    /// The claim with what roles follow from.
    pub roles_claim: String,
    /// Which role follows from which value of it; empty: roles are kept here.
    pub roles: Vec<(String, Role)>,
    /// Whether somebody who is not known yet gets an account.
    pub new_accounts: bool,
}

/// Why the provider cannot be used as it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderSettingsError {
    /// Not an address.
    #[error("--oidc-issuer {0:?} is not an address like https://login.example.org")]
    BadIssuer(String),
    /// Tokens would travel in the open.
    #[error("--oidc-issuer {0:?} must begin with https://; http:// is for loopback addresses only")]
    InsecureIssuer(String),
}

impl ProviderSettings {
    /// The address of a provider, checked.
    ///
    /// # Errors
    /// [`ProviderSettingsError`].
    pub fn issuer(text: &str) -> Result<IssuerUrl, ProviderSettingsError> {
        let issuer =
            IssuerUrl::new(text.to_owned()).map_err(|_| ProviderSettingsError::BadIssuer(text.into()))?;
        let url = issuer.url();
        let host = url.host_str().ok_or_else(|| ProviderSettingsError::BadIssuer(text.into()))?;
        match url.scheme() {
            "https" => Ok(issuer),
            "http" if crate::config::is_loopback_host(host) => Ok(issuer),
            "http" => Err(ProviderSettingsError::InsecureIssuer(text.into())),
            _ => Err(ProviderSettingsError::BadIssuer(text.into())),
        }
    }

    /// The roles that follow from what a token says; none where roles are kept here.
    #[must_use]
    pub fn roles_of(&self, claims: &Map<String, Value>) -> Option<Vec<Role>> {
        if self.roles.is_empty() {
            return None;
        }
        let values: Vec<&str> = match claims.get(&self.roles_claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let mapped = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str()));
        // Everybody is one.
        let mut roles: Vec<Role> =
            [Role::Employee].into_iter().chain(mapped.map(|(_, role)| *role)).collect();
        roles.sort_unstable();
        roles.dedup();
        Some(roles)
    }
}

/// Claims besides those that every ID token has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

type Token =
    IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type Answer = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type Client = openidconnect::Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Shape(#[from] openidconnect::http::Error),
    #[error("an answer of more than {LARGEST} bytes")]
    TooLarge,
}

/// Why the provider named nobody.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or what it says of itself is not to be believed.
    #[error("the provider cannot be used: {0}")]
    Unreachable(String),
    /// It did not take the code.
    #[error("the provider did not take the code: {0}")]
    Refused(String),
    /// Its token is not to be believed.
    #[error("the provider's token is not to be believed: {0}")]
    Untrue(String),
}

/// Leaving for the provider.
pub struct Leaving {
    /// Where to.
    pub url: String,
    /// What comes back with the browser.
    pub state: String,
    /// What the token must name.
    pub nonce: String,
    /// What the code is exchanged with.
    pub verifier: String,
}

/// Somebody whom the provider named.
#[derive(Debug, Clone)]
pub struct Named {
    /// Who she is there.
    pub subject: String,
    /// Her address, unless the provider says that it has not seen that it is hers.
    pub email: Option<String>,
    /// Her name.
    pub name: Option<String>,
    /// The provider's own name for its session.
    pub sid: Option<String>,
    /// All that the token says besides.
    pub claims: Map<String, Value>,
    /// The token, to be shown when the session ends.
    pub id_token: String,
}

/// Whose session the provider has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// Who.
    pub subject: String,
    /// Which of her sessions; none: all.
    pub sid: Option<String>,
    /// The token's own id.
    pub jti: String,
    /// Until when the token could be shown again, in ms since 1970.
    pub expires: u64,
}

/// Chooses what computes TLS, for everything in this process that makes requests: without it none is made.
pub fn choose_cryptography() {
    // Fails only if one was chosen before, and then that one is good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The provider.
pub struct Provider {
    /// What the operator said of it.
    pub settings: ProviderSettings,
    http: Bounded,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<ProviderMetadataWithLogout>,
    since: u64,
}

impl Provider {
    /// A provider that has not been asked anything.
    ///
    /// # Errors
    /// Where the operating system's certificates cannot be used.
    pub fn new(settings: ProviderSettings) -> Result<Self, reqwest::Error> {
        choose_cryptography();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .https_only(settings.issuer.url().scheme() == "https")
            .user_agent("loopbaanmaat")
            .build()?;
        Ok(Self { settings, http: Bounded(http), known: Mutex::default() })
    }

    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`].
    pub async fn leave(&self, redirect: &str, now: u64) -> Result<Leaving, ProviderError> {
        let client = self.client(redirect, &self.known(now, BELIEVED_MS).await?)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        Ok(Leaving {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Exchanges a code for a token, and reads from it who it is.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn name(
        &self,
        code: String,
        verifier: String,
        nonce: String,
        redirect: &str,
        now: u64,
    ) -> Result<Named, ProviderError> {
        let known = self.known(now, BELIEVED_MS).await?;
        let client = self.client(redirect, &known)?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?;
        let answer = request
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| ProviderError::Refused(told(&error)))?;
        let token = answer.id_token().ok_or_else(|| ProviderError::Untrue("there is none".into()))?;
        let nonce = Nonce::new(nonce);
        let claims = self.believed(token, &known, now, |verifier| token.claims(&verifier, &nonce)).await?;
        let other = &claims.additional_claims().all;
        let email = claims.email().filter(|_| claims.email_verified() != Some(false));
        Ok(Named {
            subject: claims.subject().to_string(),
            email: email.map(|it| it.to_string()),
            name: claims.name().and_then(|names| names.get(None)).map(|it| it.to_string()),
            sid: other.get("sid").and_then(Value::as_str).map(str::to_owned),
            claims: other.clone(),
            id_token: token.to_string(),
        })
    }

    /// Reads a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn logged_out(&self, token: &str, now: u64) -> Result<LoggedOut, ProviderError> {
        let untrue = |why: &str| ProviderError::Untrue(why.to_owned());
        let token: Token = token.parse().map_err(|_| untrue("it is none"))?;
        let known = self.known(now, BELIEVED_MS).await?;
        let none = |nonce: Option<&Nonce>| match nonce {
            None => Ok(()),
            // So that no ID token is taken for one.
            Some(_) => Err("a logout token has no nonce".to_owned()),
        };
        let claims = self.believed(&token, &known, now, |verifier| token.claims(&verifier, none)).await?;
        let other = &claims.additional_claims().all;
        let event = other.get("events").and_then(|events| events.get(LOGOUT_EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(untrue("it tells of no logout"));
        }
        let issued = u64::try_from(claims.issue_time().timestamp_millis()).unwrap_or_default();
        if now.saturating_sub(issued) > LOGOUT_AGE_MS {
            return Err(untrue("it is old"));
        }
        let text = |name: &str| other.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(LoggedOut {
            subject: claims.subject().to_string(),
            sid: text("sid"),
            jti: text("jti").ok_or_else(|| untrue("it has no id"))?,
            expires: now + LOGOUT_AGE_MS + SKEW_MS,
        })
    }

    /// Where a browser goes to end the session there as well; none where the provider has no such place.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`].
    pub async fn end(&self, id_token: &str, back: &str, now: u64) -> Result<Option<String>, ProviderError> {
        let known = self.known(now, BELIEVED_MS).await?;
        let Some(place) = known.metadata.additional_metadata().end_session_endpoint.clone() else {
            return Ok(None);
        };
        let hint: Token =
            id_token.parse().map_err(|_| ProviderError::Unreachable("a kept token is none".into()))?;
        let mut request = LogoutRequest::from(place)
            .set_id_token_hint(&hint)
            .set_client_id(self.settings.client_id.clone());
        if let Ok(back) = PostLogoutRedirectUrl::new(back.to_owned()) {
            request = request.set_post_logout_redirect_uri(back);
        }
        Ok(Some(request.http_get_url().into()))
    }

    /// What a token says, checked; where its key is not known, with what the provider says of itself now.
    async fn believed<'a>(
        &self,
        token: &'a Token,
        known: &Known,
        now: u64,
        check: impl Fn(IdTokenVerifier<'a, CoreJsonWebKey>) -> Result<&'a Claims, ClaimsVerificationError>,
    ) -> Result<&'a Claims, ProviderError> {
        let untrue = |error: ClaimsVerificationError| ProviderError::Untrue(told(&error));
        // Not before anything else: who cannot sign has the provider asked no more than once a minute.
        match check(self.verifier(known, now)) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let newer = self.known(now, ASK_AGAIN_MS).await?;
                check(self.verifier(&newer, now)).map_err(untrue)
            }
            checked => checked.map_err(untrue),
        }
        .inspect_err(|error| tracing::debug!(%error, token = token.to_string().len(), "refused"))
    }

    fn verifier<'a>(&self, known: &Known, now: u64) -> IdTokenVerifier<'a, CoreJsonWebKey> {
        let settings = &self.settings;
        let jwks = known.metadata.jwks().clone();
        let types = ["jwt", "logout+jwt"]
            .into_iter()
            .filter_map(|name| JsonWebTokenType::new(name.to_owned()).normalize().ok());
        let moment = move |ms: u64| {
            DateTime::from_timestamp_millis(i64::try_from(ms).unwrap_or(i64::MAX))
                .unwrap_or(DateTime::UNIX_EPOCH)
        };
        IdTokenVerifier::new_public_client(settings.client_id.clone(), settings.issuer.clone(), jwks)
            .set_allowed_algs(SIGNATURES)
            .set_allowed_jose_types(types)
            // Of several audiences we know only ourselves.
            .set_other_audience_verifier_fn(|_| false)
            .set_time_fn(move || moment(now))
            .set_issue_time_verifier_fn(move |issued| {
                if issued > moment(now + SKEW_MS) { Err("it is from the future".into()) } else { Ok(()) }
            })
    }

    fn client(&self, redirect: &str, known: &Known) -> Result<Client, ProviderError> {
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?;
        let settings = &self.settings;
        let client = Client::from_provider_metadata(
            (*known.metadata).clone(),
            settings.client_id.clone(),
            settings.client_secret.clone(),
        );
        Ok(client.set_redirect_uri(redirect))
    }

    /// What the provider says of itself, its keys included, no older than `most` ms.
    async fn known(&self, now: u64, most: u64) -> Result<Known, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|it| now.saturating_sub(it.since) < most) {
            return Ok(known.clone());
        }
        let issuer = self.settings.issuer.clone();
        // It must name the issuer that it was asked under.
        let found = ProviderMetadataWithLogout::discover_async(issuer, &self.http).await;
        let metadata = found.map_err(|error| ProviderError::Unreachable(told(&error)))?;
        let new = Known { metadata: Arc::new(metadata), since: now };
        *known = Some(new.clone());
        Ok(new)
    }
}

/// Makes requests that end: in time, after so many bytes, and where they were sent.
struct Bounded(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Bounded {
    type Error = RequestError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RequestError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Bounded {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, RequestError> {
        let (parts, body) = request.into_parts();
        let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let mut response = request.send().await?;
        let mut answer = Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                return Err(RequestError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

/// An error with what is behind it, for the log.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text = format!("{text}: {error}");
        behind = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(roles: &[(&str, Role)]) -> ProviderSettings {
        ProviderSettings {
            issuer: ProviderSettings::issuer("https://login.example").unwrap(),
            client_id: ClientId::new("loopbaanmaat".into()),
            client_secret: None,
            scopes: vec![],
            label: String::new(),
            roles_claim: "groups".into(),
            roles: roles.iter().map(|(value, role)| ((*value).to_owned(), *role)).collect(),
            new_accounts: false,
        }
    }

    fn roles(settings: &ProviderSettings, claims: &Value) -> Option<Vec<Role>> {
        settings.roles_of(claims.as_object().unwrap())
    }

    #[test]
    fn roles_follow_from_the_values_of_a_claim_and_from_nothing_else() {
        let settings = settings(&[("coaches", Role::InternalCoach), ("hr", Role::CareerAdviser)]);
        let employee = Some(vec![Role::Employee]);
        assert_eq!(
            roles(&settings, &json!({ "groups": ["hr", "coaches", "x"] })),
            Some(vec![Role::Employee, Role::CareerAdviser, Role::InternalCoach])
        );
        assert_eq!(
            roles(&settings, &json!({ "groups": "coaches" })),
            Some(vec![Role::Employee, Role::InternalCoach])
        );
        for claims in [
            json!({}),
            json!({ "groups": [] }),
            json!({ "groups": ["HR", "hr "] }),
            json!({ "groups": { "hr": true } }),
            json!({ "roles": ["hr"] }),
            json!({ "groups": [["hr"]] }),
        ] {
            assert_eq!(roles(&settings, &claims), employee, "{claims}");
        }
    }

    #[test]
    fn where_nothing_is_mapped_roles_are_kept_here() {
        assert_eq!(roles(&settings(&[]), &json!({ "groups": ["hr"] })), None);
    }

    #[test]
    fn a_provider_is_reached_by_https_or_on_this_machine() {
        for good in ["https://login.example/tenant/v2.0", "http://127.0.0.1:9000", "http://localhost:9000"] {
            ProviderSettings::issuer(good).unwrap();
        }
        for bad in ["http://login.example", "http://10.0.0.1"] {
            assert!(matches!(ProviderSettings::issuer(bad), Err(ProviderSettingsError::InsecureIssuer(_))));
        }
        for bad in ["", "login.example", "ftp://login.example", "file:///etc"] {
            assert!(
                matches!(ProviderSettings::issuer(bad), Err(ProviderSettingsError::BadIssuer(_))),
                "{bad}"
            );
        }
    }
}
