//! # Who is connected here
//!
//! The hub knows the sockets of this process: one per device, the newer closes the older. Wake-ups from the bus become
//! pushes to them. A push never waits: a socket whose queue is full is too slow for live traffic, so it is closed and
//! catches up from its mailbox when it comes back.

use plaza_messaging::accounts::Device;
use plaza_protocol::limits::SOCKET_FRAMES_MAX;
use plaza_protocol::{AccountId, DeviceId, ErrorCode, Wake, wire};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// What a socket's task is handed. Small, because each idle socket has a block of empty places for it.
#[derive(Debug)]
pub(crate) enum Push {
    /// To be written as it is.
    Frame(Box<wire::ServerFrame>),
    /// New in the mailbox.
    Envelopes(Arc<[wire::Deliver]>),
    /// Something is new in the mailbox: look.
    Look,
    /// Somebody looks at a conversation; answer if this device does too.
    Present(Box<wire::Ephemeral>),
}

impl Push {
    pub(crate) fn frame(body: wire::server_frame::Body) -> Self {
        Self::Frame(Box::new(frame(body)))
    }
}

/// A socket of this process.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    number: u64,
    pub(crate) device: Device,
    pushes: mpsc::Sender<Push>,
    closing: Arc<Closing>,
}

/// Why a socket is to be closed, and the bell that says so.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    reason: Mutex<Option<wire::GoAway>>,
    pub(crate) bell: Notify,
}

impl Closing {
    pub(crate) fn reason(&self) -> Option<wire::GoAway> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connection {
    /// Hands something to the socket's task.
    pub(crate) fn push(&self, push: Push) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.pushes.try_send(push) {
            self.close(
                ErrorCode::RateLimited,
                "too slow for live traffic: come back and catch up",
                Duration::ZERO,
            );
        }
    }

    /// Tells the socket's task to say good-bye.
    pub(crate) fn close(&self, code: ErrorCode, message: &str, retry_after: Duration) {
        let mut reason = self.closing.reason.lock().unwrap_or_else(PoisonError::into_inner);
        if reason.is_none() {
            *reason = Some(go_away(code, message, retry_after));
            self.closing.bell.notify_one();
        }
    }
}

/// The last frame of a connection.
pub(crate) fn go_away(code: ErrorCode, message: &str, retry_after: Duration) -> wire::GoAway {
    wire::GoAway {
        code: code.as_str().to_owned(),
        message: message.to_owned(),
        retry_after_ms: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The sockets of this process.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    sockets: Mutex<Sockets>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Sockets {
    by_device: HashMap<DeviceId, Connection>,
    by_account: HashMap<AccountId, Vec<DeviceId>>,
    shutting_down: bool,
}

impl Hub {
    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device's socket is there. `None` while the server shuts down.
    pub(crate) fn register(
        &self,
        device: Device,
    ) -> Option<(Connection, mpsc::Receiver<Push>, Arc<Closing>)> {
        let (pushes, queue) = mpsc::channel(SOCKET_FRAMES_MAX);
        let closing = Arc::<Closing>::default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Connection { number, device, pushes, closing: closing.clone() };
        let mut sockets = self.sockets();
        if sockets.shutting_down {
            return None;
        }
        if let Some(older) = sockets.by_device.insert(device.device, connection.clone()) {
            older.close(
                ErrorCode::Conflict,
                "this device connected again elsewhere",
                Duration::from_secs(60),
            );
        } else {
            sockets.by_account.entry(device.account).or_default().push(device.device);
        }
        Some((connection, queue, closing))
    }

    /// A socket went.
    pub(crate) fn remove(&self, connection: &Connection) {
        let mut sockets = self.sockets();
        let Device { account, device } = connection.device;
        if sockets.by_device.get(&device).is_none_or(|present| present.number != connection.number) {
            return;
        }
        sockets.by_device.remove(&device);
        if let Some(devices) = sockets.by_account.get_mut(&account) {
            devices.retain(|other| *other != device);
            if devices.is_empty() {
                sockets.by_account.remove(&account);
            }
        }
    }

    /// How many sockets there are.
    pub(crate) fn len(&self) -> usize {
        self.sockets().by_device.len()
    }

    /// The devices that are connected here.
    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.sockets().by_device.keys().copied().collect()
    }

    /// Passes a wake-up on to the sockets that it is for.
    pub(crate) fn wake(&self, wake: Wake) {
        match wake {
            Wake::Mailbox { device, envelopes } => {
                let push = if envelopes.is_empty() { Push::Look } else { Push::Envelopes(envelopes) };
                self.to_device(device, push);
            }
            Wake::Receipt { accounts, update } => {
                self.to_accounts(&accounts, || {
                    Push::frame(wire::server_frame::Body::Receipt(update.clone()))
                });
            }
            Wake::Ephemeral { accounts, ephemeral } if ephemeral.kind() == wire::EphemeralKind::Online => {
                self.to_accounts(&accounts, || Push::Present(Box::new(ephemeral.clone())));
            }
            Wake::Ephemeral { accounts, ephemeral } => {
                let body = wire::server_frame::Body::Ephemeral;
                self.to_accounts(&accounts, || Push::frame(body(ephemeral.clone())));
            }
            Wake::Entitlements(account) => {
                let body = wire::server_frame::Body::Entitlements;
                self.to_accounts(&[account], || Push::frame(body(wire::EntitlementsChanged {})));
            }
            Wake::Revoked(device) => {
                if let Some(connection) = self.sockets().by_device.get(&device) {
                    let message = "this device was replaced by another registration of its number";
                    connection.close(ErrorCode::DeviceRevoked, message, Duration::ZERO);
                }
            }
            Wake::Webhooks | Wake::Hosted(_) | Wake::Conversation(_) => {}
        }
    }

    fn to_device(&self, device: DeviceId, push: Push) {
        let connection = self.sockets().by_device.get(&device).cloned();
        if let Some(connection) = connection {
            connection.push(push);
        }
    }

    fn to_accounts(&self, accounts: &[AccountId], push: impl Fn() -> Push) {
        let sockets = self.sockets();
        let devices = accounts.iter().filter_map(|account| sockets.by_account.get(account)).flatten();
        for connection in devices.filter_map(|device| sockets.by_device.get(device)) {
            connection.push(push());
        }
    }

    /// Says good-bye to everybody, spread over some seconds, so that not all come back in the same instant.
    pub(crate) fn shut_down(&self) {
        let mut sockets = self.sockets();
        sockets.shutting_down = true;
        for (at, connection) in sockets.by_device.values().enumerate() {
            let retry_after = Duration::from_millis(500 + 7 * (at as u64 % 1000));
            connection.close(ErrorCode::Unavailable, "the server restarts", retry_after);
        }
    }
}

/// A frame to a client.
pub(crate) fn frame(body: wire::server_frame::Body) -> wire::ServerFrame {
    wire::ServerFrame { body: Some(body) }
}
