//! What the numbers of documents look like, and rates that are taken back before they are used.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use axum::{Extension, Json, Router};
use plaza_billing::invoices::{self, Numbered, Numbers, Series};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/invoice-numbers", get(numbers))
        .route("/invoice-numbers/{kind}", put(set_series))
        .route("/tax-rates/{jurisdiction}/{effective_from}", delete(remove_tax_rate))
}

fn numbers_view(of: &Numbers) -> Value {
    json!({
        "kind": of.kind.as_str(), "year": of.year, "prefix": of.series.prefix,
        "year_digits": of.series.year_digits, "digits": of.series.digits, "last": of.last,
        "next": of.series.number(of.year, of.last.saturating_add(1)),
    })
}

fn views(numbers: &[Numbers]) -> Json<Value> {
    Json(json!({"data": numbers.iter().map(numbers_view).collect::<Vec<_>>()}))
}

/// `GET /operator/api/invoice-numbers`: of invoices and credit notes, this year and the next.
async fn numbers(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| invoices::numbers(ctx, tx).await;
    Ok(views(&app.db.read(&ctx, "invoices.numbers", read).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesBody {
    /// The first year that has it.
    year: i64,
    prefix: String,
    year_digits: i64,
    digits: i64,
}

/// `PUT /operator/api/invoice-numbers/{kind}`
async fn set_series(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(kind): Path<String>,
    Body(body): Body<SeriesBody>,
) -> Result<Json<Value>, Problem> {
    let kind = Numbered::parse(&kind).ok_or_else(|| Problem::not_found("this kind of document"))?;
    let series = Series { prefix: body.prefix, year_digits: body.year_digits, digits: body.digits };
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        invoices::set_series(ctx, tx, kind, body.year, &series).await?;
        invoices::numbers(ctx, tx).await
    };
    Ok(views(&app.db.transact(&ctx, "invoices.set_series", set).await?))
}

/// `DELETE /operator/api/tax-rates/{jurisdiction}/{effective_from}`: the second is in seconds, as the list has it.
async fn remove_tax_rate(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((jurisdiction, from)): Path<(String, i64)>,
) -> Result<Json<Value>, Problem> {
    let from = Timestamp::from_seconds(from.clamp(0, 253_370_764_800));
    let remove =
        async move |ctx: &Ctx, tx: &mut Tx| invoices::remove_tax_rate(ctx, tx, &jurisdiction, from).await;
    app.db.transact(&ctx, "invoices.remove_tax_rate", remove).await?;
    Ok(Json(json!({"ok": true})))
}
