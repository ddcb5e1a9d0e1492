//! Which address shows which page. Every page works at its own address, with or without a network.

use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Redirect, Route};
use leptos_router::path;

use super::navigation::home_of;
use crate::pages::admin::{Audit, OnePerson, People, Retention};
use crate::pages::adviser::AdviserRoutes;
use crate::pages::coach::CoachRoutes;
use crate::pages::employee::EmployeeRoutes;
use crate::pages::everyone::{Devices, NotFound, Privacy, SecondStep, Settings};
use crate::pages::my_data::{MyData, Requests};
use crate::pages::pool::{Practice, Programme};
use crate::session::Session;

/// The pages behind the door.
#[component]
pub fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=NotFound>
            <Route path=path!("/") view=Home/>
            <EmployeeRoutes/>
            <CoachRoutes/>
            <AdviserRoutes/>
            <Route path=path!("/programma") view=Programme/>
            <Route path=path!("/praktijk") view=Practice/>
            <Route path=path!("/mensen") view=People/>
            <Route path=path!("/mensen/:id") view=OnePerson/>
            <Route path=path!("/logboek") view=Audit/>
            <Route path=path!("/bewaartermijnen") view=Retention/>
            <Route path=path!("/apparaten") view=Devices/>
            <Route path=path!("/instellingen") view=Settings/>
            <Route path=path!("/instellingen/beveiliging") view=SecondStep/>
            <Route path=path!("/mijn-gegevens") view=MyData/>
            <Route path=path!("/verzoeken") view=Requests/>
            <Route path=path!("/privacy") view=Privacy/>
        </FlatRoutes>
    }
}

/// The first page, by role.
#[component]
fn Home() -> impl IntoView {
    let session = expect_context::<Session>();
    view! { <Redirect path=untrack(|| home_of(&session.roles()))/> }
}
