//! The employee's pages.

mod career;
mod fields;
mod form;
mod mine;
mod rather_not;
mod review;
mod section;
mod sharing;
mod timeline;
mod trajectory;
mod wheel;

use leptos::prelude::*;
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute as _};
use leptos_router::components::Route;
use leptos_router::path;

use career::Career;
use form::Form;
use review::Review;
use section::SectionPage;
use sharing::Sharing;
use trajectory::MyTrajectory;

/// The addresses of these pages.
#[component(transparent)]
pub fn EmployeeRoutes() -> AnyNestedRoute {
    view! {
        <Route path=path!("/loopbaan") view=Career/>
        <Route path=path!("/loopbaan/formulier") view=Form/>
        <Route path=path!("/loopbaan/formulier/:section") view=SectionPage/>
        <Route path=path!("/loopbaan/delen") view=Sharing/>
        <Route path=path!("/loopbaan/terugblik") view=Review/>
        <Route path=path!("/loopbaan/traject/:id/:part?/:talk?") view=MyTrajectory/>
    }
    .into_inner()
    .into_any_nested_route()
}
