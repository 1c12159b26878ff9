//! # The book: a batch in memory
//!
//! Everything that a batch of transfers touches is loaded into a [`Book`], the transfers are applied one after the
//! other, and what changed is taken out again. Pure: no database, no time of its own, all arithmetic checked.

use crate::transfer::{Kind, Outcome, Recorded, Refused};
use crate::{Account, Action, Transfer};
use plaza_protocol::{LedgerAccountId, Micros, Timestamp, TransferId};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) floor: Option<Micros>,
    pub(crate) posted: Micros,
    pub(crate) held: Micros,
    pub(crate) version: i64,
    pub(crate) hash: [u8; 32],
    pub(crate) updated_at: Timestamp,
}

impl State {
    /// An account before its first entry.
    pub(crate) fn new(floor: Option<Micros>) -> Self {
        let (posted, held) = (Micros::ZERO, Micros::ZERO);
        Self { floor, posted, held, version: 0, hash: [0; 32], updated_at: Timestamp(0) }
    }

    /// The state after an entry, if it keeps to the rules.
    pub(crate) fn after(&self, posted: Micros, held: Micros) -> Result<Self, Refused> {
        let mut next = self.clone();
        next.posted = self.posted.checked_add(posted).ok_or(Refused::TooLarge)?;
        next.held = self.held.checked_add(held).ok_or(Refused::TooLarge)?;
        next.version = self.version.checked_add(1).ok_or(Refused::TooLarge)?;
        let available = next.posted.checked_sub(next.held).ok_or(Refused::TooLarge)?;
        match self.floor {
            Some(floor) if available < floor => Err(Refused::Insufficient {
                available: self.posted.checked_sub(self.held).ok_or(Refused::TooLarge)?,
            }),
            _ => Ok(next),
        }
    }

    /// Links an entry to the chain.
    pub(crate) fn link(&mut self, entry: &Entry, transfer: &Recorded) {
        let optional = |time: Option<Timestamp>| time.map_or(0, |time| time.0).to_be_bytes();
        self.hash = Sha256::new()
            .chain_update(self.hash)
            .chain_update(entry.version.to_be_bytes())
            .chain_update(entry.posted.0.to_be_bytes())
            .chain_update(entry.held.0.to_be_bytes())
            .chain_update(entry.at.0.to_be_bytes())
            .chain_update(transfer.transfer_id.as_bytes())
            .chain_update(transfer.kind.as_str())
            .chain_update(transfer.debit.as_bytes())
            .chain_update(transfer.credit.as_bytes())
            .chain_update(transfer.amount.0.to_be_bytes())
            .chain_update(transfer.hold.unwrap_or(transfer.transfer_id).as_bytes())
            .chain_update(optional(transfer.expires_at))
            .finalize()
            .into();
    }
}

/// The change of one account by one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) account: LedgerAccountId,
    pub(crate) version: i64,
    pub(crate) transfer_id: TransferId,
    pub(crate) posted: Micros,
    pub(crate) held: Micros,
    pub(crate) at: Timestamp,
}

/// An open hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) hold_id: TransferId,
    pub(crate) debit: LedgerAccountId,
    pub(crate) credit: LedgerAccountId,
    pub(crate) amount: Micros,
    pub(crate) expires_at: Timestamp,
}

/// What a batch touches, and what it changed so far.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The time of the batch: not before any entry of its accounts.
    pub(crate) at: Timestamp,
    pub(crate) accounts: BTreeMap<LedgerAccountId, State>,
    pub(crate) holds: HashMap<TransferId, Hold>,
    /// Ids of holds that were, for a refusal that says so.
    pub(crate) were_holds: HashSet<TransferId>,
    /// Transfers that happened before under the ids of this batch.
    pub(crate) known: HashMap<TransferId, Recorded>,
    pub(crate) transfers: Vec<Recorded>,
    pub(crate) entries: Vec<Entry>,
    /// Holds of this batch that are still open at its end.
    pub(crate) opened: Vec<TransferId>,
    /// Holds of before that this batch ended.
    pub(crate) ended: Vec<TransferId>,
}

impl Book {
    /// Applies one transfer, or refuses it and changes nothing.
    pub(crate) fn apply(&mut self, asked: &Transfer) -> Result<Outcome, Refused> {
        if let Some(known) = self.known.get(&asked.transfer_id) {
            return if is_same(known, &asked.action) {
                Ok(known.outcome(true))
            } else {
                Err(Refused::Different)
            };
        }
        let transfer_id = asked.transfer_id;
        let transfer = match &asked.action {
            Action::Posted { debit, credit, amount } => {
                self.between(transfer_id, Kind::Posted, (debit, credit), *amount, None)?
            }
            Action::Hold { debit, credit, amount, expires_at } => {
                self.between(transfer_id, Kind::Hold, (debit, credit), *amount, Some(*expires_at))?
            }
            Action::PostHold { hold, amount } => {
                let transfer = self.end_of(*hold, transfer_id, Kind::PostHold, *amount)?;
                if *amount > Micros::ZERO { transfer } else { return Err(Refused::NotPositive) }
            }
            Action::VoidHold { hold } => self.end_of(*hold, transfer_id, Kind::VoidHold, Micros::ZERO)?,
            Action::ExpireHold { hold } => {
                if self.holds.get(hold).is_some_and(|hold| hold.expires_at > self.at) {
                    return Err(Refused::NotExpired);
                }
                self.end_of(*hold, transfer_id, Kind::ExpireHold, Micros::ZERO)?
            }
        };
        self.record(transfer)
    }

    /// A transfer between two accounts.
    fn between(
        &self,
        transfer_id: TransferId,
        kind: Kind,
        (debit, credit): (&Account, &Account),
        amount: Micros,
        expires_at: Option<Timestamp>,
    ) -> Result<Recorded, Refused> {
        if debit.currency() != credit.currency() {
            return Err(Refused::Currencies);
        }
        if amount <= Micros::ZERO {
            return Err(Refused::NotPositive);
        }
        let (debit, credit) = (debit.id(), credit.id());
        if debit == credit {
            return Err(Refused::SameAccount);
        }
        Ok(Recorded { transfer_id, kind, debit, credit, amount, hold: None, expires_at, at: self.at })
    }

    /// The transfer that ends a hold.
    fn end_of(
        &self,
        hold_id: TransferId,
        transfer_id: TransferId,
        kind: Kind,
        amount: Micros,
    ) -> Result<Recorded, Refused> {
        let Some(hold) = self.holds.get(&hold_id) else {
            return Err(if self.were_holds.contains(&hold_id) {
                Refused::HoldEnded
            } else {
                Refused::UnknownHold
            });
        };
        if amount > hold.amount {
            return Err(Refused::AboveHold { held: hold.amount });
        }
        let (debit, credit) = (hold.debit, hold.credit);
        Ok(Recorded {
            transfer_id,
            kind,
            debit,
            credit,
            amount,
            hold: Some(hold_id),
            expires_at: None,
            at: self.at,
        })
    }

    /// Writes a valid transfer into the book.
    fn record(&mut self, transfer: Recorded) -> Result<Outcome, Refused> {
        let held = transfer.hold.and_then(|hold| self.holds.get(&hold)).map(|hold| hold.amount);
        let effects = effects(&transfer, held).ok_or(Refused::TooLarge)?;
        // Both sides are checked before either is written.
        let mut next = Vec::with_capacity(2);
        for (account, posted, held) in effects.into_iter().flatten() {
            // Whoever fills the book brings every account that a step can touch.
            let state = self.accounts.get(&account).ok_or(Refused::UnknownHold)?.after(posted, held)?;
            let (version, transfer_id, at) = (state.version, transfer.transfer_id, transfer.at);
            next.push((Entry { account, version, transfer_id, posted, held, at }, state));
        }
        for (entry, mut state) in next {
            state.link(&entry, &transfer);
            state.updated_at = entry.at;
            self.accounts.insert(entry.account, state);
            self.entries.push(entry);
        }
        self.follow_hold(&transfer);
        let outcome = transfer.outcome(false);
        self.known.insert(transfer.transfer_id, transfer.clone());
        self.transfers.push(transfer);
        Ok(outcome)
    }

    fn follow_hold(&mut self, transfer: &Recorded) {
        let (hold_id, debit, credit, amount) =
            (transfer.transfer_id, transfer.debit, transfer.credit, transfer.amount);
        if let Some(expires_at) = transfer.expires_at {
            self.holds.insert(hold_id, Hold { hold_id, debit, credit, amount, expires_at });
            self.were_holds.insert(hold_id);
            self.opened.push(hold_id);
        }
        if let Some(hold) = transfer.hold {
            self.holds.remove(&hold);
            self.were_holds.insert(hold);
            match self.opened.iter().rposition(|opened| *opened == hold) {
                Some(at) => drop(self.opened.swap_remove(at)),
                None => self.ended.push(hold),
            }
        }
    }
}

/// Whether a recorded transfer is the one that is asked for again.
fn is_same(known: &Recorded, action: &Action) -> bool {
    match action {
        Action::Posted { debit, credit, amount } => {
            (known.kind, known.debit, known.credit, known.amount)
                == (Kind::Posted, debit.id(), credit.id(), *amount)
        }
        Action::Hold { debit, credit, amount, expires_at } => {
            (known.kind, known.debit, known.credit, known.amount, known.expires_at)
                == (Kind::Hold, debit.id(), credit.id(), *amount, Some(*expires_at))
        }
        Action::PostHold { hold, amount } => {
            (known.kind, known.hold, known.amount) == (Kind::PostHold, Some(*hold), *amount)
        }
        Action::VoidHold { hold } => (known.kind, known.hold) == (Kind::VoidHold, Some(*hold)),
        Action::ExpireHold { hold } => (known.kind, known.hold) == (Kind::ExpireHold, Some(*hold)),
    }
}

/// One side of a transfer: the account, and the changes of posted and held.
pub(crate) type Effect = (LedgerAccountId, Micros, Micros);

/// What a transfer does to its accounts: the debited one always changes, the credited one where money moves. `held` is
/// the amount of the hold that it ends. `None` if an amount does not fit.
pub(crate) fn effects(transfer: &Recorded, held: Option<Micros>) -> Option<[Option<Effect>; 2]> {
    let amount = transfer.amount;
    let minus = |amount: Micros| Micros::ZERO.checked_sub(amount);
    let released = minus(held.unwrap_or(Micros::ZERO))?;
    let credit = Some((transfer.credit, amount, Micros::ZERO));
    Some(match transfer.kind {
        Kind::Posted | Kind::PostHold => [Some((transfer.debit, minus(amount)?, released)), credit],
        Kind::Hold => [Some((transfer.debit, Micros::ZERO, amount)), None],
        Kind::VoidHold | Kind::ExpireHold => [Some((transfer.debit, Micros::ZERO, released)), None],
    })
}
