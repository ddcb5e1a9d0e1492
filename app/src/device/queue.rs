//! What waits for the disk, and in which order it goes there. No I/O.
//!
//! What is made here goes before what came from elsewhere, and is kept until the disk takes it. What the server
//! sent is given up when the disk refuses something: it lies on the server and is asked for again, and a full disk
//! must not fill the memory too.

use std::collections::VecDeque;

use super::store::Write;

/// Jobs in one transaction at most.
const GATHER: usize = 64;
/// Bytes of received writes that may wait; what comes beyond them is asked for again later.
const MOST_RECEIVED: usize = 64 << 20;

/// A value beside which writes are made, in the same transaction.
pub struct Beside {
    /// In which object store.
    pub store: &'static str,
    /// Its key.
    pub key: String,
    /// Called in place of `done` where it is not there and nothing was written.
    pub not_there: Box<dyn FnOnce()>,
}

/// Writes that belong together, and what happens to them.
pub struct Job {
    /// What must be there.
    pub beside: Option<Beside>,
    /// All or none.
    pub writes: Vec<Write>,
    /// Called after the transaction has completed.
    pub done: Box<dyn FnOnce()>,
    /// Called when it is given up; a job without is kept and tried again.
    pub given_up: Option<Box<dyn FnOnce()>>,
}

impl Job {
    fn bytes(&self) -> usize {
        let size = |write: &Write| if let Write::Put(_, _, plain) = write { plain.len() } else { 0 };
        self.writes.iter().map(size).sum()
    }
}

/// Which of the two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Made here.
    Own,
    /// From elsewhere.
    Foreign,
}

/// Jobs on their way to the disk, in one transaction.
pub struct Taken {
    /// Where they came from.
    pub lane: Lane,
    /// In their order.
    pub jobs: Vec<Job>,
}

/// The jobs that wait.
pub struct Queue {
    own: VecDeque<Job>,
    foreign: VecDeque<Job>,
    /// Own jobs on their way.
    own_under_way: usize,
    /// Own jobs for the next transaction: fewer after a refusal, so that what fits gets through.
    gather: usize,
    /// The disk has refused own jobs just now: what others delete may make room for them.
    foreign_turn: bool,
    /// Bytes of the foreign jobs that wait.
    bytes: usize,
    /// Something received was turned down: all that follows is too, until the queue is empty. A later part of a
    /// log without the earlier one would leave a hole.
    turning_down: bool,
}

impl Queue {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            own: VecDeque::new(),
            foreign: VecDeque::new(),
            own_under_way: 0,
            gather: GATHER,
            foreign_turn: false,
            bytes: 0,
            turning_down: false,
        }
    }

    /// Adds something made here.
    pub fn add_own(&mut self, job: Job) {
        self.own.push_back(job);
    }

    /// Adds something from elsewhere. Returns it where there is no room in memory and it can be had again.
    pub fn add_foreign(&mut self, job: Job) -> Option<Job> {
        if self.foreign.is_empty() {
            self.turning_down = false;
        }
        if job.given_up.is_some() {
            self.turning_down |= !self.foreign.is_empty() && self.bytes + job.bytes() > MOST_RECEIVED;
            if self.turning_down {
                return Some(job);
            }
        }
        self.bytes += job.bytes();
        self.foreign.push_back(job);
        None
    }

    /// The jobs of the next transaction; to be handed back to [`Self::succeeded`] or [`Self::refused`].
    pub fn next(&mut self) -> Option<Taken> {
        let foreign_turn = std::mem::take(&mut self.foreign_turn);
        let lane = if self.own.is_empty() || (foreign_turn && !self.foreign.is_empty()) {
            Lane::Foreign
        } else {
            Lane::Own
        };
        let (waiting, most) = match lane {
            Lane::Own => (&mut self.own, self.gather),
            Lane::Foreign => (&mut self.foreign, GATHER),
        };
        let count = waiting.len().min(most);
        let jobs: Vec<Job> = waiting.drain(..count).collect();
        match lane {
            Lane::Own => self.own_under_way = jobs.len(),
            Lane::Foreign => self.bytes -= jobs.iter().map(Job::bytes).sum::<usize>(),
        }
        (count > 0).then_some(Taken { lane, jobs })
    }

    /// The disk has taken jobs of that lane.
    pub fn succeeded(&mut self, lane: Lane) {
        if lane == Lane::Own {
            self.own_under_way = 0;
            self.gather = GATHER;
        }
    }

    /// The disk has refused these: puts back what is kept, and returns what is given up.
    pub fn refused(&mut self, taken: Taken) -> Vec<Job> {
        let Taken { lane, jobs } = taken;
        if lane == Lane::Own {
            self.gather = (jobs.len() / 2).max(1);
            self.foreign_turn = true;
        }
        self.put_back(Taken { lane, jobs });
        let (given_up, kept): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.foreign).into_iter().partition(|job| job.given_up.is_some());
        self.bytes = kept.iter().map(Job::bytes).sum();
        self.foreign = kept.into();
        given_up
    }

    /// These were not tried: they wait again, in front.
    pub fn put_back(&mut self, taken: Taken) {
        let waiting = match taken.lane {
            Lane::Own => {
                self.own_under_way = 0;
                &mut self.own
            }
            Lane::Foreign => {
                self.bytes += taken.jobs.iter().map(Job::bytes).sum::<usize>();
                &mut self.foreign
            }
        };
        taken.jobs.into_iter().rev().for_each(|job| waiting.push_front(job));
    }

    /// Jobs made here that are not on disk yet.
    pub fn own_left(&self) -> usize {
        self.own.len() + self.own_under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, bytes: usize, can_be_had_again: bool) -> Job {
        Job {
            beside: None,
            writes: vec![Write::Put("items", name.to_owned(), vec![0; bytes])],
            done: Box::new(|| ()),
            given_up: can_be_had_again.then(|| Box::new(|| ()) as Box<dyn FnOnce()>),
        }
    }

    fn name(job: &Job) -> &str {
        let Write::Put(_, name, _) = &job.writes[0] else { panic!("the tests put alone") };
        name
    }

    fn names(jobs: &[Job]) -> Vec<&str> {
        jobs.iter().map(name).collect()
    }

    fn take(queue: &mut Queue) -> (Lane, Vec<String>, Taken) {
        let taken = queue.next().expect("something waits");
        (taken.lane, names(&taken.jobs).into_iter().map(str::to_owned).collect(), taken)
    }

    #[test]
    fn what_is_made_here_goes_first_and_the_rest_in_its_order() {
        let mut queue = Queue::new();
        for name in ["received", "deleted"] {
            assert!(queue.add_foreign(job(name, 1, name == "received")).is_none());
        }
        queue.add_own(job("own", 1, false));
        assert_eq!(queue.own_left(), 1);
        let (lane, found, _) = take(&mut queue);
        assert_eq!((lane, found), (Lane::Own, vec!["own".to_owned()]));
        assert_eq!(queue.own_left(), 1, "on its way is not there yet");
        queue.succeeded(Lane::Own);
        assert_eq!(queue.own_left(), 0);
        let (lane, found, _) = take(&mut queue);
        assert_eq!((lane, found), (Lane::Foreign, vec!["received".to_owned(), "deleted".to_owned()]));
        assert!(queue.next().is_none());
    }

    #[test]
    fn a_refusing_disk_keeps_own_writes_and_deletions_and_gives_up_all_that_can_be_had_again() {
        let mut queue = Queue::new();
        for (name, again) in [("first", true), ("deletion", false), ("second", true)] {
            assert!(queue.add_foreign(job(name, 1, again)).is_none());
        }
        let (_, _, taken) = take(&mut queue);
        assert!(queue.add_foreign(job("third", 1, true)).is_none());
        queue.add_own(job("own", 1, false));
        // The third was not even tried: without the first two it would leave a hole behind its cursor.
        assert_eq!(names(&queue.refused(taken)), ["first", "second", "third"]);
        let (lane, _, taken) = take(&mut queue);
        assert_eq!(lane, Lane::Own);
        assert!(queue.add_foreign(job("fourth", 1, true)).is_none());
        assert_eq!(names(&queue.refused(taken)), ["fourth"]);
        assert_eq!(queue.own_left(), 1);
        // What is deleted may make room.
        let (lane, found, _) = take(&mut queue);
        assert_eq!((lane, found), (Lane::Foreign, vec!["deletion".to_owned()]));
        let (lane, found, _) = take(&mut queue);
        assert_eq!((lane, found), (Lane::Own, vec!["own".to_owned()]));
    }

    #[test]
    fn after_a_refusal_fewer_own_writes_go_at_once_in_the_same_order() {
        let mut queue = Queue::new();
        (0..8).for_each(|n| queue.add_own(job(&n.to_string(), 1, false)));
        for expected in [8, 4, 2, 1, 1] {
            let (_, found, taken) = take(&mut queue);
            assert_eq!(found, (0..expected).map(|n: usize| n.to_string()).collect::<Vec<_>>());
            assert!(queue.refused(taken).is_empty());
            assert_eq!(queue.own_left(), 8);
        }
        let (_, found, _) = take(&mut queue);
        assert_eq!(found, ["0"]);
        queue.succeeded(Lane::Own);
        assert_eq!(take(&mut queue).1.len(), 7);
    }

    #[test]
    fn what_is_received_has_a_bound_in_memory_and_leaves_no_hole() {
        let mut queue = Queue::new();
        assert!(queue.add_foreign(job("large", MOST_RECEIVED, true)).is_none(), "one always fits");
        assert!(queue.add_foreign(job("beyond", 1, true)).is_some());
        assert!(
            queue.add_foreign(job("behind", 0, true)).is_some(),
            "it would come without what is before it"
        );
        assert!(queue.add_foreign(job("deletion", 0, false)).is_none(), "what cannot be had again is kept");
        let (_, _, taken) = take(&mut queue);
        queue.succeeded(taken.lane);
        assert!(queue.add_foreign(job("again", 1, true)).is_none());
    }
}
