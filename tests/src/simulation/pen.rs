//! What a person writes in a tab, what the tabs of a device tell each other, and what a machine asks of the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{Change, ROOT};
use shared::access::Access;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::device::{Event, Offered};
use shared::sync::message::PushItem;

use super::agenda::{Happening, Quiet, Run, Tidings};
use super::disk::{Stored, Write};
use super::edits::Hand;
use super::ledger::order_of;
use super::page::Page;
use super::world::World;
use super::writer::Done;

impl World {
    /// Tells the other tab of the device.
    pub(super) fn tell(&mut self, run: Run, tidings: &Tidings) {
        let tabs = self.tablet(run).tabs;
        for tab in tabs.into_iter().filter(|tab| *tab != run.tab) {
            if self.tabs[tab].page.is_some() {
                let (other, wait) = (Run { tab, run: self.tabs[tab].run }, self.random.between(0, 30));
                self.agenda.put(self.now + wait, Happening::Tidings(other, tidings.clone()));
            }
        }
    }

    pub(super) fn heard_from_tab(&mut self, run: Run, tidings: Tidings) {
        if self.page(run).is_none() {
            return;
        }
        match tidings {
            Tidings::Items(doc, hashes) => {
                for hash in hashes {
                    let Some(shelf) = self.tablet(run).disk.docs.get(&doc) else { continue };
                    let (stored, waits) = (shelf.get(&hash).cloned(), shelf.waiting.contains_key(&hash));
                    let Some(stored) = stored else { continue };
                    let logged = self.page(run).is_some_and(|page| page.logged.contains(&hash));
                    let (by, sig, data) = (stored.by, stored.sig.clone(), stored.data.clone());
                    if waits && !logged {
                        self.feed(run, Event::Local { doc, item: PushItem { hash, by, sig, data } });
                    }
                    self.apply(run, doc, std::slice::from_ref(&stored.data), false);
                }
            }
            Tidings::Acknowledged(hashes) => {
                if let Some(page) = self.page(run) {
                    page.logged.extend(hashes);
                }
            }
            Tidings::Gone(doc) => {
                let known = self.page(run).and_then(|page| Some((doc, page.lives.get(&doc)?.0)));
                let disk = &self.tablet(run).disk;
                let gone = known.filter(|(doc, life)| !disk.lives_on(*doc, *life));
                self.overtaken(run, gone.into_iter().collect());
            }
            Tidings::Directory => {
                if let Some(directory) = self.tablet(run).disk.directory.clone() {
                    if let Some(page) = self.page(run) {
                        page.directory = Some(directory.version.clone());
                    }
                    self.feed(run, directory.event());
                }
            }
        }
    }

    /// The machine's offer: first the items are read, and then the snapshot, so that what a compaction moves in between
    /// is found in one of them.
    pub(super) fn offer(&mut self, run: Run, doc: DocId, what: Offered) {
        if self.page(run).is_none() {
            return;
        }
        let items = self.tablet(run).disk.docs.get(&doc).map(|shelf| shelf.items.clone()).unwrap_or_default();
        if self.compacts() {
            let wait = self.random.between(0, 30);
            self.agenda.put(self.now + wait, Happening::OfferRest(run, doc, what, Quiet(items)));
        } else {
            self.offer_rest(run, doc, &what, &items);
        }
    }

    /// The machine's offer, with what is in the snapshot now.
    pub(super) fn offer_rest(
        &mut self,
        run: Run,
        doc: DocId,
        what: &Offered,
        items: &BTreeMap<ChangeHash, Rc<Stored>>,
    ) {
        if self.page(run).is_none() {
            return;
        }
        let shelf = self.tablet(run).disk.docs.get(&doc);
        let items = shelf.map(|shelf| shelf.held(items, what)).unwrap_or_default();
        for PushItem { hash, by, sig, data } in &items {
            let named = shared::sync::change::parse(data).is_ok_and(|parsed| parsed.hash == *hash);
            let wrong = self.ledger.is_authentic(doc, *hash, *by, sig).err();
            let wrong = wrong.or((!named).then_some("with another content"));
            self.require(4, wrong.is_none(), || format!("a device offers {hash} of {doc}, {wrong:?}"));
        }
        self.feed(run, Event::Held { doc, items });
    }

    /// A person writes something in one of her documents.
    pub(super) fn act(&mut self, run: Run) {
        let Some(page) = self.page(run) else { return };
        let gone = page.gone.clone();
        let tablet = self.tablet(run);
        let may_write = |doc: &DocId| {
            let listed = tablet.disk.directory.iter().flat_map(|directory| &directory.documents);
            listed.into_iter().any(|(each, access)| each == doc && *access == Access::Write)
        };
        let writable = |(doc, shelf): (&DocId, &super::disk::Shelf)| {
            let kind = shelf.cursor.and_then(|(cursor, _, kind)| kind.filter(|_| cursor > 0))?;
            (may_write(doc) && !gone.contains(doc)).then_some((*doc, kind))
        };
        let writable: Vec<_> = tablet.disk.docs.iter().filter_map(writable).collect();
        let me = tablet.user;
        let Some((doc, kind)) = self.random.pick(&writable) else { return };
        let now = self.device_clock(self.tabs[run.tab].device);
        let mut copy = self.copy(run, doc);
        let mut hand = Hand { document: &mut copy, me, now, random: &mut self.random };
        if let Err(error) = hand.write(kind) {
            self.fail(3, &format!("{kind:?} {doc} cannot be written in: {error}"));
        }
        let change = commit(&mut copy, now);
        if let Some(page) = self.page(run) {
            page.copies.insert(doc, copy);
        }
        if let Some(change) = change {
            self.keep(run, doc, &change);
        }
    }

    /// The copy in memory, read from disk if it is not there; the caller puts it back.
    fn copy(&mut self, run: Run, doc: DocId) -> automerge::AutoCommit {
        let lives = self.tablet(run).disk.lives();
        let (held, actor) = match self.page(run) {
            Some(page) => (page.copies.remove(&doc), page.actor_in(doc)),
            None => return automerge::AutoCommit::new(),
        };
        held.unwrap_or_else(|| {
            if let (Some(page), Some(life)) = (self.page(run), lives.get(&doc)) {
                // What is written in it is written beside that.
                page.lives.entry(doc).or_insert(*life);
            }
            self.tablet(run).disk.docs.get(&doc).cloned().unwrap_or_default().document(actor)
        })
    }

    /// Signs a change made here and takes it to disk.
    fn keep(&mut self, run: Run, doc: DocId, change: &Change) -> ChangeHash {
        let (hash, data) = (ChangeHash(change.hash().0), change.raw_bytes().to_vec());
        let clock = self.device_clock(self.tabs[run.tab].device);
        let tablet = self.tablet(run);
        let (by, sig) = (tablet.id(), tablet.key.sign_change(doc, hash).0.to_vec());
        self.ledger.write(doc, hash, by, &sig);
        let stored = Rc::new(Stored { by, sig: sig.clone(), data: data.clone(), order: order_of(&data) });
        let Some(page) = self.page(run) else { return hash };
        page.order = (clock << 12).max(page.order + 1);
        // A change without its mark would be taken for one that the log has.
        let writes = vec![Write::Waits(doc, hash, page.order), Write::Item(doc, hash, stored)];
        self.write_own(run, writes, Done::Kept(doc, PushItem { hash, by, sig, data }));
        hash
    }

    /// Copies what the refused items said into a new change of a new actor.
    pub(super) fn recover(&mut self, run: Run, doc: DocId, refused: &[ChangeHash]) {
        let actor = ActorId::of_device(self.tablet(run).id(), self.random.bytes());
        let now = self.device_clock(self.tabs[run.tab].device);
        let mut shelf = self.tablet(run).disk.docs.get(&doc).cloned().unwrap_or_default();
        let lost: BTreeSet<_> =
            refused.iter().filter(|hash| !shelf.replaced.contains(*hash)).copied().collect();
        shelf.replaced.extend(&lost);
        let mut copy = shelf.document(actor);
        if let Some(mut before) = self.page(run).and_then(|page| page.copies.remove(&doc)) {
            // What was written since may not be on the disk yet.
            let changes = before.get_changes(&[]);
            let stays = |change: &Change| !shelf.replaced.contains(&ChangeHash(change.hash().0));
            copy.apply_changes(changes.into_iter().filter(stays)).unwrap();
        }
        for hash in &lost {
            // A word that stands for the content: what matters here is that it goes on in the new change.
            copy.put(ROOT, format!("again {hash}"), true).unwrap();
        }
        let heir = commit(&mut copy, now).map(|change| self.keep(run, doc, &change));
        if let Some(page) = self.page(run) {
            page.copies.insert(doc, copy);
        }
        if let Some(heir) = heir {
            self.ledger.heirs.extend(lost.iter().map(|hash| (*hash, heir)));
        }
        let writes = lost.into_iter().map(|hash| Write::Replaced(doc, hash)).collect();
        self.write_own(run, writes, Done::Recovered(doc));
    }
}

fn commit(copy: &mut automerge::AutoCommit, now_ms: u64) -> Option<Change> {
    if copy.pending_ops() == 0 {
        return None;
    }
    let seconds = i64::try_from(now_ms / 1_000).unwrap_or_default();
    let hash = copy.commit_with(CommitOptions::default().with_time(seconds))?;
    copy.get_change_by_hash(&hash)
}

impl Page {
    /// Every copy in memory must be able to be asked for its heads.
    pub(super) fn heads(&mut self, doc: DocId) -> Option<Vec<automerge::ChangeHash>> {
        self.copies.get_mut(&doc).map(automerge::AutoCommit::get_heads)
    }
}
