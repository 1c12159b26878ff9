//! Analytics of an account: fields of the node, whose arguments say what is asked, and edges for its templates.

use super::Call;
use super::errors::GraphError;
use super::list::{self as lists, Fields};
use plaza_business::analytics;
use plaza_business::management::ManageError;
use plaza_db::Tx;
use plaza_protocol::{Ctx, WabaId};
use serde_json::{Map, Value, json};

/// Parameters that are lists, which come as JSON or with commas.
const LISTS: &[&str] = &["metric_types", "template_ids", "template_group_ids", "group_ids"];

/// The fields of this kind that were asked for.
pub(super) async fn fields(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    fields: &Fields,
) -> Result<Map<String, Value>, ManageError> {
    let mut found = Map::new();
    if let Some(asked) = fields.arguments("analytics") {
        found.insert("analytics".to_owned(), analytics::messages(ctx, tx, waba, &asked).await?);
    }
    if let Some(asked) = fields.arguments("pricing_analytics") {
        found.insert("pricing_analytics".to_owned(), analytics::prices(ctx, tx, waba, &asked).await?);
    }
    if let Some(asked) = fields.arguments("call_analytics") {
        found.insert("call_analytics".to_owned(), analytics::calls(ctx, tx, waba, &asked).await?);
    }
    if let Some(asked) = fields.arguments("conversation_analytics") {
        let answer = analytics::conversations(ctx, tx, waba, &asked).await?;
        found.insert("conversation_analytics".to_owned(), answer);
    }
    Ok(found)
}

/// The parameters with their lists as lists.
fn asked(call: &Call) -> Value {
    let mut asked = call.params.value().clone();
    if let Some(members) = asked.as_object_mut() {
        for name in LISTS {
            let words = call.params.words(name);
            if !words.is_empty() {
                members.insert((*name).to_owned(), json!(words));
            }
        }
    }
    asked
}

fn answer(call: &Call, answer: Value) -> Value {
    lists::envelope(call, vec![answer], ("", ""), (false, false))
}

/// `GET /{waba}/template_analytics`
pub(super) async fn templates(call: Call) -> Result<Value, GraphError> {
    let (waba, asked) = (call.waba(), asked(&call));
    let read =
        async move |ctx: &Ctx, tx: &mut Tx| analytics::templates::templates(ctx, tx, waba, &asked).await;
    let found = call.read("cloud_api.template_analytics", read).await?;
    Ok(answer(&call, found))
}

/// `GET /{waba}/group_analytics`
pub(super) async fn groups(call: Call) -> Result<Value, GraphError> {
    let (waba, asked) = (call.waba(), asked(&call));
    let read = async move |ctx: &Ctx, tx: &mut Tx| analytics::groups::groups(ctx, tx, waba, &asked).await;
    let found = call.read("cloud_api.group_analytics", read).await?;
    Ok(answer(&call, found))
}

/// `GET /{waba}/template_group_analytics`
pub(super) async fn template_groups(call: Call) -> Result<Value, GraphError> {
    let (waba, asked) = (call.waba(), asked(&call));
    let read = async move |ctx: &Ctx, tx: &mut Tx| analytics::templates::groups(ctx, tx, waba, &asked).await;
    let found = call.read("cloud_api.template_group_analytics", read).await?;
    Ok(answer(&call, found))
}
