//! # Measuring Plaza
//!
//! `plaza bench NAME` puts load on a server and prints what it did and what it cost. A scenario starts a server process
//! of its own (this very program, in a temporary folder), drives it over loopback, reads its CPU time and memory from
//! `/proc`, and ends it. Everything is bounded in number and time, and nothing is left behind.
//!
//! | scenario | file | question |
//! |---|---|---|
//! | `relay` | `relay.rs`, load in `load.rs` | messages between people per second, what one costs, how long it takes |
//! | `offline` | `offline.rs` | storing for people who are away, and delivering when they come |
//! | `idle` | `idle.rs` | memory of a connection on which nothing happens |
//! | `cloud-api` | `cloud_api.rs` | paid sends of a business, from the call to the charge |
//! | `webhooks` | `webhooks.rs` | webhooks per second to an endpoint, and what a sick one costs the others |
//! | `ledger` | `ledger.rs` | holds and posts |
//! | `rating` | `rating.rs` | deliveries that become charges |
//! | `closing` | `closing.rs` | a month of charges that becomes invoices |
//! | `dashboard` | `dashboard.rs` | the operator's pages over a thousand portfolios |
//! | `kill` | `kill.rs` | is anything lost, doubled, reordered or wrongly charged when the server is killed? |
//!
//! With `--peer ejabberd`, `relay`, `offline` and `idle` do the same work on ejabberd too ([`peer`]), in the same run
//! from the same generator, and say how the two compare.
//!
//! The people of the bench are real to the server: registered with certificates and key packages, in conversations with
//! valid MLS groups. Only their messages are random bytes of the right size, which the server cannot tell from
//! encrypted ones. The generator shares the machine's cores with the server: compare figures of one run with each
//! other.

mod charges;
mod closing;
mod cloud_api;
mod dashboard;
mod http;
mod idle;
mod kill;
mod ledger;
mod load;
mod offline;
mod peer;
mod people;
mod process;
mod rating;
mod relay;
mod report;
mod socket;
mod webhooks;

use anyhow::bail;
use clap::{Args, ValueEnum};
use report::{Report, progress};
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinSet;

/// What `plaza bench` takes.
#[derive(Debug, Clone, Args)]
pub struct BenchArguments {
    /// What to measure.
    #[arg(value_enum)]
    name: Scenario,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How often to measure; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// How long each step of a load lasts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often to kill the server.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    times: u32,
    /// The instants of the kills follow from it. Default: another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Connections of the last step of `idle`.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..=100_000))]
    connections: u32,
    /// Charges that `closing` makes before it closes their month.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    charges: u32,
    /// Portfolios that the charges of `closing` belong to.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    portfolios: u32,
    /// Do the same work on another server too.
    #[arg(long, value_enum)]
    peer: Option<Peer>,
    /// A PostgreSQL database of its own for the servers of the bench, in place of the embedded one. It is filled.
    #[arg(long, value_name = "postgres://…")]
    database_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    Relay,
    Offline,
    Idle,
    CloudApi,
    Webhooks,
    Ledger,
    /// Deliveries that become charges.
    Rating,
    /// A month that becomes invoices.
    Closing,
    /// The operator's pages over a thousand portfolios.
    Dashboard,
    Kill,
}

/// A server to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// ejabberd of the distribution, without and with its archive in PostgreSQL.
    Ejabberd,
}

/// What a scenario needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Options(BenchArguments);

impl Options {
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.0.database_url.as_deref()
    }

    /// What the figures of Plaza are called.
    pub(crate) fn subject(&self) -> &'static str {
        if self.0.database_url.is_some() { "plaza on PostgreSQL" } else { "plaza" }
    }

    pub(crate) fn lasting(&self) -> Duration {
        Duration::from_secs(self.0.seconds)
    }

    pub(crate) fn runs(&self) -> u32 {
        self.0.runs
    }

    pub(crate) fn times(&self) -> u32 {
        self.0.times
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.0.seed
    }

    pub(crate) fn charges(&self) -> usize {
        usize::try_from(self.0.charges).unwrap_or(usize::MAX)
    }

    pub(crate) fn portfolios(&self) -> u32 {
        self.0.portfolios
    }

    /// How many connections `idle` was asked for.
    pub(crate) fn connections_asked(&self) -> usize {
        usize::try_from(self.0.connections).unwrap_or(usize::MAX)
    }

    /// The steps of `idle`, as far as the limit on open files lets a server go.
    pub(crate) fn connections(&self) -> anyhow::Result<Vec<usize>> {
        let possible = process::open_files_max()?.saturating_sub(FILES_OF_A_SERVER);
        let most = self.connections_asked().min(possible);
        if most < 1000 {
            bail!(
                "this shell may open only {possible} files at a time: set a higher limit with `ulimit -n 21000`"
            );
        }
        let mut steps: Vec<usize> = [1000, 10_000].into_iter().filter(|step| *step < most).collect();
        steps.push(most);
        Ok(steps)
    }
}

/// What a server opens beside its connections: the database, listeners, the runtime.
const FILES_OF_A_SERVER: usize = 500;

/// Runs a scenario and prints its report. The exit code says whether what must hold held.
pub async fn run(arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    let options = Options(arguments);
    let name = options.0.name;
    let word = name.to_possible_value();
    let mut report = Report::new(match name {
        Scenario::Relay => "relay",
        Scenario::Offline => "offline",
        Scenario::Idle => "idle",
        Scenario::CloudApi => "cloud-api",
        Scenario::Webhooks => "webhooks",
        Scenario::Ledger => "ledger",
        Scenario::Rating => "rating",
        Scenario::Closing => "closing",
        Scenario::Dashboard => "dashboard",
        Scenario::Kill => "kill",
    });
    if options.0.peer.is_some() && !matches!(name, Scenario::Relay | Scenario::Offline | Scenario::Idle) {
        bail!(
            "--peer: the peers do relay, offline and idle, not {}",
            word.as_ref().map_or("this", |word| word.get_name())
        );
    }
    if name == Scenario::Kill {
        let is_kept = kill::run(&options, &mut report).await?;
        report.print(options.0.json)?;
        return Ok(if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    for run in 1..=options.runs() {
        progress(format!("run {run} of {}", options.runs()));
        measure(name, &options, &mut report).await?;
    }
    report.compare(options.subject());
    report.print(options.0.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(name: Scenario, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    match name {
        Scenario::Relay => relay::run(options, report).await?,
        Scenario::Offline => offline::run(options, report).await?,
        Scenario::Idle => idle::run(options, report).await?,
        Scenario::CloudApi => return cloud_api::run(options, report).await,
        Scenario::Webhooks => return webhooks::run(options, report).await,
        Scenario::Ledger => return ledger::run(options, report).await,
        Scenario::Rating => return rating::run(options, report).await,
        Scenario::Closing => return closing::run(options, report).await,
        Scenario::Dashboard => return dashboard::run(options, report).await,
        Scenario::Kill => {}
    }
    match options.0.peer {
        Some(Peer::Ejabberd) => peer::run(name, options, report).await,
        None => Ok(()),
    }
}

/// Does `work` for each input, so many at a time. The results come in the order of their ends.
pub(crate) async fn bounded<I, T, F>(
    at_once: usize,
    inputs: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> F,
) -> anyhow::Result<Vec<T>>
where
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let mut results = Vec::new();
    let mut tasks = JoinSet::new();
    for input in inputs {
        if tasks.len() >= at_once
            && let Some(done) = tasks.join_next().await
        {
            results.push(done??);
        }
        tasks.spawn(work(input));
    }
    while let Some(done) = tasks.join_next().await {
        results.push(done??);
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn never_more_at_once_than_allowed() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let results = bounded(3, 0..20, |input| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                anyhow::Ok(input)
            }
        });
        assert_eq!(results.await.unwrap().len(), 20);
        assert!(most.load(Ordering::SeqCst) <= 3);
    }
}
