//! The adviser's pages.

mod intake;
mod matching;
mod overview;
mod pool;

use leptos::prelude::*;
use leptos_router::components::Route;
use leptos_router::{MatchNestedRoutes, path};

use intake::Intake;
use matching::Matching;
use overview::Overview;
use pool::Pool;

/// The addresses of these pages.
#[component(transparent)]
pub fn AdviserRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/overzicht") view=Overview/>
        <Route path=path!("/intake/:id") view=Intake/>
        <Route path=path!("/koppelen/:id") view=Matching/>
        <Route path=path!("/coachpool") view=Pool/>
    }
    .into_inner()
}
