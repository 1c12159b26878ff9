//! # Automatic top-ups
//!
//! A portfolio can say: when less than this is left, pay in that much with my default method, and not more than so much in
//! a calendar month (UTC). One is under way at a time. After one that failed, the next is tried a day later, or as soon as
//! the settings are saved again.

use crate::payment::Cause;
use crate::payments::{TopUp, create, currency_of};
use crate::{Method, PaymentError, amount, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Micros, PaymentId, PortfolioId, Timestamp};

/// Portfolios that are looked at in one statement.
pub(crate) const PAGE_ROWS: i64 = 200;

/// When a portfolio tops itself up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Automatic {
    /// Whether it does.
    pub is_enabled: bool,
    /// When less than this can be spent.
    pub threshold: Micros,
    /// How much it pays in.
    pub amount: Micros,
    /// At most so much in a calendar month.
    pub monthly_max: Micros,
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

/// When a portfolio tops itself up.
pub async fn automatic(_ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Automatic, PaymentError> {
    let Some(row) = tx.query_one(store::AUTOMATIC, params![portfolio]).await? else {
        return Ok(Automatic::default());
    };
    Ok(Automatic {
        is_enabled: row.get(0)?,
        threshold: row.get(1)?,
        amount: row.get(2)?,
        monthly_max: row.get(3)?,
        paused_until: row.get(4)?,
    })
}

/// Sets it. Enabled, it needs a method to pay with.
pub async fn set_automatic(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    wanted: &Automatic,
) -> Result<Automatic, PaymentError> {
    let currency = currency_of(tx, portfolio).await?;
    if wanted.is_enabled {
        amount::to_minor(wanted.amount, currency)?;
        if wanted.threshold < Micros::ZERO || wanted.threshold > amount::amount_max(currency) {
            return Err(PaymentError::Invalid("threshold: zero or more, and at most the largest payment"));
        }
        if wanted.monthly_max < wanted.amount {
            return Err(PaymentError::Invalid("monthly_max: at least the amount of one top-up"));
        }
        if tx.query_one(store::DEFAULT_METHOD, params![portfolio]).await?.is_none() {
            return Err(PaymentError::NoMethod);
        }
    }
    let row =
        params![portfolio, wanted.is_enabled, wanted.threshold, wanted.amount, wanted.monthly_max, ctx.now()];
    tx.execute(store::UPSERT_AUTOMATIC, row).await?;
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
    if paid.checked_add(amount).is_none_or(|sum| sum > settings.monthly_max) {
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

/// Looks at a page of the portfolios that top themselves up; the last one of it, and the payments that were made.
pub(crate) async fn look(
    ctx: &Ctx,
    tx: &mut Tx,
    after: PortfolioId,
) -> Result<(Option<PortfolioId>, Vec<PaymentId>), PaymentError> {
    let (mut last, mut made) = (None, Vec::new());
    for row in tx.query(store::AUTOMATIC_AFTER, params![after, ctx.now(), PAGE_ROWS]).await? {
        let (portfolio, threshold, amount): (PortfolioId, Micros, Micros) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        last = Some(portfolio);
        if plaza_billing::balance(ctx, tx, portfolio).await?.available >= threshold {
            continue;
        }
        let (_, count, _) = this_month(ctx, tx, portfolio).await?;
        let key = format!("automatic {} {count}", month_of(ctx.now()).seconds());
        if let Wanted::Made(payment) = top_up_wanted(ctx, tx, portfolio, amount, &key).await? {
            made.push(payment);
        }
    }
    Ok((last, made))
}
