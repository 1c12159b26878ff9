//! # Offline: people who are away
//!
//! 50 people write 100,000 messages to 1,000 devices that are not connected: *stored* is what the server has answered
//! for, so it is on the disk. Then the 1,000 come, some at a time, get what waits for them and acknowledge it.

use crate::people::{self, Conversation, Person};
use crate::process::{Meter, Server};
use crate::relay::message;
use crate::report::{Better, Report, progress};
use crate::socket::{Incoming, Socket, source};
use crate::{Options, bounded};
use anyhow::{Context as _, bail};
use plaza_protocol::Ctx;
use plaza_protocol::wire::{self, request, response};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) const SENDERS: usize = 50;
pub(crate) const ABSENT: usize = 1000;
pub(crate) const MESSAGES: usize = 100_000;
/// How many absent people each sender writes to.
pub(crate) const ABSENT_PER_SENDER: usize = ABSENT / SENDERS;
/// How many messages wait for each.
pub(crate) const WAITING: usize = MESSAGES / ABSENT;
/// Messages of a sender without an answer.
const UNANSWERED_MAX: usize = 32;
const SET_UP_AT_ONCE: usize = 16;
/// Devices that come back at a time.
pub(crate) const RETURN_AT_ONCE: usize = 50;
/// After the last message was seen, the server still works on the last acknowledgements.
const SETTLE: Duration = Duration::from_millis(700);

/// A piece of work that was timed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) messages: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

/// A phase under way.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    meter: Meter,
    began: Instant,
    cpu_seconds: f64,
}

impl Stopwatch {
    pub(crate) fn start(meter: Meter) -> anyhow::Result<Self> {
        Ok(Self { meter, cpu_seconds: meter.cpu_seconds()?, began: Instant::now() })
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends the phase after `elapsed`; the CPU time is what was used until now.
    pub(crate) fn end(&self, messages: usize, elapsed: Duration) -> anyhow::Result<Phase> {
        let cpu_seconds = self.meter.cpu_seconds()? - self.cpu_seconds;
        Ok(Phase { messages, seconds: elapsed.as_secs_f64(), cpu_seconds })
    }
}

/// Puts the two phases into the report.
pub(crate) fn add(report: &mut Report, subject: &str, stored: Phase, delivered: Phase) {
    let steps = [("stored for absent devices", stored), ("delivered on return", delivered)];
    for (work, phase) in steps {
        let messages = phase.messages as f64;
        let (rate, cpu_us) = (messages / phase.seconds, phase.cpu_seconds * 1e6 / messages);
        progress(format!("{subject}, {work}: {rate:.0}/s, {cpu_us:.1} µs"));
        report.section(subject, work).add("messages", "messages/s", Better::Higher, rate).add(
            "server CPU per message",
            "µs",
            Better::Lower,
            cpu_us,
        );
    }
}

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let ctx = people::ctx();
    let server = Server::start(options.database_url()).await?;
    let address = server.address();
    let absent = people::register(&ctx, address, ABSENT).await?;
    let senders = senders(&ctx, address, &absent).await?;
    let watch = Stopwatch::start(server.meter())?;
    bounded(SENDERS, senders, |sender| sender.write_all(ctx.clone())).await?;
    let stored = watch.end(MESSAGES, watch.elapsed())?;
    let watch = Stopwatch::start(server.meter())?;
    bounded(RETURN_AT_ONCE, absent, |person| come_back(address, person)).await?;
    let elapsed = watch.elapsed();
    tokio::time::sleep(SETTLE).await;
    let delivered = watch.end(MESSAGES, elapsed)?;
    add(report, options.subject(), stored, delivered);
    Ok(())
}

struct Sender {
    socket: Socket,
    conversations: Vec<Conversation>,
}

async fn senders(ctx: &Ctx, server: SocketAddr, absent: &[Person]) -> anyhow::Result<Vec<Sender>> {
    let people = people::register(ctx, server, SENDERS).await?;
    let groups = absent.chunks(ABSENT_PER_SENDER).map(<[Person]>::to_vec);
    bounded(SET_UP_AT_ONCE, people.into_iter().zip(groups), |(me, others)| {
        let ctx = ctx.clone();
        async move {
            let mut socket = Socket::connect(server, source(0), &me.token, 0, 0).await?;
            let mut conversations = Vec::with_capacity(others.len());
            for other in &others {
                conversations.push(people::open(&ctx, &mut socket, &me, other).await?);
            }
            Ok(Sender { socket, conversations })
        }
    })
    .await
}

impl Sender {
    /// Writes a message to everybody in turn until all have theirs, and waits for all answers.
    async fn write_all(mut self, ctx: Ctx) -> anyhow::Result<()> {
        let mut unanswered = 0;
        for _ in 0..WAITING {
            for conversation in self.conversations.clone() {
                self.socket.request(request::Body::Send(message(&ctx, conversation))).await?;
                unanswered += 1;
                if unanswered >= UNANSWERED_MAX {
                    self.socket.flush().await?;
                    self.answer().await?;
                    unanswered -= 1;
                    while let Some(incoming) = self.socket.next_now() {
                        unanswered -= usize::from(is_answer(&incoming?)?);
                    }
                }
            }
        }
        self.socket.flush().await?;
        for _ in 0..unanswered {
            self.answer().await?;
        }
        Ok(())
    }

    async fn answer(&mut self) -> anyhow::Result<()> {
        while !is_answer(&self.socket.next().await?)? {}
        Ok(())
    }
}

fn is_answer(incoming: &Incoming) -> anyhow::Result<bool> {
    match incoming {
        Incoming::Response(wire::Response { body: Some(response::Body::Sent(_)), .. }) => Ok(true),
        Incoming::Response(other) => bail!("a message was refused: {other:?}"),
        _ => Ok(false),
    }
}

/// Connects, takes everything that waits, acknowledges, and checks that it is all there.
async fn come_back(server: SocketAddr, person: Person) -> anyhow::Result<()> {
    let mut socket = Socket::connect(server, source(0), &person.token, 0, 0).await?;
    let mut messages = 0;
    loop {
        match socket.next().await? {
            Incoming::Deliver(deliver) => {
                let envelope = deliver.envelope.context("an envelope is missing")?;
                messages += usize::from(envelope.kind() == wire::EnvelopeKind::Message);
            }
            Incoming::Drained => break,
            _ => {}
        }
    }
    socket.acknowledge().await?;
    if messages != WAITING {
        bail!("{messages} messages waited for a device where {WAITING} were stored");
    }
    Ok(())
}
