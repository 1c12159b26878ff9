//! Which days are looked at, and which ones they are compared with: as many before them, as far as these have come.

use super::{Bucket, DAY, HOUR, REVENUE_DAYS_MAX, begin_of};
use crate::BillingError;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Length, Timestamp as Instant};
use plaza_protocol::Timestamp;

/// Days of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Today so far, by the hour.
    Today,
    /// The last 7, 30 or 90 days, today among them.
    Last(i64),
    /// This month so far.
    Month,
    /// The month before.
    LastMonth,
    /// From a day to another, both included.
    Between(Date, Date),
}

/// A period in times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its begin.
    pub from: Timestamp,
    /// Its end: that of a day, or of the running hour.
    pub to: Timestamp,
    /// What it is compared with.
    pub before: (Timestamp, Timestamp),
    /// How it is told over time.
    pub bucket: Bucket,
}

impl Period {
    /// Reads a period: `today`, `7d`, `30d`, `90d`, `month`, `last_month`, or `days` with the first and the last one.
    pub fn parse(word: &str, days: (Option<&str>, Option<&str>)) -> Result<Self, BillingError> {
        let day = |text: Option<&str>| text.and_then(|text| text.parse::<Date>().ok());
        match word {
            "today" => Ok(Self::Today),
            "7d" => Ok(Self::Last(7)),
            "30d" => Ok(Self::Last(30)),
            "90d" => Ok(Self::Last(90)),
            "month" => Ok(Self::Month),
            "last_month" => Ok(Self::LastMonth),
            "days" => {
                let (Some(first), Some(last)) = (day(days.0), day(days.1)) else {
                    return Err(BillingError::BadDays);
                };
                Ok(Self::Between(first, last))
            }
            _ => Err(BillingError::BadDays),
        }
    }

    /// The times of it, seen at a moment.
    pub fn span(self, now: Timestamp) -> Result<Span, BillingError> {
        let so_far = begin_of(now.0, HOUR).saturating_add(HOUR);
        let today = Instant::from_microsecond(now.0).map_err(|_| BillingError::BadDays)?;
        let today = today.to_zoned(TimeZone::UTC).date();
        let month = today.first_of_month();
        let month_before = |date: Date| {
            date.checked_sub(Length::new().months(1)).map_err(|_| BillingError::BadDays).and_then(start)
        };
        let (from, to, before) = match self {
            Self::Today => (start(today)?, so_far, start(today)?.saturating_sub(DAY)),
            Self::Last(days) => {
                let length = days.saturating_mul(DAY);
                let from = start(today)?.saturating_sub(length).saturating_add(DAY);
                (from, so_far, from.saturating_sub(length))
            }
            Self::Month => (start(month)?, so_far, month_before(month)?),
            Self::LastMonth => {
                let from = month.checked_sub(Length::new().months(1)).map_err(|_| BillingError::BadDays)?;
                (start(from)?, start(month)?, month_before(from)?)
            }
            Self::Between(first, last) => {
                let (from, to) = (start(first)?, start(last)?.saturating_add(DAY));
                let length = to.saturating_sub(from);
                if length <= 0 || length > REVENUE_DAYS_MAX.saturating_mul(DAY) {
                    return Err(BillingError::BadDays);
                }
                (from, to.min(so_far.max(from)), from.saturating_sub(length))
            }
        };
        // A month may be longer than the one before it: what is compared with ends where the period begins.
        let until = match self {
            Self::LastMonth => from,
            _ => before.saturating_add(to.saturating_sub(from)).min(from),
        };
        let bucket = if self == Self::Today { Bucket::Hour } else { Bucket::Day };
        let before = (Timestamp(before), Timestamp(until));
        Ok(Span { from: Timestamp(from), to: Timestamp(to), before, bucket })
    }
}

/// The begin of a day.
fn start(day: Date) -> Result<i64, BillingError> {
    let begin = day.to_zoned(TimeZone::UTC).map_err(|_| BillingError::BadDays)?;
    Ok(begin.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<Instant>().unwrap().as_microsecond())
    }

    fn told(word: &str, days: (Option<&str>, Option<&str>)) -> Option<[String; 4]> {
        let span =
            Period::parse(word, days).and_then(|period| period.span(at("2026-03-31T14:20:00Z"))).ok()?;
        let text = |at: Timestamp| Instant::from_microsecond(at.0).unwrap().to_string();
        Some([text(span.from), text(span.to), text(span.before.0), text(span.before.1)])
    }

    #[test]
    fn a_period_is_compared_with_as_much_before_it() {
        let none = (None, None);
        let expect = |word, [from, to, before, until]: [&str; 4]| {
            let times = [from, to, before, until].map(|time| format!("2026-{time}:00:00Z"));
            assert_eq!(told(word, none), Some(times), "{word}");
        };
        expect("today", ["03-31T00", "03-31T15", "03-30T00", "03-30T15"]);
        expect("7d", ["03-25T00", "03-31T15", "03-18T00", "03-24T15"]);
        // February has 28 days: all of it is less than 31.
        expect("month", ["03-01T00", "03-31T15", "02-01T00", "03-01T00"]);
        expect("last_month", ["02-01T00", "03-01T00", "01-01T00", "02-01T00"]);
        let days = (Some("2026-03-01"), Some("2026-03-02"));
        let expected = ["03-01", "03-03", "02-27", "03-01"].map(|day| format!("2026-{day}T00:00:00Z"));
        assert_eq!(told("days", days), Some(expected));
    }

    #[test]
    fn a_period_has_a_first_and_a_last_day_and_is_not_endless() {
        let days = |first, last| told("days", (first, last)).is_some();
        assert!(days(Some("2026-01-01"), Some("2026-04-02")), "92 days");
        assert!(!days(Some("2026-01-01"), Some("2026-04-03")), "93 days");
        assert!(!days(Some("2026-01-02"), Some("2026-01-01")));
        assert!(!days(Some("2026-02-30"), Some("2026-03-01")));
        assert!(!days(Some("2026-01-01"), None));
        assert_eq!(told("year", (None, None)), None);
    }
}
