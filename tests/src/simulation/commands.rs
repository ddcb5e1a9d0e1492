//! Who may do what, changing: commands, revocations that wait for deliveries to end, backups, and people signing in.

use std::collections::{BTreeMap, BTreeSet};

use shared::access::Access;
use shared::ids::{DeviceId, DocId, PublicKey, UserId};
use shared::sync::device::Event;
use shared::sync::memory::Memory;

use super::agenda::{Happening, Quiet, Run};
use super::disk::Directory;
use super::world::World;
use super::writer::Done;

/// How long a revocation waits for a delivery before the connection is cut, in ms.
const DELIVERY_PATIENCE_MS: u64 = 2_000;
/// How long a page waits before it asks again for a directory that did not come, in ms.
const DIRECTORY_RETRY_MS: u64 = 5_000;

/// Something that is decided about who and what.
#[derive(Debug, Clone)]
pub enum Command {
    /// What a person may do with a document.
    Access(DocId, UserId, Access),
    /// A device is revoked.
    Revoke(DeviceId),
    /// A document is destroyed.
    Destroy(DocId),
}

/// A command whose answer waits.
#[derive(Debug)]
pub struct Barrier {
    /// The sections that were under way at its commit.
    waits: BTreeMap<usize, u64>,
    /// What nobody is told once it is answered.
    pairs: Vec<(UserId, DocId)>,
    device: Option<DeviceId>,
}

/// The server as it was once.
pub struct Backup {
    memory: Memory,
    signed_in: BTreeSet<DeviceId>,
    commands: usize,
    barred: BTreeSet<(UserId, DocId)>,
    barred_devices: BTreeSet<DeviceId>,
}

impl World {
    /// Carries a command out. It is answered once no delivery is under way that began before.
    pub(super) fn command(&mut self, command: Command) {
        let (mut pairs, mut device) = (Vec::new(), None);
        let concerned = match command {
            Command::Access(doc, user, access) => {
                if self.memory.log(doc).is_none() {
                    return;
                }
                self.memory.grant(doc, user, access);
                if access == Access::None {
                    pairs.push((user, doc));
                } else {
                    self.ledger.barred.remove(&(user, doc));
                    self.unbar_pending(user, doc);
                }
                self.wake(doc);
                vec![user]
            }
            Command::Revoke(id) => {
                self.memory.revoke_device(id);
                self.server.signed_in.remove(&id);
                device = Some(id);
                self.memory.owner(id).into_iter().collect()
            }
            Command::Destroy(doc) => {
                let readers = self.memory.readers(doc);
                self.memory.destroy(doc);
                pairs.extend(readers.iter().map(|user| (*user, doc)));
                self.wake(doc);
                readers
            }
        };
        self.server.commands.push(command);
        let mut waits = BTreeMap::new();
        let numbers: Vec<_> = self.conns.keys().copied().collect();
        for number in numbers {
            let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.server_open) else { continue };
            if device == Some(conn.device) {
                conn.mail.wipe = true;
            } else if concerned.contains(&conn.user) {
                conn.mail.directory = true;
            } else {
                continue;
            }
            if conn.in_section {
                waits.insert(number, conn.section);
            }
            self.turn_to(number);
        }
        if pairs.is_empty() && device.is_none() {
            return;
        }
        let id = self.next_barrier;
        self.next_barrier += 1;
        self.server.barriers.insert(id, Barrier { waits, pairs, device });
        self.agenda.put(self.now + DELIVERY_PATIENCE_MS, Happening::Barrier(id));
        self.look_at_barrier(id);
    }

    /// A later command gives back what an unanswered one takes.
    fn unbar_pending(&mut self, user: UserId, doc: DocId) {
        for barrier in self.server.barriers.values_mut() {
            barrier.pairs.retain(|pair| *pair != (user, doc));
        }
    }

    fn look_at_barrier(&mut self, id: u64) {
        if self.server.barriers.get(&id).is_some_and(|barrier| barrier.waits.is_empty())
            && let Some(barrier) = self.server.barriers.remove(&id)
        {
            // Here the command is answered.
            self.ledger.count("revocations answered");
            self.ledger.barred.extend(barrier.pairs);
            self.ledger.barred_devices.extend(barrier.device);
        }
    }

    /// A connection's section has ended, or the connection has.
    pub(super) fn section_ended(&mut self, number: usize) {
        if self.server.barriers.is_empty() {
            return;
        }
        let ids: Vec<_> = self.server.barriers.keys().copied().collect();
        for id in ids {
            if let Some(barrier) = self.server.barriers.get_mut(&id) {
                barrier.waits.remove(&number);
            }
            self.look_at_barrier(id);
        }
    }

    /// A revocation waits no longer: who still delivers is cut.
    pub(super) fn barrier(&mut self, id: u64) {
        let waits: Vec<_> = self
            .server
            .barriers
            .get(&id)
            .map(|barrier| barrier.waits.keys().copied().collect())
            .unwrap_or_default();
        for number in waits {
            self.ledger.count("deliveries cut");
            self.server_ends(number, super::wire::NO_CODE);
        }
    }

    /// Takes a backup of the server.
    pub(super) fn back_up(&mut self) {
        if self.memory.is_writing() || !self.server.redo.is_empty() || !self.server.barriers.is_empty() {
            return;
        }
        self.server.backup = Some(Backup {
            memory: self.memory.clone(),
            signed_in: self.server.signed_in.clone(),
            commands: self.server.commands.len(),
            barred: self.ledger.barred.clone(),
            barred_devices: self.ledger.barred_devices.clone(),
        });
    }

    /// Goes back to the backup. Its commands since then are carried out again later.
    pub(super) fn restore_server(&mut self) {
        let Some(backup) = self.server.backup.take() else { return };
        self.ledger.count("server restored");
        let down = self.random.between(10, 5_000);
        self.kill_server(down);
        self.memory = backup.memory;
        self.server.signed_in = backup.signed_in;
        let since = self.server.commands.split_off(backup.commands.min(self.server.commands.len()));
        self.server.redo.extend(since);
        self.server.barriers.clear();
        self.ledger.barred = backup.barred;
        self.ledger.barred_devices = backup.barred_devices;
        self.note_lost();
    }

    fn note_lost(&mut self) {
        let missing: Vec<_> = self
            .ledger
            .committed
            .iter()
            .filter(|hash| {
                let doc = self.ledger.written.get(*hash).map(|written| written.doc);
                doc.and_then(|doc| self.memory.log(doc)).is_none_or(|log| !log.has(**hash))
            })
            .copied()
            .collect();
        self.ledger.lost.extend(missing);
    }

    /// Carries one command out again that a backup lacked.
    pub(super) fn redo(&mut self) {
        if self.memory.is_writing() || !self.server.up {
            if !self.server.redo.is_empty() {
                self.agenda.put(self.now + 500, Happening::Redo);
            }
            return;
        }
        if let Some(command) = self.server.redo.pop_front() {
            self.command(command);
            self.agenda.put(self.now + 5, Happening::Redo);
        }
    }

    /// Somebody signs in on a device, which registers it where it is new.
    pub(super) fn sign_in(&mut self, device: usize) {
        let tablet = &self.devices[device];
        let (id, user, key) = (tablet.id(), tablet.user, tablet.key.public());
        if tablet.gone {
            return;
        }
        if !tablet.online || !self.server.up || self.memory.is_writing() {
            return self.agenda.put(self.now + 500, Happening::SignIn(device));
        }
        if self.memory.owner(id).is_none() {
            self.memory.add_device(user, id, key);
        }
        self.server.signed_in.insert(id);
        for tab in self.devices[device].tabs {
            let run = Run { tab, run: self.tabs[tab].run };
            self.feed(run, Event::SignedIn);
        }
    }

    /// A device was told to empty itself.
    pub(super) fn wipe(&mut self, device: usize) {
        let id = self.devices[device].id();
        let revoked = self.memory.is_revoked(id) || self.ledger.barred_devices.contains(&id);
        let once =
            revoked || self.server.redo.iter().any(|it| matches!(it, Command::Revoke(of) if *of == id));
        self.require(4, once, || format!("{id} is wiped without having been revoked"));
        for tab in self.devices[device].tabs {
            self.kill_tab(tab);
        }
        let tablet = &mut self.devices[device];
        tablet.disk = super::disk::Disk::default();
        tablet.image = None;
        tablet.saved.clear();
        tablet.gone = true;
    }

    /// A tab fetches the directory; where it is doing so already, once more afterwards.
    pub(super) fn fetch_directory(&mut self, run: Run) {
        let wait = self.latency();
        let Some(page) = self.page(run) else { return };
        let was = page.fetching;
        page.fetching = Some(was.is_some());
        if was.is_none() {
            self.agenda.put(self.now + wait, Happening::AskDirectory(run));
        }
    }

    /// The request for the directory reaches the server.
    pub(super) fn ask_directory(&mut self, run: Run) {
        let wait = self.latency();
        if self.page(run).is_none() {
            return;
        }
        let tablet = self.tablet(run);
        let (user, id, online) = (tablet.user, tablet.id(), tablet.online);
        let allowed = online && self.server.up && self.server.signed_in.contains(&id);
        let directory = allowed.then(|| self.directory(user, id));
        self.agenda.put(self.now + wait, Happening::Directory(run, Quiet(directory)));
    }

    /// Its answer reaches the tab.
    pub(super) fn directory_came(&mut self, run: Run, directory: Option<Directory>) {
        let wait = self.latency();
        let Some(page) = self.page(run) else { return };
        let again = page.fetching.replace(false) == Some(true);
        match directory {
            Some(directory) if page.directory.as_ref() == Some(&directory.version) => {
                self.feed(run, directory.event());
            }
            Some(directory) => {
                let writes = vec![super::disk::Write::Directory(directory.clone())];
                self.write_foreign(run, writes, Done::Directory(directory));
            }
            None if page.machine.is_online() => {
                return self.agenda.put(self.now + DIRECTORY_RETRY_MS, Happening::AskDirectory(run));
            }
            None => {
                // Offline: the next connection asks again.
                page.fetching = None;
                return;
            }
        }
        let Some(page) = self.page(run) else { return };
        if again {
            self.agenda.put(self.now + wait, Happening::AskDirectory(run));
        } else {
            page.fetching = None;
        }
    }

    /// What a person may know: her documents, and every device that may have written in them.
    fn directory(&self, user: UserId, own: DeviceId) -> Directory {
        let mut documents = Vec::new();
        let mut people = BTreeSet::from([user]);
        for paper in &self.papers {
            let access = self.memory.access_of(user, paper.doc);
            if access > Access::None {
                documents.push((paper.doc, access));
                people.extend(self.memory.readers(paper.doc));
            }
        }
        let devices: Vec<(DeviceId, PublicKey)> = self
            .devices
            .iter()
            .filter(|tablet| people.contains(&tablet.user))
            .map(|tablet| (tablet.id(), tablet.key.public()))
            .filter(|(id, _)| *id == own || self.memory.owner(*id).is_some())
            .collect();
        Directory { version: self.memory.directory_version(), devices, documents }
    }
}
