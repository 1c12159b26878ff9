//! `POST /{phone}/calls`: to call somebody, to pick up, to decline, to hang up; and `GET /{phone}/call_permissions`.

use super::Call;
use super::errors::GraphError;
use plaza_business::calls::{CallError, CallRequest};
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

/// `POST /{phone}/calls`
pub(super) async fn control(call: Call) -> Result<Value, GraphError> {
    let (phone, request) = (call.phone(), CallRequest::read(call.params.value())?);
    let (business, gateway) = (call.app.business.clone(), call.app.gateway.clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        let controlled = business.control_call(ctx, tx, phone, &request).await?;
        (gateway.signal)(ctx, tx, &controlled.signals).await?;
        Ok::<_, CallError>(controlled.begun)
    };
    let begun = call.write("cloud_api.control_call", work).await?;
    Ok(match begun {
        // Clients read the list, and some a member `success` beside it.
        Some(id) => json!({"messaging_product": "whatsapp", "calls": [{"id": id}], "success": true}),
        None => json!({"messaging_product": "whatsapp", "success": true}),
    })
}

/// `GET /{phone}/call_permissions`
pub(super) async fn permissions(call: Call) -> Result<Value, GraphError> {
    let (phone, asked) = (call.phone(), call.params.value().clone());
    let business = call.app.business.clone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| business.call_permissions(ctx, tx, phone, &asked).await;
    call.read("cloud_api.call_permissions", work).await
}
