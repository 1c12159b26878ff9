//! # Whom a business may call
//!
//! A person allows it by answering a request, for seven days or for good, and takes it back by answering again. Who
//! calls a business that wants to call back allows it for seven days too. A business may ask one person once a day and
//! twice a week; a call that connects starts that count anew. Whoever does not take four calls in a row does not want
//! them: the permission ends, whatever they said, until they give it again.

use super::availability::Calling;
use super::request::Person;
use super::{CallError, request as requests, store};
use crate::contacts::Contact;
use crate::portfolios::{self, BusinessNumber};
use crate::{Business, contacts};
use plaza_db::{DbError, Tx};
use plaza_protocol::content::{Action, Body, CallOutcome, CallPermissionReply, action};
use plaza_protocol::{AccountId, BusinessMessageId, Ctx, PhoneNumberId, Timestamp, limits};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(super) const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Until then.
    pub expires_at: Timestamp,
    /// For good.
    pub is_permanent: bool,
}

impl Granted {
    /// Whether the business may call.
    pub fn allows(self, now: Timestamp) -> bool {
        self.is_permanent || now < self.expires_at
    }
}

/// A request for the permission is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// The number takes no calls.
    #[error("calling is disabled for this phone number: set calling.status to ENABLED in its settings")]
    Disabled,
    /// There is nothing to ask for.
    #[error("the person has allowed calls for good: there is no need to ask")]
    Permanent,
    /// The person was asked often enough.
    #[error(
        "a person is asked {} time a day and {} times a week: ask again after {} (seconds since 1970), or once a call \
         has connected", limits::CALL_REQUESTS_PER_DAY, limits::CALL_REQUESTS_PER_WEEK, next.seconds()
    )]
    TooMany {
        /// When it is possible again.
        next: Timestamp,
    },
}

/// Whether a message asks for the permission.
pub(crate) fn is_request(body: &Body) -> bool {
    match body {
        Body::Interactive(interactive) => {
            matches!(&interactive.action, Some(Action { action: Some(action::Action::CallPermission(_)) }))
        }
        Body::Template(template) => {
            template.buttons.iter().any(|button| button.kind == "CALL_PERMISSION_REQUEST")
        }
        _ => false,
    }
}

pub(super) async fn granted(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<Option<Granted>, DbError> {
    store::granted(tx, phone, account).await
}

/// How often a person was asked, within a day and a week, and when the first of both falls out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Asked {
    day: i64,
    week: i64,
    /// When one more is possible; `None`: now.
    next: Option<Timestamp>,
}

async fn asked(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId, account: AccountId) -> Result<Asked, DbError> {
    let now = ctx.now();
    let times = store::requests(tx, phone, account, now - WEEK).await?;
    let within = |span: Duration| times.iter().filter(|at| **at > now - span).copied().collect::<Vec<_>>();
    let (day, week) = (within(DAY), within(WEEK));
    let count = |times: &[Timestamp]| i64::try_from(times.len()).unwrap_or(i64::MAX);
    let mut next = None;
    if count(&day) >= limits::CALL_REQUESTS_PER_DAY {
        next = next.max(day.first().map(|first| *first + DAY));
    }
    if count(&week) >= limits::CALL_REQUESTS_PER_WEEK {
        next = next.max(week.first().map(|first| *first + WEEK));
    }
    Ok(Asked { day: count(&day), week: count(&week), next })
}

/// A request is sent: it is noted, or refused.
pub(crate) async fn request(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
    message: BusinessMessageId,
) -> Result<Result<(), RequestRefused>, CallError> {
    let phone = number.phone_number_id;
    if !Calling::of(ctx, tx, number).await?.takes_calls() {
        return Ok(Err(RequestRefused::Disabled));
    }
    if granted(tx, phone, account).await?.is_some_and(|granted| granted.is_permanent) {
        return Ok(Err(RequestRefused::Permanent));
    }
    if let Some(next) = asked(ctx, tx, phone, account).await?.next {
        return Ok(Err(RequestRefused::TooMany { next }));
    }
    store::note_request(ctx, tx, phone, account, message).await?;
    Ok(Ok(()))
}

/// The request is not sent after all.
pub(crate) async fn forget(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    message: BusinessMessageId,
) -> Result<(), DbError> {
    store::forget_request(tx, phone, account, message).await
}

/// A call connected: the person may be asked as if for the first time, and what they did not take is forgotten.
pub(super) async fn start_anew(tx: &mut Tx, phone: PhoneNumberId, account: AccountId) -> Result<(), DbError> {
    store::forget_unanswered(tx, phone, account).await?;
    store::forget_requests(tx, phone, account).await
}

/// A call of the business has ended, and nobody had taken it. One that never got through says nothing about the person.
pub(super) async fn went_unanswered(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    outcome: CallOutcome,
) -> Result<(), DbError> {
    match outcome {
        CallOutcome::Unanswered | CallOutcome::Declined | CallOutcome::Busy | CallOutcome::Cancelled => {
            store::note_unanswered(tx, phone, account).await
        }
        _ => Ok(()),
    }
}

pub(super) async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<(), DbError> {
    store::forget_old_requests(tx, ctx.now() - WEEK).await
}

/// A person answers. Until when a permission lasts is the server's to say, not the device's.
pub(crate) async fn replied(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    reply: &mut CallPermissionReply,
) -> Result<(), DbError> {
    let is_permanent = reply.is_accepted && reply.is_permanent;
    let until = ctx.now() + limits::CALL_PERMISSION_LIFETIME;
    let expires_at = if reply.is_accepted && !is_permanent { until } else { Timestamp(0) };
    reply.is_permanent = is_permanent;
    reply.expires_at = expires_at.seconds();
    store::grant(tx, phone, account, Granted { expires_at, is_permanent }).await
}

/// A person called a business that calls back: it may, for seven days, unless it may already. Whether that is new.
pub(super) async fn allow_callback(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<Option<Granted>, DbError> {
    if granted(tx, phone, account).await?.is_some_and(|granted| granted.allows(ctx.now())) {
        return Ok(None);
    }
    let granted = Granted { expires_at: ctx.now() + limits::CALL_PERMISSION_LIFETIME, is_permanent: false };
    store::grant(tx, phone, account, granted).await?;
    Ok(Some(granted))
}

impl Business {
    /// What a business may do about calling a person: `GET /{phone}/call_permissions`.
    pub async fn call_permissions(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        parameters: &Value,
    ) -> Result<Value, CallError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let missing = || CallError::Missing { member: "user_wa_id".to_owned() };
        let person = requests::person(parameters)?.ok_or_else(missing)?;
        let is_on = Calling::of(ctx, tx, &number).await?.takes_calls();
        let contact = known(ctx, tx, &number, &person).await?;
        let (mut granted, mut asked, mut connected) = (None, Asked::default(), (0, None));
        if let Some(contact) = &contact {
            granted = store::granted(tx, phone, contact.account).await?;
            asked = self::asked(ctx, tx, phone, contact.account).await?;
            connected = store::connected(ctx, tx, phone, contact.account).await?;
        }
        let now = ctx.now();
        let permission = match granted {
            Some(Granted { is_permanent: true, .. }) => json!({"status": "permanent"}),
            Some(granted) if granted.allows(now) => {
                json!({"status": "temporary", "expiration_time": granted.expires_at.seconds()})
            }
            _ => json!({"status": "no_permission"}),
        };
        let is_granted = granted.is_some_and(|granted| granted.allows(now));
        let is_permanent = granted.is_some_and(|granted| granted.is_permanent);
        let calls_max = i64::from(self.connected_calls_per_day);
        let limit = |period: &str, used: i64, allowed: i64, next: Option<Timestamp>| {
            let mut limit = json!({"time_period": period, "max_allowed": allowed, "current_usage": used});
            if let (true, Some(next)) = (used >= allowed, next) {
                limit["limit_expiration_time"] = json!(next.seconds());
            }
            limit
        };
        Ok(json!({
            "messaging_product": "whatsapp",
            "permission": permission,
            "actions": [
                {
                    "action_name": "send_call_permission_request",
                    "can_perform_action": is_on && !is_permanent && asked.next.is_none(),
                    "limits": [
                        limit("PT24H", asked.day, limits::CALL_REQUESTS_PER_DAY, asked.next),
                        limit("P7D", asked.week, limits::CALL_REQUESTS_PER_WEEK, asked.next),
                    ],
                },
                {
                    "action_name": "start_call",
                    "can_perform_action": is_on && is_granted && connected.0 < calls_max,
                    "limits": [limit("PT24H", connected.0, calls_max, connected.1.map(|first| first + DAY))],
                },
            ],
        }))
    }
}

/// The contact, if the portfolio knows the person; asking makes none.
async fn known(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    person: &Person,
) -> Result<Option<Contact>, CallError> {
    Ok(match person {
        Person::Number(to) => contacts::known_by_number(ctx, tx, number.portfolio_id, to).await?,
        Person::UserId(user_id) => contacts::by_user_id(tx, number.portfolio_id, user_id).await?,
    })
}
