//! What becomes of a business's message after it was accepted. Receipts come in batches, twice, and in any order; a
//! status only moves forward, and the first of *delivered* and *read* is what is charged.
//!
//! These operations are called by the gateway, which hosts the business numbers, inside the transaction that takes in
//! the receipt.

use super::{event, store};
use crate::analytics::{self, Spent};
use crate::codes;
use crate::contacts::{self, Contact};
use crate::groups;
use crate::portfolios::{BusinessNumber, store as portfolio_store};
use crate::prices;
use crate::webhooks::payload::{self, Failure, StatusUpdate};
use crate::webhooks::{self, Event};
use crate::{Business, is_operator};
use plaza_billing::{self as billing, BillingError};
use plaza_db::{DbError, Tx};
use plaza_protocol::{
    AccountId, BusinessMessageId, Ctx, GroupId, MessageId, PhoneNumberId, Timestamp, limits,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a message stands; it only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Sent = 1,
    Delivered = 2,
    Read = 3,
    Failed = 4,
}

impl Status {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Failed => 4,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// A status cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The charge failed.
    #[error("billing")]
    Billing(#[source] BillingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<BillingError> for StatusError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => Self::Db(error),
            other => Self::Billing(other),
        }
    }
}

/// A message that took a step, and what is told of it.
struct Step {
    message: store::Message,
    status: Status,
    at: Timestamp,
    pricing: Option<Value>,
    failure: Option<Failure>,
}

impl Business {
    /// The persons' devices have these messages: *delivered*. Ids that are no outgoing message of a business, and
    /// repeats, are passed over. The answer is how many took a step.
    pub async fn device_acknowledged(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        messages: &[(MessageId, Timestamp)],
    ) -> Result<usize, StatusError> {
        let steps = self.deliver(ctx, tx, messages).await?;
        let count = steps.len();
        tell(ctx, tx, steps).await?;
        Ok(count)
    }

    /// The persons have read these messages: *read*, and *delivered* before it where that is still missing.
    pub async fn read(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        messages: &[(MessageId, Timestamp)],
    ) -> Result<usize, StatusError> {
        let mut steps = self.deliver(ctx, tx, messages).await?;
        for (message, at) in store::advance(tx, Status::Read, messages).await? {
            steps.push(Step { message, status: Status::Read, at, pricing: None, failure: None });
        }
        let count = steps.len();
        tell(ctx, tx, steps).await?;
        Ok(count)
    }

    /// The person has read everything up to this message: a page of the unread ones before it, and itself.
    pub async fn read_up_to(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        account: AccountId,
        message: MessageId,
        at: Timestamp,
    ) -> Result<usize, StatusError> {
        let unread = store::unread_up_to(tx, phone, account, BusinessMessageId(message.0)).await?;
        let unread: Vec<_> = unread.into_iter().map(|id| (MessageId(id.0), at)).collect();
        self.read(ctx, tx, &unread).await
    }

    /// Moves to *delivered* and charges.
    async fn deliver(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        messages: &[(MessageId, Timestamp)],
    ) -> Result<Vec<Step>, StatusError> {
        let moved = store::advance(tx, Status::Delivered, messages).await?;
        let priced: Vec<_> = moved
            .iter()
            .filter(|(message, _)| message.is_priced())
            .map(|(message, at)| (message.message_id, *at))
            .collect();
        let mut charged = BTreeMap::new();
        if !priced.is_empty() {
            for charge in billing::delivered(ctx, tx, &self.prices, &priced).await? {
                charged.insert(charge.message_id, charge);
            }
            let beginning = moved.iter().filter(|(message, _)| {
                charged.get(&message.message_id).is_some_and(|charge| charge.begins_tier)
            });
            let beginning = beginning.map(|(message, _)| (message.portfolio, message.message_id));
            prices::tell_tiers(ctx, tx, beginning.collect()).await?;
        }
        let spent: Vec<Spent> = moved
            .iter()
            .filter_map(|(message, at)| {
                let (template, charge) = (message.template?, charged.get(&message.message_id)?);
                let is_marketing_lite = message.is_marketing_lite();
                Some(Spent { template, is_marketing_lite, at: *at, amount: charge.amount })
            })
            .collect();
        analytics::note_spent(tx, &spent).await?;
        let step = |(message, at): (store::Message, Timestamp)| {
            let pricing = charged.remove(&message.message_id);
            let pricing = pricing.map(|charge| payload::pricing(&charge.pricing, message.category()));
            let pricing = pricing.or_else(|| message.pricing());
            Step { message, status: Status::Delivered, at, pricing, failure: None }
        };
        Ok(moved.into_iter().map(step).collect())
    }

    /// These messages will not arrive: their holds are given back and nothing is charged. What was delivered stays so.
    pub async fn failed(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        messages: &[(BusinessMessageId, Failure)],
    ) -> Result<usize, StatusError> {
        let ids: Vec<_> = messages.iter().map(|(id, _)| (MessageId(id.0), ctx.now())).collect();
        let moved = store::advance(tx, Status::Failed, &ids).await?;
        let priced: Vec<_> = moved
            .iter()
            .filter(|(message, _)| message.is_priced())
            .map(|(message, _)| message.message_id)
            .collect();
        if !priced.is_empty() {
            billing::failed(ctx, tx, &priced).await?;
        }
        let steps: Vec<_> = moved
            .into_iter()
            .map(|(message, at)| {
                let failure = messages.iter().find(|(id, _)| *id == message.message_id);
                let failure = failure.map(|(_, failure)| failure.clone());
                Step { message, status: Status::Failed, at, pricing: None, failure }
            })
            .collect();
        let count = steps.len();
        tell(ctx, tx, steps).await?;
        Ok(count)
    }

    /// Gives up what could not be delivered in its time, a batch at a time, and forgets old idempotency keys. A job;
    /// the answer is how many were given up.
    pub async fn expire_messages(&self, ctx: &Ctx, tx: &mut Tx) -> Result<usize, StatusError> {
        if !is_operator(ctx) {
            return Ok(0);
        }
        store::forget_requests(tx, ctx.now() - limits::SEND_REMEMBERED).await?;
        let details = "The message was not delivered within its time to live.".to_owned();
        let failure = Failure { code: codes::UNDELIVERABLE, details };
        let expired: Vec<_> =
            store::expired(tx, ctx.now()).await?.into_iter().map(|id| (id, failure.clone())).collect();
        self.failed(ctx, tx, &expired).await
    }
}

/// Writes the events of steps.
async fn tell(ctx: &Ctx, tx: &mut Tx, steps: Vec<Step>) -> Result<(), DbError> {
    // Of a reaction only `sent` is told.
    let steps: Vec<Step> = steps.into_iter().filter(|step| step.message.is_priced()).collect();
    if steps.is_empty() {
        return Ok(());
    }
    let numbers = numbers(tx, &steps).await?;
    let people: Vec<_> = steps.iter().map(|step| (step.message.portfolio, step.message.account)).collect();
    let contacts = contacts::by_accounts(tx, &people).await?;
    let said = said_in_groups(tx, &steps).await?;
    let mut events: Vec<Event> = Vec::with_capacity(steps.len());
    let mut gathered: Vec<Gathered> = Vec::new();
    for (step, contact) in steps.into_iter().zip(contacts) {
        let (Some(number), Some(contact)) = (numbers.get(&step.message.phone), contact) else { continue };
        match said.get(&step.message.message_id) {
            None => {
                let update = update(step.message.message_id, step);
                events.push(event(number, &contact, payload::status(number, &contact, update)));
            }
            Some((message, group)) => {
                // The same step of the same message, for several participants, is one event.
                let (phone, status) = (step.message.phone, step.status);
                let one = (contact, update(*message, step));
                let key = (phone, *group, *message, status);
                match gathered.iter_mut().find(|gathered| gathered.key == key) {
                    Some(gathered) => gathered.updates.push(one),
                    None => gathered.push(Gathered { key, updates: vec![one] }),
                }
            }
        }
    }
    for Gathered { key: (phone, group, ..), updates } in gathered {
        let Some(number) = numbers.get(&phone) else { continue };
        events.push(Event {
            portfolio: number.portfolio_id,
            waba: number.waba_id,
            phone: Some(phone),
            field: webhooks::MESSAGES,
            lane: groups::lane(group),
            value: payload::group_statuses(number, group, updates),
        });
    }
    webhooks::emit(ctx, tx, events).await
}

/// Statuses that one event tells.
struct Gathered {
    key: (PhoneNumberId, GroupId, BusinessMessageId, Status),
    updates: Vec<(Contact, StatusUpdate)>,
}

/// Of the messages that are copies of one to a group: that one, and the group.
async fn said_in_groups(
    tx: &mut Tx,
    steps: &[Step],
) -> Result<BTreeMap<BusinessMessageId, (BusinessMessageId, GroupId)>, DbError> {
    let copies: Vec<_> = steps
        .iter()
        .filter(|step| step.message.category().is_some_and(payload::is_of_group))
        .map(|step| step.message.message_id)
        .collect();
    if copies.is_empty() {
        return Ok(BTreeMap::new());
    }
    let said = groups::store::copies(tx, &copies).await?;
    Ok(copies.into_iter().zip(said).filter_map(|(copy, said)| Some((copy, said?))).collect())
}

/// What is told of a step, under the id of `message`.
fn update(message: BusinessMessageId, step: Step) -> StatusUpdate {
    StatusUpdate {
        message,
        status: step.status.word(),
        at: step.at,
        pricing: step.pricing,
        biz_opaque_callback_data: step.message.callback_data,
        failure: step.failure,
    }
}

async fn numbers(tx: &mut Tx, steps: &[Step]) -> Result<BTreeMap<PhoneNumberId, BusinessNumber>, DbError> {
    let mut numbers = BTreeMap::new();
    for step in steps {
        let phone = step.message.phone;
        if !numbers.contains_key(&phone)
            && let Some(number) = portfolio_store::phone_number(tx, phone).await?
        {
            numbers.insert(phone, number);
        }
    }
    Ok(numbers)
}
