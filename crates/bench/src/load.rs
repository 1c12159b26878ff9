//! # Load on pairs
//!
//! Two people and a conversation are a [`Pair`]: one writes, the other receives. The same load is put on pairs of any
//! server:
//!
//! - **saturated**: each pair keeps so many messages between sender and receiver, and writes the next when one arrives;
//! - **offered**: each pair writes at its own steady beat, whatever has arrived; the pairs' beats are spread evenly.
//!
//! Counting begins after a warm-up and ends before the load does. A latency is the time from the writing of a message
//! to its arrival at the peer, both seen from here.

use crate::process::Meter;
use anyhow::{Context as _, bail};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

const WARM_UP: Duration = Duration::from_secs(1);
/// What is on its way when the load ends must arrive within this time.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);
/// A pair that offers a beat falls behind at most so far; more on the way means that the server cannot keep up.
const ON_THE_WAY_MAX: usize = 2000;

/// A sender, a receiver, and what is between them.
pub(crate) trait Pair: Send + 'static {
    /// Writes so many messages.
    fn send(&mut self, count: usize) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Waits until something has arrived; says how many messages, in the order of their writing. May be dropped while
    /// it waits.
    fn arrived(&mut self) -> impl Future<Output = anyhow::Result<usize>> + Send;
}

/// How the pairs write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// So many messages of each pair on the way at all times.
    Saturated { in_flight: usize },
    /// So many messages a second, all pairs together.
    Offered { per_second: f64 },
}

/// What the load gave.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) delivered_per_second: f64,
    /// Of the server, per delivered message.
    pub(crate) cpu_us: f64,
    pub(crate) latency: Latency,
}

/// Sorted latencies in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Latency(Vec<u32>);

impl Latency {
    pub(crate) fn new(mut latencies: Vec<u32>) -> Self {
        latencies.sort_unstable();
        Self(latencies)
    }

    /// In milliseconds; `per_mille` of 500 is the median.
    pub(crate) fn at(&self, per_mille: usize) -> f64 {
        let place = (self.0.len() * per_mille / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    }
}

/// A duration as it is kept: an hour fits.
pub(crate) fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

#[derive(Debug, Default)]
struct Shared {
    delivered: AtomicU64,
    is_recording: AtomicBool,
    is_over: AtomicBool,
}

/// Puts the load on the pairs for so long, and gives them back.
pub(crate) async fn put<P: Pair>(
    pairs: Vec<P>,
    load: Load,
    lasting: Duration,
    meter: Meter,
) -> anyhow::Result<(Measured, Vec<P>)> {
    let shared = Arc::new(Shared::default());
    let count = pairs.len();
    let mut tasks = JoinSet::new();
    for (place, pair) in pairs.into_iter().enumerate() {
        let mut driver =
            Driver { pair, shared: shared.clone(), on_the_way: VecDeque::new(), latencies: Vec::new() };
        tasks.spawn(async move {
            match load {
                Load::Saturated { in_flight } => driver.saturate(in_flight).await?,
                Load::Offered { per_second } => {
                    let (beat, first) = beat(per_second, place, count);
                    driver.offer(beat, first).await?;
                }
            }
            anyhow::Ok((driver.pair, driver.latencies))
        });
    }
    let watched = watch(&shared, lasting, meter).await;
    shared.is_over.store(true, Ordering::Relaxed);
    let (mut pairs, mut latencies) = (Vec::with_capacity(count), Vec::new());
    while let Some(driver) = tasks.join_next().await {
        let (pair, mine) = driver?.context("driving a pair")?;
        pairs.push(pair);
        latencies.extend(mine);
    }
    let (delivered, seconds, cpu_seconds) = watched?;
    let delivered = delivered as f64;
    let measured = Measured {
        delivered_per_second: delivered / seconds,
        cpu_us: cpu_seconds * 1e6 / delivered,
        latency: Latency::new(latencies),
    };
    Ok((measured, pairs))
}

/// Each pair's share of the rate, and its first beat.
fn beat(per_second: f64, place: usize, pairs: usize) -> (Duration, Duration) {
    let beat = Duration::from_secs_f64(pairs as f64 / per_second);
    (beat, beat.mul_f64(place as f64 / pairs as f64))
}

/// Counts between warm-up and end: messages, seconds, CPU seconds.
async fn watch(shared: &Shared, lasting: Duration, meter: Meter) -> anyhow::Result<(u64, f64, f64)> {
    sleep(WARM_UP).await;
    shared.is_recording.store(true, Ordering::Relaxed);
    let (began, cpu, delivered) =
        (Instant::now(), meter.cpu_seconds()?, shared.delivered.load(Ordering::Relaxed));
    sleep(lasting).await;
    let delivered = shared.delivered.load(Ordering::Relaxed) - delivered;
    let measured = (delivered, began.elapsed().as_secs_f64(), meter.cpu_seconds()? - cpu);
    shared.is_recording.store(false, Ordering::Relaxed);
    Ok(measured)
}

struct Driver<P> {
    pair: P,
    shared: Arc<Shared>,
    /// When the messages between sender and receiver were written.
    on_the_way: VecDeque<Instant>,
    latencies: Vec<u32>,
}

impl<P: Pair> Driver<P> {
    fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::Relaxed)
    }

    async fn write(&mut self, count: usize) -> anyhow::Result<()> {
        let now = Instant::now();
        self.on_the_way.extend(std::iter::repeat_n(now, count));
        self.pair.send(count).await
    }

    fn note(&mut self, arrived: usize) {
        self.shared.delivered.fetch_add(arrived as u64, Ordering::Relaxed);
        let now = Instant::now();
        let written = self.on_the_way.drain(..arrived.min(self.on_the_way.len()));
        if self.shared.is_recording.load(Ordering::Relaxed) {
            self.latencies.extend(written.map(|written| microseconds(now - written)));
        }
    }

    async fn saturate(&mut self, in_flight: usize) -> anyhow::Result<()> {
        self.write(in_flight).await?;
        while !self.is_over() {
            let arrived = self.arrives().await?;
            self.write(arrived).await?;
        }
        self.drain().await
    }

    async fn offer(&mut self, beat: Duration, first: Duration) -> anyhow::Result<()> {
        let mut next = Instant::now() + first;
        while !self.is_over() {
            tokio::select! {
                arrived = self.pair.arrived() => self.note(arrived?),
                () = sleep_until(next) => {
                    self.write(1).await?;
                    next += beat;
                    if self.on_the_way.len() > ON_THE_WAY_MAX {
                        bail!("the server does not keep up with the offered rate");
                    }
                }
            }
        }
        self.drain().await
    }

    async fn arrives(&mut self) -> anyhow::Result<usize> {
        let arrived =
            timeout(DRAIN_WITHIN, self.pair.arrived()).await.context("a message did not arrive")??;
        self.note(arrived);
        Ok(arrived)
    }

    async fn drain(&mut self) -> anyhow::Result<()> {
        while !self.on_the_way.is_empty() {
            self.arrives().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything arrives at once.
    #[derive(Default)]
    struct Echo(usize);

    impl Pair for Echo {
        async fn send(&mut self, count: usize) -> anyhow::Result<()> {
            self.0 += count;
            Ok(())
        }

        async fn arrived(&mut self) -> anyhow::Result<usize> {
            tokio::task::yield_now().await;
            match std::mem::take(&mut self.0) {
                0 => std::future::pending().await,
                arrived => Ok(arrived),
            }
        }
    }

    #[tokio::test]
    async fn pairs_come_back_with_nothing_on_the_way() {
        let meter = Meter::of_this_process();
        let lasting = Duration::from_millis(50);
        let offered = Load::Offered { per_second: 1000.0 };
        let (measured, pairs) =
            put(vec![Echo::default(), Echo::default()], offered, lasting, meter).await.unwrap();
        assert!(measured.delivered_per_second > 0.0, "{measured:?}");
        assert!(pairs.iter().all(|pair| pair.0 == 0));
    }

    #[test]
    fn latencies_are_read_by_their_place() {
        let latency = Latency::new((1..=1000).rev().map(|ms| ms * 1000).collect());
        assert_eq!(latency.at(500), 501.0);
        assert_eq!(latency.at(990), 991.0);
        assert!(Latency::default().at(500).is_nan());
    }

    #[test]
    fn beats_are_spread() {
        let (beat_of_one, first) = beat(100.0, 5, 10);
        assert_eq!((beat_of_one, first), (Duration::from_millis(100), Duration::from_millis(50)));
    }
}
