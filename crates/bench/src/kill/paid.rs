//! Calls of a business. Each carries an idempotency key and is repeated until it is answered; some are repeated after
//! their answer too, as clients do that lost it.

use super::{Patience, Stage};
use crate::cloud_api::{self, Business};
use crate::http::Http;
use crate::people::Person;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_protocol::MessageId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// Every so many-th call is made again although it was answered.
const REPEAT_EVERY: usize = 5;
/// Between two calls of a caller.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes calls, and notes what was accepted.
#[derive(Debug)]
pub(super) struct Caller {
    business: Business,
    bodies: Vec<Vec<u8>>,
    pub(super) accepted: Vec<MessageId>,
    /// Repeated calls that got another id than the first time.
    pub(super) doubled: u64,
}

impl Caller {
    pub(super) fn new(business: Business, customers: &[Person]) -> Self {
        let bodies = customers.iter().map(cloud_api::template_to).collect();
        Self { business, bodies, accepted: Vec::new(), doubled: 0 }
    }

    pub(super) async fn run(mut self, stage: Arc<Stage>) -> anyhow::Result<Self> {
        while stage.is_load() {
            let key: Uuid = stage.ctx.uuid();
            let place = self.accepted.len();
            let body =
                self.bodies.get(place % self.bodies.len().max(1)).context("there are no customers")?.clone();
            let first = self.call(&stage, key, &body).await?;
            self.accepted.push(first);
            if place.is_multiple_of(REPEAT_EVERY) {
                self.doubled += u64::from(self.call(&stage, key, &body).await? != first);
            }
            sleep(PAUSE).await;
        }
        Ok(self)
    }

    /// One call, repeated until there is an answer.
    async fn call(&self, stage: &Stage, key: Uuid, body: &[u8]) -> anyhow::Result<MessageId> {
        let patience = Patience::new();
        loop {
            match self.attempt(stage, key, body).await {
                Ok(id) => return Ok(id),
                Err(error) => patience.try_again(error).await?,
            }
        }
    }

    async fn attempt(&self, stage: &Stage, key: Uuid, body: &[u8]) -> anyhow::Result<MessageId> {
        let life = stage.life();
        let mut http: Http = self.business.calls(stage.server).await?;
        let answer = http.post_once(&self.business.path(), &key.to_string(), body).await?;
        let wamid = cloud_api::accepted_id(&answer)?;
        stage.accepted_in(life);
        message_of(&wamid)
    }
}

/// The message that a `wamid` names: the id of its envelope.
fn message_of(wamid: &str) -> anyhow::Result<MessageId> {
    let Some(encoded) = wamid.strip_prefix("wamid.") else { bail!("{wamid} is no wamid") };
    Ok(MessageId::from_slice(&URL_SAFE_NO_PAD.decode(encoded)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wamid_names_a_message() {
        assert_eq!(message_of("wamid.AAAAAAAAAAAAAAAAAAAAAA").unwrap(), MessageId(Uuid::nil()));
        assert!(message_of("msg_1").is_err());
    }
}
