//! Payments as the operator handles them: what came in, what goes back, what the bank says, what is in suspense, and
//! whether all money is where it should be.

use crate::app::App;
use crate::manager::payments::{amount, filter};
use crate::payments::{payment_view, refund_view};
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, Request, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_billing::exchange::ExchangeRate;
use plaza_billing::payouts::{self, Part, Payout};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_payments::reports::read_report;
use plaza_payments::{
    self as payments, BankEntry, Booking, Filter, Payment, PaymentError, Report, StorePayout,
};
use plaza_protocol::limits::{PAGE_ROWS_MAX, STATEMENT_BYTES_MAX};
use plaza_protocol::{BankEntryId, Ctx, ErrorCode, PaymentId, PortfolioId, RefundId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;

/// The addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/payments", get(list))
        .route("/payments/{payment_id}", get(one))
        .route("/payments/{payment_id}/refunds", post(refund))
        .route("/payments/{payment_id}/refunds/{refund_id}/sent", post(refund_sent))
        .route("/payments/{payment_id}/received", post(received))
        .route("/suspense", get(suspense))
        .route("/suspense/{entry_id}/assign", post(assign))
        .route("/suspense/{entry_id}/return", post(send_back))
        .route("/suspense/{entry_id}/payout", post(payout))
        .route("/store-payouts", get(payouts))
        .route("/store-reports", post(read_store_report))
        .route("/bank-statements", post(import))
        .route("/reconciliation", get(report).post(reconcile))
}

fn payment_id(text: &str) -> Result<PaymentId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this payment"))
}

fn entry_id(text: &str) -> Result<BankEntryId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this entry"))
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    business_id: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

/// `GET /operator/api/payments?business_id=&state=&limit=&after=`
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let of = query.business_id.filter(|id| !id.is_empty());
    let of = of.map(|id| id.parse().map_err(|_| Problem::invalid("business_id: the id of a business")));
    let filter =
        Filter { portfolio: of.transpose()?, ..filter(query.state.as_deref(), query.after.as_deref())? };
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let found = payments::payments(ctx, tx, &filter, limit).await?;
        let names = portfolios::names(ctx, tx, found.iter().map(|payment| payment.portfolio_id)).await?;
        Ok::<_, PaymentError>((found, names))
    };
    let (found, names) = app.db.read(&ctx, "operator.payments", read).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.payment_id);
    let named = |payment: &Payment| {
        let mut view = payment_view(payment);
        view["business_name"] = json!(names.get(&payment.portfolio_id));
        view
    };
    let data: Vec<Value> = found.iter().map(named).collect();
    Ok(Json(json!({"data": data, "next": next, "provider": app.payments.provider_name()})))
}

/// `GET /operator/api/payments/{payment_id}`: with its refunds.
async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = payment_id(&id)?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let payment = payments::payment(ctx, tx, id).await?;
        Ok::<_, PaymentError>((payment, payments::refunds_of(ctx, tx, id).await?))
    };
    let (payment, refunds) = app.db.read(&ctx, "operator.payment", read).await?;
    let mut view = payment_view(&payment);
    view["refunds"] = refunds.iter().map(refund_view).collect();
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    amount: String,
    reason: String,
    /// The same key twice gives back once.
    key: String,
}

/// `POST /operator/api/payments/{payment_id}/refunds {"amount": "10.00", "reason": "…", "key": "…"}`
async fn refund(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<NewRefund>,
) -> Result<Json<Value>, Problem> {
    let amount = amount("amount", &body.amount)?;
    let refund = app.payments.refund(&ctx, payment_id(&id)?, amount, body.reason, body.key).await?;
    Ok(Json(refund_view(&refund)))
}

/// `POST /operator/api/payments/{payment_id}/refunds/{refund_id}/sent`: the money of a bank transfer was sent back.
async fn refund_sent(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((payment, refund)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let refund: RefundId = refund.parse().map_err(|_| Problem::not_found("this refund"))?;
    Ok(Json(refund_view(&app.payments.refund_sent(&ctx, payment_id(&payment)?, refund).await?)))
}

fn entry_view(entry: &BankEntry) -> Value {
    let booking = &entry.booking;
    json!({
        "entry_id": entry.entry_id, "key": booking.key, "booked_at": booking.booked_at.seconds(),
        "amount_micros": booking.amount.0, "currency": booking.currency.code(), "payer": booking.payer,
        "remittance": booking.remittance, "state": entry.state.as_str(), "why": entry.why,
        "business_id": entry.portfolio_id, "payment_id": entry.payment_id,
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    amount: String,
    /// The bank's own name for the entry: the same counts once.
    key: String,
    #[serde(default)]
    payer: String,
}

/// `POST /operator/api/payments/{payment_id}/received {"amount": "100.00", "key": "…"}`: a bank transfer arrived.
async fn received(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Received>,
) -> Result<Json<Value>, Problem> {
    let (id, amount) = (payment_id(&id)?, amount("amount", &body.amount)?);
    let record = async move |ctx: &Ctx, tx: &mut Tx| {
        let payment = payments::payment(ctx, tx, id).await?;
        if payment.provider != payments::BANK {
            return Err(PaymentError::Invalid("this payment is not made by bank transfer"));
        }
        let booking = Booking {
            key: body.key.clone(),
            booked_at: ctx.now(),
            amount,
            currency: payment.currency,
            payer: body.payer.clone(),
            remittance: payment.reference.unwrap_or_default(),
        };
        payments::record(ctx, tx, &booking).await
    };
    let (entry, known) = app.db.transact(&ctx, "operator.received", record).await?;
    let mut view = entry_view(&entry);
    view["known"] = known.into();
    Ok(Json(view))
}

/// `GET /operator/api/suspense`
async fn suspense(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::suspense(ctx, tx).await;
    let found = app.db.read(&ctx, "operator.suspense", read).await?;
    Ok(Json(json!({"data": found.iter().map(entry_view).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    business_id: PortfolioId,
    /// Of money in another currency: what one unit of it is worth in what the business pays in.
    rate: Option<String>,
}

/// `POST /operator/api/suspense/{entry_id}/assign {"business_id": "…", "rate": "1.0834"}`
async fn assign(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Assign>,
) -> Result<Json<Value>, Problem> {
    let (id, to) = (entry_id(&id)?, body.business_id);
    let rate = body.rate.as_deref().map(str::parse::<ExchangeRate>).transpose();
    let rate = rate.map_err(|error| Problem::invalid(format!("rate: {error}")))?;
    let assign = async move |ctx: &Ctx, tx: &mut Tx| payments::assign(ctx, tx, id, to, rate).await;
    Ok(Json(entry_view(&app.db.transact(&ctx, "operator.assign", assign).await?)))
}

/// `POST /operator/api/suspense/{entry_id}/return`
async fn send_back(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = entry_id(&id)?;
    let back = async move |ctx: &Ctx, tx: &mut Tx| payments::return_entry(ctx, tx, id).await;
    Ok(Json(entry_view(&app.db.transact(&ctx, "operator.return", back).await?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutPart {
    currency: String,
    /// What it takes off the store's account.
    settled: String,
    /// What the store paid.
    paid: String,
    /// What it withheld for a tax office.
    withheld: Option<String>,
    /// What was paid, in the currency of the bank, if that is another one.
    arrived: Option<String>,
}

impl PayoutPart {
    fn read(&self) -> Result<Part, Problem> {
        let currency = self.currency.parse();
        let currency = currency.map_err(|_| Problem::invalid("currency: one of the books, such as EUR"))?;
        let paid = amount("paid", &self.paid)?;
        let withheld = self.withheld.as_deref().map(|text| amount("withheld", text)).transpose()?;
        let arrived = self.arrived.as_deref().map(|text| amount("arrived", text)).transpose()?;
        Ok(Part {
            currency,
            settled: amount("settled", &self.settled)?,
            paid,
            withheld: withheld.unwrap_or_default(),
            arrived: arrived.unwrap_or(paid),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPayout {
    store: String,
    /// What banks kept on the way, in the currency of the bank.
    bank_fee: Option<String>,
    parts: Vec<PayoutPart>,
}

fn payout_view(payout: &Payout) -> Value {
    let of = &payout.of;
    let parts = of.parts.iter().map(|part| {
        json!({
            "currency": part.currency.code(), "settled_micros": part.settled.0, "paid_micros": part.paid.0,
            "withheld_micros": part.withheld.0, "arrived_micros": part.arrived.0,
            "commission_micros": part.commission().map(|amount| amount.0),
        })
    });
    json!({
        "payout_id": BankEntryId(of.payout_id), "store": of.store, "currency": of.currency.code(),
        "amount_micros": of.amount.0, "bank_fee_micros": of.bank_fee.0, "booked_at": of.booked_at.seconds(),
        "recorded_at": payout.recorded_at.seconds(), "parts": parts.collect::<Vec<_>>(),
    })
}

/// `POST /operator/api/suspense/{entry_id}/payout {"store": "apple", "parts": [{"currency": "EUR", "settled": "85.00",
/// "paid": "85.00"}]}`: the money is what a store paid out.
async fn payout(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<NewPayout>,
) -> Result<Json<Value>, Problem> {
    let id = entry_id(&id)?;
    let parts = body.parts.iter().map(PayoutPart::read).collect::<Result<Vec<_>, _>>()?;
    let bank_fee = body.bank_fee.as_deref().map(|text| amount("bank_fee", text)).transpose()?;
    let told = StorePayout { store: body.store, bank_fee: bank_fee.unwrap_or_default(), parts };
    let book = async move |ctx: &Ctx, tx: &mut Tx| payments::assign_payout(ctx, tx, id, told.clone()).await;
    Ok(Json(payout_view(&app.db.transact(&ctx, "operator.payout", book).await?)))
}

/// `GET /operator/api/store-payouts`: the newest.
async fn payouts(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| {
        Ok::<_, PaymentError>(payouts::payouts(ctx, tx, payouts::PAYOUTS_MAX).await?)
    };
    let found = app.db.read(&ctx, "operator.payouts", read).await?;
    Ok(Json(json!({"data": found.iter().map(payout_view).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreReport {
    /// Apple's financial report, or Google's earnings report.
    report: String,
}

/// `POST /operator/api/store-reports {"report": "Start Date\t…"}`: what it says, beside what is expected of its time. It
/// books nothing.
async fn read_store_report(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let body: StoreReport = file_of(request, "a report").await?;
    let told = read_report(&body.report).map_err(|error| Problem::invalid(format!("report: {error}")))?;
    let of = told.clone();
    let expect = async move |_: &Ctx, tx: &mut Tx| {
        let mut expected = Vec::new();
        for paid in &of.paid {
            let account = (of.store, paid.currency);
            expected.push(payouts::expected(tx, account, (of.from, of.to)).await?);
        }
        Ok::<_, PaymentError>(expected)
    };
    let expected = app.db.read(&ctx, "operator.store_report", expect).await?;
    let parts = told.paid.iter().zip(expected).map(|(paid, expected)| {
        json!({
            "currency": paid.currency.code(), "expected_micros": expected.0, "paid_micros": paid.paid.0,
            "arrived_micros": paid.arrived.map(|amount| amount.0),
        })
    });
    let other = told.other.iter().map(|paid| {
        let arrived = paid.arrived.map(|amount| amount.0);
        json!({"currency": paid.currency, "paid_micros": paid.paid.0, "arrived_micros": arrived})
    });
    Ok(Json(json!({
        "store": told.store, "from": told.from.seconds(), "to": told.to.seconds(), "parts": parts.collect::<Vec<_>>(),
        "other": other.collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    /// CAMT.053, or CSV with the columns `id,booked_on,amount,currency,reference,payer`.
    #[serde(alias = "csv", alias = "xml")]
    statement: String,
}

/// A statement as JSON, with the marks that JSON puts before its quotes and line ends.
const STATEMENT_BODY_BYTES_MAX: usize = 2 * STATEMENT_BYTES_MAX;

/// A body that carries a file.
async fn file_of<T: serde::de::DeserializeOwned>(request: Request, what: &str) -> Result<T, Problem> {
    let bytes = axum::body::to_bytes(request.into_body(), STATEMENT_BODY_BYTES_MAX).await.map_err(|_| {
        let most = STATEMENT_BYTES_MAX / 1024 / 1024;
        Problem::new(ErrorCode::TooLarge, format!("{what} has at most {most} MiB: split it"))
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::invalid(format!("the body is not what is expected: {error}")))
}

/// `POST /operator/api/bank-statements {"statement": "<?xml …"}`: all of it, or none.
async fn import(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let body: Statement = file_of(request, "a statement").await?;
    let bookings = payments::read_statement(&body.statement)
        .map_err(|error| Problem::invalid(format!("statement: {error}")))?;
    let import = async move |ctx: &Ctx, tx: &mut Tx| payments::import(ctx, tx, &bookings).await;
    let done = app.db.transact(&ctx, "operator.bank_statement", import).await?;
    Ok(Json(json!({
        "matched": done.matched, "suspense": done.suspense.len(), "known": done.known,
        "unmatched": done.suspense.iter().map(entry_view).collect::<Vec<_>>(),
    })))
}

fn report_view(report: &Report) -> Value {
    let clearing = report.clearing.iter().map(|clearing| {
        json!({
            "provider": clearing.provider, "currency": clearing.currency.code(), "owed_micros": clearing.owed.0,
            "since": clearing.since.map(plaza_protocol::Timestamp::seconds), "is_old": clearing.is_old,
        })
    });
    let stores = report.stores.iter().map(|store| {
        let months = store.months.iter();
        let months =
            months.map(|(month, amount)| json!({"month": month.seconds(), "amount_micros": amount.0}));
        json!({
            "store": store.store, "currency": store.currency.code(), "owed_micros": store.owed.0,
            "due_at": store.due_at.map(plaza_protocol::Timestamp::seconds),
            "months": months.collect::<Vec<_>>(),
        })
    });
    let suspense = report
        .suspense
        .iter()
        .map(|(currency, amount)| json!({"currency": currency.code(), "amount_micros": amount.0}));
    json!({
        "clearing": clearing.collect::<Vec<_>>(), "suspense": suspense.collect::<Vec<_>>(),
        "stores": stores.collect::<Vec<_>>(), "open_payments": report.open_payments, "open_refunds": report.open_refunds,
        "old_payments": report.old_payments.iter().map(payment_view).collect::<Vec<_>>(),
    })
}

/// `GET /operator/api/reconciliation`: what is on its way, and what is old.
async fn report(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    Ok(Json(report_view(&app.payments.report(&ctx).await?)))
}

/// `POST /operator/api/reconciliation`: a round now; what it did, and the report after it.
async fn reconcile(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let done = app.payments.reconcile(&ctx).await?;
    let mut view = report_view(&app.payments.report(&ctx).await?);
    view["done"] = json!({
        "looked_up": done.looked_up, "ended": done.ended, "fees": done.fees, "payouts": done.payouts,
        "automatic": done.automatic,
    });
    Ok(Json(view))
}
