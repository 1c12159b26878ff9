//! # What a template is made of
//!
//! Components as the Cloud API writes them, read into a shape that cannot be wrong: a header and a body with gaps, a
//! footer, buttons. Gaps are numbered (`{{1}}`) or named (`{{who}}`), one way in the whole template.
//!
//! Plaza carries text headers and the buttons QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE and OTP. What it cannot deliver
//! yet (media headers, carousels, catalogs, flows) it refuses here, by name, rather than when the template is sent.

use crate::json::{boolean, integer, list_member, member, text_member};
use serde_json::Value;

/// Characters of a text header.
pub(super) const HEADER_CHARACTERS_MAX: usize = 60;
/// Characters of a body, before and after it is filled in.
pub(super) const BODY_CHARACTERS_MAX: usize = 1024;
/// Characters of a footer.
const FOOTER_CHARACTERS_MAX: usize = 60;
/// Buttons in all.
const BUTTONS_MAX: usize = 10;
/// URL buttons.
const URL_BUTTONS_MAX: usize = 2;
/// Characters of a button's label.
const BUTTON_CHARACTERS_MAX: usize = 25;
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

/// A button below a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Button {
    QuickReply {
        text: String,
    },
    Url {
        text: String,
        url: Pattern,
    },
    PhoneNumber {
        text: String,
        number: String,
    },
    CopyCode {
        text: String,
    },
    /// A one-time code to copy.
    Otp {
        text: String,
    },
}

/// A template's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    pub(super) header: Option<Pattern>,
    pub(super) body: Pattern,
    pub(super) footer: String,
    pub(super) buttons: Vec<Button>,
}

impl Definition {
    /// Reads and checks the components.
    pub fn read(components: &Value, format: ParameterFormat) -> Result<Self, Problem> {
        let Value::Array(items) = components else {
            return Err(Problem::new("components", "a list of components is expected"));
        };
        if components.to_string().len() > COMPONENTS_BYTES_MAX {
            return Err(Problem::new("components", format!("more than {COMPONENTS_BYTES_MAX} bytes")));
        }
        let mut reader = Reader { format, definition: Self::default(), seen: Vec::new() };
        for component in items {
            reader.component(component)?;
        }
        if !reader.seen.contains(&"BODY") {
            return Err(Problem::coded(subcodes::BODY, "components", "a BODY component is needed"));
        }
        Ok(reader.definition)
    }

    /// The body as it was written, for lists.
    pub fn body_text(&self) -> String {
        self.body.fill(|name| Some(format!("{{{{{name}}}}}"))).unwrap_or_default()
    }
}

struct Reader {
    format: ParameterFormat,
    definition: Definition,
    seen: Vec<&'static str>,
}

impl Reader {
    fn component(&mut self, component: &Value) -> Result<(), Problem> {
        let kind = text_member(component, "type").unwrap_or_default().to_ascii_uppercase();
        let kind = ["HEADER", "BODY", "FOOTER", "BUTTONS"]
            .into_iter()
            .find(|known| *known == kind)
            .ok_or_else(|| {
                let what =
                    "HEADER, BODY, FOOTER or BUTTONS is expected; other components are not supported yet";
                Problem::new("components.type", format!("\"{kind}\": {what}"))
            })?;
        if self.seen.contains(&kind) {
            return Err(Problem::new("components", format!("there is more than one {kind}")));
        }
        self.seen.push(kind);
        match kind {
            "HEADER" => self.header(component),
            "BODY" => self.body(component),
            "FOOTER" => self.footer(component),
            _ => self.buttons(component),
        }
    }

    fn header(&mut self, component: &Value) -> Result<(), Problem> {
        let fail = |what: String| Problem::coded(subcodes::HEADER, "components.header", what);
        let format = text_member(component, "format").unwrap_or_else(|| "TEXT".to_owned());
        if !format.eq_ignore_ascii_case("TEXT") {
            return Err(fail(format!("format \"{format}\" is not supported yet; TEXT is")));
        }
        let text = text_member(component, "text").unwrap_or_default();
        check_length("components.header.text", &text, HEADER_CHARACTERS_MAX)?;
        let pattern = Pattern::parse(&text);
        if text.trim().is_empty() || pattern.gaps().len() > 1 {
            return Err(fail("a text with at most one parameter is expected".to_owned()));
        }
        self.check_gaps("components.header.text", &pattern, subcodes::HEADER)?;
        self.definition.header = Some(pattern);
        Ok(())
    }

    fn body(&mut self, component: &Value) -> Result<(), Problem> {
        if let Some(flag) = member(component, "add_security_recommendation") {
            self.definition.body = authentication_body(boolean(flag).unwrap_or(false));
            return Ok(());
        }
        let text = text_member(component, "text").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Problem::coded(subcodes::BODY, "components.body.text", "a text is needed"));
        }
        check_length("components.body.text", &text, BODY_CHARACTERS_MAX)?;
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
            self.definition.footer = format!("This code expires in {minutes} minutes.");
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
        let items = list_member(component, "buttons")
            .filter(|items| (1..=BUTTONS_MAX).contains(&items.len()))
            .ok_or_else(|| {
                Problem::new("components.buttons", format!("a list of 1 to {BUTTONS_MAX} is expected"))
            })?;
        for (index, item) in items.iter().enumerate() {
            let button = button(item, &format!("components.buttons[{index}]"))?;
            self.definition.buttons.push(button);
        }
        check_button_mix(&self.definition.buttons)
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

fn authentication_body(with_recommendation: bool) -> Pattern {
    let advice = if with_recommendation { " For your security, do not share this code." } else { "" };
    Pattern(vec![Piece::Gap("1".to_owned()), Piece::Text(format!(" is your verification code.{advice}"))])
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

fn button(item: &Value, at: &str) -> Result<Button, Problem> {
    let kind = text_member(item, "type").unwrap_or_default().to_ascii_uppercase();
    let label = |default: Option<&str>| {
        let text = text_member(item, "text").or_else(|| default.map(str::to_owned)).unwrap_or_default();
        if text.trim().is_empty() || text.chars().count() > BUTTON_CHARACTERS_MAX {
            let what = format!("a label of 1 to {BUTTON_CHARACTERS_MAX} characters is expected");
            return Err(Problem::new(format!("{at}.text"), what));
        }
        Ok(text)
    };
    match kind.as_str() {
        "QUICK_REPLY" => Ok(Button::QuickReply { text: label(None)? }),
        "URL" => Ok(Button::Url { text: label(None)?, url: button_url(item, at)? }),
        "PHONE_NUMBER" => {
            let number = text_member(item, "phone_number").unwrap_or_default();
            let number: plaza_protocol::PhoneNumber =
                number.parse().map_err(|error: plaza_protocol::InvalidPhoneNumber| {
                    Problem::new(format!("{at}.phone_number"), error.to_string())
                })?;
            Ok(Button::PhoneNumber { text: label(None)?, number: number.to_string() })
        }
        "COPY_CODE" => Ok(Button::CopyCode { text: label(Some("Copy offer code"))? }),
        "OTP" => Ok(Button::Otp { text: label(Some("Copy code"))? }),
        other => {
            let what = "QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE or OTP is expected; other buttons are not supported yet";
            Err(Problem::new(format!("{at}.type"), format!("\"{other}\": {what}")))
        }
    }
}

fn button_url(item: &Value, at: &str) -> Result<Pattern, Problem> {
    let text = text_member(item, "url").unwrap_or_default();
    let member = format!("{at}.url");
    check_length(&member, &text, URL_CHARACTERS_MAX)?;
    let pattern = Pattern::parse(&text);
    let sample = pattern.fill(|_| Some("x".to_owned())).unwrap_or_default();
    let is_web =
        url::Url::parse(&sample).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web {
        return Err(Problem::new(member, "an address that begins with https:// is expected"));
    }
    let gaps = pattern.gaps().len();
    if gaps > 1 || (gaps == 1 && !Pattern::is_gap(pattern.0.last())) {
        return Err(Problem::new(member, "one parameter at the very end is allowed"));
    }
    Ok(pattern)
}

fn check_button_mix(buttons: &[Button]) -> Result<(), Problem> {
    let count = |wanted: fn(&Button) -> bool| buttons.iter().filter(|button| wanted(button)).count();
    let fail = |what: &str| Err(Problem::new("components.buttons", what));
    if count(|button| matches!(button, Button::Url { .. })) > URL_BUTTONS_MAX {
        return fail("at most 2 URL buttons are allowed");
    }
    if count(|button| matches!(button, Button::PhoneNumber { .. })) > 1 {
        return fail("at most one PHONE_NUMBER button is allowed");
    }
    if count(|button| matches!(button, Button::CopyCode { .. })) > 1 {
        return fail("at most one COPY_CODE button is allowed");
    }
    let is_quick = |button: &Button| matches!(button, Button::QuickReply { .. });
    let changes =
        buttons.windows(2).filter(|pair| pair.first().map(is_quick) != pair.last().map(is_quick)).count();
    if changes > 1 {
        return fail("quick replies stand together: not before and after other buttons");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
