//! # Invoices
//!
//! The operator sees everybody's, closes months, credits and takes payments; a business sees its own and fetches the
//! documents. Amounts are in minor units of the currency where the name says so, else in micros.

use crate::app::App;
use crate::payments;
use crate::problem::{Body, Problem};
use axum::body::Body as Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use futures_util::stream;
use plaza_billing::invoices::{
    self, Credit, CreditNote, Filter, Invoice, InvoiceError, LegalEntity, Line, Paid, Payment, PaymentSource,
    Period, Profile, RatedFile, Status, TaxRate,
};
use plaza_billing::{Rating, Run};
use plaza_db::Tx;
use plaza_payments::InvoicePayment;
use plaza_protocol::{Actor, Ctx, ErrorCode, InvoiceId, PaymentMethodId, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: u32 = 50;
/// Rated lines that are read at a time.
const RATED_ROWS: u32 = 4096;

impl From<InvoiceError> for Problem {
    fn from(error: InvoiceError) -> Self {
        let code = match &error {
            InvoiceError::Unknown | InvoiceError::UnknownRate => ErrorCode::NotFound,
            InvoiceError::Forbidden => ErrorCode::Forbidden,
            InvoiceError::BadPeriod
            | InvoiceError::BadAmount
            | InvoiceError::Invalid(_)
            | InvoiceError::SameNumbers(_) => ErrorCode::Invalid,
            InvoiceError::NotEnded { .. }
            | InvoiceError::Grace { .. }
            | InvoiceError::EarlierOpen(_)
            | InvoiceError::NoSeller
            | InvoiceError::NoBuyer(_)
            | InvoiceError::NotFinal
            | InvoiceError::Ended(_)
            | InvoiceError::AboveRest { .. }
            | InvoiceError::RateExists(_)
            | InvoiceError::RateUsed
            | InvoiceError::SeriesInUse(_)
            | InvoiceError::KeyReused => ErrorCode::Conflict,
            InvoiceError::Behind | InvoiceError::RateChanged => ErrorCode::Unavailable,
            InvoiceError::Billing(_) => {
                let InvoiceError::Billing(error) = error else { return Self::internal(&error) };
                return error.into();
            }
            InvoiceError::Db(_)
            | InvoiceError::Ledger(_)
            | InvoiceError::Damaged(_)
            | InvoiceError::Document(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

/// What a business may do, below `/billing`.
pub(crate) fn manager_router() -> Router<Arc<App>> {
    Router::new()
        .route("/billing/invoices", get(list))
        .route("/billing/invoices/{invoice_id}", get(one))
        .route("/billing/invoices/{invoice_id}/pay", post(pay_by_method))
        .route("/billing/invoices/{invoice_id}/{document}", get(document))
}

/// What the operator may do.
pub(crate) fn operator_router() -> Router<Arc<App>> {
    Router::new()
        .route("/invoices", get(list))
        .route("/invoices/close", post(close))
        .route("/invoices/rerate", post(rerate))
        .route("/invoices/{invoice_id}", get(one))
        .route("/invoices/{invoice_id}/issue", post(issue))
        .route("/invoices/{invoice_id}/credit", post(credit))
        .route("/invoices/{invoice_id}/payments", post(pay))
        .route("/invoices/{invoice_id}/{document}", get(document))
        .route("/legal-entity", get(entity).put(set_entity))
        .route("/portfolios/{portfolio_id}/invoice-profile", get(profile).put(set_profile))
        .route("/tax-rates", get(tax_rates).post(set_tax_rate))
}

/// The portfolio that a caller is narrowed to.
fn only(ctx: &Ctx) -> Option<PortfolioId> {
    match ctx.actor() {
        Actor::App { portfolio, .. } => Some(portfolio),
        _ => None,
    }
}

fn seconds(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::seconds)
}

fn invoice_view(invoice: &Invoice) -> Value {
    let buyer = invoice.document().ok().map(|document| document.buyer.name);
    json!({
        "invoice_id": invoice.invoice_id, "number": invoice.number, "portfolio_id": invoice.portfolio_id,
        "buyer": buyer, "period": invoice.period.to_string(), "status": invoice.status.as_str(),
        "currency": invoice.currency.code(), "minor_digits": invoice.currency.minor_digits(),
        "charges_micros": invoice.charges.0, "rounding_micros": invoice.rounding.0,
        "subtotal_minor": invoice.subtotal_minor, "tax_minor": invoice.tax_minor,
        "total_minor": invoice.total_minor, "prepaid_minor": invoice.prepaid_minor,
        "paid_minor": invoice.paid_minor, "credited_minor": invoice.credited_minor,
        "due_minor": invoice.due_minor(), "open_minor": invoice.open_minor(),
        "creditable_minor": invoice.total_minor.saturating_sub(invoice.credited_minor).max(0),
        "opened_at": invoice.opened_at.seconds(), "issued_at": seconds(invoice.issued_at),
        "due_at": seconds(invoice.due_at), "ended_at": seconds(invoice.ended_at),
        "pdf_sha256": invoice.pdf_sha256.as_ref().map(hex::encode),
    })
}

fn line_view(line: &Line) -> Value {
    json!({
        "kind": line.kind.as_str(), "period": line.period.to_string(), "market": line.market,
        "category": line.category, "pricing_type": line.pricing_type,
        "tier": (line.tier >= 0).then_some(line.tier), "description": line.description,
        "quantity": line.quantity, "unit_micros": line.unit.0, "amount_micros": line.amount.0,
        "net_minor": line.net_minor,
    })
}

fn note_view(note: &CreditNote) -> Value {
    json!({
        "credit_note_id": note.credit_note_id, "number": note.number, "reason": note.reason,
        "amount_minor": note.amount_minor, "tax_minor": note.tax_minor, "due_minor": note.due_minor,
        "issued_at": note.issued_at.seconds(),
    })
}

fn payment_view(paid: &Paid) -> Value {
    json!({
        "payment_id": paid.payment_id, "amount_minor": paid.amount_minor, "method": paid.method,
        "reference": paid.reference, "paid_at": paid.paid_at.seconds(),
    })
}

#[derive(Debug, Deserialize)]
struct Page {
    status: Option<String>,
    period: Option<String>,
    portfolio_id: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET …/invoices?status=&period=&portfolio_id=&after=&limit=`
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let status = given(&page.status).map(|word| {
        Status::parse(&word).ok_or_else(|| Problem::invalid("status: draft, final, overdue, paid or void"))
    });
    let portfolio = given(&page.portfolio_id).map(|id| {
        id.parse().map_err(|_| Problem::invalid("portfolio_id: the id of a portfolio is expected"))
    });
    let filter = Filter {
        portfolio: only(&ctx).or(portfolio.transpose()?),
        status: status.transpose()?,
        period: given(&page.period).map(|text| text.parse::<Period>()).transpose()?,
    };
    let after: Option<InvoiceId> = given(&page.after)
        .map(|id| id.parse().map_err(|_| Problem::invalid("after: the id of an invoice is expected")))
        .transpose()?;
    let limit = page.limit.unwrap_or(PAGE_ROWS).clamp(1, 100);
    let read = async move |ctx: &Ctx, tx: &mut Tx| invoices::list(ctx, tx, filter, after, limit).await;
    let found = app.db.read(&ctx, "invoices.list", read).await?;
    let full = found.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(|invoice| invoice.invoice_id);
    Ok(Json(json!({"data": found.iter().map(invoice_view).collect::<Vec<_>>(), "next": next})))
}

fn id_of(text: &str) -> Result<InvoiceId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this invoice"))
}

/// The answer with an invoice and all that belongs to it.
async fn whole(app: &App, ctx: &Ctx, id: InvoiceId) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let (invoice, lines) = invoices::invoice(ctx, tx, id).await?;
        let notes = invoices::credit_notes(ctx, tx, id).await?;
        Ok::<_, InvoiceError>((invoice, lines, notes, invoices::payments(ctx, tx, id).await?))
    };
    let (invoice, lines, notes, payments) = app.db.read(ctx, "invoices.one", read).await?;
    let mut view = invoice_view(&invoice);
    let document = invoice.document()?;
    let texts = document.lines.iter().map(|line| (line.text.as_str(), line.note.as_str()));
    let lines = lines.iter().zip(texts).map(|(line, (text, note))| {
        let mut view = line_view(line);
        view["text"] = json!(text);
        view["note"] = json!(note);
        view
    });
    view["lines"] = lines.collect();
    view["taxes"] = json!(document.taxes);
    view["seller"] = json!(document.seller);
    view["bill_to"] = json!(document.buyer);
    view["credit_notes"] = notes.iter().map(note_view).collect();
    view["payments"] = payments.iter().map(payment_view).collect();
    Ok(Json(view))
}

/// `GET …/invoices/{invoice_id}`
async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    whole(&app, &ctx, id_of(&id)?).await
}

fn file(kind: &'static str, name: &str, body: Bytes) -> Response {
    // Numbers are letters, digits and dashes.
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}

/// `GET …/invoices/{invoice_id}/pdf|xml|csv|parquet`, or `CN-2026-000001.pdf`, `.xml` of one of its credit notes.
async fn document(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((id, wanted)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let (invoice, _) = invoices::invoice(ctx, tx, id).await?;
        Ok::<_, InvoiceError>((invoice, invoices::credit_notes(ctx, tx, id).await?))
    };
    let (invoice, notes) = app.db.read(&ctx, "invoices.document", read).await?;
    let of_invoice = invoice.document()?;
    let (number, kind) = match wanted.rsplit_once('.') {
        Some((number, kind)) => (Some(number), kind),
        None => (None, wanted.as_str()),
    };
    let shown = match number {
        None => of_invoice,
        Some(number) => {
            let note = notes.iter().find(|note| note.number == number);
            invoices::credit_note_document(
                &of_invoice,
                note.ok_or_else(|| Problem::not_found("this credit note"))?,
            )?
        }
    };
    let name = if shown.number.is_empty() { format!("draft-{}", shown.period) } else { shown.number.clone() };
    match (kind, number) {
        ("pdf", _) => Ok(file("application/pdf", &format!("{name}.pdf"), invoices::pdf(&shown)?.into())),
        ("xml", _) => Ok(file("application/xml", &format!("{name}.xml"), invoices::xml(&shown)?.into())),
        ("csv", None) => {
            Ok(file("text/csv", &format!("{name}.csv"), rated(app, ctx, invoice, RatedFile::csv())))
        }
        ("parquet", None) => {
            let body = rated(app, ctx, invoice, RatedFile::parquet()?);
            Ok(file("application/vnd.apache.parquet", &format!("{name}.parquet"), body))
        }
        _ => Err(Problem::not_found("this document (there are pdf, xml, csv and parquet)")),
    }
}

/// A file of every rated line, page by page as the caller reads it.
fn rated(app: Arc<App>, ctx: Ctx, invoice: Invoice, file: RatedFile) -> Bytes {
    let first = Some((app, ctx, Arc::new(invoice), file, 0_i64));
    let pages = stream::try_unfold(first, async |state| {
        let Some((app, ctx, invoice, mut file, after)) = state else { return Ok(None) };
        let of = invoice.clone();
        let read =
            async move |ctx: &Ctx, tx: &mut Tx| invoices::rated_lines(ctx, tx, &of, after, RATED_ROWS).await;
        let lines = app.db.read(&ctx, "invoices.rated", read).await?;
        match lines.last().map(|last| last.sequence) {
            None => Ok(Some((file.finish()?, None))),
            Some(last) => {
                let bytes = file.push(&lines, invoice.currency.code())?;
                Ok::<_, InvoiceError>(Some((bytes, Some((app, ctx, invoice, file, last)))))
            }
        }
    });
    Bytes::from_stream(pages)
}

#[derive(Debug, Deserialize)]
struct Close {
    /// `2026-11`; absent: of every portfolio the month that ended last.
    period: Option<String>,
    /// The time of grace is not waited for.
    #[serde(default)]
    early: bool,
}

/// `POST /operator/api/invoices/close`
async fn close(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Close>,
) -> Result<Json<Value>, Problem> {
    let period = body.period.map(|text| text.parse::<Period>()).transpose()?;
    let closed = invoices::close(&ctx, &app.db, &app.prices, period, body.early).await?;
    let waiting =
        closed.waiting.iter().map(|(portfolio, why)| json!({"portfolio_id": portfolio, "why": why}));
    Ok(Json(json!({
        "portfolios": closed.portfolios, "issued": closed.issued, "drafts": closed.drafts,
        "waiting": waiting.collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
struct Rerate {
    portfolio_id: PortfolioId,
    /// `2026-11`
    period: String,
    /// Only says what would change.
    #[serde(default)]
    dry_run: bool,
}

fn rating_view(rating: &Rating) -> Value {
    json!({
        "pricing_type": rating.pricing_type.as_str(), "tier": rating.tier, "unit_micros": rating.unit.0,
        "amount_micros": rating.amount.0,
    })
}

/// `POST /operator/api/invoices/rerate`: rates a portfolio's month again, in the order of its deliveries.
async fn rerate(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Rerate>,
) -> Result<Json<Value>, Problem> {
    let period: Period = body.period.parse()?;
    let of = (body.portfolio_id, period.number());
    let prices = app.prices.clone();
    let found = if body.dry_run {
        let dry =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::rerate(ctx, tx, &prices, of, Run::Dry).await;
        app.db.read(&ctx, "invoices.rerate_dry", dry).await?
    } else {
        let run =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::rerate(ctx, tx, &prices, of, Run::Real).await;
        app.db.transact(&ctx, "invoices.rerate", run).await?
    };
    let changed = found.changed.iter().map(|changed| {
        json!({
            "market": changed.market, "category": changed.category.as_str(),
            "before": rating_view(&changed.before), "after": rating_view(&changed.after),
            "messages": changed.messages, "difference_micros": changed.difference.0,
        })
    });
    let documents = found.documents.iter().map(|(invoice, difference)| {
        let kind = if difference.0 < 0 { "credit_note" } else { "adjustment" };
        json!({"invoice_id": invoice, "kind": kind, "difference_micros": difference.0})
    });
    Ok(Json(json!({
        "portfolio_id": found.portfolio_id, "period": period.to_string(), "dry_run": body.dry_run,
        "run": (found.run > 0).then_some(found.run), "currency": found.currency.code(),
        "messages": found.messages, "before_micros": found.before.0, "after_micros": found.after.0,
        "difference_micros": found.after.0.saturating_sub(found.before.0),
        "changed": changed.collect::<Vec<_>>(), "documents": documents.collect::<Vec<_>>(),
    })))
}

/// `POST /operator/api/invoices/{invoice_id}/issue`: a draft becomes final; the time of grace is not waited for.
async fn issue(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id_of(&id)?;
    let issue = async move |ctx: &Ctx, tx: &mut Tx| {
        let (invoice, _) = invoices::invoice(ctx, tx, id).await?;
        invoices::finalize(ctx, tx, invoice.portfolio_id, invoice.period, true).await
    };
    app.db.transact(&ctx, "invoices.issue", issue).await?;
    whole(&app, &ctx, id).await
}

#[derive(Debug, Deserialize)]
struct CreditBody {
    /// Absent: all that is left.
    amount_minor: Option<i64>,
    reason: String,
    key: String,
}

/// `POST /operator/api/invoices/{invoice_id}/credit`
async fn credit(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<CreditBody>,
) -> Result<Json<Value>, Problem> {
    let id = id_of(&id)?;
    let wanted = Credit { key: body.key, amount_minor: body.amount_minor, reason: body.reason };
    let credit = async move |ctx: &Ctx, tx: &mut Tx| invoices::credit(ctx, tx, id, &wanted).await;
    app.db.transact(&ctx, "invoices.credit", credit).await?;
    whole(&app, &ctx, id).await
}

#[derive(Debug, Deserialize)]
struct PaymentBody {
    amount_minor: i64,
    reference: String,
    key: String,
}

/// `POST /operator/api/invoices/{invoice_id}/payments`: a bank transfer came in.
async fn pay(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<PaymentBody>,
) -> Result<Json<Value>, Problem> {
    let id = id_of(&id)?;
    let PaymentBody { amount_minor, reference, key } = body;
    let payment = Payment { key, amount_minor, source: PaymentSource::Transfer, reference };
    let pay = async move |ctx: &Ctx, tx: &mut Tx| invoices::pay(ctx, tx, id, &payment).await;
    app.db.transact(&ctx, "invoices.pay", pay).await?;
    whole(&app, &ctx, id).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayByMethod {
    /// The same key twice pays once.
    key: String,
    /// Absent: the default one.
    method_id: Option<PaymentMethodId>,
}

/// `POST /manager/api/billing/invoices/{invoice_id}/pay {"key": "…"}`: pays what is open, with a payment method.
async fn pay_by_method(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<PayByMethod>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let wish = InvoicePayment { invoice: id_of(&id)?, key: body.key, method: body.method_id };
    let payment = app.payments.pay_invoice(&ctx, wish).await?;
    let status = if payment.state.is_open() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(payments::payment_view(&payment))))
}

/// `GET /operator/api/legal-entity`
async fn entity(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| invoices::entity(ctx, tx).await;
    Ok(Json(json!({"legal_entity": app.db.read(&ctx, "invoices.entity", read).await?})))
}

/// `PUT /operator/api/legal-entity`
async fn set_entity(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<LegalEntity>,
) -> Result<Json<Value>, Problem> {
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        invoices::set_entity(ctx, tx, &body).await?;
        invoices::entity(ctx, tx).await
    };
    Ok(Json(json!({"legal_entity": app.db.transact(&ctx, "invoices.set_entity", set).await?})))
}

fn portfolio_of(text: &str) -> Result<PortfolioId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this portfolio"))
}

/// `GET /operator/api/portfolios/{portfolio_id}/invoice-profile`
async fn profile(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = portfolio_of(&id)?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| invoices::profile(ctx, tx, id).await;
    Ok(Json(json!({"invoice_profile": app.db.read(&ctx, "invoices.profile", read).await?})))
}

/// `PUT /operator/api/portfolios/{portfolio_id}/invoice-profile`
async fn set_profile(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Profile>,
) -> Result<Json<Value>, Problem> {
    let id = portfolio_of(&id)?;
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        invoices::set_profile(ctx, tx, id, &body).await?;
        invoices::profile(ctx, tx, id).await
    };
    Ok(Json(json!({"invoice_profile": app.db.transact(&ctx, "invoices.set_profile", set).await?})))
}

fn rate_view(rate: &TaxRate) -> Value {
    json!({
        "jurisdiction": rate.jurisdiction, "effective_from": rate.effective_from.seconds(),
        "effective_to": seconds(rate.effective_to), "ppm": rate.ppm, "name": rate.name,
        "reverse_charge": rate.reverse_charge,
    })
}

/// `GET /operator/api/tax-rates`
async fn tax_rates(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| invoices::tax_rates(ctx, tx).await;
    let rates = app.db.read(&ctx, "invoices.tax_rates", read).await?;
    Ok(Json(json!({"data": rates.iter().map(rate_view).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
struct RateBody {
    jurisdiction: String,
    /// Seconds.
    effective_from: i64,
    ppm: i64,
    name: String,
    #[serde(default)]
    reverse_charge: bool,
}

/// `POST /operator/api/tax-rates`
async fn set_tax_rate(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<RateBody>,
) -> Result<Json<Value>, Problem> {
    let rate = TaxRate {
        jurisdiction: body.jurisdiction,
        effective_from: Timestamp::from_seconds(body.effective_from.clamp(0, 253_370_764_800)),
        effective_to: None,
        ppm: body.ppm,
        name: body.name,
        reverse_charge: body.reverse_charge,
    };
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        invoices::set_tax_rate(ctx, tx, &rate).await?;
        invoices::tax_rates(ctx, tx).await
    };
    let rates = app.db.transact(&ctx, "invoices.set_tax_rate", set).await?;
    Ok(Json(json!({"data": rates.iter().map(rate_view).collect::<Vec<_>>()})))
}
