//! # Calls
//!
//! A person calls a business number, or the business calls a person who allowed it. The media goes from peer to peer;
//! here is the signalling: who calls, who picks up, when it is over, and what it costs.
//!
//! The business speaks through the Cloud API ([`Business::control_call`]) and hears by webhooks; the person speaks by
//! encrypted signals, which the gateway reads out to [`Business::person_signalled`], and hears by signals that the
//! gateway encrypts. Each operation answers with what is to be said to the person ([`Signals`]), in the same
//! transaction.
//!
//! **Life of a call**: ringing → accepted → ended. It only moves forward, and each step is one update that asks for the
//! step before, so that of two devices that pick up at the same moment one has the call. The person's client is told
//! whose it is, and, in the end, how it ended and how long it was.
//!
//! **The clock ends what nobody ends** ([`Business::end_due_calls`]): a call that rings for a minute, one whose device
//! was not heard of for a minute and a half, one that reached its greatest length. So no crash leaves a call behind.
//!
//! **Price**: calls of people are free. For a call of a business the price of its greatest length is held when it
//! begins, and when it ends what it cost is posted, by pulses of six seconds; one that nobody picked up costs nothing.
//!
//! Whether a number takes calls stands in its settings ([`availability`]), whom it may call in [`permissions`].

pub mod availability;
mod error;
pub mod permissions;
mod person;
mod request;
mod store;
mod told;

pub use error::CallError;
pub use permissions::RequestRefused;
pub use person::PersonSignal;
pub use request::CallRequest;
pub(crate) use store::STATEMENTS;
pub(crate) use store::sums;
pub(crate) use told::direction;

use crate::Business;
use crate::contacts::{self, Contact};
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks;
use availability::Calling;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_billing::{self as billing, Category, Intent, Refused, WindowState};
use plaza_db::Tx;
use plaza_protocol::content::signal::Signal;
use plaza_protocol::content::{CallAccepted, CallAnswer, CallEnded, CallOffer, CallOutcome};
use plaza_protocol::wire::TakesCalls;
use plaza_protocol::{
    AccountId, Actor, BusinessMessageId, Ctx, DeviceId, MessageId, PhoneNumber, PhoneNumberId, Timestamp,
    limits,
};
use request::{Action, Callee, Placing};
use std::time::Duration;
use store::{Call, Ending, NewCall};
use told::Told;

/// Six seconds, in microseconds: a begun one counts.
const PULSE: i64 = 6_000_000;
/// What is left of a call that nobody ended is cleared away this long after its greatest length.
const HELD_BEYOND: Duration = Duration::from_secs(24 * 3600);

/// What the gateway is to say to a person about a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Who says it.
    pub number: BusinessNumber,
    /// To whom.
    pub account: AccountId,
    /// Of which call; an offer is sent as the message of this id.
    pub call: MessageId,
    /// In this order.
    pub signals: Vec<Signal>,
}

/// What a request about a call came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Controlled {
    /// The id of the call that was begun; `None`: of an older one.
    pub begun: Option<String>,
    /// To be said to the person.
    pub signals: Signals,
}

/// Shows the id of a call.
pub fn format_id(id: BusinessMessageId) -> String {
    format!("wacid.{}", URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// Reads the id of a call.
pub fn parse_id(text: &str) -> Option<BusinessMessageId> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("wacid.")?.trim_end_matches('=')).ok()?;
    BusinessMessageId::from_slice(&bytes).ok()
}

/// The pulses of a length: at least one.
fn pulses(length_us: i64) -> i64 {
    length_us.saturating_add(PULSE - 1).div_euclid(PULSE).max(1)
}

fn length_max(is_outgoing: bool) -> Duration {
    if is_outgoing { limits::PAID_CALL_LENGTH_MAX } else { limits::FREE_CALL_LENGTH_MAX }
}

fn accepted_by(device: Option<DeviceId>) -> Signal {
    let device_id = device.map(|device| device.as_bytes().to_vec()).unwrap_or_default();
    Signal::Accepted(CallAccepted { device_id })
}

/// What a person is told of the end.
fn ended(outcome: CallOutcome, seconds: i64, is_from_person: bool) -> Signal {
    Signal::Ended(CallEnded { outcome: outcome.into(), seconds, is_from_person })
}

impl Business {
    /// Does what a business asks for: calls somebody, picks up, declines or hangs up.
    pub async fn control_call(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        request: &CallRequest,
    ) -> Result<Controlled, CallError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        if !number.is_registered {
            return Err(CallError::NotRegistered);
        }
        match request {
            CallRequest::Connect(placing) => self.place(ctx, tx, number, placing).await,
            CallRequest::Act { callee, action } => {
                let call = named(ctx, tx, &number, callee).await?;
                let signals = self.act(ctx, tx, &number, &call, action).await?;
                let (account, call) = (call.account, MessageId(call.call_id.0));
                Ok(Controlled { begun: None, signals: Signals { number, account, call, signals } })
            }
        }
    }

    /// Calls somebody.
    async fn place(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: BusinessNumber,
        placing: &Placing,
    ) -> Result<Controlled, CallError> {
        let phone = number.phone_number_id;
        let calling = Calling::of(ctx, tx, &number).await?;
        calling.require_api()?;
        self.pace.take_call(ctx, phone).map_err(|wait| CallError::TooFast { wait })?;
        if !webhooks::is_heard(ctx, tx, (number.waba_id, phone), webhooks::CALLS).await? {
            return Err(CallError::Unheard);
        }
        let contact = callee(ctx, tx, &number, &placing.callee).await?.ok_or(CallError::Uncallable)?;
        let granted = permissions::granted(tx, phone, contact.account).await?;
        if !granted.is_some_and(|granted| granted.allows(ctx.now())) {
            return Err(CallError::NoPermission);
        }
        let (connected, first) = store::connected(ctx, tx, phone, contact.account).await?;
        if connected >= i64::from(self.connected_calls_per_day) {
            let next = first.map(|first| first + permissions::DAY);
            return Err(CallError::ConnectedLimit { calls_max: self.connected_calls_per_day, next });
        }
        if store::going_on(tx, phone, contact.account).await?.is_some() {
            return Err(CallError::Duplicate);
        }
        if store::count_going_on(tx, phone).await? >= limits::CALLS_AT_A_TIME_MAX {
            return Err(CallError::Concurrent);
        }
        let call_id: BusinessMessageId = ctx.ordered_id();
        let intent = intent(ctx, &number, &contact, call_id);
        match billing::hold(ctx, tx, &self.prices, &[intent]).await?.pop() {
            Some(Ok(_)) => {}
            Some(Err(Refused::InsufficientFunds { needed, available, currency })) => {
                return Err(CallError::InsufficientFunds { needed, available, currency });
            }
            Some(Err(Refused::NoPrice { market })) => return Err(CallError::NoPrice { market }),
            Some(Err(cap @ Refused::CapReached { .. })) => return Err(CallError::CapReached(cap)),
            Some(Err(suspended @ Refused::Suspended { .. })) => return Err(CallError::Suspended(suspended)),
            Some(Err(Refused::Ended)) | None => return Err(CallError::NotHeld),
        }
        let new = NewCall {
            call_id,
            account: contact.account,
            is_outgoing: true,
            device: None,
            callback_data: placing.callback_data.clone(),
        };
        store::insert(ctx, tx, &number, &new).await?;
        let offer = Signal::Offer(CallOffer { sdp: placing.sdp.clone(), payload: String::new() });
        let (account, call) = (contact.account, MessageId(call_id.0));
        let signals = Signals { number, account, call, signals: vec![offer] };
        Ok(Controlled { begun: Some(format_id(call_id)), signals })
    }

    /// What the business does about a call that is there; what the person is told.
    async fn act(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        call: &Call,
        action: &Action,
    ) -> Result<Vec<Signal>, CallError> {
        Ok(match action {
            Action::PreAccept { sdp } => {
                require_open(call)?;
                if !store::pre_accept(tx, call.call_id).await? {
                    return Err(CallError::Over);
                }
                vec![Signal::Answer(CallAnswer { sdp: sdp.clone(), is_early: true })]
            }
            Action::Accept { sdp, callback_data } => {
                if !call.is_outgoing && call.state == store::ACCEPTED {
                    // A repeat: it is accepted already.
                    return Ok(vec![]);
                }
                require_open(call)?;
                if sdp.is_none() && !call.is_pre_accepted {
                    return Err(CallError::Missing { member: "session".to_owned() });
                }
                let Some(accepted) = store::accept(ctx, tx, call, call.device).await? else {
                    return Err(CallError::Over);
                };
                if let Some(data) = callback_data {
                    store::set_callback_data(tx, call.call_id, data).await?;
                }
                permissions::start_anew(tx, call.phone, call.account).await?;
                let answer = sdp.clone().map(|sdp| Signal::Answer(CallAnswer { sdp, is_early: false }));
                answer.into_iter().chain([accepted_by(accepted.device)]).collect()
            }
            Action::Reject if call.is_outgoing => {
                let what = "the business made this call: terminate ends it".to_owned();
                return Err(CallError::Invalid { member: "action".to_owned(), what });
            }
            Action::Reject | Action::Terminate => {
                let outcome = match (call.state, call.is_outgoing) {
                    (store::ACCEPTED, _) => CallOutcome::Completed,
                    (_, true) => CallOutcome::Cancelled,
                    (_, false) => CallOutcome::Declined,
                };
                self.end(ctx, tx, number, call, (outcome, ctx.now())).await?
            }
        })
    }

    /// Ends a call, once: settles what it cost, tells the apps, and says what the person is to be told. Of a call that
    /// has ended nobody is told anything.
    async fn end(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        call: &Call,
        (outcome, at): (CallOutcome, Timestamp),
    ) -> Result<Vec<Signal>, CallError> {
        let Some(call) = store::end(tx, call.call_id, outcome, at).await? else { return Ok(vec![]) };
        let length = call.length_us(at);
        if call.is_outgoing {
            match call.accepted_at {
                None => {
                    billing::failed(ctx, tx, &[call.call_id]).await?;
                    permissions::went_unanswered(tx, call.phone, call.account, outcome).await?;
                }
                Some(accepted_at) => {
                    let usage = (call.call_id, accepted_at, pulses(length));
                    if let Some(charged) = billing::called(ctx, tx, &self.prices, usage).await? {
                        store::set_cost(tx, call.call_id, charged.amount).await?;
                    }
                }
            }
        }
        let contact = contact_of(tx, &call).await?;
        Told { number, contact: &contact, call: &call }.terminated(ctx, tx, outcome, at).await?;
        Ok(vec![ended(outcome, length.div_euclid(1_000_000), !call.is_outgoing)])
    }

    /// Ends the calls whose time is over, a page of them. A job.
    pub async fn end_due_calls(&self, ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Signals>, CallError> {
        if !crate::is_operator(ctx) {
            return Ok(Vec::new());
        }
        permissions::forget_old(ctx, tx).await?;
        let mut all = Vec::new();
        for call in store::due(ctx, tx).await? {
            let Some(number) = portfolios::store::phone_number(tx, call.phone).await? else { continue };
            let Ending { outcome, at } = call.due_ending();
            let signals = self.end(ctx, tx, &number, &call, (outcome, at)).await?;
            let (account, call) = (call.account, MessageId(call.call_id.0));
            all.push(Signals { number, account, call, signals });
        }
        Ok(all)
    }
}

/// Whether there are calls whose time is over.
pub async fn any_due(ctx: &Ctx, tx: &mut Tx) -> Result<bool, plaza_db::DbError> {
    Ok(!store::due(ctx, tx).await?.is_empty())
}

/// The call that a request names.
async fn named(ctx: &Ctx, tx: &mut Tx, number: &BusinessNumber, callee: &Callee) -> Result<Call, CallError> {
    let found = match callee {
        Callee::Call(call_id) => store::call(tx, *call_id).await?,
        Callee::Person(person) => match self::callee(ctx, tx, number, person).await? {
            Some(contact) => store::going_on(tx, number.phone_number_id, contact.account).await?,
            None => None,
        },
    };
    found.filter(|call| call.phone == number.phone_number_id).ok_or(CallError::UnknownCall {
        member: match callee {
            Callee::Call(_) => "call_id",
            Callee::Person(_) => "to",
        },
    })
}

async fn callee(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    person: &request::Person,
) -> Result<Option<Contact>, CallError> {
    Ok(match person {
        request::Person::Number(to) if *to == number.number => return Err(CallError::RecipientIsSender),
        request::Person::Number(to) => contacts::by_number(ctx, tx, number.portfolio_id, to).await?,
        request::Person::UserId(user_id) => contacts::by_user_id(tx, number.portfolio_id, user_id).await?,
    })
}

/// Only a call of a person can be picked up by the business, and only while it rings.
fn require_open(call: &Call) -> Result<(), CallError> {
    if call.is_outgoing {
        let what = "the business made this call: the person picks up".to_owned();
        return Err(CallError::Invalid { member: "action".to_owned(), what });
    }
    match call.state {
        store::RINGING => Ok(()),
        store::ACCEPTED => {
            let what = "this call is accepted already".to_owned();
            Err(CallError::Invalid { member: "action".to_owned(), what })
        }
        _ if call.is_unanswered => Err(CallError::TimedOut),
        _ => Err(CallError::Over),
    }
}

async fn contact_of(tx: &mut Tx, call: &Call) -> Result<Contact, CallError> {
    let found =
        contacts::by_accounts(tx, &[(call.portfolio, call.account)]).await?.into_iter().flatten().next();
    found.ok_or(CallError::Uncallable)
}

/// The price of the greatest length of a call is held.
fn intent(ctx: &Ctx, number: &BusinessNumber, contact: &Contact, call_id: BusinessMessageId) -> Intent {
    let now = ctx.now();
    let length = length_max(true);
    Intent {
        message_id: call_id,
        portfolio_id: number.portfolio_id,
        waba_id: number.waba_id,
        phone_number_id: number.phone_number_id,
        to: contact.number.clone(),
        category: Category::Call,
        template: false,
        sent_at: now,
        window: WindowState::default(),
        expires_at: now + limits::CALL_RINGS_FOR + length + HELD_BEYOND,
        max_price: None,
        pulses_max: Some(pulses(i64::try_from(length.as_micros()).unwrap_or(i64::MAX))),
        campaign: None,
    }
}

/// Whether an account on the network takes calls, and shows a button for it to a person with this number.
pub async fn shown(
    ctx: &Ctx,
    tx: &mut Tx,
    business: AccountId,
    person: &PhoneNumber,
) -> Result<TakesCalls, CallError> {
    let Some(number) = portfolios::number_of_account(tx, business).await? else { return Ok(TakesCalls::No) };
    if !number.is_registered {
        return Ok(TakesCalls::No);
    }
    let calling = Calling::of(&ctx.acting_as(Actor::System), tx, &number).await?;
    Ok(calling.shown_to(person))
}

#[cfg(test)]
mod tests;
