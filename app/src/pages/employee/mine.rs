//! What is the employee's own: her form, her trajectory, and who guides her.

use leptos::prelude::*;
use shared::domain::directory::Trajectory;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::reflection::Reflection;
use shared::domain::role::Role;

use crate::device::{Device, Document};
use crate::pages::case::current;

/// The signed-in person as an employee.
#[derive(Clone, Copy)]
pub struct Mine {
    /// Her device.
    pub device: Device,
    /// Her latest trajectory of which anything is left.
    pub trajectory: Memo<Option<Trajectory>>,
    /// The form as she fills it in.
    pub draft: Memo<Option<Document>>,
    /// What is in it; `None` while it is not here.
    pub form: Memo<Option<Reflection>>,
}

impl Mine {
    /// Hers who is signed in.
    pub fn new() -> Self {
        let device = expect_context::<Device>();
        let trajectory = Memo::new(move |_| {
            let directory = device.directory()?;
            let mine = directory.trajectories.iter().filter(|it| it.employee == directory.me);
            mine.filter(|it| it.state != TrajectoryState::Destroyed)
                .max_by_key(|it| it.registered_at)
                .cloned()
        });
        let draft = Memo::new(move |_| draft(device));
        let form = Memo::new(move |_| draft.get()?.read(Reflection::read));
        Self { device, trajectory, draft, form }
    }

    /// Her document of that kind in her trajectory. Tracked.
    pub fn document(self, kind: DocKind) -> Option<Document> {
        current(self.device, kind, self.trajectory.with(|it| it.as_ref().map(|it| it.id))?)
    }

    /// The career advisers' names. Tracked.
    pub fn advisers(self) -> String {
        let Some(directory) = self.device.directory() else { return String::new() };
        let advisers = directory.people.iter().filter(|person| person.roles.contains(&Role::CareerAdviser));
        advisers.map(|person| person.name.clone()).collect::<Vec<_>>().join(", ")
    }

    /// The name of her coach, or of who was asked to be it, and that coach's profile. Tracked.
    pub fn coach(self) -> Option<(String, Option<Document>)> {
        let trajectory = self.trajectory.get()?;
        let asked = trajectory.referrals.iter().rev().find(|it| it.state == ReferralState::Offered);
        let coach = trajectory.coach().or_else(|| asked.map(|it| it.coach))?;
        let directory = self.device.directory()?;
        let name = directory.people.iter().find(|person| person.id == coach)?.name.clone();
        let is_profile = |it: &&shared::domain::directory::Document| {
            it.kind == DocKind::CoachProfile && it.owner == Some(coach)
        };
        let profile = directory.documents.iter().find(is_profile).map(|it| self.device.document(it.id));
        Some((name, profile))
    }
}

fn draft(device: Device) -> Option<Document> {
    let directory = device.directory()?;
    let is_it = |it: &&shared::domain::directory::Document| {
        it.kind == DocKind::ReflectionDraft && it.owner == Some(directory.me)
    };
    directory.documents.iter().find(is_it).map(|it| device.document(it.id))
}
