//! The coach's pages.

mod notes;
mod plan;
mod profile;
mod progress;
mod referrals;
mod today;
mod trajectories;
mod trajectory;

use leptos::prelude::*;
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute as _};
use leptos_router::components::Route;
use leptos_router::path;

pub use notes::{NotePlace, NotesFor};
pub use plan::PlanPart;
pub use profile::DAYS;
use profile::Profile;
use today::Today;
use trajectories::Trajectories;
use trajectory::Trajectory;

/// The addresses of these pages.
#[component(transparent)]
pub fn CoachRoutes() -> AnyNestedRoute {
    view! {
        <Route path=path!("/vandaag") view=Today/>
        <Route path=path!("/trajecten") view=Trajectories/>
        <Route path=path!("/trajecten/:id/:part?/:talk?") view=Trajectory/>
        <Route path=path!("/profiel") view=Profile/>
    }
    .into_inner()
    .into_any_nested_route()
}
