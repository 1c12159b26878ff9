//! Buttons of a template: what each is made of, and which may stand together.

use super::{Pattern, Problem, URL_CHARACTERS_MAX, check_length};
use crate::json::{integer, list_member, member, text_member};
use serde_json::Value;

/// Buttons in all.
const BUTTONS_MAX: usize = 10;
/// Characters of a button's label.
const BUTTON_CHARACTERS_MAX: usize = 25;

/// A button below a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::templates) enum Button {
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
    /// A form.
    Flow {
        text: String,
        /// Its id or name.
        flow: FlowName,
        /// `navigate` or `data_exchange`.
        action: &'static str,
        screen: String,
    },
    Catalog {
        text: String,
    },
    /// Several products.
    Products {
        text: String,
    },
    /// The product of the header.
    Product {
        text: String,
    },
    VoiceCall {
        text: String,
        ttl_minutes: i64,
    },
    OrderDetails {
        text: String,
    },
    RequestContactInfo {
        text: String,
    },
}

/// A form by its id or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowName {
    /// Its id.
    Id(i64),
    /// Its name, unique in an account.
    Name(String),
}

impl Button {
    /// The word of the Cloud API.
    pub(in crate::templates) fn kind(&self) -> &'static str {
        match self {
            Self::QuickReply { .. } => "QUICK_REPLY",
            Self::Url { .. } => "URL",
            Self::PhoneNumber { .. } => "PHONE_NUMBER",
            Self::CopyCode { .. } => "COPY_CODE",
            Self::Otp { .. } => "OTP",
            Self::Flow { .. } => "FLOW",
            Self::Catalog { .. } => "CATALOG",
            Self::Products { .. } => "MPM",
            Self::Product { .. } => "SPM",
            Self::VoiceCall { .. } => "VOICE_CALL",
            Self::OrderDetails { .. } => "ORDER_DETAILS",
            Self::RequestContactInfo { .. } => "REQUEST_CONTACT_INFO",
        }
    }

    /// Whether a card of a carousel may have it: what opens more than a page or a call belongs to the whole message.
    pub(super) fn may_stand_on_card(&self) -> bool {
        matches!(
            self,
            Self::QuickReply { .. } | Self::Url { .. } | Self::PhoneNumber { .. } | Self::Product { .. }
        )
    }

    /// How many of this kind a template may have.
    fn most(&self) -> usize {
        match self {
            Self::QuickReply { .. } => BUTTONS_MAX,
            Self::Url { .. } => 2,
            _ => 1,
        }
    }
}

/// Reads the `buttons` of a component that stands at `at`; `copy_code` is what stands on one that copies, unless it
/// says.
pub(super) fn read(component: &Value, at: &str, copy_code: &str) -> Result<Vec<Button>, Problem> {
    let items = list_member(component, "buttons").filter(|items| (1..=BUTTONS_MAX).contains(&items.len()));
    let items = items.ok_or_else(|| Problem::new(at, format!("a list of 1 to {BUTTONS_MAX} is expected")))?;
    let buttons: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| button(item, &format!("{at}[{index}]"), copy_code))
        .collect::<Result<_, _>>()?;
    check_mix(&buttons, at)?;
    Ok(buttons)
}

fn button(item: &Value, at: &str, copy_code: &str) -> Result<Button, Problem> {
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
        "OTP" => otp(item, at, label(Some(copy_code))?),
        "FLOW" => flow(item, at, label(None)?),
        "CATALOG" => Ok(Button::Catalog { text: label(Some("View catalog"))? }),
        "MPM" => Ok(Button::Products { text: label(Some("View items"))? }),
        "SPM" => Ok(Button::Product { text: label(Some("View"))? }),
        "VOICE_CALL" => {
            let ttl_minutes = member(item, "ttl_minutes").map_or(Some(0), integer);
            let ttl_minutes = ttl_minutes.filter(|minutes| (0..=43_200).contains(minutes));
            let ttl_minutes = ttl_minutes
                .ok_or_else(|| Problem::new(format!("{at}.ttl_minutes"), "1 to 43200 is expected"))?;
            Ok(Button::VoiceCall { text: label(Some("Call now"))?, ttl_minutes })
        }
        "ORDER_DETAILS" => Ok(Button::OrderDetails { text: label(Some("Review and pay"))? }),
        "REQUEST_CONTACT_INFO" => Ok(Button::RequestContactInfo { text: label(Some("Share contact info"))? }),
        other => {
            let what = "QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, OTP, FLOW, CATALOG, MPM, SPM, VOICE_CALL, \
                        ORDER_DETAILS or REQUEST_CONTACT_INFO is expected";
            Err(Problem::new(format!("{at}.type"), format!("\"{other}\": {what}")))
        }
    }
}

/// A one-time code: copied, or filled in by an app that is named here.
fn otp(item: &Value, at: &str, text: String) -> Result<Button, Problem> {
    let kind = text_member(item, "otp_type").unwrap_or_else(|| "COPY_CODE".to_owned()).to_ascii_uppercase();
    if !matches!(kind.as_str(), "COPY_CODE" | "ONE_TAP" | "ZERO_TAP") {
        let what = "COPY_CODE, ONE_TAP or ZERO_TAP is expected";
        return Err(Problem::new(format!("{at}.otp_type"), what));
    }
    if kind == "COPY_CODE" {
        return Ok(Button::Otp { text });
    }
    let apps = list_member(item, "supported_apps").unwrap_or_default();
    let is_old_form = member(item, "package_name").is_some() && member(item, "signature_hash").is_some();
    if apps.is_empty() && !is_old_form {
        let what =
            format!("{kind} names the apps that fill the code in, each with package_name and signature_hash");
        return Err(Problem::new(format!("{at}.supported_apps"), what));
    }
    for (number, app) in apps.iter().enumerate() {
        let name = text_member(app, "package_name").unwrap_or_default();
        let hash = text_member(app, "signature_hash").unwrap_or_default();
        if !name.contains('.') || hash.chars().count() != 11 {
            let what = "package_name as com.example.app and signature_hash of 11 characters are expected";
            return Err(Problem::new(format!("{at}.supported_apps[{number}]"), what));
        }
    }
    let accepted = member(item, "zero_tap_terms_accepted").and_then(crate::json::boolean).unwrap_or(false);
    if kind == "ZERO_TAP" && !accepted {
        let what = "ZERO_TAP needs zero_tap_terms_accepted: true";
        return Err(Problem::new(format!("{at}.zero_tap_terms_accepted"), what));
    }
    Ok(Button::Otp { text })
}

fn flow(item: &Value, at: &str, text: String) -> Result<Button, Problem> {
    let named = |name| text_member(item, name).filter(|text: &String| !text.trim().is_empty());
    let flow = match (named("flow_id"), named("flow_name")) {
        (Some(id), _) => FlowName::Id(
            id.trim()
                .parse()
                .map_err(|_| Problem::new(format!("{at}.flow_id"), "the id of a flow is expected"))?,
        ),
        (None, Some(name)) => FlowName::Name(name),
        (None, None) => {
            return Err(Problem::new(format!("{at}.flow_id"), "flow_id or flow_name is needed"));
        }
    };
    let action = match named("flow_action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "navigate" => "navigate",
        "data_exchange" => "data_exchange",
        _ => return Err(Problem::new(format!("{at}.flow_action"), "navigate or data_exchange is expected")),
    };
    let screen = named("navigate_screen").unwrap_or_default();
    Ok(Button::Flow { text, flow, action, screen })
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

fn check_mix(buttons: &[Button], at: &str) -> Result<(), Problem> {
    for button in buttons {
        let count = buttons.iter().filter(|other| other.kind() == button.kind()).count();
        if count > button.most() {
            let what = format!("at most {} {} buttons are allowed", button.most(), button.kind());
            return Err(Problem::new(at, what));
        }
    }
    let is_quick = |button: &Button| matches!(button, Button::QuickReply { .. });
    let changes =
        buttons.windows(2).filter(|pair| pair.first().map(is_quick) != pair.last().map(is_quick)).count();
    if changes > 1 {
        return Err(Problem::new(at, "quick replies stand together: not before and after other buttons"));
    }
    Ok(())
}
