//! A business and a person in an empty database, for the tests of this crate.

use crate::apps::Token;
use crate::messages::{Accepted, Inbound, Request, SendError};
use crate::portfolios::{CreatedBusiness, NewBusiness};
use crate::webhooks::{self, Callback, DeliveryFilter, DeliveryView};
use crate::{Business, SealingKey};
use plaza_billing::{PriceSource, Prices};
use plaza_db::{Db, DbError, Sql, params};
use plaza_protocol::content::{Body, Content, Text};
use plaza_protocol::{AccountId, Actor, Ctx, Currency, ManualClock, Micros, PhoneNumber};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const NUMBER: &str = "+4930901820";
pub(crate) const ANA: &str = "+4915112345678";
pub(crate) const HOOK: &str = "https://example.org/hook";

const INSERT_PERSON: Sql = Sql {
    name: "testing::INSERT_PERSON",
    text: "INSERT INTO account (account_id, number, name, is_business, is_verified, hosted_by, created_at)
        VALUES ($1, $2, $3, FALSE, FALSE, '', $4)",
};

/// A bakery with one number, and Ana, who is on the network.
pub(crate) struct Shop {
    pub(crate) db: Db,
    /// Plaza itself acts.
    pub(crate) system: Ctx,
    /// The shop's app acts.
    pub(crate) app: Ctx,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) business: Arc<Business>,
    pub(crate) created: CreatedBusiness,
    pub(crate) ana: AccountId,
}

impl Shop {
    pub(crate) async fn open(db: Db, credit: Micros) -> Self {
        let (system, clock) = plaza_db::testing::ctx();
        db.transact(&system, "test.prices", async |ctx, tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference())
                .await
                .expect("the reference is good");
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
        let business = Arc::new(Business::new(SealingKey::new([7; 32]), Prices::default(), true));
        let created = create(&db, &system, &business, "Tulip", NUMBER, credit).await;
        let app = system.for_request(Actor::App { app: created.app_id, portfolio: created.business_id });
        let shop = Self { db, system, app, clock, business, created, ana: AccountId(uuid::Uuid::nil()) };
        let ana = shop.person(ANA, "Ana").await;
        Self { ana, ..shop }
    }

    /// Somebody registers.
    pub(crate) async fn person(&self, number: &str, name: &'static str) -> AccountId {
        let account: AccountId = self.system.uuid();
        let number: PhoneNumber = number.parse().unwrap();
        let insert = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| {
            tx.execute(INSERT_PERSON, params![account, &number, name, ctx.now()]).await
        };
        self.db.transact(&self.system, "test.person", insert).await.unwrap();
        account
    }

    /// The app of another business acts.
    pub(crate) async fn rival(&self) -> Actor {
        let made = create(&self.db, &self.system, &self.business, "Rose", "+4930901821", Micros::ZERO).await;
        Actor::App { app: made.app_id, portfolio: made.business_id }
    }

    /// The app's callback is set.
    pub(crate) async fn subscribe(&self, fields: &[&str]) {
        let (app, fields) =
            (self.created.app_id, fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>());
        let set = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| {
            let callback = Callback { url: HOOK.to_owned(), updates_max: 1 };
            webhooks::set_app_subscription(ctx, tx, app, &callback, &fields).await
        };
        self.db.transact(&self.app, "test.subscribe", set).await.unwrap();
    }

    /// A request is sent.
    pub(crate) async fn send(&self, request: Value) -> Result<Accepted, SendError> {
        self.send_with_key(request, None).await
    }

    pub(crate) async fn send_with_key(
        &self,
        request: Value,
        key: Option<&str>,
    ) -> Result<Accepted, SendError> {
        let idempotency = key.map(|key| crate::messages::Idempotency {
            key: key.to_owned(),
            body_sha256: crate::apps::fingerprint(&request.to_string()),
        });
        let Request::Send(message) = Request::read(&request, idempotency)? else {
            panic!("a send is expected")
        };
        let (business, phone) = (self.business.clone(), self.created.phone_number_id);
        let accept =
            async move |ctx: &Ctx, tx: &mut plaza_db::Tx| business.accept(ctx, tx, phone, &message).await;
        self.db.transact(&self.app, "test.send", accept).await
    }

    /// Ana writes to the shop.
    pub(crate) async fn ana_writes(&self, text: &str) -> Inbound {
        let body = Body::Text(Text { body: text.to_owned(), preview_url: false });
        self.ana_sends(Content { sender_name: "Ana".to_owned(), body: Some(body), ..Content::default() })
            .await
    }

    pub(crate) async fn ana_sends(&self, content: Content) -> Inbound {
        let inbound = Inbound {
            account: self.ana,
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            message_id: self.system.ordered_id(),
            at: self.system.now(),
            content,
            group: None,
        };
        assert!(self.receive(inbound.clone()).await, "it is new");
        inbound
    }

    pub(crate) async fn receive(&self, inbound: Inbound) -> bool {
        let (business, phone) = (self.business.clone(), self.created.phone_number_id);
        let receive =
            async move |ctx: &Ctx, tx: &mut plaza_db::Tx| business.received(ctx, tx, phone, &inbound).await;
        self.db.transact(&self.system, "test.receive", receive).await.unwrap()
    }

    /// All webhook deliveries, the oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryView> {
        let read = async |ctx: &Ctx, tx: &mut plaza_db::Tx| {
            webhooks::deliveries(ctx, tx, &DeliveryFilter::default(), None, 100).await
        };
        let mut deliveries = self.db.read(&self.system, "test.deliveries", read).await.unwrap();
        deliveries.sort_by_key(|delivery| (delivery.created_at, delivery.delivery_id));
        deliveries
    }

    /// The values of the events so far, in the order of their making; the clock moves on a little for each.
    pub(crate) async fn values(&self) -> Vec<Value> {
        let bodies = self.deliveries().await.into_iter().map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            body["entry"][0]["changes"][0]["value"].clone()
        });
        bodies.collect()
    }

    pub(crate) async fn authenticate(&self, token: &str) -> Result<Token, crate::apps::AuthenticateError> {
        let (business, token) = (self.business.clone(), token.to_owned());
        let read = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| business.authenticate(ctx, tx, &token).await;
        self.db.read(&self.system, "test.authenticate", read).await
    }
}

pub(crate) async fn create(
    db: &Db,
    system: &Ctx,
    business: &Arc<Business>,
    name: &str,
    number: &str,
    credit: Micros,
) -> CreatedBusiness {
    let new = NewBusiness {
        name: name.to_owned(),
        number: number.parse().unwrap(),
        account_id: system.uuid(),
        country: "DE".to_owned(),
        currency: Currency::EUR,
        time_zone: "Europe/Berlin".to_owned(),
        credit,
        messaging_limit: None,
    };
    let business = business.clone();
    let create = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| business.create(ctx, tx, &new).await;
    db.transact(system, "test.create", create).await.unwrap()
}

/// A text for Ana.
pub(crate) fn text(body: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": {"body": body}})
}
