//! # The operator's surface
//!
//! What the console at `/operator` and the command line ask: revenue and charges with their explanations, price books, webhook
//! deliveries, templates that wait for review, businesses, and the sandbox's outbox of one-time codes. JSON, amounts in
//! micros, times in seconds; errors are problem+json. Every address wants the operator's token.

mod audit;
mod balances;
mod businesses;
mod customers;
mod dunning;
mod earnings;
mod invoice_settings;
mod numbers;
mod payments;
mod prices;
pub(crate) mod reports;
mod revenue;
mod reviews;
mod verification;

use crate::app::App;
use crate::problem::Problem;
use crate::{deliveries, invoices, listeners, stickers, stores};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};
use plaza_protocol::{Actor, ErrorCode, Secret};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// All addresses of the surface.
pub(crate) fn router(app: Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/overview", get(reports::overview))
        .route("/revenue", get(revenue::revenue))
        .route("/earnings", get(earnings::earnings))
        .route("/unpaid", get(earnings::unpaid))
        .route("/charges", get(reports::charges))
        .route("/charges/{charge_id}", get(reports::charge))
        .merge(payments::router())
        .merge(dunning::router())
        .merge(stores::operator_router())
        .merge(stickers::operator_router())
        .merge(deliveries::router())
        .merge(listeners::router())
        .merge(verification::router())
        .merge(invoices::operator_router())
        .merge(invoice_settings::router())
        .merge(prices::router())
        .merge(audit::router())
        .route("/templates", get(reviews::templates))
        .route("/templates/{template_id}/approve", post(reviews::approve))
        .route("/templates/{template_id}/reject", post(reviews::reject))
        .route("/templates/{template_id}/category", post(reviews::set_category))
        .route("/businesses", get(businesses::list).post(businesses::create))
        .route("/businesses/{business_id}", get(customers::one))
        .route("/businesses/{business_id}/credit", post(businesses::credit))
        .route("/businesses/{business_id}/reinstate", post(balances::reinstate))
        .route("/exchanges", get(balances::exchanges))
        .route("/businesses/{business_id}/billing", get(balances::overview))
        .route("/businesses/{business_id}/credit-line", post(balances::set_credit_line))
        .route("/businesses/{business_id}/promo", post(balances::grant))
        .route("/businesses/{business_id}/caps", post(balances::set_cap))
        .route("/businesses/{business_id}/caps/{cap_id}", delete(balances::remove_cap))
        .route("/businesses/{business_id}/thresholds", post(balances::set_thresholds))
        .route(
            "/businesses/{business_id}/messaging-limit",
            get(businesses::messaging_limit).post(businesses::set_messaging_limit),
        )
        .route("/wabas/{waba_id}/standing", post(businesses::set_standing))
        .route("/wabas/{waba_id}/subscribe", post(businesses::subscribe))
        .route("/wabas/{waba_id}/templates", post(businesses::create_template))
        .route("/wabas/{waba_id}/templates/{name}/{decision}", post(businesses::decide_by_name))
        .route("/names", get(numbers::names))
        .route("/numbers/{phone_number_id}/name/{decision}", post(numbers::decide_name))
        .route("/numbers/{phone_number_id}/official/{decision}", post(numbers::decide_official))
        .route("/groups/{group_id}/{decision}", post(numbers::decide_group))
        .route("/apps/{app_id}/codes", post(numbers::issue_code))
        .route("/apps/{app_id}/proof", post(numbers::require_proof))
        .route("/outbox", get(reports::outbox))
        .route_layer(from_fn_with_state(app, require_operator))
}

/// Which of the operators asks.
#[derive(Debug, Clone)]
struct OperatorName(Arc<str>);

/// The operator whose token stands in the data folder.
const FIRST_OPERATOR: &str = "operator";

/// Lets the operator through, and nobody else.
async fn require_operator(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let given = Sha256::digest(token.trim());
    let is = |token: &Secret<String>| bool::from(given.ct_eq(&Sha256::digest(&token.0)));
    let settings = &app.settings;
    let name = if is(&settings.operator_token) {
        Some(FIRST_OPERATOR)
    } else {
        settings.operators.iter().find(|operator| is(&operator.token)).map(|operator| operator.name.as_str())
    };
    let Some(name) = name else {
        return Err(Problem::new(
            ErrorCode::Unauthenticated,
            "the operator's token is needed: it stands in the file operator-token of the data folder",
        ));
    };
    request.extensions_mut().insert(OperatorName(name.into()));
    request.extensions_mut().insert(app.ctx_for(Actor::Operator).operated_by(name));
    Ok(next.run(request).await)
}
