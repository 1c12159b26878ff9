//! # What a template is made of
//!
//! Components as the Cloud API writes them, read into a shape that cannot be wrong: a header of text, a file, a place
//! or a product; a body with gaps; a footer; buttons; cards to leaf through, each with the same parts; an offer that
//! ends. Gaps are numbered (`{{1}}`) or named (`{{who}}`), one way in the whole template.
//!
//! [`buttons`](self::button) stand in a file of their own.

mod button;

pub(super) use button::Button;
pub use button::FlowName;

use super::wording::{self, Wording};
use crate::json::{boolean, integer, list_member, member, text_member};
use plaza_protocol::content::MediaForm;
use serde_json::Value;

/// Characters of a text header.
pub(super) const HEADER_CHARACTERS_MAX: usize = 60;
/// Characters of a body, before and after it is filled in.
pub(super) const BODY_CHARACTERS_MAX: usize = 1024;
/// Characters of a footer.
const FOOTER_CHARACTERS_MAX: usize = 60;
/// Cards of a carousel.
const CARDS_MIN: usize = 2;
const CARDS_MAX: usize = 10;
/// Characters of a card's body.
const CARD_BODY_CHARACTERS_MAX: usize = 160;
/// Characters of an offer.
const OFFER_CHARACTERS_MAX: usize = 16;
/// Characters of a button's address.
pub(super) const URL_CHARACTERS_MAX: usize = 2000;
/// Characters of a code to copy.
pub(super) const CODE_CHARACTERS_MAX: usize = 20;
/// Bytes of all components together, as JSON.
const COMPONENTS_BYTES_MAX: usize = 64 * 1024;

/// Error subcodes of template creation, beside code 100.
pub mod subcodes {
    /// A text is too long.
    pub const TOO_LONG: i64 = 2_388_040;
    /// The header is malformed.
    pub const HEADER: i64 = 2_388_047;
    /// The body is malformed.
    pub const BODY: i64 = 2_388_072;
    /// The footer is malformed.
    pub const FOOTER: i64 = 2_388_073;
    /// Too many gaps for so few words.
    pub const TOO_FEW_WORDS: i64 = 2_388_293;
    /// A gap begins or ends the body.
    pub const GAP_AT_THE_EDGE: i64 = 2_388_299;
    /// The account has as many templates as it may.
    pub const TOO_MANY: i64 = 2_388_019;
    /// There is a template of this name in this language.
    pub const NAME_TAKEN: i64 = 2_388_024;
}

/// Why components are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {what}")]
pub struct Problem {
    /// The member at fault.
    pub member: String,
    /// What is wrong, and what is expected.
    pub what: String,
    /// The Cloud API's subcode, where it has one.
    pub subcode: Option<i64>,
}

impl Problem {
    pub(super) fn new(member: impl Into<String>, what: impl Into<String>) -> Self {
        Self { member: member.into(), what: what.into(), subcode: None }
    }

    fn coded(subcode: i64, member: impl Into<String>, what: impl Into<String>) -> Self {
        Self { member: member.into(), what: what.into(), subcode: Some(subcode) }
    }
}

/// How gaps are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterFormat {
    /// `{{1}}`, `{{2}}`, …
    Positional,
    /// `{{who}}`.
    Named,
}

impl ParameterFormat {
    /// The word of the Cloud API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positional => "POSITIONAL",
            Self::Named => "NAMED",
        }
    }

    /// Reads the word, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Positional, Self::Named].into_iter().find(|format| format.as_str().eq_ignore_ascii_case(text))
    }
}

/// A text with gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pattern(pub(super) Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Gap(String),
}

impl Pattern {
    /// Reads `{{name}}` marks. A brace pair that holds no name is text.
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            plain.push_str(before);
            match after.split_once("}}") {
                Some((name, behind)) if is_gap_name(name.trim()) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Gap(name.trim().to_owned()));
                    rest = behind;
                }
                _ => {
                    plain.push_str("{{");
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Self(pieces)
    }

    /// The names of the gaps, each once, in the order in which values are expected.
    pub(super) fn gaps(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for piece in &self.0 {
            if let Piece::Gap(name) = piece
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        // Positions may stand in any order in the text; values come in the order of the numbers.
        if names.iter().all(|name| name.parse::<u32>().is_ok()) {
            names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
        }
        names
    }

    /// The text with the gaps filled by `value`.
    pub(super) fn fill(&self, mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Gap(name) => text.push_str(&value(name)?),
            }
            Some(text)
        })
    }

    fn is_gap(piece: Option<&Piece>) -> bool {
        matches!(piece, Some(Piece::Gap(_)))
    }
}

fn is_gap_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What stands above the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderPart {
    Text(Pattern),
    /// A file that comes with each message.
    Media(MediaForm),
    Location,
    Product,
}

/// An offer that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) text: String,
    /// Whether each message says when.
    pub(super) has_expiration: bool,
}

/// A template's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    pub(super) header: Option<HeaderPart>,
    pub(super) body: Pattern,
    pub(super) footer: String,
    pub(super) buttons: Vec<Button>,
    /// Each with a header, buttons and perhaps a body.
    pub(super) cards: Vec<Definition>,
    pub(super) offer: Option<Offer>,
    /// It asks whether the business may call.
    pub(super) asks_to_call: bool,
}

impl Definition {
    /// Reads and checks the components of a template in English, or of one that brings its own words.
    #[cfg(test)]
    pub(super) fn read(components: &Value, format: ParameterFormat) -> Result<Self, Problem> {
        Self::read_in(components, format, "en")
    }

    /// Reads and checks the components of a template in a language.
    pub fn read_in(components: &Value, format: ParameterFormat, language: &str) -> Result<Self, Problem> {
        let Value::Array(items) = components else {
            return Err(Problem::new("components", "a list of components is expected"));
        };
        if components.to_string().len() > COMPONENTS_BYTES_MAX {
            return Err(Problem::new("components", format!("more than {COMPONENTS_BYTES_MAX} bytes")));
        }
        Self::parts(items, (format, wording::of(language)), None)
    }

    /// Reads the parts of a template, or of the card with this number.
    fn parts(
        items: &[Value],
        (format, wording): (ParameterFormat, &'static Wording),
        card: Option<usize>,
    ) -> Result<Self, Problem> {
        let at =
            card.map_or_else(|| "components".to_owned(), |card| format!("components.carousel.cards[{card}]"));
        let mut reader = Reader { format, wording, definition: Self::default(), seen: Vec::new(), card, at };
        for component in items {
            reader.component(component)?;
        }
        let needed = if card.is_some() { "HEADER" } else { "BODY" };
        if !reader.seen.contains(&needed) {
            let subcode = if card.is_some() { subcodes::HEADER } else { subcodes::BODY };
            return Err(Problem::coded(subcode, reader.at, format!("a {needed} component is needed")));
        }
        Ok(reader.definition)
    }

    /// What a card looks like: all cards of a carousel look alike.
    fn shape(&self) -> Vec<&'static str> {
        let header = match &self.header {
            Some(HeaderPart::Media(form)) => form.as_str(),
            Some(HeaderPart::Product) => "product",
            _ => "",
        };
        let has_body = if self.body.0.is_empty() { "" } else { "body" };
        [header, has_body].into_iter().chain(self.buttons.iter().map(Button::kind)).collect()
    }

    /// The body as it was written, for lists.
    pub fn body_text(&self) -> String {
        self.body.fill(|name| Some(format!("{{{{{name}}}}}"))).unwrap_or_default()
    }
}

struct Reader {
    format: ParameterFormat,
    wording: &'static Wording,
    definition: Definition,
    seen: Vec<&'static str>,
    /// The number of the card, in a card.
    card: Option<usize>,
    /// The way to the parts.
    at: String,
}

impl Reader {
    fn component(&mut self, component: &Value) -> Result<(), Problem> {
        let kind = text_member(component, "type").unwrap_or_default().to_ascii_uppercase();
        let known: &[&str] = match self.card {
            None => &[
                "HEADER",
                "BODY",
                "FOOTER",
                "BUTTONS",
                "CAROUSEL",
                "LIMITED_TIME_OFFER",
                "CALL_PERMISSION_REQUEST",
            ],
            Some(_) => &["HEADER", "BODY", "BUTTONS"],
        };
        let kind = known.iter().copied().find(|known| *known == kind).ok_or_else(|| {
            let what = format!("\"{kind}\": one of {} is expected", known.join(", "));
            Problem::new(format!("{}.type", self.at), what)
        })?;
        if self.seen.contains(&kind) {
            return Err(Problem::new(self.at.clone(), format!("there is more than one {kind}")));
        }
        self.seen.push(kind);
        match kind {
            "HEADER" => self.header(component),
            "BODY" => self.body(component),
            "FOOTER" => self.footer(component),
            "CAROUSEL" => self.carousel(component),
            "LIMITED_TIME_OFFER" => self.offer(component),
            "CALL_PERMISSION_REQUEST" => {
                self.definition.asks_to_call = true;
                Ok(())
            }
            _ => self.buttons(component),
        }
    }

    fn header(&mut self, component: &Value) -> Result<(), Problem> {
        let member = format!("{}.header", self.at);
        let format =
            text_member(component, "format").unwrap_or_else(|| "TEXT".to_owned()).to_ascii_lowercase();
        let header = match format.as_str() {
            "text" if self.card.is_none() => HeaderPart::Text(self.header_text(component)?),
            "location" if self.card.is_none() => HeaderPart::Location,
            "product" => HeaderPart::Product,
            "image" | "video" => HeaderPart::Media(MediaForm::parse(&format).unwrap_or(MediaForm::Unknown)),
            "gif" | "document" if self.card.is_none() => {
                HeaderPart::Media(MediaForm::parse(&format).unwrap_or(MediaForm::Unknown))
            }
            _ => {
                let what = match self.card {
                    None => "TEXT, IMAGE, VIDEO, GIF, DOCUMENT, LOCATION or PRODUCT is expected",
                    Some(_) => "IMAGE, VIDEO or PRODUCT is expected",
                };
                return Err(Problem::coded(subcodes::HEADER, format!("{member}.format"), what));
            }
        };
        if matches!(header, HeaderPart::Media(_)) && !has_sample(component) {
            let what = "a sample is needed: the handle of an uploaded file in a list";
            return Err(Problem::coded(subcodes::HEADER, format!("{member}.example.header_handle"), what));
        }
        self.definition.header = Some(header);
        Ok(())
    }

    fn header_text(&self, component: &Value) -> Result<Pattern, Problem> {
        let text = text_member(component, "text").unwrap_or_default();
        check_length("components.header.text", &text, HEADER_CHARACTERS_MAX)?;
        let pattern = Pattern::parse(&text);
        if text.trim().is_empty() || pattern.gaps().len() > 1 {
            let what = "a text with at most one parameter is expected";
            return Err(Problem::coded(subcodes::HEADER, "components.header", what));
        }
        self.check_gaps("components.header.text", &pattern, subcodes::HEADER)?;
        Ok(pattern)
    }

    fn carousel(&mut self, component: &Value) -> Result<(), Problem> {
        let cards =
            list_member(component, "cards").filter(|cards| (CARDS_MIN..=CARDS_MAX).contains(&cards.len()));
        let cards = cards.ok_or_else(|| {
            Problem::new(
                "components.carousel.cards",
                format!("a list of {CARDS_MIN} to {CARDS_MAX} is expected"),
            )
        })?;
        for (number, card) in cards.iter().enumerate() {
            let at = format!("components.carousel.cards[{number}]");
            let parts = list_member(card, "components")
                .ok_or_else(|| Problem::new(format!("{at}.components"), "a list is expected"))?;
            let card = Definition::parts(parts, (self.format, self.wording), Some(number))?;
            if self.definition.cards.first().is_some_and(|first| first.shape() != card.shape()) {
                let what = "all cards have the same kind of header and the same kinds of buttons";
                return Err(Problem::new(at, what));
            }
            self.definition.cards.push(card);
        }
        Ok(())
    }

    fn offer(&mut self, component: &Value) -> Result<(), Problem> {
        let at = "components.limited_time_offer";
        let offer = member(component, "limited_time_offer").unwrap_or(component);
        let text = text_member(offer, "text").unwrap_or_default();
        check_length(&format!("{at}.text"), &text, OFFER_CHARACTERS_MAX)?;
        if text.trim().is_empty() {
            return Err(Problem::new(format!("{at}.text"), "a text is needed"));
        }
        let has_expiration = member(offer, "has_expiration").and_then(boolean).unwrap_or(false);
        self.definition.offer = Some(Offer { text, has_expiration });
        Ok(())
    }

    fn body(&mut self, component: &Value) -> Result<(), Problem> {
        if let Some(flag) = member(component, "add_security_recommendation") {
            self.definition.body = authentication_body(self.wording, boolean(flag).unwrap_or(false));
            return Ok(());
        }
        let text = text_member(component, "text").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Problem::coded(subcodes::BODY, "components.body.text", "a text is needed"));
        }
        let max = if self.card.is_some() { CARD_BODY_CHARACTERS_MAX } else { BODY_CHARACTERS_MAX };
        check_length("components.body.text", &text, max)?;
        let pattern = Pattern::parse(&text);
        self.check_gaps("components.body.text", &pattern, subcodes::BODY)?;
        check_edges(&pattern)?;
        check_words(&pattern)?;
        self.definition.body = pattern;
        Ok(())
    }

    fn footer(&mut self, component: &Value) -> Result<(), Problem> {
        if let Some(minutes) = member(component, "code_expiration_minutes") {
            let minutes = integer(minutes).filter(|minutes| (1..=90).contains(minutes)).ok_or_else(|| {
                Problem::coded(
                    subcodes::FOOTER,
                    "components.footer.code_expiration_minutes",
                    "1 to 90 is expected",
                )
            })?;
            self.definition.footer = self.wording.expiry(minutes);
            return Ok(());
        }
        let text = text_member(component, "text").unwrap_or_default();
        check_length("components.footer.text", &text, FOOTER_CHARACTERS_MAX)?;
        if text.trim().is_empty() || !Pattern::parse(&text).gaps().is_empty() {
            return Err(Problem::coded(
                subcodes::FOOTER,
                "components.footer.text",
                "a text without parameters is expected",
            ));
        }
        self.definition.footer = text;
        Ok(())
    }

    fn buttons(&mut self, component: &Value) -> Result<(), Problem> {
        let at = format!("{}.buttons", self.at);
        let buttons = button::read(component, &at, self.wording.copy)?;
        if let Some(wrong) =
            buttons.iter().position(|button| self.card.is_some() && !button.may_stand_on_card())
        {
            let what =
                "a card has QUICK_REPLY, URL, PHONE_NUMBER and SPM buttons; put this one below the message";
            return Err(Problem::new(format!("{at}[{wrong}].type"), what));
        }
        self.definition.buttons = buttons;
        Ok(())
    }

    /// Gaps are of the template's format, and positions run from 1 without a hole.
    fn check_gaps(&self, member: &str, pattern: &Pattern, subcode: i64) -> Result<(), Problem> {
        let gaps = pattern.gaps();
        let what = match self.format {
            ParameterFormat::Positional => {
                let expected = (1..=gaps.len()).map(|position| position.to_string());
                if expected.eq(gaps.iter().map(|gap| (*gap).to_owned())) {
                    return Ok(());
                }
                "parameters are numbered {{1}}, {{2}}, … without a hole; for names say \"parameter_format\":\"named\""
            }
            ParameterFormat::Named => {
                let is_name = |gap: &&str| {
                    gap.starts_with(|first: char| first.is_ascii_lowercase())
                        && !gap.bytes().any(|byte| byte.is_ascii_uppercase())
                };
                if gaps.iter().all(is_name) {
                    return Ok(());
                }
                "a parameter's name has lower-case letters, digits and _ and begins with a letter"
            }
        };
        Err(Problem::coded(subcode, member, what))
    }
}

/// What an authentication template says in a language, with the code's gap as it is written.
pub(super) fn authentication_text(wording: &Wording, with_recommendation: bool) -> String {
    let body = authentication_body(wording, with_recommendation);
    body.fill(|name| Some(format!("{{{{{name}}}}}"))).unwrap_or_default()
}

fn authentication_body(wording: &Wording, with_recommendation: bool) -> Pattern {
    let (before, behind) = wording.around(with_recommendation);
    let text = |text: String| (!text.is_empty()).then_some(Piece::Text(text));
    let pieces = [text(before), Some(Piece::Gap("1".to_owned())), text(behind)];
    Pattern(pieces.into_iter().flatten().collect())
}

fn check_length(member: &str, text: &str, max: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if length <= max {
        return Ok(());
    }
    Err(Problem::coded(subcodes::TOO_LONG, member, format!("{length} characters; at most {max} are allowed")))
}

fn check_edges(pattern: &Pattern) -> Result<(), Problem> {
    if Pattern::is_gap(pattern.0.first()) || Pattern::is_gap(pattern.0.last()) {
        let what = "a parameter cannot be the first or the last of the text: put words around it";
        return Err(Problem::coded(subcodes::GAP_AT_THE_EDGE, "components.body.text", what));
    }
    let adjacent = pattern.0.windows(2).any(|pair| pair.iter().all(|piece| Pattern::is_gap(Some(piece))));
    if adjacent {
        let what = "parameters cannot stand next to each other: put words between them";
        return Err(Problem::coded(subcodes::BODY, "components.body.text", what));
    }
    Ok(())
}

/// A template must say something by itself: at least as many words as parameters.
fn check_words(pattern: &Pattern) -> Result<(), Problem> {
    let gaps = pattern.gaps().len();
    let words: usize = pattern
        .0
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => {
                text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
            }
            Piece::Gap(_) => 0,
        })
        .sum();
    if words >= gaps {
        return Ok(());
    }
    let what =
        format!("{gaps} parameters for {words} words are too many: write more words or fewer parameters");
    Err(Problem::coded(subcodes::TOO_FEW_WORDS, "components.body.text", what))
}

/// Whether a header comes with a sample, in any of the forms in which clients write it.
fn has_sample(component: &Value) -> bool {
    let Some(example) = member(component, "example") else { return false };
    ["header_handle", "header_url"].iter().any(|name| match member(example, name) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
