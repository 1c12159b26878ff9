//! # Google Play
//!
//! A client hands over the purchase token that Google gave it. It proves nothing: the Android Publisher API says whether
//! this app sold something for it, and how that stands. What was paid say the orders: a subscription's first is
//! `GPA.1-2-3-4`, its renewals `GPA.1-2-3-4..0`, `..1` and so on, each with what was paid for which days and whether it was
//! given back. An order's id is the transaction's.
//!
//! Notifications come as pushes of Pub/Sub, signed by a service account of the operator's (`push.rs`). They are hints all the
//! same: what they say is that a token is worth a look.

mod account;
mod push;

pub use push::{GOOGLE_KEYS_URL, Pushes};

pub use account::{AccountError, ServiceAccount};

use super::{Notification, Store, StoreError};
use crate::{Network, Request};
use account::Token;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_billing::plans::{PurchaseState, Receipt, StorePayment, StoreRefund};
use plaza_protocol::{AccountId, Ctx, Currency, Micros, Timestamp};
use push::Keys;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Orders of a purchase that are looked at: the last ones.
const ORDERS_MAX: u32 = 1000;
/// Orders of a call: each has about two kilobytes.
const ORDERS_PER_CALL: usize = 50;
/// Bytes of a purchase token; they have some 150.
const TOKEN_BYTES_MAX: usize = 1000;
/// Purchases that are to be acknowledged; what is forgotten is found at the next look-up.
const UNACKNOWLEDGED_MAX: usize = 10_000;

/// An app in Google Play.
#[derive(Debug, Clone)]
pub struct GoogleSettings {
    /// Where the Android Publisher API is.
    pub url: String,
    /// The app's package name.
    pub package_name: String,
    /// What stands before `plus` in the ids of products.
    pub products_prefix: String,
    /// Who asks.
    pub account: ServiceAccount,
    /// Who pushes notifications; `None`: none are taken.
    pub notifications: Option<Pushes>,
    /// Of a payment Google keeps so much, in percent, where its answer does not say.
    pub commission_percent: i64,
    /// What testers buy counts, too; it moves no money.
    pub takes_sandbox: bool,
}

/// Google Play.
#[derive(Debug)]
pub struct Google {
    network: Arc<dyn Network>,
    settings: GoogleSettings,
    token: Token,
    keys: Keys,
    /// Purchase tokens that Google wants acknowledged, each with the address for it.
    unacknowledged: Mutex<BTreeMap<String, String>>,
}

fn not_genuine(what: &str) -> StoreError {
    StoreError::NotGenuine(what.to_owned())
}

fn unavailable(what: &str) -> StoreError {
    StoreError::Unavailable(what.to_owned())
}

fn text<'a>(of: &'a Value, member: &str) -> &'a str {
    of.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn time(of: &Value, member: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text(of, member).parse().ok()?;
    Some(Timestamp(time.as_microsecond()))
}

fn rows<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of.get(member).and_then(Value::as_array).into_iter().flatten()
}

/// An amount in units and billionths.
fn amount(of: &Value) -> Option<Micros> {
    let units = of.get("units").map_or(Some(0), |units| {
        units.as_i64().or_else(|| units.as_str().and_then(|units| units.parse().ok()))
    })?;
    let nanos = of.get("nanos").and_then(Value::as_i64).unwrap_or_default();
    let micros = units.checked_mul(1_000_000)?.checked_add(nanos.checked_div(1000)?)?;
    Some(Micros(micros))
}

fn later_by(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(time.0.saturating_add(seconds.saturating_mul(1_000_000)))
}

/// Whether a text may stand in an address: it leads nowhere else.
fn is_plain(name: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    name.len() <= TOKEN_BYTES_MAX
        && name.bytes().all(is_known)
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// The orders of a purchase up to its last one.
fn order_ids(last: &str) -> Vec<String> {
    let renewals = last.split_once("..").and_then(|(first, number)| Some((first, number.parse().ok()?)));
    match renewals {
        Some((first, number)) => {
            let renewals =
                (u32::saturating_sub(number, ORDERS_MAX)..=number).map(|number| format!("{first}..{number}"));
            std::iter::once(first.to_owned()).chain(renewals).collect()
        }
        None if last.is_empty() => Vec::new(),
        None => vec![last.to_owned()],
    }
}

/// Which order was given back, and when.
fn refunded_at(order: &Value, asked_at: Timestamp) -> Option<Timestamp> {
    (text(order, "state") == "REFUNDED").then(|| {
        let event = order.pointer("/orderHistory/refundEvent");
        event
            .and_then(|event| time(event, "eventTime"))
            .or_else(|| time(order, "lastEventTime"))
            .unwrap_or(asked_at)
    })
}

/// What was given back of an order: all of it, or the parts that have gone through.
fn refund(order: &Value, paid: Micros, asked_at: Timestamp) -> Result<Option<StoreRefund>, StoreError> {
    if let Some(at) = refunded_at(order, asked_at) {
        return Ok(Some(StoreRefund { amount: paid, at }));
    }
    let events = order.pointer("/orderHistory/partialRefundEvents").and_then(Value::as_array);
    let events = events.into_iter().flatten();
    let done = events.filter(|event| text(event, "state") == "PROCESSED_SUCCESSFULLY");
    let (mut back, mut last) = (0_i64, None);
    for event in done {
        let total = event.pointer("/refundDetails/total").and_then(amount);
        let total = total.ok_or_else(|| unavailable("Google Play tells of a refund without its amount"))?;
        back = back.saturating_add(total.0);
        last = last.max(time(event, "processTime").or_else(|| time(event, "createTime")));
    }
    let at = last.unwrap_or(asked_at);
    Ok((back > 0).then(|| StoreRefund { amount: Micros(back.min(paid.0)), at }))
}

/// How a subscription stands. What was given back gives nothing any more, but while Google goes on to renew it, it is looked
/// at again.
fn subscription_state(word: &str, is_refunded: bool, runs: bool) -> Result<PurchaseState, StoreError> {
    match word {
        "SUBSCRIPTION_STATE_PENDING" => Ok(PurchaseState::Pending),
        "SUBSCRIPTION_STATE_ACTIVE" if !is_refunded => Ok(PurchaseState::Active),
        "SUBSCRIPTION_STATE_IN_GRACE_PERIOD" if !is_refunded => Ok(PurchaseState::Grace),
        "SUBSCRIPTION_STATE_CANCELED" if !is_refunded && runs => Ok(PurchaseState::Active),
        "SUBSCRIPTION_STATE_EXPIRED" if is_refunded => Ok(PurchaseState::Revoked),
        "SUBSCRIPTION_STATE_ACTIVE"
        | "SUBSCRIPTION_STATE_IN_GRACE_PERIOD"
        | "SUBSCRIPTION_STATE_CANCELED"
        | "SUBSCRIPTION_STATE_EXPIRED"
        | "SUBSCRIPTION_STATE_ON_HOLD"
        | "SUBSCRIPTION_STATE_PAUSED"
        | "SUBSCRIPTION_STATE_PENDING_PURCHASE_CANCELED" => Ok(PurchaseState::Expired),
        _ => Err(unavailable("Google Play names a state that is not known")),
    }
}

/// The account that the buyer's app named.
fn account_of(of: &Value) -> Option<AccountId> {
    text(of, "obfuscatedExternalAccountId").parse::<uuid::Uuid>().ok().map(AccountId)
}

impl Google {
    /// An app in Google Play.
    pub fn new(network: Arc<dyn Network>, settings: GoogleSettings) -> Self {
        Self {
            network,
            settings,
            token: Token::default(),
            keys: Keys::default(),
            unacknowledged: Mutex::default(),
        }
    }

    /// With what it works.
    pub fn settings(&self) -> &GoogleSettings {
        &self.settings
    }

    /// Calls the interface; `None`: Google knows no such thing of this app.
    async fn call(&self, ctx: &Ctx, path: &str, body: Option<String>) -> Result<Option<Value>, StoreError> {
        let token = self.token.get(ctx, &*self.network, &self.settings.account).await?;
        let (url, package) = (self.settings.url.trim_end_matches('/'), &self.settings.package_name);
        let request = Request {
            is_post: body.is_some(),
            url: format!("{url}/androidpublisher/v3/applications/{package}/{path}"),
            headers: vec![
                ("authorization", format!("Bearer {}", token.0)),
                ("content-type", "application/json".to_owned()),
            ],
            body: body.unwrap_or_default(),
        };
        let answer = self.network.call(request).await;
        let answer = answer.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        match answer.status {
            200 | 204 if answer.body.is_empty() => Ok(Some(Value::Null)),
            200 => {
                let read = serde_json::from_slice(&answer.body);
                read.map(Some).map_err(|_| unavailable("the answer is no JSON"))
            }
            400 | 404 | 410 => Ok(None),
            status => {
                if status == 401 {
                    self.token.forget();
                }
                Err(StoreError::Unavailable(format!("Google Play answered {status}")))
            }
        }
    }

    /// Orders; one that Google does not know is left out.
    async fn orders(&self, ctx: &Ctx, ids: &[String]) -> Result<Vec<Value>, StoreError> {
        let mut found = Vec::new();
        for ids in ids.chunks(ORDERS_PER_CALL) {
            if ids.iter().any(|id| !is_plain(id)) {
                return Err(unavailable("Google Play named an order that cannot be read"));
            }
            let query: Vec<String> = ids.iter().map(|id| format!("orderIds={id}")).collect();
            if let Some(answer) =
                self.call(ctx, &format!("orders:batchGet?{}", query.join("&")), None).await?
            {
                found.extend(rows(&answer, "orders").cloned());
                continue;
            }
            // One that is not there makes the whole call fail.
            for id in ids {
                found.extend(self.call(ctx, &format!("orders/{id}"), None).await?);
            }
        }
        Ok(found)
    }

    /// What Plaza calls a product: `plus` with the base plan `month`, or `plus.month` for short; `themes` or `themes.once`.
    fn product(&self, id: &str, base_plan: Option<&str>) -> Result<String, StoreError> {
        let name = id.strip_prefix(&self.settings.products_prefix);
        let name = name.filter(|name| is_plain(name)).ok_or_else(|| not_genuine("it is another product"))?;
        let term = base_plan.filter(|plan| !plan.is_empty()).unwrap_or("once");
        Ok(if name.contains('.') { name.to_owned() } else { format!("{name}.{term}") })
    }

    fn check_test(&self, is_test: bool) -> Result<(), StoreError> {
        if is_test && !self.settings.takes_sandbox {
            return Err(not_genuine("a tester bought it"));
        }
        Ok(())
    }

    /// What an order says was paid. `until`: where it has no period of its own.
    fn payment(
        &self,
        order: &Value,
        asked_at: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<StorePayment>, StoreError> {
        let is_paid = matches!(
            text(order, "state"),
            "PROCESSED" | "PENDING_REFUND" | "PARTIALLY_REFUNDED" | "REFUNDED"
        );
        let lines: Vec<&Value> = rows(order, "lineItems").collect();
        let Some(line) = lines.first().filter(|_| is_paid) else { return Ok(None) };
        let unread = || unavailable("Google Play named an order that cannot be read");
        let total = line.get("total").ok_or_else(unread)?;
        let paid = amount(total).ok_or_else(unread)?;
        // A currency that the books do not have is not booked: the operator sees a purchase without a payment.
        let Ok(currency) = text(total, "currencyCode").parse::<Currency>() else { return Ok(None) };
        let period = line.get("subscriptionDetails");
        // What Google pays out is what is left over for the operator: it keeps its part, and taxes that it pays itself.
        let left = order.get("developerRevenueInBuyerCurrency").filter(|_| lines.len() == 1);
        let left =
            left.filter(|left| text(left, "currencyCode") == text(total, "currencyCode")).and_then(amount);
        let percent = paid.0.saturating_mul(self.settings.commission_percent).checked_div(100);
        let keeps = left.map_or(percent.unwrap_or_default(), |left| paid.0.saturating_sub(left.0));
        let from = period.and_then(|period| time(period, "servicePeriodStartTime"));
        let to = period.and_then(|period| time(period, "servicePeriodEndTime").or(until));
        Ok(Some(StorePayment {
            transaction: text(order, "orderId").to_owned(),
            product: self
                .product(text(line, "productId"), period.map(|period| text(period, "basePlanId")))?,
            amount: paid,
            commission: Micros(keeps.clamp(0, paid.0.max(0))),
            currency,
            from: from.or_else(|| time(order, "createTime")).ok_or_else(unread)?,
            to,
            refunded: refund(order, paid, asked_at)?,
        }))
    }

    fn payments(
        &self,
        orders: &[Value],
        asked_at: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Vec<StorePayment>, StoreError> {
        let payments = orders.iter().map(|order| self.payment(order, asked_at, until));
        Ok(payments.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn subscription(&self, ctx: &Ctx, reference: &str, of: &Value) -> Result<Receipt, StoreError> {
        let asked_at = ctx.now();
        // While one product waits to follow another there are two: the one that runs is the one that ends last.
        let item = rows(of, "lineItems").max_by_key(|item| time(item, "expiryTime"));
        let item = item.ok_or_else(|| not_genuine("nothing was sold for it"))?;
        let is_test = of.get("testPurchase").is_some();
        self.check_test(is_test)?;
        let id = text(item, "productId");
        let base_plan = item.pointer("/offerDetails/basePlanId").and_then(Value::as_str);
        let product = self.product(id, base_plan)?;
        let last = [text(item, "latestSuccessfulOrderId"), text(of, "latestOrderId")];
        let last = last.into_iter().find(|id| !id.is_empty()).filter(|_| !is_test).unwrap_or_default();
        let orders = self.orders(ctx, &order_ids(last)).await?;
        let last = orders.iter().find(|order| text(order, "orderId") == last);
        let expires_at = time(item, "expiryTime");
        let is_refunded = last.is_some_and(|order| refunded_at(order, asked_at).is_some());
        let runs = expires_at.is_some_and(|end| end > asked_at);
        let state = subscription_state(text(of, "subscriptionState"), is_refunded, runs)?;
        let renews =
            item.pointer("/autoRenewingPlan/autoRenewEnabled").and_then(Value::as_bool) == Some(true);
        let phase = last.and_then(|order| order.pointer("/lineItems/0/subscriptionDetails/offerPhase"));
        self.note(of, reference, format!("purchases/subscriptions/{id}/tokens/{reference}:acknowledge"));
        let replaces = text(of, "linkedPurchaseToken");
        Ok(Receipt {
            store: "google",
            reference: reference.to_owned(),
            asked_at,
            account: of.get("externalAccountIdentifiers").and_then(account_of),
            product,
            state,
            expires_at,
            renews: renews && state == PurchaseState::Active,
            is_trial: phase.and_then(Value::as_str) == Some("FREE_TRIAL"),
            is_family_shared: false,
            replaces: (!replaces.is_empty()).then(|| replaces.to_owned()),
            payments: self.payments(&orders, asked_at, expires_at)?,
        })
    }

    async fn item(&self, ctx: &Ctx, reference: &str, of: &Value) -> Result<Receipt, StoreError> {
        let asked_at = ctx.now();
        let item =
            rows(of, "productLineItem").next().ok_or_else(|| not_genuine("nothing was sold for it"))?;
        let is_test = of.get("testPurchaseContext").is_some();
        self.check_test(is_test)?;
        let id = text(item, "productId");
        let product = self.product(id, None)?;
        let order = if is_test { "" } else { text(of, "orderId") };
        let orders = self.orders(ctx, &order_ids(order)).await?;
        let is_refunded = orders.iter().any(|order| refunded_at(order, asked_at).is_some());
        let word =
            of.pointer("/purchaseStateContext/purchaseState").and_then(Value::as_str).unwrap_or_default();
        let state = match word {
            "PURCHASED" if !is_refunded => PurchaseState::Active,
            "PURCHASED" | "CANCELLED" => PurchaseState::Revoked,
            "PENDING" => PurchaseState::Pending,
            _ => return Err(unavailable("Google Play names a state that is not known")),
        };
        self.note(of, reference, format!("purchases/products/{id}/tokens/{reference}:acknowledge"));
        Ok(Receipt {
            store: "google",
            reference: reference.to_owned(),
            asked_at,
            account: account_of(of),
            product,
            state,
            expires_at: None,
            renews: false,
            is_trial: false,
            is_family_shared: false,
            replaces: None,
            payments: self.payments(&orders, asked_at, None)?,
        })
    }

    fn unacknowledged(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.unacknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what Google wants acknowledged.
    fn note(&self, of: &Value, reference: &str, path: String) {
        let mut all = self.unacknowledged();
        if text(of, "acknowledgementState") != "ACKNOWLEDGEMENT_STATE_PENDING" {
            all.remove(reference);
            return;
        }
        if all.len() >= UNACKNOWLEDGED_MAX {
            all.clear();
        }
        all.insert(reference.to_owned(), path);
    }
}

#[async_trait]
impl Store for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    async fn verify(&self, ctx: &Ctx, proof: &str) -> Result<Receipt, StoreError> {
        self.look_up(ctx, proof.trim()).await
    }

    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Receipt, StoreError> {
        if !is_plain(reference) {
            return Err(not_genuine("it is no purchase token"));
        }
        let path = format!("purchases/subscriptionsv2/tokens/{reference}");
        if let Some(of) = self.call(ctx, &path, None).await? {
            return self.subscription(ctx, reference, &of).await;
        }
        let path = format!("purchases/productsv2/tokens/{reference}");
        match self.call(ctx, &path, None).await? {
            Some(of) => self.item(ctx, reference, &of).await,
            None => Err(not_genuine("Google Play has no such purchase of this app")),
        }
    }

    async fn read_notification(
        &self,
        ctx: &Ctx,
        notification: &Notification<'_>,
    ) -> Result<Option<String>, StoreError> {
        let wrong = || not_genuine("it is no notification");
        let Some(from) = &self.settings.notifications else {
            return Err(StoreError::Unsigned("store.google.notifications_from is not configured".to_owned()));
        };
        self.keys.check(ctx, &*self.network, from, notification.authorization).await?;
        let push: Value = serde_json::from_slice(notification.body).map_err(|_| wrong())?;
        if text(&push, "subscription") != from.subscription {
            return Err(not_genuine(
                "it comes from another subscription than store.google.notifications_from",
            ));
        }
        let data = push.pointer("/message/data").and_then(Value::as_str).ok_or_else(wrong)?;
        let data = STANDARD.decode(data).map_err(|_| wrong())?;
        let about: Value = serde_json::from_slice(&data).map_err(|_| wrong())?;
        if text(&about, "packageName") != self.settings.package_name {
            return Err(not_genuine("it is of another app"));
        }
        let kinds = ["subscriptionNotification", "oneTimeProductNotification", "voidedPurchaseNotification"];
        let about = kinds.iter().find_map(|kind| about.get(kind));
        Ok(about.map(|about| text(about, "purchaseToken").to_owned()).filter(|token| !token.is_empty()))
    }

    async fn acknowledge(&self, ctx: &Ctx, receipt: &Receipt) -> Result<(), StoreError> {
        let path = self.unacknowledged().get(&receipt.reference).cloned();
        let Some(path) = path else { return Ok(()) };
        match self.call(ctx, &path, Some("{}".to_owned())).await? {
            Some(_) => {
                self.unacknowledged().remove(&receipt.reference);
                Ok(())
            }
            None => Err(not_genuine("Google Play does not take the acknowledgement")),
        }
    }

    fn manage_url(&self) -> Option<&'static str> {
        Some("https://play.google.com/store/account/subscriptions")
    }
}
