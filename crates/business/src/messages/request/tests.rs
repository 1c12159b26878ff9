use super::*;
use plaza_protocol::content::Text;
use proptest::prelude::*;
use serde_json::json;

fn send(parameters: Value) -> Result<SendMessage, SendError> {
    SendMessage::read(&parameters, None)
}

fn hello(change: impl FnOnce(&mut Value)) -> Result<Request, SendError> {
    let mut parameters =
        json!({"messaging_product": "whatsapp", "to": "+49 151 12345678", "text": {"body": "Hi"}});
    change(&mut parameters);
    Request::read(&parameters, None)
}

#[test]
fn what_clients_write_is_read() {
    let id = wamid::format(BusinessMessageId::from_slice(&[7; 16]).unwrap());
    let sent = send(json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": 4_915_112_345_678_i64, "type": "TEXT",
        "text": {"preview_url": "True", "body": "Hi", "unknown": 1}, "context": {"message_id": id}, "extra": []
    }))
    .unwrap();
    assert_eq!(sent.recipient, Recipient::Number("+4915112345678".parse().unwrap()));
    let text = Body::Text(Text { body: "Hi".into(), preview_url: true });
    assert_eq!(sent.kind, Kind::Free(Box::new(Draft::of(text))));
    assert!(sent.reply_to.is_some());
    let null = hello(|value| value["context"] = Value::Null);
    assert!(null.is_ok(), "null is absent");
    let form = hello(|value| value["text"] = json!("{\"body\":\"Hi\"}"));
    assert!(form.is_ok(), "a form writes objects as text");
    let user = hello(|value| {
        value["to"] = Value::Null;
        value["recipient"] = json!("DE.482100000000000001");
    });
    let Ok(Request::Send(user)) = user else { panic!("{user:?}") };
    assert_eq!(user.recipient, Recipient::UserId("DE.482100000000000001".into()));
    let read = Request::read(
        &json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}}),
        None,
    );
    assert!(matches!(read, Ok(Request::Read(ReadMark { is_typing: true, .. }))), "{read:?}");
}

#[test]
fn errors_name_the_member() {
    let named = |outcome: Result<Request, SendError>| match outcome.unwrap_err() {
        SendError::Missing { member } | SendError::Invalid { member, .. } => member,
        SendError::Unsupported { kind } => format!("type {kind}"),
        other => panic!("{other}"),
    };
    assert_eq!(
        named(hello(|value| drop(value.as_object_mut().unwrap().remove("messaging_product")))),
        "messaging_product"
    );
    assert_eq!(named(hello(|value| value["to"] = json!(""))), "to");
    assert_eq!(named(hello(|value| value["to"] = json!("Ana"))), "to");
    assert_eq!(named(hello(|value| value["text"] = json!([]))), "text");
    assert_eq!(named(hello(|value| value["text"] = json!({"body": " "}))), "text.body");
    assert_eq!(named(hello(|value| value["text"]["body"] = json!("x".repeat(4097)))), "text.body");
    assert!(hello(|value| value["text"]["body"] = json!("é".repeat(4096))).is_ok(), "at the limit");
    assert_eq!(named(hello(|value| value["type"] = json!("image"))), "image");
    assert_eq!(named(hello(|value| value["type"] = json!("hologram"))), "type hologram");
    assert_eq!(named(hello(|value| value["context"] = json!({"message_id": "17"}))), "context.message_id");
    assert_eq!(named(hello(|value| value["status"] = json!("seen"))), "status");
    assert_eq!(named(hello(|value| value["recipient_type"] = json!("crowd"))), "recipient_type");
    assert_eq!(named(hello(|value| value["recipient_type"] = json!("group"))), "to");
    assert_eq!(
        named(hello(|value| value["biz_opaque_callback_data"] = json!("x".repeat(513)))),
        "biz_opaque_callback_data"
    );
    assert_eq!(named(Request::read(&json!([1]), None)), "messaging_product");
}

proptest! {
    #[test]
    fn no_json_is_too_odd_to_read(text in "\\PC*", kind in "text|template|reaction|[a-z]{0,9}") {
        let odd: Value = serde_json::from_str(&text).unwrap_or(json!(text));
        for member in ["to", "type", "text", "template", "reaction", "context", "status", "recipient"] {
            let _ = hello(|value| { value["type"] = json!(kind); value[member] = odd.clone(); });
        }
    }
}

/// Reads a message of `kind` with `object` in it, and says which member is at fault.
fn read_kind(kind: &str, object: Value) -> Result<SendMessage, String> {
    let mut parameters = json!({"messaging_product": "whatsapp", "to": "+4915112345678", "type": kind});
    parameters[kind] = object;
    send(parameters).map_err(|error| match error {
        SendError::Missing { member } | SendError::Invalid { member, .. } => member,
        other => panic!("{other}"),
    })
}

fn asked(interactive: Value) -> Result<SendMessage, String> {
    read_kind("interactive", interactive)
}

fn buttons(count: usize) -> Value {
    let one =
        |n: usize| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": format!("Button {n}")}});
    json!({"type": "button", "body": {"text": "Which?"}, "action": {"buttons": (0..count).map(one).collect::<Vec<_>>()}})
}

fn rows(sections: usize, rows: usize) -> Value {
    let row = |s: usize, r: usize| json!({"id": format!("{s}-{r}"), "title": format!("Row {r}")});
    let section = |s: usize| json!({"title": format!("Part {s}"), "rows": (0..rows).map(|r| row(s, r)).collect::<Vec<_>>()});
    json!({"type": "list", "body": {"text": "Which?"},
        "action": {"button": "Choose", "sections": (0..sections).map(section).collect::<Vec<_>>()}})
}

#[test]
fn questions_end_where_they_should() {
    assert!(asked(buttons(3)).is_ok());
    assert_eq!(asked(buttons(4)).unwrap_err(), "interactive.action.buttons");
    assert_eq!(asked(buttons(0)).unwrap_err(), "interactive.action.buttons");
    let mut long = buttons(1);
    long["action"]["buttons"][0]["reply"]["title"] = json!("x".repeat(21));
    assert_eq!(asked(long).unwrap_err(), "interactive.action.buttons[0].reply.title");
    let mut twice = buttons(2);
    twice["action"]["buttons"][1]["reply"]["id"] = json!("b0");
    assert_eq!(asked(twice).unwrap_err(), "interactive.action.buttons[1].reply.id");
    assert!(asked(rows(2, 5)).is_ok());
    assert_eq!(asked(rows(2, 6)).unwrap_err(), "interactive.action.sections", "eleven in all, and one more");
    assert_eq!(asked(rows(11, 1)).unwrap_err(), "interactive.action.sections");
    let mut wordy = rows(1, 1);
    wordy["body"]["text"] = json!("x".repeat(4096));
    assert!(asked(wordy.clone()).is_ok(), "a list may say more");
    wordy["body"]["text"] = json!("x".repeat(4097));
    assert_eq!(asked(wordy).unwrap_err(), "interactive.body.text");
    let mut image = rows(1, 1);
    image["header"] = json!({"type": "image", "image": {"id": "17"}});
    assert_eq!(asked(image).unwrap_err(), "interactive.header.type", "a list has a header of text");
    assert_eq!(asked(json!({"type": "sculpture"})).unwrap_err(), "interactive.type");
}

#[test]
fn each_kind_of_question_is_read() {
    let with = |kind: &str, action: Value| json!({"type": kind, "body": {"text": "Well?"}, "action": action});
    let order = json!({"name": "review_and_pay", "parameters": {"reference_id": "ord-17", "type": "digital-goods",
        "currency": "BRL", "total_amount": {"value": 1100, "offset": 100}, "order": {"status": "pending",
        "items": [{"name": "Loaf", "amount": {"value": 500, "offset": 100}, "quantity": 2}],
        "subtotal": {"value": 1000, "offset": 100}, "tax": {"value": 100, "offset": 100}}}});
    for interactive in [
        with(
            "cta_url",
            json!({"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://example.org"}}),
        ),
        with(
            "flow",
            json!({"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "17", "flow_cta": "Book",
            "flow_token": "t", "flow_action": "navigate", "flow_action_payload": {"screen": "S", "data": {"a": 1}}}}),
        ),
        json!({"type": "product", "action": {"catalog_id": "9", "product_retailer_id": "loaf"}}),
        json!({"type": "product_list", "header": {"type": "text", "text": "Bread"}, "body": {"text": "Fresh"},
            "action": {"catalog_id": "9", "sections": [{"title": "Hot", "product_items": [{"product_retailer_id": "a"}]}]}}),
        with("catalog_message", json!({"name": "catalog_message"})),
        with("location_request_message", json!({"name": "send_location"})),
        with("address_message", json!({"name": "address_message", "parameters": {"country": "IN"}})),
        with("order_details", order.clone()),
        with(
            "order_status",
            json!({"name": "review_order", "parameters":
            {"reference_id": "ord-17", "order": {"status": "shipped", "description": "On its way"}}}),
        ),
        with("call_permission_request", json!({"name": "call_permission_request"})),
        with(
            "voice_call",
            json!({"name": "voice_call", "parameters": {"display_text": "Call", "ttl_minutes": 100}}),
        ),
    ] {
        let outcome = asked(interactive.clone());
        assert!(outcome.is_ok(), "{interactive}: {outcome:?}");
    }
    let mut wrong = order;
    wrong["parameters"]["total_amount"]["value"] = json!(1099);
    assert_eq!(
        asked(with("order_details", wrong)).unwrap_err(),
        "interactive.action.parameters.total_amount"
    );
    let card = |form: &str| {
        let mut header = json!({"type": form});
        header[form] = json!({"link": "https://example.org/a"});
        json!({"header": header, "action": {"buttons": [{"type": "quick_reply", "quick_reply": {"id": "a", "title": "A"}}]}})
    };
    let cards = |cards: Value| with("carousel", json!({"cards": cards}));
    let two = asked(cards(json!([card("image"), card("image")]))).unwrap();
    assert_eq!(two.media().len(), 2);
    assert_eq!(asked(cards(json!([card("image")]))).unwrap_err(), "interactive.action.cards");
    let unlike = asked(cards(json!([card("image"), card("video")])));
    assert_eq!(unlike.unwrap_err(), "interactive.action.cards[1]");
}

#[test]
fn files_places_and_cards_are_read() {
    let image = read_kind("image", json!({"link": "https://example.org/a.png", "caption": null})).unwrap();
    assert_eq!(image.media().len(), 1);
    assert_eq!(read_kind("image", json!({})).unwrap_err(), "image.id");
    assert_eq!(read_kind("document", json!({"id": "a"})).unwrap_err(), "document.id");
    assert_eq!(read_kind("video", json!({"link": "file:///etc/passwd"})).unwrap_err(), "video.link");
    assert_eq!(
        read_kind("image", json!({"id": 17, "caption": "x".repeat(1025)})).unwrap_err(),
        "image.caption"
    );
    assert!(read_kind("location", json!({"latitude": "-23.5", "longitude": -46.6})).is_ok());
    assert_eq!(
        read_kind("location", json!({"latitude": 91, "longitude": 0})).unwrap_err(),
        "location.latitude"
    );
    let name = json!({"formatted_name": "Ana Paz", "first_name": "Ana"});
    let contact =
        |name: Value| json!([{"name": name, "phones": [{"phone": "+5511988880000", "type": "WORK"}]}]);
    assert!(read_kind("contacts", contact(name)).is_ok());
    let bare = read_kind("contacts", contact(json!({"formatted_name": "Ana"})));
    assert_eq!(bare.unwrap_err(), "contacts[0].name");
    let date = json!([{"name": {"formatted_name": "A", "first_name": "A"}, "birthday": "1990-13-01"}]);
    assert_eq!(read_kind("contacts", date).unwrap_err(), "contacts[0].birthday");
    assert_eq!(
        read_kind("text", json!({"body": "a\0b"})).unwrap_err(),
        "text.body",
        "PostgreSQL takes no U+0000"
    );
}
