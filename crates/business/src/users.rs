//! # Users, grants and codes
//!
//! A **system user** is a program of a portfolio. An administrator reaches all accounts; an employee only those that it
//! was **assigned** to, with the tasks named there. A token of a user can do what the user can, at the time of the
//! call.
//!
//! A **partner** serves a client's account: the client lets the partner's app in, the app gets a **code**, and
//! exchanges it once for a token that reaches just these accounts of the client.

mod store;

pub(crate) use store::{STATEMENTS, grant};

use crate::activity;
use crate::apps::{self, App, Scope};
use crate::codes;
use crate::documents::{self, Document, Key, Kind, Shape, required};
use crate::management::ManageError;
use crate::portfolios::{self, NodeKind};
use crate::webhooks::{self, Event};
use crate::{is_operator, may_touch};
use plaza_billing::plans::{self, Entitlement, Holder};
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx, PortfolioId, Secret, Timestamp, WabaId};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Users of a portfolio, unless its plan gives it more.
const USERS_MAX: i64 = 100;
const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// A partner's token for a client ends.
const PARTNER_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 24 * 3600);
const ASSIGNED: &str = "assigned_user";
const CLIENT: &str = "client";

/// What a user may do with an account.
pub const TASKS: &[&str] = &[
    "MANAGE",
    "DEVELOP",
    "MANAGE_TEMPLATES",
    "MANAGE_PHONE",
    "VIEW_COST",
    "MANAGE_EXTENSIONS",
    "VIEW_PHONE_ASSETS",
    "MANAGE_PHONE_ASSETS",
    "VIEW_TEMPLATES",
    "VIEW_INSIGHTS",
    "RECEIVE_INCOMING_MESSAGES",
    "MANAGE_BILLING",
    "MANAGE_USERS",
    "MESSAGING",
];

const USER: Shape =
    Shape(&[required("name", Kind::Text(1, 100)), required("role", Kind::Choice(&["ADMIN", "EMPLOYEE"]))]);
const ASSIGNMENT: Shape = Shape(&[required("tasks", Kind::List(14, &Kind::Choice(TASKS)))]);

/// A system user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUser {
    /// The id.
    pub user_id: i64,
    /// Whose.
    pub portfolio: PortfolioId,
    /// The name.
    pub name: String,
    /// `ADMIN` or `EMPLOYEE`.
    pub role: String,
}

/// Makes a user.
pub async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    request: &Value,
) -> Result<SystemUser, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    let given = USER.read(request)?;
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let users = store::count(tx, portfolio).await?;
    let given = plans::entitled(ctx, tx, Holder::Business(portfolio), Entitlement::Agents).await?;
    let users_max = given.unwrap_or(USERS_MAX).max(USERS_MAX);
    if users >= users_max {
        let what = format!("the business has {users_max} system users already; a larger plan gives more");
        return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    }
    let user = SystemUser { user_id: ctx.graph_id(), portfolio, name: text("name"), role: text("role") };
    store::insert(ctx, tx, &user).await?;
    portfolios::store::insert_node(tx, user.user_id, NodeKind::User, portfolio).await?;
    Ok(user)
}

/// The users of a portfolio.
pub async fn list(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<SystemUser>, ManageError> {
    if may_touch(ctx, portfolio) { Ok(store::list(tx, portfolio).await?) } else { Err(ManageError::NotFound) }
}

/// A user.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<SystemUser, ManageError> {
    let user = store::get(tx, id).await?.ok_or(ManageError::NotFound)?;
    if may_touch(ctx, user.portfolio) { Ok(user) } else { Err(ManageError::NotFound) }
}

/// Issues a token of a user.
pub async fn issue_token(
    ctx: &Ctx,
    tx: &mut Tx,
    user: i64,
    app: AppId,
    scopes: &[Scope],
    expires_at: Option<Timestamp>,
) -> Result<Secret<String>, ManageError> {
    let user = get(ctx, tx, user).await?;
    let app = apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    if app.portfolio != user.portfolio {
        return Err(ManageError::NotFound);
    }
    let token = apps::issue_token(ctx, tx, app.app_id, user.portfolio, scopes, expires_at).await?;
    store::insert_grant(tx, &apps::fingerprint(&token.0), Some(user.user_id), None).await?;
    Ok(token)
}

/// Assigns a user to an account, with tasks.
pub async fn assign(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    user: i64,
    request: &Value,
) -> Result<(), ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let user = own_user(ctx, tx, waba.portfolio_id, user).await?;
    let body = ASSIGNMENT.read(request)?;
    let name = user.user_id.to_string();
    let key = Key { parent: waba.waba_id.0, kind: ASSIGNED, name: &name };
    let is_new = documents::get(tx, key).await?.is_none();
    documents::put(ctx, tx, key, waba.portfolio_id, &body).await?;
    let kind = if is_new { "USER_ADDED" } else { "USER_ROLE_CHANGED" };
    let details = json!({"user": name, "tasks": body.get("tasks")});
    let owner = (waba.portfolio_id, waba.waba_id);
    Ok(activity::record(ctx, tx, owner, kind, "a system user was assigned", details).await?)
}

/// Takes a user's assignment away.
pub async fn unassign(ctx: &Ctx, tx: &mut Tx, waba: WabaId, user: i64) -> Result<(), ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let name = user.to_string();
    if !documents::delete(tx, Key { parent: waba.waba_id.0, kind: ASSIGNED, name: &name }).await? {
        return Err(ManageError::invalid("user", "it is not assigned to this account"));
    }
    let owner = (waba.portfolio_id, waba.waba_id);
    let details = json!({"user": name});
    Ok(activity::record(ctx, tx, owner, "USER_REMOVED", "a system user was removed", details).await?)
}

async fn own_user(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    user: i64,
) -> Result<SystemUser, ManageError> {
    match get(ctx, tx, user).await {
        Ok(user) if user.portfolio == portfolio => Ok(user),
        Ok(_) | Err(ManageError::NotFound) => {
            Err(ManageError::invalid("user", "the id of a system user of this business is expected"))
        }
        Err(error) => Err(error),
    }
}

/// The users that an account has, with their tasks.
pub async fn assigned(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Vec<(SystemUser, Value)>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let mut users = Vec::new();
    for document in documents::list(tx, waba.waba_id.0, ASSIGNED).await? {
        let Some(user) = store::get(tx, document.name.parse().unwrap_or_default()).await? else { continue };
        users.push((user, document.body.get("tasks").cloned().unwrap_or_default()));
    }
    Ok(users)
}

/// The accounts that a user reaches: assigned ones with their tasks; of an administrator, all with all.
pub async fn accounts(
    ctx: &Ctx,
    tx: &mut Tx,
    user: i64,
) -> Result<Vec<(portfolios::Waba, Value, Timestamp)>, ManageError> {
    let user = get(ctx, tx, user).await?;
    let mut accounts = Vec::new();
    if user.role == "ADMIN" {
        for waba in portfolios::wabas_of(ctx, tx, user.portfolio).await? {
            let created_at = waba.created_at;
            accounts.push((waba, json!(TASKS), created_at));
        }
        return Ok(accounts);
    }
    for document in documents::named(tx, ASSIGNED, &user.user_id.to_string()).await? {
        let waba = portfolios::waba(ctx, tx, WabaId(document.parent)).await?;
        accounts.push((waba, document.body.get("tasks").cloned().unwrap_or_default(), document.created_at));
    }
    Ok(accounts)
}

/// The accounts that an employee was assigned to.
pub(crate) async fn targets_of(tx: &mut Tx, user: i64) -> Result<Vec<i64>, plaza_db::DbError> {
    let assigned = documents::named(tx, ASSIGNED, &user.to_string()).await?;
    Ok(assigned.into_iter().map(|document| document.parent).collect())
}

/// A client lets a partner's app into some of its accounts: the code is for the app. The operator's, or a sandbox's.
pub async fn issue_code(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    client: PortfolioId,
    accounts: &[WabaId],
) -> Result<Secret<String>, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    for account in accounts {
        if portfolios::waba(ctx, tx, *account).await?.portfolio_id != client {
            return Err(ManageError::NotFound);
        }
    }
    let code = hex::encode(ctx.random::<32>());
    let fingerprint = apps::fingerprint(&code);
    store::insert_code(tx, &fingerprint, app, client, accounts, ctx.now() + CODE_LIFETIME).await?;
    Ok(Secret(code))
}

/// A partner's token for a client, and when it ends.
pub type PartnerToken = (Secret<String>, Timestamp);

/// An app exchanges its code. The app has shown its secret beforehand.
pub async fn exchange_code(
    ctx: &Ctx,
    tx: &mut Tx,
    app: &App,
    code: &str,
) -> Result<PartnerToken, ManageError> {
    let what = "code: it is unknown, was used, or has expired";
    let refused = || ManageError::refused(codes::INVALID_PARAMETER, what);
    let found = store::use_code(ctx, tx, &apps::fingerprint(code), app.app_id).await?;
    let (client, targets) = found.ok_or_else(refused)?;
    let name = client.to_string();
    let body = Map::from_iter([("wabas".to_owned(), json!(targets))]);
    documents::put(ctx, tx, Key { parent: app.app_id.0, kind: CLIENT, name: &name }, app.portfolio, &body)
        .await?;
    for target in &targets {
        let waba = WabaId(*target);
        let value = json!({
            "event": "PARTNER_ADDED",
            "waba_info": {"waba_id": target.to_string(), "owner_business_id": client.to_string(),
                "partner_app_id": app.app_id.to_string()},
        });
        let event =
            Event { portfolio: client, waba, phone: None, field: "account_update", lane: *target, value };
        webhooks::emit(ctx, tx, vec![event]).await?;
        let details = json!({"app_id": app.app_id.to_string()});
        activity::record(ctx, tx, (client, waba), "PERMISSION_GRANTED", "a partner was let in", details)
            .await?;
    }
    partner_token(ctx, tx, app.app_id, client, &targets).await
}

/// A token of an app for a client that let it in.
pub(crate) async fn partner_token(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    client: PortfolioId,
    targets: &[i64],
) -> Result<PartnerToken, ManageError> {
    let expires_at = ctx.now() + PARTNER_TOKEN_LIFETIME;
    let token = apps::issue_token(ctx, tx, app, client, Scope::ALL, Some(expires_at)).await?;
    store::insert_grant(tx, &apps::fingerprint(&token.0), None, Some(targets)).await?;
    Ok((token, expires_at))
}

/// The clients that let an app in.
pub(crate) async fn clients(
    tx: &mut Tx,
    app: AppId,
) -> Result<Vec<(PortfolioId, Document)>, plaza_db::DbError> {
    let documents = documents::list(tx, app.0, CLIENT).await?;
    let clients = documents.into_iter().filter_map(|document| Some((document.name.parse().ok()?, document)));
    Ok(clients.collect())
}

/// The accounts in a client's document.
pub(crate) fn client_accounts(document: &Document) -> Vec<i64> {
    let wabas = document.body.get("wabas").and_then(Value::as_array);
    wabas.into_iter().flatten().filter_map(Value::as_i64).collect()
}
