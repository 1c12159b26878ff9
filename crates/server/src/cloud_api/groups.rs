//! Groups of a phone number: `/{phone-number-id}/groups`, and everything below `/{group-id}`.
//!
//! Each change is one transaction: what the business says, and what the hosted device of the number does about it.

use super::errors::GraphError;
use super::list as lists;
use super::subscriptions::success;
use super::{Call, list::origin};
use crate::cloud_api::params::Params;
use crate::problem::Problem;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use plaza_business::codes::{self, Code};
use plaza_business::groups::{
    self, BusinessGroup, ChangeGroup, Changed, CreateGroup, Decided, GroupDetails, NewPicture, People,
    Requests, approval_mode, format_id,
};
use plaza_business::management::ManageError;
use plaza_business::media::kinds;
use plaza_db::Tx;
use plaza_messaging::groups::Group;
use plaza_protocol::limits::{BODY_BYTES_MAX, GROUP_PICTURE_BYTES_MAX};
use plaza_protocol::{Actor, Ctx, JoinRequestId};
use serde_json::{Value, json};

/// The members that a file of a picture may stand in.
const PICTURE_MEMBERS: [&str; 3] = ["file", "profile_picture_file", "profile_picture"];

/// Makes a change with the work of the hosted device that it needs.
async fn change<T: Send + 'static>(
    call: &Call,
    name: &'static str,
    change: impl AsyncFn(&Ctx, &mut Tx) -> Result<(T, Changed), ManageError> + Send + 'static,
) -> Result<(T, String), GraphError> {
    let gateway = call.app.gateway.clone();
    let all = async move |ctx: &Ctx, tx: &mut Tx| {
        let (done, changed) = change(ctx, tx).await?;
        for work in &changed.work {
            gateway.work_for_group(ctx, tx, work).await?;
        }
        Ok::<_, ManageError>((done, changed.request_id))
    };
    call.write(name, all).await
}

fn requested(request_id: &str) -> Value {
    json!({"messaging_product": "whatsapp", "request_id": request_id})
}

/// `POST /{phone}/groups`
pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let (phone, asked, origin) = (call.phone(), CreateGroup::read(call.params.value())?, origin(&call));
    let business = call.app.business.clone();
    let create = async move |ctx: &Ctx, tx: &mut Tx| {
        Ok(((), business.create_group(ctx, tx, phone, &asked, &origin).await?))
    };
    let ((), request_id) = change(&call, "cloud_api.create_group", create).await?;
    Ok(requested(&request_id))
}

/// `GET /{phone}/groups`: the list stands one level deeper than others.
pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let (phone, limit) = (call.phone(), lists::page_rows(&call)?);
    let after = match lists::decode_cursor(&call, "after").map_err(|_| groups::invalid_cursor())? {
        Some(cursor) => Some(groups::parse_id(&cursor).ok_or_else(groups::invalid_cursor)?),
        None => None,
    };
    let list = async move |ctx: &Ctx, tx: &mut Tx| {
        // One more than asked for says whether there is another page.
        groups::list(ctx, tx, phone, after, limit.saturating_add(1)).await
    };
    let mut found = call.read("cloud_api.groups", list).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let cursor = |group: Option<&(BusinessGroup, Group)>| {
        lists::encode_cursor(&group.map(|(here, _)| format_id(here.group_id)).unwrap_or_default())
    };
    let (first, last) = (cursor(found.first()), cursor(found.last()));
    let data: Vec<Value> = found
        .iter()
        .map(|(here, group)| {
            json!({
                "id": format_id(here.group_id),
                "subject": group.subject,
                "created_at": here.created_at.seconds().to_string(),
            })
        })
        .collect();
    let mut answer = lists::envelope(&call, Vec::new(), (&first, &last), (false, has_more));
    answer["data"] = json!({"groups": data});
    Ok(answer)
}

fn view(details: &GroupDetails) -> Value {
    let GroupDetails { here, group, participants } = details;
    let people = participants
        .iter()
        .map(|contact| json!({"wa_id": contact.number.digits(), "user_id": contact.user_id}));
    json!({
        "id": format_id(here.group_id),
        "messaging_product": "whatsapp",
        "subject": group.subject,
        "description": group.description,
        "suspended": here.is_suspended,
        "creation_timestamp": here.created_at.seconds(),
        "total_participant_count": participants.len(),
        "participants": people.collect::<Vec<_>>(),
        "join_approval_mode": approval_mode(group),
    })
}

/// `GET /{group}`
pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let get = async move |ctx: &Ctx, tx: &mut Tx| groups::get(ctx, tx, id).await;
    let details = call.read("cloud_api.group", get).await?;
    Ok(lists::select_all(&call, view(&details)))
}

/// `POST /{group}`: the picture comes as a file in a multipart body.
pub(super) async fn update(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let _large = call.app.large_bodies.acquire().await.map_err(GraphError::internal)?;
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.headers = call.headers.clone();
    let bytes_max = GROUP_PICTURE_BYTES_MAX.saturating_add(BODY_BYTES_MAX);
    let body = Params::read(&parts, call.take_body(), bytes_max).await?;
    let mut asked = call.params.value().clone();
    if let (Some(members), Some(more)) = (asked.as_object_mut(), body.value().as_object()) {
        members.extend(more.clone());
    }
    let picture = match PICTURE_MEMBERS.iter().find_map(|name| body.file(name)) {
        None => None,
        Some(file) => {
            // Its bytes say what it is: some clients call every picture a JPEG.
            let said = if file.bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
            let kind = kinds::look(said, &file.bytes)
                .map_err(|why| GraphError::new(codes::INVALID_PARAMETER).details(format!("file: {why}")))?;
            Some(NewPicture::new(&kind, file.bytes.to_vec())?)
        }
    };
    let asked = ChangeGroup::read(&asked, picture)?;
    let business = call.app.business.clone();
    let update =
        async move |ctx: &Ctx, tx: &mut Tx| Ok(((), business.change_group(ctx, tx, id, &asked).await?));
    let ((), request_id) = change(&call, "cloud_api.change_group", update).await?;
    Ok(json!({"messaging_product": "whatsapp", "success": true, "request_id": request_id}))
}

/// `DELETE /{group}`
pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let business = call.app.business.clone();
    let delete = async move |ctx: &Ctx, tx: &mut Tx| Ok(((), business.delete_group(ctx, tx, id).await?));
    let ((), request_id) = change(&call, "cloud_api.delete_group", delete).await?;
    call.app.forget(id.0);
    Ok(json!({"messaging_product": "whatsapp", "success": true, "request_id": request_id}))
}

fn link(link: &str) -> Value {
    json!({"messaging_product": "whatsapp", "invite_link": link})
}

/// `GET /{group}/invite_link`
pub(super) async fn invite_link(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let get = async move |ctx: &Ctx, tx: &mut Tx| groups::invite_link(ctx, tx, id).await;
    Ok(link(&call.read("cloud_api.invite_link", get).await?))
}

/// `POST /{group}/invite_link`
pub(super) async fn reset_invite_link(call: Call) -> Result<Value, GraphError> {
    let (id, origin) = (call.group(), origin(&call));
    let business = call.app.business.clone();
    let reset = async move |ctx: &Ctx, tx: &mut Tx| business.reset_invite_link(ctx, tx, id, &origin).await;
    Ok(link(&call.write("cloud_api.reset_invite_link", reset).await?))
}

/// `DELETE /{group}/invite_link`
pub(super) async fn delete_invite_link(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let business = call.app.business.clone();
    let delete = async move |ctx: &Ctx, tx: &mut Tx| business.delete_invite_link(ctx, tx, id).await;
    call.write("cloud_api.delete_invite_link", delete).await?;
    Ok(success())
}

/// `GET /{group}/join_requests`
pub(super) async fn join_requests(call: Call) -> Result<Value, GraphError> {
    let (id, limit) = (call.group(), lists::page_rows(&call)?);
    let after: Option<JoinRequestId> =
        match lists::decode_cursor(&call, "after").map_err(|_| groups::invalid_cursor())? {
            Some(cursor) => Some(cursor.parse().map_err(|_| groups::invalid_cursor())?),
            None => None,
        };
    let list = async move |ctx: &Ctx, tx: &mut Tx| {
        groups::join_requests(ctx, tx, id, after, limit.saturating_add(1)).await
    };
    let mut found = call.read("cloud_api.join_requests", list).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let data: Vec<Value> = found
        .iter()
        .map(|(request, contact)| {
            json!({
                "join_request_id": request.id,
                "wa_id": contact.number.digits(),
                "user_id": contact.user_id,
                "creation_timestamp": request.at.seconds(),
            })
        })
        .collect();
    let cursor = |at: Option<&Value>| {
        let id = at.and_then(|request| request["join_request_id"].as_str()).unwrap_or_default();
        lists::encode_cursor(id)
    };
    let (first, last) = (cursor(data.first()), cursor(data.last()));
    Ok(lists::envelope(&call, data, (&first, &last), (false, has_more)))
}

/// `POST /{group}/join_requests`
pub(super) async fn approve(call: Call) -> Result<Value, GraphError> {
    let (id, asked) = (call.group(), Requests::read(call.params.value())?);
    let business = call.app.business.clone();
    let approve = async move |ctx: &Ctx, tx: &mut Tx| {
        let decided = business.approve_join_requests(ctx, tx, id, &asked).await?;
        let changed = decided.changed.clone();
        Ok((decided, changed))
    };
    let (decided, _) = change(&call, "cloud_api.approve_join_requests", approve).await?;
    decision(&decided, "approved_join_requests")
}

/// `DELETE /{group}/join_requests`
pub(super) async fn reject(call: Call) -> Result<Value, GraphError> {
    let (id, asked) = (call.group(), Requests::read(call.params.value())?);
    let business = call.app.business.clone();
    let reject = async move |ctx: &Ctx, tx: &mut Tx| business.reject_join_requests(ctx, tx, id, &asked).await;
    let decided = call.write("cloud_api.reject_join_requests", reject).await?;
    decision(&decided, "rejected_join_requests")
}

fn error(code: Code, why: &str) -> Value {
    json!({"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": why}})
}

/// Said of an answer where some things could not be done.
fn partly(failed: usize) -> Value {
    let why = format!("{failed} of the list could not be done: each stands in this answer with its reason");
    json!([error(codes::PARTIAL_SUCCESS, &why)])
}

/// What was done, and beside it what was not. Where nothing was, the first reason is the answer.
fn decision(decided: &Decided, done: &str) -> Result<Value, GraphError> {
    if let (true, Some((_, code, why))) = (decided.done.is_empty(), decided.failed.first()) {
        return Err(GraphError::new(*code).details(*why));
    }
    let mut answer = requested(&decided.changed.request_id);
    answer[done] = json!(decided.done);
    if !decided.failed.is_empty() {
        let failed = decided
            .failed
            .iter()
            .map(|(id, code, why)| json!({"join_request_id": id, "errors": [error(*code, why)]}));
        answer["failed_join_requests"] = failed.collect();
        answer["errors"] = partly(decided.failed.len());
    }
    Ok(answer)
}

/// `POST /{group}/participants`: nobody is put into a group; people come by themselves.
pub(super) async fn add_participants(call: Call) -> Result<Value, GraphError> {
    let id = call.group();
    let get = async move |ctx: &Ctx, tx: &mut Tx| groups::get(ctx, tx, id).await;
    call.read("cloud_api.group", get).await?;
    let what = "people join a group by its invite link: send them the link, for instance in a template";
    Err(GraphError::new(codes::INVALID_PARAMETER).details(what))
}

/// `DELETE /{group}/participants`
pub(super) async fn remove_participants(call: Call) -> Result<Value, GraphError> {
    let (id, asked) = (call.group(), People::read(call.params.value())?);
    let business = call.app.business.clone();
    let remove = async move |ctx: &Ctx, tx: &mut Tx| {
        let removed = business.remove_participants(ctx, tx, id, &asked).await?;
        let changed = removed.changed.clone();
        Ok((removed, changed))
    };
    let (removed, request_id) = change(&call, "cloud_api.remove_participants", remove).await?;
    if let (true, Some((person, code, why))) = (removed.removed.is_empty(), removed.failed.first()) {
        return Err(GraphError::new(*code).details(format!("{}: {why}", person.input)));
    }
    let mut answer = requested(&request_id);
    let gone = removed.removed.iter().map(|(person, contact)| {
        json!({"input": person.input, "wa_id": contact.number.digits(), "user_id": contact.user_id})
    });
    answer["removed_participants"] = gone.collect();
    if !removed.failed.is_empty() {
        let failed = removed
            .failed
            .iter()
            .map(|(person, code, why)| json!({"input": person.input, "errors": [error(*code, why)]}));
        answer["failed_participants"] = failed.collect();
        answer["errors"] = partly(removed.failed.len());
    }
    Ok(answer)
}

/// `GET /group-picture/{id}`: the id is random, and members know it.
pub async fn group_picture(app: &super::CloudApi, id: &str) -> Response {
    let system = app.ctx.for_request(Actor::System);
    let id = id.to_owned();
    let read = async move |_: &Ctx, tx: &mut Tx| groups::picture(tx, &id).await;
    let (media_type, bytes) = match app.db.read(&system, "cloud_api.group_picture", read).await {
        Ok(Some(picture)) => picture,
        Ok(None) => return Problem::not_found("this picture").into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    let media_type = if media_type == "image/png" { "image/png" } else { "image/jpeg" };
    let mut response = super::pictures::file(media_type, bytes);
    // It never changes: a new picture has a new id.
    let forever = HeaderValue::from_static("private, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    response
}
