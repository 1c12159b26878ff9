//! # Groups
//!
//! A person comes into a group by a link: the machine asks the server what the link leads to, and follows it. The
//! group's welcome then comes through the mailbox like anything else; if it does not come soon, the conversation is
//! fetched and joined from outside. What a group is called, the server tells; that it was changed, the manager says in
//! a message of its own. Who is in it, the MLS group says.

use super::talk::{GroupSummary, Talk};
use super::{Event, Machine, MachineError, Purpose};
use crate::conversation::{Conversation, Phase};
use crate::timeline::Notice;
use crate::view::{GroupView, InvitationView, MemberView};
use plaza_protocol::content::GroupChange;
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{AccountId, ConversationId, Ctx, ErrorCode};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the welcome of a group may take before the group is joined from outside.
const WELCOME_WITHIN: Duration = Duration::from_secs(2);

/// What a person wants of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAsk {
    /// To see what a link leads to.
    Look {
        /// The last part of the link.
        code: String,
    },
    /// To follow a link.
    Join {
        /// The last part of the link.
        code: String,
    },
    /// To wait no longer for the manager's word.
    Cancel {
        /// The last part of the link.
        code: String,
    },
    /// To leave.
    Leave {
        /// Which group.
        conversation: ConversationId,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GroupAnswer {
    /// What the link leads to.
    Invitation(InvitationView),
    /// The person is in.
    Joined {
        /// The conversation.
        conversation_id: ConversationId,
    },
    /// The manager has to approve.
    Requested,
    /// The request is taken back.
    Cancelled,
    /// The person has left.
    Left,
}

type Answer = Result<response::Body, wire::Error>;

impl Machine {
    /// Asks the server about a group, now or as soon as it is there. [`Event::Group`] answers.
    pub fn ask_group(&mut self, ask: GroupAsk) -> u64 {
        self.next_ticket = self.next_ticket.saturating_add(1);
        let ticket = self.next_ticket;
        if self.connection.online {
            self.request_group(ticket, &ask);
        }
        self.asks.insert(ticket, ask);
        ticket
    }

    pub(super) fn request_group(&mut self, ticket: u64, ask: &GroupAsk) {
        let body = match ask.clone() {
            GroupAsk::Look { code } => request::Body::GetInvitation(wire::GetInvitation { code }),
            GroupAsk::Join { code } => request::Body::JoinGroup(wire::JoinGroup { code }),
            GroupAsk::Cancel { code } => request::Body::CancelJoin(wire::CancelJoin { code }),
            GroupAsk::Leave { conversation } => {
                let conversation_id = conversation.as_bytes().to_vec();
                request::Body::LeaveGroup(wire::LeaveGroup { conversation_id })
            }
        };
        self.request(Purpose::Group { ticket }, body);
    }

    pub(super) fn group_answered(
        &mut self,
        ctx: &Ctx,
        ticket: u64,
        answer: Answer,
    ) -> Result<(), MachineError> {
        let Some(ask) = self.asks.remove(&ticket) else { return Ok(()) };
        let not_understood = || (ErrorCode::Internal, "The server's answer was not understood.".to_owned());
        let result = match (ask, answer) {
            (_, Err(error)) => Err((ErrorCode::parse(&error.code), error.message)),
            (GroupAsk::Look { .. }, Ok(response::Body::Invitation(told))) => {
                InvitationView::read(&told).map(GroupAnswer::Invitation).ok_or_else(not_understood)
            }
            (GroupAsk::Join { .. }, Ok(response::Body::JoinedGroup(joined))) => {
                match ConversationId::from_slice(&joined.conversation_id) {
                    Ok(_) if joined.is_requested => Ok(GroupAnswer::Requested),
                    Ok(conversation_id) => {
                        self.expect_welcome(ctx, conversation_id, joined.group.as_ref())?;
                        Ok(GroupAnswer::Joined { conversation_id })
                    }
                    Err(_) => Err(not_understood()),
                }
            }
            (GroupAsk::Cancel { .. }, Ok(response::Body::Done(_))) => Ok(GroupAnswer::Cancelled),
            (GroupAsk::Leave { conversation }, Ok(response::Body::Done(_))) => {
                if let Some(talk) = self.talks.get_mut(&conversation) {
                    talk.conversation.leave(&self.keystore)?;
                    talk.succeeded();
                    self.left(ctx, conversation)?;
                }
                Ok(GroupAnswer::Left)
            }
            (_, Ok(_)) => Err(not_understood()),
        };
        self.events.push(Event::Group { ticket, result });
        Ok(())
    }

    /// This account is in a group now; its welcome is on its way, or here already.
    fn expect_welcome(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        group: Option<&wire::Group>,
    ) -> Result<(), MachineError> {
        let me = self.me();
        if !self.talks.contains_key(&id) {
            let conversation = Conversation::lost(&self.keystore, id, vec![me])?;
            self.talks.insert(id, Talk::new(conversation));
        }
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        if talk.phase() == Phase::Left {
            talk.conversation.lose(&self.keystore)?;
        }
        if talk.phase() == Phase::Lost {
            talk.try_later(ctx, WELCOME_WITHIN);
        }
        self.learn_group(id, group)
    }

    /// A welcome has brought this device into a group.
    pub(super) fn entered(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let me = self.me();
        self.talk(id)?.summary.group.get_or_insert_default();
        self.save_summary(id)?;
        self.notice(ctx, id, Notice::Joined(me))?;
        self.describe(id);
        Ok(())
    }

    /// This account is in a group no more.
    pub(super) fn left(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let me = self.me();
        if self.talk(id)?.summary.group.is_some() {
            self.notice(ctx, id, Notice::Left(me))?;
        }
        self.events.push(Event::Conversation(id));
        Ok(())
    }

    fn describe(&mut self, id: ConversationId) {
        if self.connection.online {
            let get = wire::GetConversation { conversation_id: id.as_bytes().to_vec() };
            self.request(Purpose::Describe(id), request::Body::GetConversation(get));
        }
    }

    /// Asks for what the server has not told yet.
    pub(super) fn ask_for_unknown_groups(&mut self) {
        let is_unknown = |talk: &Talk| {
            talk.phase() != Phase::Left
                && talk.summary.group.as_ref().is_some_and(|group| group.manager.is_none())
        };
        let unknown: Vec<_> =
            self.talks.iter().filter(|(_, talk)| is_unknown(talk)).map(|(id, _)| *id).collect();
        for id in unknown {
            self.describe(id);
        }
    }

    pub(super) fn described(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        answer: Answer,
    ) -> Result<(), MachineError> {
        // Asked again on the next connection.
        let Ok(response::Body::Conversation(told)) = answer else { return Ok(()) };
        self.learn_accounts(ctx, &told.members)?;
        self.learn_group(id, told.group.as_ref())
    }

    pub(super) fn learn_group(
        &mut self,
        id: ConversationId,
        told: Option<&wire::Group>,
    ) -> Result<(), MachineError> {
        let (Some(told), Some(talk)) = (told, self.talks.get_mut(&id)) else { return Ok(()) };
        talk.summary.group = Some(GroupSummary {
            subject: told.subject.clone(),
            description: told.description.clone(),
            picture: told.picture.clone(),
            manager: AccountId::from_slice(&told.manager_id).ok(),
        });
        self.save_summary(id)?;
        self.events.push(Event::Conversation(id));
        Ok(())
    }

    pub(super) fn is_manager(&self, id: ConversationId, account: AccountId) -> bool {
        let group = self.talks.get(&id).and_then(|talk| talk.summary.group.as_ref());
        group.is_some_and(|group| group.manager == Some(account))
    }

    /// The manager has changed the group.
    pub(super) fn group_changed(
        &mut self,
        id: ConversationId,
        change: &GroupChange,
    ) -> Result<(), MachineError> {
        let group = self.talk(id)?.summary.group.get_or_insert_default();
        if let Some(subject) = &change.subject {
            group.subject.clone_from(subject);
        }
        if let Some(description) = &change.description {
            group.description.clone_from(description);
        }
        self.save_summary(id)?;
        if change.has_new_picture {
            self.describe(id);
        }
        Ok(())
    }

    /// The leaves of a group have changed: says who came and who went.
    pub(super) fn members_changed(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        if talk.summary.group.is_none() {
            return Ok(());
        }
        let before: BTreeSet<_> = talk.conversation.members().iter().copied().collect();
        let after = talk.conversation.accounts();
        talk.conversation.set_members(&self.keystore, after.clone())?;
        let after: BTreeSet<_> = after.into_iter().collect();
        for account in after.difference(&before) {
            self.notice(ctx, id, Notice::Joined(*account))?;
        }
        for account in before.difference(&after) {
            self.notice(ctx, id, Notice::Left(*account))?;
        }
        self.ask_for_unknown_accounts();
        self.events.push(Event::Conversation(id));
        Ok(())
    }

    /// Whether somebody in a group has no name yet.
    pub(super) fn has_unnamed(&self, id: ConversationId) -> bool {
        let Some(talk) = self.talks.get(&id).filter(|talk| talk.summary.group.is_some()) else {
            return false;
        };
        let me = self.session.account;
        talk.conversation.members().iter().any(|account| *account != me && self.contacts.is_unknown(*account))
    }

    pub(super) fn group_view(&self, talk: &Talk) -> Option<GroupView> {
        let group = talk.summary.group.as_ref()?;
        let me = self.session.account;
        let member = |account: &AccountId| {
            let contact = self.contacts.get(*account).cloned().unwrap_or_default();
            let is_me = *account == me;
            MemberView {
                account_id: account.to_string(),
                name: if is_me { self.session.name.clone() } else { self.contacts.name(*account) },
                number: if is_me { self.session.number.clone() } else { contact.number },
                is_business: contact.is_business,
                is_manager: group.manager == Some(*account),
                is_me,
                hosted_by: contact.hosted_by,
            }
        };
        let mut members: Vec<_> = talk.conversation.members().iter().map(member).collect();
        members.sort_by_key(|member| (!member.is_manager, !member.is_me, member.name.to_lowercase()));
        Some(GroupView {
            subject: group.subject.clone(),
            description: group.description.clone(),
            picture: group.picture.clone(),
            members,
        })
    }
}
