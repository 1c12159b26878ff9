//! # Accounts that misbehave
//!
//! The operator restricts an account (it may answer, and writes to nobody first) or stops it (it sends nothing), for
//! some days or until further notice, and lets it go on again. Its numbers carry that as their status, RESTRICTED or
//! BANNED, so that a send needs no further look; what a business cannot do about it is registering them anew. Each step
//! is told to the webhooks as `account_update`, and stands in `health_status`.

mod store;

pub(crate) use store::{STATEMENTS, of};

use crate::management::ManageError;
use crate::portfolios::{self, Waba};
use crate::webhooks::{self, Event};
use crate::{activity, is_operator};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Timestamp, WabaId};
use serde_json::{Value, json};

/// Characters of the word for what an account did.
const VIOLATION_CHARACTERS_MAX: usize = 64;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Active,
    /// Answer.
    Restricted,
    /// Nothing.
    Disabled,
}

impl State {
    /// The word in rows and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Restricted => "RESTRICTED",
            Self::Disabled => "DISABLED",
        }
    }

    /// Reads the word, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Active, Self::Restricted, Self::Disabled];
        all.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
    }

    /// The status of its numbers.
    fn of_numbers(self) -> &'static str {
        match self {
            Self::Active => portfolios::CONNECTED,
            Self::Restricted => portfolios::RESTRICTED,
            Self::Disabled => portfolios::BANNED,
        }
    }
}

/// Where an account stands, if it is not in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it may do.
    pub state: State,
    /// What for.
    pub violation: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// The operator says what an account may do.
pub async fn set(ctx: &Ctx, tx: &mut Tx, waba: WabaId, next: &Standing) -> Result<(), ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let waba = portfolios::waba(ctx, tx, waba).await?;
    if next.violation.chars().count() > VIOLATION_CHARACTERS_MAX {
        let what = format!("at most {VIOLATION_CHARACTERS_MAX} characters are expected");
        return Err(ManageError::invalid("violation", &what));
    }
    if next.until.is_some_and(|until| until <= ctx.now()) {
        return Err(ManageError::invalid("days", "a time to come is expected"));
    }
    let before = of(tx, waba.waba_id).await?.map_or(State::Active, |standing| standing.state);
    if next.state == State::Active {
        store::delete(tx, waba.waba_id).await?;
    } else {
        store::put(ctx, tx, waba.waba_id, next).await?;
    }
    store::set_numbers(tx, waba.waba_id, next.state.of_numbers()).await?;
    let what = format!("the account is {}", next.state.as_str());
    let details = json!({"violation": next.violation});
    activity::record(ctx, tx, (waba.portfolio_id, waba.waba_id), "ACCOUNT_UPDATED", &what, details).await?;
    tell(ctx, tx, &waba, before, next).await
}

/// Ends what was for a time. For housekeeping: the answer is how many accounts go on.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<usize, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let over = store::over(ctx, tx).await?;
    let active = Standing { state: State::Active, violation: String::new(), until: None };
    for waba in &over {
        set(ctx, tx, *waba, &active).await?;
    }
    Ok(over.len())
}

async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: &Waba,
    before: State,
    next: &Standing,
) -> Result<(), ManageError> {
    let mut told = Vec::new();
    if next.state != State::Active && !next.violation.is_empty() {
        let violation = json!({"violation_type": next.violation});
        told.push(json!({"event": "ACCOUNT_VIOLATION", "violation_info": violation}));
    }
    match (before, next.state) {
        (_, State::Restricted) => {
            let mut restriction = json!({"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"});
            if let (Some(until), Some(members)) = (next.until, restriction.as_object_mut()) {
                members.insert("expiration".to_owned(), json!(until.seconds()));
            }
            told.push(json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [restriction]}));
        }
        (_, State::Disabled) => told.push(banned(ctx, "DISABLE")),
        (State::Disabled, State::Active) => told.push(banned(ctx, "REINSTATE")),
        // The end of a restriction was told with its beginning.
        (State::Restricted | State::Active, State::Active) => {}
    }
    let events = told.into_iter().map(|value| Event {
        portfolio: waba.portfolio_id,
        waba: waba.waba_id,
        phone: None,
        field: "account_update",
        lane: waba.waba_id.0,
        value,
    });
    Ok(webhooks::emit(ctx, tx, events.collect()).await?)
}

fn banned(ctx: &Ctx, state: &str) -> Value {
    let today = jiff::Timestamp::from_microsecond(ctx.now().0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let date = today.strftime("%B %-d, %Y").to_string();
    json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": date}})
}
