//! # What pays
//!
//! A portfolio pays from promotional credit first, that which ends soonest before the rest, then from what it paid in
//! advance, then from a credit line that the operator granted. Each of them is an account of the ledger:
//!
//! - a **grant** has an account of its own (`portfolio:{id}:promo:{grant}`), filled from `contra:promo`. After its end
//!   nothing is set aside on it; what is unused goes back to `contra:promo`, and what is set aside stays good until its
//!   message has ended.
//! - the **credit line** is the receivable account, whose floor is minus the limit.
//!
//! A message is paid from the first account that has all of its price. Only where none has it is the price split over
//! several, in that order: its further holds are rows of `usage_split`, and the first of them pays first.
//!
//! [`lock`] takes the accounts of a whole batch at once and plans in memory; the prepaid account is always among them,
//! so that of two servers one waits for the other, whichever account pays in the end.

pub(crate) mod store;

use crate::BillingError;
use crate::alerts;
use crate::audit::{self, Act};
use crate::portfolio::{currency_of, prepaid};
use crate::usage::Payer;
use plaza_db::{Tx, Value, params};
use plaza_ledger::{Account, AccountKind, Action, Refused, Room, Transfer, derived_id, named_id};
use plaza_protocol::{
    Actor, BusinessMessageId, Ctx, Currency, LedgerAccountId, Micros, PortfolioId, Timestamp, TransferId,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// A grant ends after that at the latest.
pub const GRANT_DAYS_MAX: u32 = 3660;
/// Characters of the note of a grant.
pub const NOTE_CHARS_MAX: usize = 200;
/// Characters of a key.
pub const KEY_CHARS_MAX: usize = 100;
/// Grants that can be open at a time: bounds what a hold looks at.
pub const GRANTS_MAX: usize = 100;
/// Grants that one round of the job looks at.
const ROUND_GRANTS: usize = 256;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Shorter than that no grant lasts.
const LASTS_MIN: Duration = Duration::from_secs(1);

/// A moment after another one.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// Whoever runs the network.
pub(crate) fn require_operator(ctx: &Ctx) -> Result<(), BillingError> {
    match ctx.actor() {
        Actor::System | Actor::Operator => Ok(()),
        _ => Err(BillingError::OperatorOnly),
    }
}

/// Whoever may look at a portfolio's money: itself, or who runs the network.
pub(crate) fn require_payer(ctx: &Ctx, portfolio: PortfolioId) -> Result<(), BillingError> {
    match ctx.actor() {
        Actor::System | Actor::Operator => Ok(()),
        Actor::App { portfolio: own, .. } if own == portfolio => Ok(()),
        _ => Err(BillingError::UnknownPortfolio(portfolio)),
    }
}

pub(crate) fn promo(portfolio: PortfolioId, grant: Uuid, currency: Currency) -> Account {
    Account::new(AccountKind::PortfolioPromo(portfolio, grant), currency)
}

pub(crate) fn receivable(portfolio: PortfolioId, currency: Currency) -> Account {
    Account::new(AccountKind::PortfolioReceivable(portfolio), currency)
}

/// What a portfolio can pay from, in the order of use.
#[derive(Debug, Default)]
pub(crate) struct Purse {
    sources: Vec<(Account, Room)>,
}

impl Purse {
    fn free(room: &Room) -> Micros {
        room.free().unwrap_or_default().max(Micros::ZERO)
    }

    /// What can be spent.
    pub(crate) fn available(&self) -> Micros {
        Micros(self.sources.iter().fold(0, |sum, (_, room)| sum.saturating_add(Self::free(room).0)))
    }

    /// What stands on the accounts. Only money that comes in makes it more.
    pub(crate) fn posted(&self) -> Micros {
        Micros(self.sources.iter().fold(0, |sum, (_, room)| sum.saturating_add(room.posted.0)))
    }

    /// Sets an amount aside: on the first account that has it, or split where none has. `None`: all together have less.
    pub(crate) fn take(&mut self, amount: Micros) -> Option<Vec<(Account, Micros)>> {
        if let Some((account, room)) = self.sources.iter_mut().find(|(_, room)| Self::free(room) >= amount) {
            room.held = Micros(room.held.0.saturating_add(amount.0));
            return Some(vec![(account.clone(), amount)]);
        }
        if self.available() < amount {
            return None;
        }
        let mut missing = amount;
        let mut parts = Vec::new();
        for (account, room) in &mut self.sources {
            let part = Self::free(room).min(missing);
            if part > Micros::ZERO {
                room.held = Micros(room.held.0.saturating_add(part.0));
                missing = Micros(missing.0.saturating_sub(part.0));
                parts.push((account.clone(), part));
            }
        }
        Some(parts)
    }
}

/// The purses of portfolios, their accounts locked.
pub(crate) async fn lock<'a>(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: impl Iterator<Item = (&'a PortfolioId, Currency)>,
) -> Result<BTreeMap<PortfolioId, Purse>, BillingError> {
    let mut accounts: BTreeMap<PortfolioId, Vec<Account>> = BTreeMap::new();
    let currencies: BTreeMap<PortfolioId, Currency> = payers.map(|(id, currency)| (*id, currency)).collect();
    let keys: Vec<Value> = currencies.keys().map(Into::into).collect();
    for row in tx.query_list(store::OPEN_GRANTS, &[ctx.now().into()], &keys).await? {
        let (grant, id): (Uuid, PortfolioId) = (row.get(0)?, row.get(1)?);
        if let Some(currency) = currencies.get(&id) {
            accounts.entry(id).or_default().push(promo(id, grant, *currency));
        }
    }
    let mut must = Vec::with_capacity(currencies.len());
    for (id, currency) in &currencies {
        let own = accounts.entry(*id).or_default();
        must.push(prepaid(*id, *currency));
        own.extend([prepaid(*id, *currency), receivable(*id, *currency)]);
    }
    let may: Vec<Account> = accounts.values().flatten().cloned().collect();
    let rooms: BTreeMap<LedgerAccountId, Room> = plaza_ledger::lock(ctx, tx, &must, &may).await?;
    let purses = accounts.into_iter().map(|(id, accounts)| {
        let sources = accounts.into_iter().filter_map(|account| {
            let room = *rooms.get(&account.id())?;
            Some((account, room))
        });
        (id, Purse { sources: sources.collect() })
    });
    Ok(purses.collect())
}

/// The purses of payers.
pub(crate) async fn lock_payers(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
) -> Result<BTreeMap<PortfolioId, Purse>, BillingError> {
    lock(ctx, tx, payers.iter().map(|(id, payer)| (id, payer.currency))).await
}

/// The id of a further hold of a message.
pub(crate) fn part_hold_id(message: BusinessMessageId, part: i64) -> TransferId {
    derived_id(message.0, &format!("hold {part}"))
}

/// The id of the transfer that ends a further hold of a message.
pub(crate) fn part_end_id(message: BusinessMessageId, part: i64) -> TransferId {
    derived_id(message.0, &format!("end {part}"))
}

/// The further holds of messages: part and amount, in order.
pub(crate) type Splits = BTreeMap<BusinessMessageId, Vec<(i64, Micros)>>;

/// What was split of these messages.
pub(crate) async fn splits(tx: &mut Tx, messages: &[BusinessMessageId]) -> Result<Splits, BillingError> {
    let keys: Vec<Value> = messages.iter().map(Into::into).collect();
    let mut splits = Splits::new();
    for row in tx.query_list(store::SPLITS, &[], &keys).await? {
        let message: BusinessMessageId = row.get(0)?;
        splits.entry(message).or_default().push((row.get(1)?, row.get(2)?));
    }
    for parts in splits.values_mut() {
        parts.sort_unstable();
        parts.dedup();
    }
    Ok(splits)
}

/// The parts of a hold: the ids of the hold and of its end, and what was held. The first pays first.
pub(crate) fn parts(
    message: BusinessMessageId,
    held: Micros,
    splits: &Splits,
) -> Vec<(TransferId, TransferId, Micros)> {
    let further = splits.get(&message).map_or(&[][..], |parts| parts.as_slice());
    let first = further.iter().fold(held.0, |left, (_, part)| left.saturating_sub(part.0));
    let mut all = vec![(crate::usage::hold_id(message), crate::usage::end_id(message), Micros(first))];
    all.extend(
        further.iter().map(|(part, held)| (part_hold_id(message, *part), part_end_id(message, *part), *held)),
    );
    all
}

/// Credit to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// How much.
    pub amount: Micros,
    /// How long it lasts from now on.
    pub lasts: Duration,
    /// What for, as the business reads it.
    pub note: String,
    /// The same key gives once.
    pub key: String,
}

/// Credit that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub grant_id: Uuid,
    /// How much it was.
    pub amount: Micros,
    /// What for.
    pub note: String,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// What is left of it, what is set aside included.
    pub left: Micros,
    /// Set aside for messages on their way.
    pub held: Micros,
}

/// Credit was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promo {
    /// Its id.
    pub grant_id: Uuid,
    /// It had been given before, under the same key.
    pub repeated: bool,
}

/// A credit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credit {
    /// What a portfolio may owe.
    pub limit: Micros,
    /// What it owes.
    pub used: Micros,
    /// Set aside for messages on their way.
    pub held: Micros,
}

/// What a portfolio has to pay from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funds {
    /// Of all amounts.
    pub currency: Currency,
    /// Months and days begin in it.
    pub time_zone: String,
    /// Credit that was given and has not ended, in the order of use.
    pub grants: Vec<Grant>,
    /// Paid in and not used.
    pub prepaid: Micros,
    /// Set aside of it.
    pub prepaid_held: Micros,
    /// The credit line.
    pub credit: Credit,
    /// Set aside of everything.
    pub held: Micros,
    /// What can be spent.
    pub available: Micros,
}

/// What a portfolio has to pay from.
pub async fn funds(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Funds, BillingError> {
    require_payer(ctx, portfolio)?;
    read(ctx, tx, portfolio).await
}

/// What a portfolio can spend. The caller has seen to it that whoever asks may know whether it can send.
pub async fn available(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Micros, BillingError> {
    Ok(read(ctx, tx, portfolio).await?.available)
}

async fn read(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Funds, BillingError> {
    let row = tx.query_one(store::PORTFOLIO, params![portfolio]).await?;
    let row = row.ok_or(BillingError::UnknownPortfolio(portfolio))?;
    let (currency, time_zone): (Currency, String) = (row.get(0)?, row.get(1)?);
    let mut purse = Purse::default();
    let mut grants = Vec::new();
    for row in tx.query(store::GRANTS_OF, params![portfolio, ctx.now()]).await? {
        let grant_id: Uuid = row.get(0)?;
        let account = promo(portfolio, grant_id, currency);
        let room = plaza_ledger::room(ctx, tx, &account).await?;
        let left = (room.posted, room.held);
        purse.sources.push((account, room));
        grants.push(Grant {
            grant_id,
            amount: row.get(1)?,
            note: row.get(2)?,
            granted_at: row.get(3)?,
            expires_at: row.get(4)?,
            left: left.0,
            held: left.1,
        });
    }
    let paid = prepaid(portfolio, currency);
    let prepaid_room = plaza_ledger::room(ctx, tx, &paid).await?;
    purse.sources.push((paid, prepaid_room));
    let debt = receivable(portfolio, currency);
    let debt_room = plaza_ledger::room(ctx, tx, &debt).await?;
    purse.sources.push((debt, debt_room));
    let minus = |amount: Micros| Micros(0_i64.saturating_sub(amount.0));
    let held = purse.sources.iter().fold(0_i64, |sum, (_, room)| sum.saturating_add(room.held.0));
    Ok(Funds {
        currency,
        time_zone,
        grants,
        prepaid: prepaid_room.posted,
        prepaid_held: prepaid_room.held,
        credit: Credit {
            limit: minus(debt_room.floor.unwrap_or_default()),
            used: minus(debt_room.posted),
            held: debt_room.held,
        },
        held: Micros(held),
        available: purse.available(),
    })
}

fn checked_key(key: &str) -> Result<(), BillingError> {
    let is_good = !key.is_empty() && key.chars().count() <= KEY_CHARS_MAX;
    if is_good { Ok(()) } else { Err(BillingError::BadKey) }
}

/// Gives a portfolio credit that ends. The same key gives once; for something else it is refused.
pub async fn grant(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    new: &NewGrant,
) -> Result<Promo, BillingError> {
    require_operator(ctx)?;
    let currency = currency_of(tx, portfolio).await?;
    checked_key(&new.key)?;
    if new.amount <= Micros::ZERO {
        return Err(BillingError::BadAmount);
    }
    if new.note.chars().count() > NOTE_CHARS_MAX {
        return Err(BillingError::BadNote);
    }
    let grant_id = named_id(&format!("plaza promo\0{portfolio}\0{}", new.key)).0;
    lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    if let Some(row) = tx.query_one(store::GRANT, params![grant_id]).await? {
        let (amount, granted_at, expires_at): (Micros, Timestamp, Timestamp) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        // Asked again later, it ends when it was to end at first.
        let is_same = amount == new.amount && expires_at == later(granted_at, new.lasts);
        return if is_same { Ok(Promo { grant_id, repeated: true }) } else { Err(BillingError::KeyReused) };
    }
    if new.lasts < LASTS_MIN || new.lasts > DAY.saturating_mul(GRANT_DAYS_MAX) {
        return Err(BillingError::BadEnd);
    }
    if tx.query(store::GRANTS_OF, params![portfolio, ctx.now()]).await?.len() >= GRANTS_MAX {
        return Err(BillingError::TooManyGrants);
    }
    let transfer = Transfer {
        transfer_id: derived_id(grant_id, "grant"),
        action: Action::Posted {
            debit: Account::new(AccountKind::ContraPromo, currency),
            credit: promo(portfolio, grant_id, currency),
            amount: new.amount,
        },
    };
    if !matches!(plaza_ledger::post(ctx, tx, &[transfer]).await?.first(), Some(Ok(_))) {
        return Err(BillingError::BadAmount);
    }
    // One look at the clock: that it is the same grant is seen from the time between the two.
    let now = ctx.now();
    let row = params![grant_id, portfolio, new.amount, new.note.as_str(), now, later(now, new.lasts), false];
    tx.execute(store::INSERT_GRANT, row).await?;
    alerts::look(ctx, tx, portfolio, true).await?;
    let details = json!({
        "amount_micros": new.amount.0, "currency": currency.code(), "grant_id": grant_id.to_string(),
        "expires_at": later(now, new.lasts).seconds(), "note": new.note,
    });
    audit::note(ctx, tx, Act::PromotionalCredit, portfolio, details).await?;
    Ok(Promo { grant_id, repeated: false })
}

/// Grants or changes a portfolio's credit line: what it may owe. Less than it owes now, holds included, is refused.
pub async fn set_credit_limit(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    limit: Micros,
    key: &str,
) -> Result<Credit, BillingError> {
    require_operator(ctx)?;
    let currency = currency_of(tx, portfolio).await?;
    checked_key(key)?;
    let floor = Micros(0_i64.checked_sub(limit.0).ok_or(BillingError::BadAmount)?);
    if floor > Micros::ZERO {
        return Err(BillingError::BadLimit);
    }
    // All that decide over a portfolio's money wait for each other at its prepaid account.
    lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let change = named_id(&format!("plaza credit\0{portfolio}\0{key}"));
    let account = receivable(portfolio, currency);
    let before = read(ctx, tx, portfolio).await?.credit.limit;
    match plaza_ledger::set_floor(ctx, tx, &account, change, floor).await? {
        Ok(_) => {}
        Err(Refused::Insufficient { available }) => {
            let used = Micros(0_i64.saturating_sub(available.0));
            return Err(BillingError::CreditInUse { used, currency });
        }
        Err(Refused::Different) => return Err(BillingError::KeyReused),
        Err(_) => return Err(BillingError::Damaged("the ledger refused a credit line")),
    }
    alerts::look(ctx, tx, portfolio, true).await?;
    let credit = read(ctx, tx, portfolio).await?.credit;
    // A key that was used before changes nothing.
    if credit.limit != before {
        let details = json!({
            "limit_micros": credit.limit.0, "before_micros": before.0, "currency": currency.code(),
        });
        audit::note(ctx, tx, Act::CreditLine, portfolio, details).await?;
    }
    Ok(credit)
}

/// Ends the grants whose time is over: what is unused goes back, what is set aside waits for its message. For
/// housekeeping; the answer is how many grants gave something back.
pub async fn end_grants(ctx: &Ctx, tx: &mut Tx) -> Result<usize, BillingError> {
    require_operator(ctx)?;
    let mut ended = 0_usize;
    let mut after = (Timestamp(i64::MIN), Uuid::nil());
    loop {
        let round = params![ctx.now(), after.0, after.1, i64::try_from(ROUND_GRANTS).unwrap_or(i64::MAX)];
        let rows = tx.query(store::ENDED_GRANTS, round).await?;
        for row in &rows {
            let (grant_id, portfolio, expires_at): (Uuid, PortfolioId, Timestamp) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            after = (expires_at, grant_id);
            ended = ended.saturating_add(usize::from(end_grant(ctx, tx, portfolio, grant_id).await?));
        }
        if rows.len() < ROUND_GRANTS {
            return Ok(ended);
        }
    }
}

async fn end_grant(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    grant_id: Uuid,
) -> Result<bool, BillingError> {
    let currency = currency_of(tx, portfolio).await?;
    let account = promo(portfolio, grant_id, currency);
    let must = [prepaid(portfolio, currency)];
    let rooms = plaza_ledger::lock(ctx, tx, &must, std::slice::from_ref(&account)).await?;
    let room = rooms.get(&account.id()).copied().unwrap_or_default();
    let unused = Micros(room.posted.0.saturating_sub(room.held.0));
    if room.held == Micros::ZERO {
        tx.execute(store::CLOSE_GRANT, params![grant_id]).await?;
    }
    if unused <= Micros::ZERO {
        return Ok(false);
    }
    let transfer = Transfer {
        // What stands on the account only becomes less: each step of giving back has an id of its own.
        transfer_id: named_id(&format!("plaza promo end\0{grant_id}\0{}", room.posted)),
        action: Action::Posted {
            debit: account,
            credit: Account::new(AccountKind::ContraPromo, currency),
            amount: unused,
        },
    };
    if !matches!(plaza_ledger::post(ctx, tx, &[transfer]).await?.first(), Some(Ok(_))) {
        return Err(BillingError::Damaged("the ledger refused the end of a grant"));
    }
    alerts::promo_expired(ctx, tx, (portfolio, currency), grant_id, unused).await?;
    alerts::look(ctx, tx, portfolio, false).await?;
    Ok(true)
}
