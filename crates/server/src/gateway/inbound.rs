//! What people send to hosted numbers.

use super::{DELETE_OLD, DELETE_OLD_IN_GROUPS, GatewayError, INSERT_MESSAGE, WITH_MAIL, as_device, keys};
use crate::app::App;
use plaza_business::calls::{CallError, PersonSignal};
use plaza_business::groups;
use plaza_business::messages::{Inbound, SendError};
use plaza_business::portfolios::{self, BusinessNumber};
use plaza_client::{Outcome, Received};
use plaza_db::{Tx, params};
use plaza_messaging::accounts::{self, Device};
use plaza_messaging::delivery;
use plaza_protocol::content::Body;
use plaza_protocol::content::signal::Signal;
use plaza_protocol::limits::ENVELOPE_LIFETIME;
use plaza_protocol::{Actor, Chain, ConversationId, Ctx, MessageId, wire};
use std::sync::Arc;
use std::time::Duration;

/// Envelopes of one device in one transaction.
const PAGE_ENVELOPES: usize = 64;
/// Calls whose time is over are looked for this often.
const LOOK_AT_CALLS_EVERY: Duration = Duration::from_secs(1);
/// Without a wake-up the mailboxes are looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Works the mailboxes of hosted devices off until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    if app.gateway.require_key().is_err() {
        return;
    }
    loop {
        let busy = match look(&app).await {
            Ok(busy) => busy,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the mailboxes of hosted devices could not be read");
                false
            }
        };
        if busy && !app.shutdown.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.gateway.mail.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// One page of each device that has mail. Whether there may be more.
async fn look(app: &Arc<App>) -> Result<bool, GatewayError> {
    let ctx = app.ctx_for(Actor::System);
    let devices = app
        .db
        .read(&ctx, "gateway.with_mail", async |_, tx| {
            let rows = tx.query(WITH_MAIL, vec![]).await?;
            rows.iter()
                .map(|row| Ok(Device { account: row.get(0)?, device: row.get(1)? }))
                .collect::<Result<Vec<_>, GatewayError>>()
        })
        .await?;
    let mut worked = false;
    for device in devices {
        app.gateway.state.remember_device(device.account, device.device);
        let state = app.clone();
        let page = async move |ctx: &Ctx, tx: &mut Tx| work_off(&state, ctx, tx, device).await;
        match app.db.transact(&ctx, "gateway.inbound", page).await {
            Ok(()) => worked = true,
            Err(error) => {
                tracing::error!(device.id = %device.device, error = %Chain(&error), "mail of a hosted device waits");
            }
        }
    }
    Ok(worked)
}

async fn work_off(app: &App, ctx: &Ctx, tx: &mut Tx, own: Device) -> Result<(), GatewayError> {
    let ctx = &as_device(ctx, own);
    let page = delivery::mailbox(ctx, tx, own.device, 0, PAGE_ENVELOPES).await?;
    let Some(last) = page.last().map(|deliver| deliver.seq) else { return Ok(()) };
    let number = portfolios::number_of_account(tx, own.account).await?;
    for envelope in page.into_iter().filter_map(|deliver| deliver.envelope) {
        match take_in(app, ctx, tx, own, number.as_ref(), &envelope).await {
            Ok(()) => {}
            // The storage, or the keys at rest: that is ours to mend, and the envelope waits.
            Err(error @ (GatewayError::Db(_) | GatewayError::Keys(..) | GatewayError::NotHosted)) => {
                return Err(error);
            }
            // What cannot be read now cannot be read later: it is left behind, so that the next one gets its turn.
            Err(error) => {
                let (device, gseq) = (own.device, envelope.gseq);
                tracing::warn!(device.id = %device, gseq, error = %Chain(&error), "an envelope was skipped");
            }
        }
    }
    let arrived = delivery::acknowledge(ctx, tx, &[(own, last)]).await?;
    let receipts = app.business_receipts(ctx, tx, &arrived, &[]).await;
    receipts.map_err(|error| GatewayError::Business(Box::new(error)))?;
    app.gateway.refill(ctx, tx, own).await
}

async fn take_in(
    app: &App,
    ctx: &Ctx,
    tx: &mut Tx,
    own: Device,
    number: Option<&BusinessNumber>,
    envelope: &wire::Envelope,
) -> Result<(), GatewayError> {
    let conversation =
        ConversationId::from_slice(&envelope.conversation_id).map_err(keys("a conversation's id"))?;
    let gateway = &app.gateway;
    let hosted = gateway.state.take(tx, own.device, conversation).await?;
    if envelope.kind() == wire::EnvelopeKind::Welcome {
        gateway.state.load_key_packages(tx, &hosted).await?;
    }
    let mut outcomes = hosted.process(envelope)?;
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Broken | Outcome::Removed)) {
        gateway.join(ctx, tx, conversation, &hosted).await?;
    }
    gateway.state.put(ctx, tx, conversation, hosted).await?;
    let Some(number) = number else { return Ok(()) };
    for outcome in outcomes.drain(..) {
        if let Outcome::Message(message) = outcome {
            received(app, ctx, tx, number, conversation, *message).await?;
        }
    }
    Ok(())
}

async fn received(
    app: &App,
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    conversation: ConversationId,
    message: Received,
) -> Result<(), GatewayError> {
    let Received { message_id, account, device, gseq, sent_at, content } = message;
    if account == number.account_id {
        return Ok(());
    }
    let ctx = &ctx.following(message_id.as_bytes());
    let sender = accounts::views(tx, &[account]).await?.remove(&account).ok_or(GatewayError::NotHosted)?;
    // Plaza itself records what a person said: the hosted device is no business's app.
    let system = ctx.acting_as(Actor::System);
    if let Some(Body::Call(call)) = content.body {
        let Some(signal) = call.signal else { return Ok(()) };
        let is_offer = matches!(signal, Signal::Offer(_));
        let call = if is_offer { Ok(message_id) } else { MessageId::from_slice(&call.call_id) };
        let said = PersonSignal {
            account,
            device,
            number: sender.number.parse().map_err(keys("a person's number"))?,
            name: sender.name,
            call: call.map_err(keys("a call's id"))?,
            signal,
        };
        let answered = app.business.person_signalled(&system, tx, number.phone_number_id, &said).await;
        let signals = answered.map_err(call_error)?;
        return app.gateway.signal(&system, tx, &app.delivery, &signals).await;
    }
    tx.execute(INSERT_MESSAGE, params![conversation, gseq, false, message_id, ctx.now()]).await?;
    let inbound = Inbound {
        account,
        number: sender.number.parse().map_err(keys("a person's number"))?,
        name: sender.name,
        message_id,
        at: sent_at,
        content,
        group: groups::of_conversation(tx, conversation).await?,
    };
    match app.business.received(&system, tx, number.phone_number_id, &inbound).await {
        Ok(_) => Ok(()),
        Err(SendError::Db(error)) => Err(error.into()),
        Err(error) => Err(GatewayError::Business(Box::new(error))),
    }
}

fn call_error(error: CallError) -> GatewayError {
    match error {
        CallError::Db(error) => error.into(),
        other => GatewayError::Business(Box::new(other)),
    }
}

/// Ends the calls whose time is over, and tells the people who were in them, until the server stops.
pub(crate) async fn end_calls(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_AT_CALLS_EVERY) => {}
        }
        let ctx = app.ctx_for(Actor::System);
        if let Err(error) = end_due_calls(&app, &ctx).await {
            tracing::error!(error = %Chain(&error), "the calls whose time is over go on");
        }
    }
}

/// One round of it.
pub(crate) async fn end_due_calls(app: &Arc<App>, ctx: &Ctx) -> Result<(), GatewayError> {
    let any = async |ctx: &Ctx, tx: &mut Tx| plaza_business::calls::any_due(ctx, tx).await;
    if !app.db.read(ctx, "gateway.calls_due", any).await? {
        return Ok(());
    }
    let state = app.clone();
    let end = async move |ctx: &Ctx, tx: &mut Tx| {
        for signals in state.business.end_due_calls(ctx, tx).await.map_err(call_error)? {
            match state.gateway.signal(ctx, tx, &state.delivery, &signals).await {
                Ok(()) => {}
                Err(GatewayError::Db(error)) => return Err(GatewayError::Db(error)),
                // The call ends all the same: the person's client sees for itself that nobody is there.
                Err(error) => tracing::warn!(error = %Chain(&error), "the end of a call could not be told"),
            }
        }
        Ok(())
    };
    app.db.transact(ctx, "gateway.end_calls", end).await
}

/// Forgets where old messages stood.
pub(crate) async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, GatewayError> {
    let before = ctx.now() - ENVELOPE_LIFETIME - ENVELOPE_LIFETIME;
    let in_groups = tx.execute(DELETE_OLD_IN_GROUPS, params![before]).await?;
    Ok(tx.execute(DELETE_OLD, params![before]).await? + in_groups)
}
