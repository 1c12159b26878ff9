//! # Reconciliation
//!
//! Runs every half minute. Whatever is open and was not looked at for two minutes is looked up at the provider: this finds
//! what a crash, a lost answer or a lost webhook left behind. Then it books what the provider kept and what it paid out, so
//! that the clearing account returns to zero, and makes the automatic top-ups.

use crate::payments::move_money;
use crate::refunds::Refund;
use crate::{Payment, PaymentError, Payments, automatic, earlier, store};
use plaza_billing::payouts::{self, Outstanding};
use plaza_db::{Tx, params};
use plaza_ledger::{Account, AccountKind, derived_id, named_id};
use plaza_protocol::{Chain, Ctx, Currency, Micros, PaymentId, Timestamp};
use std::time::Duration;

/// What somebody looked at a moment ago is left to them: longer than any call to a provider takes.
const LOOK_AFTER: Duration = Duration::from_secs(120);
/// Rows of one kind that are looked at in a round.
const ROUND_ROWS: i64 = 100;
/// A payment that is still open after so long needs somebody's eyes.
pub const OPEN_OLD: Duration = Duration::from_secs(24 * 3600);
/// Money that is still in clearing after so long does too.
pub const CLEARING_OLD: Duration = Duration::from_secs(7 * 24 * 3600);
/// A fee that is not known after so long is booked by hand.
const FEE_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// So long the events of webhooks are kept.
const EVENTS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Old payments that a report lists.
const OLD_ROWS: i64 = 100;

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Open payments and refunds that were looked up.
    pub looked_up: usize,
    /// Of them, those that ended.
    pub ended: usize,
    /// Fees that became known.
    pub fees: usize,
    /// Payouts that arrived.
    pub payouts: usize,
    /// Automatic top-ups that were made.
    pub automatic: usize,
}

/// What is on its way through a provider in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// The provider.
    pub provider: String,
    /// Of the amount.
    pub currency: Currency,
    /// What the provider owes us; below zero, what we owe it.
    pub owed: Micros,
    /// Since when the oldest of it is on its way; `None`: nothing is.
    pub since: Option<Timestamp>,
    /// Longer than [`CLEARING_OLD`].
    pub is_old: bool,
}

/// Whether the money is where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// By provider and currency.
    pub clearing: Vec<Clearing>,
    /// Payments that are open.
    pub open_payments: i64,
    /// Those that are older than [`OPEN_OLD`], bank transfers left out.
    pub old_payments: Vec<Payment>,
    /// Refunds that are on their way.
    pub open_refunds: i64,
    /// What nobody could assign, by currency.
    pub suspense: Vec<(Currency, Micros)>,
    /// What app stores owe, and of which months.
    pub stores: Vec<Outstanding>,
}

impl Payments {
    /// One round. Each piece stands alone: one that fails keeps no other from its turn.
    pub async fn reconcile(&self, ctx: &Ctx) -> Result<Reconciled, PaymentError> {
        let mut done = Reconciled::default();
        if let Some(provider) = self.provider_name() {
            done.automatic = self.make_automatic(ctx).await?;
            self.look_at_payments(ctx, provider, &mut done).await?;
            self.look_at_refunds(ctx, provider, &mut done).await?;
            note("fees", self.book_fees(ctx, provider, &mut done).await);
            note("payouts", self.book_payouts(ctx, provider, &mut done).await);
        }
        let forget = async |ctx: &Ctx, tx: &mut Tx| {
            tx.execute(store::FORGET_EVENTS, params![earlier(ctx.now(), EVENTS_KEPT)]).await
        };
        self.db.transact(ctx, "payments.forget_events", forget).await?;
        Ok(done)
    }

    async fn make_automatic(&self, ctx: &Ctx) -> Result<usize, PaymentError> {
        let (mut after, mut count) = (None, 0_usize);
        loop {
            let look = async move |ctx: &Ctx, tx: &mut Tx| automatic::look(ctx, tx, after).await;
            let (last, made) = self.db.transact(ctx, "payments.automatic", look).await?;
            for id in made {
                count = count.saturating_add(1);
                note("automatic top-up", self.advance(ctx, id).await);
            }
            if last.is_none() {
                return Ok(count);
            }
            after = last;
        }
    }

    async fn look_at_payments(
        &self,
        ctx: &Ctx,
        provider: &'static str,
        done: &mut Reconciled,
    ) -> Result<(), PaymentError> {
        let list = async move |ctx: &Ctx, tx: &mut Tx| {
            let before = earlier(ctx.now(), LOOK_AFTER);
            let rows = tx.query(store::OPEN_PAYMENTS, params![before, provider, ROUND_ROWS]).await?;
            rows.iter().map(Payment::read).collect::<Result<Vec<_>, _>>()
        };
        for payment in self.db.read(ctx, "payments.open", list).await? {
            let (id, seen) = (payment.payment_id, payment.updated_at);
            let claim = async move |ctx: &Ctx, tx: &mut Tx| {
                let claimed = tx.execute(store::CLAIM_PAYMENT, params![id, seen, ctx.now()]).await?;
                Ok::<_, PaymentError>(claimed == 1)
            };
            if !self.db.transact(ctx, "payments.claim", claim).await? {
                continue;
            }
            done.looked_up = done.looked_up.saturating_add(1);
            let outcome = self.advance(ctx, id).await;
            let has_ended = outcome.as_ref().is_ok_and(|payment| !payment.state.is_open());
            done.ended = done.ended.saturating_add(usize::from(has_ended));
            note("payment", outcome);
        }
        Ok(())
    }

    async fn look_at_refunds(
        &self,
        ctx: &Ctx,
        provider: &'static str,
        done: &mut Reconciled,
    ) -> Result<(), PaymentError> {
        let list = async move |ctx: &Ctx, tx: &mut Tx| {
            let before = earlier(ctx.now(), LOOK_AFTER);
            let rows = tx.query(store::OPEN_REFUNDS, params![before, provider, ROUND_ROWS]).await?;
            rows.iter().map(Refund::read).collect::<Result<Vec<_>, _>>()
        };
        for refund in self.db.read(ctx, "payments.open_refunds", list).await? {
            done.looked_up = done.looked_up.saturating_add(1);
            let outcome = self.advance_refund(ctx, refund.refund_id).await;
            let has_ended = outcome.as_ref().is_ok_and(|refund| refund.has_ended());
            done.ended = done.ended.saturating_add(usize::from(has_ended));
            note("refund", outcome);
        }
        Ok(())
    }

    async fn book_fees(
        &self,
        ctx: &Ctx,
        name: &'static str,
        done: &mut Reconciled,
    ) -> Result<(), PaymentError> {
        let list = async move |ctx: &Ctx, tx: &mut Tx| {
            let (before, since) = (earlier(ctx.now(), LOOK_AFTER), earlier(ctx.now(), FEE_WITHIN));
            let rows = tx.query(store::WITHOUT_FEE, params![name, before, since, ROUND_ROWS]).await?;
            rows.iter().map(Payment::read).collect::<Result<Vec<_>, _>>()
        };
        let provider = self.provider()?;
        for payment in self.db.read(ctx, "payments.without_fee", list).await? {
            let charge = payment.charge.clone().unwrap_or_default();
            let fee = match provider.fee(ctx, &charge, payment.currency).await {
                Ok(fee) => fee,
                Err(error) => {
                    tracing::warn!(payment = %payment.payment_id, %error, "a fee is not known yet");
                    None
                }
            };
            done.fees = done.fees.saturating_add(usize::from(fee.is_some()));
            let book = async move |ctx: &Ctx, tx: &mut Tx| {
                let id = payment.payment_id;
                let Some(fee) = fee else {
                    return tx
                        .execute(store::POSTPONE_FEE, params![id, ctx.now()])
                        .await
                        .map(|_| ())
                        .map_err(Into::into);
                };
                let is_new = tx.execute(store::SET_FEE, params![id, fee]).await? == 1;
                if is_new && fee > Micros::ZERO {
                    let fees = Account::new(AccountKind::FeeRevenue, payment.currency);
                    let accounts = (fees, Account::clearing(&payment.provider, payment.currency));
                    move_money(ctx, tx, derived_id(id.0, "fee"), accounts, fee).await?;
                }
                Ok::<_, PaymentError>(())
            };
            self.db.transact(ctx, "payments.fee", book).await?;
        }
        Ok(())
    }

    async fn book_payouts(
        &self,
        ctx: &Ctx,
        name: &'static str,
        done: &mut Reconciled,
    ) -> Result<(), PaymentError> {
        let payouts = self.provider()?.payouts(ctx).await.map_err(crate::payments::refused)?;
        for payout in payouts.into_iter().filter(|payout| payout.amount > Micros::ZERO) {
            let book = async move |ctx: &Ctx, tx: &mut Tx| {
                let (amount, currency) = (payout.amount, payout.currency);
                let row = params![name, &payout.reference, currency, amount, payout.arrived_at, ctx.now()];
                if tx.execute(store::INSERT_PAYOUT, row).await? == 0 {
                    return Ok(false);
                }
                let id = named_id(&format!("plaza payout\0{name}\0{}", payout.reference));
                let accounts = (Account::new(AccountKind::Bank, currency), Account::clearing(name, currency));
                move_money(ctx, tx, id, accounts, amount).await?;
                Ok::<_, PaymentError>(true)
            };
            let is_new = self.db.transact(ctx, "payments.payout", book).await?;
            done.payouts = done.payouts.saturating_add(usize::from(is_new));
        }
        Ok(())
    }

    /// What is on its way, and what is old.
    pub async fn report(&self, ctx: &Ctx) -> Result<Report, PaymentError> {
        self.db.read(ctx, "payments.report", async |ctx: &Ctx, tx: &mut Tx| report(ctx, tx).await).await
    }
}

async fn report(ctx: &Ctx, tx: &mut Tx) -> Result<Report, PaymentError> {
    let mut clearings = Vec::new();
    for row in tx.query(store::CURRENCIES, vec![]).await? {
        let (provider, currency): (String, Currency) = (row.get(0)?, row.get(1)?);
        let posted = plaza_ledger::balance(ctx, tx, &Account::clearing(&provider, currency)).await?.posted;
        // A balance is credits minus debits: what the provider owes us stands on the debit side.
        let owed = Micros(posted.0.checked_neg().ok_or(PaymentError::Damaged("a balance is out of range"))?);
        let since = since(tx, &provider, currency, owed).await?;
        let is_old = since.is_some_and(|since| since <= earlier(ctx.now(), CLEARING_OLD));
        clearings.push(Clearing { provider, currency, owed, since, is_old });
    }
    let old = earlier(ctx.now(), OPEN_OLD);
    let counts = tx.query_one(store::COUNT_OPEN, vec![]).await?;
    let rows = tx.query(store::OLD_OPEN, params![old, OLD_ROWS]).await?;
    let refunds = tx.query_one(store::COUNT_OPEN_REFUNDS, vec![]).await?;
    let count = |row: Option<plaza_db::Row>| row.map_or(Ok(0), |row| row.get::<i64>(0));
    let mut suspense = Vec::new();
    for currency in Currency::ALL {
        let account = Account::new(AccountKind::Suspense, *currency);
        let posted = plaza_ledger::balance(ctx, tx, &account).await?.posted;
        if posted != Micros::ZERO {
            suspense.push((*currency, posted));
        }
    }
    Ok(Report {
        clearing: clearings,
        open_payments: count(counts)?,
        old_payments: rows.iter().map(Payment::read).collect::<Result<_, _>>()?,
        open_refunds: count(refunds)?,
        suspense,
        stores: payouts::outstanding(ctx, tx).await?,
    })
}

/// Payouts settle the oldest payments first: what is still owed is the newest ones, and this is the oldest of them.
async fn since(
    tx: &mut Tx,
    provider: &str,
    currency: Currency,
    owed: Micros,
) -> Result<Option<Timestamp>, PaymentError> {
    let (mut left, mut before, mut oldest) = (owed, PaymentId(uuid::Uuid::max()), None);
    while left > Micros::ZERO {
        let rows = tx.query(store::CAPTURED, params![provider, currency, before, ROUND_ROWS]).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if left <= Micros::ZERO {
                break;
            }
            before = row.get(0)?;
            oldest = Some(row.get(2)?);
            left = left.checked_sub(row.get(1)?).unwrap_or(Micros::ZERO);
        }
    }
    Ok(oldest)
}

fn note<T>(what: &'static str, outcome: Result<T, PaymentError>) {
    if let Err(error) = outcome {
        tracing::error!(what, error = %Chain(&error), "a step of the reconciliation failed");
    }
}
