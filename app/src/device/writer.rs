//! The one way to the disk: writes go in order, are gathered into transactions, and are tried again until
//! the browser takes them. What is made here goes before what came from elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::platform;
use super::status::{Problem, Status};
use super::store::{Store, StoreError, Write};

/// Jobs in one transaction at most.
const GATHER: usize = 64;
/// How long to wait before a refused write is tried again, in ms.
const RETRY_MS: u64 = 3_000;
/// How often a flush looks whether everything is on disk, in ms.
const FLUSH_POLL_MS: u64 = 10;

/// Writes that belong together, and what happens once they are on disk.
pub struct Job {
    /// All or none.
    pub writes: Vec<Write>,
    /// Called after the transaction has completed.
    pub done: Box<dyn FnOnce()>,
}

/// The queue before the store.
pub struct Writer {
    store: Store,
    status: Status,
    own: RefCell<VecDeque<Job>>,
    foreign: RefCell<VecDeque<Job>>,
    running: Cell<bool>,
    stopped: Cell<bool>,
}

impl Writer {
    pub(super) fn new(store: Store, status: Status) -> Rc<Self> {
        Rc::new(Self {
            store,
            status,
            own: RefCell::default(),
            foreign: RefCell::default(),
            running: Cell::new(false),
            stopped: Cell::new(false),
        })
    }

    /// Writes something that was made here.
    pub(super) fn own(self: &Rc<Self>, writes: Vec<Write>, done: impl FnOnce() + 'static) {
        self.own.borrow_mut().push_back(Job { writes, done: Box::new(done) });
        self.run();
    }

    /// Writes something that the server sent, and would send again.
    pub(super) fn foreign(self: &Rc<Self>, writes: Vec<Write>, done: impl FnOnce() + 'static) {
        self.foreign.borrow_mut().push_back(Job { writes, done: Box::new(done) });
        self.run();
    }

    fn run(self: &Rc<Self>) {
        if self.running.replace(true) {
            return;
        }
        let writer = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            while let Some((mut jobs, queue)) = writer.next() {
                let writes = jobs.iter().flat_map(|job| job.writes.iter().cloned()).collect();
                match writer.store.write(writes).await {
                    Ok(()) => {
                        writer.status.solve_where(|problem| {
                            matches!(problem, Problem::StorageFull | Problem::StorageFailed { .. })
                        });
                        jobs.drain(..).for_each(|job| (job.done)());
                    }
                    Err(error) => {
                        jobs.drain(..).rev().for_each(|job| queue.borrow_mut().push_front(job));
                        if !writer.refused(error) {
                            break;
                        }
                        platform::sleep(RETRY_MS).await;
                    }
                }
            }
            writer.running.set(false);
        });
    }

    fn next(&self) -> Option<(Vec<Job>, &RefCell<VecDeque<Job>>)> {
        let queue = if self.own.borrow().is_empty() { &self.foreign } else { &self.own };
        let mut waiting = queue.borrow_mut();
        let count = waiting.len().min(GATHER);
        (count > 0 && !self.stopped.get()).then(|| (waiting.drain(..count).collect(), queue))
    }

    /// Tells the person, and whether to try again.
    fn refused(&self, error: StoreError) -> bool {
        match error {
            StoreError::Closed => return false,
            StoreError::Full => self.status.report(Problem::StorageFull),
            StoreError::NewerVersion => self.status.report(Problem::NewerVersion),
            other => self.status.report(Problem::StorageFailed { message: other.to_string() }),
        }
        true
    }

    /// Resolves once everything queued is on disk.
    pub(super) async fn flushed(&self) {
        while self.running.get() {
            platform::sleep(FLUSH_POLL_MS).await;
        }
    }

    /// Takes no more jobs to the disk: the device is being emptied.
    pub(super) fn stop(&self) {
        self.stopped.set(true);
    }
}
