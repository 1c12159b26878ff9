//! # Configuration
//!
//! `plaza.toml`, then the environment, then flags: what comes later wins. Everything has a default, so that
//! `plaza serve --demo --sandbox` needs no file. All mistakes are told at once, before anything starts.

mod sections;

use anyhow::{Context as _, bail};
use clap::Args;
use plaza_billing::Notice;
use plaza_blobs::BlobPlace;
use plaza_business::pace::{HIGH_MESSAGES_PER_S, STANDARD_MESSAGES_PER_S};
use plaza_business::reach::marketing::{MESSAGES_MAX, PERIOD_MAX};
use plaza_business::reach::{MarketingCap, Tier};
use plaza_protocol::limits::{CONNECTED_CALLS_PER_DAY, GROUPS_PER_NUMBER_MAX};
use plaza_protocol::{Ctx, Secret, SeededIds};
use plaza_server::Settings;
use plaza_server::egress::Tls;
use plaza_server::payments::PaymentSettings;
use sections::{BucketFile, IceServerFile, MailFile, OperatorFile, PaymentsFile, StoreFile};
use serde::Deserialize;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Marketing templates that a person gets, unless the configuration says otherwise…
const MARKETING_PER_PERSON: u32 = 5;
/// …within so many hours.
const MARKETING_PERIOD_H: u32 = 24;
/// Longer than that no balance is watched.
const UNUSED_BALANCE_MONTHS_MAX: u32 = 240;
/// How far the sandbox's clock is ahead, microseconds.
const CLOCK_FILE: &str = "sandbox-clock";

/// What `plaza serve` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flags {
    /// The folder for the database, the key file and the operator's token.
    #[arg(long, env = "PLAZA_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, env = "PLAZA_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// A PostgreSQL database in place of the embedded one.
    #[arg(long, env = "PLAZA_DATABASE_URL", value_name = "postgres://…", hide_env_values = true)]
    database_url: Option<String>,
    /// NATS, for wake-ups between several servers on one database.
    #[arg(long, env = "PLAZA_NATS", value_name = "nats://…", hide_env_values = true)]
    nats: Option<String>,
    /// A configuration file.
    #[arg(long, env = "PLAZA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Fill a new server with three people and a bakery who write to each other.
    #[arg(long)]
    demo: bool,
    /// One-time codes are shown to the operator, templates are approved at once, loopback may be called.
    #[arg(long)]
    sandbox: bool,
    /// Begin with the businesses, templates and people of a JSON file. For the sandbox.
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    seed: Option<PathBuf>,
    /// Ids, tokens and times repeat from this number, and the clock stands still until it is moved. For the sandbox.
    #[arg(long, value_name = "N", requires = "sandbox")]
    seed_ids: Option<u64>,
    /// Messages that a business number may send in a second; 0: no limit, for load tests.
    #[arg(long, env = "PLAZA_MESSAGES_PER_S", value_name = "N")]
    messages_per_s: Option<u32>,
    /// Allow --sandbox on an address that others can reach.
    #[arg(long)]
    force_public_sandbox: bool,
}

/// `plaza.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    listen: Option<String>,
    database_url: Option<String>,
    /// Connections to PostgreSQL.
    database_connections_max: Option<usize>,
    nats: Option<String>,
    sandbox: bool,
    demo: bool,
    /// Who people are told holds the keys of hosted numbers.
    operator_name: Option<String>,
    /// The file with the operator's token; default: `operator-token` in the data folder.
    operator_token_file: Option<PathBuf>,
    /// Other operators, each with a token of their own.
    operators: Vec<OperatorFile>,
    /// Two different operators have to approve a business before it is verified.
    four_eyes: bool,
    /// Months after which a balance that nothing has moved is told of, and lapses 30 days later; 0: never.
    unused_balance_months: Option<u32>,
    /// The file with the key that seals secrets at rest; default: `sealing-key` in the data folder. Servers on one
    /// database share it.
    sealing_key_file: Option<PathBuf>,
    /// Origins of other web pages that may open a socket.
    origins: Vec<String>,
    /// Private addresses that webhooks may have, as `host` or `host:port`.
    egress_allowed: Vec<String>,
    /// The certificate with its chain that webhooks show to endpoints that ask for one, PEM…
    webhook_certificate_file: Option<PathBuf>,
    /// …and the key to it.
    webhook_key_file: Option<PathBuf>,
    /// Authorities whose certificates endpoints may have besides those of the web, PEM.
    webhook_authorities_file: Option<PathBuf>,
    /// Messages that a business number may send in a second; 0: no limit.
    messages_per_s: Option<u32>,
    /// To how many people a new business may write first within 24 hours: `TIER_250` and so on.
    messaging_limit: Option<String>,
    /// Marketing templates that a person gets within the period, over all businesses; 0: any number.
    marketing_per_person: Option<u32>,
    /// The period, in hours.
    marketing_period_h: Option<u32>,
    /// Calls of a business number to one person that may connect in 24 hours.
    connected_calls_per_day: Option<u32>,
    /// Days before its first day that a new price of a list is published.
    price_notice_days: Option<u32>,
    /// STUN and TURN servers, which help the media of calls through firewalls.
    ice_servers: Vec<IceServerFile>,
    /// Groups that a business number may have.
    groups_per_number: Option<u32>,
    /// A bucket for the encrypted files of messages; default: the folder `blobs` in the data folder. Servers on one
    /// database share it.
    blobs: Option<BucketFile>,
    /// Through whom businesses pay; default: in a sandbox the built-in provider, or else by bank transfer only.
    payments: Option<PaymentsFile>,
    store: Option<StoreFile>,
    /// The server that mails go out by; absent: none are sent.
    mail: Option<MailFile>,
}

/// A configuration without mistakes.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) database_url: Option<String>,
    pub(crate) database_connections_max: usize,
    pub(crate) nats: Option<String>,
    /// What the sandbox begins with.
    pub(crate) seed: Option<String>,
    /// What ids repeat from.
    pub(crate) seed_ids: Option<u64>,
    pub(crate) settings: Settings,
}

impl Config {
    /// Reads everything, or says everything that is wrong.
    pub(crate) fn read(flags: Flags, ctx: &Ctx) -> anyhow::Result<Self> {
        let file = match &flags.config {
            Some(path) => {
                let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
                toml::from_str(&text).with_context(|| format!("{} has a mistake", path.display()))?
            }
            None => File::default(),
        };
        let mut mistakes = Vec::new();
        let listen_text = flags.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen: Option<SocketAddr> = listen_text.parse().ok();
        if listen.is_none() {
            mistakes
                .push(format!("listen: {listen_text} is not an address and a port, such as 127.0.0.1:8080"));
        }
        let sandbox = flags.sandbox || file.sandbox;
        let demo = flags.demo || file.demo;
        if demo && !sandbox {
            mistakes.push("demo: it needs the sandbox too: add --sandbox".to_owned());
        }
        if demo && flags.seed_ids.is_some() {
            mistakes.push(
                "seed-ids: the people of the demo do not repeat themselves: leave --demo out".to_owned(),
            );
        }
        let is_public = listen.is_some_and(|listen| !listen.ip().is_loopback());
        if sandbox && is_public && !flags.force_public_sandbox {
            mistakes.push(
                "sandbox: others could reach it and read one-time codes; listen on 127.0.0.1, or add \
                 --force-public-sandbox"
                    .to_owned(),
            );
        }
        let database_url = flags.database_url.or(file.database_url);
        if database_url.as_ref().is_some_and(|url| !url.starts_with("postgres")) {
            mistakes.push("database_url: it must begin with postgres://".to_owned());
        }
        let nats = flags.nats.or(file.nats);
        if nats.is_some() && database_url.is_none() {
            mistakes.push("nats: several servers need a common database: set database_url too".to_owned());
        }
        let messages_per_s = flags.messages_per_s.or(file.messages_per_s).unwrap_or(STANDARD_MESSAGES_PER_S);
        if messages_per_s > HIGH_MESSAGES_PER_S {
            mistakes.push(format!("messages_per_s: 1 to {HIGH_MESSAGES_PER_S}, or 0 for no limit"));
        }
        let first_tier = first_tier(file.messaging_limit.as_deref(), sandbox, &mut mistakes);
        let groups_per_number = file.groups_per_number.unwrap_or(GROUPS_PER_NUMBER_MAX);
        if groups_per_number > GROUPS_PER_NUMBER_MAX {
            mistakes.push(format!("groups_per_number: 0 to {GROUPS_PER_NUMBER_MAX}"));
        }
        let marketing = marketing(file.marketing_per_person, file.marketing_period_h, sandbox, &mut mistakes);
        let price_notice_days = file.price_notice_days.unwrap_or(Notice::DAYS);
        if price_notice_days > Notice::DAYS_MAX {
            mistakes.push(format!("price_notice_days: 0 to {}", Notice::DAYS_MAX));
        }
        let connected_calls_per_day = file.connected_calls_per_day.unwrap_or(CONNECTED_CALLS_PER_DAY);
        if !(1..=1000).contains(&connected_calls_per_day) {
            mistakes.push("connected_calls_per_day: 1 to 1000".to_owned());
        }
        let mut ice_servers = Vec::new();
        for server in file.ice_servers {
            match server.open() {
                Ok(server) => ice_servers.push(server),
                Err(error) => mistakes.push(format!("{error:#}")),
            }
        }
        let connections = file.database_connections_max.unwrap_or(16);
        if !(1..=500).contains(&connections) {
            mistakes.push("database_connections_max: 1 to 500".to_owned());
        }
        let data = flags.data.or(file.data).unwrap_or_else(|| PathBuf::from("plaza-data"));
        if let Err(error) = fs::create_dir_all(&data) {
            mistakes.push(format!("data: {} cannot be made: {error}", data.display()));
        }
        let token_file = file.operator_token_file.unwrap_or_else(|| data.join("operator-token"));
        let mut operators = Vec::new();
        for operator in file.operators {
            match operator.open() {
                Ok(operator) => operators.push(operator),
                Err(error) => mistakes.push(format!("{error:#}")),
            }
        }
        let unused_balance_months = file.unused_balance_months.unwrap_or(0);
        if unused_balance_months > UNUSED_BALANCE_MONTHS_MAX {
            mistakes.push(format!("unused_balance_months: 0 to {UNUSED_BALANCE_MONTHS_MAX}"));
        }
        if file.four_eyes && operators.is_empty() {
            mistakes.push("four_eyes: name a second operator under `operators`".to_owned());
        }
        let key_file = file.sealing_key_file.unwrap_or_else(|| data.join("sealing-key"));
        let blobs = match file.blobs.map(BucketFile::open) {
            None => BlobPlace::Folder(data.join("blobs")),
            Some(Ok(bucket)) => BlobPlace::Bucket(bucket),
            Some(Err(error)) => {
                mistakes.push(format!("{error:#}"));
                BlobPlace::Folder(data.join("blobs"))
            }
        };
        let mail = file.mail.map(MailFile::open).transpose().unwrap_or_else(|error| {
            mistakes.push(format!("{error:#}"));
            None
        });
        let stores = file.store.unwrap_or_default().open(sandbox, &mut mistakes);
        let payments = match file.payments.map(|payments| payments.open(sandbox)) {
            None if sandbox => PaymentSettings::Sandbox,
            None => PaymentSettings::None,
            Some(Ok(payments)) => payments,
            Some(Err(error)) => {
                mistakes.push(format!("{error:#}"));
                PaymentSettings::None
            }
        };
        let tls = webhook_tls(
            file.webhook_certificate_file.as_deref(),
            file.webhook_key_file.as_deref(),
            file.webhook_authorities_file.as_deref(),
        );
        let webhook_tls = tls.unwrap_or_else(|error| {
            mistakes.push(format!("{error:#}"));
            Tls::default()
        });
        let seed = flags.seed.as_ref().and_then(|path| match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                mistakes.push(format!("seed: {} cannot be read: {error}", path.display()));
                None
            }
        });
        if !mistakes.is_empty() {
            bail!("the configuration has {} mistake(s):\n  {}", mistakes.len(), mistakes.join("\n  "));
        }
        let seeded = flags.seed_ids.map(|seed| Ctx::system(ctx.clock(), Arc::new(SeededIds::new(seed))));
        let ctx = seeded.as_ref().unwrap_or(ctx);
        let operator_token = secret(&token_file, || format!("plaza_op_{}", hex::encode(ctx.random::<32>())))?;
        let sealing_key = secret(&key_file, || hex::encode(ctx.random::<32>()))?;
        let sealing_key = hex::decode(&sealing_key)
            .ok()
            .and_then(|key| key.try_into().ok())
            .with_context(|| format!("{} must hold 64 hexadecimal digits", key_file.display()))?;
        let listen = listen.context("listen")?;
        let clock_file = data.join(CLOCK_FILE);
        let sandbox_folder = data.join("sandbox");
        let has_snapshots =
            sandbox && !demo && database_url.is_none() && matches!(blobs, BlobPlace::Folder(_));
        Ok(Self {
            data,
            listen,
            database_url,
            database_connections_max: connections,
            nats,
            seed,
            seed_ids: flags.seed_ids,
            settings: Settings {
                sandbox,
                demo,
                repeats: flags.seed_ids.is_some(),
                messages_per_s: Some(messages_per_s).filter(|per_s| *per_s > 0),
                first_tier,
                groups_per_number,
                marketing,
                connected_calls_per_day,
                ice_servers,
                origins: file.origins,
                egress_allowed: file.egress_allowed,
                webhook_tls,
                mail,
                operator_name: file.operator_name.unwrap_or_else(|| "Plaza".to_owned()),
                clock_file,
                sandbox_folder,
                has_snapshots,
                blobs,
                payments,
                stores,
                operator_token: Secret(operator_token),
                operators,
                four_eyes: file.four_eyes,
                unused_balance_months,
                price_notice: Notice::of_days(price_notice_days),
                sealing_key: Secret(sealing_key),
            },
        })
    }
}

/// What webhooks show and trust.
fn webhook_tls(
    certificate: Option<&Path>,
    key: Option<&Path>,
    authorities: Option<&Path>,
) -> anyhow::Result<Tls> {
    let read = |name: &str, path: &Path| {
        fs::read(path).with_context(|| format!("{name}: {} cannot be read", path.display()))
    };
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Some((read("webhook_certificate_file", certificate)?, read("webhook_key_file", key)?))
        }
        (None, None) => None,
        (Some(_), None) => bail!("webhook_key_file: the key to webhook_certificate_file is missing"),
        (None, Some(_)) => bail!("webhook_certificate_file: the certificate to webhook_key_file is missing"),
    };
    let authorities = authorities.map(|path| read("webhook_authorities_file", path)).transpose()?;
    let identity = identity.as_ref().map(|(certificate, key)| (certificate.as_slice(), key.as_slice()));
    Tls::new(identity, authorities.as_deref())
        .context("webhook_certificate_file, webhook_key_file, webhook_authorities_file: PEM is expected, and the key of the certificate")
}

/// In a sandbox a business writes to anybody, unless limits are what is tried out.
fn first_tier(word: Option<&str>, sandbox: bool, mistakes: &mut Vec<String>) -> Tier {
    let Some(word) = word else { return if sandbox { Tier::Unlimited } else { Tier::People250 } };
    Tier::parse(word).unwrap_or_else(|| {
        let words: Vec<&str> = Tier::ALL.iter().map(|tier| tier.as_str()).collect();
        mistakes.push(format!("messaging_limit: one of {}", words.join(", ")));
        Tier::People250
    })
}

/// The same for advertising.
fn marketing(
    messages_max: Option<u32>,
    period_h: Option<u32>,
    sandbox: bool,
    mistakes: &mut Vec<String>,
) -> Option<MarketingCap> {
    let messages_max = messages_max.unwrap_or(if sandbox { 0 } else { MARKETING_PER_PERSON });
    if messages_max > MESSAGES_MAX {
        mistakes.push(format!("marketing_per_person: 1 to {MESSAGES_MAX}, or 0 for no limit"));
    }
    let hours_max = PERIOD_MAX.as_secs() / 3600;
    let period_h = u64::from(period_h.unwrap_or(MARKETING_PERIOD_H));
    if !(1..=hours_max).contains(&period_h) {
        mistakes.push(format!("marketing_period_h: 1 to {hours_max}"));
    }
    let period = Duration::from_secs(period_h.saturating_mul(3600));
    (messages_max > 0).then_some(MarketingCap { messages_max, period })
}

/// How far an earlier run of the sandbox had moved its clock, microseconds.
pub(crate) fn clock_ahead_us(settings: &Settings) -> i64 {
    let ahead = fs::read_to_string(&settings.clock_file).ok().filter(|_| settings.sandbox);
    ahead.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The secret in a file, made at the first start and readable by its owner only.
fn secret(path: &Path, make: impl FnOnce() -> String) -> anyhow::Result<String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Ok(_) => bail!("{} is empty: delete it, and a new one is made", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    }
    let secret = make();
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    Ok(secret)
}

/// Each key of `plaza.toml`: name, default, what it is.
const KEYS: &[(&str, &str, &str)] = &[
    ("data", "`plaza-data`", "The folder for the embedded database, the key file and the operator's token."),
    ("listen", "`127.0.0.1:8080`", "Address and port. Put TLS in front of it."),
    (
        "database_url",
        "none",
        "A PostgreSQL database in place of the embedded one: `postgres://user@host:5432/plaza`.",
    ),
    ("database_connections_max", "16", "Connections to PostgreSQL, 1 to 500."),
    ("nats", "none", "NATS, where several servers share a database: `nats://host:4222`."),
    (
        "sandbox",
        "false",
        "One-time codes are shown to the operator, templates are approved at once, loopback may be called.",
    ),
    ("demo", "false", "Three people and a bakery. Needs the sandbox."),
    ("operator_name", "`Plaza`", "Who people are told holds the keys of hosted numbers."),
    ("operator_token_file", "`operator-token` in the data folder", "Made at the first start."),
    (
        "operators",
        "empty",
        "Other operators: `[{ name = \"Ada\", token_file = \"/run/secrets/ada\" }]`. The log of decisions names them; the \
        first one is called `operator`.",
    ),
    ("four_eyes", "false", "Two different operators have to approve a business before it is verified."),
    (
        "sealing_key_file",
        "`sealing-key` in the data folder",
        "Seals secrets at rest; made at the first start. \
        Servers on one database share it. Keep a copy: without it hosted numbers cannot be read.",
    ),
    ("origins", "empty", "Origins of other web pages that may open a socket: `[\"https://example.org\"]`."),
    ("egress_allowed", "empty", "Private addresses that webhooks may have, as `host` or `host:port`."),
    (
        "webhook_certificate_file",
        "none",
        "A certificate with its chain, PEM, that is shown to webhook endpoints which ask for one (mutual TLS).",
    ),
    ("webhook_key_file", "none", "The key to it, PEM."),
    (
        "webhook_authorities_file",
        "none",
        "Authorities, PEM, whose certificates endpoints may have besides those of the public web.",
    ),
    (
        "messages_per_s",
        "80",
        "Messages that a business number may send in a second, up to 1000; each person gets 45 at once and one every six \
        seconds. 0: no limits, for load tests.",
    ),
    (
        "messaging_limit",
        "`TIER_250`, in a sandbox `TIER_UNLIMITED`",
        "To how many people a new business may write within 24 hours outside the customer-service window: `TIER_250`, \
        `TIER_2K`, `TIER_10K`, `TIER_100K` or `TIER_UNLIMITED`. It rises by itself; each business can be given another.",
    ),
    (
        "marketing_per_person",
        "5, in a sandbox 0",
        "Marketing templates that a person gets within the period, over all businesses, up to 100; not counted for people \
        who write to the business, nor in the European Economic Area, the United Kingdom, Japan and South Korea. 0: any \
        number.",
    ),
    ("marketing_period_h", "24", "The period of `marketing_per_person`, in hours, up to 720."),
    (
        "unused_balance_months",
        "0",
        "Months after which a balance that nothing has moved is told of; 30 days later it lapses. Up to 240; 0: never. Ask \
        a lawyer first: in many countries money that was paid in does not lapse.",
    ),
    ("groups_per_number", "10000", "Groups that a business number may have, up to 10000. 0: none."),
    (
        "connected_calls_per_day",
        "10",
        "Calls of a business number to one person that may connect within 24 hours, up to 1000.",
    ),
    (
        "price_notice_days",
        "30",
        "Days before its first day that a new version of a price list has to be published, up to 365. Prices that were agreed \
        with one business need no notice.",
    ),
    (
        "ice_servers",
        "none",
        "STUN and TURN servers, which help the media of calls through firewalls: a list of tables with `urls`, and for TURN \
        `username` and `credential_file`. People's devices are told them.",
    ),
    (
        "blobs",
        "the folder `blobs` in the data folder",
        "Where the encrypted files of messages lie: a table with `bucket`, `endpoint`, `region`, `access_key_id` and \
        `secret_access_key_file` of an S3-compatible store. Servers on one database share it.",
    ),
    (
        "mail",
        "none",
        "The server that mails go out by: a table with `smtp` (`smtp://host:25`, `smtp://host:587?tls=required` or \
        `smtps://host`), `from` (`Plaza <billing@example.org>`), and `user` and `password_file` if it asks for them.",
    ),
    (
        "payments",
        "by bank transfer only, in a sandbox the built-in provider",
        "Through whom businesses pay: a table with `provider` (`none`, `sandbox` or `stripe`) and for stripe \
        `secret_key_file`, `publishable_key`, `webhook_secret_file` (its webhooks come to `/_payments/stripe/webhook`) and, \
        for others that speak like it, `url` and `script_url` (its script for the page that takes cards; at Stripe itself \
        Stripe's).",
    ),
    (
        "store",
        "none, in a sandbox the built-in store",
        "Where people buy: a table with `apple`, a table with `bundle_id`, `issuer_id`, `key_id`, `key_file`, `root_file` \
        (Apple's Root CA G3) and, if need be, `products_prefix`, `commission_percent`, `takes_sandbox` and `url`; and with \
        `google`, a table with `package_name`, `service_account_file` (the JSON of its key) and, if need be, \
        `notifications_from` (`projects/…/subscriptions/…`) with `notifications_account` (the e-mail address that signs its \
        pushes) and `notifications_audience`, `keys_url` (Google's public keys), `products_prefix`, `commission_percent`, `takes_sandbox` and \
        `url`. Notifications come to `/_payments/stores/apple/notifications` and `/_payments/stores/google/notifications`.",
    ),
];

/// `docs/operations/config.md`.
pub(crate) fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\n<!-- Made by `./x gen` from crates/plaza/src/config.rs. -->\n\n`plaza serve --config \
         plaza.toml`; then the environment (`PLAZA_DATA`, `PLAZA_LISTEN`, `PLAZA_DATABASE_URL`, `PLAZA_NATS`), then \
         flags: what comes later wins. All mistakes are told at once, before anything starts.\n\n| key | default | \
         meaning |\n|---|---|---|\n",
    );
    for (key, default, meaning) in KEYS {
        text.push_str(&format!("| `{key}` | {default} | {meaning} |\n"));
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        for (key, _, _) in KEYS {
            let value = match *key {
                "sandbox" | "demo" | "four_eyes" => "true",
                "database_connections_max"
                | "messages_per_s"
                | "marketing_per_person"
                | "marketing_period_h"
                | "connected_calls_per_day"
                | "unused_balance_months"
                | "price_notice_days"
                | "groups_per_number" => "4",
                "origins" | "egress_allowed" | "operators" => "[]",
                "ice_servers" => "[{ urls = [\"stun:localhost\"] }]",
                "payments" => "{ provider = \"none\" }",
                "store" => {
                    "{ apple = { bundle_id = \"b\", issuer_id = \"i\", key_id = \"k\", key_file = \"f\", root_file = \"r\" }, \
                     google = { package_name = \"p\", service_account_file = \"f\" } }"
                }
                "blobs" => "{ bucket = \"b\", access_key_id = \"i\", secret_access_key_file = \"f\" }",
                "mail" => "{ smtp = \"smtp://localhost\", from = \"a@example.org\" }",
                _ => "\"x\"",
            };
            let read: Result<File, _> = toml::from_str(&format!("{key} = {value}"));
            assert!(read.is_ok(), "{key}: {read:?}");
        }
        assert!(toml::from_str::<File>("no_such_key = 1").is_err());
    }

    #[test]
    fn a_certificate_needs_its_key_and_both_their_files() {
        let pem = |name: &str| {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/testdata/tls").join(format!("{name}.pem"))
        };
        let (certificate, key, authority) = (pem("plaza"), pem("plaza-key"), pem("authority"));
        let (other, nowhere) = (pem("impostor-key"), pem("nowhere"));
        for (certificate, key, authorities) in
            [(None, None, None), (Some(&certificate), Some(&key), None), (None, None, Some(&authority))]
        {
            let path = |file: Option<&PathBuf>| file.cloned();
            let (certificate, key, authorities) = (path(certificate), path(key), path(authorities));
            webhook_tls(certificate.as_deref(), key.as_deref(), authorities.as_deref()).expect("it is good");
        }
        for (certificate, key, authorities, named) in [
            (Some(&certificate), None, None, "webhook_key_file"),
            (None, Some(&key), None, "webhook_certificate_file"),
            (Some(&nowhere), Some(&key), None, "webhook_certificate_file"),
            (Some(&certificate), Some(&nowhere), None, "webhook_key_file"),
            (Some(&certificate), Some(&other), None, "the key of the certificate"),
            (None, None, Some(&nowhere), "webhook_authorities_file"),
        ] {
            let path = |file: Option<&PathBuf>| file.cloned();
            let (certificate, key, authorities) = (path(certificate), path(key), path(authorities));
            let mistake = webhook_tls(certificate.as_deref(), key.as_deref(), authorities.as_deref());
            let mistake = mistake.expect_err(named).to_string();
            assert!(mistake.contains(named), "{mistake}");
        }
    }
}
