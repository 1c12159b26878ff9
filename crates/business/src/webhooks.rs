//! # Webhooks
//!
//! What happens to a business is told to its apps. An **event** is written in the transaction of its cause, as one
//! **delivery** row for each **endpoint** that is subscribed; a dispatcher takes the rows later, calls the endpoint and
//! records what came of it. So an event is never lost by a crash, and never told before it is true.
//!
//! **Where it goes**: for each app that is subscribed to the account, the callback of the phone number if it has one,
//! else the one of the account, else the app's own. The app's list of fields filters; an app without a callback of its
//! own hears of everything.
//!
//! **How often**: at once, then after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h and then every 4 h, until the endpoint
//! answers 200 or 7 days are over. Then the delivery is *dead*: it stands in a list, and can be sent again. An endpoint
//! that answers again after it was away gets everything that waits at once. Each endpoint has a queue of its own, and
//! events about the same person keep their order in it while the endpoint is well. Retries break that order; it can be
//! told from the delivery's id, which goes along as a header ([`DELIVERY_HEADER`]): of two events about a person the
//! one with the greater id is the later.
//!
//! **What it sends**: an `entry` is stored as the very bytes that are signed and sent, so that a repeat is the same
//! body. Most receivers look only at the first update of a call, so one call carries one update unless the endpoint
//! asked for more (`max_updates_per_call`).

mod deliveries;
pub mod listeners;
pub mod payload;
mod store;
mod subscriptions;

pub use deliveries::{
    Attempt, Claimed, DeliveryFilter, DeliveryState, DeliveryView, DueEndpoint, Outcome, attempts, claim,
    deliveries, delivery, due_endpoints, give_up, record, replay, resend, retry_after, sweep,
};
pub(crate) use store::STATEMENTS;
pub use subscriptions::{
    AppSubscription, Callback, Callbacks, FIELDS, SubscribeError, WabaSubscription, app_subscription,
    callbacks, check_callback, delete_app_subscription, set_app_subscription, set_phone_number_callback,
    subscribe_waba, unsubscribe_waba, waba_subscriptions,
};

use crate::json;
use hmac::{Hmac, KeyInit, Mac};
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PhoneNumberId, PortfolioId, WabaId, Wake};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use uuid::Uuid;

/// An endpoint's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub Uuid);

/// The header with the id of the delivery, or of the first of several in one call.
pub const DELIVERY_HEADER: &str = "x-plaza-delivery";

/// Something that apps hear of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) portfolio: PortfolioId,
    pub(crate) waba: WabaId,
    /// Absent: it is about the account.
    pub(crate) phone: Option<PhoneNumberId>,
    pub(crate) field: &'static str,
    /// Events of one lane keep their order.
    pub(crate) lane: i64,
    pub(crate) value: Value,
}

/// The field of messages and statuses.
pub(crate) const MESSAGES: &str = "messages";
/// The field of calls.
pub(crate) const CALLS: &str = "calls";
/// The field of what people want to get.
pub(crate) const PREFERENCES: &str = "user_preferences";
/// Fields whose entries carry no time: the updates have their own.
const TIMELESS: &[&str] = &[MESSAGES, CALLS, PREFERENCES];

/// Writes the deliveries of events, for all endpoints that are subscribed. The order of the events is that of their
/// telling.
pub(crate) async fn emit(ctx: &Ctx, tx: &mut Tx, events: Vec<Event>) -> Result<(), DbError> {
    let mut targets: BTreeMap<(WabaId, Option<PhoneNumberId>), Vec<store::Target>> = BTreeMap::new();
    for event in &events {
        let key = (event.waba, event.phone);
        if let std::collections::btree_map::Entry::Vacant(vacant) = targets.entry(key) {
            vacant.insert(store::targets(tx, event.waba, event.phone, ctx.now()).await?);
        }
    }
    let mut rows = Vec::with_capacity(events.len());
    for event in &events {
        let Some(targets) = targets.get(&(event.waba, event.phone)) else { continue };
        let mut entry = None;
        for target in targets.iter().filter(|target| target.wants(event.field)) {
            // Serialised once, however many hear of it.
            let entry = entry.get_or_insert_with(|| self::entry(ctx, event));
            rows.push(store::delivery_row(ctx, target.endpoint, event, entry));
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    store::insert_deliveries(tx, rows).await?;
    tx.wake(Wake::Webhooks);
    Ok(())
}

/// Whether anybody hears of a field of a number.
pub(crate) async fn is_heard(
    ctx: &Ctx,
    tx: &mut Tx,
    (waba, phone): (WabaId, PhoneNumberId),
    field: &str,
) -> Result<bool, DbError> {
    let targets = store::targets(tx, waba, Some(phone), ctx.now()).await?;
    Ok(targets.iter().any(|target| target.wants(field)))
}

/// The entry object of a call, as it is signed.
fn entry(ctx: &Ctx, event: &Event) -> String {
    let value = json::ascii(&event.value);
    let (waba, field) = (event.waba, event.field);
    let time =
        if TIMELESS.contains(&field) { String::new() } else { format!(r#","time":{}"#, ctx.now().seconds()) };
    format!(r#"{{"id":"{waba}","changes":[{{"field":"{field}","value":{value}}}]{time}}}"#)
}

/// The body of a call that carries these entries.
pub fn body<'a>(entries: impl IntoIterator<Item = &'a str>) -> String {
    let mut body = String::from(r#"{"object":"whatsapp_business_account","entry":["#);
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(entry);
    }
    body.push_str("]}");
    body
}

/// The value of the header `X-Hub-Signature-256` for a body.
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    // A key of any length is good for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests;
