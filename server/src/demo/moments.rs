//! Moments relative to now, so that the demonstration is always of today.

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reckons from one now.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    now: u64,
}

impl Moments {
    /// Reckons from `now`, in ms since 1970.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self { now }
    }

    /// Now.
    #[must_use]
    pub fn now(self) -> u64 {
        self.now
    }

    /// So many days before (or, below zero, after) today, at that time of day in UTC.
    #[must_use]
    pub fn days_ago(self, days: i64, hour: u64, minute: u64) -> u64 {
        let day = (self.now / DAY).saturating_add_signed(-days);
        day * DAY + hour * HOUR + minute * MINUTE
    }

    /// Today, so many minutes from now, to the quarter; in the afternoon if that is tomorrow already.
    #[must_use]
    pub fn today_in(self, minutes: u64) -> u64 {
        const QUARTER: u64 = 15 * MINUTE;
        let at = (self.now + minutes * MINUTE).div_ceil(QUARTER) * QUARTER;
        if at / DAY == self.now / DAY { at } else { self.days_ago(0, 13, 0) }
    }

    /// The day so many days from today, as `2026-03-31`.
    #[must_use]
    pub fn date_in(self, days: i64) -> String {
        let day = i64::try_from(self.days_ago(-days, 12, 0) / DAY).unwrap_or_default();
        // Days since 1970 to a date of the Gregorian calendar: the year begins in March, so that the leap day is
        // its last (Howard Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day_of_month:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(Moments::new(0).date_in(0), "1970-01-01");
        assert_eq!(Moments::new(951_782_400_000).date_in(0), "2000-02-29");
        assert_eq!(Moments::new(1_798_675_200_000).date_in(1), "2027-01-01");
        assert_eq!(Moments::new(1_798_675_200_000).date_in(2), "2027-01-02");
    }
}
