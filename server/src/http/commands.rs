//! `POST /api/commands`: changes of state, decided here.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::domain::command::Command;
use shared::ids::CommandId;
use utoipa::ToSchema;

use super::extract::{JsonBody, SignedIn};
use super::problem::Problem;
use crate::commands::{self, CommandError, Decided};
use crate::state::AppState;

/// What to do, under an id that the device chose.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CommandBody {
    /// 16 bytes as base64url without padding; the same id again gives the same answer
    #[schema(value_type = String)]
    id: CommandId,
    /// `type` and what belongs to it
    #[schema(value_type = Object)]
    command: serde_json::Value,
}

/// Carries out a command, once.
#[utoipa::path(
    post, path = "/api/commands", tag = "commands", request_body = CommandBody,
    responses(
        (status = 200, description = "Done; what it made", body = Object),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "What it is about is not yours or not there", body = Problem),
        (status = 409, description = "Refused, or the id was another command's", body = Problem),
        (status = 422, description = "No such command", body = Problem),
    )
)]
pub async fn run(
    State(state): State<AppState>,
    who: SignedIn,
    JsonBody(body): JsonBody<CommandBody>,
) -> Result<Response, Problem> {
    let command = parse(body.command)?;
    // On a task of its own: who hangs up ends the request, not what must follow a commit.
    let deciding = tokio::spawn(async move { commands::run(&state, &who.session, body.id, command).await });
    let decided = deciding.await.map_err(|_| Problem::internal())??;
    Ok(answer(decided))
}

fn parse(value: serde_json::Value) -> Result<Command, Problem> {
    let unprocessable = |code, title| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title);
    let Some(kind) = value.get("type").and_then(serde_json::Value::as_str).map(str::to_owned) else {
        return Err(Problem::bad_request("A command is an object with a type."));
    };
    serde_json::from_value(value).map_err(|_| {
        if commands::CODES.contains(&kind.as_str()) {
            unprocessable("bad_command", "Not a complete command")
                .detail(format!("Something that belongs to {kind} is missing or is not what it should be."))
        } else {
            unprocessable("unknown_command", "No such command").detail("This server does not know that type.")
        }
    })
}

fn answer(decided: Decided) -> Response {
    match decided {
        Decided::Done(body) => {
            let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            (StatusCode::OK, json, Body::from(body)).into_response()
        }
        Decided::NotFound => Problem::not_found().into_response(),
        Decided::Refused(code) => Problem::new(StatusCode::CONFLICT, &code, "Refused")
            .detail("As things are this cannot be done.")
            .into_response(),
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::IdTaken => {
                Self::new(StatusCode::CONFLICT, "id_taken", "Another command has this id")
                    .detail("A command was given under this id before, and it was another one.")
            }
            CommandError::Store(error) => error.into(),
        }
    }
}
