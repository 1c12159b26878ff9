//! # What a business is told about its prices
//!
//! Prices are billing's subject. What changes in them for one portfolio is told to its accounts as `account_update`.

use crate::portfolios;
use crate::webhooks::{self, Event};
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
