//! # What messages cost
//!
//! Plaza lives from paid business messages. This crate knows what a message costs and sees that it is paid, once.
//!
//! 1. **Accepted**: [`hold`] works out the most that the message can cost until it expires and sets that aside in the
//!    ledger. Too little credit refuses the message before anything is sent.
//! 2. **Delivered** or read, whichever comes first: [`delivered`] makes the usage event, rates it, posts the real price
//!    out of the hold and frees the rest, counts it, and keeps a charge that can explain itself.
//! 3. **Failed** or expired: [`failed`] and [`expire`] give the hold back. Nothing is charged.
//!
//! A **call** of a business goes the same way: the price of its greatest length is held, and what its length costs, by
//! pulses of six seconds, is posted when it has ended ([`called`]); market and price version are those of the moment
//! when it was picked up.
//!
//! ## The rules
//!
//! - The category is fixed when a message is sent; market, price version and windows are those of the delivery.
//! - Markets follow from the number's longest prefix; prices, rules and markets are data with effective dates
//!   (`data/*.csv`, see [`PriceSource`]), never code. How a missing price is filled is told in `price_book.rs`.
//! - A message is free if a rule of its version says so ([`FreeRule`]): unconditionally, in an open window, or within a
//!   month's free quantity of its phone number. The price of utility and authentication may fall with the volume that a
//!   portfolio was charged for in a market and month (`tiers.rs`). Months begin in the portfolio's time zone, price
//!   versions at 00:00 UTC.
//! - A charge is never more than the price of its version, the business's own maximum, or what was held: a price that
//!   is published between sending and delivery does not make a message dearer than the business agreed to.
//!
//! ## What always holds
//!
//! 1. One usage event and one charge (of run 0) per delivered message, however often its receipts come.
//! 2. Sum of the charges = sum of the ledger's transfers to the revenue accounts = sum of [`Revenue`].
//! 3. Usage events and charges are never changed. The events of a portfolio form a hash chain.
//! 4. A portfolio's prepaid balance and its promotional credit are never below zero, its debt never above its credit
//!    limit, holds counted (`funds.rs`).
//! 5. What is spent in a time is never more than a blocking cap of then (`caps.rs`).
//!
//! [`verify()`] proves it by rating every event again.
//!
//! Everything takes a batch and makes a few statements of it. Prices are kept in memory ([`Prices`]) under a digest of
//! their content, so a batch reads only which digest is in force. Rows are locked in one order everywhere: intents,
//! portfolios, counters, then the ledger, then what was spent, then the sums by portfolio and by hour.
//!
//! Start reading at `usage.rs`.

#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::as_conversions,
        clippy::indexing_slicing
    )
)]

pub mod alerts;
pub mod audit;
mod books;
pub mod campaigns;
pub mod caps;
mod category;
mod earnings;
mod error;
pub mod estimate;
pub mod exchange;
mod explain;
pub mod funds;
mod import;
mod international;
pub mod invoices;
pub mod lapses;
pub mod mail;
pub mod outlook;
pub mod payouts;
pub mod plans;
mod portfolio;
mod price_book;
mod prices;
mod reports;
mod rerating;
mod revenue;
mod spending;
pub mod standing;
pub mod stickers;
mod store;
mod tiers;
mod usage;
mod verify;

pub use books::{
    Book, BookKind, BooksError, Draft, Fault, FilePrice, Notice, Preview, PreviewLine, PriceChange, Version,
    book, book_of, books, check, compare_draft, compare_versions, draft, drop_draft, export, open_contract,
    preview, publish, version_prices,
};
pub use category::{Category, Pricing, PricingType, UnknownCategory, WindowState};
pub use earnings::{
    Cohort, Customer, DAYS_SHOWN, Day, Earnings, PortfolioDay, SPAN_DAYS, Traffic, earnings, portfolio_days,
};
pub use error::{BillingError, ImportError, Refused};
pub use explain::{Explanation, Step, VersionView, explain, explain_message};
pub use import::{ImportReport, PriceSource, import_price_book};
pub use international::{
    AUTHENTICATION_INTERNATIONAL_MESSAGES, AUTHENTICATION_INTERNATIONAL_NOTICE,
    AUTHENTICATION_INTERNATIONAL_WITHIN_DAYS, notice_international, set_country,
};
pub use portfolio::{Balance, balance, open_portfolio, top_up};
pub use price_book::{FreeRule, Origin, Price, PriceBook, PriceVersion, Rate, WindowKind};
pub use prices::Prices;
pub use reports::{Charge, charges, charges_of, rebuild_revenue};
pub use rerating::{Changed, Rating, Rerating, Run, rerate};
pub use revenue::{
    Bucket, PARTS_MAX, PARTS_OVER_TIME, PartOf, Period, Point, REVENUE_DAYS_MAX, Revenue, RevenueOf, Span,
    Split, Sum, revenue, revenue_sums,
};
pub use spending::{QUARTER, Spending, spending};
pub use tiers::{Tier, rebuild_volumes};
pub use usage::{Charged, Held, Intent, called, delivered, expire, failed, hold};
pub use verify::{Verification, repair, verify};

/// All SQL of the crate, for the test that prepares it on both engines.
pub fn statements() -> Vec<plaza_db::Sql> {
    [
        store::STATEMENTS,
        earnings::STATEMENTS,
        outlook::store::STATEMENTS,
        estimate::store::STATEMENTS,
        tiers::store::STATEMENTS,
        rerating::store::STATEMENTS,
        revenue::store::STATEMENTS,
        books::store::STATEMENTS,
        international::store::STATEMENTS,
        plans::STATEMENTS,
        plans::PURCHASE_STATEMENTS,
        invoices::statements(),
        funds::store::STATEMENTS,
        caps::store::STATEMENTS,
        campaigns::store::STATEMENTS,
        alerts::store::STATEMENTS,
        exchange::store::STATEMENTS,
        payouts::STATEMENTS,
        lapses::store::STATEMENTS,
        mail::store::STATEMENTS,
        standing::store::STATEMENTS,
        stickers::store::STATEMENTS,
        audit::store::STATEMENTS,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::store;

    #[tokio::test]
    async fn both_engines_understand_all_statements() {
        plaza_db::testing::prepare_all(&super::statements()).await;
        plaza_db::testing::each_engine(async |db| {
            db.transact(&plaza_db::testing::ctx().0, "prepare", async |_, tx| {
                let lists = [
                    store::LIST_STATEMENTS,
                    super::funds::store::LIST_STATEMENTS,
                    super::caps::store::LIST_STATEMENTS,
                    super::alerts::store::LIST_STATEMENTS,
                    super::rerating::store::LIST_STATEMENTS,
                    super::invoices::list_statements(),
                ];
                for sql in lists.concat() {
                    let columns = sql.text.split(['(', ')']).nth(1).unwrap_or_default().split(',').count();
                    let before = usize::from(sql.text.contains("$1"));
                    tx.prepare(sql.sample(tx.dialect(), before, columns)).await?;
                }
                Ok::<_, plaza_db::DbError>(())
            })
            .await
            .unwrap();
        })
        .await;
    }
}
