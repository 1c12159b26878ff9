//! # Opening, joining and mending conversations
//!
//! [`Machine::drive`] looks at what a conversation needs next and asks for it; each answer comes back here and ends in
//! another look. One thing is asked at a time for a conversation.
//!
//! - A **draft** with something to send: key packages of all other devices are claimed, the group is made, the
//!   conversation created. If the server has one between the same two accounts already, what waits moves there.
//! - A **lost** conversation: its published state is fetched and it is joined by an external commit.
//! - A conversation to **mend**: the server says that the group does not have exactly the present devices. They are
//!   fetched, packages of missing ones are claimed, and one commit adds and removes.
//! - A commit that lost the race for its epoch is forgotten; the machine waits for the winner's and looks again.

use super::talk::{Talk, Work};
use super::{Event, Machine, MachineError, Purpose};
use crate::conversation::{Conversation, ConversationError, Phase};
use crate::timeline::Notice;
use plaza_crypto::{CommitError, conversation_prefix};
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, ErrorCode};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the commits of an epoch that the server spoke of may take to come.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(10);

type Answer = Result<response::Body, wire::Error>;

impl Machine {
    /// Opens the conversation with whoever has a number. [`Event::Opened`] answers.
    pub fn open_number(&mut self, number: &str) -> u64 {
        self.next_ticket = self.next_ticket.saturating_add(1);
        let ticket = self.next_ticket;
        self.look_ups.insert(ticket, number.to_owned());
        if self.connection.online {
            self.look_up(ticket, number.to_owned());
        }
        ticket
    }

    pub(super) fn look_up(&mut self, ticket: u64, number: String) {
        self.request(Purpose::LookUp { ticket }, request::Body::LookUpNumber(wire::LookUpNumber { number }));
    }

    pub(super) fn looked_up(&mut self, ctx: &Ctx, ticket: u64, answer: Answer) -> Result<(), MachineError> {
        if self.look_ups.remove(&ticket).is_none() {
            return Ok(());
        }
        let result = match answer {
            Ok(response::Body::Account(account)) => self.open_account(ctx, &account)?,
            Ok(_) => Err((ErrorCode::Internal, "The server's answer was not understood.".to_owned())),
            Err(error) => Err((ErrorCode::parse(&error.code), error.message)),
        };
        self.events.push(Event::Opened { ticket, result });
        Ok(())
    }

    fn open_account(
        &mut self,
        ctx: &Ctx,
        account: &wire::Account,
    ) -> Result<Result<ConversationId, (ErrorCode, String)>, MachineError> {
        let Ok(other) = AccountId::from_slice(&account.account_id) else {
            return Ok(Err((ErrorCode::Internal, "The server's answer was not understood.".to_owned())));
        };
        let me = self.me();
        if other == me {
            return Ok(Err((ErrorCode::Invalid, "This is your own number.".to_owned())));
        }
        self.learn_accounts(ctx, std::slice::from_ref(account))?;
        let is_with = |talk: &&Talk| {
            talk.phase() != Phase::Left && talk.summary.group.is_none() && talk.others(me) == [other]
        };
        let open = self.talks.values().find(is_with);
        if let Some(talk) = open {
            return Ok(Ok(talk.conversation.id()));
        }
        let conversation = Conversation::draft(&self.keystore, ctx.uuid(), vec![me, other])?;
        let id = conversation.id();
        self.talks.insert(id, Talk::new(conversation));
        self.events.push(Event::Conversation(id));
        Ok(Ok(id))
    }

    /// Asks for what a conversation needs next.
    pub(super) fn drive(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        if !self.connection.caught_up {
            return Ok(());
        }
        let has_waiting = self.has_waiting(id);
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        if !talk.is_idle() || talk.retry_at.is_some_and(|at| at > ctx.now()) {
            return Ok(());
        }
        talk.retry_at = None;
        match talk.phase() {
            Phase::Draft if has_waiting => self.claim_for_creation(id),
            Phase::Draft => {}
            Phase::Creating => self.ask_creation(id),
            Phase::Joining => self.ask_commit(id),
            Phase::Lost => self.fetch(id),
            Phase::Left => self.fail_all(id, "You are no member of this conversation any more.")?,
            Phase::Active if talk.conversation.pending_commit().is_some() => self.ask_commit(id),
            Phase::Active if talk.conversation.epoch().is_some_and(|epoch| epoch < talk.wait_for_epoch) => {
                // The commits did not come in time.
                talk.wait_for_epoch = 0;
                talk.conversation.lose(&self.keystore)?;
                self.fetch(id);
            }
            Phase::Active if talk.must_mend => self.fetch(id),
            Phase::Active => self.send_next(ctx, id)?,
        }
        Ok(())
    }

    /// Waits for commits that are on their way.
    pub(super) fn catch_up(&mut self, ctx: &Ctx, id: ConversationId, epoch: u64) -> Result<(), MachineError> {
        let talk = self.talk(id)?;
        talk.work = Work::Nothing;
        talk.wait_for_epoch = epoch;
        talk.retry_at = Some(ctx.now() + CATCH_UP_WITHIN);
        Ok(())
    }

    fn set_asking(&mut self, id: ConversationId) {
        if let Some(talk) = self.talks.get_mut(&id) {
            talk.work = Work::Asking;
        }
    }

    fn ask_creation(&mut self, id: ConversationId) {
        if let Some(creation) = self.talks.get(&id).and_then(|talk| talk.conversation.creation()) {
            self.set_asking(id);
            self.request(Purpose::Create(id), request::Body::CreateConversation(creation));
        }
    }

    fn ask_commit(&mut self, id: ConversationId) {
        if let Some(commit) = self.talks.get(&id).and_then(|talk| talk.conversation.pending_commit()) {
            self.set_asking(id);
            self.request(Purpose::Commit(id), request::Body::Commit(commit));
        }
    }

    fn fetch(&mut self, id: ConversationId) {
        self.set_asking(id);
        let get = wire::GetConversation { conversation_id: id.as_bytes().to_vec() };
        self.request(Purpose::Fetch(id), request::Body::GetConversation(get));
    }

    fn claim_for_creation(&mut self, id: ConversationId) {
        let accounts =
            self.talks.get(&id).map(|talk| talk.conversation.members().to_vec()).unwrap_or_default();
        let wanted = accounts.into_iter().map(|account| (account, Vec::new())).collect();
        self.claim(id, wanted, Vec::new());
    }

    fn claim(&mut self, id: ConversationId, wanted: BTreeMap<AccountId, Vec<DeviceId>>, gone: Vec<DeviceId>) {
        if let Some(talk) = self.talks.get_mut(&id) {
            talk.work = Work::Claiming { answers: wanted.len(), packages: Vec::new(), gone };
        }
        for (account, devices) in wanted {
            let claim = wire::ClaimKeyPackages {
                account_id: account.as_bytes().to_vec(),
                device_ids: devices.iter().map(|device| device.as_bytes().to_vec()).collect(),
            };
            self.request(Purpose::Claim(id), request::Body::ClaimKeyPackages(claim));
        }
    }

    pub(super) fn claimed(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        answer: Answer,
    ) -> Result<(), MachineError> {
        let talk = self.talk(id)?;
        let Work::Claiming { answers, packages, .. } = &mut talk.work else {
            return Ok(());
        };
        match answer {
            Ok(response::Body::ClaimedKeyPackages(claimed)) => {
                packages.extend(claimed.packages.into_iter().map(|package| package.key_package));
                *answers = answers.saturating_sub(1);
                if *answers > 0 {
                    return Ok(());
                }
            }
            Ok(_) => {
                talk.try_later(ctx, Duration::ZERO);
                return Ok(());
            }
            Err(error) => return self.not_claimed(ctx, id, &error),
        }
        let Work::Claiming { packages, gone, .. } = std::mem::take(&mut talk.work) else {
            return Ok(());
        };
        if talk.phase() == Phase::Draft {
            self.create(ctx, id, &packages)
        } else {
            self.mend(ctx, id, &packages, &gone)
        }
    }

    fn not_claimed(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        error: &wire::Error,
    ) -> Result<(), MachineError> {
        let talk = self.talk(id)?;
        match ErrorCode::parse(&error.code) {
            ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::Undeliverable => {
                talk.succeeded();
                self.fail_all(id, "This account cannot be reached.")
            }
            _ => {
                talk.try_later(ctx, Duration::from_millis(error.retry_after_ms));
                Ok(())
            }
        }
    }

    fn create(&mut self, ctx: &Ctx, id: ConversationId, packages: &[Vec<u8>]) -> Result<(), MachineError> {
        if packages.is_empty() {
            self.talk(id)?.succeeded();
            return self.fail_all(id, "This account has no device that could be reached.");
        }
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        match talk.conversation.create(ctx, &self.keystore, &self.device, packages) {
            Ok(_) => self.ask_creation(id),
            // A package is refused; others are claimed next time.
            Err(ConversationError::Join(_)) => talk.try_later(ctx, Duration::ZERO),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) fn created(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        answer: Answer,
    ) -> Result<(), MachineError> {
        match answer {
            Ok(response::Body::Created(created)) => {
                match ConversationId::from_slice(&created.conversation_id) {
                    Ok(there) if there != id => return self.move_to(ctx, id, there),
                    _ => {
                        let keystore = &self.keystore;
                        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
                        talk.succeeded();
                        talk.conversation.accepted(keystore)?;
                        self.learn_devices(ctx, id)?;
                        self.process_held(ctx, id)?;
                        self.events.push(Event::Conversation(id));
                    }
                }
            }
            Ok(_) => self.talk(id)?.try_later(ctx, Duration::ZERO),
            Err(error) => self.not_created(ctx, id, &error)?,
        }
        self.drive(ctx, id)
    }

    fn not_created(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        error: &wire::Error,
    ) -> Result<(), MachineError> {
        let keystore = &self.keystore;
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        match ErrorCode::parse(&error.code) {
            ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::Internal
            | ErrorCode::StorageFull => {
                talk.try_later(ctx, Duration::from_millis(error.retry_after_ms));
                Ok(())
            }
            // The devices have changed since, or a package was bad: it is made anew, with others.
            ErrorCode::BadMls
            | ErrorCode::DeviceListChanged
            | ErrorCode::Conflict
            | ErrorCode::EpochConflict => {
                talk.conversation.refused(keystore)?;
                talk.try_later(ctx, Duration::from_millis(error.retry_after_ms));
                Ok(())
            }
            _ => {
                talk.conversation.refused(keystore)?;
                talk.succeeded();
                self.fail_all(id, &error.message)
            }
        }
    }

    /// The draft has become a conversation that was there already.
    fn move_to(&mut self, ctx: &Ctx, from: ConversationId, to: ConversationId) -> Result<(), MachineError> {
        let Some(draft) = self.talks.remove(&from) else { return Ok(()) };
        self.keystore.rows().remove_below(&conversation_prefix(from));
        if !self.talks.contains_key(&to) {
            let members = draft.conversation.members().to_vec();
            let conversation = Conversation::lost(&self.keystore, to, members)?;
            self.talks.insert(to, Talk::new(conversation));
        }
        self.move_waiting(from, to)?;
        self.events.push(Event::Moved { from, to });
        self.events.push(Event::Conversation(to));
        self.drive(ctx, to)
    }

    fn mend(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        packages: &[Vec<u8>],
        gone: &[DeviceId],
    ) -> Result<(), MachineError> {
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        match talk.conversation.commit(ctx, &self.keystore, &self.device, packages, gone) {
            Ok(_) => {
                self.ask_commit(id);
                Ok(())
            }
            Err(ConversationError::NotReady) => self.drive(ctx, id),
            // Somebody else was first, or no package was to be had: the server says so if it is not enough.
            Err(ConversationError::Commit(CommitError::Nothing)) => {
                talk.must_mend = false;
                talk.try_later(ctx, Duration::ZERO);
                Ok(())
            }
            Err(ConversationError::Commit(_)) => {
                talk.try_later(ctx, Duration::ZERO);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn committed(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        answer: Answer,
    ) -> Result<(), MachineError> {
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        match answer {
            Ok(response::Body::Sent(sent)) => {
                let rejoined = talk.phase() == Phase::Joining;
                let had_messages = talk.summary.gseq > 0;
                talk.succeeded();
                talk.must_mend = false;
                talk.conversation.accepted(&self.keystore)?;
                talk.reached(sent.gseq);
                self.save_summary(id)?;
                self.learn_devices(ctx, id)?;
                self.members_changed(ctx, id)?;
                if rejoined && had_messages {
                    self.notice(ctx, id, Notice::Rejoined)?;
                }
                self.process_held(ctx, id)?;
                self.events.push(Event::Conversation(id));
            }
            Ok(_) => talk.try_later(ctx, Duration::ZERO),
            Err(error) => self.not_committed(ctx, id, &error)?,
        }
        self.drive(ctx, id)
    }

    fn not_committed(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        error: &wire::Error,
    ) -> Result<(), MachineError> {
        let keystore = &self.keystore;
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        let retry_after = Duration::from_millis(error.retry_after_ms);
        match ErrorCode::parse(&error.code) {
            ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::Internal
            | ErrorCode::StorageFull => {
                talk.try_later(ctx, retry_after);
            }
            ErrorCode::EpochConflict => {
                talk.conversation.refused(keystore)?;
                if talk.conversation.epoch().is_some_and(|epoch| epoch < error.epoch) {
                    self.catch_up(ctx, id, error.epoch)?;
                } else {
                    talk.try_later(ctx, retry_after);
                }
            }
            ErrorCode::NotFound | ErrorCode::Forbidden => {
                talk.conversation.refused(keystore)?;
                talk.must_mend = true;
                talk.try_later(ctx, retry_after);
            }
            _ => {
                // The group here and the server's are not the same one.
                talk.conversation.lose(keystore)?;
                talk.try_later(ctx, retry_after);
            }
        }
        self.enter_by_welcome(ctx, id)
    }

    /// Whoever wanted to come in from outside and was too late may have been let in meanwhile.
    fn enter_by_welcome(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        if talk.phase() != Phase::Lost {
            return Ok(());
        }
        match talk.conversation.take_held_welcome(&self.keystore) {
            Some(welcome) => {
                self.process(ctx, id, &welcome)?;
                self.process_held(ctx, id)
            }
            None => Ok(()),
        }
    }

    pub(super) fn fetched(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        answer: Answer,
    ) -> Result<(), MachineError> {
        let fetched = match answer {
            Ok(response::Body::Conversation(conversation)) => conversation,
            Ok(_) => {
                self.talk(id)?.try_later(ctx, Duration::ZERO);
                return Ok(());
            }
            Err(error) => return self.not_fetched(ctx, id, &error),
        };
        self.learn_accounts(ctx, &fetched.members)?;
        let me = self.me();
        let members: Vec<_> = fetched
            .members
            .iter()
            .filter_map(|member| AccountId::from_slice(&member.account_id).ok())
            .collect();
        self.learn_group(id, fetched.group.as_ref())?;
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        talk.work = Work::Nothing;
        if !members.contains(&me) {
            talk.conversation.leave(&self.keystore)?;
            return self.drive(ctx, id);
        }
        talk.conversation.set_members(&self.keystore, members)?;
        if talk.phase() == Phase::Active && !fetched.joined {
            talk.conversation.lose(&self.keystore)?;
        }
        match talk.phase() {
            Phase::Lost => self.join(ctx, id, &fetched.group_info),
            Phase::Active if talk.conversation.is_ready() => self.compare(ctx, id, &fetched),
            // A welcome or another commit came in between.
            _ => self.drive(ctx, id),
        }
    }

    fn not_fetched(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        error: &wire::Error,
    ) -> Result<(), MachineError> {
        let keystore = &self.keystore;
        let talk = self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)?;
        match ErrorCode::parse(&error.code) {
            ErrorCode::NotFound | ErrorCode::Forbidden => {
                talk.conversation.leave(keystore)?;
                talk.succeeded();
                self.left(ctx, id)?;
                self.drive(ctx, id)
            }
            _ => {
                talk.try_later(ctx, Duration::from_millis(error.retry_after_ms));
                Ok(())
            }
        }
    }

    fn join(&mut self, ctx: &Ctx, id: ConversationId, group_info: &[u8]) -> Result<(), MachineError> {
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        match talk.conversation.join(ctx, &self.keystore, &self.device, group_info) {
            Ok(_) => {
                talk.rejoined_at = Some(ctx.now());
                self.ask_commit(id);
                Ok(())
            }
            Err(ConversationError::Join(_)) => {
                talk.try_later(ctx, Duration::ZERO);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Compares the group with the devices that are present, and begins to mend it where they differ.
    fn compare(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        fetched: &wire::Conversation,
    ) -> Result<(), MachineError> {
        let own = self.session.device;
        let talk = self.talk(id)?;
        if talk.conversation.epoch().is_some_and(|epoch| epoch < fetched.epoch) {
            return self.catch_up(ctx, id, fetched.epoch);
        }
        let differences = talk.conversation.differences(&fetched.members);
        let gone: Vec<_> = differences.gone.into_iter().filter(|device| *device != own).collect();
        let mut wanted: BTreeMap<AccountId, Vec<DeviceId>> = BTreeMap::new();
        for (account, device) in differences.missing.into_iter().filter(|(_, device)| *device != own) {
            wanted.entry(account).or_default().push(device);
        }
        if wanted.is_empty() {
            return self.mend(ctx, id, &[], &gone);
        }
        self.claim(id, wanted, gone);
        Ok(())
    }

    pub(super) fn listed(&mut self, ctx: &Ctx, answer: Answer) -> Result<(), MachineError> {
        let Ok(response::Body::Conversations(page)) = answer else {
            // Asked again on the next connection.
            return Ok(());
        };
        let mut last = Vec::new();
        for conversation in page.conversations {
            last.clone_from(&conversation.conversation_id);
            self.learn_accounts(ctx, &conversation.members)?;
            let Ok(id) = ConversationId::from_slice(&conversation.conversation_id) else { continue };
            if self.talks.contains_key(&id) {
                continue;
            }
            let members = conversation
                .members
                .iter()
                .filter_map(|member| AccountId::from_slice(&member.account_id).ok())
                .collect();
            let lost = Conversation::lost(&self.keystore, id, members)?;
            self.talks.insert(id, Talk::new(lost));
            self.learn_group(id, conversation.group.as_ref())?;
            self.events.push(Event::Conversation(id));
            self.drive(ctx, id)?;
        }
        if page.more && !last.is_empty() {
            let next = wire::ListConversations { after: last };
            self.request(Purpose::List, request::Body::ListConversations(next));
        } else {
            self.session.listed = true;
            self.save_session()?;
        }
        Ok(())
    }
}
