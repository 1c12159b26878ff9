//! # Questions
//!
//! The `interactive` member of a message: what a business asks with buttons, lists, links, forms, products, cards, and
//! the requests for a place, an address, a payment or a call. The numbers are those of the published interface, section
//! "interactive" of its messages; a question that would not show is refused here, by the member that is at fault.

use super::Draft;
use crate::json::node::{Node, Refusal, missing};
use crate::media::{MediaUse, file};
use crate::templates::definition::FlowName;
use plaza_protocol::content::{
    Action, AddressRequest, Button, CallPermission, Card, Catalog, Choice, ChoiceSection, Choices,
    FlowAction, Header, Interactive, Link, LocationRequest, MediaForm, OrderDetails, OrderStatus, Product,
    ProductAction, ProductList, ProductSection, ReplyButtons, TextHeader, VoiceCall, action, header,
};
use plaza_protocol::{Currency, content};
use std::collections::HashSet;

const BODY_CHARACTERS_MAX: usize = 1024;
const LIST_BODY_CHARACTERS_MAX: usize = 4096;
const HEADER_CHARACTERS_MAX: usize = 60;
const FOOTER_CHARACTERS_MAX: usize = 60;
const BUTTONS_MAX: usize = 3;
const BUTTON_ID_CHARACTERS_MAX: usize = 256;
const BUTTON_TITLE_CHARACTERS_MAX: usize = 20;
const SECTIONS_MAX: usize = 10;
const ROWS_MAX: usize = 10;
const SECTION_TITLE_CHARACTERS_MAX: usize = 24;
const ROW_ID_CHARACTERS_MAX: usize = 200;
const ROW_TITLE_CHARACTERS_MAX: usize = 24;
const ROW_DESCRIPTION_CHARACTERS_MAX: usize = 72;
const URL_CHARACTERS_MAX: usize = 2000;
const PRODUCTS_MAX: usize = 30;
const RETAILER_ID_CHARACTERS_MAX: usize = 100;
const CARDS_MIN: usize = 2;
const CARDS_MAX: usize = 10;
const CARD_BODY_CHARACTERS_MAX: usize = 160;
const REFERENCE_CHARACTERS_MAX: usize = 35;
const TOKEN_CHARACTERS_MAX: usize = 1024;
const DOCUMENT_BYTES_MAX: usize = 32 * 1024;
/// The countries whose addresses can be asked for.
const ADDRESS_COUNTRIES: [&str; 2] = ["IN", "SG"];
/// How amounts of orders are written: hundredths.
const AMOUNT_OFFSET: i64 = 100;
const MICROS_PER_HUNDREDTH: i64 = 10_000;
/// The largest amount of an order, in hundredths.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// Reads a question.
pub(super) fn interactive(node: &Node<'_>) -> Result<Draft, Refusal> {
    let kind = node.words("type", 64)?.trim().to_ascii_lowercase();
    let mut uses = Vec::new();
    let mut flow = None;
    let read_action = |name: &str| {
        let action = node.required("action")?;
        let given = action.word("name")?;
        if given.is_empty() || given == name {
            return Ok::<_, Refusal>(());
        }
        Err(action.refuse_member("name", format!("\"{name}\" is expected for the type {kind}")))
    };
    let mut cards = Vec::new();
    let action = match kind.as_str() {
        "button" => action::Action::Buttons(buttons(&node.required("action")?)?),
        "list" => action::Action::List(choices(&node.required("action")?)?),
        "cta_url" => {
            read_action("cta_url")?;
            action::Action::Link(link(&node.required("action")?.required("parameters")?)?)
        }
        "flow" => {
            read_action("flow")?;
            let (asked, name) = form(&node.required("action")?.required("parameters")?)?;
            flow = Some(name);
            action::Action::Flow(asked)
        }
        "product" => {
            if node.has("header") {
                return Err(node.refuse_member("header", "a message about one product has no header"));
            }
            let product = product(&node.required("action")?, None)?;
            action::Action::Product(ProductAction { product: Some(product) })
        }
        "product_list" => action::Action::ProductList(products(&node.required("action")?)?),
        "catalog_message" => {
            read_action("catalog_message")?;
            action::Action::Catalog(catalog(&node.required("action")?)?)
        }
        "location_request_message" => {
            read_action("send_location")?;
            action::Action::LocationRequest(LocationRequest {})
        }
        "address_message" => {
            read_action("address_message")?;
            action::Action::Address(address(&node.required("action")?.required("parameters")?)?)
        }
        "order_details" => {
            read_action("review_and_pay")?;
            action::Action::OrderDetails(order_details(&node.required("action")?.required("parameters")?)?)
        }
        "order_status" => {
            read_action("review_order")?;
            action::Action::OrderStatus(order_status(&node.required("action")?.required("parameters")?)?)
        }
        "call_permission_request" => {
            read_action("call_permission_request")?;
            action::Action::CallPermission(CallPermission {})
        }
        "voice_call" => {
            read_action("voice_call")?;
            action::Action::VoiceCall(voice_call(node.required("action")?.optional("parameters")?.as_ref())?)
        }
        "carousel" => {
            cards = carousel(&node.required("action")?, &mut uses)?;
            return finish(node, &kind, None, cards, uses, None);
        }
        _ => {
            let what = "button, list, cta_url, flow, product, product_list, catalog_message, location_request_message, \
                        address_message, order_details, order_status, call_permission_request, voice_call or carousel \
                        is expected";
            return Err(node.refuse_member("type", what));
        }
    };
    finish(node, &kind, Some(Action { action: Some(action) }), std::mem::take(&mut cards), uses, flow)
}

/// Header, body and footer, which all kinds share. The header's file comes before those of the cards.
fn finish(
    node: &Node<'_>,
    kind: &str,
    action: Option<Action>,
    cards: Vec<Card>,
    card_uses: Vec<MediaUse>,
    flow: Option<FlowName>,
) -> Result<Draft, Refusal> {
    let mut uses = Vec::new();
    let header = node.optional("header")?.map(|header| read_header(&header, kind, &mut uses)).transpose()?;
    uses.extend(card_uses);
    if kind == "product_list" && header.is_none() {
        return Err(missing(&node.at("header")));
    }
    let body_max = if kind == "list" { LIST_BODY_CHARACTERS_MAX } else { BODY_CHARACTERS_MAX };
    let body = match node.optional("body")? {
        Some(body) => body.words("text", body_max)?,
        None if matches!(kind, "product" | "call_permission_request") => String::new(),
        None => return Err(missing(&node.at("body"))),
    };
    let footer = match node.optional("footer")? {
        Some(footer) => footer.text("text", FOOTER_CHARACTERS_MAX)?,
        None => String::new(),
    };
    let body = content::Body::Interactive(Box::new(Interactive { header, body, footer, action, cards }));
    Ok(Draft { body, uses, flow })
}

fn read_header(node: &Node<'_>, kind: &str, uses: &mut Vec<MediaUse>) -> Result<Header, Refusal> {
    let form = node.words("type", 32)?.trim().to_ascii_lowercase();
    let is_text_only = matches!(kind, "list" | "product_list");
    let header = match form.as_str() {
        "text" => header::Header::Text(TextHeader { text: node.words("text", HEADER_CHARACTERS_MAX)? }),
        "image" | "video" | "document" | "gif" if !is_text_only => {
            let form = MediaForm::parse(&form).unwrap_or(MediaForm::Unknown);
            header::Header::Media(file(form, &node.required(form.as_str())?, uses)?)
        }
        _ if is_text_only => {
            return Err(node.refuse_member("type", format!("\"text\" is expected for the type {kind}")));
        }
        _ => return Err(node.refuse_member("type", "text, image, video or document is expected")),
    };
    Ok(Header { header: Some(header) })
}

fn buttons(action: &Node<'_>) -> Result<ReplyButtons, Refusal> {
    let mut seen = HashSet::new();
    let mut titles = HashSet::new();
    let mut buttons = Vec::new();
    for button in action.some("buttons", BUTTONS_MAX)? {
        let kind = button.word("type")?;
        if !matches!(kind.as_str(), "" | "reply") {
            return Err(button.refuse_member("type", "\"reply\" is expected"));
        }
        let reply = button.required("reply")?;
        let id = reply.words("id", BUTTON_ID_CHARACTERS_MAX)?;
        let title = reply.words("title", BUTTON_TITLE_CHARACTERS_MAX)?;
        if !seen.insert(id.clone()) {
            return Err(reply.refuse_member("id", "another button has the same id"));
        }
        if !titles.insert(title.clone()) {
            return Err(reply.refuse_member("title", "another button has the same title"));
        }
        buttons.push(Choice { id, title, description: String::new() });
    }
    Ok(ReplyButtons { buttons })
}

fn choices(action: &Node<'_>) -> Result<Choices, Refusal> {
    let button = action.words("button", BUTTON_TITLE_CHARACTERS_MAX)?;
    let given = action.some("sections", SECTIONS_MAX)?;
    let has_several = given.len() > 1;
    let mut seen = HashSet::new();
    let mut sections = Vec::new();
    for section in given {
        let title = section.text("title", SECTION_TITLE_CHARACTERS_MAX)?;
        if has_several && title.trim().is_empty() {
            return Err(missing(&section.at("title")));
        }
        let mut rows = Vec::new();
        for row in section.some("rows", ROWS_MAX)? {
            let choice = Choice {
                id: row.words("id", ROW_ID_CHARACTERS_MAX)?,
                title: row.words("title", ROW_TITLE_CHARACTERS_MAX)?,
                description: row.text("description", ROW_DESCRIPTION_CHARACTERS_MAX)?,
            };
            if !seen.insert(choice.id.clone()) {
                return Err(row.refuse_member("id", "another row has the same id"));
            }
            rows.push(choice);
        }
        sections.push(ChoiceSection { title, rows });
    }
    if seen.len() > ROWS_MAX {
        let what = format!("{} rows in all sections together; at most {ROWS_MAX} are allowed", seen.len());
        return Err(action.refuse_member("sections", what));
    }
    Ok(Choices { button, sections })
}

fn web_address(node: &Node<'_>, member: &str) -> Result<String, Refusal> {
    let address = node.words(member, URL_CHARACTERS_MAX)?;
    let is_web = url::Url::parse(&address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web {
        Ok(address)
    } else {
        Err(node.refuse_member(member, "an address that begins with https:// is expected"))
    }
}

fn link(parameters: &Node<'_>) -> Result<Link, Refusal> {
    let text = parameters.words("display_text", BUTTON_TITLE_CHARACTERS_MAX)?;
    Ok(Link { text, url: web_address(parameters, "url")? })
}

fn form(parameters: &Node<'_>) -> Result<(FlowAction, FlowName), Refusal> {
    let version = parameters.word("flow_message_version")?;
    if !matches!(version.as_str(), "" | "3") {
        return Err(parameters.refuse_member("flow_message_version", "\"3\" is expected"));
    }
    let (id, name) = (parameters.text("flow_id", 64)?, parameters.text("flow_name", 200)?);
    let flow = match (id.trim(), name.trim()) {
        ("", "") => return Err(missing(&parameters.at("flow_id"))),
        ("", name) => FlowName::Name(name.to_owned()),
        (id, _) => {
            let id = id
                .parse()
                .map_err(|_| parameters.refuse_member("flow_id", "the id of a flow is expected"))?;
            FlowName::Id(id)
        }
    };
    let action = match parameters.word("flow_action")?.as_str() {
        "" | "navigate" => "navigate",
        "data_exchange" => "data_exchange",
        _ => {
            return Err(
                parameters.refuse_member("flow_action", "\"navigate\" or \"data_exchange\" is expected")
            );
        }
    };
    let payload = parameters.optional("flow_action_payload")?;
    let (screen, data) = match &payload {
        Some(payload) => (payload.text("screen", 100)?, payload.document("data", DOCUMENT_BYTES_MAX)?),
        None => (String::new(), String::new()),
    };
    let asked = FlowAction {
        text: parameters.words("flow_cta", BUTTON_TITLE_CHARACTERS_MAX)?,
        token: parameters.text("flow_token", TOKEN_CHARACTERS_MAX)?,
        action: action.to_owned(),
        screen,
        data,
        is_draft: parameters.word("mode")? == "draft",
        ..FlowAction::default()
    };
    Ok((asked, flow))
}

fn product(node: &Node<'_>, catalog: Option<&str>) -> Result<Product, Refusal> {
    let catalog_id = match catalog {
        Some(catalog) => catalog.to_owned(),
        None => node.words("catalog_id", 64)?,
    };
    let retailer_id = node.words("product_retailer_id", RETAILER_ID_CHARACTERS_MAX)?;
    Ok(Product { catalog_id, retailer_id, ..Product::default() })
}

/// The sections of a list of products; used by templates too.
pub(crate) fn product_sections(node: &Node<'_>, catalog: &str) -> Result<Vec<ProductSection>, Refusal> {
    let given = node.some("sections", SECTIONS_MAX)?;
    let has_several = given.len() > 1;
    let mut count = 0_usize;
    let mut sections = Vec::new();
    for section in given {
        let title = section.text("title", SECTION_TITLE_CHARACTERS_MAX)?;
        if has_several && title.trim().is_empty() {
            return Err(missing(&section.at("title")));
        }
        let products: Vec<_> = section
            .some("product_items", PRODUCTS_MAX)?
            .iter()
            .map(|item| product(item, Some(catalog)))
            .collect::<Result<_, _>>()?;
        count = count.saturating_add(products.len());
        sections.push(ProductSection { title, products });
    }
    if count > PRODUCTS_MAX {
        let what = format!("{count} products in all sections together; at most {PRODUCTS_MAX} are allowed");
        return Err(node.refuse_member("sections", what));
    }
    Ok(sections)
}

fn products(action: &Node<'_>) -> Result<ProductList, Refusal> {
    let catalog_id = action.words("catalog_id", 64)?;
    let sections = product_sections(action, &catalog_id)?;
    Ok(ProductList { catalog_id, sections })
}

fn catalog(action: &Node<'_>) -> Result<Catalog, Refusal> {
    let thumbnail_retailer_id = match action.optional("parameters")? {
        Some(parameters) => parameters.text("thumbnail_product_retailer_id", RETAILER_ID_CHARACTERS_MAX)?,
        None => String::new(),
    };
    Ok(Catalog { catalog_id: String::new(), thumbnail_retailer_id, products: Vec::new() })
}

fn address(parameters: &Node<'_>) -> Result<AddressRequest, Refusal> {
    let country = parameters.words("country", 2)?.to_ascii_uppercase();
    if !ADDRESS_COUNTRIES.contains(&country.as_str()) {
        let what = format!("addresses can be asked for in {} only", ADDRESS_COUNTRIES.join(" and "));
        return Err(parameters.refuse_member("country", what));
    }
    Ok(AddressRequest {
        country,
        values: parameters.document("values", DOCUMENT_BYTES_MAX)?,
        saved_addresses: parameters.document("saved_addresses", DOCUMENT_BYTES_MAX)?,
        validation_errors: parameters.document("validation_errors", DOCUMENT_BYTES_MAX)?,
    })
}

fn reference(parameters: &Node<'_>) -> Result<String, Refusal> {
    let reference = parameters.words("reference_id", REFERENCE_CHARACTERS_MAX)?;
    let is_plain =
        reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if is_plain {
        Ok(reference)
    } else {
        Err(parameters.refuse_member("reference_id", "only A-Z a-z 0-9 . _ - are allowed"))
    }
}

/// `{value, offset}`: hundredths of the currency. `None` if it is absent.
fn amount(node: &Node<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(amount) = node.optional(name)? else { return Ok(None) };
    if amount.integer("offset")?.unwrap_or(AMOUNT_OFFSET) != AMOUNT_OFFSET {
        return Err(amount.refuse_member("offset", "100 is expected"));
    }
    let value = amount.integer("value")?.ok_or_else(|| missing(&amount.at("value")))?;
    if (0..=AMOUNT_MAX).contains(&value) {
        Ok(Some(value))
    } else {
        Err(amount.refuse_member("value", format!("0 to {AMOUNT_MAX} is expected")))
    }
}

/// An order to pay for: the sum has to be right. Templates carry the same object.
pub(crate) fn order_details(parameters: &Node<'_>) -> Result<OrderDetails, Refusal> {
    let reference_id = reference(parameters)?;
    let kind = parameters.words("type", 32)?.to_ascii_lowercase();
    if !matches!(kind.as_str(), "digital-goods" | "physical-goods") {
        return Err(parameters.refuse_member("type", "\"digital-goods\" or \"physical-goods\" is expected"));
    }
    let currency = parameters.words("currency", 3)?.to_ascii_uppercase();
    if !matches!(currency.as_str(), "INR" | "BRL") && currency.parse::<Currency>().is_err() {
        return Err(parameters.refuse_member("currency", "a currency as INR or BRL is expected"));
    }
    let total = amount(parameters, "total_amount")?.ok_or_else(|| missing(&parameters.at("total_amount")))?;
    let order = parameters.required("order")?;
    let part = |name: &str| amount(&order, name).map(|amount| amount.unwrap_or(0));
    let subtotal = amount(&order, "subtotal")?.ok_or_else(|| missing(&order.at("subtotal")))?;
    let mut items = 0_i64;
    for item in order.some("items", 999)? {
        item.words("name", 60)?;
        let price = amount(&item, "sale_amount")?.or(amount(&item, "amount")?);
        let price = price.ok_or_else(|| missing(&item.at("amount")))?;
        let quantity = item.integer("quantity")?.unwrap_or(1);
        if !(1..=100_000).contains(&quantity) {
            return Err(item.refuse_member("quantity", "1 to 100000 is expected"));
        }
        items = price
            .checked_mul(quantity)
            .and_then(|price| items.checked_add(price))
            .ok_or_else(|| item.refuse_member("quantity", "the order is too large"))?;
    }
    if items != subtotal {
        let what = format!("the items come to {items}, and the subtotal says {subtotal}");
        return Err(order.refuse_member("subtotal", what));
    }
    let sum = subtotal
        .saturating_add(part("tax")?)
        .saturating_add(part("shipping")?)
        .saturating_sub(part("discount")?);
    if sum != total {
        let what =
            format!("subtotal, tax and shipping less the discount are {sum}, and the total says {total}");
        return Err(parameters.refuse_member("total_amount", what));
    }
    let details = parameters.value().to_string();
    if details.len() > DOCUMENT_BYTES_MAX {
        return Err(parameters.refuse(format!("at most {DOCUMENT_BYTES_MAX} bytes are allowed")));
    }
    let total_micros = total.saturating_mul(MICROS_PER_HUNDREDTH);
    Ok(OrderDetails { reference_id, currency, total_micros, details })
}

fn order_status(parameters: &Node<'_>) -> Result<OrderStatus, Refusal> {
    let reference_id = reference(parameters)?;
    let order = parameters.required("order")?;
    let status = order.words("status", 32)?.to_ascii_lowercase();
    let known = ["pending", "processing", "partially_shipped", "shipped", "completed", "canceled"];
    if !known.contains(&status.as_str()) {
        return Err(order.refuse_member("status", format!("one of {} is expected", known.join(", "))));
    }
    Ok(OrderStatus { reference_id, status, description: order.text("description", 120)? })
}

fn voice_call(parameters: Option<&Node<'_>>) -> Result<VoiceCall, Refusal> {
    let Some(parameters) = parameters else {
        return Ok(VoiceCall { text: "Call now".to_owned(), ..VoiceCall::default() });
    };
    let text = parameters.text("display_text", BUTTON_TITLE_CHARACTERS_MAX)?;
    let minutes = parameters.integer("ttl_minutes")?.unwrap_or(0);
    if !(0..=43_200).contains(&minutes) {
        return Err(parameters.refuse_member("ttl_minutes", "1 to 43200 is expected"));
    }
    Ok(VoiceCall {
        text: if text.trim().is_empty() { "Call now".to_owned() } else { text },
        // Minutes from now: the operation that accepts the message knows the time.
        expires_at: minutes.saturating_mul(60),
        payload: parameters.text("payload", 512)?,
    })
}

fn carousel(action: &Node<'_>, uses: &mut Vec<MediaUse>) -> Result<Vec<Card>, Refusal> {
    let given = action.some("cards", CARDS_MAX)?;
    if given.len() < CARDS_MIN {
        return Err(action.refuse_member("cards", format!("{CARDS_MIN} to {CARDS_MAX} cards are expected")));
    }
    let mut cards = Vec::new();
    let mut shape = None;
    for (index, card) in given.iter().enumerate() {
        if let Some(said) = card.integer("card_index")?
            && usize::try_from(said).ok() != Some(index)
        {
            return Err(
                card.refuse_member("card_index", format!("{index} is expected: cards stand in their order"))
            );
        }
        let (read, looks) = one_card(card, uses)?;
        if *shape.get_or_insert_with(|| looks.clone()) != looks {
            return Err(card.refuse("all cards have the same kind of header and the same kinds of buttons"));
        }
        cards.push(read);
    }
    Ok(cards)
}

/// A card, and what it looks like: the kinds of its parts.
fn one_card(card: &Node<'_>, uses: &mut Vec<MediaUse>) -> Result<(Card, Vec<String>), Refusal> {
    let action = card.required("action")?;
    if card.word("type")? == "product" {
        let product = product(&action, None)?;
        let header = Some(Header { header: Some(header::Header::Product(product)) });
        return Ok((Card { header, ..Card::default() }, vec!["product".to_owned()]));
    }
    let header = card.required("header")?;
    let form = header.words("type", 32)?.to_ascii_lowercase();
    if !matches!(form.as_str(), "image" | "video") {
        return Err(header.refuse_member("type", "\"image\" or \"video\" is expected"));
    }
    let header = read_header(&header, "carousel", uses)?;
    let body = match card.optional("body")? {
        Some(body) => body.text("text", CARD_BODY_CHARACTERS_MAX)?,
        None => String::new(),
    };
    let mut buttons = Vec::new();
    if let Some(parameters) = action.optional("parameters")? {
        let link = link(&parameters)?;
        buttons.push(Button { kind: "URL".to_owned(), text: link.text, value: link.url, action: None });
    }
    for button in action.list("buttons", BUTTONS_MAX)? {
        let reply = match button.optional("quick_reply")? {
            Some(reply) => reply,
            None => button.required("reply")?,
        };
        buttons.push(Button {
            kind: "QUICK_REPLY".to_owned(),
            text: reply.words("title", BUTTON_TITLE_CHARACTERS_MAX)?,
            value: reply.words("id", BUTTON_ID_CHARACTERS_MAX)?,
            action: None,
        });
    }
    if buttons.is_empty() {
        return Err(action.refuse("parameters of a link, or buttons, are expected"));
    }
    let shape = std::iter::once(form).chain(buttons.iter().map(|button| button.kind.clone())).collect();
    Ok((Card { header: Some(header), body, buttons }, shape))
}
