use super::*;

fn span(granularity: Granularity, from: &str, to: &str) -> Span {
    let moment = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Span { from: moment(from), to: moment(to), granularity, zone }
}

fn hours(span: &Span) -> Vec<u64> {
    span.points().unwrap().iter().map(|(start, end)| end.since(*start).as_secs() / 3600).collect()
}

#[test]
fn days_and_months_are_those_of_the_business() {
    // Clocks were put back on 25 October 2026: that day has 25 hours.
    let days = span(Granularity::Day, "2026-10-23T22:00:00Z", "2026-10-27T23:00:00Z");
    assert_eq!(hours(&days), [24, 25, 24, 24]);
    let cut = span(Granularity::Day, "2026-11-02T09:00:00Z", "2026-11-03T09:00:00Z");
    assert_eq!(hours(&cut), [14, 10], "cut to the time asked for");
    let months = span(Granularity::Month, "2026-09-30T22:00:00Z", "2026-11-30T23:00:00Z");
    assert_eq!(hours(&months), [31 * 24 + 1, 30 * 24]);
    let half = span(Granularity::HalfHour, "2026-11-02T09:10:00Z", "2026-11-02T10:00:00Z");
    assert_eq!(half.points().unwrap().len(), 2);
}

#[test]
fn every_quarter_falls_into_the_point_that_it_lies_in() {
    let days = span(Granularity::Day, "2026-10-23T22:00:00Z", "2026-10-27T23:00:00Z");
    let points = days.points().unwrap();
    let mut at = days.from;
    while at < days.to {
        let point = days.point(at);
        assert!(points.contains(&point) && point.0 <= at && at < point.1, "{at:?}");
        at = Timestamp(at.0 + QUARTER);
    }
}

#[test]
fn points_are_bounded() {
    let year = span(Granularity::HalfHour, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
    assert!(year.points().is_err());
}

#[test]
fn amounts_are_numbers_to_the_micro() {
    for (micros, text) in [(0, "0.0"), (62_500, "0.0625"), (1_000_001, "1.000001"), (12_340_000, "12.34")] {
        assert_eq!(amount(Micros(micros)).to_string(), text);
    }
}
