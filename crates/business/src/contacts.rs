//! # Contacts
//!
//! A person as one portfolio knows them: number, name, and a **business-scoped user id** such as `DE.4821…`, which
//! names the person to this portfolio and to no other. It is random, so that two portfolios cannot find out that they
//! talk to the same person. SDKs of 2026 expect it in every webhook and answer to it.
//!
//! A contact is made when a business first writes to a person of the network, or a person first writes to it. Numbers
//! that are not on the network are never stored.

mod store;

pub(crate) use store::STATEMENTS;

use crate::country;
use plaza_db::{DbError, Tx};
use plaza_messaging::{MessagingError, accounts};
use plaza_protocol::{AccountId, Ctx, PhoneNumber, PortfolioId};

/// Digits of a business-scoped user id, behind the country and the dot.
const USER_ID_DIGITS: usize = 18;

/// A person, as the portfolio knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// On the network.
    pub account: AccountId,
    /// `wa_id` is its digits.
    pub number: PhoneNumber,
    /// As the person last showed it.
    pub name: String,
    /// The business-scoped user id.
    pub user_id: String,
}

/// Whether a text is formed like a business-scoped user id.
pub fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The contact with this number, made if the number is on the network and was not known. `None`: it is not on the
/// network.
pub(crate) async fn by_number(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    number: &PhoneNumber,
) -> Result<Option<Contact>, MessagingError> {
    let Some(account) = accounts::by_number(ctx, tx, number).await? else { return Ok(None) };
    if let Some(contact) = store::by_account(tx, portfolio, account).await? {
        return Ok(Some(contact));
    }
    let name = accounts::views(tx, &[account]).await?.remove(&account).map(|view| view.name);
    let contact = new(ctx, account, number.clone(), name.unwrap_or_default());
    Ok(Some(added(ctx, tx, portfolio, contact).await?))
}

/// The contact with this number, if the portfolio knows them already.
pub(crate) async fn known_by_number(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    number: &PhoneNumber,
) -> Result<Option<Contact>, MessagingError> {
    match accounts::by_number(ctx, tx, number).await? {
        Some(account) => Ok(store::by_account(tx, portfolio, account).await?),
        None => Ok(None),
    }
}

/// The contact with this business-scoped user id.
pub(crate) async fn by_user_id(
    tx: &mut Tx,
    portfolio: PortfolioId,
    user_id: &str,
) -> Result<Option<Contact>, DbError> {
    store::by_user_id(tx, portfolio, user_id).await
}

/// The contacts of accounts, in one exchange; one that is missing has none.
pub(crate) async fn by_accounts(
    tx: &mut Tx,
    accounts: &[(PortfolioId, AccountId)],
) -> Result<Vec<Option<Contact>>, DbError> {
    store::by_accounts(tx, accounts).await
}

/// The contact of someone who just wrote: made or brought up to date.
pub(crate) async fn seen(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
    number: &PhoneNumber,
    name: &str,
) -> Result<Contact, DbError> {
    match store::by_account(tx, portfolio, account).await? {
        Some(contact) if contact.name == name && contact.number == *number => Ok(contact),
        Some(contact) => {
            let contact = Contact { number: number.clone(), name: name.to_owned(), ..contact };
            store::update(tx, portfolio, &contact).await?;
            Ok(contact)
        }
        None => {
            let contact = new(ctx, account, number.clone(), name.to_owned());
            added(ctx, tx, portfolio, contact).await
        }
    }
}

/// The new contact, or the one that somebody else made of the person at the same moment.
async fn added(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, contact: Contact) -> Result<Contact, DbError> {
    if store::insert(ctx, tx, portfolio, &contact).await? {
        return Ok(contact);
    }
    Ok(store::by_account(tx, portfolio, contact.account).await?.unwrap_or(contact))
}

fn new(ctx: &Ctx, account: AccountId, number: PhoneNumber, name: String) -> Contact {
    // The first digit is not zero, so that no client that reads a number drops one.
    let random = u64::from_be_bytes(ctx.random()) % 900_000_000_000_000_000;
    let digits = random.saturating_add(100_000_000_000_000_000);
    let user_id = format!("{}.{digits:0width$}", country::of(&number), width = USER_ID_DIGITS);
    Contact { account, number, name, user_id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_person_met_twice_at_the_same_moment_is_one_contact() {
        plaza_db::testing::each_engine(async |db| {
            let shop = crate::testing::Shop::open(db, plaza_protocol::Micros::ZERO).await;
            let number: PhoneNumber = "+4915112345679".parse().unwrap();
            shop.person("+4915112345679", "Ben").await;
            let portfolio = shop.created.business_id;
            let mut met = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let (db, ctx, number) = (shop.db.clone(), shop.system.clone(), number.clone());
                met.spawn(async move {
                    let meet =
                        async move |ctx: &Ctx, tx: &mut Tx| by_number(ctx, tx, portfolio, &number).await;
                    db.transact(&ctx, "test", meet).await
                });
            }
            let met = met.join_all().await;
            let ids: std::collections::BTreeSet<_> =
                met.into_iter().map(|contact| contact.unwrap().unwrap().user_id).collect();
            assert_eq!(ids.len(), 1, "{ids:?}");
        })
        .await;
    }

    #[test]
    fn user_ids_have_their_form() {
        let (ctx, _) = plaza_db::testing::ctx();
        let number: PhoneNumber = "+4915112345678".parse().unwrap();
        let contact = new(&ctx, ctx.uuid(), number, "Ana".to_owned());
        assert!(contact.user_id.starts_with("DE."), "{}", contact.user_id);
        assert_eq!(contact.user_id.len(), 3 + USER_ID_DIGITS);
        assert!(is_user_id(&contact.user_id));
        for text in ["", "DE", "DE.", "de.1", "DEU.1", "DE.1-2", "+4915112345678", "DE.ENT.1"] {
            assert!(!is_user_id(text), "{text}");
        }
    }
}
