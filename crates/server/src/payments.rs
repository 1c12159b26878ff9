//! # Payments on the server
//!
//! Gives the crate of payments its way out, its turn every half minute, and the address for webhooks of its provider. What
//! the pages show is made here too, the same for a business and the operator.

use crate::app::App;
use crate::assets;
use crate::egress::{Egress, EgressError};
use crate::problem::Problem;
use async_trait::async_trait;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use plaza_billing::invoices::{self, Consequence};
use plaza_db::{Db, Tx};
use plaza_payments::dunning::{Notice, Overdue, StepAction};
use plaza_payments::{
    Network, NetworkError, Payment, PaymentError, Payments, Refund, Request, Response, Sandbox, Stripe,
    dunning, read_webhook,
};
use plaza_protocol::{Actor, Chain, Ctx, ErrorCode, Secret};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How often open payments are looked at.
const ROUND_EVERY: Duration = Duration::from_secs(30);

/// Through whom businesses pay; read from the configuration by the binary.
#[derive(Debug, Clone, Default)]
pub enum PaymentSettings {
    /// By bank transfer only.
    #[default]
    None,
    /// The built-in provider, which takes no money.
    Sandbox,
    /// Stripe, or what speaks like it.
    Stripe(StripeSettings),
}

/// An account at Stripe, or at what speaks like it.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// Where its interface is.
    pub url: String,
    /// The server's key to it.
    pub secret_key: Secret<String>,
    /// For its script in pages.
    pub publishable_key: String,
    /// Where its script is that takes cards and asks for confirmations in a page. Absent: a card's token is typed.
    pub script_url: Option<String>,
    /// Its webhooks are signed with this. Absent: none are taken.
    pub webhook_secret: Option<Secret<String>>,
}

impl PaymentSettings {
    /// What the page needs that takes a card: where the provider's script is, and the key for it.
    pub(crate) fn card_form(&self) -> Option<(&str, &str)> {
        match self {
            Self::Stripe(stripe) if !stripe.publishable_key.is_empty() => {
                stripe.script_url.as_deref().map(|url| (url, stripe.publishable_key.as_str()))
            }
            _ => None,
        }
    }

    /// What the page that takes a card may load, and nothing else may: the provider's script, the frames that it opens and
    /// what it calls.
    pub(crate) fn card_page_policy(&self) -> Option<String> {
        let (Self::Stripe(stripe), Some((script, _))) = (self, self.card_form()) else { return None };
        let origin = |url: &str| Some(url::Url::parse(url).ok()?.origin().ascii_serialization());
        let (script, api) = (origin(script)?, origin(&stripe.url)?);
        // Stripe's own script opens frames and loads parts from further hosts of its own.
        let more = if script == "https://js.stripe.com" { " https://*.js.stripe.com" } else { "" };
        let hooks = if more.is_empty() { "" } else { " https://hooks.stripe.com" };
        let calls = if script == api { script.clone() } else { format!("{script} {api}") };
        Some(assets::policy_with(&format!("{script}{more}"), &calls, &format!("{script}{more}{hooks}")))
    }
}

/// The payments of a network with these settings.
pub(crate) fn payments(settings: &PaymentSettings, db: Db, egress: Arc<Egress>) -> Payments {
    match settings {
        PaymentSettings::None => Payments::new(db, None),
        PaymentSettings::Sandbox => Payments::new(db.clone(), Some(Arc::new(Sandbox::new(db)))),
        PaymentSettings::Stripe(stripe) => {
            let (url, key) = (stripe.url.clone(), stripe.secret_key.clone());
            let stripe = Stripe::new(Arc::new(WayOut(egress)), url, key, stripe.publishable_key.clone());
            Payments::new(db, Some(Arc::new(stripe)))
        }
    }
}

/// The server's guarded client.
#[derive(Debug)]
pub(crate) struct WayOut(pub(crate) Arc<Egress>);

#[async_trait]
impl Network for WayOut {
    async fn call(&self, request: Request) -> Result<Response, NetworkError> {
        let body = request.is_post.then_some(request.body);
        match self.0.call(&request.url, &request.headers, body).await {
            Ok(answer) => Ok(Response { status: answer.status, body: answer.body, max_age: answer.max_age }),
            Err(error @ EgressError::Refused(_)) => Err(NetworkError::NotSent(error.to_string())),
            Err(error) => Err(NetworkError::NoAnswer(error.to_string())),
        }
    }
}

/// Runs until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(ROUND_EVERY) => round(&app).await,
        }
    }
}

/// One round of what nobody asks for.
async fn round(app: &App) {
    let ctx = app.ctx_for(Actor::System);
    if let Err(error) = app.payments.reconcile(&ctx).await {
        tracing::error!(error = %Chain(&error), "payments could not be reconciled");
    }
    if let Err(error) = dun(app, &ctx).await {
        tracing::error!(error = %Chain(&error), "overdue invoices could not be looked at");
    }
}

/// Takes the steps against who does not pay, and tells them.
async fn dun(app: &App, ctx: &Ctx) -> Result<(), PaymentError> {
    for notice in app.db.transact(ctx, "payments.dunning", step).await? {
        let action = notice.step.action.as_str();
        tracing::info!(portfolio = %notice.portfolio_id, action, days = notice.step.after_days, "a dunning step");
    }
    Ok(())
}

/// The steps that are due, each with what it tells.
pub(crate) async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Notice>, PaymentError> {
    let overdue = invoices::overdue(ctx, tx).await?;
    let overdue: Vec<Overdue> =
        overdue.into_iter().map(|(portfolio_id, since)| Overdue { portfolio_id, since }).collect();
    let notices = dunning::step(ctx, tx, &overdue).await?;
    for notice in &notices {
        let consequence = match notice.step.action {
            StepAction::Mail => Consequence::Mail,
            StepAction::Webhook => Consequence::Webhook,
            StepAction::Throttle => Consequence::Throttle,
            StepAction::Suspend => Consequence::Suspend,
        };
        let debt = (notice.since, notice.step.after_days);
        invoices::remind(ctx, tx, notice.portfolio_id, debt, consequence).await?;
    }
    Ok(notices)
}

/// `POST /_payments/stripe/webhook`: a hint that something changed. It is answered well even if the look-up has to wait:
/// the reconciliation has it then.
pub(crate) async fn stripe_webhook(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let PaymentSettings::Stripe(stripe) = &app.settings.payments else {
        return Err(Problem::not_found("this address"));
    };
    let Some(secret) = &stripe.webhook_secret else {
        return Err(Problem::not_found("this address"));
    };
    let ctx = app.ctx_for(Actor::Anonymous);
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let event = read_webhook(&body, signature, secret, ctx.now())
        .map_err(|error| Problem::invalid(error.to_string()))?;
    let known = match app.payments.hint(&ctx.acting_as(Actor::System), event).await {
        Ok(payment) => payment.is_some(),
        Err(PaymentError::Db(error)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "the payment of a webhook could not be looked up");
            true
        }
    };
    Ok(Json(json!({"received": true, "known": known})))
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        let code = match error {
            PaymentError::Billing(error) => return error.into(),
            PaymentError::Invoice(error) => return (*error).into(),
            PaymentError::Payout(error) => return Self::invalid(error.to_string()),
            PaymentError::Db(error) => return error.into(),
            PaymentError::Ledger(_) | PaymentError::Damaged(_) => return Self::internal(&error),
            PaymentError::UnknownPayment | PaymentError::UnknownMethod | PaymentError::UnknownEntry => {
                ErrorCode::NotFound
            }
            PaymentError::KeyReused
            | PaymentError::WrongState(_)
            | PaymentError::NotCaptured
            | PaymentError::MethodUnusable(_)
            | PaymentError::NoMethod
            | PaymentError::UnderWay
            | PaymentError::TooManyMethods(_)
            | PaymentError::Contradiction => ErrorCode::Conflict,
            PaymentError::InsufficientBalance { .. } => ErrorCode::InsufficientFunds,
            PaymentError::Unavailable(_) | PaymentError::NoProvider => ErrorCode::Unavailable,
            PaymentError::BadAmount(_)
            | PaymentError::AboveMaximum { .. }
            | PaymentError::BadKey
            | PaymentError::WrongCurrency(_)
            | PaymentError::AboveCaptured { .. }
            | PaymentError::Refused(_)
            | PaymentError::Invalid(_) => ErrorCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

/// A payment as pages show it.
pub(crate) fn payment_view(payment: &Payment) -> Value {
    json!({
        "payment_id": payment.payment_id, "business_id": payment.portfolio_id, "provider": payment.provider,
        "method_id": payment.method_id, "cause": payment.cause.as_str(),
        "invoice_id": payment.cause.invoice(), "currency": payment.currency.code(),
        "amount_micros": payment.amount.0, "refunded_micros": payment.refunded.0,
        "fee_micros": payment.fee.map(|fee| fee.0), "state": payment.state.as_str(),
        "reference": payment.reference, "action": payment.action,
        "failure": payment.failure.as_ref().map(|words| json!({"code": payment.failure_code, "message": words})),
        "created_at": payment.created_at.seconds(), "updated_at": payment.updated_at.seconds(),
    })
}

/// A refund as pages show it.
pub(crate) fn refund_view(refund: &Refund) -> Value {
    json!({
        "refund_id": refund.refund_id, "payment_id": refund.payment_id, "amount_micros": refund.amount.0,
        "reason": refund.reason, "state": refund.state.as_str(), "failure": refund.failure,
        "created_at": refund.created_at.seconds(),
    })
}
