//! People who write, and people who listen. Their state is what their devices would have stored; it lives through the
//! deaths of the server, and is the journal that is judged at the end.

use super::{Patience, Stage};
use crate::people::{self, Conversation, Person};
use crate::socket::{Incoming, Socket, source};
use crate::{bounded, relay};
use anyhow::{Context as _, bail};
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{ConversationId, Ctx, MessageId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Messages of a talker without an answer.
const UNANSWERED_MAX: usize = 4;
/// A talker writes at most this often.
const BEAT: Duration = Duration::from_millis(5);
/// A listener says after so many messages that its person has read them.
const READ_EVERY: u64 = 8;
const SET_UP_AT_ONCE: usize = 8;

/// Two people, the first of whom writes to the other.
#[derive(Debug)]
pub(super) struct Couple {
    one: Person,
    other: Person,
    conversation: Conversation,
}

/// Registers people and opens their conversations.
pub(super) async fn couples(ctx: &Ctx, server: SocketAddr, count: usize) -> anyhow::Result<Vec<Couple>> {
    let people = people::register(ctx, server, count * 2).await?;
    let couples: Vec<_> = people.chunks_exact(2).map(<[Person]>::to_vec).collect();
    bounded(SET_UP_AT_ONCE, couples, |couple| {
        let ctx = ctx.clone();
        async move {
            let [one, other] =
                <[Person; 2]>::try_from(couple).map_err(|_| anyhow::anyhow!("a couple is of two"))?;
            let mut socket = Socket::connect(server, source(0), &one.token, 0, 0).await?;
            let conversation = people::open(&ctx, &mut socket, &one, &other).await?;
            Ok(Couple { one, other, conversation })
        }
    })
    .await
}

impl Couple {
    /// The two as clients. The talker's number stands in its messages.
    pub(super) fn split(self, place: usize) -> (Talker, Listener) {
        let talker = Talker {
            person: self.one,
            conversation: self.conversation,
            number: place as u64,
            written: 0,
            unanswered: VecDeque::new(),
            acknowledged: Vec::new(),
            gseq: 0,
            reordered: 0,
        };
        (talker, Listener::new(self.other, Some(self.conversation)))
    }
}

/// Writes, and notes what the server has acknowledged.
#[derive(Debug)]
pub(super) struct Talker {
    pub(super) person: Person,
    pub(super) conversation: Conversation,
    number: u64,
    written: u64,
    unanswered: VecDeque<wire::Send>,
    /// In the order of the answers.
    pub(super) acknowledged: Vec<MessageId>,
    gseq: u64,
    /// Answers whose place in the conversation was not after the one before.
    pub(super) reordered: u64,
}

impl Talker {
    pub(super) async fn run(mut self, stage: Arc<Stage>) -> anyhow::Result<Self> {
        let mut patience = Patience::new();
        loop {
            match self.connected(&stage, &mut patience).await {
                Ok(()) => return Ok(self),
                Err(error) => patience.try_again(error).await?,
            }
        }
    }

    /// One connection: first again what was not answered, in its order, then new messages.
    async fn connected(&mut self, stage: &Stage, patience: &mut Patience) -> anyhow::Result<()> {
        let life = stage.life();
        let mut socket = Socket::connect(stage.server, source(0), &self.person.token, 0, 0).await?;
        for send in &self.unanswered {
            socket.request(request::Body::Send(send.clone())).await?;
        }
        socket.flush().await?;
        let mut beat = Instant::now();
        while stage.is_load() || !self.unanswered.is_empty() {
            let may_write = stage.is_load() && self.unanswered.len() < UNANSWERED_MAX;
            tokio::select! {
                incoming = socket.next() => {
                    if let Incoming::Response(response) = incoming? {
                        self.answered(response)?;
                        stage.accepted_in(life);
                        patience.renew();
                    }
                }
                () = sleep_until(beat) => {
                    beat = Instant::now() + BEAT;
                    if may_write {
                        let send = self.next_message(&stage.ctx);
                        self.unanswered.push_back(send.clone());
                        socket.request(request::Body::Send(send)).await?;
                        socket.flush().await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The body begins with its place among the talker's messages, so that the listener can tell their order.
    fn next_message(&mut self, ctx: &Ctx) -> wire::Send {
        let mut send = relay::message(ctx, self.conversation);
        self.written += 1;
        let head = [self.number.to_be_bytes(), self.written.to_be_bytes()].concat();
        send.ciphertext.iter_mut().zip(head).for_each(|(byte, from)| *byte = from);
        send
    }

    /// Answers come in the order of the requests.
    fn answered(&mut self, response: wire::Response) -> anyhow::Result<()> {
        match response.body {
            Some(response::Body::Sent(sent)) => {
                let send = self.unanswered.pop_front().context("an answer to nothing")?;
                self.acknowledged.push(MessageId::from_slice(&send.message_id)?);
                self.reordered += u64::from(sent.gseq <= self.gseq);
                self.gseq = sent.gseq.max(self.gseq);
                Ok(())
            }
            other => bail!("a message was refused: {other:?}"),
        }
    }
}

/// Listens, acknowledges, reads, and notes what arrived.
#[derive(Debug)]
pub(super) struct Listener {
    person: Person,
    /// Of a listener to a talker; customers of the business have none.
    pub(super) conversation: Option<Conversation>,
    /// The last `seq` that the device has stored.
    stored: u64,
    /// Each message with its place in its conversation.
    pub(super) seen: HashMap<MessageId, u64>,
    gseqs: BTreeMap<ConversationId, u64>,
    /// The talker's own number of the last message.
    written: u64,
    /// What came again under the same `seq`, and was skipped.
    pub(super) redelivered: u64,
    /// What came again under another one.
    pub(super) doubled: u64,
    /// What came before something that it follows.
    pub(super) reordered: u64,
    /// The highest read mark that the server has acknowledged.
    pub(super) read_up_to: u64,
}

impl Listener {
    fn new(person: Person, conversation: Option<Conversation>) -> Self {
        Self {
            person,
            conversation,
            stored: 0,
            seen: HashMap::new(),
            gseqs: BTreeMap::new(),
            written: 0,
            redelivered: 0,
            doubled: 0,
            reordered: 0,
            read_up_to: 0,
        }
    }

    /// Somebody to whom the business sends.
    pub(super) fn customer(person: Person) -> Self {
        Self::new(person, None)
    }

    pub(super) async fn run(mut self, stage: Arc<Stage>) -> anyhow::Result<Self> {
        let mut patience = Patience::new();
        while !stage.is_ended() {
            if let Err(error) = self.connected(&stage, &mut patience).await {
                patience.try_again(error).await?;
            }
        }
        Ok(self)
    }

    async fn connected(&mut self, stage: &Stage, patience: &mut Patience) -> anyhow::Result<()> {
        let mut socket = Socket::connect(stage.server, source(0), &self.person.token, self.stored, 0).await?;
        patience.renew();
        let mut reads: HashMap<u64, u64> = HashMap::new();
        loop {
            let incoming = tokio::select! {
                incoming = socket.next() => incoming?,
                () = stage.ended() => return socket.acknowledge().await,
            };
            match incoming {
                Incoming::Deliver(deliver) => {
                    let read = self.take(deliver, stage)?;
                    if let Some(read) = read {
                        let gseq = read.gseq;
                        reads.insert(socket.request(request::Body::ReadUpTo(read)).await?, gseq);
                        socket.flush().await?;
                    }
                }
                Incoming::Response(wire::Response { id, body: Some(response::Body::Done(_)) }) => {
                    let gseq = reads.remove(&id).context("an answer to nothing")?;
                    self.read_up_to = gseq.max(self.read_up_to);
                }
                Incoming::Response(refused) => bail!("a read mark was refused: {refused:?}"),
                Incoming::Receipt(_) | Incoming::Drained => {}
            }
        }
    }

    /// Notes a message; says what to mark as read, from time to time.
    fn take(&mut self, deliver: wire::Deliver, stage: &Stage) -> anyhow::Result<Option<wire::ReadUpTo>> {
        if deliver.seq <= self.stored {
            self.redelivered += 1;
            return Ok(None);
        }
        self.stored = deliver.seq;
        let envelope = deliver.envelope.context("an envelope is missing")?;
        if envelope.kind() != wire::EnvelopeKind::Message {
            return Ok(None);
        }
        let conversation = ConversationId::from_slice(&envelope.conversation_id)?;
        if self.seen.insert(MessageId::from_slice(&envelope.message_id)?, envelope.gseq).is_some() {
            self.doubled += 1;
            return Ok(None);
        }
        let last = self.gseqs.insert(conversation, envelope.gseq).unwrap_or_default();
        self.reordered += u64::from(envelope.gseq <= last);
        let Some(mine) = self.conversation else {
            stage.arrived_paid.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        stage.arrived_chat.fetch_add(1, Ordering::Relaxed);
        let written = envelope.body.get(8..16).context("a message lost its body")?;
        let written = u64::from_be_bytes(written.try_into()?);
        self.reordered += u64::from(written != self.written + 1);
        self.written = written;
        let is_time = written.is_multiple_of(READ_EVERY);
        Ok(is_time
            .then(|| wire::ReadUpTo { conversation_id: mine.id.as_bytes().to_vec(), gseq: envelope.gseq }))
    }
}
