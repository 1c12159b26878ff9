//! # Charges, and their sums by hour
//!
//! The sums of the operator's revenue page are kept by hour, market, category and currency in the transaction that makes
//! the charges; they can be thrown away and built again ([`rebuild_revenue`]), and verification compares the two.

use crate::rerating::{Place, Rating};
use crate::revenue::{HOUR, begin_of};
use crate::{BillingError, Category, PricingType, earnings, prices, store};
use plaza_db::{Row, Tx, Value, params};
use plaza_protocol::{
    BusinessMessageId, ChargeId, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, PriceVersionId,
    Timestamp, TransferId, WabaId, limits,
};
use std::collections::BTreeMap;

/// What a message cost, and why. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Its id; rises with time.
    pub charge_id: ChargeId,
    /// The message.
    pub message_id: BusinessMessageId,
    /// Which rating made it: 0 is the first.
    pub run: i64,
    /// Who paid.
    pub portfolio_id: PortfolioId,
    /// The business account.
    pub waba_id: WabaId,
    /// The sending number.
    pub phone_number_id: PhoneNumberId,
    /// The version of the price book.
    pub price_version_id: PriceVersionId,
    /// The market.
    pub market: String,
    /// What the message was for.
    pub category: Category,
    /// How it was priced.
    pub pricing_type: PricingType,
    /// The list price.
    pub unit: Micros,
    /// What was charged.
    pub amount: Micros,
    /// Of both.
    pub currency: Currency,
    /// The ledger's transfer; `None` where nothing was charged.
    pub transfer_id: Option<TransferId>,
    /// The month of the delivery in the portfolio's time zone: 202611.
    pub period: i64,
    /// Which of the month's free quantity it was.
    pub allowance: Option<i64>,
    /// When the message was sent.
    pub sent_at: Timestamp,
    /// When it was delivered or read.
    pub delivered_at: Timestamp,
    /// When it was charged.
    pub charged_at: Timestamp,
    /// How many messages of the month came before its tier; `None`: its price has no tiers.
    pub tier: Option<i64>,
    /// The last message of its tier; `None`: without end, or no tiers.
    pub tier_to: Option<i64>,
    /// The how-manieth charged message of its portfolio, market and month it was; `None`: it is not counted.
    pub volume: Option<i64>,
}

impl Charge {
    /// From twenty-two columns, `first` being the id.
    pub(crate) fn read(row: &Row, first: usize) -> Result<Self, BillingError> {
        let column = |offset: usize| first.saturating_add(offset);
        let pricing_type = PricingType::parse(&row.get::<String>(column(9))?);
        Ok(Self {
            charge_id: row.get(first)?,
            message_id: row.get(column(1))?,
            run: row.get(column(2))?,
            portfolio_id: row.get(column(3))?,
            waba_id: row.get(column(4))?,
            phone_number_id: row.get(column(5))?,
            price_version_id: row.get(column(6))?,
            market: row.get(column(7))?,
            category: prices::category(row, column(8))?,
            pricing_type: pricing_type.ok_or(BillingError::Damaged("a pricing type is unknown"))?,
            unit: row.get(column(10))?,
            amount: row.get(column(11))?,
            currency: row.get(column(12))?,
            transfer_id: row.get(column(13))?,
            period: row.get(column(14))?,
            allowance: row.get(column(15))?,
            sent_at: row.get(column(16))?,
            delivered_at: row.get(column(17))?,
            charged_at: row.get(column(18))?,
            tier: row.get(column(19))?,
            tier_to: row.get(column(20))?,
            volume: row.get(column(21))?,
        })
    }

    /// The parameters of [`store::INSERT_CHARGES`]; what is owed of it comes behind.
    pub(crate) fn row(&self) -> Vec<Value> {
        params![
            self.charge_id,
            self.message_id,
            self.run,
            self.portfolio_id,
            self.waba_id,
            self.phone_number_id,
            self.price_version_id,
            self.market.as_str(),
            self.category.as_str(),
            self.pricing_type.as_str(),
            self.unit,
            self.amount,
            self.currency,
            self.transfer_id,
            self.period,
            self.allowance,
            self.sent_at,
            self.delivered_at,
            self.charged_at,
            self.tier,
            self.tier_to,
            self.volume
        ]
    }
}

/// The newest charges, or those before `after`; at most a page.
pub async fn charges(
    _ctx: &Ctx,
    tx: &mut Tx,
    after: Option<ChargeId>,
    limit: u32,
) -> Result<Vec<Charge>, BillingError> {
    let limit = i64::from(limit).min(i64::try_from(limits::PAGE_ROWS_MAX).unwrap_or(i64::MAX));
    let rows = match after {
        None => tx.query(store::CHARGES_FIRST, params![limit]).await?,
        Some(after) => tx.query(store::CHARGES_BEFORE, params![after, limit]).await?,
    };
    rows.iter().map(|row| Charge::read(row, 0)).collect()
}

/// What messages of a portfolio cost, in the order of `messages`; `None`: nothing was charged (yet).
pub async fn charges_of(
    _ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    messages: &[BusinessMessageId],
) -> Result<Vec<Option<Charge>>, BillingError> {
    let wanted = messages.iter().map(|message| params![message, portfolio]).collect();
    let found = tx.query_many(store::CHARGE_OF_MESSAGE, wanted).await?;
    found.iter().map(|rows| rows.first().map(|row| Charge::read(row, 0)).transpose()).collect()
}

/// Builds the sums again from the charges. Run it while nothing is delivered.
pub async fn rebuild_revenue(_ctx: &Ctx, tx: &mut Tx) -> Result<(), BillingError> {
    tx.execute(store::CLEAR_REVENUE, vec![]).await?;
    tx.execute(store::REBUILD_REVENUE, params![HOUR]).await?;
    earnings::rebuild(tx).await
}

fn hour_of(at: Timestamp) -> i64 {
    begin_of(at.0, HOUR)
}

/// The key of a sum: hour, currency, category, market.
pub(crate) type SumKey = (i64, &'static str, &'static str, String);

/// Sums of charges, as they stand in `revenue_hour`: messages, billable ones, amount.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(pub(crate) BTreeMap<SumKey, (i64, i64, i64)>);

impl Sums {
    pub(crate) fn add(&mut self, charge: &Charge) -> Result<(), BillingError> {
        let key = (
            hour_of(charge.delivered_at),
            charge.currency.code(),
            charge.category.as_str(),
            charge.market.clone(),
        );
        let sum = self.0.entry(key).or_default();
        let billable = i64::from(charge.pricing_type == PricingType::Regular);
        let amount = sum.2.checked_add(charge.amount.0);
        *sum = (
            sum.0.saturating_add(1),
            sum.1.saturating_add(billable),
            amount.ok_or(BillingError::Damaged("a sum is too large"))?,
        );
        Ok(())
    }

    /// Counts a correction: one message that is charged otherwise.
    pub(crate) fn correct(
        &mut self,
        place: &Place<'_>,
        before: &Rating,
        after: &Rating,
    ) -> Result<(), BillingError> {
        let key = (
            hour_of(place.delivered_at),
            place.currency.code(),
            place.category.as_str(),
            place.market.to_owned(),
        );
        let sum = self.0.entry(key).or_default();
        let billable = |rating: &Rating| i64::from(rating.pricing_type == PricingType::Regular);
        let difference = after.amount.checked_sub(before.amount);
        let amount = difference.and_then(|difference| sum.2.checked_add(difference.0));
        sum.1 = sum.1.saturating_add(billable(after)).saturating_sub(billable(before));
        sum.2 = amount.ok_or(BillingError::Damaged("a sum is too large"))?;
        Ok(())
    }

    /// The parameters of [`store::ADD_REVENUE`], in the order of the keys: the order of the locks.
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let row = |((hour, currency, category, market), (messages, billable, amount)): (
            &SumKey,
            &(i64, i64, i64),
        )| {
            params![*hour, *currency, *category, market.as_str(), *messages, *billable, *amount]
        };
        self.0.iter().map(row).collect()
    }
}
