//! What webhooks say about a call: the field `calls`, with its events `connect` and `terminate` and its statuses; and
//! that a business may call back, which is told like a person's answer.

use super::permissions::Granted;
use super::store::Call;
use super::{CallError, format_id};
use crate::codes::Code;
use crate::contacts::Contact;
use crate::messages::lane;
use crate::portfolios::BusinessNumber;
use crate::wamid;
use crate::webhooks::{self, Event, payload};
use plaza_db::Tx;
use plaza_protocol::content::CallOutcome;
use plaza_protocol::{BusinessMessageId, Ctx, Timestamp};
use serde_json::{Value, json};

/// The two ends of a call that are told of in webhooks alone.
const SETUP_FAILED: Code = Code { number: 138_019, status: 400, title: "Call setup failed" };
const MEDIA_LOST: Code = Code { number: 138_021, status: 400, title: "Media receive timeout" };

/// A call, with those who are in it.
pub(super) struct Told<'a> {
    pub(super) number: &'a BusinessNumber,
    pub(super) contact: &'a Contact,
    pub(super) call: &'a Call,
}

impl Told<'_> {
    /// A person calls: this is their session description. `pressed` is what their button was to say.
    pub(super) async fn offered(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        sdp: &str,
        pressed: &str,
    ) -> Result<(), CallError> {
        let mut call = self.connect(ctx, "offer", sdp);
        if !pressed.is_empty() {
            call["cta_payload"] = json!(pressed);
        }
        let event = self.event(webhooks::CALLS, self.value("calls", call));
        Ok(webhooks::emit(ctx, tx, vec![event]).await?)
    }

    /// A person has picked up: first what to connect with, then that it is so.
    pub(super) async fn answered(&self, ctx: &Ctx, tx: &mut Tx, sdp: &str) -> Result<(), CallError> {
        let connect = self.value("calls", self.connect(ctx, "answer", sdp));
        let accepted = self.value("statuses", self.status_view(ctx, "ACCEPTED"));
        let events = [connect, accepted].map(|value| self.event(webhooks::CALLS, value));
        Ok(webhooks::emit(ctx, tx, events.into()).await?)
    }

    fn connect(&self, ctx: &Ctx, sdp_type: &str, sdp: &str) -> Value {
        let mut call = self.call_view("connect", ctx.now());
        call["session"] = json!({"sdp_type": sdp_type, "sdp": sdp});
        call
    }

    /// It is over.
    pub(super) async fn terminated(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        outcome: CallOutcome,
        at: Timestamp,
    ) -> Result<(), CallError> {
        let mut call = self.call_view("terminate", ctx.now());
        call["status"] = json!(if outcome == CallOutcome::Completed { "COMPLETED" } else { "FAILED" });
        if let Some(accepted_at) = self.call.accepted_at {
            call["start_time"] = json!(accepted_at.seconds().to_string());
            call["end_time"] = json!(at.seconds().to_string());
            call["duration"] = json!(self.call.length_us(at).div_euclid(1_000_000));
        }
        let mut value = self.value("calls", call);
        let failure = match outcome {
            CallOutcome::Lost => Some((MEDIA_LOST, "The person's device was not heard of any more.")),
            CallOutcome::Failed => Some((SETUP_FAILED, "The media could not connect.")),
            _ => None,
        };
        if let Some((code, details)) = failure {
            let failure = payload::Failure { code, details: details.to_owned() };
            value["errors"] = json!([payload::error(&failure)]);
        }
        Ok(webhooks::emit(ctx, tx, vec![self.event(webhooks::CALLS, value)]).await?)
    }

    /// `RINGING` or `REJECTED`, of a call of the business.
    pub(super) async fn status(&self, ctx: &Ctx, tx: &mut Tx, status: &str) -> Result<(), CallError> {
        let event = self.event(webhooks::CALLS, self.value("statuses", self.status_view(ctx, status)));
        Ok(webhooks::emit(ctx, tx, vec![event]).await?)
    }

    fn status_view(&self, ctx: &Ctx, status: &str) -> Value {
        let mut said = json!({
            "id": format_id(self.call.call_id),
            "timestamp": ctx.now().seconds().to_string(),
            "type": "call",
            "status": status,
            "recipient_id": self.contact.number.digits(),
            "recipient_user_id": self.contact.user_id,
        });
        self.echo(&mut said);
        said
    }

    /// By calling, the person has allowed the business to call back.
    pub(super) async fn may_call_back(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        granted: Granted,
    ) -> Result<(), CallError> {
        let id: BusinessMessageId = ctx.ordered_id();
        let message = json!({
            "from": self.contact.number.digits(),
            "from_user_id": self.contact.user_id,
            "id": wamid::format(id),
            "timestamp": ctx.now().seconds().to_string(),
            "type": "interactive",
            "interactive": {
                "type": "call_permission_reply",
                "call_permission_reply": {
                    "response": "accept",
                    "is_permanent": false,
                    "expiration_timestamp": granted.expires_at.seconds(),
                    "response_source": "automatic",
                },
            },
        });
        let event = self.event(webhooks::MESSAGES, self.value("messages", message));
        Ok(webhooks::emit(ctx, tx, vec![event]).await?)
    }

    fn call_view(&self, event: &str, at: Timestamp) -> Value {
        let (business, person) = (self.number.number.digits(), self.contact.number.digits());
        let (from, to) = if self.call.is_outgoing { (business, person) } else { (person, business) };
        let mut view = json!({
            "id": format_id(self.call.call_id),
            "from": from,
            "to": to,
            "event": event,
            "timestamp": at.seconds().to_string(),
            "direction": direction(self.call.is_outgoing),
        });
        self.echo(&mut view);
        view
    }

    fn echo(&self, view: &mut Value) {
        if let Some(data) = &self.call.callback_data {
            view["biz_opaque_callback_data"] = json!(data);
        }
    }

    fn value(&self, list: &str, item: Value) -> Value {
        payload::value(self.number, std::slice::from_ref(self.contact), list, vec![item])
    }

    fn event(&self, field: &'static str, value: Value) -> Event {
        Event {
            portfolio: self.number.portfolio_id,
            waba: self.number.waba_id,
            phone: Some(self.number.phone_number_id),
            field,
            lane: lane(self.contact.account),
            value,
        }
    }
}

/// The word for who called.
pub(crate) fn direction(is_outgoing: bool) -> &'static str {
    if is_outgoing { "BUSINESS_INITIATED" } else { "USER_INITIATED" }
}
