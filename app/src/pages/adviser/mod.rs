//! The adviser's pages.

mod intake;
mod matching;
mod overview;
mod pool;
mod transfer;

use leptos::prelude::*;
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute as _};
use leptos_router::components::Route;
use leptos_router::path;

use intake::Intake;
use matching::Matching;
use overview::Overview;
use pool::Pool;

/// The addresses of these pages.
#[component(transparent)]
pub fn AdviserRoutes() -> AnyNestedRoute {
    view! {
        <Route path=path!("/overzicht") view=Overview/>
        <Route path=path!("/intake/:id") view=Intake/>
        <Route path=path!("/koppelen/:id") view=Matching/>
        <Route path=path!("/coachpool") view=Pool/>
    }
    .into_inner()
    .into_any_nested_route()
}
