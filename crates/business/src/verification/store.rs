//! The SQL of verification.

use super::{Document, ROWS_MAX, Status, Step, StepsWanted, Verification};
use crate::portfolios::BusinessNumber;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PortfolioId, Timestamp};
use uuid::Uuid;

statements! {
    GET = "SELECT portfolio_id, status, legal_name, registration_number, address, website, submitted_at, decided_at,
            reason, words, approved_by
        FROM verification WHERE portfolio_id = $1";
    BEGIN = "INSERT INTO verification (portfolio_id, status, legal_name, registration_number, address, website, reason,
            words)
        VALUES ($1, 'draft', '', '', '', '', '', '') ON CONFLICT DO NOTHING";
    // Writing it locks it: two operators who decide at once do so one after the other.
    TAKE = "UPDATE verification SET status = status WHERE portfolio_id = $1
        RETURNING portfolio_id, status, legal_name, registration_number, address, website, submitted_at, decided_at,
            reason, words, approved_by";
    PUT = "UPDATE verification SET status = $2, legal_name = $3, registration_number = $4, address = $5, website = $6,
            submitted_at = $7, decided_at = $8, reason = $9, words = $10, approved_by = $11
        WHERE portfolio_id = $1";
    INSERT_DOCUMENT = "INSERT INTO verification_document (document_id, portfolio_id, kind, name, media_type, bytes,
            blob_id, sealed_key, blob_sha256, added_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DOCUMENTS = "SELECT document_id, portfolio_id, kind, name, media_type, bytes, blob_id, sealed_key, blob_sha256,
            added_at
        FROM verification_document WHERE portfolio_id = $1 ORDER BY added_at, document_id";
    DOCUMENT = "SELECT document_id, portfolio_id, kind, name, media_type, bytes, blob_id, sealed_key, blob_sha256,
            added_at
        FROM verification_document WHERE document_id = $1";
    DELETE_DOCUMENT = "DELETE FROM verification_document WHERE document_id = $1";
    INSERT_STEP = "INSERT INTO verification_step (step_id, portfolio_id, kind, actor, details, at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    STEPS = "SELECT step_id, portfolio_id, kind, actor, details, at FROM verification_step
        WHERE at < $1 ORDER BY at DESC, step_id DESC LIMIT $2";
    STEPS_OF = "SELECT step_id, portfolio_id, kind, actor, details, at FROM verification_step
        WHERE portfolio_id = $1 AND at < $2 ORDER BY at DESC, step_id DESC LIMIT $3";
    STEPS_PAGE = "SELECT step_id, portfolio_id, kind, actor, details, at FROM verification_step
        WHERE (at, step_id) < ($1, $2) AND at >= $3 AND (CAST($4 AS TEXT) = '' OR kind = $4)
            AND (CAST($5 AS TEXT) = '' OR actor = $5 OR actor = 'operator:' || $5)
            AND (CAST($6 AS BIGINT) = 0 OR portfolio_id = $6)
        ORDER BY at DESC, step_id DESC LIMIT $7";
    REPORT = "INSERT INTO impersonation_report (phone_number_id, account_id, portfolio_id, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    CLOSE_REPORTS = "UPDATE impersonation_report SET closed_at = $2 WHERE portfolio_id = $1 AND closed_at IS NULL";
    OPEN_REPORTS = "SELECT COUNT(*) FROM impersonation_report WHERE portfolio_id = $1 AND closed_at IS NULL";
    WAITING = "SELECT p.portfolio_id, p.name, (SELECT COUNT(*) FROM impersonation_report r
            WHERE r.portfolio_id = p.portfolio_id AND r.closed_at IS NULL)
        FROM portfolio p LEFT JOIN verification v ON v.portfolio_id = p.portfolio_id
        WHERE v.status IN ('pending', 'seconded') OR EXISTS (SELECT 1 FROM impersonation_report r
            WHERE r.portfolio_id = p.portfolio_id AND r.closed_at IS NULL)
        ORDER BY CASE WHEN v.submitted_at IS NULL THEN 1 ELSE 0 END, v.submitted_at, p.portfolio_id LIMIT $1";
    STANDING = "SELECT p.portfolio_id, p.name, (SELECT COUNT(*) FROM impersonation_report r
            WHERE r.portfolio_id = p.portfolio_id AND r.closed_at IS NULL)
        FROM verification v JOIN portfolio p ON p.portfolio_id = v.portfolio_id
        WHERE v.status = $1 ORDER BY v.decided_at DESC, p.portfolio_id LIMIT $2";
}

fn limit() -> i64 {
    i64::try_from(ROWS_MAX).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> Result<Verification, DbError> {
    Ok(Verification {
        portfolio: row.get(0)?,
        status: Status::parse(&row.get::<String>(1)?).unwrap_or(Status::Draft),
        legal_name: row.get(2)?,
        registration_number: row.get(3)?,
        address: row.get(4)?,
        website: row.get(5)?,
        submitted_at: row.get(6)?,
        decided_at: row.get(7)?,
        reason: row.get(8)?,
        words: row.get(9)?,
        approved_by: row.get(10)?,
    })
}

pub(super) async fn get(tx: &mut Tx, portfolio: PortfolioId) -> Result<Option<Verification>, DbError> {
    tx.query_one(GET, params![portfolio]).await?.as_ref().map(read).transpose()
}

/// The row, made if there is none, and locked.
pub(super) async fn take(tx: &mut Tx, portfolio: PortfolioId) -> Result<Verification, DbError> {
    tx.execute(BEGIN, params![portfolio]).await?;
    let row = tx.query_one(TAKE, params![portfolio]).await?;
    row.as_ref().map_or_else(|| Ok(Verification::draft(portfolio)), read)
}

pub(super) async fn put(tx: &mut Tx, next: &Verification) -> Result<(), DbError> {
    let row = params![
        next.portfolio,
        next.status.as_str(),
        next.legal_name.as_str(),
        next.registration_number.as_str(),
        next.address.as_str(),
        next.website.as_str(),
        next.submitted_at,
        next.decided_at,
        next.reason.as_str(),
        next.words.as_str(),
        next.approved_by.clone()
    ];
    tx.execute(PUT, row).await.map(drop)
}

pub(super) async fn insert_document(tx: &mut Tx, document: &Document) -> Result<(), DbError> {
    let row = params![
        document.document_id,
        document.portfolio,
        document.kind.as_str(),
        document.name.as_str(),
        document.media_type.as_str(),
        document.bytes,
        document.blob,
        document.sealed_key.clone(),
        document.blob_sha256.clone(),
        document.added_at
    ];
    tx.execute(INSERT_DOCUMENT, row).await.map(drop)
}

fn read_document(row: &Row) -> Result<Document, DbError> {
    Ok(Document {
        document_id: row.get(0)?,
        portfolio: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        media_type: row.get(4)?,
        bytes: row.get(5)?,
        blob: row.get(6)?,
        sealed_key: row.get(7)?,
        blob_sha256: row.get(8)?,
        added_at: row.get(9)?,
    })
}

pub(super) async fn documents(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Document>, DbError> {
    tx.query(DOCUMENTS, params![portfolio]).await?.iter().map(read_document).collect()
}

pub(super) async fn document(tx: &mut Tx, id: Uuid) -> Result<Option<Document>, DbError> {
    tx.query_one(DOCUMENT, params![id]).await?.as_ref().map(read_document).transpose()
}

pub(super) async fn delete_document(tx: &mut Tx, id: Uuid) -> Result<(), DbError> {
    tx.execute(DELETE_DOCUMENT, params![id]).await.map(drop)
}

pub(super) async fn insert_step(tx: &mut Tx, step: &Step) -> Result<(), DbError> {
    let row = params![
        step.step_id,
        step.portfolio,
        step.kind.as_str(),
        step.actor.as_str(),
        step.details.as_str(),
        step.at
    ];
    tx.execute(INSERT_STEP, row).await.map(drop)
}

pub(super) async fn steps(
    tx: &mut Tx,
    portfolio: Option<PortfolioId>,
    before: Option<Timestamp>,
) -> Result<Vec<Step>, DbError> {
    let before = before.unwrap_or(Timestamp(i64::MAX));
    let rows = match portfolio {
        Some(portfolio) => tx.query(STEPS_OF, params![portfolio, before, limit()]).await?,
        None => tx.query(STEPS, params![before, limit()]).await?,
    };
    rows.iter().map(read_step).collect()
}

fn read_step(row: &Row) -> Result<Step, DbError> {
    Ok(Step {
        step_id: row.get(0)?,
        portfolio: row.get(1)?,
        kind: row.get(2)?,
        actor: row.get(3)?,
        details: row.get(4)?,
        at: row.get(5)?,
    })
}

pub(super) async fn steps_page(tx: &mut Tx, wanted: &StepsWanted, rows: usize) -> Result<Vec<Step>, DbError> {
    let row = params![
        wanted.before.0,
        wanted.before.1,
        wanted.from,
        wanted.kind.as_str(),
        wanted.person.as_str(),
        wanted.portfolio.map_or(0, |id| id.0),
        i64::try_from(rows).unwrap_or(i64::MAX)
    ];
    tx.query(STEPS_PAGE, row).await?.iter().map(read_step).collect()
}

/// Whether the person had not said so before.
pub(super) async fn report(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
) -> Result<bool, DbError> {
    let row = params![number.phone_number_id, account, number.portfolio_id, ctx.now()];
    Ok(tx.execute(REPORT, row).await? == 1)
}

pub(super) async fn close_reports(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<u64, DbError> {
    tx.execute(CLOSE_REPORTS, params![portfolio, ctx.now()]).await
}

pub(super) async fn open_reports(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, DbError> {
    tx.query_one(OPEN_REPORTS, params![portfolio]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Portfolios with their names and open reports.
pub(super) async fn queue(
    tx: &mut Tx,
    status: Option<Status>,
) -> Result<Vec<(PortfolioId, String, i64)>, DbError> {
    let rows = match status {
        None => tx.query(WAITING, params![limit()]).await?,
        Some(status) => tx.query(STANDING, params![status.as_str(), limit()]).await?,
    };
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}
