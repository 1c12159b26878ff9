//! # Running a device
//!
//! [`Client`] owns a machine, its store and its connection in one task. It connects, and when the connection ends it
//! connects again: after a second at first, after a minute at the latest, with some chance in it, so that a server that
//! comes back is not met by everybody at once. What a call asks of the machine is durable when the call returns.

use crate::files::{Files, FilesError};
use crate::home::Heard;
use crate::transport::{Socket, TransportError};
use futures_util::FutureExt as _;
use plaza_client::files::{FileError, attachments, form_file, media_message, open_file, played};
use plaza_client::flows::{self, FlowError};
use plaza_client::store::{Scan, Store};
use plaza_client::timeline::{self, Page};
use plaza_client::view::{ConversationView, ItemView};
use plaza_client::{
    CallSignal, CallView, CallWish, Contact, Event, GroupAnswer, GroupAsk, LOADED, Machine, MachineError,
    SessionView, call_body,
};
use plaza_protocol::content::{Attachment, Body, Content, Text};
use plaza_protocol::{AccountId, Chain, ConversationId, Ctx, ErrorCode, MessageId, Timestamp, webp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Calls that wait for the task.
const CALLS_MAX: usize = 64;
/// Updates that a slow listener may be behind.
const UPDATES_MAX: usize = 1024;
/// Frames that are worked into one batch of changes.
const FRAMES_PER_BATCH: usize = 64;
/// How long a connection may take to open.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How a client runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's address, http or https.
    pub url: String,
    /// The first pause before a new connection…
    pub reconnect_first: Duration,
    /// …and the longest.
    pub reconnect_last: Duration,
    /// One of the machine's own addresses to connect from.
    pub from: Option<IpAddr>,
    /// Keep what comes until it was told ([`crate::Home::heard`]).
    pub keep_heard: bool,
}

impl Options {
    /// For the server at `url`.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            reconnect_first: Duration::from_secs(1),
            reconnect_last: Duration::from_secs(64),
            from: None,
            keep_heard: false,
        }
    }
}

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client has been closed.
    #[error("the client is closed")]
    Closed,
    /// The machine refused.
    #[error("the client's state is broken")]
    Machine(#[from] MachineError),
    /// The store failed.
    #[error("the client's rows could not be read or written")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection could not be made, or ended.
    #[error("the connection could not be made, or ended")]
    Transport(#[from] TransportError),
    /// The server refused; its words.
    #[error("{message}")]
    Refused {
        /// Why.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// A file could not be encrypted or opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file or a form could not be sent or fetched.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Nothing can be asked about the form of this message.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The client has begun to connect.
    Connecting,
    /// The connection is gone, or could not be made.
    Offline,
    /// The device was replaced or removed: the client has stopped.
    Revoked,
    /// Something happened, and is stored.
    Event(Event),
}

type Call<S> =
    Box<dyn for<'a> FnOnce(&'a mut Running<S>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> + Send>;

/// See the [module](self). When the last clone is dropped, the task ends.
#[derive(Debug)]
pub struct Client<S: Store> {
    calls: mpsc::Sender<Call<S>>,
    updates: broadcast::Sender<Update>,
    store: Arc<S>,
    files: Files,
    task: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
    revoked: Arc<AtomicBool>,
}

impl<S: Store> Clone for Client<S> {
    fn clone(&self) -> Self {
        Self {
            calls: self.calls.clone(),
            updates: self.updates.clone(),
            store: self.store.clone(),
            files: self.files.clone(),
            task: self.task.clone(),
            revoked: self.revoked.clone(),
        }
    }
}

impl<S> Client<S>
where
    S: Store + Send + Sync + 'static,
    S::Error: Send + Sync,
{
    /// Runs a machine on its store.
    pub fn start(ctx: &Ctx, options: Options, machine: Machine, store: Arc<S>) -> Self {
        let files = Files::new(&options.url);
        let (calls, receiver) = mpsc::channel(CALLS_MAX);
        let (updates, _) = broadcast::channel(UPDATES_MAX);
        let revoked = Arc::new(AtomicBool::new(false));
        let running = Running {
            ctx: ctx.clone(),
            options,
            machine,
            store: store.clone(),
            updates: updates.clone(),
            opening: BTreeMap::new(),
            asking: BTreeMap::new(),
            frames: Vec::new(),
            ended: None,
            ahead: false,
            revoked: revoked.clone(),
        };
        let task = tokio::spawn(running.run(receiver));
        let task = Arc::new(std::sync::Mutex::new(Some(task)));
        Self { calls, updates, store, files, task, revoked }
    }

    /// The rows.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// What happens from now on.
    pub fn updates(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// Why calls find nobody.
    fn closed(&self) -> ClientError {
        if self.revoked.load(Ordering::Acquire) {
            let message = "this device was replaced or removed: register again".to_owned();
            return ClientError::Refused { code: ErrorCode::DeviceRevoked, message };
        }
        ClientError::Closed
    }

    async fn ask<T: Send + 'static>(
        &self,
        call: impl for<'a> FnOnce(&'a mut Running<S>) -> Pin<Box<dyn Future<Output = T> + Send + 'a>>
        + Send
        + 'static,
    ) -> Result<T, ClientError> {
        let (sender, receiver) = oneshot::channel();
        let call: Call<S> = Box::new(move |running| {
            Box::pin(async move {
                // Whoever asked may have gone away.
                let _ = sender.send(call(running).await);
            })
        });
        self.calls.send(call).await.map_err(|_| self.closed())?;
        receiver.await.map_err(|_| self.closed())
    }

    /// Does something with the machine; what it changed is durable when this returns.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Machine, &Ctx) -> Result<T, MachineError> + Send + 'static,
    ) -> Result<T, ClientError> {
        self.ask(move |running| {
            Box::pin(async move {
                let value = work(&mut running.machine, &running.ctx)?;
                running.store_step().await?;
                Ok(value)
            })
        })
        .await?
    }

    /// Opens the conversation with whoever has a number. Waits for the server.
    pub async fn open_number(&self, number: &str) -> Result<ConversationId, ClientError> {
        let number = number.to_owned();
        let opened = self
            .ask(move |running| {
                Box::pin(async move {
                    let (sender, receiver) = oneshot::channel();
                    let ticket = running.machine.open_number(&number);
                    running.opening.insert(ticket, sender);
                    running.store_step().await.map(|()| receiver)
                })
            })
            .await??;
        let opened = opened.await.map_err(|_| self.closed())?;
        opened.map_err(|(code, message)| ClientError::Refused { code, message })
    }

    /// Looks at the link of a group, follows it, or leaves a group. Waits for the server.
    pub async fn ask_group(&self, ask: GroupAsk, within: Duration) -> Result<GroupAnswer, ClientError> {
        let answered = self
            .ask(move |running| {
                Box::pin(async move {
                    let (sender, receiver) = oneshot::channel();
                    let ticket = running.machine.ask_group(ask);
                    running.asking.insert(ticket, sender);
                    running.store_step().await.map(|()| receiver)
                })
            })
            .await??;
        let answer = timeout(within, answered).await.map_err(|_| ClientError::TimedOut)?;
        let answer = answer.map_err(|_| self.closed())?;
        answer.map_err(|(code, message)| ClientError::Refused { code, message })
    }

    /// Sends text. Durable here when it returns; [`Event::Sent`] says when the server has it.
    pub async fn send_text(
        &self,
        conversation: ConversationId,
        text: &str,
    ) -> Result<MessageId, ClientError> {
        let text = text.to_owned();
        self.with(move |machine, ctx| machine.send_text(ctx, conversation, &text, None)).await
    }

    /// Sends text and waits until the server has stored it.
    pub async fn send_text_and_wait(
        &self,
        conversation: ConversationId,
        text: &str,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        let body = Body::Text(Text { body: text.to_owned(), preview_url: false });
        self.send_and_wait(conversation, body, None, within).await
    }

    /// Sends a message of any kind and waits until the server has stored it.
    pub async fn send_and_wait(
        &self,
        conversation: ConversationId,
        body: Body,
        reply_to: Option<MessageId>,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        self.send_with_and_wait(
            move |machine, ctx| machine.send_body(ctx, conversation, body, reply_to),
            within,
        )
        .await
    }

    /// Passes a text on from another conversation and waits until the server has stored it.
    pub async fn forward_and_wait(
        &self,
        conversation: ConversationId,
        body: Body,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        self.send_with_and_wait(move |machine, ctx| machine.forward(ctx, conversation, body), within).await
    }

    async fn send_with_and_wait(
        &self,
        send: impl FnOnce(&mut Machine, &Ctx) -> Result<MessageId, MachineError> + Send + 'static,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        let mut updates = self.updates();
        let message_id = self.with(send).await?;
        let stored = async {
            loop {
                match updates.recv().await {
                    Ok(Update::Event(Event::Sent { message_id: sent, .. })) if sent == message_id => {
                        return Ok(());
                    }
                    Ok(Update::Event(Event::Failed { message_id: failed, error, .. }))
                        if failed == message_id =>
                    {
                        return Err(ClientError::Refused { code: ErrorCode::Undeliverable, message: error });
                    }
                    Ok(Update::Revoked) | Err(broadcast::error::RecvError::Closed) => {
                        return Err(self.closed());
                    }
                    // A listener that fell behind cannot have missed it for good: nothing waits any more.
                    Err(broadcast::error::RecvError::Lagged(_)) if self.waiting().await? == 0 => {
                        return Ok(());
                    }
                    _ => {}
                }
            }
        };
        timeout(within, stored).await.map_err(|_| ClientError::TimedOut)??;
        Ok(message_id)
    }

    /// Does something about a call, or begins one, and waits until the server has heard of it. The call.
    pub async fn call(
        &self,
        conversation: ConversationId,
        call: Option<MessageId>,
        wish: CallWish,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        let signal = wish.signal().ok_or_else(|| ClientError::Refused {
            code: ErrorCode::TooLarge,
            message: "the session description is too long".to_owned(),
        })?;
        let sent = self.send_and_wait(conversation, call_body(call, signal), None, within).await?;
        Ok(call.unwrap_or(sent))
    }

    /// A signal of a call, as it is shown.
    pub async fn call_view(&self, said: CallSignal) -> Result<CallView, ClientError> {
        self.with(move |machine, _| Ok(machine.call_view(&said))).await
    }

    /// Sends a file: encrypted, uploaded, and then as a message; a recording perhaps as one that was spoken just now.
    pub async fn send_file(
        &self,
        conversation: ConversationId,
        file: Vec<u8>,
        (mime_type, filename, caption): (&str, &str, &str),
        is_voice: bool,
        within: Duration,
    ) -> Result<MessageId, ClientError> {
        let mime_type = mime_type.to_owned();
        let is_animated = webp::is_animated(&file);
        let upload =
            self.with(move |machine, ctx| Ok(machine.prepare_upload(ctx, &file, &mime_type))).await??;
        self.files.upload(&upload).await?;
        let body = played(media_message(upload.attachment, filename, caption), is_voice, is_animated);
        self.send_and_wait(conversation, body, None, within).await
    }

    /// What packs of stickers there are, as the server says it.
    pub async fn stickers(&self) -> Result<Value, ClientError> {
        let request = self.with(|machine, _| Ok(machine.stickers_request(None))).await?;
        Ok(serde_json::from_slice(&self.files.download(&request).await?).unwrap_or_default())
    }

    /// The picture of a sticker of a pack.
    pub async fn sticker(&self, pack: &str, name: &str) -> Result<Vec<u8>, ClientError> {
        let (pack, name) = (pack.to_owned(), name.to_owned());
        let request = self.with(move |machine, _| Ok(machine.stickers_request(Some((&pack, &name))))).await?;
        Ok(self.files.download(&request).await?)
    }

    /// Fetches and opens the first file of a message, with its type.
    pub async fn fetch_file(&self, content: &Content) -> Result<Option<(String, Vec<u8>)>, ClientError> {
        let Some(attachment) = attachments(content).first().map(|first| (*first).clone()) else {
            return Ok(None);
        };
        let asked = attachment.clone();
        let request = self.with(move |machine, _| Ok(machine.blob_request(&asked))).await??;
        let blob = self.files.download(&request).await?;
        let file = open_file(&attachment, &blob)?;
        Ok(Some((attachment.mime_type, file)))
    }

    /// Asks the business's endpoint about the form of a message: what the person did, as JSON. The answer is a screen
    /// with its data, or an error.
    pub async fn flow_exchange(&self, message: MessageId, asked: &str) -> Result<Value, ClientError> {
        let (_, content) = self.find(message).await?.ok_or(FlowError::NoForm)?;
        let body = flows::exchange(&content, asked)?;
        let request = self.with(move |machine, _| Ok(machine.flow_request(message))).await?;
        Ok(self.files.post(&request, &body).await?)
    }

    /// Asks the server about what there is to buy, at an address below `/v1/store`: with a body it does something.
    pub async fn ask_store(&self, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let path = path.to_owned();
        let request = self.with(move |machine, _| Ok(machine.store_request(&path))).await?;
        let Some(body) = body else {
            let answer = self.files.download(&request).await?;
            return Ok(serde_json::from_slice(&answer).unwrap_or_default());
        };
        Ok(self.files.post(&request, body).await?)
    }

    /// Uploads a file for the endpoint of the form of a message: what stands for it in what the endpoint is asked.
    pub async fn flow_media(
        &self,
        message: MessageId,
        file: Vec<u8>,
        file_name: &str,
    ) -> Result<Value, ClientError> {
        let upload =
            self.with(move |machine, ctx| Ok(machine.prepare_form_file(ctx, message, &file))).await??;
        self.files.put(&upload.put, upload.blob.clone()).await?;
        let address = self.files.post(&upload.share, &upload.shared).await?;
        Ok(upload.told(file_name, &address))
    }

    /// Uploads a file that goes out with a form at its end: the file, and what stands for it in the answer, but for its
    /// name.
    pub async fn form_file(
        &self,
        file: Vec<u8>,
        mime_type: &str,
    ) -> Result<(Attachment, Value), ClientError> {
        let mime_type = mime_type.to_owned();
        let upload =
            self.with(move |machine, ctx| Ok(machine.prepare_upload(ctx, &file, &mime_type))).await??;
        self.files.upload(&upload).await?;
        let told = form_file(&upload.attachment);
        Ok((upload.attachment, told))
    }

    /// The document of the form of a message: its own, or the server's.
    pub async fn flow_json(&self, message: MessageId) -> Result<String, ClientError> {
        let (_, content) = self.find(message).await?.ok_or(FlowError::NoForm)?;
        let form = flows::form_of(&content).ok_or(FlowError::NoForm)?;
        if !form.flow_json.is_empty() {
            return Ok(form.flow_json.clone());
        }
        let request = self.with(move |machine, _| Ok(machine.flow_request(message))).await?;
        Ok(String::from_utf8_lossy(&self.files.download(&request).await?).into_owned())
    }

    /// A message of any conversation, with what it says.
    pub async fn find(&self, message: MessageId) -> Result<Option<(ConversationId, Content)>, ClientError> {
        for conversation in self.conversations().await? {
            let Ok(id) = conversation.id.parse() else { continue };
            let said = timeline::said(&*self.store, id, message).await;
            if let Some(content) = said.map_err(|error| ClientError::Store(Box::new(error)))? {
                return Ok(Some((id, content)));
            }
        }
        Ok(None)
    }

    /// How many messages wait to be sent.
    pub async fn waiting(&self) -> Result<usize, ClientError> {
        self.with(|machine, _| Ok(machine.waiting())).await
    }

    /// The person has seen what is there.
    pub async fn mark_read(&self, conversation: ConversationId) -> Result<(), ClientError> {
        self.with(move |machine, _| machine.mark_read(conversation)).await
    }

    /// What is known of an account; waits a while for the server to tell, where only its messages are known yet.
    pub async fn contact(
        &self,
        account: AccountId,
        within: Duration,
    ) -> Result<Option<Contact>, ClientError> {
        let mut updates = self.updates();
        let told = async {
            loop {
                let contact = self.with(move |machine, _| Ok(machine.contact(account).cloned())).await?;
                if contact.as_ref().is_some_and(|contact| !contact.number.is_empty()) {
                    return Ok(contact);
                }
                if matches!(updates.recv().await, Err(broadcast::error::RecvError::Closed)) {
                    return Err(self.closed());
                }
            }
        };
        match timeout(within, told).await {
            Ok(contact) => contact,
            Err(_) => self.with(move |machine, _| Ok(machine.contact(account).cloned())).await,
        }
    }

    /// Whose device it is.
    pub async fn session(&self) -> Result<SessionView, ClientError> {
        self.with(|machine, _| Ok(machine.session())).await
    }

    /// The list of conversations.
    pub async fn conversations(&self) -> Result<Vec<ConversationView>, ClientError> {
        self.with(|machine, _| Ok(machine.conversations())).await
    }

    /// A page of a timeline.
    pub async fn timeline(
        &self,
        conversation: ConversationId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page, ClientError> {
        self.ask(move |running| {
            Box::pin(async move {
                let lens = running.machine.lens(conversation);
                timeline::page(&*running.store, &lens, conversation, before, limit).await.map_err(broken)
            })
        })
        .await?
    }

    /// One item of a timeline.
    pub async fn item(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<ItemView>, ClientError> {
        self.ask(move |running| {
            Box::pin(async move {
                let lens = running.machine.lens(conversation);
                timeline::one(&*running.store, &lens, conversation, message).await.map_err(broken)
            })
        })
        .await?
    }

    /// Ends the client: what was asked before is done, the connection is closed.
    pub async fn close(&self) {
        // A task that has ended already needs no word.
        let _ = self
            .ask(|running| {
                Box::pin(async {
                    running.ended = Some(Ended::Closed);
                })
            })
            .await;
        let task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> ClientError {
    ClientError::Store(Box::new(error))
}

/// Why the task stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Closed,
    Revoked,
}

type Opened = oneshot::Sender<Result<ConversationId, (ErrorCode, String)>>;
type Asked = oneshot::Sender<Result<GroupAnswer, (ErrorCode, String)>>;

struct Running<S> {
    ctx: Ctx,
    options: Options,
    machine: Machine,
    store: Arc<S>,
    updates: broadcast::Sender<Update>,
    opening: BTreeMap<u64, Opened>,
    asking: BTreeMap<u64, Asked>,
    /// Stored, and to be sent.
    frames: Vec<plaza_protocol::wire::ClientFrame>,
    ended: Option<Ended>,
    /// The store failed: the machine is ahead of it.
    ahead: bool,
    revoked: Arc<AtomicBool>,
}

impl<S> Running<S>
where
    S: Store + Send + Sync + 'static,
    S::Error: Send + Sync,
{
    async fn run(mut self, mut calls: mpsc::Receiver<Call<S>>) {
        let mut pause = Duration::ZERO;
        while self.ended.is_none() {
            if !self.wait(&mut calls, pause).await {
                break;
            }
            self.tell(Update::Connecting);
            let connect = timeout(CONNECT_WITHIN, Socket::connect(&self.options.url, self.options.from));
            let result = match connect.await {
                Ok(Ok(socket)) => self.talk(&mut calls, socket).await,
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err(ClientError::TimedOut),
            };
            let doubled = if self.machine.is_online() { Duration::ZERO } else { pause * 2 };
            self.machine.disconnected();
            self.frames.clear();
            self.tell(Update::Offline);
            pause = self.jittered(doubled.max(self.options.reconnect_first));
            match result {
                Ok(Some(after)) => pause = after,
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(error = %Chain(&error), "the connection ended");
                    self.ahead |= matches!(error, ClientError::Machine(_));
                }
            }
            if self.ahead && !self.reopen().await {
                break;
            }
        }
        if self.ended == Some(Ended::Revoked) {
            self.revoked.store(true, Ordering::Release);
            self.tell(Update::Revoked);
        }
    }

    /// A pause between half of `base` and `base`.
    fn jittered(&self, base: Duration) -> Duration {
        let [chance] = self.ctx.following("pause").random::<1>();
        let base = base.min(self.options.reconnect_last);
        base / 2 + base.saturating_mul(u32::from(chance)) / 512
    }

    /// Waits while there is no connection, and takes calls. Whether to go on.
    async fn wait(&mut self, calls: &mut mpsc::Receiver<Call<S>>, pause: Duration) -> bool {
        let pause = sleep(pause);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return true,
                call = calls.recv() => match call {
                    Some(call) => call(self).await,
                    None => return false,
                },
            }
            if self.ended.is_some() || (self.ahead && !self.reopen().await) {
                return false;
            }
        }
    }

    /// Talks over a connection until it ends; says when to come back, if the server said so.
    async fn talk(
        &mut self,
        calls: &mut mpsc::Receiver<Call<S>>,
        mut socket: Socket,
    ) -> Result<Option<Duration>, ClientError> {
        self.machine.connected(&self.ctx);
        self.frames.clear();
        loop {
            if self.ahead {
                return Ok(None);
            }
            let away = self.step().await?;
            socket.send(std::mem::take(&mut self.frames)).await?;
            if away.is_some() || self.ended.is_some() {
                socket.close().await;
                return Ok(away.flatten());
            }
            let tick = self.until_tick();
            // Where the clock stands still, waiting is what moves on.
            let ticks_at = self.ctx.now() + tick;
            tokio::select! {
                frame = socket.receive() => {
                    self.machine.receive(&self.ctx, frame?)?;
                    for _ in 1..FRAMES_PER_BATCH {
                        let Some(frame) = socket.receive().now_or_never() else { break };
                        self.machine.receive(&self.ctx, frame?)?;
                    }
                }
                call = calls.recv() => match call {
                    Some(call) => call(self).await,
                    None => self.ended = Some(Ended::Closed),
                },
                () = sleep(tick) => self.machine.tick(&self.ctx.not_before(ticks_at))?,
            }
        }
    }

    fn until_tick(&self) -> Duration {
        let next = self.machine.next_tick().unwrap_or(Timestamp(i64::MAX));
        next.since(self.ctx.now()).min(Duration::from_secs(60))
    }

    fn tell(&self, update: Update) {
        // Nobody may be listening.
        let _ = self.updates.send(update);
    }
}

/// `Some` when the connection is to end: with when to come back, if the server said so.
type Away = Option<Option<Duration>>;

impl<S> Running<S>
where
    S: Store + Send + Sync + 'static,
    S::Error: Send + Sync,
{
    /// Stores what has happened; only then may it be sent and told.
    async fn store_step(&mut self) -> Result<(), ClientError>
    where
        Self: Send,
    {
        self.step().await.map(|_| ())
    }

    async fn step(&mut self) -> Result<Away, ClientError> {
        let mut step = self.machine.take_step();
        if self.options.keep_heard {
            let heard = step.events.iter().filter_map(|event| match event {
                Event::Received { conversation, message } => Heard::new(*conversation, message).change(),
                _ => None,
            });
            step.changes.extend(heard.collect::<Vec<_>>());
        }
        if !step.changes.is_empty() {
            let applied = self.store.apply(step.changes).await;
            self.ahead |= applied.is_err();
            applied.map_err(broken)?;
        }
        self.frames.extend(step.frames);
        let mut away = None;
        for event in step.events {
            match &event {
                Event::Opened { ticket, result } => {
                    if let Some(sender) = self.opening.remove(ticket) {
                        let _ = sender.send(result.clone());
                    }
                }
                Event::Group { ticket, result } => {
                    if let Some(sender) = self.asking.remove(ticket) {
                        let _ = sender.send(result.clone());
                    }
                }
                Event::GoAway { retry_after, .. } => {
                    away = Some(*retry_after);
                    if retry_after.is_none() {
                        self.ended = Some(Ended::Revoked);
                    }
                }
                Event::Stalled => away = Some(None),
                _ => {}
            }
            self.tell(Update::Event(event));
        }
        Ok(away)
    }

    /// Memory is ahead of the store: it is read again. Whether that could be done.
    async fn reopen(&mut self) -> bool {
        let mut rows = Vec::new();
        for prefix in LOADED {
            match self.store.scan(Scan::all(prefix)).await {
                Ok(found) => rows.extend(found),
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the client's rows cannot be read");
                    return false;
                }
            }
        }
        match Machine::open(rows) {
            Ok(Some(machine)) => {
                self.machine = machine;
                self.ahead = false;
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the client's rows are broken");
                false
            }
        }
    }
}
