//! # Messages to a group
//!
//! A message to a group is one message of the conversation, and a **copy** for each participant: a row of its own, with
//! a price that is held, a status that only rises, and a charge when that person's device has it. So everything that
//! holds for a message holds for each copy, a repeated receipt included, and a charge explains itself like any other.
//! The copy's id follows from the message and the person ([`super::copy_of`]).
//!
//! Either all copies are held or none: a balance that does not cover everybody refuses the message.
//!
//! The limits on whom a business writes to first do not count here: people came by themselves. The customer-service
//! window is the group's.

use super::{BusinessGroup, copy_of, store};
use crate::Business;
use crate::contacts::Contact;
use crate::messages::in_group::{NewCopy, accepted_in_group, new_copy};
use crate::messages::request::Kind;
use crate::messages::{
    Accepted, Circle, Prepared, SendError, Sending, Standings, To, first_of, forget, intent, lifetime,
    pricing, require_in, told_category,
};
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks::payload::{self, StatusUpdate};
use crate::windows::Windows;
use crate::{campaigns, codes, webhooks};
use plaza_billing::{self as billing, Category, Intent, Pricing};
use plaza_db::Tx;
use plaza_messaging::groups as messenger;
use plaza_protocol::content::{Body, Content};
use plaza_protocol::{BusinessMessageId, GroupId, MessageId, Timestamp};

impl Business {
    /// Accepts a message to a group: checks it, holds the price of each copy, writes their rows and their `sent` event.
    pub(crate) async fn accept_in_group(
        &self,
        tx: &mut Tx,
        send: &Sending<'_>,
        group: GroupId,
    ) -> Result<Accepted, SendError> {
        let Sending { ctx, phone, message } = *send;
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        if !number.is_registered {
            return Err(SendError::NotRegistered);
        }
        let here = store::get(tx, group).await?.filter(|here| here.phone_number_id == phone);
        let here = here.ok_or(SendError::UnknownGroup)?;
        let message_id: BusinessMessageId = ctx.ordered_id();
        if let Some(first) = first_of(ctx, tx, phone, message, message_id).await? {
            return Ok(accepted_in_group(number, &here, &message.input, first, None));
        }
        match self.send_in_group(tx, send, &number, &here, message_id).await {
            Ok(content) => Ok(accepted_in_group(number, &here, &message.input, message_id, content)),
            Err(refused) => {
                forget(tx, send, message_id).await?;
                Err(refused)
            }
        }
    }

    async fn send_in_group(
        &self,
        tx: &mut Tx,
        send: &Sending<'_>,
        number: &BusinessNumber,
        here: &BusinessGroup,
        message_id: BusinessMessageId,
    ) -> Result<Option<Content>, SendError> {
        let Sending { ctx, phone, message } = *send;
        if here.is_suspended {
            return Err(SendError::GroupSuspended);
        }
        require_kind(&message.kind)?;
        let circle = Circle::Group(here.group_id);
        if let Some(answered) = message.reply_to {
            require_in(tx, number, circle, answered, "context.message_id").await?;
        }
        let prepared = self.prepare(ctx, tx, number, circle, message).await?;
        if matches!(prepared.category, Some(Category::Authentication | Category::AuthenticationInternational))
        {
            return Err(SendError::NotInGroups { kind: "an authentication template".to_owned() });
        }
        let group = messenger::get(tx, here.conversation).await?.ok_or(SendError::UnknownGroup)?;
        let people = super::participants(tx, here, &group).await?;
        if people.is_empty() {
            return Err(SendError::EmptyGroup);
        }
        let now = ctx.now();
        let windows =
            Windows { customer_service_until: here.customer_service_until, free_entry_point_until: None };
        if prepared.template.is_none() && !windows.is_customer_service_open(now) {
            return Err(SendError::WindowClosed { until: here.customer_service_until });
        }
        let standing = Standings::default().of(ctx, tx, number.portfolio_id).await?;
        // To the limit of each person, a group is a person.
        self.keep_pace(ctx, phone, plaza_protocol::AccountId(here.conversation.0), standing)?;
        let expires_at = now + lifetime(prepared.template.as_ref());
        let ids: Vec<_> = people
            .iter()
            .map(|person| BusinessMessageId(copy_of(MessageId(message_id.0), person.account).0))
            .collect();
        // What could not be fetched is not sent, and not charged.
        let priced = prepared.category.filter(|_| message.unfetched.is_none());
        let intents: Vec<Intent> = match priced {
            None => Vec::new(),
            Some(category) => {
                let template = prepared.template.as_ref().map(|template| template.name.as_str());
                let tag = message.biz_opaque_callback_data.as_deref();
                let campaign = campaigns::of(ctx, tx, number.portfolio_id, (template, tag)).await?;
                let copies = people.iter().zip(&ids).map(|(person, copy)| {
                    let intent = intent(number, person, *copy, category.in_group(), now, windows, expires_at);
                    Intent { template: template.is_some(), campaign: campaign.clone(), ..intent }
                });
                copies.collect()
            }
        };
        let prices = self.hold_copies(ctx, tx, &intents).await?;
        let copies = Copies { people: &people, ids: &ids, prices: &prices, now, expires_at };
        write(tx, send, number, here, (message_id, &prepared), &copies).await?;
        let reply_to = message.reply_to.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let content = Content {
            reply_to,
            sender_name: number.verified_name.clone(),
            body: Some(prepared.body),
            is_forwarded: false,
        };
        Ok(Some(content).filter(|_| message.unfetched.is_none()))
    }

    /// Holds the price of all copies, or of none.
    async fn hold_copies(
        &self,
        ctx: &plaza_protocol::Ctx,
        tx: &mut Tx,
        intents: &[Intent],
    ) -> Result<Vec<Pricing>, SendError> {
        let held = billing::hold(ctx, tx, &self.prices, intents).await?;
        let (mut prices, mut refused, mut taken) = (Vec::with_capacity(held.len()), None, Vec::new());
        for (intent, held) in intents.iter().zip(held) {
            match pricing(Some(held)) {
                Ok(price) => {
                    taken.push(intent.message_id);
                    prices.push(price);
                }
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        let Some(refused) = refused else { return Ok(prices) };
        billing::failed(ctx, tx, &taken).await?;
        Err(refused)
    }
}

/// The copies of one message.
struct Copies<'a> {
    people: &'a [Contact],
    ids: &'a [BusinessMessageId],
    /// In the order of the people; empty: nothing is charged.
    prices: &'a [Pricing],
    now: Timestamp,
    expires_at: Timestamp,
}

/// Writes the rows of the copies, and the event that they were sent.
async fn write(
    tx: &mut Tx,
    send: &Sending<'_>,
    number: &BusinessNumber,
    here: &BusinessGroup,
    (message_id, prepared): (BusinessMessageId, &Prepared),
    copies: &Copies<'_>,
) -> Result<(), SendError> {
    let Sending { ctx, message, .. } = *send;
    let category = told_category(message, prepared.category, true);
    let (mut rows, mut told, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (person, copy)) in copies.people.iter().zip(copies.ids).enumerate() {
        let pricing = copies.prices.get(at).map(|pricing| payload::pricing(pricing, category));
        rows.push(new_copy(
            number,
            prepared,
            NewCopy {
                message_id: *copy,
                account: person.account,
                category,
                pricing: pricing.as_ref(),
                callback_data: message.biz_opaque_callback_data.clone(),
                is_failed: message.unfetched.is_some(),
                at: copies.now,
                expires_at: copies.expires_at,
            },
        ));
        marks.push((MessageId(copy.0), MessageId(message_id.0), here.group_id));
        let update = StatusUpdate {
            message: message_id,
            status: if message.unfetched.is_none() { "sent" } else { "failed" },
            at: copies.now,
            pricing,
            biz_opaque_callback_data: message.biz_opaque_callback_data.clone(),
            failure: message
                .unfetched
                .as_ref()
                .map(|why| payload::Failure { code: codes::MEDIA_UPLOAD, details: why.clone() }),
        };
        told.push((person.clone(), update));
    }
    crate::messages::insert_all(tx, rows).await?;
    store::note_messages(tx, marks).await?;
    let value = payload::group_statuses(number, here.group_id, told);
    let event = webhooks::Event {
        portfolio: number.portfolio_id,
        waba: number.waba_id,
        phone: Some(number.phone_number_id),
        field: webhooks::MESSAGES,
        lane: super::lane(here.group_id),
        value,
    };
    webhooks::emit(ctx, tx, vec![event]).await?;
    Ok(())
}

/// What may be said in a group: text, files, templates, a reaction, and what is pinned.
fn require_kind(kind: &Kind) -> Result<(), SendError> {
    let refused = match kind {
        Kind::Template(_) => None,
        Kind::Free(draft) => match &draft.body {
            Body::Text(_) | Body::Media(_) | Body::Reaction(_) | Body::Pin(_) => None,
            other => Some(payload::kind_of(other)),
        },
    };
    match refused {
        None => Ok(()),
        Some(kind) => Err(SendError::NotInGroups { kind: format!("a message of type {kind}") }),
    }
}

impl To {
    /// The group, if it is one.
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::Person { .. } => None,
            Self::Group { group_id, .. } => Some(*group_id),
        }
    }
}
