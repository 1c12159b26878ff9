//! # What a business spent, and on what
//!
//! The charges of an account, summed by a quarter of an hour of their delivery, by number, market and kind of price. From
//! this a surface makes days and months of the business's own time zone: the sums are those of its charges, and so of its
//! transfers.

use crate::{BillingError, Category, PricingType, prices, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Micros, PhoneNumberId, PortfolioId, Timestamp, WabaId};

/// Microseconds of a quarter of an hour: every time zone begins its days at one.
pub const QUARTER: i64 = 900_000_000;

/// Charges of one kind in one quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Its begin.
    pub quarter: Timestamp,
    /// The sending number.
    pub phone: PhoneNumberId,
    /// The first three digits of the recipients: enough for their country.
    pub prefix: String,
    /// What they were for.
    pub category: Category,
    /// How they were priced.
    pub pricing_type: PricingType,
    /// How many messages of the month came before their price's tier; `None`: it has no tiers.
    pub tier: Option<i64>,
    /// The last message of the tier; `None`: without end, or no tiers.
    pub tier_to: Option<i64>,
    /// Delivered messages.
    pub messages: i64,
    /// What they cost, corrections included.
    pub amount: Micros,
}

/// What an account's messages cost that were delivered from `from` (included) to `to` (excluded). The caller has seen to
/// it that the account is the portfolio's.
pub async fn spending(
    _ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, waba): (PortfolioId, WabaId),
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Spending>, BillingError> {
    let mut spending = Vec::new();
    for row in tx.query(store::SPENDING, params![portfolio, waba, from, to, QUARTER]).await? {
        let pricing_type = PricingType::parse(&row.get::<String>(4)?);
        spending.push(Spending {
            quarter: row.get(0)?,
            phone: row.get(1)?,
            prefix: row.get(2)?,
            category: prices::category(&row, 3)?,
            pricing_type: pricing_type.ok_or(BillingError::Damaged("a pricing type is unknown"))?,
            tier: row.get(5)?,
            tier_to: row.get(6)?,
            messages: row.get(7)?,
            amount: row.get(8)?,
        });
    }
    Ok(spending)
}
