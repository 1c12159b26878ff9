//! # Idle: connections on which nothing happens
//!
//! Devices connect, say hello and stay. The growth of the server's resident memory, divided by their number, is what a
//! connection costs; its CPU time meanwhile is what signing in costs. They come from several loopback addresses, since
//! one address has ports for 28,000 only. As many are made as the limit on open files allows.

use crate::Options;
use crate::people;
use crate::process::{Meter, Server};
use crate::report::{Better, Report, progress};
use crate::socket::{Socket, source};
use anyhow::Context as _;
use std::future::Future;
use std::time::Duration;

/// Connections that are being opened at a time.
const OPEN_AT_ONCE: usize = 64;
/// Memory is read when the server has come to rest.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let steps = options.connections()?;
    let most = steps.last().copied().unwrap_or_default();
    if most < options.connections_asked() {
        report.note(format!(
            "{most} connections are what this shell's limit on open files allows (`ulimit -n`)."
        ));
    }
    let mut server = Server::start(options.database_url()).await?;
    let address = server.address();
    let people = people::register(&people::ctx(), address, most).await?;
    // A fresh process: what registering left in its memory is not a connection's.
    server.kill();
    server.start_again()?;
    server.ready().await?;
    let connect = |at: usize| {
        let token = people.get(at).map(|person| person.token.clone());
        async move { Socket::connect(address, source(at), &token.context("a person is missing")?, 0, 0).await }
    };
    fill(report, options.subject(), &steps, server.meter(), connect).await
}

/// Opens connections step by step and reads the server's memory after each.
pub(crate) async fn fill<C, F>(
    report: &mut Report,
    subject: &str,
    steps: &[usize],
    meter: Meter,
    connect: impl Fn(usize) -> F,
) -> anyhow::Result<()>
where
    C: Send + 'static,
    F: Future<Output = anyhow::Result<C>> + Send + 'static,
{
    tokio::time::sleep(SETTLE).await;
    let (empty_bytes, cpu_seconds) = (meter.resident_bytes()?, meter.cpu_seconds()?);
    let mut connections: Vec<C> = Vec::new();
    for step in steps {
        let more = crate::bounded(OPEN_AT_ONCE, connections.len()..*step, &connect).await?;
        connections.extend(more);
        let signed_in = meter.cpu_seconds()? - cpu_seconds;
        tokio::time::sleep(SETTLE).await;
        let count = connections.len() as f64;
        let bytes = (meter.resident_bytes()? - empty_bytes) / count;
        let cpu_us = signed_in * 1e6 / count;
        progress(format!("{subject}, {step} connections: {bytes:.0} bytes each, {cpu_us:.0} µs to sign in"));
        report
            .section(subject, format!("{step} connections"))
            .add("server memory per connection", "bytes", Better::Lower, bytes)
            .add("server CPU per sign-in", "µs", Better::Lower, cpu_us);
    }
    Ok(())
}
