//! The SQL of usernames.

use crate::portfolios::BusinessNumber;
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{Ctx, PhoneNumberId};

statements! {
    SELECT = "SELECT username FROM business_username WHERE phone_number_id = $1";
    HOLDER = "SELECT phone_number_id FROM business_username WHERE username = $1";
    INSERT = "INSERT INTO business_username (username, phone_number_id, portfolio_id, created_at)
        VALUES ($1, $2, $3, $4)";
    DELETE = "DELETE FROM business_username WHERE phone_number_id = $1";
}

pub(super) async fn of(tx: &mut Tx, phone: PhoneNumberId) -> Result<Option<String>, DbError> {
    tx.query_one(SELECT, params![phone]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn holder(tx: &mut Tx, name: &str) -> Result<Option<PhoneNumberId>, DbError> {
    tx.query_one(HOLDER, params![name]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    name: &str,
) -> Result<(), DbError> {
    let row = params![name, number.phone_number_id, number.portfolio_id, ctx.now()];
    tx.execute(INSERT, row).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, phone: PhoneNumberId) -> Result<(), DbError> {
    tx.execute(DELETE, params![phone]).await.map(drop)
}
