//! The money of corrections: what goes back, then what is taken.

use super::{Correction, part_of, store};
use crate::BillingError;
use crate::portfolio::prepaid;
use crate::usage::revenue_of;
use plaza_db::{Tx, params};
use plaza_ledger::{Account, AccountKind, Action, BATCH_TRANSFERS_MAX, Refused, Transfer};
use plaza_protocol::{BusinessMessageId, Ctx, Currency, Micros, PortfolioId, TransferId};
use std::collections::HashMap;

/// Gives back and takes what the corrections differ by. What a message of a final invoice costs less or more goes over
/// `contra:refund`: there the credit note takes it, and there the adjustment on the next invoice earns it. Of all
/// others the difference goes back to where the price came from, and more is taken as a new message would be paid.
pub(super) async fn settle(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    run: i64,
    corrections: &mut [Correction],
) -> Result<(), BillingError> {
    // Whoever decides over a portfolio's money waits at its prepaid account.
    crate::funds::lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let sources = Sources::load(ctx, tx, (portfolio, currency)).await?;
    let refunds = Account::new(AccountKind::ContraRefund, currency);
    let mut moves = Moves { run, currency, credit_line: &sources.credit, transfers: Vec::new() };
    for batch in corrections.chunks_mut(PAGE_CORRECTIONS) {
        let paid = sources.paid(ctx, tx, batch).await?;
        for correction in batch {
            let difference = correction.difference()?;
            let less = Micros(difference.0.saturating_neg());
            let parts = match correction.invoice {
                Some(_) if less > Micros::ZERO => vec![(refunds.clone(), less)],
                None if less > Micros::ZERO => {
                    let paid = paid.get(&correction.charge.message_id).map_or(&[][..], Vec::as_slice);
                    sources.back(paid, less)
                }
                _ => continue,
            };
            moves.add(correction, parts, Direction::Back);
        }
    }
    post(ctx, tx, currency, &moves.transfers).await?;
    moves.transfers.clear();
    let mut purses = crate::funds::lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let purse = purses.entry(portfolio).or_default();
    for correction in corrections {
        let more = correction.difference()?;
        if more <= Micros::ZERO {
            continue;
        }
        let parts = match correction.invoice {
            Some(_) => vec![(refunds.clone(), more)],
            None => {
                purse.take(more).ok_or(BillingError::Uncovered { available: purse.available(), currency })?
            }
        };
        moves.add(correction, parts, Direction::Taken);
    }
    post(ctx, tx, currency, &moves.transfers).await
}

/// Corrections whose payments are looked up together.
const PAGE_CORRECTIONS: usize = 1024;

/// Where the money of a correction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Taken,
}

/// The transfers of a run.
struct Moves<'a> {
    run: i64,
    currency: Currency,
    credit_line: &'a Account,
    transfers: Vec<Transfer>,
}

impl Moves<'_> {
    /// What one correction moves, account by account.
    fn add(&mut self, correction: &mut Correction, parts: Vec<(Account, Micros)>, direction: Direction) {
        for (account, amount) in parts {
            let earned = Account::new(revenue_of(correction.charge.category), self.currency);
            if account == *self.credit_line {
                let owed = correction.credit.0;
                correction.credit = Micros(match direction {
                    Direction::Back => owed.saturating_sub(amount.0),
                    Direction::Taken => owed.saturating_add(amount.0),
                });
            }
            let (debit, credit) = match direction {
                Direction::Back => (earned, account),
                Direction::Taken => (account, earned),
            };
            let transfer_id = part_of(correction.charge.message_id, self.run, correction.transfers);
            correction.transfers = correction.transfers.saturating_add(1);
            self.transfers.push(Transfer { transfer_id, action: Action::Posted { debit, credit, amount } });
        }
    }
}

async fn post(ctx: &Ctx, tx: &mut Tx, currency: Currency, moves: &[Transfer]) -> Result<(), BillingError> {
    for batch in moves.chunks(BATCH_TRANSFERS_MAX) {
        for outcome in plaza_ledger::post(ctx, tx, batch).await? {
            match outcome {
                Ok(_) => {}
                Err(Refused::Insufficient { available }) => {
                    return Err(BillingError::Uncovered { available, currency });
                }
                Err(_) => return Err(BillingError::Damaged("the ledger refused a correction")),
            }
        }
    }
    Ok(())
}

/// What was paid of a message, by the codes of the accounts, in the order of use; below zero: more came back to it than
/// it had paid.
type Paid = Vec<(String, i64)>;

/// The accounts that a portfolio's messages were paid from.
struct Sources {
    prepaid: Account,
    credit: Account,
    /// Promotional credit; `None`: it is over, what comes back goes to the prepaid balance.
    grants: HashMap<String, Option<Account>>,
}

impl Sources {
    async fn load(
        ctx: &Ctx,
        tx: &mut Tx,
        (portfolio, currency): (PortfolioId, Currency),
    ) -> Result<Self, BillingError> {
        let mut grants = HashMap::new();
        for row in tx.query(store::GRANTS, params![portfolio, ctx.now()]).await? {
            let account = crate::funds::promo(portfolio, row.get(0)?, currency);
            let is_over: bool = row.get(1)?;
            grants.insert(account.code(), (!is_over).then_some(account));
        }
        let credit = crate::funds::receivable(portfolio, currency);
        Ok(Self { prepaid: prepaid(portfolio, currency), credit, grants })
    }

    /// What was paid of the messages that cost less and stand on no final invoice.
    async fn paid(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        corrections: &[Correction],
    ) -> Result<HashMap<BusinessMessageId, Paid>, BillingError> {
        let mut less = Vec::new();
        for correction in corrections {
            if correction.invoice.is_none() && correction.difference()? < Micros::ZERO {
                less.push(correction);
            }
        }
        let ids: Vec<BusinessMessageId> = less.iter().map(|each| each.charge.message_id).collect();
        let splits = crate::funds::splits(tx, &ids).await?;
        let mut transfers: Vec<(BusinessMessageId, TransferId)> = Vec::new();
        for each in less {
            let message = each.charge.message_id;
            let ends = crate::funds::parts(message, each.held, &splits).into_iter().map(|(_, end, _)| end);
            transfers.extend(ends.chain(each.moved.iter().copied()).map(|id| (message, id)));
        }
        let ids: Vec<TransferId> = transfers.iter().map(|(_, id)| *id).collect();
        let mut known = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(PAGE_CORRECTIONS) {
            let found = plaza_ledger::transfers(ctx, tx, batch).await?;
            known.extend(found.into_iter().map(|transfer| (transfer.transfer_id, transfer)));
        }
        let mut paid: HashMap<BusinessMessageId, Paid> = HashMap::new();
        for (message, id) in transfers {
            let Some(transfer) = known.get(&id) else { continue };
            let (account, amount) = if self.is_source(&transfer.debit) {
                (&transfer.debit, transfer.amount.0)
            } else {
                (&transfer.credit, transfer.amount.0.saturating_neg())
            };
            let of = paid.entry(message).or_default();
            match of.iter_mut().find(|(known, _)| known == account) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => of.push((account.clone(), amount)),
            }
        }
        Ok(paid)
    }

    fn is_source(&self, code: &str) -> bool {
        code == self.prepaid.code() || code == self.credit.code() || self.grants.contains_key(code)
    }

    /// Where an amount goes back to: what paid last gets it first.
    fn back(&self, paid: &[(String, i64)], amount: Micros) -> Vec<(Account, Micros)> {
        let mut left = amount;
        let mut parts: Vec<(Account, Micros)> = Vec::new();
        let mut give = |account: &Account, part: Micros| match parts.iter_mut().find(|(to, _)| to == account)
        {
            Some((_, sum)) => *sum = Micros(sum.0.saturating_add(part.0)),
            None => parts.push((account.clone(), part)),
        };
        for (code, from) in paid.iter().rev() {
            let part = left.min(Micros(*from));
            if part > Micros::ZERO {
                left = Micros(left.0.saturating_sub(part.0));
                let grant = self.grants.get(code).and_then(Option::as_ref);
                let is_credit = *code == self.credit.code();
                give(if is_credit { &self.credit } else { grant.unwrap_or(&self.prepaid) }, part);
            }
        }
        if left > Micros::ZERO {
            give(&self.prepaid, left);
        }
        parts
    }
}
