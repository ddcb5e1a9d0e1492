//! Asking to have something erased, and asking what others keep.

use leptos::html;
use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory::Directory;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::request::{RequestKind, Scope};

use crate::components::{ChoiceField, day_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// What one can ask to have erased.
fn scopes(directory: &Directory) -> Vec<Scope> {
    let mine = directory.trajectories.iter();
    let mine = mine.filter(|it| it.employee == directory.me && it.state != TrajectoryState::Destroyed);
    let trajectories = mine.map(|it| Scope::Trajectory { trajectory: it.id });
    [Scope::Drafts {}].into_iter().chain(trajectories).chain([Scope::Account {}]).collect()
}

/// The value of a choice.
fn code(scope: Scope) -> String {
    scope.trajectory().map_or_else(|| scope.code().to_owned(), |it| it.to_string())
}

/// Whether the same is asked for already.
fn is_asked(directory: &Directory, scope: Scope) -> bool {
    let covers = |it: Scope| it == scope || it == Scope::Account {};
    directory.requests.iter().any(|it| {
        it.person == directory.me
            && it.kind == RequestKind::Erasure
            && it.state.is_open()
            && it.scope.is_some_and(covers)
    })
}

/// Both questions.
#[component]
pub fn Asking() -> impl IntoView {
    view! { <Erasing/> <Seeing/> }
}

#[component]
fn Erasing() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let chosen = RwSignal::new(code(Scope::Drafts {}));
    let dialog = NodeRef::<html::Dialog>::new();
    let scopes = Memo::new(move |_| device.directory().map(|it| scopes(&it)).unwrap_or_default());
    let scope = Memo::new(move |_| {
        scopes.with(|all| all.iter().copied().find(|it| chosen.with(|chosen| code(*it) == *chosen)))
    });
    let choices = Signal::derive(move || {
        let locale = i18n.get_locale();
        let directory = device.directory();
        let words = |scope: Scope| match scope {
            Scope::Drafts {} => t_string!(i18n, mydata.erase_drafts).to_owned(),
            Scope::Account {} => t_string!(i18n, mydata.erase_account).to_owned(),
            Scope::Trajectory { trajectory } => {
                let found = directory.iter().flat_map(|it| &it.trajectories).find(|it| it.id == trajectory);
                let at = found.map(|it| day_text(locale, it.registered_at)).unwrap_or_default();
                t_string!(i18n, mydata.erase_trajectory, at = at).to_string()
            }
        };
        scopes.get().into_iter().map(|scope| (code(scope), words(scope))).collect::<Vec<_>>()
    });
    let waits = Memo::new(move |_| {
        is_on_its_way(
            device,
            |command| matches!(command, Command::RequestErasure { scope: it } if Some(*it) == scope.get()),
        )
    });
    let asked = Memo::new(move |_| {
        device.directory().zip(scope.get()).is_some_and(|(directory, scope)| is_asked(&directory, scope))
    });
    let at_once = move || scope.get() == Some(Scope::Drafts {});
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Only fails when it is open already.
            let _ = dialog.show_modal();
        }
    };
    let ask = move |_| {
        if let Some(scope) = scope.get_untracked() {
            device.command(Command::RequestErasure { scope });
        }
        close();
    };
    view! {
        <section class="stack" aria-labelledby="erase-heading">
            <h2 id="erase-heading">{t!(i18n, mydata.erase_title)}</h2>
            <p>{t!(i18n, mydata.erase_text)}</p>
            <ChoiceField
                id="erase" label=move || t_string!(i18n, mydata.erase_what) choices=choices
                chosen=chosen on_choose=Callback::new(move |it| chosen.set(it))
            />
            <div role="status">
                {move || if waits.get() {
                    view! { <p>{t!(i18n, common.command_waiting)}</p> }.into_any()
                } else if asked.get() {
                    view! { <p>{t!(i18n, mydata.erase_asked)}</p> }.into_any()
                } else {
                    ().into_any()
                }}
            </div>
            <Show when=move || !waits.get() && !asked.get() && scope.with(Option::is_some)>
                <div class="row">
                    <button type="button" class="danger" on:click=open>
                        {move || if at_once() {
                            t_string!(i18n, mydata.erase_now)
                        } else {
                            t_string!(i18n, mydata.erase_ask)
                        }}
                    </button>
                </div>
            </Show>
            <dialog node_ref=dialog aria-labelledby="erase-sure">
                <div class="stack">
                    <h2 id="erase-sure">
                        {move || if at_once() {
                            t_string!(i18n, mydata.erase_sure_now)
                        } else {
                            t_string!(i18n, mydata.erase_sure_ask)
                        }}
                    </h2>
                    <p>
                        {move || match scope.get() {
                            Some(Scope::Drafts {}) | None => t_string!(i18n, mydata.erase_drafts_how),
                            Some(Scope::Trajectory { .. }) => t_string!(i18n, mydata.erase_trajectory_how),
                            Some(Scope::Account {}) => t_string!(i18n, mydata.erase_account_how),
                        }}
                    </p>
                    <p>{t!(i18n, mydata.erase_copy_first)}</p>
                    <div class="row">
                        <button type="button" class="danger" on:click=ask>
                            {move || if at_once() {
                                t_string!(i18n, mydata.erase_now)
                            } else {
                                t_string!(i18n, mydata.erase_ask)
                            }}
                        </button>
                        <button type="button" class="plain" on:click=move |_| close()>{t!(i18n, common.cancel)}</button>
                    </div>
                </div>
            </dialog>
        </section>
    }
}

#[component]
fn Seeing() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let waits = Memo::new(move |_| is_on_its_way(device, |it| matches!(it, Command::RequestAccess {})));
    let asked = Memo::new(move |_| {
        device.directory().is_some_and(|directory| {
            let mine = |it: &&shared::domain::request::Request| it.person == directory.me;
            let mut open = directory.requests.iter().filter(mine);
            open.any(|it| it.kind == RequestKind::Access && it.state.is_open())
        })
    });
    view! {
        <section class="stack" aria-labelledby="see-heading">
            <h2 id="see-heading">{t!(i18n, mydata.see_title)}</h2>
            <p>{t!(i18n, mydata.see_text)}</p>
            <div role="status">
                {move || if waits.get() {
                    view! { <p>{t!(i18n, common.command_waiting)}</p> }.into_any()
                } else if asked.get() {
                    view! { <p>{t!(i18n, mydata.see_asked)}</p> }.into_any()
                } else {
                    ().into_any()
                }}
            </div>
            <Show when=move || !waits.get() && !asked.get()>
                <div class="row">
                    <button type="button" on:click=move |_| { device.command(Command::RequestAccess {}); }>
                        {t!(i18n, mydata.see_ask)}
                    </button>
                </div>
            </Show>
        </section>
    }
}
