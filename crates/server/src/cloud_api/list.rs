//! `fields=` and pages. Only the members that were asked for are returned, and `id`; lists come with opaque cursors.

use super::Call;
use super::errors::GraphError;
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_business::codes;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use serde_json::{Map, Value, json};

/// Rows on a page, unless asked otherwise.
const PAGE_ROWS_DEFAULT: usize = 25;

/// The names in `fields=`: split at commas, without what stands in brackets and braces behind them.
fn names(fields: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 0_usize;
    for character in fields.chars() {
        match character {
            '(' | '{' | '[' => depth = depth.saturating_add(1),
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => {
                if let Some(last) = names.last_mut() {
                    last.push(character);
                }
            }
            _ => {}
        }
    }
    let plain = |name: &String| name.split('.').next().unwrap_or_default().trim().to_owned();
    names.iter().map(plain).filter(|name| !name.is_empty()).collect()
}

/// `object` with the members that were asked for, or with `default` if none were. A member that the object does not have
/// is left out.
pub(super) fn select(call: &Call, object: Value, default: &[&str]) -> Value {
    let Value::Object(members) = object else { return object };
    let wanted = call.params.text("fields").map(|fields| names(&fields)).unwrap_or_default();
    let is_wanted = |name: &str| match wanted.as_slice() {
        [] => default.contains(&name),
        wanted => wanted.iter().any(|wanted| wanted == name),
    };
    let selected: Map<_, _> =
        members.into_iter().filter(|(name, _)| name == "id" || is_wanted(name)).collect();
    Value::Object(selected)
}

/// One page of `items`, each of which has an `id`.
pub(super) fn page(call: &Call, items: Vec<Value>) -> Result<Value, GraphError> {
    let limit = call.params.integer("limit")?.unwrap_or(0);
    let limit = match usize::try_from(limit) {
        Ok(0) => PAGE_ROWS_DEFAULT,
        Ok(limit) => limit.min(PAGE_ROWS_MAX),
        Err(_) => return Err(invalid("limit", "a number from 1 is expected")),
    };
    let (start, end) = range(call, &items, limit)?;
    let (count, has_more) = (items.len(), end < items.len());
    let data: Vec<Value> = items.into_iter().take(end).skip(start).collect();
    let mut paging = json!({
        "cursors": {"before": cursor(data.first()), "after": cursor(data.last())},
    });
    if let Some(members) = paging.as_object_mut() {
        if has_more {
            members.insert("next".to_owned(), json!(link(call, "after", &cursor(data.last()))));
        }
        if start > 0 && count > 0 {
            members.insert("previous".to_owned(), json!(link(call, "before", &cursor(data.first()))));
        }
    }
    Ok(json!({"data": data, "paging": paging}))
}

fn range(call: &Call, items: &[Value], limit: usize) -> Result<(usize, usize), GraphError> {
    let position = |name: &str| -> Result<Option<usize>, GraphError> {
        let Some(cursor) = call.params.text(name) else { return Ok(None) };
        let id = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|id| String::from_utf8(id).ok());
        let id = id.ok_or_else(|| invalid(name, "a cursor of an earlier answer is expected"))?;
        Ok(items.iter().position(|item| item.get("id").and_then(Value::as_str) == Some(&id)))
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

fn cursor(item: Option<&Value>) -> String {
    let id = item.and_then(|item| item.get("id")).and_then(Value::as_str).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(id)
}

/// Where this server is, as the client asked for it.
pub(super) fn origin(headers: &axum::http::HeaderMap) -> String {
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
    format!("{}{}?{}", origin(&call.headers), call.path, query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_are_named_by_their_first_word() {
        let fields = "id, name,preview.invalidate(true,false),apps{id,name},analytics.start(1).end(2)";
        assert_eq!(names(fields), ["id", "name", "preview", "apps", "analytics"]);
        assert_eq!(names(",,"), Vec::<String>::new());
        assert_eq!(names(")a"), ["a"]);
    }
}
