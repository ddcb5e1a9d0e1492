//! The server's writer: pushes share a transaction, nobody is answered before its commit, and it can fail or be
//! killed on either side of it.

use shared::ids::DocId;
use shared::sync::session::{Answer, PushAnswer};

use super::agenda::{Happening, Quiet};
use super::server::Push;
use super::world::World;

/// Pushes that share a transaction at most.
const MOST_SHARED: usize = 8;

impl World {
    /// The writer begins a transaction with what waits.
    pub(super) fn begin(&mut self) {
        if !self.server.up || self.memory.is_writing() || self.server.pushes.is_empty() {
            return;
        }
        self.memory.begin();
        let count = self.server.pushes.len().min(1 + self.random.below(MOST_SHARED));
        for _ in 0..count {
            let Some(Push { conn, user, device, doc, items }) = self.server.pushes.pop_front() else { break };
            let before = self.memory.log(doc).map_or(0, |log| log.items().len());
            let answer = self.memory.push_from(user, device, doc, &items);
            let stored = self.check_stored(doc, before);
            self.server.staged.push((conn, doc, answer, stored));
        }
        let wait = self.random.between(1, 8);
        self.agenda.put(self.now + wait, Happening::Commit(self.server.epoch));
    }

    /// Checks what the gate has let in behind the first `before` items of a log, and says which it is.
    pub(super) fn check_stored(&mut self, doc: DocId, before: usize) -> Vec<shared::ids::ChangeHash> {
        let items: Vec<_> =
            self.memory.log(doc).map(|log| log.items()[before..].to_vec()).unwrap_or_default();
        for item in &items {
            if let Err(wrong) = self.ledger.is_authentic(doc, item.hash, item.by, &item.sig) {
                self.fail(8, &format!("the gate lets {} of {doc} in, {wrong}", item.hash));
            }
        }
        items.into_iter().map(|item| item.hash).collect()
    }

    /// The writer commits, or fails to.
    pub(super) fn commit(&mut self, epoch: u64) {
        if epoch != self.server.epoch || !self.memory.is_writing() {
            return;
        }
        if !self.calm && std::mem::take(&mut self.server.torn) {
            return self.tear_commit();
        }
        let staged = std::mem::take(&mut self.server.staged);
        let fails = !self.calm && self.server.storage_fails;
        let doubtful = !fails && !self.calm && self.server.doubtful > 0;
        if fails {
            self.memory.rollback();
            self.ledger.count("commits failed");
        } else {
            self.memory.commit();
            self.ledger.count("commits");
        }
        self.server.doubtful -= u64::from(doubtful);
        for (conn, doc, answer, stored) in staged {
            if !fails {
                self.ledger.committed.extend(&stored);
            }
            let answer = match answer {
                _ if fails || doubtful => Answer::Unavailable,
                PushAnswer::Done { .. } if Some(doc) == self.server.failing && stored.is_empty() => {
                    Answer::Failed
                }
                answer => Answer::Push(answer),
            };
            let wait = self.random.between(0, 6);
            self.agenda.put(self.now + wait, Happening::Pushed(conn, Quiet(answer)));
            if !stored.is_empty() && !fails {
                self.wake(doc);
            }
        }
        if !self.server.pushes.is_empty() {
            self.agenda.put(self.now, Happening::Begin);
        }
    }

    /// The server dies in its commit: what is torn is taken back as a whole; or right after it, before any answer.
    fn tear_commit(&mut self) {
        if self.random.in_thousand(500) {
            self.ledger.count("commits torn");
        } else {
            self.ledger.count("commits never answered");
            self.memory.commit();
            for (.., stored) in std::mem::take(&mut self.server.staged) {
                self.ledger.committed.extend(stored);
            }
        }
        let down = self.random.between(10, 5_000);
        self.kill_server(down);
    }

    /// The server dies, wherever it is: what was not committed is gone, and every connection with it.
    pub(super) fn kill_server(&mut self, down_ms: u64) {
        if !self.server.up {
            return;
        }
        self.ledger.count("server killed");
        self.memory.rollback();
        self.server.up = false;
        self.server.epoch += 1;
        self.server.pushes.clear();
        self.server.staged.clear();
        let numbers: Vec<_> = self.conns.keys().copied().collect();
        for number in numbers {
            if self.conns.get(&number).is_some_and(|conn| conn.server_open) {
                self.server_ends(number, super::wire::NO_CODE);
            }
        }
        self.agenda.put(self.now + down_ms, Happening::ServerUp);
    }
}
