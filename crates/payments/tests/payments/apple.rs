//! The App Store: what is signed and by whom, and what its interface answers. The certificates of these tests are a chain
//! like Apple's, with a root of its own.

use super::*;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plaza_billing::plans::{self, PlanSource, PurchaseError, PurchaseState, Term};
use plaza_payments::stores::apple::{Apple, AppleSettings};
use plaza_payments::stores::{BuyError, Notification, Store as _, StoreError, Stores};
use plaza_payments::{Network, NetworkError, Request, Response};
use plaza_protocol::{AccountId, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use std::sync::Mutex;

/// 2027-03-01: the certificates are good then.
const MARCH: Timestamp = Timestamp::from_seconds(1_803_893_400);
const ROOT: &[u8] = include_bytes!("apple/root.der");
const ISSUER: &[u8] = include_bytes!("apple/inter.der");
const LEAF: (&[u8], &[u8]) = (include_bytes!("apple/leaf.der"), include_bytes!("apple/leaf.p8"));
/// Of the same issuer, without the marker of those that sign transactions.
const UNMARKED: (&[u8], &[u8]) = (include_bytes!("apple/unmarked.der"), include_bytes!("apple/unmarked.p8"));

fn sign_with((certificate, key): (&[u8], &[u8]), payload: &Value) -> String {
    let chain: Vec<String> = [certificate, ISSUER, ROOT].iter().map(|one| STANDARD.encode(one)).collect();
    let head = json!({"alg": "ES256", "x5c": chain});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&head), encode(payload));
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
    let signature = key.sign(&random, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn told(body: &str) -> Notification<'_> {
    Notification { body: body.as_bytes(), authorization: None }
}

fn sign(payload: &Value) -> String {
    sign_with(LEAF, payload)
}

/// The App Store Server API, as it documents its answers.
#[derive(Debug, Default)]
struct AppStore {
    transactions: Mutex<Vec<Value>>,
    status: Mutex<i64>,
    is_down: Mutex<bool>,
}

#[async_trait]
impl Network for AppStore {
    async fn call(&self, request: Request) -> Result<Response, NetworkError> {
        assert!(!request.is_post && request.headers[0].1.starts_with("Bearer ey"));
        if *self.is_down.lock().unwrap() {
            return Err(NetworkError::NoAnswer("a time-out".to_owned()));
        }
        let transactions = self.transactions.lock().unwrap();
        let body = if request.url.contains("/inApps/v2/history/") {
            // A page for each transaction.
            let page = request.url.split("revision=").nth(1).map_or(0, |text| text.parse::<usize>().unwrap());
            let signed: Vec<_> = transactions.iter().skip(page).take(1).map(sign).collect();
            let more = page + 1 < transactions.len();
            json!({"signedTransactions": signed, "hasMore": more, "revision": (page + 1).to_string()})
        } else {
            let renewal = json!({"autoRenewStatus": 1, "originalTransactionId": "70001"});
            let row = json!({
                "originalTransactionId": "70001", "status": *self.status.lock().unwrap(),
                "signedRenewalInfo": sign(&renewal),
            });
            json!({"data": [{"lastTransactions": [row]}]})
        };
        let status = if transactions.is_empty() { 404 } else { 200 };
        Ok(Response { status, body: body.to_string().into_bytes(), max_age: None })
    }
}

fn apple(store: &Arc<AppStore>) -> Apple {
    let settings = AppleSettings {
        url: "https://api.example.org".to_owned(),
        root: ROOT.to_vec(),
        bundle_id: "org.example.plaza".to_owned(),
        products_prefix: "org.example.".to_owned(),
        issuer_id: "issuer".to_owned(),
        key_id: "key".to_owned(),
        key: Secret(LEAF.1.to_vec()),
        commission_percent: 15,
        takes_sandbox: false,
    };
    Apple::new(store.clone(), settings)
}

fn transaction(id: &str, product: &str, from: i64, days: i64) -> Value {
    json!({
        "transactionId": id, "originalTransactionId": "70001", "bundleId": "org.example.plaza",
        "productId": format!("org.example.{product}"), "purchaseDate": from,
        "expiresDate": from + days * 86_400_000, "signedDate": from, "environment": "Production",
        "inAppOwnershipType": "PURCHASED", "type": "Auto-Renewable Subscription", "price": 1990, "currency": "EUR",
    })
}

fn with(mut of: Value, member: &str, value: Value) -> Value {
    of[member] = value;
    of
}

#[tokio::test]
async fn only_what_apple_signed_for_this_app_counts() {
    let (ctx, clock) = plaza_db::testing::ctx();
    clock.set(MARCH);
    let now = ctx.now().0 / 1000;
    let store = Arc::new(AppStore { status: Mutex::new(1), ..AppStore::default() });
    let apple = apple(&store);
    let good = transaction("70001", "plus.month", now, 30);
    store.transactions.lock().unwrap().push(good.clone());
    let receipt = apple.verify(&ctx, &sign(&good)).await.unwrap();
    assert_eq!((receipt.reference.as_str(), receipt.state), ("70001", PurchaseState::Active));
    assert_eq!((receipt.product.as_str(), receipt.renews), ("plus.month", true));
    assert_eq!(receipt.payments[0].amount, micros("1.99"));

    let signed = sign(&good);
    let (head, rest) = signed.split_once('.').unwrap();
    let other_body = URL_SAFE_NO_PAD.encode(with(good.clone(), "price", json!(1)).to_string());
    let signature = rest.split_once('.').unwrap().1;
    let no_chain = URL_SAFE_NO_PAD.encode(json!({"alg": "ES256", "x5c": []}).to_string());
    let plain = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
    for (what, forged) in [
        ("changed", format!("{head}.{other_body}.{signature}")),
        ("no certificates", format!("{no_chain}.{rest}")),
        ("unsigned", format!("{plain}.{other_body}.")),
        ("another developer's certificate", sign_with(UNMARKED, &good)),
        ("another key", sign_with((LEAF.0, UNMARKED.1), &good)),
        ("another app", sign(&with(good.clone(), "bundleId", json!("org.example.other")))),
        ("the sandbox", sign(&with(good.clone(), "environment", json!("Sandbox")))),
        ("the future", sign(&with(good.clone(), "signedDate", json!(now + 3 * 86_400_000)))),
        ("nonsense", "a.b.c".to_owned()),
    ] {
        let answer = apple.verify(&ctx, &forged).await;
        assert!(matches!(answer, Err(StoreError::NotGenuine(_))), "{what}: {answer:?}");
    }
    // When it was signed the certificates were not good yet, or not any more.
    for years in [-2, 120] {
        let at = ctx.now().0 / 1000 + years * 365 * 86_400_000;
        let old = plaza_payments::stores::apple::read_signed(
            &sign(&with(good.clone(), "signedDate", json!(at))),
            ROOT,
            Timestamp(at * 1000),
        );
        assert!(matches!(old, Err(StoreError::NotGenuine(_))), "{years}: {old:?}");
    }
    let secret = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "x5c": []}).to_string());
    let answer = apple.verify(&ctx, &format!("{secret}.{rest}")).await;
    assert!(matches!(answer, Err(StoreError::NotGenuine(_))), "{answer:?}");
    let settings = AppleSettings { root: LEAF.0.to_vec(), ..apple.settings().clone() };
    let other_root = Apple::new(store.clone(), settings);
    assert!(matches!(other_root.verify(&ctx, &signed).await, Err(StoreError::NotGenuine(_))));
}

#[tokio::test]
async fn a_subscription_of_the_app_store_is_renewed_and_given_back() {
    each_world(async |world| {
        world.clock.set(MARCH);
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        world.db.transact(&world.ctx, "test.plans", import).await.unwrap();
        let now = world.ctx.now().0 / 1000;
        let store = Arc::new(AppStore { status: Mutex::new(1), ..AppStore::default() });
        let stores = Stores::new(world.db.clone(), vec![Arc::new(apple(&store))]);
        let (ana, ben): (AccountId, AccountId) = (world.ctx.uuid(), world.ctx.uuid());
        let first =
            with(transaction("70001", "plus.month", now, 30), "appAccountToken", json!(ana.0.to_string()));
        store.transactions.lock().unwrap().push(first.clone());
        let bought = stores.submit(&world.ctx, ana, ("apple", &sign(&first))).await.unwrap();
        assert_eq!((bought.state, bought.term), (PurchaseState::Active, Term::Month));
        let stolen = stores.submit(&world.ctx, ben, ("apple", &sign(&first))).await;
        assert!(matches!(stolen, Err(BuyError::Purchase(PurchaseError::OtherAccount))), "{stolen:?}");

        // While the App Store is down nothing changes, and it is asked again.
        world.clock.advance(DAY * 31);
        *store.is_down.lock().unwrap() = true;
        assert_eq!(stores.reconcile(&world.ctx).await.unwrap().failed, 1);
        *store.is_down.lock().unwrap() = false;
        let second = transaction("70002", "plus.month", now + 30 * 86_400_000, 30);
        store.transactions.lock().unwrap().push(second.clone());
        let notice = |signed: &str| {
            json!({"signedPayload": sign(&json!({
                "notificationType": "DID_RENEW", "data": {"signedTransactionInfo": signed},
            }))})
        };
        let hint = notice(&sign(&second)).to_string();
        for _ in 0..2 {
            assert!(stores.hint(&world.ctx, "apple", &told(&hint)).await.unwrap());
        }
        let forged = json!({"signedPayload": sign_with(UNMARKED, &json!({}))}).to_string();
        assert!(stores.hint(&world.ctx, "apple", &told(&forged)).await.is_err());
        let payments = async |world: &World| {
            let list = async |ctx: &Ctx, tx: &mut Tx| plans::sales(ctx, tx).await;
            let sales = world.db.read(&world.ctx, "test.sales", list).await.unwrap();
            (sales[0].payments, sales[0].amount.to_string(), sales[0].refunded.to_string())
        };
        assert_eq!(payments(&world).await, (2, "3.98".to_owned(), "0.00".to_owned()));

        // Given back; nobody tells, the daily look finds it.
        let back = with(second, "revocationDate", json!(world.ctx.now().0 / 1000));
        store.transactions.lock().unwrap()[1] = back;
        *store.status.lock().unwrap() = 5;
        world.clock.advance(DAY);
        assert_eq!(stores.reconcile(&world.ctx).await.unwrap().answered, 1);
        assert_eq!(payments(&world).await, (2, "3.98".to_owned(), "1.99".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn what_apple_gives_back_in_part_lowers_the_price_and_its_status_says_whether_it_runs() {
    let (ctx, clock) = plaza_db::testing::ctx();
    clock.set(MARCH);
    let now = ctx.now().0 / 1000;
    let store = Arc::new(AppStore { status: Mutex::new(1), ..AppStore::default() });
    let apple = apple(&store);
    let good = transaction("70001", "plus.month", now, 30);
    let back = |part: Option<i64>, kind: &str| {
        let of = with(good.clone(), "revocationDate", json!(now));
        let of = with(of, "revocationType", json!(kind));
        part.map_or(of.clone(), |part| with(of, "revocationPercentage", json!(part)))
    };
    let once = |of: Value| {
        let mut of = with(of, "type", json!("Non-Consumable"));
        of.as_object_mut().unwrap().remove("expiresDate");
        with(of, "productId", json!("org.example.themes.once"))
    };
    let active = PurchaseState::Active;
    for (of, status, state, refunded) in [
        (good.clone(), 1, active, None),
        (back(Some(100_000), "REFUND_FULL"), 5, PurchaseState::Revoked, Some("1.99")),
        (back(None, "REFUND_FULL"), 5, PurchaseState::Revoked, Some("1.99")),
        (back(Some(40_000), "REFUND_PRORATED"), 5, PurchaseState::Revoked, Some("0.796")),
        (back(Some(40_000), "REFUND_PRORATED"), 1, active, Some("0.796")),
        (once(back(Some(33_333), "REFUND_PRORATED")), 0, active, Some("0.663326")),
        (once(back(Some(100_000), "REFUND_FULL")), 0, PurchaseState::Revoked, Some("1.99")),
        (once(back(Some(1_000_000), "REFUND_FULL")), 0, PurchaseState::Revoked, Some("1.99")),
    ] {
        *store.transactions.lock().unwrap() = vec![of.clone()];
        *store.status.lock().unwrap() = status;
        let receipt = apple.look_up(&ctx, "70001").await.unwrap();
        let told = receipt.payments[0].refunded.map(|refund| refund.amount.to_string());
        assert_eq!((receipt.state, told.as_deref()), (state, refunded), "{of}");
    }
}
