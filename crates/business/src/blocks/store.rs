//! The SQL of blocks.

use super::{Page, User};
use crate::portfolios::BusinessNumber;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PhoneNumber, PhoneNumberId};
use uuid::Uuid;

statements! {
    INSERT = "INSERT INTO business_block (phone_number_id, account_id, portfolio_id, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    DELETE = "DELETE FROM business_block WHERE phone_number_id = $1 AND account_id = $2";
    COUNT = "SELECT CAST(count(*) AS BIGINT) FROM business_block WHERE phone_number_id = $1";
    IS_BLOCKED = "SELECT CAST(1 AS BIGINT) FROM business_block WHERE phone_number_id = $1 AND account_id = $2";
    LIST_AFTER = "SELECT b.account_id, c.number, c.user_id FROM business_block b
        JOIN business_contact c ON c.portfolio_id = b.portfolio_id AND c.account_id = b.account_id
        WHERE b.phone_number_id = $1 AND b.account_id > $2 ORDER BY b.account_id LIMIT $3";
    LIST_BEFORE = "SELECT b.account_id, c.number, c.user_id FROM business_block b
        JOIN business_contact c ON c.portfolio_id = b.portfolio_id AND c.account_id = b.account_id
        WHERE b.phone_number_id = $1 AND b.account_id < $2 ORDER BY b.account_id DESC LIMIT $3";
}

pub(super) async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
) -> Result<(), DbError> {
    let row = params![number.phone_number_id, account, number.portfolio_id, ctx.now()];
    tx.execute(INSERT, row).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, phone: PhoneNumberId, account: AccountId) -> Result<(), DbError> {
    tx.execute(DELETE, params![phone, account]).await.map(drop)
}

pub(super) async fn count(tx: &mut Tx, phone: PhoneNumberId) -> Result<i64, DbError> {
    tx.query_one(COUNT, params![phone]).await?.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn is_blocked(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<bool, DbError> {
    Ok(tx.query_one(IS_BLOCKED, params![phone, account]).await?.is_some())
}

/// In the order of the accounts, whichever way the page lies.
pub(super) async fn list(
    tx: &mut Tx,
    number: &BusinessNumber,
    page: Page,
    limit: usize,
) -> Result<Vec<(AccountId, User)>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let phone = number.phone_number_id;
    let rows = match page {
        Page::First => tx.query(LIST_AFTER, params![phone, Uuid::nil(), limit]).await?,
        Page::After(account) => tx.query(LIST_AFTER, params![phone, account, limit]).await?,
        Page::Before(account) => {
            let mut rows = tx.query(LIST_BEFORE, params![phone, account, limit]).await?;
            rows.reverse();
            rows
        }
    };
    let user = |row: &Row| {
        let digits = row.get::<PhoneNumber>(1)?.digits().to_owned();
        let user = User { input: digits.clone(), wa_id: Some(digits), user_id: Some(row.get(2)?) };
        Ok((row.get(0)?, user))
    };
    rows.iter().map(user).collect()
}
