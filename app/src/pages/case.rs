//! One trajectory as a page sees it: what the directory says of it, and its documents.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::domain::command::Command;
use shared::domain::directory::{Directory, Person, Trajectory};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::ids::{TrajectoryId, UserId};

use crate::device::{Device, Document, DocumentStatus};
use crate::i18n::*;

/// The trajectory of the page's address.
#[derive(Clone, Copy)]
pub struct Case {
    device: Device,
    id: Memo<Option<TrajectoryId>>,
}

impl Case {
    /// Takes the trajectory from the address' `:id`.
    pub fn from_address() -> Self {
        let device = expect_context::<Device>();
        let params = use_params_map();
        let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse().ok()));
        Self { device, id }
    }

    /// Its id, if the address has one. Tracked.
    pub fn id(self) -> Option<TrajectoryId> {
        self.id.get()
    }

    /// What the directory says of it. Tracked.
    pub fn trajectory(self) -> Option<Trajectory> {
        let id = self.id.get()?;
        self.device.directory()?.trajectories.iter().find(|trajectory| trajectory.id == id).cloned()
    }

    /// The employee's name, empty while it is unknown. Tracked.
    pub fn employee_name(self) -> String {
        let Some(trajectory) = self.trajectory() else { return String::new() };
        name_of(self.device, trajectory.employee).unwrap_or_default()
    }

    /// The name of the other one of coach and employee, empty while it is unknown. Tracked.
    pub fn companion_name(self) -> String {
        let (Some(trajectory), Some(directory)) = (self.trajectory(), self.device.directory()) else {
            return String::new();
        };
        let other =
            if trajectory.employee == directory.me { trajectory.coach() } else { Some(trajectory.employee) };
        other.and_then(|other| name_of(self.device, other)).unwrap_or_default()
    }

    /// Its document of that kind, if this person may know of one.
    pub fn document(self, kind: DocKind) -> Memo<Option<Document>> {
        let (id, device) = (self.id, self.device);
        Memo::new(move |_| current(device, kind, id.get()?))
    }

    /// Whether this person was its coach and has been succeeded. Tracked.
    pub fn is_former(self) -> bool {
        let (Some(trajectory), Some(directory)) = (self.trajectory(), self.device.directory()) else {
            return false;
        };
        is_former(&trajectory, directory.me)
    }
}

/// A trajectory's document of that kind; of shared notes those with the coach of now. Tracked.
pub fn current(device: Device, kind: DocKind, trajectory: TrajectoryId) -> Option<Document> {
    let directory = device.directory()?;
    let coach = directory.trajectories.iter().find(|it| it.id == trajectory).and_then(Trajectory::coach);
    let is_it = |it: &&shared::domain::directory::Document| {
        it.kind == kind
            && it.trajectory == Some(trajectory)
            && it.kept_with.is_none_or(|kept| Some(kept) == coach)
    };
    directory.documents.iter().find(is_it).map(|it| device.document(it.id))
}

/// Whether that person was a trajectory's coach and has been succeeded.
pub fn is_former(trajectory: &Trajectory, person: UserId) -> bool {
    let has = |state| trajectory.referrals.iter().any(|it| it.coach == person && it.state == state);
    has(ReferralState::Ended) && !has(ReferralState::Accepted)
}

/// A person's name. Tracked.
pub fn name_of(device: Device, user: UserId) -> Option<String> {
    person_of(&*device.directory()?, user).map(|person| person.name.clone())
}

/// A person in the directory.
pub fn person_of(directory: &Directory, user: UserId) -> Option<&Person> {
    directory.people.iter().find(|person| person.id == user)
}

/// Whether a command like this is on its way. Tracked.
pub fn is_on_its_way(device: Device, like: impl Fn(&Command) -> bool) -> bool {
    device.commands().iter().any(|queued| queued.is_waiting() && like(&queued.command))
}

/// Whether the document is here and can be read but not written. Tracked.
pub fn is_read_only(document: Option<Document>) -> bool {
    document.is_some_and(|document| matches!(document.status(), DocumentStatus::Ready { writable: false }))
}

/// "Ook bewerkt door Fatima, 13:40" below something that this person writes too, or nothing.
#[component]
pub fn AlsoEdited(
    #[prop(into)] document: Signal<Option<Document>>,
    /// Of an edit at that moment (ms since 1970) only if this says so: a document may hold more than what is shown.
    #[prop(into, optional)]
    concerns: Option<Callback<u64, bool>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let words = move || {
        let edit = document.get()?.last_remote_edit()?;
        if is_read_only(document.get()) || concerns.is_some_and(|concerns| !concerns.run(edit.at)) {
            return None;
        }
        let locale = i18n.get_locale();
        let now = device.now_ms();
        let at = if crate::components::same_day(edit.at, now) {
            crate::components::time_text(locale, edit.at)
        } else {
            crate::components::day_text(locale, edit.at)
        };
        // What she wrote herself elsewhere needs no mention.
        if edit.user == Some(device.directory()?.me) {
            return None;
        }
        let name = edit.user.and_then(|user| name_of(device, user));
        let name = name.unwrap_or_else(|| t_string!(i18n, common.unknown_person).to_string());
        Some(t_string!(i18n, common.also_edited, name = name, at = at).to_string())
    };
    view! { {move || words().map(|words| view! { <p class="small soft">{words}</p> })} }
}
