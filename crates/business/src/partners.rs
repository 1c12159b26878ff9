//! # Partners
//!
//! Two apps serve a client together in a **solution**: one owns it and invites the other. The invited one accepts or
//! rejects; either may later ask to end it, and the other accepts or rejects that.
//!
//! `INITIATED` → accept → `ACTIVE` → deactivation requested → accepted → `DEACTIVATED`; `INITIATED` → reject →
//! `REJECTED`. Both portfolios know of the solution, and nobody else. Each change is an event (`partner_solutions`) for
//! both.
//!
//! **Intents** note that an account is to move to another solution or partner; carrying them out is for the operator.

use crate::apps;
use crate::documents::{self, Document, Key, Kind, Shape, field, required};
use crate::management::ManageError;
use crate::numbers::text;
use crate::portfolios::{self, NodeKind, Portfolio, Waba};
use crate::users::{self, PartnerToken};
use crate::webhooks::{self, Event};
use crate::{activity, codes, may_touch, preverified};
use plaza_db::{DbError, Tx};
use plaza_protocol::{Actor, AppId, Ctx, PortfolioId, Timestamp, WabaId};
use serde_json::{Map, Value, json};

const KIND: &str = "solution";
const PARTNER: &str = "solution_partner";
const SOLUTIONS_MAX: usize = 100;

const NEW: Shape = Shape(&[
    required("solution_name", Kind::Text(1, 75)),
    required("partner_app_id", Kind::Text(1, 20)),
    required("owner_permissions", Kind::List(14, &Kind::Choice(users::TASKS))),
    required("partner_permissions", Kind::List(14, &Kind::Choice(users::TASKS))),
]);
const ACCEPT: Shape = Shape(&[required("partner_app_id", Kind::Text(1, 20))]);
const REJECT: Shape = Shape(&[
    required("request_type", Kind::Choice(&["PARTNERSHIP_REQUEST", "DEACTIVATION_REQUEST"])),
    field("rejection_reason", Kind::Text(0, 500)),
]);
const REASON: Shape = Shape(&[field("reason", Kind::Text(0, 500))]);
const MOBILITY: Shape = Shape(&[
    required("solution_id", Kind::Text(1, 20)),
    required(
        "intent_type",
        Kind::Choice(&[
            "INITIATE_TRANSFER",
            "CONFIRM_TRANSFER",
            "CANCEL_TRANSFER",
            "REQUEST_HANDOVER",
            "APPROVE_HANDOVER",
            "REJECT_HANDOVER",
        ]),
    ),
    field("target_solution_id", Kind::Text(1, 20)),
    field("mobility_reason", Kind::Text(0, 500)),
    field("scheduled_execution_time", Kind::Text(1, 40)),
]);
const SET_MOBILITY: Shape = Shape(&[
    required("waba_id", Kind::Text(1, 20)),
    field("solution_id", Kind::Text(1, 20)),
    field("app_id", Kind::Text(1, 20)),
    field("client_mutation_id", Kind::Text(0, 255)),
]);
const MIGRATION: Shape = Shape(&[
    required("solution_id", Kind::Text(1, 20)),
    required(
        "migration_intent",
        Kind::Choice(&["INITIATE_MIGRATION", "CANCEL_MIGRATION", "CONFIRM_MIGRATION", "SCHEDULE_MIGRATION"]),
    ),
    field("target_solution_id", Kind::Text(1, 20)),
    field("migration_reason", Kind::Text(0, 500)),
    field("scheduled_migration_time", Kind::Text(1, 40)),
]);

/// On which side of a solution an app stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It owns it.
    Owner,
    /// It was invited.
    Partner,
}

impl Side {
    fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Partner => "PARTNER",
        }
    }
}

/// A solution.
#[derive(Debug, Clone)]
pub struct Solution(Document);

impl Solution {
    /// The id.
    pub fn id(&self) -> i64 {
        self.0.document_id
    }

    /// `DRAFT`, `INITIATED`, `ACTIVE`, `REJECTED` or `DEACTIVATED`.
    pub fn status(&self) -> &str {
        self.0.text("status")
    }

    /// When it last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// The app that was invited.
    pub fn partner_app(&self) -> AppId {
        AppId(self.number("partner_app"))
    }

    fn partner_portfolio(&self) -> PortfolioId {
        PortfolioId(self.number("partner_portfolio"))
    }

    fn owner_app(&self) -> AppId {
        AppId(self.0.parent)
    }

    fn number(&self, name: &str) -> i64 {
        self.0.text(name).parse().unwrap_or_default()
    }

    /// As the interface shows it.
    pub fn view(&self) -> Value {
        json!({
            "id": self.id().to_string(),
            "name": self.0.text("name"),
            "status": self.status(),
            "status_for_pending_request": self.0.text("pending"),
            "owner_app": {"id": self.owner_app().to_string(), "name": self.0.text("owner_name")},
            "owner_permissions": self.0.body.get("owner_permissions"),
            "partner_permissions": self.0.body.get("partner_permissions"),
        })
    }

    fn key(&self) -> Key<'_> {
        Key { parent: self.0.parent, kind: KIND, name: &self.0.name }
    }
}

fn invalid_state(what: String) -> ManageError {
    ManageError::refused(codes::INVALID_PARAMETER, what)
}

/// Makes a solution and invites another app.
pub async fn create(ctx: &Ctx, tx: &mut Tx, app: AppId, request: &Value) -> Result<Solution, ManageError> {
    let app = apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    let given = NEW.read(request)?;
    let partner: Option<AppId> = text(&given, "partner_app_id").and_then(|id| id.parse().ok());
    let system = ctx.acting_as(Actor::System);
    let partner = match partner {
        Some(partner) if partner != app.app_id => apps::app(&system, tx, partner).await?,
        _ => None,
    };
    let partner =
        partner.ok_or_else(|| ManageError::invalid("partner_app_id", "the id of another app is expected"))?;
    if documents::count(tx, app.app_id.0, KIND).await? >= SOLUTIONS_MAX {
        let what = format!("the app has {SOLUTIONS_MAX} solutions already");
        return Err(ManageError::invalid("solution_name", &what));
    }
    let name = ctx.graph_id().to_string();
    let body = json!({
        "name": text(&given, "solution_name"),
        "status": "INITIATED",
        "pending": "PENDING_ACTIVATION",
        "owner_name": app.name,
        "owner_permissions": given.get("owner_permissions"),
        "partner_app": partner.app_id.to_string(),
        "partner_portfolio": partner.portfolio.to_string(),
        "partner_permissions": given.get("partner_permissions"),
    });
    let Value::Object(body) = body else { return Err(ManageError::NotFound) };
    let key = Key { parent: app.app_id.0, kind: KIND, name: &name };
    let id = documents::put(ctx, tx, key, app.portfolio, &body).await?;
    portfolios::store::insert_node(tx, id, NodeKind::Solution, app.portfolio).await?;
    let id_text = id.to_string();
    let pointer = Key { parent: partner.app_id.0, kind: PARTNER, name: &id_text };
    documents::put(ctx, tx, pointer, partner.portfolio, &Map::new()).await?;
    let solution = find(tx, id).await?;
    tell(ctx, tx, &solution, "SOLUTION_CREATED").await?;
    Ok(solution)
}

async fn find(tx: &mut Tx, id: i64) -> Result<Solution, ManageError> {
    documents::by_id(tx, KIND, id).await?.map(Solution).ok_or(ManageError::NotFound)
}

/// A solution, and on which side the asker stands.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<(Solution, Side), ManageError> {
    let solution = find(tx, id).await?;
    if may_touch(ctx, solution.0.portfolio) {
        return Ok((solution, Side::Owner));
    }
    if may_touch(ctx, solution.partner_portfolio()) {
        return Ok((solution, Side::Partner));
    }
    Err(ManageError::NotFound)
}

/// The solutions of an app, on one side or on both.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    side: Option<Side>,
) -> Result<Vec<Solution>, ManageError> {
    let app = apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    let mut found = Vec::new();
    if side != Some(Side::Partner) {
        found.extend(documents::list(tx, app.app_id.0, KIND).await?);
    }
    if side != Some(Side::Owner) {
        for pointer in documents::list(tx, app.app_id.0, PARTNER).await? {
            found.extend(documents::by_id(tx, KIND, pointer.name.parse().unwrap_or_default()).await?);
        }
    }
    Ok(found.into_iter().map(Solution).collect())
}

/// The solutions of all apps of an account's portfolio.
pub async fn of_waba(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Vec<Solution>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let mut found = Vec::new();
    for app in apps::of_portfolio(tx, waba.portfolio_id).await? {
        found.extend(list(ctx, tx, app.app_id, None).await?);
    }
    Ok(found)
}

/// What can be done with a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The invited app comes in.
    Accept,
    /// A request is turned down.
    Reject,
    /// One side wants to end it.
    RequestDeactivation,
    /// The other side agrees.
    AcceptDeactivation,
    /// The other side does not.
    RejectDeactivation,
}

/// Takes a step, if it is the asker's to take.
pub async fn step(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    step: Step,
    request: &Value,
) -> Result<Solution, ManageError> {
    let (solution, side) = get(ctx, tx, id).await?;
    let is_invited = solution.status() == "INITIATED" && side == Side::Partner;
    let is_ending = solution.0.text("pending") == "PENDING_DEACTIVATION";
    let is_others = is_ending && solution.0.text("requested_by") != side.as_str();
    let refused = || {
        let (status, pending) = (solution.status(), solution.0.text("pending"));
        let side = side.as_str();
        invalid_state(format!("not possible for the {side} while the solution is {status} and {pending}"))
    };
    let step = match step {
        Step::Reject => {
            let given = REJECT.read(request)?;
            let is_end = text(&given, "request_type") == Some("DEACTIVATION_REQUEST");
            if is_end { Step::RejectDeactivation } else { Step::Reject }
        }
        other => other,
    };
    let change = match step {
        Step::Accept => {
            let given = ACCEPT.read(request)?;
            if text(&given, "partner_app_id") != Some(&solution.partner_app().to_string()) {
                return Err(ManageError::invalid("partner_app_id", "the app that was invited is expected"));
            }
            is_invited.then(|| json!({"status": "ACTIVE", "pending": "NONE"}))
        }
        Step::Reject => is_invited.then(|| json!({"status": "REJECTED", "pending": "NONE"})),
        Step::RequestDeactivation => {
            REASON.read(request)?;
            let is_possible = solution.status() == "ACTIVE" && !is_ending;
            let change = json!({"pending": "PENDING_DEACTIVATION", "requested_by": side.as_str()});
            is_possible.then_some(change)
        }
        Step::AcceptDeactivation => is_others.then(|| json!({"status": "DEACTIVATED", "pending": "NONE"})),
        Step::RejectDeactivation => is_others.then(|| json!({"pending": "NONE", "requested_by": null})),
    };
    let Some(Value::Object(change)) = change else { return Err(refused()) };
    documents::merge(ctx, tx, solution.key(), solution.0.portfolio, change).await?;
    let solution = find(tx, id).await?;
    tell(ctx, tx, &solution, "SOLUTION_UPDATED").await?;
    Ok(solution)
}

/// Both portfolios' accounts hear of a solution.
async fn tell(ctx: &Ctx, tx: &mut Tx, solution: &Solution, event: &str) -> Result<(), DbError> {
    let value = json!({
        "event": event,
        "solution_id": solution.id().to_string(),
        "solution_status": solution.status(),
    });
    let system = ctx.acting_as(Actor::System);
    let mut events = Vec::new();
    for portfolio in [solution.0.portfolio, solution.partner_portfolio()] {
        let accounts = match portfolios::wabas_of(&system, tx, portfolio).await {
            Ok(accounts) => accounts,
            Err(portfolios::LookupError::NotFound) => continue,
            Err(portfolios::LookupError::Db(error)) => return Err(error),
        };
        events.extend(accounts.into_iter().map(|waba| Event {
            portfolio,
            waba: waba.waba_id,
            phone: None,
            field: "partner_solutions",
            lane: solution.id(),
            value: value.clone(),
        }));
    }
    webhooks::emit(ctx, tx, events).await
}

/// A token of the asking app for a client that let it in.
pub async fn access_token(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
    client: PortfolioId,
) -> Result<PartnerToken, ManageError> {
    let (solution, side) = get(ctx, tx, id).await?;
    if solution.status() != "ACTIVE" {
        return Err(invalid_state(format!("the solution is {}: it has to be ACTIVE", solution.status())));
    }
    let app = if side == Side::Owner { solution.owner_app() } else { solution.partner_app() };
    let clients = users::clients(tx, app).await?;
    let found = clients.into_iter().find(|(portfolio, _)| *portfolio == client);
    let (_, document) =
        found.ok_or_else(|| ManageError::invalid("business_id", "it has not let the app in"))?;
    users::partner_token(ctx, tx, app, client, &users::client_accounts(&document)).await
}

/// The businesses that let an app in.
pub async fn connected(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
) -> Result<Vec<(Portfolio, Document)>, ManageError> {
    let app = apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    let system = ctx.acting_as(Actor::System);
    let mut clients = Vec::new();
    for (client, document) in users::clients(tx, app.app_id).await? {
        clients.push((portfolios::portfolio(&system, tx, client).await?, document));
    }
    Ok(clients)
}

/// The accounts of clients that let a portfolio's apps in.
pub async fn client_wabas(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Waba>, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    let system = ctx.acting_as(Actor::System);
    let mut accounts: Vec<Waba> = Vec::new();
    for app in apps::of_portfolio(tx, portfolio).await? {
        for (_, document) in users::clients(tx, app.app_id).await? {
            for id in users::client_accounts(&document) {
                let waba = portfolios::waba(&system, tx, WabaId(id)).await?;
                if !accounts.iter().any(|known| known.waba_id == waba.waba_id) {
                    accounts.push(waba);
                }
            }
        }
    }
    Ok(accounts)
}

/// Whether the asker may know of a node that several portfolios can know of.
pub async fn may_know(ctx: &Ctx, tx: &mut Tx, kind: NodeKind, id: i64) -> Result<bool, ManageError> {
    let found = match kind {
        NodeKind::Solution => get(ctx, tx, id).await.map(drop),
        NodeKind::PreverifiedNumber => preverified::get(ctx, tx, id).await.map(drop),
        _ => Err(ManageError::NotFound),
    };
    match found {
        Ok(()) => Ok(true),
        Err(ManageError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is noted about an account's future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// To another partner.
    Mobility,
    /// The short form of it.
    SetMobility,
    /// To another solution.
    Migration,
}

/// Notes an intent. The answer is its document.
pub async fn note_intent(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    intent: Intent,
    request: &Value,
) -> Result<Document, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let (shape, kind, node) = match intent {
        Intent::Mobility => (MOBILITY, "mobility_intent", NodeKind::MobilityIntent),
        Intent::SetMobility => (SET_MOBILITY, "mobility_intent", NodeKind::MobilityIntent),
        Intent::Migration => (MIGRATION, "migration_intent", NodeKind::MigrationIntent),
    };
    let mut body = shape.read(request)?;
    if let Some(named) = text(&body, "waba_id")
        && named != waba.waba_id.to_string()
    {
        return Err(ManageError::invalid("waba_id", "it is not the account of the address"));
    }
    for member in ["solution_id", "target_solution_id"] {
        if let Some(id) = text(&body, member) {
            let known = get(ctx, tx, id.parse().unwrap_or_default()).await;
            known.map_err(|error| match error {
                ManageError::NotFound => ManageError::invalid(member, "the id of a solution is expected"),
                other => other,
            })?;
        }
    }
    let word =
        text(&body, "intent_type").or(text(&body, "migration_intent")).unwrap_or("INITIATE").to_owned();
    let status = match word.split('_').next().unwrap_or_default() {
        "CONFIRM" | "APPROVE" => "APPROVED",
        "CANCEL" | "REJECT" => "REJECTED",
        "SCHEDULE" => "SCHEDULED",
        _ => "PENDING",
    };
    body.insert("status".to_owned(), json!(status));
    let name = ctx.graph_id().to_string();
    let key = Key { parent: waba.waba_id.0, kind, name: &name };
    let id = documents::put(ctx, tx, key, waba.portfolio_id, &body).await?;
    portfolios::store::insert_node(tx, id, node, waba.portfolio_id).await?;
    let owner = (waba.portfolio_id, waba.waba_id);
    let details = json!({"intent_id": id.to_string(), "intent": word});
    activity::record(ctx, tx, owner, "ACCOUNT_UPDATED", "an intent was noted", details).await?;
    documents::get(tx, key).await?.ok_or(ManageError::NotFound)
}

/// An intent by its id.
pub async fn intent(ctx: &Ctx, tx: &mut Tx, is_migration: bool, id: i64) -> Result<Document, ManageError> {
    let kind = if is_migration { "migration_intent" } else { "mobility_intent" };
    let found = documents::by_id(tx, kind, id).await?.ok_or(ManageError::NotFound)?;
    if may_touch(ctx, found.portfolio) { Ok(found) } else { Err(ManageError::NotFound) }
}
