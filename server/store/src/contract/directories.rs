//! What each role may know.

use shared::access::Access;
use shared::domain::directory::{self, Directory};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{DeviceId, DocId, TrajectoryId, UserId};

use super::world::user;
use super::{Backend, Human, World};
use crate::User;

/// An organisation with one employee under way, one who is not, and everybody around them.
struct Organisation {
    world: World,
    employee: Human,
    colleague: Human,
    coach: Human,
    declined: Human,
    adviser: Human,
    trainer: Human,
    administrator: Human,
    own: TrajectoryId,
    others: TrajectoryId,
    notes: DocId,
}

impl Organisation {
    async fn on(backend: &impl Backend) -> Self {
        let world = World::on(backend.open().await);
        let employee = world.human(1, &[Role::Employee]).await;
        let colleague = world.human(2, &[Role::Employee]).await;
        let coach = world.human(3, &[Role::Employee, Role::InternalCoach]).await;
        let declined = world.human(4, &[Role::Employee, Role::InternalCoach]).await;
        let adviser = world.human(5, &[Role::Employee, Role::CareerAdviser]).await;
        let trainer = world.human(6, &[Role::Employee, Role::Trainer]).await;
        let administrator = world.human(7, &[Role::Employee, Role::Administrator]).await;
        let own = world.trajectory(1, &employee, TrajectoryState::Active).await;
        let others = world.trajectory(2, &colleague, TrajectoryState::Registered).await;
        world.referral(1, own, &declined, ReferralState::Declined).await;
        world.referral(2, own, &coach, ReferralState::Accepted).await;
        let both = [(&employee, Access::Write), (&coach, Access::Write)];
        let notes = world.document_in(1, DocKind::SharedNotes, Some(employee.user), Some(own), &both).await;
        Self {
            world,
            employee,
            colleague,
            coach,
            declined,
            adviser,
            trainer,
            administrator,
            own,
            others,
            notes,
        }
    }

    async fn directory(&self, of: &Human) -> Directory {
        let directory = self.world.store.directory(of.user).await.unwrap().unwrap();
        assert_eq!((directory.me, directory.version.as_str()), (of.user, ""));
        assert!(directory.people.is_sorted_by_key(|person| person.name.clone()));
        directory
    }
}

fn people(directory: &Directory) -> Vec<UserId> {
    directory.people.iter().map(|person| person.id).collect()
}

fn devices(directory: &Directory) -> Vec<DeviceId> {
    directory.devices.iter().map(|device| device.id).collect()
}

fn sorted(of: &[&Human]) -> Vec<DeviceId> {
    let mut ids: Vec<_> = of.iter().map(|human| human.device()).collect();
    ids.sort_unstable();
    ids
}

fn trajectory(directory: &Directory, id: TrajectoryId) -> &directory::Trajectory {
    directory.trajectories.iter().find(|it| it.id == id).unwrap()
}

/// Herself, every adviser, every coach, so that she can name whom she would rather not have; not her colleagues.
pub async fn an_employee_knows_the_advisers_and_the_coaches(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.employee).await;
    assert_eq!(people(&directory), [org.employee.user, org.coach.user, org.declined.user, org.adviser.user]);
    assert_eq!(devices(&directory), sorted(&[&org.employee, &org.coach]));
    assert_eq!(directory.trajectories.len(), 1);
    let own = trajectory(&directory, org.own);
    assert_eq!(
        (own.employee, own.coach(), own.referrals.len()),
        (org.employee.user, Some(org.coach.user), 2)
    );
    assert_eq!(
        directory.documents,
        [directory::Document {
            id: org.notes,
            kind: DocKind::SharedNotes,
            access: Access::Write,
            trajectory: Some(org.own),
            owner: Some(org.employee.user),
            due: None,
            kept_with: None,
            handed_to: vec![],
        }]
    );
    let directory = org.directory(&org.colleague).await;
    assert_eq!(people(&directory), [org.colleague.user, org.coach.user, org.declined.user, org.adviser.user]);
    assert_eq!(directory.documents, []);
}

/// Her employee, the pool, the advisers; of the trajectory her own referral alone.
pub async fn a_coach_knows_whom_she_was_referred_and_nobody_elses_referrals(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.coach).await;
    assert_eq!(
        people(&directory),
        [org.employee.user, org.coach.user, org.declined.user, org.adviser.user, org.trainer.user]
    );
    assert_eq!(directory.trajectories.len(), 1);
    let referrals = &trajectory(&directory, org.own).referrals;
    assert_eq!(referrals.iter().map(|it| it.coach).collect::<Vec<_>>(), [org.coach.user]);
}

/// Neither the trajectory nor whose it was.
pub async fn a_coach_who_declined_knows_nothing_more_of_it(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.declined).await;
    assert_eq!(directory.trajectories, []);
    assert!(!people(&directory).contains(&org.employee.user));
    assert_eq!(devices(&directory), sorted(&[&org.declined]));
}

/// With all referrals, and everybody.
pub async fn an_adviser_knows_every_trajectory(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.adviser).await;
    assert_eq!(directory.people.len(), 7);
    assert_eq!(directory.trajectories.iter().map(|it| it.id).collect::<Vec<_>>(), [org.own, org.others]);
    let referrals = &trajectory(&directory, org.own).referrals;
    assert_eq!(referrals.iter().map(|it| it.coach).collect::<Vec<_>>(), [org.declined.user, org.coach.user]);
    assert_eq!(directory.documents, []);
}

/// Who trains and coaches and advises; no employee.
pub async fn a_trainer_knows_the_pool_and_no_trajectory(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.trainer).await;
    assert_eq!(people(&directory), [org.coach.user, org.declined.user, org.adviser.user, org.trainer.user]);
    assert_eq!(directory.trajectories, []);
}

/// Accounts and devices are hers to manage; content is not.
pub async fn an_administrator_knows_people_and_devices_and_no_documents(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let directory = org.directory(&org.administrator).await;
    assert_eq!((directory.people.len(), directory.devices.len()), (7, 7));
    assert_eq!((directory.trajectories.len(), directory.documents.len()), (0, 0));
}

/// Else their signatures could not be checked.
pub async fn every_author_of_a_readable_item_is_listed_departed_ones_too(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let everyone = org.world.human(8, &[Role::Employee]).await;
    org.world.grant(org.notes, &[(&org.employee, Access::Write), (&everyone, Access::Read)]).await;
    org.world.revoke(&org.coach).await;
    let mut tx = org.world.begin().await;
    tx.put_user(&User { disabled: true, ..user(3, &[Role::Employee, Role::InternalCoach]) }).await.unwrap();
    tx.commit().await.unwrap();
    let directory = org.directory(&everyone).await;
    assert_eq!(devices(&directory), sorted(&[&org.employee, &org.coach, &everyone]));
    let coach = directory.devices.iter().find(|device| device.id == org.coach.device()).unwrap();
    assert!(coach.revoked);
    assert!(people(&directory).contains(&org.coach.user));
    assert!(people(&directory).contains(&org.employee.user));
    // Who only reads has signed nothing.
    assert!(!devices(&org.directory(&org.employee).await).contains(&everyone.device()));
}

/// And an administrator, who has to tell them apart.
pub async fn only_the_owner_of_a_device_is_told_its_name(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    for device in org.directory(&org.employee).await.devices {
        let hers = device.user == org.employee.user;
        assert_eq!(device.name.as_deref(), hers.then_some("Tablet"));
        assert_eq!(device.last_seen, hers.then_some(2));
    }
    assert!(org.directory(&org.administrator).await.devices.iter().all(|device| device.name.is_some()));
}

/// An account that is closed.
pub async fn a_disabled_person_has_no_directory_and_no_roles_for_others(backend: &impl Backend) {
    let org = Organisation::on(backend).await;
    let mut tx = org.world.begin().await;
    tx.put_user(&User { disabled: true, ..user(3, &[Role::Employee, Role::InternalCoach]) }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(org.world.store.directory(org.coach.user).await.unwrap(), None);
    assert_eq!(org.world.store.directory(UserId([99; 16])).await.unwrap(), None);
    let directory = org.directory(&org.adviser).await;
    assert_eq!(directory.people.iter().find(|it| it.id == org.coach.user).unwrap().roles, []);
}
