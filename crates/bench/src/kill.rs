//! # Kill: is anything lost when the server dies?
//!
//! People write to each other, read, and a business sends paid templates, all at once; the server is killed with
//! SIGKILL at random instants, started again on the same data, and killed again. Clients do what real ones do: connect
//! again, send again what was not answered (with the same ids), say up to where they have stored. Outside the server
//! everybody keeps a journal of what was acknowledged and of what arrived ([`journal`]), and at the end the two must
//! agree:
//!
//! - a message whose sending was acknowledged has arrived, once, and in the order in which it was sent;
//! - an acknowledged read mark is still there;
//! - a paid send that was accepted has arrived, and every one that arrived is charged, once; the books agree;
//! - after each start, sends were accepted again within a second.
//!
//! What comes a second time because the first was not acknowledged yet carries the same `seq`, and every client skips
//! it; it is counted, and no fault. The same message under another `seq` would be one.
//!
//! The instants follow from a seed, which is printed. The exit code says whether everything held.

mod chat;
mod journal;
mod paid;

use crate::Options;
use crate::cloud_api::Business;
use crate::people;
use crate::process::Server;
use crate::report::{Report, progress};
use anyhow::{Context as _, bail};
use journal::{Journal, Verdict};
use plaza_protocol::{Ctx, Ids as _, SeededIds};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Couples in which one writes to the other.
const PAIRS: usize = 20;
/// People to whom the business sends.
const CUSTOMERS: usize = 10;
/// Calls of the business at a time.
const CALLERS: usize = 4;
/// The server lives so long after it accepts again: between these.
const LIFE_MS: (u64, u64) = (50, 800);
/// A server that accepts nothing for so long is broken.
const ACCEPTS_AT_LAST_WITHIN: Duration = Duration::from_secs(60);
/// Clients try again after so long.
const RETRY_AFTER: Duration = Duration::from_millis(10);
/// A client that gets nowhere for so long gives up, and the run fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is on its way at the end must arrive, and be charged, within this time.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(1);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Everybody writes.
    Load,
    /// Nobody begins anything new; what was begun is finished.
    Finish,
    /// Everybody leaves.
    End,
}

/// What all clients of the run share.
#[derive(Debug)]
struct Stage {
    ctx: Ctx,
    server: SocketAddr,
    phase: watch::Receiver<Phase>,
    /// How often the server was started.
    life: AtomicU64,
    /// What was accepted in the present life.
    accepted: AtomicU64,
    /// Messages that arrived at people, each counted once.
    arrived_chat: AtomicU64,
    arrived_paid: AtomicU64,
}

impl Stage {
    fn is_load(&self) -> bool {
        *self.phase.borrow() == Phase::Load
    }

    fn is_ended(&self) -> bool {
        *self.phase.borrow() == Phase::End
    }

    /// Waits for the end.
    async fn ended(&self) {
        // An error means that the run is gone, which is an end too.
        let _ = self.phase.clone().wait_for(|phase| *phase == Phase::End).await;
    }

    /// The life in which a connection is begun: to be taken before connecting.
    fn life(&self) -> u64 {
        self.life.load(Ordering::SeqCst)
    }

    /// Something was accepted on a connection of that life. An answer that was still on its way when the server died
    /// does not count for the next one.
    fn accepted_in(&self, life: u64) {
        if life == self.life() {
            self.accepted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// How long a client has got nowhere.
#[derive(Debug)]
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn renew(&mut self) {
        self.0 = Instant::now();
    }

    /// Waits before the next try, or gives up with the error of the last.
    async fn try_again(&self, error: anyhow::Error) -> anyhow::Result<()> {
        if self.0.elapsed() > PATIENCE {
            return Err(error.context("a client got nowhere for a minute"));
        }
        sleep(RETRY_AFTER).await;
        Ok(())
    }
}

/// Runs it, and says whether everything held.
pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<bool> {
    let ctx = people::ctx();
    let seed = options.seed().unwrap_or_else(|| u64::from_be_bytes(ctx.random()));
    progress(format!("seed {seed}"));
    report.note(format!("seed {seed}"));
    let mut server = Server::start(options.database_url()).await?;
    let outcome = play(&ctx, options, seed, &mut server).await;
    let verdict = outcome.with_context(|| format!("the end of the server's log:\n{}", server.log_tail()))?;
    verdict.add(report, options.subject(), options.times());
    for fault in verdict.faults() {
        progress(format!("FAULT: {fault}"));
        report.note(format!("FAULT: {fault}"));
    }
    Ok(verdict.faults().is_empty())
}

async fn play(ctx: &Ctx, options: &Options, seed: u64, server: &mut Server) -> anyhow::Result<Verdict> {
    let address = server.address();
    let business = Business::create(address).await?;
    let charges_before = charges(&server.verify_ledger()?)?;
    let couples = chat::couples(ctx, address, PAIRS).await?;
    let customers = people::register(ctx, address, CUSTOMERS).await?;
    let (turn, phase) = watch::channel(Phase::Load);
    let stage = Arc::new(Stage {
        ctx: ctx.clone(),
        server: address,
        phase,
        life: AtomicU64::new(0),
        accepted: AtomicU64::new(0),
        arrived_chat: AtomicU64::new(0),
        arrived_paid: AtomicU64::new(0),
    });
    let (mut talkers, mut listeners, mut callers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for (place, couple) in couples.into_iter().enumerate() {
        let (talker, listener) = couple.split(place);
        talkers.spawn(talker.run(stage.clone()));
        listeners.spawn(listener.run(stage.clone()));
    }
    for customer in &customers {
        listeners.spawn(chat::Listener::customer(customer.clone()).run(stage.clone()));
    }
    for _ in 0..CALLERS {
        callers.spawn(paid::Caller::new(business.clone(), &customers).run(stage.clone()));
    }
    let mut journal = Journal::default();
    for kill in 1..=options.times() {
        accepts_again(&stage, &mut journal, server).await?;
        sleep(life(seed, kill)).await;
        check_clients(&mut talkers, &mut callers)?;
        server.kill();
        stage.life.fetch_add(1, Ordering::SeqCst);
        stage.accepted.store(0, Ordering::SeqCst);
        server.start_again()?;
        journal.started_at = Some(Instant::now());
        if kill % 20 == 0 {
            progress(format!(
                "{kill} kills, {} messages arrived",
                stage.arrived_chat.load(Ordering::Relaxed)
            ));
        }
    }
    accepts_again(&stage, &mut journal, server).await?;
    turn.send_replace(Phase::Finish);
    while let Some(talker) = talkers.join_next().await {
        journal.talkers.push(talker??);
    }
    while let Some(caller) = callers.join_next().await {
        journal.callers.push(caller??);
    }
    settle(&stage, &journal, &business).await?;
    turn.send_replace(Phase::End);
    while let Some(listener) = listeners.join_next().await {
        journal.listeners.push(listener??);
    }
    journal.read_receipts(address).await?;
    server.kill();
    let books = server.verify_ledger()?;
    journal.charges = charges(&books)?.saturating_sub(charges_before);
    journal.books_differ = books["differences"].as_array().map_or(0, Vec::len);
    Ok(journal.judge())
}

/// How long the server lives before its next death.
fn life(seed: u64, kill: u32) -> Duration {
    let mut bytes = [0; 8];
    SeededIds::new(seed.wrapping_add(u64::from(kill).wrapping_mul(0x9E37_79B9))).fill(&mut bytes);
    let (least, most) = LIFE_MS;
    Duration::from_millis(least + u64::from_be_bytes(bytes) % (most - least))
}

/// Waits for the first send that is accepted in this life of the server.
async fn accepts_again(stage: &Stage, journal: &mut Journal, server: &mut Server) -> anyhow::Result<()> {
    let accepted = async {
        while stage.accepted.load(Ordering::SeqCst) == 0 {
            sleep(LOOK_EVERY).await;
        }
    };
    if timeout(ACCEPTS_AT_LAST_WITHIN, accepted).await.is_err() {
        bail!("the server accepts nothing; the end of its log:\n{}", server.log_tail());
    }
    if let Some(started_at) = journal.started_at.take() {
        journal.accepting_after.push(started_at.elapsed());
    }
    Ok(())
}

/// Writers end by themselves only when they have given up.
fn check_clients(
    talkers: &mut JoinSet<anyhow::Result<chat::Talker>>,
    callers: &mut JoinSet<anyhow::Result<paid::Caller>>,
) -> anyhow::Result<()> {
    if let Some(ended) = talkers.try_join_next() {
        ended??;
        bail!("a talker ended before the load did");
    }
    if let Some(ended) = callers.try_join_next() {
        ended??;
        bail!("a caller ended before the load did");
    }
    Ok(())
}

/// Waits until what was acknowledged has arrived, and what arrived is charged; if it never does, the journal tells.
async fn settle(stage: &Stage, journal: &Journal, business: &Business) -> anyhow::Result<()> {
    let until = Instant::now() + SETTLES_WITHIN;
    let (chat, paid) = (journal.acknowledged(), journal.accepted());
    let mut operator = business.operator(stage.server).await?;
    while Instant::now() < until {
        let arrived_paid = stage.arrived_paid.load(Ordering::Relaxed);
        if stage.arrived_chat.load(Ordering::Relaxed) >= chat
            && arrived_paid >= paid
            && business.charged(&mut operator).await? >= arrived_paid
        {
            break;
        }
        sleep(ASK_EVERY).await;
    }
    Ok(())
}

fn charges(books: &serde_json::Value) -> anyhow::Result<u64> {
    books["charges"].as_u64().context("the check of the books has another form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_follow_from_the_seed() {
        assert_eq!(life(7, 3), life(7, 3));
        let lives: std::collections::BTreeSet<_> = (0..50).map(|kill| life(7, kill)).collect();
        assert!(lives.len() > 40);
        assert!(lives.iter().all(|life| (50..800).contains(&life.as_millis())));
    }
}
