//! The HTTP side: routes, what every request passes on its way to them, and what every answer carries.

pub mod accounts;
pub mod audit;
pub mod client;
pub mod commands;
pub mod directory;
pub mod documents;
pub mod extract;
pub mod factors;
pub mod health;
pub mod links;
pub mod oidc;
pub mod outgoing;
pub mod passkeys;
pub mod password;
pub mod problem;
pub mod rate;
pub mod request_id;
pub mod requests;
pub mod retention;
pub mod security;
pub mod session;
pub mod well_known;

use std::any::Any;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::problem::Problem;
use crate::state::AppState;
use crate::sync;

/// Bytes of a JSON body. The largest is a sign-in.
const JSON_BODY: usize = 64 * 1024;

/// The head of the OpenAPI document; the routes add themselves.
#[derive(OpenApi)]
#[openapi(info(
    title = "Loopbaanmaat",
    description = "What the client calls beside sync. Byte values are base64url without padding."
))]
struct Api;

/// Every route, with what surrounds them.
pub fn router(state: AppState) -> Router {
    let (routes, api) = routes().split_for_parts();
    let api = std::sync::Arc::new(api);
    routes
        .route("/api/openapi.json", get(async move || Json((*api).clone())))
        .fallback(client::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(JSON_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(security::csrf(&state.config.origin))
        .layer(middleware::from_fn(security::one_host))
        .layer(middleware::from_fn_with_state(state.clone(), security::headers))
        .layer(middleware::from_fn(request_id::number))
        .with_state(state)
}

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(session::challenge))
        .routes(routes!(session::sign_in, session::show, session::sign_out))
        .routes(routes!(links::look))
        .routes(routes!(links::choose))
        .routes(routes!(password::forgotten))
        .routes(routes!(password::change))
        .routes(routes!(accounts::list, accounts::invite))
        .routes(routes!(accounts::change))
        .routes(routes!(accounts::link))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(oidc::offer))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(oidc::logout))
        .routes(routes!(factors::list))
        .routes(routes!(factors::begin_totp))
        .routes(routes!(factors::confirm_totp))
        .routes(routes!(factors::remove))
        .routes(routes!(factors::recovery_codes))
        .routes(routes!(factors::removal_is_known))
        .routes(routes!(passkeys::begin))
        .routes(routes!(passkeys::confirm))
        .routes(routes!(passkeys::remove))
        .routes(routes!(directory::show))
        .routes(routes!(commands::run))
        .routes(routes!(audit::page))
        .routes(routes!(audit::export))
        .routes(routes!(retention::show))
        .routes(routes!(retention::preview))
        .routes(routes!(documents::readers))
        .routes(routes!(requests::documents))
        .routes(routes!(sync::socket::connect))
        .routes(routes!(sync::post::exchange))
        .routes(routes!(well_known::security_txt))
}

/// A route that is there, with a method that it does not have.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
        .detail("This address does not take that method.")
}

/// A bug in a handler ends that request, not the connection.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has told the log what and where.
    Problem::internal().into_response()
}
