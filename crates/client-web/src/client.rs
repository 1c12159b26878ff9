//! # The class of the worker
//!
//! Everything runs on one thread. The machine is borrowed for moments only, never across an await; steps are stored one
//! after another under a lock, and only what is stored is sent and told.

use crate::events::{Gathered, Session, Told};
use crate::idb::IdbStore;
use crate::js::{self, Refusal, Timer, ctx, json};
use crate::registration;
use crate::socket::{self, Socket};
use futures_util::lock::Mutex;
use plaza_client::files::{FileError, attachments, form_file, media_message, open_file, played};
use plaza_client::flows::{self, FlowError};
use plaza_client::store::{Scan, Store as _, suite};
use plaza_client::view::ItemView;
use plaza_client::{Event, GroupAnswer, GroupAsk, LOADED, Machine, MachineError, timeline};
use plaza_protocol::content::{
    Attachment, Body, CardEntry, ContactCard, Contacts, Content, Edit, Location, Opinion, Revoke,
};
use plaza_protocol::{ConversationId, Ctx, ErrorCode, MessageId, Timestamp, webp};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

const RECONNECT_FIRST: Duration = Duration::from_secs(1);
const RECONNECT_LAST: Duration = Duration::from_secs(64);
/// The longest pause between two looks at the clock.
const TICK_LAST: Duration = Duration::from_secs(30);

/// What stickers are.
const STICKER_TYPE: &str = "image/webp";
/// Pictures of stickers that are kept.
const PICTURES_MAX: usize = 200;

/// See the crate.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Client(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    ctx: Ctx,
    origin: String,
    on_event: js_sys::Function,
    store: IdbStore,
    state: RefCell<State>,
    /// Steps are stored in their order.
    storing: Mutex<()>,
    me: RefCell<Weak<Inner>>,
}

#[derive(Debug, Default)]
struct State {
    machine: Option<Machine>,
    /// The numbers of registrations that have begun.
    registrations: BTreeMap<String, String>,
    socket: Option<Socket>,
    wanted: bool,
    opened: bool,
    pause: Duration,
    reconnect: Option<Timer>,
    tick: Option<Timer>,
    opening: BTreeMap<u64, js_sys::Function>,
    opened_results: BTreeMap<u64, Result<ConversationId, (ErrorCode, String)>>,
    asking: BTreeMap<u64, js_sys::Function>,
    group_answers: BTreeMap<u64, Result<GroupAnswer, (ErrorCode, String)>>,
    moved: BTreeMap<ConversationId, ConversationId>,
    /// Files that were uploaded for a form, by their blobs, until the form goes out: the page never sees their keys.
    form_files: BTreeMap<String, Attachment>,
    /// Stickers that were shown, by pack and name.
    pictures: BTreeMap<(String, String), Vec<u8>>,
}

type Answer = Result<JsValue, JsValue>;

fn not_registered() -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated, "This browser is not registered yet.")
}

fn bad(what: &str) -> Refusal {
    Refusal::new(ErrorCode::Invalid, format!("{what} is malformed"))
}

fn no_form(error: FlowError) -> Refusal {
    Refusal::new(ErrorCode::Invalid, error.to_string())
}

#[wasm_bindgen]
impl Client {
    /// Opens the rows. `origin` is the server's, such as `https://plaza.example`.
    pub async fn open(
        database: String,
        origin: String,
        on_event: js_sys::Function,
    ) -> Result<Client, JsValue> {
        let store = IdbStore::open(&database).await.map_err(|error| Refusal::broken(&error))?;
        let machine = load(&store).await?;
        let inner = Rc::new(Inner {
            ctx: ctx(),
            origin: origin.trim_end_matches('/').to_owned(),
            on_event,
            store,
            state: RefCell::new(State { machine, ..State::default() }),
            storing: Mutex::new(()),
            me: RefCell::default(),
        });
        *inner.me.borrow_mut() = Rc::downgrade(&inner);
        Ok(Self(inner))
    }

    /// Tries out this browser's storage, on a database of its own: `null`, or what is wrong.
    pub async fn check_storage() -> Answer {
        const SCRATCH: &str = "plaza.check";
        let verdict = suite::check(async || IdbStore::open_empty(SCRATCH).await).await;
        Ok(verdict.map_or_else(|wrong| JsValue::from_str(&wrong), |()| JsValue::NULL))
    }

    /// Who is registered here.
    pub async fn session(&self) -> Answer {
        Ok(json(&self.0.session()))
    }

    /// Asks for a one-time code.
    pub async fn start_registration(&self, number: String) -> Answer {
        let started = registration::start(&self.0.origin, &number).await?;
        let answer = json(&started);
        self.0.state.borrow_mut().registrations.insert(started.id().to_owned(), number);
        Ok(answer)
    }

    /// Brings the code; this browser becomes the account's device. What was here of another device goes.
    pub async fn verify(&self, registration_id: String, code: String, name: String) -> Answer {
        let number = self.0.state.borrow().registrations.get(&registration_id).cloned().unwrap_or_default();
        let told = (number.as_str(), code.as_str(), name.as_str());
        let mut machine = registration::verify(&self.0.ctx, &self.0.origin, &registration_id, told).await?;
        let broken = |error| JsValue::from(Refusal::broken(&error));
        let _storing = self.0.storing.lock().await;
        let before = self.0.store.scan(Scan::all(b"")).await.map_err(broken)?;
        let mut changes: BTreeMap<_, _> = before.into_iter().map(|(key, _)| (key, None)).collect();
        changes.extend(machine.take_step().changes);
        self.0.store.apply(changes.into_iter().collect()).await.map_err(broken)?;
        self.0.state.borrow_mut().machine = Some(machine);
        self.0.tell(&Told::Session { session: self.0.session() });
        Ok(json(&self.0.session()))
    }

    /// Connects, and stays connected.
    pub async fn connect(&self) -> Answer {
        {
            let mut state = self.0.state.borrow_mut();
            state.wanted = true;
            state.pause = Duration::ZERO;
            if state.socket.is_some() {
                return Ok(JsValue::NULL);
            }
        }
        self.0.connect();
        Ok(JsValue::NULL)
    }

    /// Disconnects, and stays away.
    pub async fn disconnect(&self) -> Answer {
        self.0.state.borrow_mut().wanted = false;
        self.0.hang_up();
        Ok(JsValue::NULL)
    }

    /// The list of conversations.
    pub async fn conversations(&self) -> Answer {
        let state = self.0.state.borrow();
        Ok(json(&state.machine.as_ref().map(Machine::conversations).unwrap_or_default()))
    }

    /// A page of a timeline.
    pub async fn timeline(&self, conversation_id: String, before: Option<String>, limit: u32) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        let before = before.map(|id| message_id(&id)).transpose()?;
        let lens = self.0.with(|machine, _| Ok(machine.lens(id)))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).clamp(1, 500);
        let page = timeline::page(&self.0.store, &lens, id, before, limit).await;
        Ok(json(&page.map_err(|error| Refusal::broken(&error))?))
    }

    /// Opens the conversation with whoever has a number.
    pub async fn open_number(&self, number: String) -> Answer {
        let ticket = self.0.with(|machine, _| Ok(machine.open_number(&number)))?;
        let opened = js_sys::Promise::new(&mut |resolve, _| {
            self.0.state.borrow_mut().opening.insert(ticket, resolve);
        });
        self.0.flush().await?;
        JsFuture::from(opened).await?;
        let result = self.0.state.borrow_mut().opened_results.remove(&ticket);
        match result {
            Some(Ok(id)) => {
                let view = self.0.with(|machine, _| Ok(machine.conversation(id)))?;
                Ok(json(&view))
            }
            Some(Err((code, message))) => Err(Refusal::new(code, message).into()),
            None => Err(Refusal::new(ErrorCode::Unavailable, "The server could not be reached.").into()),
        }
    }

    /// Looks at the link of a group.
    pub async fn look_at_invitation(&self, code: String) -> Answer {
        self.ask_group(GroupAsk::Look { code }).await
    }

    /// Follows the link of a group.
    pub async fn join_group(&self, code: String) -> Answer {
        self.ask_group(GroupAsk::Join { code }).await
    }

    /// Waits no longer to be let into a group.
    pub async fn cancel_join(&self, code: String) -> Answer {
        self.ask_group(GroupAsk::Cancel { code }).await
    }

    /// Leaves a group.
    pub async fn leave_group(&self, conversation_id: String) -> Answer {
        let conversation = self.0.conversation_id(&conversation_id)?;
        self.ask_group(GroupAsk::Leave { conversation }).await
    }

    async fn ask_group(&self, ask: GroupAsk) -> Answer {
        let ticket = self.0.with(|machine, _| Ok(machine.ask_group(ask)))?;
        let answered = js_sys::Promise::new(&mut |resolve, _| {
            self.0.state.borrow_mut().asking.insert(ticket, resolve);
        });
        self.0.flush().await?;
        JsFuture::from(answered).await?;
        match self.0.state.borrow_mut().group_answers.remove(&ticket) {
            Some(Ok(answer)) => Ok(json(&answer)),
            Some(Err((code, message))) => Err(Refusal::new(code, message).into()),
            None => Err(Refusal::new(ErrorCode::Unavailable, "The server could not be reached.").into()),
        }
    }

    /// Sends text.
    pub async fn send_text(&self, conversation_id: String, text: String, reply_to: Option<String>) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        let reply_to = reply_to.map(|id| message_id(&id)).transpose()?;
        let message = self.0.with(|machine, ctx| machine.send_text(ctx, id, &text, reply_to))?;
        self.0.flush().await?;
        Ok(json(&self.0.item(id, message).await?))
    }

    /// Reacts to a message; an empty emoji takes the reaction back.
    pub async fn send_reaction(&self, conversation_id: String, message: String, emoji: String) -> Answer {
        let (id, to) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        self.0.with(|machine, ctx| machine.send_reaction(ctx, id, to, &emoji))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// Answers a question: what the person did with it, as JSON ([`plaza_client::Answer`]). The item that says so.
    pub async fn answer(&self, conversation_id: String, message: String, answer: String) -> Answer {
        let (id, to) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let mut answer: plaza_client::Answer = serde_json::from_str(&answer).map_err(|_| bad("answer"))?;
        if let plaza_client::Answer::Form { response, files } = &mut answer {
            let mut uploaded = std::mem::take(&mut self.0.state.borrow_mut().form_files);
            let said = response.to_string();
            // What was taken out of the form again stays behind.
            uploaded.retain(|blob, _| said.contains(blob.as_str()));
            files.extend(uploaded.into_values());
        }
        let question = self.0.said(id, to).await?.ok_or_else(|| bad("message_id"))?;
        let body = plaza_client::answer(&question, answer)
            .map_err(|error| Refusal::new(ErrorCode::Invalid, error.to_string()))?;
        let id = self.0.now(id);
        let message = self.0.with(|machine, ctx| machine.send_body(ctx, id, body, Some(to)))?;
        self.0.flush().await?;
        Ok(json(&self.0.item(id, message).await?))
    }

    /// Does something about a call: what, as JSON ([`plaza_client::CallWish`]); without `call_id`, a new one. Its id.
    pub async fn signal_call(
        &self,
        conversation_id: String,
        call_id: Option<String>,
        wish: String,
    ) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        let call = call_id.map(|id| message_id(&id)).transpose()?;
        let wish: plaza_client::CallWish = serde_json::from_str(&wish).map_err(|_| bad("call"))?;
        let signal = wish.signal().ok_or_else(|| bad("sdp"))?;
        let call = self.0.with(|machine, ctx| machine.signal_call(ctx, id, call, signal))?;
        self.0.flush().await?;
        Ok(JsValue::from_str(&call.to_string()))
    }

    /// What helps the media of calls through firewalls: the list of a peer connection's `iceServers`.
    pub async fn ice_servers(&self) -> Answer {
        let servers = self.0.with(|machine, _| Ok(machine.ice_servers().to_vec()))?;
        Ok(json(&servers))
    }

    /// Sends a file: encrypted, uploaded, and then as a message. The item that says so.
    pub async fn send_media(
        &self,
        conversation_id: String,
        file: Vec<u8>,
        mime_type: String,
        filename: String,
        caption: String,
        reply_to: Option<String>,
        is_voice: bool,
    ) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        let reply_to = reply_to.map(|id| message_id(&id)).transpose()?;
        let is_animated = webp::is_animated(&file);
        let upload = self.0.with(|machine, ctx| Ok(machine.prepare_upload(ctx, &file, &mime_type)))?;
        let upload = upload.map_err(|error| Refusal::new(ErrorCode::Invalid, error.to_string()))?;
        drop(file);
        js::put(&self.0.origin, &upload.request, &upload.blob).await?;
        let body = played(media_message(upload.attachment, &filename, &caption), is_voice, is_animated);
        let id = self.0.now(id);
        let message = self.0.with(|machine, ctx| machine.send_body(ctx, id, body, reply_to))?;
        self.0.flush().await?;
        Ok(json(&self.0.item(id, message).await?))
    }

    /// Fetches and opens a file of a message: its bytes and its type, of which the worker makes an address.
    pub async fn media_url(&self, conversation_id: String, message: String, blob_id: String) -> Answer {
        let (id, message) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let content = self.0.said(id, message).await?.ok_or_else(|| bad("message_id"))?;
        let attachment = attachments(&content).into_iter().find(|one| hex::encode(&one.blob_id) == blob_id);
        let attachment = attachment.ok_or_else(|| bad("blob_id"))?;
        let damaged = |error: FileError| Refusal::new(ErrorCode::Invalid, error.to_string());
        let request = self.0.with(|machine, _| Ok(machine.blob_request(attachment)))?.map_err(damaged)?;
        let blob = js::get(&self.0.origin, &request).await?;
        let file = js_sys::Uint8Array::from(open_file(attachment, &blob).map_err(damaged)?.as_slice());
        Ok(js_sys::Array::of2(&file, &JsValue::from_str(&attachment.mime_type)).into())
    }

    /// Asks the business's endpoint about the form of a message: what the person did, as JSON. The answer is a screen
    /// with its data, or an error.
    pub async fn flow_exchange(
        &self,
        conversation_id: String,
        message: String,
        request: String,
    ) -> Result<String, JsValue> {
        let (id, message) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let content = self.0.said(id, message).await?.ok_or_else(|| bad("message_id"))?;
        let body = flows::exchange(&content, &request).map_err(no_form)?;
        let request = self.0.with(|machine, _| Ok(machine.flow_request(message)))?;
        Ok(js::post_as(&self.0.origin, &request, &body).await?)
    }

    /// Asks the server about what there is to buy, at an address below `/v1/store`: with a body it does something.
    pub async fn store(&self, path: String, body: Option<String>) -> Result<String, JsValue> {
        let request = self.0.with(|machine, _| Ok(machine.store_request(&path)))?;
        let Some(body) = body else {
            return Ok(String::from_utf8_lossy(&js::get(&self.0.origin, &request).await?).into_owned());
        };
        let body = serde_json::from_str(&body).map_err(|_| bad("body"))?;
        Ok(js::post_as(&self.0.origin, &request, &body).await?)
    }

    /// What packs of stickers there are, as the server says it.
    pub async fn stickers(&self) -> Result<String, JsValue> {
        let request = self.0.with(|machine, _| Ok(machine.stickers_request(None)))?;
        Ok(String::from_utf8_lossy(&js::get(&self.0.origin, &request).await?).into_owned())
    }

    /// The picture of a sticker: its bytes and its type, of which the worker makes an address.
    pub async fn sticker(&self, pack: String, name: String) -> Answer {
        let file = js_sys::Uint8Array::from(self.0.picture(&pack, &name).await?.as_slice());
        Ok(js_sys::Array::of2(&file, &JsValue::from_str(STICKER_TYPE)).into())
    }

    /// Sends a sticker of a pack, with what is seen on it. The item that says so.
    pub async fn send_sticker(
        &self,
        conversation_id: String,
        pack: String,
        name: String,
        text: String,
        reply_to: Option<String>,
    ) -> Answer {
        let file = self.0.picture(&pack, &name).await?;
        let kind = STICKER_TYPE.to_owned();
        self.send_media(conversation_id, file, kind, String::new(), text, reply_to, false).await
    }

    /// Uploads a file that goes out with a form at its end: what stands for it in the answer, but for its name.
    pub async fn form_file(&self, file: Vec<u8>, mime_type: String) -> Answer {
        let upload = self.0.with(|machine, ctx| Ok(machine.prepare_upload(ctx, &file, &mime_type)))?;
        let upload = upload.map_err(|error| Refusal::new(ErrorCode::Invalid, error.to_string()))?;
        drop(file);
        js::put(&self.0.origin, &upload.request, &upload.blob).await?;
        let told = form_file(&upload.attachment);
        let blob = hex::encode(&upload.attachment.blob_id);
        self.0.state.borrow_mut().form_files.insert(blob, upload.attachment);
        Ok(json(&told))
    }

    /// Uploads a file for the endpoint of the form of a message: what stands for it in what the endpoint is asked.
    pub async fn flow_media(&self, message: String, file: Vec<u8>, file_name: String) -> Answer {
        let message = message_id(&message)?;
        let upload = self.0.with(|machine, ctx| Ok(machine.prepare_form_file(ctx, message, &file)))?;
        let upload = upload.map_err(|error| Refusal::new(ErrorCode::Invalid, error.to_string()))?;
        drop(file);
        js::put(&self.0.origin, &upload.put, &upload.blob).await?;
        let address = js::post_as(&self.0.origin, &upload.share, &upload.shared).await?;
        let address = serde_json::from_str(&address).map_err(|_| bad("cdn_url"))?;
        Ok(json(&upload.told(&file_name, &address)))
    }

    /// The document of the form of a message: its own, or the server's.
    pub async fn flow_json(&self, conversation_id: String, message: String) -> Result<String, JsValue> {
        let (id, message) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let content = self.0.said(id, message).await?.ok_or_else(|| bad("message_id"))?;
        let form = flows::form_of(&content).ok_or_else(|| no_form(FlowError::NoForm))?;
        if !form.flow_json.is_empty() {
            return Ok(form.flow_json.clone());
        }
        let request = self.0.with(|machine, _| Ok(machine.flow_request(message)))?;
        Ok(String::from_utf8_lossy(&js::get(&self.0.origin, &request).await?).into_owned())
    }

    /// Sends a place.
    pub async fn send_location(
        &self,
        conversation_id: String,
        latitude: f64,
        longitude: f64,
        name: String,
        reply_to: Option<String>,
    ) -> Answer {
        let body = Body::Location(Location { latitude, longitude, name, ..Location::default() });
        self.say(conversation_id, body, reply_to).await
    }

    /// Sends somebody's card.
    pub async fn send_contact(
        &self,
        conversation_id: String,
        name: String,
        number: String,
        reply_to: Option<String>,
    ) -> Answer {
        let phone = CardEntry { value: number, kind: "CELL".to_owned(), ..CardEntry::default() };
        let card = ContactCard {
            formatted_name: name.clone(),
            first_name: name,
            phones: vec![phone],
            ..ContactCard::default()
        };
        self.say(conversation_id, Body::Contacts(Contacts { cards: vec![card] }), reply_to).await
    }

    async fn say(&self, conversation_id: String, body: Body, reply_to: Option<String>) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        let reply_to = reply_to.map(|id| message_id(&id)).transpose()?;
        let message = self.0.with(|machine, ctx| machine.send_body(ctx, id, body, reply_to))?;
        self.0.flush().await?;
        Ok(json(&self.0.item(id, message).await?))
    }

    /// Changes what a text of one's own says.
    pub async fn edit(&self, conversation_id: String, message: String, text: String) -> Answer {
        let (id, to) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let body = Body::Edit(Edit { message_id: to.as_bytes().to_vec(), text });
        self.0.with(|machine, ctx| machine.send_body(ctx, id, body, None))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// Blocks the other of a conversation, or lets them through again.
    pub async fn block(&self, conversation_id: String, on: bool) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        self.0.with(|machine, ctx| machine.block(ctx, id, on))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// Tells the host of a business that its messages are spam, a fraud or worse; or that it is not who it says it is.
    pub async fn report(&self, conversation_id: String, impersonates: bool) -> Answer {
        let opinion = if impersonates { Opinion::Impersonates } else { Opinion::Reported };
        self.think(conversation_id, opinion).await
    }

    /// Wants advertising of a business, or none.
    pub async fn want_marketing(&self, conversation_id: String, on: bool) -> Answer {
        let opinion = if on { Opinion::MarketingResumed } else { Opinion::MarketingStopped };
        self.think(conversation_id, opinion).await
    }

    async fn think(&self, conversation_id: String, opinion: Opinion) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        self.0.with(|machine, ctx| machine.think(ctx, id, opinion))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// Takes a message of one's own back.
    pub async fn revoke(&self, conversation_id: String, message: String) -> Answer {
        let (id, to) = (self.0.conversation_id(&conversation_id)?, message_id(&message)?);
        let body = Body::Revoke(Revoke { message_id: to.as_bytes().to_vec() });
        self.0.with(|machine, ctx| machine.send_body(ctx, id, body, None))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// Tries a refused message again.
    pub async fn retry(&self, message: String) -> Answer {
        let message = message_id(&message)?;
        self.0.with(|machine, ctx| machine.retry(ctx, message))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// The person has seen what is there.
    pub async fn mark_read(&self, conversation_id: String) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        self.0.with(|machine, _| machine.mark_read(id))?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// The person is writing, or has stopped.
    pub async fn typing(&self, conversation_id: String, on: bool) -> Answer {
        let id = self.0.conversation_id(&conversation_id)?;
        self.0.with(|machine, ctx| {
            machine.typing(ctx, id, on);
            Ok(())
        })?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// The person looks at a conversation, or at none.
    pub async fn look_at(&self, conversation_id: Option<String>) -> Answer {
        let id = conversation_id.map(|id| self.0.conversation_id(&id)).transpose()?;
        self.0.with(|machine, _| {
            machine.look_at(id);
            Ok(())
        })?;
        self.0.flush().await?;
        Ok(JsValue::NULL)
    }

    /// The sixty digits that this person and another one compare.
    pub async fn safety_number(&self, account_id: String) -> Answer {
        let account = account_id.parse().map_err(|_| bad("account_id"))?;
        Ok(json(&self.0.with(|machine, _| Ok(machine.safety_number(account)))?))
    }
}

async fn load(store: &IdbStore) -> Result<Option<Machine>, Refusal> {
    let mut rows = Vec::new();
    for prefix in LOADED {
        rows.extend(store.scan(Scan::all(prefix)).await.map_err(|error| Refusal::broken(&error))?);
    }
    Machine::open(rows).map_err(|error| Refusal::broken(&error))
}

fn message_id(text: &str) -> Result<MessageId, Refusal> {
    text.parse().map_err(|_| bad("message_id"))
}

impl Inner {
    /// The picture of a sticker. It is kept: if it were asked for when it is sent, the server would learn what is.
    async fn picture(&self, pack: &str, name: &str) -> Result<Vec<u8>, Refusal> {
        let key = (pack.to_owned(), name.to_owned());
        if let Some(known) = self.state.borrow().pictures.get(&key) {
            return Ok(known.clone());
        }
        let request = self.with(|machine, _| Ok(machine.stickers_request(Some((pack, name)))))?;
        let picture = js::get(&self.origin, &request).await?;
        let pictures = &mut self.state.borrow_mut().pictures;
        if pictures.len() >= PICTURES_MAX {
            pictures.clear();
        }
        pictures.insert(key, picture.clone());
        Ok(picture)
    }

    fn session(&self) -> Session {
        Session::of(self.state.borrow().machine.as_ref().map(Machine::session))
    }

    fn tell(&self, told: &Told) {
        // A page that cannot hear is no matter of the core's.
        let _ = self.on_event.call1(&JsValue::NULL, &json(told));
    }

    fn conversation_id(&self, text: &str) -> Result<ConversationId, Refusal> {
        Ok(self.now(text.parse().map_err(|_| bad("conversation_id"))?))
    }

    /// Where a conversation is by now.
    fn now(&self, id: ConversationId) -> ConversationId {
        self.state.borrow().moved.get(&id).copied().unwrap_or(id)
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Machine, &Ctx) -> Result<T, MachineError>,
    ) -> Result<T, Refusal> {
        let mut state = self.state.borrow_mut();
        let machine = state.machine.as_mut().ok_or_else(not_registered)?;
        work(machine, &self.ctx).map_err(|error| Refusal::broken(&error))
    }

    /// What was just written. It is read between two steps: the answer of the server, which gives it its place, can be
    /// there already, and the conversation can have moved.
    async fn item(&self, id: ConversationId, message: MessageId) -> Result<ItemView, Refusal> {
        let _storing = self.storing.lock().await;
        let id = self.now(id);
        let lens = self.with(|machine, _| Ok(machine.lens(id)))?;
        let item = timeline::one(&self.store, &lens, id, message).await;
        item.map_err(|error| Refusal::broken(&error))?.ok_or_else(|| bad("message_id"))
    }

    async fn said(&self, id: ConversationId, message: MessageId) -> Result<Option<Content>, Refusal> {
        let _storing = self.storing.lock().await;
        timeline::said(&self.store, id, message).await.map_err(|error| Refusal::broken(&error))
    }

    /// Stores what has happened, then sends and tells it.
    async fn flush(&self) -> Result<(), Refusal> {
        let storing = self.storing.lock().await;
        let Some(step) = self.state.borrow_mut().machine.as_mut().map(Machine::take_step) else {
            return Ok(());
        };
        if let Err(error) = self.store.apply(step.changes).await {
            // Memory is ahead of the store: what is there is read again.
            let machine = load(&self.store).await.ok().flatten();
            self.state.borrow_mut().machine = machine;
            drop(storing);
            self.lost();
            return Err(Refusal::broken(&error));
        }
        {
            let state = self.state.borrow();
            if let (Some(socket), true) = (&state.socket, state.opened) {
                step.frames.iter().for_each(|frame| socket.send(frame));
            }
        }
        let mut gathered = Gathered::default();
        let mut away = false;
        for event in &step.events {
            gathered.add(event);
            away |= self.note(event);
        }
        let prepared = gathered.prepare(self.state.borrow().machine.as_ref());
        // Told in the order of the steps.
        let told = prepared.read(&self.store).await;
        drop(storing);
        for told in told? {
            self.tell(&told);
        }
        if away {
            self.lost();
        }
        self.arm();
        Ok(())
    }

    /// Takes what concerns the connection and those who wait; whether the connection is to end.
    fn note(&self, event: &Event) -> bool {
        match event {
            Event::Opened { ticket, result } => {
                let waiting = {
                    let mut state = self.state.borrow_mut();
                    state.opened_results.insert(*ticket, result.clone());
                    state.opening.remove(ticket)
                };
                if let Some(resolve) = waiting {
                    let _ = resolve.call0(&JsValue::NULL);
                }
                false
            }
            Event::Group { ticket, result } => {
                let waiting = {
                    let mut state = self.state.borrow_mut();
                    state.group_answers.insert(*ticket, result.clone());
                    state.asking.remove(ticket)
                };
                if let Some(resolve) = waiting {
                    let _ = resolve.call0(&JsValue::NULL);
                }
                false
            }
            Event::Online => {
                self.state.borrow_mut().pause = Duration::ZERO;
                false
            }
            Event::Moved { from, to } => {
                self.state.borrow_mut().moved.insert(*from, *to);
                false
            }
            Event::GoAway { retry_after: None, .. } => {
                // The device was replaced or removed: there is no session here any more.
                let mut state = self.state.borrow_mut();
                state.wanted = false;
                state.machine = None;
                drop(state);
                self.tell(&Told::Session { session: Session::of(None) });
                true
            }
            Event::GoAway { retry_after: Some(after), .. } => {
                self.state.borrow_mut().pause = *after;
                true
            }
            Event::Stalled => true,
            _ => false,
        }
    }

    /// Wakes the machine when it wants to be.
    fn arm(&self) {
        let mut state = self.state.borrow_mut();
        let next = state.machine.as_ref().and_then(Machine::next_tick).unwrap_or(Timestamp(i64::MAX));
        let after = next.since(self.ctx.now()).min(TICK_LAST);
        let me = self.me.borrow().clone();
        let milliseconds = i32::try_from(after.as_millis()).unwrap_or(i32::MAX);
        state.tick = Some(Timer::after(milliseconds, move || {
            if let Some(inner) = me.upgrade() {
                spawn_local(async move { inner.ticked().await });
            }
        }));
    }

    async fn ticked(&self) {
        let ticked = self.with(|machine, ctx| machine.tick(ctx));
        if ticked.is_err() || self.flush().await.is_err() {
            self.lost();
        }
    }

    fn connect(&self) {
        if self.state.borrow().machine.is_none() {
            return;
        }
        self.tell(&Told::Connection { state: "connecting" });
        let me = self.me.borrow().clone();
        let socket = Socket::connect(&self.origin, move |told| {
            if let Some(inner) = me.upgrade() {
                inner.heard(told);
            }
        });
        match socket {
            Ok(socket) => {
                let mut state = self.state.borrow_mut();
                state.reconnect = None;
                state.opened = false;
                state.socket = Some(socket);
            }
            Err(_) => self.lost(),
        }
    }

    fn heard(self: Rc<Self>, told: socket::Told) {
        let heard = match told {
            socket::Told::Opened => {
                self.state.borrow_mut().opened = true;
                self.with(|machine, ctx| {
                    machine.connected(ctx);
                    Ok(())
                })
            }
            socket::Told::Frame(frame) => self.with(|machine, ctx| machine.receive(ctx, frame)),
            socket::Told::Closed => {
                // Not within its own callback: the socket is dropped there.
                spawn_local(async move { self.lost() });
                return;
            }
        };
        spawn_local(async move {
            if heard.is_err() || self.flush().await.is_err() {
                self.lost();
            }
        });
    }

    fn hang_up(&self) {
        let socket = {
            let mut state = self.state.borrow_mut();
            state.opened = false;
            state.reconnect = None;
            if let Some(machine) = &mut state.machine {
                machine.disconnected();
            }
            state.socket.take()
        };
        drop(socket);
        self.tell(&Told::Connection { state: "offline" });
    }

    /// The connection is gone: another one, after a pause that grows.
    fn lost(&self) {
        self.hang_up();
        let mut state = self.state.borrow_mut();
        if !state.wanted {
            return;
        }
        let base = state.pause.max(RECONNECT_FIRST).min(RECONNECT_LAST);
        let [chance] = self.ctx.random::<1>();
        let pause = base / 2 + base.saturating_mul(u32::from(chance)) / 512;
        state.pause = base * 2;
        let me = self.me.borrow().clone();
        let milliseconds = i32::try_from(pause.as_millis()).unwrap_or(i32::MAX);
        state.reconnect = Some(Timer::after(milliseconds, move || {
            if let Some(inner) = me.upgrade() {
                spawn_local(async move { inner.connect() });
            }
        }));
    }
}
