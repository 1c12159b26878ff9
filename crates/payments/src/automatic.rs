//! # Automatic top-ups
//!
//! A portfolio can say: when less than this is left, pay in that much with my default method, and not more than so much in
//! a calendar month (UTC). Billing watches the balance and asks for a top-up at each crossing of the threshold. One is under way at a time. After one that failed, the next is tried a day later, or as soon as
//! the settings are saved again.

use crate::payment::Cause;
use crate::payments::{TopUp, create, currency_of};
use crate::{Method, PaymentError, amount, store};
use plaza_billing::alerts::{self, Watch};
use plaza_billing::funds;
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Micros, PaymentId, PortfolioId, Timestamp};
use uuid::Uuid;

/// Top-ups that are looked at in one transaction.
const PAGE_ROWS: u32 = 200;

/// When a portfolio tops itself up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Automatic {
    /// Whether it does.
    pub is_enabled: bool,
    /// When less than this can be spent.
    pub threshold: Micros,
    /// How much it pays in.
    pub amount: Micros,
    /// At most so much in a calendar month; `None`: whatever it takes.
    pub monthly_max: Option<Micros>,
    /// After a failure it waits until then.
    pub paused_until: Timestamp,
}

/// What became of a wish to top up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A payment was made, or had been made for this key; the reconciliation takes it from here.
    Made(PaymentId),
    /// Another one is under way.
    UnderWay,
    /// There is nothing to pay with.
    NoMethod,
    /// The month's maximum would be passed.
    AboveMonthlyMaximum,
    /// The portfolio does not top itself up, or waits after a failure.
    Off,
}

/// When a portfolio tops itself up. Threshold and amount are what billing watches for.
pub async fn automatic(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Automatic, PaymentError> {
    let watch = alerts::watch(ctx, tx, portfolio).await?;
    let limit = tx.query_one(store::AUTOMATIC_LIMIT, params![portfolio]).await?;
    let (monthly_max, paused_until) = match limit {
        Some(row) => (row.get(0)?, row.get(1)?),
        None => (None, Timestamp::default()),
    };
    Ok(Automatic {
        is_enabled: watch.top_up.is_some(),
        threshold: watch.threshold.unwrap_or_default(),
        amount: watch.top_up.unwrap_or_default(),
        monthly_max,
        paused_until,
    })
}

/// Sets it. Enabled, it needs a method to pay with. Turned off, the threshold still tells when the balance runs low.
pub async fn set_automatic(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    wanted: &Automatic,
) -> Result<Automatic, PaymentError> {
    let currency = currency_of(tx, portfolio).await?;
    if wanted.is_enabled {
        amount::to_minor(wanted.amount, currency)?;
        if wanted.threshold <= Micros::ZERO || wanted.threshold > amount::amount_max(currency) {
            return Err(PaymentError::Invalid("threshold: above zero, and at most the largest payment"));
        }
        if wanted.monthly_max.is_some_and(|most| most < wanted.amount) {
            return Err(PaymentError::Invalid("monthly_max: at least the amount of one top-up"));
        }
        if tx.query_one(store::DEFAULT_METHOD, params![portfolio]).await?.is_none() {
            return Err(PaymentError::NoMethod);
        }
    }
    tx.execute(store::SET_AUTOMATIC_LIMIT, params![portfolio, wanted.monthly_max]).await?;
    let before = alerts::watch(ctx, tx, portfolio).await?;
    let watch = if wanted.is_enabled {
        Watch { threshold: Some(wanted.threshold), top_up: Some(wanted.amount), ..before }
    } else {
        Watch { top_up: None, ..before }
    };
    alerts::set_watch(ctx, tx, portfolio, &watch).await?;
    automatic(ctx, tx, portfolio).await
}

/// The first moment of the calendar month, UTC.
fn month_of(now: Timestamp) -> Timestamp {
    let first = jiff::Timestamp::from_microsecond(now.0).ok().and_then(|now| {
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
        day.to_zoned(jiff::tz::TimeZone::UTC).ok()
    });
    first.map_or(now, |first| Timestamp(first.timestamp().as_microsecond()))
}

/// A portfolio's balance is low: pays in with its default method, once for a key. In the transaction of whoever found it
/// out; the provider is asked afterwards, by the reconciliation.
pub async fn top_up_wanted(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    amount: Micros,
    key: &str,
) -> Result<Wanted, PaymentError> {
    let known = tx.query_one(store::PAYMENT_OF_KEY, params![portfolio, key]).await?;
    if let Some(row) = known {
        return Ok(Wanted::Made(row.get(0)?));
    }
    let settings = automatic(ctx, tx, portfolio).await?;
    if !settings.is_enabled || settings.paused_until > ctx.now() {
        return Ok(Wanted::Off);
    }
    let (paid, _, open) = this_month(ctx, tx, portfolio).await?;
    if open > 0 {
        return Ok(Wanted::UnderWay);
    }
    let sum = paid.checked_add(amount);
    if settings.monthly_max.is_some_and(|most| sum.is_none_or(|sum| sum > most)) {
        return Ok(Wanted::AboveMonthlyMaximum);
    }
    let Some(row) = tx.query_one(store::DEFAULT_METHOD, params![portfolio]).await? else {
        return Ok(Wanted::NoMethod);
    };
    let method = Method::read(&row)?;
    let provider = known_provider(&method.provider);
    let wish = TopUp {
        portfolio_id: portfolio,
        amount,
        currency: None,
        key: key.to_owned(),
        method: Some(method.method_id),
        by_bank_transfer: false,
    };
    Ok(Wanted::Made(create(ctx, tx, &wish, Cause::Automatic, provider).await?.payment_id))
}

fn known_provider(name: &str) -> Option<&'static str> {
    ["stripe", "sandbox"].into_iter().find(|known| *known == name)
}

/// What the automatic top-ups of this month come to, how many there were, and how many are open.
async fn this_month(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<(Micros, i64, i64), PaymentError> {
    let row = tx.query_one(store::AUTOMATIC_SINCE, params![portfolio, month_of(ctx.now())]).await?;
    let row = row.ok_or(PaymentError::Damaged("a sum has no row"))?;
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// Looks at a page of the top-ups that billing asks for; the last one of it, and the payments that were made. What is
/// not needed or wanted any more ends without one.
pub(crate) async fn look(
    ctx: &Ctx,
    tx: &mut Tx,
    after: Option<Uuid>,
) -> Result<(Option<Uuid>, Vec<PaymentId>), PaymentError> {
    let (mut last, mut made) = (None, Vec::new());
    for request in alerts::open_top_ups(ctx, tx, after, PAGE_ROWS).await? {
        last = Some(request.request_id);
        let portfolio = request.portfolio;
        let settings = automatic(ctx, tx, portfolio).await?;
        let has_enough = funds::available(ctx, tx, portfolio).await? >= settings.threshold;
        if !settings.is_enabled || has_enough {
            alerts::end_top_up(ctx, tx, request.request_id, false).await?;
            continue;
        }
        // One that failed is tried again under another key.
        let (_, count, _) = this_month(ctx, tx, portfolio).await?;
        let key = format!("{} {} {count}", request.idempotency_key, month_of(ctx.now()).seconds());
        if let Wanted::Made(payment) = top_up_wanted(ctx, tx, portfolio, settings.amount, &key).await? {
            made.push(payment);
        }
    }
    Ok((last, made))
}

/// A top-up was paid: what billing asked for is done.
pub(crate) async fn paid(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), PaymentError> {
    if let Some(request) = alerts::open_top_up(ctx, tx, portfolio).await? {
        alerts::end_top_up(ctx, tx, request.request_id, true).await?;
    }
    Ok(())
}
