//! # Numbers that a partner verified beforehand
//!
//! A portfolio can verify numbers before any account has them, and share them with partners. Whoever may see such a
//! number adds it to an account by its id, without another code. What was verified is good for 90 days.

use crate::documents::{self, Document, Key, Kind, Shape, required};
use crate::management::{ManageError, Tried};
use crate::numbers;
use crate::portfolios::{self, NodeKind};
use crate::{Business, may_touch};
use plaza_db::Tx;
use plaza_protocol::limits::CODE_LIFETIME;
use plaza_protocol::{Actor, Ctx, PhoneNumber, PortfolioId, Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

const KIND: &str = "preverified";
const SHARE: &str = "preverified_share";
const NUMBERS_MAX: usize = 1000;
const GOOD_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

const NEW: Shape = Shape(&[required("phone_number", Kind::Text(1, 30))]);
const CODE_REQUEST: Shape = Shape(&[
    required("code_method", Kind::Choice(&["SMS", "VOICE"])),
    required("language", Kind::Text(2, 5)),
]);

/// A number that was or will be verified beforehand.
#[derive(Debug, Clone)]
pub struct Preverified {
    document: Document,
    /// `VERIFIED`, `PENDING` or `EXPIRED`.
    pub verification: &'static str,
    /// The number.
    pub number: PhoneNumber,
}

impl Preverified {
    fn of(ctx: &Ctx, document: Document) -> Result<Self, ManageError> {
        let number = document.name.parse().map_err(|_| ManageError::NotFound)?;
        let verified_at =
            document.body.get("verified_at").and_then(Value::as_i64).map(Timestamp::from_seconds);
        let verification = match verified_at {
            None => "PENDING",
            Some(at) if ctx.now().since(at) >= GOOD_FOR => "EXPIRED",
            Some(_) => "VERIFIED",
        };
        Ok(Self { document, verification, number })
    }

    /// The id.
    pub fn id(&self) -> i64 {
        self.document.document_id
    }

    /// Whose it is.
    pub fn portfolio(&self) -> PortfolioId {
        self.document.portfolio
    }

    /// `AVAILABLE` or `IN_USE`.
    pub fn availability(&self) -> &'static str {
        if self.document.body.contains_key("used_at") { "IN_USE" } else { "AVAILABLE" }
    }

    /// When it was added and when it last changed.
    pub fn times(&self) -> (Timestamp, Timestamp) {
        (self.document.created_at, self.document.updated_at)
    }

    fn key(&self) -> Key<'_> {
        Key { parent: self.document.parent, kind: KIND, name: &self.document.name }
    }
}

/// Adds a number to those that will be verified.
pub async fn add(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    request: &Value,
) -> Result<i64, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    let given = NEW.read(request)?;
    let number = numbers::named_number(None, numbers::text(&given, "phone_number").unwrap_or_default())?;
    let key = Key { parent: portfolio.0, kind: KIND, name: number.digits() };
    if let Some(old) = documents::get(tx, key).await? {
        return Ok(old.document_id);
    }
    if documents::count(tx, portfolio.0, KIND).await? >= NUMBERS_MAX {
        let what = format!("the business has {NUMBERS_MAX} of these already");
        return Err(ManageError::invalid("phone_number", &what));
    }
    let id = documents::put(ctx, tx, key, portfolio, &Map::new()).await?;
    portfolios::store::insert_node(tx, id, NodeKind::PreverifiedNumber, portfolio).await?;
    Ok(id)
}

/// The numbers of a portfolio, and those shared with it.
pub async fn list(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Preverified>, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    let mut found = documents::list(tx, portfolio.0, KIND).await?;
    for share in documents::named(tx, SHARE, &portfolio.to_string()).await? {
        found.extend(documents::by_id(tx, KIND, share.parent).await?);
    }
    found.into_iter().map(|document| Preverified::of(ctx, document)).collect()
}

/// A number, for its owner and those that it is shared with.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Preverified, ManageError> {
    let found = documents::by_id(tx, KIND, id).await?.ok_or(ManageError::NotFound)?;
    if !may_touch(ctx, found.portfolio) {
        let Actor::App { portfolio, .. } = ctx.actor() else { return Err(ManageError::NotFound) };
        let name = portfolio.to_string();
        let share = documents::get(tx, Key { parent: id, kind: SHARE, name: &name }).await?;
        share.ok_or(ManageError::NotFound)?;
    }
    Preverified::of(ctx, found)
}

async fn own(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Preverified, ManageError> {
    let found = get(ctx, tx, id).await?;
    if may_touch(ctx, found.portfolio()) { Ok(found) } else { Err(ManageError::NotFound) }
}

/// Takes a number away.
pub async fn delete(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<(), ManageError> {
    let found = own(ctx, tx, id).await?;
    documents::delete(tx, found.key()).await?;
    Ok(())
}

/// Shares a number with a partner.
pub async fn share(ctx: &Ctx, tx: &mut Tx, id: i64, partner: PortfolioId) -> Result<(), ManageError> {
    let found = own(ctx, tx, id).await?;
    let system = ctx.acting_as(Actor::System);
    let is_business =
        portfolios::node(&system, tx, partner.0).await.is_ok_and(|node| node.kind == NodeKind::Portfolio);
    if !is_business {
        return Err(ManageError::invalid("partner_business_id", "the id of a business is expected"));
    }
    let name = partner.to_string();
    let key = Key { parent: found.id(), kind: SHARE, name: &name };
    documents::put(ctx, tx, key, found.portfolio(), &Map::new()).await.map(drop)
}

/// The portfolios that a number is shared with, with when it was.
pub async fn partners(
    ctx: &Ctx,
    tx: &mut Tx,
    id: i64,
) -> Result<Vec<(portfolios::Portfolio, Timestamp, Timestamp)>, ManageError> {
    let found = own(ctx, tx, id).await?;
    let system = ctx.acting_as(Actor::System);
    let mut partners = Vec::new();
    for share in documents::list(tx, found.id(), SHARE).await? {
        let Ok(partner) = share.name.parse() else { continue };
        partners.push((
            portfolios::portfolio(&system, tx, partner).await?,
            share.created_at,
            share.updated_at,
        ));
    }
    Ok(partners)
}

/// The number behind an id, for an account that takes it over.
pub(crate) async fn for_use(ctx: &Ctx, tx: &mut Tx, id: &str) -> Result<PhoneNumber, ManageError> {
    let unknown = || ManageError::invalid("preverified_id", "the id of a pre-verified number is expected");
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let found = match get(ctx, tx, id).await {
        Err(ManageError::NotFound) => return Err(unknown()),
        found => found?,
    };
    if found.verification != "VERIFIED" || found.availability() != "AVAILABLE" {
        let what = format!("the number is {} and {}", found.verification, found.availability());
        return Err(ManageError::invalid("preverified_id", &what));
    }
    let change = Map::from_iter([("used_at".to_owned(), json!(ctx.now().seconds()))]);
    documents::merge(ctx, tx, found.key(), found.portfolio(), change).await?;
    Ok(found.number)
}

impl Business {
    /// Makes a code for a number that is to be verified beforehand.
    pub async fn request_preverified_code(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: i64,
        request: &Value,
    ) -> Result<(), ManageError> {
        let found = own(ctx, tx, id).await?;
        CODE_REQUEST.read(request)?;
        let code = self.new_code(ctx, tx, id, &found.number).await?;
        let expires_at = (ctx.now() + CODE_LIFETIME).seconds();
        let hash = hex::encode(numbers::code_hash(id, &code));
        let change = json!({"code_sha256": hash, "code_expires_at": expires_at, "code_tries": 0});
        self.note(ctx, tx, &found, change).await
    }

    /// Tries a code.
    pub async fn verify_preverified_code(&self, ctx: &Ctx, tx: &mut Tx, id: i64, code: &str) -> Tried<()> {
        let found = own(ctx, tx, id).await?;
        let body = &found.document.body;
        let hash = body.get("code_sha256").and_then(Value::as_str).and_then(|hash| hex::decode(hash).ok());
        let expires_at = body.get("code_expires_at").and_then(Value::as_i64).unwrap_or_default();
        let own = hash.map(|hash| (hash, Timestamp::from_seconds(expires_at)));
        let mut tries = body.get("code_tries").and_then(Value::as_i64).unwrap_or_default();
        let tried = numbers::try_code(ctx, id, code, &own, &mut tries);
        let change = match tried {
            Ok(()) => json!({"code_sha256": null, "verified_at": ctx.now().seconds()}),
            Err(_) => json!({"code_tries": tries}),
        };
        self.note(ctx, tx, &found, change).await?;
        Ok(tried)
    }

    async fn note(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        found: &Preverified,
        change: Value,
    ) -> Result<(), ManageError> {
        let Value::Object(change) = change else { return Ok(()) };
        documents::merge(ctx, tx, found.key(), found.portfolio(), change).await.map(drop)
    }
}
