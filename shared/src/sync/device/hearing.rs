//! What each message of the server does.

use std::collections::BTreeSet;

use super::document::{Arrived, Batch, Changes, Document, Fault, Pause, Phase, is_curable};
use super::machine::{Device, InFlight};
use super::{CheckedItem, Effect, Offered, Problem};
use crate::domain::kind::DocKind;
use crate::ids::{ChangeHash, DocId};
use crate::sync::chain;
use crate::sync::message::{
    Acked, Body, ErrorCode, LogItem, Mode, Place, RejectCode, Rejected, ServerMessage, close,
};

/// How long to wait where the server does not say.
const RETRY_MS: u64 = 1_000;
/// How long to leave a document alone that the server failed on.
const FAILED_MS: u64 = 30_000;

impl Device {
    pub(super) fn hear(&mut self, message: ServerMessage, now_ms: u64) {
        match message {
            ServerMessage::Welcome { device, limits, .. } => {
                if device != self.id {
                    // Someone else signed in within this browser: nothing may be said in her name.
                    return self.hang_up(close::SIGNED_OUT, now_ms);
                }
                self.limits = limits;
                self.connection.welcomed();
                self.out.push(Effect::FetchDirectory);
            }
            ServerMessage::Opened { doc, kind, access, head } => self.opened(doc, &kind, access, head),
            ServerMessage::Denied { doc, id } => self.denied(doc, id),
            ServerMessage::Gone { doc, .. } => {
                if self.docs.remove(&doc).is_some() {
                    self.pushes.retain(|_, push| push.doc != doc);
                    self.out.push(Effect::Delete { doc });
                }
            }
            ServerMessage::Reset { doc } => self.reset(doc),
            ServerMessage::Changes { doc, from, items, chain } => {
                let head = from + items.len() as u64;
                self.arrived(doc, head, Arrived::Changes(Changes { from, items, chain }), now_ms);
            }
            ServerMessage::Snapshot { doc, piece } => {
                self.arrived(doc, piece.seq, Arrived::Piece(piece), now_ms);
            }
            ServerMessage::Ack { id, doc, items } => {
                self.answered(id, &items.iter().map(|item| item.hash).collect());
                self.acked(doc, &items);
            }
            ServerMessage::Reject { id, doc, items } => {
                self.answered(id, &items.iter().map(|item| item.hash).collect());
                self.rejected(doc, &items);
            }
            ServerMessage::Void { doc, items } => self.voided(doc, &items),
            ServerMessage::Directory { version } => {
                if self.directory.as_ref() != Some(&version) {
                    self.out.push(Effect::FetchDirectory);
                }
            }
            ServerMessage::Wipe => {
                self.wiped = true;
                self.docs.clear();
                self.pushes.clear();
                self.connection.stop();
                self.out.push(Effect::Wipe);
            }
            ServerMessage::Pong { n, .. } => self.answered_up_to(n),
            ServerMessage::Presence { doc, user, device, data } => {
                self.out.push(Effect::Presence { doc, user, device, data });
            }
            ServerMessage::Error { code, doc, id, retry_after_ms, .. } => {
                self.failed(code, doc, id, retry_after_ms, now_ms);
            }
        }
    }

    fn arrived(&mut self, doc: DocId, head: u64, arrived: Arrived, now_ms: u64) {
        if let Some(document) = self.docs.get_mut(&doc)
            && document.phase == Phase::Open
        {
            document.head = document.head.max(head);
            document.unnamed.push_back(arrived);
            if document.unnamed.len() == 1 {
                self.take_arrived(doc, now_ms);
            }
        }
    }

    fn opened(&mut self, doc: DocId, kind: &str, mode: Mode, head: u64) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if !matches!(document.phase, Phase::Opening | Phase::Open) {
            return;
        }
        let Some(kind) = DocKind::from_code(kind) else {
            // Of a newer version: its time comes with the update.
            return self.shut(doc, None);
        };
        document.phase = Phase::Open;
        document.head = document.head.max(head);
        if document.problem == Some(Problem::Denied) {
            document.problem = None;
        }
        if (document.kind, document.mode) != (Some(kind), Some(mode)) {
            (document.kind, document.mode) = (Some(kind), Some(mode));
            self.out.push(Effect::Opened { doc, kind, mode });
        }
        self.look_for_the_end_of_a_reset(doc);
    }

    fn denied(&mut self, doc: DocId, id: Option<u64>) {
        if let Some(id) = id {
            self.pushes.remove(&id);
        }
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.held.is_empty() {
            self.docs.remove(&doc);
            return;
        }
        document.phase = Phase::Closed;
        document.mode = None;
        document.problem = Some(Problem::Denied);
        document.unnamed.clear();
        for waiting in &mut document.waiting {
            waiting.sent = false;
        }
    }

    /// The server's log is not the one that was read: read it from the start, then offer what it lacks.
    fn reset(&mut self, doc: DocId) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        document.start_over();
        document.phase = Phase::Closed;
        document.head = 0;
        if !self.resent_commands {
            self.resent_commands = true;
            self.out.push(Effect::ResendCommands);
        }
        self.open(&[doc]);
    }

    /// Something that has been read long ago is void. Which it was, by its hash, only the log tells.
    fn voided(&mut self, doc: DocId, items: &[u64]) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.phase != Phase::Open || items.iter().all(|seq| document.void.contains(seq)) {
            return;
        }
        document.start_over();
        self.shut(doc, None);
        self.open(&[doc]);
    }

    /// Takes what has arrived, as far as its authors are known.
    pub(super) fn take_arrived(&mut self, doc: DocId, now_ms: u64) {
        self.take_named(doc, true, now_ms);
    }

    /// [`take_arrived`](Self::take_arrived); `asks` says whether an unknown author is worth asking for.
    pub(super) fn take_named(&mut self, doc: DocId, asks: bool, now_ms: u64) {
        loop {
            let Some(document) = self.docs.get_mut(&doc) else { return };
            if document.is_taking_a_snapshot() {
                return;
            }
            let arrived = match document.unnamed.pop_front() {
                Some(Arrived::Changes(arrived)) => arrived,
                Some(Arrived::Piece(piece)) => {
                    if self.take_piece(doc, piece, asks) {
                        continue;
                    }
                    return;
                }
                None => return,
            };
            let (checked, fault) = match document.check(&arrived, &self.keys) {
                Ok(checked) => checked,
                Err(Fault::NotHeld) => {
                    // This connection thinks that the data is here; another one will send it.
                    return self.hang_up(super::machine::NO_CODE, now_ms);
                }
                Err(Fault::Untrusted(reason)) => {
                    document.problem = Some(Problem::Untrusted { reason });
                    return self.shut(doc, None);
                }
                Err(Fault::UnknownAuthor) => return,
            };
            let taken = checked.len();
            self.leave_void_out(doc, arrived.items.iter().take(taken));
            self.take_checked(doc, checked);
            if fault.is_some() {
                if let Some(document) = self.docs.get_mut(&doc) {
                    let mut rest = arrived;
                    rest.items.drain(..taken);
                    rest.from += taken as u64;
                    document.unnamed.push_front(Arrived::Changes(rest));
                }
                if asks {
                    self.out.push(Effect::FetchDirectory);
                }
                return;
            }
        }
    }

    /// What is void among these is to be left out of the document, where it is held.
    fn leave_void_out<'a>(&mut self, doc: DocId, items: impl Iterator<Item = &'a LogItem>) {
        let Some(document) = self.docs.get(&doc) else { return };
        let void: Vec<_> = items.filter(|item| item.data == Body::Void).collect();
        let held = void.iter().map(|item| item.hash).filter(|hash| document.held.contains(hash)).collect();
        self.leave_out(doc, &void.iter().map(|item| item.seq).collect(), held);
    }

    /// These places are void, and what is held of them is to be left out of the document.
    pub(super) fn leave_out(&mut self, doc: DocId, void: &BTreeSet<u64>, held: Vec<ChangeHash>) {
        if let Some(document) = self.docs.get_mut(&doc) {
            document.void.extend(void);
        }
        if !held.is_empty() {
            self.out.push(Effect::Void { doc, hashes: held });
        }
    }

    pub(super) fn take_checked(&mut self, doc: DocId, items: Vec<CheckedItem>) {
        if items.is_empty() {
            return;
        }
        let number = self.batch_number();
        let Some(document) = self.docs.get_mut(&doc) else { return };
        let hashes: BTreeSet<ChangeHash> = items.iter().map(|item| item.hash).collect();
        let start = document.place.chain.unwrap_or_else(|| chain::start(doc));
        let chain = chain::after(start, items.iter().map(|item| item.hash));
        let cursor = document.place.cursor + items.len() as u64;
        document.place = Place { doc, cursor, chain: Some(chain), part: None };
        document.gathered = None;
        let new = || items.iter().filter(|item| item.data.is_some());
        document.held.extend(new().map(|item| item.hash));
        document.batches.push_back(Batch {
            number,
            place: document.place,
            hashes: hashes.clone(),
            new: new().map(|item| item.hash).collect(),
            changes: new().filter_map(|item| item.data.clone()).collect(),
            authors: new().map(|item| item.by).collect(),
            snapshot: None,
        });
        if let Some(seen) = &mut document.seen {
            seen.extend(&hashes);
        }
        // The log has them, whatever became of the ack.
        document.read(&hashes);
        let at = self.out.len();
        self.look_for_the_end_of_a_reset(doc);
        let owes = self.docs.get(&doc).is_some_and(Document::owes);
        self.out.insert(at, Effect::Persist { doc, batch: number, items, cursor, chain, owes });
    }

    /// Once the log has been read to its head, what it lacks is asked for, to be offered.
    pub(super) fn look_for_the_end_of_a_reset(&mut self, doc: DocId) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.phase != Phase::Open || document.place.cursor < document.head {
            return;
        }
        let Some(seen) = document.seen.take() else { return };
        let lacking: Vec<_> = document
            .held
            .iter()
            .filter(|hash| !seen.contains(*hash) && !document.aside.contains_key(*hash))
            .copied()
            .collect();
        document.owed = lacking.iter().copied().collect();
        if !lacking.is_empty() {
            document.pause = Pause::Offering;
            self.out.push(Effect::Offer { doc, what: Offered::Hashes(lacking) });
        }
    }

    /// Notes that these items of a push have been answered.
    fn answered(&mut self, id: u64, hashes: &BTreeSet<ChangeHash>) {
        if let Some(InFlight { hashes: open, .. }) = self.pushes.get_mut(&id) {
            open.retain(|hash| !hashes.contains(hash));
            if open.is_empty() {
                self.pushes.remove(&id);
            }
        }
    }

    fn acked(&mut self, doc: DocId, items: &[Acked]) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        document.logged(&items.iter().map(|item| item.hash).collect());
        for Acked { hash, seq } in items {
            document.refused_once.remove(hash);
            // It is still to come in a `changes`.
            document.head = document.head.max(*seq);
        }
        let read = document.persisted.cursor.min(document.place.cursor);
        let passed = items.iter().filter(|item| item.seq <= read);
        let done = document.no_longer_waiting(&passed.map(|item| item.hash).collect());
        if !done.is_empty() {
            self.out.push(Effect::Acked { doc, hashes: done });
        }
    }

    fn rejected(&mut self, doc: DocId, items: &[Rejected]) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.seen.is_some() || document.pause != Pause::No {
            // Sent before it was known that the log must be read anew, or that something is being mended: they go
            // out again afterwards.
            for waiting in &mut document.waiting {
                waiting.sent &= !items.iter().any(|item| item.hash == waiting.item.hash);
            }
            return;
        }
        let (curable, hopeless): (Vec<Rejected>, Vec<Rejected>) =
            items.iter().partition(|item| is_curable(item.code));
        if !hopeless.is_empty() {
            let hashes: BTreeSet<_> = hopeless.iter().map(|item| item.hash).collect();
            document.no_longer_waiting(&hashes);
            let aside: Vec<_> = hopeless.iter().map(|item| (item.hash, item.code)).collect();
            document.aside.extend(aside.iter().copied());
            self.out.push(Effect::Aside { doc, items: aside });
        }
        if !curable.is_empty() {
            self.cure(doc, &curable);
        }
    }

    /// Who may write what, and on which devices, has changed: what was refused for that is offered once more.
    pub(super) fn try_refused_again(&mut self) {
        let ready = |document: &&mut Document| document.pause == Pause::No && document.seen.is_none();
        for document in self.docs.values_mut().filter(ready) {
            let again = document.worth_another_try();
            if !again.is_empty() {
                document.pause = Pause::Offering;
                self.out.push(Effect::Offer { doc: document.id, what: Offered::Hashes(again) });
            }
        }
    }

    /// First offers everything that is held of the actors in question; what is refused again is copied into
    /// changes of a new actor.
    fn cure(&mut self, doc: DocId, items: &[Rejected]) {
        let own = self.id;
        let Some(document) = self.docs.get_mut(&doc) else { return };
        // What hangs on something that was refused for good can only wait for that: once more on the next connection.
        let hanging = document.hanging();
        let items: Vec<_> = items.iter().filter(|item| !hanging.contains(&item.hash)).collect();
        if items.is_empty() {
            return;
        }
        for waiting in &mut document.waiting {
            waiting.sent &= !items.iter().any(|item| item.hash == waiting.item.hash);
        }
        let again = items.iter().any(|item| document.refused_once.contains(&item.hash));
        document.refused_once.extend(items.iter().map(|item| item.hash));
        if !again {
            let Some(first) = items.first() else { return };
            let effect = if items.iter().all(|item| item.code == RejectCode::MissingDeps) {
                // What it depends on may be another's: read what the log has, and offer all that it lacks.
                document.start_over();
                self.shut(doc, None);
                return self.open(&[doc]);
            } else if let Some(actor) = document.actor_of(first.hash) {
                Effect::Offer { doc, what: Offered::Actor(actor) }
            } else {
                return;
            };
            document.pause = Pause::Offering;
            self.out.push(effect);
            return;
        }
        let refused: BTreeSet<_> = items.iter().map(|item| item.hash).collect();
        let (mine, carried): (Vec<_>, Vec<_>) = document
            .waiting
            .iter()
            .filter(|waiting| refused.contains(&waiting.item.hash))
            .map(|waiting| (waiting.item.hash, waiting.item.by))
            .partition(|(_, by)| *by == own);
        if !carried.is_empty() {
            // Another's change is hers to mend; it stays here.
            let hashes: BTreeSet<_> = carried.into_iter().map(|(hash, _)| hash).collect();
            document.no_longer_waiting(&hashes);
            let aside: Vec<_> = items
                .iter()
                .filter(|item| hashes.contains(&item.hash))
                .map(|item| (item.hash, item.code))
                .collect();
            document.aside.extend(aside.iter().copied());
            self.out.push(Effect::Aside { doc, items: aside });
        }
        if !mine.is_empty() {
            let hashes: Vec<_> = mine.into_iter().map(|(hash, _)| hash).collect();
            document.pause = Pause::Recovering(hashes.iter().copied().collect());
            self.out.push(Effect::Recover { doc, hashes });
        }
    }

    fn failed(
        &mut self,
        code: ErrorCode,
        doc: Option<DocId>,
        id: Option<u64>,
        retry_after_ms: Option<u64>,
        now_ms: u64,
    ) {
        if let Some(push) = id.and_then(|id| self.pushes.remove(&id)) {
            let wait = retry_after_ms.unwrap_or(match code {
                ErrorCode::Unavailable | ErrorCode::RateLimited => RETRY_MS,
                _ => FAILED_MS,
            });
            if let Some(document) = self.docs.get_mut(&push.doc) {
                document.not_before_ms = now_ms + wait;
                for waiting in &mut document.waiting {
                    waiting.sent &= !push.hashes.contains(&waiting.item.hash);
                }
            }
        } else if let Some(doc) = doc.filter(|_| id.is_none()) {
            self.shut_silently(doc, now_ms + retry_after_ms.unwrap_or(FAILED_MS));
        }
    }

    /// The server has closed a document that it failed on.
    fn shut_silently(&mut self, doc: DocId, reopen_ms: u64) {
        if let Some(document) = self.docs.get_mut(&doc) {
            document.phase = Phase::Closed;
            document.reopen_ms = Some(reopen_ms);
            document.unnamed.clear();
        }
    }
}
