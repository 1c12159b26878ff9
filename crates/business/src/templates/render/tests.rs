use super::super::definition::ParameterFormat;
use super::*;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

fn definition(format: ParameterFormat) -> Definition {
    let (header, body) = match format {
        ParameterFormat::Positional => ("Parcel {{1}}", "Hi {{1}}, parcel {{2}} is on its way to you."),
        ParameterFormat::Named => ("Parcel {{ref}}", "Hi {{who}}, parcel {{ref}} is on its way to you."),
    };
    let components = json!([
        {"type": "HEADER", "format": "TEXT", "text": header},
        {"type": "BODY", "text": body},
        {"type": "FOOTER", "text": "Acme"},
        {"type": "BUTTONS", "buttons": [
            {"type": "URL", "text": "Track", "url": "https://example.org/t/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Stop"}]}
    ]);
    Definition::read(&components, format).unwrap()
}

fn send(components: Value) -> SendTemplate {
    let template = json!({"name": "parcel", "language": {"code": "en_US"}, "components": components});
    SendTemplate::read(&Node::new(&template, "template")).unwrap()
}

fn text(value: &str) -> Value {
    json!({"type": "text", "text": value})
}

fn good() -> Value {
    json!([
        {"type": "HEADER", "parameters": [text("A17")]},
        {"type": "body", "parameters": [text("Ana"), {"type": "currency", "currency": {"fallback_value": "A17"}}]},
        {"type": "button", "sub_type": "URL", "index": "0", "parameters": [text("A17")]},
        {"type": "button", "sub_type": "quick_reply", "index": 1, "parameters": [{"type": "payload", "payload": "STOP"}]}
    ])
}

#[test]
fn positions_are_filled() {
    let filled = render(&definition(ParameterFormat::Positional), "parcel", "en_US", &send(good())).unwrap();
    let filled = filled.template;
    assert_eq!(filled.header, "Parcel A17");
    assert_eq!(filled.body, "Hi Ana, parcel A17 is on its way to you.");
    assert_eq!(filled.footer, "Acme");
    let buttons: Vec<_> =
        filled.buttons.iter().map(|b| (b.kind.as_str(), b.text.as_str(), b.value.as_str())).collect();
    assert_eq!(buttons, [("URL", "Track", "https://example.org/t/A17"), ("QUICK_REPLY", "Stop", "STOP")]);
}

#[test]
fn names_are_filled_in_any_order() {
    let mut components = good();
    components[0]["parameters"] = json!([{"type": "text", "parameter_name": "ref", "text": "A17"}]);
    components[1]["parameters"] = json!([
        {"type": "text", "parameter_name": "ref", "text": "A17"},
        {"type": "text", "parameter_name": "who", "text": "Ana"}
    ]);
    let named = definition(ParameterFormat::Named);
    let filled = render(&named, "parcel", "en_US", &send(components.clone())).unwrap();
    assert_eq!(filled.template.body, "Hi Ana, parcel A17 is on its way to you.");
    components[1]["parameters"][0]["parameter_name"] = json!("reference");
    let error = render(&named, "parcel", "en_US", &send(components)).unwrap_err();
    assert!(matches!(error, RenderError::Format { .. }), "{error}");
    assert!(error.to_string().contains("who, ref"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let definition = definition(ParameterFormat::Positional);
    let error = |change: fn(&mut Value)| {
        let mut components = good();
        change(&mut components);
        render(&definition, "parcel", "en_US", &send(components)).unwrap_err()
    };
    let few = error(|components| components[1]["parameters"] = json!([{"type": "text", "text": "Ana"}]));
    assert_eq!(few, RenderError::Count { component: "body".into(), expected: 2, found: 1 });
    let none = error(|components| components[2]["parameters"] = json!([]));
    assert_eq!(none, RenderError::Count { component: "buttons[0]".into(), expected: 1, found: 0 });
    let kind =
        error(|components| components[0]["parameters"] = json!([{"type": "image", "image": {"id": "1"}}]));
    assert!(matches!(kind, RenderError::Format { .. }), "{kind}");
    let empty = error(|components| components[0]["parameters"] = json!([{"type": "text", "text": " "}]));
    assert!(matches!(empty, RenderError::Format { .. }), "{empty}");
    let button = error(|components| components[3]["index"] = json!(2));
    assert!(matches!(button, RenderError::Count { .. }), "{button}");
    let long = error(|components| components[0]["parameters"][0]["text"] = json!("x".repeat(60)));
    assert!(matches!(long, RenderError::TooLong { found: 67, max: 60, .. }), "{long}");
}

#[test]
fn requests_name_the_member_at_fault() {
    let read =
        |value: Value| SendTemplate::read(&Node::new(&value, "template")).map_err(|refusal| refusal.member);
    assert_eq!(read(json!({})).unwrap_err(), "template.name");
    assert_eq!(read(json!({"name": "a"})).unwrap_err(), "template.language");
    let parts = read(json!({"name": "a", "language": {"code": "en"}, "components": 1}));
    assert_eq!(parts.unwrap_err(), "template.components");
    let odd = json!({"name": "a", "language": "en", "components": [{"type": "chorus"}]});
    assert_eq!(read(odd).unwrap_err(), "template.components[0].type");
    let image = json!({"name": "a", "language": "en",
        "components": [{"type": "header", "parameters": [{"type": "image", "image": {}}]}]});
    assert_eq!(read(image).unwrap_err(), "template.components[0].parameters[0].image.id");
    assert!(read(json!({"name": "a", "language": {"code": "en"}, "components": null})).is_ok());
}

#[test]
fn a_carousel_has_a_picture_and_buttons_on_each_card() {
    let card = json!({"components": [
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::an"]}},
        {"type": "BODY", "text": "A loaf of {{1}} with a crust."},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Keep one"}]}]});
    let components = json!([
        {"type": "BODY", "text": "Fresh today, {{1}}, from our oven."},
        {"type": "CAROUSEL", "cards": [card, card]}]);
    let definition = Definition::read(&components, ParameterFormat::Positional).unwrap();
    let filled = |index: usize| {
        json!({"card_index": index, "components": [
        {"type": "header", "parameters": [{"type": "image", "image": {"id": "17"}}]},
        {"type": "body", "parameters": [text("rye")]},
        {"type": "button", "sub_type": "quick_reply", "index": 0, "parameters": [{"type": "payload", "payload": "K"}]}]})
    };
    let request = |cards: Value| {
        send(json!([
        {"type": "body", "parameters": [text("Ana")]}, {"type": "carousel", "cards": cards}]))
    };
    let both = request(json!([filled(0), filled(1)]));
    assert_eq!(both.uses.len(), 2);
    let rendered = render(&definition, "fresh", "en", &both).unwrap().template;
    assert_eq!(rendered.cards[1].body, "A loaf of rye with a crust.");
    assert_eq!(rendered.cards[0].buttons[0].value, "K");
    let one = render(&definition, "fresh", "en", &request(json!([filled(0)]))).unwrap_err();
    assert_eq!(one, RenderError::Count { component: "carousel".into(), expected: 2, found: 1 });
}

#[test]
fn a_picture_above_a_template_is_a_picture() {
    let components = json!([
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::an"]}},
        {"type": "BODY", "text": "Fresh today from our oven."}]);
    let definition = Definition::read(&components, ParameterFormat::Positional).unwrap();
    let with = |parameter: Value| {
        let request = send(json!([{"type": "header", "parameters": [parameter]}]));
        render(&definition, "fresh", "en", &request)
    };
    let image = with(json!({"type": "image", "image": {"link": "https://example.org/loaf.png"}})).unwrap();
    assert!(image.template.rich_header.is_some());
    for other in [json!({"type": "video", "video": {"id": "17"}}), text("loaf")] {
        assert!(matches!(with(other), Err(RenderError::Format { .. })));
    }
    assert!(matches!(render(&definition, "fresh", "en", &send(json!([]))), Err(RenderError::Count { .. })));
}

#[test]
fn languages_are_read_in_any_spelling() {
    for (text, language) in
        [("en", "en"), ("EN-us", "en_US"), ("pt_br", "pt_BR"), ("fil", "fil"), ("es_419", "es_419")]
    {
        assert_eq!(canonical_language(text).as_deref(), Some(language), "{text}");
    }
    for text in ["", "e", "english", "en_", "en_U", "en_US_x", "é_FR", "e\u{301}_FR"] {
        assert_eq!(canonical_language(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_value_is_too_odd_to_fill_in(value in ".*", other in ".*") {
        let mut components = good();
        components[1]["parameters"][0]["text"] = json!(value);
        components[2]["parameters"][0]["text"] = json!(other);
        let template = json!({"name": "parcel", "language": {"code": "en_US"}, "components": components});
        if let Ok(send) = SendTemplate::read(&Node::new(&template, "template")) {
            let _ = render(&definition(ParameterFormat::Positional), "parcel", "en_US", &send);
        }
    }
}
