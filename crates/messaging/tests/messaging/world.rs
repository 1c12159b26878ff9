//! People with real keys, driven through the operations.

use plaza_crypto::{Group, Identity, Keystore, Suite, make_key_package};
use plaza_db::Db;
use plaza_messaging::accounts::Device;
use plaza_messaging::delivery::{self, Delivery, Outgoing};
use plaza_messaging::registration::{self, Verification};
use plaza_messaging::{MessagingError, conversations, key_packages};
use plaza_protocol::native::{Base64, RegisterDevice};
use plaza_protocol::{Actor, ConversationId, Ctx, DeviceId, ManualClock, wire};
use std::sync::Arc;

/// A database with a clock, and the delivery of one process.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) ctx: Ctx,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) delivery: Arc<Delivery>,
}

/// A person's device.
pub(crate) struct Person {
    pub(crate) of: Device,
    pub(crate) keys: plaza_crypto::Device,
    pub(crate) keystore: Keystore,
    pub(crate) token: String,
}

/// Runs an operation in a transaction.
#[macro_export]
macro_rules! run {
    ($world:expr, $ctx:expr, |$c:ident, $tx:ident| $body:expr) => {
        $world
            .db
            .transact(&$ctx, "test", async move |$c: &plaza_protocol::Ctx, $tx: &mut plaza_db::Tx| $body)
            .await
    };
}

impl World {
    pub(crate) fn new(db: Db) -> Self {
        let (ctx, clock) = plaza_db::testing::ctx();
        Self { db, ctx, clock, delivery: Arc::default() }
    }

    pub(crate) async fn registration_token(&self, number: &str) -> String {
        let number = number.to_owned();
        let (started, code) =
            run!(self, self.ctx, |ctx, tx| registration::start(ctx, tx, &number, true).await).unwrap();
        let id = started.registration_id;
        let code = Arc::new(code.code.0);
        match run!(self, self.ctx, |ctx, tx| registration::verify(ctx, tx, id, &code).await).unwrap() {
            Verification::Right(verified) => {
                format!("{} {}", verified.account_id, verified.registration_token)
            }
            Verification::Wrong(error) => panic!("{error}"),
        }
    }

    /// Registers a device for a number.
    pub(crate) async fn person(&self, number: &str, name: &str) -> Person {
        let verified = self.registration_token(number).await;
        let (account, registration_token) = verified.split_once(' ').unwrap();
        let (account, device): (_, DeviceId) = (account.parse().unwrap(), self.ctx.uuid());
        let identity = Identity::new(&self.ctx);
        let keys = identity.new_device(&self.ctx, account, device, false);
        let keystore = Keystore::new();
        let package = |last| Base64(make_key_package(&keystore, &keys, Suite::current(), last).unwrap());
        let request = RegisterDevice {
            registration_token: registration_token.to_owned(),
            device_id: device,
            name: name.to_owned(),
            identity_key: Base64(identity.key().to_vec()),
            certificate: Base64(keys.certificate().to_bytes()),
            key_packages: vec![package(false), package(false)],
            last_resort: package(true),
        };
        let registered =
            run!(self, self.ctx, |ctx, tx| registration::register_device(ctx, tx, &request).await).unwrap();
        Person { of: Device { account, device }, keys, keystore, token: registered.token }
    }

    pub(crate) fn ctx_of(&self, person: &Person) -> Ctx {
        self.ctx.acting_as(Actor::Device { account: person.of.account, device: person.of.device })
    }

    pub(crate) async fn claim(&self, by: &Person, of: &Person) -> Vec<Vec<u8>> {
        let request =
            wire::ClaimKeyPackages { account_id: of.of.account.as_bytes().to_vec(), device_ids: vec![] };
        let claimed =
            run!(self, self.ctx_of(by), |ctx, tx| key_packages::claim(ctx, tx, &request).await).unwrap();
        claimed.packages.into_iter().map(|claimed| claimed.key_package).collect()
    }

    /// What a creation would send.
    pub(crate) async fn creation(&self, by: &Person, with: &Person) -> (Group, wire::CreateConversation) {
        let packages = self.claim(by, with).await;
        let id: ConversationId = self.ctx.uuid();
        let (group, made) = Group::create(&by.keystore, &by.keys, id, &packages).unwrap();
        let accounts = [by, with].iter().map(|person| person.of.account.as_bytes().to_vec()).collect();
        let request = wire::CreateConversation {
            conversation_id: id.as_bytes().to_vec(),
            accounts,
            group_info: made.group_info,
            welcome: made.welcome,
        };
        (group, request)
    }

    pub(crate) async fn create(
        &self,
        by: &Person,
        request: &wire::CreateConversation,
    ) -> Result<wire::Created, MessagingError> {
        let request = request.clone();
        run!(self, self.ctx_of(by), |ctx, tx| conversations::create(ctx, tx, &request).await)
    }

    /// A conversation with both in its group.
    pub(crate) async fn conversation(&self, by: &Person, with: &Person) -> (Group, Group) {
        let (group, request) = self.creation(by, with).await;
        assert!(!self.create(by, &request).await.unwrap().existed);
        let joined = Group::join(&with.keystore, group.conversation(), &request.welcome).unwrap();
        self.drain(with).await;
        (group, joined)
    }

    /// What waits for a device; nothing is acknowledged.
    pub(crate) async fn mailbox(&self, person: &Person) -> Vec<wire::Deliver> {
        let device = person.of.device;
        run!(self, self.ctx_of(person), |ctx, tx| delivery::mailbox(ctx, tx, device, 0, 1000).await).unwrap()
    }

    /// Acknowledges everything that waits.
    pub(crate) async fn drain(&self, person: &Person) -> Vec<delivery::Acknowledged> {
        let up_to = self.mailbox(person).await.last().map_or(0, |last| last.seq);
        let of = person.of;
        run!(self, self.ctx, |ctx, tx| delivery::acknowledge(ctx, tx, &[(of, up_to)]).await).unwrap()
    }

    /// A send of `text`, with a fresh message id.
    pub(crate) fn outgoing(&self, by: &Person, group: &mut Group, text: &str) -> Outgoing {
        let message_id = self.ctx.random::<16>().to_vec();
        let epoch = group.epoch();
        let ciphertext = encrypt(group, by, &message_id, text);
        let conversation_id = group.conversation().as_bytes().to_vec();
        let send = wire::Send { conversation_id, message_id, epoch, ciphertext };
        Outgoing { sender: by.of, send, is_hosted: false, is_group: false }
    }

    pub(crate) async fn send(&self, batch: Vec<Outgoing>) -> Vec<Result<wire::Sent, MessagingError>> {
        let delivery = self.delivery.clone();
        run!(self, self.ctx, |ctx, tx| delivery.send(ctx, tx, batch.clone()).await).unwrap()
    }

    pub(crate) async fn commit(
        &self,
        by: &Person,
        group: &Group,
        committed: plaza_crypto::Committed,
    ) -> Result<wire::Sent, MessagingError> {
        let request = wire::Commit {
            conversation_id: group.conversation().as_bytes().to_vec(),
            message_id: self.ctx.random::<16>().to_vec(),
            epoch: committed.epoch,
            commit: committed.commit,
            group_info: committed.group_info,
            welcome: committed.welcome,
        };
        run!(self, self.ctx_of(by), |ctx, tx| conversations::commit(ctx, tx, &request).await)
    }

    pub(crate) async fn view(
        &self,
        by: &Person,
        id: ConversationId,
    ) -> Result<wire::Conversation, MessagingError> {
        let request = wire::GetConversation { conversation_id: id.as_bytes().to_vec() };
        run!(self, self.ctx_of(by), |ctx, tx| conversations::get(ctx, tx, &request).await)
    }
}

fn encrypt(group: &mut Group, by: &Person, message_id: &[u8], text: &str) -> Vec<u8> {
    group.encrypt(&by.keystore, &by.keys, text.as_bytes(), message_id).unwrap()
}
