//! # Usernames of businesses
//!
//! A phone number may have one name by which people find it without its digits: 3 to 35 small letters, digits, points
//! and underscores, with at least one letter, no point at an end or beside another, and nothing that looks like a web
//! address. A name belongs to one number in the whole network, as long as the number keeps it.

mod store;

pub(crate) use store::STATEMENTS;

use crate::codes;
use crate::management::ManageError;
use crate::numbers::{event, log};
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks;
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId};
use serde_json::json;

const CHARACTERS: std::ops::RangeInclusive<usize> = 3..=35;
/// Endings that make a name look like an address.
const DOMAINS: &[&str] =
    &["com", "org", "net", "io", "co", "app", "biz", "info", "edu", "gov", "html", "in", "br", "de", "uk"];
const SUGGESTIONS_MAX: usize = 5;

/// Checks the form of a name.
fn check(name: &str) -> Result<(), ManageError> {
    let invalid = |what| Err(ManageError::invalid("username", what));
    if !CHARACTERS.contains(&name.chars().count()) {
        return invalid("3 to 35 characters are expected");
    }
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_');
    if !name.bytes().all(is_allowed) || !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return invalid(
            "small letters, digits, points and underscores are expected, with at least one letter",
        );
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return invalid("a point cannot stand at an end or beside another");
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    if name.starts_with("www.") || ending.is_some_and(|ending| DOMAINS.contains(&ending)) {
        return invalid("it cannot look like a web address");
    }
    Ok(())
}

/// The name of a number.
pub async fn get(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<Option<String>, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    Ok(store::of(tx, number.phone_number_id).await?)
}

/// The number that has a name. For everybody.
pub(crate) async fn number(tx: &mut Tx, name: &str) -> Result<Option<BusinessNumber>, ManageError> {
    let name = name.trim_start_matches('@').to_lowercase();
    if check(&name).is_err() {
        return Ok(None);
    }
    let Some(holder) = store::holder(tx, &name).await? else { return Ok(None) };
    Ok(portfolios::store::phone_number(tx, holder).await?)
}

/// Gives a number a name, in the place of the one before.
pub async fn set(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId, name: &str) -> Result<(), ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    if !number.is_registered {
        return Err(ManageError::refused(
            codes::NOT_REGISTERED,
            "the phone number has to be registered first",
        ));
    }
    let name = name.trim().trim_start_matches('@').to_lowercase();
    check(&name)?;
    match store::holder(tx, &name).await? {
        Some(holder) if holder == phone => return Ok(()),
        Some(_) => {
            let what = "username: it is taken; GET username_suggestions names some that are free";
            return Err(ManageError::refused(codes::USERNAME_TAKEN, what));
        }
        None => {}
    }
    store::delete(tx, phone).await?;
    store::insert(ctx, tx, &number, &name).await?;
    tell(ctx, tx, &number, &name, "approved").await
}

/// Gives a name free.
pub async fn delete(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<(), ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let name = store::of(tx, phone).await?;
    let name = name.ok_or_else(|| ManageError::invalid("username", "the phone number has none"))?;
    store::delete(tx, phone).await?;
    tell(ctx, tx, &number, &name, "deleted").await
}

async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    name: &str,
    status: &str,
) -> Result<(), ManageError> {
    log(ctx, tx, number, "ACCOUNT_UPDATED", "the username of a phone number was changed").await?;
    let value = json!({"display_phone_number": number.number.digits(), "username": name, "status": status});
    Ok(webhooks::emit(ctx, tx, vec![event(number, "business_username_update", value)]).await?)
}

/// Free names that are like the number's display name.
pub async fn suggestions(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<Vec<String>, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let words: Vec<String> = number
        .verified_name
        .to_lowercase()
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let country = number.country().to_lowercase();
    let plain = words.concat();
    let tail: String = number.number.digits().chars().rev().take(4).collect();
    let tries = [
        plain.clone(),
        words.join("."),
        words.join("_"),
        format!("{plain}_{country}"),
        format!("{plain}{tail}"),
        format!("hello.{plain}"),
        format!("{plain}_shop"),
    ];
    let mut free: Vec<String> = Vec::new();
    for name in tries {
        let is_new = !free.contains(&name) && check(&name).is_ok();
        if is_new && free.len() < SUGGESTIONS_MAX && store::holder(tx, &name).await?.is_none() {
            free.push(name);
        }
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_have_their_form() {
        for good in ["abc", "a.b_c", "tulip1", &"a".repeat(35)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "ab",
            &"a".repeat(36),
            "Abc",
            "123",
            "a b c",
            ".abc",
            "abc.",
            "a..b",
            "www.abc",
            "abc.com",
            "äöü",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
