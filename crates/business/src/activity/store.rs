//! The SQL of activities.

use super::Activity;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{PortfolioId, Timestamp, WabaId};

statements! {
    INSERT = "INSERT INTO waba_activity (waba_id, activity_id, portfolio_id, kind, actor, actor_id, description, details,
        at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SELECT = "SELECT activity_id, kind, actor, actor_id, description, details, at FROM waba_activity
        WHERE waba_id = $1 AND at >= $2 AND at <= $3 ORDER BY activity_id DESC LIMIT 1000";
}

pub(super) async fn insert(
    tx: &mut Tx,
    portfolio: PortfolioId,
    waba: WabaId,
    activity: &Activity,
) -> Result<(), DbError> {
    let row = params![
        waba,
        activity.activity_id,
        portfolio,
        &activity.kind,
        &activity.actor,
        activity.actor_id,
        &activity.description,
        activity.details.to_string(),
        activity.at
    ];
    tx.execute(INSERT, row).await.map(drop)
}

pub(super) async fn list(
    tx: &mut Tx,
    waba: WabaId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Activity>, DbError> {
    let activity = |row: &Row| {
        Ok(Activity {
            activity_id: row.get(0)?,
            kind: row.get(1)?,
            actor: row.get(2)?,
            actor_id: row.get(3)?,
            description: row.get(4)?,
            details: serde_json::from_str(&row.get::<String>(5)?).unwrap_or_default(),
            at: row.get(6)?,
        })
    };
    tx.query(SELECT, params![waba, since, until]).await?.iter().map(activity).collect()
}
