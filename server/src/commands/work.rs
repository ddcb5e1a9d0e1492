//! What a command works with: its transaction, who gave it, and what is to be told afterwards.

use shared::access::{self, Colleague, Conflict};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::role::Role;
use shared::ids::{DeviceId, DocId, TrajectoryId, UserId};
use store::{Document, Session, StoreError, Trajectory, User, WriteTx};

use super::{FollowUp, Stop, grants};
use crate::random;

/// A command under way. A command decides before it writes: what is refused has changed nothing.
pub struct Work<'a> {
    /// Its transaction.
    pub tx: &'a mut dyn WriteTx,
    /// Who gave it.
    pub me: User,
    /// From which device.
    pub device: DeviceId,
    /// When, in ms since 1970.
    pub now: u64,
    /// All accounts.
    pub users: Vec<User>,
    /// What is to be told after the commit.
    pub follow_up: FollowUp,
}

impl<'a> Work<'a> {
    /// Starts; none if the account or the device may do nothing (any more).
    pub(super) async fn begin(
        tx: &'a mut dyn WriteTx,
        session: &Session,
        now: u64,
    ) -> Result<Option<Self>, StoreError> {
        tx.happens_at(now);
        let users = tx.users().await?;
        let me = users.iter().find(|it| it.id == session.user && !it.disabled).cloned();
        let device = tx.device(session.device).await?.filter(|it| !it.revoked);
        let (Some(me), Some(device)) = (me, device) else { return Ok(None) };
        Ok(Some(Self { tx, me, device: device.id, now, users, follow_up: FollowUp::default() }))
    }

    /// Whether she has that role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.me.roles.contains(&role)
    }

    /// A trajectory that still exists.
    ///
    /// # Errors
    /// [`Stop::NotFound`].
    pub async fn trajectory(&mut self, id: TrajectoryId) -> Result<Trajectory, Stop> {
        self.follow_up.object = id.to_string();
        let found = self.tx.trajectory(id).await?;
        found.filter(|it| it.state != TrajectoryState::Destroyed).ok_or(Stop::NotFound)
    }

    /// A trajectory of the employee who gave the command.
    ///
    /// # Errors
    /// [`Stop::NotFound`].
    pub async fn own(&mut self, id: TrajectoryId) -> Result<Trajectory, Stop> {
        let found = self.trajectory(id).await?;
        if found.employee == self.me.id { Ok(found) } else { Err(Stop::NotFound) }
    }

    /// A trajectory that whoever gave the command deals with as an adviser.
    ///
    /// # Errors
    /// [`Stop::NotFound`].
    pub async fn advised(&mut self, id: TrajectoryId) -> Result<Trajectory, Stop> {
        let found = self.trajectory(id).await?;
        if self.advises(&found).await? { Ok(found) } else { Err(Stop::NotFound) }
    }

    /// Whether she deals with a trajectory as an adviser: not with her own, nor with that of somebody whom she manages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn advises(&mut self, trajectory: &Trajectory) -> Result<bool, StoreError> {
        let manager = self.tx.manager(trajectory.employee).await?;
        Ok(self.has(Role::CareerAdviser) && access::advises(self.me.id, trajectory.employee, manager))
    }

    /// Why `coach` cannot be the coach of a trajectory.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn conflicts(
        &mut self,
        trajectory: &Trajectory,
        coach: UserId,
    ) -> Result<Vec<Conflict>, StoreError> {
        let managers = [self.tx.manager(trajectory.employee).await?, self.tx.manager(coach).await?];
        let avoided = self.tx.avoided(trajectory.id).await?;
        let colleague = |user: UserId, manager| {
            let unit = self.users.iter().find(|it| it.id == user).map_or("", |it| it.unit.as_str());
            Colleague { user, unit, manager }
        };
        let [employees, coachs] = managers;
        let (employee, coach) = (colleague(trajectory.employee, employees), colleague(coach, coachs));
        Ok(access::conflicts(employee, coach, &avoided))
    }

    /// Stores where a trajectory is now, with everything that follows for access and directories.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_trajectory(&mut self, trajectory: &Trajectory) -> Result<(), StoreError> {
        self.tx.put_trajectory(trajectory).await?;
        for document in self.tx.documents_of_trajectory(trajectory.id).await? {
            self.regrant(document.id).await?;
        }
        self.follow_up.directory.insert(trajectory.employee);
        let advisers = self.users.iter().filter(|it| it.roles.contains(&Role::CareerAdviser)).map(|it| it.id);
        self.follow_up.directory.extend(advisers);
        let coaches = self.tx.referrals(trajectory.id).await?.into_iter().map(|it| it.coach);
        self.follow_up.directory.extend(coaches);
        Ok(())
    }

    /// Makes a document of a trajectory. Access follows with [`put_trajectory`](Self::put_trajectory).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn add_document(
        &mut self,
        kind: DocKind,
        owner: UserId,
        trajectory: TrajectoryId,
    ) -> Result<DocId, StoreError> {
        let id = DocId(random::fresh());
        let document =
            Document { id, kind, owner: Some(owner), trajectory: Some(trajectory), destroyed: false };
        self.tx.add_document(&document).await?;
        Ok(id)
    }

    /// Destroys a document: on the server now, on every device at its next contact.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn destroy(&mut self, doc: DocId) -> Result<(), StoreError> {
        let change = self.tx.destroy_document(doc, self.now).await?;
        self.follow_up.access_changed(doc, change);
        self.follow_up.grown(doc);
        Ok(())
    }

    /// Recomputes who may do what with a document.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn regrant(&mut self, doc: DocId) -> Result<(), StoreError> {
        let change = grants::regrant(self.tx, &self.users, doc).await?;
        self.follow_up.access_changed(doc, change);
        Ok(())
    }

    /// Recomputes who may see a coach's profile: those referred to her may.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn regrant_profile(&mut self, coach: UserId) -> Result<(), StoreError> {
        for document in self.tx.documents_of_owner(Some(coach)).await? {
            if document.kind == DocKind::CoachProfile {
                self.regrant(document.id).await?;
            }
        }
        Ok(())
    }
}
