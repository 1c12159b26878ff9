//! The SQL of ratings and of what people say.

use super::{FRESH, READ_WITHIN, Rating, Row, SAMPLE_MESSAGES_MAX, Said, Signals, Subject};
use crate::portfolios::{BusinessNumber, NodeKind};
use plaza_db::{DbError, Row as Columns, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PhoneNumberId, PortfolioId, TemplateId, Timestamp};

/// Rows of one housekeeping round.
const DUE_ROWS: i64 = 1000;

statements! {
    BEGIN = "INSERT INTO quality (node_id, kind, rating, rated_at, counted_from, due_at, pauses)
        VALUES ($1, $2, $3, 0, 0, 0, 0) ON CONFLICT (node_id) DO NOTHING";
    DUE = "SELECT node_id, kind, rating, rated_at, counted_from, pauses, paused_until FROM quality WHERE due_at <= $1
        ORDER BY due_at LIMIT $2";
    SELECT_ROW = "SELECT node_id, kind, rating, rated_at, counted_from, pauses, paused_until FROM quality
        WHERE node_id = $1";
    PUT = "UPDATE quality SET rating = $2, rated_at = $3, counted_from = $4, due_at = $5, pauses = $6,
        paused_until = $7 WHERE node_id = $1";
    SET_DUE = "UPDATE quality SET due_at = $2 WHERE node_id = $1 AND paused_until IS NULL";
    RESTART = "UPDATE quality SET rating = 'UNKNOWN', rated_at = $2, counted_from = $2, paused_until = NULL,
        due_at = $2 WHERE node_id = $1";
    FORGET = "DELETE FROM quality WHERE node_id = $1";
    SAY = "INSERT INTO feedback (phone_number_id, account_id, kind, template_id, said_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (phone_number_id, account_id, kind) DO UPDATE SET template_id = $4, said_at = $5";
    UNSAY = "DELETE FROM feedback WHERE phone_number_id = $1 AND account_id = $2 AND kind = $3";
    FORGET_FEEDBACK = "DELETE FROM feedback WHERE said_at <= $1";
    LAST_TEMPLATE = "SELECT template_id FROM business_message WHERE phone_number_id = $1 AND account_id = $2
        AND is_outgoing AND template_id IS NOT NULL AND accepted_at > $3 ORDER BY accepted_at DESC LIMIT 1";
    STOP_MARKETING = "INSERT INTO marketing_stop (portfolio_id, account_id, stopped_at) VALUES ($1, $2, $3)
        ON CONFLICT (portfolio_id, account_id) DO NOTHING";
    RESUME_MARKETING = "DELETE FROM marketing_stop WHERE portfolio_id = $1 AND account_id = $2";
    HAS_STOPPED = "SELECT 1 FROM marketing_stop WHERE portfolio_id = $1 AND account_id = $2";
    OF_TEMPLATE = "SELECT CAST(count(*) AS BIGINT), CAST(count(DISTINCT account_id) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN accepted_at <= $3 THEN 1 ELSE 0 END), 0) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN accepted_at <= $3 AND read_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT),
        min(accepted_at) FROM (SELECT account_id, accepted_at, read_at FROM business_message
            WHERE template_id = $1 AND accepted_at > $2 AND delivered_at IS NOT NULL
            ORDER BY accepted_at DESC LIMIT $4) AS recent";
    OF_NUMBER = "SELECT CAST(count(*) AS BIGINT), CAST(count(DISTINCT account_id) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN accepted_at <= $4 THEN 1 ELSE 0 END), 0) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN accepted_at <= $4 AND read_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT),
        min(accepted_at) FROM (SELECT account_id, accepted_at, read_at FROM business_message
            WHERE portfolio_id = $1 AND phone_number_id = $2 AND accepted_at > $3 AND is_outgoing
            AND delivered_at IS NOT NULL ORDER BY accepted_at DESC LIMIT $5) AS recent";
    SAID_OF_TEMPLATE = "SELECT kind, CAST(count(*) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN said_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM feedback WHERE template_id = $1 AND said_at > $2 GROUP BY kind";
    SAID_OF_NUMBER = "SELECT kind, CAST(count(*) AS BIGINT),
        CAST(COALESCE(sum(CASE WHEN said_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM feedback WHERE phone_number_id = $1 AND said_at > $2 GROUP BY kind";
}

/// The words of the column `kind` of what people said.
pub(super) const BLOCKED: &str = "blocked";
pub(super) const REPORTED: &str = "reported";

/// A new number or template is rated from now on.
pub(crate) async fn begin(tx: &mut Tx, node: i64, kind: NodeKind) -> Result<(), DbError> {
    let first = match kind {
        NodeKind::PhoneNumber => Rating::Green,
        NodeKind::Template => Rating::Unknown,
        _ => return Ok(()),
    };
    tx.execute(BEGIN, params![node, kind.as_str(), first.as_str()]).await.map(drop)
}

/// Forgets the rating; what was said and sent up to now does not count.
pub(super) async fn restart(ctx: &Ctx, tx: &mut Tx, template: TemplateId) -> Result<(), DbError> {
    tx.execute(RESTART, params![template, ctx.now()]).await.map(drop)
}

fn read(row: &Columns) -> Result<Row, DbError> {
    let node: i64 = row.get(0)?;
    let subject = match row.get::<String>(1)?.as_str() {
        "template" => Subject::Template(TemplateId(node)),
        _ => Subject::Phone(PhoneNumberId(node)),
    };
    Ok(Row {
        subject,
        // `put` and `begin` wrote it.
        rating: Rating::parse(&row.get::<String>(2)?).unwrap_or(Rating::Unknown),
        rated_at: row.get(3)?,
        counted_from: row.get(4)?,
        pauses: row.get(5)?,
        paused_until: row.get(6)?,
    })
}

pub(super) async fn due(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Row>, DbError> {
    tx.query(DUE, params![ctx.now(), DUE_ROWS]).await?.iter().map(read).collect()
}

pub(super) async fn row(tx: &mut Tx, node: i64) -> Result<Option<Row>, DbError> {
    tx.query_one(SELECT_ROW, params![node]).await?.as_ref().map(read).transpose()
}

pub(super) async fn put(tx: &mut Tx, node: i64, row: &Row, due_at: Timestamp) -> Result<(), DbError> {
    let columns = params![
        node,
        row.rating.as_str(),
        row.rated_at,
        row.counted_from,
        due_at,
        row.pauses,
        row.paused_until
    ];
    tx.execute(PUT, columns).await.map(drop)
}

/// It is looked at in the next round, unless it is paused.
pub(super) async fn set_due(ctx: &Ctx, tx: &mut Tx, node: i64) -> Result<(), DbError> {
    tx.execute(SET_DUE, params![node, ctx.now()]).await.map(drop)
}

pub(super) async fn forget(tx: &mut Tx, node: i64) -> Result<(), DbError> {
    tx.execute(FORGET, params![node]).await.map(drop)
}

pub(super) async fn forget_old(tx: &mut Tx, up_to: Timestamp) -> Result<(), DbError> {
    tx.execute(FORGET_FEEDBACK, params![up_to]).await.map(drop)
}

pub(super) async fn say(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    kind: &'static str,
    template: Option<TemplateId>,
) -> Result<(), DbError> {
    tx.execute(SAY, params![phone, account, kind, template, ctx.now()]).await.map(drop)
}

pub(super) async fn unsay(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    kind: &'static str,
) -> Result<(), DbError> {
    tx.execute(UNSAY, params![phone, account, kind]).await.map(drop)
}

/// The last template that somebody got from a number since then.
pub(super) async fn last_template(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    since: Timestamp,
) -> Result<Option<TemplateId>, DbError> {
    tx.query_one(LAST_TEMPLATE, params![phone, account, since]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn stop_marketing(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(STOP_MARKETING, params![portfolio, account, ctx.now()]).await.map(drop)
}

pub(super) async fn resume_marketing(
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(RESUME_MARKETING, params![portfolio, account]).await.map(drop)
}

pub(super) async fn has_stopped(
    tx: &mut Tx,
    portfolio: PortfolioId,
    account: AccountId,
) -> Result<bool, DbError> {
    Ok(tx.query_one(HAS_STOPPED, params![portfolio, account]).await?.is_some())
}

/// What became of the newest messages of a template since then, and what was said about it.
pub(super) async fn of_template(
    ctx: &Ctx,
    tx: &mut Tx,
    template: TemplateId,
    from: Timestamp,
) -> Result<Signals, DbError> {
    let asked = params![template, from, ctx.now() - READ_WITHIN, SAMPLE_MESSAGES_MAX];
    let (sent, first) = sample(tx.query_one(OF_TEMPLATE, asked).await?)?;
    let asked = params![template, first.unwrap_or(from), ctx.now() - FRESH];
    said(sent, &tx.query(SAID_OF_TEMPLATE, asked).await?)
}

/// The same of a number.
pub(super) async fn of_number(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    from: Timestamp,
) -> Result<Signals, DbError> {
    let (portfolio, phone) = (number.portfolio_id, number.phone_number_id);
    let asked = params![portfolio, phone, from, ctx.now() - READ_WITHIN, SAMPLE_MESSAGES_MAX];
    let (sent, first) = sample(tx.query_one(OF_NUMBER, asked).await?)?;
    let asked = params![phone, first.unwrap_or(from), ctx.now() - FRESH];
    said(sent, &tx.query(SAID_OF_NUMBER, asked).await?)
}

/// The messages that count; and when the first of them was sent, if there are more than are read.
fn sample(row: Option<Columns>) -> Result<(Signals, Option<Timestamp>), DbError> {
    let Some(row) = row else { return Ok((Signals::default(), None)) };
    let signals = Signals {
        delivered: row.get(0)?,
        people: row.get(1)?,
        readable: row.get(2)?,
        read: row.get(3)?,
        ..Signals::default()
    };
    let first = if signals.delivered < SAMPLE_MESSAGES_MAX { None } else { row.get(4)? };
    Ok((signals, first))
}

fn said(mut signals: Signals, rows: &[Columns]) -> Result<Signals, DbError> {
    for row in rows {
        let said = Said { all: row.get(1)?, fresh: row.get(2)? };
        match row.get::<String>(0)?.as_str() {
            REPORTED => signals.reports = said,
            _ => signals.blocks = said,
        }
    }
    Ok(signals)
}
