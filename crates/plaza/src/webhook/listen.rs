//! # `plaza webhook listen`
//!
//! Opens a listener on the server, asks it for what there is, and posts each delivery to a program on this machine: the
//! body to the byte and the headers as the server gives them, so that the program checks the signature as it would in
//! production. After a 2xx the server is told; before that nothing is forgotten.
//!
//! A program that is away is waited for, and nothing is taken from the server meanwhile. One that answers with an error
//! is asked again after a second, two, five, then every ten; meanwhile other people's events go on, and those of the
//! same person wait their turn. At the end (Ctrl-C, `--count`, `--timeout-s`) what is under way is finished and the
//! listener is ended, or left with `--keep`, to be taken up again with `--listener`.

use super::{Access, Console, Refused, told, word};
use crate::output;
use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Deliveries that are taken at once: few, so that the lease outlasts a slow program.
const TAKE: usize = 5;
/// How long the server is asked to wait for something to come.
const WAIT_S: u64 = 25;
/// How long the program may take for an answer; five of them fit into the lease.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often is looked whether a program that is away is back.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A listener whose program is away says from time to time that it is still there.
const ASK_EVERY: Duration = Duration::from_secs(300);
/// The pauses while the server does not answer.
const AGAIN_FIRST: Duration = Duration::from_millis(200);
const AGAIN_LAST: Duration = Duration::from_secs(5);
/// How long the server is asked, at the end, to end the listener.
const END_WITHIN: Duration = Duration::from_secs(5);
/// Characters of the program's answer that are sent to the server.
const ANSWER_CHARACTERS_MAX: usize = 2000;

#[derive(Debug, Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    access: Access,
    /// The account.
    #[arg(long, value_name = "ID", required_unless_present = "listener")]
    waba: Option<String>,
    /// The app whose secret signs. Default: the token's.
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// Only these fields, for example messages; repeat it for several.
    #[arg(long = "field", value_name = "NAME")]
    fields: Vec<String>,
    /// Where the program is.
    #[arg(long, value_name = "http://127.0.0.1:3000/hook")]
    forward_to: Url,
    /// Leave the listener on the server at the end: what happens until it is taken up again waits for it, up to 7 days.
    #[arg(long)]
    keep: bool,
    /// Take up a listener that was left.
    #[arg(long, value_name = "whl_…", conflicts_with_all = ["waba", "app", "fields"])]
    listener: Option<String>,
    /// Stop after so many deliveries.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Stop after so many seconds; exit code 1 if --count was not reached.
    #[arg(long, value_name = "S")]
    timeout_s: Option<u64>,
}

pub(super) async fn run(command: Listen) -> anyhow::Result<ExitCode> {
    let console = command.access.console().await?;
    let opened = match &command.listener {
        Some(id) => {
            let path = format!("webhook-listeners/{}/open", word(id)?);
            console.post(&path, &json!({"keep": command.keep})).await?
        }
        None => {
            let body = json!({"waba_id": command.waba, "app_id": command.app, "fields": command.fields,
                "keep": command.keep});
            console.post("webhook-listeners", &body).await?
        }
    };
    let id = opened["listener_id"].as_str().context("the server's answer has another form")?.to_owned();
    let program =
        reqwest::Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWER_WITHIN).build()?;
    let mut listener = Listener {
        console,
        program,
        id,
        forward_to: command.forward_to.clone(),
        is_json: command.access.json,
        left: command.count,
        stop: until_told(command.timeout_s)?,
    };
    listener.say(&json!({
        "event": "ready", "listener_id": listener.id, "waba_id": opened["waba_id"],
        "forward_to": listener.forward_to.as_str(),
    }));
    let outcome = listener.work().await;
    let ended = if command.keep { Ok(()) } else { listener.end().await };
    outcome.and(ended)?;
    Ok(if listener.left.unwrap_or(0) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Turns true when it is time to stop.
fn until_told(timeout_s: Option<u64>) -> anyhow::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        let timed_out = async {
            match timeout_s {
                Some(seconds) => sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = timed_out => {}
        }
        tell.send_replace(true);
    });
    Ok(told)
}

struct Listener {
    console: Console,
    program: reqwest::Client,
    id: String,
    forward_to: Url,
    is_json: bool,
    /// Deliveries until it stops.
    left: Option<usize>,
    stop: watch::Receiver<bool>,
}

/// What came of a round.
#[derive(Debug, Default)]
struct Round {
    outcomes: Vec<Value>,
    untried: Vec<Value>,
    /// The program does not take connections, and this is what was said.
    away: Option<String>,
}

impl Listener {
    fn is_over(&self) -> bool {
        *self.stop.borrow() || self.left == Some(0)
    }

    async fn work(&mut self) -> anyhow::Result<()> {
        while !self.is_over() {
            let take = TAKE.min(self.left.unwrap_or(TAKE));
            let body = json!({"limit": take, "timeout_s": WAIT_S});
            let Some(taken) = self.ask("take", &body).await? else { return Ok(()) };
            let taken = taken["data"].as_array().cloned().unwrap_or_default();
            if taken.is_empty() {
                continue;
            }
            let round = self.round(taken).await;
            let said = json!({"outcomes": round.outcomes, "untried": round.untried});
            self.insist("outcomes", &said).await?;
            if let Some(error) = round.away {
                self.wait_for_program(&error).await?;
            }
        }
        Ok(())
    }

    /// Hands deliveries on, one after the other. Behind a failed one the rest of its lane waits, behind an absent
    /// program everything does.
    async fn round(&mut self, taken: Vec<Value>) -> Round {
        let (mut round, mut stuck) = (Round::default(), BTreeSet::new());
        for delivery in taken {
            let lane = delivery["lane"].as_str().unwrap_or_default().to_owned();
            if round.away.is_some() || stuck.contains(&lane) || self.is_over() {
                round.untried.push(delivery["delivery_id"].clone());
                continue;
            }
            let (outcome, is_away) = self.hand_on(&delivery).await;
            if outcome["error"].is_null() {
                self.left = self.left.map(|left| left.saturating_sub(1));
            } else {
                stuck.insert(lane);
            }
            if is_away {
                round.away = outcome["error"].as_str().map(str::to_owned);
            }
            round.outcomes.push(outcome);
        }
        round
    }

    /// One call of the program: what came of it, and whether the program is away.
    async fn hand_on(&self, delivery: &Value) -> (Value, bool) {
        let body = delivery["body"].as_str().unwrap_or_default().to_owned();
        let what = told("", &body);
        let mut request = self.program.post(self.forward_to.clone()).body(body);
        for (name, value) in delivery["headers"].as_object().into_iter().flatten() {
            request = request.header(name.as_str(), value.as_str().unwrap_or_default());
        }
        let began = Instant::now();
        let answered = request.send().await;
        let (status, error, answer, is_away) = match answered {
            Ok(response) => {
                let status = response.status();
                let answer = response.text().await.unwrap_or_default();
                let error =
                    (!status.is_success()).then(|| format!("the program answered {}", status.as_u16()));
                (Some(status.as_u16()), error, answer, false)
            }
            Err(error) if error.is_timeout() => {
                let what = format!("the program did not answer within {} s", ANSWER_WITHIN.as_secs());
                (None, Some(what), String::new(), false)
            }
            Err(error) if error.is_connect() => {
                (None, Some("nobody listens there".to_owned()), String::new(), true)
            }
            Err(_) => (None, Some("the connection broke".to_owned()), String::new(), false),
        };
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.say(&json!({
            "event": "delivery", "delivery_id": delivery["delivery_id"], "what": what,
            "attempt": delivery["attempt"], "status": status, "ms": ms, "error": error,
        }));
        let answer: String = answer.chars().take(ANSWER_CHARACTERS_MAX).collect();
        let outcome = json!({
            "delivery_id": delivery["delivery_id"], "status": status, "duration_ms": ms, "error": error,
            "answer": answer,
        });
        (outcome, is_away)
    }

    /// Waits until somebody listens at the address again, and tells the server that the listener is still there.
    async fn wait_for_program(&mut self, error: &str) -> anyhow::Result<()> {
        let host = self.forward_to.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.forward_to.port_or_known_default().unwrap_or(80);
        self.say(&json!({"event": "waiting", "for": self.forward_to.as_str(), "error": error}));
        let mut asked = Instant::now();
        while !self.is_over() {
            if TcpStream::connect((host.as_str(), port)).await.is_ok() {
                return Ok(());
            }
            if asked.elapsed() >= ASK_EVERY {
                asked = Instant::now();
                self.ask("take", &json!({"limit": 0})).await?;
            }
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        Ok(())
    }

    /// Asks the server until it answers; `None`: it is time to stop.
    async fn ask(&mut self, what: &str, body: &Value) -> anyhow::Result<Option<Value>> {
        let path = format!("webhook-listeners/{}/{what}", self.id);
        let (mut pause, mut stop) = (AGAIN_FIRST, self.stop.clone());
        loop {
            let answer = tokio::select! {
                answer = self.console.post(&path, body) => answer,
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            };
            match answer {
                Ok(answer) => return Ok(Some(answer)),
                Err(Refused::Said(said)) => bail!(said),
                Err(error) if pause == AGAIN_FIRST => {
                    self.say(
                        &json!({"event": "waiting", "for": self.console.base, "error": error.to_string()}),
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
            pause = (pause * 2).min(AGAIN_LAST);
        }
    }

    /// Says something to the server also when it is time to stop, if it answers soon then.
    async fn insist(&mut self, what: &str, body: &Value) -> anyhow::Result<()> {
        if self.ask(what, body).await?.is_some() {
            return Ok(());
        }
        let path = format!("webhook-listeners/{}/{what}", self.id);
        // Not heard: the server hands these out again, which is better than to be lost.
        let _ = timeout(END_WITHIN, self.console.post(&path, body)).await;
        Ok(())
    }

    async fn end(&self) -> anyhow::Result<()> {
        let path = format!("webhook-listeners/{}", self.id);
        let until = Instant::now() + END_WITHIN;
        let ended = tokio::select! {
            ended = self.console.call(Method::DELETE, &path, None) => ended,
            () = sleep_until(until) => bail!("the server did not end the listener; it ends by itself in an hour"),
        };
        let ended = ended.context("the listener ends by itself in an hour")?;
        self.say(&json!({"event": "ended", "listener_id": self.id, "given_up": ended["given_up"]}));
        Ok(())
    }

    /// A line for scripts or for people.
    fn say(&self, event: &Value) {
        if self.is_json {
            return output::line(event);
        }
        let text = |member: &str| event[member].as_str().unwrap_or_default();
        output::line(match text("event") {
            "ready" => format!(
                "Listening as {}, handing on to {}. Ctrl-C ends it.",
                text("listener_id"),
                text("forward_to")
            ),
            "waiting" => format!("Waiting for {}: {}.", text("for"), text("error")),
            "ended" => match event["given_up"].as_u64() {
                Some(0) | None => "Ended.".to_owned(),
                Some(count) => format!(
                    "Ended; {count} were not handed on. They are among the dead letters of {}.",
                    text("listener_id")
                ),
            },
            _ => format!(
                "{:24} {} {:>6} ms  {}  {}",
                text("what"),
                event["status"].as_u64().map_or_else(|| "---".to_owned(), |status| status.to_string()),
                event["ms"],
                text("delivery_id"),
                text("error"),
            ),
        });
    }
}
