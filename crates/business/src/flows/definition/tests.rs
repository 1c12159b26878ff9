use super::*;

/// Published examples (MIT, see the licence beside them).
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pywa/flows");

#[test]
fn published_examples_are_understood() {
    let mut count = 0;
    for folder in std::fs::read_dir(FIXTURES).unwrap() {
        let path = folder.unwrap().path().join("examples.json");
        let examples: Map<String, Value> =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (name, example) in examples {
            let read = Definition::read(&serde_json::to_string_pretty(&example).unwrap());
            // It is cut short: its last item leads to a screen that was left out.
            let known = usize::from(name == "navigation_list");
            let shown = serde_json::to_string_pretty(&read.errors).unwrap();
            assert_eq!(read.errors.len(), known, "{}: {name}: {shown}", path.display());
            assert_eq!(Some(read.json_version.unwrap()), example["version"].as_str().map(str::to_owned));
            assert_eq!(read.screens.len(), example["screens"].as_array().unwrap().len());
            count += 1;
        }
    }
    assert!(count >= 32, "{count}");
}

/// A form of two screens that is as it should be.
fn good() -> Value {
    json!({
        "version": "6.0",
        "screens": [
            {"id": "BOOK", "title": "Book", "data": {"seats": {"type": "array", "items": {"type": "object"}, "__example__": []}},
             "layout": {"type": "SingleColumnLayout", "children": [
                {"type": "Dropdown", "name": "seat", "label": "Seat", "data-source": "${data.seats}"},
                {"type": "Footer", "label": "Next", "on-click-action": {"name": "navigate",
                    "next": {"type": "screen", "name": "DONE"}, "payload": {"seat": "${form.seat}"}}}]}},
            {"id": "DONE", "title": "Done", "terminal": true, "data": {"seat": {"type": "string", "__example__": "A4"}},
             "layout": {"type": "SingleColumnLayout", "children": [
                {"type": "TextBody", "text": "Your seat is ${data.seat}, asked as ${screen.BOOK.form.seat}"},
                {"type": "Footer", "label": "Done", "on-click-action": {"name": "complete", "payload": {"seat": "${data.seat}"}}}]}},
        ],
    })
}

fn errors(value: &Value) -> Vec<Value> {
    Definition::read(&serde_json::to_string_pretty(value).unwrap()).errors
}

/// The one error of the good form after a change: its kind and its message.
fn after(change: impl FnOnce(&mut Value)) -> (String, String) {
    let mut value = good();
    change(&mut value);
    let errors = errors(&value);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
    (text("error"), text("message"))
}

#[test]
fn each_mistake_is_told_once() {
    assert_eq!(errors(&good()), Vec::<Value>::new());
    let first = "/screens/0/layout/children/0";
    let action = "/screens/0/layout/children/1/on-click-action";
    type Change = (&'static str, Box<dyn FnOnce(&mut Value)>, &'static str);
    let at = move |pointer: &str, name: &'static str, value: Value| -> Box<dyn FnOnce(&mut Value)> {
        let pointer = pointer.to_owned();
        Box::new(move |root: &mut Value| root.pointer_mut(&pointer).unwrap()[name] = value)
    };
    let without = |pointer: &str, name: &'static str| -> Box<dyn FnOnce(&mut Value)> {
        let pointer = pointer.to_owned();
        Box::new(move |root: &mut Value| {
            root.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        })
    };
    let mistakes: Vec<Change> = vec![
        ("INVALID_FLOW_JSON_VERSION", at("", "version", json!("9.9")), "9.9"),
        ("MISSING_PROPERTY", without("", "version"), "version"),
        ("MISSING_PROPERTY", without("", "screens"), "screens"),
        ("INVALID_PROPERTY_VALUE", at("", "screens", json!([])), "1 to 100"),
        ("INVALID_PROPERTY", at("", "screen", json!([])), "\"screen\" cannot be specified"),
        ("MISSING_PROPERTY", without("/screens/0/layout/children/1/on-click-action", "next"), "next"),
        ("MISSING_PROPERTY", without("/screens/1/data/seat", "__example__"), "__example__"),
        ("INVALID_PROPERTY", at(first, "initial-text", json!("x")), "\"initial-text\" cannot be specified"),
        ("MISSING_PROPERTY", without(first, "label"), "label"),
        ("INVALID_PROPERTY_VALUE", at(first, "label", json!("x".repeat(21))), "at most 20"),
        ("INVALID_PROPERTY_VALUE", at(first, "data-source", json!(7)), "a list"),
        ("MISSING_DYNAMIC_DATA", at(first, "data-source", json!("${data.sits}")), "sits"),
        ("INVALID_PROPERTY_VALUE", at("/screens/1/layout/children/0", "type", json!("Sofa")), "Sofa"),
        ("INVALID_REFERENCE", at("/screens/1/layout/children/0", "text", json!("${form.x}")), "\"x\""),
        ("INVALID_REFERENCE", at("/screens/1/layout/children/0", "text", json!("${screen.NO.data.x}")), "NO"),
        ("INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME", at(action, "next", json!({"name": "NO"})), "NO"),
        ("INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME", at(action, "next", json!({"name": "BOOK"})), "same"),
        ("INVALID_COMPLETE_ACTION", at(action, "name", json!("complete")), "not terminal"),
        ("INVALID_DATA_EXCHANGE_ACTION", at(action, "name", json!("data_exchange")), "data_api_version"),
        ("INVALID_PROPERTY_VALUE", at(action, "name", json!("jump")), "navigate"),
        ("MISSING_PROPERTY", at(action, "name", json!("open_url")), "url"),
        ("INVALID_ROUTING_MODEL", at("", "routing_model", json!({"NO": []})), "NO"),
        ("INVALID_ROUTING_MODEL", at("", "routing_model", json!({"BOOK": ["DONE", "NO"]})), "NO"),
        (
            "INVALID_ROUTING_MODEL",
            at("", "routing_model", json!({"BOOK": ["DONE"], "DONE": ["BOOK"]})),
            "back",
        ),
        ("MISSING_PROPERTY", at("", "data_api_version", json!("3.0")), "routing_model"),
    ];
    for (error, change, words) in mistakes {
        let (found, message) = after(change);
        assert!(found == error && message.contains(words), "{error} {words}: {found} {message}");
    }
}

#[test]
fn screens_end_footers_stand_and_names_differ() {
    let footer = |name: &str| json!({"type": "Footer", "label": "x", "on-click-action": {"name": name}});
    let kinds = |change: &dyn Fn(&mut Value)| {
        let mut value = good();
        change(&mut value);
        let errors = errors(&value);
        errors.iter().map(|error| error["error"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let none = kinds(&|value| value["screens"][1]["terminal"] = json!(false));
    assert!(none.contains(&"MISSING_TERMINAL_SCREEN".to_owned()), "{none:?}");
    let twice = kinds(&|value| value["screens"][1]["id"] = json!("BOOK"));
    assert!(twice.contains(&"DUPLICATE_SCREEN_ID".to_owned()), "{twice:?}");
    assert!(
        kinds(&|value| value["screens"][1]["id"] = json!("SUCCESS"))
            .contains(&"RESERVED_SCREEN_ID".to_owned())
    );
    assert!(
        kinds(&|value| value["screens"][1]["id"] = json!("D-1"))
            .contains(&"INVALID_PROPERTY_VALUE".to_owned())
    );
    let children = |value: &mut Value, more: Value| {
        value["screens"][1]["layout"]["children"].as_array_mut().unwrap().push(more);
    };
    assert_eq!(kinds(&|value| children(value, footer("complete"))), ["TOO_MANY_COMPONENTS"]);
    assert_eq!(
        kinds(&|value| {
            value["screens"][1]["layout"]["children"].as_array_mut().unwrap().pop();
        }),
        ["MISSING_FOOTER"]
    );
    let branch = |value: &mut Value, other: Value| {
        let list = value["screens"][1]["layout"]["children"].as_array_mut().unwrap();
        list.pop();
        list.push(
            json!({"type": "If", "condition": "${data.seat}", "then": [footer("complete")], "else": other}),
        );
    };
    assert_eq!(kinds(&|value| branch(value, json!([]))), ["MISSING_FOOTER"]);
    assert_eq!(kinds(&|value| branch(value, json!([footer("complete")]))), Vec::<String>::new());
    let input = json!({"type": "TextInput", "name": "seat", "label": "Seat"});
    let same = kinds(&|value| {
        value["screens"][0]["layout"]["children"].as_array_mut().unwrap().push(input.clone());
    });
    assert_eq!(same, ["DUPLICATE_COMPONENT_NAME"]);
    let old = kinds(&|value| {
        value["version"] = json!("3.1");
        children(value, json!({"type": "RichText", "text": "x"}));
    });
    assert_eq!(old, ["INVALID_COMPONENT"]);
}

#[test]
fn errors_say_where() {
    let text = "{\n  \"version\": \"6.0\",\n  \"screens\": [\n    {\"id\": \"A\", \"terminal\": true, \"layout\": {\"type\": \"SingleColumnLayout\", \"children\": [\n      {\"type\": \"TextBody\", \"text\": \"é\", \"initial-text\": 1},\n      {\"type\": \"Footer\", \"label\": \"x\", \"on-click-action\": {\"name\": \"complete\"}}\n    ]}}\n  ]\n}";
    let read = Definition::read(text);
    let expected = json!([{
        "error": "INVALID_PROPERTY",
        "error_type": "JSON_SCHEMA_ERROR",
        "message": "The property \"initial-text\" cannot be specified at \"$root/screens/0/layout/children/0\".",
        "line_start": 5, "line_end": 5, "column_start": 41, "column_end": 54,
        "pointers": [{"line_start": 5, "line_end": 5, "column_start": 41, "column_end": 54,
            "path": "screens[0].layout.children[0].initial-text"}],
    }]);
    assert_eq!(json!(read.errors), expected);
    let broken = Definition::read("{\n  \"version\": \"6.0\",\n}");
    let error = &broken.errors[0];
    assert_eq!(
        (&error["error"], &error["line_start"], &error["column_start"]),
        (&json!("INVALID_JSON"), &json!(3), &json!(1))
    );
    for odd in ["", "[]", "7", "{\"screens\": {}}", "{\"version\": 6.0, \"screens\": [1, []]}"] {
        assert!(!Definition::read(odd).errors.is_empty(), "{odd}");
    }
    let many = json!({"version": "6.0", "screens": vec![json!({"a": 1}); 100]});
    assert_eq!(errors(&many).len(), ERRORS_MAX);
}
