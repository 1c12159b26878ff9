//! Numbers that a partner verifies beforehand.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use plaza_business::codes;
use plaza_business::json::moment;
use plaza_business::preverified::{self, Preverified};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::{Value, json};

fn view(number: &Preverified) -> Value {
    let (created_at, updated_at) = number.times();
    json!({
        "id": number.id().to_string(),
        "display_phone_number": number.number.to_string(),
        "country_prefix": plaza_business::country::prefix(&number.number),
        "country_code": plaza_business::country_of(&number.number),
        "verification_status": number.verification,
        "code_verification_status": number.verification,
        "availability_status": number.availability(),
        "created_time": moment(created_at),
        "last_updated": moment(updated_at),
        "is_input_id_valid": true,
    })
}

pub(super) async fn add(call: Call) -> Result<Value, GraphError> {
    let (id, request) = (PortfolioId(call.node()), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::add(ctx, tx, id, &request).await;
    let added = call.write("cloud_api.add_preverified", work).await?;
    Ok(json!({"id": added.to_string()}))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::list(ctx, tx, id).await;
    let found = call.read("cloud_api.preverified", work).await?;
    let views = found.iter().map(view).filter(|view| {
        ["verification_status", "availability_status", "country_code"].iter().all(|name| {
            let wanted = call.params.text(name);
            wanted.is_none_or(|wanted| {
                view[*name].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&wanted))
            })
        })
    });
    lists::page(&call, views.map(|view| lists::select_all(&call, view)).collect())
}

pub(super) async fn share(call: Call) -> Result<Value, GraphError> {
    let number = |name: &str| -> Result<i64, GraphError> {
        call.params.required(name)?.parse().map_err(|_| {
            GraphError::new(codes::INVALID_PARAMETER).details(format!("{name}: an id is expected"))
        })
    };
    let (id, partner) = (number("preverified_id")?, PortfolioId(number("partner_business_id")?));
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::share(ctx, tx, id, partner).await;
    call.write("cloud_api.share_preverified", work).await?;
    Ok(success())
}

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::get(ctx, tx, id).await;
    let found = call.read("cloud_api.preverified_number", work).await?;
    Ok(lists::select_all(&call, view(&found)))
}

pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::delete(ctx, tx, id).await;
    call.write("cloud_api.delete_preverified", work).await?;
    Ok(success())
}

pub(super) async fn partners(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| preverified::partners(ctx, tx, id).await;
    let found = call.read("cloud_api.preverified_partners", work).await?;
    let items = found.iter().map(|(partner, since, updated)| {
        let view = json!({
            "id": partner.portfolio_id.to_string(),
            "name": partner.name,
            "created_time": moment(*since),
            "updated_time": moment(*updated),
            "verification_status": "not_verified",
            "two_factor_type": "none",
        });
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

pub(super) async fn request_code(call: Call) -> Result<Value, GraphError> {
    let (id, request, business) = (call.node(), call.params.value().clone(), call.app.business.clone());
    let work =
        async move |ctx: &Ctx, tx: &mut Tx| business.request_preverified_code(ctx, tx, id, &request).await;
    call.write("cloud_api.request_preverified_code", work).await?;
    Ok(success())
}

pub(super) async fn verify_code(call: Call) -> Result<Value, GraphError> {
    let (id, code, business) = (call.node(), call.params.required("code")?, call.app.business.clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| business.verify_preverified_code(ctx, tx, id, &code).await;
    call.try_write("cloud_api.verify_preverified_code", work).await?;
    Ok(json!({"success": true, "id": call.id}))
}
