//! The SQL of templates.

use super::definition::ParameterFormat;
use super::{Status, Template, read_category};
use crate::quality::Rating;
use plaza_billing::Category;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{Ctx, TemplateId, Timestamp, WabaId};
use serde_json::Value;

statements! {
    INSERT_TEMPLATE = "INSERT INTO template (template_id, waba_id, portfolio_id, name, language, category,
        parameter_format, status, rejected_reason, components, message_send_ttl_seconds, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) ON CONFLICT DO NOTHING";
    COUNT_TEMPLATES = "SELECT CAST(count(*) AS BIGINT) FROM template WHERE waba_id = $1 AND status <> 'DELETED'";
    SELECT_TEMPLATE = "SELECT template_id, waba_id, portfolio_id, name, language, category, parameter_format, status,
        rejected_reason, components, message_send_ttl_seconds, created_at, rating, rated_at
        FROM template LEFT JOIN quality ON node_id = template_id WHERE template_id = $1";
    SELECT_BY_NAME = "SELECT template_id, waba_id, portfolio_id, name, language, category, parameter_format, status,
        rejected_reason, components, message_send_ttl_seconds, created_at, rating, rated_at
        FROM template LEFT JOIN quality ON node_id = template_id
        WHERE waba_id = $1 AND name = $2 AND language = $3 AND status <> 'DELETED'";
    LIST_TEMPLATES = "SELECT template_id, waba_id, portfolio_id, name, language, category, parameter_format, status,
        rejected_reason, components, message_send_ttl_seconds, created_at, rating, rated_at
        FROM template LEFT JOIN quality ON node_id = template_id
        WHERE waba_id = $1 AND status <> 'DELETED' ORDER BY created_at DESC, template_id DESC LIMIT 250";
    QUEUE_TEMPLATES = "SELECT template_id, waba_id, portfolio_id, name, language, category, parameter_format, status,
        rejected_reason, components, message_send_ttl_seconds, created_at, rating, rated_at
        FROM template LEFT JOIN quality ON node_id = template_id
        WHERE status = $1 AND template_id > $2 ORDER BY template_id LIMIT 100";
    DELETE_BY_NAME = "UPDATE template SET status = 'DELETED', updated_at = $3
        WHERE waba_id = $1 AND name = $2 AND status <> 'DELETED'";
    DELETE_ONE = "UPDATE template SET status = 'DELETED', updated_at = $4
        WHERE waba_id = $1 AND name = $2 AND template_id = $3 AND status <> 'DELETED'";
    UPDATE_TEMPLATE = "UPDATE template SET category = $2, parameter_format = $3, status = $4, rejected_reason = $5,
        components = $6, message_send_ttl_seconds = $7, updated_at = $8 WHERE template_id = $1";
    MADE_SINCE = "SELECT CAST(count(*) AS BIGINT) FROM template WHERE waba_id = $1 AND created_at > $2";
    NOTE_CHANGE = "INSERT INTO template_change (template_id, changed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CHANGES = "SELECT changed_at FROM template_change WHERE template_id = $1 AND changed_at > $2
        ORDER BY changed_at LIMIT 100";
    SENDS = "SELECT CAST(count(*) AS BIGINT) FROM business_message WHERE template_id = $1 AND portfolio_id = $2
        AND is_outgoing AND accepted_at >= $3 AND accepted_at < $4";
    SET_TEMPLATE_STATUS = "UPDATE template SET status = $2, rejected_reason = $3, updated_at = $4
        WHERE template_id = $1";
}

/// Whether the name was free.
pub(super) async fn insert(tx: &mut Tx, template: &Template) -> Result<bool, DbError> {
    let row = params![
        template.template_id,
        template.waba_id,
        template.portfolio_id,
        &template.name,
        &template.language,
        template.category_word(),
        template.format.as_str(),
        template.status.as_str(),
        &template.rejected_reason,
        template.components.to_string(),
        template.message_send_ttl_seconds,
        template.created_at
    ];
    Ok(tx.execute(INSERT_TEMPLATE, row).await? == 1)
}

pub(super) async fn count(tx: &mut Tx, waba: WabaId) -> Result<i64, DbError> {
    tx.query_one(COUNT_TEMPLATES, params![waba]).await?.map_or(Ok(0), |row| row.get(0))
}

fn template(row: &Row) -> Result<Template, DbError> {
    let created_at: Timestamp = row.get(11)?;
    // A template that is gone is rated no more.
    let rating = row.get::<Option<String>>(12)?.as_deref().and_then(Rating::parse).unwrap_or(Rating::Unknown);
    let rated_at = row.get::<Option<Timestamp>>(13)?.unwrap_or(created_at);
    Ok(Template {
        template_id: row.get(0)?,
        waba_id: row.get(1)?,
        portfolio_id: row.get(2)?,
        name: row.get(3)?,
        language: row.get(4)?,
        // The words below were written by `insert`; what cannot be read is as little as there can be.
        category: read_category(&row.get::<String>(5)?).unwrap_or(Category::Marketing),
        format: ParameterFormat::parse(&row.get::<String>(6)?).unwrap_or(ParameterFormat::Positional),
        status: Status::parse(&row.get::<String>(7)?).unwrap_or(Status::Disabled),
        rejected_reason: row.get(8)?,
        components: serde_json::from_str(&row.get::<String>(9)?).unwrap_or(Value::Null),
        message_send_ttl_seconds: row.get(10)?,
        created_at,
        quality: (rating, rated_at.max(created_at)),
    })
}

pub(crate) async fn get(tx: &mut Tx, id: TemplateId) -> Result<Option<Template>, DbError> {
    tx.query_one(SELECT_TEMPLATE, params![id]).await?.as_ref().map(template).transpose()
}

pub(super) async fn by_name(
    tx: &mut Tx,
    waba: WabaId,
    name: &str,
    language: &str,
) -> Result<Option<Template>, DbError> {
    tx.query_one(SELECT_BY_NAME, params![waba, name, language]).await?.as_ref().map(template).transpose()
}

pub(super) async fn list(tx: &mut Tx, waba: WabaId) -> Result<Vec<Template>, DbError> {
    tx.query(LIST_TEMPLATES, params![waba]).await?.iter().map(template).collect()
}

pub(super) async fn queue(tx: &mut Tx, status: Status, after: TemplateId) -> Result<Vec<Template>, DbError> {
    tx.query(QUEUE_TEMPLATES, params![status.as_str(), after]).await?.iter().map(template).collect()
}

pub(super) async fn delete(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    name: &str,
    id: Option<TemplateId>,
) -> Result<u64, DbError> {
    match id {
        Some(id) => tx.execute(DELETE_ONE, params![waba, name, id, ctx.now()]).await,
        None => tx.execute(DELETE_BY_NAME, params![waba, name, ctx.now()]).await,
    }
}

pub(super) async fn set_status(ctx: &Ctx, tx: &mut Tx, template: &Template) -> Result<(), DbError> {
    let row = params![template.template_id, template.status.as_str(), &template.rejected_reason, ctx.now()];
    tx.execute(SET_TEMPLATE_STATUS, row).await.map(drop)
}

/// Everything that an edit can change.
pub(super) async fn update(ctx: &Ctx, tx: &mut Tx, template: &Template) -> Result<(), DbError> {
    let row = params![
        template.template_id,
        template.category_word(),
        template.format.as_str(),
        template.status.as_str(),
        &template.rejected_reason,
        template.components.to_string(),
        template.message_send_ttl_seconds,
        ctx.now()
    ];
    tx.execute(UPDATE_TEMPLATE, row).await.map(drop)
}

pub(super) async fn made_since(tx: &mut Tx, waba: WabaId, since: Timestamp) -> Result<i64, DbError> {
    tx.query_one(MADE_SINCE, params![waba, since]).await?.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn note_change(ctx: &Ctx, tx: &mut Tx, id: TemplateId) -> Result<(), DbError> {
    tx.execute(NOTE_CHANGE, params![id, ctx.now()]).await.map(drop)
}

pub(super) async fn changes(
    tx: &mut Tx,
    id: TemplateId,
    since: Timestamp,
) -> Result<Vec<Timestamp>, DbError> {
    tx.query(CHANGES, params![id, since]).await?.iter().map(|row| row.get(0)).collect()
}

pub(super) async fn sends(
    tx: &mut Tx,
    template: &Template,
    from: Timestamp,
    to: Timestamp,
) -> Result<i64, DbError> {
    let asked = params![template.template_id, template.portfolio_id, from, to];
    tx.query_one(SENDS, asked).await?.map_or(Ok(0), |row| row.get(0))
}
