use super::*;
use crate::domain::genesis::genesis;
use crate::domain::kind::DocKind;
use crate::ids::ActorId;
use crate::sync::crafted::{self, Soil};

/// Tries one operation on top of something sound.
fn tried(op: &crafted::Op<'_>) -> Result<(), Fault> {
    let start = &genesis(DocKind::SharedNotes).data[..];
    let soil = Soil::new(start, ActorId([3; 16])).unwrap();
    let crafted = soil.next.clone().doing(op);
    trial(None, &[start, &soil.sound], &[&crafted.chunk()])
}

#[test]
fn what_is_given_twice_is_missed() {
    let start = &genesis(DocKind::SharedNotes).data[..];
    let sound = Soil::new(start, ActorId([3; 16])).unwrap().sound;
    assert!(trial(None, &[start], &[&sound]).is_ok());
    let twice = trial(None, &[start, &sound], &[&sound]);
    assert!(matches!(twice, Err(Fault::Missing { given: 3, applied: 2 })), "{twice:?}");
}

#[test]
fn an_element_made_at_a_key_is_misplaced() {
    assert!(tried(&crafted::Op::put("k")).is_ok());
    let made = tried(&crafted::Op { insert: true, ..crafted::Op::put("k") });
    assert!(matches!(made, Err(Fault::Misplaced)), "{made:?}");
}
