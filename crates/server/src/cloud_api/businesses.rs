//! Business portfolios: their accounts, their clients' accounts, their credit.

use super::errors::GraphError;
use super::{Call, list as lists, wabas};
use lists::Fields;
use plaza_business::management::ManageError;
use plaza_business::portfolios::{self, Waba};
use plaza_business::{health, partners, verification};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::{Value, json};

const WABA_FIELDS: &[&str] = &["name", "timezone_id", "message_template_namespace", "currency"];

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let wants_health = Fields::of(&call).wants("health_status");
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        let portfolio = portfolios::portfolio(ctx, tx, id).await?;
        let health = match wants_health {
            true => Some(health::of(ctx, tx, health::Subject::Business(id)).await?),
            false => None,
        };
        let verified = verification::status(tx, id).await?;
        Ok::<_, ManageError>((portfolio, health, verified))
    };
    let (portfolio, health, verified) = call.read("cloud_api.portfolio", work).await?;
    let view = json!({
        "health_status": health,
        "id": call.id,
        "name": portfolio.name,
        "timezone_id": portfolio.time_zone,
        "country": portfolio.country,
        "created_time": portfolio.created_at.seconds(),
        "verification_status": verified.graph_word(),
    });
    Ok(lists::select(&call, view, &["name", "timezone_id"]))
}

/// A page of accounts with what was asked for of each.
async fn page(call: &Call, accounts: Vec<Waba>) -> Result<Value, GraphError> {
    let (fields, token) = (Fields::of(call), call.token.clone());
    let find = call.params.text("find");
    let wanted: Vec<Waba> = accounts
        .into_iter()
        .filter(|waba| {
            find.as_ref().is_none_or(|find| waba.waba_id.to_string() == *find || waba.name.contains(find))
        })
        .collect();
    // A partner asks about clients' accounts that were shared with it: who may see them was asked before.
    let system = call.ctx.acting_as(plaza_protocol::Actor::System);
    let views = call.app.db.read(&system, "cloud_api.wabas", async move |ctx: &Ctx, tx: &mut Tx| {
        let mut views = Vec::new();
        for waba in &wanted {
            views.push(wabas::load(ctx, tx, waba, &fields, &token).await?);
        }
        Ok::<_, ManageError>(views)
    });
    let views = views.await?;
    lists::page(call, views.into_iter().map(|view| lists::select(call, view, WABA_FIELDS)).collect())
}

pub(super) async fn owned_wabas(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let work = async move |ctx: &Ctx, tx: &mut Tx| portfolios::wabas_of(ctx, tx, id).await;
    let mut accounts = call.read("cloud_api.owned_wabas", work).await?;
    if let Some(targets) = &call.token.targets {
        accounts.retain(|waba| targets.contains(&waba.waba_id.0));
    }
    page(&call, accounts).await
}

pub(super) async fn client_wabas(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::client_wabas(ctx, tx, id).await;
    let accounts = call.read("cloud_api.client_wabas", work).await?;
    page(&call, accounts).await
}

/// The prepaid balance stands as the one line of credit.
pub(super) async fn credits(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let work = async move |ctx: &Ctx, tx: &mut Tx| portfolios::portfolio(ctx, tx, id).await;
    let portfolio = call.read("cloud_api.portfolio", work).await?;
    let line = json!({"id": call.id, "legal_entity_name": portfolio.name});
    Ok(json!({"data": [lists::select_all(&call, line)]}))
}

/// Marketing messages need no admission of their own: every account may send them.
pub(super) async fn onboard(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let solution = call.params.text("solution_id").and_then(|id| id.parse().ok());
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        portfolios::portfolio(ctx, tx, id).await?;
        match solution {
            Some(solution) => partners::get(ctx, tx, solution).await.map(drop),
            None => Ok(()),
        }
    };
    call.read::<_, ManageError, _>("cloud_api.onboard", work).await?;
    Ok(json!({"request_id": call.ctx.request().to_string()}))
}
