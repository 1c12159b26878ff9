//! The people of the demo: they answer whoever writes to them, chat with each other, and order bread.

use super::BAKERY;
use plaza_client::machine::Event;
use plaza_client_native::{Client, Home, MachineClock, Options, SqliteStore, Update, register};
use plaza_protocol::content::Body;
use plaza_protocol::{AccountId, ConversationId, Ctx, RandomIds};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

struct Script {
    name: &'static str,
    number: &'static str,
    about: &'static str,
    /// Who is written to on the first day, and what.
    opening: (&'static str, &'static str),
    /// What a stranger hears, in turn.
    answers: &'static [&'static str],
}

const PEOPLE: [Script; 3] = [
    Script {
        name: "Ana Paz",
        number: "+999100001",
        about: "Photographer, always on her way",
        opening: ("+999100002", "Are we still on for the market on Saturday?"),
        answers: &[
            "Hello! I'm Ana. Good to see somebody new on the plaza.",
            "I'm out taking pictures, but I read everything.",
            "Have you tried the bakery? Write “order” to it.",
        ],
    },
    Script {
        name: "Ben Okafor",
        number: "+999100002",
        about: "Cooks for a living, talks for fun",
        opening: ("+999100003", "I have two tickets for tonight. Coming?"),
        answers: &[
            "Hey, Ben here. What's cooking?",
            "Nobody but us two can read this. Not even the server.",
            "Try closing the page and coming back: nothing is lost.",
        ],
    },
    Script {
        name: "Chloé Martin",
        number: "+999100003",
        about: "Runs the book stall in the corner",
        opening: (BAKERY, "order"),
        answers: &[
            "Bonjour! This is Chloé, from the book stall.",
            "Put a long message into the box, it grows with you.",
            "The operator sees charges for the bakery's messages, but never ours.",
        ],
    },
];

/// The pause between two moments of the trickle.
const MOMENT: Duration = Duration::from_secs(25);
/// Before somebody answers.
const THINKING: Duration = Duration::from_millis(900);

/// A person of the demo.
pub(super) struct Resident {
    script: &'static Script,
    client: Client<SqliteStore>,
    account: AccountId,
    /// Keeps the folder.
    _home: Home,
}

impl Resident {
    /// What the front page shows.
    pub(super) fn card(&self) -> Value {
        json!({"name": self.script.name, "number": self.script.number, "about": self.script.about})
    }
}

/// Registers them, or finds them as they were.
pub(super) async fn open(url: &str, folder: &Path) -> anyhow::Result<Vec<Resident>> {
    let ctx = Ctx::system(Arc::new(MachineClock), Arc::new(RandomIds::default()));
    let mut residents = Vec::new();
    for script in &PEOPLE {
        let home = Home::open(&ctx, &folder.join(script.number.trim_start_matches('+'))).await?;
        let is_new = home.machine().await.is_err();
        if is_new {
            let code = async || Some("000000".to_owned());
            let mut machine = register(&ctx, url, script.number, script.name, code).await?;
            home.keep(url, &mut machine).await?;
        }
        let (machine, _) = home.machine().await?;
        let account = machine.session().account;
        let options = Options {
            reconnect_first: Duration::from_millis(200),
            reconnect_last: Duration::from_secs(5),
            ..Options::new(url)
        };
        let client = Client::start(&ctx, options, machine, Arc::new(home.store().clone()));
        residents.push((is_new, Resident { script, client, account, _home: home }));
    }
    for (_, resident) in residents.iter().filter(|(is_new, _)| *is_new) {
        let (to, text) = resident.script.opening;
        let conversation = resident.client.open_number(to).await?;
        resident.client.send_text(conversation, text).await?;
    }
    Ok(residents.into_iter().map(|(_, resident)| resident).collect())
}

/// Lets them live until the task is dropped.
pub(super) async fn live(residents: Vec<Resident>) {
    let own: Arc<[AccountId]> = residents.iter().map(|resident| resident.account).collect();
    let mut lives = JoinSet::new();
    let mut trickle = Vec::new();
    for resident in &residents {
        lives.spawn(answer(resident.client.clone(), resident.script, own.clone()));
        trickle.push(resident.client.clone());
    }
    for turn in 0_usize.. {
        sleep(MOMENT).await;
        if let Some(client) = trickle.get(turn % trickle.len()) {
            let (to, text) = moment(turn);
            if let Ok(conversation) = client.open_number(to).await {
                let _ = client.send_text(conversation, text).await;
            }
        }
    }
}

/// What happens in a turn: mostly bread, sometimes talk.
fn moment(turn: usize) -> (&'static str, &'static str) {
    match turn % 6 {
        0 | 3 => (BAKERY, "order"),
        1 => (BAKERY, "hours"),
        2 => ("+999100001", "Look at the light on the square just now!"),
        4 => (BAKERY, "thanks!"),
        _ => ("+999100002", "See you at six."),
    }
}

/// Reads what comes and answers strangers; the others of the demo are read only, or they would never stop.
async fn answer(client: Client<SqliteStore>, script: &'static Script, own: Arc<[AccountId]>) {
    let mut updates = client.updates();
    let mut answers = script.answers.iter().cycle();
    loop {
        match updates.recv().await {
            Ok(Update::Event(Event::Received { conversation, message })) => {
                sleep(THINKING).await;
                let _ = client.mark_read(conversation).await;
                let is_business = is_business(&client, message.account).await;
                let is_text = matches!(message.content.body, Some(Body::Text(_)));
                if is_text && !is_business && !own.contains(&message.account) {
                    reply(&client, conversation, answers.next().copied().unwrap_or("Hello!")).await;
                }
            }
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

async fn is_business(client: &Client<SqliteStore>, account: AccountId) -> bool {
    let known = client
        .with(move |machine, _| Ok(machine.contact(account).is_some_and(|contact| contact.is_business)));
    known.await.unwrap_or(false)
}

async fn reply(client: &Client<SqliteStore>, conversation: ConversationId, text: &'static str) {
    let typing = move |on| {
        client.with(move |machine, ctx| {
            machine.typing(ctx, conversation, on);
            Ok(())
        })
    };
    let _ = typing(true).await;
    sleep(THINKING * 2).await;
    let _ = client.send_text(conversation, text).await;
    let _ = typing(false).await;
}
