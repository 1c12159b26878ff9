//! `POST /{phone}/messages`: messages, read marks and typing; and `POST /{phone}/marketing_messages`: templates that
//! advertise, on the same way.
//!
//! A header `Idempotency-Key` makes a repeat harmless: the same key with the same body gets the first answer again, for
//! seven days. The Cloud API knows no such header; a client that does not send it sends twice when it retries.

use super::errors::GraphError;
use super::{Answer, Call, CloudApi, media};
use plaza_business::calls::{CallError, Signals};
use plaza_business::codes;
use plaza_business::groups::{GroupWork, format_id};
use plaza_business::management::ManageError;
use plaza_business::messages::{
    Accepted, Idempotency, MarkedRead, ReadMark, Request, SendError, SendMessage, To,
};
use plaza_business::portfolios::BusinessNumber;
use plaza_db::Tx;
use plaza_protocol::{AccountId, Ctx, PhoneNumberId};
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// An account that is being opened, inside a transaction.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<AccountId, ManageError>> + 'a>>;
/// A group that is being made, followed or told something, inside a transaction.
pub type Grouping<'a> = Pin<Box<dyn Future<Output = Result<(), ManageError>> + 'a>>;
/// Work inside a transaction.
pub type Work<'a> = Pin<Box<dyn Future<Output = Result<(), SendError>> + 'a>>;
type Deliver = dyn for<'a> Fn(&'a Ctx, &'a mut Tx, &'a [&'a Accepted]) -> Work<'a> + Send + Sync;
type Open = dyn for<'a> Fn(&'a Ctx, &'a mut Tx, &'a BusinessNumber) -> Opening<'a> + Send + Sync;
/// Signals of a call that are being said, inside a transaction.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<(), CallError>> + 'a>>;
type Signal = dyn for<'a> Fn(&'a Ctx, &'a mut Tx, &'a Signals) -> Calling<'a> + Send + Sync;
type ForGroup = dyn for<'a> Fn(&'a Ctx, &'a mut Tx, &'a GroupWork) -> Grouping<'a> + Send + Sync;
type Read = dyn for<'a> Fn(&'a Ctx, &'a mut Tx, &'a MarkedRead) -> Work<'a> + Send + Sync;

/// What the gateway does for the surface: it holds the devices of the business numbers. Both run inside the transaction
/// of the request.
pub struct Gateway {
    pub(super) deliver: Box<Deliver>,
    read: Box<Read>,
    open: Box<Open>,
    pub(super) signal: Box<Signal>,
    for_group: Box<ForGroup>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// `deliver` encrypts accepted messages and puts their envelopes into the mailboxes; `read` tells a person that
    /// their message was read, and shows that an answer is being written.
    pub fn new(
        deliver: impl for<'a> Fn(&'a Ctx, &'a mut Tx, &'a [&'a Accepted]) -> Work<'a> + Send + Sync + 'static,
        read: impl for<'a> Fn(&'a Ctx, &'a mut Tx, &'a MarkedRead) -> Work<'a> + Send + Sync + 'static,
    ) -> Self {
        Self {
            deliver: Box::new(deliver),
            read: Box::new(read),
            open: Box::new(keep),
            signal: Box::new(unheard),
            for_group: Box::new(no_groups),
        }
    }

    /// `signal` tells a person about a call.
    pub fn calling(
        self,
        signal: impl for<'a> Fn(&'a Ctx, &'a mut Tx, &'a Signals) -> Calling<'a> + Send + Sync + 'static,
    ) -> Self {
        Self { signal: Box::new(signal), ..self }
    }

    /// `for_group` does what the hosted device has to do for a group.
    pub fn grouping(
        self,
        for_group: impl for<'a> Fn(&'a Ctx, &'a mut Tx, &'a GroupWork) -> Grouping<'a> + Send + Sync + 'static,
    ) -> Self {
        Self { for_group: Box::new(for_group), ..self }
    }

    /// Does a piece of work for a group.
    pub(super) async fn work_for_group(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        work: &GroupWork,
    ) -> Result<(), ManageError> {
        (self.for_group)(ctx, tx, work).await
    }

    /// `open` makes the account on the network of a number that is registered for the first time.
    pub fn opening(
        self,
        open: impl for<'a> Fn(&'a Ctx, &'a mut Tx, &'a BusinessNumber) -> Opening<'a> + Send + Sync + 'static,
    ) -> Self {
        Self { open: Box::new(open), ..self }
    }

    /// The account on the network of a number.
    pub(super) async fn open(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
    ) -> Result<AccountId, ManageError> {
        (self.open)(ctx, tx, number).await
    }
}

/// Without a gateway a group is nothing but its rows.
fn no_groups<'a>(_: &'a Ctx, _: &'a mut Tx, _: &'a GroupWork) -> Grouping<'a> {
    Box::pin(async { Ok(()) })
}

/// Without a gateway a number keeps the id that stands for its account.
fn keep<'a>(_: &'a Ctx, _: &'a mut Tx, number: &'a BusinessNumber) -> Opening<'a> {
    let account = number.account_id;
    Box::pin(async move { Ok(account) })
}

/// Without a gateway nobody hears of calls.
fn unheard<'a>(_: &'a Ctx, _: &'a mut Tx, _: &'a Signals) -> Calling<'a> {
    Box::pin(async { Ok(()) })
}

async fn mark_read(app: &CloudApi, ctx: &Ctx, phone: PhoneNumberId, mark: ReadMark) -> Result<(), SendError> {
    let (business, gateway) = (app.business.clone(), app.gateway.clone());
    app.db
        .transact(ctx, "cloud_api.mark_read", async move |ctx, tx| {
            let marked = business.mark_read(ctx, tx, phone, &mark).await?;
            (gateway.read)(ctx, tx, &marked).await
        })
        .await
}

pub(super) async fn post(call: Call) -> Result<Answer, GraphError> {
    let phone = call.phone();
    match Request::read(call.params.value(), idempotency(&call)?)? {
        Request::Send(message) => send(&call, *message).await,
        Request::Read(mark) => {
            mark_read(&call.app, &call.ctx, phone, mark).await?;
            Ok(json!({"success": true}).into())
        }
    }
}

/// `POST /{phone}/marketing_messages`
pub(super) async fn post_marketing(call: Call) -> Result<Answer, GraphError> {
    send(&call, SendMessage::read_marketing(call.params.value(), idempotency(&call)?)?).await
}

async fn send(call: &Call, mut message: SendMessage) -> Result<Answer, GraphError> {
    let phone = call.phone();
    media::fetch_links(&call.app, &call.ctx, phone, &mut message).await?;
    let accepted = call.app.sends.send(&call.ctx, phone, message).await?;
    let answer = Answer::from(answer(&accepted));
    Ok(match accepted.reach {
        Some(reach) => answer.with_reach(accepted.number.portfolio_id, reach),
        None => answer,
    })
}

fn idempotency(call: &Call) -> Result<Option<Idempotency>, GraphError> {
    let Some(key) = call.headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().map_err(|_| {
        GraphError::new(codes::INVALID_PARAMETER)
            .details("Idempotency-Key: write it in plain ASCII characters")
    })?;
    Ok(Some(Idempotency { key: key.trim().to_owned(), body_sha256: call.params.fingerprint() }))
}

fn answer(accepted: &Accepted) -> Value {
    let mut message = json!({"id": accepted.wamid, "message_status": "accepted"});
    let contact = match &accepted.to {
        To::Person { wa_id, user_id, .. } => {
            json!({"input": accepted.input, "wa_id": wa_id, "user_id": user_id})
        }
        To::Group { group_id, .. } => {
            let group = format_id(*group_id);
            message["group_id"] = json!(group);
            json!({"input": accepted.input, "wa_id": group})
        }
    };
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}
