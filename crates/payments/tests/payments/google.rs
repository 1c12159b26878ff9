//! Google Play: tokens of the service account, what the Android Publisher API answers for purchases and orders, and what
//! Pub/Sub pushes.

mod play;

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use play::{Play, euros, later, order, subscription, words};
use plaza_billing::plans::{
    self, Entitlement, Holder, PlanSource, Purchase, PurchaseError, PurchaseState, Term,
};
use plaza_ledger::{Account, AccountKind};
use plaza_payments::stores::google::{Google, GoogleSettings, Pushes, ServiceAccount};
use plaza_payments::stores::{BuyError, Looked, Notification, Store as _, StoreError, Stores};
use plaza_protocol::{AccountId, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// 2027-03-01, 09:30 UTC.
const MARCH: Timestamp = Timestamp::from_seconds(1_803_893_400);
const KEY: &[u8] = include_bytes!("google/account.p8");
const KEYS_URL: &str = "https://keys.example.org/certs";
const PACKAGE: &str = "org.example.chat";
const TOKEN_URL: &str = "https://tokens.example.org/token";
const PUSHES: &str = "projects/chat/subscriptions/plaza-7f3a";
/// The purchase token of a subscription, as long as Google's are.
const PLUS: &str =
    "oboeoenigpkjhkenkdjhjmde.AO-J1OzrcoGstJYhR7y74XbgDYv6iq3nPS0UKiu_5aW1F2CIqBVUBtmnEafFSWHqSWXflXvJ";
const ORDER: &str = "GPA.3352-0306-9721-14048";

fn settings() -> GoogleSettings {
    GoogleSettings {
        url: "https://api.example.org".to_owned(),
        package_name: PACKAGE.to_owned(),
        products_prefix: String::new(),
        account: ServiceAccount {
            email: "plaza@example.org".to_owned(),
            key_id: "k1".to_owned(),
            key: Secret(KEY.to_vec()),
            token_url: TOKEN_URL.to_owned(),
        },
        notifications: Some(Pushes {
            subscription: PUSHES.to_owned(),
            account: "pushes@example.org".to_owned(),
            audience: "https://plaza.example.org".to_owned(),
            keys_url: KEYS_URL.to_owned(),
        }),
        commission_percent: 30,
        takes_sandbox: false,
    }
}

fn push_from(subscription: &str, package: &str, kind: &str, token: &str) -> Vec<u8> {
    let about = json!({
        "version": "1.0", "packageName": package, "eventTimeMillis": "1803893400000",
        kind: {"version": "1.0", "notificationType": 2, "purchaseToken": token},
    });
    let message = json!({"data": STANDARD.encode(about.to_string()), "messageId": "136969346945"});
    json!({"message": message, "subscription": subscription}).to_string().into_bytes()
}

fn push(kind: &str, token: &str) -> Vec<u8> {
    push_from(PUSHES, PACKAGE, kind, token)
}

fn signer() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KEY).unwrap()
}

/// Google's public keys, with one of this name.
fn published(id: &str) -> Value {
    let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(signer().public());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"keys": [{
        "kid": id, "kty": "RSA", "alg": "RS256", "use": "sig",
        "n": encode(&public.n),
        "e": encode(&public.e),
    }]})
}

/// A token, signed with Google's key.
fn signed(head: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(head), encode(claims));
    let key = signer();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn bearer(claims: &Value) -> String {
    signed(&json!({"alg": "RS256", "kid": "g1", "typ": "JWT"}), claims)
}

/// A network that sells in Google Play.
struct Shop {
    world: World,
    play: Arc<Play>,
    stores: Stores,
    ana: AccountId,
    ben: AccountId,
}

async fn each_shop<F: AsyncFn(Shop)>(test: F) {
    each_world(async |world| {
        world.clock.set(MARCH);
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        world.db.transact(&world.ctx, "test.plans", import).await.unwrap();
        let play = Arc::new(Play::default());
        *play.now.lock().unwrap() = MARCH.seconds();
        *play.keys.lock().unwrap() = published("g1");
        let stores = Stores::new(world.db.clone(), vec![Arc::new(Google::new(play.clone(), settings()))]);
        let (ana, ben) = (world.ctx.uuid(), world.ctx.uuid());
        test(Shop { world, play, stores, ana, ben }).await;
    })
    .await;
}

impl Shop {
    fn sell(&self, token: &str, of: Value) {
        self.play.subscriptions.lock().unwrap().insert(token.to_owned(), of);
    }

    fn order(&self, of: Value) {
        let id = of["orderId"].as_str().unwrap().to_owned();
        self.play.orders.lock().unwrap().insert(id, of);
    }

    /// What Google says of the subscription changes.
    fn change(&self, change: impl FnOnce(&mut Value)) {
        change(self.play.subscriptions.lock().unwrap().get_mut(PLUS).unwrap());
    }

    fn give_back(&self, id: &str) {
        let mut orders = self.play.orders.lock().unwrap();
        let order = orders.get_mut(id).unwrap();
        order["state"] = json!("REFUNDED");
        order["developerRevenueInBuyerCurrency"] = euros(0);
        order["orderHistory"]["refundEvent"] =
            json!({"eventTime": words(self.world.ctx.now()), "refundReason": "CHARGEBACK"});
    }

    /// Ana buys a month of Plus.
    async fn month(&self) -> Purchase {
        self.order(order(ORDER, "month", 200, (MARCH, later(31))));
        self.sell(PLUS, subscription("month", ORDER, later(31)));
        self.show(self.ana, PLUS).await.unwrap()
    }

    async fn show(&self, account: AccountId, token: &str) -> Result<Purchase, BuyError> {
        self.stores.submit(&self.world.ctx, account, ("google", token)).await
    }

    /// Some time passes, here and at Google.
    fn passes(&self, time: Duration) {
        self.world.clock.advance(time);
        *self.play.now.lock().unwrap() = self.world.ctx.now().seconds();
    }

    /// What Pub/Sub's token says.
    fn claims(&self) -> Value {
        let now = self.world.ctx.now().seconds();
        json!({
            "iss": "https://accounts.google.com", "aud": "https://plaza.example.org", "iat": now, "exp": now + 3600,
            "email": "pushes@example.org", "email_verified": true, "sub": "113774264463038321964",
        })
    }

    async fn hint(&self, body: Vec<u8>) -> Result<bool, BuyError> {
        let token = bearer(&self.claims());
        self.hint_by(body, Some(&token)).await
    }

    async fn hint_by(&self, body: Vec<u8>, token: Option<&str>) -> Result<bool, BuyError> {
        let notification = Notification { body: &body, authorization: token };
        self.stores.hint(&self.world.ctx, "google", &notification).await
    }

    /// Some days pass, with their housekeeping.
    async fn days(&self, days: u32) -> Looked {
        self.world.clock.advance(DAY * days);
        *self.play.now.lock().unwrap() = self.world.ctx.now().seconds();
        let looked = self.stores.reconcile(&self.world.ctx).await.unwrap();
        let step = async |ctx: &Ctx, tx: &mut Tx| plans::step(ctx, tx).await;
        while self.world.db.transact(&self.world.ctx, "test.step", step).await.unwrap().is_more {}
        looked
    }

    async fn all(&self) -> Vec<Purchase> {
        let ana = self.ana;
        let read = async move |ctx: &Ctx, tx: &mut Tx| plans::purchases_of(ctx, tx, ana).await;
        self.world.db.read(&self.world.ctx, "test.all", read).await.unwrap()
    }

    async fn state(&self) -> PurchaseState {
        self.all().await[0].state
    }

    async fn has_colours(&self) -> bool {
        let holder = Holder::Person(self.ana);
        let ask = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::entitled(ctx, tx, holder, Entitlement::AccentThemes).await
        };
        self.world.db.read(&self.world.ctx, "test.entitled", ask).await.unwrap() == Some(1)
    }

    async fn posted(&self, kind: AccountKind) -> String {
        let account = Account::new(kind, Currency::EUR);
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_ledger::balance(ctx, tx, &account).await;
        self.world.db.read(&self.world.ctx, "test.posted", read).await.unwrap().posted.to_string()
    }

    /// What Google owes; what is still to be earned; what plans and items earned; what was given back.
    async fn books(&self) -> [String; 5] {
        [
            self.posted(AccountKind::PspClearing(Arc::from("google"))).await,
            self.posted(AccountKind::SubscriptionDeferred).await,
            self.posted(AccountKind::SubscriptionRevenue).await,
            self.posted(AccountKind::ItemRevenue).await,
            self.posted(AccountKind::ContraRefund).await,
        ]
    }
}

fn is_not_genuine<T>(answer: &Result<T, BuyError>) -> bool {
    matches!(answer, Err(BuyError::Store(StoreError::NotGenuine(_))))
}

#[tokio::test]
async fn what_google_sold_is_one_purchase_of_one_account_and_is_acknowledged_once() {
    each_shop(async |shop| {
        let bought = shop.month().await;
        assert_eq!((bought.state, bought.term, bought.renews), (PurchaseState::Active, Term::Month, true));
        assert_eq!(bought.expires_at, Some(later(31)));
        assert_eq!(shop.books().await, ["-1.70", "2.00", "0.00", "0.00", "0.00"]);
        let acknowledged = vec![format!("purchases/subscriptions/plus/tokens/{PLUS}:acknowledge")];
        assert_eq!(*shop.play.acknowledged.lock().unwrap(), acknowledged);
        let again = shop.show(shop.ana, PLUS).await.unwrap();
        assert_eq!(again.purchase_id, bought.purchase_id);
        let stolen = shop.show(shop.ben, PLUS).await;
        assert!(matches!(stolen, Err(BuyError::Purchase(PurchaseError::OtherAccount))), "{stolen:?}");
        assert_eq!(shop.books().await, ["-1.70", "2.00", "0.00", "0.00", "0.00"]);
        assert_eq!(*shop.play.acknowledged.lock().unwrap(), acknowledged);
        assert_eq!(shop.play.tokens.lock().unwrap().len(), 1, "a token serves an hour");
        shop.days(1).await;
        assert_eq!(shop.play.tokens.lock().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_purchase_that_names_an_account_is_that_accounts() {
    each_shop(async |shop| {
        shop.order(order(ORDER, "month", 200, (MARCH, later(31))));
        let mut of = subscription("month", ORDER, later(31));
        of["externalAccountIdentifiers"] = json!({"obfuscatedExternalAccountId": shop.ana.0.to_string()});
        shop.sell(PLUS, of);
        let stolen = shop.show(shop.ben, PLUS).await;
        assert!(matches!(stolen, Err(BuyError::Purchase(PurchaseError::OtherAccount))), "{stolen:?}");
        // The app was closed before it told of it: the push does.
        assert!(shop.hint(push("subscriptionNotification", PLUS)).await.unwrap());
        assert_eq!(shop.state().await, PurchaseState::Active);
        assert_eq!(shop.play.acknowledged.lock().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn tokens_of_other_apps_of_testers_and_made_up_ones_are_refused() {
    each_shop(async |shop| {
        shop.order(order(ORDER, "month", 200, (MARCH, later(31))));
        shop.sell(PLUS, subscription("month", ORDER, later(31)));
        for token in ["", "..", "made-up", "a/../b", "x:acknowledge", "x?y=z", &"x".repeat(1001)] {
            let answer = shop.show(shop.ana, token).await;
            assert!(is_not_genuine(&answer), "{token}: {answer:?}");
        }
        let other = GoogleSettings { package_name: "org.example.other".to_owned(), ..settings() };
        let other = Google::new(shop.play.clone(), other);
        let answer = other.verify(&shop.world.ctx, PLUS).await;
        assert!(matches!(answer, Err(StoreError::NotGenuine(_))), "{answer:?}");
        // Pushes of others: another Pub/Sub subscription, another app, none at all.
        for body in [
            push_from("projects/evil/subscriptions/x", PACKAGE, "subscriptionNotification", PLUS),
            push_from(PUSHES, "org.example.other", "subscriptionNotification", PLUS),
            b"nonsense".to_vec(),
            json!({"subscription": PUSHES, "message": {"data": "?"}}).to_string().into_bytes(),
        ] {
            let answer = shop.hint(body).await;
            assert!(is_not_genuine(&answer), "{answer:?}");
        }
        let deaf = GoogleSettings { notifications: None, ..settings() };
        let deaf = Google::new(shop.play.clone(), deaf);
        let (body, token) = (push("subscriptionNotification", PLUS), bearer(&shop.claims()));
        let notification = Notification { body: &body, authorization: Some(&token) };
        let answer = deaf.read_notification(&shop.world.ctx, &notification).await;
        assert!(matches!(answer, Err(StoreError::Unsigned(_))), "{answer:?}");
        assert!(!shop.hint(push("testNotification", "")).await.unwrap());

        shop.change(|of| of["testPurchase"] = json!({}));
        assert!(is_not_genuine(&shop.show(shop.ana, PLUS).await));
        let testers = Google::new(shop.play.clone(), GoogleSettings { takes_sandbox: true, ..settings() });
        let receipt = testers.verify(&shop.world.ctx, PLUS).await.unwrap();
        assert_eq!((receipt.state, receipt.payments), (PurchaseState::Active, vec![]), "no money moved");
        assert_eq!(shop.all().await, []);
    })
    .await;
}

#[tokio::test]
async fn a_renewal_whose_push_got_lost_is_found_and_what_was_missed_is_booked() {
    each_shop(async |shop| {
        shop.month().await;
        shop.days(32).await;
        assert_eq!(shop.books().await[..3], ["-1.70", "0.00", "2.00"]);
        // Two renewals have come meanwhile. Orders between them are looked for, and one number was never used.
        shop.order(order(&format!("{ORDER}..0"), "month", 200, (later(31), later(61))));
        shop.order(order(&format!("{ORDER}..2"), "month", 240, (later(61), later(92))));
        let last = format!("{ORDER}..2");
        shop.sell(PLUS, subscription("month", &last, later(92)));
        assert_eq!(shop.days(35).await, Looked { answered: 1, failed: 0 });
        assert_eq!(shop.state().await, PurchaseState::Active);
        assert!(shop.has_colours().await);
        assert_eq!(shop.books().await[0], "-5.44");
        for _ in 0..2 {
            assert!(shop.hint(push("subscriptionNotification", PLUS)).await.unwrap());
        }
        assert_eq!(shop.books().await[0], "-5.44", "each order is booked once");
        // A push about a token that nobody has shown changes nothing.
        shop.sell("nobodys-token", subscription("month", "GPA.1-1-1-1", later(92)));
        assert!(!shop.hint(push("subscriptionNotification", "nobodys-token")).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn states_of_google_give_what_apples_give() {
    each_shop(async |shop| {
        shop.month().await;
        for (word, renews, state) in [
            ("IN_GRACE_PERIOD", true, PurchaseState::Grace),
            ("ON_HOLD", true, PurchaseState::Expired),
            ("ACTIVE", true, PurchaseState::Active),
            ("PAUSED", true, PurchaseState::Expired),
            ("CANCELED", false, PurchaseState::Active),
            ("ACTIVE", true, PurchaseState::Active),
            ("EXPIRED", false, PurchaseState::Expired),
            ("PENDING_PURCHASE_CANCELED", false, PurchaseState::Expired),
            ("PENDING", false, PurchaseState::Pending),
            ("CANCELED", false, PurchaseState::Active),
        ] {
            shop.change(|of| {
                of["subscriptionState"] = json!(format!("SUBSCRIPTION_STATE_{word}"));
                of["lineItems"][0]["autoRenewingPlan"] = json!({"autoRenewEnabled": renews});
            });
            assert!(shop.hint(push("subscriptionNotification", PLUS)).await.unwrap());
            let of = shop.all().await.remove(0);
            assert_eq!((of.state, of.renews), (state, word == "ACTIVE"), "{word}");
            assert_eq!(shop.has_colours().await, state.gives(), "{word}");
        }
        // A state that Google invents later takes nothing away.
        shop.change(|of| of["subscriptionState"] = json!("SUBSCRIPTION_STATE_DREAMING"));
        let answer = shop.hint(push("subscriptionNotification", PLUS)).await;
        assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "{answer:?}");
        // Canceled: it runs until the end that is paid.
        shop.change(|of| of["subscriptionState"] = json!("SUBSCRIPTION_STATE_CANCELED"));
        shop.days(30).await;
        assert!(shop.has_colours().await);
        shop.days(2).await;
        assert_eq!((shop.state().await, shop.has_colours().await), (PurchaseState::Expired, false));
        assert_eq!(shop.books().await, ["-1.70", "0.00", "2.00", "0.00", "0.00"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_given_back_is_taken_away_whether_a_push_tells_or_not() {
    each_shop(async |shop| {
        shop.month().await;
        shop.days(10).await;
        // A chargeback; Google has not ended it yet, and would renew it.
        shop.give_back(ORDER);
        assert!(shop.hint(push("voidedPurchaseNotification", PLUS)).await.unwrap());
        assert_eq!((shop.state().await, shop.has_colours().await), (PurchaseState::Expired, false));
        assert_eq!(shop.books().await, ["0.00", "0.00", "0.645161", "0.00", "-0.645161"]);
        shop.change(|of| {
            of["subscriptionState"] = json!("SUBSCRIPTION_STATE_EXPIRED");
            of["lineItems"][0]["expiryTime"] = json!(words(later(10)));
        });
        shop.days(1).await;
        assert_eq!(shop.state().await, PurchaseState::Revoked);

        // An item, and no push.
        let item = "item-token-1";
        let of = json!({
            "kind": "androidpublisher#productPurchaseV2", "orderId": "GPA.1111-2222-3333-44444",
            "obfuscatedExternalAccountId": shop.ana.0.to_string(), "regionCode": "DE",
            "purchaseCompletionTime": words(later(11)), "acknowledgementState": "ACKNOWLEDGEMENT_STATE_PENDING",
            "purchaseStateContext": {"purchaseState": "PENDING"}, "productLineItem": [{"productId": "themes"}],
        });
        shop.play.items.lock().unwrap().insert(item.to_owned(), of);
        shop.order(json!({
            "orderId": "GPA.1111-2222-3333-44444", "state": "PENDING", "createTime": words(later(11)),
            "lineItems": [{"productId": "themes", "total": euros(350), "oneTimePurchaseDetails": {"quantity": 1}}],
            "orderHistory": {},
        }));
        assert_eq!(shop.show(shop.ana, item).await.unwrap().state, PurchaseState::Pending);
        assert_eq!((shop.has_colours().await, shop.play.acknowledged.lock().unwrap().len()), (false, 1));
        shop.play.orders.lock().unwrap().get_mut("GPA.1111-2222-3333-44444").unwrap()["state"] =
            json!("PROCESSED");
        shop.play.items.lock().unwrap().get_mut(item).unwrap()["purchaseStateContext"]["purchaseState"] =
            json!("PURCHASED");
        assert!(shop.hint(push("oneTimeProductNotification", item)).await.unwrap());
        assert!(shop.has_colours().await);
        assert_eq!(
            shop.play.acknowledged.lock().unwrap()[1],
            format!("purchases/products/themes/tokens/{item}:acknowledge")
        );
        // The order does not say what Google pays out: the configured thirty percent are kept.
        assert_eq!(shop.books().await[0], "-2.45");
        shop.give_back("GPA.1111-2222-3333-44444");
        shop.days(1).await;
        assert_eq!((shop.state().await, shop.has_colours().await), (PurchaseState::Revoked, false));
        assert_eq!(shop.books().await, ["0.00", "0.00", "0.645161", "3.50", "-4.145161"]);
    })
    .await;
}

#[tokio::test]
async fn while_no_token_can_be_had_nothing_is_lost_and_nothing_given() {
    each_shop(async |shop| {
        *shop.play.has_no_tokens.lock().unwrap() = true;
        shop.order(order(ORDER, "month", 200, (MARCH, later(31))));
        shop.sell(PLUS, subscription("month", ORDER, later(31)));
        let answer = shop.show(shop.ana, PLUS).await;
        assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "{answer:?}");
        assert_eq!(shop.all().await, []);
        *shop.play.has_no_tokens.lock().unwrap() = false;
        shop.show(shop.ana, PLUS).await.unwrap();
        *shop.play.has_no_tokens.lock().unwrap() = true;
        assert_eq!(shop.days(1).await, Looked { answered: 0, failed: 1 });
        assert!(shop.hint(push("subscriptionNotification", PLUS)).await.is_err(), "Pub/Sub tells it again");
        assert!(shop.has_colours().await);
        *shop.play.has_no_tokens.lock().unwrap() = false;
        assert_eq!(shop.days(1).await, Looked { answered: 1, failed: 0 });
        assert_eq!(shop.books().await[0], "-1.70");
        // A token that Google has withdrawn is not used twice.
        shop.play.tokens.lock().unwrap().fill(0);
        let answer = shop.show(shop.ana, PLUS).await;
        assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "{answer:?}");
        shop.show(shop.ana, PLUS).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_year_that_follows_a_month_takes_its_place() {
    each_shop(async |shop| {
        shop.month().await;
        shop.days(10).await;
        let (year, paid) = ("year-token", "GPA.9999-8888-7777-66666");
        shop.order(order(paid, "year", 1800, (later(10), later(375))));
        let mut of = subscription("year", paid, later(375));
        of["linkedPurchaseToken"] = json!(PLUS);
        shop.sell(year, of);
        shop.change(|of| of["subscriptionState"] = json!("SUBSCRIPTION_STATE_EXPIRED"));
        shop.show(shop.ana, year).await.unwrap();
        let states: Vec<_> = shop.all().await.into_iter().map(|of| (of.term, of.state)).collect();
        assert!(states.contains(&(Term::Month, PurchaseState::Replaced)), "{states:?}");
        assert!(states.contains(&(Term::Year, PurchaseState::Active)), "{states:?}");
        assert!(shop.has_colours().await);
        // Google gives nothing back for the month: what it owes is both, and the month's days are earned as before.
        assert_eq!(shop.books().await[0], "-17.00");
        shop.days(25).await;
        assert_eq!(shop.posted(AccountKind::ContraRefund).await, "0.00");
        shop.hint(push("subscriptionNotification", PLUS)).await.unwrap();
        assert!(shop.all().await.iter().any(|of| of.state == PurchaseState::Replaced));
        assert_eq!(shop.books().await[0], "-17.00");
    })
    .await;
}

#[tokio::test]
async fn only_pushes_that_google_signed_for_this_network_are_looked_at() {
    each_shop(async |shop| {
        shop.month().await;
        let claims = |member: &str, value: Value| {
            let mut claims = shop.claims();
            claims[member] = value;
            claims
        };
        let now = shop.world.ctx.now().seconds();
        let good = bearer(&shop.claims());
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (head, body) = message.split_once('.').unwrap();
        let other_body = URL_SAFE_NO_PAD.encode(claims("email", json!("eve@example.org")).to_string());
        let rs256 = |kid: &str| json!({"alg": "RS256", "kid": kid});
        for (what, token) in [
            ("none", None),
            ("not a bearer", Some(good.replace("Bearer", "Basic"))),
            ("nonsense", Some("Bearer a.b.c".to_owned())),
            ("too long", Some(format!("Bearer {}", "x".repeat(9000)))),
            ("changed", Some(format!("{head}.{other_body}.{signature}"))),
            ("no signature", Some(format!("{head}.{body}."))),
            ("alg none", Some(signed(&json!({"alg": "none", "kid": "g1"}), &shop.claims()))),
            ("HS256", Some(signed(&json!({"alg": "HS256", "kid": "g1"}), &shop.claims()))),
            ("another key", Some(signed(&rs256("g9"), &shop.claims()))),
            ("another issuer", Some(bearer(&claims("iss", json!("https://accounts.example.org"))))),
            ("another audience", Some(bearer(&claims("aud", json!("https://other.example.org"))))),
            ("another account", Some(bearer(&claims("email", json!("eve@example.org"))))),
            ("not verified", Some(bearer(&claims("email_verified", json!(false))))),
            ("over", Some(bearer(&claims("exp", json!(now - 61))))),
            ("no end", Some(bearer(&claims("exp", Value::Null)))),
            ("the future", Some(bearer(&claims("iat", json!(now + 61))))),
        ] {
            let answer = shop.hint_by(push("subscriptionNotification", PLUS), token.as_deref()).await;
            let is_refused = matches!(answer, Err(BuyError::Store(StoreError::Unsigned(_))));
            assert!(is_refused, "{what}: {answer:?}");
        }
        assert!(shop.hint(push("subscriptionNotification", PLUS)).await.unwrap());
        let fetched = || shop.play.keys_fetched.load(Ordering::SeqCst);
        assert_eq!(fetched(), 1, "kept; an unknown name is looked for once a minute at most");
        // Google publishes a new key: within the minute it is not known, and then it is.
        *shop.play.keys.lock().unwrap() = published("g2");
        let rotated = || signed(&rs256("g2"), &shop.claims());
        let early = shop.hint_by(push("subscriptionNotification", PLUS), Some(&rotated())).await;
        assert!(matches!(early, Err(BuyError::Store(StoreError::Unsigned(_)))), "{early:?}");
        shop.passes(MINUTE);
        assert!(shop.hint_by(push("subscriptionNotification", PLUS), Some(&rotated())).await.unwrap());
        assert_eq!(fetched(), 2);
        shop.passes(60 * MINUTE);
        shop.hint_by(push("subscriptionNotification", PLUS), Some(&rotated())).await.unwrap();
        assert_eq!(fetched(), 3, "an hour is over");
        *shop.play.keys.lock().unwrap() = json!({"keys": "none"});
        shop.passes(60 * MINUTE);
        let answer = shop.hint_by(push("subscriptionNotification", PLUS), Some(&rotated())).await;
        assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "told again: {answer:?}");
        assert_eq!(fetched(), 4);
        // Nobody makes the server ask again within the minute, whatever name of a key is pushed.
        *shop.play.keys.lock().unwrap() = published("g2");
        for kid in ["g2", "g3"] {
            let token = signed(&rs256(kid), &shop.claims());
            let answer = shop.hint_by(push("subscriptionNotification", PLUS), Some(&token)).await;
            assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "{kid}: {answer:?}");
        }
        assert_eq!(fetched(), 4);
        shop.passes(MINUTE);
        let token = rotated();
        let hint = || shop.hint_by(push("subscriptionNotification", "nobodys-token"), Some(&token));
        let (one, two, three) = tokio::join!(hint(), hint(), hint());
        // Signed as it should be; only then Google Play is asked, and has no such purchase.
        let is_looked_up = |answer| matches!(answer, Err(BuyError::Store(StoreError::NotGenuine(_))));
        assert_eq!([one, two, three].map(is_looked_up), [true; 3]);
        assert_eq!(fetched(), 5, "one of the three asked");
    })
    .await;
}

#[tokio::test]
async fn orders_that_were_given_back_in_part_are_a_lower_price() {
    each_shop(async |shop| {
        shop.month().await;
        assert_eq!(shop.books().await[..3], ["-1.70", "2.00", "0.00"]);
        let part = |cents: i64, state: &str| {
            json!({"createTime": words(MARCH), "processTime": words(MARCH), "state": state,
                "refundDetails": {"total": euros(cents), "tax": euros(0)}})
        };
        let mut of = order(ORDER, "month", 200, (MARCH, later(31)));
        of["state"] = json!("PARTIALLY_REFUNDED");
        of["orderHistory"]["partialRefundEvents"] =
            json!([part(50, "PROCESSED_SUCCESSFULLY"), part(70, "PENDING")]);
        shop.order(of.clone());
        for _ in 0..2 {
            assert!(shop.hint(push("subscriptionNotification", PLUS)).await.unwrap());
            assert_eq!(shop.books().await[..3], ["-1.275", "1.50", "0.00"]);
        }
        assert_eq!(shop.state().await, PurchaseState::Active, "a lower price");
        // A refund that cannot be read is not passed over in silence.
        of["orderHistory"]["partialRefundEvents"][1] = json!({"state": "PROCESSED_SUCCESSFULLY"});
        shop.order(of.clone());
        let answer = shop.hint(push("subscriptionNotification", PLUS)).await;
        assert!(matches!(answer, Err(BuyError::Store(StoreError::Unavailable(_)))), "{answer:?}");
        assert_eq!(shop.books().await[..3], ["-1.275", "1.50", "0.00"]);
        of["orderHistory"]["partialRefundEvents"][1] = part(70, "PROCESSED_SUCCESSFULLY");
        shop.order(of);
        shop.hint(push("subscriptionNotification", PLUS)).await.unwrap();
        assert_eq!(shop.books().await[..3], ["-0.68", "0.80", "0.00"]);
    })
    .await;
}
