//! # What a business is told about its prices
//!
//! Prices are billing's subject. What changes in them for one portfolio is told to its accounts as `account_update`.

use crate::webhooks::{self, Event};
use crate::{activity, is_operator, portfolios};
use plaza_billing::{self as billing, BillingError, Category, Charge, Tier};
use plaza_db::{DbError, Tx};
use plaza_protocol::{BusinessMessageId, Ctx, PortfolioId};
use serde_json::{Value, json};

/// These messages were the first of a tier: the next ones of their market and month cost what the tier says.
pub(crate) async fn tell_tiers(
    ctx: &Ctx,
    tx: &mut Tx,
    messages: Vec<(PortfolioId, BusinessMessageId)>,
) -> Result<(), BillingError> {
    for (portfolio, message) in messages {
        if let Some(charge) =
            billing::charges_of(ctx, tx, portfolio, &[message]).await?.into_iter().flatten().next()
        {
            tell(ctx, tx, portfolio, &tier_update(&charge)).await?;
        }
    }
    Ok(())
}

/// Tells all accounts of a portfolio.
async fn tell(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, value: &Value) -> Result<(), DbError> {
    let accounts = portfolios::store::wabas_of(tx, portfolio).await?;
    let events = accounts.into_iter().map(|waba| Event {
        portfolio,
        waba: waba.waba_id,
        phone: None,
        field: "account_update",
        lane: waba.waba_id.0,
        value: value.clone(),
    });
    webhooks::emit(ctx, tx, events.collect()).await
}

/// Tells the portfolios whose one-time codes to other countries will cost more, and from when on. For housekeeping: the
/// answer is how many were told.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<usize, BillingError> {
    if !is_operator(ctx) {
        return Ok(0);
    }
    let told = billing::notice_international(ctx, tx).await?;
    for (portfolio, starts_at) in &told {
        let eligibility = json!({"start_time": starts_at.seconds(), "exception_countries": []});
        let value = json!({
            "event": "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", "auth_international_rate_eligibility": eligibility,
        });
        tell(ctx, tx, *portfolio, &value).await?;
        for waba in portfolios::store::wabas_of(tx, *portfolio).await? {
            let what = "one-time codes to other countries will cost the price from abroad";
            let details = json!({"starts_at": starts_at.seconds()});
            activity::record(ctx, tx, (*portfolio, waba.waba_id), "ACCOUNT_UPDATED", what, details).await?;
        }
    }
    Ok(told.len())
}

fn tier_update(charge: &Charge) -> Value {
    let category = match charge.category.outside_groups() {
        Category::AuthenticationInternational => Category::Authentication,
        other => other,
    };
    let (year, month) = (charge.period.div_euclid(100), charge.period.rem_euclid(100));
    json!({
        "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
        "volume_tier_info": {
            "tier_update_time": charge.delivered_at.seconds(),
            "pricing_category": category.as_str().to_uppercase(),
            "tier": Tier::words(charge.tier.unwrap_or(0), charge.tier_to),
            "effective_month": format!("{year}-{month:02}"),
            "region": charge.market,
        },
    })
}

#[cfg(test)]
mod tests;
