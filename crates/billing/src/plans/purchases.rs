//! # What people buy
//!
//! A person buys a plan or an item in an app store; the store takes the money and says how things stand. Nothing that a
//! client says counts: a [`Receipt`] is what the store's own look-up answered (see the stores in the crate of payments),
//! and [`apply_receipt`] makes rows, entitlements and transfers of it.
//!
//! ## What always holds
//!
//! 1. A purchase is one of a store's and belongs to the account that showed it first; anybody else's is refused.
//! 2. A payment's id follows from the store and its transaction: however often, late or out of order receipts come, its
//!    money moves once. An older look-up never overwrites a newer one, but what it says was paid is booked.
//! 3. What was paid for days lies on `deferred:subscriptions` and is earned by the day, in UTC; an item that is bought for
//!    good is earned at once (`revenue:items`). What the store owes stands on `psp:{store}:clearing`; what it keeps goes
//!    out of `revenue:fees`.
//! 4. A refund comes from what is still deferred, in proportion to what it is of the payment, and for what was earned
//!    before from `contra:refund`; the store's part of the commission comes back. What a store says was given back in all
//!    counts, so that parts may come one after another and each is booked once.
//!    **The whole** of a payment given back takes what was bought. **A part** is a lower price: what was bought goes on for
//!    as long as the store says that it runs, and its days earn less from then on.
//! 5. A purchase gives something while the store says that it runs, and a day longer where it renews itself: the store may
//!    tell of a renewal late. The look-up at its end takes that day away again if there was none.

mod money;
mod store;

pub(crate) use money::compare_items;
pub(crate) use store::STATEMENTS;

use super::{Audience, Holder, Plan, PlanError, Term, catalog, entitled, may_act};
use crate::BillingError;
use plaza_db::{DbError, Row, Tx, params};
use plaza_protocol::{
    AccountId, Ctx, Currency, Micros, PortfolioId, PurchaseId, Timestamp, TransferId, Wake, limits,
};
use std::time::Duration;

/// Where a renewal is told late, what it gives goes on for so long.
const LATE_RENEWAL: Duration = Duration::from_secs(24 * 3600);
/// A purchase that is under way is looked at so often.
const LOOK_AT_PENDING: Duration = Duration::from_secs(600);
/// Any other: it may have been given back, and the notification lost.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// How long after it was bought or has ended a store is asked about it.
const LOOK_FOR: Duration = Duration::from_secs(60 * 24 * 3600);
/// Purchases of an account that are listed.
const PURCHASES_OF_MAX: i64 = 100;
/// Purchases whose store is asked in one round.
const DUE_MAX: i64 = 64;
/// Characters of a store's name for something.
const REFERENCE_BYTES_MAX: usize = 1000;

plaza_protocol::words! {
    /// How a purchase stands.
    PurchaseState {
        /// The store has not taken the money yet.
        Pending = "pending",
        /// It gives what it gives.
        Active = "active",
        /// It was not renewed yet, and still gives it.
        Grace = "grace",
        /// It has ended.
        Expired = "expired",
        /// It was given back.
        Revoked = "revoked",
        /// Another purchase took its place.
        Replaced = "replaced",
    }
}

impl PurchaseState {
    /// Whether it gives what its plan gives.
    pub fn gives(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }
}

/// Money that a store took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePayment {
    /// The store's name for it.
    pub transaction: String,
    /// What was bought: `plus.month`.
    pub product: String,
    /// What the person paid; zero for a trial.
    pub amount: Micros,
    /// What the store keeps of it.
    pub commission: Micros,
    /// Of both.
    pub currency: Currency,
    /// The first moment that is paid.
    pub from: Timestamp,
    /// The first that is not; `None`: for good.
    pub to: Option<Timestamp>,
    /// What the store gave back of it.
    pub refunded: Option<StoreRefund>,
}

/// What a store gave back of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRefund {
    /// In all, up to now.
    pub amount: Micros,
    /// The last time.
    pub at: Timestamp,
}

/// How a purchase stands, as its store answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which store.
    pub store: &'static str,
    /// Its name for the purchase, the same over all renewals.
    pub reference: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The account that the buyer's app named to the store.
    pub account: Option<AccountId>,
    /// What was bought last: `plus.month`.
    pub product: String,
    /// How it stands.
    pub state: PurchaseState,
    /// When it ends, or is renewed; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Whether it is renewed then.
    pub renews: bool,
    /// Nothing was paid for its first days.
    pub is_trial: bool,
    /// Somebody of the family paid.
    pub is_family_shared: bool,
    /// Another purchase that it took the place of.
    pub replaces: Option<String>,
    /// What was paid, as far as the store says.
    pub payments: Vec<StorePayment>,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Its id.
    pub purchase_id: PurchaseId,
    /// Where it was bought.
    pub store: String,
    /// The store's name for it.
    pub reference: String,
    /// Whose.
    pub account_id: AccountId,
    /// What.
    pub plan_key: String,
    /// For how long.
    pub term: Term,
    /// How it stands.
    pub state: PurchaseState,
    /// When it ends, or is renewed; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Whether it is renewed then.
    pub renews: bool,
    /// Nothing was paid for its first days.
    pub is_trial: bool,
    /// Somebody of the family paid.
    pub is_family_shared: bool,
    /// When the store was asked that said so.
    pub asked_at: Timestamp,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A payment as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPayment {
    /// The store's name for it.
    pub transaction: String,
    /// The plan that it was for.
    pub plan_key: String,
    /// What the person paid.
    pub amount: Micros,
    /// What the store keeps.
    pub commission: Micros,
    /// What was given back.
    pub refunded: Micros,
    /// Of all three.
    pub currency: Currency,
    /// When it was booked.
    pub at: Timestamp,
    /// The ledger's transfer.
    pub transfer_id: TransferId,
}

/// What people paid for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// The plan.
    pub plan_key: String,
    /// For how long.
    pub term: Term,
    /// In what.
    pub currency: Currency,
    /// How often.
    pub payments: i64,
    /// What they paid.
    pub amount: Micros,
    /// What stores keep of it.
    pub commission: Micros,
    /// What was given back.
    pub refunded: Micros,
}

/// A purchase cannot be taken over, and nothing was.
#[derive(Debug, thiserror::Error)]
pub enum PurchaseError {
    /// Somebody else's, or none.
    #[error("there is no such purchase")]
    NotFound,
    /// The store sold something that is not on the list.
    #[error("the store sold {0:?}, which is not on the list of plans")]
    UnknownProduct(String),
    /// It belongs to another account.
    #[error("this purchase belongs to another account: sign in there, or buy it for this one")]
    OtherAccount,
    /// The store's name for it is too long.
    #[error("the store's name for this purchase is too long")]
    TooLong,
    /// A plan.
    #[error("plans")]
    Plan(#[from] PlanError),
    /// Billing.
    #[error("billing")]
    Billing(#[from] BillingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<plaza_ledger::LedgerError> for PurchaseError {
    fn from(error: plaza_ledger::LedgerError) -> Self {
        BillingError::from(error).into()
    }
}

/// What only the operator and Plaza itself may act for.
const PLAZA: Holder = Holder::Business(PortfolioId(0));

const DAMAGED: PurchaseError =
    PurchaseError::Billing(BillingError::Damaged("a row of a purchase cannot be read"));

/// The name of what a plan sells for a term, at every store: `plus.month`.
pub fn product_of(plan_key: &str, term: Term) -> String {
    format!("{}.{}", plan_key.replace('-', "_"), term.as_str())
}

async fn sold(ctx: &Ctx, tx: &mut Tx, product: &str) -> Result<(Plan, Term), PurchaseError> {
    let unknown =
        || PurchaseError::UnknownProduct(product.chars().take(limits::NAME_CHARACTERS_MAX).collect());
    let (key, term) = product.rsplit_once('.').ok_or_else(unknown)?;
    let term = Term::parse(term).ok_or_else(unknown)?;
    let plan = match catalog::plan(ctx, tx, &key.replace('_', "-")).await {
        Ok(plan) if plan.audience == Audience::Person => plan,
        Ok(_) | Err(PlanError::UnknownPlan(_)) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let is_sold = plan.prices.iter().any(|price| price.term == term);
    if is_sold { Ok((plan, term)) } else { Err(unknown()) }
}

fn after(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn before(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn read(row: &Row) -> Result<Purchase, PurchaseError> {
    Ok(Purchase {
        purchase_id: row.get(0)?,
        store: row.get(1)?,
        reference: row.get(2)?,
        account_id: row.get(3)?,
        plan_key: row.get(4)?,
        term: Term::parse(&row.get::<String>(5)?).ok_or(DAMAGED)?,
        state: PurchaseState::parse(&row.get::<String>(6)?).ok_or(DAMAGED)?,
        expires_at: row.get(7)?,
        renews: row.get(8)?,
        is_trial: row.get(9)?,
        is_family_shared: row.get(10)?,
        asked_at: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
    })
}

impl Purchase {
    fn holder(&self) -> Holder {
        Holder::Person(self.account_id)
    }

    fn source(&self) -> String {
        format!("purchase:{}", self.purchase_id)
    }

    /// When its store is to be asked again.
    fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let soon = after(now, LOOK_AGAIN);
        let is_young = |since: Timestamp| now < after(since, LOOK_FOR);
        match self.state {
            PurchaseState::Pending => is_young(self.created_at).then(|| after(now, LOOK_AT_PENDING)),
            PurchaseState::Active | PurchaseState::Grace => match self.expires_at {
                Some(end) if end > now => Some(end.min(soon)),
                Some(_) => Some(after(now, LOOK_AT_PENDING)),
                None => is_young(self.created_at).then_some(soon),
            },
            // A store tries for weeks to renew what could not be paid.
            PurchaseState::Expired => is_young(self.expires_at.unwrap_or(self.created_at)).then_some(soon),
            PurchaseState::Revoked | PurchaseState::Replaced => None,
        }
    }

    /// Until when it gives what it gives.
    fn until(&self) -> Option<Timestamp> {
        let late = if self.renews { LATE_RENEWAL } else { Duration::ZERO };
        self.expires_at.map(|end| after(end, late))
    }
}

async fn take(
    ctx: &Ctx,
    tx: &mut Tx,
    store: &str,
    reference: &str,
) -> Result<Option<Purchase>, PurchaseError> {
    let row = tx.query_one(store::TAKE_PURCHASE, params![store, reference, ctx.now()]).await?;
    row.as_ref().map(read).transpose()
}

/// Writes how a purchase stands, and gives or takes what follows from it.
async fn put(ctx: &Ctx, tx: &mut Tx, of: &Purchase) -> Result<(), PurchaseError> {
    let row = params![
        of.purchase_id,
        of.plan_key.as_str(),
        of.term.as_str(),
        of.state.as_str(),
        of.expires_at,
        of.renews,
        of.is_trial,
        of.is_family_shared,
        of.asked_at,
        of.updated_at,
        of.due_at(ctx.now())
    ];
    tx.execute(store::UPDATE_PURCHASE, row).await?;
    let (holder, source) = (of.holder(), of.source());
    if of.state.gives() {
        entitled::grant(tx, holder, &source, &of.plan_key, of.until()).await?;
    } else {
        entitled::revoke(tx, holder, &source).await?;
    }
    // The person's open devices look again.
    tx.wake(Wake::Entitlements(of.account_id));
    Ok(())
}

/// Takes over what a store answered. `by`: the account that shows the purchase; `None`: the store told of it. A purchase
/// that no account has shown is `None`.
pub async fn apply_receipt(
    ctx: &Ctx,
    tx: &mut Tx,
    by: Option<AccountId>,
    receipt: &Receipt,
) -> Result<Option<Purchase>, PurchaseError> {
    match by {
        Some(by) => may_act(ctx, Holder::Person(by)).map_err(|_| PurchaseError::NotFound)?,
        None => may_act(ctx, PLAZA).map_err(|_| PurchaseError::NotFound)?,
    }
    let references = [receipt.reference.as_str(), receipt.product.as_str()];
    let transactions = receipt.payments.iter().map(|payment| payment.transaction.as_str());
    if references.into_iter().chain(transactions).any(|text| text.len() > REFERENCE_BYTES_MAX) {
        return Err(PurchaseError::TooLong);
    }
    let (plan, term) = sold(ctx, tx, &receipt.product).await?;
    if by.is_some() && receipt.account.is_some() && by != receipt.account {
        return Err(PurchaseError::OtherAccount);
    }
    if let Some(account) = by.or(receipt.account) {
        let id: PurchaseId = ctx.ordered_id();
        let (key, now) = (plan.key.as_str(), ctx.now());
        let row = params![id, receipt.store, receipt.reference.as_str(), account, key, term.as_str(), now];
        tx.execute(store::INSERT_PURCHASE, row).await?;
    }
    let Some(mut of) = take(ctx, tx, receipt.store, &receipt.reference).await? else { return Ok(None) };
    if by.is_some_and(|by| by != of.account_id) {
        return Err(PurchaseError::OtherAccount);
    }
    if !receipt.is_family_shared {
        money::book(ctx, tx, &of, receipt).await?;
    }
    if receipt.asked_at < of.asked_at || of.state == PurchaseState::Replaced {
        return Ok(Some(of));
    }
    if let Some(old) = &receipt.replaces {
        replace(ctx, tx, (&of, receipt), old).await?;
    }
    (of.plan_key, of.term, of.state, of.expires_at) = (plan.key, term, receipt.state, receipt.expires_at);
    (of.renews, of.asked_at, of.updated_at) = (receipt.renews, receipt.asked_at, ctx.now());
    of.is_trial |= receipt.is_trial;
    of.is_family_shared = receipt.is_family_shared;
    put(ctx, tx, &of).await?;
    Ok(Some(of))
}

/// A purchase took the place of another of the same account.
async fn replace(
    ctx: &Ctx,
    tx: &mut Tx,
    (by, receipt): (&Purchase, &Receipt),
    reference: &str,
) -> Result<(), PurchaseError> {
    let Some(mut old) = take(ctx, tx, receipt.store, reference).await? else { return Ok(()) };
    if old.account_id != by.account_id || old.purchase_id == by.purchase_id {
        return Ok(());
    }
    // Its money stays where it is: a store that gives some of it back says so in the payment.
    (old.state, old.renews, old.updated_at) = (PurchaseState::Replaced, false, ctx.now());
    put(ctx, tx, &old).await
}

/// A purchase of an account.
pub async fn purchase(
    ctx: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    id: PurchaseId,
) -> Result<Purchase, PurchaseError> {
    may_act(ctx, Holder::Person(account)).map_err(|_| PurchaseError::NotFound)?;
    let row = tx.query_one(store::PURCHASE, params![id, account]).await?;
    read(&row.ok_or(PurchaseError::NotFound)?)
}

/// Any purchase; for the operator.
pub async fn purchase_by_id(ctx: &Ctx, tx: &mut Tx, id: PurchaseId) -> Result<Purchase, PurchaseError> {
    may_act(ctx, PLAZA).map_err(|_| PurchaseError::NotFound)?;
    let row = tx.query_one(store::PURCHASE_BY_ID, params![id]).await?;
    read(&row.ok_or(PurchaseError::NotFound)?)
}

/// The purchases of an account, the latest first.
pub async fn purchases_of(
    ctx: &Ctx,
    tx: &mut Tx,
    account: AccountId,
) -> Result<Vec<Purchase>, PurchaseError> {
    may_act(ctx, Holder::Person(account)).map_err(|_| PurchaseError::NotFound)?;
    tx.query(store::PURCHASES_OF, params![account, PURCHASES_OF_MAX]).await?.iter().map(read).collect()
}

/// Whether an account had a trial before.
pub async fn had_trial_of(ctx: &Ctx, tx: &mut Tx, account: AccountId) -> Result<bool, PurchaseError> {
    may_act(ctx, Holder::Person(account)).map_err(|_| PurchaseError::NotFound)?;
    Ok(tx.query_one(store::HAD_TRIAL_OF, params![account]).await?.is_some())
}

/// Which purchases a page shows; what is absent narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurchaseFilter {
    /// How they stand.
    pub state: Option<PurchaseState>,
    /// Where they were bought.
    pub store: Option<String>,
    /// The last one of the page before.
    pub after: Option<PurchaseId>,
}

/// A page of all purchases, the latest first, with their payments; for the operator.
pub async fn purchases(
    ctx: &Ctx,
    tx: &mut Tx,
    filter: &PurchaseFilter,
    limit: usize,
) -> Result<Vec<(Purchase, Vec<KeptPayment>)>, PurchaseError> {
    may_act(ctx, PLAZA).map_err(|_| PurchaseError::NotFound)?;
    let after = filter.after.unwrap_or(PurchaseId(uuid::Uuid::max()));
    let limit = i64::try_from(limit.min(limits::PAGE_ROWS_MAX)).unwrap_or(i64::MAX);
    let rows = match (filter.state.map(PurchaseState::as_str), filter.store.as_deref()) {
        (None, None) => tx.query(store::PURCHASES, params![after, limit]).await?,
        (Some(state), None) => tx.query(store::PURCHASES_IN_STATE, params![after, limit, state]).await?,
        (None, Some(store)) => tx.query(store::PURCHASES_OF_STORE, params![after, limit, store]).await?,
        (Some(state), Some(store)) => {
            tx.query(store::PURCHASES_OF_BOTH, params![after, limit, state, store]).await?
        }
    };
    let mut found = Vec::new();
    for row in rows {
        let of = read(&row)?;
        let payments = money::payments(tx, of.purchase_id).await?;
        found.push((of, payments));
    }
    Ok(found)
}

/// What people paid, by plan.
pub async fn sales(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Sales>, PurchaseError> {
    let mut found = Vec::new();
    for row in tx.query(store::SALES, params![]).await? {
        found.push(Sales {
            plan_key: row.get(0)?,
            term: Term::parse(&row.get::<String>(1)?).ok_or(DAMAGED)?,
            currency: row.get(2)?,
            payments: row.get(3)?,
            amount: row.get(4)?,
            commission: row.get(5)?,
            refunded: row.get(6)?,
        });
    }
    Ok(found)
}

/// Purchases whose store is to be asked: each with the store and its name for it.
pub async fn due_purchases(
    ctx: &Ctx,
    tx: &mut Tx,
) -> Result<Vec<(PurchaseId, String, String)>, PurchaseError> {
    let rows = tx.query(store::DUE_PURCHASES, params![ctx.now(), DUE_MAX]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// The store did not answer: it is asked again later. One that never answers is given up as long after the end as one that
/// does.
pub async fn postpone_purchase(ctx: &Ctx, tx: &mut Tx, id: PurchaseId) -> Result<(), PurchaseError> {
    let (later, given_up) = (after(ctx.now(), LOOK_AT_PENDING), before(ctx.now(), LOOK_FOR));
    tx.execute(store::POSTPONE_PURCHASE, params![id, later, given_up]).await?;
    Ok(())
}
