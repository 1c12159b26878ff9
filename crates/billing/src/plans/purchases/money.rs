//! The money of purchases. Every transfer and stretch of days is named after the payment, and a payment's id after the
//! store's transaction.

use super::{DAMAGED, KeptPayment, Purchase, PurchaseError, Receipt, StorePayment, sold, store};
use crate::BillingError;
use crate::payouts::clearing;
use crate::plans::calendar::Calendar;
use crate::plans::{Term, deferral, share};
use crate::verify::kinds::ITEMS;
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Findings, Transfer, derived_id, named_id};
use plaza_protocol::{Ctx, Currency, Micros, PurchaseId, SubscriptionId, Timestamp, TransferId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The calendar of stores.
const UTC: &str = "UTC";

fn account(kind: AccountKind, currency: Currency) -> Account {
    Account::new(kind, currency)
}

/// A payment as a row has it.
struct Kept {
    id: Uuid,
    store: String,
    transaction: String,
    plan_key: String,
    term: Term,
    currency: Currency,
    amount: Micros,
    commission: Micros,
    refunded: Micros,
    from: Timestamp,
    to: Option<Timestamp>,
    at: Timestamp,
}

fn read(row: &Row) -> Result<Kept, PurchaseError> {
    Ok(Kept {
        id: row.get(0)?,
        store: row.get(1)?,
        transaction: row.get(2)?,
        plan_key: row.get(3)?,
        term: Term::parse(&row.get::<String>(4)?).ok_or(DAMAGED)?,
        currency: row.get(5)?,
        amount: row.get(6)?,
        commission: row.get(7)?,
        refunded: row.get(8)?,
        from: row.get(9)?,
        to: row.get(10)?,
        at: row.get(11)?,
    })
}

impl Kept {
    /// The owner of its stretch of days.
    fn stretch(&self) -> SubscriptionId {
        SubscriptionId(self.id)
    }

    fn paid(&self) -> TransferId {
        derived_id(self.id, "paid")
    }
}

async fn of(tx: &mut Tx, purchase: PurchaseId) -> Result<Vec<Kept>, PurchaseError> {
    tx.query(store::STORE_PAYMENTS, params![purchase]).await?.iter().map(read).collect()
}

/// The payments of a purchase.
pub(super) async fn payments(tx: &mut Tx, purchase: PurchaseId) -> Result<Vec<KeptPayment>, PurchaseError> {
    let kept = of(tx, purchase).await?.into_iter().map(|each| KeptPayment {
        transfer_id: each.paid(),
        transaction: each.transaction,
        plan_key: each.plan_key,
        amount: each.amount,
        commission: each.commission,
        refunded: each.refunded,
        currency: each.currency,
        at: each.at,
    });
    Ok(kept.collect())
}

async fn post(
    ctx: &Ctx,
    tx: &mut Tx,
    moves: Vec<(TransferId, Account, Account, Micros)>,
) -> Result<(), PurchaseError> {
    let transfers: Vec<Transfer> = moves
        .into_iter()
        .filter(|(_, _, _, amount)| *amount > Micros::ZERO)
        .map(|(transfer_id, debit, credit, amount)| Transfer {
            transfer_id,
            action: Action::Posted { debit, credit, amount },
        })
        .collect();
    for outcome in plaza_ledger::post(ctx, tx, &transfers).await? {
        outcome.map_err(|_| DAMAGED)?;
    }
    Ok(())
}

fn day_of(at: Timestamp) -> Result<i64, PurchaseError> {
    Calendar::of(UTC).day_of(at).ok_or(DAMAGED)
}

/// Books what a receipt says was paid and given back, each once.
pub(super) async fn book(
    ctx: &Ctx,
    tx: &mut Tx,
    purchase: &Purchase,
    receipt: &Receipt,
) -> Result<(), PurchaseError> {
    let mut payments: Vec<&StorePayment> = receipt.payments.iter().collect();
    payments.sort_by_key(|payment| payment.from);
    for payment in payments {
        // A trial moves nothing.
        if payment.amount <= Micros::ZERO {
            continue;
        }
        take(ctx, tx, purchase, payment).await?;
        if let Some(refund) = payment.refunded {
            let kept = of(tx, purchase.purchase_id).await?;
            if let Some(kept) = kept.iter().find(|each| each.transaction == payment.transaction) {
                give_back(ctx, tx, kept, (refund.at, Back::Of(refund.amount))).await?;
            }
        }
    }
    Ok(())
}

/// Books a payment, if it is new.
async fn take(ctx: &Ctx, tx: &mut Tx, of: &Purchase, payment: &StorePayment) -> Result<(), PurchaseError> {
    let (plan, term) = sold(ctx, tx, &payment.product).await?;
    let id = named_id(&format!("payment\0{}\0{}", of.store, payment.transaction)).0;
    let to = payment.to.filter(|_| term != Term::Once);
    let commission = payment.commission.clamp(Micros::ZERO, payment.amount);
    let row = params![
        id,
        of.purchase_id,
        of.store.as_str(),
        payment.transaction.as_str(),
        plan.key.as_str(),
        term.as_str(),
        payment.currency,
        payment.amount,
        commission,
        payment.from,
        to,
        ctx.now()
    ];
    if tx.execute(store::INSERT_STORE_PAYMENT, row).await? == 0 {
        return Ok(());
    }
    let (currency, store) = (payment.currency, of.store.as_str());
    let earned = match to {
        Some(to) => {
            // What is left of another plan or term, the store gives back.
            cut(ctx, tx, of, (plan.key.as_str(), term, payment.from)).await?;
            let from_day = day_of(payment.from)?;
            let days = day_of(to)?.saturating_sub(from_day).max(1);
            let stretch = (SubscriptionId(id), UTC);
            deferral::open(ctx, tx, stretch, (currency, payment.amount), (from_day, days)).await?;
            deferral::deferred(currency)
        }
        None => account(AccountKind::ItemRevenue, currency),
    };
    let fees = account(AccountKind::FeeRevenue, currency);
    let moves = vec![
        (derived_id(id, "paid"), clearing(store, currency), earned, payment.amount),
        (derived_id(id, "commission"), fees, clearing(store, currency), commission),
    ];
    post(ctx, tx, moves).await?;
    // The payment that followed it was told first: it ended these days early.
    let all = self::of(tx, of.purchase_id).await?;
    let is_other = |each: &&Kept| (each.plan_key.as_str(), each.term) != (plan.key.as_str(), term);
    let within = |at: Timestamp| at >= payment.from && to.is_some_and(|to| at < to);
    let next = all.iter().filter(is_other).map(|each| each.from).filter(|from| within(*from)).min();
    if let (Some(at), Some(kept)) = (next, all.iter().find(|each| each.id == id)) {
        give_back(ctx, tx, kept, (at, Back::Rest)).await?;
    }
    Ok(())
}

/// Gives back what is left of the payments of a purchase for other plans and terms than one that began.
async fn cut(
    ctx: &Ctx,
    tx: &mut Tx,
    purchase: &Purchase,
    (plan, term, at): (&str, Term, Timestamp),
) -> Result<(), PurchaseError> {
    for kept in of(tx, purchase.purchase_id).await? {
        let is_same = plan == kept.plan_key && term == kept.term;
        // What began later is not what this one ended.
        let runs = kept.from <= at && kept.to.is_some_and(|to| to > at);
        if !is_same && runs {
            give_back(ctx, tx, &kept, (at, Back::Rest)).await?;
        }
    }
    Ok(())
}

/// What is given back of a payment.
#[derive(Clone, Copy)]
enum Back {
    /// What is left of its days: another plan took their place.
    Rest,
    /// So much of it in all, with what was given back before.
    Of(Micros),
}

/// Gives a payment back, or a part of it, once.
async fn give_back(
    ctx: &Ctx,
    tx: &mut Tx,
    kept: &Kept,
    (at, back): (Timestamp, Back),
) -> Result<(), PurchaseError> {
    let (stretch, day) = (kept.stretch(), day_of(at)?);
    let (rest, amount) = match back {
        Back::Rest => {
            let rest = deferral::close(ctx, tx, stretch, day).await?;
            if rest == Micros::ZERO {
                return Ok(());
            }
            (rest, rest)
        }
        Back::Of(total) => {
            let amount = total.min(kept.amount).checked_sub(kept.refunded).ok_or(DAMAGED)?;
            // A store that takes a refund back is not followed: the operator sees what it then pays out.
            if amount <= Micros::ZERO {
                return Ok(());
            }
            let left = kept.amount.checked_sub(kept.refunded).ok_or(DAMAGED)?;
            (deferral::reduce(ctx, tx, stretch, day, (amount, left)).await?, amount)
        }
    };
    let total = kept.refunded.checked_add(amount).ok_or(DAMAGED)?;
    if tx.execute(store::REFUND_STORE_PAYMENT, params![kept.id, total, at, kept.refunded]).await? == 0 {
        return Err(DAMAGED);
    }
    // The store gives its part of the commission back.
    let before = share(kept.commission, kept.refunded.0, kept.amount.0).ok_or(DAMAGED)?;
    let commission = share(kept.commission, total.0, kept.amount.0).and_then(|all| all.checked_sub(before));
    post_refund(ctx, tx, kept, &Refund { total, amount, rest, commission: commission.ok_or(DAMAGED)?, at })
        .await
}

/// A refund to be booked.
struct Refund {
    /// Given back in all, with this.
    total: Micros,
    amount: Micros,
    /// Of it, what was not earned yet.
    rest: Micros,
    commission: Micros,
    at: Timestamp,
}

async fn post_refund(ctx: &Ctx, tx: &mut Tx, kept: &Kept, of: &Refund) -> Result<(), PurchaseError> {
    let (currency, store) = (kept.currency, kept.store.as_str());
    let row = params![kept.id, of.total, store, currency, of.amount, of.commission, of.at];
    tx.execute(store::INSERT_STORE_REFUND, row).await?;
    let earned = of.amount.checked_sub(of.rest).ok_or(DAMAGED)?;
    let (refund, fees) =
        (account(AccountKind::ContraRefund, currency), account(AccountKind::FeeRevenue, currency));
    let name = |what: &str| derived_id(kept.id, &format!("{what} to {}", of.total.0));
    let moves = vec![
        (name("refund of days"), deferral::deferred(currency), clearing(store, currency), of.rest),
        (name("refund"), refund, clearing(store, currency), earned),
        (name("commission back"), clearing(store, currency), fees, of.commission),
    ];
    post(ctx, tx, moves).await
}

/// What was sold for good is what stands on its account; what differs, in words.
pub(crate) async fn compare_items(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut sold: BTreeMap<Currency, Micros> = BTreeMap::new();
    for row in tx.query(store::ITEMS_SOLD, params![]).await? {
        sold.insert(row.get(0)?, row.get(1)?);
        found.checked(ITEMS, row.get(2)?);
    }
    for currency in Currency::ALL {
        let posted =
            plaza_ledger::balance(ctx, tx, &account(AccountKind::ItemRevenue, *currency)).await?.posted;
        let rows = sold.get(currency).copied().unwrap_or_default();
        if posted != rows {
            let difference =
                format!("revenue:items in {currency}: {posted} stand there, purchases have {rows}");
            found.differs(ITEMS, difference);
        }
    }
    Ok(())
}
