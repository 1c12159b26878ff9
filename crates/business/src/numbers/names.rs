//! Display names and their review.

use super::{NAME_CHARACTERS_MAX, event, log, state, store};
use crate::management::ManageError;
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks;
use crate::{Business, is_operator};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId};
use serde_json::{Value, json};

/// What makes the sandbox decline a name.
const SANDBOX_DECLINED_PREFIX: &str = "reject";

/// What the operator says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameDecision {
    /// It may be shown.
    Approve,
    /// It may not; why.
    Decline(Option<String>),
}

impl Business {
    /// The name that a number is added with.
    pub(super) fn review_first_name(&self, state: &mut store::NumberState, name: &str) {
        let word = match (self.sandbox, name.to_lowercase().starts_with(SANDBOX_DECLINED_PREFIX)) {
            (false, _) => "PENDING_REVIEW",
            (true, false) => "APPROVED",
            (true, true) => "DECLINED",
        };
        state.name_status = word.to_owned();
    }

    /// Asks for another name.
    pub(crate) async fn request_name(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        name: &str,
    ) -> Result<(), ManageError> {
        let count = name.chars().count();
        if name.trim().is_empty() || count > NAME_CHARACTERS_MAX {
            let what = format!("1 to {NAME_CHARACTERS_MAX} characters are expected");
            return Err(ManageError::invalid("new_display_name", &what));
        }
        let phone = number.phone_number_id;
        let mut state = store::state(tx, phone).await?;
        state.new_name = Some(name.to_owned());
        state.new_name_status = Some("PENDING_REVIEW".to_owned());
        store::put(tx, phone, &state).await?;
        log(ctx, tx, number, "ACCOUNT_UPDATED", "another display name was asked for").await?;
        if self.sandbox {
            let decision = if name.to_lowercase().starts_with(SANDBOX_DECLINED_PREFIX) {
                NameDecision::Decline(None)
            } else {
                NameDecision::Approve
            };
            decided(ctx, tx, number, &decision).await?;
        }
        Ok(())
    }
}

/// The operator decides on the name that a number waits for.
pub async fn decide_name(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    decision: &NameDecision,
) -> Result<(), ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    decided(ctx, tx, &number, decision).await
}

async fn decided(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    decision: &NameDecision,
) -> Result<(), ManageError> {
    let phone = number.phone_number_id;
    let mut state = store::state(tx, phone).await?;
    let (status, word, reason) = match decision {
        NameDecision::Approve => ("APPROVED", "APPROVED", Value::Null),
        NameDecision::Decline(reason) => {
            let reason = reason.as_deref().unwrap_or("NAME_FORMAT_UNACCEPTABLE");
            ("DECLINED", "REJECTED", json!(reason))
        }
    };
    let name = match &state.new_name {
        Some(name) => {
            state.new_name_status = Some(status.to_owned());
            name.clone()
        }
        None if state.name_status == "PENDING_REVIEW" => {
            state.name_status = status.to_owned();
            number.verified_name.clone()
        }
        None => return Err(ManageError::invalid("phone_number_id", "no name of it waits for review")),
    };
    store::put(tx, phone, &state).await?;
    let value = json!({
        "display_phone_number": number.number.digits(),
        "decision": word,
        "requested_verified_name": name,
        "rejection_reason": reason,
    });
    Ok(webhooks::emit(ctx, tx, vec![event(number, "phone_number_name_update", value)]).await?)
}

/// The numbers whose name waits for review. For the operator.
pub async fn waiting_names(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<(BusinessNumber, String)>, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let mut waiting = Vec::new();
    for phone in store::waiting_names(tx).await? {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let name = state(ctx, tx, phone).await?.new_name.unwrap_or_else(|| number.verified_name.clone());
        waiting.push((number, name));
    }
    Ok(waiting)
}
