//! Days of a calendar, counted from 1970-01-01; the time zone says when each begins.

use super::Term;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use plaza_protocol::{Ctx, Timestamp};

const FIRST: Date = Date::constant(1970, 1, 1);

/// A calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar(TimeZone);

impl Calendar {
    /// The calendar of a place; of UTC, where the name is not known.
    pub(crate) fn of(time_zone: &str) -> Self {
        Self(TimeZone::get(time_zone).unwrap_or(TimeZone::UTC))
    }

    /// The day of a moment.
    pub(crate) fn day_of(&self, at: Timestamp) -> Option<i64> {
        let date = jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(self.0.clone()).date();
        Some(i64::from(FIRST.until(date).ok()?.get_days()))
    }

    /// Today.
    pub(crate) fn today(&self, ctx: &Ctx) -> Option<i64> {
        self.day_of(ctx.now())
    }

    /// The first moment of a day.
    pub(crate) fn start_of(&self, day: i64) -> Option<Timestamp> {
        let start = date(day)?.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(start.timestamp().as_microsecond()))
    }
}

/// The date of a day.
pub(crate) fn date(day: i64) -> Option<Date> {
    FIRST.checked_add(Span::new().try_days(day).ok()?).ok()
}

/// The day that lies so many terms after another: the last of the month where the month has no such day.
pub(crate) fn plus(day: i64, term: Term, terms: i64) -> Option<i64> {
    let months = match term {
        Term::Month => terms,
        Term::Year => terms.checked_mul(12)?,
        Term::Once => return None,
    };
    let then = date(day)?.checked_add(Span::new().try_months(months).ok()?).ok()?;
    Some(i64::from(FIRST.until(then).ok()?.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_keep_their_anchor() {
        let day = |text: &str| i64::from(FIRST.until(text.parse::<Date>().unwrap()).unwrap().get_days());
        let end_of_january = day("2027-01-31");
        assert_eq!(plus(end_of_january, Term::Month, 1), Some(day("2027-02-28")));
        assert_eq!(plus(end_of_january, Term::Month, 2), Some(day("2027-03-31")));
        assert_eq!(plus(day("2028-02-29"), Term::Year, 1), Some(day("2029-02-28")));
        assert_eq!(date(day("2026-11-28")).unwrap().to_string(), "2026-11-28");
    }

    #[test]
    fn a_day_begins_where_the_subscriber_is() {
        let berlin = Calendar::of("Europe/Berlin");
        let day = berlin.day_of(Timestamp(1_793_577_600_000_000)).unwrap();
        let start = berlin.start_of(day).unwrap();
        assert_eq!(berlin.day_of(start), Some(day));
        assert_eq!(berlin.day_of(Timestamp(start.0 - 1)), Some(day - 1));
    }
}
