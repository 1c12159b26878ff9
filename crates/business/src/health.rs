//! # Can it send?
//!
//! What stands between a node and a sent message: the node itself, its account, the business and the app, each with
//! what is wrong and what to do. The whole is as good as its worst part.

use crate::codes;
use crate::management::ManageError;
use crate::numbers;
use crate::portfolios::{self, BusinessNumber, Waba};
use crate::quality::Rating;
use crate::reach;
use crate::standing;
use crate::templates::{self, Status};
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx, Micros, PhoneNumberId, PortfolioId, TemplateId, WabaId};
use serde_json::{Value, json};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A phone number.
    Phone(PhoneNumberId),
    /// A template.
    Template(TemplateId),
    /// An account.
    Waba(WabaId),
    /// A business.
    Business(PortfolioId),
}

struct Part {
    kind: &'static str,
    id: String,
    level: usize,
    infos: Vec<String>,
    errors: Vec<Value>,
}

/// From here on a messaging limit that fills up limits the health.
const TOLD_FROM_PERCENT: i64 = 80;
const LEVELS: [&str; 3] = ["AVAILABLE", "LIMITED", "BLOCKED"];

impl Part {
    fn new(kind: &'static str, id: impl ToString) -> Self {
        Self { kind, id: id.to_string(), level: 0, infos: Vec::new(), errors: Vec::new() }
    }

    fn blocked(&mut self, code: i64, what: &str, solution: &str) {
        self.level = 2;
        self.errors
            .push(json!({"error_code": code, "error_description": what, "possible_solution": solution}));
    }

    fn limited(&mut self, info: impl Into<String>) {
        self.level = self.level.max(1);
        self.infos.push(info.into());
    }

    fn view(&self) -> Value {
        let mut view = json!({"entity_type": self.kind, "id": self.id, "can_send_message": word(self.level)});
        if let Some(members) = view.as_object_mut() {
            if !self.infos.is_empty() {
                members.insert("additional_info".to_owned(), json!(self.infos));
            }
            if !self.errors.is_empty() {
                members.insert("errors".to_owned(), json!(self.errors));
            }
        }
        view
    }
}

fn word(level: usize) -> &'static str {
    LEVELS.get(level).copied().unwrap_or("BLOCKED")
}

/// The `health_status` of a node.
pub async fn of(ctx: &Ctx, tx: &mut Tx, subject: Subject) -> Result<Value, ManageError> {
    let mut parts = Vec::new();
    let waba = match subject {
        Subject::Phone(phone) => {
            let number = portfolios::phone_number(ctx, tx, phone).await?;
            parts.push(of_number(tx, &number).await?);
            Some(portfolios::waba(ctx, tx, number.waba_id).await?)
        }
        Subject::Template(template) => {
            let template = templates::get(ctx, tx, template).await.map_err(|error| match error {
                templates::TemplateError::Db(error) => ManageError::Db(error),
                _ => ManageError::NotFound,
            })?;
            let mut part = Part::new("MESSAGE_TEMPLATE", template.template_id);
            if template.status != Status::Approved {
                let what = format!("the template is {}", template.status.as_str());
                part.blocked(141_002, &what, "Wait for its approval, or edit it and hand it in again.");
            } else if template.quality.0 >= Rating::Yellow {
                part.limited(format!(
                    "Its quality is {}: people complain about it, or do not read it. RED pauses it.",
                    template.quality.0.as_str()
                ));
            }
            parts.push(part);
            Some(portfolios::waba(ctx, tx, template.waba_id).await?)
        }
        Subject::Waba(waba) => Some(portfolios::waba(ctx, tx, waba).await?),
        Subject::Business(_) => None,
    };
    let portfolio = match (&waba, subject) {
        (Some(waba), _) => waba.portfolio_id,
        (None, Subject::Business(portfolio)) => portfolio,
        (None, _) => return Err(ManageError::NotFound),
    };
    if let Some(waba) = &waba {
        parts.push(of_account(ctx, tx, waba).await?);
    }
    parts.push(of_business(ctx, tx, portfolio).await?);
    if let Actor::App { app, .. } = ctx.actor() {
        parts.push(Part::new("APP", app));
    }
    let worst = parts.iter().map(|part| part.level).max().unwrap_or_default();
    let entities: Vec<Value> = parts.iter().map(Part::view).collect();
    Ok(json!({"can_send_message": word(worst), "entities": entities}))
}

/// The messaging limit is told before it is reached. At its end the business can still write to those who wrote to it.
async fn of_business(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Part, ManageError> {
    let mut part = Part::new("BUSINESS", portfolio);
    let standing = reach::standing(ctx, tx, portfolio).await?;
    if let Some(reach) = standing.reach {
        let used = format!(
            "{} of {} people were written to outside the customer-service window within 24 hours ({}).",
            reach.people,
            reach.people_max,
            standing.tier.as_str()
        );
        if reach.people >= reach.people_max {
            part.limited(used);
            part.errors.push(json!({
                "error_code": codes::MESSAGING_LIMIT.number,
                "error_description": "the messaging limit is used up",
                "possible_solution": "Write to people who wrote to you, or wait until 24 hours are over.",
            }));
        } else if reach.percent() >= TOLD_FROM_PERCENT {
            part.limited(used);
        } else {
            part.infos.push(used);
        }
    }
    Ok(part)
}

async fn of_number(tx: &mut Tx, number: &BusinessNumber) -> Result<Part, ManageError> {
    let mut part = Part::new("PHONE_NUMBER", number.phone_number_id);
    let state = numbers::store::state(tx, number.phone_number_id).await?;
    if state.verification != "VERIFIED" {
        part.blocked(133_006, "the phone number is not verified", "Request a code and verify it.");
    } else if number.status != portfolios::BANNED && !number.is_registered {
        part.blocked(133_010, "the phone number is not registered", "Register it with its PIN.");
    }
    if Rating::parse(&number.quality).is_some_and(|rating| rating >= Rating::Yellow) {
        part.limited(format!(
            "Its quality is {}: people block or report it. While it is RED the messaging limit does not rise.",
            number.quality
        ));
    }
    if state.name_status != "APPROVED" {
        part.limited("The display name is not approved yet.");
    }
    Ok(part)
}

async fn of_account(ctx: &Ctx, tx: &mut Tx, waba: &Waba) -> Result<Part, ManageError> {
    let mut part = Part::new("WABA", waba.waba_id);
    match standing::of(tx, waba.waba_id).await?.map(|standing| standing.state) {
        Some(standing::State::Disabled) => {
            part.blocked(codes::LOCKED.number, "the operator has stopped this account", "Ask the operator.");
        }
        Some(standing::State::Restricted) => {
            part.limited(
                "The operator has restricted this account: it may answer, and writes to nobody first.",
            );
        }
        Some(standing::State::Active) | None => {}
    }
    let available = plaza_billing::funds::available(ctx, tx, waba.portfolio_id).await;
    let available = available.map_err(|error| match error {
        plaza_billing::BillingError::Db(error) => ManageError::Db(error),
        _ => ManageError::NotFound,
    })?;
    if available <= Micros::ZERO {
        part.blocked(141_006, "the balance is used up", "Top up, or ask the operator for credit.");
    }
    Ok(part)
}
