//! Google's side: a server of tokens, and an Android Publisher API that answers what the test has put there.

use super::{KEY, KEYS_URL, MARCH, PACKAGE, TOKEN_URL};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_payments::{Network, NetworkError, Request, Response};
use plaza_protocol::Timestamp;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const API: &str = "https://api.example.org/androidpublisher/v3/applications/";

/// The server of tokens and the Android Publisher API, as they document their answers.
#[derive(Debug, Default)]
pub(super) struct Play {
    pub(super) subscriptions: Mutex<BTreeMap<String, Value>>,
    pub(super) items: Mutex<BTreeMap<String, Value>>,
    pub(super) orders: Mutex<BTreeMap<String, Value>>,
    pub(super) acknowledged: Mutex<Vec<String>>,
    /// Until when each token is good.
    pub(super) tokens: Mutex<Vec<i64>>,
    pub(super) has_no_tokens: Mutex<bool>,
    pub(super) now: Mutex<i64>,
    /// The keys that Google publishes, and how often they were asked for.
    pub(super) keys: Mutex<Value>,
    pub(super) keys_fetched: AtomicUsize,
}

impl Play {
    /// A token for a statement that the account signed.
    fn token(&self, body: &str) -> (u16, Value) {
        if *self.has_no_tokens.lock().unwrap() {
            return (503, json!({"error": "unavailable"}));
        }
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let parts: Vec<&str> = form["assertion"].split('.').collect();
        let read = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let head: Value = serde_json::from_slice(&read(parts[0])).unwrap();
        assert_eq!(head, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        let claims: Value = serde_json::from_slice(&read(parts[1])).unwrap();
        let now = *self.now.lock().unwrap();
        let scope = "https://www.googleapis.com/auth/androidpublisher";
        let expected = json!({
            "iss": "plaza@example.org", "scope": scope, "aud": TOKEN_URL, "iat": now, "exp": now + 3600,
        });
        assert_eq!(claims, expected);
        let pair = RsaKeyPair::from_pkcs8(KEY).unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        key.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &read(parts[2])).unwrap();
        let mut tokens = self.tokens.lock().unwrap();
        tokens.push(now + 3599);
        (
            200,
            json!({"access_token": format!("ya29.{}", tokens.len()), "expires_in": 3599, "token_type": "Bearer"}),
        )
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let missing = || (404, json!({"error": {"code": 404}}));
        let found = |all: &Mutex<BTreeMap<String, Value>>, key: &str| {
            all.lock().unwrap().get(key).map_or_else(missing, |of| (200, of.clone()))
        };
        if let Some(token) = path.strip_prefix("purchases/subscriptionsv2/tokens/") {
            return found(&self.subscriptions, token);
        }
        if let Some(token) = path.strip_prefix("purchases/productsv2/tokens/") {
            return found(&self.items, token);
        }
        if let Some(query) = path.strip_prefix("orders:batchGet?") {
            let ids: Vec<&str> = query.split('&').map(|one| one.strip_prefix("orderIds=").unwrap()).collect();
            let orders = self.orders.lock().unwrap();
            let orders: Option<Vec<&Value>> = ids.iter().map(|id| orders.get(*id)).collect();
            return orders.map_or_else(missing, |orders| (200, json!({"orders": orders})));
        }
        found(&self.orders, path.strip_prefix("orders/").unwrap())
    }
}

#[async_trait]
impl Network for Play {
    async fn call(&self, request: Request) -> Result<Response, NetworkError> {
        if request.url == KEYS_URL {
            self.keys_fetched.fetch_add(1, Ordering::SeqCst);
            // Whoever else asks has a turn before the answer comes.
            tokio::task::yield_now().await;
            let body = self.keys.lock().unwrap().to_string().into_bytes();
            return Ok(Response { status: 200, body, max_age: Some(Duration::from_secs(3600)) });
        }
        let (status, body) = if request.url == TOKEN_URL {
            assert!(request.is_post);
            self.token(&request.body)
        } else {
            let (name, token) = &request.headers[0];
            let number = token.strip_prefix("Bearer ya29.").unwrap().parse::<usize>().unwrap();
            assert_eq!(*name, "authorization");
            if *self.now.lock().unwrap() >= self.tokens.lock().unwrap()[number - 1] {
                return Ok(Response { status: 401, body: Vec::new(), max_age: None });
            }
            let (package, path) = request.url.strip_prefix(API).unwrap().split_once('/').unwrap();
            if package != PACKAGE {
                (404, json!({"error": {"message": "The purchase token does not match the package name."}}))
            } else if request.is_post {
                self.acknowledged.lock().unwrap().push(path.to_owned());
                for all in [&self.subscriptions, &self.items] {
                    for (token, of) in all.lock().unwrap().iter_mut() {
                        if path.ends_with(&format!("/tokens/{token}:acknowledge")) {
                            of["acknowledgementState"] = json!("ACKNOWLEDGEMENT_STATE_ACKNOWLEDGED");
                        }
                    }
                }
                return Ok(Response { status: 200, body: Vec::new(), max_age: None });
            } else {
                self.get(path)
            }
        };
        Ok(Response { status, body: body.to_string().into_bytes(), max_age: None })
    }
}

pub(super) fn words(time: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.0).unwrap().to_string()
}

pub(super) fn euros(cents: i64) -> Value {
    json!({"currencyCode": "EUR", "units": (cents / 100).to_string(), "nanos": cents % 100 * 10_000_000})
}

pub(super) fn later(days: i64) -> Timestamp {
    Timestamp(MARCH.0 + days * 86_400_000_000)
}

/// A subscription as `purchases.subscriptionsv2.get` answers.
pub(super) fn subscription(base_plan: &str, order: &str, until: Timestamp) -> Value {
    json!({
        "kind": "androidpublisher#subscriptionPurchaseV2", "regionCode": "DE", "startTime": words(MARCH),
        "subscriptionState": "SUBSCRIPTION_STATE_ACTIVE", "latestOrderId": order,
        "acknowledgementState": "ACKNOWLEDGEMENT_STATE_PENDING",
        "lineItems": [{
            "productId": "plus", "expiryTime": words(until), "latestSuccessfulOrderId": order,
            "autoRenewingPlan": {"autoRenewEnabled": true}, "offerDetails": {"basePlanId": base_plan},
        }],
    })
}

/// An order of it, as `orders.get` answers. Of each euro Google pays out 85 cents.
pub(super) fn order(id: &str, base_plan: &str, cents: i64, (from, to): (Timestamp, Timestamp)) -> Value {
    let details = json!({
        "basePlanId": base_plan, "offerPhase": "BASE",
        "servicePeriodStartTime": words(from), "servicePeriodEndTime": words(to),
    });
    json!({
        "orderId": id, "state": "PROCESSED", "createTime": words(from), "lastEventTime": words(from),
        "total": euros(cents), "developerRevenueInBuyerCurrency": euros(cents * 85 / 100),
        "lineItems": [{"productId": "plus", "total": euros(cents), "subscriptionDetails": details}],
        "orderHistory": {"processedEvent": {"eventTime": words(from)}},
    })
}
