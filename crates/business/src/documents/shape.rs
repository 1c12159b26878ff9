//! What a document may hold.

use crate::json;
use crate::management::ManageError;
use serde_json::{Map, Value};

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Characters, at least and at most. At least none: an empty text takes the member away.
    Text(usize, usize),
    /// An `http` or `https` address of so many characters.
    Url(usize),
    /// An e-mail address of so many characters.
    Email(usize),
    /// True or false.
    Flag,
    /// From and to.
    Number(i64, i64),
    /// One of these words, in either case; it is kept as it stands here.
    Choice(&'static [&'static str]),
    /// So many items at most, each of the kind.
    List(usize, &'static Kind),
    /// An object of this shape.
    Object(&'static Shape),
    /// `HHMM`.
    TimeOfDay,
    /// Any JSON.
    Any,
}

/// A member of a shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    name: &'static str,
    kind: Kind,
    is_required: bool,
}

/// A member that may be left out.
pub(crate) const fn field(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, is_required: false }
}

/// A member that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, is_required: true }
}

/// The members of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape(pub(crate) &'static [Member]);

impl Shape {
    /// The members that a request has, checked; `null` for one that it takes away.
    pub(crate) fn read(&self, request: &Value) -> Result<Map<String, Value>, ManageError> {
        self.read_at("", request)
    }

    fn read_at(&self, path: &str, request: &Value) -> Result<Map<String, Value>, ManageError> {
        let mut members = Map::new();
        for member in self.0 {
            let at = if path.is_empty() { member.name.to_owned() } else { format!("{path}.{}", member.name) };
            match json::member(request, member.name) {
                Some(value) => {
                    members.insert(member.name.to_owned(), member.kind.read(&at, value)?);
                }
                None if member.is_required => {
                    return Err(ManageError::invalid(&at, "the parameter is required"));
                }
                None => {}
            }
        }
        Ok(members)
    }
}

impl Kind {
    fn read(&self, at: &str, value: &Value) -> Result<Value, ManageError> {
        let invalid = |what: &str| ManageError::invalid(at, what);
        match self {
            Self::Text(min, max) => {
                let text = json::text(value).ok_or_else(|| invalid("a text is expected"))?;
                if text.is_empty() && *min == 0 {
                    return Ok(Value::Null);
                }
                let count = text.chars().count();
                if (*min..=*max).contains(&count) {
                    return Ok(Value::String(text));
                }
                Err(invalid(&format!("{count} characters; {min} to {max} are allowed")))
            }
            Self::Url(max) => match Self::Text(0, *max).read(at, value)? {
                Value::String(text) if !is_url(&text) => {
                    Err(invalid("an address that begins with http:// or https:// is expected"))
                }
                checked => Ok(checked),
            },
            Self::Email(max) => match Self::Text(0, *max).read(at, value)? {
                Value::String(text) if !is_email(&text) => Err(invalid("an e-mail address is expected")),
                checked => Ok(checked),
            },
            Self::Flag => {
                json::boolean(value).map(Value::Bool).ok_or_else(|| invalid("true or false is expected"))
            }
            Self::Number(min, max) => json::integer(value)
                .filter(|number| (min..=max).contains(&number))
                .map(Value::from)
                .ok_or_else(|| invalid(&format!("a whole number from {min} to {max} is expected"))),
            Self::Choice(words) => {
                let text = json::text(value).unwrap_or_default();
                let found = words.iter().find(|word| word.eq_ignore_ascii_case(&text));
                found
                    .map(|word| Value::String((*word).to_owned()))
                    .ok_or_else(|| invalid(&format!("one of {} is expected", words.join(", "))))
            }
            Self::List(max, kind) => {
                let parsed = parsed(value);
                let Some(items) = parsed.as_ref().unwrap_or(value).as_array() else {
                    return Err(invalid("a list is expected"));
                };
                if items.len() > *max {
                    return Err(invalid(&format!("{} items; at most {max} are allowed", items.len())));
                }
                let read = |(index, item)| kind.read(&format!("{at}[{index}]"), item);
                items.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Self::Object(shape) => {
                let parsed = parsed(value);
                match parsed.as_ref().unwrap_or(value) {
                    object @ Value::Object(_) => shape.read_at(at, object).map(Value::Object),
                    _ => Err(invalid("an object is expected")),
                }
            }
            Self::TimeOfDay => {
                let text = json::text(value).unwrap_or_default();
                let (hours, minutes) = text.split_at_checked(2).unwrap_or_default();
                let is_time = text.len() == 4
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                    && hours.parse::<u8>().is_ok_and(|hours| hours < 24)
                    && minutes.parse::<u8>().is_ok_and(|minutes| minutes < 60);
                if is_time {
                    Ok(Value::String(text))
                } else {
                    Err(invalid("a time such as 0930 is expected"))
                }
            }
            Self::Any => Ok(value.clone()),
        }
    }
}

/// JSON in a text.
fn parsed(value: &Value) -> Option<Value> {
    value.as_str().and_then(|text| serde_json::from_str(text).ok())
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    !user.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(|character: char| character.is_whitespace() || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const INNER: Shape = Shape(&[required("open", Kind::TimeOfDay), field("on", Kind::Flag)]);
    const SHAPE: Shape = Shape(&[
        required("name", Kind::Text(1, 3)),
        field("about", Kind::Text(0, 3)),
        field("site", Kind::Url(30)),
        field("mail", Kind::Email(30)),
        field("age", Kind::Number(1, 9)),
        field("color", Kind::Choice(&["RED", "BLUE"])),
        field("words", Kind::List(2, &Kind::Text(1, 5))),
        field("hours", Kind::Object(&INNER)),
    ]);

    #[test]
    fn members_are_forgiven_their_spelling_and_nothing_else() {
        let read = SHAPE
            .read(&json!({
                "name": 17, "about": "", "site": "https://a.example", "mail": "a@b.example", "age": "9", "color": "red",
                "words": "[\"x\"]", "hours": {"open": "0930", "on": "True", "more": 1}, "other": 1, "more": null,
            }))
            .unwrap();
        let expected = json!({
            "name": "17", "about": null, "site": "https://a.example", "mail": "a@b.example", "age": 9, "color": "RED",
            "words": ["x"], "hours": {"open": "0930", "on": true},
        });
        assert_eq!(Value::Object(read), expected);
        for (member, value) in [
            ("name", json!("four")),
            ("name", json!("")),
            ("name", json!(null)),
            ("site", json!("ftp://a.example")),
            ("site", json!("a.example")),
            ("mail", json!("a b@c.example")),
            ("age", json!(0)),
            ("age", json!("x")),
            ("color", json!("green")),
            ("words", json!(["a", "b", "c"])),
            ("words", json!("a,b")),
            ("hours", json!({"open": "2460"})),
            ("hours", json!({})),
            ("hours", json!([])),
        ] {
            let mut request = json!({"name": "x"});
            request[member] = value;
            let error = SHAPE.read(&request).unwrap_err().to_string();
            assert!(error.starts_with(member), "{error}");
        }
    }
}
