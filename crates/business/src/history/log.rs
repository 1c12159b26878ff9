//! # The log of messages
//!
//! Everything that went out of a business and came in to it, the latest first: who, what kind, how far it has come.
//! What was said is not here, because it is stored nowhere; the webhook that brought it has it, as long as that is
//! kept.
//!
//! The **life** of a message is the row of one, with each step that it took and every webhook that told of it.

use super::store;
use crate::management::ManageError;
use crate::webhooks::DeliveryState;
use crate::{may_touch, wamid};
use plaza_db::Tx;
use plaza_messaging::accounts;
use plaza_protocol::{
    BusinessMessageId, Ctx, GroupId, PhoneNumber, PhoneNumberId, PortfolioId, TemplateId, Timestamp, WabaId,
    WebhookDeliveryId, limits,
};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It came in, and the business has not shown that it read it.
    Received,
    /// It is on its way.
    Sent,
    /// A device of the person has it.
    Delivered,
    /// It was read at the other end.
    Read,
    /// It will not arrive.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Received, Self::Sent, Self::Delivered, Self::Read, Self::Failed];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    pub(super) fn from_number(is_outgoing: bool, number: i64) -> Self {
        match number {
            4 => Self::Failed,
            3 => Self::Read,
            _ if !is_outgoing => Self::Received,
            2 => Self::Delivered,
            _ => Self::Sent,
        }
    }

    /// The lowest and the highest number that it stands for.
    pub(super) fn numbers(self) -> (i64, i64) {
        match self {
            Self::Received => (0, 2),
            Self::Sent => (0, 1),
            Self::Delivered => (2, 2),
            Self::Read => (3, 3),
            Self::Failed => (4, 4),
        }
    }

    /// Which way messages in this state go; `None`: either.
    fn is_outgoing(self) -> Option<bool> {
        match self {
            Self::Received => Some(false),
            Self::Read => None,
            Self::Sent | Self::Delivered | Self::Failed => Some(true),
        }
    }
}

/// The person at the other end, as the business knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The digits of their number.
    pub number: String,
    /// What they go by.
    pub name: String,
    /// The business-scoped user id.
    pub user_id: String,
}

/// A message of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The message.
    pub message: BusinessMessageId,
    /// Whose.
    pub portfolio: PortfolioId,
    /// Of which account.
    pub waba: WabaId,
    /// Of which number.
    pub phone: PhoneNumberId,
    /// From the business to the person.
    pub is_outgoing: bool,
    /// `text`, `template`, …
    pub kind: String,
    /// Of a template: which, and its name.
    pub template: Option<(TemplateId, String)>,
    /// What it is charged as; `None`: it has no price.
    pub category: Option<String>,
    /// How far it has come.
    pub state: State,
    /// When it was accepted, or came in.
    pub accepted_at: Timestamp,
    /// When the person's device had it.
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it was given up.
    pub failed_at: Option<Timestamp>,
    /// The group that it was said in.
    pub group: Option<GroupId>,
    /// By what webhooks know it.
    pub(super) told: store::ToldAs,
    /// Who that is.
    pub person: Option<Person>,
}

impl Logged {
    /// Its id, as the Cloud API shows it.
    pub fn wamid(&self) -> String {
        wamid::format(self.message)
    }

    /// Where it stands in the log.
    pub fn place(&self) -> Place {
        Place { at: self.accepted_at, message: self.message }
    }
}

/// Which messages are looked for. What is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this number.
    pub phone: Option<PhoneNumberId>,
    /// With this person.
    pub person: Option<PhoneNumber>,
    /// Out (`true`), or in.
    pub is_outgoing: Option<bool>,
    /// How far it has come.
    pub state: Option<State>,
    /// What it is charged as.
    pub category: Option<String>,
    /// Accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Accepted before this time.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Which way the messages go that it lets through.
    pub(super) fn is_outgoing(&self) -> Option<bool> {
        self.is_outgoing.or_else(|| self.state.and_then(State::is_outgoing))
    }

    /// Whether what it asks for cannot be: what came in is not delivered, what went out not received.
    fn is_contradictory(&self) -> bool {
        let of_state = self.state.and_then(State::is_outgoing);
        self.is_outgoing.zip(of_state).is_some_and(|(wanted, possible)| wanted != possible)
    }
}

/// A place in the log, for the page behind it: written `1767225600000000.bmg_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the message was accepted.
    pub at: Timestamp,
    /// The message.
    pub message: BusinessMessageId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.0, self.message)
    }
}

impl FromStr for Place {
    type Err = ManageError;
    fn from_str(text: &str) -> Result<Self, ManageError> {
        let wrong = || ManageError::invalid("after", "the place that an earlier page named is expected");
        let (at, message) = text.split_once('.').ok_or_else(wrong)?;
        let at = at.parse().map(Timestamp).map_err(|_| wrong())?;
        Ok(Self { at, message: message.parse().map_err(|_| wrong())? })
    }
}

/// A page of the messages of a portfolio, the latest first, behind `after`.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    filter: &Filter,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Logged>, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    let account = match &filter.person {
        None => None,
        Some(number) => match accounts::by_number(ctx, tx, number).await? {
            Some(account) => Some(account),
            None => return Ok(Vec::new()),
        },
    };
    if filter.is_contradictory() {
        return Ok(Vec::new());
    }
    let end = Place { at: filter.until.unwrap_or(Timestamp(i64::MAX)), message: Uuid::nil().into() };
    let from = match after {
        Some(after) if after.at < end.at => after,
        _ => end,
    };
    Ok(store::log(tx, portfolio, filter, account, from, limit.min(limits::PAGE_ROWS_MAX)).await?)
}

/// One step in the life of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it came to.
    pub state: State,
    /// When.
    pub at: Timestamp,
    /// The webhooks that told it; empty: nobody was to be told, or they are forgotten.
    pub told: Vec<Told>,
}

/// A webhook that told of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub delivery: WebhookDeliveryId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// Where it goes.
    pub url: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// The life of one message.
pub async fn life(
    ctx: &Ctx,
    tx: &mut Tx,
    message: BusinessMessageId,
) -> Result<(Logged, Vec<Step>), ManageError> {
    let found = store::one(tx, message).await?.filter(|found| may_touch(ctx, found.portfolio));
    let found = found.ok_or(ManageError::NotFound)?;
    let begin = if found.is_outgoing { State::Sent } else { State::Received };
    let happened = [
        (begin, Some(found.accepted_at)),
        (State::Delivered, found.delivered_at),
        (State::Read, found.read_at),
        (State::Failed, found.failed_at),
    ];
    let mut steps = Vec::new();
    for (state, at) in happened {
        let Some(at) = at else { continue };
        let is_about = |told: &store::Told| match state {
            State::Received => told.brings(&found.told),
            _ => told.is_about(&found.told, state.as_str()),
        };
        let told = store::told(tx, found.waba, &found.told, at).await?.into_iter().filter(is_about);
        let told = told.map(|told| Told {
            delivery: told.delivery,
            state: told.state,
            attempts: told.attempts,
            url: told.url,
            error: told.error,
        });
        steps.push(Step { state, at, told: told.collect() });
    }
    Ok((found, steps))
}

#[cfg(test)]
mod tests;
