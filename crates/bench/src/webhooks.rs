//! # Webhooks: how fast, and what a sick endpoint costs the others
//!
//! **One endpoint**: events gather while it fails; then it is well, the sandbox's clock moves past every pause, and the
//! time until the last one has come is measured: with one update a call, and with up to a thousand.
//!
//! **Ten endpoints** of ten businesses, each of which sends at its own steady beat: at first all are well, then the
//! tenth hangs (it takes every call and answers none), then all are well again, then the tenth answers 500, then all
//! are well once more, then the tenth sends nothing, then all are well. What counts is how long after the answer to a
//! send the other nine hear of it; the phases in which all are well are what the others are compared with, in the same
//! run. The silent phase tells what less work alone does to a machine that must wake up for each send: only what a
//! sick endpoint adds beyond it is its doing.

use crate::Options;
use crate::cloud_api::{self, Business};
use crate::http::{Http, challenge, read_body, read_head};
use crate::load::{Latency, microseconds};
use crate::people::{self, Person};
use crate::process::Server;
use crate::report::{Better, Report, progress};
use anyhow::{Context as _, bail};
use serde_json::json;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// Events that gather for one endpoint.
const EVENTS: usize = 5000;
/// Calls that make them, at a time.
const CALLERS: usize = 64;
/// People who are written to. They are away: each send is told once.
const PEOPLE: usize = 20;
const ENDPOINTS: usize = 10;
/// Each of the ten businesses sends so many a second.
const SENDS_PER_SECOND: u32 = 10;
/// A phase of the ten lasts so many steps of the load: long enough for calls that hang to run into their timeout.
const STEPS_PER_PHASE: u32 = 3;
/// Longer than any pause between two attempts.
const PAST_EVERY_PAUSE_S: u64 = 5 * 3600;
/// Everything has come within this time.
const COMES_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const UPDATES_IN_A_CALL: [u32; 2] = [1, 1000];
/// Connections of an endpoint at a time.
const CONNECTIONS_MAX: usize = 64;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let server = Server::start(options.database_url()).await?;
    let people = people::register(&people::ctx(), server.address(), PEOPLE).await?;
    for updates_max in UPDATES_IN_A_CALL {
        one_endpoint(options, report, &server, &people, updates_max).await?;
    }
    ten_endpoints(options, report, &server, &people).await
}

/// What an endpoint does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// It takes the call, and answers nothing.
    Hangs,
    /// It answers 500.
    Fails,
    /// Its business sends nothing.
    Silent,
}

/// An endpoint that notes when it heard of which message.
#[derive(Debug)]
struct Endpoint {
    address: SocketAddr,
    health: watch::Sender<Health>,
    heard: Arc<Mutex<HashMap<String, Instant>>>,
    task: AbortHandle,
}

impl Endpoint {
    async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening for webhooks")?;
        let address = listener.local_addr()?;
        let (health, seen) = watch::channel(Health::Well);
        let heard = Arc::new(Mutex::new(HashMap::new()));
        let notes = heard.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                if connections.len() >= CONNECTIONS_MAX {
                    connections.join_next().await;
                }
                connections.spawn(serve(stream, seen.clone(), notes.clone()));
            }
        });
        Ok(Self { address, health, heard, task: task.abort_handle() })
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn count(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until it has heard of so many messages.
    async fn hears(&self, count: usize) -> anyhow::Result<()> {
        let until = Instant::now() + COMES_WITHIN;
        while self.count() < count {
            if Instant::now() > until {
                bail!("an endpoint heard of {} messages of {count}", self.count());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one connection until it ends.
async fn serve(
    mut stream: TcpStream,
    mut health: watch::Receiver<Health>,
    heard: Arc<Mutex<HashMap<String, Instant>>>,
) {
    // Without it, the head and the body of a call would wait for each other.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Ok(head) = read_head(&mut stream, &mut buffer).await {
        let Ok(body) = read_body(&mut stream, &mut buffer, &head).await else { return };
        let answer = challenge(&head).unwrap_or("ok");
        let now = Instant::now();
        let state = *health.borrow();
        let status = match state {
            Health::Hangs => {
                // Until somebody mends it; the caller has gone away by then.
                let _ = health.wait_for(|health| *health != Health::Hangs).await;
                return;
            }
            Health::Fails => "500 Internal Server Error",
            Health::Well | Health::Silent => "200 OK",
        };
        if state == Health::Well {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            for id in messages_in(&body) {
                heard.entry(id).or_insert(now);
            }
        }
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The messages that a body tells of, found in the bytes: reading all of the JSON would cost more than writing it did.
fn messages_in(body: &[u8]) -> Vec<String> {
    const MEMBER: &str = "\"id\":\"wamid.";
    let text = String::from_utf8_lossy(body);
    let ids = text.split(MEMBER).skip(1).filter_map(|rest| rest.split('"').next());
    ids.map(|id| format!("wamid.{id}")).collect()
}

/// The sandbox's clock goes past every pause.
async fn past_every_pause(server: SocketAddr) -> anyhow::Result<()> {
    let mut http = Http::connect(server).await?;
    let advance = json!({"advance_s": PAST_EVERY_PAUSE_S});
    http.post("/_sandbox/clock", &advance).await?.json().context("moving the clock").map(drop)
}

async fn one_endpoint(
    options: &Options,
    report: &mut Report,
    server: &Server,
    people: &[Person],
    updates_max: u32,
) -> anyhow::Result<()> {
    let (business, endpoint) = (Business::create(server.address()).await?, Endpoint::open().await?);
    business.subscribe(server.address(), &endpoint.url(), updates_max).await?;
    // The first message to each person opens the conversation.
    let mut sent = send(server.address(), &business, people, people.len(), 1).await?.len();
    endpoint.hears(sent).await?;
    endpoint.health.send_replace(Health::Fails);
    sent += send(server.address(), &business, people, EVENTS, CALLERS).await?.len();
    let before = endpoint.count();
    let (meter, cpu_seconds) = (server.meter(), server.meter().cpu_seconds()?);
    endpoint.health.send_replace(Health::Well);
    let began = Instant::now();
    past_every_pause(server.address()).await?;
    endpoint.hears(sent).await?;
    let (took, count) = (began.elapsed().as_secs_f64(), (sent - before) as f64);
    let cpu_us = (meter.cpu_seconds()? - cpu_seconds) * 1e6 / count;
    let work = match updates_max {
        1 => "one endpoint, one update a call".to_owned(),
        many => format!("one endpoint, up to {many} updates a call"),
    };
    progress(format!("{work}: {:.0}/s, {cpu_us:.0} µs", count / took));
    report.section(options.subject(), work).add("delivered", "webhooks/s", Better::Higher, count / took).add(
        "server CPU per webhook",
        "µs",
        Better::Lower,
        cpu_us,
    );
    Ok(())
}

/// Makes so many sends, so many at a time: the ids, with the moments of their answers.
async fn send(
    server: SocketAddr,
    business: &Business,
    people: &[Person],
    count: usize,
    at_once: usize,
) -> anyhow::Result<Vec<(String, Instant)>> {
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(people.iter().map(cloud_api::template_to).collect());
    let mut tasks = JoinSet::new();
    for lane in 0..at_once {
        let (mut http, path, bodies) = (business.calls(server).await?, business.path(), bodies.clone());
        let mine = count / at_once + usize::from(lane < count % at_once);
        tasks.spawn(async move {
            let mut sent = Vec::with_capacity(mine);
            for body in bodies.iter().cycle().skip(lane).take(mine) {
                let id = cloud_api::accepted_id(&http.post_bytes(&path, body).await?)?;
                sent.push((id, Instant::now()));
            }
            anyhow::Ok(sent)
        });
    }
    let mut sent = Vec::with_capacity(count);
    while let Some(lane) = tasks.join_next().await {
        sent.extend(lane??);
    }
    Ok(sent)
}

/// A business with its endpoint.
struct Shop {
    business: Business,
    endpoint: Endpoint,
    /// Sends so far.
    sent: usize,
}

async fn ten_endpoints(
    options: &Options,
    report: &mut Report,
    server: &Server,
    people: &[Person],
) -> anyhow::Result<()> {
    let people = people.get(..2).unwrap_or(people);
    let mut shops = Vec::with_capacity(ENDPOINTS);
    for _ in 0..ENDPOINTS {
        let (business, endpoint) = (Business::create(server.address()).await?, Endpoint::open().await?);
        business.subscribe(server.address(), &endpoint.url(), 1).await?;
        let sent = send(server.address(), &business, people, people.len(), 1).await?.len();
        shops.push(Shop { business, endpoint, sent });
    }
    let lasting = options.lasting() * STEPS_PER_PHASE;
    let mut well = Vec::new();
    well.extend(phase(server.address(), &mut shops, people, lasting, Health::Well).await?);
    let hangs = phase(server.address(), &mut shops, people, lasting, Health::Hangs).await?;
    well.extend(phase(server.address(), &mut shops, people, lasting, Health::Well).await?);
    let fails = phase(server.address(), &mut shops, people, lasting, Health::Fails).await?;
    well.extend(phase(server.address(), &mut shops, people, lasting, Health::Well).await?);
    let silent = phase(server.address(), &mut shops, people, lasting, Health::Silent).await?;
    well.extend(phase(server.address(), &mut shops, people, lasting, Health::Well).await?);
    let well = Latency::new(well);
    for (work, latency) in [
        ("ten endpoints, all well", None),
        ("ten endpoints, one hangs", Some(Latency::new(hangs))),
        ("ten endpoints, one answers 500", Some(Latency::new(fails))),
        ("ten endpoints, one has nothing to hear", Some(Latency::new(silent))),
    ] {
        let of_the_nine = latency.as_ref().unwrap_or(&well);
        let (p50, p99) = (of_the_nine.at(500), of_the_nine.at(990));
        progress(format!("{work}: p50 {p50:.2} ms, p99 {p99:.2} ms"));
        let mut section = report.section(options.subject(), work);
        section.add("told after the answer, p50", "ms", Better::Lower, p50).add(
            "told after the answer, p99",
            "ms",
            Better::Lower,
            p99,
        );
        if latency.is_some() {
            section.add("added to p50", "%", Better::Lower, (p50 / well.at(500) - 1.0) * 100.0).add(
                "added to p99",
                "%",
                Better::Lower,
                (p99 / well.at(990) - 1.0) * 100.0,
            );
        }
    }
    Ok(())
}

/// All businesses send for a while, the last one's endpoint in this health. How long the others waited for their
/// webhooks; afterwards the last one is well and has heard everything.
async fn phase(
    server: SocketAddr,
    shops: &mut [Shop],
    people: &[Person],
    lasting: Duration,
    health: Health,
) -> anyhow::Result<Vec<u32>> {
    let Some(last) = shops.len().checked_sub(1) else { bail!("there are no businesses") };
    if let Some(shop) = shops.get(last) {
        shop.endpoint.health.send_replace(health);
    }
    let beat = Duration::from_secs(1) / SENDS_PER_SECOND;
    let until = Instant::now() + lasting;
    let mut tasks = JoinSet::new();
    let senders = if health == Health::Silent { last } else { shops.len() };
    for (place, shop) in shops.iter().enumerate().take(senders) {
        let (http, path) = (shop.business.calls(server).await?, shop.business.path());
        let bodies = people.iter().map(cloud_api::template_to).collect();
        // The beats are spread evenly.
        let first = Instant::now() + beat * u32::try_from(place)? / u32::try_from(ENDPOINTS)?;
        tasks.spawn(
            async move { anyhow::Ok((place, steadily(http, path, bodies, first, beat, until).await?)) },
        );
    }
    let mut sent = Vec::with_capacity(senders);
    while let Some(one) = tasks.join_next().await {
        sent.push(one??);
    }
    if let Some(shop) = shops.get(last).filter(|_| health != Health::Well) {
        shop.endpoint.health.send_replace(Health::Well);
        past_every_pause(server).await?;
    }
    let mut latencies = Vec::new();
    for (place, sent) in sent {
        let shop = shops.get_mut(place).context("a business is missing")?;
        shop.sent += sent.len();
        shop.endpoint.hears(shop.sent).await?;
        let heard = shop.endpoint.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if place != last {
            let waited = |(id, answered): &(String, Instant)| {
                Some(heard.get(id)?.saturating_duration_since(*answered))
            };
            latencies.extend(sent.iter().filter_map(waited).map(microseconds));
        }
    }
    Ok(latencies)
}

/// One business's sends.
async fn steadily(
    mut http: Http,
    path: String,
    bodies: Vec<Vec<u8>>,
    first: Instant,
    beat: Duration,
    until: Instant,
) -> anyhow::Result<Vec<(String, Instant)>> {
    let (mut sent, mut next) = (Vec::new(), first);
    for body in bodies.iter().cycle() {
        if next >= until {
            break;
        }
        sleep_until(next).await;
        let id = cloud_api::accepted_id(&http.post_bytes(&path, body).await?)?;
        sent.push((id, Instant::now()));
        next += beat;
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_notes_what_it_heard_when_it_was_well() {
        let endpoint = Endpoint::open().await.unwrap();
        let mut http = Http::connect(endpoint.address).await.unwrap();
        assert_eq!(http.get("/?hub.challenge=4711&hub.verify_token=t").await.unwrap().body, b"4711");
        endpoint.health.send_replace(Health::Fails);
        let body = json!({"statuses": [{"id": "wamid.A"}, {"id": "wamid.B"}], "id": "17"});
        assert_eq!(http.post("/", &body).await.unwrap().status, 500);
        assert_eq!(endpoint.count(), 0);
        endpoint.health.send_replace(Health::Well);
        for _ in 0..2 {
            assert_eq!(http.post("/", &body).await.unwrap().status, 200);
        }
        assert_eq!(endpoint.count(), 2);
        endpoint.hears(2).await.unwrap();
    }
}
