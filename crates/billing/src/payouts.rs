//! # What stores pay out
//!
//! An app store takes the money of people, keeps its commission and pays the rest once a month, by bank transfer. With
//! each sale `psp:{store}:clearing` was debited with what people paid, less the commission; it returns to zero when the
//! operator says which money of the bank was the store's, and what it was for.
//!
//! A payout has a **part** for each currency in which people paid. A part settles so much of the clearing account, and says
//! where that went: it was paid; it was withheld for a tax office (`tax:withheld:{store}`); or the store kept more, or
//! less, than the commission that was booked with the sales (`revenue:fees`). What was paid in another currency than the
//! bank's goes over the accounts `exchange`, at what arrived for it: no rate is rounded here.
//!
//! ## What always holds
//!
//! 1. An entry of the bank is one payout. Its transfers are named after it, so that the same payout again changes nothing,
//!    and another one for the same entry is refused.
//! 2. The parts together, less what banks kept on the way, are what reached the bank.
//! 3. A payout never settles more than the store owes: an account of a store does not cross zero by it.
//! 4. Each store's account is what its sales and refunds left there, less what payouts settled ([`verify`] compares).

mod store;

pub(crate) use store::STATEMENTS;

use crate::BillingError;
use crate::audit::{self, Act, On};
use crate::funds::require_operator;
use crate::verify::kinds::STORES;
use plaza_db::{DbError, Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Findings, Refused, Transfer, derived_id};
use plaza_protocol::{Ctx, Currency, Micros, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// Payouts of a page.
pub const PAYOUTS_MAX: u32 = 100;
/// Characters of a store's name.
const STORE_BYTES_MAX: usize = 40;
/// Months that are looked at for what a store owes.
const MONTHS_MAX: i32 = 36;
/// So long after the end of a month stores pay it: Apple within 45 days, Google in the middle of the next month.
pub const STORE_PAYS_WITHIN: Duration = Duration::from_secs(50 * 24 * 3600);

/// What a payout settles of a store's account in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// In which people paid.
    pub currency: Currency,
    /// What it takes off the account. Below zero: more was given back than sold.
    pub settled: Micros,
    /// What the store paid.
    pub paid: Micros,
    /// What it withheld for a tax office.
    pub withheld: Micros,
    /// What was paid, in the currency of the bank.
    pub arrived: Micros,
}

impl Part {
    /// What the store kept beyond the commission that was booked with the sales; below zero, it kept less.
    pub fn commission(&self) -> Option<Micros> {
        self.settled.checked_sub(self.paid)?.checked_sub(self.withheld)
    }
}

/// Money of the bank that is a store's payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayout {
    /// The entry of the bank.
    pub payout_id: Uuid,
    /// Which store.
    pub store: String,
    /// Of the bank.
    pub currency: Currency,
    /// What reached the bank.
    pub amount: Micros,
    /// What banks kept on the way.
    pub bank_fee: Micros,
    /// When, by the bank.
    pub booked_at: Timestamp,
    /// By currency.
    pub parts: Vec<Part>,
}

/// A payout that is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// What it was.
    pub of: NewPayout,
    /// When it was booked here.
    pub recorded_at: Timestamp,
}

/// What a store owes in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// Which.
    pub store: String,
    /// Of all amounts.
    pub currency: Currency,
    /// What stands on its account; below zero, more was given back than sold since the last payout.
    pub owed: Micros,
    /// Of which months it is, the earliest first: each with its first moment. Payouts settle the earliest first.
    pub months: Vec<(Timestamp, Micros)>,
    /// When the earliest of them should have been paid.
    pub due_at: Option<Timestamp>,
}

/// A payout cannot be booked, and nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError {
    /// A store that nothing was sold in.
    #[error("store: nothing was sold in {0:?}; name one of those that owe something")]
    UnknownStore(String),
    /// No parts, too many, or two of one currency.
    #[error("parts: one for each currency in which people paid is needed")]
    BadParts,
    /// A part that cannot be.
    #[error("the part in {0}: {1}")]
    BadPart(Currency, &'static str),
    /// It settles more than is owed.
    #[error(
        "the part in {currency}: it settles {settled}, and the store owes {owed}; what it paid beyond that is commission below zero"
    )]
    AboveOwed {
        /// In which currency.
        currency: Currency,
        /// By the part.
        settled: Micros,
        /// Before it.
        owed: Micros,
    },
    /// The parts are not what came.
    #[error("the parts arrive as {arrived} {currency} less bank_fee, and {amount} came to the bank")]
    NotTheSum {
        /// Of the parts, together.
        arrived: Micros,
        /// Of the entry.
        amount: Micros,
        /// Of the bank.
        currency: Currency,
    },
    /// The entry is another payout.
    #[error("this entry was booked as another payout")]
    KeyReused,
    /// Billing.
    #[error("billing")]
    Billing(#[from] BillingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<plaza_ledger::LedgerError> for PayoutError {
    fn from(error: plaza_ledger::LedgerError) -> Self {
        BillingError::from(error).into()
    }
}

/// The built-in store, and what its account is called: the built-in provider of payments has the same name, and each has
/// an account of its own.
const BUILT_IN: (&str, &str) = ("sandbox", "sandbox-store");

/// The account on which a store owes what people paid there.
pub fn clearing(store: &str, currency: Currency) -> Account {
    let (built_in, account) = BUILT_IN;
    Account::clearing(if store == built_in { account } else { store }, currency)
}

/// What a store owes: its account has it on the debit side.
async fn owed(ctx: &Ctx, tx: &mut Tx, store: &str, currency: Currency) -> Result<Micros, BillingError> {
    let posted = plaza_ledger::balance(ctx, tx, &clearing(store, currency)).await?.posted;
    Micros::ZERO.checked_sub(posted).ok_or(BillingError::Damaged("a balance is out of range"))
}

fn check(payout: &NewPayout) -> Result<(), PayoutError> {
    let currencies: BTreeSet<Currency> = payout.parts.iter().map(|part| part.currency).collect();
    if payout.parts.is_empty() || currencies.len() != payout.parts.len() {
        return Err(PayoutError::BadParts);
    }
    if payout.amount <= Micros::ZERO || payout.bank_fee < Micros::ZERO {
        return Err(BillingError::BadAmount.into());
    }
    let mut arrived = Micros::ZERO;
    for part in &payout.parts {
        let bad = |what| PayoutError::BadPart(part.currency, what);
        let sign = |amount: Micros| amount.0.signum();
        if part.settled == Micros::ZERO {
            return Err(bad("settled: what it takes off the store's account, not zero"));
        }
        if part.commission().is_none() || part.withheld < Micros::ZERO {
            return Err(bad("withheld: zero or more is needed, and amounts that can be summed"));
        }
        if part.currency == payout.currency && part.arrived != part.paid {
            return Err(bad("arrived: the same as paid, in the currency of the bank"));
        }
        if sign(part.arrived) != sign(part.paid) {
            return Err(bad("arrived: what was paid, in the currency of the bank"));
        }
        arrived = arrived.checked_add(part.arrived).ok_or(BillingError::BadAmount)?;
    }
    if arrived.checked_sub(payout.bank_fee) != Some(payout.amount) {
        let (amount, currency) = (payout.amount, payout.currency);
        return Err(PayoutError::NotTheSum { arrived, amount, currency });
    }
    Ok(())
}

/// A move of money; below zero it goes the other way.
fn leg(id: Uuid, name: &str, (debit, credit): (Account, Account), amount: Micros) -> Option<Transfer> {
    let (debit, credit) = if amount < Micros::ZERO { (credit, debit) } else { (debit, credit) };
    let amount = Micros(amount.0.checked_abs()?);
    let transfer_id = derived_id(id, &format!("payout {name}"));
    (amount > Micros::ZERO)
        .then_some(Transfer { transfer_id, action: Action::Posted { debit, credit, amount } })
}

/// The transfers of a payout, out of an account that has what came to the bank.
fn legs(payout: &NewPayout, source: &AccountKind) -> Option<Vec<Transfer>> {
    let id = payout.payout_id;
    let of = |kind: AccountKind, currency: Currency| Account::new(kind, currency);
    let mut legs = Vec::new();
    for part in &payout.parts {
        let (own, bank) = (part.currency, payout.currency);
        let name = |what: &str| format!("{what} {own}");
        let store = || clearing(&payout.store, own);
        if own == bank {
            legs.push(leg(id, &name("paid"), (of(source.clone(), own), store()), part.paid));
        } else {
            let exchange = |currency| of(AccountKind::Exchange, currency);
            legs.push(leg(id, &name("paid"), (exchange(own), store()), part.paid));
            legs.push(leg(id, &name("arrived"), (of(source.clone(), bank), exchange(bank)), part.arrived));
        }
        let office = AccountKind::Tax(format!("withheld:{}", payout.store).into());
        legs.push(leg(id, &name("withheld"), (of(office, own), store()), part.withheld));
        let fees = of(AccountKind::FeeRevenue, own);
        legs.push(leg(id, &name("commission"), (fees, store()), part.commission()?));
    }
    let fees = of(AccountKind::FeeRevenue, payout.currency);
    legs.push(leg(id, "bank fee", (fees, of(source.clone(), payout.currency)), payout.bank_fee));
    Some(legs.into_iter().flatten().collect())
}

/// Books a payout, once, out of an account that has what came to the bank. The same again is answered with what is there.
pub async fn book(
    ctx: &Ctx,
    tx: &mut Tx,
    source: &AccountKind,
    payout: &NewPayout,
) -> Result<Payout, PayoutError> {
    require_operator(ctx)?;
    if let Some(known) = payout_of(tx, payout.payout_id).await? {
        let (mut wanted, mut kept) = (payout.clone(), known.of.clone());
        wanted.parts.sort_by_key(|part| part.currency);
        kept.parts.sort_by_key(|part| part.currency);
        return if wanted == kept { Ok(known) } else { Err(PayoutError::KeyReused) };
    }
    check(payout)?;
    let sold = tx.query_one(store::HAS_SOLD, params![payout.store.as_str()]).await?;
    if sold.is_none() || payout.store.len() > STORE_BYTES_MAX {
        return Err(PayoutError::UnknownStore(payout.store.chars().take(STORE_BYTES_MAX).collect()));
    }
    let transfers = legs(payout, source).ok_or(BillingError::BadAmount)?;
    for outcome in plaza_ledger::post(ctx, tx, &transfers).await? {
        match outcome {
            Ok(_) => {}
            Err(Refused::Different) => return Err(PayoutError::KeyReused),
            Err(_) => return Err(BillingError::BadAmount.into()),
        }
    }
    for part in &payout.parts {
        // Looked at afterwards: the account is locked now, whoever else books a payout.
        let left = owed(ctx, tx, &payout.store, part.currency).await?;
        let before = left.checked_add(part.settled).ok_or(BillingError::BadAmount)?;
        let sign = part.settled.0.signum();
        let crossed = before.0.signum() != sign || (left != Micros::ZERO && left.0.signum() != sign);
        if crossed {
            let (currency, settled) = (part.currency, part.settled);
            return Err(PayoutError::AboveOwed { currency, settled, owed: before });
        }
    }
    keep(ctx, tx, payout).await?;
    let parts = payout.parts.iter().map(|part| {
        serde_json::json!({
            "currency": part.currency.code(), "settled_micros": part.settled.0, "paid_micros": part.paid.0,
            "withheld_micros": part.withheld.0,
        })
    });
    let details = serde_json::json!({
        "store": payout.store, "amount_micros": payout.amount.0, "currency": payout.currency.code(),
        "bank_fee_micros": payout.bank_fee.0, "parts": parts.collect::<Vec<_>>(),
    });
    audit::note(ctx, tx, Act::StorePayout, On::of(payout.payout_id), details).await?;
    let kept = payout_of(tx, payout.payout_id).await?;
    Ok(kept.ok_or(BillingError::Damaged("a payout was not kept"))?)
}

async fn keep(ctx: &Ctx, tx: &mut Tx, payout: &NewPayout) -> Result<(), PayoutError> {
    let row = params![
        payout.payout_id,
        payout.store.as_str(),
        payout.currency,
        payout.amount,
        payout.bank_fee,
        payout.booked_at,
        ctx.now()
    ];
    tx.execute(store::INSERT, row).await?;
    for part in &payout.parts {
        let row = params![
            payout.payout_id,
            part.currency,
            part.settled,
            part.paid,
            part.withheld,
            part.commission().ok_or(BillingError::BadAmount)?,
            part.arrived
        ];
        tx.execute(store::INSERT_PART, row).await?;
    }
    Ok(())
}

async fn read(tx: &mut Tx, row: &Row) -> Result<Payout, DbError> {
    let payout_id: Uuid = row.get(0)?;
    let mut parts = Vec::new();
    for row in tx.query(store::PARTS, params![payout_id]).await? {
        parts.push(Part {
            currency: row.get(0)?,
            settled: row.get(1)?,
            paid: row.get(2)?,
            withheld: row.get(3)?,
            arrived: row.get(4)?,
        });
    }
    let of = NewPayout {
        payout_id,
        store: row.get(1)?,
        currency: row.get(2)?,
        amount: row.get(3)?,
        bank_fee: row.get(4)?,
        booked_at: row.get(5)?,
        parts,
    };
    Ok(Payout { of, recorded_at: row.get(6)? })
}

async fn payout_of(tx: &mut Tx, id: Uuid) -> Result<Option<Payout>, DbError> {
    match tx.query_one(store::PAYOUT, params![id]).await? {
        Some(row) => Ok(Some(read(tx, &row).await?)),
        None => Ok(None),
    }
}

/// The newest payouts.
pub async fn payouts(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<Payout>, PayoutError> {
    require_operator(ctx)?;
    let mut found = Vec::new();
    for row in tx.query(store::NEWEST, params![limit.min(PAYOUTS_MAX)]).await? {
        found.push(read(tx, &row).await?);
    }
    Ok(found)
}

/// What sales and refunds of a time left on a store's account.
pub async fn expected(
    tx: &mut Tx,
    (store, currency): (&str, Currency),
    (from, to): (Timestamp, Timestamp),
) -> Result<Micros, PayoutError> {
    let row = tx.query_one(store::EXPECTED, params![store, currency, from, to]).await?;
    Ok(row.map_or(Ok(Micros::ZERO), |row| row.get(0))?)
}

/// The first moment of a month, UTC, so many months before one.
fn month_start(at: Timestamp, before: i32) -> Option<Timestamp> {
    let day = jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let month = day.first_of_month().checked_sub(jiff::Span::new().try_months(before).ok()?).ok()?;
    let start = month.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(start.timestamp().as_microsecond()))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// In which stores something was sold, and in which currencies.
async fn sold_in(tx: &mut Tx) -> Result<Vec<(String, Currency)>, DbError> {
    let mut found = Vec::new();
    let mut after = (String::new(), String::new());
    while let Some(row) = tx.query_one(store::SOLD_IN_NEXT, params![&*after.0, &*after.1]).await? {
        after = (row.get(0)?, row.get(1)?);
        found.push((after.0.clone(), row.get(1)?));
    }
    Ok(found)
}

/// What each store owes, of which months, and since when.
pub async fn outstanding(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Outstanding>, PayoutError> {
    let mut found = Vec::new();
    for (store, currency) in sold_in(tx).await? {
        let owed = owed(ctx, tx, &store, currency).await?;
        let (mut left, mut months) = (owed, Vec::new());
        let mut end = later(ctx.now(), Duration::from_secs(62 * 24 * 3600));
        for before in 0..MONTHS_MAX {
            if left <= Micros::ZERO {
                break;
            }
            let start =
                month_start(ctx.now(), before).ok_or(BillingError::Damaged("a month has no beginning"))?;
            let sold = expected(tx, (&store, currency), (start, end)).await?;
            let open = sold.min(left);
            if open != Micros::ZERO {
                months.push((start, open));
            }
            left = left.checked_sub(sold).unwrap_or_default();
            end = start;
        }
        months.reverse();
        let due_at = months.first().and_then(|(start, _)| month_start(*start, -1));
        let due_at = due_at.map(|end| later(end, STORE_PAYS_WITHIN));
        found.push(Outstanding { store, currency, owed, months, due_at });
    }
    Ok(found)
}

/// For verification: what payouts left on the accounts `exchange`.
pub(crate) async fn exchanged(tx: &mut Tx) -> Result<Vec<(Currency, i64)>, BillingError> {
    let mut moved = Vec::new();
    for row in tx.query(store::EXCHANGED_FROM, params![]).await? {
        moved.push((row.get(0)?, 0_i64.saturating_sub(row.get::<i64>(1)?)));
    }
    for row in tx.query(store::EXCHANGED_TO, params![]).await? {
        moved.push((row.get(0)?, row.get(1)?));
    }
    Ok(moved)
}

/// For verification: each store's account is what sales, refunds and payouts left there.
pub(crate) async fn verify(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut kept: BTreeMap<(String, Currency), i64> = BTreeMap::new();
    for sql in [store::ALL_EXPECTED, store::ALL_SETTLED] {
        for row in tx.query(sql, params![]).await? {
            let amount = kept.entry((row.get(0)?, row.get(1)?)).or_default();
            *amount = amount.saturating_add(row.get::<i64>(2)?);
        }
    }
    for ((store, currency), amount) in kept {
        let (owed, amount) = (owed(ctx, tx, &store, currency).await?, Micros(amount));
        found.checked(STORES, 1);
        if owed != amount {
            let which = format!("{} in {currency}", clearing(&store, currency).code());
            found.differs(STORES, format!("{which}: {owed} are owed there, sales and payouts have {amount}"));
        }
    }
    Ok(())
}
