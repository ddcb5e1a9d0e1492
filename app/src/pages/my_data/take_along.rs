//! The button that makes the file, how far it is, and what became of it.

use leptos::prelude::*;
use shared::domain::command::{Command, ExportName};

use super::export::{Failed, Made, Progress, Whose, export};
use crate::components::{Notice, Tone};
use crate::device::Device;
use crate::i18n::*;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Idle,
    Making(Progress),
    Done(Made),
    Failed(Failed),
}

/// Makes one ZIP and offers it as a download.
#[component]
pub fn TakeAlong(whose: Whose, #[prop(into)] label: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let state = RwSignal::new(State::Idle);
    // Counts the tries: what was begun before the last one, or before the page was left, stops by itself.
    let turn = StoredValue::new(0_u32);
    on_cleanup(move || _ = turn.try_update_value(|turn| *turn += 1));
    let make = move |_| {
        turn.update_value(|turn| *turn += 1);
        let own = turn.get_value();
        state.set(State::Making(Progress { done: 0, total: 0 }));
        leptos::task::spawn_local(async move {
            let go_on = move || turn.try_get_value() == Some(own);
            let show = move |progress| _ = state.try_set(State::Making(progress));
            let made = export(i18n, device, whose, show, go_on).await;
            let next = match made {
                Ok(made) => {
                    if whose == Whose::Mine {
                        device.command(Command::NoteExport { what: ExportName::my_data() });
                    }
                    State::Done(made)
                }
                Err(Failed::Stopped) => State::Idle,
                Err(failed) => State::Failed(failed),
            };
            state.try_set(next);
        });
    };
    let stop = move |_| {
        turn.update_value(|turn| *turn += 1);
        state.set(State::Idle);
    };
    let progress =
        Memo::new(move |_| state.with(|it| if let State::Making(it) = it { Some(*it) } else { None }));
    let is_making = Memo::new(move |_| progress.with(Option::is_some));
    view! {
        <div class="row">
            <button type="button" class:primary=whose == Whose::Mine aria-disabled=move || is_making.get().then_some("true") on:click=move |event| {
                if !is_making.get_untracked() {
                    make(event);
                }
            }>
                {move || label.get()}
            </button>
            <Show when=move || is_making.get()>
                <button type="button" class="plain" on:click=stop>{t!(i18n, mydata.take_stop)}</button>
            </Show>
        </div>
        <Show when=move || is_making.get()>
            {move || progress.get().map(|Progress { done, total }| {
                let words = move || t_string!(i18n, mydata.take_progress, done = done, total = total).to_string();
                view! {
                    <div class="stack tight">
                        <progress max=total.max(1) value=done aria-label=words></progress>
                        <p class="small">{words}</p>
                    </div>
                }
            })}
        </Show>
        <div role="status">
            {move || match state.get() {
                State::Done(Made { documents, unread }) => view! {
                    <div class="notice">
                        <p>{t!(i18n, mydata.take_done, count = documents)}</p>
                    </div>
                    {(!unread.is_empty()).then(|| view! {
                        <Notice tone=Tone::Warning>
                            <p>{t!(i18n, mydata.take_unread)}</p>
                            <ul>{unread.into_iter().map(|it| view! { <li>{it}</li> }).collect_view()}</ul>
                        </Notice>
                    })}
                }.into_any(),
                State::Failed(Failed::NotSaved(why)) => view! {
                    <div class="notice warn">
                        <p>{t!(i18n, mydata.take_failed)}</p>
                        {(!why.is_empty()).then(|| view! { <p class="small">{why}</p> })}
                    </div>
                }.into_any(),
                State::Failed(_) => view! {
                    <div class="notice warn"><p>{t!(i18n, mydata.take_not_open)}</p></div>
                }.into_any(),
                State::Idle | State::Making(_) => ().into_any(),
            }}
        </div>
    }
}
