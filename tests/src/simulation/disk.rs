//! A device's disk: what every transaction that was reported as done has left there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::{AutoCommit, Change, TextEncoding};
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, Chain, ChangeHash, DeviceId, DocId, PublicKey};
use shared::sync::device::{Event, LoadedDoc, Offered};
use shared::sync::message::{PushItem, RejectCode};

use super::kept::Kept;

/// What the server says of who and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Its version.
    pub version: String,
    /// Devices that may have written what its person may read.
    pub devices: Vec<(DeviceId, PublicKey)>,
    /// Her documents, and what she may do with them.
    pub documents: Vec<(DocId, Access)>,
}

impl Directory {
    /// The machine's word for it.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::Directory {
            version: self.version.clone(),
            devices: self.devices.clone(),
            documents: self.documents.iter().map(|(doc, _)| *doc).collect(),
        }
    }
}

/// A change on disk.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its author's device.
    pub by: DeviceId,
    /// The author's signature.
    pub sig: Vec<u8>,
    /// The change.
    pub data: Vec<u8>,
    /// Its first operation, number and actor: an order in which each comes after what it depends on.
    pub order: (u64, u64, ActorId),
}

impl Stored {
    fn item(&self, hash: ChangeHash) -> PushItem {
        PushItem { hash, by: self.by, sig: self.sig.clone(), data: self.data.clone() }
    }
}

/// How far a log has been read, the chain there, and the document's kind.
pub type Place = (u64, Chain, Option<DocKind>);

/// One document on disk.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Its items.
    pub items: BTreeMap<ChangeHash, Rc<Stored>>,
    /// How far its log has been read, the chain there, and the document's kind.
    pub cursor: Option<Place>,
    /// Whether the log may lack something of it.
    pub owes: bool,
    /// Items that wait for the server, with their order.
    pub waiting: BTreeMap<ChangeHash, u64>,
    /// Items that the server refused for good.
    pub refused: BTreeMap<ChangeHash, RejectCode>,
    /// Refused items whose content is in newer ones.
    pub replaced: BTreeSet<ChangeHash>,
    /// A snapshot in place of further items.
    pub kept: Option<Rc<Kept>>,
    /// Marks that go with it when it is deleted: whoever knows one of them writes in the document that it knows.
    pub lives: BTreeSet<u64>,
}

/// One write of a transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// An item; one that is there changes nothing.
    Item(DocId, ChangeHash, Rc<Stored>),
    /// How far a log has been read, and whether it may lack something of what is here.
    Cursor(DocId, u64, Chain, Option<DocKind>, bool),
    /// A mark of the document's life on this disk.
    Life(DocId, u64),
    /// An item waits for the server.
    Waits(DocId, ChangeHash, u64),
    /// It does no longer, since the log has it; nor is it refused.
    WaitsNoLonger(DocId, ChangeHash),
    /// The server refused an item for good.
    Refused(DocId, ChangeHash, RejectCode),
    /// The content of a refused item is in a newer one.
    Replaced(DocId, ChangeHash),
    /// A snapshot that a server made; nothing where there is one already.
    Keep(DocId, Rc<Kept>),
    /// A snapshot in place of all items that it covers, and of the one before it; nothing where the document is gone.
    Compact(DocId, Rc<Kept>),
    /// Nothing of a document stays.
    Delete(DocId),
    /// The directory.
    Directory(Directory),
}

impl Write {
    /// Which document it is about.
    #[must_use]
    pub fn doc(&self) -> Option<DocId> {
        match self {
            Self::Item(doc, ..)
            | Self::Cursor(doc, ..)
            | Self::Life(doc, _)
            | Self::Waits(doc, ..)
            | Self::WaitsNoLonger(doc, _)
            | Self::Refused(doc, ..)
            | Self::Replaced(doc, _)
            | Self::Keep(doc, _)
            | Self::Compact(doc, _)
            | Self::Delete(doc) => Some(*doc),
            Self::Directory(_) => None,
        }
    }
}

/// A device's disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// Documents.
    pub docs: BTreeMap<DocId, Shelf>,
    /// The cached directory.
    pub directory: Option<Directory>,
}

impl Disk {
    /// Carries out one write.
    pub fn write(&mut self, write: Write) {
        match write {
            Write::Item(doc, hash, item) => drop(self.shelf(doc).items.entry(hash).or_insert(item)),
            Write::Cursor(doc, cursor, chain, kind, owes) => {
                let shelf = self.shelf(doc);
                (shelf.cursor, shelf.owes) = (Some((cursor, chain, kind)), owes);
            }
            Write::Life(doc, life) => drop(self.shelf(doc).lives.insert(life)),
            Write::Waits(doc, hash, order) => drop(self.shelf(doc).waiting.insert(hash, order)),
            Write::WaitsNoLonger(doc, hash) => {
                if let Some(shelf) = self.docs.get_mut(&doc) {
                    shelf.waiting.remove(&hash);
                    shelf.refused.remove(&hash);
                }
            }
            Write::Refused(doc, hash, code) => {
                let shelf = self.shelf(doc);
                shelf.waiting.remove(&hash);
                shelf.refused.insert(hash, code);
            }
            Write::Replaced(doc, hash) => drop(self.shelf(doc).replaced.insert(hash)),
            Write::Keep(doc, kept) => drop(self.shelf(doc).kept.get_or_insert(kept)),
            Write::Compact(doc, kept) => {
                if let Some(shelf) = self.docs.get_mut(&doc) {
                    shelf.items.retain(|hash, _| !kept.changes.contains_key(hash));
                    shelf.kept = Some(kept);
                }
            }
            Write::Delete(doc) => drop(self.docs.remove(&doc)),
            Write::Directory(directory) => self.directory = Some(directory),
        }
    }

    fn shelf(&mut self, doc: DocId) -> &mut Shelf {
        self.docs.entry(doc).or_default()
    }

    /// Takes away what a torn write left of a change that is not there.
    pub fn tidy(&mut self) {
        for shelf in self.docs.values_mut() {
            let held = shelf.hashes();
            shelf.waiting.retain(|hash, _| held.contains(hash));
        }
    }

    /// A mark of the life of each document.
    #[must_use]
    pub fn lives(&self) -> BTreeMap<DocId, (u64, bool)> {
        let life = |(doc, shelf): (&DocId, &Shelf)| Some((*doc, (*shelf.lives.first()?, true)));
        self.docs.iter().filter_map(life).collect()
    }

    /// Whether a document has that mark.
    #[must_use]
    pub fn lives_on(&self, doc: DocId, life: u64) -> bool {
        self.docs.get(&doc).is_some_and(|shelf| shelf.lives.contains(&life))
    }

    /// What is read first.
    #[must_use]
    pub fn places(&self) -> Places {
        let cursors = self.docs.iter().map(|(doc, shelf)| (*doc, (shelf.cursor, shelf.owes))).collect();
        Places { cursors, lives: self.lives() }
    }

    /// Everything, as the machine wants it at start, with places that were read before.
    #[must_use]
    pub fn loaded(&self, places: &Places) -> Vec<LoadedDoc> {
        let load = |(&doc, shelf): (&DocId, &Shelf)| {
            let (place, owes) = places.cursors.get(&doc).copied().unwrap_or_default();
            LoadedDoc {
                doc,
                kind: place.and_then(|(.., kind)| kind),
                cursor: place.map_or(0, |(cursor, ..)| cursor),
                chain: place.map(|(_, chain, _)| chain),
                owes,
                hashes: shelf.hashes().into_iter().collect(),
                waiting: shelf.waiting(),
                aside: shelf.refused.iter().map(|(hash, code)| (*hash, *code)).collect(),
                noted: vec![],
            }
        };
        self.docs.iter().map(load).collect()
    }
}

/// What a page reads before everything else: the places of documents, whether they owe, and marks of their lives.
#[derive(Debug, Clone)]
pub struct Places {
    cursors: BTreeMap<DocId, (Option<Place>, bool)>,
    /// The marks.
    pub lives: BTreeMap<DocId, (u64, bool)>,
}

impl Shelf {
    /// A change that is held, as an item or in the snapshot.
    #[must_use]
    pub fn get(&self, hash: &ChangeHash) -> Option<&Rc<Stored>> {
        self.items.get(hash).or_else(|| self.kept.as_ref()?.changes.get(hash))
    }

    /// Whether a change is held.
    #[must_use]
    pub fn has(&self, hash: &ChangeHash) -> bool {
        self.get(hash).is_some()
    }

    /// The hashes of all that is held.
    #[must_use]
    pub fn hashes(&self) -> BTreeSet<ChangeHash> {
        self.all(&self.items).into_keys().collect()
    }

    /// These items and all that is in the snapshot.
    fn all<'a>(
        &'a self,
        items: &'a BTreeMap<ChangeHash, Rc<Stored>>,
    ) -> BTreeMap<ChangeHash, &'a Rc<Stored>> {
        let kept = self.kept.iter().flat_map(|kept| &kept.changes);
        kept.chain(items).map(|(hash, stored)| (*hash, stored)).collect()
    }

    fn waiting(&self) -> Vec<PushItem> {
        let mut marks: Vec<_> = self.waiting.iter().map(|(hash, order)| (*order, *hash)).collect();
        marks.sort_unstable();
        let item = |(_, hash): (u64, ChangeHash)| Some(self.get(&hash)?.item(hash));
        marks.into_iter().filter_map(item).collect()
    }

    /// What the machine wants to offer of these items, which were read before, and of what is in the snapshot now; each
    /// after what it depends on.
    #[must_use]
    pub fn held(&self, items: &BTreeMap<ChangeHash, Rc<Stored>>, what: &Offered) -> Vec<PushItem> {
        let wanted = |hash: &ChangeHash, stored: &Stored| match what {
            Offered::Hashes(hashes) => hashes.contains(hash),
            Offered::Actor(actor) => stored.order.2 == *actor,
        };
        let mut held: Vec<_> =
            self.all(items).into_iter().filter(|(hash, stored)| wanted(hash, stored)).collect();
        held.sort_by_key(|(hash, stored)| (stored.order, *hash));
        held.into_iter().map(|(hash, stored)| stored.item(hash)).collect()
    }

    /// Whether a change is refused, or depends on one that is.
    #[must_use]
    pub fn hangs_on_refused(&self, hash: ChangeHash) -> bool {
        let (mut open, mut seen) = (vec![hash], BTreeSet::new());
        while let Some(hash) = open.pop() {
            if self.refused.contains_key(&hash) {
                return true;
            }
            if let Some(stored) = self.get(&hash).filter(|_| seen.insert(hash)) {
                open.extend(shared::sync::change::parse(&stored.data).unwrap().deps);
            }
        }
        false
    }

    /// The changes of the document as it is on disk, each after what it depends on.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut held: Vec<_> =
            self.all(&self.items).into_iter().filter(|(hash, _)| !self.replaced.contains(hash)).collect();
        held.sort_by_key(|(hash, stored)| (stored.order, *hash));
        held.into_iter().map(|(_, stored)| Change::from_bytes(stored.data.clone()).unwrap()).collect()
    }

    /// The document as it is on disk, for that actor to write in.
    #[must_use]
    pub fn document(&self, actor: ActorId) -> AutoCommit {
        let mut document = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
            .with_actor(automerge::ActorId::from(actor.0));
        document.apply_changes(self.changes()).unwrap();
        document
    }
}
