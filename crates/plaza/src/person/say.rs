//! What a person says: `plaza person send` and `plaza person answer`. Both make one [`Ask`], which this process carries
//! out itself, or hands to the one that listens on the same home.

use super::{CONTROL, Person, open};
use crate::output;
use anyhow::{Context as _, bail};
use clap::Args;
use plaza_client::{GroupAnswer, GroupAsk, answer as answer_to};
use plaza_client_native::{ClientError, HomeError};
use plaza_protocol::content::{
    Body, CardEntry, ContactCard, Contacts, Edit, Feedback, Location, Opinion, Reaction, Revoke, Text,
};
use plaza_protocol::limits::TEXT_CHARACTERS_MAX;
use plaza_protocol::{ConversationId, MessageId, PhoneNumber};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

/// How long a message may take to reach the server.
const SENT_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The number to write to.
    #[arg(long, required_unless_present = "group")]
    to: Option<String>,
    /// The group to write to: its conversation_id.
    #[arg(long, value_name = "CONVERSATION", conflicts_with = "to")]
    group: Option<ConversationId>,
    /// What to write.
    #[arg(required_unless_present_any = ["location", "contact", "react", "delete", "file", "sticker"])]
    text: Option<String>,
    /// Send a file; what is written goes below it.
    #[arg(long, value_name = "FILE", group = "kind")]
    file: Option<PathBuf>,
    /// What the file is; default: by the end of its name.
    #[arg(long, value_name = "TYPE", requires = "file")]
    mime_type: Option<String>,
    /// The file is a recording of what was spoken just now.
    #[arg(long, requires = "file")]
    voice: bool,
    /// Send a sticker of a pack: `plaza person stickers` lists them.
    #[arg(long, value_name = "PACK/NAME", group = "kind")]
    sticker: Option<String>,
    /// Pass the text on as one that came from another conversation.
    #[arg(long, conflicts_with_all = ["kind", "reply_to"])]
    forwarded: bool,
    /// Send a place: latitude,longitude and perhaps ,name.
    #[arg(long, value_name = "LAT,LON[,NAME]", allow_hyphen_values = true, group = "kind")]
    location: Option<String>,
    /// Send a card: name=number.
    #[arg(long, value_name = "NAME=NUMBER", group = "kind")]
    contact: Option<String>,
    /// React to a message with the emoji that is written; nothing takes the reaction back.
    #[arg(long, value_name = "MESSAGE", group = "kind")]
    react: Option<MessageId>,
    /// Change what a message of one's own says.
    #[arg(long, value_name = "MESSAGE", group = "kind")]
    edit: Option<MessageId>,
    /// Take a message of one's own back.
    #[arg(long, value_name = "MESSAGE", group = "kind")]
    delete: Option<MessageId>,
    /// The message that this one answers.
    #[arg(long, value_name = "MESSAGE")]
    reply_to: Option<MessageId>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Think {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The business's number.
    #[arg(long)]
    to: String,
    /// What is told to its host.
    #[arg(value_parser = ["block", "unblock", "report", "report-impersonation", "stop-marketing", "resume-marketing"])]
    opinion: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The invite link of the group.
    link: String,
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Leave {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The group: its conversation_id.
    #[arg(long, value_name = "CONVERSATION")]
    group: ConversationId,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The message that carries the file.
    #[arg(long)]
    message: MessageId,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Flow {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The message that opens the form.
    #[arg(long)]
    message: MessageId,
    /// What the person did.
    #[arg(long, value_name = "ACTION", value_parser = ["INIT", "BACK", "data_exchange"])]
    action: Option<String>,
    /// The screen on which.
    #[arg(long, value_name = "SCREEN", requires = "action")]
    screen: Option<String>,
    /// What goes along: a JSON object.
    #[arg(long, value_name = "JSON", requires = "action")]
    data: Option<String>,
    /// A photo or document of one of its fields, several times if need be.
    #[arg(long = "file", value_name = "FIELD=FILE", requires = "action")]
    files: Vec<String>,
    /// Print JSON, which a form is anyway.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(id = "did", required = true, multiple = false)]
struct Did {
    /// Press a button, counted from 0.
    #[arg(long, value_name = "N", group = "did")]
    button: Option<usize>,
    /// Choose a row of a list by its id.
    #[arg(long, value_name = "ID", group = "did")]
    row: Option<String>,
    /// Fill in a form or an address: a JSON object.
    #[arg(long, value_name = "JSON", group = "did")]
    form: Option<String>,
    /// Tell a place.
    #[arg(long, value_name = "LAT,LON[,NAME]", allow_hyphen_values = true, group = "did")]
    location: Option<String>,
    /// Let the business call: yes, always or no.
    #[arg(long, value_name = "WHETHER", value_parser = ["yes", "always", "no"], group = "did")]
    calls: Option<String>,
    /// Order products: id=quantity, several times if need be.
    #[arg(long, value_name = "ID=QUANTITY", group = "did")]
    order: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The message that asks.
    #[arg(long)]
    message: MessageId,
    #[command(flatten)]
    did: Did,
    /// The card that the button stands on, counted from 0.
    #[arg(long, value_name = "N", requires = "button")]
    card: Option<usize>,
    /// A photo or document of a field of the form, several times if need be.
    #[arg(long = "file", value_name = "FIELD=FILE", requires = "form")]
    files: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The number of the business.
    #[arg(long)]
    to: String,
    /// The call that something is done about; without it, a new one.
    #[arg(long, value_name = "CALL")]
    call: Option<MessageId>,
    /// The file with the session description (SDP) of this side, to call or to pick up.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["decline", "hang_up"])]
    sdp: Option<PathBuf>,
    /// Do not pick up.
    #[arg(long, requires = "call")]
    decline: bool,
    /// End it.
    #[arg(long, requires = "call")]
    hang_up: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What one process asks of the one that has the home.
#[derive(Debug, Serialize, Deserialize)]
struct Ask {
    /// The number to write to; absent: the group, or the conversation of the message that is answered.
    to: Option<String>,
    /// The group to write to.
    #[serde(default)]
    group: Option<ConversationId>,
    reply_to: Option<MessageId>,
    say: Say,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Say {
    /// Asks the store: an address below `/v1/store`, and what is to be done.
    Store {
        path: String,
        body: Option<Value>,
    },
    Text(String),
    Location {
        latitude: f64,
        longitude: f64,
        name: String,
    },
    Contact {
        name: String,
        number: String,
    },
    React {
        to: MessageId,
        emoji: String,
    },
    Edit {
        message: MessageId,
        text: String,
    },
    Delete(MessageId),
    File {
        path: PathBuf,
        mime_type: String,
        caption: String,
        is_voice: bool,
    },
    /// Of a pack, by its name.
    Sticker {
        pack: String,
        name: String,
    },
    /// Not said, but asked: which packs of stickers there are.
    Stickers,
    /// A text from another conversation.
    Forward(String),
    /// What the person makes of a business.
    Think(i32),
    /// Not said, but written into a file: the file of the message that `reply_to` names.
    Fetch(PathBuf),
    /// Not said, but asked about the form of the message that `reply_to` names; nothing asks for the form itself.
    Flow {
        asked: Option<Value>,
        files: Vec<FieldFile>,
    },
    /// As [`plaza_client::Answer`] reads it.
    Answer {
        answer: Value,
        files: Vec<FieldFile>,
    },
    /// As [`plaza_client::CallWish`] reads it, about the call that `reply_to` names.
    Call(Value),
    /// Not said, but done: the link of a group is followed.
    Join(String),
    /// The group of the ask is left.
    Leave,
}

impl Say {
    /// The message; `None`: it depends on the question.
    fn body(&self) -> Option<Body> {
        let id = |id: &MessageId| id.as_bytes().to_vec();
        Some(match self {
            Self::Text(text) => Body::Text(Text { body: text.clone(), preview_url: false }),
            Self::Location { latitude, longitude, name } => Body::Location(Location {
                latitude: *latitude,
                longitude: *longitude,
                name: name.clone(),
                ..Location::default()
            }),
            Self::Contact { name, number } => {
                let phone =
                    CardEntry { value: number.clone(), kind: "CELL".to_owned(), ..CardEntry::default() };
                let card = ContactCard {
                    formatted_name: name.clone(),
                    first_name: name.clone(),
                    phones: vec![phone],
                    ..ContactCard::default()
                };
                Body::Contacts(Contacts { cards: vec![card] })
            }
            Self::React { to, emoji } => {
                Body::Reaction(Reaction { message_id: id(to), emoji: emoji.clone() })
            }
            Self::Edit { message, text } => Body::Edit(Edit { message_id: id(message), text: text.clone() }),
            Self::Forward(text) => Body::Text(Text { body: text.clone(), preview_url: false }),
            Self::Think(opinion) => Body::Feedback(Feedback { opinion: *opinion }),
            Self::Delete(message) => Body::Revoke(Revoke { message_id: id(message) }),
            Self::File { .. }
            | Self::Sticker { .. }
            | Self::Stickers
            | Self::Fetch(_)
            | Self::Store { .. }
            | Self::Flow { .. }
            | Self::Answer { .. }
            | Self::Call(_)
            | Self::Join(_)
            | Self::Leave => return None,
        })
    }
}

pub(super) async fn send(command: Send) -> anyhow::Result<ExitCode> {
    let text = command.text.unwrap_or_default();
    let say = if let Some(path) = command.file {
        let mime_type = match command.mime_type {
            Some(mime_type) => mime_type,
            None => mime_guess::from_path(&path).first_or_octet_stream().to_string(),
        };
        // The process that listens may have another working folder.
        let path = path.canonicalize().with_context(|| format!("reading {}", path.display()))?;
        Say::File { path, mime_type, caption: text, is_voice: command.voice }
    } else if let Some(sticker) = command.sticker {
        let (pack, name) = sticker.split_once('/').context("a sticker is written PACK/NAME")?;
        Say::Sticker { pack: pack.to_owned(), name: name.to_owned() }
    } else if let Some(place) = command.location {
        let (latitude, longitude, name) = place_of(&place)?;
        Say::Location { latitude, longitude, name }
    } else if let Some(contact) = command.contact {
        let (name, number) = contact.split_once('=').context("a card is written name=number")?;
        Say::Contact { name: name.to_owned(), number: number.parse::<PhoneNumber>()?.to_string() }
    } else if let Some(to) = command.react {
        Say::React { to, emoji: text }
    } else if let Some(message) = command.delete {
        Say::Delete(message)
    } else {
        if text.trim().is_empty() {
            bail!("the text is empty");
        }
        if text.chars().count() > TEXT_CHARACTERS_MAX {
            bail!("the text is too long: at most {TEXT_CHARACTERS_MAX} characters are allowed");
        }
        match command.edit {
            Some(message) => Say::Edit { message, text },
            None if command.forwarded => Say::Forward(text),
            None => Say::Text(text),
        }
    };
    let to = command.to.map(|to| to.parse::<PhoneNumber>()).transpose()?.map(|to| to.to_string());
    let ask = Ask { to, group: command.group, reply_to: command.reply_to, say };
    carry_out(&command.home, ask, command.json).await
}

pub(super) async fn join(command: Join) -> anyhow::Result<ExitCode> {
    let code = command.link.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let ask = Ask { to: None, group: None, reply_to: None, say: Say::Join(code) };
    let answer = carried_out(&command.home, &ask).await?;
    if command.json {
        output::line(&answer);
    } else if answer["state"] == "requested" {
        output::line("You asked to be let in. The group appears when its manager has approved.");
    } else {
        output::line(format!("You are in the group {}.", answer["subject"].as_str().unwrap_or_default()));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn leave(command: Leave) -> anyhow::Result<ExitCode> {
    let ask = Ask { to: None, group: Some(command.group), reply_to: None, say: Say::Leave };
    let answer = carried_out(&command.home, &ask).await?;
    if command.json {
        output::line(&answer);
    } else {
        output::line("You have left the group.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn think(command: Think) -> anyhow::Result<ExitCode> {
    let opinion = match command.opinion.as_str() {
        "block" => Opinion::Blocked,
        "unblock" => Opinion::Unblocked,
        "report" => Opinion::Reported,
        "report-impersonation" => Opinion::Impersonates,
        "stop-marketing" => Opinion::MarketingStopped,
        _ => Opinion::MarketingResumed,
    };
    let to = command.to.parse::<PhoneNumber>()?.to_string();
    let ask = Ask { to: Some(to), group: None, reply_to: None, say: Say::Think(opinion.into()) };
    carry_out(&command.home, ask, command.json).await
}

pub(super) async fn fetch(command: Fetch) -> anyhow::Result<ExitCode> {
    let folder = command.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().context("the folder to write into")?;
    let name = command.out.file_name().context("--out names no file")?;
    let say = Say::Fetch(folder.join(name));
    let ask = Ask { to: None, group: None, reply_to: Some(command.message), say };
    carry_out(&command.home, ask, command.json).await
}

pub(super) async fn flow(command: Flow) -> anyhow::Result<ExitCode> {
    let asked = match &command.action {
        None => None,
        Some(action) => {
            let data = command.data.as_deref().unwrap_or("{}");
            let data: Value = serde_json::from_str(data).context("--data takes a JSON object")?;
            let mut asked = json!({"action": action, "data": data});
            if let Some(screen) = &command.screen {
                asked["screen"] = json!(screen);
            }
            Some(asked)
        }
    };
    // It is JSON in any case: there is nothing else to print.
    let _ = command.json;
    let say = Say::Flow { asked, files: field_files(&command.files)? };
    let ask = Ask { to: None, group: None, reply_to: Some(command.message), say };
    output::line(&carried_out(&command.home, &ask).await?["form"]);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn answer(command: Answer) -> anyhow::Result<ExitCode> {
    let did = &command.did;
    let answer = if let Some(index) = did.button {
        json!({"do": "button", "index": index, "card": command.card})
    } else if let Some(id) = &did.row {
        json!({"do": "row", "id": id})
    } else if let Some(form) = &did.form {
        let response: Value = serde_json::from_str(form).context("--form takes a JSON object")?;
        json!({"do": "form", "response": response})
    } else if let Some(place) = &did.location {
        let (latitude, longitude, name) = place_of(place)?;
        json!({"do": "location", "latitude": latitude, "longitude": longitude, "name": name})
    } else if let Some(whether) = &did.calls {
        json!({"do": "calls", "accepted": whether != "no", "permanent": whether == "always", "now": now()})
    } else {
        let line = |item: &String| {
            let (id, quantity) = item.split_once('=').unwrap_or((item, "1"));
            let quantity: u32 = quantity.parse().context("an order is written id=quantity")?;
            Ok::<_, anyhow::Error>(json!({"retailer_id": id, "quantity": quantity}))
        };
        let items = did.order.iter().map(line).collect::<Result<Vec<_>, _>>()?;
        json!({"do": "order", "items": items})
    };
    let say = Say::Answer { answer, files: field_files(&command.files)? };
    let ask = Ask { to: None, group: None, reply_to: Some(command.message), say };
    carry_out(&command.home, ask, command.json).await
}

/// A file of a field of a form.
#[derive(Debug, Serialize, Deserialize)]
struct FieldFile {
    field: String,
    path: PathBuf,
}

impl FieldFile {
    async fn read(&self) -> anyhow::Result<(Vec<u8>, String)> {
        let path = &self.path;
        let file = tokio::fs::read(path).await.with_context(|| format!("reading {}", path.display()))?;
        Ok((file, path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()))
    }

    /// Puts what stands for the file into its field, behind those that are there.
    fn put(&self, into: &mut Value, told: Value) -> anyhow::Result<()> {
        let members = into.as_object_mut().context("a form is filled in with a JSON object")?;
        match members.entry(&self.field).or_insert_with(|| json!([])) {
            Value::Array(files) => files.push(told),
            _ => bail!("the field {:?} holds something else than files", self.field),
        }
        Ok(())
    }
}

fn field_files(written: &[String]) -> anyhow::Result<Vec<FieldFile>> {
    let one = |written: &String| {
        let (field, path) = written.split_once('=').context("a file is written field=file")?;
        // The process that listens may have another working folder.
        let path = Path::new(path).canonicalize().with_context(|| format!("reading {path}"))?;
        Ok(FieldFile { field: field.to_owned(), path })
    };
    written.iter().map(one).collect()
}

pub(super) async fn call(command: Call) -> anyhow::Result<ExitCode> {
    let wish = match (&command.sdp, command.call) {
        (Some(path), call) => {
            let sdp = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            json!({"do": if call.is_some() { "accept" } else { "start" }, "sdp": sdp})
        }
        (None, Some(_)) if command.decline || command.hang_up => json!({"do": "hang_up"}),
        (None, _) => bail!("--sdp calls or picks up; --decline or --hang-up ends the call that --call names"),
    };
    let to = command.to.parse::<PhoneNumber>()?.to_string();
    carry_out(
        &command.home,
        Ask { to: Some(to), group: None, reply_to: command.call, say: Say::Call(wish) },
        command.json,
    )
    .await
}

/// Seconds since 1970, by the clock of the client.
fn now() -> i64 {
    super::ctx().now().seconds()
}

fn place_of(text: &str) -> anyhow::Result<(f64, f64, String)> {
    let mut parts = text.splitn(3, ',');
    let mut degrees = || parts.next().and_then(|part| part.trim().parse::<f64>().ok());
    let (Some(latitude), Some(longitude)) = (degrees(), degrees()) else {
        bail!("a place is written latitude,longitude or latitude,longitude,name");
    };
    Ok((latitude, longitude, parts.next().unwrap_or_default().to_owned()))
}

/// What the store answers.
pub(super) async fn ask_store(home: &Path, path: String, body: Option<Value>) -> anyhow::Result<Value> {
    let ask = Ask { to: None, group: None, reply_to: None, say: Say::Store { path, body } };
    carried_out(home, &ask).await
}

/// Which packs of stickers there are.
pub(super) async fn ask_stickers(home: &Path) -> anyhow::Result<Value> {
    carried_out(home, &Ask { to: None, group: None, reply_to: None, say: Say::Stickers }).await
}

/// Does it, here or in the process that has the home.
async fn carried_out(home: &Path, ask: &Ask) -> anyhow::Result<Value> {
    match open(home, true).await {
        Ok((client, home)) => {
            let answer = tell(&client, ask).await;
            client.close().await;
            drop(home);
            answer
        }
        Err(error) if matches!(error.downcast_ref::<HomeError>(), Some(HomeError::InUse)) => {
            hand_over(home, ask).await.map_err(|cause| error.context(cause.to_string()))
        }
        Err(error) => Err(error),
    }
}

async fn carry_out(home: &Path, ask: Ask, as_json: bool) -> anyhow::Result<ExitCode> {
    let answer = carried_out(home, &ask).await?;
    if as_json {
        output::line(&answer);
    } else {
        output::line("Sent.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what a line of the control socket asks for.
pub(super) async fn serve(client: &Person, line: &str) -> Value {
    let told = match serde_json::from_str::<Ask>(line) {
        Ok(ask) => tell(client, &ask).await,
        Err(error) => Err(error.into()),
    };
    told.unwrap_or_else(|error| json!({"error": error.to_string()}))
}

/// Fetches the file of a message and writes it.
async fn fetch_into(client: &Person, message: Option<MessageId>, out: &Path) -> anyhow::Result<Value> {
    let message = message.context("a message is named")?;
    let (_, content) = client.find(message).await?.context("there is no such message on this device")?;
    let (mime_type, file) = client.fetch_file(&content).await?.context("this message carries no file")?;
    tokio::fs::write(out, &file).await.with_context(|| format!("writing {}", out.display()))?;
    Ok(json!({"message_id": message, "file": out, "mime_type": mime_type, "bytes": file.len()}))
}

/// Asks about the form of a message.
async fn ask_form(
    client: &Person,
    message: Option<MessageId>,
    asked: Option<&Value>,
    files: &[FieldFile],
) -> anyhow::Result<Value> {
    let message = message.context("a message is named")?;
    match asked {
        Some(asked) => {
            let mut asked = asked.clone();
            for one in files {
                let (file, name) = one.read().await?;
                one.put(&mut asked["data"], client.flow_media(message, file, &name).await?)?;
            }
            // What the business answers may have a member `error`, which between processes says that nothing was done.
            Ok(json!({"form": client.flow_exchange(message, &asked.to_string()).await?}))
        }
        None => {
            let form = client.flow_json(message).await?;
            Ok(json!({"form": serde_json::from_str::<Value>(&form).context("the form is no JSON")?}))
        }
    }
}

async fn tell(client: &Person, ask: &Ask) -> anyhow::Result<Value> {
    if let Say::Fetch(out) = &ask.say {
        return fetch_into(client, ask.reply_to, out).await;
    }
    if let Say::Flow { asked, files } = &ask.say {
        return ask_form(client, ask.reply_to, asked.as_ref(), files).await;
    }
    if let Say::Store { path, body } = &ask.say {
        return Ok(client.ask_store(path, body.as_ref()).await?);
    }
    if let Say::Stickers = &ask.say {
        return Ok(client.stickers().await?);
    }
    if let Say::Join(code) = &ask.say {
        return join_group(client, code).await;
    }
    if let (Say::Leave, Some(conversation)) = (&ask.say, ask.group) {
        client.ask_group(GroupAsk::Leave { conversation }, SENT_WITHIN).await?;
        return Ok(json!({"state": "left", "conversation_id": conversation}));
    }
    if let Say::File { path, mime_type, caption, is_voice } = &ask.say {
        let file = tokio::fs::read(path).await.with_context(|| format!("reading {}", path.display()))?;
        let conversation = recipient(client, ask).await?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let message =
            client.send_file(conversation, file, (mime_type, &name, caption), *is_voice, SENT_WITHIN).await?;
        let conversation = current(client, ask, conversation).await?;
        return Ok(json!({"message_id": message, "conversation_id": conversation}));
    }
    if let Say::Sticker { pack, name } = &ask.say {
        return send_sticker(client, ask, (pack, name)).await;
    }
    if let Say::Call(wish) = &ask.say {
        let wish = serde_json::from_value(wish.clone()).context("nothing that is done about a call")?;
        let conversation = recipient(client, ask).await?;
        let call = client.call(conversation, ask.reply_to, wish, SENT_WITHIN).await?;
        return Ok(json!({"call_id": call, "conversation_id": current(client, ask, conversation).await?}));
    }
    let (conversation, body) = match &ask.say {
        Say::Answer { answer, files } => {
            let message = ask.reply_to.context("an answer names the message that asks")?;
            let found = client.find(message).await?;
            let (conversation, question) = found.context("there is no such message on this device")?;
            let answer = serde_json::from_value(answer.clone()).context("this is no answer")?;
            (conversation, answer_to(&question, with_files(client, answer, files).await?)?)
        }
        say => (recipient(client, ask).await?, say.body().context("this is no message")?),
    };
    if let Say::Think(opinion) = &ask.say {
        let opinion = Opinion::try_from(*opinion).unwrap_or(Opinion::Unknown);
        if !client.with(move |machine, _| machine.note_opinion(conversation, opinion)).await? {
            bail!("this number belongs to a person: what one makes of people is nobody's business");
        }
    }
    let message = if matches!(ask.say, Say::Forward(_)) {
        client.forward_and_wait(conversation, body, SENT_WITHIN).await?
    } else {
        client.send_and_wait(conversation, body, ask.reply_to, SENT_WITHIN).await?
    };
    // A first message may have found that the other side had begun the conversation already.
    let conversation = current(client, ask, conversation).await?;
    Ok(json!({"message_id": message, "conversation_id": conversation}))
}

/// A sticker goes out as a file, with what is seen on it.
async fn send_sticker(client: &Person, ask: &Ask, (pack, name): (&str, &str)) -> anyhow::Result<Value> {
    let packs = client.stickers().await?;
    let rows = |of: &Value, member: &str| of[member].as_array().cloned().unwrap_or_default();
    let found = rows(&packs, "packs").into_iter().find(|each| each["key"] == *pack);
    let found =
        found.with_context(|| format!("there is no pack {pack:?}: plaza person stickers lists them"))?;
    let sticker = rows(&found, "stickers").into_iter().find(|each| each["name"] == *name);
    let sticker = sticker.with_context(|| format!("the pack {pack:?} has no sticker {name:?}"))?;
    if found["may_use"] != true {
        let plans: Vec<_> =
            rows(&found, "plans").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        bail!("the pack {pack:?} is not yours: {} has it, see plaza person store", plans.join(" or "));
    }
    // All of the pack: the server is not to learn which one is sent.
    let mut file = Vec::new();
    for each in rows(&found, "stickers") {
        let each = each["name"].as_str().unwrap_or_default();
        let picture = client.sticker(pack, each).await?;
        if each == name {
            file = picture;
        }
    }
    let text = sticker["text"].as_str().unwrap_or_default();
    let conversation = recipient(client, ask).await?;
    let of = ("image/webp", "", text);
    let message = client.send_file(conversation, file, of, false, SENT_WITHIN).await?;
    Ok(json!({"message_id": message, "conversation_id": current(client, ask, conversation).await?}))
}

/// The answer of a form with its files, uploaded.
async fn with_files(
    client: &Person,
    mut answer: plaza_client::Answer,
    files: &[FieldFile],
) -> anyhow::Result<plaza_client::Answer> {
    if let plaza_client::Answer::Form { response, files: carried } = &mut answer {
        for one in files {
            let (file, name) = one.read().await?;
            let mime_type = mime_guess::from_path(&one.path).first_or_octet_stream();
            let (attachment, mut told) = client.form_file(file, mime_type.essence_str()).await?;
            told["file_name"] = json!(name);
            one.put(response, told)?;
            carried.push(attachment);
        }
    }
    Ok(answer)
}

/// Where a message goes.
async fn recipient(client: &Person, ask: &Ask) -> anyhow::Result<ConversationId> {
    match (&ask.to, ask.group) {
        (Some(to), _) => {
            let opened = timeout(SENT_WITHIN, client.open_number(to)).await;
            Ok(opened.map_err(|_| ClientError::TimedOut)??)
        }
        (None, Some(group)) => {
            let is_known = client.with(move |machine, _| Ok(machine.conversation(group).is_some())).await?;
            if is_known { Ok(group) } else { bail!("this device knows no such group") }
        }
        (None, None) => bail!("the number or the group to write to is missing"),
    }
}

async fn current(client: &Person, ask: &Ask, opened: ConversationId) -> Result<String, ClientError> {
    let Some(number) = &ask.to else { return Ok(opened.to_string()) };
    let conversations = client.conversations().await?;
    Ok(conversations
        .into_iter()
        .find(|conversation| conversation.number == *number)
        .map_or_else(|| opened.to_string(), |conversation| conversation.id))
}

/// Follows the link of a group, and waits until the device is in it.
async fn join_group(client: &Person, code: &str) -> anyhow::Result<Value> {
    let mut updates = client.updates();
    let answer = client.ask_group(GroupAsk::Join { code: code.to_owned() }, SENT_WITHIN).await?;
    let GroupAnswer::Joined { conversation_id } = answer else {
        return Ok(serde_json::to_value(answer)?);
    };
    let entered = async {
        loop {
            let view = client
                .with(move |machine, _| {
                    let is_ready = machine.group(conversation_id).is_some_and(|group| group.is_ready());
                    Ok(machine.conversation(conversation_id).filter(|_| is_ready))
                })
                .await?;
            if let Some(view) = view {
                return Ok::<_, ClientError>(view);
            }
            if matches!(updates.recv().await, Err(RecvError::Closed)) {
                return Err(ClientError::Closed);
            }
        }
    };
    let view = timeout(SENT_WITHIN, entered).await.map_err(|_| ClientError::TimedOut)??;
    Ok(json!({"state": "joined", "conversation_id": conversation_id, "subject": view.title}))
}

/// Lets the process that listens do it.
async fn hand_over(home: &Path, ask: &Ask) -> anyhow::Result<Value> {
    let stream =
        UnixStream::connect(home.join(CONTROL)).await.context("the process that uses it does not listen")?;
    let (reader, mut writer) = stream.into_split();
    writer.write_all(format!("{}\n", serde_json::to_string(ask)?).as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(reader).read_line(&mut answer).await?;
    let answer: Value = serde_json::from_str(&answer).context("the process that listens did not answer")?;
    match answer["error"].as_str() {
        Some(error) => bail!("{error}"),
        None => Ok(answer),
    }
}
