//! The SQL of messaging limits and of advertising.

use super::{Approach, Reach};
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PortfolioId, Timestamp};

statements! {
    SELECT_LIMIT = "SELECT people, people_max FROM messaging_limit WHERE portfolio_id = $1 AND people_max IS NOT NULL";
    SELECT_ANY_LIMIT = "SELECT people_max, changed_at FROM messaging_limit WHERE portfolio_id = $1";
    SET_LIMIT = "INSERT INTO messaging_limit (portfolio_id, people_max, people, changed_at, checked_at)
        VALUES ($1, $2, 0, $3, $3)
        ON CONFLICT (portfolio_id) DO UPDATE SET people_max = $2, changed_at = $3, checked_at = $3";
    REACH_AGAIN = "UPDATE reached_person SET reached_at = $3
        WHERE portfolio_id = $1 AND account_id = $2 AND is_counted";
    TAKE_PLACE = "UPDATE messaging_limit SET people = people + 1
        WHERE portfolio_id = $1 AND (people_max IS NULL OR people < people_max) RETURNING people";
    GIVE_PLACE = "UPDATE messaging_limit SET people = people - 1 WHERE portfolio_id = $1";
    REACH = "INSERT INTO reached_person (portfolio_id, account_id, reached_at, is_counted) VALUES ($1, $2, $3, TRUE)
        ON CONFLICT (portfolio_id, account_id) DO UPDATE SET reached_at = $3, is_counted = TRUE
        WHERE NOT reached_person.is_counted";
    FORGET_REACHED = "DELETE FROM reached_person WHERE portfolio_id = $1 AND account_id = $2";
    UNCOUNT = "UPDATE reached_person SET is_counted = FALSE
        WHERE portfolio_id = $1 AND is_counted AND reached_at <= $2";
    FREE_PLACES = "UPDATE messaging_limit SET people = people - $2 WHERE portfolio_id = $1";
    FIRST_REACHED = "SELECT min(reached_at) FROM reached_person WHERE portfolio_id = $1 AND is_counted";
    PEOPLE_SINCE = "SELECT CAST(count(*) AS BIGINT) FROM reached_person
        WHERE portfolio_id = $1 AND is_counted AND reached_at > $2";
    PEOPLE = "SELECT CAST(count(*) AS BIGINT) FROM reached_person WHERE portfolio_id = $1";
    DUE = "SELECT portfolio_id, people_max FROM messaging_limit WHERE people_max IS NOT NULL AND checked_at <= $1
        ORDER BY checked_at LIMIT 100";
    CHECKED = "UPDATE messaging_limit SET checked_at = $2 WHERE portfolio_id = $1";
    FORGET_OLD = "DELETE FROM reached_person WHERE portfolio_id = $1 AND NOT is_counted AND reached_at <= $2";
    HAS_RED = "SELECT 1 FROM business_phone_number
        WHERE portfolio_id = $1 AND status = 'CONNECTED' AND quality = 'RED' LIMIT 1";
    DELIVERIES = "SELECT CAST(count(*) AS BIGINT) FROM (SELECT m.message_id FROM template t
        JOIN business_message m ON m.template_id = t.template_id AND m.accepted_at >= $2
        WHERE t.portfolio_id = $1 AND m.delivered_at IS NOT NULL LIMIT $3) AS delivered";
    MARKETING_PLACES = "SELECT place, taken_at FROM marketing_place WHERE account_id = $1 ORDER BY place LIMIT 100";
    TAKE_MARKETING_PLACE = "INSERT INTO marketing_place (account_id, place, taken_at, message_id)
        VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, place) DO UPDATE SET taken_at = $3, message_id = $4
        WHERE marketing_place.taken_at <= $5";
    FREE_MARKETING_PLACE = "DELETE FROM marketing_place WHERE account_id = $1 AND message_id = $2";
    FORGET_MARKETING_PLACES = "DELETE FROM marketing_place WHERE taken_at <= $1";
}

/// The limits that approaches stand under, one answer for each; `None`: there is none.
pub(super) async fn limits(tx: &mut Tx, approaches: &[Approach<'_>]) -> Result<Vec<Option<Reach>>, DbError> {
    let rows = approaches.iter().map(|approach| params![approach.portfolio]).collect();
    let answers = tx.query_many(SELECT_LIMIT, rows).await?;
    let read = |rows: &Vec<plaza_db::Row>| {
        rows.first().map(|row| Ok(Reach { people: row.get(0)?, people_max: row.get(1)? })).transpose()
    };
    answers.iter().map(read).collect()
}

pub(super) async fn people_max(tx: &mut Tx, portfolio: PortfolioId) -> Result<Option<i64>, DbError> {
    tx.query_one(SELECT_LIMIT, params![portfolio]).await?.map(|row| row.get(1)).transpose()
}

/// The limit that a portfolio has or had, and since when.
pub(super) async fn limit(
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Option<(Option<i64>, Timestamp)>, DbError> {
    let row = tx.query_one(SELECT_ANY_LIMIT, params![portfolio]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub(super) async fn set(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    people_max: Option<i64>,
) -> Result<(), DbError> {
    tx.execute(SET_LIMIT, params![portfolio, people_max, ctx.now()]).await.map(drop)
}

/// Whether the person had a place.
pub(super) async fn reach_again(ctx: &Ctx, tx: &mut Tx, approach: &Approach<'_>) -> Result<bool, DbError> {
    let row = params![approach.portfolio, approach.account, ctx.now()];
    Ok(tx.execute(REACH_AGAIN, row).await? == 1)
}

/// How many are taken then; `None`: all were.
pub(super) async fn take_place(tx: &mut Tx, portfolio: PortfolioId) -> Result<Option<i64>, DbError> {
    tx.query_one(TAKE_PLACE, params![portfolio]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn give_place(tx: &mut Tx, portfolio: PortfolioId) -> Result<(), DbError> {
    tx.execute(GIVE_PLACE, params![portfolio]).await.map(drop)
}

/// Whether the person had no place.
pub(super) async fn reach(ctx: &Ctx, tx: &mut Tx, approach: &Approach<'_>) -> Result<bool, DbError> {
    let row = params![approach.portfolio, approach.account, ctx.now()];
    Ok(tx.execute(REACH, row).await? == 1)
}

pub(super) async fn forget_reached(tx: &mut Tx, approach: &Approach<'_>) -> Result<(), DbError> {
    tx.execute(FORGET_REACHED, params![approach.portfolio, approach.account]).await.map(drop)
}

/// Takes back the places of those who were reached up to then; whether there were any.
pub(super) async fn free_places(
    tx: &mut Tx,
    portfolio: PortfolioId,
    up_to: Timestamp,
) -> Result<bool, DbError> {
    let freed = tx.execute(UNCOUNT, params![portfolio, up_to]).await?;
    if freed > 0 {
        tx.execute(FREE_PLACES, params![portfolio, freed]).await?;
    }
    Ok(freed > 0)
}

/// Whose place is free next was reached then.
pub(super) async fn first_reached(tx: &mut Tx, portfolio: PortfolioId) -> Result<Option<Timestamp>, DbError> {
    tx.query_one(FIRST_REACHED, params![portfolio]).await?.map_or(Ok(None), |row| row.get(0))
}

pub(super) async fn people_since(
    tx: &mut Tx,
    portfolio: PortfolioId,
    since: Timestamp,
) -> Result<i64, DbError> {
    tx.query_one(PEOPLE_SINCE, params![portfolio, since]).await?.map_or(Ok(0), |row| row.get(0))
}

/// All that are remembered.
pub(super) async fn people(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, DbError> {
    tx.query_one(PEOPLE, params![portfolio]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Limited portfolios that were last looked at up to then.
pub(super) async fn due(tx: &mut Tx, up_to: Timestamp) -> Result<Vec<(PortfolioId, i64)>, DbError> {
    tx.query(DUE, params![up_to]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(super) async fn checked(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), DbError> {
    tx.execute(CHECKED, params![portfolio, ctx.now()]).await.map(drop)
}

/// Forgets people who were last reached up to then. Their places are taken back first.
pub(super) async fn forget_old(tx: &mut Tx, portfolio: PortfolioId, up_to: Timestamp) -> Result<(), DbError> {
    free_places(tx, portfolio, up_to).await?;
    tx.execute(FORGET_OLD, params![portfolio, up_to]).await.map(drop)
}

pub(super) async fn has_red_number(tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, DbError> {
    Ok(tx.query_one(HAS_RED, params![portfolio]).await?.is_some())
}

/// Templates that were sent since then and arrived, at most so many.
pub(super) async fn deliveries(
    tx: &mut Tx,
    portfolio: PortfolioId,
    since: Timestamp,
    at_most: i64,
) -> Result<i64, DbError> {
    let asked = params![portfolio, since, at_most];
    tx.query_one(DELIVERIES, asked).await?.map_or(Ok(0), |row| row.get(0))
}

/// The places of a person that were ever taken, and when.
pub(super) async fn marketing_places(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Vec<(i64, Timestamp)>, DbError> {
    let rows = tx.query(MARKETING_PLACES, params![account]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Whether the place was free.
pub(super) async fn take_marketing_place(
    ctx: &Ctx,
    tx: &mut Tx,
    approach: &Approach<'_>,
    place: i64,
    free_since: Timestamp,
) -> Result<bool, DbError> {
    let row = params![approach.account, place, ctx.now(), approach.message, free_since];
    Ok(tx.execute(TAKE_MARKETING_PLACE, row).await? == 1)
}

pub(super) async fn free_marketing_place(tx: &mut Tx, approach: &Approach<'_>) -> Result<(), DbError> {
    tx.execute(FREE_MARKETING_PLACE, params![approach.account, approach.message]).await.map(drop)
}

pub(super) async fn forget_marketing_places(tx: &mut Tx, up_to: Timestamp) -> Result<(), DbError> {
    tx.execute(FORGET_MARKETING_PLACES, params![up_to]).await.map(drop)
}
