//! Proves from the tables that each correction names what held before it, says what the price book says for its place in
//! the month, and moved its difference.

use super::{Place, Rating, store, transfer_of, transfers_of};
use crate::Prices;
use crate::usage::{Event, Payer, payers};
use crate::verify::kinds::CORRECTIONS;
use crate::{BillingError, Category};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Findings, TransferView};
use plaza_protocol::{
    BusinessMessageId, CorrectionId, Ctx, Currency, Micros, PortfolioId, Timestamp, TransferId,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 1024;

/// Hands all corrections to `tally`, and says what is wrong with them.
pub(crate) async fn verify(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    tally: &mut (dyn FnMut(&Verified) -> Result<(), BillingError> + Send),
    found: &mut Findings,
) -> Result<(), BillingError> {
    let (mut after, mut seen) = (CorrectionId(Uuid::nil()), 0_i64);
    loop {
        let page = tx.query(store::AFTER, params![after, PAGE_ROWS]).await?;
        let mut verified = Vec::with_capacity(page.len());
        for row in &page {
            after = row.get(0)?;
            verified.push(Verified::read(row)?);
        }
        if verified.is_empty() {
            break;
        }
        let ids: Vec<TransferId> = verified
            .iter()
            .flat_map(|each| transfers_of(each.message_id, each.run, each.transfers))
            .collect();
        let transfers = plaza_ledger::transfers(ctx, tx, &ids).await?;
        let moved: HashMap<TransferId, TransferView> =
            transfers.into_iter().map(|transfer| (transfer.transfer_id, transfer)).collect();
        let portfolios = verified.iter().map(|each| each.portfolio_id).collect();
        let payers = payers(tx, prices, crate::store::PORTFOLIOS, portfolios).await?;
        let events = verified.iter().map(|each| params![each.message_id]).collect();
        let events = tx.query_many(crate::store::EVENT, events).await?;
        for (each, event) in verified.iter().zip(events) {
            let event = event.first().map(|row| crate::store::event(row, 15)).transpose()?;
            if !event.is_some_and(|(event, _)| each.is_right(payers.get(&each.portfolio_id), &event)) {
                let which = format!("{}, run {}", each.message_id, each.run);
                found.differs(CORRECTIONS, format!("{which}: it does not follow from the price book"));
            }
            seen = seen.saturating_add(1);
            each.hold_against(&moved, found)?;
            tally(each)?;
        }
    }
    let count: i64 = tx.query_one(store::COUNT, vec![]).await?.map_or(Ok(0), |row| row.get(0))?;
    if seen != count {
        let difference = format!("{count} corrections are there, {seen} of them belong to charges");
        found.differs(CORRECTIONS, difference);
    }
    found.checked(CORRECTIONS, count);
    Ok(())
}

/// A correction that is verified.
pub(crate) struct Verified {
    message_id: BusinessMessageId,
    run: i64,
    portfolio_id: PortfolioId,
    period: i64,
    market: String,
    pub(crate) category: Category,
    pub(crate) currency: Currency,
    delivered_at: Timestamp,
    pub(crate) before: Rating,
    pub(crate) after: Rating,
    transfer_id: Option<TransferId>,
    /// What held before it by the charge and the corrections.
    held: Rating,
    held_credit: Micros,
    from_credit: Micros,
    credit: Micros,
    pub(crate) transfers: i64,
    /// Its place in the month, by the order of deliveries.
    allowance: Option<i64>,
    volume: Option<i64>,
}

impl Verified {
    fn read(row: &Row) -> Result<Self, BillingError> {
        Ok(Self {
            message_id: row.get(1)?,
            run: row.get(2)?,
            portfolio_id: row.get(3)?,
            period: row.get(4)?,
            market: row.get(5)?,
            category: crate::prices::category(row, 6)?,
            currency: row.get(7)?,
            delivered_at: row.get(8)?,
            before: Rating::read(row, 9)?,
            after: Rating::read(row, 14)?,
            transfer_id: row.get(19)?,
            held: Rating::read(row, 20)?,
            held_credit: row.get(25)?,
            from_credit: row.get(26)?,
            credit: row.get(27)?,
            transfers: row.get(28)?,
            allowance: row.get(29)?,
            volume: row.get(30)?,
        })
    }

    /// Whether it is what the price book says of the delivery.
    fn is_right(&self, payer: Option<&Payer>, event: &Event) -> bool {
        let message = &event.message;
        let rate = payer.and_then(|payer| message.rate(&payer.book, event.delivered_at));
        rate.is_some_and(|rate| {
            let kind = rate.pricing_type(self.allowance);
            let (unit, tier) = (rate.unit_at(self.volume), rate.tier(self.volume));
            let right = Rating {
                pricing_type: kind,
                tier: tier.map(|tier| tier.from),
                tier_to: tier.and_then(|tier| tier.to),
                unit: message.list_price(unit),
                amount: message.amount(kind, unit),
            };
            self.after == right
        })
    }

    /// Says what differs from the rows before it and from what the ledger moved.
    fn hold_against(
        &self,
        moved: &HashMap<TransferId, TransferView>,
        found: &mut Findings,
    ) -> Result<(), BillingError> {
        let difference = self.difference()?;
        let wanted = (difference != Micros::ZERO).then(|| transfer_of(self.message_id, self.run));
        let line = crate::funds::receivable(self.portfolio_id, self.currency).code();
        let (mut amount, mut owed) = (0_i64, 0_i64);
        for id in transfers_of(self.message_id, self.run, self.transfers) {
            let Some(transfer) = moved.get(&id) else { continue };
            amount = amount.saturating_add(transfer.amount.0);
            let more = |account: &str| if account == line { transfer.amount.0 } else { 0 };
            owed = owed.saturating_add(more(&transfer.debit)).saturating_sub(more(&transfer.credit));
        }
        let which = format!("{}, run {}", self.message_id, self.run);
        let mut wrong = |what: &str| found.differs(CORRECTIONS, format!("{which}: {what}"));
        if self.from_credit.0.saturating_add(owed) != self.credit.0 {
            wrong("the ledger has another part as owed");
        }
        if (self.held, self.held_credit) != (self.before, self.from_credit) {
            wrong("it corrects what did not hold");
        }
        if self.transfer_id != wanted || amount != difference.0.saturating_abs() {
            wrong("the ledger moved another difference");
        }
        Ok(())
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            portfolio_id: self.portfolio_id,
            period: self.period,
            market: &self.market,
            category: self.category,
            currency: self.currency,
            delivered_at: self.delivered_at,
        }
    }

    pub(crate) fn difference(&self) -> Result<Micros, BillingError> {
        self.after.amount.checked_sub(self.before.amount).ok_or(BillingError::Damaged("a sum is too large"))
    }
}
