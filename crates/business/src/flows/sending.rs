//! # A message with a flow
//!
//! A message names a flow by its id or name. When it is accepted, the flow is looked up among those of the number's
//! account, and put into the message with all that the person's client needs to open it without asking: the document,
//! unless it is large, and whether there is an endpoint. The message is remembered with its flow: by that the client
//! may ask for more later, and a throttled flow is counted.

use super::{Flow, Status, store};
use crate::json::node::{Refusal, invalid};
use crate::messages::SendError;
use crate::portfolios::BusinessNumber;
use crate::templates::definition::FlowName;
use plaza_db::{DbError, Tx};
use plaza_protocol::content::{Action, Body, FlowAction, action};
use plaza_protocol::{BusinessMessageId, Ctx, FlowId};
use std::time::Duration;

/// Bytes of a flow JSON that goes into the message; the client fetches a larger one.
const CARRIED_BYTES_MAX: i64 = 32 * 1024;
/// Messages of a throttled flow in [`THROTTLE_PERIOD`].
const THROTTLED_MESSAGES_MAX: usize = 10;
/// See [`THROTTLED_MESSAGES_MAX`].
const THROTTLE_PERIOD: Duration = Duration::from_secs(3600);
/// What a token is that the business did not give.
const NO_TOKEN: &str = "unused";

/// A flow cannot be sent just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsendable {
    /// The operator has stopped it.
    Blocked,
    /// Its ten messages of this hour are sent.
    Throttled,
}

impl Unsendable {
    /// In words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Blocked => "the flow is blocked: see its health_status",
            Self::Throttled => {
                "the flow is throttled, and 10 messages with it were sent within the last hour: mend its endpoint, or wait"
            }
        }
    }
}

/// Completes the flow of a message, which the request names.
pub(crate) async fn complete(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    body: &mut Body,
    named: &FlowName,
) -> Result<Option<FlowId>, SendError> {
    let is_template = matches!(body, Body::Template(_));
    let Some(asked) = action_of(body) else { return Ok(None) };
    let at = |member: &str| {
        if is_template {
            "template.components".to_owned()
        } else {
            format!("interactive.action.parameters.{member}")
        }
    };
    let (member, found) = match named {
        FlowName::Id(id) => ("flow_id", store::get(tx, FlowId(*id)).await?),
        FlowName::Name(name) => ("flow_name", store::by_name(tx, number.waba_id, name).await?),
    };
    let unknown = || invalid(&at(member), "it names no flow of this phone number's business account");
    let flow = found.filter(|flow| flow.waba_id == number.waba_id).ok_or_else(unknown)?;
    check_status(ctx, tx, &flow, asked.is_draft, &at(member)).await?;
    check_action(&flow, asked, &at)?;
    asked.flow_id = flow.flow_id.to_string();
    asked.has_endpoint = flow.endpoint_uri.is_some() && flow.asks_endpoint();
    if asked.token.is_empty() {
        NO_TOKEN.clone_into(&mut asked.token);
    }
    if flow.json_bytes <= CARRIED_BYTES_MAX {
        asked.flow_json = store::asset(tx, flow.flow_id).await?.unwrap_or_default();
    }
    Ok(Some(flow.flow_id))
}

/// The action of a message that opens a flow.
fn action_of(body: &mut Body) -> Option<&mut FlowAction> {
    match body {
        Body::Interactive(interactive) => flow_in(interactive.action.as_mut()),
        Body::Template(template) => {
            template.buttons.iter_mut().find_map(|button| flow_in(button.action.as_mut()))
        }
        _ => None,
    }
}

fn flow_in(action: Option<&mut Action>) -> Option<&mut FlowAction> {
    match action.and_then(|action| action.action.as_mut()) {
        Some(action::Action::Flow(flow)) => Some(flow),
        _ => None,
    }
}

async fn check_status(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &Flow,
    is_draft: bool,
    member: &str,
) -> Result<(), SendError> {
    match flow.status {
        Status::Published => Ok(()),
        Status::Draft if is_draft && flow.json_bytes > 0 && flow.validation_errors.is_empty() => Ok(()),
        Status::Draft if is_draft => {
            Err(refuse(member, "the draft has no flow JSON without errors: its validation_errors tell them"))
        }
        Status::Draft => {
            Err(refuse(member, "the flow is a DRAFT: publish it, or try it with \"mode\": \"draft\""))
        }
        Status::Deprecated => Err(refuse(member, "the flow is DEPRECATED: send another one")),
        Status::Blocked => Err(SendError::Flow(Unsendable::Blocked)),
        Status::Throttled => {
            let sent = store::count_sent(tx, flow.flow_id, ctx.now() - THROTTLE_PERIOD).await?;
            if sent < THROTTLED_MESSAGES_MAX { Ok(()) } else { Err(SendError::Flow(Unsendable::Throttled)) }
        }
    }
}

fn refuse(member: &str, what: &str) -> SendError {
    invalid(member, what).into()
}

fn check_action(flow: &Flow, asked: &FlowAction, at: &dyn Fn(&str) -> String) -> Result<(), Refusal> {
    if !asked.screen.is_empty() && !flow.screens.contains(&asked.screen) {
        let what = format!("the flow has no screen \"{}\": it has {}", asked.screen, flow.screens.join(", "));
        return Err(invalid(&at("flow_action_payload.screen"), what));
    }
    if asked.action == "data_exchange" && !(flow.asks_endpoint() && flow.endpoint_uri.is_some()) {
        let what = "\"data_exchange\" asks the flow's endpoint, and it has none: use \"navigate\"";
        return Err(invalid(&at("flow_action"), what));
    }
    Ok(())
}

/// Remembers that a message carries a flow.
pub(crate) async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    message: BusinessMessageId,
    flow: FlowId,
) -> Result<(), DbError> {
    store::insert_message(ctx, tx, message, flow).await
}

/// The message was not accepted after all.
pub(crate) async fn forget(tx: &mut Tx, message: BusinessMessageId) -> Result<(), DbError> {
    store::delete_message(tx, message).await
}
