//! The SQL of contacts.

use super::Contact;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PortfolioId};

statements! {
    SELECT_BY_ACCOUNT = "SELECT account_id, number, name, user_id FROM business_contact
        WHERE portfolio_id = $1 AND account_id = $2";
    SELECT_BY_USER_ID = "SELECT account_id, number, name, user_id FROM business_contact
        WHERE portfolio_id = $1 AND user_id = $2";
    INSERT_CONTACT = "INSERT INTO business_contact (portfolio_id, account_id, user_id, number, name, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (portfolio_id, account_id) DO NOTHING";
    UPDATE_CONTACT = "UPDATE business_contact SET number = $3, name = $4 WHERE portfolio_id = $1 AND account_id = $2";
}

fn contact(row: &Row) -> Result<Contact, DbError> {
    Ok(Contact { account: row.get(0)?, number: row.get(1)?, name: row.get(2)?, user_id: row.get(3)? })
}

pub(super) async fn by_account(
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
) -> Result<Option<Contact>, DbError> {
    tx.query_one(SELECT_BY_ACCOUNT, params![portfolio, account]).await?.as_ref().map(contact).transpose()
}

pub(super) async fn by_accounts(
    tx: &mut Tx,
    accounts: &[(PortfolioId, AccountId)],
) -> Result<Vec<Option<Contact>>, DbError> {
    let rows = accounts.iter().map(|(portfolio, account)| params![portfolio, account]).collect();
    let answers = tx.query_many(SELECT_BY_ACCOUNT, rows).await?;
    answers.iter().map(|rows| rows.first().map(contact).transpose()).collect()
}

pub(super) async fn by_user_id(
    tx: &mut Tx,
    portfolio: PortfolioId,
    user_id: &str,
) -> Result<Option<Contact>, DbError> {
    tx.query_one(SELECT_BY_USER_ID, params![portfolio, user_id]).await?.as_ref().map(contact).transpose()
}

pub(super) async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    new: &Contact,
) -> Result<bool, DbError> {
    let row = params![portfolio, new.account, &new.user_id, &new.number, &new.name, ctx.now()];
    Ok(tx.execute(INSERT_CONTACT, row).await? == 1)
}

pub(super) async fn update(tx: &mut Tx, portfolio: PortfolioId, contact: &Contact) -> Result<(), DbError> {
    let row = params![portfolio, contact.account, &contact.number, &contact.name];
    tx.execute(UPDATE_CONTACT, row).await.map(drop)
}
