//! # The flow JSON
//!
//! A form is a JSON document: screens with components, what data they take, and which screen leads to which. It is
//! checked when it is uploaded, and kept whatever comes of it; only one without errors can be published. An error says
//! what is wrong, in which words of the Cloud API (`error`, `error_type`), and where: lines and columns of the text as
//! it was uploaded.
//!
//! What is checked: the version, the screens and their ids, the routes between them, the members of each component and
//! their lengths ([`components`]), that each `${data.x}`, `${form.x}` and `${screen.s.…}` refers to something that is
//! declared, and that each action leads somewhere. How a form looks is for the client.

mod components;
mod links;
mod position;

use components::{Component, Version};
use position::{Place, Region};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Versions of the document that are understood.
const VERSIONS: &[(&str, Version)] = &[
    ("2.1", (2, 1)),
    ("3.0", (3, 0)),
    ("3.1", (3, 1)),
    ("4.0", (4, 0)),
    ("5.0", (5, 0)),
    ("5.1", (5, 1)),
    ("6.0", (6, 0)),
    ("6.1", (6, 1)),
    ("6.2", (6, 2)),
    ("6.3", (6, 3)),
    ("7.0", (7, 0)),
    ("7.1", (7, 1)),
    ("7.2", (7, 2)),
    ("7.3", (7, 3)),
];
/// Versions of what an endpoint is asked with.
const DATA_API_VERSIONS: &[&str] = &["3.0", "4.0"];
/// Errors that are told; who has more mends these first.
const ERRORS_MAX: usize = 50;
/// Screens of a form.
const SCREENS_MAX: usize = 100;
/// Components of a screen.
const COMPONENTS_MAX: usize = 50;
/// Screens that one screen leads to.
const ROUTES_MAX: usize = 10;
/// Conditions inside conditions.
const NESTING_MAX: usize = 3;
/// The screen that ends a form; none may be called so.
pub const SUCCESS: &str = "SUCCESS";

const SCHEMA: &str = "JSON_SCHEMA_ERROR";
const FLOW: &str = "FLOW_JSON_ERROR";

/// What a flow JSON says, as far as it can be read, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The version, if it is one that is understood.
    pub json_version: Option<String>,
    /// The version of what its endpoint is asked with; absent: it has no endpoint.
    pub data_api_version: Option<String>,
    /// The ids of its screens, the first screen first.
    pub screens: Vec<String>,
    /// What is wrong, in the form of the Cloud API.
    pub errors: Vec<Value>,
}

impl Definition {
    /// Reads and checks a text.
    pub fn read(text: &str) -> Self {
        let mut checker = Checker::new(text);
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(root)) => checker.check(&root),
            Ok(_) => {
                let message = "Flow JSON is a JSON object.";
                checker.error(SCHEMA, "INVALID_PROPERTY_TYPE", &Place::default(), false, message);
            }
            Err(error) => {
                let region = Region::at(error.line(), error.column());
                checker.push(
                    "INVALID_JSON",
                    "JSON_PARSE_ERROR",
                    region,
                    "",
                    &format!("The text is not JSON: {error}."),
                );
            }
        }
        let Checker { json_version, data_api_version, order, errors, .. } = checker;
        Self { json_version, data_api_version, screens: order, errors }
    }
}

/// What other screens may know of a screen.
#[derive(Debug, Default)]
struct Screen {
    is_terminal: bool,
    data: BTreeSet<String>,
    inputs: BTreeSet<String>,
}

struct Checker<'a> {
    text: &'a str,
    version: Version,
    json_version: Option<String>,
    data_api_version: Option<String>,
    /// The ids of screens, as they come.
    order: Vec<String>,
    screens: BTreeMap<String, Screen>,
    routes: BTreeMap<String, Vec<String>>,
    errors: Vec<Value>,
}

/// How many footers one sees: at least, and at most.
type Footers = (usize, usize);

/// The screen that is looked at, and what was counted on it.
struct Looking<'s> {
    id: &'s str,
    counts: BTreeMap<&'static str, usize>,
    names: BTreeSet<String>,
    components: usize,
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

/// Whether what stands there is known only when the form is open.
fn is_dynamic(text: &str) -> bool {
    text.contains("${") || text.starts_with('`')
}

impl<'a> Checker<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            version: (7, 3),
            json_version: None,
            data_api_version: None,
            order: Vec::new(),
            screens: BTreeMap::new(),
            routes: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    fn push(&mut self, error: &str, error_type: &str, region: Region, path: &str, message: &str) {
        if self.errors.len() >= ERRORS_MAX {
            return;
        }
        let pointer = region.insert_into(json!({ "path": path }));
        let error =
            json!({"error": error, "error_type": error_type, "message": message, "pointers": [pointer]});
        self.errors.push(region.insert_into(error));
    }

    fn error(&mut self, error_type: &str, error: &str, place: &Place, of_name: bool, message: &str) {
        if self.errors.len() < ERRORS_MAX {
            let region = place.region(self.text, of_name);
            self.push(error, error_type, region, &place.path(), message);
        }
    }

    fn unknown(&mut self, at: &Place, name: &str) {
        let message = format!("The property \"{name}\" cannot be specified at \"{}\".", at.pointer());
        self.error(SCHEMA, "INVALID_PROPERTY", &at.member(name), true, &message);
    }

    fn missing(&mut self, at: &Place, name: &str) {
        let message = format!("The property \"{name}\" is required at \"{}\".", at.pointer());
        self.error(SCHEMA, "MISSING_PROPERTY", at, false, &message);
    }

    fn invalid(&mut self, at: &Place, expected: &str) {
        let message = format!("The value at \"{}\" cannot be used: {expected}.", at.pointer());
        self.error(SCHEMA, "INVALID_PROPERTY_VALUE", at, false, &message);
    }

    fn only(&mut self, object: &Map<String, Value>, at: &Place, known: &[&[&str]]) {
        for name in object.keys().filter(|name| !known.iter().any(|known| known.contains(&name.as_str()))) {
            self.unknown(at, name);
        }
    }

    fn object<'v>(&mut self, value: &'v Value, at: &Place) -> Option<&'v Map<String, Value>> {
        if !value.is_object() {
            self.invalid(at, "a JSON object is expected");
        }
        value.as_object()
    }

    fn list<'v>(&mut self, object: &'v Map<String, Value>, at: &Place, name: &str) -> Option<&'v Vec<Value>> {
        let Some(value) = object.get(name) else {
            self.missing(at, name);
            return None;
        };
        if !value.is_array() {
            self.invalid(&at.member(name), "a list is expected");
        }
        value.as_array()
    }

    fn check(&mut self, root: &Map<String, Value>) {
        let at = Place::default();
        self.only(
            root,
            &at,
            &[&["version", "name", "data_api_version", "data_channel_uri", "routing_model", "screens"]],
        );
        self.versions(root, &at);
        let Some(screens) = self.list(root, &at, "screens") else { return };
        let screens_at = at.member("screens");
        if screens.is_empty() || screens.len() > SCREENS_MAX {
            self.invalid(&screens_at, &format!("1 to {SCREENS_MAX} screens are expected"));
            return;
        }
        for (index, screen) in screens.iter().enumerate() {
            self.declare(screen, &screens_at.item(index));
        }
        self.routing_model(root, &at);
        if !self.screens.is_empty() && !self.screens.values().any(|screen| screen.is_terminal) {
            let message = "No screen is terminal: at least one ends the form, with \"terminal\": true.";
            self.error(FLOW, "MISSING_TERMINAL_SCREEN", &screens_at, false, message);
        }
        for (index, screen) in screens.iter().enumerate() {
            if let Some(screen) = screen.as_object() {
                self.screen(screen, &screens_at.item(index));
            }
        }
    }

    fn versions(&mut self, root: &Map<String, Value>, at: &Place) {
        match text(root, "version") {
            None => self.missing(at, "version"),
            Some(given) => match VERSIONS.iter().find(|(name, _)| *name == given) {
                Some((name, version)) => {
                    self.version = *version;
                    self.json_version = Some((*name).to_owned());
                }
                None => {
                    let known: Vec<&str> = VERSIONS.iter().map(|(name, _)| *name).collect();
                    let message =
                        format!("The version \"{given}\" is not known: use one of {}.", known.join(", "));
                    self.error(FLOW, "INVALID_FLOW_JSON_VERSION", &at.member("version"), false, &message);
                }
            },
        }
        if let Some(given) = root.get("data_api_version") {
            match given.as_str().filter(|given| DATA_API_VERSIONS.contains(given)) {
                Some(given) => self.data_api_version = Some(given.to_owned()),
                None => self.invalid(
                    &at.member("data_api_version"),
                    &format!("one of {} is expected, as a text", DATA_API_VERSIONS.join(", ")),
                ),
            }
        }
        if self.version >= (3, 0) && root.contains_key("data_channel_uri") {
            let message = "The property \"data_channel_uri\" cannot be specified since version 3.0: set endpoint_uri of the flow.";
            self.error(SCHEMA, "INVALID_PROPERTY", &at.member("data_channel_uri"), true, message);
        }
    }

    /// Takes down what other screens may refer to.
    fn declare(&mut self, screen: &Value, at: &Place) {
        let Some(screen) = self.object(screen, at) else { return };
        let Some(id) = text(screen, "id") else { return self.missing(at, "id") };
        let is_word =
            !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if !is_word {
            self.invalid(&at.member("id"), "letters and _ are expected");
        }
        if id == SUCCESS {
            let message = "\"SUCCESS\" ends a form: no screen may be called so.";
            self.error(FLOW, "RESERVED_SCREEN_ID", &at.member("id"), false, message);
        }
        if self.screens.contains_key(id) {
            let message = format!("Another screen has the id \"{id}\" too.");
            self.error(FLOW, "DUPLICATE_SCREEN_ID", &at.member("id"), false, &message);
            return;
        }
        let data = screen.get("data").and_then(Value::as_object);
        let data = data.map(|data| data.keys().cloned().collect()).unwrap_or_default();
        let mut inputs = BTreeSet::new();
        if let Some(layout) = screen.get("layout") {
            links::inputs_of(layout, &mut inputs);
        }
        let is_terminal = screen.get("terminal").and_then(Value::as_bool).unwrap_or(false);
        self.order.push(id.to_owned());
        self.screens.insert(id.to_owned(), Screen { is_terminal, data, inputs });
    }

    fn routing_model(&mut self, root: &Map<String, Value>, at: &Place) {
        let Some(model) = root.get("routing_model") else {
            if self.data_api_version.is_some() {
                self.missing(at, "routing_model");
            }
            return;
        };
        let at = at.member("routing_model");
        let Some(model) = self.object(model, &at) else { return };
        for (from, targets) in model {
            let at = at.member(from);
            if !self.screens.contains_key(from) {
                let message = format!("The routing model names the screen \"{from}\", which does not exist.");
                self.error(FLOW, "INVALID_ROUTING_MODEL", &at, true, &message);
            }
            let Some(targets) = targets.as_array() else {
                self.invalid(&at, "a list of screens is expected");
                continue;
            };
            if targets.len() > ROUTES_MAX {
                self.invalid(&at, &format!("at most {ROUTES_MAX} screens are expected"));
            }
            let mut known = Vec::new();
            for (index, target) in targets.iter().enumerate() {
                let at = at.item(index);
                let Some(target) = target.as_str() else {
                    self.invalid(&at, "the id of a screen is expected");
                    continue;
                };
                let wrong = if target == from {
                    Some("leads to itself".to_owned())
                } else if !self.screens.contains_key(target) {
                    Some(format!("leads to \"{target}\", which does not exist"))
                } else {
                    None
                };
                match wrong {
                    Some(wrong) => {
                        let message = format!("In the routing model the screen \"{from}\" {wrong}.");
                        self.error(FLOW, "INVALID_ROUTING_MODEL", &at, false, &message);
                    }
                    None => known.push(target.to_owned()),
                }
            }
            self.routes.insert(from.clone(), known);
        }
        self.cycles(&at);
    }

    /// A route does not lead back: one goes back with the button of that name.
    fn cycles(&mut self, at: &Place) {
        let mut wrong = Vec::new();
        for (from, targets) in &self.routes {
            for (index, target) in targets.iter().enumerate() {
                if self.leads(target, from) {
                    wrong.push((from.clone(), index, target.clone()));
                }
            }
        }
        // A circle is told once, where it closes: at the route whose target stands first among the screens.
        let rank = |id: &String| self.order.iter().position(|known| known == id);
        wrong.retain(|(from, _, target)| rank(target) <= rank(from));
        for (from, index, target) in wrong {
            let message = format!(
                "In the routing model \"{from}\" leads back to \"{target}\": routes go forward only."
            );
            self.error(FLOW, "INVALID_ROUTING_MODEL", &at.member(&from).item(index), false, &message);
        }
    }

    /// Whether routes lead from one screen to another.
    fn leads(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(id) = waiting.pop() {
            if id == to {
                return true;
            }
            if seen.insert(id) {
                waiting.extend(self.routes.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }

    fn screen(&mut self, screen: &Map<String, Value>, at: &Place) {
        let known = ["id", "title", "data", "terminal", "success", "refresh_on_back", "sensitive", "layout"];
        self.only(screen, at, &[&known]);
        for name in ["terminal", "success", "refresh_on_back"] {
            if screen.get(name).is_some_and(|value| !value.is_boolean()) {
                self.invalid(&at.member(name), "true or false is expected");
            }
        }
        if let Some(data) = screen.get("data") {
            self.data(data, &at.member("data"));
        }
        let Some(id) = text(screen, "id") else { return };
        let Some(layout) = screen.get("layout") else { return self.missing(at, "layout") };
        let layout_at = at.member("layout");
        let Some(layout) = self.object(layout, &layout_at) else { return };
        self.only(layout, &layout_at, &[&["type", "children"]]);
        if text(layout, "type") != Some("SingleColumnLayout") {
            self.invalid(&layout_at.member("type"), "\"SingleColumnLayout\" is expected");
        }
        let Some(children) = self.list(layout, &layout_at, "children") else { return };
        let mut looking = Looking { id, counts: BTreeMap::new(), names: BTreeSet::new(), components: 0 };
        let footers = self.children(children, &layout_at.member("children"), &mut looking, 0);
        self.footers(footers, id, &layout_at);
        if looking.components > COMPONENTS_MAX {
            self.invalid(
                &layout_at.member("children"),
                &format!("at most {COMPONENTS_MAX} components are allowed"),
            );
        }
        for (name, count) in &looking.counts {
            let most = components::find(name).map_or(usize::MAX, |component| component.most);
            if *count > most {
                let message = format!(
                    "The screen \"{id}\" has {count} components of type {name}: at most {most} are allowed."
                );
                self.error(FLOW, "TOO_MANY_COMPONENTS", &layout_at, false, &message);
            }
        }
    }

    fn footers(&mut self, (least, most): Footers, id: &str, at: &Place) {
        let is_terminal = self.screens.get(id).is_some_and(|screen| screen.is_terminal);
        let message = if most > 1 {
            format!("The screen \"{id}\" has {most} Footers: one is allowed.")
        } else if least != most {
            format!(
                "The screen \"{id}\" has a Footer in one branch of a condition only: each branch needs one."
            )
        } else if is_terminal && least == 0 {
            format!("The terminal screen \"{id}\" has no Footer to end the form with.")
        } else {
            return;
        };
        let error = if most > 1 { "TOO_MANY_COMPONENTS" } else { "MISSING_FOOTER" };
        self.error(FLOW, error, at, false, &message);
    }

    fn data(&mut self, data: &Value, at: &Place) {
        let Some(data) = self.object(data, at) else { return };
        for (name, schema) in data {
            let at = at.member(name);
            let Some(schema) = self.object(schema, &at) else { continue };
            match text(schema, "type") {
                None => self.missing(&at, "type"),
                Some("string" | "number" | "boolean" | "array" | "object" | "integer") => {}
                Some(_) => {
                    self.invalid(&at.member("type"), "string, number, boolean, object or array is expected");
                }
            }
            if !schema.contains_key("__example__") {
                self.missing(&at, "__example__");
            }
        }
    }

    fn children(
        &mut self,
        children: &[Value],
        at: &Place,
        looking: &mut Looking<'_>,
        depth: usize,
    ) -> Footers {
        let mut footers = (0, 0);
        for (index, child) in children.iter().enumerate() {
            let at = at.item(index);
            let Some(child) = self.object(child, &at) else { continue };
            let (least, most) = self.component(child, &at, looking, depth);
            footers = (footers.0 + least, footers.1 + most);
        }
        footers
    }

    fn component(
        &mut self,
        object: &Map<String, Value>,
        at: &Place,
        looking: &mut Looking<'_>,
        depth: usize,
    ) -> Footers {
        let Some(kind) = text(object, "type") else {
            self.missing(at, "type");
            return (0, 0);
        };
        let Some(component) = components::find(kind) else {
            self.invalid(&at.member("type"), &format!("there is no component \"{kind}\""));
            return (0, 0);
        };
        if self.version < component.since {
            let (major, minor) = component.since;
            let message = format!("The component {kind} exists since version {major}.{minor}.");
            self.error(SCHEMA, "INVALID_COMPONENT", &at.member("type"), false, &message);
        }
        looking.components += 1;
        *looking.counts.entry(component.name).or_default() += 1;
        self.members(component, object, at);
        if depth == 0
            && (component.is_input || kind == "NavigationList")
            && let Some(name) = text(object, "name")
            && !looking.names.insert(name.to_owned())
        {
            let message =
                format!("Another component of the screen \"{}\" has the name \"{name}\" too.", looking.id);
            self.error(FLOW, "DUPLICATE_COMPONENT_NAME", &at.member("name"), false, &message);
        }
        for (name, value) in object {
            match name.as_str() {
                // A pattern is a regular expression; children are looked at as components.
                "pattern" | "children" | "then" | "else" | "cases" | "type" => {}
                _ => self.references(value, &at.member(name), looking.id),
            }
        }
        self.actions(object, at, looking.id);
        match kind {
            "Footer" => {
                let has = |name: &str| object.contains_key(name);
                if has("center-caption") && (has("left-caption") || has("right-caption")) {
                    self.invalid(
                        &at.member("center-caption"),
                        "it cannot stand beside a left or right caption",
                    );
                }
                (1, 1)
            }
            "Form" => match self.list(object, at, "children") {
                Some(children) => self.children(children, &at.member("children"), looking, depth),
                None => (0, 0),
            },
            "If" | "Switch" => self.branches(kind, object, at, looking, depth),
            _ => (0, 0),
        }
    }

    fn branches(
        &mut self,
        kind: &str,
        object: &Map<String, Value>,
        at: &Place,
        looking: &mut Looking<'_>,
        depth: usize,
    ) -> Footers {
        let depth = depth.saturating_add(1);
        if depth > NESTING_MAX {
            self.invalid(at, &format!("conditions nest {NESTING_MAX} deep at most"));
            return (0, 0);
        }
        let mut branches = Vec::new();
        if kind == "If" {
            branches.extend(object.get("then").map(|then| (then, at.member("then"))));
            branches.extend(object.get("else").map(|other| (other, at.member("else"))));
        } else if let Some(cases) = object.get("cases").and_then(Value::as_object) {
            if cases.is_empty() {
                self.invalid(&at.member("cases"), "at least one case is expected");
            }
            branches.extend(cases.iter().map(|(name, case)| (case, at.member("cases").member(name))));
        }
        let has_other = kind == "Switch" || object.contains_key("else");
        let mut footers: Option<Footers> = None;
        for (branch, at) in branches {
            let Some(children) = branch.as_array() else {
                self.invalid(&at, "a list of components is expected");
                continue;
            };
            let (least, most) = self.children(children, &at, looking, depth);
            footers = Some(footers.map_or((least, most), |seen| (seen.0.min(least), seen.1.max(most))));
        }
        let (least, most) = footers.unwrap_or_default();
        (if has_other { least } else { 0 }, most)
    }

    /// Required and unknown members, lengths, and the items of lists.
    fn members(&mut self, component: &Component, object: &Map<String, Value>, at: &Place) {
        for name in component.required.iter().filter(|name| !object.contains_key(**name)) {
            self.missing(at, name);
        }
        self.only(object, at, &[&["type"], component.required, component.optional]);
        for (name, longest) in component.longest {
            let value = text(object, name).filter(|value| !is_dynamic(value));
            let length = value.map_or(0, |value| value.chars().count());
            if length > *longest {
                let expected = format!("at most {longest} characters are allowed, and it has {length}");
                self.invalid(&at.member(name), &expected);
            }
        }
        if component.is_input
            && object.get("name").is_some_and(|name| name.as_str().is_none_or(str::is_empty))
        {
            self.invalid(&at.member("name"), "a text is expected");
        }
        if let Some((name, least, most)) = component.items
            && let Some(items) = object.get(name)
        {
            self.items(items, &at.member(name), (least, most));
        }
    }

    fn items(&mut self, items: &Value, at: &Place, (least, most): (usize, usize)) {
        match items {
            Value::Array(items) => {
                if !(least..=most).contains(&items.len()) {
                    self.invalid(at, &format!("{least} to {most} items are expected"));
                }
                let mut seen = BTreeSet::new();
                for (index, item) in items.iter().enumerate() {
                    let id = item.get("id").and_then(Value::as_str).filter(|id| !is_dynamic(id));
                    if id.is_some_and(|id| !seen.insert(id)) {
                        self.invalid(&at.item(index).member("id"), "another item has the same id");
                    }
                }
            }
            Value::String(text) if is_dynamic(text) => {}
            _ => self.invalid(at, "a list, or a reference to one, is expected"),
        }
    }
}

#[cfg(test)]
mod tests;
