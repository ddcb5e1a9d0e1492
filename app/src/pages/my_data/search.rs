//! What a coach or adviser does who was asked: she searches what she keeps about the person, takes it along for her, and
//! says what became of it.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::request::{Answer, Reason, RequestKind};
use shared::domain::role::Role;
use shared::ids::{DocId, RequestId, UserId};

use super::export::Whose;
use super::overseeing::{first, reasons};
use super::readable::Reader;
use super::requests::request_of;
use super::take_along::TakeAlong;
use super::words;
use crate::components::{SelectField, document_name};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// So many places are shown; who needs more takes the whole along.
const MOST: usize = 50;
/// Letters around a place that was found.
const AROUND: usize = 80;

/// A place where the word stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    document: String,
    text: String,
}

/// The part of a text around the word, without regard to case.
fn around(text: &str, word: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    let lower = |letters: &[char]| letters.iter().flat_map(|it| it.to_lowercase()).collect::<String>();
    let word = word.to_lowercase();
    let length = word.chars().count();
    let from =
        (0..letters.len()).find(|at| lower(&letters[*at..(at + length).min(letters.len())]) == word)?;
    let (start, end) = (from.saturating_sub(AROUND), (from + length + AROUND).min(letters.len()));
    let mut found: String = letters[start..end].iter().collect();
    if start > 0 {
        found.insert(0, '…');
    }
    if end < letters.len() {
        found.push('…');
    }
    Some(found)
}

/// Everything about that person in which the word stands.
async fn search(
    i18n: leptos_i18n::I18nContext<Locale>,
    device: Device,
    person: UserId,
    word: String,
) -> Vec<Place> {
    let Some(directory) = untrack(|| device.directory()) else { return Vec::new() };
    let reader = Reader { i18n, directory: &directory };
    let mut places = Vec::new();
    for document in &directory.documents {
        let trajectory = directory.trajectories.iter().find(|it| Some(it.id) == document.trajectory);
        if trajectory.map_or(document.owner, |it| Some(it.employee)) != Some(person) {
            continue;
        }
        let ids: [DocId; 1] = [document.id];
        for borrowed in device.borrow(&ids).await {
            let parts = borrowed.read(|doc| reader.parts(document.kind, doc)).unwrap_or_default();
            let texts = parts.iter().flat_map(|part| part.lines.iter().map(|(_, text)| text));
            let found = texts.filter_map(|text| around(text, &word));
            let name = untrack(|| document_name(i18n, device, document.id));
            places.extend(found.map(|text| Place { document: name.clone(), text }));
        }
        device.breathe().await;
    }
    places
}

/// The part of a request that is for whoever looks.
#[component]
pub fn Answering(id: RequestId, role: Role, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let request = Memo::new(move |_| request_of(device, id));
    let Some((kind, person)) = untrack(|| request.get()).map(|it| (it.kind, it.person)) else {
        return ().into_any();
    };
    let said = Memo::new(move |_| {
        let me = device.directory().map(|it| it.me);
        let request = request.get()?;
        let mut mine =
            request.steps.iter().filter(|it| it.role == role && (it.user.is_none() || it.user == me));
        mine.next()?.answer
    });
    let waits = Memo::new(move |_| {
        is_on_its_way(
            device,
            |command| matches!(command, Command::AnswerRequest { request, role: it, .. } if *request == id && *it == role),
        )
    });
    let of = Reason::of(kind, true);
    let reason = RwSignal::new(first(of));
    let answer = move |answer| _ = device.command(Command::AnswerRequest { request: id, role, answer });
    let no = move |_| {
        if let Some(reason) = reason.with_untracked(|code| Reason::from_code(code)) {
            answer(Answer::No { reason });
        }
    };
    let is_access = kind == RequestKind::Access;
    let whose = if role == Role::CareerAdviser {
        Signal::derive(move || t_string!(i18n, mydata.look_adviser, name = name.get()).to_string())
    } else {
        Signal::derive(move || t_string!(i18n, mydata.look_coach, name = name.get()).to_string())
    };
    let label = Signal::derive(move || t_string!(i18n, mydata.look_take, name = name.get()).to_string());
    view! {
        <div class="stack">
            <h3>{move || words::asked(i18n, role)}</h3>
            <p>{move || whose.get()}</p>
            <p>
                {move || if is_access {
                    t_string!(i18n, mydata.look_access)
                } else {
                    t_string!(i18n, mydata.look_erasure)
                }}
            </p>
            <Search id=id person=person name=name/>
            <TakeAlong whose=Whose::About(person) label=label/>
            {move || said.get().map(|it| view! {
                <p role="status">{t!(i18n, mydata.look_said)} " " {words::answer(i18n, kind, Some(it))}</p>
            })}
            <Show
                when=move || !waits.get()
                fallback=move || view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }
            >
                <div class="row">
                    <button type="button" class="primary" on:click=move |_| answer(Answer::Yes {})>
                        {move || if is_access {
                            t_string!(i18n, mydata.look_provided)
                        } else {
                            t_string!(i18n, mydata.look_may_go)
                        }}
                    </button>
                </div>
                <SelectField
                    id=format!("answer-{}-{id}", role.code()) label=move || t_string!(i18n, mydata.look_why_not)
                    choices=reasons(i18n, of) chosen=reason on_choose=Callback::new(move |it| reason.set(it))
                />
                <div class="row">
                    <button type="button" on:click=no>
                        {move || if is_access {
                            t_string!(i18n, mydata.look_not_provided)
                        } else {
                            t_string!(i18n, mydata.look_stays)
                        }}
                    </button>
                </div>
            </Show>
        </div>
    }
    .into_any()
}

#[component]
fn Search(id: RequestId, person: UserId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let word = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Vec<Place>>);
    let look = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = word.get_untracked().trim().to_owned();
        if wanted.is_empty() {
            found.set(None);
            return;
        }
        leptos::task::spawn_local(async move {
            let places = search(i18n, device, person, wanted).await;
            found.try_set(Some(places));
        });
    };
    // Unique on the page: there may be more than one request.
    let field = format!("search-{id}");
    view! {
        <form class="stack tight" on:submit=look>
            <div class="field narrow">
                <label for=field.clone()>
                    {move || t_string!(i18n, mydata.search_label, name = name.get()).to_string()}
                </label>
                <input
                    id=field type="search" autocomplete="off" prop:value=move || word.get()
                    on:input=move |event| word.set(event_target_value(&event))
                />
            </div>
            <div class="row"><button type="submit">{t!(i18n, mydata.search)}</button></div>
        </form>
        <div role="status">
            {move || found.get().map(|places| {
                let count = places.len();
                view! {
                    <p>{t!(i18n, mydata.search_found, count = count)}</p>
                    <ul>
                        {places.into_iter().take(MOST).map(|it| view! {
                            <li><q>{it.text}</q> " (" {it.document} ")"</li>
                        }).collect_view()}
                    </ul>
                }
            })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_shown_with_what_stands_around_it() {
        assert_eq!(around("Zij wil ÉCHT verder 🌱.", "écht").as_deref(), Some("Zij wil ÉCHT verder 🌱."));
        let long = format!("{}woord{}", "a".repeat(200), "b".repeat(200));
        let found = around(&long, "Woord").unwrap();
        assert!(found.starts_with('…') && found.ends_with('…') && found.contains("awoordb"), "{found}");
        assert_eq!(around("niets", "woord"), None);
    }
}
