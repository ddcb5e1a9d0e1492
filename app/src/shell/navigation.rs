//! Where one can go: by role, in words, in one row.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use leptos_router::hooks::use_location;
use shared::domain::role::Role;

use super::Preferences;
use crate::device::Device;
use crate::i18n::*;
use crate::pages::my_data::has_requests;
use crate::session::Session;

/// A place in the navigation and who has it.
struct Place {
    path: &'static str,
    /// Addresses that belong to this place too.
    also: &'static [&'static str],
    roles: &'static [Role],
}

/// What is there for a coach only once something is asked of her.
const REQUESTS: &str = "/verzoeken";

const PLACES: [Place; 12] = [
    Place { path: "/overzicht", also: &["/intake", "/koppelen"], roles: &[Role::CareerAdviser] },
    Place { path: "/vandaag", also: &[], roles: &[Role::InternalCoach] },
    Place { path: "/trajecten", also: &[], roles: &[Role::InternalCoach] },
    Place { path: "/coachpool", also: &[], roles: &[Role::CareerAdviser] },
    Place {
        path: "/programma",
        also: &[],
        roles: &[Role::InternalCoach, Role::CareerAdviser, Role::Trainer],
    },
    Place { path: "/praktijk", also: &[], roles: &[Role::InternalCoach, Role::CareerAdviser, Role::Trainer] },
    Place { path: "/profiel", also: &[], roles: &[Role::InternalCoach] },
    Place { path: "/mensen", also: &[], roles: &[Role::Administrator] },
    Place {
        path: REQUESTS,
        also: &[],
        roles: &[Role::CareerAdviser, Role::InternalCoach, Role::Administrator],
    },
    Place { path: "/bewaartermijnen", also: &[], roles: &[Role::Administrator] },
    Place { path: "/logboek", also: &[], roles: &[Role::Administrator] },
    Place { path: "/loopbaan", also: &[], roles: &[Role::Employee] },
];

/// The first page of someone with these roles.
pub fn home_of(roles: &[Role]) -> &'static str {
    let first = PLACES.iter().find(|place| place.roles.iter().any(|role| roles.contains(role)));
    first.map_or("/loopbaan", |place| place.path)
}

fn words(i18n: I18nContext<Locale>, path: &str) -> &'static str {
    match path {
        "/overzicht" => t_string!(i18n, common.nav_overview),
        "/vandaag" => t_string!(i18n, common.nav_today),
        "/trajecten" => t_string!(i18n, common.nav_trajectories),
        "/coachpool" => t_string!(i18n, common.nav_pool),
        "/programma" => t_string!(i18n, common.nav_programme),
        "/praktijk" => t_string!(i18n, common.nav_practice),
        "/profiel" => t_string!(i18n, common.nav_profile),
        "/mensen" => t_string!(i18n, common.nav_people),
        REQUESTS => t_string!(i18n, mydata.requests_title),
        "/bewaartermijnen" => t_string!(i18n, retention.title),
        "/logboek" => t_string!(i18n, audit.title),
        _ => t_string!(i18n, common.nav_career),
    }
}

fn within(path: &str, place: &str) -> bool {
    path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
}

/// Name, navigation, language and lock.
#[component]
pub fn Header(
    /// Whether the device is unlocked.
    #[prop(into)]
    open: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let preferences = expect_context::<Preferences>();
    let other = move || if i18n.get_locale() == Locale::nl { Locale::en } else { Locale::nl };
    view! {
        <header class="site-header" class:open=move || open.get()>
            <div class="bar">
                <a class="brand" href="/">
                    <img src="/icons/icon.svg" alt="" width="32" height="32"/>
                    <span class="words">{t!(i18n, common.product)}</span>
                </a>
                <button
                    type="button"
                    class="plain"
                    lang=move || other().as_str()
                    on:click=move |_| preferences.set_language(untrack(other))
                >
                    {t!(i18n, common.switch_language)}
                </button>
                <Show when=move || open.get()>
                    <Show
                        when=move || session.is_shared()
                        fallback=move || view! {
                            <button type="button" on:click=move |_| session.lock()>{t!(i18n, common.lock)}</button>
                        }
                    >
                        <a class="button" href="/instellingen">{t!(i18n, vault.shared_end)}</a>
                    </Show>
                </Show>
            </div>
            <Show when=move || open.get()><Navigation/></Show>
        </header>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let i18n = use_i18n();
    let location = use_location();
    let session = expect_context::<Session>();
    let device = expect_context::<Device>();
    let roles = Memo::new(move |_| session.roles());
    let places = Memo::new(move |_| {
        let roles = roles.get();
        let oversees = [Role::CareerAdviser, Role::Administrator].iter().any(|it| roles.contains(it));
        let asked = oversees || device.directory().is_some_and(|it| has_requests(&it));
        let mine = PLACES.iter().filter(|place| place.roles.iter().any(|role| roles.contains(role)));
        let mine = mine.filter(|place| place.path != REQUESTS || asked);
        mine.map(|place| (place.path, place.also)).collect::<Vec<_>>()
    });
    view! {
        <nav class="site-nav" aria-label=move || t_string!(i18n, common.menu)>
            <ul>
                <For each=move || places.get() key=|(path, _)| *path let((path, also))>
                    <li>
                        <a href=path aria-current=move || {
                            let here = location.pathname.get();
                            let current = within(&here, path) || also.iter().any(|also| within(&here, also));
                            current.then_some("page")
                        }>
                            {move || words(i18n, path)}
                        </a>
                    </li>
                </For>
            </ul>
        </nav>
    }
}

/// What is the same for everybody.
#[component]
pub fn Footer(
    /// Whether the device is unlocked.
    #[prop(into)]
    open: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <footer class="site-footer">
            <nav aria-label=move || t_string!(i18n, common.also)>
                <ul>
                    <Show when=move || open.get()>
                        <li><a href="/apparaten">{t!(i18n, common.devices)}</a></li>
                        <li><a href="/mijn-gegevens">{t!(i18n, mydata.title)}</a></li>
                        <li><a href="/instellingen">{t!(i18n, common.settings)}</a></li>
                    </Show>
                    <li><a href="/privacy">{t!(i18n, common.privacy)}</a></li>
                </ul>
            </nav>
        </footer>
    }
}
