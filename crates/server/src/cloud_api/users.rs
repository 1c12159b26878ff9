//! System users: making them, their tokens, the accounts that they reach.

use super::errors::GraphError;
use super::{Call, list as lists};
use plaza_business::apps::Scope;
use plaza_business::json::moment;
use plaza_business::{codes, users};
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx, PortfolioId, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// A token that is to end ends after so long.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 24 * 3600);

pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let (id, request) = (PortfolioId(call.node()), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| users::create(ctx, tx, id, &request).await;
    let made = call.write("cloud_api.create_user", work).await?;
    Ok(json!({"id": made.user_id.to_string()}))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let id = PortfolioId(call.node());
    let work = async move |ctx: &Ctx, tx: &mut Tx| users::list(ctx, tx, id).await;
    let found = call.read("cloud_api.users", work).await?;
    let items = found.iter().map(|user| {
        let view = json!({"id": user.user_id.to_string(), "name": user.name, "role": user.role});
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

pub(super) async fn issue_token(call: Call) -> Result<Value, GraphError> {
    let wanted = call.params.words("scope");
    let scopes: Vec<Scope> =
        Scope::ALL.iter().copied().filter(|scope| wanted.iter().any(|word| word == scope.as_str())).collect();
    // Nobody gives what they do not have.
    if let Some(missing) = scopes.iter().find(|scope| !call.token.allows(**scope)) {
        return Err(GraphError::permission(*missing));
    }
    if scopes.is_empty() {
        let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let what = format!("scope: some of {} are expected", names.join(", "));
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(what));
    }
    let app = match call.params.text("business_app") {
        None => call.token.app,
        Some(app) => app.parse::<AppId>().map_err(|_| {
            GraphError::new(codes::INVALID_PARAMETER).details("business_app: the id of an app is expected")
        })?,
    };
    let ends =
        call.params.value().get("set_token_expires_in_60_days").and_then(plaza_business::json::boolean);
    let expires_at: Option<Timestamp> = (ends == Some(true)).then(|| call.ctx.now() + TOKEN_LIFETIME);
    let user = call.node();
    let work =
        async move |ctx: &Ctx, tx: &mut Tx| users::issue_token(ctx, tx, user, app, &scopes, expires_at).await;
    let token = call.write("cloud_api.issue_token", work).await?;
    Ok(json!({"access_token": token.0}))
}

pub(super) async fn accounts(call: Call) -> Result<Value, GraphError> {
    let user = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| users::accounts(ctx, tx, user).await;
    let found = call.read("cloud_api.assigned_accounts", work).await?;
    let items = found.iter().map(|(waba, tasks, since)| {
        let view = json!({
            "id": waba.waba_id.to_string(),
            "name": waba.name,
            "status": "ACTIVE",
            "assignment_date": moment(*since),
            "permissions": tasks,
            "business_id": waba.portfolio_id.to_string(),
        });
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}
