use super::*;
use proptest::prelude::*;
use serde_json::json;

fn read(components: &Value) -> Result<Definition, Problem> {
    Definition::read(components, ParameterFormat::Positional)
}

fn body(text: &str) -> Result<Definition, Problem> {
    read(&json!([{"type": "BODY", "text": text}]))
}

#[test]
fn published_examples_are_read() {
    let text = include_str!("../../../fixtures/pywa/template_buttons.json");
    let examples: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    for (name, example) in examples {
        let outcome = read(&example["components"]);
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
    }
}

#[test]
fn gaps_are_found() {
    let pattern = Pattern::parse("Hi {{ who }}, {{x y}} {{");
    assert_eq!(pattern.gaps(), ["who"]);
    assert_eq!(pattern.fill(|_| Some("Ana".into())).unwrap(), "Hi Ana, {{x y}} {{");
    assert_eq!(Pattern::parse("{{10}} {{2}} {{2}}").gaps(), ["2", "10"]);
}

#[test]
fn each_rule_of_the_body_is_kept() {
    let subcode = |text: &str| body(text).unwrap_err().subcode.unwrap();
    assert!(body("Your order {{1}} leaves our shop today.").is_ok());
    assert_eq!(subcode("{{1}} is the first word of all this text"), subcodes::GAP_AT_THE_EDGE);
    assert_eq!(subcode("the last word of all this text is {{1}}"), subcodes::GAP_AT_THE_EDGE);
    assert_eq!(subcode("these words {{1}}{{2}} have no other words between"), subcodes::BODY);
    assert_eq!(subcode("the number {{2}} stands here but there is no one"), subcodes::BODY);
    assert_eq!(subcode("a name {{who}} where a number is expected"), subcodes::BODY);
    assert_eq!(subcode("One {{1}} - {{2}} -"), subcodes::TOO_FEW_WORDS);
    assert_eq!(subcode("  "), subcodes::BODY);
    assert!(body(&"a".repeat(BODY_CHARACTERS_MAX)).is_ok());
    assert_eq!(subcode(&"a".repeat(BODY_CHARACTERS_MAX + 1)), subcodes::TOO_LONG);
}

#[test]
fn names_need_the_named_format() {
    let components = json!([{"type": "body", "text": "Hi {{who}}, it is on its way."}]);
    assert!(read(&components).is_err());
    assert!(Definition::read(&components, ParameterFormat::Named).is_ok());
    let upper = json!([{"type": "BODY", "text": "Hi {{Who}}, it is on its way."}]);
    assert!(Definition::read(&upper, ParameterFormat::Named).is_err());
}

#[test]
fn each_rule_of_the_buttons_is_kept() {
    let with = |buttons: Value| {
        read(&json!([{"type": "BODY", "text": "Hello"}, {"type": "BUTTONS", "buttons": buttons}]))
    };
    let quick = json!({"type": "QUICK_REPLY", "text": "Stop"});
    let url = json!({"type": "url", "text": "Track", "url": "https://example.org/{{1}}"});
    assert!(with(json!([quick, quick, url, url])).is_ok());
    assert!(with(json!([quick, url, quick])).is_err(), "quick replies on both sides");
    assert!(with(json!([url, url, url])).is_err(), "three addresses");
    assert!(with(json!([])).is_err(), "none");
    assert!(with(json!(vec![quick.clone(); 11])).is_err(), "eleven");
    assert!(with(json!([{"type": "QUICK_REPLY", "text": "x".repeat(26)}])).is_err(), "a long label");
    assert!(
        with(json!([{"type": "URL", "text": "Go", "url": "javascript:alert(1)"}])).is_err(),
        "no address"
    );
    assert!(
        with(json!([{"type": "URL", "text": "Go", "url": "https://example.org/{{1}}/x"}])).is_err(),
        "in the middle"
    );
    let error = with(json!([{"type": "LEVER", "text": "Pull"}])).unwrap_err();
    assert_eq!(error.member, "components.buttons[0].type");
    assert!(with(json!([{"type": "FLOW", "text": "Book", "flow_id": "17"}])).is_ok());
    assert!(with(json!([{"type": "FLOW", "text": "Book"}])).is_err(), "no flow");
    let one_tap = json!([{"type": "OTP", "otp_type": "ONE_TAP"}]);
    assert!(with(one_tap).unwrap_err().member.ends_with("supported_apps"));
}

#[test]
fn a_card_has_no_form() {
    let with = |button: Value| {
        let card = json!({"components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::sample"]}},
            {"type": "BODY", "text": "A loaf"},
            {"type": "BUTTONS", "buttons": [button]}
        ]});
        read(&json!([{"type": "BODY", "text": "Hello"}, {"type": "CAROUSEL", "cards": [card, card]}]))
    };
    assert!(with(json!({"type": "QUICK_REPLY", "text": "More"})).is_ok());
    assert_eq!(
        with(json!({"type": "FLOW", "text": "Book", "flow_id": "17"})).unwrap_err().member,
        "components.carousel.cards[0].buttons[0].type"
    );
}

#[test]
fn what_is_no_component_is_refused_by_name() {
    for (component, member) in [
        (json!({"type": "HEADER", "format": "IMAGE"}), "components.header.example.header_handle"),
        (json!({"type": "HEADER", "format": "SONG"}), "components.header.format"),
        (json!({"type": "CAROUSEL"}), "components.carousel.cards"),
        (json!(17), "components.type"),
        (json!(null), "components.type"),
    ] {
        let error = read(&json!([component, {"type": "BODY", "text": "Hello"}])).unwrap_err();
        assert_eq!(error.member, member);
    }
    assert!(read(&json!([])).is_err(), "no body");
    assert!(read(&json!({})).is_err(), "not a list");
    assert!(
        read(&json!([{"type": "BODY", "text": "a"}, {"type": "BODY", "text": "b"}])).is_err(),
        "two bodies"
    );
}

#[test]
fn an_authentication_template_brings_its_own_words() {
    let definition = read(&json!([
        {"type": "BODY", "add_security_recommendation": true},
        {"type": "FOOTER", "code_expiration_minutes": 5},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
    ]))
    .unwrap();
    assert_eq!(
        definition.body_text(),
        "{{1}} is your verification code. For your security, do not share this code."
    );
    assert_eq!(definition.footer, "This code expires in 5 minutes.");
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_read(text in ".*") {
        let _ = body(&text);
        let pattern = Pattern::parse(&text);
        prop_assert_eq!(pattern.gaps().is_empty(), !pattern.0.iter().any(|piece| matches!(piece, Piece::Gap(_))));
    }
}
