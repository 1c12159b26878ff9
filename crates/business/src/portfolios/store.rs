//! The SQL of portfolios, accounts, numbers and nodes.

use super::{BusinessNumber, CONNECTED, NewBusiness, Node, NodeKind, Portfolio, RESTRICTED, Waba};
use crate::quality;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AccountId, AppId, Ctx, PhoneNumber, PhoneNumberId, PortfolioId, WabaId};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    INSERT_PORTFOLIO = "INSERT INTO portfolio (portfolio_id, name, country, currency, time_zone, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_WABA = "INSERT INTO waba (waba_id, portfolio_id, name, created_at) VALUES ($1, $2, $3, $4)";
    INSERT_PHONE_NUMBER = "INSERT INTO business_phone_number
        (phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality, status, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    INSERT_NODE = "INSERT INTO graph_node (node_id, kind, portfolio_id) VALUES ($1, $2, $3)";
    SUBSCRIBE = "INSERT INTO waba_subscription (waba_id, app_id, created_at) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    DELETE_NODE = "DELETE FROM graph_node WHERE node_id = $1";
    SELECT_NODE = "SELECT kind, portfolio_id FROM graph_node WHERE node_id = $1";
    SELECT_WABA = "SELECT w.waba_id, w.portfolio_id, w.name, p.name, p.country, p.currency, p.time_zone, w.created_at
        FROM waba w JOIN portfolio p ON p.portfolio_id = w.portfolio_id WHERE w.waba_id = $1";
    SELECT_WABAS_OF = "SELECT w.waba_id, w.portfolio_id, w.name, p.name, p.country, p.currency, p.time_zone, w.created_at
        FROM waba w JOIN portfolio p ON p.portfolio_id = w.portfolio_id WHERE w.portfolio_id = $1
        ORDER BY w.waba_id LIMIT 1000";
    RENAME_WABA = "UPDATE waba SET name = $2 WHERE waba_id = $1";
    SELECT_PORTFOLIO = "SELECT portfolio_id, name, country, time_zone, created_at FROM portfolio WHERE portfolio_id = $1";
    SELECT_WABA_OF_TEMPLATE = "SELECT waba_id FROM template WHERE template_id = $1";
    SELECT_PHONE_NUMBER = "SELECT phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality,
        status, created_at FROM business_phone_number WHERE phone_number_id = $1";
    SELECT_PHONE_NUMBERS_OF = "SELECT phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality,
        status, created_at FROM business_phone_number WHERE waba_id = $1 ORDER BY phone_number_id LIMIT 100";
    SELECT_NUMBER_OF_ACCOUNT = "SELECT phone_number_id, waba_id, portfolio_id, account_id, number, verified_name,
        quality, status, created_at FROM business_phone_number WHERE account_id = $1";
    SELECT_BY_NUMBER = "SELECT phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality,
        status, created_at FROM business_phone_number WHERE number = $1";
    SELECT_NUMBERS_AFTER = "SELECT phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality,
        status, created_at FROM business_phone_number WHERE phone_number_id > $1 ORDER BY phone_number_id LIMIT 100";
    SELECT_ACCOUNTS_OF_PORTFOLIO = "SELECT account_id FROM business_phone_number WHERE portfolio_id = $1
        ORDER BY phone_number_id LIMIT 1000";
    COUNT_PORTFOLIOS = "SELECT CAST(count(*) AS BIGINT) FROM portfolio";
}

pub(super) async fn insert_portfolio(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    new: &NewBusiness,
) -> Result<(), DbError> {
    let row = params![portfolio, &new.name, &new.country, new.currency, &new.time_zone, ctx.now()];
    tx.execute(INSERT_PORTFOLIO, row).await.map(drop)
}

pub(super) async fn insert_waba(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    portfolio: PortfolioId,
    name: &str,
) -> Result<(), DbError> {
    tx.execute(INSERT_WABA, params![waba, portfolio, name, ctx.now()]).await.map(drop)
}

/// Whether the number was free.
pub(super) async fn insert_phone_number(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    waba: WabaId,
    portfolio: PortfolioId,
    new: &NewBusiness,
) -> Result<bool, DbError> {
    let row = params![
        phone,
        waba,
        portfolio,
        new.account_id,
        &new.number,
        &new.name,
        "GREEN",
        CONNECTED,
        ctx.now()
    ];
    Ok(tx.execute(INSERT_PHONE_NUMBER, row).await? == 1)
}

/// An object is gone, and its id with it.
pub(crate) async fn delete_node(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.execute(DELETE_NODE, params![id]).await.map(drop)
}

pub(crate) async fn insert_node(
    tx: &mut Tx,
    id: i64,
    kind: NodeKind,
    portfolio: PortfolioId,
) -> Result<(), DbError> {
    tx.execute(INSERT_NODE, params![id, kind.as_str(), portfolio]).await?;
    quality::begin(tx, id, kind).await
}

/// A new business's app hears of its account from the start.
pub(super) async fn subscribe(ctx: &Ctx, tx: &mut Tx, waba: WabaId, app: AppId) -> Result<(), DbError> {
    tx.execute(SUBSCRIBE, params![waba, app, ctx.now()]).await.map(drop)
}

pub(super) async fn node(tx: &mut Tx, id: i64) -> Result<Option<Node>, DbError> {
    let Some(row) = tx.query_one(SELECT_NODE, params![id]).await? else { return Ok(None) };
    let kind = NodeKind::parse(&row.get::<String>(0)?);
    kind.map(|kind| Ok(Node { kind, portfolio: row.get(1)?, waba: None })).transpose()
}

pub(super) async fn waba(tx: &mut Tx, id: WabaId) -> Result<Option<Waba>, DbError> {
    tx.query_one(SELECT_WABA, params![id]).await?.as_ref().map(waba_row).transpose()
}

fn waba_row(row: &Row) -> Result<Waba, DbError> {
    Ok(Waba {
        waba_id: row.get(0)?,
        portfolio_id: row.get(1)?,
        name: row.get(2)?,
        portfolio_name: row.get(3)?,
        country: row.get(4)?,
        currency: row.get(5)?,
        time_zone: row.get(6)?,
        created_at: row.get(7)?,
    })
}

pub(crate) async fn wabas_of(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Waba>, DbError> {
    tx.query(SELECT_WABAS_OF, params![portfolio]).await?.iter().map(waba_row).collect()
}

pub(super) async fn rename_waba(tx: &mut Tx, id: WabaId, name: &str) -> Result<(), DbError> {
    tx.execute(RENAME_WABA, params![id, name]).await.map(drop)
}

pub(super) async fn names(
    tx: &mut Tx,
    ids: &BTreeSet<PortfolioId>,
) -> Result<BTreeMap<PortfolioId, String>, DbError> {
    let rows = tx.query_many(SELECT_PORTFOLIO, ids.iter().map(|id| params![*id]).collect()).await?;
    rows.iter().flatten().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(super) async fn portfolio(tx: &mut Tx, id: PortfolioId) -> Result<Option<Portfolio>, DbError> {
    let Some(row) = tx.query_one(SELECT_PORTFOLIO, params![id]).await? else { return Ok(None) };
    Ok(Some(Portfolio {
        portfolio_id: row.get(0)?,
        name: row.get(1)?,
        country: row.get(2)?,
        time_zone: row.get(3)?,
        created_at: row.get(4)?,
    }))
}

pub(super) async fn waba_of_template(tx: &mut Tx, id: i64) -> Result<Option<WabaId>, DbError> {
    tx.query_one(SELECT_WABA_OF_TEMPLATE, params![id]).await?.map(|row| row.get(0)).transpose()
}

fn business_number(row: &Row) -> Result<BusinessNumber, DbError> {
    let status: String = row.get(7)?;
    Ok(BusinessNumber {
        phone_number_id: row.get(0)?,
        waba_id: row.get(1)?,
        portfolio_id: row.get(2)?,
        account_id: row.get(3)?,
        number: row.get(4)?,
        verified_name: row.get(5)?,
        quality: row.get(6)?,
        is_registered: status == CONNECTED || status == RESTRICTED,
        status,
        created_at: row.get(8)?,
    })
}

pub(crate) async fn phone_number(tx: &mut Tx, id: PhoneNumberId) -> Result<Option<BusinessNumber>, DbError> {
    tx.query_one(SELECT_PHONE_NUMBER, params![id]).await?.as_ref().map(business_number).transpose()
}

pub(crate) async fn phone_numbers_of(tx: &mut Tx, waba: WabaId) -> Result<Vec<BusinessNumber>, DbError> {
    tx.query(SELECT_PHONE_NUMBERS_OF, params![waba]).await?.iter().map(business_number).collect()
}

pub(super) async fn number_of_account(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Option<BusinessNumber>, DbError> {
    tx.query_one(SELECT_NUMBER_OF_ACCOUNT, params![account]).await?.as_ref().map(business_number).transpose()
}

pub(crate) async fn by_number(tx: &mut Tx, number: &PhoneNumber) -> Result<Option<BusinessNumber>, DbError> {
    tx.query_one(SELECT_BY_NUMBER, params![number]).await?.as_ref().map(business_number).transpose()
}

pub(super) async fn numbers_after(tx: &mut Tx, after: PhoneNumberId) -> Result<Vec<BusinessNumber>, DbError> {
    tx.query(SELECT_NUMBERS_AFTER, params![after]).await?.iter().map(business_number).collect()
}

pub(super) async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one(COUNT_PORTFOLIOS, params![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// The accounts of all numbers of a portfolio.
pub(crate) async fn numbers_of_portfolio(
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<AccountId>, DbError> {
    tx.query(SELECT_ACCOUNTS_OF_PORTFOLIO, params![portfolio]).await?.iter().map(|row| row.get(0)).collect()
}
