//! # The same work on another server
//!
//! ejabberd of the distribution, started from the files in `peers/ejabberd` (their README says what makes the
//! comparison fair), twice: as it is, and with its archive in PostgreSQL, which is the durable comparison. The load,
//! the number of people, the size of the bodies and the way of measuring are those of Plaza's own scenarios; only the
//! wire differs. XMPP carries a body as text, so 200 characters stand for an encrypted text of 246 bytes.

mod ejabberd;
mod postgres;
mod xmpp;

use crate::process::Meter;
use crate::report::{Report, progress};
use crate::socket::source;
use crate::{Options, Scenario, bounded, idle, offline, relay};
use anyhow::bail;
use ejabberd::Ejabberd;
use offline::{ABSENT, ABSENT_PER_SENDER, MESSAGES, Phase, RETURN_AT_ONCE, SENDERS, Stopwatch, WAITING};
use postgres::Postgres;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use xmpp::{Stream, XmppPair};

/// Logins under way at a time.
const LOGINS_AT_ONCE: usize = 32;
/// A server that uses less of a core than this has come to rest…
const REST_SHARE: f64 = 0.05;
/// …if it does so for this time.
const REST_FOR: Duration = Duration::from_millis(500);
/// A server that does not come to rest within this time is not waited for.
const REST_WITHIN: Duration = Duration::from_secs(600);

/// Runs a scenario on the peer, without and with its archive.
pub(crate) async fn run(scenario: Scenario, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    one(scenario, options, report, "ejabberd", None).await?;
    if scenario == Scenario::Idle {
        // An archive costs an idle connection nothing.
        return Ok(());
    }
    let postgres = Postgres::start().await?;
    one(scenario, options, report, "ejabberd with archive", Some(&postgres)).await
}

async fn one(
    scenario: Scenario,
    options: &Options,
    report: &mut Report,
    subject: &str,
    archive: Option<&Postgres>,
) -> anyhow::Result<()> {
    let people = match scenario {
        Scenario::Relay => 2 * relay::PAIRS,
        Scenario::Offline => SENDERS + ABSENT,
        Scenario::Idle => options.connections()?.last().copied().unwrap_or_default(),
        Scenario::CloudApi
        | Scenario::Webhooks
        | Scenario::Ledger
        | Scenario::Rating
        | Scenario::Closing
        | Scenario::Dashboard
        | Scenario::Kill => {
            bail!("{subject} does not do this work")
        }
    };
    progress(format!("starting {subject} with {people} people"));
    let server = Ejabberd::start(people, archive).await?;
    let (address, meter) = (server.address(), server.meter());
    match scenario {
        Scenario::Relay => {
            let pairs =
                bounded(LOGINS_AT_ONCE, 0..relay::PAIRS, |pair| XmppPair::set_up(address, pair)).await?;
            relay::drive(options, report, subject, pairs, meter).await
        }
        Scenario::Offline => away(report, subject, address, meter).await,
        _ => {
            let connect = |at| async move { Stream::connect(address, source(at), at + 1).await };
            idle::fill(report, subject, &options.connections()?, meter, connect).await
        }
    }
}

/// The people after the senders are away.
async fn away(report: &mut Report, subject: &str, server: SocketAddr, meter: Meter) -> anyhow::Result<()> {
    let senders = bounded(LOGINS_AT_ONCE, 1..=SENDERS, |user| async move {
        Ok((user, Stream::connect(server, source(0), user).await?))
    });
    let senders = senders.await?;
    let watch = Stopwatch::start(meter)?;
    bounded(SENDERS, senders, |(user, stream)| write_all(user, stream)).await?;
    let stored = at_rest(&watch, meter).await?;
    let watch = Stopwatch::start(meter)?;
    let absent = SENDERS + 1..=SENDERS + ABSENT;
    bounded(RETURN_AT_ONCE, absent, |user| come_back(server, user)).await?;
    let elapsed = watch.elapsed();
    sleep(REST_FOR).await;
    let delivered = watch.end(MESSAGES, elapsed)?;
    offline::add(report, subject, stored, delivered);
    Ok(())
}

/// Sends have no answer in XMPP. A ping behind the last says that the sender's side has taken all of them; storing them
/// goes on behind it, until the server comes to rest.
async fn write_all(user: usize, mut stream: Stream) -> anyhow::Result<()> {
    let first = SENDERS + 1 + (user - 1) * ABSENT_PER_SENDER;
    for _ in 0..WAITING {
        for absent in first..first + ABSENT_PER_SENDER {
            stream.write(&xmpp::message(&format!("u{absent}@localhost")));
        }
        stream.flush().await?;
    }
    stream.ping().await
}

/// The phase until the server came to rest: the rest itself is not counted.
async fn at_rest(watch: &Stopwatch, meter: Meter) -> anyhow::Result<Phase> {
    let until = Instant::now() + REST_WITHIN;
    while Instant::now() < until {
        let (elapsed, cpu_seconds) = (watch.elapsed(), meter.cpu_seconds()?);
        sleep(REST_FOR).await;
        if meter.cpu_seconds()? - cpu_seconds < REST_SHARE * REST_FOR.as_secs_f64() {
            return watch.end(MESSAGES, elapsed);
        }
    }
    bail!("the server is still busy {} s after the last message", REST_WITHIN.as_secs());
}

async fn come_back(server: SocketAddr, user: usize) -> anyhow::Result<()> {
    let mut stream = Stream::connect(server, source(0), user).await?;
    let mut messages = 0;
    while messages < WAITING {
        messages += stream.messages().await?;
    }
    Ok(())
}
