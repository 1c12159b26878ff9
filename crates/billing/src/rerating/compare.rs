//! What a month would have been charged with in the order of its deliveries, beside what it was charged with.

use super::{Changed, Correction, Holds, Rating, Rerating, store};
use crate::price_book::Rate;
use crate::tiers::Counted;
use crate::usage::{Event, Payer};
use crate::{BillingError, Category, Charge, PricingType};
use plaza_db::{Tx, params};
use plaza_protocol::{BusinessMessageId, Micros, PhoneNumberId, PortfolioId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 1024;

/// Numbers within the month as they are given out in the order of the deliveries.
#[derive(Default)]
struct Numbers {
    allowances: BTreeMap<(PhoneNumberId, Category), i64>,
    volumes: BTreeMap<Counted, i64>,
}

impl Numbers {
    /// The next message of the month: how it is rated, and its places in the free quantity and in the volume.
    fn rate(
        &mut self,
        payer: &Payer,
        event: &Event,
        period: i64,
    ) -> Result<(Rating, Option<i64>, Option<i64>), BillingError> {
        let message = &event.message;
        let rate = message.rate(&payer.book, event.delivered_at);
        let rate = rate.ok_or(BillingError::Damaged("a charge cannot be rated again"))?;
        let allowance = self.allowance(event, &rate);
        let pricing_type = rate.pricing_type(allowance);
        let volume = self.volume(event, period, &rate, pricing_type);
        let (unit, tier) = (rate.unit_at(volume), rate.tier(volume));
        let rating = Rating {
            pricing_type,
            tier: tier.map(|tier| tier.from),
            tier_to: tier.and_then(|tier| tier.to),
            unit: message.list_price(unit),
            amount: message.amount(pricing_type, unit),
        };
        Ok((rating, allowance, volume))
    }

    fn allowance(&mut self, event: &Event, rate: &Rate) -> Option<i64> {
        rate.allowance.as_ref()?;
        let key = (event.message.phone_number_id, event.message.category.outside_groups());
        let used = self.allowances.entry(key).or_default();
        *used = used.saturating_add(1);
        Some(*used)
    }

    fn volume(&mut self, event: &Event, period: i64, rate: &Rate, kind: PricingType) -> Option<i64> {
        let message = &event.message;
        let counted = Counted::of(message.portfolio_id, period, &rate.market, message.category, kind)?;
        let volume = self.volumes.entry(counted).or_default();
        *volume = volume.saturating_add(1);
        Some(*volume)
    }
}

/// Rates the month again and finds what differs from what holds.
pub(super) async fn compare(
    tx: &mut Tx,
    payer: &Payer,
    (portfolio, period): (PortfolioId, i64),
    corrected: &HashMap<BusinessMessageId, Holds>,
    rerating: &mut Rerating,
) -> Result<Vec<Correction>, BillingError> {
    let (mut numbers, mut corrections) = (Numbers::default(), Vec::new());
    let (mut before, mut after) = (0_i128, 0_i128);
    let mut last = (Timestamp(i64::MIN), BusinessMessageId(Uuid::nil()));
    loop {
        let page =
            tx.query(store::MONTH_AFTER, params![portfolio, period, last.0, last.1, PAGE_ROWS]).await?;
        for row in &page {
            let (event, _) = crate::store::event(row, 37)?;
            let charge = Charge::read(row, 15)?;
            last = (charge.delivered_at, charge.message_id);
            let (now, allowance, volume) = numbers.rate(payer, &event, period)?;
            let holds = corrected.get(&charge.message_id);
            let held = holds.map_or_else(|| Rating::of(&charge), |holds| holds.rating);
            rerating.messages = rerating.messages.saturating_add(1);
            before = before.saturating_add(i128::from(held.amount.0));
            after = after.saturating_add(i128::from(now.amount.0));
            if now != held {
                let owed: Micros = row.get(38)?;
                let credit = holds.map_or(owed, |holds| holds.credit);
                corrections.push(Correction {
                    charge,
                    before: held,
                    after: now,
                    held: event.message.held,
                    sequence: event.sequence,
                    pieces: event.message.pulses.map_or(1, |pulses| pulses.max(1)),
                    allowance,
                    volume,
                    moved: holds.map(|holds| holds.moved.clone()).unwrap_or_default(),
                    from_credit: credit,
                    credit,
                    transfers: 0,
                    invoice: None,
                });
            }
        }
        if page.is_empty() {
            break;
        }
    }
    let micros =
        |sum: i128| i64::try_from(sum).map(Micros).map_err(|_| BillingError::Damaged("a sum is too large"));
    (rerating.before, rerating.after) = (micros(before)?, micros(after)?);
    Ok(corrections)
}

pub(super) fn summed(corrections: &[Correction]) -> Result<Vec<Changed>, BillingError> {
    let mut changed: BTreeMap<(&str, Category, Rating, Rating), (i64, Micros)> = BTreeMap::new();
    for correction in corrections {
        let Correction { charge, before, after, .. } = correction;
        let key = (charge.market.as_str(), charge.category, *before, *after);
        let (messages, difference) = changed.entry(key).or_default();
        *messages = messages.saturating_add(1);
        let sum = difference.checked_add(correction.difference()?);
        *difference = sum.ok_or(BillingError::Damaged("a sum is too large"))?;
    }
    let changed = changed.into_iter().map(|((market, category, before, after), (messages, difference))| {
        Changed { market: market.to_owned(), category, before, after, messages, difference }
    });
    Ok(changed.collect())
}
