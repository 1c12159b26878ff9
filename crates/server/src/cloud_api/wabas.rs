//! Business accounts.

use super::errors::GraphError;
use super::{Call, list as lists};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] = &["name", "timezone_id", "message_template_namespace", "currency"];

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| portfolios::waba(ctx, tx, waba).await;
    let waba = call.app.db.read(&call.ctx, "cloud_api.waba", read).await?;
    let view = json!({
        "id": waba.waba_id.to_string(),
        "name": waba.name,
        "currency": waba.currency.code(),
        "timezone_id": waba.time_zone,
        "country": waba.country,
        "message_template_namespace": format!("plaza_{}", waba.waba_id),
        "status": "ACTIVE",
        "account_review_status": "APPROVED",
        "business_verification_status": "not_verified",
        "ownership_type": "SELF",
        "is_enabled_for_insights": false,
        "owner_business_info": {"id": waba.portfolio_id.to_string(), "name": waba.portfolio_name},
    });
    Ok(lists::select(&call, view, DEFAULT_FIELDS))
}
