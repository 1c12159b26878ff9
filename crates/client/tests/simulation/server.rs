//! A delivery service in memory: the rules of the real one, as far as a client can see them, without its storage.

use plaza_crypto::{PublicState, public_group::RefusedError};
use plaza_protocol::wire::{self, EnvelopeKind, client_frame, request, response, server_frame};
use plaza_protocol::{AccountId, ConversationId, DeviceId, ErrorCode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Default)]
pub(crate) struct Account {
    pub(crate) number: String,
    pub(crate) identity_key: [u8; 32],
    pub(crate) devices: Vec<DeviceId>,
}

#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) account: AccountIdOrNil,
    seq: u64,
    pub(crate) envelopes: VecDeque<(u64, wire::Envelope)>,
    key_packages: VecDeque<Vec<u8>>,
    last_resort: Vec<u8>,
    pub(crate) online: bool,
    outgoing: VecDeque<wire::ServerFrame>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct AccountIdOrNil(pub(crate) AccountId);

impl Default for AccountIdOrNil {
    fn default() -> Self {
        Self(AccountId(Default::default()))
    }
}

pub(crate) struct Talk {
    pub(crate) members: Vec<AccountId>,
    pub(crate) state: PublicState,
    group_info: Vec<u8>,
    pub(crate) gseq: u64,
    epoch_min: u64,
    /// Where each device came in from outside for the last time.
    pub(crate) joined_at: BTreeMap<DeviceId, u64>,
    receipts: BTreeMap<AccountId, wire::ReceiptUpdate>,
}

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) mailboxes: BTreeMap<DeviceId, Mailbox>,
    pub(crate) talks: BTreeMap<ConversationId, Talk>,
    sent: BTreeMap<(DeviceId, Vec<u8>), wire::Sent>,
    now: i64,
}

type Answer = Result<response::Body, wire::Error>;

fn error(code: ErrorCode, epoch: u64) -> wire::Error {
    wire::Error { code: code.as_str().to_owned(), message: code.to_string(), retry_after_ms: 0, epoch }
}

fn frame(body: server_frame::Body) -> wire::ServerFrame {
    wire::ServerFrame { body: Some(body) }
}

impl Server {
    pub(crate) fn register(
        &mut self,
        account: AccountId,
        number: &str,
        registration: &plaza_client::Registration,
    ) {
        let entry = self.accounts.entry(account).or_default();
        entry.number = number.to_owned();
        entry.identity_key = registration.identity_key;
        for revoked in std::mem::take(&mut entry.devices) {
            self.mailboxes.remove(&revoked);
        }
        entry.devices = vec![registration.device];
        let mailbox = Mailbox {
            account: AccountIdOrNil(account),
            key_packages: registration.key_packages.iter().cloned().collect(),
            last_resort: registration.last_resort.clone(),
            ..Mailbox::default()
        };
        self.mailboxes.insert(registration.device, mailbox);
    }

    /// A device's connection brings a frame.
    pub(crate) fn receive(&mut self, device: DeviceId, received: wire::ClientFrame) {
        if !self.mailboxes.contains_key(&device) {
            return;
        }
        self.now += 1;
        match received.body {
            Some(client_frame::Body::Hello(hello)) => self.hello(device, &hello),
            Some(client_frame::Body::Acknowledge(acknowledge)) => self.acknowledge(device, acknowledge.up_to),
            Some(client_frame::Body::Request(request)) => {
                let body = match self.request(device, request.body) {
                    Ok(body) => body,
                    Err(refusal) => response::Body::Error(refusal),
                };
                let answer = wire::Response { id: request.id, body: Some(body) };
                self.push(device, frame(server_frame::Body::Response(answer)));
            }
            Some(client_frame::Body::Ping(ping)) => self.push(device, frame(server_frame::Body::Pong(ping))),
            Some(client_frame::Body::Ephemeral(_)) | None => {}
        }
    }

    fn push(&mut self, device: DeviceId, pushed: wire::ServerFrame) {
        if let Some(mailbox) = self.mailboxes.get_mut(&device).filter(|mailbox| mailbox.online) {
            mailbox.outgoing.push_back(pushed);
        }
    }

    /// The next frame for a device.
    pub(crate) fn next(&mut self, device: DeviceId) -> Option<wire::ServerFrame> {
        self.mailboxes.get_mut(&device)?.outgoing.pop_front()
    }

    pub(crate) fn peek(&self, device: DeviceId) -> Option<wire::ServerFrame> {
        self.mailboxes.get(&device)?.outgoing.front().cloned()
    }

    pub(crate) fn disconnect(&mut self, device: DeviceId) {
        if let Some(mailbox) = self.mailboxes.get_mut(&device) {
            mailbox.online = false;
            mailbox.outgoing.clear();
        }
    }

    fn hello(&mut self, device: DeviceId, said: &wire::Hello) {
        self.acknowledge(device, said.resume_from);
        let account = self.mailboxes[&device].account.0;
        let receipts: Vec<_> = self
            .talks
            .values()
            .filter(|talk| talk.members.contains(&account))
            .flat_map(|talk| talk.receipts.values())
            .filter(|receipt| receipt.at > said.receipts_since)
            .cloned()
            .collect();
        let Some(mailbox) = self.mailboxes.get_mut(&device) else { return };
        mailbox.online = true;
        let hello = wire::HelloOk {
            ice_servers: Vec::new(),
            server_time: self.now,
            key_packages: u32::try_from(mailbox.key_packages.len()).unwrap(),
            ..wire::HelloOk::default()
        };
        mailbox.outgoing.push_back(frame(server_frame::Body::HelloOk(hello)));
        for (seq, envelope) in mailbox.envelopes.clone() {
            let deliver = wire::Deliver { seq, envelope: Some(envelope) };
            mailbox.outgoing.push_back(frame(server_frame::Body::Deliver(deliver)));
        }
        for receipt in receipts {
            mailbox.outgoing.push_back(frame(server_frame::Body::Receipt(receipt)));
        }
        mailbox.outgoing.push_back(frame(server_frame::Body::Drained(wire::Drained {})));
    }

    fn acknowledge(&mut self, device: DeviceId, up_to: u64) {
        let mut delivered: BTreeMap<ConversationId, u64> = BTreeMap::new();
        let Some(mailbox) = self.mailboxes.get_mut(&device) else { return };
        let account = mailbox.account.0;
        while mailbox.envelopes.front().is_some_and(|(seq, _)| *seq <= up_to) {
            if let Some((_, envelope)) = mailbox.envelopes.pop_front() {
                let id = ConversationId::from_slice(&envelope.conversation_id).unwrap();
                delivered.insert(id, envelope.gseq);
            }
        }
        for (id, gseq) in delivered {
            self.receipt(id, account, gseq, 0);
        }
    }

    fn receipt(&mut self, id: ConversationId, account: AccountId, delivered_up_to: u64, read_up_to: u64) {
        self.now += 1;
        let Some(talk) = self.talks.get_mut(&id) else { return };
        let update = talk.receipts.entry(account).or_default();
        update.conversation_id = id.as_bytes().to_vec();
        update.account_id = account.as_bytes().to_vec();
        update.delivered_up_to = update.delivered_up_to.max(delivered_up_to);
        update.read_up_to = update.read_up_to.max(read_up_to);
        update.at = self.now;
        let (update, members) = (update.clone(), talk.members.clone());
        for device in self.present(&members) {
            self.push(device, frame(server_frame::Body::Receipt(update.clone())));
        }
    }

    fn present(&self, members: &[AccountId]) -> BTreeSet<DeviceId> {
        members.iter().flat_map(|member| self.accounts[member].devices.clone()).collect()
    }

    fn store(&mut self, device: DeviceId, envelope: wire::Envelope) {
        let Some(mailbox) = self.mailboxes.get_mut(&device) else { return };
        mailbox.seq += 1;
        let seq = mailbox.seq;
        mailbox.envelopes.push_back((seq, envelope.clone()));
        self.push(
            device,
            frame(server_frame::Body::Deliver(wire::Deliver { seq, envelope: Some(envelope) })),
        );
    }

    fn view(&self, account: AccountId) -> wire::Account {
        let known = &self.accounts[&account];
        wire::Account {
            takes_calls: 0,
            account_id: account.as_bytes().to_vec(),
            number: known.number.clone(),
            name: known.number.clone(),
            identity_key: known.identity_key.to_vec(),
            device_ids: known.devices.iter().map(|device| device.as_bytes().to_vec()).collect(),
            ..wire::Account::default()
        }
    }

    fn request(&mut self, device: DeviceId, body: Option<request::Body>) -> Answer {
        let me = self.mailboxes[&device].account.0;
        match body.unwrap() {
            request::Body::Send(send) => self.send(device, me, send),
            request::Body::Commit(commit) => self.commit(device, me, commit),
            request::Body::CreateConversation(create) => self.create(device, me, create),
            request::Body::ReadUpTo(read) => {
                let id = ConversationId::from_slice(&read.conversation_id).unwrap();
                self.receipt(id, me, read.gseq, read.gseq);
                Ok(response::Body::Done(wire::Done {}))
            }
            request::Body::PublishKeyPackages(publish) => {
                self.mailboxes.get_mut(&device).unwrap().key_packages.extend(publish.key_packages);
                Ok(response::Body::Done(wire::Done {}))
            }
            request::Body::ClaimKeyPackages(claim) => Ok(self.claim(device, &claim)),
            request::Body::LookUpNumber(look_up) => self
                .accounts
                .iter()
                .find(|(_, account)| account.number == look_up.number)
                .map(|(id, _)| response::Body::Account(self.view(*id)))
                .ok_or_else(|| error(ErrorCode::NotRegistered, 0)),
            request::Body::GetAccounts(get) => {
                let ids = get.account_ids.iter().map(|id| AccountId::from_slice(id).unwrap());
                let accounts = ids.map(|id| self.view(id)).collect();
                Ok(response::Body::Accounts(wire::Accounts { accounts }))
            }
            request::Body::ListConversations(_) => {
                let mine = self.talks.iter().filter(|(_, talk)| talk.members.contains(&me));
                let conversations = mine.map(|(id, _)| self.conversation(*id, device)).collect();
                Ok(response::Body::Conversations(wire::Conversations { conversations, more: false }))
            }
            request::Body::GetConversation(get) => {
                let id = ConversationId::from_slice(&get.conversation_id).unwrap();
                let talk = self.talks.get(&id).filter(|talk| talk.members.contains(&me));
                talk.ok_or_else(|| error(ErrorCode::NotFound, 0))?;
                Ok(response::Body::Conversation(self.conversation(id, device)))
            }
            request::Body::SetName(_) => Ok(response::Body::Done(wire::Done {})),
            // Nobody makes a group here.
            request::Body::GetInvitation(_)
            | request::Body::JoinGroup(_)
            | request::Body::CancelJoin(_)
            | request::Body::LeaveGroup(_) => Err(error(ErrorCode::NotFound, 0)),
        }
    }

    fn conversation(&self, id: ConversationId, device: DeviceId) -> wire::Conversation {
        let talk = &self.talks[&id];
        wire::Conversation {
            conversation_id: id.as_bytes().to_vec(),
            members: talk.members.iter().map(|member| self.view(*member)).collect(),
            epoch: talk.state.epoch(),
            gseq: talk.gseq,
            group_info: talk.group_info.clone(),
            joined: talk.state.members().iter().any(|member| member.device == device),
            group: None,
        }
    }

    fn claim(&mut self, asker: DeviceId, claim: &wire::ClaimKeyPackages) -> response::Body {
        let account = AccountId::from_slice(&claim.account_id).unwrap();
        let mut packages = Vec::new();
        for device in self.accounts[&account].devices.clone() {
            let wanted =
                claim.device_ids.is_empty() || claim.device_ids.iter().any(|id| id == device.as_bytes());
            if device == asker || !wanted {
                continue;
            }
            let mailbox = self.mailboxes.get_mut(&device).unwrap();
            let key_package = mailbox.key_packages.pop_front().unwrap_or_else(|| mailbox.last_resort.clone());
            packages.push(wire::ClaimedKeyPackage { device_id: device.as_bytes().to_vec(), key_package });
        }
        response::Body::ClaimedKeyPackages(wire::ClaimedKeyPackages { packages })
    }

    fn send(&mut self, device: DeviceId, me: AccountId, send: wire::Send) -> Answer {
        if let Some(sent) = self.sent.get(&(device, send.message_id.clone())) {
            return Ok(response::Body::Sent(sent.clone()));
        }
        let id = ConversationId::from_slice(&send.conversation_id).unwrap();
        let talk = self.talks.get(&id).ok_or_else(|| error(ErrorCode::NotFound, 0))?;
        let leaves: BTreeSet<_> = talk.state.members().iter().map(|member| member.device).collect();
        let epoch = talk.state.epoch();
        if !leaves.contains(&device) {
            return Err(error(ErrorCode::NotFound, 0));
        }
        if leaves != self.present(&talk.members) {
            return Err(error(ErrorCode::DeviceListChanged, epoch));
        }
        if send.epoch < talk.epoch_min || send.epoch > epoch {
            return Err(error(ErrorCode::StaleEpoch, epoch));
        }
        let envelope = wire::Envelope {
            kind: EnvelopeKind::Message.into(),
            conversation_id: send.conversation_id,
            epoch: send.epoch,
            sender_account: me.as_bytes().to_vec(),
            sender_device: device.as_bytes().to_vec(),
            message_id: send.message_id,
            body: send.ciphertext,
            ..wire::Envelope::default()
        };
        Ok(self.put_in_order(id, device, envelope, &leaves))
    }

    fn put_in_order(
        &mut self,
        id: ConversationId,
        device: DeviceId,
        mut envelope: wire::Envelope,
        to: &BTreeSet<DeviceId>,
    ) -> response::Body {
        let talk = self.talks.get_mut(&id).unwrap();
        talk.gseq += 1;
        let sent = wire::Sent { gseq: talk.gseq, sent_at: self.now };
        envelope.gseq = sent.gseq;
        envelope.sent_at = sent.sent_at;
        self.sent.insert((device, envelope.message_id.clone()), sent.clone());
        for other in to.iter().filter(|other| **other != device) {
            self.store(*other, envelope.clone());
        }
        response::Body::Sent(sent)
    }

    fn commit(&mut self, device: DeviceId, me: AccountId, commit: wire::Commit) -> Answer {
        if let Some(sent) = self.sent.get(&(device, commit.message_id.clone())) {
            return Ok(response::Body::Sent(sent.clone()));
        }
        let id = ConversationId::from_slice(&commit.conversation_id).unwrap();
        let keys: BTreeMap<_, _> =
            self.accounts.iter().map(|(id, account)| (*id, account.identity_key)).collect();
        let talk = self.talks.get_mut(&id).filter(|talk| talk.members.contains(&me));
        let talk = talk.ok_or_else(|| error(ErrorCode::NotFound, 0))?;
        let applied = talk
            .state
            .apply_commit(&commit.commit, &commit.group_info, commit.epoch, |account| {
                keys.get(&account).copied()
            })
            .map_err(|refused| match refused {
                RefusedError::WrongEpoch { current } => error(ErrorCode::EpochConflict, current),
                _ => error(ErrorCode::BadMls, 0),
            })?;
        talk.group_info = commit.group_info;
        talk.epoch_min = applied.epoch;
        let leaves: BTreeSet<_> = applied.members.iter().map(|member| member.device).collect();
        let added: BTreeSet<_> = applied.added.iter().map(|member| member.device).collect();
        let old: BTreeSet<_> = leaves.difference(&added).copied().collect();
        let envelope = wire::Envelope {
            kind: EnvelopeKind::Commit.into(),
            conversation_id: commit.conversation_id.clone(),
            epoch: commit.epoch,
            message_id: commit.message_id,
            body: commit.commit,
            ..wire::Envelope::default()
        };
        let answer = self.put_in_order(id, device, envelope.clone(), &old);
        let gseq = self.talks[&id].gseq;
        if applied.external {
            self.talks.get_mut(&id).unwrap().joined_at.insert(device, gseq);
        }
        for other in added.iter().filter(|other| **other != device) {
            self.talks.get_mut(&id).unwrap().joined_at.insert(*other, gseq);
            let welcome = wire::Envelope {
                kind: EnvelopeKind::Welcome.into(),
                epoch: applied.epoch,
                gseq,
                body: commit.welcome.clone(),
                ..envelope.clone()
            };
            self.store(*other, welcome);
        }
        Ok(answer)
    }

    fn create(&mut self, device: DeviceId, _: AccountId, create: wire::CreateConversation) -> Answer {
        let id = ConversationId::from_slice(&create.conversation_id).unwrap();
        let members: BTreeSet<_> =
            create.accounts.iter().map(|account| AccountId::from_slice(account).unwrap()).collect();
        let members: Vec<_> = members.into_iter().collect();
        if let Some((there, _)) = self.talks.iter().find(|(_, talk)| talk.members == members) {
            let created = wire::Created { conversation_id: there.as_bytes().to_vec(), existed: true };
            return Ok(response::Body::Created(created));
        }
        let keys: BTreeMap<_, _> =
            self.accounts.iter().map(|(id, account)| (*id, account.identity_key)).collect();
        let state =
            PublicState::from_group_info(id, &create.group_info, |account| keys.get(&account).copied())
                .map_err(|_| error(ErrorCode::BadMls, 0))?;
        let leaves: BTreeSet<_> = state.members().iter().map(|member| member.device).collect();
        if leaves != self.present(&members) {
            return Err(error(ErrorCode::DeviceListChanged, 0));
        }
        let talk = Talk {
            members,
            epoch_min: state.epoch(),
            state,
            group_info: create.group_info,
            gseq: 0,
            joined_at: BTreeMap::new(),
            receipts: BTreeMap::new(),
        };
        self.talks.insert(id, talk);
        for other in leaves.iter().filter(|other| **other != device) {
            let welcome = wire::Envelope {
                kind: EnvelopeKind::Welcome.into(),
                conversation_id: create.conversation_id.clone(),
                epoch: 1,
                message_id: create.conversation_id.clone(),
                body: create.welcome.clone(),
                ..wire::Envelope::default()
            };
            self.store(*other, welcome);
        }
        Ok(response::Body::Created(wire::Created { conversation_id: create.conversation_id, existed: false }))
    }
}
