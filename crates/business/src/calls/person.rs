//! What a person does about a call: called by the gateway, which read it out of the conversation.

use super::availability::Calling;
use super::store::{self, Call, NewCall};
use super::told::Told;
use super::{CallError, Signals, accepted_by, contact_of, ended, permissions};
use crate::contacts;
use crate::portfolios::{self, BusinessNumber};
use crate::{Business, blocks, windows};
use plaza_db::Tx;
use plaza_protocol::content::signal::Signal;
use plaza_protocol::content::{CallOffer, CallOutcome, HangUpReason};
use plaza_protocol::{
    AccountId, BusinessMessageId, Ctx, DeviceId, MessageId, PhoneNumber, PhoneNumberId, limits,
};

/// A signal of a person that the gateway decrypted.
#[derive(Debug, Clone)]
pub struct PersonSignal {
    /// Who says it.
    pub account: AccountId,
    /// From which of their devices.
    pub device: DeviceId,
    /// Their number.
    pub number: PhoneNumber,
    /// Their name, as the account shows it.
    pub name: String,
    /// Of which call; that of an offer is the message that carries it.
    pub call: MessageId,
    /// What it says.
    pub signal: Signal,
}

impl Business {
    /// Takes in a signal of a person. What the business does not need to know, or cannot use, is left aside. The answer
    /// is to be said to the person.
    pub async fn person_signalled(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        said: &PersonSignal,
    ) -> Result<Signals, CallError> {
        // Called by the gateway, which hosts the number, for a person who is in a conversation with it.
        let number = portfolios::store::phone_number(tx, phone).await?.ok_or(CallError::NotFound)?;
        let signals = match &said.signal {
            Signal::Offer(offer) => self.person_calls(ctx, tx, &number, said, offer).await?,
            other => {
                let call = store::call(tx, BusinessMessageId(said.call.0)).await?;
                match call.filter(|call| call.phone == phone && call.account == said.account) {
                    Some(call) => self.person_acts(ctx, tx, &number, &call, said.device, other).await?,
                    None => vec![],
                }
            }
        };
        Ok(Signals { number, account: said.account, call: said.call, signals })
    }

    /// A person calls: it rings at the business, or the person is told why not.
    async fn person_calls(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        said: &PersonSignal,
        offer: &CallOffer,
    ) -> Result<Vec<Signal>, CallError> {
        let phone = number.phone_number_id;
        let system = &ctx.acting_as(plaza_protocol::Actor::System);
        let calling = Calling::of(system, tx, number).await?;
        let is_blocked = blocks::is_blocked(tx, phone, said.account).await?;
        if !number.is_registered || is_blocked || !calling.is_open(ctx.now()) {
            return Ok(vec![ended(CallOutcome::Closed, 0, true)]);
        }
        if offer.sdp.is_empty() || offer.sdp.len() > limits::SDP_BYTES_MAX {
            return Ok(vec![ended(CallOutcome::Failed, 0, true)]);
        }
        let is_busy = store::going_on(tx, phone, said.account).await?.is_some()
            || store::count_going_on(tx, phone).await? >= limits::CALLS_AT_A_TIME_MAX;
        if is_busy {
            return Ok(vec![ended(CallOutcome::Busy, 0, true)]);
        }
        let new = NewCall {
            call_id: BusinessMessageId(said.call.0),
            account: said.account,
            is_outgoing: false,
            device: Some(said.device),
            callback_data: None,
        };
        if !store::insert(ctx, tx, number, &new).await? {
            return Ok(vec![]);
        }
        let contact =
            contacts::seen(ctx, tx, number.portfolio_id, said.account, &said.number, &said.name).await?;
        windows::person_wrote(ctx, tx, phone, said.account, new.call_id).await?;
        let call = store::call(tx, new.call_id).await?.ok_or(CallError::NotHeld)?;
        let told = Told { number, contact: &contact, call: &call };
        told.offered(ctx, tx, &offer.sdp, &offer.payload).await?;
        if calling.calls_back()
            && let Some(granted) = permissions::allow_callback(ctx, tx, phone, said.account).await?
        {
            told.may_call_back(ctx, tx, granted).await?;
        }
        Ok(vec![])
    }

    async fn person_acts(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        call: &Call,
        device: DeviceId,
        signal: &Signal,
    ) -> Result<Vec<Signal>, CallError> {
        match signal {
            Signal::Ringing(_) => {
                if store::rang(ctx, tx, call.call_id).await? {
                    let contact = contact_of(tx, call).await?;
                    Told { number, contact: &contact, call }.status(ctx, tx, "RINGING").await?;
                }
                Ok(vec![])
            }
            Signal::Answer(answer) if call.is_outgoing && !answer.is_early => {
                let Some(accepted) = store::accept(ctx, tx, call, Some(device)).await? else {
                    return Ok(vec![]);
                };
                permissions::start_anew(tx, call.phone, call.account).await?;
                let contact = contact_of(tx, call).await?;
                Told { number, contact: &contact, call: &accepted }.answered(ctx, tx, &answer.sdp).await?;
                Ok(vec![accepted_by(accepted.device)])
            }
            Signal::HangUp(hang_up) => {
                self.person_hangs_up(ctx, tx, number, call, (device, hang_up.reason())).await
            }
            Signal::Alive(_) => {
                store::alive(ctx, tx, call.call_id, device).await?;
                Ok(vec![])
            }
            Signal::Offer(_) | Signal::Answer(_) | Signal::Accepted(_) | Signal::Ended(_) => Ok(vec![]),
        }
    }

    async fn person_hangs_up(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        call: &Call,
        (device, reason): (DeviceId, HangUpReason),
    ) -> Result<Vec<Signal>, CallError> {
        let outcome = match (call.state, reason) {
            // Another device has the call: this one stops ringing, and nothing else.
            (store::ACCEPTED, _) if call.device != Some(device) => return Ok(vec![]),
            (store::ACCEPTED, HangUpReason::Media) => CallOutcome::Lost,
            (store::ACCEPTED, _) => CallOutcome::Completed,
            (store::RINGING, HangUpReason::Media) => CallOutcome::Failed,
            (store::RINGING, _) if !call.is_outgoing => CallOutcome::Cancelled,
            (store::RINGING, HangUpReason::Busy) => CallOutcome::Busy,
            (store::RINGING, HangUpReason::Person) => CallOutcome::Declined,
            _ => return Ok(vec![]),
        };
        if call.is_outgoing && matches!(outcome, CallOutcome::Declined | CallOutcome::Busy) {
            let contact = contact_of(tx, call).await?;
            Told { number, contact: &contact, call }.status(ctx, tx, "REJECTED").await?;
        }
        self.end(ctx, tx, number, call, (outcome, ctx.now())).await
    }
}
