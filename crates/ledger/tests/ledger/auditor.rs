//! The auditor: the ledger's rules written down a second time, as simply as possible. It keeps nothing but the list of
//! transfers that it allowed and works out every balance from the beginning, each time.

use plaza_ledger::{Account, AccountKind, Action, Refused, Transfer};
use plaza_protocol::{LedgerAccountId, Micros, PortfolioId, Timestamp, TransferId};
use std::collections::BTreeSet;

#[derive(Default)]
pub(crate) struct Auditor {
    allowed: Vec<Transfer>,
    expired: BTreeSet<TransferId>,
    floored: BTreeSet<LedgerAccountId>,
}

impl Auditor {
    pub(crate) fn limit(&mut self, portfolio: PortfolioId, currency: plaza_protocol::Currency) {
        self.floored.insert(Account::new(AccountKind::PortfolioPrepaid(portfolio), currency).id());
    }

    fn hold(&self, hold: TransferId) -> Option<(LedgerAccountId, LedgerAccountId, i64, Timestamp)> {
        self.allowed.iter().find(|transfer| transfer.transfer_id == hold).and_then(|transfer| match &transfer
            .action
        {
            Action::Hold { debit, credit, amount, expires_at } => {
                Some((debit.id(), credit.id(), amount.0, *expires_at))
            }
            _ => None,
        })
    }

    fn has_ended(&self, hold: TransferId) -> bool {
        self.expired.contains(&hold) || self.allowed.iter().any(|transfer| {
            matches!(&transfer.action, Action::PostHold { hold: ended, .. } | Action::VoidHold { hold: ended }
                    if *ended == hold)
        })
    }

    /// Credits minus debits, and what open holds set aside.
    pub(crate) fn balance(&self, account: LedgerAccountId) -> (i64, i64) {
        let (mut posted, mut held) = (0, 0);
        let mut moved = |debit: LedgerAccountId, credit: LedgerAccountId, amount: i64| {
            posted += i64::from(credit == account) * amount - i64::from(debit == account) * amount;
        };
        for transfer in &self.allowed {
            match &transfer.action {
                Action::Posted { debit, credit, amount } => moved(debit.id(), credit.id(), amount.0),
                Action::PostHold { hold, amount } => {
                    let (debit, credit, ..) = self.hold(*hold).unwrap();
                    moved(debit, credit, amount.0);
                }
                Action::Hold { debit, amount, .. } if debit.id() == account => {
                    held += if self.has_ended(transfer.transfer_id) { 0 } else { amount.0 };
                }
                Action::Hold { .. } | Action::VoidHold { .. } | Action::ExpireHold { .. } => {}
            }
        }
        (posted, held)
    }

    pub(crate) fn judge(&mut self, transfer: &Transfer) -> Result<i64, Refused> {
        let amount = |transfer: &Transfer| match &transfer.action {
            Action::Posted { amount, .. } | Action::Hold { amount, .. } | Action::PostHold { amount, .. } => {
                amount.0
            }
            Action::VoidHold { .. } | Action::ExpireHold { .. } => 0,
        };
        if let Some(first) = self.allowed.iter().find(|first| first.transfer_id == transfer.transfer_id) {
            return if first == transfer { Ok(amount(first)) } else { Err(Refused::Different) };
        }
        match &transfer.action {
            Action::Posted { debit, credit, amount } | Action::Hold { debit, credit, amount, .. } => {
                if debit.currency() != credit.currency() {
                    return Err(Refused::Currencies);
                } else if amount.0 <= 0 {
                    return Err(Refused::NotPositive);
                } else if debit == credit {
                    return Err(Refused::SameAccount);
                }
                let (posted, held) = self.balance(debit.id());
                if self.floored.contains(&debit.id()) && posted - held < amount.0 {
                    return Err(Refused::Insufficient { available: Micros(posted - held) });
                }
            }
            Action::PostHold { hold, .. } | Action::VoidHold { hold } | Action::ExpireHold { hold } => {
                let Some((_, _, held, _)) = self.hold(*hold) else { return Err(Refused::UnknownHold) };
                if self.has_ended(*hold) {
                    return Err(Refused::HoldEnded);
                } else if amount(transfer) > held {
                    return Err(Refused::AboveHold { held: Micros(held) });
                } else if matches!(transfer.action, Action::PostHold { amount, .. } if amount.0 <= 0) {
                    return Err(Refused::NotPositive);
                }
            }
        }
        self.allowed.push(transfer.clone());
        Ok(amount(transfer))
    }

    /// Ends the holds whose time is over; how many.
    pub(crate) fn expire(&mut self, now: Timestamp) -> usize {
        let over: Vec<_> = self
            .allowed
            .iter()
            .map(|transfer| transfer.transfer_id)
            .filter(|hold| self.hold(*hold).is_some_and(|(.., at)| at <= now) && !self.has_ended(*hold))
            .collect();
        self.expired.extend(&over);
        over.len()
    }
}
