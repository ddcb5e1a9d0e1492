use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, ObjId, ObjType, ROOT, ReadDoc as _, TextEncoding};
use shared::sync::change::parse;

use super::*;

const OWN: DeviceId = DeviceId([7; 16]);

fn new(actor: ActorId) -> AutoCommit {
    AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
        .with_actor(automerge::ActorId::from(actor.0.as_slice()))
}

fn mine(tail: u8) -> ActorId {
    ActorId::of_device(OWN, [tail; 8])
}

fn document(changes: Vec<Change>, tail: u8) -> AutoCommit {
    let mut doc = new(mine(tail));
    doc.apply_changes(changes).expect("the changes make a document");
    doc
}

/// A document that another device began: one text with some words.
fn begun() -> (Vec<Change>, ObjId) {
    let mut doc = new(ActorId::of_device(DeviceId([1; 16]), [1; 8]));
    let text = doc.put_object(ROOT, "text", ObjType::Text).unwrap();
    doc.splice_text(&text, 0, 0, "begin. ").unwrap();
    doc.commit();
    (doc.get_changes(&[]), text)
}

fn append(doc: &mut AutoCommit, text: &ObjId, words: &str) -> Change {
    let end = doc.length(text);
    doc.splice_text(text, end, 0, words).unwrap();
    let hash = doc.commit().unwrap();
    doc.get_change_by_hash(&hash).unwrap()
}

fn set(changes: &[&Change]) -> HashSet<ChangeHash> {
    changes.iter().map(|change| hash(change)).collect()
}

fn text_of(changes: &[Change], text: &ObjId) -> String {
    document(changes.to_vec(), 99).text(text).unwrap()
}

/// Two histories of one actor, as after a memory that was restored: `[in the log, refused, on top of that]`.
fn forked() -> (Vec<Change>, ObjId, [Change; 3]) {
    let (begun, text) = begun();
    let logged = append(&mut document(begun.clone(), 5), &text, "Een. ");
    let mut other = document(begun.clone(), 5);
    let refused = append(&mut other, &text, "Twee. ");
    let on_top = append(&mut other, &text, "Drie. ");
    (begun, text, [logged, refused, on_top])
}

#[test]
fn a_forked_actor_is_said_again_with_all_that_was_built_on_it() {
    let (mut changes, text, [logged, refused, on_top]) = forked();
    changes.extend([logged, refused.clone(), on_top.clone()]);
    let found = replace(changes, &set(&[&refused]), &HashSet::new(), OWN);
    assert_eq!(found.new.iter().map(|(old, _)| *old).collect::<Vec<_>>(), [hash(&refused), hash(&on_top)]);
    assert!(found.hopeless.is_empty());
    let whole = text_of(&found.all, &text);
    assert!(whole.starts_with("begin. "), "{whole}");
    assert!(whole.contains("Een. ") && whole.contains("Twee. Drie. "), "{whole}");
    // One new actor of this device, counting from one, that builds on nothing refused.
    let said: Vec<_> = found.new.iter().map(|(_, change)| parse(change.raw_bytes()).unwrap()).collect();
    assert_eq!(said.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(said[0].actor.belongs_to(OWN) && said[0].actor != mine(5));
    assert_eq!(said[0].actor, said[1].actor);
    assert_eq!(said[1].deps, [said[0].hash]);
    assert!(!said[0].deps.contains(&hash(&refused)));
}

#[test]
fn whoever_mends_makes_the_same_changes() {
    let (begun, _, [logged, refused, on_top]) = forked();
    let changes = [begun.as_slice(), &[logged, refused.clone(), on_top.clone()]].concat();
    let here = replace(changes.clone(), &set(&[&refused]), &HashSet::new(), OWN);
    let there =
        replace(changes.into_iter().rev().collect(), &set(&[&refused, &on_top]), &HashSet::new(), OWN);
    let hashes = |found: &Replacement| found.new.iter().map(|(_, new)| hash(new)).collect::<Vec<_>>();
    assert_eq!(hashes(&here), hashes(&there));
}

#[test]
fn what_another_tab_built_on_replaced_changes_follows_them_once() {
    let (begun, text, [logged, refused, on_top]) = forked();
    let changes = [begun.as_slice(), &[logged, refused.clone(), on_top.clone()]].concat();
    let first = replace(changes.clone(), &set(&[&refused]), &HashSet::new(), OWN);
    // The other tab had all but the new ones, and went on writing under its own actor.
    let mut tab = document([begun.as_slice(), &[refused.clone(), on_top.clone()]].concat(), 6);
    let later = append(&mut tab, &text, "Vier. ");
    let replaced: HashSet<_> = first.new.iter().map(|(old, _)| *old).collect();
    let all: Vec<Change> = changes
        .into_iter()
        .chain([later.clone()])
        .chain(first.new.iter().map(|(_, new)| new.clone()))
        .collect();
    let second = replace(all, &HashSet::new(), &replaced, OWN);
    assert_eq!(second.new.iter().map(|(old, _)| *old).collect::<Vec<_>>(), [hash(&later)]);
    let whole = text_of(&second.all, &text);
    assert_eq!(whole.matches("Twee. Drie. Vier. ").count(), 1, "{whole}");
    assert_eq!(whole.matches("Twee. ").count(), 1, "{whole}");
    assert!(whole.contains("Een. "), "{whole}");
    // With everything replaced there is nothing left to do.
    let replaced = replaced.into_iter().chain([hash(&later)]).collect();
    let third = replace(
        second.all.into_iter().chain([refused, on_top, later]).collect(),
        &HashSet::new(),
        &replaced,
        OWN,
    );
    assert!(third.new.is_empty());
    assert_eq!(text_of(&third.all, &text), whole);
}

#[test]
fn things_made_in_a_refused_change_are_the_same_things_to_the_next() {
    let (begun, text) = begun();
    let mut doc = document(begun.clone(), 5);
    let entry = doc.put_object(ROOT, "entry", ObjType::Map).unwrap();
    let body = doc.put_object(&entry, "body", ObjType::Text).unwrap();
    doc.splice_text(&body, 0, 0, "eerst").unwrap();
    let refused = doc.commit().unwrap();
    let refused = doc.get_change_by_hash(&refused).unwrap();
    doc.splice_text(&body, 0, 1, "E").unwrap();
    // And something that was there before is taken away.
    doc.splice_text(&text, 0, 7, "").unwrap();
    doc.put(&entry, "done", true).unwrap();
    doc.commit();
    let changes = doc.get_changes(&[]);
    let found = replace(changes, &set(&[&refused]), &HashSet::new(), OWN);
    assert_eq!(found.new.len(), 2);
    let said = document(found.all, 9);
    let (_, entry) = said.get(ROOT, "entry").unwrap().unwrap();
    let (_, body) = said.get(&entry, "body").unwrap().unwrap();
    assert_eq!(said.text(&body).unwrap(), "Eerst");
    assert_eq!(said.text(&text).unwrap(), "");
    assert_eq!(said.get(&entry, "done").unwrap().and_then(|(it, _)| it.as_bool()), Some(true));
}

#[test]
fn what_was_said_again_and_is_refused_again_is_not_said_for_ever() {
    let (begun, _, [logged, refused, on_top]) = forked();
    let changes = [begun.as_slice(), &[logged, refused.clone(), on_top]].concat();
    let first = replace(changes.clone(), &set(&[&refused]), &HashSet::new(), OWN);
    let new: Vec<Change> = first.new.iter().map(|(_, new)| new.clone()).collect();
    let replaced = first.new.iter().map(|(old, _)| *old).collect();
    let all = changes.into_iter().chain(new.clone()).collect();
    let second = replace(all, &set(&[&new[0]]), &replaced, OWN);
    assert!(second.new.is_empty());
    assert_eq!(second.hopeless, [hash(&new[0])]);
}

#[test]
fn what_another_device_built_on_a_refused_change_is_not_said_in_its_name() {
    let (begun, text, [_, refused, _]) = forked();
    let mut other = new(ActorId::of_device(DeviceId([2; 16]), [2; 8]));
    other.apply_changes(begun.iter().cloned().chain([refused.clone()])).unwrap();
    let theirs = append(&mut other, &text, "Van een ander.");
    let changes = begun.into_iter().chain([refused.clone(), theirs.clone()]).collect();
    let found = replace(changes, &set(&[&refused]), &HashSet::new(), OWN);
    assert_eq!(found.new.len(), 1);
    assert!(found.all.iter().any(|change| change.hash() == theirs.hash()), "it is kept");
}
