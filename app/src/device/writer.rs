//! The one way to the disk: writes go in order and are gathered into transactions. What was made here is tried
//! until the browser takes it; what came from elsewhere is given up when it does not, and fetched again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::platform;
use super::queue::{Beside, Job, Lane, Queue};
use super::status::{Problem, Status};
use super::store::{Part, Store, StoreError, Write};

/// How long to wait before a refused write is tried again, in ms.
const RETRY_MS: u64 = 3_000;
/// How often that wait looks whether someone is in a hurry, in ms.
const HURRY_MS: u64 = 100;
/// How often a flush looks whether everything is on disk, in ms.
const FLUSH_POLL_MS: u64 = 10;
/// How long a flush waits for a disk that neither takes nor refuses, in ms.
const FLUSH_LIMIT_MS: u64 = 10_000;

/// The queue before the store.
pub struct Writer {
    store: Store,
    status: Status,
    queue: RefCell<Queue>,
    running: Cell<bool>,
    stopped: Cell<bool>,
    /// Someone waits for the disk: the next try is due.
    hurry: Cell<bool>,
    /// How often the disk has refused something, and something made here.
    refusals: Cell<(u64, u64)>,
    /// The last try with something made here was refused.
    in_trouble: Cell<bool>,
}

impl Writer {
    pub(super) fn new(store: Store, status: Status) -> Rc<Self> {
        Rc::new(Self {
            store,
            status,
            queue: RefCell::new(Queue::new()),
            running: Cell::new(false),
            stopped: Cell::new(false),
            hurry: Cell::new(false),
            refusals: Cell::new((0, 0)),
            in_trouble: Cell::new(false),
        })
    }

    /// Writes something that was made here.
    pub(super) fn own(self: &Rc<Self>, writes: Vec<Write>, done: impl FnOnce() + 'static) {
        self.own_beside(None, writes, done);
    }

    /// Like [`Self::own`], beside something that must be there.
    pub(super) fn own_beside(
        self: &Rc<Self>,
        beside: Option<Beside>,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
    ) {
        self.queue.borrow_mut().add_own(Job { beside, writes, done: Box::new(done), given_up: None });
        self.run();
    }

    /// Writes something that follows from what the server said, behind what the server sent before. It is tried
    /// until the disk takes it.
    pub(super) fn foreign(self: &Rc<Self>, writes: Vec<Write>, done: impl FnOnce() + 'static) {
        self.foreign_beside(None, writes, done);
    }

    /// Like [`Self::foreign`], beside something that must be there.
    pub(super) fn foreign_beside(
        self: &Rc<Self>,
        beside: Option<Beside>,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
    ) {
        // Never returned: it cannot be had again.
        self.queue.borrow_mut().add_foreign(Job { beside, writes, done: Box::new(done), given_up: None });
        self.run();
    }

    /// Writes something that the server sent and would send again. `given_up` is called in place of `done` when
    /// the disk does not take it.
    pub(super) fn received(
        self: &Rc<Self>,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
        given_up: impl FnOnce() + 'static,
    ) {
        self.received_beside(None, writes, done, given_up);
    }

    /// Like [`Self::received`], beside something that must be there.
    pub(super) fn received_beside(
        self: &Rc<Self>,
        beside: Option<Beside>,
        writes: Vec<Write>,
        done: impl FnOnce() + 'static,
        given_up: impl FnOnce() + 'static,
    ) {
        let job = Job { beside, writes, done: Box::new(done), given_up: Some(Box::new(given_up)) };
        let turned_down = self.queue.borrow_mut().add_foreign(job);
        give_up(turned_down);
        self.run();
    }

    fn run(self: &Rc<Self>) {
        if self.running.replace(true) {
            return;
        }
        let writer = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            while !writer.stopped.get() {
                let next = writer.queue.borrow_mut().next();
                let Some(taken) = next else { break };
                let lane = taken.lane;
                let part = |job: &Job| Part {
                    beside: job.beside.as_ref().map(|beside| (beside.store, beside.key.clone())),
                    writes: job.writes.clone(),
                };
                match writer.store.write_parts(taken.jobs.iter().map(part).collect()).await {
                    Ok(written) => {
                        writer.queue.borrow_mut().succeeded(lane);
                        writer.taken(lane);
                        for (job, is_written) in taken.jobs.into_iter().zip(written) {
                            match (is_written, job.beside) {
                                (false, Some(beside)) => (beside.not_there)(),
                                _ => (job.done)(),
                            }
                        }
                    }
                    Err(StoreError::Closed) => {
                        writer.queue.borrow_mut().put_back(taken);
                        break;
                    }
                    Err(error) => {
                        let given_up = writer.queue.borrow_mut().refused(taken);
                        writer.refused(lane, error);
                        give_up(given_up);
                        writer.pause().await;
                    }
                }
            }
            writer.running.set(false);
        });
    }

    fn taken(&self, lane: Lane) {
        if lane == Lane::Own {
            self.in_trouble.set(false);
        }
        self.status
            .solve_where(|problem| matches!(problem, Problem::StorageFull | Problem::StorageFailed { .. }));
    }

    fn refused(&self, lane: Lane, error: StoreError) {
        let (all, own) = self.refusals.get();
        self.refusals.set((all + 1, own + u64::from(lane == Lane::Own)));
        if lane == Lane::Own {
            self.in_trouble.set(true);
        }
        match (error, lane) {
            // The sync machine says what could not be received; what is made here may still fit.
            (StoreError::Full, Lane::Foreign) => {}
            (StoreError::Full, Lane::Own) => self.status.report(Problem::StorageFull),
            (StoreError::NewerVersion, _) => self.status.report(Problem::NewerVersion),
            (other, _) => self.status.report(Problem::StorageFailed { message: other.to_string() }),
        }
    }

    async fn pause(&self) {
        let mut waited = 0;
        while waited < RETRY_MS && !self.hurry.take() {
            platform::sleep(HURRY_MS).await;
            waited += HURRY_MS;
        }
    }

    /// Resolves once everything queued is on disk, or the disk has refused it, or it has taken too long.
    pub(super) async fn flushed(&self) {
        let (all, own) = self.refusals.get();
        self.hurry.set(true);
        let mut waited = 0;
        loop {
            let is_saved = self.queue.borrow().own_left() == 0;
            let refusals = self.refusals.get();
            let is_over = !self.running.get() || if is_saved { refusals.0 > all } else { refusals.1 > own };
            if is_over || waited >= FLUSH_LIMIT_MS {
                self.hurry.set(false);
                return;
            }
            platform::sleep(FLUSH_POLL_MS).await;
            waited += FLUSH_POLL_MS;
        }
    }

    /// Whether something that was made here is refused by the disk, and would be lost with this page.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.in_trouble.get() && !self.stopped.get()
    }

    /// Whether nothing goes to the disk any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Takes no more jobs to the disk: the device is being emptied, or left without what could not be saved.
    pub(super) fn stop(&self) {
        self.stopped.set(true);
    }
}

/// Tells those who asked for these writes that they are not made.
fn give_up(jobs: impl IntoIterator<Item = Job>) {
    for job in jobs {
        if let Some(given_up) = job.given_up {
            given_up();
        }
    }
}
