//! The edge of sync: [`shared::sync::session`] driven from a WebSocket or one `POST`, and from the store.

mod asks;
pub mod authors;
mod finishing;
mod openings;
pub mod post;
mod push;
pub mod socket;
pub mod strangers;

use std::time::Duration;

use axum::http::HeaderMap;

use crate::http::problem::Problem;
use crate::identity::sessions::{self, Standing, Token};
use crate::state::AppState;

/// How long what is sent may take to be written.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// What the cookie of a request is worth here, where a revoked device is told to wipe.
async fn standing(state: &AppState, headers: &HeaderMap) -> Result<(Standing, Option<Token>), Problem> {
    let Some(token) = Token::of_request(headers, &state.config.origin) else {
        return Ok((Standing::SignedOut, None));
    };
    let now = state.clock.now();
    let standing = sessions::standing(&state.store, &token, now).await?;
    if let Standing::SignedIn(session) = &standing {
        state.rates.person(session.user, now)?;
    }
    Ok((standing, Some(token)))
}
