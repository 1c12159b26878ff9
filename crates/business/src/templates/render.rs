//! # Filling a template in
//!
//! A send names a template and gives values for its gaps, component by component. What does not fit is refused before
//! anything is stored: the wrong number of values, a value of the wrong kind or name, a result that is too long.

use super::definition::{
    BODY_CHARACTERS_MAX, Button, CODE_CHARACTERS_MAX, Definition, HEADER_CHARACTERS_MAX, Pattern,
    URL_CHARACTERS_MAX,
};
use crate::json::{integer, list_member, member, text_member};
use plaza_protocol::content;
use serde_json::Value;

/// A template to send, as the request names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SendTemplate {
    /// Its name.
    pub name: String,
    /// As the request writes it.
    pub language: String,
    components: Vec<Component>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Component {
    kind: ComponentKind,
    parameters: Vec<Parameter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComponentKind {
    Header,
    Body,
    Button(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    /// Lower case.
    kind: String,
    name: Option<String>,
    /// Absent: the value is missing, or of a kind that is no text.
    value: Option<String>,
}

/// Values do not fit a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// More or fewer than it has gaps.
    #[error("{component}: {found} parameters were given, {expected} are expected")]
    Count {
        /// Where.
        component: String,
        /// How many it has.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// Of the wrong kind, or for a name that it does not have.
    #[error("{component}: {what}")]
    Format {
        /// Where.
        component: String,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// The filled-in text.
    #[error("{component}: {found} characters when filled in, at most {max} are allowed")]
    TooLong {
        /// Where.
        component: String,
        /// The limit.
        max: usize,
        /// Its length.
        found: usize,
    },
}

impl SendTemplate {
    /// Reads the `template` member of a request; the error names a member that cannot be used.
    pub(crate) fn read(template: &Value) -> Result<Self, (String, &'static str)> {
        let name = text_member(template, "name").ok_or(("template.name".to_owned(), "missing"))?;
        let language = member(template, "language")
            .and_then(|language| text_member(language, "code").or_else(|| crate::json::text(language)))
            .ok_or(("template.language.code".to_owned(), "missing"))?;
        let components = list_member(template, "components")
            .ok_or(("template.components".to_owned(), "a list is expected"))?;
        let components = components.iter().enumerate().map(component).collect::<Result<_, _>>()?;
        Ok(Self { name, language, components })
    }

    fn parameters(&self, kind: ComponentKind) -> &[Parameter] {
        self.components
            .iter()
            .find(|component| component.kind == kind)
            .map_or(&[], |component| component.parameters.as_slice())
    }
}

fn component((at, value): (usize, &Value)) -> Result<Component, (String, &'static str)> {
    let at = |member: &str| format!("template.components[{at}].{member}");
    let kind = text_member(value, "type").unwrap_or_default().to_ascii_lowercase();
    let kind = match kind.as_str() {
        "header" => ComponentKind::Header,
        "body" => ComponentKind::Body,
        "button" => {
            let index = member(value, "index").map_or(Some(0), integer);
            let index = index.and_then(|index| usize::try_from(index).ok());
            ComponentKind::Button(index.ok_or((at("index"), "a number from 0 is expected"))?)
        }
        _ => return Err((at("type"), "header, body or button is expected")),
    };
    let parameters = list_member(value, "parameters").ok_or((at("parameters"), "a list is expected"))?;
    Ok(Component { kind, parameters: parameters.iter().map(parameter).collect() })
}

fn parameter(value: &Value) -> Parameter {
    let kind = text_member(value, "type").unwrap_or_else(|| "text".to_owned()).to_ascii_lowercase();
    let text = match kind.as_str() {
        "currency" | "date_time" => {
            member(value, &kind).and_then(|inner| text_member(inner, "fallback_value"))
        }
        other => text_member(value, other),
    };
    Parameter { name: text_member(value, "parameter_name"), value: text, kind }
}

/// Fills `definition` in with the values of `request`.
pub(super) fn render(
    definition: &Definition,
    name: &str,
    language: &str,
    request: &SendTemplate,
) -> Result<content::Template, RenderError> {
    let given = |kind| request.parameters(kind);
    let header = match &definition.header {
        Some(pattern) => fill("header", pattern, given(ComponentKind::Header), HEADER_CHARACTERS_MAX)?,
        None if given(ComponentKind::Header).is_empty() => String::new(),
        None => return Err(count("header", 0, given(ComponentKind::Header).len())),
    };
    let body = fill("body", &definition.body, given(ComponentKind::Body), BODY_CHARACTERS_MAX)?;
    let buttons = definition
        .buttons
        .iter()
        .enumerate()
        .map(|(index, button)| press(index, button, given(ComponentKind::Button(index))))
        .collect::<Result<_, _>>()?;
    let has_more = |component: &Component| match component.kind {
        ComponentKind::Button(index) => index >= definition.buttons.len(),
        ComponentKind::Header | ComponentKind::Body => false,
    };
    if request.components.iter().any(has_more) {
        return Err(count("buttons", definition.buttons.len(), definition.buttons.len().saturating_add(1)));
    }
    let footer = definition.footer.clone();
    Ok(content::Template {
        name: name.to_owned(),
        language: language.to_owned(),
        header,
        body,
        footer,
        buttons,
    })
}

fn count(component: &str, expected: usize, found: usize) -> RenderError {
    RenderError::Count { component: component.to_owned(), expected, found }
}

fn fill(
    component: &str,
    pattern: &Pattern,
    parameters: &[Parameter],
    characters_max: usize,
) -> Result<String, RenderError> {
    let gaps = pattern.gaps();
    if gaps.len() != parameters.len() {
        return Err(count(component, gaps.len(), parameters.len()));
    }
    let fail = |what: String| RenderError::Format { component: component.to_owned(), what };
    for parameter in parameters {
        if !matches!(parameter.kind.as_str(), "text" | "currency" | "date_time") {
            return Err(fail(format!("a parameter of type text is expected, not {}", parameter.kind)));
        }
        if parameter.value.as_deref().is_none_or(|value| value.trim().is_empty()) {
            return Err(fail("a parameter has no text".to_owned()));
        }
    }
    let is_positional = gaps.iter().all(|gap| gap.parse::<u32>().is_ok());
    let value_of = |gap: &str| {
        let parameter = if is_positional {
            let position = gaps.iter().position(|known| *known == gap)?;
            parameters.get(position)
        } else {
            parameters.iter().find(|parameter| parameter.name.as_deref() == Some(gap))
        };
        parameter?.value.clone()
    };
    let Some(text) = pattern.fill(value_of) else {
        return Err(fail(format!(
            "the parameters are named {}: give each with its parameter_name",
            gaps.join(", ")
        )));
    };
    let found = text.chars().count();
    if found > characters_max {
        return Err(RenderError::TooLong { component: component.to_owned(), max: characters_max, found });
    }
    Ok(text)
}

fn press(index: usize, button: &Button, parameters: &[Parameter]) -> Result<content::Button, RenderError> {
    let at = format!("buttons[{index}]");
    let shown = |kind: &str, text: &str, value: String| content::Button {
        kind: kind.to_owned(),
        text: text.to_owned(),
        value,
    };
    match button {
        Button::QuickReply { text } => {
            let payload = optional(&at, "payload", parameters)?.unwrap_or_else(|| text.clone());
            Ok(shown("QUICK_REPLY", text, payload))
        }
        Button::Url { text, url } => Ok(shown("URL", text, fill(&at, url, parameters, URL_CHARACTERS_MAX)?)),
        Button::PhoneNumber { text, number } => {
            if parameters.is_empty() {
                Ok(shown("PHONE_NUMBER", text, number.clone()))
            } else {
                Err(count(&at, 0, parameters.len()))
            }
        }
        Button::CopyCode { text } => Ok(shown("COPY_CODE", text, code(&at, "coupon_code", parameters)?)),
        Button::Otp { text } => Ok(shown("COPY_CODE", text, code(&at, "text", parameters)?)),
    }
}

/// The one value of kind `kind`, if there is any.
fn optional(at: &str, kind: &str, parameters: &[Parameter]) -> Result<Option<String>, RenderError> {
    match parameters {
        [] => Ok(None),
        [parameter] if parameter.kind == kind && parameter.value.is_some() => Ok(parameter.value.clone()),
        [_] => Err(RenderError::Format {
            component: at.to_owned(),
            what: format!("a parameter of type {kind} is expected"),
        }),
        more => Err(count(at, 1, more.len())),
    }
}

fn code(at: &str, kind: &str, parameters: &[Parameter]) -> Result<String, RenderError> {
    let code = optional(at, kind, parameters)?.ok_or_else(|| count(at, 1, 0))?;
    let found = code.chars().count();
    if found > CODE_CHARACTERS_MAX {
        return Err(RenderError::TooLong { component: at.to_owned(), max: CODE_CHARACTERS_MAX, found });
    }
    Ok(code)
}

/// A language as Plaza keeps it: `en`, `en_US`. Clients write either case and either separator.
pub fn canonical_language(text: &str) -> Option<String> {
    let mut parts = text.trim().split(['_', '-']);
    let language = parts.next().filter(|part| (2..=3).contains(&part.len()))?.to_ascii_lowercase();
    let region = parts.next();
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if parts.next().is_some() || !is_plain(&language) {
        return None;
    }
    match region {
        None => Some(language),
        Some(region) if (2..=4).contains(&region.len()) && is_plain(region) => {
            Some(format!("{language}_{}", region.to_ascii_uppercase()))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
