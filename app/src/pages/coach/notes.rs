//! Notes of one talk in one document: a plain large field, or one for each part of a template.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use shared::domain::entry;
use shared::domain::notes::{self, NewNote, Notes};
use shared::domain::template::{TEMPLATES, Template};

use crate::components::{DocumentText, SelectField, Undo};
use crate::device::{Device, Document, EditError};
use crate::i18n::*;
use crate::pages::case::{AlsoEdited, is_read_only};
use crate::pages::words;

/// Which notes of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotePlace {
    /// Those of a talk, and when that is.
    Talk(String, u64),
    /// Those that belong to none of the talks named; while the talks are not known, those that name none.
    Loose(Option<Vec<String>>),
}

/// How far the moment of a change may be from the moment of editing noted in it, in ms.
const SAME_EDIT: u64 = 10_000;

impl NotePlace {
    /// Whether a note belongs here.
    pub fn holds(&self, note: &notes::Note) -> bool {
        match self {
            Self::Talk(talk, _) => note.talk.as_ref() == Some(talk),
            Self::Loose(talks) => match (&note.talk, talks) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(talk), Some(talks)) => !talks.contains(talk),
            },
        }
    }
}

/// The ids of the notes to show at a place; where there is none yet, that of the note which the first keystroke
/// will make.
fn shown(
    device: Device,
    document: Option<Document>,
    place: &NotePlace,
    before: Option<&[String]>,
) -> Vec<String> {
    let found = document.and_then(|document| document.read(Notes::read)).unwrap_or_default();
    let here: Vec<_> =
        found.notes.iter().filter(|note| place.holds(note)).map(|note| note.id.clone()).collect();
    if !here.is_empty() {
        return here;
    }
    match before {
        Some([id]) if found.find(id).is_none() => vec![id.clone()],
        _ => vec![entry::id(device.random())],
    }
}

/// Writes into a note, and makes it first if it is not there.
fn write(
    device: Device,
    document: Document,
    place: &NotePlace,
    id: &str,
    part: Option<&str>,
    (old, new): (&str, &str),
) -> Result<(), EditError> {
    let now = device.now_ms();
    let by = device.directory().map(|directory| directory.me).ok_or(EditError::NotHere)?;
    document.type_in(|doc| {
        if notes::text_of(doc, id, None).is_none() {
            begin(doc, place, id, by, None, now)?;
        }
        notes::change_text(doc, id, part, old, new, now)
    })
}

fn begin(
    doc: &mut automerge::AutoCommit,
    place: &NotePlace,
    id: &str,
    by: shared::ids::UserId,
    template: Option<&Template>,
    now: u64,
) -> Result<(), entry::WriteError> {
    let (talk, talk_at) = match place {
        NotePlace::Talk(talk, at) => (Some(talk.as_str()), Some(*at)),
        NotePlace::Loose(_) => (None, None),
    };
    let parts = template.map_or(&[][..], |template| template.parts);
    let template = template.map(|template| template.code);
    notes::add_session(doc, NewNote { id, by, talk, talk_at, template, parts }, now)
}

/// The notes of a place in one document, ready to be written in.
#[component]
pub fn NotesFor(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] document: Signal<Option<Document>>,
    #[prop(into)] place: Signal<NotePlace>,
    /// The label of the field, for who cannot see the heading above it.
    #[prop(into)]
    label: TextProp,
    /// Offers no templates.
    #[prop(optional)]
    plain: bool,
    /// Called before the first word of a note: makes the talk it belongs to.
    #[prop(into, optional)]
    begin_talk: Option<Callback<()>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let readonly = Memo::new(move |_| is_read_only(document.get()));
    let label = StoredValue::new(label);
    let ids = Memo::new(move |before: Option<&(NotePlace, Vec<String>)>| {
        let place = place.get();
        let before = before.filter(|(before, _)| *before == place).map(|(_, ids)| ids.as_slice());
        let ids = shown(device, document.get(), &place, before);
        (place, ids)
    });
    let choose = Callback::new(move |code: String| {
        let (Some(document), Some(template)) = (document.get_untracked(), Template::of(&code)) else {
            return;
        };
        let Some(by) = device.directory().map(|directory| directory.me) else { return };
        if let Some(begin_talk) = begin_talk {
            begin_talk.run(());
        }
        let place = place.get_untracked();
        let empty: Vec<_> = document
            .read_untracked(Notes::read)
            .unwrap_or_default()
            .notes
            .into_iter()
            .filter(|note| place.holds(note) && note.is_empty())
            .map(|note| note.id)
            .collect();
        let now = device.now_ms();
        let fresh = entry::id(device.random());
        let done = document.edit(|doc| {
            // An empty note makes way for the one with the template.
            for id in &empty {
                notes::delete(doc, id)?;
            }
            begin(doc, &place, &fresh, by, Some(template), now)
        });
        if let Err(error) = done {
            leptos::logging::warn!("no note made: {error}");
        }
    });
    let choices = Signal::derive(move || {
        let none = (String::new(), t_string!(i18n, coach.template_none).to_string());
        let all = TEMPLATES.iter().map(|it| (it.code.to_owned(), words::template(i18n, it.code)));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let is_of_here = move |at: u64| {
        let notes = document.get().and_then(|document| document.read(Notes::read)).unwrap_or_default().notes;
        place.with(|place| {
            notes.iter().any(|note| place.holds(note) && note.stamp.edited_at.abs_diff(at) < SAME_EDIT)
        })
    };
    view! {
        <Show
            when=move || document.get().is_some_and(|document| document.read(|_| ()).is_some())
            fallback=move || view! { <p class="soft">{t!(i18n, common.not_here_yet)}</p> }
        >
            <For each=move || ids.get().1 key=Clone::clone let(note)>
                <NoteFields id=format!("{id}-{note}") note=note document=document place=place label=label.get_value() readonly=readonly begin_talk=begin_talk/>
            </For>
            <Show when=move || !plain && !readonly.get()>
                <details class="no-print">
                    <summary>{t!(i18n, coach.with_template)}</summary>
                    <SelectField
                        id=format!("template-{id}")
                        label=move || t_string!(i18n, coach.template)
                        choices=choices
                        chosen=Signal::stored(String::new())
                        on_choose=choose
                    />
                </details>
            </Show>
            <AlsoEdited document=document concerns=Callback::new(is_of_here)/>
        </Show>
    }
}

/// One note.
#[component]
fn NoteFields(
    id: String,
    note: String,
    document: Signal<Option<Document>>,
    place: Signal<NotePlace>,
    label: TextProp,
    #[prop(into)] readonly: Signal<bool>,
    begin_talk: Option<Callback<()>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let undo = expect_context::<Undo>();
    let note = StoredValue::new(note);
    // Which fields it has: none of a template, and the free text.
    let shape = Memo::new(move |_| {
        let found = document.get().and_then(|document| document.read(Notes::read)).unwrap_or_default();
        let found = note.with_value(|id| found.find(id).cloned());
        found.map(|found| {
            let parts: Vec<_> = found.parts.into_iter().map(|(key, _)| key).collect();
            (found.template, parts, found.talk.is_none().then_some(found.stamp.created_at))
        })
    });
    let parts = Memo::new(move |_| {
        let (template, parts, _) = shape.get().unwrap_or_default();
        parts.into_iter().map(|part| (template.clone().unwrap_or_default(), part)).collect::<Vec<_>>()
    });
    let value_of = move |part: Option<String>| {
        Callback::new(move |()| {
            document.get()?.read(|doc| {
                note.with_value(|id| notes::text_of(doc, id, part.as_deref())).unwrap_or_default()
            })
        })
    };
    let write_to = move |part: Option<String>| {
        Callback::new(move |(old, new): (String, String)| {
            let document = document.get_untracked().ok_or(EditError::NotHere)?;
            if let Some(begin_talk) = begin_talk {
                begin_talk.run(());
            }
            let place = place.get_untracked();
            note.with_value(|id| {
                untrack(|| write(device, document, &place, id, part.as_deref(), (&old, &new)))
            })
        })
    };
    let leave = Callback::new(move |()| {
        if let Some(document) = document.get_untracked() {
            document.flush();
        }
    });
    let remove = move |_| {
        let (Some(document), id) = (document.get_untracked(), note.get_value()) else { return };
        if document.edit(|doc| notes::delete(doc, &id)).is_ok() {
            undo.offer(t_string!(i18n, common.deleted).to_string(), move || {
                if let Err(error) = document.edit(|doc| notes::restore(doc, &id)) {
                    leptos::logging::warn!("not taken back: {error}");
                }
            });
        }
    };
    let has_parts = Memo::new(move |_| parts.with(|parts| !parts.is_empty()));
    view! {
        <div class="stack">
            {move || shape.get().and_then(|(_, _, at)| at).map(|at| view! {
                <p class="small soft"><crate::components::Day at=at/></p>
            })}
            <For each=move || parts.get() key=Clone::clone let((template, part))>
                {
                    let field = format!("{id}-{part}");
                    let (value, on_type) = (value_of(Some(part.clone())), write_to(Some(part.clone())));
                    view! {
                        <DocumentText
                            id=field
                            label=move || words::part(i18n, &template, &part)
                            value=value on_type=on_type on_leave=leave readonly=readonly small=true
                        />
                    }
                }
            </For>
            <DocumentText
                id=format!("{}-text", note.get_value())
                label=move || if has_parts.get() { t_string!(i18n, coach.part_rest).to_string() } else { label.get().to_string() }
                value=value_of(None) on_type=write_to(None) on_leave=leave readonly=readonly
            />
            <Show when=move || shape.get().is_some() && !readonly.get()>
                <div class="row no-print">
                    <button type="button" class="plain" on:click=remove>{t!(i18n, coach.delete_note)}</button>
                </div>
            </Show>
        </div>
    }
}
