//! How long documents are kept: periods per kind as settings, and from them the moment at which a document is
//! destroyed. Everything here is decided without a clock; the server carries it out.
//!
//! Whoever loses something is warned for [`WARNING_DAYS`] before it goes. So a period that is made shorter counts only
//! after as many days, and so does the very first setting of a database that is older than its clocks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::DocKind;

/// Moments are milliseconds since 1970.
pub type Millis = u64;

/// A day, in ms.
pub const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// Days for which the owner is warned before anything of hers is destroyed.
pub const WARNING_DAYS: u64 = 30;

/// The same in ms: how long a shortened period waits before it counts.
pub const GRACE_MS: Millis = WARNING_DAYS * DAY_MS;

/// What a period is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Of 24 hours.
    Days,
    /// To the same day of a later month, or its last one; in UTC.
    Months,
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// How many.
    pub count: u16,
    /// Of what.
    pub unit: Unit,
}

impl Period {
    /// Days.
    #[must_use]
    pub const fn days(count: u16) -> Self {
        Self { count, unit: Unit::Days }
    }

    /// Months.
    #[must_use]
    pub const fn months(count: u16) -> Self {
        Self { count, unit: Unit::Months }
    }

    /// Whether it may be set: at least as long as there is a warning, and ten years at most. Nothing is ever kept for
    /// no time at all by a slip of the keyboard.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        match self.unit {
            Unit::Days => (30..=3_650).contains(&self.count),
            Unit::Months => (1..=120).contains(&self.count),
        }
    }

    /// The moment at which it ends if it begins at `since`.
    #[must_use]
    pub fn after(self, since: Millis) -> Millis {
        match self.unit {
            Unit::Days => since.saturating_add(u64::from(self.count) * DAY_MS),
            Unit::Months => months_after(since, u64::from(self.count)),
        }
    }

    /// As the audit log and `destructions` have it: `3_months`.
    #[must_use]
    pub fn code(self) -> String {
        let unit = match self.unit {
            Unit::Days => "days",
            Unit::Months => "months",
        };
        format!("{}_{unit}", self.count)
    }
}

/// What a kind's clock counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The closing of the trajectory.
    Closure,
    /// The last time something was written, where it was never shared.
    LastEdit,
}

/// The kinds that have a clock, what it counts from, and how long it runs unless the administrator sets something
/// else. What belongs to the pool and to a coach herself is kept for as long as it is in use.
pub const CLOCKS: [(DocKind, Since, Period); 6] = [
    (DocKind::WorkingNotes, Since::Closure, Period::months(3)),
    (DocKind::SharedNotes, Since::Closure, Period::months(12)),
    (DocKind::Progress, Since::Closure, Period::months(12)),
    (DocKind::Reflection, Since::Closure, Period::months(12)),
    (DocKind::Intake, Since::Closure, Period::months(12)),
    (DocKind::ReflectionDraft, Since::LastEdit, Period::days(90)),
];

/// A period that is about to take the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The period.
    pub period: Period,
    /// From when on it counts.
    pub from: Millis,
}

/// How long a kind is kept, now and soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What counts until [`next`](Self::next) does.
    pub period: Period,
    /// What counts later, where that is shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

impl Setting {
    /// That period and no other one to come.
    #[must_use]
    pub fn plain(period: Period) -> Self {
        Self { period, next: None }
    }

    /// What counts at `now`.
    #[must_use]
    pub fn at(self, now: Millis) -> Period {
        match self.next {
            Some(next) if next.from <= now => next.period,
            _ => self.period,
        }
    }

    /// The setting after somebody set `period` at `now`. What keeps longer counts at once; what could shorten something
    /// waits, so that whoever loses something is warned.
    #[must_use]
    pub fn changed(self, period: Period, now: Millis) -> Self {
        let current = self.at(now);
        if is_never_shorter(period, current) {
            return Self::plain(period);
        }
        Self { period: current, next: Some(Next { period, from: now.saturating_add(GRACE_MS) }) }
    }

    /// When something is due whose clock began at `since`.
    #[must_use]
    pub fn due(self, since: Millis) -> Millis {
        let due = self.period.after(since);
        match self.next {
            Some(next) => due.min(next.period.after(since).max(next.from)),
            None => due,
        }
    }
}

/// Whether `period` never ends before `other`, whenever both begin: months have 28 to 31 days.
fn is_never_shorter(period: Period, other: Period) -> bool {
    let least = |it: Period| match it.unit {
        Unit::Days => u32::from(it.count),
        // Each twelve of them have 365 days, and one 28.
        Unit::Months => u32::from(it.count) / 12 * 365 + u32::from(it.count) % 12 * 28,
    };
    let most = |it: Period| match it.unit {
        Unit::Days => u32::from(it.count),
        Unit::Months => u32::from(it.count).div_ceil(12) * 366,
    };
    if period.unit == other.unit { period.count >= other.count } else { least(period) >= most(other) }
}

/// Every setting, as one value of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// When the clocks were started. What was overdue by then is warned of like everything else.
    pub started: Millis,
    /// What the administrator has set; the rest is as [`CLOCKS`] has it.
    #[serde(default)]
    pub kinds: BTreeMap<DocKind, Setting>,
}

impl Settings {
    /// The defaults, with clocks that start at `now`.
    #[must_use]
    pub fn started(now: Millis) -> Self {
        Self { started: now, kinds: BTreeMap::new() }
    }

    /// The setting of a kind; none where it has no clock.
    #[must_use]
    pub fn of(&self, kind: DocKind) -> Option<Setting> {
        let (_, _, default) = CLOCKS.iter().find(|(it, ..)| *it == kind)?;
        Some(self.kinds.get(&kind).copied().unwrap_or(Setting::plain(*default)))
    }

    /// Sets a period. What it was before; none where the kind has no clock or the period may not be.
    pub fn set(&mut self, kind: DocKind, period: Period, now: Millis) -> Option<Setting> {
        let before = self.of(kind).filter(|_| period.is_allowed())?;
        self.kinds.insert(kind, before.changed(period, now));
        Some(before)
    }

    /// When a document is to be destroyed; none while its clock does not run.
    #[must_use]
    pub fn due(&self, document: &Retained) -> Option<Millis> {
        let setting = self.of(document.kind)?;
        let due = match document.clock {
            Clock::Stopped => return None,
            Clock::Closure(closed) => setting.due(closed),
            Clock::Draft { edited, closed, shared } => {
                let own = setting.due(edited.max(closed.unwrap_or_default()));
                // Her own copy of what she shared goes no sooner than what others have of it.
                let others = if shared { self.of(DocKind::Reflection)?.due(closed?) } else { 0 };
                own.max(others)
            }
        };
        Some(due.max(self.started.saturating_add(GRACE_MS)))
    }
}

/// A document, as far as its clock depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retained {
    /// Its kind.
    pub kind: DocKind,
    /// What its clock counts from.
    pub clock: Clock,
}

/// What a clock counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It does not run: the trajectory is open, nothing was ever written, or the kind has none.
    Stopped,
    /// The closing of its trajectory.
    Closure(Millis),
    /// An employee's own draft, of whom no trajectory is open.
    Draft {
        /// When it was last written in.
        edited: Millis,
        /// When the last of her trajectories was closed.
        closed: Option<Millis>,
        /// Whether something of it is still with others.
        shared: bool,
    },
}

/// Whether the owner is to be told by now that a document is due at `due`.
#[must_use]
pub fn is_to_be_warned_of(due: Millis, now: Millis) -> bool {
    due <= now.saturating_add(GRACE_MS)
}

/// A month as people write it, `2027-03`, for counting what goes when; in UTC.
#[must_use]
pub fn month(at: Millis) -> String {
    let (year, month, _) = civil(at / DAY_MS);
    format!("{year:04}-{month:02}")
}

fn months_after(since: Millis, months: u64) -> Millis {
    let (days, rest) = (since / DAY_MS, since % DAY_MS);
    let (year, month, day) = civil(days);
    let total = year.saturating_mul(12).saturating_add(month - 1).saturating_add(months);
    let (year, month) = (total / 12, total % 12 + 1);
    let day = day.min(length(year, month));
    days_of(year, month, day).saturating_mul(DAY_MS).saturating_add(rest)
}

fn length(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The Gregorian date of a number of days since 1970, after Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The other way round: his `days_from_civil`, for days from 1970 on.
fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 15:04:05 on a day.
    fn at(year: u64, month: u64, day: u64) -> Millis {
        days_of(year, month, day) * DAY_MS + 54_245_000
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_the_last_one() {
        for (from, months, to) in [
            (at(2026, 1, 31), 1, at(2026, 2, 28)),
            (at(2027, 11, 30), 3, at(2028, 2, 29)),
            (at(2028, 2, 29), 12, at(2029, 2, 28)),
            (at(2026, 12, 15), 1, at(2027, 1, 15)),
            (at(2026, 10, 31), 120, at(2036, 10, 31)),
        ] {
            assert_eq!(Period::months(months).after(from), to, "{months} months");
        }
        assert_eq!(Period::days(90).after(at(2026, 1, 1)), at(2026, 4, 1));
        assert_eq!(month(at(2027, 3, 1)), "2027-03");
    }

    #[test]
    fn no_period_is_nothing_or_for_ever() {
        for period in
            [Period::days(0), Period::days(29), Period::days(3_651), Period::months(0), Period::months(121)]
        {
            assert!(!period.is_allowed(), "{period:?}");
            let mut settings = Settings::started(0);
            assert_eq!(settings.set(DocKind::WorkingNotes, period, 5), None);
            assert_eq!(settings, Settings::started(0));
        }
        for period in [Period::days(30), Period::days(3_650), Period::months(1), Period::months(120)] {
            assert!(period.is_allowed(), "{period:?}");
        }
        for (kind, _, period) in CLOCKS {
            assert!(period.is_allowed(), "{kind:?}");
        }
    }

    #[test]
    fn what_is_in_use_has_no_clock() {
        let mut settings = Settings::started(0);
        for kind in [DocKind::CoachProfile, DocKind::Programme, DocKind::Practice] {
            assert_eq!(settings.due(&Retained { kind, clock: Clock::Closure(1) }), None, "{kind:?}");
            assert_eq!(settings.set(kind, Period::months(2), 5), None, "{kind:?}");
        }
        for (kind, ..) in CLOCKS {
            assert_eq!(settings.due(&Retained { kind, clock: Clock::Stopped }), None, "{kind:?}");
        }
    }

    #[test]
    fn a_draft_waits_for_the_last_word_for_the_closing_and_for_what_was_shared_of_it() {
        let settings = Settings::started(0);
        let due = |edited, closed, shared| {
            let clock = Clock::Draft { edited, closed, shared };
            settings.due(&Retained { kind: DocKind::ReflectionDraft, clock })
        };
        let (early, late) = (at(2026, 1, 1), at(2026, 6, 1));
        assert_eq!(due(late, None, false), Some(late + 90 * DAY_MS));
        assert_eq!(due(early, Some(late), false), Some(late + 90 * DAY_MS));
        assert_eq!(due(early, Some(late), true), Some(at(2027, 6, 1)));
        // Shared in a trajectory that was never closed: there is nothing to count from.
        assert_eq!(due(early, None, true), None);
    }

    #[test]
    fn a_shorter_period_waits_and_a_longer_one_does_not() {
        let (closed, now) = (at(2026, 1, 1), at(2026, 3, 20));
        let setting = Setting::plain(Period::months(3));
        let longer = setting.changed(Period::months(6), now);
        assert_eq!(longer, Setting::plain(Period::months(6)));
        let shorter = setting.changed(Period::months(1), now);
        assert_eq!(shorter.at(now), Period::months(3));
        assert_eq!(shorter.at(now + GRACE_MS), Period::months(1));
        // The old one ends first.
        assert_eq!(shorter.due(closed), at(2026, 4, 1));
        // The new one ended long ago, and counts from then on.
        assert_eq!(shorter.due(at(2026, 2, 1)), now + GRACE_MS);
        assert_eq!(shorter.due(at(2026, 6, 1)), at(2026, 7, 1));
        // Back before it counts: as if nothing had been.
        assert_eq!(shorter.changed(Period::months(3), now + 1), setting);
        // Three months may have more days than 90.
        assert!(setting.changed(Period::days(90), now).next.is_some());
    }

    fn period() -> impl Strategy<Value = Period> {
        prop_oneof![(30_u16..=3_650).prop_map(Period::days), (1_u16..=120).prop_map(Period::months)]
    }

    /// Moments between 1970 and 2200.
    fn moment() -> impl Strategy<Value = Millis> {
        0..at(2200, 1, 1)
    }

    proptest! {
        #[test]
        fn days_and_dates_are_the_same(day in 0_u64..200_000) {
            let (year, month, of_month) = civil(day);
            prop_assert_eq!(days_of(year, month, of_month), day);
            prop_assert!(of_month <= length(year, month));
        }

        #[test]
        fn a_period_that_begins_later_ends_no_sooner(period in period(), one in moment(), other in moment()) {
            prop_assert!(period.after(one) > one);
            prop_assert!(period.after(one.min(other)) <= period.after(one.max(other)));
        }

        #[test]
        fn who_is_called_never_shorter_never_is(one in period(), other in period(), since in moment()) {
            if is_never_shorter(one, other) {
                prop_assert!(one.after(since) >= other.after(since));
            }
        }

        /// Whatever is set, however often: nothing is due within the days of warning that was not due before.
        #[test]
        fn nothing_that_is_set_takes_away_a_warning(
            changes in proptest::collection::vec((period(), moment()), 1..6), since in moment(), started in moment(),
        ) {
            let mut settings = Settings::started(started);
            let document = Retained { kind: DocKind::SharedNotes, clock: Clock::Closure(since) };
            let mut changes = changes;
            changes.sort_by_key(|(_, at)| *at);
            prop_assert!(settings.due(&document).is_some_and(|due| due >= started + GRACE_MS));
            for (period, now) in changes {
                let before = settings.due(&document).unwrap_or_default();
                settings.set(DocKind::SharedNotes, period, now);
                let after = settings.due(&document).unwrap_or_default();
                // What was due by then is gone already.
                prop_assert!(before <= now || after >= before.min(now + GRACE_MS), "{before} {after} {now}");
                prop_assert!(after > since);
            }
        }

        #[test]
        fn settings_read_back(period in period(), now in moment()) {
            let mut settings = Settings::started(now);
            settings.set(DocKind::Intake, period, now);
            let text = serde_json::to_string(&settings).unwrap_or_default();
            prop_assert_eq!(serde_json::from_str::<Settings>(&text).ok(), Some(settings));
        }
    }
}
