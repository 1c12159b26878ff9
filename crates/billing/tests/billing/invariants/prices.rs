//! Prices that change while messages are on their way: of contracts, and of templates that get another category.

use super::*;
use crate::model::{Agreed, day, plain};
use plaza_billing::{BooksError, Notice};
use plaza_protocol::{Actor, PriceBookId};

/// Prices that are agreed: of a market and category, from so many days after tomorrow on, for so many days or for good.
#[derive(Debug, Clone)]
pub(super) struct Deal {
    pub(super) prices: Vec<(usize, i64)>,
    pub(super) in_days: u32,
    pub(super) lasts: Option<u32>,
}

/// What a deal can be about. Those with tiers fall by a tenth with the second message and by a fifth with the third.
const DEALS: [(&str, &str, bool); 5] = [
    ("Germany", "utility", true),
    ("India", "authentication", true),
    ("Germany", "marketing", false),
    ("Other", "service", false),
    ("Kazakhstan", "utility", false),
];

impl Deal {
    fn agreed(&self, now: Timestamp) -> Agreed {
        let from = now + DAY * (1 + self.in_days);
        let mut prices = BTreeMap::new();
        for (which, unit) in &self.prices {
            let (market, category, has_tiers) = DEALS[which % DEALS.len()];
            let tiers = vec![(0, *unit), (1, unit - unit / 10), (2, unit - unit / 5)];
            prices.insert((market, category), if has_tiers { tiers } else { vec![(0, *unit)] });
        }
        Agreed { from: day(from), last: self.lasts.map(|days| day(from + DAY * days)), prices }
    }
}

/// The file of what was agreed.
fn csv(agreed: &Agreed) -> String {
    let mut text = "effective_from,effective_to,market,currency,category,tier_from,price\n".to_owned();
    let last = agreed.last.as_deref().unwrap_or_default();
    for ((market, category), steps) in &agreed.prices {
        for (from, unit) in steps {
            let price = format!("{}.{:06}", unit / 1_000_000, unit % 1_000_000);
            text += &format!("{},{last},{market},USD,{category},{from},{price}\n", agreed.from);
        }
    }
    text
}

/// Whether two versions would be in force at the same time, though one of them names its end; or begin on the same day.
fn overlap(one: &Agreed, other: &Agreed) -> bool {
    let (first, second) = if one.from <= other.from { (one, other) } else { (other, one) };
    first.from == second.from || first.last.as_ref().is_some_and(|last| *last >= second.from)
}

impl World {
    /// A version of a contract is published, or refused because it overlaps one that is.
    pub(super) async fn agrees(&self, customer: &mut Customer, deal: &Deal) {
        let agreed = deal.agreed(self.ctx.now());
        let (id, text) = (customer.id, csv(&agreed));
        let ctx = self.ctx.acting_as(Actor::Operator);
        if !customer.has_contract {
            let open = async move |ctx: &Ctx, tx: &mut Tx| {
                plaza_billing::open_contract(ctx, tx, id, &format!("contract {id}")).await
            };
            self.db.transact(&ctx, "test.contract", open).await.unwrap();
            customer.has_contract = true;
        }
        let publish = async move |ctx: &Ctx, tx: &mut Tx| {
            let book: PriceBookId = plaza_billing::book_of(ctx, tx, id).await?;
            let draft = plaza_billing::draft(ctx, tx, (book, Notice::default()), &text).await?;
            plaza_billing::publish(ctx, tx, draft.price_version_id, Notice::default()).await
        };
        let answer = self.db.transact(&ctx, "test.publish", publish).await;
        if customer.agreed.iter().any(|other| overlap(other, &agreed)) {
            assert!(matches!(answer, Err(BooksError::File(_))), "{answer:?}");
        } else {
            answer.unwrap();
            customer.agree(agreed);
        }
    }
}

/// What a charge says of its price, as it was made.
#[derive(Debug)]
pub(super) struct ChargeRow {
    pub(super) message_id: BusinessMessageId,
    pub(super) market: String,
    pub(super) category: String,
    pub(super) unit: i64,
    pub(super) tier: Option<i64>,
    /// Of the version, in micros since 1970.
    pub(super) since: i64,
    /// Whose contract the version's book is.
    pub(super) contract_of: Option<i64>,
}

/// Each charge is of the category that its message had when it was sent, whatever its template is now, at a price of the
/// version that was in force when it was delivered, in the book that counts for it.
pub(super) fn charges_are_of_their_hour(charges: &[ChargeRow], customers: &[Customer]) {
    let mut by_message: BTreeMap<_, _> = charges.iter().map(|charge| (charge.message_id, charge)).collect();
    for customer in customers {
        let rater = customer.rater();
        for (id, state) in &customer.messages {
            let State::Charged { at, .. } = state else { continue };
            let (intent, charge) = (customer.intent(*id), by_message.remove(id).unwrap());
            assert_eq!(charge.category, intent.category.as_str());
            let on = day(*at);
            let market = rater.market_on(intent, &on);
            let price = rater.price_on(market, plain(intent.category), &on);
            let since = crate::at(&format!("{}T00:00:00Z", price.since)).0;
            let contract = price.is_agreed.then_some(customer.id.0);
            assert_eq!((charge.since, charge.contract_of), (since, contract), "{intent:?} {charge:?}");
            assert_eq!(charge.market, market);
            // Among the prices of that version; which of them, the order of the deliveries says.
            let pulses = customer.sent[id].pulses;
            let unit = price.steps.iter().find(|(from, _)| charge.tier.is_none_or(|tier| tier == *from));
            assert_eq!(unit.map(|(_, unit)| unit * pulses), Some(charge.unit), "{charge:?}");
        }
    }
    assert!(by_message.is_empty(), "charges of nothing: {by_message:?}");
}
