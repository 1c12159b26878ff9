//! What was spent, by day: counted when a message is accepted, taken back as far as it costs less.

use super::{Scope, store};
use crate::BillingError;
use crate::usage::{Message, Payer};
use crate::verify::kinds::SPENT;
use plaza_db::{Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Micros, PortfolioId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Adds to what was spent: by portfolio, scope, subject and day.
#[derive(Default)]
pub(crate) struct Spent(BTreeMap<(PortfolioId, Scope, String, i64), i64>);

impl Spent {
    fn add(&mut self, message: &Message, amount: i64) {
        let Some(on) = &message.spent else { return };
        let mut one = |scope, subject: String| {
            let sum = self.0.entry((message.portfolio_id, scope, subject, on.day)).or_default();
            *sum = sum.saturating_add(amount);
        };
        one(Scope::Portfolio, String::new());
        one(Scope::Account, message.waba_id.to_string());
        one(Scope::Number, message.phone_number_id.to_string());
        if let Some(campaign) = &on.campaign {
            one(Scope::Campaign, campaign.to_string());
        }
    }

    async fn write(self, tx: &mut Tx) -> Result<(), BillingError> {
        let rows = self.0.into_iter().filter(|(_, amount)| *amount != 0).map(
            |((portfolio, scope, subject, day), amount)| {
                params![portfolio, scope.as_str(), subject, day, amount]
            },
        );
        tx.execute_many(store::ADD_SPENT, rows.collect()).await?;
        Ok(())
    }
}

/// Counts what was held for messages that were accepted.
pub(crate) async fn count(tx: &mut Tx, accepted: &[Message]) -> Result<(), BillingError> {
    let mut spent = Spent::default();
    for message in accepted {
        spent.add(message, message.held.0);
    }
    spent.write(tx).await
}

/// Takes back what messages do not cost, of what was counted for them.
pub(crate) async fn release(tx: &mut Tx, messages: &[(&Message, Micros)]) -> Result<(), BillingError> {
    let mut spent = Spent::default();
    for (message, amount) in messages.iter().filter(|(_, amount)| *amount > Micros::ZERO) {
        spent.add(message, 0_i64.saturating_sub(amount.0));
    }
    spent.write(tx).await
}

/// The days of messages in their payers' time zones.
pub(crate) fn days(
    payers: &BTreeMap<PortfolioId, Payer>,
    intents: impl Iterator<Item = (PortfolioId, Timestamp)>,
) -> Result<BTreeMap<PortfolioId, BTreeSet<i64>>, BillingError> {
    let mut days: BTreeMap<PortfolioId, BTreeSet<i64>> = BTreeMap::new();
    for (portfolio, at) in intents {
        if let Some(payer) = payers.get(&portfolio) {
            days.entry(portfolio).or_default().insert(payer.day(at)?);
        }
    }
    Ok(days)
}

/// For verification: what the counters should say, compared with what they say.
pub(crate) async fn verify(tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    if let Some(row) = tx.query_one(store::COUNT_DAYS, vec![]).await? {
        found.checked(SPENT, row.get(0)?);
    }
    for row in tx.query(store::WRONG_DAYS, vec![]).await? {
        let (portfolio, scope, subject): (PortfolioId, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (day, kept, right): (i64, i64, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let which = format!("portfolio {portfolio}, {scope} {subject}, {day}");
        found.differs(SPENT, format!("{which}: {kept} micros are counted as spent, {right} were"));
    }
    Ok(())
}
