//! What leads from one place of a form to another: references to data and answers, and actions.

use super::components::{self, Component};
use super::position::Place;
use super::{Checker, FLOW, SCHEMA, is_dynamic, text};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Checker<'_> {
    /// Looks for references in every text below a value.
    pub(super) fn references(&mut self, value: &Value, at: &Place, screen: &str) {
        match value {
            Value::String(text) => self.references_in(text, at, screen),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.references(item, &at.item(index), screen);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.references(value, &at.member(name), screen);
                }
            }
            _ => {}
        }
    }

    fn references_in(&mut self, text: &str, at: &Place, screen: &str) {
        for reference in
            text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
        {
            let mut words = reference.split('.');
            let (first, rest): (_, Vec<&str>) = (words.next().unwrap_or_default(), words.collect());
            let (of, kind, name) = match (first, rest.as_slice()) {
                ("data" | "form", [name, ..]) => (screen, first, *name),
                ("screen", [of, kind @ ("data" | "form"), name, ..]) => (*of, *kind, *name),
                _ => continue,
            };
            let name = name.split('[').next().unwrap_or_default();
            let Some(known) = self.screens.get(of) else {
                let message =
                    format!("\"${{{reference}}}\" refers to the screen \"{of}\", which does not exist.");
                self.error(FLOW, "INVALID_REFERENCE", at, false, &message);
                continue;
            };
            let declared = if kind == "data" { &known.data } else { &known.inputs };
            if !declared.contains(name) {
                let what = if kind == "data" { "data" } else { "component" };
                let message = format!(
                    "\"${{{reference}}}\" refers to {what} \"{name}\", which the screen \"{of}\" does not declare."
                );
                let error = if kind == "data" { "MISSING_DYNAMIC_DATA" } else { "INVALID_REFERENCE" };
                self.error(FLOW, error, at, false, &message);
            }
        }
    }

    /// The actions of a component, and those of its items.
    pub(super) fn actions(&mut self, object: &Map<String, Value>, at: &Place, screen: &str) {
        for name in ["on-click-action", "on-select-action", "on-unselect-action"] {
            if let Some(action) = object.get(name) {
                self.action(action, &at.member(name), screen);
            }
        }
        for name in ["data-source", "list-items"] {
            let items = object.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
            for (index, item) in items {
                if let Some(item) = item.as_object() {
                    self.actions(item, &at.member(name).item(index), screen);
                }
            }
        }
    }

    fn action(&mut self, action: &Value, at: &Place, screen: &str) {
        let Some(action) = self.object(action, at) else { return };
        let Some(name) = text(action, "name") else { return self.missing(at, "name") };
        self.only(action, at, &[&["name", "payload", "next", "url"]]);
        if action.get("payload").is_some_and(|payload| !payload.is_object()) {
            self.invalid(&at.member("payload"), "a JSON object is expected");
        }
        match name {
            "navigate" => self.navigate(action, at, screen),
            "complete" if !self.screens.get(screen).is_some_and(|screen| screen.is_terminal) => {
                let message = format!(
                    "The screen \"{screen}\" is not terminal: the action \"complete\" cannot stand on it."
                );
                self.error(FLOW, "INVALID_COMPLETE_ACTION", &at.member("name"), false, &message);
            }
            "data_exchange" if self.data_api_version.is_none() => {
                let message = "The action \"data_exchange\" asks an endpoint: the flow needs data_api_version and routing_model.";
                self.error(FLOW, "INVALID_DATA_EXCHANGE_ACTION", &at.member("name"), false, message);
            }
            "complete" | "data_exchange" => {}
            "open_url" | "update_data" if self.version < (6, 0) => {
                let message = format!("The action \"{name}\" exists since version 6.0.");
                self.error(SCHEMA, "INVALID_PROPERTY_VALUE", &at.member("name"), false, &message);
            }
            "open_url" => match text(action, "url") {
                None => self.missing(at, "url"),
                Some(url) if is_dynamic(url) || url::Url::parse(url).is_ok() => {}
                Some(_) => {
                    self.invalid(&at.member("url"), "an address that begins with https:// is expected");
                }
            },
            "update_data" => {
                if !action.contains_key("payload") {
                    self.missing(at, "payload");
                }
            }
            _ => self.invalid(
                &at.member("name"),
                "navigate, complete, data_exchange, open_url or update_data is expected",
            ),
        }
    }

    fn navigate(&mut self, action: &Map<String, Value>, at: &Place, screen: &str) {
        let Some(next) = action.get("next") else { return self.missing(at, "next") };
        let next_at = at.member("next");
        let Some(next) = self.object(next, &next_at) else { return };
        if text(next, "type").is_some_and(|kind| !matches!(kind, "screen" | "plugin")) {
            self.invalid(&next_at.member("type"), "\"screen\" is expected");
        }
        let Some(target) = text(next, "name") else { return self.missing(&next_at, "name") };
        let is_routed =
            self.routes.get(screen).is_none_or(|routes| routes.iter().any(|route| route == target));
        let wrong = if !self.screens.contains_key(target) {
            format!("leads to the screen \"{target}\", which does not exist")
        } else if target == screen {
            format!("leads to the same screen \"{target}\"")
        } else if !is_routed {
            format!("leads to \"{target}\", to which the routing model of \"{screen}\" has no route")
        } else {
            return;
        };
        let message = format!("The action \"navigate\" {wrong}.");
        let error = "INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME";
        self.error(FLOW, error, &next_at.member("name"), false, &message);
    }
}

/// The names of components that hold answers, anywhere below a value.
pub(super) fn inputs_of(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| inputs_of(item, into)),
        Value::Object(members) => {
            let kind = text(members, "type").and_then(components::find);
            if let (Some(Component { is_input: true, .. }), Some(name)) = (kind, text(members, "name")) {
                into.insert(name.to_owned());
            }
            for name in ["children", "then", "else", "cases"] {
                match members.get(name) {
                    Some(Value::Object(cases)) => cases.values().for_each(|case| inputs_of(case, into)),
                    Some(list) => inputs_of(list, into),
                    None => {}
                }
            }
        }
        _ => {}
    }
}
