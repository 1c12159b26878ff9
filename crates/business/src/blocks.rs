//! # People whose messages a business does not want
//!
//! A blocked person's messages reach the business no more: they are taken from the mailbox, and nothing is told to the
//! webhooks. Only who wrote within the last 24 hours can be blocked; whoever is blocked can always be let in again. A
//! list of several people is worked off one by one, and the answer says of each what came of it.

mod store;

pub(crate) use store::STATEMENTS;

use crate::codes::{self, Code};
use crate::contacts::{self, Contact};
use crate::management::ManageError;
use crate::portfolios::{self, BusinessNumber};
use crate::{json as sloppy, windows};
use plaza_db::{DbError, Tx};
use plaza_protocol::{AccountId, Ctx, PhoneNumber, PhoneNumberId};
use serde_json::Value;

/// People that one number can block.
pub(crate) const BLOCKED_MAX: i64 = 64_000;
/// People in one request.
const USERS_MAX: usize = 1000;

/// Blocks or lets in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Their messages are not wanted.
    Block,
    /// They are again.
    Unblock,
}

/// A person of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// As it was written.
    pub input: String,
    /// The digits of their number, if they are known.
    pub wa_id: Option<String>,
    /// The business-scoped user id, if they are known.
    pub user_id: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    /// Of these it was done.
    pub done: Vec<User>,
    /// Of these it was not, and why.
    pub failed: Vec<(User, Code, &'static str)>,
}

/// Blocks people, or lets them in again.
pub async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    change: Change,
    users: &[Value],
) -> Result<Changed, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    if users.is_empty() || users.len() > USERS_MAX {
        return Err(ManageError::invalid("block_users", "a list of 1 to 1000 people is expected"));
    }
    let mut changed = Changed::default();
    for user in users {
        let user_id = sloppy::text_member(user, "user_id");
        let input = sloppy::text_member(user, "user").or(user_id.clone());
        let input =
            input.ok_or_else(|| ManageError::invalid("block_users", "each item has a user or a user_id"))?;
        let contact = find(ctx, tx, &number, &input).await?;
        let user = User {
            input,
            wa_id: contact.as_ref().map(|contact| contact.number.digits().to_owned()),
            user_id: contact.as_ref().map(|contact| contact.user_id.clone()),
        };
        match change_one(ctx, tx, &number, change, contact).await? {
            None => changed.done.push(user),
            Some((code, why)) => changed.failed.push((user, code, why)),
        }
    }
    Ok(changed)
}

/// How many people a number has blocked.
pub(crate) async fn count(tx: &mut Tx, phone: PhoneNumberId) -> Result<i64, DbError> {
    store::count(tx, phone).await
}

async fn find(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    input: &str,
) -> Result<Option<Contact>, ManageError> {
    if contacts::is_user_id(input) {
        return Ok(contacts::by_user_id(tx, number.portfolio_id, input).await?);
    }
    match input.parse::<PhoneNumber>() {
        Ok(given) => Ok(contacts::by_number(ctx, tx, number.portfolio_id, &given).await?),
        Err(_) => Ok(None),
    }
}

async fn change_one(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    change: Change,
    contact: Option<Contact>,
) -> Result<Option<(Code, &'static str)>, ManageError> {
    let Some(contact) = contact else {
        return Ok(Some((codes::UNDELIVERABLE, "nobody on the network has this number or id")));
    };
    let phone = number.phone_number_id;
    if change == Change::Unblock {
        store::delete(tx, phone, contact.account).await?;
        return Ok(None);
    }
    let windows = windows::windows(tx, phone, contact.account).await?;
    if !windows.is_customer_service_open(ctx.now()) {
        return Ok(Some((codes::RE_ENGAGEMENT, "only who wrote within the last 24 hours can be blocked")));
    }
    if store::count(tx, phone).await? >= BLOCKED_MAX {
        return Ok(Some((codes::BLOCK_LIMIT, "64,000 people are blocked already: let some in again")));
    }
    store::insert(ctx, tx, number, contact.account).await?;
    Ok(None)
}

/// Which way a page lies from its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// From the beginning.
    First,
    /// Behind this person.
    After(AccountId),
    /// In front of this person.
    Before(AccountId),
}

/// The blocked people of a number, one more than asked for if there are more.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    page: Page,
    limit: usize,
) -> Result<Vec<(AccountId, User)>, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    Ok(store::list(tx, &number, page, limit.saturating_add(1)).await?)
}

/// Whether a person's messages are not wanted.
pub(crate) async fn is_blocked(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<bool, DbError> {
    store::is_blocked(tx, phone, account).await
}
