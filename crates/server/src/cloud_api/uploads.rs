//! Files that arrive in pieces: `/{app-id}/uploads` opens a session, `/upload:…` takes the bytes and tells how far it
//! is.

use super::errors::GraphError;
use super::{Answer, Call};
use axum::http::HeaderName;
use futures_util::StreamExt as _;
use plaza_business::codes;
use plaza_business::uploads::{self, PIECE_BYTES_MAX, Session};
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

const FILE_OFFSET: HeaderName = HeaderName::from_static("file_offset");

pub(super) async fn open(call: Call) -> Result<Value, GraphError> {
    let (app, request) = (call.app_id(), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| uploads::open(ctx, tx, app, &request).await;
    let session = call.write("cloud_api.open_upload", work).await?;
    Ok(json!({"id": session.id()}))
}

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.id.clone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| uploads::get(ctx, tx, &id).await;
    let session = call.read("cloud_api.upload", work).await?;
    Ok(json!({"id": session.id(), "file_offset": session.received}))
}

/// Takes the body in pieces of a transaction each: what has arrived when the connection breaks stays.
pub(super) async fn append(call: Call) -> Result<Answer, GraphError> {
    let invalid = |what: &str| GraphError::new(codes::INVALID_PARAMETER).details(what.to_owned());
    let header = call.headers.get(FILE_OFFSET).and_then(|value| value.to_str().ok());
    let given = match header {
        Some(text) => text.trim().parse().ok(),
        None => Some(call.params.integer("file_offset")?.unwrap_or(0)),
    };
    let mut offset: i64 = given.ok_or_else(|| invalid("file_offset: a number of bytes is expected"))?;
    let mut body = call.take_body().into_data_stream();
    let mut piece: Vec<u8> = Vec::new();
    let mut session: Option<Session> = None;
    loop {
        let bytes = match body.next().await {
            None => None,
            Some(Ok(bytes)) => Some(bytes),
            Some(Err(_)) => {
                store(&call, offset, std::mem::take(&mut piece)).await?;
                return Err(invalid(
                    "the connection broke: ask for the session, and go on from its file_offset",
                ));
            }
        };
        let is_end = bytes.is_none();
        piece.extend(bytes.into_iter().flatten());
        while piece.len() >= PIECE_BYTES_MAX || (is_end && (!piece.is_empty() || session.is_none())) {
            let rest = piece.split_off(piece.len().min(PIECE_BYTES_MAX));
            let stored = store(&call, offset, std::mem::replace(&mut piece, rest)).await?;
            offset = stored.received;
            session = Some(stored);
        }
        if is_end {
            break;
        }
    }
    let session = session.ok_or_else(|| invalid("the body is empty"))?;
    Ok(if session.is_complete() {
        json!({"h": session.handle()}).into()
    } else {
        json!({"id": session.id(), "file_offset": session.received}).into()
    })
}

async fn store(call: &Call, offset: i64, bytes: Vec<u8>) -> Result<Session, GraphError> {
    let id = call.id.clone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| uploads::append(ctx, tx, &id, offset, &bytes).await;
    call.write("cloud_api.append_upload", work).await
}
