//! # Context
//!
//! [`Ctx`] is the first argument of each operation: who acts, for which request, and the only way to the time and to
//! new ids. In production the clock is the machine's and the ids are random; in a test both are under the test's hand,
//! so that a run repeats to the byte.

use crate::{AccountId, AppId, DeviceId, PortfolioId, RequestId, Timestamp};
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Where the time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Where ids and other randomness come from.
pub trait Ids: Send + Sync + fmt::Debug {
    /// Fills the buffer with bytes that nobody can guess (in production).
    fn fill(&self, buffer: &mut [u8]);

    /// Where ids come from that repeat whenever the same cause comes again, in whatever order; `None`: nothing repeats.
    fn following(&self, _cause: &[u8]) -> Option<Arc<dyn Ids>> {
        None
    }
}

/// Who asks for an operation. Operations check it themselves, in their first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Plaza itself: jobs, start-up.
    System,
    /// Nobody yet: registration, a public page.
    Anonymous,
    /// Whoever runs the network.
    Operator,
    /// A device of an account, by its device token.
    Device {
        /// The account.
        account: AccountId,
        /// The device.
        device: DeviceId,
    },
    /// An app of a business portfolio, by its access token.
    App {
        /// The app.
        app: AppId,
        /// The portfolio that owns the app.
        portfolio: PortfolioId,
    },
}

/// The context of an operation.
#[derive(Debug, Clone)]
pub struct Ctx {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// The last place that was given out: milliseconds, and a count within one.
    sequence: Arc<AtomicU64>,
    actor: Actor,
    /// The name of the operator, where one acts.
    operator: Option<Arc<str>>,
    request: RequestId,
}

/// Bits of the count within a millisecond.
const SEQUENCE_BITS: u32 = 12;

impl Ctx {
    /// A context for work that Plaza does by itself.
    pub fn system(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            clock,
            ids,
            sequence: Arc::default(),
            actor: Actor::System,
            operator: None,
            request: RequestId(Uuid::nil()),
        }
    }

    /// The same context for a request of `actor`.
    pub fn for_request(&self, actor: Actor) -> Self {
        Self { actor, request: RequestId(self.ordered_uuid()), ..self.clone() }
    }

    /// The same context and request, once it is known who acts.
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The same context and request, in which the operator of this name acts.
    pub fn operated_by(&self, name: &str) -> Self {
        Self { actor: Actor::Operator, operator: Some(name.into()), ..self.clone() }
    }

    /// The same context for what follows from `cause`: where ids repeat from a seed, these depend on the seed and the
    /// cause alone, and not on what else goes on.
    pub fn following(&self, cause: impl AsRef<[u8]>) -> Self {
        let ids = self.ids.following(cause.as_ref()).unwrap_or_else(|| self.ids.clone());
        Self { ids, ..self.clone() }
    }

    /// The same context, in which it is this time at least: for what has waited until then by another clock.
    pub fn not_before(&self, time: Timestamp) -> Self {
        Self { clock: Arc::new(NotBefore { clock: self.clock.clone(), time }), ..self.clone() }
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The name of the operator who acts; `None`: it is somebody else who does.
    pub fn operator(&self) -> Option<&str> {
        (self.actor == Actor::Operator).then(|| self.operator.as_deref().unwrap_or("operator"))
    }

    /// The request, for logs and for the person who reports a fault.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock, for what outlives the operation.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Fills the buffer with random bytes.
    pub fn fill(&self, buffer: &mut [u8]) {
        self.ids.fill(buffer);
    }

    /// Random bytes, for tokens, codes and secrets.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.ids.fill(&mut bytes);
        bytes
    }

    /// A new id that tells nothing (UUID version 4).
    pub fn uuid<T: From<Uuid>>(&self) -> T {
        let mut bytes: [u8; 16] = self.random();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        T::from(Uuid::from_bytes(bytes))
    }

    /// A new id for a row that is sorted by the time of its making (UUID version 7).
    pub fn ordered_id<T: From<Uuid>>(&self) -> T {
        T::from(self.ordered_uuid())
    }

    /// The same, and each one of this process comes after the one before, also within a millisecond and when the clock
    /// goes back: for rows whose order is told to others.
    pub fn sequenced_id<T: From<Uuid>>(&self) -> T {
        let now = u64::try_from(self.now().milliseconds()).unwrap_or_default() << SEQUENCE_BITS;
        let next = |last: u64| now.max(last.saturating_add(1));
        let last = self.sequence.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)));
        let place = next(last.unwrap_or_default());
        let mut bytes = *self.ordered_uuid().as_bytes();
        bytes[..6].copy_from_slice(&(place >> SEQUENCE_BITS).to_be_bytes()[2..]);
        let [high, low] = u16::try_from(place & ((1 << SEQUENCE_BITS) - 1)).unwrap_or_default().to_be_bytes();
        bytes[6] = high | 0x70;
        bytes[7] = low;
        T::from(Uuid::from_bytes(bytes))
    }

    fn ordered_uuid(&self) -> Uuid {
        let mut bytes: [u8; 16] = self.random();
        let milliseconds = self.now().milliseconds().to_be_bytes();
        bytes[..6].copy_from_slice(&milliseconds[2..]);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }

    /// A new id of the Cloud-API-compatible surface: 15 digits, the first not zero.
    pub fn graph_id(&self) -> i64 {
        let random = u64::from_be_bytes(self.random()) % 900_000_000_000_000;
        100_000_000_000_000_i64.saturating_add(i64::try_from(random).unwrap_or(0))
    }
}

#[derive(Debug)]
struct NotBefore {
    clock: Arc<dyn Clock>,
    time: Timestamp,
}

impl Clock for NotBefore {
    fn now(&self) -> Timestamp {
        self.clock.now().max(self.time)
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }

    /// Puts the clock to a point in time, which may be earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// How many bytes one call to the operating system brings.
const RANDOM_POOL_BYTES: usize = 4096;

/// Randomness of the operating system, fetched in blocks: a new id costs no system call.
pub struct RandomIds(Mutex<(Vec<u8>, usize)>);

impl fmt::Debug for RandomIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomIds")
    }
}

impl Default for RandomIds {
    fn default() -> Self {
        Self(Mutex::new((vec![0; RANDOM_POOL_BYTES], RANDOM_POOL_BYTES)))
    }
}

impl Ids for RandomIds {
    fn fill(&self, buffer: &mut [u8]) {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in buffer {
            if pool.1 == pool.0.len() {
                getrandom::fill(&mut pool.0).expect("the operating system has randomness");
                pool.1 = 0;
            }
            let at = pool.1;
            // A byte is handed out once: it is wiped behind the reader.
            *byte = std::mem::take(&mut pool.0[at]);
            pool.1 += 1;
        }
    }
}

/// Ids that repeat from the same seed. Tests, simulations and sandboxes only.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    counter: AtomicU64,
}

impl SeededIds {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(seed) }
    }
}

/// The mixing of SplitMix64 (Steele, Lea, Flood 2014).
fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

impl Ids for SeededIds {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let word = mixed(self.counter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst));
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    }

    fn following(&self, cause: &[u8]) -> Option<Arc<dyn Ids>> {
        // The length keeps a cause and its beginning apart; each byte is mixed into all that came before.
        let first = mixed(self.seed ^ u64::try_from(cause.len()).unwrap_or(u64::MAX));
        let seed = cause.iter().fold(first, |seed, byte| mixed(seed.wrapping_add(u64::from(*byte) + 1)));
        Some(Arc::new(Self::new(seed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_sequence_never_go_back() {
        let clock = Arc::new(ManualClock::new(Timestamp(1_764_000_000_000_000)));
        let ctx = Ctx::system(clock.clone(), Arc::new(SeededIds::new(1)));
        let mut ids = Vec::new();
        // More than a millisecond has places for, then earlier, then later.
        for moved in [0, -5_000_000, 10_000_000] {
            clock.set(Timestamp(clock.now().0 + moved));
            ids.extend((0..5000).map(|_| ctx.for_request(Actor::System).sequenced_id::<Uuid>()));
        }
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
        let last = ids.last().unwrap();
        assert_eq!((last.get_version_num(), last.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, _) = last.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds, 1_764_000_005, "the time of its making");
    }

    #[test]
    fn what_follows_from_a_cause_repeats_whatever_else_goes_on() {
        let open = || Ctx::system(Arc::new(ManualClock::default()), Arc::new(SeededIds::new(7)));
        let (one, other) = (open(), open());
        other.random::<100>();
        let id = |ctx: &Ctx, cause: &str| ctx.following(cause).uuid::<Uuid>();
        assert_eq!(id(&one, "a"), id(&other, "a"));
        assert_eq!(id(&one, "a"), id(&one, "a"), "the same cause again");
        let causes = ["", "a", "b", "ab", "ba", "a\0", "aa"];
        let ids: std::collections::BTreeSet<Uuid> = causes.iter().map(|cause| id(&one, cause)).collect();
        assert_eq!(ids.len(), causes.len());
        let nested = one.following("a").following("b").uuid::<Uuid>();
        assert_ne!(nested, id(&one, "ab"));
        let random = Ctx::system(Arc::new(ManualClock::default()), Arc::new(RandomIds::default()));
        assert_ne!(id(&random, "a"), id(&random, "a"), "in production nothing repeats");
    }

    #[test]
    fn a_wait_ends_where_the_clock_stands_still() {
        let ctx = Ctx::system(Arc::new(ManualClock::new(Timestamp(5))), Arc::new(SeededIds::new(7)));
        assert_eq!(ctx.not_before(Timestamp(9)).now(), Timestamp(9));
        assert_eq!(ctx.not_before(Timestamp(1)).now(), Timestamp(5));
    }
}
