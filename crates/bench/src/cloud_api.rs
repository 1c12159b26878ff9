//! # Cloud API: paid sends of a business
//!
//! A business made over the operator's surface sends an approved template to 50 connected people, as many calls at a
//! time as a busy integration makes. Each send is accepted, held, encrypted by the gateway, delivered, acknowledged,
//! charged, and told by two webhooks (`sent`, `delivered`), which a sink on loopback takes. The rate counts until the
//! last message is charged; then the operator's report is asked whether each was charged once.

use crate::Options;
use crate::http::{Answer, Http, Sink};
use crate::load::{Latency, microseconds};
use crate::people::{self, Person};
use crate::process::Server;
use crate::report::{Better, Report, progress};
use crate::socket::{Incoming, Socket, source};
use anyhow::{Context as _, bail};
use plaza_protocol::wire;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

const PEOPLE: usize = 50;
const AT_ONCE: [usize; 2] = [32, 64];
const TEMPLATE: &str = "bench_order_update";
/// What the business starts with: more than it can spend.
const CREDIT: &str = "1000000.00";
/// All that was sent must be delivered and charged within this time after the last call.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
/// And told by webhooks within this time more.
const TOLD_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Webhooks that tell of each message: sent, delivered.
const STATUSES_PER_MESSAGE: u64 = 2;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let server = Server::start(options.database_url()).await?;
    let sink = Sink::start().await?;
    let business = Business::create(server.address()).await?;
    business.subscribe(server.address(), &sink.url(), 1).await?;
    let people = people::register(&people::ctx(), server.address(), PEOPLE).await?;
    let mut crowd = Crowd::gather(server.address(), people).await?;
    let mut stage = Stage { business, server, crowd: crowd.arrived.clone(), sink, accepted: 0 };
    // The first message to each person opens the conversation: that is not what is measured.
    stage.send(&crowd.people, PEOPLE, Pace::Each(1)).await?;
    stage.settle(&mut crowd).await?;
    let mut best: f64 = 0.0;
    for at_once in AT_ONCE {
        let rate = stage.measure(options, report, &mut crowd, at_once, None).await?;
        best = best.max(rate);
    }
    let at_once = AT_ONCE.into_iter().max().unwrap_or(1);
    stage.measure(options, report, &mut crowd, at_once, Some(best / 2.0)).await?;
    let charged = stage.business.charged(&mut stage.business.operator(stage.server.address()).await?).await?;
    if charged != stage.accepted {
        bail!("{} messages were delivered, and {charged} charged", stage.accepted);
    }
    Ok(())
}

/// A business that may send, and who asks about it.
#[derive(Debug, Clone)]
pub(crate) struct Business {
    operator_token: String,
    access_token: String,
    waba_id: String,
    phone_number_id: String,
    /// What was charged before on this database.
    charged_before: u64,
}

impl Business {
    /// Creates it with an approved template.
    pub(crate) async fn create(server: SocketAddr) -> anyhow::Result<Self> {
        let mut http = Http::connect(server).await?;
        let session = http.get("/_sandbox/session").await?.json()?;
        let operator_token = text(&session, "operator_token")?;
        http.authorize(&operator_token);
        let business = json!({"name": "Bench Bakery", "number": people::business_number(&people::ctx()), "credit": CREDIT});
        let business = http
            .post("/operator/api/businesses", &business)
            .await?
            .json()
            .context("creating the business")?;
        let (waba_id, access_token) = (text(&business, "waba_id")?, text(&business, "access_token")?);
        let mut graph = Http::connect(server).await?;
        graph.authorize(&access_token);
        let template = json!({
            "name": TEMPLATE, "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way.",
                "example": {"body_text": [["Ana", "17"]]}}],
        });
        let template = graph.post(&format!("/v23.0/{waba_id}/message_templates"), &template).await?.json()?;
        if template["status"] != "APPROVED" {
            let approve = format!("/operator/api/templates/{}/approve", text(&template, "id")?);
            http.post(&approve, &json!({})).await?.json().context("approving the template")?;
        }
        let phone_number_id = text(&business, "phone_number_id")?;
        let mut business = Self { operator_token, access_token, waba_id, phone_number_id, charged_before: 0 };
        business.charged_before = business.charged(&mut http).await?;
        Ok(business)
    }

    /// Points its webhooks at an address, so many updates in a call.
    pub(crate) async fn subscribe(
        &self,
        server: SocketAddr,
        url: &str,
        updates_max: u32,
    ) -> anyhow::Result<()> {
        let subscribe = json!({"override_callback_uri": url, "verify_token": "bench",
            "max_updates_per_call": updates_max});
        let path = format!("/v23.0/{}/subscribed_apps", self.waba_id);
        let subscribed = self.calls(server).await?.post(&path, &subscribe).await?;
        subscribed.json().context("subscribing to webhooks").map(drop)
    }

    /// A connection for the operator's reports.
    pub(crate) async fn operator(&self, server: SocketAddr) -> anyhow::Result<Http> {
        let mut http = Http::connect(server).await?;
        http.authorize(&self.operator_token);
        Ok(http)
    }

    /// A connection for its calls.
    pub(crate) async fn calls(&self, server: SocketAddr) -> anyhow::Result<Http> {
        let mut http = Http::connect(server).await?;
        http.authorize(&self.access_token);
        Ok(http)
    }

    pub(crate) fn path(&self) -> String {
        format!("/v23.0/{}/messages", self.phone_number_id)
    }

    /// Messages that the operator's report counts since this business is there.
    pub(crate) async fn charged(&self, operator: &mut Http) -> anyhow::Result<u64> {
        let revenue = operator.get("/operator/api/revenue?period=month").await?.json()?;
        let totals = revenue["totals"].as_array().context("the report has another form")?;
        let messages: u64 = totals.iter().filter_map(|total| total["messages"].as_u64()).sum();
        Ok(messages - self.charged_before)
    }
}

fn text(value: &Value, member: &str) -> anyhow::Result<String> {
    match &value[member] {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => bail!("the answer has no {member}"),
    }
}

/// The body of a call: the template to a person.
pub(crate) fn template_to(person: &Person) -> Vec<u8> {
    let parameters = ["Ana", "17"].map(|text| json!({"type": "text", "text": text}));
    let body = json!({
        "messaging_product": "whatsapp", "to": person.number, "type": "template",
        "template": {"name": TEMPLATE, "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": parameters}]},
    });
    body.to_string().into_bytes()
}

/// The id that an accepted call got.
pub(crate) fn accepted_id(answer: &Answer) -> anyhow::Result<String> {
    text(&answer.json()?["messages"][0], "id")
}

/// The people, connected, each with a task that takes what comes.
struct Crowd {
    people: Arc<Vec<Person>>,
    arrived: Arc<AtomicU64>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Crowd {
    async fn gather(server: SocketAddr, people: Vec<Person>) -> anyhow::Result<Self> {
        let arrived = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for person in &people {
            let mut socket = Socket::connect(server, source(0), &person.token, 0, 0).await?;
            let arrived = arrived.clone();
            tasks.spawn(async move {
                loop {
                    if let Incoming::Deliver(deliver) = socket.next().await?
                        && deliver
                            .envelope
                            .is_some_and(|envelope| envelope.kind() == wire::EnvelopeKind::Message)
                    {
                        arrived.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        Ok(Self { people: Arc::new(people), arrived, tasks })
    }

    /// A person whose connection ended would be waited for in vain.
    fn check(&mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            Some(ended) => ended?.context("a person lost the connection"),
            None => Ok(()),
        }
    }
}

/// How a connection makes its calls.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// So many, one after the other.
    Each(usize),
    /// One after the other, until then.
    Until(Instant),
    /// One per beat, until then.
    Beat(Duration, Instant),
}

struct Stage {
    server: Server,
    business: Business,
    sink: Sink,
    crowd: Arc<AtomicU64>,
    /// Calls that were accepted so far.
    accepted: u64,
}

impl Stage {
    /// One load: its rate in accepted, delivered and charged messages per second.
    async fn measure(
        &mut self,
        options: &Options,
        report: &mut Report,
        crowd: &mut Crowd,
        at_once: usize,
        offered: Option<f64>,
    ) -> anyhow::Result<f64> {
        let (before, began, meter) = (self.accepted, Instant::now(), self.server.meter());
        let (cpu_seconds, until) = (meter.cpu_seconds()?, began + options.lasting());
        let pace = match offered {
            None => Pace::Until(until),
            Some(per_second) => Pace::Beat(Duration::from_secs_f64(at_once as f64 / per_second), until),
        };
        let latency = self.send(&crowd.people, at_once, pace).await?;
        let accepted_in = began.elapsed();
        let charged_in = self.settle(crowd).await? - began;
        let told_in = self.told().await? - began;
        let sends = (self.accepted - before) as f64;
        let cpu_us = (meter.cpu_seconds()? - cpu_seconds) * 1e6 / sends;
        let rate = sends / charged_in.as_secs_f64();
        let load = if offered.is_some() {
            "half of the best rate".to_owned()
        } else {
            format!("{at_once} calls at a time")
        };
        progress(format!("{load}: {rate:.0}/s, {cpu_us:.0} µs, p50 {:.1} ms", latency.at(500)));
        report
            .section(options.subject(), load)
            .add("accepted", "sends/s", Better::Higher, sends / accepted_in.as_secs_f64())
            .add("delivered and charged", "sends/s", Better::Higher, rate)
            .add("told by webhook", "sends/s", Better::Higher, sends / told_in.as_secs_f64())
            .add("server CPU per send", "µs", Better::Lower, cpu_us)
            .add("call p50", "ms", Better::Lower, latency.at(500))
            .add("call p99", "ms", Better::Lower, latency.at(990));
        Ok(rate)
    }

    /// Makes calls on so many connections.
    async fn send(
        &mut self,
        people: &Arc<Vec<Person>>,
        at_once: usize,
        pace: Pace,
    ) -> anyhow::Result<Latency> {
        let mut tasks = JoinSet::new();
        for lane in 0..at_once {
            let (http, path, people) =
                (self.business.calls(self.server.address()).await?, self.business.path(), people.clone());
            tasks.spawn(calls(http, path, people, lane, pace));
        }
        let mut latencies = Vec::new();
        while let Some(lane) = tasks.join_next().await {
            latencies.extend(lane??);
        }
        self.accepted += latencies.len() as u64;
        Ok(Latency::new(latencies))
    }

    /// Waits until everything that was accepted is delivered and charged; says when that was.
    async fn settle(&self, crowd: &mut Crowd) -> anyhow::Result<Instant> {
        let until = Instant::now() + ARRIVES_WITHIN;
        let mut operator = self.business.operator(self.server.address()).await?;
        loop {
            let arrived = self.crowd.load(Ordering::Relaxed);
            if arrived >= self.accepted && self.business.charged(&mut operator).await? >= self.accepted {
                return Ok(Instant::now());
            }
            crowd.check()?;
            if Instant::now() > until {
                bail!("{} messages were accepted, and {arrived} arrived", self.accepted);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the sink has heard of everything; says when that was.
    async fn told(&self) -> anyhow::Result<Instant> {
        let until = Instant::now() + TOLD_WITHIN;
        let wanted = self.accepted * STATUSES_PER_MESSAGE;
        while self.sink.statuses() < wanted {
            if Instant::now() > until {
                bail!("webhooks told {} statuses of {wanted}", self.sink.statuses());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(Instant::now())
    }
}

/// One connection's calls, to one person after the other.
async fn calls(
    mut http: Http,
    path: String,
    people: Arc<Vec<Person>>,
    lane: usize,
    pace: Pace,
) -> anyhow::Result<Vec<u32>> {
    let bodies: Vec<Vec<u8>> = people.iter().map(template_to).collect();
    let mut latencies = Vec::new();
    let mut next = Instant::now();
    for body in bodies.iter().cycle().skip(lane) {
        match pace {
            Pace::Each(count) if latencies.len() >= count => break,
            Pace::Until(until) | Pace::Beat(_, until) if Instant::now() >= until => break,
            Pace::Beat(beat, _) => {
                sleep_until(next).await;
                next += beat;
            }
            Pace::Each(_) | Pace::Until(_) => {}
        }
        let called = Instant::now();
        let answer = http.post_bytes(&path, body).await?;
        latencies.push(microseconds(called.elapsed()));
        if answer.status != 200 {
            bail!("a call was refused: {}", String::from_utf8_lossy(&answer.body));
        }
    }
    Ok(latencies)
}
