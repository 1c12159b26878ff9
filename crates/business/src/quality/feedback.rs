//! # What people say of a business
//!
//! A person blocks a number, lets it write again, reports it, or wants no more of its advertising. Their client says so
//! to the number's host, encrypted like any message; it stands in no conversation, and opens no customer-service
//! window. The business never learns who blocked or reported it: it sees a rating. Whoever wants no advertising is told
//! to its webhooks (`user_preferences`), and its marketing templates to them are refused with 131050.

use super::RATED_OVER;
use super::store::{self, BLOCKED, REPORTED};
use crate::contacts::Contact;
use crate::messages;
use crate::portfolios::BusinessNumber;
use crate::webhooks::{self, Event, payload};
use plaza_db::{DbError, Tx};
use plaza_protocol::content::{Feedback, Opinion};
use plaza_protocol::{AccountId, Ctx, PortfolioId};
use serde_json::json;

/// Takes in what a person said.
pub(crate) async fn said(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    contact: &Contact,
    feedback: &Feedback,
) -> Result<(), DbError> {
    let (phone, account) = (number.phone_number_id, contact.account);
    match feedback.opinion() {
        Opinion::Blocked => complain(ctx, tx, number, account, BLOCKED).await,
        Opinion::Unblocked => {
            store::unsay(tx, phone, account, BLOCKED).await?;
            store::set_due(ctx, tx, phone.0).await
        }
        Opinion::Reported => complain(ctx, tx, number, account, REPORTED).await,
        Opinion::MarketingStopped => {
            store::stop_marketing(ctx, tx, number.portfolio_id, account).await?;
            prefers(ctx, tx, number, contact, ("stop", "User requested to stop marketing messages")).await
        }
        Opinion::MarketingResumed => {
            store::resume_marketing(tx, number.portfolio_id, account).await?;
            prefers(ctx, tx, number, contact, ("resume", "User requested to resume marketing messages")).await
        }
        // It counts as a report too, and the operator looks at it.
        Opinion::Impersonates => {
            crate::verification::report(ctx, tx, number, account).await?;
            complain(ctx, tx, number, account, REPORTED).await
        }
        // A newer client's.
        Opinion::Unknown => Ok(()),
    }
}

async fn complain(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
    kind: &'static str,
) -> Result<(), DbError> {
    let phone = number.phone_number_id;
    let template = store::last_template(tx, phone, account, ctx.now() - RATED_OVER).await?;
    store::say(ctx, tx, phone, account, kind, template).await?;
    store::set_due(ctx, tx, phone.0).await?;
    match template {
        Some(template) => store::set_due(ctx, tx, template.0).await,
        None => Ok(()),
    }
}

async fn prefers(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    contact: &Contact,
    (value, detail): (&str, &str),
) -> Result<(), DbError> {
    let preference = json!({
        "wa_id": contact.number.digits(),
        "user_id": contact.user_id,
        "detail": detail,
        "category": "marketing_messages",
        "value": value,
        "timestamp": ctx.now().seconds(),
    });
    let event = Event {
        portfolio: number.portfolio_id,
        waba: number.waba_id,
        phone: Some(number.phone_number_id),
        field: webhooks::PREFERENCES,
        lane: messages::lane(contact.account),
        value: payload::value(number, std::slice::from_ref(contact), webhooks::PREFERENCES, vec![preference]),
    };
    webhooks::emit(ctx, tx, vec![event]).await
}

/// Whether somebody wants no advertising of a business.
pub(crate) async fn wants_no_marketing(
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
) -> Result<bool, DbError> {
    store::has_stopped(tx, portfolio, account).await
}
