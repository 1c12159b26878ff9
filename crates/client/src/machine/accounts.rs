//! Accounts: who is asked for, and what follows when something new is learned of one.

use super::{Event, Machine, MachineError, Purpose};
use crate::contact::Learned;
use crate::timeline::Notice;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::wire::{self, request};
use plaza_protocol::{AccountId, Ctx};

impl Machine {
    pub(super) fn ask_for_unknown_accounts(&mut self) {
        let unknown: Vec<_> = self
            .talks
            .values()
            .flat_map(|talk| talk.conversation.members())
            .filter(|account| **account != self.session.account && self.contacts.is_unknown(**account))
            .take(PAGE_ROWS_MAX)
            .map(|account| account.as_bytes().to_vec())
            .collect();
        let is_asked = self.connection.in_flight.values().any(|purpose| matches!(purpose, Purpose::Accounts));
        if !unknown.is_empty() && self.connection.online && !is_asked {
            let ask = wire::GetAccounts { account_ids: unknown };
            self.request(Purpose::Accounts, request::Body::GetAccounts(ask));
        }
    }

    /// The person looks at a conversation with a business: whether it takes calls, and its name, may be others by now.
    pub(super) fn ask_for_business(&mut self) {
        let Some(talk) = self.looking_at.and_then(|id| self.talks.get(&id)) else { return };
        let is_business =
            |account: &AccountId| self.contacts.get(*account).is_some_and(|one| one.is_business);
        let account_ids: Vec<_> = talk
            .others(self.session.account)
            .into_iter()
            .filter(is_business)
            .map(|account| account.as_bytes().to_vec())
            .collect();
        if !account_ids.is_empty() && self.connection.online {
            let ask = wire::GetAccounts { account_ids };
            self.request(Purpose::Accounts, request::Body::GetAccounts(ask));
        }
    }

    pub(super) fn learn_accounts(
        &mut self,
        ctx: &Ctx,
        accounts: &[wire::Account],
    ) -> Result<(), MachineError> {
        for account in accounts {
            let Ok(id) = AccountId::from_slice(&account.account_id) else { continue };
            if id != self.me() {
                let learned = self.contacts.learn(self.keystore.rows(), id, account)?;
                self.learned(ctx, id, learned)?;
            }
        }
        Ok(())
    }

    pub(super) fn learned(
        &mut self,
        ctx: &Ctx,
        account: AccountId,
        learned: Learned,
    ) -> Result<(), MachineError> {
        if learned == Learned::Nothing {
            return Ok(());
        }
        let with: Vec<_> = self
            .talks
            .iter()
            .filter(|(_, talk)| talk.conversation.members().contains(&account))
            .map(|(id, _)| *id)
            .collect();
        for id in with {
            if learned == Learned::NewKey {
                self.notice(ctx, id, Notice::IdentityChanged(account))?;
            }
            self.events.push(Event::Conversation(id));
            if let Some(orders) = self.unnamed.remove(&id) {
                self.events.push(Event::Items { conversation: id, orders });
            }
        }
        Ok(())
    }
}
