//! # Filling a template in
//!
//! A send names a template and gives values for its gaps, component by component. What does not fit is refused before
//! anything is stored: the wrong number of values, a value of the wrong kind or name, a result that is too long.

use super::definition::{
    BODY_CHARACTERS_MAX, Button, CODE_CHARACTERS_MAX, Definition, FlowName, HEADER_CHARACTERS_MAX,
    HeaderPart, Pattern, URL_CHARACTERS_MAX,
};
use crate::json::node::{Node, Refusal};
use crate::media::{MediaUse, file};
use crate::messages::request::{free, interactive};
use plaza_protocol::content::{
    self, Action, Catalog, FlowAction, Header, Location, Media, MediaForm, OrderDetails, Product,
    ProductAction, ProductList, ProductSection, VoiceCall, action, header,
};
use std::collections::BTreeMap;

/// Components and parameters of a send, each.
const PARTS_MAX: usize = 100;
/// Characters of a value.
const VALUE_CHARACTERS_MAX: usize = 32_768;
/// Bytes of the data that a form begins with.
const FLOW_DATA_BYTES_MAX: usize = 32 * 1024;
/// The kind of a value that is a text.
const TEXT: &str = "text";
/// The kind of a value that invites to a group.
const GROUP: &str = "group_id";
/// Seconds of a minute.
const MINUTE_S: i64 = 60;

/// A template to send, as the request names it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SendTemplate {
    /// Its name.
    pub name: String,
    /// As the request writes it.
    pub language: String,
    parts: Parts,
    cards: Vec<Parts>,
    /// When the offer ends, in milliseconds since 1970.
    offer_ends_at_ms: Option<i64>,
    /// The files of its headers: its own, then those of the cards.
    pub(crate) uses: Vec<MediaUse>,
}

/// The values for a template, or for one of its cards.
#[derive(Debug, Clone, PartialEq, Default)]
struct Parts {
    header: Vec<Parameter>,
    body: Vec<Parameter>,
    buttons: Vec<(usize, Vec<Parameter>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Parameter {
    /// Lower case.
    kind: String,
    name: Option<String>,
    /// Absent: the value is missing, or of a kind that is no text.
    value: Option<String>,
    rich: Option<Rich>,
}

/// A value that is more than a text.
#[derive(Debug, Clone, PartialEq)]
enum Rich {
    Media(Media),
    Location(Location),
    Product(Product),
    Action(Box<ButtonAction>),
}

/// What a send says about a button that opens something.
#[derive(Debug, Clone, PartialEq, Default)]
struct ButtonAction {
    flow_token: String,
    flow_data: String,
    thumbnail: String,
    sections: Vec<ProductSection>,
    order: Option<OrderDetails>,
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
    /// Reads the `template` member of a request.
    pub(crate) fn read(template: &Node<'_>) -> Result<Self, Refusal> {
        let name = template.words("name", 512)?;
        let language = match template.optional("language") {
            Ok(Some(language)) => language.words("code", 16)?,
            // Some clients write the code alone.
            _ => template.words("language", 16)?,
        };
        let mut read = Self { name, language, ..Self::default() };
        let components = template.list("components", PARTS_MAX)?;
        let mut carousel = None;
        for component in &components {
            match component.word("type")?.as_str() {
                "carousel" => carousel = Some(component),
                "limited_time_offer" => read.offer_ends_at_ms = offer_end(component)?,
                // It names apps of one platform; there is nothing to fill in.
                "tap_target_configuration" => {}
                _ => read.parts.component(component, &mut read.uses)?,
            }
        }
        if let Some(carousel) = carousel {
            for card in carousel.some("cards", PARTS_MAX)? {
                let mut parts = Parts::default();
                for component in card.list("components", PARTS_MAX)? {
                    parts.component(&component, &mut read.uses)?;
                }
                read.cards.push(parts);
            }
        }
        Ok(read)
    }
}

impl SendTemplate {
    /// The groups that it invites to, as they were written.
    pub(crate) fn groups(&self) -> Vec<&str> {
        let parts = std::iter::once(&self.parts).chain(&self.cards);
        let parameters = parts.flat_map(Parts::parameters);
        parameters
            .filter(|parameter| parameter.kind == GROUP)
            .filter_map(|one| one.value.as_deref())
            .collect()
    }

    /// The same with the invite links of the groups in place of their ids. A button ends an address: it gets the last
    /// part of the link.
    pub(crate) fn with_groups(&self, links: &BTreeMap<String, String>) -> Self {
        let mut filled = self.clone();
        for parts in std::iter::once(&mut filled.parts).chain(&mut filled.cards) {
            for parameter in parts.header.iter_mut().chain(&mut parts.body) {
                parameter.invite(|group| links.get(group).cloned());
            }
            for parameter in parts.buttons.iter_mut().flat_map(|(_, parameters)| parameters) {
                let code = |link: &String| link.rsplit('/').next().map(str::to_owned);
                parameter.invite(|group| links.get(group).and_then(code));
            }
        }
        filled
    }
}

impl Parameter {
    /// Puts a text in place of a group.
    fn invite(&mut self, text: impl Fn(&str) -> Option<String>) {
        if self.kind == GROUP
            && let Some(text) = self.value.as_deref().and_then(text)
        {
            TEXT.clone_into(&mut self.kind);
            self.value = Some(text);
        }
    }
}

/// `{"type":"limited_time_offer","limited_time_offer":{"expiration_time_ms":…}}` among the parameters.
fn offer_end(component: &Node<'_>) -> Result<Option<i64>, Refusal> {
    for parameter in component.list("parameters", PARTS_MAX)? {
        if let Some(offer) = parameter.optional("limited_time_offer")? {
            return offer.integer("expiration_time_ms");
        }
    }
    Ok(None)
}

impl Parts {
    fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        let buttons = self.buttons.iter().flat_map(|(_, parameters)| parameters);
        self.header.iter().chain(&self.body).chain(buttons)
    }

    fn component(&mut self, component: &Node<'_>, uses: &mut Vec<MediaUse>) -> Result<(), Refusal> {
        let kind = component.word("type")?;
        let parameters = component.list("parameters", PARTS_MAX)?;
        let parameters = parameters.iter().map(|parameter| read_parameter(parameter, uses));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        match kind.as_str() {
            "header" => self.header = parameters,
            "body" => self.body = parameters,
            "button" => {
                let index = component.integer("index")?.unwrap_or(0);
                let index = usize::try_from(index)
                    .map_err(|_| component.refuse_member("index", "a number from 0 is expected"))?;
                self.buttons.push((index, parameters));
            }
            _ => {
                let what = "header, body, button, carousel or limited_time_offer is expected";
                return Err(component.refuse_member("type", what));
            }
        }
        Ok(())
    }

    fn button(&self, index: usize) -> &[Parameter] {
        let found = self.buttons.iter().find(|(at, _)| *at == index);
        found.map_or(&[], |(_, parameters)| parameters.as_slice())
    }
}

fn read_parameter(node: &Node<'_>, uses: &mut Vec<MediaUse>) -> Result<Parameter, Refusal> {
    let kind = node.word("type")?;
    let kind = if kind.is_empty() { TEXT.to_owned() } else { kind };
    let name = Some(node.text("parameter_name", 64)?).filter(|name| !name.is_empty());
    let rich = match kind.as_str() {
        "image" | "video" | "gif" | "document" => {
            let form = MediaForm::parse(&kind).unwrap_or(MediaForm::Unknown);
            Some(Rich::Media(file(form, &node.required(&kind)?, uses)?))
        }
        "location" => Some(Rich::Location(free::place(&node.required("location")?)?)),
        "product" => {
            let product = node.required("product")?;
            Some(Rich::Product(Product {
                catalog_id: product.text("catalog_id", 64)?,
                retailer_id: product.words("product_retailer_id", 100)?,
                ..Product::default()
            }))
        }
        "action" => Some(Rich::Action(Box::new(read_action(&node.required("action")?)?))),
        _ => None,
    };
    let value = match kind.as_str() {
        "currency" | "date_time" => node
            .optional(&kind)?
            .map(|inner| inner.text("fallback_value", VALUE_CHARACTERS_MAX))
            .transpose()?,
        _ if rich.is_some() => None,
        other => Some(node.text(other, VALUE_CHARACTERS_MAX)?),
    };
    Ok(Parameter { kind, name, value: value.filter(|value| !value.is_empty()), rich })
}

fn read_action(node: &Node<'_>) -> Result<ButtonAction, Refusal> {
    let sections = if node.has("sections") { interactive::product_sections(node, "")? } else { Vec::new() };
    Ok(ButtonAction {
        flow_token: node.text("flow_token", 1024)?,
        flow_data: node.document("flow_action_data", FLOW_DATA_BYTES_MAX)?,
        thumbnail: node.text("thumbnail_product_retailer_id", 100)?,
        sections,
        order: node.optional("order_details")?.map(|order| interactive::order_details(&order)).transpose()?,
    })
}

/// A template with its values, and the form that one of its buttons opens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) template: content::Template,
    pub(crate) flow: Option<FlowName>,
}

/// Fills `definition` in with the values of `request`.
pub(super) fn render(
    definition: &Definition,
    name: &str,
    language: &str,
    request: &SendTemplate,
) -> Result<Rendered, RenderError> {
    let (header, rich_header) = render_header("header", definition.header.as_ref(), &request.parts.header)?;
    let body = fill("body", &definition.body, &request.parts.body, BODY_CHARACTERS_MAX)?;
    let buttons = render_buttons("buttons", &definition.buttons, &request.parts)?;
    if definition.cards.len() != request.cards.len() {
        return Err(count("carousel", definition.cards.len(), request.cards.len()));
    }
    let cards = definition.cards.iter().zip(&request.cards).enumerate();
    let cards =
        cards.map(|(number, (card, parts))| render_card(number, card, parts)).collect::<Result<_, _>>()?;
    let offer = match &definition.offer {
        None => None,
        Some(offer) => {
            let expires_at = request.offer_ends_at_ms.map_or(0, |milliseconds| milliseconds / 1000);
            if offer.has_expiration && expires_at <= 0 {
                let what = "the offer ends: give a limited_time_offer with its expiration_time_ms".to_owned();
                return Err(RenderError::Format { component: "limited_time_offer".to_owned(), what });
            }
            Some(content::LimitedTimeOffer { text: offer.text.clone(), expires_at })
        }
    };
    let flow = definition.buttons.iter().find_map(|button| match button {
        Button::Flow { flow, .. } => Some(flow.clone()),
        _ => None,
    });
    let mut buttons = buttons;
    if definition.asks_to_call {
        let asked = Action { action: Some(action::Action::CallPermission(content::CallPermission {})) };
        buttons.push(content::Button {
            kind: "CALL_PERMISSION_REQUEST".to_owned(),
            text: "Allow calls".to_owned(),
            value: String::new(),
            action: Some(asked),
        });
    }
    let template = content::Template {
        name: name.to_owned(),
        language: language.to_owned(),
        header,
        body,
        footer: definition.footer.clone(),
        buttons,
        rich_header,
        cards,
        offer,
    };
    Ok(Rendered { template, flow })
}

/// A header of text, or one of another kind.
fn render_header(
    component: &str,
    part: Option<&HeaderPart>,
    given: &[Parameter],
) -> Result<(String, Option<Header>), RenderError> {
    let rich = |header| Ok((String::new(), Some(Header { header: Some(header) })));
    let fail = |expected: &str| {
        let what = format!("one parameter of type {expected} is expected");
        Err(RenderError::Format { component: component.to_owned(), what })
    };
    match (part, given) {
        (None, []) => Ok((String::new(), None)),
        (None, more) => Err(count(component, 0, more.len())),
        (Some(HeaderPart::Text(pattern)), given) => {
            Ok((fill(component, pattern, given, HEADER_CHARACTERS_MAX)?, None))
        }
        (Some(_), []) => Err(count(component, 1, 0)),
        (Some(part), [Parameter { rich: Some(given), .. }]) => match (part, given) {
            (HeaderPart::Media(form), Rich::Media(media)) if media.form() == *form => {
                rich(header::Header::Media(media.clone()))
            }
            (HeaderPart::Location, Rich::Location(place)) => rich(header::Header::Location(place.clone())),
            (HeaderPart::Product, Rich::Product(product)) => rich(header::Header::Product(product.clone())),
            (part, _) => fail(part.word()),
        },
        (Some(part), [_]) => fail(part.word()),
        (Some(_), more) => Err(count(component, 1, more.len())),
    }
}

impl HeaderPart {
    fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Media(form) => form.as_str(),
            Self::Location => "location",
            Self::Product => "product",
        }
    }
}

fn render_buttons(at: &str, buttons: &[Button], parts: &Parts) -> Result<Vec<content::Button>, RenderError> {
    let has_more = parts.buttons.iter().any(|(index, _)| *index >= buttons.len());
    if has_more {
        return Err(count(at, buttons.len(), buttons.len().saturating_add(1)));
    }
    let pressed = buttons.iter().enumerate();
    pressed.map(|(index, button)| press(&format!("{at}[{index}]"), button, parts.button(index))).collect()
}

fn render_card(number: usize, card: &Definition, parts: &Parts) -> Result<content::Card, RenderError> {
    let at = |part: &str| format!("carousel.cards[{number}].{part}");
    let (_, header) = render_header(&at("header"), card.header.as_ref(), &parts.header)?;
    let body = fill(&at("body"), &card.body, &parts.body, BODY_CHARACTERS_MAX)?;
    let buttons = render_buttons(&at("buttons"), &card.buttons, parts)?;
    Ok(content::Card { header, body, buttons })
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

fn press(at: &str, button: &Button, parameters: &[Parameter]) -> Result<content::Button, RenderError> {
    let shown = |text: &str, value: String| content::Button {
        kind: button.kind().to_owned(),
        text: text.to_owned(),
        value,
        action: None,
    };
    let opens = |text: &str, action| content::Button {
        action: Some(Action { action: Some(action) }),
        ..shown(text, String::new())
    };
    match button {
        Button::QuickReply { text } => {
            let payload = optional(at, "payload", parameters)?.unwrap_or_else(|| text.clone());
            Ok(shown(text, payload))
        }
        Button::Url { text, url } => Ok(shown(text, fill(at, url, parameters, URL_CHARACTERS_MAX)?)),
        Button::PhoneNumber { text, number } => {
            none(at, parameters)?;
            Ok(shown(text, number.clone()))
        }
        Button::CopyCode { text } => Ok(shown(text, code(at, "coupon_code", parameters)?)),
        // A one-time code is copied like any other.
        Button::Otp { text } => {
            let copied = shown(text, code(at, "text", parameters)?);
            Ok(content::Button { kind: "COPY_CODE".to_owned(), ..copied })
        }
        Button::RequestContactInfo { text } => {
            none(at, parameters)?;
            Ok(shown(text, String::new()))
        }
        Button::Flow { text, action, screen, .. } => {
            let given = given_action(at, parameters)?;
            let flow = FlowAction {
                text: text.clone(),
                token: given.flow_token,
                action: (*action).to_owned(),
                screen: screen.clone(),
                data: given.flow_data,
                ..FlowAction::default()
            };
            Ok(opens(text, action::Action::Flow(flow)))
        }
        Button::Catalog { text } => {
            let thumbnail_retailer_id = given_action(at, parameters)?.thumbnail;
            let catalog = Catalog { thumbnail_retailer_id, ..Catalog::default() };
            Ok(opens(text, action::Action::Catalog(catalog)))
        }
        Button::Products { text } => {
            let sections = given_action(at, parameters)?.sections;
            if sections.is_empty() {
                return Err(format_of(at, "a parameter of type action with its sections is expected"));
            }
            let list = ProductList { catalog_id: String::new(), sections };
            Ok(opens(text, action::Action::ProductList(list)))
        }
        // The product is that of the header.
        Button::Product { text } => {
            none(at, parameters)?;
            Ok(opens(text, action::Action::Product(ProductAction { product: None })))
        }
        Button::VoiceCall { text, ttl_minutes } => {
            let value = |kind: &str| {
                let found = parameters.iter().find(|parameter| parameter.kind == kind);
                found.and_then(|parameter| parameter.value.clone())
            };
            let minutes = value("ttl_minutes").and_then(|minutes| minutes.trim().parse().ok());
            let call = VoiceCall {
                text: text.clone(),
                // From now on: whoever accepts the message knows the time.
                expires_at: minutes.unwrap_or(*ttl_minutes).clamp(0, 43_200).saturating_mul(MINUTE_S),
                payload: value("payload").unwrap_or_default(),
            };
            Ok(opens(text, action::Action::VoiceCall(call)))
        }
        Button::OrderDetails { text } => match given_action(at, parameters)?.order {
            Some(order) => Ok(opens(text, action::Action::OrderDetails(order))),
            None => Err(format_of(at, "a parameter of type action with its order_details is expected")),
        },
    }
}

fn format_of(at: &str, what: &str) -> RenderError {
    RenderError::Format { component: at.to_owned(), what: what.to_owned() }
}

fn none(at: &str, parameters: &[Parameter]) -> Result<(), RenderError> {
    if parameters.is_empty() { Ok(()) } else { Err(count(at, 0, parameters.len())) }
}

/// What was given for a button that opens something; nothing is as good as an empty one.
fn given_action(at: &str, parameters: &[Parameter]) -> Result<ButtonAction, RenderError> {
    match parameters {
        [] => Ok(ButtonAction::default()),
        [Parameter { rich: Some(Rich::Action(action)), .. }] => Ok((**action).clone()),
        [_] => Err(format_of(at, "a parameter of type action is expected")),
        more => Err(count(at, 1, more.len())),
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
