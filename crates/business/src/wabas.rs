//! # What an account can change about itself
//!
//! Its name, whether the insights of its templates are counted, which cannot be taken back, and whether marketing
//! templates go by the address of marketing messages only. Its time zone is that of
//! its business, because months and invoices follow it.

use crate::documents::{self, Key, Kind, Shape, field};
use crate::management::ManageError;
use crate::numbers::text;
use crate::portfolios;
use crate::{activity, codes};
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, WabaId};
use serde_json::{Map, Value, json};

/// Marketing templates go by the address of marketing messages only.
const NO_MARKETING: &str = "disable_marketing_messages_on_cloud_api";
const CHANGE: Shape = Shape(&[
    field("name", Kind::Text(1, 100)),
    field("timezone_id", Kind::Text(1, 64)),
    field("is_enabled_for_insights", Kind::Flag),
    field("purchase_order_number", Kind::Text(0, 64)),
    field(NO_MARKETING, Kind::Flag),
]);

fn key(waba: WabaId) -> Key<'static> {
    Key::only(waba.0, "waba_settings")
}

/// What an account has beside its identity.
pub async fn settings(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Map<String, Value>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Ok(documents::body(tx, key(waba.waba_id)).await?)
}

/// Whether the account's marketing templates may be sent like other messages.
pub(crate) async fn sends_marketing(tx: &mut Tx, waba: WabaId) -> Result<bool, DbError> {
    Ok(documents::body(tx, key(waba)).await?.get(NO_MARKETING) != Some(&json!(true)))
}

/// Changes the members that the request has.
pub async fn change(ctx: &Ctx, tx: &mut Tx, waba: WabaId, request: &Value) -> Result<(), ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let mut change = CHANGE.read(request)?;
    if change.is_empty() {
        let what = "one of name, is_enabled_for_insights, purchase_order_number or \
            disable_marketing_messages_on_cloud_api is expected";
        return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    }
    if let Some(zone) = text(&change, "timezone_id")
        && zone != waba.time_zone
    {
        let what = "it is that of the business, whose invoices follow it: ask the operator to change it";
        return Err(ManageError::invalid("timezone_id", what));
    }
    change.remove("timezone_id");
    if change.get("is_enabled_for_insights") == Some(&json!(false)) {
        let what = "is_enabled_for_insights: what was switched on stays on";
        return Err(ManageError::refused(codes::INSIGHTS_STAY, what));
    }
    if let Some(Value::String(name)) = change.remove("name") {
        portfolios::rename(ctx, tx, waba.waba_id, &name).await?;
    }
    if !change.is_empty() {
        documents::merge(ctx, tx, key(waba.waba_id), waba.portfolio_id, change).await?;
    }
    let owner = (waba.portfolio_id, waba.waba_id);
    Ok(activity::record(ctx, tx, owner, "ACCOUNT_UPDATED", "the account was changed", json!({})).await?)
}
