//! Flows: create, read, change, publish, copy, and their document.

use super::errors::GraphError;
use super::list::{self as lists, Fields, origin};
use super::params::Params;
use super::subscriptions::success;
use super::{Call, CloudApi};
use crate::flows::ping;
use plaza_business::flows::calls::{self, MetricRequest};
use plaza_business::flows::{self, FLOW_JSON_BYTES_MAX, Flow, FlowError};
use plaza_business::json::moment;
use plaza_business::{apps, codes, portfolios};
use plaza_db::Tx;
use plaza_protocol::limits::BODY_BYTES_MAX;
use plaza_protocol::{Ctx, FlowId, Timestamp};
use serde_json::{Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] = &["name", "status", "categories", "validation_errors"];
/// How long the address of a document is good.
const ASSET_LIFETIME_S: i64 = 60 * 60;
/// How long the address of a preview is good.
const PREVIEW_LIFETIME_S: i64 = 30 * 24 * 3600;

/// `POST /{waba}/flows`
pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let (waba, request) = (call.waba(), call.params.value().clone());
    let create = async move |ctx: &Ctx, tx: &mut Tx| flows::create(ctx, tx, waba, &request).await;
    let flow = call.app.db.transact(&call.ctx, "cloud_api.create_flow", create).await?;
    Ok(json!({
        "id": flow.flow_id.to_string(),
        "success": flow.validation_errors.is_empty(),
        "validation_errors": flow.validation_errors,
    }))
}

/// `GET /{waba}/flows`. An account has few flows: they are read together and cut into pages.
pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| flows::list(ctx, tx, waba).await;
    let all = call.app.db.read(&call.ctx, "cloud_api.flows", read).await?;
    let fields = Fields::of(&call);
    let mut items = Vec::with_capacity(all.len());
    for flow in &all {
        let view = view(&call, &fields, flow).await?;
        items.push(lists::select(&call, view, DEFAULT_FIELDS));
    }
    lists::page(&call, items)
}

/// `GET /{flow}`
pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let flow = read(&call).await?;
    let fields = Fields::of(&call);
    let mut view = view(&call, &fields, &flow).await?;
    if fields.wants("metric") {
        view["metric"] = metric(&call, &fields).await?;
    }
    Ok(lists::select(&call, view, DEFAULT_FIELDS))
}

async fn read(call: &Call) -> Result<Flow, GraphError> {
    let id = call.flow();
    let read = async move |ctx: &Ctx, tx: &mut Tx| flows::get(ctx, tx, id).await;
    Ok(call.app.db.read(&call.ctx, "cloud_api.flow", read).await?)
}

async fn metric(call: &Call, fields: &Fields) -> Result<Value, GraphError> {
    let argument = |name| fields.argument("metric", name).map(str::to_owned);
    let asked = MetricRequest {
        name: argument("name").unwrap_or_default(),
        granularity: argument("granularity").unwrap_or_default(),
        since: argument("since"),
        until: argument("until"),
    };
    let id = call.flow();
    let read = async move |ctx: &Ctx, tx: &mut Tx| calls::metric(ctx, tx, id, &asked).await;
    Ok(call.app.db.read(&call.ctx, "cloud_api.flow_metric", read).await?)
}

/// All that can be asked of a flow; what needs another look is left out unless it is asked for.
async fn view(call: &Call, fields: &Fields, flow: &Flow) -> Result<Value, GraphError> {
    let mut view = json!({
        "id": flow.flow_id.to_string(),
        "name": flow.name,
        "status": flow.status.as_str(),
        "categories": flow.categories,
        "validation_errors": flow.validation_errors,
        "updated_at": moment(flow.updated_at),
        "health_status": flow.health(),
    });
    for (name, value) in [
        ("json_version", &flow.json_version),
        ("data_api_version", &flow.data_api_version),
        ("endpoint_uri", &flow.endpoint_uri),
        ("data_channel_uri", &flow.endpoint_uri),
    ] {
        if let Some(value) = value {
            view[name] = json!(value);
        }
    }
    if fields.wants("preview") {
        let (url, until) = address(call, "flow-preview", flow.flow_id, PREVIEW_LIFETIME_S)?;
        view["preview"] = json!({"preview_url": url, "expires_at": moment(until)});
    }
    if fields.wants("whatsapp_business_account") {
        let waba = flow.waba_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| portfolios::waba(ctx, tx, waba).await;
        let waba = call.app.db.read(&call.ctx, "cloud_api.waba", read).await?;
        view["whatsapp_business_account"] = json!({
            "id": waba.waba_id.to_string(),
            "name": waba.name,
            "currency": waba.currency.code(),
            "timezone_id": waba.time_zone,
            "message_template_namespace": format!("plaza_{}", waba.waba_id),
        });
    }
    if fields.wants("application") {
        let id = flow.app_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| apps::app(ctx, tx, id).await;
        if let Some(app) = call.app.db.read(&call.ctx, "cloud_api.app", read).await? {
            let link = format!("{}/business", origin(call));
            view["application"] = json!({"id": app.app_id.to_string(), "name": app.name, "link": link});
        }
    }
    Ok(view)
}

/// Where a flow can be seen without a token, for a while: its document, or the page on which it runs.
fn address(call: &Call, below: &str, id: FlowId, lifetime_s: i64) -> Result<(String, Timestamp), GraphError> {
    let until_s = call.ctx.now().seconds().saturating_add(lifetime_s);
    let signature = call.app.business.flow_signature(id, until_s)?;
    let url = format!("{}/{below}/{id}/{until_s}-{signature}", origin(call));
    Ok((url, Timestamp(until_s.saturating_mul(1_000_000))))
}

/// `POST /{flow}`
pub(super) async fn update(call: Call) -> Result<Value, GraphError> {
    let (id, request) = (call.flow(), call.params.value().clone());
    let update = async move |ctx: &Ctx, tx: &mut Tx| flows::update(ctx, tx, id, &request).await;
    call.app.db.transact(&call.ctx, "cloud_api.update_flow", update).await?;
    Ok(success())
}

/// `DELETE /{flow}`
pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let id = call.flow();
    let delete = async move |ctx: &Ctx, tx: &mut Tx| flows::delete(ctx, tx, id).await;
    call.app.db.transact(&call.ctx, "cloud_api.delete_flow", delete).await?;
    call.app.forget(id.0);
    Ok(success())
}

/// `GET /{flow}/assets`
pub(super) async fn assets(call: Call) -> Result<Value, GraphError> {
    let flow = read(&call).await?;
    let mut items = Vec::new();
    if flow.json_bytes > 0 {
        let (url, _) = address(&call, "v1/flow-assets", flow.flow_id, ASSET_LIFETIME_S)?;
        items.push(json!({"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url}));
    }
    lists::page_by(&call, items, "name")
}

/// `POST /{flow}/assets`: a document as a file, or as a member.
pub(super) async fn upload(call: Call) -> Result<Value, GraphError> {
    let id = call.flow();
    // Who may not write is not listened to.
    read(&call).await?;
    let _large = call.app.large_bodies.acquire().await.map_err(GraphError::internal)?;
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.headers = call.headers.clone();
    let bytes_max = FLOW_JSON_BYTES_MAX.saturating_add(BODY_BYTES_MAX);
    let body = Params::read(&parts, call.take_body(), bytes_max).await?;
    let text = |name| body.text(name).or_else(|| call.params.text(name));
    if text("asset_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("FLOW_JSON")) {
        let details = "asset_type: \"FLOW_JSON\" is expected";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(details));
    }
    let flow_json = flow_json(&body)?;
    let upload = async move |ctx: &Ctx, tx: &mut Tx| flows::upload(ctx, tx, id, &flow_json).await;
    let flow = call.app.db.transact(&call.ctx, "cloud_api.upload_flow", upload).await?;
    Ok(json!({"success": true, "validation_errors": flow.validation_errors}))
}

fn flow_json(body: &Params) -> Result<String, GraphError> {
    let refused = |what: &str| GraphError::new(codes::INVALID_PARAMETER).details(format!("file: {what}"));
    if let Some(file) = body.file("file") {
        return String::from_utf8(file.bytes.to_vec()).map_err(|_| refused("the file is not UTF-8"));
    }
    let given = ["file", "flow_json"].iter().find_map(|name| body.value().get(*name));
    match given {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(object @ Value::Object(_)) => Ok(object.to_string()),
        _ => Err(refused("a flow JSON in a multipart body is expected")),
    }
}

/// `POST /{flow}/publish`: a flow with an endpoint is published only if the endpoint is well.
pub(super) async fn publish(call: Call) -> Result<Value, GraphError> {
    let id = call.flow();
    let unwell = health_check(&call.app, &call.ctx, id).await?;
    let publish = async move |ctx: &Ctx, tx: &mut Tx| flows::publish(ctx, tx, id, unwell.as_deref()).await;
    call.app.db.transact(&call.ctx, "cloud_api.publish_flow", publish).await?;
    Ok(success())
}

async fn health_check(app: &CloudApi, ctx: &Ctx, id: FlowId) -> Result<Option<String>, FlowError> {
    let business = app.business.clone();
    let find = async move |ctx: &Ctx, tx: &mut Tx| business.endpoint_to_ping(ctx, tx, id).await;
    match app.db.read(ctx, "cloud_api.flow_endpoint", find).await? {
        None => Ok(None),
        Some(endpoint) => Ok(ping(&app.db, &app.egress, ctx, &endpoint).await),
    }
}

/// `POST /{flow}/deprecate`
pub(super) async fn deprecate(call: Call) -> Result<Value, GraphError> {
    let id = call.flow();
    let deprecate = async move |ctx: &Ctx, tx: &mut Tx| flows::deprecate(ctx, tx, id).await;
    call.app.db.transact(&call.ctx, "cloud_api.deprecate_flow", deprecate).await?;
    Ok(success())
}

/// `POST /{waba}/migrate_flows`
pub(super) async fn migrate(call: Call) -> Result<Value, GraphError> {
    let (waba, request) = (call.waba(), call.params.value().clone());
    let migrate = async move |ctx: &Ctx, tx: &mut Tx| flows::migrate(ctx, tx, waba, &request).await;
    let migrated = call.app.db.transact(&call.ctx, "cloud_api.migrate_flows", migrate).await?;
    let copied = migrated.copied.iter().map(|(source, copy)| {
        json!({
            "source_name": source.name,
            "source_id": source.flow_id.to_string(),
            "migrated_id": copy.to_string(),
        })
    });
    let failed = migrated.failed.iter().map(|(name, why)| {
        json!({
            "source_name": name,
            "error_code": "4233041",
            "error_message": format!("Flows Migration Error: {why}"),
        })
    });
    Ok(json!({"migrated_flows": copied.collect::<Vec<_>>(), "failed_flows": failed.collect::<Vec<_>>()}))
}
