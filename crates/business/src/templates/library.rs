//! # The template library
//!
//! Templates that every business may take as they are: reviewed once, they are approved at once. What a business adds
//! is where its buttons lead.

use super::{Problem, TemplateError, problem};
use crate::json::{self, list_member, member, text_member};
use serde_json::{Map, Value, json};

/// The entries, in English; the file says all of them.
const ENTRIES: &str = include_str!("../../data/template_library.json");

/// The language of the entries.
const LANGUAGE: &str = "en_US";

/// All entries, as the surface shows them.
pub fn entries() -> Vec<Value> {
    let entries: Vec<Value> = serde_json::from_str(ENTRIES).unwrap_or_default();
    let shown = |mut entry: Value| {
        entry["language"] = json!(LANGUAGE);
        entry["category"] = json!("UTILITY");
        entry
    };
    entries.into_iter().map(shown).collect()
}

/// The components of an entry, with the inputs of a request for its buttons.
pub(super) fn components(request: &Value, name: &str) -> Result<Value, TemplateError> {
    let entry = entries().into_iter().find(|entry| text_member(entry, "name").as_deref() == Some(name));
    let entry = entry.ok_or_else(|| {
        problem(
            "library_template_name",
            "the library has no such template: see GET /message_template_library",
        )
    })?;
    let samples = |count: usize| {
        let known = list_member(&entry, "body_params").unwrap_or_default().iter().filter_map(json::text);
        known.chain(std::iter::repeat("sample".to_owned())).take(count).collect::<Vec<_>>()
    };
    let mut components = Vec::new();
    if let Some(header) = text_member(&entry, "header").filter(|header| !header.is_empty()) {
        let example = json!({"header_text": samples(1)});
        components.push(json!({"type": "HEADER", "format": "TEXT", "text": header, "example": example}));
    }
    let body = text_member(&entry, "body").unwrap_or_default();
    components.push(json!({"type": "BODY", "text": body, "example": {"body_text": [samples(9)]}}));
    let inputs = inputs(request)?;
    let buttons = list_member(&entry, "buttons").unwrap_or_default();
    let buttons: Vec<Value> =
        buttons.iter().enumerate().map(|(at, button)| with_input(button, inputs.get(at))).collect();
    if !buttons.is_empty() {
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    Ok(Value::Array(components))
}

fn inputs(request: &Value) -> Result<Vec<Value>, TemplateError> {
    let name = "library_template_button_inputs";
    match member(request, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.clone()),
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| problem(name, "a list is expected"))
        }
        Some(_) => Err(TemplateError::Invalid(Problem::new(name, "a list is expected"))),
    }
}

/// A button that leads where the business wants.
fn with_input(button: &Value, input: Option<&Value>) -> Value {
    let (Value::Object(mut members), Some(input)) = (button.clone(), input) else { return button.clone() };
    if let Some(number) = text_member(input, "phone_number") {
        members.insert("phone_number".to_owned(), json!(number));
    }
    // `{"base_url":"https://…/{{1}}","url_suffix_example":"https://…/17"}`, or the address alone.
    let url = member(input, "url").and_then(|url| text_member(url, "base_url").or_else(|| json::text(url)));
    if let Some(url) = url {
        members.insert("url".to_owned(), json!(url));
    }
    Value::Object(members)
}

/// Whether an entry is one that is looked for. Words compare in any case; nothing asked for is everything.
pub fn matches(entry: &Value, asked: &Map<String, Value>) -> bool {
    let own = |name: &str| text_member(entry, name).unwrap_or_default().to_lowercase();
    let asked = |name: &str| asked.get(name).and_then(json::text).unwrap_or_default().to_lowercase();
    let is = |name: &str| asked(name).is_empty() || own(name) == asked(name);
    let industries = list_member(entry, "industry").unwrap_or_default().iter().filter_map(json::text);
    let industry = asked("industry");
    let search = asked("search");
    is("topic")
        && is("usecase")
        && is("name")
        && (asked("language").is_empty() || own("language") == asked("language").replace('-', "_"))
        && (industry.is_empty()
            || industries.map(|known| known.to_lowercase()).any(|known| known == industry))
        && (search.is_empty() || own("name").contains(&search) || own("body").contains(&search))
}
