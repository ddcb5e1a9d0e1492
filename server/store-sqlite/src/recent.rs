//! What the last pushes left behind, as far as the next ones of the same people to the same documents ask for it: those
//! are judged without a question to the database.
//!
//! Only what is to be stored as a whole is judged like this; whatever is not sure goes to the database. Nobody else can
//! have written in the meantime: what this process writes is counted by the [writer](crate::writer), and a statement that
//! stores looks at the count of what others write.

use std::collections::{HashMap, HashSet, VecDeque};

use shared::access::Access;
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::gate::{Examined, KnownChange, LogFacts, PreviousChange, Verdict, Wanted};
use store::Carrier;

use crate::log::{Head, Standing};
use crate::survey::{Question, Survey};

/// Documents that are remembered; when there are more, all are forgotten and looked up anew.
const DOCS: usize = 4_096;
/// Changes of each: those that the next ones may build on.
const CHANGES: usize = 32;
/// Actors, authors and carriers of each.
const OTHERS: usize = 256;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Recent {
    /// [The writer's](crate::writer::Writer::moment) when all this was true.
    moment: u64,
    /// The moment at which it was, as [`Survey::version`].
    version: i64,
    docs: HashMap<DocId, Known>,
}

/// What is known of one document.
struct Known {
    /// With anybody's access.
    head: Head,
    access: HashMap<Carrier, Access>,
    /// The latest last.
    changes: VecDeque<(ChangeHash, KnownChange)>,
    /// The number of each actor's last change, and that change.
    actors: HashMap<ActorId, (u64, PreviousChange)>,
    writers: HashSet<DeviceId>,
}

/// What is known of a document once a push to it has been stored.
pub(crate) struct Seen {
    pub(crate) doc: DocId,
    /// After what was stored.
    pub(crate) head: Head,
    /// Before it.
    pub(crate) facts: LogFacts,
    pub(crate) access: Vec<(Carrier, Access)>,
    /// What was stored, in order.
    pub(crate) stored: Vec<Stored>,
}

/// A change that was stored.
pub(crate) struct Stored {
    pub(crate) hash: ChangeHash,
    pub(crate) change: KnownChange,
    pub(crate) actor: ActorId,
    pub(crate) actor_seq: u64,
}

impl Stored {
    /// What a verdict says is to be stored.
    pub(crate) fn of((examined, verdict): (&Examined, &Verdict)) -> Option<Self> {
        let (Verdict::Store { seq }, Some(it)) = (*verdict, examined.change()) else { return None };
        let change = KnownChange { seq, max_op: it.max_op(), void: false };
        Some(Self { hash: it.hash, change, actor: it.actor, actor_seq: it.seq })
    }
}

impl Recent {
    /// Forgets everything that is of another moment of the writer's: a transaction may have written anything since.
    pub(crate) fn look(&mut self, moment: u64) {
        if self.moment != moment {
            self.docs.clear();
            self.moment = moment;
        }
    }

    pub(crate) fn forget(&mut self) {
        self.docs.clear();
    }

    /// What a survey would find, of those who push and then of those who listen; none where something of it is not known.
    /// What is missing of the changes that are asked for may yet be in the log.
    pub(crate) fn survey(
        &self,
        pushing: &[(DocId, Carrier)],
        listening: &[(DocId, Carrier)],
        questions: &[Question],
    ) -> Option<Survey> {
        let open = |(doc, carrier): &(DocId, Carrier)| {
            let known = self.docs.get(doc)?;
            Some(Head { access: *known.access.get(carrier)?, ..known.head.clone() })
        };
        let mut standings = Vec::with_capacity(pushing.len() + listening.len());
        for carrier in pushing {
            // Why somebody has no access is not known here.
            standings.push(Ok(Standing::Open(open(carrier).filter(|head| head.access > Access::None)?)));
        }
        for carrier in listening {
            standings.push(Ok(Standing::Open(open(carrier)?)));
        }
        let facts = questions.iter().map(|it| self.docs.get(&it.doc)?.facts(&it.wanted));
        Some(Survey { version: self.version, standings, facts: facts.collect::<Option<_>>()? })
    }

    /// Takes in what is known since a push was stored that was judged at that moment.
    pub(crate) fn learn(&mut self, version: i64, seen: Vec<Seen>) {
        if self.version != version || self.docs.len() + seen.len() > DOCS {
            self.docs.clear();
            self.version = version;
        }
        for Seen { doc, head, facts, access, stored } in seen {
            let known = self.docs.entry(doc).or_insert_with(|| Known::at(head.clone()));
            known.head = head;
            known.learn(facts, access, stored);
        }
    }
}

impl Known {
    fn at(head: Head) -> Self {
        Self {
            head,
            access: HashMap::new(),
            changes: VecDeque::new(),
            actors: HashMap::new(),
            writers: HashSet::new(),
        }
    }

    fn facts(&self, wanted: &Wanted) -> Option<LogFacts> {
        let mut facts = LogFacts::default();
        let known = self.changes.iter().filter(|(hash, _)| wanted.hashes.contains(hash));
        facts.known.extend(known.copied());
        for actor in &wanted.actors {
            let (number, last) = self.actors.get(actor)?;
            facts.actors.insert(*actor, *number);
            facts.previous.insert((*actor, *number), *last);
        }
        if !wanted.devices.is_subset(&self.writers.iter().copied().collect()) {
            return None;
        }
        facts.writers.extend(&wanted.devices);
        Some(facts)
    }

    fn learn(&mut self, facts: LogFacts, access: Vec<(Carrier, Access)>, stored: Vec<Stored>) {
        if self.access.len() + access.len() > OTHERS {
            self.access.clear();
        }
        self.access.extend(access);
        if self.writers.len() + facts.writers.len() > OTHERS {
            self.writers.clear();
        }
        self.writers.extend(facts.writers);
        if self.actors.len() + facts.actors.len() > OTHERS {
            self.actors.clear();
        }
        for (actor, number) in facts.actors {
            if let Some(last) = facts.previous.get(&(actor, number)) {
                self.actors.insert(actor, (number, *last));
            }
        }
        for (hash, change) in facts.known {
            if !self.changes.iter().any(|(known, _)| *known == hash) {
                self.changes.push_back((hash, change));
            }
        }
        for Stored { hash, change, actor, actor_seq } in stored {
            self.changes.push_back((hash, change));
            self.actors.insert(actor, (actor_seq, PreviousChange { hash, seq: change.seq }));
        }
        while self.changes.len() > CHANGES {
            self.changes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
