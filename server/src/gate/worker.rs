//! The worker: a process that gives automerge the bytes of strangers, and that the server can do without. It has
//! no file, no network and no secret; it reads requests from its standard input, answers on its standard output,
//! and ends with its input.

use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use shared::sync::gate;
use shared::sync::message::RejectCode;
use shared::sync::snapshot;
use shared::sync::trial::trial;

use super::maker;
use super::protocol::{self, finding};

/// The word on the command line that makes the program a worker.
pub const ARGUMENT: &str = "gate-worker";

/// What a worker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Decodes changes, each on its own, while somebody waits.
    Decode,
    /// Applies logs on trial, while nobody waits.
    Try,
    /// The same within half of the limits: whether a log was far from them without its latest change.
    TryHalf,
    /// Makes snapshots of logs that have been tried.
    Snapshot,
}

impl Role {
    /// The word on the command line, after [`ARGUMENT`].
    #[must_use]
    pub fn argument(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Try => "try",
            Self::TryHalf => "try-half",
            Self::Snapshot => "snapshot",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_argument(word: &str) -> Option<Self> {
        [Self::Decode, Self::Try, Self::TryHalf, Self::Snapshot]
            .into_iter()
            .find(|role| role.argument() == word)
    }

    /// Bytes of address space. A change has at most 256 KiB and 100,000 operations, which is far from the first;
    /// a document that needs the second could not be opened on a telephone either.
    fn memory(self) -> u64 {
        match self {
            Self::Decode => 512 << 20,
            Self::Try | Self::Snapshot => 2 << 30,
            Self::TryHalf => 1 << 30,
        }
    }

    /// Seconds of the processor for one change or one log, as the operating system counts: in whole ones.
    fn seconds(self) -> u64 {
        match self {
            Self::Decode => 2,
            Self::Try => 60,
            Self::TryHalf => 30,
            // Whatever can be tried can be covered.
            Self::Snapshot => 120,
        }
    }
}

/// Works until there is no more to do.
#[must_use]
pub fn main(role: Role) -> ExitCode {
    // Whoever asked is told; nobody reads what it would print.
    std::panic::set_hook(Box::new(|_| ()));
    let served = limit_for_good(role)
        .and_then(|()| serve(role, BufReader::new(io::stdin().lock()), io::stdout().lock()));
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve(role: Role, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    protocol::write(&mut output, protocol::READY)?;
    while let Some(request) = protocol::read(&mut input)? {
        let parts = protocol::split(&request)?;
        match role {
            Role::Decode => {
                // One answer at a time, so that the server knows at which change this process ended.
                for change in parts {
                    limit_time(role)?;
                    protocol::write(&mut output, &[decode(change)])?;
                }
            }
            Role::Try | Role::TryHalf => {
                limit_time(role)?;
                protocol::write(&mut output, &try_log(&parts))?;
            }
            Role::Snapshot => {
                limit_time(role)?;
                protocol::write(&mut output, &make_snapshot(&parts))?;
            }
        }
    }
    Ok(())
}

fn decode(change: &[u8]) -> u8 {
    match catch_unwind(AssertUnwindSafe(|| gate::decode(change))) {
        Ok(Ok(())) => finding::SOUND,
        Ok(Err(RejectCode::TooLarge)) => finding::TOO_LARGE,
        Ok(Err(_)) => finding::BAD_CHUNK,
        Err(_) => finding::PANICKED,
    }
}

fn unsound(why: &str) -> Vec<u8> {
    [&[finding::UNSOUND], why.as_bytes()].concat()
}

/// A document chunk, where there is one.
fn base(part: &[u8]) -> Option<&[u8]> {
    Some(part).filter(|part| !part.is_empty())
}

/// The first part is how many of the changes have been tried before, the second the chunk before all changes.
fn try_log(parts: &[&[u8]]) -> Vec<u8> {
    let [tried, chunk, changes @ ..] = parts else { return unsound("nothing to try") };
    let tried = <[u8; 8]>::try_from(*tried).ok().and_then(|it| usize::try_from(u64::from_le_bytes(it)).ok());
    let Some((tried, new)) = tried.and_then(|tried| changes.split_at_checked(tried)) else {
        return unsound("not that many changes");
    };
    match catch_unwind(AssertUnwindSafe(|| trial(base(chunk), tried, new))) {
        Ok(Ok(())) => vec![finding::SOUND],
        Ok(Err(fault)) => unsound(&fault.to_string()),
        Err(_) => vec![finding::PANICKED],
    }
}

/// The first part is the chunk before all changes.
fn make_snapshot(parts: &[&[u8]]) -> Vec<u8> {
    let [chunk, changes @ ..] = parts else { return unsound("nothing to make a snapshot of") };
    match catch_unwind(AssertUnwindSafe(|| snapshot::make(base(chunk), changes))) {
        Ok(Ok(made)) => maker::write(&made),
        Ok(Err(why)) => unsound(&why.to_string()),
        Err(_) => vec![finding::PANICKED],
    }
}

fn limit_for_good(role: Role) -> io::Result<()> {
    let at_most = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::As, at_most(role.memory()))?;
    // Neither a dump of what people wrote, nor any file at all.
    setrlimit(Resource::Core, at_most(0))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Nofile, at_most(0))?;
    if role != Role::Decode {
        nice(10)?;
    }
    // Here already, so that a machine that does not allow it is found out before anything is asked.
    limit_time(role)
}

/// Gives the next piece of work its time: the limit counts from the start of the process.
fn limit_time(role: Role) -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = (used + 1 + role.seconds()).min(maximum.unwrap_or(u64::MAX));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?;
    Ok(())
}
