//! The tables of `plaza.toml`: each is read as it stands, and opened into what the server takes. Opening reads the files
//! that a table names, and says which key is wrong.

use anyhow::{Context as _, bail};
use plaza_blobs::Bucket;
use plaza_protocol::{Secret, wire};
use plaza_server::Operator;
use plaza_server::mail::Smtp;
use plaza_server::payments::{PaymentSettings, StripeSettings};
use plaza_server::stores::{
    AppleSettings, GOOGLE_KEYS_URL, GoogleSettings, Pushes, ServiceAccount, StoreSettings,
};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// `[mail]` of `plaza.toml`: a server that takes mails by SMTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailFile {
    /// `smtp://host:port`, with `?tls=required` for STARTTLS, or `smtps://host`.
    smtp: String,
    /// Who mails are from.
    from: String,
    user: Option<String>,
    /// The file with the user's password.
    password_file: Option<PathBuf>,
}

impl MailFile {
    pub(super) fn open(self) -> anyhow::Result<Smtp> {
        let credentials = match (self.user, &self.password_file) {
            (None, None) => None,
            (Some(user), Some(path)) => {
                let password = fs::read_to_string(path)
                    .with_context(|| format!("mail.password_file: {} cannot be read", path.display()))?;
                Some((user, Secret(password.trim().to_owned())))
            }
            _ => bail!("mail: user and password_file belong together"),
        };
        Ok(Smtp::new(&self.smtp, &self.from, credentials)?)
    }
}

/// `[[ice_servers]]` of `plaza.toml`: as WebRTC wants it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IceServerFile {
    urls: Vec<String>,
    #[serde(default)]
    username: String,
    /// The file with the credential of a TURN server.
    credential_file: Option<PathBuf>,
}

impl IceServerFile {
    pub(super) fn open(self) -> anyhow::Result<wire::IceServer> {
        let is_known = |url: &String| {
            ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme))
        };
        if self.urls.is_empty() || !self.urls.iter().all(is_known) {
            bail!("ice_servers: urls must begin with stun:, stuns:, turn: or turns:");
        }
        let credential = match &self.credential_file {
            Some(path) => fs::read_to_string(path)
                .with_context(|| format!("ice_servers.credential_file: {} cannot be read", path.display()))?,
            None => String::new(),
        };
        Ok(wire::IceServer {
            urls: self.urls,
            username: self.username,
            credential: credential.trim().to_owned(),
        })
    }
}

/// `[payments]` of `plaza.toml`: through whom businesses pay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentsFile {
    /// `none`, `sandbox` or `stripe`.
    provider: String,
    /// Where Stripe's interface is, or what speaks like it.
    url: Option<String>,
    /// The file with the secret key.
    secret_key_file: Option<PathBuf>,
    /// For the provider's script in pages.
    publishable_key: Option<String>,
    /// Where that script is; else, at Stripe itself, Stripe's.
    script_url: Option<String>,
    /// The file with the secret that webhooks are signed with.
    webhook_secret_file: Option<PathBuf>,
}

/// Where Stripe's script is.
const STRIPE_SCRIPT: &str = "https://js.stripe.com/v3/";

impl PaymentsFile {
    pub(super) fn open(self, sandbox: bool) -> anyhow::Result<PaymentSettings> {
        let is_set = self.url.is_some()
            || self.secret_key_file.is_some()
            || self.publishable_key.is_some()
            || self.script_url.is_some()
            || self.webhook_secret_file.is_some();
        match self.provider.as_str() {
            "none" | "sandbox" if is_set => {
                bail!("payments: url, keys and secrets are for the provider stripe")
            }
            "none" => Ok(PaymentSettings::None),
            "sandbox" if !sandbox => bail!("payments.provider: sandbox takes no money: it needs --sandbox"),
            "sandbox" => Ok(PaymentSettings::Sandbox),
            "stripe" => self.stripe().map(PaymentSettings::Stripe),
            _ => bail!("payments.provider: none, sandbox or stripe"),
        }
    }

    fn stripe(self) -> anyhow::Result<StripeSettings> {
        let read = |name: &str, path: &Path| {
            let text = fs::read_to_string(path)
                .with_context(|| format!("payments.{name}: {} cannot be read", path.display()))?;
            if text.trim().is_empty() {
                bail!("payments.{name}: {} is empty", path.display());
            }
            Ok(Secret(text.trim().to_owned()))
        };
        let key = self.secret_key_file.context("payments.secret_key_file: stripe needs it")?;
        // Whoever speaks like Stripe elsewhere has a script of its own, or none.
        let script_url = self.script_url.or_else(|| self.url.is_none().then(|| STRIPE_SCRIPT.to_owned()));
        let url = self.url.unwrap_or_else(|| "https://api.stripe.com".to_owned());
        for (name, url) in [("url", Some(&url)), ("script_url", script_url.as_ref())] {
            if url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
                bail!("payments.{name}: it must begin with https://");
            }
        }
        Ok(StripeSettings {
            url,
            secret_key: read("secret_key_file", &key)?,
            publishable_key: self.publishable_key.unwrap_or_default(),
            script_url,
            webhook_secret: self
                .webhook_secret_file
                .map(|path| read("webhook_secret_file", &path))
                .transpose()?,
        })
    }
}

/// `[store]` of `plaza.toml`: where people buy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreFile {
    apple: Option<AppleFile>,
    google: Option<GoogleFile>,
}

impl StoreFile {
    /// A store that cannot be opened is left out, and said.
    pub(super) fn open(self, sandbox: bool, mistakes: &mut Vec<String>) -> StoreSettings {
        let mut mistake = |error: anyhow::Error| mistakes.push(format!("{error:#}"));
        let apple = self.apple.and_then(|apple| apple.open().map_err(&mut mistake).ok());
        let google = self.google.and_then(|google| google.open().map_err(&mut mistake).ok());
        StoreSettings { sandbox, apple, google }
    }
}

/// `[store.apple]` of `plaza.toml`: an app in the App Store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppleFile {
    bundle_id: String,
    /// What stands before `plus.month`; else the bundle id and a point.
    products_prefix: Option<String>,
    issuer_id: String,
    key_id: String,
    /// The key for in-app purchases, as App Store Connect gives it.
    key_file: PathBuf,
    /// Apple's root certificate, Root CA G3.
    root_file: PathBuf,
    #[serde(default = "default_commission")]
    commission_percent: i64,
    /// Purchases of Apple's sandbox count, too.
    #[serde(default)]
    takes_sandbox: bool,
    url: Option<String>,
}

fn default_commission() -> i64 {
    30
}

impl AppleFile {
    fn open(self) -> anyhow::Result<AppleSettings> {
        let read = |name: &str, path: &Path| {
            let bytes = fs::read(path)
                .with_context(|| format!("store.apple.{name}: {} cannot be read", path.display()))?;
            der_of(bytes)
                .with_context(|| format!("store.apple.{name}: {} is neither PEM nor DER", path.display()))
        };
        if !(0..=100).contains(&self.commission_percent) {
            bail!("store.apple.commission_percent: 0 to 100");
        }
        let url = self.url.unwrap_or_else(|| "https://api.storekit.itunes.apple.com".to_owned());
        if !url.starts_with("https://") && !url.starts_with("http://") {
            bail!("store.apple.url: it must begin with https://");
        }
        Ok(AppleSettings {
            url,
            root: read("root_file", &self.root_file)?,
            products_prefix: self.products_prefix.unwrap_or_else(|| format!("{}.", self.bundle_id)),
            bundle_id: self.bundle_id,
            issuer_id: self.issuer_id,
            key_id: self.key_id,
            key: Secret(read("key_file", &self.key_file)?),
            commission_percent: self.commission_percent,
            takes_sandbox: self.takes_sandbox,
        })
    }
}

/// `[store.google]` of `plaza.toml`: an app in Google Play.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoogleFile {
    package_name: String,
    /// What stands before `plus` in the ids of products; else nothing.
    #[serde(default)]
    products_prefix: String,
    /// The JSON file of a service account's key.
    service_account_file: PathBuf,
    /// The Pub/Sub subscription that pushes notifications: `projects/…/subscriptions/…`; absent: none are taken.
    notifications_from: Option<String>,
    /// The service account that it signs as.
    notifications_account: Option<String>,
    /// For whom it signs.
    notifications_audience: Option<String>,
    /// Where Google's public keys are.
    keys_url: Option<String>,
    #[serde(default = "default_commission")]
    commission_percent: i64,
    /// What testers buy counts, too.
    #[serde(default)]
    takes_sandbox: bool,
    url: Option<String>,
}

impl GoogleFile {
    fn open(self) -> anyhow::Result<GoogleSettings> {
        let path = self.service_account_file;
        let file = fs::read(&path).with_context(|| {
            format!("store.google.service_account_file: {} cannot be read", path.display())
        })?;
        let account = ServiceAccount::read(&file)
            .with_context(|| format!("store.google.service_account_file: {}", path.display()))?;
        if !(0..=100).contains(&self.commission_percent) {
            bail!("store.google.commission_percent: 0 to 100");
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_';
        if !self.package_name.contains('.') || !self.package_name.bytes().all(is_name) {
            bail!("store.google.package_name: a name such as org.example.chat");
        }
        let pushes = [self.notifications_from, self.notifications_account, self.notifications_audience];
        let notifications = pushes_of(pushes, self.keys_url)?;
        let url = self.url.unwrap_or_else(|| "https://androidpublisher.googleapis.com".to_owned());
        if !url.starts_with("https://") && !url.starts_with("http://") {
            bail!("store.google.url: it must begin with https://");
        }
        Ok(GoogleSettings {
            url,
            package_name: self.package_name,
            products_prefix: self.products_prefix,
            account,
            notifications,
            commission_percent: self.commission_percent,
            takes_sandbox: self.takes_sandbox,
        })
    }
}

/// Who pushes, and how that is known.
fn pushes_of(told: [Option<String>; 3], keys_url: Option<String>) -> anyhow::Result<Option<Pushes>> {
    let keys_url = keys_url.unwrap_or_else(|| GOOGLE_KEYS_URL.to_owned());
    if !keys_url.starts_with("https://") && !keys_url.starts_with("http://") {
        bail!("store.google.keys_url: it must begin with https://");
    }
    match told {
        [None, None, None] => Ok(None),
        [Some(subscription), Some(account), Some(audience)] => {
            if !subscription.starts_with("projects/") {
                bail!("store.google.notifications_from: the whole name, projects/…/subscriptions/…");
            }
            if !account.contains('@') {
                bail!("store.google.notifications_account: the e-mail address of a service account");
            }
            Ok(Some(Pushes { subscription, account, audience, keys_url }))
        }
        _ => bail!(
            "store.google: notifications_from, notifications_account and notifications_audience belong together"
        ),
    }
}

/// What a file in PEM holds; DER is left as it is.
fn der_of(bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    use base64::Engine as _;
    // A sequence, as every certificate and key is.
    if bytes.first() == Some(&0x30) {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("-----"));
    let der = base64::engine::general_purpose::STANDARD.decode(lines.collect::<String>())?;
    if der.is_empty() { bail!("it is empty") } else { Ok(der) }
}

/// `[blobs]` of `plaza.toml`: a bucket of an S3-compatible store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketFile {
    bucket: String,
    endpoint: Option<String>,
    #[serde(default = "default_region")]
    region: String,
    access_key_id: String,
    /// The file with the secret key.
    secret_access_key_file: PathBuf,
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

impl BucketFile {
    pub(super) fn open(self) -> anyhow::Result<Bucket> {
        let path = &self.secret_access_key_file;
        let secret = fs::read_to_string(path)
            .with_context(|| format!("blobs.secret_access_key_file: {} cannot be read", path.display()))?;
        Ok(Bucket {
            name: self.bucket,
            endpoint: self.endpoint,
            region: self.region,
            access_key_id: self.access_key_id,
            secret_access_key: Secret(secret.trim().to_owned()),
        })
    }
}

/// Another operator, as the file names one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorFile {
    name: String,
    token_file: PathBuf,
}

/// A token that cannot be guessed has so many characters at least.
const TOKEN_CHARACTERS_MIN: usize = 20;

impl OperatorFile {
    pub(super) fn open(self) -> anyhow::Result<Operator> {
        let is_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '.' | '-' | '_' | '@');
        let is_taken = ["operator", plaza_billing::audit::COMMAND_LINE].contains(&self.name.as_str());
        if self.name.trim().is_empty() || !self.name.chars().all(is_name) || is_taken {
            bail!("operators: a name of letters, digits and . - _ @ is expected, other than operator");
        }
        let token = fs::read_to_string(&self.token_file)
            .with_context(|| format!("operators: {} cannot be read", self.token_file.display()))?;
        let token = token.trim().to_owned();
        if token.len() < TOKEN_CHARACTERS_MIN {
            bail!("operators: the token of {} needs {TOKEN_CHARACTERS_MIN} characters", self.name);
        }
        Ok(Operator { name: self.name, token: Secret(token) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_store_needs_a_key_and_a_root_that_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, root) = (folder.path().join("key.p8"), folder.path().join("root.cer"));
        fs::write(&key, "-----BEGIN PRIVATE KEY-----\nMAMB\nAf8=\n-----END PRIVATE KEY-----\n")
            .expect("written");
        fs::write(&root, [0x30, 0x01, 0x00]).expect("written");
        let open = |more: &str| {
            let text = format!(
                "bundle_id = \"org.example\"\nissuer_id = \"i\"\nkey_id = \"k\"\nkey_file = {key:?}\n\
                 root_file = {root:?}\n{more}"
            );
            toml::from_str::<AppleFile>(&text).expect("it is read").open()
        };
        let settings = open("").expect("it is good");
        assert_eq!(settings.products_prefix, "org.example.");
        assert_eq!((settings.key.0, settings.root), (vec![0x30, 3, 1, 1, 0xff], vec![0x30, 1, 0]));
        for (more, wrong) in
            [("commission_percent = 101", "commission_percent"), ("url = \"ftp://x\"", "url")]
        {
            assert!(format!("{:#}", open(more).expect_err("wrong")).contains(wrong));
        }
        fs::write(&key, "nothing of a key").expect("written");
        assert!(format!("{:#}", open("").expect_err("wrong")).contains("key_file"));
    }

    #[test]
    fn google_play_needs_a_service_account_that_can_be_read() {
        use base64::Engine as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("account.json");
        let open = |more: &str| {
            let text = format!("package_name = \"org.example\"\nservice_account_file = {file:?}\n{more}");
            toml::from_str::<GoogleFile>(&text).expect("it is read").open()
        };
        let write = |key: &[u8], token_url: &str| {
            let key = base64::engine::general_purpose::STANDARD.encode(key);
            let account = serde_json::json!({
                "type": "service_account", "private_key_id": "k1", "client_email": "plaza@example.org",
                "private_key": format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
                "token_uri": token_url,
            });
            fs::write(&file, account.to_string()).expect("written");
        };
        let wrong = |more: &str| format!("{:#}", open(more).expect_err("wrong"));
        assert!(wrong("").contains("cannot be read"));
        let key = include_bytes!("../../../payments/tests/payments/google/account.p8");
        write(key, "https://oauth2.googleapis.com/token");
        let settings = open("").expect("it is good");
        assert_eq!(
            (settings.account.email.as_str(), settings.account.key_id.as_str()),
            ("plaza@example.org", "k1")
        );
        assert_eq!(settings.url, "https://androidpublisher.googleapis.com");
        for (more, named) in [
            ("commission_percent = -1", "commission_percent"),
            ("url = \"ftp://x\"", "url"),
            ("notifications_from = \"plaza\"", "belong together"),
            (
                "notifications_from = \"p\"\nnotifications_account = \"a@b\"\nnotifications_audience = \"c\"",
                "notifications_from",
            ),
            (
                "notifications_from = \"projects/p\"\nnotifications_account = \"a\"\nnotifications_audience = \"c\"",
                "notifications_account",
            ),
            ("keys_url = \"ftp://x\"", "keys_url"),
        ] {
            assert!(wrong(more).contains(named));
        }
        write(key, "ftp://x");
        assert!(wrong("").contains("token_uri"));
        write(b"no key", "https://oauth2.googleapis.com/token");
        assert!(wrong("").contains("no RSA key"));
    }

    #[test]
    fn a_payment_provider_is_named_with_what_it_needs_and_no_more() {
        let open = |text: &str, sandbox| {
            let file: PaymentsFile = toml::from_str(text).expect("it is read");
            file.open(sandbox)
        };
        assert!(matches!(open("provider = \"none\"", false), Ok(PaymentSettings::None)));
        assert!(matches!(open("provider = \"sandbox\"", true), Ok(PaymentSettings::Sandbox)));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (key, empty) = (folder.path().join("key"), folder.path().join("empty"));
        fs::write(&key, "sk_test_1\n").expect("it is written");
        fs::write(&empty, "\n").expect("it is written");
        let stripe = |file: &Path, more: &str| {
            format!("provider = \"stripe\"\nsecret_key_file = \"{}\"\n{more}", file.display())
        };
        let Ok(PaymentSettings::Stripe(settings)) = open(&stripe(&key, ""), false) else {
            panic!("it has all it needs")
        };
        assert_eq!(
            (settings.secret_key.0.as_str(), settings.url.as_str()),
            ("sk_test_1", "https://api.stripe.com")
        );
        assert_eq!(settings.script_url.as_deref(), Some(STRIPE_SCRIPT));
        let script_of = |more: &str| match open(&stripe(&key, more), false) {
            Ok(PaymentSettings::Stripe(settings)) => settings.script_url,
            other => panic!("{other:?}"),
        };
        assert_eq!(script_of("url = \"https://x.example\""), None, "another's script is not guessed");
        let own = "url = \"https://x.example\"\nscript_url = \"https://x.example/v3/\"";
        assert_eq!(script_of(own).as_deref(), Some("https://x.example/v3/"));
        for (text, sandbox, named) in [
            ("provider = \"paypal\"".to_owned(), true, "payments.provider"),
            ("provider = \"sandbox\"".to_owned(), false, "--sandbox"),
            (
                "provider = \"none\"\nurl = \"https://x.example\"".to_owned(),
                false,
                "are for the provider stripe",
            ),
            ("provider = \"stripe\"".to_owned(), false, "payments.secret_key_file"),
            (stripe(&folder.path().join("missing"), ""), false, "cannot be read"),
            (stripe(&empty, ""), false, "is empty"),
            (stripe(&key, "url = \"ftp://x.example\""), false, "payments.url"),
            (stripe(&key, "script_url = \"ftp://x.example\""), false, "payments.script_url"),
            (stripe(&key, "webhook_secret_file = \"missing\""), false, "payments.webhook_secret_file"),
        ] {
            let mistake = format!("{:#}", open(&text, sandbox).expect_err(named));
            assert!(mistake.contains(named), "{mistake}");
        }
    }
}
