//! Documents as types, under concurrent editing and under arbitrary content.

#![allow(clippy::unwrap_used)]

use automerge::transaction::Transactable as _;
use automerge::{ActorId, AutoCommit, Change, ObjId, ObjType, ROOT, ReadDoc as _, ScalarValue, TextEncoding};
use proptest::prelude::*;
use shared::domain::coach_profile::{self, CoachProfile, ProfileSet, ProfileText};
use shared::domain::entry::Standing;
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::notes::{self, NewNote, Notes};
use shared::domain::plan::{self, ItemKind, ItemState, NewItem, Plan};
use shared::domain::practice::{self, Practice};
use shared::domain::programme::{self, Programme};
use shared::domain::progress::{self, Moment, Progress, TalkKind};
use shared::domain::reflection::{self, JobField, Reflection};
use shared::domain::reflection_form::{Guidance, SCALES, Section};
use shared::domain::text::Splice;
use shared::ids::UserId;

const ME: UserId = UserId([7; 16]);

/// A replica of a new document, with its own actor.
fn replica(kind: DocKind, actor: u8) -> AutoCommit {
    let mut doc =
        AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([actor; 16]));
    doc.apply_changes([Change::from_bytes(genesis(kind).data.clone()).unwrap()]).unwrap();
    doc
}

fn merge(one: &mut AutoCommit, other: &mut AutoCommit) {
    one.merge(other).unwrap();
    other.merge(one).unwrap();
    assert_eq!(one.get_heads(), other.get_heads());
}

fn note<'a>(id: &'a str, parts: &'a [&'a str]) -> NewNote<'a> {
    NewNote { id, by: ME, talk: None, talk_at: Some(5), template: Some("quick"), parts }
}

/// Replaces whatever a part of a note reads.
fn rewrite(doc: &mut AutoCommit, id: &str, part: Option<&str>, text: &str, now: u64) {
    let old = Notes::read(doc).find(id).unwrap().part(part).to_owned();
    notes::change_text(doc, id, part, &old, text, now).unwrap();
}

#[test]
fn both_devices_write_the_same_answer_for_the_first_time_and_no_word_is_lost() {
    let (mut one, mut other) = (replica(DocKind::ReflectionDraft, 1), replica(DocKind::ReflectionDraft, 2));
    reflection::change_text(&mut one, "A1", "", "Ik wil vooruit.").unwrap();
    reflection::change_text(&mut other, "A1", "", "Ik twijfel.").unwrap();
    merge(&mut one, &mut other);
    let answer = Reflection::read(&one).text("A1").to_owned();
    assert!(answer.contains("Ik wil vooruit.") && answer.contains("Ik twijfel."), "{answer}");
}

#[test]
fn two_notes_under_one_id_are_both_found_and_can_both_be_written() {
    let (mut one, mut other) = (replica(DocKind::WorkingNotes, 1), replica(DocKind::WorkingNotes, 2));
    for (doc, words) in [(&mut one, "van de tablet"), (&mut other, "van de telefoon")] {
        notes::add_session(doc, note("same", &[]), 1).unwrap();
        rewrite(doc, "same", None, words, 2);
    }
    merge(&mut one, &mut other);
    let found = Notes::read(&one);
    assert_eq!(found.notes.len(), 2);
    for note in &found.notes {
        rewrite(&mut one, &note.id, None, &format!("{} en meer", note.text), 3);
    }
    let texts: Vec<_> = Notes::read(&one).notes.into_iter().map(|note| note.text).collect();
    assert!(texts.contains(&"van de tablet en meer".to_owned()));
    assert!(texts.contains(&"van de telefoon en meer".to_owned()));
}

#[test]
fn an_edit_revives_what_someone_else_deleted_and_says_so() {
    let (mut one, mut other) = (replica(DocKind::SharedNotes, 1), replica(DocKind::SharedNotes, 2));
    notes::add_session(&mut one, note("n", &[]), 1_000).unwrap();
    merge(&mut one, &mut other);
    notes::delete(&mut one, "n").unwrap();
    assert_eq!(Notes::read(&one).deleted.len(), 1);
    rewrite(&mut other, "n", None, "nog iets", 9_000);
    merge(&mut one, &mut other);
    let found = Notes::read(&one);
    assert_eq!(found.notes[0].stamp.standing, Standing::Revived);
    assert_eq!(found.notes[0].text, "nog iets");
}

#[test]
fn deleting_can_be_undone_and_an_edit_at_the_same_moment_counts_as_later() {
    let mut doc = replica(DocKind::WorkingNotes, 1);
    notes::add_session(&mut doc, note("n", &[]), 1_000).unwrap();
    notes::delete(&mut doc, "n").unwrap();
    notes::restore(&mut doc, "n").unwrap();
    assert_eq!(Notes::read(&doc).notes[0].stamp.standing, Standing::Here);
    notes::delete(&mut doc, "n").unwrap();
    rewrite(&mut doc, "n", None, "x", 1_000);
    assert_eq!(Notes::read(&doc).notes[0].stamp.standing, Standing::Revived);
}

#[test]
fn copying_sections_twice_changes_nothing_and_copies_no_other_section() {
    let mut draft = replica(DocKind::ReflectionDraft, 1);
    reflection::change_text(&mut draft, "A1", "", "Aanleiding 🙂").unwrap();
    reflection::change_text(&mut draft, "G1", "", "geheim").unwrap();
    reflection::set_scale(&mut draft, "B1", Some(6)).unwrap();
    reflection::set_guidance(&mut draft, Some(Guidance::External)).unwrap();
    reflection::add_job(&mut draft, "j", 1).unwrap();
    reflection::change_job(&mut draft, "j", JobField::Title, "", "Timmerman", 2).unwrap();
    let draft = Reflection::read(&draft);
    let mut shared = replica(DocKind::Reflection, 2);
    let chosen = [Section::A, Section::B, Section::E];
    reflection::copy_sections(&draft, &mut shared, &chosen, 10).unwrap();
    shared.commit();
    let heads = shared.get_heads();
    reflection::copy_sections(&draft, &mut shared, &chosen, 20).unwrap();
    assert_eq!(shared.pending_ops(), 0);
    assert_eq!(shared.get_heads(), heads);
    let read = Reflection::read(&shared);
    assert!(chosen.iter().all(|&section| draft.section_equals(&read, section)));
    assert!(!shared.text(text_of(&shared, "G1")).unwrap().contains("geheim"));
    assert_eq!(read.guidance, None);
    assert_eq!(read.shared.keys().copied().collect::<Vec<_>>(), chosen);

    reflection::withdraw_sections(&mut shared, &[Section::A], 30).unwrap();
    let read = Reflection::read(&shared);
    assert_eq!(read.text("A1"), "");
    assert!(!read.shared.contains_key(&Section::A));
}

fn text_of(doc: &AutoCommit, question: &str) -> ObjId {
    let (_, answers) = doc.get(ROOT, "answers").unwrap().unwrap();
    doc.get(answers, question).unwrap().unwrap().1
}

#[test]
fn votes_of_two_people_never_overwrite_each_other() {
    let (mut one, mut other) = (replica(DocKind::Programme, 1), replica(DocKind::Programme, 2));
    programme::add_module(&mut one, "m", "Luisteren", None, 1).unwrap();
    programme::add_topic(&mut one, "m", "t", "Stilte", 1).unwrap();
    merge(&mut one, &mut other);
    programme::vote(&mut one, "m", "t", UserId([1; 16]), true).unwrap();
    programme::vote(&mut other, "m", "t", UserId([2; 16]), true).unwrap();
    programme::offer(&mut other, "m", UserId([2; 16]), "een oefening").unwrap();
    merge(&mut one, &mut other);
    let module = &Programme::read(&one).modules[0];
    assert_eq!(module.topics[0].votes.len(), 2);
    assert_eq!(module.offers.len(), 1);
}

#[test]
fn a_stale_text_field_loses_no_word_of_what_was_written_meanwhile() {
    let mut doc = replica(DocKind::WorkingNotes, 1);
    notes::add_session(&mut doc, note("n", &[]), 1).unwrap();
    rewrite(&mut doc, "n", None, "een drie", 2);
    // The field still shows "een drie" while the document has more.
    notes::change_text(&mut doc, "n", None, "een drie", "een twee drie", 3).unwrap();
    notes::change_text(&mut doc, "n", None, "een drie", "een drie vier", 4).unwrap();
    notes::change_text(&mut doc, "n", None, "een drie", "nul een drie", 5).unwrap();
    assert_eq!(Notes::read(&doc).notes[0].text, "nul een twee drie vier");
}

/// Something a person does with a `shared_notes`.
#[derive(Debug, Clone)]
enum Step {
    Insert { note: usize, part: bool, at: usize, mark: u32 },
    DeleteNote(usize),
    RestoreNote(usize),
    Item { kind: usize, state: usize, mark: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..3_usize, any::<bool>(), any::<usize>(), any::<u32>())
            .prop_map(|(note, part, at, mark)| Step::Insert { note, part, at, mark }),
        1 => (0..3_usize).prop_map(Step::DeleteNote),
        1 => (0..3_usize).prop_map(Step::RestoreNote),
        2 => (0..3_usize, 0..4_usize, any::<u32>())
            .prop_map(|(kind, state, mark)| Step::Item { kind, state, mark }),
    ]
}

const NOTE_IDS: [&str; 3] = ["n0", "n1", "n2"];

/// Does the steps, and answers the words that were written.
fn perform(doc: &mut AutoCommit, who: &str, steps: &[Step]) -> Vec<String> {
    let mut words = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let now = 10_000 * (place as u64 + 1);
        match step {
            Step::Insert { note, part, at, mark } => {
                let word = format!("<{who}{place}ü🙂{mark}>");
                let part = part.then_some("insight");
                let old = Notes::read(doc).find(NOTE_IDS[*note]).unwrap().part(part).to_owned();
                // Never inside a word that was written before: those are looked for afterwards.
                let gaps: Vec<usize> = [0]
                    .into_iter()
                    .chain(old.char_indices().filter(|it| it.1 == '>').map(|it| it.0 + 1))
                    .collect();
                let gap = gaps[at % gaps.len()];
                let new = format!("{}{word}{}", &old[..gap], &old[gap..]);
                notes::change_text(doc, NOTE_IDS[*note], part, &old, &new, now).unwrap();
                words.push(word);
            }
            Step::DeleteNote(note) => notes::delete(doc, NOTE_IDS[*note]).unwrap(),
            Step::RestoreNote(note) => notes::restore(doc, NOTE_IDS[*note]).unwrap(),
            Step::Item { kind, state, mark } => {
                let (id, word) = (format!("{who}{place}"), format!("<{who}{place}item{mark}>"));
                let kind = ItemKind::ALL[*kind];
                let new =
                    NewItem { id: &id, kind, text: &word, owner: Some(ME), due: None, note: None, by: ME };
                plan::add(doc, new, now).unwrap();
                plan::set_status(doc, kind, &id, ItemState::ALL[*state], now).unwrap();
                words.push(word);
            }
        }
    }
    words
}

/// An arbitrary value at a key.
#[derive(Debug, Clone)]
enum Junk {
    Scalar(ScalarValue),
    Map,
    List,
    Text(String),
}

fn junk() -> impl Strategy<Value = Junk> {
    prop_oneof![
        prop_oneof![
            Just(ScalarValue::Null),
            any::<bool>().prop_map(ScalarValue::Boolean),
            any::<i64>().prop_map(ScalarValue::Int),
            any::<u64>().prop_map(ScalarValue::Uint),
            any::<f64>().prop_map(ScalarValue::F64),
            any::<i64>().prop_map(ScalarValue::Timestamp),
            any::<i64>().prop_map(ScalarValue::counter),
            ".{0,8}".prop_map(|text| ScalarValue::Str(text.into())),
            proptest::collection::vec(any::<u8>(), 0..6).prop_map(ScalarValue::Bytes),
        ]
        .prop_map(Junk::Scalar),
        Just(Junk::Map),
        Just(Junk::List),
        ".{0,12}".prop_map(Junk::Text),
    ]
}

const KEYS: [&str; 40] = [
    "answers",
    "closing",
    "jobs",
    "sections",
    "meta",
    "notes",
    "goals",
    "actions",
    "agreements",
    "talks",
    "scores",
    "texts",
    "expertise",
    "days",
    "modules",
    "supervision",
    "pages",
    "A1",
    "B1",
    "B4.content",
    "H1",
    "title",
    "text",
    "parts",
    "template",
    "by",
    "talk_at",
    "created_at",
    "edited_at",
    "deleted_version",
    "state",
    "due",
    "owner",
    "topics",
    "votes",
    "offers",
    "capacity",
    "place",
    "x",
    "at",
];

fn put(doc: &mut AutoCommit, parent: &ObjId, key: &str, junk: &Junk) -> Option<ObjId> {
    match junk {
        Junk::Scalar(scalar) => {
            doc.put(parent, key, scalar.clone()).unwrap();
            None
        }
        Junk::Map => Some(doc.put_object(parent, key, ObjType::Map).unwrap()),
        Junk::List => {
            doc.put_object(parent, key, ObjType::List).unwrap();
            None
        }
        Junk::Text(words) => {
            let text = doc.put_object(parent, key, ObjType::Text).unwrap();
            doc.splice_text(text, 0, 0, words).unwrap();
            None
        }
    }
}

fn read_all(doc: &AutoCommit) -> String {
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        Reflection::read(doc),
        Notes::read(doc),
        Plan::read(doc),
        Progress::read(doc),
        CoachProfile::read(doc),
        Programme::read(doc),
        Practice::read(doc)
    )
}

/// Writing to a spoilt document may be refused, never panic.
fn write_all(doc: &mut AutoCommit) {
    let _ = reflection::change_text(doc, "A1", "", "x");
    let _ = reflection::set_scale(doc, SCALES[0], Some(3));
    let _ = reflection::add_job(doc, "x", 1);
    let _ = reflection::change_job(doc, "x", JobField::Title, "", "y", 2);
    let _ = reflection::copy_sections(&Reflection::default(), doc, &Section::ALL, 3);
    let _ = notes::add_session(doc, note("x", &["insight"]), 1);
    let _ = notes::change_text(doc, "x", Some("insight"), "oud", "nieuw", 2);
    let _ = notes::delete(doc, "x");
    let _ = plan::set_status(doc, ItemKind::Goal, "x", ItemState::Done, 2);
    let _ = progress::plan_talk(doc, "x", TalkKind::Call, 1, ME, 1);
    let _ = progress::set_held(doc, "x", true, 2);
    let _ = progress::show_score(doc, Moment::End, "F2", Some(9));
    let _ = coach_profile::set_member(doc, ProfileSet::Days, "maandag", true);
    let _ = coach_profile::change_text(doc, ProfileText::About, "", "x");
    let _ = programme::add_topic(doc, "x", "at", "y", 2);
    let _ = programme::vote(doc, "x", "at", ME, true);
    let _ = practice::change_text(doc, "x", "", "y", 2);
}

proptest! {
    #[test]
    fn a_splice_makes_the_new_text_of_the_old_one(old in "[abü🙂e\u{301}]{0,12}", new in "[abü🙂e\u{301}]{0,12}") {
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        let text = doc.put_object(ROOT, "t", ObjType::Text).unwrap();
        doc.splice_text(&text, 0, 0, &old).unwrap();
        if let Some(splice) = Splice::between(&old, &new) {
            splice.apply(&mut doc, &text).unwrap();
        }
        prop_assert_eq!(doc.text(&text).unwrap(), new);
    }

    #[test]
    fn a_stale_replacement_fits_and_keeps_what_was_inserted_meanwhile(
        old in "[ab🙂]{0,10}", theirs in "[ab🙂x]{0,10}", mine in "[ab🙂y]{0,10}",
    ) {
        let mut doc = replica(DocKind::WorkingNotes, 1);
        notes::add_session(&mut doc, note("n", &[]), 1).unwrap();
        rewrite(&mut doc, "n", None, &old, 2);
        notes::change_text(&mut doc, "n", None, &old, &theirs, 3).unwrap();
        notes::change_text(&mut doc, "n", None, &old, &mine, 4).unwrap();
        let now = Notes::read(&doc).notes[0].text.clone();
        let count = |text: &str, which: char| text.chars().filter(|&it| it == which).count();
        prop_assert_eq!(count(&now, 'x'), count(&theirs, 'x'));
        prop_assert_eq!(count(&now, 'y'), count(&mine, 'y'));
    }

    #[test]
    fn concurrent_editing_loses_no_word_and_both_read_the_same(
        first in proptest::collection::vec(step(), 0..12),
        second in proptest::collection::vec(step(), 0..12),
        third in proptest::collection::vec(step(), 0..6),
    ) {
        let (mut one, mut other) = (replica(DocKind::SharedNotes, 1), replica(DocKind::SharedNotes, 2));
        for id in NOTE_IDS {
            notes::add_session(&mut one, note(id, &["words", "insight"]), 1_000).unwrap();
        }
        merge(&mut one, &mut other);
        let mut words = perform(&mut one, "a", &first);
        words.extend(perform(&mut other, "b", &second));
        merge(&mut one, &mut other);
        words.extend(perform(&mut one, "c", &third));
        merge(&mut one, &mut other);
        prop_assert_eq!(Notes::read(&one), Notes::read(&other));
        prop_assert_eq!(Plan::read(&one), Plan::read(&other));
        let (notes, plan) = (Notes::read(&one), Plan::read(&one));
        let all: String = notes.notes.iter().chain(&notes.deleted).map(notes::Note::all_text)
            .chain(plan.items.iter().chain(&plan.deleted).map(|item| item.text.clone()))
            .collect();
        for word in words {
            prop_assert!(all.contains(&word), "{} is missing in {}", word, all);
        }
        prop_assert_eq!(notes.oddities, []);
    }

    #[test]
    fn reading_and_writing_never_panic_on_arbitrary_content(
        kind in 0..DocKind::ALL.len(),
        entries in proptest::collection::vec((any::<usize>(), 0..KEYS.len(), junk()), 0..30),
    ) {
        let mut doc = replica(DocKind::ALL[kind], 1);
        // Maps that are there already, so that junk lands at every depth that views look at.
        let mut maps = vec![ROOT];
        let roots: Vec<_> = doc.keys(ROOT).collect();
        maps.extend(roots.iter().map(|key| doc.get(ROOT, key.as_str()).unwrap().unwrap().1));
        for (parent, key, junk) in &entries {
            let parent = maps[parent % maps.len()].clone();
            maps.extend(put(&mut doc, &parent, KEYS[*key], junk));
        }
        let read = read_all(&doc);
        let mut other = replica(DocKind::ALL[kind], 2);
        other.merge(&mut doc).unwrap();
        prop_assert_eq!(read, read_all(&other));
        write_all(&mut doc);
        read_all(&doc);
    }
}
