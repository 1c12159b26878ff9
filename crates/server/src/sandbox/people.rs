//! # People that a test drives by HTTP
//!
//! A person of the sandbox is a client like any other, with keys of its own, that happens to run inside the server:
//! what a business sends is encrypted for it, arrives over its socket, and is decrypted by it. A test tells it by HTTP
//! what to write and what to press, and asks what it got: **the messages that are shown here are what the person's own
//! device read**, not what the business asked the API to send. What goes to somebody who does not live here cannot be
//! shown, because the server cannot read it.
//!
//! A person reads what comes at once, so that a business hears `delivered` and `read`. Their devices lie in the data
//! folder and are there again after a restart; what was heard before it is not told again.

use crate::problem::Problem;
use plaza_client::{Event, Received, answer as answer_to};
use plaza_client_native::{Client, ClientError, Home, Options, RegisterError, SqliteStore, Update, register};
use plaza_protocol::content::{Body, Content, Text};
use plaza_protocol::limits::TEXT_CHARACTERS_MAX;
use plaza_protocol::{Chain, ConversationId, Ctx, ErrorCode, MessageId, PhoneNumber, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::time::{Instant, timeout, timeout_at};

/// People at a time.
const PEOPLE_MAX: usize = 100;
/// Messages that can be asked for again; older ones are forgotten.
const HEARD_MAX: usize = 10_000;
/// How long a step of a person may take: registering, reaching the server.
const WITHIN: Duration = Duration::from_secs(20);
/// How long it may take until the server has told who wrote.
const CONTACT_WITHIN: Duration = Duration::from_secs(5);
/// The numbers of people without a wish: +99980000001 and on.
const FIRST_NUMBER: u64 = 99_980_000_001;
/// One-time codes of the demo range.
const CODE: &str = "000000";

/// `POST /_sandbox/people`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    name: String,
    /// In the demo range +999…; the next free one by default.
    number: Option<String>,
}

/// `POST /_sandbox/people/{number}/messages`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    /// The number to write to; not needed with an answer.
    to: Option<String>,
    text: Option<String>,
    /// The message that is quoted, or answered.
    reply_to: Option<MessageId>,
    /// What was done with the question of `reply_to`: `{"do": "button", "index": 0}`.
    answer: Option<plaza_client::Answer>,
}

/// `POST /_sandbox/people/{number}/calls`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DoCall {
    /// The business.
    to: String,
    /// The call that something is done about; without it, a new one.
    call_id: Option<MessageId>,
    /// `{"do": "start", "sdp": "…"}`, `accept`, `hang_up` or `alive`.
    #[serde(flatten)]
    wish: plaza_client::CallWish,
}

/// `GET /_sandbox/messages`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wanted {
    to: Option<String>,
    from: Option<String>,
    after: u64,
    /// How many are waited for.
    count: Option<usize>,
    timeout_s: u64,
}

/// Seconds that one question waits at most.
const TIMEOUT_S_MAX: u64 = 60;

struct Person {
    name: String,
    account: String,
    client: Client<SqliteStore>,
    home: Home,
}

/// A message as a person's device read it.
struct Heard {
    cursor: u64,
    to: String,
    from: String,
    shown: Value,
}

#[derive(Default)]
struct Log {
    last: u64,
    heard: VecDeque<Heard>,
}

/// The people, and what they heard.
pub(crate) struct People {
    folder: PathBuf,
    /// This server, once it listens.
    url: OnceLock<String>,
    living: tokio::sync::Mutex<BTreeMap<PhoneNumber, Person>>,
    log: Mutex<Log>,
    news: Notify,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People")
    }
}

impl People {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder: folder.join("people"),
            url: OnceLock::new(),
            living: tokio::sync::Mutex::default(),
            log: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The server listens: who lived here before lives on.
    pub(crate) async fn wake(self: &Arc<Self>, ctx: &Ctx, url: String) {
        let _ = self.url.set(url);
        let Ok(folders) = std::fs::read_dir(&self.folder) else { return };
        let mut living = self.living.lock().await;
        for folder in folders.flatten() {
            let number = format!("+{}", folder.file_name().to_string_lossy());
            let Ok(number) = number.parse::<PhoneNumber>() else { continue };
            match self.open(ctx, &number).await {
                Ok(person) => drop(living.insert(number, person)),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a person of the sandbox could not be woken");
                }
            }
        }
    }

    /// Everybody goes to sleep: their files are let go.
    pub(crate) async fn sleep(&self) {
        for person in std::mem::take(&mut *self.living.lock().await).into_values() {
            person.client.close().await;
            person.home.store().close().await;
        }
    }

    /// A person, registered if there is none of this number.
    pub(crate) async fn add(self: &Arc<Self>, ctx: &Ctx, new: NewPerson) -> Result<Value, Problem> {
        let mut living = self.living.lock().await;
        let number: PhoneNumber = match new.number {
            Some(number) => number.parse().map_err(|error| invalid("number", error))?,
            None => free_number(&living)?,
        };
        if !number.is_demo() {
            return Err(Problem::new(ErrorCode::Invalid, "number: one of the demo range +999… is expected"));
        }
        if let Some(person) = living.get(&number) {
            return Ok(view(&number, person));
        }
        if living.len() >= PEOPLE_MAX {
            return Err(Problem::new(ErrorCode::Invalid, format!("there are {PEOPLE_MAX} people already")));
        }
        let url = self.url()?;
        let ctx = &ctx.following(number.digits());
        let folder = self.folder.join(number.digits());
        let home = Home::open(ctx, &folder).await.map_err(|error| Problem::internal(&error))?;
        let code = async || Some(CODE.to_owned());
        let registered = timeout(WITHIN, register(ctx, url, &number.to_string(), &new.name, code)).await;
        let mut machine = match registered {
            Ok(Ok(machine)) => machine,
            Ok(Err(RegisterError::Refused { message, .. })) => {
                return Err(Problem::new(ErrorCode::Invalid, message));
            }
            Ok(Err(error)) => return Err(Problem::internal(&error)),
            Err(_) => return Err(late()),
        };
        home.keep(url, &mut machine).await.map_err(|error| Problem::internal(&error))?;
        home.store().close().await;
        drop(home);
        let person = self.open(ctx, &number).await.map_err(|error| Problem::internal(&error))?;
        let shown = view(&number, &person);
        living.insert(number, person);
        Ok(shown)
    }

    /// Everybody.
    pub(crate) async fn list(&self) -> Vec<Value> {
        self.living.lock().await.iter().map(|(number, person)| view(number, person)).collect()
    }

    async fn open(
        self: &Arc<Self>,
        ctx: &Ctx,
        number: &PhoneNumber,
    ) -> Result<Person, plaza_client_native::HomeError> {
        let ctx = &ctx.following(format!("{} lives", number.digits()));
        let home = Home::open(ctx, &self.folder.join(number.digits())).await?;
        let (machine, url) = home.machine().await?;
        let session = machine.session();
        // The port may be another than last time.
        let url = self.url.get().cloned().unwrap_or(url);
        let options = Options {
            reconnect_first: Duration::from_millis(100),
            reconnect_last: Duration::from_secs(2),
            ..Options::new(&url)
        };
        let client = Client::start(ctx, options, machine, Arc::new(home.store().clone()));
        let updates = client.updates();
        tokio::spawn(listen(self.clone(), number.to_string(), client.clone(), updates));
        Ok(Person { name: session.name, account: session.account.to_string(), client, home })
    }

    fn url(&self) -> Result<&str, Problem> {
        let starting = || Problem::new(ErrorCode::Unavailable, "the server is starting: try again");
        self.url.get().map(String::as_str).ok_or_else(starting)
    }

    /// A person writes, or answers a question.
    pub(crate) async fn say(&self, number: &str, say: Say) -> Result<Value, Problem> {
        let number: PhoneNumber = number.parse().map_err(|error| invalid("number", error))?;
        let living = self.living.lock().await;
        let client = living.get(&number).map(|person| person.client.clone());
        drop(living);
        let client = client.ok_or_else(|| Problem::not_found("a person of the sandbox with this number"))?;
        let (conversation, body) = said(&client, &say).await?;
        let sent = client.send_and_wait(conversation, body, say.reply_to, WITHIN).await.map_err(refused)?;
        Ok(json!({"message_id": sent}))
    }

    /// A person calls, picks up, or hangs up.
    pub(crate) async fn call(&self, number: &str, asked: DoCall) -> Result<Value, Problem> {
        let number: PhoneNumber = number.parse().map_err(|error| invalid("number", error))?;
        let living = self.living.lock().await;
        let client = living.get(&number).map(|person| person.client.clone());
        drop(living);
        let client = client.ok_or_else(|| Problem::not_found("a person of the sandbox with this number"))?;
        let to: PhoneNumber = asked.to.parse().map_err(|error| invalid("to", error))?;
        let opened = timeout(WITHIN, client.open_number(&to.to_string())).await.map_err(|_| late())?;
        let conversation = opened.map_err(refused)?;
        let call = client.call(conversation, asked.call_id, asked.wish, WITHIN).await.map_err(refused)?;
        Ok(json!({"call_id": call}))
    }

    /// What was heard, waited for if need be.
    pub(crate) async fn heard(&self, wanted: &Wanted) -> Result<Value, Problem> {
        if wanted.timeout_s > TIMEOUT_S_MAX {
            return Err(Problem::new(ErrorCode::Invalid, "timeout_s: 0 to 60 is expected"));
        }
        let number = |text: &Option<String>, member| {
            let text = text.as_deref();
            let parsed = text.map(|text| text.parse::<PhoneNumber>().map_err(|error| invalid(member, error)));
            parsed.transpose().map(|number| number.map(|number| number.to_string()))
        };
        let (to, from) = (number(&wanted.to, "to")?, number(&wanted.from, "from")?);
        let until = Instant::now() + Duration::from_secs(wanted.timeout_s);
        loop {
            // Listening comes before looking: nothing falls between the two.
            let news = self.news.notified();
            let found = self.look(to.as_deref(), from.as_deref(), wanted.after);
            let is_enough = found.0.len() >= wanted.count.unwrap_or(1);
            if is_enough || timeout_at(until, news).await.is_err() {
                let (messages, next) = found;
                return Ok(json!({"messages": messages, "next": next}));
            }
        }
    }

    fn look(&self, to: Option<&str>, from: Option<&str>, after: u64) -> (Vec<Value>, u64) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |heard: &&Heard| {
            heard.cursor > after
                && to.is_none_or(|to| heard.to == to)
                && from.is_none_or(|from| heard.from == from)
        };
        let found = log.heard.iter().filter(is_wanted).map(|heard| heard.shown.clone()).collect();
        (found, log.last.max(after))
    }

    fn note(&self, to: &str, from: String, mut shown: Value) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last = log.last.saturating_add(1);
        let cursor = log.last;
        if let Some(members) = shown.as_object_mut() {
            members.insert("cursor".to_owned(), json!(cursor));
            members.insert("to".to_owned(), json!(to));
            members.insert("from".to_owned(), json!(from));
        }
        log.heard.push_back(Heard { cursor, to: to.to_owned(), from, shown });
        if log.heard.len() > HEARD_MAX {
            log.heard.pop_front();
        }
        drop(log);
        self.news.notify_waiters();
    }
}

fn view(number: &PhoneNumber, person: &Person) -> Value {
    json!({
        "number": number.to_string(),
        "wa_id": number.digits(),
        "name": person.name,
        "account_id": person.account,
    })
}

fn free_number(living: &BTreeMap<PhoneNumber, Person>) -> Result<PhoneNumber, Problem> {
    let candidates = (FIRST_NUMBER..).take(PEOPLE_MAX.saturating_add(1));
    let numbers = candidates.filter_map(|digits| format!("+{digits}").parse::<PhoneNumber>().ok());
    let mut free = numbers.filter(|number| !living.contains_key(number));
    free.next()
        .ok_or_else(|| Problem::new(ErrorCode::Invalid, format!("there are {PEOPLE_MAX} people already")))
}

/// Writes down what comes, and reads it.
async fn listen(
    people: Arc<People>,
    number: String,
    client: Client<SqliteStore>,
    mut updates: broadcast::Receiver<Update>,
) {
    loop {
        match updates.recv().await {
            Ok(Update::Event(Event::Received { conversation, message })) => {
                let from = client.contact(message.account, CONTACT_WITHIN).await.ok().flatten();
                let (from, name) = from.map(|contact| (contact.number, contact.name)).unwrap_or_default();
                people.note(&number, from, shown(conversation, &message, &name));
                let _ = client.mark_read(conversation).await;
            }
            Ok(Update::Event(Event::Call(said))) => {
                let from = client.contact(said.account, CONTACT_WITHIN).await.ok().flatten();
                let (from, name) = from.map(|contact| (contact.number, contact.name)).unwrap_or_default();
                if let Ok(Ok(mut shown)) = client.call_view(*said).await.map(serde_json::to_value) {
                    shown["type"] = json!("call");
                    shown["name"] = json!(name);
                    people.note(&number, from, shown);
                }
            }
            // Somebody else's device took the number: this one is over.
            Ok(Update::Revoked) | Err(broadcast::error::RecvError::Closed) => return,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
        }
    }
}

fn shown(conversation: ConversationId, message: &Received, name: &str) -> Value {
    let content: &Content = &message.content;
    let body = content.body.as_ref();
    json!({
        "message_id": message.message_id,
        "conversation_id": conversation,
        "name": name,
        "type": body.map_or("unsupported", Body::kind),
        "text": body.map(Body::summary).unwrap_or_default(),
        "content": body,
        "reply_to": MessageId::from_slice(&content.reply_to).ok(),
        "at": Timestamp::seconds(message.sent_at),
    })
}

/// Where a message goes, and what it says.
async fn said(client: &Client<SqliteStore>, say: &Say) -> Result<(ConversationId, Body), Problem> {
    let wrong = |what: &str| Problem::new(ErrorCode::Invalid, what);
    match (&say.answer, &say.text, say.reply_to) {
        (Some(answer), None, Some(question)) => {
            let found = client.find(question).await.map_err(refused)?;
            let (conversation, content) =
                found.ok_or_else(|| Problem::not_found("the message that is answered"))?;
            let body = answer_to(&content, answer.clone()).map_err(|error| wrong(&error.to_string()))?;
            Ok((conversation, body))
        }
        (None, Some(text), _) => {
            if text.trim().is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
                return Err(wrong(&format!("text: 1 to {TEXT_CHARACTERS_MAX} characters are expected")));
            }
            let to = say.to.as_deref().ok_or_else(|| wrong("to: a number is expected"))?;
            let to: PhoneNumber = to.parse().map_err(|error| invalid("to", error))?;
            let opened = timeout(WITHIN, client.open_number(&to.to_string())).await.map_err(|_| late())?;
            let body = Body::Text(Text { body: text.clone(), preview_url: false });
            Ok((opened.map_err(refused)?, body))
        }
        _ => Err(wrong("a text with `to`, or an `answer` with `reply_to`, is expected")),
    }
}

fn invalid(member: &str, error: impl std::fmt::Display) -> Problem {
    Problem::new(ErrorCode::Invalid, format!("{member}: {error}"))
}

fn late() -> Problem {
    Problem::new(ErrorCode::Unavailable, "it took too long: try again")
}

fn refused(error: ClientError) -> Problem {
    match error {
        ClientError::Refused { code, message } => Problem::new(code, message),
        ClientError::TimedOut => late(),
        other => Problem::internal(&other),
    }
}
