//! # What is known of an account
//!
//! Number, name and identity key as the server gave them, kept in one row an account. The identity key is kept from the
//! first time it was seen; when another one takes its place, by the server's word or by a certificate in a group, the
//! conversation says so.

use crate::rows::{self, RowError};
use plaza_crypto::Rows;
use plaza_protocol::AccountId;
use plaza_protocol::content::Opinion;
use plaza_protocol::wire;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::{BTreeMap, BTreeSet};

/// An account as this client knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// E.164, with the plus.
    pub number: String,
    /// The name that it chose.
    pub name: String,
    /// Whether it is a business.
    pub is_business: bool,
    /// Whether the operator has reviewed it.
    pub is_verified: bool,
    /// Who holds its keys; empty: itself.
    pub hosted_by: String,
    /// Its identity key; empty: not known yet.
    pub identity_key: ByteBuf,
    /// This person wants to hear nothing from it.
    #[serde(default)]
    pub is_blocked: bool,
    /// Whether it takes calls, as [`wire::TakesCalls`].
    #[serde(default)]
    pub takes_calls: i32,
    /// This person wants no advertising from it.
    #[serde(default)]
    pub wants_no_marketing: bool,
}

impl Contact {
    /// Whether it takes calls, as far as is known.
    pub fn takes_calls(&self) -> wire::TakesCalls {
        wire::TakesCalls::try_from(self.takes_calls).unwrap_or(wire::TakesCalls::NotTold)
    }
}

/// The accounts that are known.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    known: BTreeMap<AccountId, Contact>,
    /// Who has a new device since the server was asked: name and number may be others, too.
    stale: BTreeSet<AccountId>,
}

impl Contacts {
    pub(crate) fn load(rows: &Rows) -> Result<Self, RowError> {
        let mut known = BTreeMap::new();
        for (key, value) in rows.below(rows::ACCOUNTS) {
            let id = key.get(rows::ACCOUNTS.len()..).unwrap_or_default();
            let id = AccountId::from_slice(id).map_err(|_| RowError)?;
            known.insert(id, rows::decode(&value)?);
        }
        Ok(Self { known, stale: BTreeSet::new() })
    }

    pub(crate) fn get(&self, account: AccountId) -> Option<&Contact> {
        self.known.get(&account)
    }

    /// The name to show: that which the account chose, or its number.
    pub(crate) fn name(&self, account: AccountId) -> String {
        match self.known.get(&account) {
            Some(contact) if !contact.name.is_empty() => contact.name.clone(),
            Some(contact) => contact.number.clone(),
            None => String::new(),
        }
    }

    /// The names of all.
    pub(crate) fn names(&self) -> impl Iterator<Item = (AccountId, String)> + '_ {
        self.known.keys().map(|account| (*account, self.name(*account)))
    }

    /// Whether this person wants to hear nothing from an account.
    pub(crate) fn is_blocked(&self, account: AccountId) -> bool {
        self.known.get(&account).is_some_and(|contact| contact.is_blocked)
    }

    /// Keeps what this person makes of an account.
    pub(crate) fn note(&mut self, rows: &Rows, account: AccountId, opinion: Opinion) -> Result<(), RowError> {
        let mut contact = self.known.get(&account).cloned().unwrap_or_default();
        match opinion {
            Opinion::Blocked => contact.is_blocked = true,
            Opinion::Unblocked => contact.is_blocked = false,
            Opinion::MarketingStopped => contact.wants_no_marketing = true,
            Opinion::MarketingResumed => contact.wants_no_marketing = false,
            Opinion::Reported | Opinion::Impersonates | Opinion::Unknown => {}
        }
        self.put(rows, account, contact).map(drop)
    }

    /// What is known of an account may be old.
    pub(crate) fn forget(&mut self, account: AccountId) {
        if self.known.contains_key(&account) {
            self.stale.insert(account);
        }
    }

    /// A badge may be gone since the last connection.
    pub(crate) fn forget_badges(&mut self) {
        let badges = self.known.iter().filter(|(_, contact)| contact.is_verified);
        self.stale.extend(badges.map(|(account, _)| *account));
    }

    /// Whether the server must be asked for the account.
    pub(crate) fn is_unknown(&self, account: AccountId) -> bool {
        self.stale.contains(&account)
            || self.known.get(&account).is_none_or(|contact| contact.number.is_empty())
    }

    /// Takes what the server says. Gives what has changed.
    pub(crate) fn learn(
        &mut self,
        rows: &Rows,
        account: AccountId,
        told: &wire::Account,
    ) -> Result<Learned, RowError> {
        let takes_calls = match told.takes_calls() {
            wire::TakesCalls::NotTold => self.known.get(&account).map_or(0, |known| known.takes_calls),
            told => told.into(),
        };
        let contact = Contact {
            number: told.number.clone(),
            name: told.name.clone(),
            is_business: told.is_business,
            is_verified: told.is_verified,
            hosted_by: told.hosted_by.clone(),
            identity_key: told.identity_key.clone().into(),
            is_blocked: self.is_blocked(account),
            takes_calls,
            wants_no_marketing: self.known.get(&account).is_some_and(|known| known.wants_no_marketing),
        };
        self.stale.remove(&account);
        self.put(rows, account, contact)
    }

    /// Takes the identity key of a certificate.
    pub(crate) fn learn_key(
        &mut self,
        rows: &Rows,
        account: AccountId,
        key: &[u8; 32],
    ) -> Result<Learned, RowError> {
        let mut contact = self.known.get(&account).cloned().unwrap_or_default();
        contact.identity_key = key.to_vec().into();
        let learned = self.put(rows, account, contact)?;
        if learned == Learned::NewKey {
            self.stale.insert(account);
        }
        Ok(learned)
    }

    fn put(&mut self, rows: &Rows, account: AccountId, contact: Contact) -> Result<Learned, RowError> {
        let old = self.known.get(&account);
        if old == Some(&contact) {
            return Ok(Learned::Nothing);
        }
        let key_changed =
            old.is_some_and(|old| !old.identity_key.is_empty() && old.identity_key != contact.identity_key);
        rows::write(rows, rows::account(account), &contact)?;
        self.known.insert(account, contact);
        Ok(if key_changed { Learned::NewKey } else { Learned::Something })
    }
}

/// What was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learned {
    Nothing,
    Something,
    NewKey,
}
