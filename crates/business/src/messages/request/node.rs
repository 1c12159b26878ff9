//! A member of a request with the way to it, so that each complaint names the member at fault: `interactive.action.buttons[2].
//! reply.title`. Reads with the forgiveness of [`crate::json`]; an object or list may be a text that is JSON, as forms
//! write it.

use super::{invalid, missing};
use crate::json;
use crate::messages::SendError;
use serde_json::Value;
use std::borrow::Cow;

/// See the [module](self).
pub(super) struct Node<'a> {
    value: Cow<'a, Value>,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole request.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value: Cow::Borrowed(value), path: String::new() }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The way to a member of this one.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A complaint about this member.
    pub(super) fn refuse(&self, what: impl Into<String>) -> SendError {
        invalid(&self.path, what)
    }

    /// A complaint about a member of this one.
    pub(super) fn refuse_member(&self, name: &str, what: impl Into<String>) -> SendError {
        invalid(&self.at(name), what)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        json::member(&self.value, name).is_some()
    }

    /// An object.
    pub(super) fn optional(&self, name: &str) -> Result<Option<Node<'_>>, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(None) };
        let value = unwritten(value);
        if !value.is_object() {
            return Err(self.refuse_member(name, "a JSON object is expected"));
        }
        Ok(Some(Node { value, path: self.at(name) }))
    }

    /// An object that must be there.
    pub(super) fn required(&self, name: &str) -> Result<Node<'_>, SendError> {
        self.optional(name)?.ok_or_else(|| missing(&self.at(name)))
    }

    /// The objects of a list, which may be absent.
    pub(super) fn list(&self, name: &str, items_max: usize) -> Result<Vec<Node<'_>>, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(Vec::new()) };
        let items = match unwritten(value) {
            Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect::<Vec<_>>(),
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
            _ => return Err(self.refuse_member(name, "a list is expected")),
        };
        if items.len() > items_max {
            let what = format!("{} items were given; at most {items_max} are allowed", items.len());
            return Err(self.refuse_member(name, what));
        }
        let objects = items.into_iter().enumerate().map(|(at, value)| {
            let path = format!("{}[{at}]", self.at(name));
            if value.is_object() { Ok(Node { value, path }) } else { Err(invalid(&path, "a JSON object is expected")) }
        });
        objects.collect()
    }

    /// The objects of a list with at least one.
    pub(super) fn some(&self, name: &str, items_max: usize) -> Result<Vec<Node<'_>>, SendError> {
        let items = self.list(name, items_max)?;
        if items.is_empty() { Err(missing(&self.at(name))) } else { Ok(items) }
    }

    /// A text; empty if it is absent.
    pub(super) fn text(&self, name: &str, characters_max: usize) -> Result<String, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(String::new()) };
        let text = json::text(value).ok_or_else(|| self.refuse_member(name, "a text is expected"))?;
        let characters = text.chars().count();
        if characters > characters_max {
            let what = format!("{characters} characters; at most {characters_max} are allowed");
            return Err(self.refuse_member(name, what));
        }
        if text.contains('\0') {
            return Err(self.refuse_member(name, "the character U+0000 is not allowed in a text"));
        }
        Ok(text)
    }

    /// A text that says something.
    pub(super) fn words(&self, name: &str, characters_max: usize) -> Result<String, SendError> {
        let text = self.text(name, characters_max)?;
        if text.trim().is_empty() { Err(missing(&self.at(name))) } else { Ok(text) }
    }

    /// A word in lower case; empty if it is absent.
    pub(super) fn word(&self, name: &str) -> Result<String, SendError> {
        Ok(self.text(name, 64)?.trim().to_ascii_lowercase())
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(None) };
        json::integer(value).map(Some).ok_or_else(|| self.refuse_member(name, "a whole number is expected"))
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(false) };
        json::boolean(value).ok_or_else(|| self.refuse_member(name, "true or false is expected"))
    }

    /// A number with a fraction, or a text that is one.
    pub(super) fn number(&self, name: &str) -> Result<f64, SendError> {
        let value = json::member(&self.value, name).ok_or_else(|| missing(&self.at(name)))?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| self.refuse_member(name, "a number is expected"))
    }

    /// An object as compact JSON; empty if it is absent.
    pub(super) fn document(&self, name: &str, bytes_max: usize) -> Result<String, SendError> {
        let Some(value) = json::member(&self.value, name) else { return Ok(String::new()) };
        let value = unwritten(value);
        if !value.is_object() && !value.is_array() {
            return Err(self.refuse_member(name, "a JSON object is expected"));
        }
        let text = value.to_string();
        if text.len() > bytes_max {
            return Err(self.refuse_member(name, format!("at most {bytes_max} bytes are allowed")));
        }
        Ok(text)
    }
}

/// What a text says, if it is JSON of an object or a list; the value itself otherwise.
fn unwritten(value: &Value) -> Cow<'_, Value> {
    if let Value::String(text) = value
        && let Ok(read) = serde_json::from_str::<Value>(text)
        && (read.is_object() || read.is_array())
    {
        return Cow::Owned(read);
    }
    Cow::Borrowed(value)
}
