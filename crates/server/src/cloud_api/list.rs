//! # `fields=` and pages
//!
//! Only the members that were asked for are returned, and `id`. A field may have arguments (`preview.invalidate(true)`)
//! and a selection of its own (`owner_business_info{id,name}`), which goes for an object, for each item of a list, and
//! for a list inside `data`. What an object does not have is left out. Lists come with opaque cursors, and with a
//! `summary` if one was asked for.

use super::Call;
use super::errors::GraphError;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_business::codes;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use serde_json::{Map, Value, json};

/// Rows on a page, unless asked otherwise.
const PAGE_ROWS_DEFAULT: usize = 25;
/// Braces inside braces that are followed.
const NESTING_MAX: usize = 8;

/// One field that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    /// `.start(1)` is `("start", "1")`.
    arguments: Vec<(String, String)>,
    /// `{id,name}`; empty: all of it.
    fields: Fields,
}

/// The fields that were asked for; none: the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<Field>);

impl Fields {
    /// Of a request.
    pub(super) fn of(call: &Call) -> Self {
        call.params.text("fields").map(|text| Self::read(&text, NESTING_MAX)).unwrap_or_default()
    }

    fn read(text: &str, depth: usize) -> Self {
        let fields = split(text, ',').into_iter().filter_map(|field| Field::read(&field, depth));
        Self(fields.collect())
    }

    /// Whether a member was asked for by its name.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.0.iter().any(|field| field.name == name)
    }

    /// The argument of a field: of `analytics.start(1)`, `start` is `1`.
    pub(super) fn argument(&self, name: &str, argument: &str) -> Option<&str> {
        let field = self.0.iter().find(|field| field.name == name)?;
        field.arguments.iter().find(|(name, _)| name == argument).map(|(_, value)| value.as_str())
    }

    /// All arguments of a field, lists as lists; `None`: the field was not asked for.
    pub(super) fn arguments(&self, name: &str) -> Option<Value> {
        let field = self.0.iter().find(|field| field.name == name)?;
        let read = |(name, value): &(String, String)| (name.clone(), list_or_text(value));
        Some(Value::Object(field.arguments.iter().map(read).collect()))
    }

    /// `value` with these members; all of it if none were named.
    fn apply(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.apply(item)).collect(),
            Value::Object(members) if !self.0.is_empty() => match members.get("data") {
                Some(Value::Array(_)) if !self.wants("data") => self.apply_to_data(members),
                _ => self.pick(members),
            },
            other => other,
        }
    }

    fn apply_to_data(&self, mut members: Map<String, Value>) -> Value {
        if let Some(data) = members.get_mut("data") {
            *data = self.apply(data.take());
        }
        Value::Object(members)
    }

    fn pick(&self, members: Map<String, Value>) -> Value {
        let chosen = members.into_iter().filter_map(|(name, value)| {
            match self.0.iter().find(|field| field.name == name) {
                Some(field) => Some((name, field.fields.apply(value))),
                None => (name == "id").then_some((name, value)),
            }
        });
        Value::Object(chosen.collect())
    }
}

impl Field {
    /// `name`, `name.argument(value)`, `name{fields}`, `name.limit(5){fields}`.
    fn read(text: &str, depth: usize) -> Option<Self> {
        let (head, inner) = match text.split_once('{') {
            Some((head, inner)) => (head, inner.trim_end().trim_end_matches('}')),
            None => (text, ""),
        };
        let mut parts = split(head, '.').into_iter();
        let name = parts.next()?.split('(').next()?.trim().to_owned();
        let argument = |part: String| {
            let (name, value) = part.split_once('(')?;
            Some((name.trim().to_owned(), value.trim_end().strip_suffix(')')?.to_owned()))
        };
        let arguments = parts.filter_map(argument).collect();
        let fields = match depth.checked_sub(1) {
            Some(depth) if !inner.trim().is_empty() => Fields::read(inner, depth),
            _ => Fields::default(),
        };
        (!name.is_empty()).then_some(Self { name, arguments, fields })
    }
}

/// `["a",1]`, and `[a,1]` too, is a list; anything else a text.
fn list_or_text(text: &str) -> Value {
    let Some(inner) = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return Value::String(text.trim().to_owned());
    };
    let words = split(inner, ',').into_iter().map(|word| word.trim().trim_matches(['"', '\'']).to_owned());
    words.filter(|word| !word.is_empty()).map(Value::String).collect()
}

/// `text` cut at a character where it stands outside brackets and braces.
fn split(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' | '{' | '[' => depth = depth.saturating_add(1),
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character == at && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

/// `object` with the members that were asked for, or with `default` if none were. A member that the object does not
/// have is left out.
pub(super) fn select(call: &Call, object: Value, default: &[&str]) -> Value {
    let fields = Fields::of(call);
    if !fields.0.is_empty() {
        return fields.apply(object);
    }
    let usual = default.iter().map(|name| Field { name: (*name).to_owned(), ..Field::default() });
    Fields(usual.collect()).apply(object)
}

/// `object` with the members that were asked for, or all of it if none were.
pub(super) fn select_all(call: &Call, object: Value) -> Value {
    Fields::of(call).apply(object)
}

/// One page of `items`, each of which has an `id`.
pub(super) fn page(call: &Call, items: Vec<Value>) -> Result<Value, GraphError> {
    page_by(call, items, "id")
}

/// One page of `items`, which the member `key` tells apart.
pub(super) fn page_by(call: &Call, items: Vec<Value>, key: &str) -> Result<Value, GraphError> {
    let limit = page_rows(call)?;
    let (start, end) = range(call, &items, limit, key)?;
    let (count, has_more) = (items.len(), end < items.len());
    let data: Vec<Value> = items.into_iter().take(end).skip(start).collect();
    let (first, last) = (cursor(data.first(), key), cursor(data.last(), key));
    let mut answer = envelope(call, data, (&first, &last), (start > 0 && count > 0, has_more));
    if call.params.words("summary").iter().any(|wanted| wanted == "total_count")
        && let Some(members) = answer.as_object_mut()
    {
        members.insert("summary".to_owned(), json!({"total_count": count}));
    }
    Ok(answer)
}

/// How many rows a page has.
pub(super) fn page_rows(call: &Call) -> Result<usize, GraphError> {
    let limit = match call.params.integer("limit")? {
        None => call.params.integer("first")?.unwrap_or(0),
        Some(limit) => limit,
    };
    match usize::try_from(limit) {
        Ok(0) => Ok(PAGE_ROWS_DEFAULT),
        Ok(limit) => Ok(limit.min(PAGE_ROWS_MAX)),
        Err(_) => Err(invalid("limit", "a number from 1 is expected")),
    }
}

/// A page with its cursors, and with the addresses of the pages before and behind it where there are such.
pub(super) fn envelope(
    call: &Call,
    data: Vec<Value>,
    (first, last): (&str, &str),
    (has_previous, has_next): (bool, bool),
) -> Value {
    let mut paging = json!({"cursors": {"before": first, "after": last}});
    if let Some(members) = paging.as_object_mut() {
        if has_next {
            members.insert("next".to_owned(), json!(link(call, "after", last)));
        }
        if has_previous {
            members.insert("previous".to_owned(), json!(link(call, "before", first)));
        }
    }
    json!({"data": data, "paging": paging})
}

fn range(call: &Call, items: &[Value], limit: usize, key: &str) -> Result<(usize, usize), GraphError> {
    let position = |name: &str| -> Result<Option<usize>, GraphError> {
        let Some(id) = decode_cursor(call, name)? else { return Ok(None) };
        Ok(items.iter().position(|item| item.get(key).and_then(Value::as_str) == Some(&id)))
    };
    if let Some(at) = position("after")? {
        let start = at.saturating_add(1);
        return Ok((start, start.saturating_add(limit).min(items.len())));
    }
    if let Some(at) = position("before")? {
        return Ok((at.saturating_sub(limit), at));
    }
    Ok((0, limit.min(items.len())))
}

fn invalid(name: &str, what: &str) -> GraphError {
    GraphError::new(codes::INVALID_PARAMETER).details(format!("{name}: {what}"))
}

fn cursor(item: Option<&Value>, key: &str) -> String {
    encode_cursor(item.and_then(|item| item.get(key)).and_then(Value::as_str).unwrap_or_default())
}

/// A cursor that stands for a text.
pub(super) fn encode_cursor(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The text of the cursor in a parameter.
pub(super) fn decode_cursor(call: &Call, name: &str) -> Result<Option<String>, GraphError> {
    let Some(cursor) = call.params.text(name) else { return Ok(None) };
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|text| String::from_utf8(text).ok());
    text.map(Some).ok_or_else(|| invalid(name, "a cursor of an earlier answer is expected"))
}

/// The address that the caller knows this server by.
pub(super) fn origin(call: &Call) -> String {
    origin_of(&call.headers)
}

/// The origin that a request was sent to, behind a proxy or not.
pub(crate) fn origin_of(headers: &HeaderMap) -> String {
    let header = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let host = header(header::HOST.as_str()).unwrap_or("localhost");
    let scheme = if header("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// The address of another page. It carries the token on if the token came in the address.
fn link(call: &Call, direction: &str, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(members) = call.params.value().as_object() {
        for (name, value) in members.iter().filter(|(name, _)| !matches!(name.as_str(), "after" | "before")) {
            if let Some(text) = plaza_business::json::text(value) {
                query.append_pair(name, &text);
            }
        }
    }
    query.append_pair(direction, cursor);
    if let Some(token) = &call.params.query_token {
        query.append_pair("access_token", token);
    }
    format!("{}{}?{}", origin(call), call.path, query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_nest_and_have_arguments() {
        let fields = Fields::read(
            "id, name,preview.invalidate(true),apps{id,link{href}},analytics.start(1).end(2).codes([\"a\",\"b\"]),",
            NESTING_MAX,
        );
        let names: Vec<&str> = fields.0.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "name", "preview", "apps", "analytics"]);
        assert_eq!(fields.argument("preview", "invalidate"), Some("true"));
        assert_eq!(fields.argument("analytics", "end"), Some("2"));
        assert_eq!(fields.argument("analytics", "codes"), Some("[\"a\",\"b\"]"));
        let asked = json!({"start": "1", "end": "2", "codes": ["a", "b"]});
        assert_eq!(fields.arguments("analytics"), Some(asked));
        assert_eq!(fields.arguments("other"), None);
        assert_eq!(list_or_text("[]"), json!([]));
        assert_eq!(list_or_text("[ US, 'BR' ,1]"), json!(["US", "BR", "1"]));
        let whole = json!({
            "id": "1", "name": "n", "more": 1, "preview": {"url": "u"},
            "apps": {"data": [{"id": "2", "name": "x", "link": {"href": "h", "rel": "r"}}], "paging": {}},
        });
        let chosen = json!({
            "id": "1", "name": "n", "preview": {"url": "u"},
            "apps": {"data": [{"id": "2", "link": {"href": "h"}}], "paging": {}},
        });
        assert_eq!(fields.apply(whole), chosen);
        for odd in [",,", "", "{", "{a}", "()"] {
            assert_eq!(Fields::read(odd, NESTING_MAX).0.len(), 0, "{odd}");
        }
        let deep = format!("{}x{}", "a{".repeat(100_000), "}".repeat(100_000));
        assert!(Fields::read(&deep, NESTING_MAX).wants("a"), "it ends");
    }
}
