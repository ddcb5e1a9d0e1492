//! Requests of people about what is kept of them, and what there is about a person.

use async_trait::async_trait;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::request::{self, Answer, Reason, RequestKind, RequestState, Scope};
use shared::domain::role::Role;
use shared::ids::{DocId, RequestId, UserId};
use shared::sync::change;
use sqlx::{Connection as _, SqliteConnection};
use store::{
    Device, FoundDocument, Millis, ReadRequests, Request, RequestStep, Result, StoreError, User,
    WriteRequests,
};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, access, accounts, row};

struct RequestRow {
    id: Vec<u8>,
    kind: String,
    person: Vec<u8>,
    scope: Option<String>,
    trajectory: Option<Vec<u8>>,
    state: String,
    made_at: i64,
    due_at: i64,
    reason: Option<String>,
    decided_by: Option<Vec<u8>>,
    decided_at: Option<i64>,
    done_by: Option<Vec<u8>>,
    done_at: Option<i64>,
    erased: String,
}

impl TryFrom<RequestRow> for Request {
    type Error = StoreError;

    fn try_from(found: RequestRow) -> Result<Self> {
        let scope = match (found.scope.as_deref(), found.trajectory) {
            (None, _) => None,
            (Some("drafts"), None) => Some(Scope::Drafts {}),
            (Some("account"), None) => Some(Scope::Account {}),
            (Some("trajectory"), Some(trajectory)) => {
                Some(Scope::Trajectory { trajectory: row::id(&trajectory)? })
            }
            (Some(scope), _) => return Err(StoreError::Corrupt(format!("the scope of a request: {scope}"))),
        };
        Ok(Self {
            id: row::id(&found.id)?,
            kind: row::coded(&found.kind, RequestKind::from_code)?,
            person: row::id(&found.person)?,
            scope,
            state: row::coded(&found.state, RequestState::from_code)?,
            made_at: row::number(found.made_at)?,
            due_at: row::number(found.due_at)?,
            reason: reason(found.reason.as_deref())?,
            decided: by(found.decided_by.as_deref(), found.decided_at)?,
            done: by(found.done_by.as_deref(), found.done_at)?,
            erased: row::json(&found.erased)?,
        })
    }
}

fn reason(code: Option<&str>) -> Result<Option<Reason>> {
    code.map(|code| row::coded(code, Reason::from_code)).transpose()
}

fn by(user: Option<&[u8]>, at: Option<i64>) -> Result<Option<(UserId, Millis)>> {
    user.zip(at).map(|(user, at)| Ok((row::id(user)?, row::number(at)?))).transpose()
}

struct StepRow {
    role: String,
    user: Vec<u8>,
    answer: Option<i64>,
    reason: Option<String>,
    answered_by: Option<Vec<u8>>,
    answered_at: Option<i64>,
}

impl TryFrom<StepRow> for RequestStep {
    type Error = StoreError;

    fn try_from(found: StepRow) -> Result<Self> {
        let answer = match (found.answer, reason(found.reason.as_deref())?) {
            (None, _) => None,
            (Some(1), None) => Some(Answer::Yes {}),
            (Some(0), Some(reason)) => Some(Answer::No { reason }),
            _ => return Err(StoreError::Corrupt("an answer to a request".to_owned())),
        };
        let by = by(found.answered_by.as_deref(), found.answered_at)?;
        Ok(Self {
            role: row::coded(&found.role, Role::from_code)?,
            user: if found.user.is_empty() { None } else { Some(row::id(&found.user)?) },
            answered: answer.zip(by).map(|(answer, (user, at))| (answer, user, at)),
        })
    }
}

async fn request(connection: &mut SqliteConnection, id: RequestId) -> Result<Option<Request>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        RequestRow,
        "SELECT id, kind, person, scope, trajectory, state, made_at, due_at, reason, decided_by, decided_at, done_by,
             done_at, erased
         FROM requests WHERE id = ?",
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(Request::try_from).transpose()
}

async fn of_person(connection: &mut SqliteConnection, person: UserId) -> Result<Vec<Request>> {
    let person = &person.0[..];
    let found = sqlx::query_as!(
        RequestRow,
        "SELECT id, kind, person, scope, trajectory, state, made_at, due_at, reason, decided_by, decided_at, done_by,
             done_at, erased
         FROM requests WHERE person = ? ORDER BY made_at, rowid",
        person
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Request::try_from).collect()
}

async fn put(connection: &mut SqliteConnection, request: &Request) -> Result<()> {
    let (id, kind, person) = (&request.id.0[..], request.kind.code(), &request.person.0[..]);
    let scope = request.scope.map(Scope::code);
    let trajectory = request.scope.and_then(Scope::trajectory);
    let trajectory = trajectory.as_ref().map(|it| &it.0[..]);
    let (state, made_at, due_at) =
        (request.state.code(), row::stored(request.made_at), row::stored(request.due_at));
    let reason = request.reason.map(Reason::code);
    let decided_by = request.decided.as_ref().map(|(user, _)| &user.0[..]);
    let decided_at = request.decided.map(|(_, at)| row::stored(at));
    let done_by = request.done.as_ref().map(|(user, _)| &user.0[..]);
    let done_at = request.done.map(|(_, at)| row::stored(at));
    let erased = serde_json::to_string(&request.erased)
        .map_err(|error| StoreError::Corrupt(format!("what was erased: {error}")))?;
    sqlx::query!(
        "INSERT INTO requests (id, kind, person, scope, trajectory, state, made_at, due_at, reason, decided_by,
             decided_at, done_by, done_at, erased)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
             decided_by = excluded.decided_by, decided_at = excluded.decided_at, done_by = excluded.done_by,
             done_at = excluded.done_at, erased = excluded.erased",
        id,
        kind,
        person,
        scope,
        trajectory,
        state,
        made_at,
        due_at,
        reason,
        decided_by,
        decided_at,
        done_by,
        done_at,
        erased
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

async fn steps(connection: &mut SqliteConnection, id: RequestId) -> Result<Vec<RequestStep>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        StepRow,
        "SELECT role, user, answer, reason, answered_by, answered_at
         FROM request_steps WHERE request = ? ORDER BY rowid",
        id
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(RequestStep::try_from).collect()
}

async fn put_step(connection: &mut SqliteConnection, id: RequestId, step: &RequestStep) -> Result<()> {
    let (request, role) = (&id.0[..], step.role.code());
    let user = step.user.as_ref().map_or(&[][..], |user| &user.0[..]);
    let answer = step.answered.map(|(answer, ..)| i64::from(answer == Answer::Yes {}));
    let reason = step.answered.and_then(|(answer, ..)| answer.reason()).map(Reason::code);
    let answered_by = step.answered.as_ref().map(|(_, user, _)| &user.0[..]);
    let answered_at = step.answered.map(|(.., at)| row::stored(at));
    sqlx::query!(
        "INSERT INTO request_steps (request, role, user, answer, reason, answered_by, answered_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (request, role, user) DO UPDATE SET answer = excluded.answer, reason = excluded.reason,
             answered_by = excluded.answered_by, answered_at = excluded.answered_at",
        request,
        role,
        user,
        answer,
        reason,
        answered_by,
        answered_at
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

async fn devices_of(connection: &mut SqliteConnection, person: UserId) -> Result<Vec<Device>> {
    let person = &person.0[..];
    let found = sqlx::query_scalar!("SELECT id FROM devices WHERE user = ? ORDER BY id", person)
        .fetch_all(&mut *connection)
        .await
        .told()?;
    let mut devices = Vec::with_capacity(found.len());
    for id in found {
        devices.extend(accounts::device(&mut *connection, row::id(&id)?).await?);
    }
    Ok(devices)
}

/// The requests that a person may know of, the newest first: her own, without who was asked; all of them, for who oversees
/// them; and those that wait for an answer of hers, with her own part alone.
pub(crate) async fn told(connection: &mut SqliteConnection, me: &User) -> Result<Vec<request::Request>> {
    let oversees = me.roles.iter().any(|it| matches!(it, Role::CareerAdviser | Role::Administrator));
    let (user, all) = (&me.id.0[..], oversees);
    let destroyed = TrajectoryState::Destroyed.code();
    let found = sqlx::query!(
        r#"SELECT requests.id AS "id!", requests.kind, requests.person, requests.scope, requests.trajectory,
             requests.state, requests.made_at, requests.due_at, requests.reason, requests.decided_by,
             requests.decided_at, requests.done_by, requests.done_at, requests.erased,
             trajectories.state IS NOT ?3 AS "is_there!: bool"
         FROM requests LEFT JOIN trajectories ON trajectories.id = requests.trajectory
         WHERE ?1 OR requests.person = ?2
             OR requests.id IN (SELECT request FROM request_steps WHERE user = ?2)
         ORDER BY requests.made_at DESC, requests.rowid DESC"#,
        all,
        user,
        destroyed
    )
    .fetch_all(&mut *connection)
    .await
    .told()?;
    // An adviser has nothing to do with what somebody asks whose manager she is.
    let is_administrator = me.roles.contains(&Role::Administrator);
    let managers = access::managers(&mut *connection).await?;
    let mut told = Vec::new();
    for it in found {
        let is_there = it.is_there;
        let request = Request::try_from(RequestRow {
            id: it.id,
            kind: it.kind,
            person: it.person,
            scope: it.scope,
            trajectory: it.trajectory,
            state: it.state,
            made_at: it.made_at,
            due_at: it.due_at,
            reason: it.reason,
            decided_by: it.decided_by,
            decided_at: it.decided_at,
            done_by: it.done_by,
            done_at: it.done_at,
            erased: it.erased,
        })?;
        let state = request.state.standing(is_there);
        let is_own = request.person == me.id;
        let oversees = oversees && (is_administrator || managers.get(&request.person) != Some(&me.id));
        // What has been settled is no longer hers to know who was only asked.
        if !oversees && !is_own && !state.is_open() {
            continue;
        }
        let mut steps = steps(&mut *connection, request.id).await?;
        if !oversees && !is_own {
            steps.retain(|step| step.user == Some(me.id));
            if steps.is_empty() {
                continue;
            }
        }
        let step = |it: RequestStep| request::Step {
            role: it.role,
            user: it.user.filter(|user| !is_own || *user == me.id),
            answer: it.answered.map(|(answer, ..)| answer),
            answered_at: it.answered.map(|(.., at)| at),
        };
        told.push(request::Request {
            id: request.id,
            kind: request.kind,
            person: request.person,
            scope: request.scope,
            state,
            made_at: request.made_at,
            due_at: request.due_at,
            reason: request.reason,
            decided_at: request.decided.map(|(_, at)| at),
            done_at: request.done.map(|(_, at)| at),
            erased: request.erased,
            steps: steps.into_iter().map(step).collect(),
        });
    }
    Ok(told)
}

async fn documents_about(connection: &mut SqliteConnection, person: UserId) -> Result<Vec<FoundDocument>> {
    let person = &person.0[..];
    let working = DocKind::WorkingNotes.code();
    // A coach's working notes are hers and about the employee of the trajectory.
    let found = sqlx::query!(
        "SELECT documents.id, documents.kind, documents.owner, documents.trajectory, documents.head
         FROM documents LEFT JOIN trajectories ON trajectories.id = documents.trajectory
         WHERE documents.destroyed_at IS NULL
             AND (trajectories.employee = ?1 OR (documents.owner = ?1 AND documents.kind <> ?2))
         ORDER BY documents.trajectory, documents.rowid",
        person,
        working
    )
    .fetch_all(&mut *connection)
    .await
    .told()?;
    let mut about = Vec::new();
    for it in found {
        let id: DocId = row::id(&it.id)?;
        let head = row::number(it.head)?;
        about.push(FoundDocument {
            kind: row::coded(&it.kind, DocKind::from_code)?,
            owner: row::id_if(it.owner.as_deref())?,
            trajectory: row::id_if(it.trajectory.as_deref())?,
            // The first item is the genesis, which nobody wrote.
            changes: head.saturating_sub(1),
            authors: authors(&mut *connection, id).await?,
            readers: readers(&mut *connection, id).await?,
            written: (
                made_at(&mut *connection, id, 2).await?,
                made_at(&mut *connection, id, head.max(2)).await?,
            ),
        });
    }
    Ok(about)
}

/// Who wrote in a document: an actor begins as its device does, and the actors are found one after the other by their
/// index, however long the log is.
async fn authors(connection: &mut SqliteConnection, doc: DocId) -> Result<Vec<UserId>> {
    let doc = &doc.0[..];
    let found = sqlx::query_scalar!(
        r#"WITH RECURSIVE actors (actor) AS (
             SELECT min(actor) FROM items WHERE doc = ?1 AND actor > zeroblob(16)
             UNION ALL
             SELECT (SELECT min(actor) FROM items WHERE doc = ?1 AND actor > actors.actor)
             FROM actors WHERE actors.actor IS NOT NULL
         )
         SELECT DISTINCT devices.user AS "user!: Vec<u8>" FROM actors
         JOIN devices ON substr(devices.id, 1, 8) = substr(actors.actor, 1, 8)
         ORDER BY devices.user"#,
        doc
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.iter().map(|user| row::id(user)).collect()
}

async fn readers(
    connection: &mut SqliteConnection,
    doc: DocId,
) -> Result<Vec<(UserId, shared::access::Access)>> {
    let doc = &doc.0[..];
    let found =
        sqlx::query!("SELECT user, access FROM grants WHERE doc = ? AND access > 0 ORDER BY user", doc)
            .fetch_all(connection)
            .await
            .told()?;
    found.into_iter().map(|it| Ok((row::id(&it.user)?, row::access(it.access)?))).collect()
}

/// When the change at that place was made, by its author's clock; none where there is none, or its data is in a snapshot.
async fn made_at(connection: &mut SqliteConnection, doc: DocId, seq: u64) -> Result<Option<Millis>> {
    let (doc, seq) = (&doc.0[..], row::stored(seq));
    let data = sqlx::query_scalar!("SELECT data FROM items WHERE doc = ? AND seq = ?", doc, seq)
        .fetch_optional(connection)
        .await
        .told()?;
    let seconds = data.and_then(|data| change::parse(&data).ok()).map(|change| change.time);
    // What an author's clock said is anything; a moment before 1970 is none.
    Ok(seconds
        .and_then(|it| u64::try_from(it).ok())
        .and_then(|it| it.checked_mul(1_000))
        .filter(|it| *it > 0))
}

#[async_trait]
impl ReadRequests for SqliteStore {
    async fn request(&self, id: RequestId) -> Result<Option<Request>> {
        request(&mut *self.readers.acquire().await?, id).await
    }

    async fn documents_about(&self, person: UserId) -> Result<Vec<FoundDocument>> {
        let mut reader = self.readers.acquire().await?;
        let mut read = reader.begin().await.told()?;
        documents_about(&mut read, person).await
    }
}

#[async_trait]
impl WriteRequests for Transaction {
    async fn request(&mut self, id: RequestId) -> Result<Option<Request>> {
        request(self.connection(), id).await
    }

    async fn requests_of(&mut self, person: UserId) -> Result<Vec<Request>> {
        of_person(self.connection(), person).await
    }

    async fn put_request(&mut self, request: &Request) -> Result<()> {
        put(self.connection(), request).await
    }

    async fn request_steps(&mut self, id: RequestId) -> Result<Vec<RequestStep>> {
        steps(self.connection(), id).await
    }

    async fn devices_of(&mut self, person: UserId) -> Result<Vec<Device>> {
        devices_of(self.connection(), person).await
    }

    async fn put_request_step(&mut self, id: RequestId, step: &RequestStep) -> Result<()> {
        put_step(self.connection(), id, step).await
    }
}
