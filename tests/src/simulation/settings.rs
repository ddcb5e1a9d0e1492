//! How large a world is and what goes wrong in it: drawn from its seed, so that some worlds have all faults and
//! some have few of them often.

use shared::sync::limits;

use super::random::Random;

/// Seeds below this one were noted before there were snapshots and torn writes. Their worlds stay as they were, so that
/// what is said of them stays true.
const FIRST_WITH_SNAPSHOTS: u64 = 10_000;

/// How large a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// A few people: where most is found.
    Small,
    /// Some dozens of tabs.
    Medium,
    /// Hundreds of machines.
    Large,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A connection ends; what is under way is lost from some point on.
    Cut,
    /// A connection says nothing any more, and does not end either.
    HalfOpen,
    /// All connections end at once.
    Storm,
    /// A device is without network for a while.
    Offline,
    /// A device's clock jumps by a day.
    ClockJump,
    /// A tab is killed, and opened again.
    KillTab,
    /// A device is killed with all its tabs.
    KillDevice,
    /// A second tab is opened, or closed.
    SecondTab,
    /// A tab is closed in good order, with a last flush.
    Farewell,
    /// A device's disk refuses some writes.
    DiskError,
    /// A device's browser gives no more room for a while.
    Quota,
    /// A device goes back to an older image of its disk.
    RestoreDevice,
    /// The server is killed, wherever it is.
    KillServer,
    /// The server's disk refuses writes for a while.
    StoreError,
    /// A server's commit fails on its face only.
    DoubtfulCommit,
    /// The server goes back to an older backup.
    RestoreServer,
    /// One document cannot be read for a while.
    DocumentFails,
    /// A reader takes its time.
    SlowReader,
    /// Hints do not arrive.
    LostHint,
    /// A session ends.
    SignOut,
    /// What somebody may do with a document changes.
    ChangeAccess,
    /// A device is revoked.
    RevokeDevice,
    /// A document is destroyed.
    Destroy,
    /// A device sends what it must not.
    Hostile,
    /// A log arrives otherwise than its authors signed it.
    Lie,
    /// Somebody asks for what she may not know of.
    Stranger,
    /// Somebody shows where she is in a document.
    Presence,
    /// The server makes a snapshot of a log, and drops what it covers a while later.
    Snapshot,
    /// Tabs of a device make a snapshot of what lies on its disk, mostly both at the same time.
    Compact,
    /// A device is killed, and of what was on its way to its disk only the first records are there.
    TornWrite,
    /// The server is killed in the middle of its next commit, or after it and before any answer.
    TornCommit,
}

impl Fault {
    /// Every fault with its mean distance in a small world, in ms of its time.
    pub const ALL: [(Self, u64); 31] = [
        (Self::Cut, 2_500),
        (Self::HalfOpen, 9_000),
        (Self::Storm, 40_000),
        (Self::Offline, 12_000),
        (Self::ClockJump, 20_000),
        (Self::KillTab, 7_000),
        (Self::KillDevice, 12_000),
        (Self::SecondTab, 10_000),
        (Self::Farewell, 9_000),
        (Self::DiskError, 5_000),
        (Self::Quota, 25_000),
        (Self::RestoreDevice, 25_000),
        (Self::KillServer, 12_000),
        (Self::StoreError, 15_000),
        (Self::DoubtfulCommit, 15_000),
        (Self::RestoreServer, 30_000),
        (Self::DocumentFails, 30_000),
        (Self::SlowReader, 15_000),
        (Self::LostHint, 1_000),
        (Self::SignOut, 25_000),
        (Self::ChangeAccess, 8_000),
        (Self::RevokeDevice, 60_000),
        (Self::Destroy, 90_000),
        (Self::Hostile, 4_000),
        (Self::Lie, 9_000),
        (Self::Stranger, 8_000),
        (Self::Presence, 3_000),
        (Self::Snapshot, 4_000),
        (Self::Compact, 5_000),
        (Self::TornWrite, 20_000),
        (Self::TornCommit, 40_000),
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "fault: cut",
            Self::HalfOpen => "fault: half open",
            Self::Storm => "fault: storm",
            Self::Offline => "fault: offline",
            Self::ClockJump => "fault: clock jump",
            Self::KillTab => "fault: kill tab",
            Self::KillDevice => "fault: kill device",
            Self::SecondTab => "fault: second tab",
            Self::Farewell => "fault: farewell",
            Self::DiskError => "fault: disk error",
            Self::Quota => "fault: quota",
            Self::RestoreDevice => "fault: restore device",
            Self::KillServer => "fault: kill server",
            Self::StoreError => "fault: store error",
            Self::DoubtfulCommit => "fault: doubtful commit",
            Self::RestoreServer => "fault: restore server",
            Self::DocumentFails => "fault: document fails",
            Self::SlowReader => "fault: slow reader",
            Self::LostHint => "fault: lost hint",
            Self::SignOut => "fault: sign out",
            Self::ChangeAccess => "fault: change access",
            Self::RevokeDevice => "fault: revoke device",
            Self::Destroy => "fault: destroy",
            Self::Hostile => "fault: hostile",
            Self::Lie => "fault: lie",
            Self::Stranger => "fault: stranger",
            Self::Presence => "fault: presence",
            Self::Snapshot => "fault: snapshot",
            Self::Compact => "fault: compact",
            Self::TornWrite => "fault: torn write",
            Self::TornCommit => "fault: torn commit",
        }
    }
}

/// A world's size and faults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many people there are.
    pub people: usize,
    /// Devices of one person at most.
    pub devices: usize,
    /// How many documents there are.
    pub documents: usize,
    /// After how many happenings faults end and everything comes to rest.
    pub steps: u64,
    /// The mean distance between what one person does, in ms.
    pub acts_ms: u64,
    /// What goes wrong, with its mean distance in ms.
    pub faults: Vec<(Fault, u64)>,
    /// How often in a thousand a tab is killed between two effects.
    pub killed_between: u64,
    /// The longest way over the wire, in ms.
    pub latency_ms: u64,
    /// Bytes in one piece of a snapshot.
    pub piece_bytes: usize,
}

impl Settings {
    /// Those of a seed.
    #[must_use]
    pub fn of(seed: u64, scale: Scale) -> Self {
        let mut random = Random::new(seed ^ 0x5e77_1465);
        let (people, devices, documents, steps) = match scale {
            Scale::Small => (3 + random.below(4), 2, 2 + random.below(4), 4_000),
            Scale::Medium => (16, 2, 14, 8_000),
            Scale::Large => (110, 3, 70, 40_000),
        };
        let calmer = match scale {
            Scale::Small => 1,
            Scale::Medium | Scale::Large => 2,
        };
        // Swarm testing: a world where half of the faults are missing reaches places that one with all never does.
        let share = random.pick(&[250, 500, 800, 1_000]).unwrap_or(500);
        let pace = random.pick(&[6, 3, 1]).unwrap_or(3);
        let faults = Fault::ALL
            .into_iter()
            .filter(|(fault, _)| seed >= FIRST_WITH_SNAPSHOTS || *fault <= Fault::Presence)
            .filter(|_| random.in_thousand(share))
            .map(|(fault, mean)| (fault, mean * calmer / pace))
            .collect();
        Self {
            people,
            devices,
            documents,
            steps,
            acts_ms: random.pick(&[300, 1_000, 4_000]).unwrap_or(1_000) * calmer,
            faults,
            killed_between: random.pick(&[0, 0, 1, 5]).unwrap_or(0),
            latency_ms: random.pick(&[5, 60, 400, 3_000]).unwrap_or(60),
            piece_bytes: random.pick(&[150, 600, 3_000, limits::SNAPSHOT_PIECE]).unwrap_or(600),
        }
    }

    /// Whether that goes wrong in this world.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.iter().any(|(each, _)| *each == fault)
    }
}
