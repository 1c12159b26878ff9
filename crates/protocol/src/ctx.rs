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
    actor: Actor,
    request: RequestId,
}

impl Ctx {
    /// A context for work that Plaza does by itself.
    pub fn system(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { clock, ids, actor: Actor::System, request: RequestId(Uuid::nil()) }
    }

    /// The same context for a request of `actor`.
    pub fn for_request(&self, actor: Actor) -> Self {
        Self { actor, request: RequestId(self.ordered_uuid()), ..self.clone() }
    }

    /// The same context and request, once it is known who acts.
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.actor
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

/// Ids that repeat from the same seed. Tests and simulations only.
#[derive(Debug)]
pub struct SeededIds(AtomicU64);

impl SeededIds {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Ids for SeededIds {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // SplitMix64 (Steele, Lea, Flood 2014): a counter, mixed.
            let mut word = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    }
}
