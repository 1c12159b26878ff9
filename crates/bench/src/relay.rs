//! # Relay: delivered messages between people
//!
//! 200 pairs, one-to-one, bodies of the size that an encrypted text has. The server stores each message durably before
//! it answers the sender or shows it to the receiver, who acknowledges as clients do.
//!
//! - saturated, with 1, 4 and 16 messages of each pair on the way: how many are delivered per second;
//! - 3,000 offered per second: what each costs the server, and how long it takes;
//! - half of the best saturated rate: how long a message takes on a server that has work to do.

use crate::load::{self, Load, Measured, Pair};
use crate::people::{self, Conversation, Person};
use crate::process::{Meter, Server};
use crate::report::{Better, Report, progress};
use crate::socket::{Incoming, Socket, source};
use crate::{Options, bounded};
use anyhow::{Context as _, bail};
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{Ctx, MessageId};
use std::net::SocketAddr;

pub(crate) const PAIRS: usize = 200;
/// A text of 100 bytes, padded and encrypted, on the wire.
pub(crate) const CIPHERTEXT_BYTES: usize = 246;
const IN_FLIGHT: [usize; 3] = [1, 4, 16];
/// The rate at which the CPU time per message is compared.
const OFFERED_PER_SECOND: f64 = 3000.0;
/// Frames that a pair takes from a socket before it writes again.
const FRAMES_AT_ONCE: usize = 64;
/// Pairs that are set up at a time.
const SET_UP_AT_ONCE: usize = 16;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let server = Server::start(options.database_url()).await?;
    let pairs = pairs(&people::ctx(), server.address(), PAIRS).await?;
    drive(options, report, options.subject(), pairs, server.meter()).await
}

/// The whole of the work on pairs of any server.
pub(crate) async fn drive<P: Pair>(
    options: &Options,
    report: &mut Report,
    subject: &str,
    mut pairs: Vec<P>,
    meter: Meter,
) -> anyhow::Result<()> {
    let mut best: f64 = 0.0;
    for in_flight in IN_FLIGHT {
        let work = format!("saturated, {in_flight} in flight");
        let (measured, back) =
            load::put(pairs, Load::Saturated { in_flight }, options.lasting(), meter).await?;
        pairs = back;
        best = best.max(measured.delivered_per_second);
        add(report, subject, work, &measured);
    }
    if best > OFFERED_PER_SECOND {
        let load = Load::Offered { per_second: OFFERED_PER_SECOND };
        let (measured, back) = load::put(pairs, load, options.lasting(), meter).await?;
        pairs = back;
        add(report, subject, format!("{OFFERED_PER_SECOND} offered per second"), &measured);
    } else {
        report.note(format!(
            "{subject} does not reach {OFFERED_PER_SECOND} per second: nothing is offered at that rate."
        ));
    }
    let (measured, _) =
        load::put(pairs, Load::Offered { per_second: best / 2.0 }, options.lasting(), meter).await?;
    add(report, subject, "half of the best rate".to_owned(), &measured);
    Ok(())
}

fn add(report: &mut Report, subject: &str, work: String, measured: &Measured) {
    progress(format!(
        "{subject}, {work}: {:.0}/s, {:.1} µs, p50 {:.1} ms",
        measured.delivered_per_second,
        measured.cpu_us,
        measured.latency.at(500)
    ));
    report
        .section(subject, work)
        .add("delivered", "messages/s", Better::Higher, measured.delivered_per_second)
        .add("server CPU per message", "µs", Better::Lower, measured.cpu_us)
        .add("delivery p50", "ms", Better::Lower, measured.latency.at(500))
        .add("delivery p99", "ms", Better::Lower, measured.latency.at(990));
}

/// Registers two people for each pair, connects them and opens their conversation.
pub(crate) async fn pairs(ctx: &Ctx, server: SocketAddr, count: usize) -> anyhow::Result<Vec<PlazaPair>> {
    let people = people::register(ctx, server, count * 2).await?;
    let couples: Vec<_> = people.chunks_exact(2).map(<[Person]>::to_vec).collect();
    let ctx = ctx.clone();
    bounded(SET_UP_AT_ONCE, couples, move |couple| {
        let ctx = ctx.clone();
        async move {
            let [one, other] = &couple[..] else { bail!("a couple is of two") };
            PlazaPair::set_up(&ctx, server, one, other).await
        }
    })
    .await
}

/// Two connected devices, the first of which writes to the second.
#[derive(Debug)]
pub(crate) struct PlazaPair {
    ctx: Ctx,
    sender: Socket,
    receiver: Socket,
    conversation: Conversation,
    /// The highest `gseq` that arrived: the next is one more.
    gseq: u64,
}

impl PlazaPair {
    async fn set_up(ctx: &Ctx, server: SocketAddr, one: &Person, other: &Person) -> anyhow::Result<Self> {
        let mut sender = Socket::connect(server, source(0), &one.token, 0, 0).await?;
        let conversation = people::open(ctx, &mut sender, one, other).await?;
        let mut receiver = Socket::connect(server, source(0), &other.token, 0, 0).await?;
        while !matches!(receiver.next().await?, Incoming::Drained) {}
        receiver.acknowledge().await?;
        Ok(Self { ctx: ctx.clone(), sender, receiver, conversation, gseq: 0 })
    }

    /// How many messages a frame brings. A gap or a repetition is a fault that no figure may hide.
    fn count(&mut self, incoming: &Incoming) -> anyhow::Result<usize> {
        match incoming {
            Incoming::Deliver(deliver) => {
                let envelope = deliver.envelope.as_ref().context("an envelope is missing")?;
                if envelope.kind() != wire::EnvelopeKind::Message {
                    return Ok(0);
                }
                if envelope.gseq != self.gseq + 1 {
                    bail!("after message {} came {}", self.gseq, envelope.gseq);
                }
                self.gseq = envelope.gseq;
                Ok(1)
            }
            Incoming::Response(wire::Response { body: Some(response::Body::Error(error)), .. }) => {
                bail!("a message was refused: {} ({})", error.message, error.code)
            }
            _ => Ok(0),
        }
    }
}

/// A message with a body that looks encrypted.
pub(crate) fn message(ctx: &Ctx, conversation: Conversation) -> wire::Send {
    let id: MessageId = ctx.ordered_id();
    wire::Send {
        conversation_id: conversation.id.as_bytes().to_vec(),
        message_id: id.as_bytes().to_vec(),
        epoch: conversation.epoch,
        ciphertext: ctx.random::<CIPHERTEXT_BYTES>().to_vec(),
    }
}

impl Pair for PlazaPair {
    async fn send(&mut self, count: usize) -> anyhow::Result<()> {
        if count == 0 {
            return Ok(());
        }
        for _ in 0..count {
            let send = message(&self.ctx, self.conversation);
            self.sender.request(request::Body::Send(send)).await?;
        }
        self.sender.flush().await
    }

    async fn arrived(&mut self) -> anyhow::Result<usize> {
        let mut next = Some(tokio::select! {
            incoming = self.receiver.next() => incoming,
            incoming = self.sender.next() => incoming,
        });
        let mut arrived = 0;
        let mut frames = 0;
        while let Some(incoming) = next {
            arrived += self.count(&incoming?)?;
            frames += 1;
            next = if frames < FRAMES_AT_ONCE { self.receiver.next_now() } else { None };
        }
        Ok(arrived)
    }
}
