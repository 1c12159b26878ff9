//! # `plaza person`: a person on the command line
//!
//! The same client core as in the browser, with a home folder for its keys. One process owns a home; while `plaza
//! person listen` does, `plaza person send` hands its message to it over a socket in the folder, so that one person can
//! listen and send at the same time.

mod say;
mod shop;
mod stickers;

use crate::output;
use anyhow::bail;
use clap::{Args, Subcommand};
use plaza_client::CallSignal;
use plaza_client::machine::Event;
use plaza_client_native::{Client, Heard, Home, MachineClock, Options, SqliteStore, Update, register};
use plaza_protocol::content::signal::Signal;
use plaza_protocol::{Ctx, MessageId, PhoneNumber, RandomIds};
use say::{Answer, Call, Fetch, Flow, Join, Leave, Send, Think};
use serde_json::json;
use shop::Shop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use stickers::Stickers;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, sleep_until};

/// The socket in the home folder.
const CONTROL: &str = "control.sock";
/// Messages that are told at once.
const HEARD_MAX: usize = 100;
/// How long the name of who wrote may take.
const CONTACT_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Register a phone number, with new keys in the home folder.
    Register(Register),
    /// Send a text, a place, a card, or a reaction, a change or a withdrawal of a message.
    Send(Send),
    /// Answer a business's question: press a button, choose a row, fill in a form.
    Answer(Answer),
    /// Block a business or let it write again, report it, or stop its advertising.
    Think(Think),
    /// Write the file of a message that came.
    Fetch(Fetch),
    /// Ask a business about the form of a message, as its screens do; without --action the form itself is printed.
    Flow(Flow),
    /// Call a business, pick up, decline or hang up.
    Call(Call),
    /// Follow the invite link of a group.
    Join(Join),
    /// Leave a group.
    Leave(Leave),
    /// List the packs of stickers, with what one may send.
    Stickers(Stickers),
    /// See what there is to buy and what is bought; buy in the server's own store, end a renewal.
    Store(Shop),
    /// Print what comes, a JSON line an event.
    Listen(Listen),
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// With the country code.
    #[arg(long)]
    number: String,
    /// What others see.
    #[arg(long)]
    name: String,
    /// The one-time code. Default: 000000 for +999…, else it is asked for.
    #[arg(long)]
    code: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Stop after so many messages.
    #[arg(long)]
    count: Option<usize>,
    /// Stop after so many seconds; exit code 1 if --count was not reached.
    #[arg(long, value_name = "S")]
    timeout_s: Option<u64>,
    /// Do not tell the senders that their messages were read.
    #[arg(long)]
    unread: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

type Person = Client<SqliteStore>;

fn ctx() -> Ctx {
    Ctx::system(Arc::new(MachineClock), Arc::new(RandomIds::default()))
}

pub(crate) async fn run(command: PersonCommand) -> anyhow::Result<ExitCode> {
    match command {
        PersonCommand::Register(command) => register_person(command).await,
        PersonCommand::Send(command) => say::send(command).await,
        PersonCommand::Answer(command) => say::answer(command).await,
        PersonCommand::Think(command) => say::think(command).await,
        PersonCommand::Fetch(command) => say::fetch(command).await,
        PersonCommand::Flow(command) => say::flow(command).await,
        PersonCommand::Call(command) => say::call(command).await,
        PersonCommand::Join(command) => say::join(command).await,
        PersonCommand::Leave(command) => say::leave(command).await,
        PersonCommand::Store(command) => shop::shop(command).await,
        PersonCommand::Stickers(command) => stickers::stickers(command).await,
        PersonCommand::Listen(command) => listen(command).await,
    }
}

async fn register_person(command: Register) -> anyhow::Result<ExitCode> {
    let ctx = ctx();
    let home = Home::open(&ctx, &command.home).await?;
    let number: PhoneNumber = command.number.parse()?;
    let code = async || match command.code {
        Some(code) => Some(code),
        None if number.is_demo() => Some("000000".to_owned()),
        None => output::ask("The six digits that were sent to you").ok(),
    };
    let mut machine = register(&ctx, &command.url, &number.to_string(), &command.name, code).await?;
    home.keep(&command.url, &mut machine).await?;
    let session = machine.session();
    if command.json {
        output::line(json!({"account_id": session.account, "device_id": session.device}));
    } else {
        output::line(format!("{} is registered as {} ({}).", session.number, session.name, session.account));
    }
    Ok(ExitCode::SUCCESS)
}

/// A client on the home's device; the home stays locked as long as the value beside it.
async fn open(home: &Path, keep_heard: bool) -> Result<(Person, Home), anyhow::Error> {
    let ctx = ctx();
    let home = Home::open(&ctx, home).await?;
    let (machine, url) = home.machine().await?;
    let options = Options {
        reconnect_first: Duration::from_millis(200),
        reconnect_last: Duration::from_secs(5),
        keep_heard,
        ..Options::new(&url)
    };
    let client = Client::start(&ctx, options, machine, Arc::new(home.store().clone()));
    Ok((client, home))
}

/// Sends what other processes ask for.
async fn serve_control(client: Person, listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        if BufReader::new(reader).read_line(&mut line).await.is_err() {
            continue;
        }
        let answer = say::serve(&client, &line).await;
        let _ = writer.write_all(format!("{answer}\n").as_bytes()).await;
    }
}

async fn listen(command: Listen) -> anyhow::Result<ExitCode> {
    let (client, home) = open(&command.home, true).await?;
    let mut updates = client.updates();
    let control = command.home.join(CONTROL);
    // What a process left behind that ended without tidying up.
    let _ = std::fs::remove_file(&control);
    let served = tokio::spawn(serve_control(client.clone(), UnixListener::bind(&control)?));
    let mut listener = Listener { client: &client, home: &home, command: &command, left: command.count };
    let outcome = listener.run(&mut updates).await;
    served.abort();
    let _ = std::fs::remove_file(&control);
    client.close().await;
    outcome
}

struct Listener<'a> {
    client: &'a Person,
    home: &'a Home,
    command: &'a Listen,
    left: Option<usize>,
}

impl Listener<'_> {
    async fn run(&mut self, updates: &mut Receiver<Update>) -> anyhow::Result<ExitCode> {
        let deadline = self.command.timeout_s.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        loop {
            self.tell_heard().await?;
            if self.left == Some(0) {
                return Ok(ExitCode::SUCCESS);
            }
            let far = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                () = sleep_until(deadline.unwrap_or(far)) => {
                    if deadline.is_some() {
                        return Ok(if self.left.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                    }
                }
                // One that fell behind loses updates, but no message: those are rows.
                update = updates.recv() => if let Ok(update) = update { self.tell_update(update).await? },
            }
        }
    }

    /// Prints the messages that were not printed yet; each exactly once, also across restarts.
    async fn tell_heard(&mut self) -> anyhow::Result<()> {
        loop {
            let heard = self.home.heard(self.left.unwrap_or(HEARD_MAX).min(HEARD_MAX)).await?;
            if heard.is_empty() {
                return Ok(());
            }
            for heard in heard {
                self.tell(&heard).await?;
                self.home.told(&heard).await?;
                if let Some(left) = &mut self.left {
                    *left -= 1;
                }
            }
            if self.left == Some(0) {
                return Ok(());
            }
        }
    }

    async fn tell(&self, heard: &Heard) -> anyhow::Result<()> {
        let from = self.client.contact(heard.account, CONTACT_WITHIN).await?;
        let (number, name) = from.map(|contact| (contact.number, contact.name)).unwrap_or_default();
        let conversation = heard.conversation;
        let view = self.client.with(move |machine, _| Ok(machine.conversation(conversation))).await?;
        let group = view.and_then(|view| view.group);
        if self.command.json {
            let mut event = json!({
                "event": "message", "message_id": heard.message_id, "conversation_id": heard.conversation,
                "from": number, "name": name, "type": heard.kind(), "text": heard.text(), "gseq": heard.gseq,
                "at": heard.at.seconds(), "content": heard.content().body,
            });
            let reply_to = heard.content().reply_to;
            if let Ok(reply_to) = MessageId::from_slice(&reply_to) {
                event["reply_to"] = json!(reply_to);
            }
            if let Some(group) = group {
                event["group_id"] = json!(heard.conversation);
                event["subject"] = json!(group.subject);
            }
            output::line(event);
        } else if let Some(group) = group {
            output::line(format!("{name} ({number}) in {}: {}", group.subject, heard.text()));
        } else {
            output::line(format!("{name} ({number}): {}", heard.text()));
        }
        if !self.command.unread {
            self.client.mark_read(heard.conversation).await?;
        }
        Ok(())
    }

    /// Calls are of the moment: who does not listen does not hear them.
    async fn tell_call(&self, said: CallSignal) -> anyhow::Result<()> {
        let from = self.client.contact(said.account, CONTACT_WITHIN).await?;
        let (number, name) = from.map(|contact| (contact.number, contact.name)).unwrap_or_default();
        let is_mine = said.mine;
        let view = self.client.call_view(said).await?;
        if self.command.json {
            let mut event = serde_json::to_value(view)?;
            event["event"] = json!("call");
            event["from"] = json!(number);
            event["name"] = json!(name);
            output::line(event);
        } else if !is_mine {
            match &view.signal {
                Signal::Offer(_) => output::line(format!("{name} ({number}) calls: {}", view.call_id)),
                Signal::Ended(_) => output::line(format!("The call {} is over.", view.call_id)),
                _ => {}
            }
        }
        Ok(())
    }

    async fn tell_update(&self, update: Update) -> anyhow::Result<()> {
        match update {
            Update::Event(Event::Receipt { conversation, receipt }) if self.command.json => {
                let account = receipt.account;
                let from = self.client.with(move |machine, _| Ok(machine.contact(account).cloned())).await?;
                output::line(json!({
                    "event": "receipt", "conversation_id": conversation,
                    "from": from.map(|contact| contact.number), "account_id": receipt.account,
                    "delivered_up_to": receipt.delivered_up_to, "read_up_to": receipt.read_up_to,
                }));
            }
            Update::Event(Event::Call(said)) => self.tell_call(*said).await?,
            Update::Revoked => bail!("this device was replaced by another registration of its number"),
            _ => {}
        }
        Ok(())
    }
}
