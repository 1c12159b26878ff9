//! Price books: versions with their prices, drafts from files, what they change, and what a month would have cost.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json};
use plaza_billing::{self as billing, Book, BooksError, Draft, FilePrice, Preview, PriceChange, Version};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, ErrorCode, PortfolioId, PriceBookId, PriceVersionId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The addresses of price books.
pub(super) fn router() -> axum::Router<Arc<App>> {
    axum::Router::new()
        .route("/price-books", get(list))
        .route("/price-books/contracts", post(open_contract))
        .route("/price-books/{book}", get(book))
        .route("/price-books/{book}/export", get(export))
        .route("/price-books/{book}/compare", get(compare))
        .route("/price-books/{book}/drafts", post(draft))
        .route("/price-books/{book}/versions/{version}/prices", get(prices))
        .route("/price-drafts/{draft}", axum::routing::delete(drop_draft))
        .route("/price-drafts/{draft}/compare", get(compare_draft))
        .route("/price-drafts/{draft}/preview", get(preview))
        .route("/price-drafts/{draft}/publish", post(publish))
}

impl From<BooksError> for Problem {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Db(error) => error.into(),
            BooksError::Billing(error) => error.into(),
            BooksError::NotFound(what) => Self::not_found(&format!("this {what}")),
            BooksError::Invalid(what) => Self::invalid(what),
            BooksError::File(faults) => {
                let first = faults.first();
                let first = first.map(|fault| format!("row {}, {}: {}", fault.row, fault.column, fault.what));
                let detail = format!("the file cannot be taken in: {}", first.unwrap_or_default());
                let faults = faults
                    .iter()
                    .map(|fault| json!({"row": fault.row, "column": fault.column, "what": fault.what}));
                Self::invalid(detail).with_errors(faults.collect())
            }
        }
    }
}

/// Reads from the books.
async fn read<T: Send + 'static>(
    (app, ctx): (&App, &Ctx),
    name: &'static str,
    work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, BooksError> + Send + 'static,
) -> Result<T, Problem> {
    Ok(app.db.read(ctx, name, work).await?)
}

fn book_id(text: &str) -> Result<PriceBookId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this price book"))
}

fn version_id(text: &str) -> Result<PriceVersionId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this version"))
}

fn book_view(book: &Book, names: &BTreeMap<PortfolioId, String>) -> Value {
    json!({
        "price_book_id": book.price_book_id, "name": book.name, "currency": book.currency.code(),
        "kind": book.kind().as_str(), "base_book_id": book.base_book, "portfolio_id": book.portfolio_id,
        "portfolio_name": book.portfolio_id.and_then(|id| names.get(&id)),
    })
}

fn version_view(version: &Version) -> Value {
    json!({
        "price_version_id": version.price_version_id, "effective_from": version.effective_from.seconds(),
        "effective_to": version.effective_to.map(Timestamp::seconds),
        "published_at": version.published_at.seconds(), "prices": version.prices,
    })
}

fn draft_view(draft: &Draft) -> Value {
    json!({
        "price_version_id": draft.price_version_id, "price_book_id": draft.price_book_id,
        "effective_from": draft.effective_from.seconds(), "prices": draft.prices,
        "created_at": draft.created_at.seconds(),
    })
}

fn changes_view(changes: &[PriceChange]) -> Json<Value> {
    let data = changes.iter().map(|change| {
        json!({
            "market": change.market, "category": change.category.as_str(), "tier_from": change.tier_from,
            "before_micros": change.before.map(|price| price.0), "after_micros": change.after.map(|price| price.0),
        })
    });
    Json(json!({"data": data.collect::<Vec<_>>()}))
}

#[derive(Debug, Deserialize)]
struct Page {
    after: Option<String>,
}

/// `GET /operator/api/price-books?after=`
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let after = page.after.as_deref().map(book_id).transpose()?;
    let list = async move |ctx: &Ctx, tx: &mut Tx| {
        let books = billing::books(ctx, tx, after).await?;
        let names = portfolios::names(ctx, tx, books.iter().filter_map(|book| book.portfolio_id)).await?;
        Ok((books, names))
    };
    let (books, names) = read((&app, &ctx), "operator.price_books", list).await?;
    let full = books.len() >= plaza_protocol::limits::PAGE_ROWS_MAX;
    let next = books.last().filter(|_| full).map(|book| book.price_book_id);
    Ok(Json(
        json!({"data": books.iter().map(|book| book_view(book, &names)).collect::<Vec<_>>(), "next": next}),
    ))
}

/// `GET /operator/api/price-books/{book}`
async fn book(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = book_id(&id)?;
    let whole = async move |ctx: &Ctx, tx: &mut Tx| {
        let (book, versions, drafts) = billing::book(ctx, tx, id).await?;
        let names = portfolios::names(ctx, tx, book.portfolio_id).await?;
        Ok((book, versions, drafts, names))
    };
    let (book, versions, drafts, names) = read((&app, &ctx), "operator.price_book", whole).await?;
    let mut view = book_view(&book, &names);
    view["versions"] = versions.iter().map(version_view).collect();
    view["drafts"] = drafts.iter().map(draft_view).collect();
    view["notice_days"] = json!(app.settings.price_notice.days());
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
struct Contract {
    portfolio_id: String,
    name: String,
}

/// `POST /operator/api/price-books/contracts`: a book for what is agreed with a portfolio.
async fn open_contract(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Contract>,
) -> Result<Json<Value>, Problem> {
    let portfolio: PortfolioId =
        body.portfolio_id.parse().map_err(|_| Problem::not_found("this portfolio"))?;
    let open = async move |ctx: &Ctx, tx: &mut Tx| {
        let id = billing::open_contract(ctx, tx, portfolio, &body.name).await?;
        let names = portfolios::names(ctx, tx, [portfolio]).await?;
        Ok::<_, BooksError>((billing::book(ctx, tx, id).await?.0, names))
    };
    let (book, names) = app.db.transact(&ctx, "operator.price_contract", open).await?;
    Ok(Json(book_view(&book, &names)))
}

/// `GET /operator/api/price-books/{book}/versions/{version}/prices`: of a version, or a draft.
async fn prices(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((book, version)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let key = (book_id(&book)?, version_id(&version)?);
    let prices = read((&app, &ctx), "operator.prices", async move |ctx, tx| {
        billing::version_prices(ctx, tx, key).await
    })
    .await?;
    let view = |price: &FilePrice| {
        json!({
            "market": price.market, "category": price.category.as_str(), "tier_from": price.tier_from,
            "unit_micros": price.unit.0,
        })
    };
    Ok(Json(json!({"data": prices.iter().map(view).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
struct Export {
    version: Option<String>,
}

/// `GET /operator/api/price-books/{book}/export?version=`: CSV, as drafts are handed in.
async fn export(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(book): Path<String>,
    Query(query): Query<Export>,
) -> Result<Response, Problem> {
    let (book, only) = (book_id(&book)?, query.version.as_deref().map(version_id).transpose()?);
    let export = async move |ctx: &Ctx, tx: &mut Tx| billing::export(ctx, tx, book, only).await;
    let text = read((&app, &ctx), "operator.price_export", export).await?;
    let kind = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"prices.csv\""),
    ];
    Ok((kind, text).into_response())
}

#[derive(Debug, Deserialize)]
struct Pair {
    from: String,
    to: String,
}

/// `GET /operator/api/price-books/{book}/compare?from=&to=`: what differs between two versions.
async fn compare(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(book): Path<String>,
    Query(pair): Query<Pair>,
) -> Result<Json<Value>, Problem> {
    let (book, pair) = (book_id(&book)?, (version_id(&pair.from)?, version_id(&pair.to)?));
    let compare = async move |ctx: &Ctx, tx: &mut Tx| billing::compare_versions(ctx, tx, book, pair).await;
    Ok(changes_view(&read((&app, &ctx), "operator.price_compare", compare).await?))
}

/// `POST /operator/api/price-books/{book}/drafts`: the body is the file.
async fn draft(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(book): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let book = book_id(&book)?;
    let text = String::from_utf8(body.into())
        .map_err(|_| Problem::new(ErrorCode::Invalid, "the file is not UTF-8: save it as such"))?;
    let wanted = (book, app.settings.price_notice);
    let draft = async move |ctx: &Ctx, tx: &mut Tx| billing::draft(ctx, tx, wanted, &text).await;
    Ok(Json(draft_view(&app.db.transact(&ctx, "operator.price_draft", draft).await?)))
}

/// `DELETE /operator/api/price-drafts/{draft}`
async fn drop_draft(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(draft): Path<String>,
) -> Result<Json<Value>, Problem> {
    let draft = version_id(&draft)?;
    let drop_it = async move |ctx: &Ctx, tx: &mut Tx| billing::drop_draft(ctx, tx, draft).await;
    app.db.transact(&ctx, "operator.price_draft_drop", drop_it).await?;
    Ok(Json(json!({"success": true})))
}

/// `GET /operator/api/price-drafts/{draft}/compare`: what it changes.
async fn compare_draft(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(draft): Path<String>,
) -> Result<Json<Value>, Problem> {
    let draft = version_id(&draft)?;
    let compare = async move |ctx: &Ctx, tx: &mut Tx| billing::compare_draft(ctx, tx, draft).await;
    Ok(changes_view(&read((&app, &ctx), "operator.price_compare", compare).await?))
}

#[derive(Debug, Deserialize)]
struct Month {
    period: i64,
}

/// `GET /operator/api/price-drafts/{draft}/preview?period=202610`: what the month would have cost.
async fn preview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(draft): Path<String>,
    Query(month): Query<Month>,
) -> Result<Json<Value>, Problem> {
    let (draft, period) = (version_id(&draft)?, month.period);
    let preview = async move |ctx: &Ctx, tx: &mut Tx| billing::preview(ctx, tx, draft, period).await;
    let Preview { currency, period, lines } = read((&app, &ctx), "operator.price_preview", preview).await?;
    let data = lines.iter().map(|line| {
        json!({
            "category": line.category.as_str(), "market": line.market, "messages": line.messages,
            "billable": line.billable, "before_micros": line.before.0, "after_micros": line.after.0,
        })
    });
    Ok(Json(json!({"currency": currency.code(), "period": period, "data": data.collect::<Vec<_>>()})))
}

/// `POST /operator/api/price-drafts/{draft}/publish`
async fn publish(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(draft): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (draft, notice) = (version_id(&draft)?, app.settings.price_notice);
    let publish = async move |ctx: &Ctx, tx: &mut Tx| billing::publish(ctx, tx, draft, notice).await;
    Ok(Json(version_view(&app.db.transact(&ctx, "operator.price_publish", publish).await?)))
}
