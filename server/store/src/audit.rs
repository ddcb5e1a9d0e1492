//! The audit log as a whole: some of its rows, and whether it still is what was written.

use async_trait::async_trait;
use shared::domain::audit::AuditHead;
use shared::ids::UserId;

use crate::{AuditRow, Millis, Result, Store, StoreError, audit_hash};

/// Which rows to look at; what is `None` leaves none out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those below this number.
    pub before: Option<u64>,
    /// Those that this person did.
    pub user: Option<UserId>,
    /// Those of this action, also where it was refused.
    pub action: Option<String>,
    /// Those from this moment on.
    pub from: Option<Millis>,
    /// Those up to this moment.
    pub until: Option<Millis>,
}

/// Looking at the audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// At most `most` rows that fit, the newest first.
    async fn audit_page(&self, filter: &AuditFilter, most: u32) -> Result<Vec<AuditRow>>;
}

/// What is wrong with an audit log, and at which row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A row is not what its hash, and so every later one, was made of: it or the row before was changed, or rows
    /// changed places.
    #[error("row {seq} is not what was written: it was changed, or rows have changed places")]
    Changed {
        /// The first such row.
        seq: u64,
    },
    /// A number is left out.
    #[error("row {seq} is missing: the next one that is there is row {found}")]
    Missing {
        /// The first one that is missing.
        seq: u64,
        /// The one that was found instead.
        found: u64,
    },
    /// A row holds something that no row can hold.
    #[error("row {seq} cannot be read: it was changed")]
    Unreadable {
        /// Which one.
        seq: u64,
    },
    /// The log ends before the head that was noted.
    #[error(
        "the log ends at row {end}, and row {seq} was noted as its end: what came after row {end} was cut off"
    )]
    Cut {
        /// The last row.
        end: u64,
        /// The one that was noted.
        seq: u64,
    },
    /// The chain holds, but the row that was noted is another one now.
    #[error("row {seq} is not the one that was noted: the log was written anew up to there")]
    Rewritten {
        /// The row that was noted.
        seq: u64,
    },
}

/// Walks the chain, row by row.
#[derive(Debug)]
pub struct Auditor {
    /// What was noted elsewhere.
    noted: Option<AuditHead>,
    head: AuditHead,
}

/// An empty log.
const NOTHING: AuditHead = AuditHead { seq: 0, hash: [0; 32] };

impl Auditor {
    /// At the start of a log, to be held against a head that was noted.
    #[must_use]
    pub fn new(noted: Option<AuditHead>) -> Self {
        Self { noted, head: NOTHING }
    }

    /// Where it is.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        self.head
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// [`AuditFault`], at the first row that is not what it should be.
    pub fn take(&mut self, row: &AuditRow) -> Result<(), AuditFault> {
        let seq = self.head.seq + 1;
        if row.seq != seq {
            return Err(AuditFault::Missing { seq, found: row.seq });
        }
        if row.hash != audit_hash(&self.head.hash, &row.event) {
            return Err(AuditFault::Changed { seq });
        }
        self.head = AuditHead { seq, hash: row.hash };
        match self.noted {
            Some(noted) if noted.seq == seq && noted.hash != row.hash => Err(AuditFault::Rewritten { seq }),
            _ => Ok(()),
        }
    }

    /// The log ends here.
    ///
    /// # Errors
    /// [`AuditFault::Cut`] where more was noted.
    pub fn end(self) -> Result<AuditHead, AuditFault> {
        match self.noted {
            Some(noted) if noted.seq > self.head.seq => {
                Err(AuditFault::Cut { end: self.head.seq, seq: noted.seq })
            }
            _ => Ok(self.head),
        }
    }
}

/// Rows read at once.
const TOGETHER: u32 = 1_000;

/// Walks the whole log of a store. The outer error is the store's, the inner one what is wrong with the log.
///
/// # Errors
/// When the store cannot be read.
pub async fn walk_audit(
    store: &dyn Store,
    noted: Option<AuditHead>,
) -> Result<Result<AuditHead, AuditFault>> {
    let mut auditor = Auditor::new(noted);
    loop {
        let after = auditor.head().seq;
        let rows = match store.audit_after(after, TOGETHER).await {
            // One of them cannot be read: one by one up to there.
            Err(StoreError::Corrupt(_)) => match store.audit_after(after, 1).await {
                Err(StoreError::Corrupt(_)) => return Ok(Err(AuditFault::Unreadable { seq: after + 1 })),
                rows => rows?,
            },
            rows => rows?,
        };
        if rows.is_empty() {
            return Ok(auditor.end());
        }
        for row in &rows {
            if let Err(fault) = auditor.take(row) {
                return Ok(Err(fault));
            }
        }
    }
}

/// Where the audit log ends.
///
/// # Errors
/// When the store cannot be read.
pub async fn audit_head(store: &dyn Store) -> Result<AuditHead> {
    let newest = store.audit_tail(1).await?;
    Ok(newest.first().map_or(NOTHING, |row| AuditHead { seq: row.seq, hash: row.hash }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuditEvent;

    fn log(rows: u64) -> Vec<AuditRow> {
        let mut before = [0; 32];
        let rows = (1..=rows).map(|seq| {
            let event = AuditEvent {
                at: seq,
                user: None,
                device: None,
                action: "refer".to_owned(),
                object: format!("{seq}"),
            };
            before = audit_hash(&before, &event);
            AuditRow { seq, event, hash: before }
        });
        rows.collect()
    }

    fn walk(rows: &[AuditRow], noted: Option<AuditHead>) -> Result<AuditHead, AuditFault> {
        let mut auditor = Auditor::new(noted);
        rows.iter().try_for_each(|row| auditor.take(row))?;
        auditor.end()
    }

    fn head(row: &AuditRow) -> AuditHead {
        AuditHead { seq: row.seq, hash: row.hash }
    }

    #[test]
    fn a_sound_log_ends_where_it_was_noted_or_later() {
        let rows = log(5);
        assert_eq!(walk(&[], None), Ok(NOTHING));
        for noted in [None, Some(NOTHING), Some(head(&rows[2])), Some(head(&rows[4]))] {
            assert_eq!(walk(&rows, noted), Ok(head(&rows[4])));
        }
    }

    #[test]
    fn each_way_to_tamper_is_found_at_its_row() {
        let sound = log(5);
        let noted = Some(head(&sound[4]));
        let mut changed = sound.clone();
        changed[2].event.object.push('!');
        assert_eq!(walk(&changed, None), Err(AuditFault::Changed { seq: 3 }));
        let mut removed = sound.clone();
        removed.remove(2);
        assert_eq!(walk(&removed, None), Err(AuditFault::Missing { seq: 3, found: 4 }));
        // With numbers that close the gap.
        removed[2].seq = 3;
        removed[3].seq = 4;
        assert_eq!(walk(&removed, None), Err(AuditFault::Changed { seq: 3 }));
        let mut swapped = sound.clone();
        swapped.swap(1, 3);
        (swapped[1].seq, swapped[3].seq) = (2, 4);
        assert_eq!(walk(&swapped, None), Err(AuditFault::Changed { seq: 2 }));
        assert_eq!(walk(&sound[..3], None), Ok(head(&sound[2])));
        assert_eq!(walk(&sound[..3], noted), Err(AuditFault::Cut { end: 3, seq: 5 }));
        // Somebody who works every hash out anew.
        let mut rewritten = log(5);
        rewritten[1].event.object = "another".to_owned();
        let mut before = rewritten[0].hash;
        for row in &mut rewritten[1..] {
            row.hash = audit_hash(&before, &row.event);
            before = row.hash;
        }
        assert!(walk(&rewritten, None).is_ok());
        assert_eq!(walk(&rewritten, noted), Err(AuditFault::Rewritten { seq: 5 }));
    }
}
