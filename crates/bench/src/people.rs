//! # People in bulk
//!
//! Registers devices the way a client does (number, code, certificate, key packages), many at a time, and opens
//! conversations between them with real MLS groups: the server checks both. Numbers are of the sandbox's range +999,
//! whose code is known; each call takes a fresh block of them, so that runs on one database do not meet.
//!
//! A device brings no one-time key packages, only the one of last resort, which may be used any number of times: making
//! it is what registering costs the generator most. Whoever opens a conversation knows the other's package from here
//! and need not ask the server for it.

use crate::http::Http;
use crate::socket::Socket;
use anyhow::{Context as _, bail};
use plaza_crypto::{Device, Group, Identity, Keystore, Suite, make_key_package};
use plaza_protocol::native::{
    Base64, CodeVerified, DeviceRegistered, RegisterDevice, RegistrationStarted, StartRegistration,
    VerifyCode,
};
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{AccountId, Clock, ConversationId, Ctx, RandomIds, Timestamp};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

/// Registrations under way at a time: enough for the server to share commits among them.
const REGISTRATIONS_AT_ONCE: usize = 64;
/// The code of all numbers of the range +999 in the sandbox.
const SANDBOX_CODE: &str = "000000";

/// A registered person with one device.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Digits without the plus, as the Cloud API writes it.
    pub(crate) number: String,
    /// For the socket.
    pub(crate) token: String,
    device: Device,
    key_package: Vec<u8>,
}

impl Person {
    pub(crate) fn account(&self) -> AccountId {
        self.device.account()
    }
}

/// A conversation of two people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    /// Nobody moves the group on, so that it stays in its first epoch.
    pub(crate) epoch: u64,
}

#[derive(Debug)]
struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time of the bench comes from")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The context of the bench.
pub(crate) fn ctx() -> Ctx {
    Ctx::system(Arc::new(WallClock), Arc::new(RandomIds::default()))
}

/// A number of the sandbox's range: a block of its own, and a place in it.
fn number(block: u32, place: usize) -> String {
    format!("999{:06}{:06}", block % 1_000_000, place % 1_000_000)
}

/// A number for a business.
pub(crate) fn business_number(ctx: &Ctx) -> String {
    format!("+{}", number(u32::from_be_bytes(ctx.random()), 0))
}

/// Registers so many people.
pub(crate) async fn register(ctx: &Ctx, server: SocketAddr, count: usize) -> anyhow::Result<Vec<Person>> {
    let block = u32::from_be_bytes(ctx.random());
    let lanes = REGISTRATIONS_AT_ONCE.min(count);
    let mut tasks = JoinSet::new();
    for lane in 0..lanes {
        let ctx = ctx.clone();
        tasks.spawn(async move {
            let mut http = Http::connect(server).await?;
            let mut people = Vec::with_capacity(count / lanes + 1);
            for place in (lane..count).step_by(lanes) {
                people.push(register_one(&ctx, &mut http, number(block, place)).await?);
            }
            anyhow::Ok(people)
        });
    }
    let mut people = Vec::with_capacity(count);
    while let Some(lane) = tasks.join_next().await {
        people.extend(lane?.context("registering people")?);
    }
    Ok(people)
}

async fn register_one(ctx: &Ctx, http: &mut Http, number: String) -> anyhow::Result<Person> {
    let start = StartRegistration { number: format!("+{number}") };
    let started: RegistrationStarted = post(http, "/v1/registrations", &start).await?;
    let verify = format!("/v1/registrations/{}/verify", started.registration_id);
    let verified: CodeVerified = post(http, &verify, &VerifyCode { code: SANDBOX_CODE.to_owned() }).await?;
    let identity = Identity::new(ctx);
    let device = identity.new_device(ctx, verified.account_id, ctx.uuid(), false);
    let key_package = make_key_package(&Keystore::new(), &device, Suite::current(), true)?;
    let request = RegisterDevice {
        registration_token: verified.registration_token,
        device_id: device.id(),
        name: format!("Person {number}"),
        identity_key: Base64(identity.key().to_vec()),
        certificate: Base64(device.certificate().to_bytes()),
        key_packages: Vec::new(),
        last_resort: Base64(key_package.clone()),
    };
    let registered: DeviceRegistered = post(http, "/v1/devices", &request).await?;
    Ok(Person { number, token: registered.token, device, key_package })
}

async fn post<T: DeserializeOwned>(
    http: &mut Http,
    path: &str,
    body: &impl serde::Serialize,
) -> anyhow::Result<T> {
    let answer = http.post_bytes(path, &serde_json::to_vec(body)?).await?;
    let answer = answer.json().with_context(|| format!("POST {path}"))?;
    serde_json::from_value(answer).with_context(|| format!("POST {path}: the answer has another form"))
}

/// Opens the conversation of two people, from the first one's socket.
pub(crate) async fn open(
    ctx: &Ctx,
    socket: &mut Socket,
    me: &Person,
    other: &Person,
) -> anyhow::Result<Conversation> {
    let id: ConversationId = ctx.uuid();
    let packages = [other.key_package.clone()];
    let (_, committed) =
        Group::create(&Keystore::new(), &me.device, id, &packages).context("making a group")?;
    let create = wire::CreateConversation {
        conversation_id: id.as_bytes().to_vec(),
        accounts: [me, other].map(|person| person.account().as_bytes().to_vec()).to_vec(),
        group_info: committed.group_info,
        welcome: committed.welcome,
    };
    match socket.call(request::Body::CreateConversation(create)).await? {
        response::Body::Created(created) if !created.existed => {
            Ok(Conversation { id, epoch: committed.epoch + 1 })
        }
        other => bail!("the conversation was not created: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_the_sandboxs_range_and_all_different() {
        let numbers: std::collections::BTreeSet<_> = (0..2000).map(|place| number(7, place)).collect();
        assert_eq!(numbers.len(), 2000);
        let number: plaza_protocol::PhoneNumber = format!("+{}", number(u32::MAX, 5)).parse().unwrap();
        assert!(number.is_demo());
    }
}
