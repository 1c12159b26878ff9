//! # Answering a question
//!
//! A business asks with buttons, lists, forms, products; a person answers by pressing, choosing, filling in. [`answer`]
//! makes the message that says so, and only if the question allows it: an interface sends what was pressed, not what
//! it believes the answer to be.

use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{
    Action, Attachment, Body, Button, ButtonReply, CallPermissionReply, Choice, Content, FormReply,
    InteractiveReply, Location, Order, OrderItem, Product, action,
};
use serde::Deserialize;
use serde_json::Value;

/// Products of an order.
const ORDER_ITEMS_MAX: usize = 100;
/// Of one product.
const ORDER_QUANTITY_MAX: u32 = 999;
/// Bytes of a form's answer.
const FORM_BYTES_MAX: usize = 32 * 1024;
/// Files that come with it: 30 photos and 30 documents.
const FORM_FILES_MAX: usize = 60;
/// How long a business may call with a permission that is not for good.
const CALLS_ALLOWED_S: i64 = 7 * 24 * 3600;

/// What a person did with a question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Answer {
    /// Pressed a button: its place below the message, and on which card.
    Button {
        /// From 0.
        index: usize,
        /// The card that it stands on, from 0.
        #[serde(default)]
        card: Option<usize>,
    },
    /// Chose a row of a list.
    Row {
        /// Its id.
        id: String,
    },
    /// Filled in a form, or an address.
    Form {
        /// The members of the answer.
        response: Value,
        /// The files that it names by their blobs. They are uploaded already.
        #[serde(skip)]
        files: Vec<Attachment>,
    },
    /// Told their place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// What it is called.
        #[serde(default)]
        name: String,
        /// Where that is.
        #[serde(default)]
        address: String,
    },
    /// Said whether the business may call.
    Calls {
        /// Yes.
        accepted: bool,
        /// For good.
        #[serde(default)]
        permanent: bool,
        /// Now, in seconds since 1970.
        #[serde(default)]
        now: i64,
    },
    /// Put together an order.
    Order {
        /// A remark.
        #[serde(default)]
        text: String,
        /// What, and how many.
        items: Vec<OrderLine>,
    },
}

/// A product of an order, as the person chose it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderLine {
    /// Which.
    pub retailer_id: String,
    /// How many.
    pub quantity: u32,
}

/// The question does not allow this answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It asks nothing of that kind.
    #[error("this message cannot be answered that way")]
    NotAsked,
    /// It has no such button or row.
    #[error("this message has no such choice")]
    NoSuchChoice,
    /// Pressing it opens something and answers nothing.
    #[error("this button opens something; it sends no answer")]
    Opens,
    /// The answer itself is malformed.
    #[error("{0}")]
    Malformed(&'static str),
}

/// The message that answers `question`.
pub fn answer(question: &Content, answer: Answer) -> Result<Body, AnswerError> {
    let (action, buttons) = match &question.body {
        Some(Body::Interactive(interactive)) => (interactive.action.as_ref(), &[][..]),
        Some(Body::Template(template)) => (None, template.buttons.as_slice()),
        _ => return Err(AnswerError::NotAsked),
    };
    let cards = match &question.body {
        Some(Body::Interactive(interactive)) => interactive.cards.as_slice(),
        Some(Body::Template(template)) => template.cards.as_slice(),
        _ => &[],
    };
    let is_template = matches!(question.body, Some(Body::Template(_)));
    match answer {
        Answer::Button { index, card: Some(card) } => {
            let card = cards.get(card).ok_or(AnswerError::NoSuchChoice)?;
            press(card.buttons.get(index), is_template)
        }
        Answer::Button { index, card: None } => match action.and_then(|action| action.action.as_ref()) {
            Some(action::Action::Buttons(buttons)) => {
                let choice = buttons.buttons.get(index).ok_or(AnswerError::NoSuchChoice)?;
                Ok(reply(Reply::Button(choice.clone())))
            }
            Some(_) => Err(AnswerError::NotAsked),
            None => press(buttons.get(index), is_template),
        },
        Answer::Row { id } => row(action, &id),
        Answer::Form { response, files } => form(action, buttons, &response, files),
        Answer::Location { latitude, longitude, name, address } => {
            let is_asked = matches!(
                action.and_then(|action| action.action.as_ref()),
                Some(action::Action::LocationRequest(_))
            );
            if !is_asked {
                return Err(AnswerError::NotAsked);
            }
            if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
                return Err(AnswerError::Malformed(
                    "a place has a latitude within 90 and a longitude within 180 degrees",
                ));
            }
            Ok(Body::Location(Location { latitude, longitude, name, address, url: String::new() }))
        }
        Answer::Calls { accepted, permanent, now } => {
            let below = buttons.iter().filter_map(|button| button.action.as_ref());
            let is_asked = action
                .into_iter()
                .chain(below)
                .any(|action| matches!(action.action, Some(action::Action::CallPermission(_))));
            if !is_asked {
                return Err(AnswerError::NotAsked);
            }
            let expires_at = if accepted && !permanent { now.saturating_add(CALLS_ALLOWED_S) } else { 0 };
            Ok(reply(Reply::CallPermission(CallPermissionReply {
                is_accepted: accepted,
                is_permanent: accepted && permanent,
                expires_at,
            })))
        }
        Answer::Order { text, items } => order(action, buttons, text, &items),
    }
}

fn reply(reply: Reply) -> Body {
    Body::InteractiveReply(InteractiveReply { reply: Some(reply) })
}

/// A quick reply of a template is answered as a button of a template, one of an interactive message as a choice.
fn press(button: Option<&Button>, is_template: bool) -> Result<Body, AnswerError> {
    let button = button.ok_or(AnswerError::NoSuchChoice)?;
    if button.kind != "QUICK_REPLY" {
        return Err(AnswerError::Opens);
    }
    let payload = if button.value.is_empty() { &button.text } else { &button.value };
    Ok(if is_template {
        Body::ButtonReply(ButtonReply { text: button.text.clone(), payload: payload.clone() })
    } else {
        let (id, title) = (payload.clone(), button.text.clone());
        reply(Reply::Button(Choice { id, title, description: String::new() }))
    })
}

fn row(action: Option<&Action>, id: &str) -> Result<Body, AnswerError> {
    let Some(action::Action::List(list)) = action.and_then(|action| action.action.as_ref()) else {
        return Err(AnswerError::NotAsked);
    };
    let mut rows = list.sections.iter().flat_map(|section| &section.rows);
    let row = rows.find(|row| row.id == id).ok_or(AnswerError::NoSuchChoice)?;
    Ok(reply(Reply::Row(row.clone())))
}

fn form(
    action: Option<&Action>,
    buttons: &[Button],
    response: &Value,
    files: Vec<Attachment>,
) -> Result<Body, AnswerError> {
    let below = buttons
        .iter()
        .filter_map(|button| button.action.as_ref())
        .filter_map(|action| action.action.as_ref());
    let name = action.and_then(|action| action.action.as_ref()).into_iter().chain(below).find_map(|action| {
        match action {
            action::Action::Flow(_) => Some("flow"),
            action::Action::Address(_) => Some("address_message"),
            _ => None,
        }
    });
    let name = name.ok_or(AnswerError::NotAsked)?;
    if !response.is_object() {
        return Err(AnswerError::Malformed("the answer of a form is a JSON object"));
    }
    let response_json = response.to_string();
    if response_json.len() > FORM_BYTES_MAX {
        return Err(AnswerError::Malformed("the answer of a form may have 32,768 bytes"));
    }
    if files.len() > FORM_FILES_MAX {
        return Err(AnswerError::Malformed("the answer of a form may have 60 files"));
    }
    Ok(reply(Reply::Form(FormReply { name: name.to_owned(), text: "Sent".to_owned(), response_json, files })))
}

/// The products that a question offers, with its catalog.
fn offered<'a>(action: Option<&'a Action>, buttons: &'a [Button]) -> Vec<&'a Product> {
    let below = buttons.iter().filter_map(|button| button.action.as_ref());
    let actions = action.into_iter().chain(below).filter_map(|action| action.action.as_ref());
    actions
        .flat_map(|action| -> Vec<&Product> {
            match action {
                action::Action::Product(one) => one.product.iter().collect(),
                action::Action::ProductList(list) => {
                    list.sections.iter().flat_map(|section| &section.products).collect()
                }
                action::Action::Catalog(catalog) => catalog.products.iter().collect(),
                _ => Vec::new(),
            }
        })
        .collect()
}

fn order(
    action: Option<&Action>,
    buttons: &[Button],
    text: String,
    lines: &[OrderLine],
) -> Result<Body, AnswerError> {
    let offered = offered(action, buttons);
    let catalog_id =
        offered.first().map(|product| product.catalog_id.clone()).ok_or(AnswerError::NotAsked)?;
    if lines.is_empty() || lines.len() > ORDER_ITEMS_MAX {
        return Err(AnswerError::Malformed("an order has 1 to 100 products"));
    }
    let items = lines
        .iter()
        .map(|line| {
            if !(1..=ORDER_QUANTITY_MAX).contains(&line.quantity) {
                return Err(AnswerError::Malformed("a quantity is from 1 to 999"));
            }
            let product = offered.iter().find(|product| product.retailer_id == line.retailer_id);
            let product = product.ok_or(AnswerError::NoSuchChoice)?;
            Ok(OrderItem {
                retailer_id: product.retailer_id.clone(),
                quantity: line.quantity,
                price_micros: product.price_micros,
                currency: product.currency.clone(),
                name: product.name.clone(),
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Body::Order(Order { catalog_id, text, items }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_protocol::content::{
        ChoiceSection, Choices, Interactive, LocationRequest, ProductAction, ReplyButtons, Template,
    };

    fn asks(action: action::Action) -> Content {
        let action = Some(Action { action: Some(action) });
        let body = Body::Interactive(Box::new(Interactive { action, ..Interactive::default() }));
        Content { body: Some(body), ..Content::default() }
    }

    fn choice(id: &str) -> Choice {
        Choice { id: id.into(), title: id.to_uppercase(), description: String::new() }
    }

    #[test]
    fn only_what_was_asked_is_answered() {
        let buttons = asks(action::Action::Buttons(ReplyButtons { buttons: vec![choice("y"), choice("n")] }));
        let pressed = answer(&buttons, Answer::Button { index: 1, card: None }).unwrap();
        assert_eq!(pressed, reply(Reply::Button(choice("n"))));
        assert_eq!(answer(&buttons, Answer::Button { index: 2, card: None }), Err(AnswerError::NoSuchChoice));
        assert_eq!(answer(&buttons, Answer::Row { id: "y".into() }), Err(AnswerError::NotAsked));

        let sections = vec![ChoiceSection { title: String::new(), rows: vec![choice("a")] }];
        let list = asks(action::Action::List(Choices { button: "Choose".into(), sections }));
        assert_eq!(answer(&list, Answer::Row { id: "a".into() }), Ok(reply(Reply::Row(choice("a")))));
        assert_eq!(answer(&list, Answer::Row { id: "b".into() }), Err(AnswerError::NoSuchChoice));

        let place = |latitude| Answer::Location {
            latitude,
            longitude: 13.4,
            name: String::new(),
            address: String::new(),
        };
        let where_are_you = asks(action::Action::LocationRequest(LocationRequest {}));
        assert!(matches!(answer(&where_are_you, place(52.5)), Ok(Body::Location(_))));
        assert!(matches!(answer(&where_are_you, place(91.0)), Err(AnswerError::Malformed(_))));
        assert_eq!(answer(&list, place(52.5)), Err(AnswerError::NotAsked));
    }

    #[test]
    fn an_order_has_the_prices_that_were_shown() {
        let product = Product {
            catalog_id: "9".into(),
            retailer_id: "loaf".into(),
            price_micros: 4_200_000,
            currency: "EUR".into(),
            ..Product::default()
        };
        let offer = asks(action::Action::Product(ProductAction { product: Some(product) }));
        let line = |retailer_id: &str, quantity| OrderLine { retailer_id: retailer_id.into(), quantity };
        let order = |items| answer(&offer, Answer::Order { text: String::new(), items });
        let placed = match order(vec![line("loaf", 2)]) {
            Ok(Body::Order(placed)) => placed,
            _ => Order::default(),
        };
        assert_eq!((placed.items[0].price_micros, placed.items[0].quantity), (4_200_000, 2));
        assert_eq!(order(vec![line("roll", 1)]), Err(AnswerError::NoSuchChoice));
        assert!(order(vec![line("loaf", 0)]).is_err() && order(vec![line("loaf", 1000)]).is_err());
        assert!(order(vec![]).is_err());
    }

    #[test]
    fn a_template_answers_by_its_quick_replies() {
        let button = |kind: &str, value: &str| Button {
            kind: kind.into(),
            text: "Stop".into(),
            value: value.into(),
            action: None,
        };
        let buttons = vec![button("URL", "https://example.org"), button("QUICK_REPLY", "STOP")];
        let body = Body::Template(Template { buttons, ..Template::default() });
        let template = Content { body: Some(body), ..Content::default() };
        let pressed = answer(&template, Answer::Button { index: 1, card: None });
        assert_eq!(
            pressed,
            Ok(Body::ButtonReply(ButtonReply { text: "Stop".into(), payload: "STOP".into() }))
        );
        assert_eq!(answer(&template, Answer::Button { index: 0, card: None }), Err(AnswerError::Opens));
    }
}
