//! A member of a request with the way to it, so that each complaint names the member at fault:
//! `interactive.action.buttons[2]. reply.title`. Reads with the forgiveness of [`crate::json`]; an object or list may
//! be a text that is JSON, as forms write it.

use crate::json;
use serde_json::Value;
use std::borrow::Cow;

/// A member cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The way to it.
    pub(crate) member: String,
    /// What is wrong with it, and what is expected; `None`: it is missing.
    pub(crate) what: Option<String>,
}

pub(crate) fn missing(member: &str) -> Refusal {
    Refusal { member: member.to_owned(), what: None }
}

pub(crate) fn invalid(member: &str, what: impl Into<String>) -> Refusal {
    Refusal { member: member.to_owned(), what: Some(what.into()) }
}

/// See the [module](self).
pub(crate) struct Node<'a> {
    value: Cow<'a, Value>,
    path: String,
}

impl<'a> Node<'a> {
    /// A value that stands at `path`.
    #[cfg(test)]
    pub(crate) fn new(value: &'a Value, path: &str) -> Self {
        Self { value: Cow::Borrowed(value), path: path.to_owned() }
    }

    /// The whole request.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value: Cow::Borrowed(value), path: String::new() }
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The way to a member of this one.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A complaint about this member.
    pub(crate) fn refuse(&self, what: impl Into<String>) -> Refusal {
        invalid(&self.path, what)
    }

    /// A complaint about a member of this one.
    pub(crate) fn refuse_member(&self, name: &str, what: impl Into<String>) -> Refusal {
        invalid(&self.at(name), what)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        json::member(&self.value, name).is_some()
    }

    /// An object.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<Node<'_>>, Refusal> {
        let Some(value) = json::member(&self.value, name) else { return Ok(None) };
        let value = unwritten(value);
        if !value.is_object() {
            return Err(self.refuse_member(name, "a JSON object is expected"));
        }
        Ok(Some(Node { value, path: self.at(name) }))
    }

    /// An object that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<Node<'_>, Refusal> {
        self.optional(name)?.ok_or_else(|| missing(&self.at(name)))
    }

    /// The objects of a list, which may be absent.
    pub(crate) fn list(&self, name: &str, items_max: usize) -> Result<Vec<Node<'_>>, Refusal> {
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
            if value.is_object() {
                Ok(Node { value, path })
            } else {
                Err(invalid(&path, "a JSON object is expected"))
            }
        });
        objects.collect()
    }

    /// The objects of a list with at least one.
    pub(crate) fn some(&self, name: &str, items_max: usize) -> Result<Vec<Node<'_>>, Refusal> {
        let items = self.list(name, items_max)?;
        if items.is_empty() { Err(missing(&self.at(name))) } else { Ok(items) }
    }

    /// A text; empty if it is absent.
    pub(crate) fn text(&self, name: &str, characters_max: usize) -> Result<String, Refusal> {
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
    pub(crate) fn words(&self, name: &str, characters_max: usize) -> Result<String, Refusal> {
        let text = self.text(name, characters_max)?;
        if text.trim().is_empty() { Err(missing(&self.at(name))) } else { Ok(text) }
    }

    /// A word in lower case; empty if it is absent.
    pub(crate) fn word(&self, name: &str) -> Result<String, Refusal> {
        Ok(self.text(name, 64)?.trim().to_ascii_lowercase())
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = json::member(&self.value, name) else { return Ok(None) };
        json::integer(value).map(Some).ok_or_else(|| self.refuse_member(name, "a whole number is expected"))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<bool, Refusal> {
        let Some(value) = json::member(&self.value, name) else { return Ok(false) };
        json::boolean(value).ok_or_else(|| self.refuse_member(name, "true or false is expected"))
    }

    /// A number with a fraction, or a text that is one.
    pub(crate) fn number(&self, name: &str) -> Result<f64, Refusal> {
        let value = json::member(&self.value, name).ok_or_else(|| missing(&self.at(name)))?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| self.refuse_member(name, "a number is expected"))
    }

    /// An object as compact JSON; empty if it is absent.
    pub(crate) fn document(&self, name: &str, bytes_max: usize) -> Result<String, Refusal> {
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
