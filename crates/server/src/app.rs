//! What every part of the server shares: the database, the clock, the sockets, the domain's state.

use crate::cloud_api::CloudApi;
use crate::egress::{Egress, Tls};
use crate::gateway::Gateway;
use crate::hub::Hub;
use crate::mail::Smtp;
use crate::metrics::Metrics;
use crate::payments::PaymentSettings;
use crate::relay::Relay;
use crate::repeat::{self, Requests};
use crate::sandbox::Sandbox;
use crate::stores::StoreSettings;
use axum::http::{HeaderMap, header};
use plaza_billing::Prices;
use plaza_blobs::{BlobPlace, Blobs};
use plaza_bus::Bus;
use plaza_business::messages::StatusError;
use plaza_business::reach::{MarketingCap, Tier};
use plaza_business::{Business, groups};
use plaza_db::{Db, DbError, Tx, params, statements};
use plaza_messaging::MessagingError;
use plaza_messaging::delivery::{Acknowledged, Delivery, Read};
use plaza_payments::Payments;
use plaza_payments::stores::Stores;
use plaza_protocol::{Actor, Clock, Ctx, MessageId, Secret, Timestamp, wire};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

statements! {
    /// Which messages of hosted devices lie in a part of a conversation that was read; they need not be remembered on.
    TAKE_READ = "DELETE FROM hosted_message WHERE conversation_id = $1 AND gseq <= $2 AND is_outgoing
        RETURNING message_id";
    /// The same in a group, where others may not have read them.
    READ_IN_GROUP = "SELECT message_id FROM hosted_group_message
        WHERE conversation_id = $1 AND gseq > $2 AND gseq <= $3 ORDER BY gseq";
}

/// How the server behaves; read from the configuration by the binary.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Codes are shown to the operator, templates are approved at once, loopback addresses may be called, the clock can
    /// be moved.
    pub sandbox: bool,
    /// The demo world is there.
    pub demo: bool,
    /// Ids repeat: those of a request follow from which it is.
    pub repeats: bool,
    /// Origins of web pages, besides this server's own, that may open a socket.
    pub origins: Vec<String>,
    /// Addresses that webhooks may have although they are private, as `host` or `host:port`.
    pub egress_allowed: Vec<String>,
    /// What sends mails; `None`: nothing does.
    pub mail: Option<Smtp>,
    /// What endpoints of businesses are shown, and whom the operator trusts besides the web.
    pub webhook_tls: Tls,
    /// Messages that a business number may send in a second, and with it the limit of each person; `None`: any.
    pub messages_per_s: Option<u32>,
    /// The messaging limit that a new business begins with.
    pub first_tier: Tier,
    /// How much advertising a person gets; `None`: any amount.
    pub marketing: Option<MarketingCap>,
    /// Calls of a business number to one person that may connect in 24 hours.
    pub connected_calls_per_day: u32,
    /// What helps the media of calls through firewalls: told to people's devices.
    pub ice_servers: Vec<wire::IceServer>,
    /// Groups that a business number may have.
    pub groups_per_number: u32,
    /// Who runs the network.
    pub operator_name: String,
    /// What the operator signs in with.
    pub operator_token: Secret<String>,
    /// Other operators, each with a name and a token of their own.
    pub operators: Vec<Operator>,
    /// Two different operators have to approve a business.
    pub four_eyes: bool,
    /// Months after which a balance that nothing has moved is told of, and lapses later; 0: never.
    pub unused_balance_months: u32,
    /// How long before its first day a new price of a list is published.
    pub price_notice: plaza_billing::Notice,
    /// Where the sandbox keeps how far its clock is ahead: time does not go back at a restart.
    pub clock_file: PathBuf,
    /// Where the sandbox keeps its people.
    pub sandbox_folder: PathBuf,
    /// Whether the sandbox can take snapshots: everything lies in one folder.
    pub has_snapshots: bool,
    /// Where the encrypted files of messages lie.
    pub blobs: BlobPlace,
    /// Through whom businesses pay.
    pub payments: PaymentSettings,
    /// Through which app stores people buy.
    pub stores: StoreSettings,
    /// Encrypts secrets at rest.
    pub sealing_key: Secret<[u8; 32]>,
}

/// One of several who run the network.
#[derive(Debug, Clone)]
pub struct Operator {
    /// What the log of decisions calls them.
    pub name: String,
    /// What they sign in with.
    pub token: Secret<String>,
}

/// The state of the server.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The business domain.
    pub business: Arc<Business>,
    /// The price books in memory.
    pub prices: Prices,
    /// The hosted devices.
    pub gateway: Gateway,
    /// The encrypted files of messages.
    pub(crate) blobs: Blobs,
    /// Uploads that are read at a time.
    pub(crate) large_bodies: Semaphore,
    pub(crate) settings: Settings,
    pub(crate) ctx: Ctx,
    pub(crate) clock: Arc<ServerClock>,
    pub(crate) bus: Bus,
    pub(crate) hub: Hub,
    pub(crate) relay: Relay,
    pub(crate) delivery: Delivery,
    pub(crate) metrics: Metrics,
    /// Rings when there may be something to deliver to webhooks.
    pub(crate) webhooks: Arc<Notify>,
    /// The same, for those who ask for their webhooks.
    pub(crate) listeners: Notify,
    pub(crate) cloud_api: CloudApi,
    pub(crate) egress: Arc<Egress>,
    pub(crate) payments: Payments,
    pub(crate) stores: Stores,
    /// Who is in the demo world, once it is there.
    pub(crate) world: OnceLock<serde_json::Value>,
    pub(crate) sandbox: Sandbox,
    pub(crate) requests: Requests,
    /// What opens the console of the demo's business, once it is there.
    pub(crate) demo_business: OnceLock<DemoBusiness>,
    pub(crate) tracker: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

/// The business of the demo, whose console anybody at this machine may open.
#[derive(Debug)]
pub struct DemoBusiness {
    /// What it is called.
    pub name: String,
    /// A token of it.
    pub access_token: Secret<String>,
}

/// A batch of receipts could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("messages")]
    Messaging(#[from] MessagingError),
    #[error("receipts of a business")]
    Business(#[from] StatusError),
    #[error("storage")]
    Db(#[from] DbError),
}

impl App {
    /// Says who is in the demo world. Once.
    pub fn set_world(&self, world: serde_json::Value) {
        let _ = self.world.set(world);
    }

    /// Says what opens the console of the demo's business. Once.
    pub fn set_demo_business(&self, business: DemoBusiness) {
        let _ = self.demo_business.set(business);
    }

    /// What the operator signs in with: for what runs in the same process.
    pub fn operator_token(&self) -> &str {
        &self.settings.operator_token.0
    }

    /// A context for a request.
    pub fn ctx_for(&self, actor: Actor) -> Ctx {
        repeat::of_this_request(&self.ctx).for_request(actor)
    }

    /// Whether a page may open a socket: it is this server's, or one that the configuration names. Programs other than
    /// browsers send no origin.
    pub(crate) fn is_origin_allowed(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if self.settings.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let Ok(url) = Url::parse(origin) else { return false };
        let authority = match (url.host_str(), url.port()) {
            (Some(name), Some(port)) => format!("{name}:{port}"),
            (Some(name), None) => name.to_owned(),
            _ => return false,
        };
        authority.eq_ignore_ascii_case(host)
    }

    /// What people's receipts mean for the businesses that they talk with: statuses, charges, webhooks.
    pub(crate) async fn business_receipts(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        arrived: &[Acknowledged],
        read: &[Read],
    ) -> Result<(), RelayError> {
        let now = ctx.now();
        let delivered: Vec<(MessageId, Timestamp)> = arrived
            .iter()
            .filter(|message| message.envelope.is_hosted)
            .filter_map(|message| {
                let id = MessageId::from_slice(&message.envelope.message_id).ok()?;
                // In a group each participant has a copy of their own.
                let is_group = message.envelope.is_group;
                Some((if is_group { groups::copy_of(id, message.by.account) } else { id }, now))
            })
            .collect();
        if !delivered.is_empty() {
            self.business.device_acknowledged(ctx, tx, &delivered).await?;
        }
        let taken = read.iter().map(|read| params![read.conversation, read.up_to]).collect();
        let mut seen = Vec::new();
        for row in tx.query_many(TAKE_READ, taken).await?.into_iter().flatten() {
            seen.push((row.get::<MessageId>(0)?, now));
        }
        let ranges = read.iter().map(|read| params![read.conversation, read.after, read.up_to]).collect();
        for (read, rows) in read.iter().zip(tx.query_many(READ_IN_GROUP, ranges).await?) {
            for row in rows {
                seen.push((groups::copy_of(row.get(0)?, read.by.account), now));
            }
        }
        if !seen.is_empty() {
            self.business.read(ctx, tx, &seen).await?;
        }
        Ok(())
    }
}

/// The sandbox's clock goes at most ten years ahead.
const AHEAD_MAX_US: i64 = 10 * 366 * 24 * 3600 * 1_000_000;

/// The machine's clock, which the sandbox may move forward.
#[derive(Debug, Default)]
pub struct ServerClock {
    ahead_us: AtomicI64,
    /// It stands still here, but for what it is moved.
    stands_at: Option<Timestamp>,
}

impl ServerClock {
    /// A clock that is ahead of the machine's, as an earlier run of the sandbox left it.
    pub fn ahead_by(ahead_us: i64) -> Self {
        Self { ahead_us: AtomicI64::new(ahead_us.clamp(0, AHEAD_MAX_US)), stands_at: None }
    }

    /// The same, and it stands still between two moves.
    pub fn standing_at(time: Timestamp, ahead_us: i64) -> Self {
        Self { stands_at: Some(time), ..Self::ahead_by(ahead_us) }
    }

    /// Moves the clock forward, if it does not come too far; the answer is how far ahead it is.
    pub(crate) fn advance(&self, by: Duration) -> Option<i64> {
        let by = i64::try_from(by.as_micros()).ok()?;
        let forward = |ahead: i64| ahead.checked_add(by).filter(|ahead| *ahead <= AHEAD_MAX_US);
        self.ahead_us.fetch_update(Ordering::SeqCst, Ordering::SeqCst, forward).ok()?;
        Some(self.ahead_us.load(Ordering::SeqCst))
    }
}

impl Clock for ServerClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> Timestamp {
        let of_the_machine = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        };
        let now = self.stands_at.map_or_else(of_the_machine, |time| time.0);
        Timestamp(now.saturating_add(self.ahead_us.load(Ordering::Relaxed)))
    }
}
