//! What is to happen when. What is due at one moment happens in the order in which it was put down.

use std::collections::BTreeMap;
use std::rc::Rc;

use shared::ids::{ChangeHash, DeviceId, DocId};
use shared::sync::device::Offered;
use shared::sync::session::Answer;

use super::disk::{Directory, Places, Stored};
use super::settings::Fault;
use super::snapshots::Taking;

/// A tab in one of its runs: what was meant for an earlier one is not for the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The tab's place among all tabs.
    pub tab: usize,
    /// How often it was opened before.
    pub run: u64,
}

/// What one tab tells the other of its device.
#[derive(Debug, Clone)]
pub enum Tidings {
    /// Items are on disk.
    Items(DocId, Vec<ChangeHash>),
    /// The server has items.
    Acknowledged(Vec<ChangeHash>),
    /// A document was deleted.
    Gone(DocId),
    /// The directory on disk has changed.
    Directory,
}

/// Something that is too long to be told in full.
#[derive(Clone)]
pub struct Quiet<T>(pub T);

impl<T> std::fmt::Debug for Quiet<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Something that happens to one machine, one wire or one disk.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A second has passed for a tab.
    Tick(Run),
    /// A person does something in a tab.
    Act(Run),
    /// A tab is opened.
    OpenTab(usize),
    /// It has read the places and marks of documents on the disk, and goes on with the rest.
    OpenRest(Run, Quiet<Places>),
    /// A socket opens, or does not.
    Opens(Run, u64),
    /// The next frame of a connection reaches the server.
    Up(usize),
    /// The next frame of a connection reaches the device.
    Down(usize),
    /// The device notices that the connection ended.
    Ended(usize, u16),
    /// The server notices that the connection ended.
    HungUp(usize),
    /// The server turns to a connection.
    Serve(usize),
    /// The store answers what a session asked.
    Answer(usize),
    /// The store answers a push, after its commit.
    Pushed(usize, Quiet<Answer>),
    /// The server's patience with a reader that takes nothing.
    Patience(usize),
    /// Five seconds have passed for a session.
    SessionTick(usize),
    /// The server's writer begins a transaction.
    Begin,
    /// The server's writer commits it, in that run of the server.
    Commit(u64),
    /// A revocation has waited long enough for deliveries to end.
    Barrier(u64),
    /// A command is carried out once more, since a backup lacked it.
    Redo,
    /// The server starts.
    ServerUp,
    /// The store of the server works again.
    StorageHeals,
    /// A document can be read again.
    DocumentHeals,
    /// A device's disk goes on.
    Disk(Run),
    /// A device's browser gives room again.
    Room(usize),
    /// A device has the network again.
    Network(usize),
    /// Somebody signs in on a device.
    SignIn(usize),
    /// A tab hears from the other.
    Tidings(Run, Tidings),
    /// A tab's request for the directory reaches the server.
    AskDirectory(Run),
    /// The answer reaches the tab.
    Directory(Run, Quiet<Option<Directory>>),
    /// A tab reads from disk what its machine wants to offer.
    Offer(Run, DocId, Offered),
    /// It has read the items for it, and goes on with the snapshot.
    OfferRest(Run, DocId, Offered, Quiet<BTreeMap<ChangeHash, Rc<Stored>>>),
    /// A tab begins to make a snapshot of what lies on its disk.
    Compact(Run, DocId),
    /// It has read the items for it.
    CompactRest(Run, DocId, Quiet<BTreeMap<ChangeHash, Rc<Stored>>>),
    /// A tab opens a snapshot that came from the server.
    TakeSnapshot(Run, Quiet<Taking>),
    /// The server drops what a snapshot covers.
    DropCovered(DocId),
    /// Something goes wrong.
    Fault(Fault),
    /// A device that is not what it seems says something.
    Hostile(DeviceId),
    /// Somebody asks for what she may not know of.
    Stranger,
}

/// Everything that is to happen.
#[derive(Debug, Default)]
pub struct Agenda {
    due: BTreeMap<(u64, u64), Happening>,
    next: u64,
}

impl Agenda {
    /// Puts something down.
    pub fn put(&mut self, at_ms: u64, happening: Happening) {
        self.due.insert((at_ms, self.next), happening);
        self.next += 1;
    }

    /// Takes the next, with its moment.
    pub fn take(&mut self) -> Option<(u64, Happening)> {
        self.due.pop_first().map(|((at, _), happening)| (at, happening))
    }

    /// When the next is due.
    #[must_use]
    pub fn next_at(&self) -> Option<u64> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }
}
