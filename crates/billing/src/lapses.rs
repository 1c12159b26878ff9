//! # Balances that nobody uses
//!
//! Where the operator's rules say so (`unused_balance_months`; by default they do not), what was paid in and has
//! not moved for so many months lapses: it is told to the business first, and 30 days later, if still nothing has moved, it
//! goes from the prepaid account to `breakage`. A message, a payment, a hold or a refund within that time keeps it. Who owes
//! something keeps it too. What has lapsed comes back whole when the operator says so, once.
//!
//! A lapse is a row that begins with the telling and names the account's version: a repeat, or another server at the same
//! time, finds it and changes nothing.

pub(crate) mod store;

use crate::BillingError;
use crate::alerts::{self, NewAlert};
use crate::audit::{self, Act};
use crate::funds::{later, receivable, require_operator};
use crate::portfolio::{currency_of, prepaid};
use crate::verify::kinds::LAPSES;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Findings, Transfer, derived_id, named_id};
use plaza_protocol::{Ctx, Currency, LedgerAccountId, Micros, PortfolioId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// So long after it was told does a balance lapse.
pub const NOTICE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Balances that one step tells of or takes.
const STEP: usize = 100;
/// Portfolios of a page.
const PAGE: i64 = 500;

/// A balance that is about to lapse, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// Its id.
    pub lapse_id: Uuid,
    /// Whose.
    pub portfolio: PortfolioId,
    /// When the business was told.
    pub told_at: Timestamp,
    /// How much has lapsed; `None`: not yet.
    pub amount: Option<Micros>,
    /// When.
    pub lapsed_at: Option<Timestamp>,
    /// When it was given back.
    pub reinstated_at: Option<Timestamp>,
}

impl Lapse {
    fn read(row: &Row) -> Result<Self, BillingError> {
        Ok(Self {
            lapse_id: row.get(0)?,
            portfolio: row.get(1)?,
            told_at: row.get(2)?,
            amount: row.get(3)?,
            lapsed_at: row.get(4)?,
            reinstated_at: row.get(5)?,
        })
    }

    /// When it lapses if nothing moves.
    pub fn lapses_at(&self) -> Timestamp {
        later(self.told_at, NOTICE)
    }
}

/// Looks for balances that have not moved for so many months: tells of them, and takes those that were told long enough
/// ago. A bounded number at a time; the answer is how many.
pub async fn step(ctx: &Ctx, tx: &mut Tx, months: u32) -> Result<usize, BillingError> {
    require_operator(ctx)?;
    let Some(before) = months_ago(ctx.now(), months) else { return Ok(0) };
    let (mut after, mut done) = (PortfolioId(i64::MIN), 0_usize);
    while done < STEP {
        let rows = tx.query(store::PORTFOLIOS, params![after, PAGE]).await?;
        let mut accounts: BTreeMap<LedgerAccountId, (PortfolioId, Currency)> = BTreeMap::new();
        for row in &rows {
            let (id, currency): (PortfolioId, Currency) = (row.get(0)?, row.get(1)?);
            accounts.insert(prepaid(id, currency).id(), (id, currency));
            after = id;
        }
        if accounts.is_empty() {
            break;
        }
        let ids: Vec<LedgerAccountId> = accounts.keys().copied().collect();
        for idle in plaza_ledger::idle(ctx, tx, &ids, before).await? {
            if let Some(of) = accounts.get(&idle.account) {
                done = done.saturating_add(usize::from(look(ctx, tx, *of, idle.version).await?));
            }
        }
    }
    Ok(done)
}

/// So many calendar months ago, UTC. `None`: never, or before there was time.
fn months_ago(now: Timestamp, months: u32) -> Option<Timestamp> {
    let now = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(TimeZone::UTC);
    let then = (months > 0).then(|| now.checked_sub(i64::from(months).months()).ok())??;
    Some(Timestamp(then.timestamp().as_microsecond()))
}

/// An unused balance at this version of its account: tells of it, or takes it. `false`: there is nothing to be done now.
async fn look(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    version: i64,
) -> Result<bool, BillingError> {
    let lapse_id = named_id(&format!("plaza lapse\0{portfolio}\0{version}")).0;
    let account = prepaid(portfolio, currency);
    let debt = receivable(portfolio, currency);
    let known = tx.query_one(store::LAPSE, params![lapse_id]).await?.as_ref().map(Lapse::read).transpose()?;
    let is_due = known.as_ref().is_none_or(|lapse| lapse.amount.is_none() && lapse.lapses_at() <= ctx.now());
    if !is_due {
        return Ok(false);
    }
    let rooms =
        plaza_ledger::lock(ctx, tx, std::slice::from_ref(&account), std::slice::from_ref(&debt)).await?;
    let room = rooms.get(&account.id()).copied().unwrap_or_default();
    let owes =
        rooms.get(&debt.id()).is_some_and(|debt| debt.posted < Micros::ZERO || debt.held > Micros::ZERO);
    // Under the lock: what was there a moment ago may have moved.
    if plaza_ledger::version(ctx, tx, &account).await? != version || owes || room.posted <= Micros::ZERO {
        return Ok(false);
    }
    if known.is_none() {
        tx.execute(store::TELL, params![lapse_id, portfolio, ctx.now()]).await?;
        let at = date(later(ctx.now(), NOTICE));
        let text = format!(
            "Your balance of {} {currency} has not been used for a long time and lapses on {at}. Send a message or top up \
             before then, and it stays.",
            room.posted
        );
        tell(ctx, tx, (portfolio, lapse_id), "balance_lapses", text, (room.posted, currency)).await?;
        return Ok(true);
    }
    let transfer = Transfer {
        transfer_id: derived_id(lapse_id, "lapsed"),
        action: Action::Posted {
            debit: account,
            credit: Account::new(AccountKind::Breakage, currency),
            amount: room.posted,
        },
    };
    post(ctx, tx, transfer).await?;
    tx.execute(store::LAPSED, params![lapse_id, room.posted, ctx.now()]).await?;
    let text = format!(
        "Your unused balance of {} {currency} has lapsed. Ask the operator to have it back.",
        room.posted
    );
    tell(ctx, tx, (portfolio, lapse_id), "balance_lapsed", text, (room.posted, currency)).await?;
    alerts::look(ctx, tx, portfolio, false).await?;
    Ok(true)
}

fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0);
    at.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, lapse): (PortfolioId, Uuid),
    kind: &'static str,
    text: String,
    (amount, currency): (Micros, Currency),
) -> Result<(), BillingError> {
    let alert = NewAlert {
        alert_id: named_id(&format!("plaza alert\0{kind} {lapse}")).0,
        portfolio,
        kind,
        text,
        details: serde_json::json!({"amount_micros": amount.0, "currency": currency.code()}),
    };
    if alerts::raise(ctx, tx, &alert).await? { alerts::mail(ctx, tx, &alert).await } else { Ok(()) }
}

async fn post(ctx: &Ctx, tx: &mut Tx, transfer: Transfer) -> Result<(), BillingError> {
    match plaza_ledger::post(ctx, tx, &[transfer]).await?.first() {
        Some(Ok(_)) => Ok(()),
        _ => Err(BillingError::Damaged("the ledger refused a lapsed balance")),
    }
}

/// Gives back all that has lapsed of a portfolio; how much that was. What was given back before stays so.
pub async fn reinstate(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Micros, BillingError> {
    require_operator(ctx)?;
    let currency = currency_of(tx, portfolio).await?;
    plaza_ledger::lock(ctx, tx, &[prepaid(portfolio, currency)], &[]).await?;
    let mut given = Micros::ZERO;
    for lapse in lapses(ctx, tx, portfolio).await? {
        let (Some(amount), None) = (lapse.amount, lapse.reinstated_at) else { continue };
        let transfer = Transfer {
            transfer_id: derived_id(lapse.lapse_id, "reinstated"),
            action: Action::Posted {
                debit: Account::new(AccountKind::Breakage, currency),
                credit: prepaid(portfolio, currency),
                amount,
            },
        };
        post(ctx, tx, transfer).await?;
        tx.execute(store::REINSTATED, params![lapse.lapse_id, ctx.now()]).await?;
        given = given.checked_add(amount).ok_or(BillingError::BadAmount)?;
    }
    alerts::look(ctx, tx, portfolio, true).await?;
    if given > Micros::ZERO {
        let details = serde_json::json!({"amount_micros": given.0, "currency": currency.code()});
        audit::note(ctx, tx, Act::Reinstate, portfolio, details).await?;
    }
    Ok(given)
}

/// What is about to lapse of a portfolio, or has, the newest first.
pub async fn lapses(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Lapse>, BillingError> {
    crate::funds::require_payer(ctx, portfolio)?;
    tx.query(store::LAPSES, params![portfolio]).await?.iter().map(Lapse::read).collect()
}

/// For verification: what stands on the accounts `breakage` is what has lapsed and was not given back.
pub(crate) async fn verify(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut lapsed: BTreeMap<Currency, Micros> = BTreeMap::new();
    for row in tx.query(store::SUMS, vec![]).await? {
        lapsed.insert(row.get(0)?, row.get(1)?);
        found.checked(LAPSES, row.get(2)?);
    }
    for currency in Currency::ALL {
        let account = Account::new(AccountKind::Breakage, *currency);
        let posted = plaza_ledger::balance(ctx, tx, &account).await?.posted;
        let sum = lapsed.get(currency).copied().unwrap_or_default();
        if posted != sum {
            let difference = format!("breakage in {currency}: {posted} stand there, {sum} have lapsed");
            found.differs(LAPSES, difference);
        }
    }
    Ok(())
}
