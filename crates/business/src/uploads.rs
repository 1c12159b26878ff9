//! # Files that arrive in pieces
//!
//! An app opens a **session** with the length and the type of a file, sends its bytes from an offset, and gets a
//! **handle** when all are there. If the connection broke, it asks how far the session came and goes on from there. A
//! handle stands for the file where a request wants one: the picture of a profile, the example of a template.
//!
//! The bytes go through [`store::append`] and [`store::bytes`] and nothing else, so that they can move to a blob store.

pub(crate) mod store;

pub(crate) use store::STATEMENTS;

use crate::apps;
use crate::documents::{Kind, Shape, required};
use crate::management::ManageError;
use crate::may_touch;
use crate::numbers::text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// The bytes of one request.
pub const PIECE_BYTES_MAX: usize = 1024 * 1024;
/// The bytes of a file.
const FILE_BYTES_MAX: i64 = 16 * 1024 * 1024;
/// Open sessions of an app within a day.
const SESSIONS_MAX: i64 = 1000;
const DAY: Duration = Duration::from_secs(24 * 3600);

const SESSION: Shape = Shape(&[
    required("file_length", Kind::Number(1, FILE_BYTES_MAX)),
    required(
        "file_type",
        Kind::Choice(&["application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4", "image/webp"]),
    ),
]);

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id, without the word in front of it.
    pub upload_id: Uuid,
    pub(crate) app: AppId,
    pub(crate) portfolio: plaza_protocol::PortfolioId,
    /// The media type.
    pub file_type: String,
    /// How many bytes it will have.
    pub length: i64,
    /// How many are there.
    pub received: i64,
}

impl Session {
    /// `upload:…`.
    pub fn id(&self) -> String {
        format!("upload:{}", self.upload_id.simple())
    }

    /// What stands for the file, once it is there.
    pub fn handle(&self) -> String {
        let kind = URL_SAFE_NO_PAD.encode(&self.file_type);
        format!("4::{kind}:{}", self.upload_id.simple())
    }

    /// Whether all of it is there.
    pub fn is_complete(&self) -> bool {
        self.received == self.length
    }
}

/// Opens a session.
pub async fn open(ctx: &Ctx, tx: &mut Tx, app: AppId, request: &Value) -> Result<Session, ManageError> {
    let app = apps::app(ctx, tx, app).await?.ok_or(ManageError::NotFound)?;
    let given = SESSION.read(request)?;
    if store::count(tx, app.app_id, ctx.now() - DAY).await? >= SESSIONS_MAX {
        let what = format!("the app opened {SESSIONS_MAX} sessions within a day: wait");
        return Err(ManageError::refused(crate::codes::TOO_MANY_CALLS, what));
    }
    let session = Session {
        upload_id: ctx.ordered_id(),
        app: app.app_id,
        portfolio: app.portfolio,
        file_type: text(&given, "file_type").unwrap_or_default().replace("image/jpg", "image/jpeg"),
        length: given.get("file_length").and_then(Value::as_i64).unwrap_or_default(),
        received: 0,
    };
    store::insert(ctx, tx, &session).await?;
    Ok(session)
}

/// A session by its id.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: &str) -> Result<Session, ManageError> {
    let id =
        id.strip_prefix("upload:").and_then(|id| Uuid::try_parse(id).ok()).ok_or(ManageError::NotFound)?;
    let session = store::get(tx, id).await?.ok_or(ManageError::NotFound)?;
    if may_touch(ctx, session.portfolio) { Ok(session) } else { Err(ManageError::NotFound) }
}

/// Takes bytes from an offset, which is where the session stands. The answer is the session as it is then.
pub async fn append(
    ctx: &Ctx,
    tx: &mut Tx,
    id: &str,
    offset: i64,
    bytes: &[u8],
) -> Result<Session, ManageError> {
    let session = get(ctx, tx, id).await?;
    if offset != session.received {
        let what = format!("the session stands at {}: go on from there", session.received);
        return Err(ManageError::invalid("file_offset", &what));
    }
    let received = session.received.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    if received > session.length {
        let what = format!("the file was said to have {} bytes; these are more", session.length);
        return Err(ManageError::invalid("file_length", &what));
    }
    if !bytes.is_empty() {
        store::append(tx, &session, offset, bytes).await?;
        store::set_received(tx, session.upload_id, received).await?;
    }
    Ok(Session { received, ..session })
}

/// The session that a handle stands for.
pub async fn of_handle(ctx: &Ctx, tx: &mut Tx, handle: &str) -> Result<Session, ManageError> {
    let id =
        handle.strip_prefix("4::").and_then(|rest| rest.split(':').nth(1)).ok_or(ManageError::NotFound)?;
    get(ctx, tx, &format!("upload:{id}")).await
}

/// The bytes that a handle stands for, and their media type.
pub async fn file(ctx: &Ctx, tx: &mut Tx, handle: &str) -> Result<(String, Vec<u8>), ManageError> {
    let session = of_handle(ctx, tx, handle).await?;
    let bytes = store::bytes(tx, session.upload_id).await?;
    Ok((session.file_type, bytes))
}

/// Whether a handle stands for a whole file of one of these types.
pub(crate) async fn check_handle(
    ctx: &Ctx,
    tx: &mut Tx,
    member: &str,
    handle: &str,
    types: &[&str],
) -> Result<(), ManageError> {
    let session = match of_handle(ctx, tx, handle).await {
        Err(ManageError::NotFound) => {
            let what = "the handle of an upload is expected: POST /{app-id}/uploads opens one";
            return Err(ManageError::invalid(member, what));
        }
        found => found?,
    };
    if !session.is_complete() {
        return Err(ManageError::invalid(member, "the file has not arrived completely"));
    }
    if !types.contains(&session.file_type.as_str()) {
        return Err(ManageError::invalid(
            member,
            &format!("a file of the type {} is expected", types.join(" or ")),
        ));
    }
    Ok(())
}
