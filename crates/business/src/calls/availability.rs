//! # Whether a number takes calls
//!
//! The part `calling` of a number's settings: calls are on or off; a button for them is shown to everybody, to people
//! of some countries, or to nobody; and people get through within hours of the week, but for days with hours of their
//! own. Hours count for people's calls only: the business knows its own.

use super::CallError;
use crate::country;
use crate::portfolios::{self, BusinessNumber};
use crate::settings::{self, Setting};
use jiff::Zoned;
use jiff::tz::TimeZone;
use plaza_db::Tx;
use plaza_protocol::wire::TakesCalls;
use plaza_protocol::{Ctx, PhoneNumber, Timestamp};
use serde_json::{Map, Value};

/// The part `calling` of a number's settings.
#[derive(Debug, Clone)]
pub struct Calling {
    calling: Map<String, Value>,
    /// Of hours that name no time zone.
    time_zone: String,
}

impl Calling {
    /// As they are set. The actor must be one that may ask for the number.
    pub(crate) async fn of(ctx: &Ctx, tx: &mut Tx, number: &BusinessNumber) -> Result<Self, CallError> {
        let mut all = settings::read(ctx, tx, number.phone_number_id, Setting::Settings).await?;
        let calling = match all.remove("calling") {
            Some(Value::Object(calling)) => calling,
            _ => Map::new(),
        };
        let time_zone = portfolios::waba(ctx, tx, number.waba_id).await?.time_zone;
        Ok(Self { calling, time_zone })
    }

    fn is_on(&self, part: Option<&str>) -> bool {
        let within = match part {
            Some(part) => self.calling.get(part).and_then(Value::as_object),
            None => Some(&self.calling),
        };
        within.and_then(|part| part.get("status")).and_then(Value::as_str) == Some("ENABLED")
    }

    /// The business may call through the interface.
    pub(crate) fn require_api(&self) -> Result<(), CallError> {
        match (self.is_on(None), self.is_on(Some("sip"))) {
            (false, _) => Err(CallError::Disabled),
            (true, true) => Err(CallError::Sip),
            (true, false) => Ok(()),
        }
    }

    /// Whether people may call, at any hour.
    pub(crate) fn takes_calls(&self) -> bool {
        self.require_api().is_ok()
    }

    /// Who calls may be called back.
    pub(crate) fn calls_back(&self) -> bool {
        self.calling.get("callback_permission_status").and_then(Value::as_str) == Some("ENABLED")
    }

    /// What a person with this number is shown.
    pub(crate) fn shown_to(&self, person: &PhoneNumber) -> TakesCalls {
        if !self.takes_calls() {
            return TakesCalls::No;
        }
        if self.calling.get("call_icon_visibility").and_then(Value::as_str) == Some("DISABLE_ALL") {
            return TakesCalls::ByButton;
        }
        let countries =
            self.calling.get("call_icons").and_then(|icons| icons.get("restrict_to_user_countries"));
        let countries = countries.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let own = country::of(person);
        let is_among = |country: &Value| country.as_str().is_some_and(|code| code.eq_ignore_ascii_case(own));
        if countries.is_empty() || countries.iter().any(is_among) {
            TakesCalls::Yes
        } else {
            TakesCalls::ByButton
        }
    }

    /// Whether people get through at this moment.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        if !self.takes_calls() {
            return false;
        }
        match self.calling.get("call_hours").and_then(Value::as_object) {
            Some(hours) if self.is_on(Some("call_hours")) => self.is_within(hours, now).unwrap_or(true),
            _ => true,
        }
    }

    /// `None`: the moment is in no calendar.
    fn is_within(&self, hours: &Map<String, Value>, now: Timestamp) -> Option<bool> {
        let named =
            hours.get("timezone_id").and_then(Value::as_str).and_then(|zone| TimeZone::get(zone).ok());
        let zone = named.or_else(|| TimeZone::get(&self.time_zone).ok()).unwrap_or(TimeZone::UTC);
        let local = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone);
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let date = local.date().to_string();
        let list = |name: &str| hours.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let own: Vec<_> =
            list("holiday_schedule").into_iter().filter(|day| text(day, "date") == date).collect();
        let (of_day, names) = if own.is_empty() {
            let day = weekday(&local);
            let is_today = |open: &Value| text(open, "day_of_week") == day;
            (
                list("weekly_operating_hours").into_iter().filter(is_today).collect(),
                ("open_time", "close_time"),
            )
        } else {
            (own, ("start_time", "end_time"))
        };
        Some(of_day.iter().any(|open: &Value| {
            let (from, to) = (minutes(text(open, names.0)), minutes(text(open, names.1)));
            from.zip(to).is_some_and(|(from, to)| from <= minute && minute < to)
        }))
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn weekday(local: &Zoned) -> &'static str {
    use jiff::civil::Weekday;
    match local.weekday() {
        Weekday::Monday => "MONDAY",
        Weekday::Tuesday => "TUESDAY",
        Weekday::Wednesday => "WEDNESDAY",
        Weekday::Thursday => "THURSDAY",
        Weekday::Friday => "FRIDAY",
        Weekday::Saturday => "SATURDAY",
        Weekday::Sunday => "SUNDAY",
    }
}

/// Minutes since midnight, of a time such as 0930.
fn minutes(time: &str) -> Option<i64> {
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    let (hour, minute) = digits.split_at_checked(2)?;
    Some(hour.parse::<i64>().ok()? * 60 + minute.get(..2)?.parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calling(value: Value) -> Calling {
        let Value::Object(calling) = value else { panic!("an object") };
        Calling { calling, time_zone: "Europe/Berlin".to_owned() }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn hours_are_those_of_the_number_but_for_days_of_their_own() {
        let hours = json!({"status": "ENABLED", "call_hours": {
            "status": "ENABLED", "timezone_id": "Europe/Berlin",
            "weekly_operating_hours": [
                {"day_of_week": "FRIDAY", "open_time": "0900", "close_time": "1230"},
                {"day_of_week": "FRIDAY", "open_time": "1400", "close_time": "1800"}],
            "holiday_schedule": [{"date": "2026-12-25", "start_time": "1000", "end_time": "1100"}]}});
        let open = |time: &str| calling(hours.clone()).is_open(at(time));
        // Berlin is an hour ahead in winter; the 27th is a Friday.
        assert!(!open("2026-11-27T07:59:59Z") && open("2026-11-27T08:00:00Z"));
        assert!(
            open("2026-11-27T11:29:59Z") && !open("2026-11-27T11:30:00Z") && open("2026-11-27T13:00:00Z")
        );
        assert!(!open("2026-11-28T09:00:00Z"), "closed on Saturdays");
        // Christmas is a Friday too.
        assert!(
            !open("2026-12-25T08:30:00Z") && open("2026-12-25T09:30:00Z") && !open("2026-12-25T13:00:00Z")
        );
        let off = json!({"status": "ENABLED", "call_hours": {"status": "DISABLED",
            "weekly_operating_hours": [{"day_of_week": "FRIDAY", "open_time": "0900", "close_time": "1230"}]}});
        assert!(calling(off).is_open(at("2026-11-28T01:00:00Z")), "without hours it is always open");
        assert!(!calling(json!({"status": "DISABLED"})).is_open(at("2026-11-27T08:00:00Z")));
    }

    #[test]
    fn a_button_is_shown_to_whom_the_settings_say() {
        let german: PhoneNumber = "+4915112345678".parse().unwrap();
        let shown = |value: Value| calling(value).shown_to(&german);
        assert_eq!(shown(json!({"status": "DISABLED"})), TakesCalls::No);
        assert_eq!(shown(json!({"status": "ENABLED"})), TakesCalls::Yes);
        assert_eq!(shown(json!({"status": "ENABLED", "sip": {"status": "ENABLED"}})), TakesCalls::No);
        let hidden = json!({"status": "ENABLED", "call_icon_visibility": "DISABLE_ALL"});
        assert_eq!(shown(hidden), TakesCalls::ByButton);
        let of = |countries: Value| {
            shown(json!({"status": "ENABLED", "call_icons": {"restrict_to_user_countries": countries}}))
        };
        assert_eq!((of(json!(["FR", "de"])), of(json!(["FR"]))), (TakesCalls::Yes, TakesCalls::ByButton));
    }
}
