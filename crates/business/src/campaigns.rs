//! # Which campaign a message belongs to
//!
//! Costs are summed, and may be capped, by campaign. A send names its campaign in the tag that the Cloud API lets it carry:
//! a `biz_opaque_callback_data` that begins with `campaign:` names one, up to a semicolon; what follows is the business's
//! own, and all of it comes back in the statuses. Without such a tag the campaign is the template, by its name, in all
//! languages. A tag of any other form means nothing here: many businesses put an order's number into it, and a campaign of
//! one message would tell them nothing.
//!
//! Tags name so many campaigns a month ([`NAMES_MAX`]). A message with one name more belongs to its template: sums and caps
//! are kept by campaign, and a business that names each message has none to see.

pub(crate) mod store;

use plaza_db::{DbError, Tx, params};
use plaza_protocol::{Ctx, PortfolioId};
use std::sync::Arc;

/// Campaigns that the tags of a portfolio name in a month (UTC).
const NAMES_MAX: i64 = 1_000;

/// What a tag that names a campaign begins with.
const TAG: &str = "campaign:";
/// Ends the name in the tag.
const END: char = ';';

/// The campaign of a portfolio's message with a template, a tag, both or neither.
pub(crate) async fn of(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    (template, tag): (Option<&str>, Option<&str>),
) -> Result<Option<Arc<str>>, DbError> {
    let name = match tag.and_then(named) {
        Some(name) if is_taken(ctx, tx, portfolio, name).await? => Some(name),
        _ => template,
    };
    Ok(name.map(Arc::from))
}

/// Whether a name is one of those that a portfolio's tags may name this month.
async fn is_taken(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, name: &str) -> Result<bool, DbError> {
    let month = month(ctx);
    if tx.query_one(store::KNOWN, params![portfolio, month, name]).await?.is_some() {
        return Ok(true);
    }
    if tx.execute(store::NEW, params![portfolio, month, name, NAMES_MAX]).await? == 1 {
        tx.execute(store::FORGET, params![portfolio, month]).await?;
        return Ok(true);
    }
    // Another server may have named it a moment ago.
    Ok(tx.query_one(store::KNOWN, params![portfolio, month, name]).await?.is_some())
}

/// The month of now, UTC: `202611`.
fn month(ctx: &Ctx) -> i64 {
    let now = jiff::Timestamp::from_microsecond(ctx.now().0).unwrap_or_default();
    let day = now.to_zoned(jiff::tz::TimeZone::UTC);
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// The campaign that a tag names.
fn named(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix(TAG)?.split(END).next()?.trim();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_campaign() {
        for (tag, name) in [
            ("order-17", None),
            ("campaign:Spring 2026", Some("Spring 2026")),
            ("campaign: spring ;order-17", Some("spring")),
            ("campaign:;order-17", None),
        ] {
            assert_eq!(named(tag), name, "{tag}");
        }
    }

    #[tokio::test]
    async fn tags_name_a_thousand_campaigns_a_month_and_then_the_template_does() {
        plaza_db::testing::each_engine(async |db| {
            let (ctx, clock) = plaza_db::testing::ctx();
            let ask = async |portfolio: i64, template: Option<&'static str>, tag: String| {
                let ask = async move |ctx: &Ctx, tx: &mut Tx| {
                    of(ctx, tx, PortfolioId(portfolio), (template, Some(&tag))).await
                };
                let found = db.transact(&ctx, "test.campaign", ask).await.unwrap();
                found.map(|name| name.to_string())
            };
            let some = |name: &str| Some(name.to_owned());
            let spring = Some("spring_offer");
            assert_eq!(ask(1, spring, "order-17".to_owned()).await, some("spring_offer"));
            assert_eq!(ask(1, None, "order-17".to_owned()).await, None);
            assert_eq!(ask(1, spring, "campaign:first;order-17".to_owned()).await, some("first"));
            let many = async |ctx: &Ctx, tx: &mut Tx| {
                for n in 1..NAMES_MAX {
                    let tag = format!("campaign:{n}");
                    let name = of(ctx, tx, PortfolioId(1), (None, Some(&tag))).await?;
                    assert_eq!(name.as_deref(), Some(n.to_string().as_str()));
                }
                Ok::<_, DbError>(())
            };
            db.transact(&ctx, "test.campaigns", many).await.unwrap();
            assert_eq!(ask(1, spring, "campaign:one more".to_owned()).await, some("spring_offer"));
            assert_eq!(ask(1, None, "campaign:one more".to_owned()).await, None);
            assert_eq!(ask(1, spring, "campaign:first".to_owned()).await, some("first"), "it is known");
            assert_eq!(ask(2, spring, "campaign:one more".to_owned()).await, some("one more"), "another's");
            clock.advance(std::time::Duration::from_secs(32 * 24 * 3600));
            assert_eq!(ask(1, spring, "campaign:one more".to_owned()).await, some("one more"), "next month");
        })
        .await;
    }
}
