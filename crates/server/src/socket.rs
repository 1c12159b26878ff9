//! # The socket of a device
//!
//! `GET /v1/connect`, subprotocol `plaza.v1`; the protocol is told in [`plaza_protocol::wire`]. One task per socket,
//! one queue into it, small buffers: an idle connection costs a few kilobytes.
//!
//! Envelopes that arrive live are handed over from the transaction that stored them, without a look at the database, as
//! long as they follow on what was sent last and the client keeps acknowledging. Otherwise the socket is *behind*: it
//! reads its mailbox page by page, as fast as the client acknowledges.
//!
//! A browser sends an Origin: only this server's own, or one from the configuration, is let in. The token stands in the
//! first frame, never in the address.

use crate::app::App;
use crate::hub::{Closing, Connection, Push, frame, go_away};
use crate::relay::{Item, Work, response};
use crate::requests;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{FutureExt as _, SinkExt as _};
use plaza_messaging::accounts;
use plaza_messaging::{MessagingError, delivery, key_packages};
use plaza_protocol::limits::{
    FRAME_BYTES_MAX, HELLO_WITHIN, REQUESTS_IN_FLIGHT_MAX, SOCKET_IDLE_MAX, UNACKNOWLEDGED_BYTES_MAX,
    UNACKNOWLEDGED_ENVELOPES_MAX,
};
use plaza_protocol::wire::{client_frame, server_frame};
use plaza_protocol::{Actor, Chain, ConversationId, ErrorCode, Timestamp, wire};
use prost::Message as _;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What a socket reads at once. It is there while the socket is idle, so that it is as small as a handful of messages.
const READ_BUFFER_BYTES: usize = 2048;
/// What is written at once under load; an idle socket has no such buffer.
const WRITE_BUFFER_BYTES: usize = 4096;
/// What may wait in the write buffer of a socket before it counts as stuck.
const WRITE_BUFFER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Pushes that are written before the buffer is flushed.
const PUSHES_PER_FLUSH: usize = 64;
/// A write that takes longer ends the connection.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// Typing and presence of a client: so many at once, two more each second; what is beyond is dropped.
const EPHEMERALS_BURST: i64 = 10;

/// The upgrade.
pub(crate) async fn connect(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !app.is_origin_allowed(&headers) {
        return (StatusCode::FORBIDDEN, "this page may not connect: its origin is not allowed")
            .into_response();
    }
    let asked =
        headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !asked.split(',').any(|protocol| protocol.trim() == wire::SUBPROTOCOL) {
        return (StatusCode::BAD_REQUEST, "the subprotocol plaza.v1 is needed").into_response();
    }
    upgrade
        .protocols([wire::SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_upgrade(move |socket| async move {
            let tracker = app.tracker.clone();
            tracker.track_future(serve(app, socket)).await;
        })
}

async fn serve(app: Arc<App>, mut socket: WebSocket) {
    match Box::pin(greet(&app, &mut socket)).await {
        Ok((session, pushes)) => {
            app.metrics.connected(1);
            let connection = session.connection.clone();
            let goodbye = session.run(&mut socket, pushes).await;
            app.hub.remove(&connection);
            app.metrics.connected(-1);
            if let Some(goodbye) = goodbye {
                say_goodbye(&mut socket, goodbye).await;
            }
        }
        Err(Some(goodbye)) => say_goodbye(&mut socket, goodbye).await,
        Err(None) => {}
    }
}

/// The last frame, and the close code that goes with it.
async fn say_goodbye(socket: &mut WebSocket, goodbye: wire::GoAway) {
    let code = match ErrorCode::parse(&goodbye.code) {
        ErrorCode::Unauthenticated | ErrorCode::DeviceRevoked => 4401,
        ErrorCode::Conflict => 4409,
        ErrorCode::TooLarge => 1009,
        ErrorCode::BadFrame => 1002,
        ErrorCode::Unavailable => 1012,
        _ => 4400,
    };
    let reason = goodbye.message.clone();
    let last = frame(server_frame::Body::GoAway(goodbye)).encode_to_vec();
    let _ = timeout(Duration::from_secs(2), async {
        socket.send(Message::Binary(last.into())).await?;
        socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await
    })
    .await;
}

/// The first frame: who is it? Answers with what the client needs to catch up.
async fn greet(
    app: &Arc<App>,
    socket: &mut WebSocket,
) -> Result<(Session, mpsc::Receiver<Push>), Option<wire::GoAway>> {
    let first = timeout(HELLO_WITHIN, socket.recv()).await;
    let Ok(Some(first)) = first else {
        return Err(Some(go_away(ErrorCode::BadFrame, "no hello came in time", Duration::ZERO)));
    };
    let body = read_frame(first).map_err(Some)?;
    let Some(client_frame::Body::Hello(hello)) = body else {
        return Err(Some(go_away(ErrorCode::BadFrame, "the first frame must be a hello", Duration::ZERO)));
    };
    let ctx = app.ctx_for(Actor::Anonymous);
    let since = Timestamp(hello.receipts_since);
    let known = app
        .db
        .read(&ctx, "socket.hello", async move |ctx, tx| {
            let device = accounts::authenticate(ctx, tx, &hello.token).await?;
            let stock = key_packages::stock(tx, device.device).await?;
            let receipts = delivery::receipts_since(ctx, tx, device.account, since).await?;
            Ok::<_, MessagingError>((device, stock, receipts))
        })
        .await;
    let (device, stock, receipts) = known.map_err(|error| {
        let wire = error.to_wire();
        Some(wire::GoAway { code: wire.code, message: wire.message, retry_after_ms: wire.retry_after_ms })
    })?;
    let Some((connection, pushes, closing)) = app.hub.register(device) else {
        return Err(Some(go_away(ErrorCode::Unavailable, "the server restarts", Duration::from_secs(1))));
    };
    let ok = wire::HelloOk {
        server_time: ctx.now().0,
        key_packages: u32::try_from(stock).unwrap_or(u32::MAX),
        account_id: device.account.as_bytes().to_vec(),
        device_id: device.device.as_bytes().to_vec(),
        ice_servers: app.settings.ice_servers.clone(),
    };
    let mut frames = vec![server_frame::Body::HelloOk(ok)];
    frames.extend(receipts.into_iter().map(server_frame::Body::Receipt));
    for body in frames {
        if socket.feed(Message::Binary(frame(body).encode_to_vec().into())).await.is_err() {
            app.hub.remove(&connection);
            return Err(None);
        }
    }
    if hello.resume_from > 0 {
        app.relay
            .put(Item {
                connection: connection.clone(),
                work: Work::Acknowledge { up_to: hello.resume_from },
            })
            .await;
    }
    let session = Session {
        app: app.clone(),
        connection,
        closing,
        sent_seq: hello.resume_from,
        unacknowledged: VecDeque::new(),
        unacknowledged_bytes: 0,
        is_behind: true,
        is_drained: false,
        in_flight: Arc::new(AtomicUsize::new(0)),
        looking_at: None,
        ephemerals: (0, ctx.now()),
    };
    Ok((session, pushes))
}

fn read_frame(message: Result<Message, axum::Error>) -> Result<Option<client_frame::Body>, wire::GoAway> {
    match message {
        Ok(Message::Binary(bytes)) => match wire::ClientFrame::decode(bytes) {
            Ok(wire::ClientFrame { body: Some(body) }) => Ok(Some(body)),
            Ok(_) => Err(go_away(ErrorCode::BadFrame, "a frame of an unknown kind", Duration::ZERO)),
            Err(_) => Err(go_away(ErrorCode::BadFrame, "a frame that cannot be read", Duration::ZERO)),
        },
        Ok(Message::Text(_)) => Err(go_away(ErrorCode::BadFrame, "frames are binary", Duration::ZERO)),
        Ok(Message::Ping(_) | Message::Pong(_)) => Ok(None),
        Ok(Message::Close(_)) => Err(wire::GoAway::default()),
        Err(error) => {
            let text = error.to_string();
            if text.contains("too long") || text.contains("too large") || text.contains("too big") {
                let message = format!("a frame may have {FRAME_BYTES_MAX} bytes");
                return Err(go_away(ErrorCode::TooLarge, &message, Duration::ZERO));
            }
            Err(wire::GoAway::default())
        }
    }
}

/// A device that said hello.
struct Session {
    app: Arc<App>,
    connection: Connection,
    closing: Arc<Closing>,
    /// The last envelope that was written to the socket.
    sent_seq: u64,
    /// What was written and not acknowledged: number and size.
    unacknowledged: VecDeque<(u64, usize)>,
    unacknowledged_bytes: usize,
    /// The mailbox holds more than was written.
    is_behind: bool,
    is_drained: bool,
    in_flight: Arc<AtomicUsize>,
    looking_at: Option<ConversationId>,
    /// Used up of the burst, and since when.
    ephemerals: (i64, Timestamp),
}

/// Why a session ends: with a last frame, or because the socket is gone.
type End = Option<wire::GoAway>;

impl Session {
    async fn run(mut self, socket: &mut WebSocket, mut pushes: mpsc::Receiver<Push>) -> End {
        let end = loop {
            if let Err(end) = Box::pin(self.catch_up(socket)).await {
                break end;
            }
            let may_read = self.in_flight.load(Ordering::Acquire) < REQUESTS_IN_FLIGHT_MAX;
            let closing = self.closing.clone();
            let turn = tokio::select! {
                biased;
                () = closing.bell.notified() => break closing.reason(),
                push = pushes.recv() => match push {
                    // Boxed, so that an idle socket does not keep the room for them.
                    Some(push) => Box::pin(self.write(socket, push, &mut pushes)).await,
                    None => break None,
                },
                message = timeout(SOCKET_IDLE_MAX, socket.recv()), if may_read => match message {
                    Ok(Some(message)) => Box::pin(self.read(message)).await,
                    Ok(None) => break None,
                    Err(_) => break Some(go_away(ErrorCode::Unavailable, "silent for too long", Duration::from_secs(1))),
                },
            };
            if let Err(end) = turn {
                break end.filter(|goodbye| !goodbye.code.is_empty());
            }
        };
        if self.looking_at.is_some() {
            self.show_presence(None).await;
        }
        end
    }

    fn may_send_more(&self) -> bool {
        self.unacknowledged.len() < UNACKNOWLEDGED_ENVELOPES_MAX
            && self.unacknowledged_bytes < UNACKNOWLEDGED_BYTES_MAX
    }

    /// Writes what the mailbox holds, as far as the client keeps up.
    async fn catch_up(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        while self.is_behind && self.may_send_more() {
            let (device, after) = (self.connection.device.device, self.sent_seq);
            let limit = UNACKNOWLEDGED_ENVELOPES_MAX - self.unacknowledged.len();
            let ctx = self.app.ctx_for(Actor::System);
            let page = self
                .app
                .db
                .read(&ctx, "socket.mailbox", async move |ctx, tx| {
                    delivery::mailbox(ctx, tx, device, after, limit).await
                })
                .await
                .map_err(|error| {
                    tracing::warn!(error = %Chain(&error), "a mailbox could not be read");
                    Some(go_away(
                        ErrorCode::Unavailable,
                        "the mailbox cannot be read just now",
                        Duration::from_secs(2),
                    ))
                })?;
            self.is_behind = page.len() == limit;
            for deliver in &page {
                self.deliver(socket, deliver).await?;
            }
        }
        if !self.is_behind && !self.is_drained {
            self.is_drained = true;
            self.feed(socket, server_frame::Body::Drained(wire::Drained {})).await?;
        }
        self.flush(socket).await
    }

    async fn deliver(&mut self, socket: &mut WebSocket, deliver: &wire::Deliver) -> Result<(), End> {
        let size = deliver.encoded_len();
        self.sent_seq = deliver.seq;
        self.unacknowledged.push_back((deliver.seq, size));
        self.unacknowledged_bytes += size;
        self.feed(socket, server_frame::Body::Deliver(deliver.clone())).await
    }

    async fn feed(&mut self, socket: &mut WebSocket, body: server_frame::Body) -> Result<(), End> {
        let bytes = frame(body).encode_to_vec();
        match timeout(WRITE_WITHIN, socket.feed(Message::Binary(bytes.into()))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }

    async fn flush(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        match timeout(WRITE_WITHIN, socket.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }

    /// Writes a push and what waits behind it, then flushes once.
    async fn write(
        &mut self,
        socket: &mut WebSocket,
        first: Push,
        pushes: &mut mpsc::Receiver<Push>,
    ) -> Result<(), End> {
        let mut next = Some(first);
        let mut written = 0;
        while let Some(push) = next {
            match push {
                Push::Frame(frame) => {
                    if let Some(body) = frame.body {
                        self.feed(socket, body).await?;
                    }
                }
                Push::Envelopes(envelopes) => self.write_live(socket, &envelopes).await?,
                Push::Look => self.is_behind = true,
                Push::Present(ephemeral) => self.answer_presence(socket, *ephemeral).await?,
            }
            written += 1;
            next = if written < PUSHES_PER_FLUSH { pushes.try_recv().ok() } else { None };
        }
        if self.is_behind { Ok(()) } else { self.flush(socket).await }
    }

    /// Envelopes straight from the transaction, if nothing lies between them and what was written last.
    async fn write_live(&mut self, socket: &mut WebSocket, envelopes: &[wire::Deliver]) -> Result<(), End> {
        for deliver in envelopes {
            if deliver.seq <= self.sent_seq {
                continue;
            }
            if self.is_behind || deliver.seq != self.sent_seq + 1 || !self.may_send_more() {
                self.is_behind = true;
                return Ok(());
            }
            self.deliver(socket, deliver).await?;
        }
        Ok(())
    }

    async fn read(&mut self, message: Result<Message, axum::Error>) -> Result<(), End> {
        match read_frame(message).map_err(Some)? {
            None => {}
            Some(client_frame::Body::Hello(_)) => {
                return Err(Some(go_away(ErrorCode::BadFrame, "a second hello", Duration::ZERO)));
            }
            Some(client_frame::Body::Acknowledge(acknowledge)) => {
                self.acknowledged(acknowledge.up_to).await?;
            }
            Some(client_frame::Body::Request(request)) => self.request(request).await?,
            Some(client_frame::Body::Ephemeral(ephemeral)) => self.ephemeral(ephemeral).await,
            Some(client_frame::Body::Ping(ping)) => {
                self.connection.push(Push::frame(server_frame::Body::Pong(ping)));
            }
        }
        Ok(())
    }

    async fn acknowledged(&mut self, up_to: u64) -> Result<(), End> {
        if up_to > self.sent_seq {
            let message = "an acknowledgement of what was not delivered";
            return Err(Some(go_away(ErrorCode::BadFrame, message, Duration::from_secs(1))));
        }
        while let Some((seq, size)) = self.unacknowledged.front().copied().filter(|(seq, _)| *seq <= up_to) {
            debug_assert!(seq <= up_to);
            self.unacknowledged.pop_front();
            self.unacknowledged_bytes -= size;
        }
        let work = Work::Acknowledge { up_to };
        self.app.relay.put(Item { connection: self.connection.clone(), work }).await;
        Ok(())
    }

    async fn request(&mut self, request: wire::Request) -> Result<(), End> {
        let id = request.id;
        let connection = self.connection.clone();
        match request.body {
            Some(wire::request::Body::Send(send)) => {
                self.app.relay.put(Item { connection, work: Work::Send { request: id, send } }).await;
            }
            Some(wire::request::Body::ReadUpTo(read)) => {
                self.app.relay.put(Item { connection, work: Work::Read { request: id, read } }).await;
            }
            Some(body) => {
                self.in_flight.fetch_add(1, Ordering::AcqRel);
                let (app, in_flight) = (self.app.clone(), self.in_flight.clone());
                self.app.tracker.spawn(async move {
                    let outcome = requests::answer(&app, connection.device, body).await;
                    in_flight.fetch_sub(1, Ordering::AcqRel);
                    connection.push(response(id, outcome));
                });
            }
            None => {
                return Err(Some(go_away(
                    ErrorCode::BadFrame,
                    "a request of an unknown kind",
                    Duration::ZERO,
                )));
            }
        }
        Ok(())
    }

    /// Typing and presence: passed on, never stored, dropped when there is too much of it.
    async fn ephemeral(&mut self, ephemeral: wire::Ephemeral) {
        let now = self.app.ctx_for(Actor::System).now();
        let (used, at) = self.ephemerals;
        let refilled = i64::try_from(now.since(at).as_millis() / 500).unwrap_or(i64::MAX);
        let used = used.saturating_sub(refilled).max(0);
        if used >= EPHEMERALS_BURST {
            return;
        }
        self.ephemerals = (used + 1, if refilled > 0 { now } else { at });
        let Ok(conversation) = ConversationId::from_slice(&ephemeral.conversation_id) else { return };
        match ephemeral.kind() {
            wire::EphemeralKind::Typing | wire::EphemeralKind::TypingStopped => {
                self.app.tell_members(self.connection.device, conversation, ephemeral.kind(), false).await;
            }
            wire::EphemeralKind::Online => self.show_presence(Some(conversation)).await,
            wire::EphemeralKind::Offline => self.show_presence(None).await,
            wire::EphemeralKind::AccountChanged | wire::EphemeralKind::Unknown => {}
        }
    }

    /// The person looks at a conversation, or at none: the members who look at it too are told.
    async fn show_presence(&mut self, conversation: Option<ConversationId>) {
        let before = std::mem::replace(&mut self.looking_at, conversation);
        if let Some(before) = before.filter(|before| conversation != Some(*before)) {
            let kind = wire::EphemeralKind::Offline;
            self.app.tell_members(self.connection.device, before, kind, false).await;
        }
        if let Some(conversation) = conversation {
            let kind = wire::EphemeralKind::Online;
            self.app.tell_members(self.connection.device, conversation, kind, false).await;
        }
    }

    /// Somebody looks at a conversation: of interest only to those who look at it too; they are there as well.
    async fn answer_presence(
        &mut self,
        socket: &mut WebSocket,
        ephemeral: wire::Ephemeral,
    ) -> Result<(), End> {
        let here = self.looking_at.filter(|here| here.as_bytes().as_slice() == ephemeral.conversation_id);
        let Some(conversation) = here else { return Ok(()) };
        let is_answer = ephemeral.is_answer;
        self.feed(socket, server_frame::Body::Ephemeral(ephemeral)).await?;
        if !is_answer {
            let (app, device) = (self.app.clone(), self.connection.device);
            app.tell_members(device, conversation, wire::EphemeralKind::Online, true).boxed().await;
        }
        Ok(())
    }
}
