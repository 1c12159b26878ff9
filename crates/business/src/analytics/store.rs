//! The SQL of analytics: counts by a quarter of an hour.

use super::overview::Counts;
use super::quarter;
use plaza_billing::QUARTER;
use plaza_db::{DbError, Row, Sql, Tx, Value, params, statements};
use plaza_protocol::{GroupId, Micros, PhoneNumberId, PortfolioId, TemplateId, Timestamp, WabaId, limits};
use std::time::Duration;

/// How long after its sending a message is looked at for its reading.
const READ_WITHIN: Duration = Duration::from_secs(90 * 24 * 3600);

statements! {
    // A message whose file could not be fetched failed before it was sent: it has no time of failing.
    SENT = "SELECT CAST(m.accepted_at - m.accepted_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter,
        substr(c.number, 1, 3) AS prefix,
        CAST(CASE WHEN g.group_id IS NOT NULL AND NOT m.is_outgoing THEN 103
            WHEN g.group_id IS NOT NULL AND m.template_id IS NULL THEN 102 WHEN g.group_id IS NOT NULL THEN 101
            WHEN NOT m.is_outgoing THEN 100 WHEN m.template_id IS NULL THEN 2 ELSE 0 END AS BIGINT) AS product,
        CAST(count(*) AS BIGINT)
        FROM business_message m
        JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        LEFT JOIN group_message g ON g.copy_id = m.message_id
        WHERE m.phone_number_id = $1 AND m.accepted_at >= $2 AND m.accepted_at < $3
        AND NOT (m.status = 4 AND m.failed_at IS NULL)
        GROUP BY quarter, prefix, product";
    DELIVERED = "SELECT CAST(m.delivered_at - m.delivered_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter,
        substr(c.number, 1, 3) AS prefix,
        CAST(CASE WHEN g.group_id IS NOT NULL AND m.template_id IS NULL THEN 102 WHEN g.group_id IS NOT NULL THEN 101
            WHEN m.template_id IS NULL THEN 2 ELSE 0 END AS BIGINT) AS product, CAST(count(*) AS BIGINT)
        FROM business_message m
        JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        LEFT JOIN group_message g ON g.copy_id = m.message_id
        WHERE m.phone_number_id = $1 AND m.accepted_at >= $5 AND m.accepted_at < $3 AND m.is_outgoing
        AND m.delivered_at >= $2 AND m.delivered_at < $3
        GROUP BY quarter, prefix, product";
    TEMPLATE_SENT = "SELECT CAST(accepted_at - accepted_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter,
        CAST(count(*) AS BIGINT) FROM business_message
        WHERE template_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND (category = 'marketing_lite') = $5
        AND NOT (status = 4 AND failed_at IS NULL)
        GROUP BY quarter";
    TEMPLATE_DELIVERED = "SELECT CAST(delivered_at - delivered_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter,
        CAST(count(*) AS BIGINT) FROM business_message
        WHERE template_id = $1 AND accepted_at >= $6 AND accepted_at < $3 AND (category = 'marketing_lite') = $5
        AND delivered_at >= $2 AND delivered_at < $3
        GROUP BY quarter";
    TEMPLATE_READ = "SELECT CAST(read_at - read_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter,
        CAST(count(*) AS BIGINT) FROM business_message
        WHERE template_id = $1 AND accepted_at >= $6 AND accepted_at < $3 AND (category = 'marketing_lite') = $5
        AND read_at >= $2 AND read_at < $3
        GROUP BY quarter";
    // What happened in a group: 0 sent, 1 delivered, 2 read; each copy counts.
    GROUP_STEPS = "SELECT CAST(0 AS BIGINT) AS step,
        CAST(m.accepted_at - m.accepted_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter, CAST(count(*) AS BIGINT)
        FROM group_message g JOIN business_message m ON m.message_id = g.copy_id
        WHERE g.group_id = $1 AND m.is_outgoing AND m.accepted_at >= $2 AND m.accepted_at < $3
        AND NOT (m.status = 4 AND m.failed_at IS NULL) GROUP BY quarter
        UNION ALL SELECT CAST(1 AS BIGINT) AS step,
        CAST(m.delivered_at - m.delivered_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter, CAST(count(*) AS BIGINT)
        FROM group_message g JOIN business_message m ON m.message_id = g.copy_id
        WHERE g.group_id = $1 AND m.is_outgoing AND m.delivered_at >= $2 AND m.delivered_at < $3 GROUP BY quarter
        UNION ALL SELECT CAST(2 AS BIGINT) AS step,
        CAST(m.read_at - m.read_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter, CAST(count(*) AS BIGINT)
        FROM group_message g JOIN business_message m ON m.message_id = g.copy_id
        WHERE g.group_id = $1 AND m.is_outgoing AND m.read_at >= $2 AND m.read_at < $3 GROUP BY quarter";
    GROUP_FLOW = "SELECT quarter, joined, gone FROM group_flow
        WHERE group_id = $1 AND quarter >= $2 AND quarter < $3 ORDER BY quarter";
    TEMPLATE_SPENT = "SELECT quarter, amount_micros FROM template_spend
        WHERE template_id = $1 AND is_marketing_lite = $2 AND quarter >= $3 AND quarter < $4 ORDER BY quarter";
    TEMPLATE_CLICKED = "SELECT quarter, button, clicks FROM template_click
        WHERE template_id = $1 AND is_marketing_lite = $2 AND quarter >= $3 AND quarter < $4 ORDER BY quarter, button";
    // Reactions have no category, and are no messages of their own.
    COHORTS = "SELECT CAST(accepted_at - accepted_at % CAST($5 AS BIGINT) AS BIGINT) AS quarter,
        CAST(count(*) AS BIGINT), CAST(sum(CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN read_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN status = 4 THEN 1 ELSE 0 END) AS BIGINT)
        FROM business_message WHERE portfolio_id = $1 AND waba_id = $2 AND accepted_at >= $3 AND accepted_at < $4
        AND is_outgoing AND category IS NOT NULL AND NOT (status = 4 AND failed_at IS NULL) GROUP BY quarter";
    OF_TEMPLATES = "SELECT template_id, CAST(count(*) AS BIGINT) AS sent,
        CAST(sum(CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN read_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN status = 4 THEN 1 ELSE 0 END) AS BIGINT)
        FROM business_message WHERE portfolio_id = $1 AND waba_id = $2 AND accepted_at >= $3 AND accepted_at < $4
        AND is_outgoing AND template_id IS NOT NULL AND NOT (status = 4 AND failed_at IS NULL)
        GROUP BY template_id ORDER BY sent DESC, template_id LIMIT $5";
    SPENT_BETWEEN = "SELECT CAST(COALESCE(sum(amount_micros), 0) AS BIGINT) FROM template_spend
        WHERE template_id = $1 AND quarter >= $2 AND quarter < $3";
    CLICKS_BETWEEN = "SELECT CAST(COALESCE(sum(clicks), 0) AS BIGINT) FROM template_click
        WHERE template_id = $1 AND quarter >= $2 AND quarter < $3";
    ADD_SPENT = "INSERT INTO template_spend (template_id, is_marketing_lite, quarter, amount_micros)
        VALUES ($1, $2, $3, $4) ON CONFLICT (template_id, is_marketing_lite, quarter)
        DO UPDATE SET amount_micros = template_spend.amount_micros + excluded.amount_micros";
    ADD_CLICK = "INSERT INTO template_click (template_id, is_marketing_lite, quarter, button, clicks)
        VALUES ($1, $2, $3, $4, 1) ON CONFLICT (template_id, is_marketing_lite, quarter, button)
        DO UPDATE SET clicks = template_click.clicks + 1";
}

/// Messages of one kind in one quarter of an hour.
pub(super) struct Count {
    pub(super) quarter: Timestamp,
    /// The first three digits of the people's numbers.
    pub(super) prefix: String,
    pub(super) product: i64,
    pub(super) sent: i64,
    pub(super) delivered: i64,
}

/// The messages of a number that were sent or delivered within a time; what a person sent is delivered at once.
pub(super) async fn messages(
    tx: &mut Tx,
    phone: PhoneNumberId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Count>, DbError> {
    let count = |row: &Row| {
        let count = Count {
            quarter: row.get(0)?,
            prefix: row.get(1)?,
            product: row.get(2)?,
            sent: row.get(3)?,
            delivered: 0,
        };
        Ok::<_, DbError>(count)
    };
    let mut counts = Vec::new();
    for row in tx.query(SENT, params![phone, from, to, QUARTER]).await? {
        let sent = count(&row)?;
        let is_received = [super::RECEIVED, super::RECEIVED_IN_GROUPS].contains(&sent.product);
        let delivered = if is_received { sent.sent } else { 0 };
        counts.push(Count { delivered, ..sent });
    }
    let sent_since = from - limits::ENVELOPE_LIFETIME;
    for row in tx.query(DELIVERED, params![phone, from, to, QUARTER, sent_since]).await? {
        let delivered = count(&row)?;
        counts.push(Count { sent: 0, delivered: delivered.sent, ..delivered });
    }
    Ok(counts)
}

/// Which messages of a template are asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    pub(super) template: TemplateId,
    pub(super) is_marketing_lite: bool,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// What happened to them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Sent,
    Delivered,
    Read,
}

/// How often, by quarters of an hour.
pub(super) async fn steps(tx: &mut Tx, which: Which, step: Step) -> Result<Vec<(Timestamp, i64)>, DbError> {
    let Which { template, is_marketing_lite, from, to } = which;
    let mut asked: Vec<Value> = params![template, from, to, QUARTER, is_marketing_lite];
    let sql: Sql = match step {
        Step::Sent => TEMPLATE_SENT,
        Step::Delivered => {
            asked.push((from - limits::ENVELOPE_LIFETIME).into());
            TEMPLATE_DELIVERED
        }
        Step::Read => {
            asked.push((from - READ_WITHIN).into());
            TEMPLATE_READ
        }
    };
    tx.query(sql, asked).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(super) async fn spent(tx: &mut Tx, which: Which) -> Result<Vec<(Timestamp, Micros)>, DbError> {
    let Which { template, is_marketing_lite, from, to } = which;
    let rows = tx.query(TEMPLATE_SPENT, params![template, is_marketing_lite, quarter(from), to]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(super) async fn clicked(tx: &mut Tx, which: Which) -> Result<Vec<(Timestamp, String, i64)>, DbError> {
    let Which { template, is_marketing_lite, from, to } = which;
    let rows = tx.query(TEMPLATE_CLICKED, params![template, is_marketing_lite, quarter(from), to]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// What happened in a group, by quarters of an hour: the step, when, how often.
pub(super) async fn group_steps(
    tx: &mut Tx,
    group: GroupId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(i64, Timestamp, i64)>, DbError> {
    let rows = tx.query(GROUP_STEPS, params![group, from, to, QUARTER]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// Who came and went: when, how many.
pub(super) async fn group_flow(
    tx: &mut Tx,
    group: GroupId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, i64, i64)>, DbError> {
    let rows = tx.query(GROUP_FLOW, params![group, quarter(from), to]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

pub(super) async fn add_spent(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    tx.execute_many(ADD_SPENT, rows).await.map(drop)
}

pub(super) async fn add_click(
    tx: &mut Tx,
    template: TemplateId,
    is_marketing_lite: bool,
    quarter: Timestamp,
    button: &str,
) -> Result<(), DbError> {
    tx.execute(ADD_CLICK, params![template, is_marketing_lite, quarter, button]).await.map(drop)
}

fn counts(row: &Row) -> Result<Counts, DbError> {
    Ok(Counts { sent: row.get(1)?, delivered: row.get(2)?, read: row.get(3)?, failed: row.get(4)? })
}

/// What became of the messages that were sent in a time, by the quarter of an hour of their sending.
pub(super) async fn cohorts(
    tx: &mut Tx,
    (portfolio, waba): (PortfolioId, WabaId),
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, Counts)>, DbError> {
    let rows = tx.query(COHORTS, params![portfolio, waba, from, to, QUARTER]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, counts(row)?))).collect()
}

/// The same by template, the most sent first.
pub(super) async fn of_templates(
    tx: &mut Tx,
    (portfolio, waba): (PortfolioId, WabaId),
    (from, to): (Timestamp, Timestamp),
    at_most: i64,
) -> Result<Vec<(TemplateId, Counts)>, DbError> {
    let rows = tx.query(OF_TEMPLATES, params![portfolio, waba, from, to, at_most]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, counts(row)?))).collect()
}

pub(super) async fn spent_between(
    tx: &mut Tx,
    template: TemplateId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Micros, DbError> {
    let row = tx.query_one(SPENT_BETWEEN, params![template, quarter(from), to]).await?;
    row.map_or(Ok(Micros::ZERO), |row| row.get(0))
}

pub(super) async fn clicks_between(
    tx: &mut Tx,
    template: TemplateId,
    (from, to): (Timestamp, Timestamp),
) -> Result<i64, DbError> {
    tx.query_one(CLICKS_BETWEEN, params![template, quarter(from), to]).await?.map_or(Ok(0), |row| row.get(0))
}
