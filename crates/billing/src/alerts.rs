//! # What is told about money
//!
//! A cap that is reached, a balance that runs low, credit that has ended: each is a row of `billing_alert` whose id
//! follows from what it tells, so that it is told once, whoever finds it first. The rows are the history that the
//! business reads; the webhooks take those up that were not told yet ([`take_untold`]), and a mail goes along where the
//! business named an address.
//!
//! **The balance runs low** when what can be spent falls below the threshold. This is one *crossing*, and stays one until
//! money has come in: what failed messages give back does not count, so that a balance that hovers about its threshold is
//! told once. Each crossing may ask for a top-up: a row of `top_up_request` under a key of its own, which whoever
//! collects payments takes up ([`open_top_ups`], [`end_top_up`]).

pub(crate) mod store;

use crate::BillingError;
use crate::funds::{Purse, lock, require_operator, require_payer};
use crate::mail::{self, Mail};
use crate::portfolio::currency_of;
use plaza_db::{Tx, Value, params};
use plaza_ledger::named_id;
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a page of alerts.
pub const ALERTS_MAX: u32 = 100;
/// Characters of a mail address.
const ADDRESS_CHARS_MAX: usize = 254;

/// Something to be told.
pub(crate) struct NewAlert {
    pub(crate) alert_id: Uuid,
    pub(crate) portfolio: PortfolioId,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) details: serde_json::Value,
}

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub alert_id: Uuid,
    /// Whose.
    pub portfolio: PortfolioId,
    /// `cap`, `low_balance`, `top_up_requested`, `promo_expired`, `overdue`, `balance_lapses` or `balance_lapsed`.
    pub kind: String,
    /// In words.
    pub text: String,
    /// For programs.
    pub details: serde_json::Value,
    /// When.
    pub at: Timestamp,
}

/// Tells something; `false`: it was told before.
pub(crate) async fn raise(ctx: &Ctx, tx: &mut Tx, alert: &NewAlert) -> Result<bool, BillingError> {
    let row = params![
        alert.alert_id,
        alert.portfolio,
        alert.kind,
        alert.text.as_str(),
        alert.details.to_string(),
        ctx.now(),
        false
    ];
    Ok(tx.execute(store::RAISE, row).await? == 1)
}

/// What those of some alerts say that were told.
pub(crate) async fn told(
    tx: &mut Tx,
    alerts: &[Value],
) -> Result<BTreeMap<Uuid, serde_json::Value>, BillingError> {
    let rows = tx.query_list(store::TOLD, &[], alerts).await?;
    let details = rows.iter().map(|row| {
        let details = serde_json::from_str(&row.get::<String>(1)?);
        Ok((row.get(0)?, details.map_err(|_| BillingError::Damaged("an alert cannot be read"))?))
    });
    details.collect()
}

/// Sends a mail about it to the portfolio, if it named an address.
pub(crate) async fn mail(ctx: &Ctx, tx: &mut Tx, alert: &NewAlert) -> Result<(), BillingError> {
    let watch = watches(tx, &[alert.portfolio.into()]).await?.remove(&alert.portfolio);
    let Some(to) = watch.and_then(|watch| watch.watch.mail_to) else { return Ok(()) };
    let subject = match alert.kind {
        "cap" => "Plaza: a spending cap",
        "low_balance" => "Plaza: your balance runs low",
        "promo_expired" => "Plaza: promotional credit has ended",
        "balance_lapses" => "Plaza: your unused balance is about to lapse",
        "balance_lapsed" => "Plaza: your unused balance has lapsed",
        _ => "Plaza: billing",
    };
    let text =
        format!("{}\n\nBusiness {}. More under Billing in the manager.\n", alert.text, alert.portfolio);
    let mail =
        Mail { to, subject: subject.to_owned(), body_text: text, body_html: None, attachments: vec![] };
    mail::enqueue(ctx, tx, &mail).await?;
    Ok(())
}

/// When a portfolio wants to hear that its money runs out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    /// Where mails about money go.
    pub mail_to: Option<String>,
    /// Less than this can be spent: an alert.
    pub threshold: Option<Micros>,
    /// Asked for then.
    pub top_up: Option<Micros>,
}

/// A watch and what it has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watching {
    watch: Watch,
    is_low: bool,
    low_posted: Micros,
    crossings: i64,
}

pub(crate) type Watches = BTreeMap<PortfolioId, Watching>;

/// The watches of portfolios.
pub(crate) async fn watches(tx: &mut Tx, keys: &[Value]) -> Result<Watches, BillingError> {
    let rows = tx.query_list(store::WATCHES, &[], keys).await?;
    let watches = rows.iter().map(|row| {
        let watching = Watching {
            watch: Watch { mail_to: row.get(1)?, threshold: row.get(2)?, top_up: row.get(3)? },
            is_low: row.get(4)?,
            low_posted: row.get(5)?,
            crossings: row.get(6)?,
        };
        Ok((row.get(0)?, watching))
    });
    watches.collect()
}

/// What a portfolio wants to hear.
pub async fn watch(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Watch, BillingError> {
    require_payer(ctx, portfolio)?;
    currency_of(tx, portfolio).await?;
    Ok(watches(tx, &[portfolio.into()]).await?.remove(&portfolio).unwrap_or_default().watch)
}

/// Sets what a portfolio wants to hear.
pub async fn set_watch(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    watch: &Watch,
) -> Result<(), BillingError> {
    require_payer(ctx, portfolio)?;
    let currency = currency_of(tx, portfolio).await?;
    let is_address = |address: &String| {
        let parts = address.split_once('@');
        address.chars().count() <= ADDRESS_CHARS_MAX
            && !address.chars().any(|char| char.is_whitespace() || char.is_control())
            && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
    };
    if !watch.mail_to.as_ref().is_none_or(is_address) {
        return Err(BillingError::BadAddress);
    }
    if [watch.threshold, watch.top_up].into_iter().flatten().any(|amount| amount <= Micros::ZERO) {
        return Err(BillingError::BadAmount);
    }
    if watch.top_up.is_some() && watch.threshold.is_none() {
        return Err(BillingError::NoThreshold);
    }
    lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let row =
        params![portfolio, watch.mail_to.as_deref(), watch.threshold, watch.top_up, false, 0_i64, 0_i64];
    tx.execute(store::SET_WATCH, row).await?;
    look(ctx, tx, portfolio, true).await
}

/// Looks whether a portfolio's balance is low: after anything but a hold has changed it, or what it is compared with.
/// `on_purpose`: somebody made room (money, credit, another threshold), so that what was low may be low anew.
pub(crate) async fn look(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    on_purpose: bool,
) -> Result<(), BillingError> {
    if watches(tx, &[portfolio.into()]).await?.is_empty() {
        return Ok(());
    }
    let currency = currency_of(tx, portfolio).await?;
    let purses = lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    // Read again under the lock: another server may have seen the crossing a moment ago.
    let watching = watches(tx, &[portfolio.into()]).await?.remove(&portfolio);
    match (purses.get(&portfolio), watching) {
        (Some(purse), Some(watching)) => {
            see(ctx, tx, (portfolio, currency), purse, &watching, on_purpose).await
        }
        _ => Ok(()),
    }
}

/// Looks at a portfolio's balance after money has moved by the ledger alone: it was paid in, given back or spent.
pub async fn money_moved(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), BillingError> {
    require_operator(ctx)?;
    look(ctx, tx, portfolio, true).await
}

/// Sees whether a balance crossed its threshold. Its accounts are locked.
pub(crate) async fn see(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    purse: &Purse,
    watching: &Watching,
    on_purpose: bool,
) -> Result<(), BillingError> {
    let (available, posted) = (purse.available(), purse.posted());
    let is_below = watching.watch.threshold.is_some_and(|threshold| available < threshold);
    let money_came = posted > watching.low_posted;
    match (watching.is_low, is_below) {
        (false, false) => Ok(()),
        (true, false) if money_came || on_purpose => {
            tx.execute(store::SEEN, params![portfolio, false, posted, watching.crossings]).await?;
            Ok(())
        }
        (true, _) if !money_came => {
            // Only what stood there least tells later whether money came in.
            if posted < watching.low_posted {
                tx.execute(store::SEEN, params![portfolio, true, posted, watching.crossings]).await?;
            }
            Ok(())
        }
        _ => {
            let crossings = watching.crossings.saturating_add(1);
            tx.execute(store::SEEN, params![portfolio, true, posted, crossings]).await?;
            tell_low(ctx, tx, (portfolio, currency), available, (&watching.watch, crossings)).await
        }
    }
}

async fn tell_low(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    available: Micros,
    (watch, crossing): (&Watch, i64),
) -> Result<(), BillingError> {
    let threshold = watch.threshold.unwrap_or_default();
    let key = format!("low-balance:{portfolio}:{crossing}");
    let mut text =
        format!("{available} {currency} can be spent, less than your threshold of {threshold} {currency}.");
    let mut details = serde_json::json!({
        "available_micros": available.0, "threshold_micros": threshold.0, "currency": currency.code(),
    });
    if let Some(amount) = watch.top_up {
        // One at a time: while one is open, it is what the next crossing would ask for.
        let has_open = tx.query_one(store::HAS_OPEN_TOP_UP, params![portfolio]).await?.is_some();
        let row = params![named_id(&key).0, portfolio, amount, currency.code(), key.as_str(), ctx.now()];
        if !has_open && tx.execute(store::REQUEST_TOP_UP, row).await? == 1 {
            text.push_str(&format!(" A top-up of {amount} {currency} was asked for."));
            if let Some(members) = details.as_object_mut() {
                members.insert("top_up_micros".to_owned(), amount.0.into());
            }
        }
    }
    let alert = NewAlert {
        alert_id: named_id(&format!("plaza alert\0{key}")).0,
        portfolio,
        kind: "low_balance",
        text,
        details,
    };
    if raise(ctx, tx, &alert).await? { mail(ctx, tx, &alert).await } else { Ok(()) }
}

/// Tells that credit has ended unused.
pub(crate) async fn promo_expired(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    grant: Uuid,
    unused: Micros,
) -> Result<(), BillingError> {
    let alert = NewAlert {
        alert_id: named_id(&format!("plaza alert\0promo {grant}")).0,
        portfolio,
        kind: "promo_expired",
        text: format!("Promotional credit has ended; {unused} {currency} of it was unused."),
        details: serde_json::json!({
            "grant_id": grant.to_string(), "unused_micros": unused.0, "currency": currency.code(),
        }),
    };
    if raise(ctx, tx, &alert).await? { mail(ctx, tx, &alert).await } else { Ok(()) }
}

fn alert(row: &plaza_db::Row) -> Result<Alert, BillingError> {
    let details = serde_json::from_str(&row.get::<String>(4)?);
    Ok(Alert {
        alert_id: row.get(0)?,
        portfolio: row.get(1)?,
        kind: row.get(2)?,
        text: row.get(3)?,
        details: details.map_err(|_| BillingError::Damaged("an alert cannot be read"))?,
        at: row.get(5)?,
    })
}

/// What a portfolio was told, the newest first.
pub async fn alerts(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    limit: u32,
) -> Result<Vec<Alert>, BillingError> {
    require_payer(ctx, portfolio)?;
    let rows = tx.query(store::ALERTS, params![portfolio, limit.min(ALERTS_MAX)]).await?;
    rows.iter().map(alert).collect()
}

/// Alerts that the webhooks do not know of: whoever gets one tells it in the same transaction.
pub async fn take_untold(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Alert>, BillingError> {
    require_operator(ctx)?;
    let rows = tx.query(store::TAKE_UNTOLD, params![ALERTS_MAX]).await?;
    let mut alerts: Vec<Alert> = rows.iter().map(alert).collect::<Result<_, _>>()?;
    alerts.sort_by_key(|alert| (alert.at, alert.alert_id));
    Ok(alerts)
}

/// Money that a portfolio wants to pay in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUpRequest {
    /// Its id.
    pub request_id: Uuid,
    /// Who pays.
    pub portfolio: PortfolioId,
    /// How much.
    pub amount: Micros,
    /// Of the amount.
    pub currency: Currency,
    /// The same payment for whoever asks twice.
    pub idempotency_key: String,
    /// Since when.
    pub requested_at: Timestamp,
}

/// Top-ups that nobody has collected yet, in the order of their ids; `after` is the last one of the page before.
pub async fn open_top_ups(
    ctx: &Ctx,
    tx: &mut Tx,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<TopUpRequest>, BillingError> {
    require_operator(ctx)?;
    let rows = tx.query(store::OPEN_TOP_UPS, params![after.unwrap_or_default(), limit]).await?;
    rows.iter().map(top_up_request).collect()
}

/// The top-up of a portfolio that nobody has collected yet.
pub async fn open_top_up(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Option<TopUpRequest>, BillingError> {
    require_operator(ctx)?;
    let row = tx.query_one(store::OPEN_TOP_UP, params![portfolio]).await?;
    row.as_ref().map(top_up_request).transpose()
}

fn top_up_request(row: &plaza_db::Row) -> Result<TopUpRequest, BillingError> {
    Ok(TopUpRequest {
        request_id: row.get(0)?,
        portfolio: row.get(1)?,
        amount: row.get(2)?,
        currency: row.get(3)?,
        idempotency_key: row.get(4)?,
        requested_at: row.get(5)?,
    })
}

/// Says how a top-up that was asked for ended; `false`: it had ended before. What was paid is credited by
/// [`crate::top_up`] in the same transaction.
pub async fn end_top_up(ctx: &Ctx, tx: &mut Tx, request: Uuid, is_paid: bool) -> Result<bool, BillingError> {
    require_operator(ctx)?;
    let state = if is_paid { "paid" } else { "failed" };
    Ok(tx.execute(store::END_TOP_UP, params![request, state]).await? == 1)
}
