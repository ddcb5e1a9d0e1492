//! `/api/oidc`: leaving for the organisation's own sign-in and coming back, and what it tells behind the browser's
//! back. A session begins, as any, with `POST /api/session`: the device has to show its key.

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::ClientAddress;
use super::problem::Problem;
use super::security::comes_from_own_page;
use crate::config::Origin;
use crate::hub::NotifyBus as _;
use crate::identity::oidc::{self, BrowserSecret, CameBack, ProviderSignInError};
use crate::identity::provider::{Provider, ProviderError};
use crate::state::AppState;

/// Where the provider sends the browser back to.
const CALLBACK: &str = "/api/oidc/callback";
/// The cookie that says why nobody came in, until the page has asked.
const OUTCOME: &str = "loopbaanmaat-outcome";
/// Characters of what comes back with the browser.
const LONGEST: usize = 8 * 1024;

/// Whether one can sign in at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderOffer {
    /// What the button says; none: there is no provider.
    label: Option<String>,
    /// Somebody has come back in this browser, and her device is to show its key now.
    ready: bool,
    /// Why nobody came in, told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'static str>,
}

/// What comes back with the browser.
#[derive(Deserialize)]
pub struct CameBackQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// What the provider tells behind the browser's back.
#[derive(Deserialize, ToSchema)]
pub struct LogoutNotice {
    logout_token: String,
}

/// Says whether there is a provider, and what became of the last sign-in there.
#[utoipa::path(
    get, path = "/api/oidc", tag = "session",
    responses((status = 200, description = "The provider", body = ProviderOffer))
)]
pub async fn offer(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    state.rates.address(address, now)?;
    let Some(provider) = &state.provider else {
        return Ok(Json(ProviderOffer { label: None, ready: false, failed: None }).into_response());
    };
    let ready = match BrowserSecret::of_request(&headers, &state.config.origin) {
        Some(browser) => state.store.has_provider_ticket(&browser.hash(), now).await?,
        None => false,
    };
    let failed = said(&headers);
    let offer = Json(ProviderOffer { label: Some(provider.settings.label.clone()), ready, failed });
    if failed.is_some() {
        return Ok((AppendHeaders([(header::SET_COOKIE, outcome("", 0, &state.config.origin))]), offer)
            .into_response());
    }
    Ok(offer.into_response())
}

/// Sends the browser to the provider.
#[utoipa::path(
    get, path = "/api/oidc/start", tag = "session",
    responses(
        (status = 303, description = "To the provider, or back to the page, which can ask why not"),
        (status = 403, description = "From a page of another site", body = Problem),
        (status = 404, description = "There is no provider", body = Problem),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    state.rates.address(address, now)?;
    let provider = the_provider(&state)?;
    // Nobody else signs somebody in.
    let site = headers.get("sec-fetch-site").and_then(|it| it.to_str().ok());
    if site.is_some_and(|it| it != "same-origin" && it != "none")
        || comes_from_own_page(&headers, &state.config.origin) == Some(false)
    {
        return Err(Problem::foreign_origin());
    }
    let redirect = format!("{}{CALLBACK}", own_address(&headers, &state.config.origin)?);
    // The same for a second tab, which may be under way too.
    let browser =
        BrowserSecret::of_request(&headers, &state.config.origin).unwrap_or_else(BrowserSecret::fresh);
    match oidc::leave(&state.store, provider, &browser, &redirect, now).await {
        Ok(url) => Ok(see_other(&url, browser.set_cookie(&state.config.origin))),
        Err(error) => Ok(turned_away(&error, &state.config.origin)),
    }
}

/// Takes a browser that comes back from the provider.
#[utoipa::path(
    get, path = "/api/oidc/callback", tag = "session",
    params(
        ("state" = Option<String>, Query, description = "What the browser left with"),
        ("code" = Option<String>, Query, description = "To be exchanged for a token"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207)"),
    ),
    responses(
        (status = 303, description = "To the page, which asks what became of it"),
        (status = 404, description = "There is no provider", body = Problem),
    )
)]
pub async fn callback(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Query(query): Query<CameBackQuery>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    state.rates.address(address, now)?;
    the_provider(&state)?;
    let CameBackQuery { state: given, code, error, iss } = query;
    if [&given, &code, &error, &iss].into_iter().flatten().any(|it| it.len() > LONGEST) {
        return Err(Problem::bad_request("What came back from the provider is too long."));
    }
    let came = CameBack { state: given.unwrap_or_default(), code, error, issuer: iss };
    let browser = BrowserSecret::of_request(&headers, &state.config.origin);
    // On a task of its own, like everything that is followed by something.
    let coming = tokio::spawn({
        let state = state.clone();
        async move {
            let Some(provider) = &state.provider else { return Err(ProviderSignInError::NotBegun) };
            let (next, follow_up) =
                oidc::come_back(&state.store, provider, &state.sealing, browser.as_ref(), came, now).await?;
            follow_up.tell(&state.hub).await;
            Ok(next)
        }
    });
    Ok(match coming.await.map_err(|_| Problem::internal())? {
        Ok(next) => see_other("/", next.set_cookie(&state.config.origin)),
        Err(error) => turned_away(&error, &state.config.origin),
    })
}

/// Takes the provider's word that a session there has ended (OpenID Connect Back-Channel Logout 1.0).
#[utoipa::path(
    post, path = "/api/oidc/logout", tag = "session",
    request_body(content = LogoutNotice, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The sessions that went with it have ended"),
        (status = 400, description = "Not a token of the provider's, or one that was shown before", body = Problem),
        (status = 404, description = "There is no provider", body = Problem),
    )
)]
pub async fn logout(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    notice: Result<Form<LogoutNotice>, axum::extract::rejection::FormRejection>,
) -> Result<StatusCode, Problem> {
    let now = state.clock.now();
    state.rates.address(address, now)?;
    let provider = the_provider(&state)?;
    let Ok(Form(notice)) = notice else {
        return Err(Problem::bad_request("A form with a logout token is expected."));
    };
    let token = provider.logged_out(&notice.logout_token, now).await.map_err(|error| {
        tracing::warn!(%error, "a logout token was refused");
        match error {
            ProviderError::Unreachable(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unreachable", "The provider cannot be reached")
                    .detail("The token cannot be checked now.")
                    .retry_after(60)
            }
            _ => Problem::bad_request("This is not a logout token of the provider."),
        }
    })?;
    let ending = tokio::spawn({
        let state = state.clone();
        async move {
            let Some(provider) = &state.provider else { return Ok(None) };
            let ended = oidc::logged_out(&state.store, &provider.settings, &token, now).await?;
            if let Some(ended) = &ended {
                ended.iter().for_each(|(_, device)| state.hub.end_session_on(*device));
                let users: Vec<_> = ended.iter().map(|(user, _)| *user).collect();
                state.hub.barrier(&users).await;
            }
            Ok::<_, store::StoreError>(ended)
        }
    });
    match ending.await.map_err(|_| Problem::internal())?? {
        Some(_) => Ok(StatusCode::OK),
        None => Err(Problem::bad_request("This token was shown before.")),
    }
}

fn the_provider(state: &AppState) -> Result<&Provider, Problem> {
    state.provider.as_ref().ok_or_else(Problem::not_found)
}

/// Where browsers find this server.
pub(super) fn own_address(headers: &HeaderMap, origin: &Origin) -> Result<String, Problem> {
    if let Origin::Public { origin, .. } = origin {
        return Ok(origin.clone());
    }
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let address = host.map(|host| format!("http://{host}"));
    address.filter(|it| origin.is_own(it, host)).ok_or_else(Problem::foreign_origin)
}

fn see_other(to: &str, cookie: HeaderValue) -> Response {
    let Ok(to) = HeaderValue::from_str(to) else { return Problem::internal().into_response() };
    let headers = AppendHeaders([(header::LOCATION, to), (header::SET_COOKIE, cookie)]);
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Back to the page, which asks why.
fn turned_away(error: &ProviderSignInError, origin: &Origin) -> Response {
    match error {
        ProviderSignInError::Declined(_) | ProviderSignInError::NotBegun => {
            tracing::info!(code = error.code(), "nobody came in by the provider");
        }
        error => tracing::warn!(%error, "nobody came in by the provider"),
    }
    see_other("/", outcome(error.code(), 300, origin))
}

fn said(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == OUTCOME)
        .map(|(_, value)| value)?;
    ProviderSignInError::CODES.into_iter().find(|code| *code == value)
}

fn outcome(code: &str, max_age_s: u64, origin: &Origin) -> HeaderValue {
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{OUTCOME}={code}; Path=/api/oidc; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}"
    ))
    .expect("codes are visible ASCII")
}
