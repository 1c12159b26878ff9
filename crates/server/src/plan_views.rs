//! Plans, subscriptions and applications as JSON, the same for the business and the operator.

use crate::documents;
use crate::problem::Problem;
use plaza_billing::plans::{Plan, PlanError, Quote, Subscription, SubscriptionStep};
use plaza_business::verification::{Document, Step, Verification};
use plaza_protocol::{Currency, ErrorCode, Timestamp};
use serde_json::{Map, Value, json};

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NotFound => Self::not_found("this subscription"),
            PlanError::UnknownPlan(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            PlanError::AlreadySubscribed | PlanError::TrialUsed | PlanError::NotNow(_) => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            PlanError::InsufficientFunds { .. } => Self::new(ErrorCode::InsufficientFunds, error.to_string()),
            PlanError::Billing(error) => error.into(),
            PlanError::Db(error) => error.into(),
            other => Self::invalid(other.to_string()),
        }
    }
}

/// A plan with its prices in one currency, or in all.
pub(crate) fn plan(plan: &Plan, currency: Option<Currency>) -> Value {
    let prices = plan.prices.iter().filter(|price| currency.is_none_or(|only| price.currency == only));
    let prices = prices.map(|price| {
        json!({"term": price.term.as_str(), "currency": price.currency.code(), "amount_micros": price.amount.0})
    });
    let entitlements = plan.entitlements.iter().map(|(name, value)| {
        let value = if name.is_limit() { json!(value) } else { json!(true) };
        (name.as_str().to_owned(), value)
    });
    json!({
        "key": plan.key, "audience": plan.audience.as_str(), "name": plan.name, "summary": plan.summary,
        "trial_days": plan.trial_days, "grace_days": plan.grace_days, "is_offered": plan.is_offered,
        "prices": prices.collect::<Vec<_>>(), "entitlements": entitlements.collect::<Map<_, _>>(),
        "packs": plan.packs,
    })
}

pub(crate) fn subscription(of: &Subscription) -> Value {
    json!({
        "subscription_id": of.subscription_id, "business_id": of.portfolio_id, "plan": of.plan_key,
        "term": of.term.as_str(), "currency": of.currency.code(), "price_micros": of.price.0,
        "status": of.status.as_str(), "is_live": of.is_live(), "from": of.from(), "to": of.to(),
        "trial_days": of.trial_days, "grace_until": of.grace_until(), "paused_days": of.paused_days(),
        "cancel_at_end": of.cancel_at_end, "created_at": of.created_at.seconds(),
        "ended_at": of.ended_at.map(Timestamp::seconds),
    })
}

pub(crate) fn quote(quote: &Quote) -> Value {
    json!({
        "currency": quote.currency.code(), "price_micros": quote.price.0, "credit_micros": quote.credit.0,
        "charge_micros": quote.charge.0, "due_micros": quote.due().0, "days": quote.days,
        "days_of_term": quote.days_of_term, "next_payment": quote.next_payment, "is_trial": quote.is_trial,
    })
}

pub(crate) fn subscription_step(step: &SubscriptionStep) -> Value {
    json!({"kind": step.kind, "actor": step.actor, "details": step.details, "at": step.at.seconds()})
}

pub(crate) fn verification(of: &Verification, papers: &[Document]) -> Value {
    json!({
        "business_id": of.portfolio, "status": of.status.as_str(), "legal_name": of.legal_name,
        "registration_number": of.registration_number, "address": of.address, "website": of.website,
        "submitted_at": of.submitted_at.map(Timestamp::seconds), "decided_at": of.decided_at.map(Timestamp::seconds),
        "reason": of.reason, "words": of.words, "approved_by": of.approved_by,
        "documents": papers.iter().map(documents::view).collect::<Vec<_>>(), "missing": of.missing(papers),
    })
}

pub(crate) fn step(step: &Step) -> Value {
    json!({
        "business_id": step.portfolio, "kind": step.kind, "actor": step.actor, "details": step.details,
        "at": step.at.seconds(), "at_micros": step.at.0,
    })
}
