use shared::ids::{PublicKey, UserId};

use super::*;

const DOC: DocId = DocId([1; 16]);
const OTHER: DocId = DocId([2; 16]);
const CARRIER: Carrier = Carrier { user: UserId([1; 16]), device: DeviceId([1; 16]) };
const HASH: ChangeHash = ChangeHash([7; 32]);

fn key(n: u8, writes: bool) -> AuthorKey {
    AuthorKey { id: DeviceId([n; 16]), public_key: PublicKey([n; 32]), writes }
}

/// With what the first device signed stored in the document, at the hub's first count.
fn authors() -> Authors {
    let authors = Authors::default();
    authors.remember(0, CARRIER, DOC, &[key(1, true), key(2, false)].map(Author::new));
    authors
}

fn known(authors: &Authors, epoch: u64, doc: DocId, device: u8) -> Option<BeforePush> {
    authors.before_push(epoch, CARRIER, doc, &[DeviceId([device; 16])], &[HASH]).map(|(before, _)| before)
}

#[test]
fn what_was_stored_just_now_is_not_asked_for_again() {
    let before = BeforePush { carries: true, authors: vec![key(1, true)], ..BeforePush::default() };
    assert_eq!(known(&authors(), 0, DOC, 1), Some(before));
    assert_eq!(known(&authors(), 0, OTHER, 1), None);
}

#[test]
fn what_is_in_quarantine_is_looked_up_whoever_brings_it() {
    let authors = authors();
    authors.quarantined([HASH]);
    assert_eq!(known(&authors, 0, DOC, 1), None);
}

#[test]
fn nothing_that_is_known_outlives_a_revocation() {
    let authors = authors();
    assert_eq!(known(&authors, 1, DOC, 1), None);
    assert_eq!(known(&authors, 0, DOC, 1), None);
}

#[test]
fn what_was_looked_up_before_a_revocation_is_not_remembered_after_it() {
    let authors = Authors::default();
    assert_eq!(known(&authors, 0, DOC, 1), None);
    // Another push looks something up after the revocation, before this one has been stored.
    assert_eq!(known(&authors, 1, OTHER, 1), None);
    authors.remember(0, CARRIER, DOC, &[key(1, true)].map(Author::new));
    assert_eq!(known(&authors, 1, DOC, 1), None);
    authors.remember(1, CARRIER, DOC, &[key(1, true)].map(Author::new));
    assert!(known(&authors, 1, DOC, 1).is_some());
}

#[test]
fn an_author_who_does_not_write_is_looked_up_each_time() {
    assert_eq!(known(&authors(), 0, DOC, 2), None);
}

#[test]
fn what_was_refused_is_looked_up_the_next_time() {
    let authors = authors();
    authors.forget(CARRIER, DOC);
    assert_eq!(known(&authors, 0, DOC, 1), None);
}
