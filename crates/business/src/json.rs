//! # JSON as the Cloud API's world writes it
//!
//! Clients send numbers as strings, booleans as `True`, `null` for "not given", and enum words in either case. These
//! readers forgive all of that in one place. The writer makes the bytes of a webhook: pure ASCII with `\uXXXX` and
//! `\/`, so that receivers verify the signature whether they hash the raw bytes or (wrongly) re-encode the parsed body.

pub(crate) mod node;

use plaza_protocol::Timestamp;
use serde_json::Value;
use std::fmt::Write as _;

/// A member of an object; `null` is as good as absent.
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|member| !member.is_null())
}

/// A text, or a number or boolean written as one.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A text member.
pub fn text_member(value: &Value, name: &str) -> Option<String> {
    member(value, name).and_then(text)
}

/// A whole number, or a text that is one.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A moment as Graph writes it where it writes no seconds: `2026-01-31T10:00:00+0000`.
pub fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A moment: seconds since 1970, or as ISO 8601 writes it. `None` if it is neither, or beyond what has a date.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let seconds = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) => text.parse::<jiff::Timestamp>().ok()?.as_second(),
    };
    jiff::Timestamp::from_second(seconds).ok().map(|at| Timestamp::from_seconds(at.as_second()))
}

/// A boolean, in any of the spellings that occur.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The items of a list member; an absent one is empty. `None` if it is something else.
pub fn list_member<'a>(value: &'a Value, name: &str) -> Option<&'a [Value]> {
    match member(value, name) {
        None => Some(&[]),
        Some(Value::Array(items)) => Some(items),
        Some(_) => None,
    }
}

/// Compact JSON in ASCII.
pub fn ascii(value: &Value) -> String {
    let plain = value.to_string();
    let mut ascii = String::with_capacity(plain.len() + plain.len() / 8);
    let mut rest = plain.as_str();
    let is_special = |byte: u8| byte == b'/' || !(b' '..=b'~').contains(&byte);
    // What is not special is ASCII, so a special byte begins a character.
    while let Some((before, special)) =
        rest.bytes().position(is_special).and_then(|at| rest.split_at_checked(at))
    {
        ascii.push_str(before);
        let mut characters = special.chars();
        match characters.next() {
            // A slash stands only inside strings.
            Some('/') => ascii.push_str("\\/"),
            Some(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(ascii, "\\u{unit:04x}");
                }
            }
            None => break,
        }
        rest = characters.as_str();
    }
    ascii.push_str(rest);
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn sloppy_values_are_read() {
        let value = json!({"a": null, "b": "True", "c": 1, "d": "17", "e": false});
        assert_eq!(member(&value, "a"), None);
        assert_eq!(member(&value, "b").and_then(boolean), Some(true));
        assert_eq!(member(&value, "c").and_then(boolean), Some(true));
        assert_eq!(member(&value, "d").and_then(integer), Some(17));
        assert_eq!(text_member(&value, "c").as_deref(), Some("1"));
        assert_eq!(text_member(&value, "e").as_deref(), Some("false"));
        assert_eq!(list_member(&value, "a").map(<[Value]>::len), Some(0));
        assert_eq!(list_member(&value, "b"), None);
    }

    #[test]
    fn instants_are_seconds_or_dates() {
        let noon = Some(Timestamp::from_seconds(1_795_521_600));
        for text in ["1795521600", " 2026-11-24T12:00:00Z", "2026-11-24T13:00:00+01:00"] {
            assert_eq!(instant(text), noon, "{text}");
        }
        for text in ["", "yesterday", "2026-11-24", "9223372036854775807"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn the_body_is_ascii() {
        assert_eq!(ascii(&json!({"text": "é/😮\u{7f}"})), r#"{"text":"\u00e9\/\ud83d\ude2e\u007f"}"#);
    }

    proptest! {
        #[test]
        fn ascii_json_says_the_same(text in ".*") {
            let value = json!({ text.clone(): [text] });
            let ascii = ascii(&value);
            prop_assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(serde_json::from_str::<Value>(&ascii).unwrap(), value);
        }
    }
}
