//! A document's life on this device: from the first record of it to its deletion.
//!
//! The tabs of a device share one disk, and each has writes of its own on their way there. Where one of them deletes a
//! document, and perhaps has it again a moment later, what another one still meant to write belongs to the life
//! before: it would leave a hole behind a cursor, or bring back what was to be deleted. So each life has marks on the
//! disk, which go with it; every write about a document is made beside one of them, in the same transaction, or not
//! at all. A tab that finds its mark gone starts anew from what is on the disk.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use shared::ids::DocId;

use super::platform;
use super::queue::Beside;
use super::running::Running;
use super::store::{BLOBS, StoreError, Write};

/// How the names of marks begin among the blobs; the document and eight random bytes follow.
const LIFE: &str = "life/";

/// A mark, and whether it is known to be on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its name among the blobs.
    pub name: String,
    /// Until it is there, every write brings it along.
    pub is_there: bool,
}

/// The marks that this tab writes beside.
#[derive(Debug, Default)]
pub struct Lives {
    known: RefCell<HashMap<DocId, Mark>>,
    /// Documents whose deletion is on its way to the disk.
    deleting: RefCell<HashSet<DocId>>,
}

impl Lives {
    /// The mark of a document, if this tab has anything of it.
    pub fn of(&self, doc: DocId) -> Option<Mark> {
        self.known.borrow().get(&doc).cloned()
    }

    /// The mark of a document; a new one where this is the first that this tab has of it.
    fn begin(&self, doc: DocId, random: [u8; 8]) -> Mark {
        let new =
            || Mark { name: format!("{}{:016x}", prefix(doc), u64::from_be_bytes(random)), is_there: false };
        self.known.borrow_mut().entry(doc).or_insert_with(new).clone()
    }

    /// That mark is on the disk.
    fn landed(&self, doc: DocId, name: &str) {
        if let Some(mark) = self.known.borrow_mut().get_mut(&doc).filter(|mark| mark.name == name) {
            mark.is_there = true;
        }
    }

    /// The document is to be deleted.
    fn end(&self, doc: DocId) -> Option<Mark> {
        self.deleting.borrow_mut().insert(doc);
        self.known.borrow_mut().remove(&doc)
    }

    /// The document is deleted, or was already.
    fn ended(&self, doc: DocId) {
        self.deleting.borrow_mut().remove(&doc);
    }

    /// Whether its deletion is on its way to the disk.
    pub fn is_ending(&self, doc: DocId) -> bool {
        self.deleting.borrow().contains(&doc)
    }

    /// A mark was not there: whether the document is to be dropped. Not where this tab has had it anew since.
    fn overtaken(&self, doc: DocId, name: &str) -> bool {
        let mut known = self.known.borrow_mut();
        let is_meant = known.get(&doc).is_none_or(|mark| mark.name == name);
        if is_meant {
            known.remove(&doc);
        }
        is_meant
    }

    /// Takes the marks that were found on the disk for those of this tab, and says of which documents it had another
    /// one: they were deleted meanwhile.
    fn found(&self, names: &[String]) -> Vec<DocId> {
        let there: HashSet<&str> = names.iter().map(String::as_str).collect();
        let mut known = self.known.borrow_mut();
        let dead = known.iter().filter(|(_, mark)| mark.is_there && !there.contains(mark.name.as_str()));
        let dead: Vec<DocId> = dead.map(|(doc, _)| *doc).collect();
        known.retain(|doc, _| !dead.contains(doc));
        for name in names {
            if let Some(doc) = document(name) {
                known.entry(doc).or_insert_with(|| Mark { name: name.clone(), is_there: true });
            }
        }
        dead
    }
}

/// How the names of a document's marks begin.
fn prefix(doc: DocId) -> String {
    format!("{LIFE}{doc}/")
}

fn document(name: &str) -> Option<DocId> {
    name.strip_prefix(LIFE)?.split('/').next()?.parse().ok()
}

/// What deletes the marks of a document.
pub fn deletion(doc: DocId) -> Write {
    Write::DeletePrefix(BLOBS, prefix(doc))
}

impl Running {
    /// Reads the marks on the disk. To be called before anything else of the documents is read: what is deleted in
    /// between is found out by the first write.
    pub(super) async fn read_lives(self: &Rc<Self>) -> Result<(), StoreError> {
        let names = self.store.keys(BLOBS, LIFE).await?;
        for doc in self.lives.found(&names) {
            self.forget_copy(doc);
        }
        Ok(())
    }

    /// Reads the mark of a document that is about to be read from the disk.
    pub(super) async fn read_life(&self, doc: DocId) -> Result<(), StoreError> {
        if self.lives.of(doc).is_none() && !self.lives.is_ending(doc) {
            let names = self.store.keys(BLOBS, &prefix(doc)).await?;
            if let Some(name) = names.into_iter().next() {
                let mark = Mark { name, is_there: true };
                self.lives.known.borrow_mut().entry(doc).or_insert(mark);
            }
        }
        Ok(())
    }

    /// Documents that lie on the disk without a mark, as the first versions of this program left them, get one.
    pub(super) fn mark_lives(self: &Rc<Self>, docs: impl Iterator<Item = DocId>) {
        for doc in docs {
            if self.lives.of(doc).is_none() {
                let (writes, beside) = self.in_life(doc, Vec::new(), true, || ());
                let running = self.clone();
                self.writer.foreign_beside(beside, writes, move || running.lives_landed(doc));
            }
        }
    }

    /// What writes about a document become: beside its mark, or with it as long as it is not on the disk. `begins` says
    /// whether they may be the first; otherwise they are not made where this tab has nothing of the document.
    fn in_life(
        self: &Rc<Self>,
        doc: DocId,
        mut writes: Vec<Write>,
        begins: bool,
        not_written: impl FnOnce() + 'static,
    ) -> (Vec<Write>, Option<Beside>) {
        let mark = if begins { Some(self.lives.begin(doc, platform::random())) } else { self.lives.of(doc) };
        let name = match mark {
            Some(Mark { name, is_there: false }) => {
                writes.insert(0, Write::Put(BLOBS, name, Vec::new()));
                return (writes, None);
            }
            Some(Mark { name, .. }) => name,
            // Nothing is there to be beside of.
            None => prefix(doc),
        };
        let (running, missing) = (self.clone(), name.clone());
        let not_there = move || {
            not_written();
            running.overtaken(doc, &missing);
        };
        (writes, Some(Beside { store: BLOBS, key: name, not_there: Box::new(not_there) }))
    }

    fn lives_landed(&self, doc: DocId) {
        if let Some(mark) = self.lives.of(doc) {
            self.lives.landed(doc, &mark.name);
        }
    }

    /// Writes something that was made here in a document. `not_written` is called in place of `done` where the document
    /// was deleted meanwhile.
    pub(super) fn own_in(
        self: &Rc<Self>,
        doc: DocId,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
        not_written: impl FnOnce() + 'static,
    ) {
        let (writes, beside) = self.in_life(doc, writes, false, not_written);
        self.writer.own_beside(beside, writes, done);
    }

    /// Writes what the server sent of a document and would send again; see [`Writer::received`](super::writer::Writer).
    /// `not_written` is called where the disk does not take it, or the document was deleted meanwhile.
    pub(super) fn received_in(
        self: &Rc<Self>,
        doc: DocId,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
        not_written: impl Fn() + Clone + 'static,
    ) {
        let (writes, beside) = self.in_life(doc, writes, true, not_written.clone());
        let (running, mark) = (self.clone(), self.lives.of(doc));
        let done = move || {
            if let Some(mark) = mark {
                running.lives.landed(doc, &mark.name);
            }
            done();
        };
        self.writer.received_beside(beside, writes, done, not_written);
    }

    /// Deletes everything of a document, behind what the server sent of it before.
    pub(super) fn end_life(
        self: &Rc<Self>,
        doc: DocId,
        mut writes: Vec<Write>,
        done: impl FnOnce() + 'static,
    ) {
        writes.push(deletion(doc));
        let running = self.clone();
        let ended = move || {
            running.lives.ended(doc);
            done();
        };
        let beside = self.lives.end(doc).filter(|mark| mark.is_there).map(|mark| {
            let (running, name) = (self.clone(), mark.name.clone());
            let not_there = move || {
                running.lives.ended(doc);
                running.overtaken(doc, &name);
            };
            Beside { store: BLOBS, key: mark.name, not_there: Box::new(not_there) as Box<dyn FnOnce()> }
        });
        self.writer.foreign_beside(beside, writes, ended);
    }

    /// Begins a new life of a document with what is on the disk of it, so that no tab writes on from what it knew.
    pub(super) fn renew_life(
        self: &Rc<Self>,
        doc: DocId,
        mut writes: Vec<Write>,
        done: impl FnOnce() + 'static,
    ) {
        self.lives.known.borrow_mut().remove(&doc);
        let mark = self.lives.begin(doc, platform::random());
        writes.push(deletion(doc));
        writes.push(Write::Put(BLOBS, mark.name.clone(), Vec::new()));
        let running = self.clone();
        self.writer.foreign_beside(None, writes, move || {
            running.lives.landed(doc, &mark.name);
            done();
        });
    }

    /// Another tab has deleted a document: what this one knows of it is not what is on the disk.
    fn overtaken(self: &Rc<Self>, doc: DocId, name: &str) {
        if self.lives.overtaken(doc, name) {
            self.forget_copy(doc);
            self.restart_machine();
        }
    }

    /// Another tab says that it has deleted a document.
    pub(super) async fn deleted_by_tab(self: &Rc<Self>, doc: DocId) {
        let Some(mark) = self.lives.of(doc) else { return };
        // What cannot be read now is found out by the next write.
        if matches!(self.store.keys(BLOBS, &mark.name).await, Ok(names) if names.is_empty()) {
            self.overtaken(doc, &mark.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: DocId = DocId([7; 16]);

    #[test]
    fn a_mark_is_brought_along_until_it_is_there_and_names_its_document() {
        let lives = Lives::default();
        assert_eq!(lives.of(DOC), None);
        let mark = lives.begin(DOC, [1; 8]);
        assert!(!mark.is_there);
        assert_eq!(lives.begin(DOC, [2; 8]), mark, "one for all of this tab");
        assert_eq!(document(&mark.name), Some(DOC));
        lives.landed(DOC, "life/another");
        assert!(!lives.of(DOC).unwrap().is_there);
        lives.landed(DOC, &mark.name);
        assert!(lives.of(DOC).unwrap().is_there);
    }

    #[test]
    fn a_deleted_document_is_ending_until_the_disk_has_it_so() {
        let lives = Lives::default();
        let mark = lives.begin(DOC, [1; 8]);
        assert_eq!(lives.end(DOC), Some(mark.clone()));
        assert!(lives.is_ending(DOC) && lives.of(DOC).is_none());
        // It is there again before the deletion was made: another life.
        assert_ne!(lives.begin(DOC, [2; 8]), mark);
        lives.ended(DOC);
        assert!(!lives.is_ending(DOC) && lives.of(DOC).is_some());
    }

    #[test]
    fn what_was_meant_for_the_life_before_does_not_end_this_one() {
        let lives = Lives::default();
        let before = lives.begin(DOC, [1; 8]);
        lives.end(DOC);
        let now = lives.begin(DOC, [2; 8]);
        assert!(!lives.overtaken(DOC, &before.name));
        assert_eq!(lives.of(DOC), Some(now.clone()));
        assert!(lives.overtaken(DOC, &now.name));
        assert_eq!(lives.of(DOC), None);
        assert!(lives.overtaken(DOC, &now.name), "one that this tab has deleted too may be there again");
    }

    #[test]
    fn marks_on_the_disk_are_taken_over_and_what_lost_its_own_is_dead() {
        let lives = Lives::default();
        let (other, new) = (DocId([8; 16]), DocId([9; 16]));
        let name = |doc: DocId, n: u8| format!("{}{n}", prefix(doc));
        assert_eq!(lives.found(&[name(DOC, 1), name(other, 1)]), []);
        lives.begin(new, [3; 8]);
        // The one was deleted and is there again, the other is not; the third is still on its way.
        let mut dead = lives.found(&[name(DOC, 2)]);
        dead.sort();
        assert_eq!(dead, [DOC, other]);
        assert_eq!(lives.of(DOC), Some(Mark { name: name(DOC, 2), is_there: true }));
        assert_eq!(lives.of(other), None);
        assert!(!lives.of(new).unwrap().is_there);
        // Of several any will do, and the one that is known stays.
        assert_eq!(lives.found(&[name(DOC, 1), name(DOC, 2)]), []);
        assert_eq!(lives.of(DOC).unwrap().name, name(DOC, 2));
    }
}
