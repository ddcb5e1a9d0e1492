//! What the steps of a request have in common: finding it, who may take a step, and telling those whom it concerns.

use shared::domain::command::Refusal;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::request::{RequestKind, RequestState, Scope};
use shared::domain::role::Role;
use shared::ids::{RequestId, UserId};
use store::{Document, Request, RequestStep, StoreError, Trajectory};

use super::{Stop, Work};

/// A request with where it stands now.
pub(super) struct Found {
    pub request: Request,
    pub state: RequestState,
    pub steps: Vec<RequestStep>,
}

impl Found {
    /// Whether everybody who was asked has answered. Who has left cannot.
    pub fn is_answered(&self, work: &Work<'_>) -> bool {
        self.steps
            .iter()
            .all(|step| step.answered.is_some() || step.user.is_some_and(|it| has_left(work, it)))
    }
}

/// Whether an account is closed.
pub(super) fn has_left(work: &Work<'_>, user: UserId) -> bool {
    !work.users.iter().any(|it| it.id == user && !it.disabled)
}

/// A request of that kind, of whomever.
pub(super) async fn find(work: &mut Work<'_>, id: RequestId, kind: RequestKind) -> Result<Found, Stop> {
    let found = any(work, id).await?;
    if found.request.kind == kind { Ok(found) } else { Err(Stop::NotFound) }
}

/// A request.
pub(super) async fn any(work: &mut Work<'_>, id: RequestId) -> Result<Found, Stop> {
    work.follow_up.object = id.to_string();
    let request = work.tx.request(id).await?.ok_or(Stop::NotFound)?;
    let state = standing(work, &request).await?;
    let steps = work.tx.request_steps(id).await?;
    Ok(Found { request, state, steps })
}

/// Where a request stands now.
pub(super) async fn standing(work: &mut Work<'_>, request: &Request) -> Result<RequestState, StoreError> {
    let trajectory = match request.scope.and_then(Scope::trajectory) {
        Some(id) => work.tx.trajectory(id).await?,
        None => return Ok(request.state),
    };
    Ok(request.state.standing(trajectory.is_some_and(|it| it.state != TrajectoryState::Destroyed)))
}

/// A step about one's own request is for somebody else.
pub(super) fn not_my_own(work: &Work<'_>, request: &Request) -> Result<(), Stop> {
    if request.person == work.me.id { Err(Refusal::OwnRequest.into()) } else { Ok(()) }
}

/// Who takes a step as an adviser is not the manager of who asked.
pub(super) async fn not_managed(work: &mut Work<'_>, request: &Request) -> Result<(), Stop> {
    let manager = work.tx.manager(request.person).await?;
    if manager == Some(work.me.id) { Err(Stop::NotFound) } else { Ok(()) }
}

/// The trajectories that an erasure takes along.
pub(super) async fn trajectories(
    work: &mut Work<'_>,
    request: &Request,
) -> Result<Vec<Trajectory>, StoreError> {
    let all = work.tx.trajectories_of(request.person).await?.into_iter();
    let goes = |it: &Trajectory| match request.scope {
        Some(Scope::Account {}) => true,
        Some(Scope::Trajectory { trajectory }) => it.id == trajectory,
        Some(Scope::Drafts {}) | None => false,
    };
    Ok(all.filter(|it| it.state != TrajectoryState::Destroyed && goes(it)).collect())
}

/// The coaches who keep notes of their own in these trajectories and are still there, each once. Who asked is none of
/// them: nobody is asked about herself.
pub(super) async fn coaches(
    work: &mut Work<'_>,
    trajectories: &[Trajectory],
    person: UserId,
) -> Result<Vec<UserId>, StoreError> {
    let mut coaches = Vec::new();
    for trajectory in trajectories {
        for document in work.tx.documents_of_trajectory(trajectory.id).await? {
            if let Document { kind: DocKind::WorkingNotes, owner: Some(coach), .. } = document
                && coach != person
                && !coaches.contains(&coach)
                && !has_left(work, coach)
            {
                coaches.push(coach);
            }
        }
    }
    Ok(coaches)
}

/// Keeps a request, and has those look again whom it concerns: who asked, who oversees requests, and who was asked.
pub(super) async fn put(work: &mut Work<'_>, request: &Request) -> Result<(), StoreError> {
    work.tx.put_request(request).await?;
    work.follow_up.directory.insert(request.person);
    let oversees = |role: &Role| matches!(role, Role::CareerAdviser | Role::Administrator);
    let overseers = work.users.iter().filter(|it| it.roles.iter().any(oversees)).map(|it| it.id);
    work.follow_up.directory.extend(overseers);
    let asked = work.tx.request_steps(request.id).await?.into_iter().filter_map(|it| it.user);
    work.follow_up.directory.extend(asked);
    Ok(())
}
