//! QR codes, their pictures, and the pictures of profiles. What is printed on a wall is for everybody: the pictures and
//! the addresses behind them want no token.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, CloudApi, list as lists};
use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plaza_business::management::ManageError;
use plaza_business::qr::{self, QrCode};
use plaza_business::settings::{self, Setting};
use plaza_business::uploads;
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx, PhoneNumberId};
use serde_json::{Value, json};

fn view(call: &Call, code: &QrCode, image: Option<&str>) -> Value {
    let origin = lists::origin(call);
    let mut view = json!({
        "code": code.code,
        "prefilled_message": code.prefilled_message,
        "deep_link_url": format!("{origin}/message/{}", code.code),
        "creation_time": code.created_at,
    });
    if let (Some(image), Some(members)) = (image, view.as_object_mut()) {
        let file = format!("{origin}/message/{}.{}", code.code, image.to_lowercase());
        members.insert("qr_image_url".to_owned(), json!(file));
    }
    view
}

/// `qr_image_url.format(SVG)` asks for a picture by its kind.
fn image_wanted<'a>(call: &Call, code: &'a QrCode) -> Option<&'a str> {
    let fields = lists::Fields::of(call);
    let asked = fields.argument("qr_image_url", "format").map(str::to_ascii_uppercase);
    match asked.as_deref() {
        Some("SVG") => Some("SVG"),
        Some("PNG") => Some("PNG"),
        _ if fields.wants("qr_image_url") => Some(code.image.as_deref().unwrap_or("PNG")),
        _ => code.image.as_deref(),
    }
}

const DEFAULT_FIELDS: &[&str] = &["code", "prefilled_message", "deep_link_url", "qr_image_url"];

/// Makes a code, or changes the text of the one that the body or the address names.
pub(super) async fn put(call: Call) -> Result<Value, GraphError> {
    let (phone, mut request) = (call.phone(), call.params.value().clone());
    if let (Some(code), Some(members)) = (call.arguments.first(), request.as_object_mut()) {
        members.insert("code".to_owned(), json!(code));
    }
    let put = async move |ctx: &Ctx, tx: &mut Tx| qr::put(ctx, tx, phone, &request).await;
    let code = call.write("cloud_api.put_qr", put).await?;
    let mut view = view(&call, &code, image_wanted(&call, &code));
    if let Some(members) = view.as_object_mut() {
        members.remove("creation_time");
    }
    Ok(view)
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let wanted = call.params.text("code");
    let list = async move |ctx: &Ctx, tx: &mut Tx| qr::list(ctx, tx, phone).await;
    let codes = call.read("cloud_api.qrs", list).await?;
    let codes = codes.iter().filter(|code| wanted.as_ref().is_none_or(|wanted| code.code == *wanted));
    let items = codes.map(|code| {
        let mut item = lists::select(&call, view(&call, code, image_wanted(&call, code)), DEFAULT_FIELDS);
        // Pages go by it.
        if let Some(members) = item.as_object_mut() {
            members.insert("code".to_owned(), json!(code.code));
        }
        item
    });
    lists::page_by(&call, items.collect(), "code")
}

/// The code of the address, as a list of one; of none, where there is no such code.
pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let (phone, code) = (call.phone(), call.argument(0).to_owned());
    let get = async move |ctx: &Ctx, tx: &mut Tx| qr::get(ctx, tx, phone, &code).await;
    let found = call.read("cloud_api.qr", get).await?;
    let items = found.iter().map(|code| {
        let view = view(&call, code, image_wanted(&call, code));
        lists::select(&call, view, DEFAULT_FIELDS)
    });
    Ok(json!({"data": items.collect::<Vec<_>>()}))
}

pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let (phone, code) = (call.phone(), call.argument(0).to_owned());
    let delete = async move |ctx: &Ctx, tx: &mut Tx| qr::delete(ctx, tx, phone, &code).await;
    call.write("cloud_api.delete_qr", delete).await?;
    Ok(success())
}

/// `GET /message/{code}` opens the chat; with `.svg` or `.png` behind it, it is the picture of this very address.
pub async fn follow(app: &CloudApi, code: &str, origin: &str) -> Response {
    let (code, kind) = code.split_once('.').map_or((code, None), |(code, kind)| (code, Some(kind)));
    let owned = code.to_owned();
    let follow = async move |ctx: &Ctx, tx: &mut Tx| qr::follow(ctx, tx, &owned).await;
    let ctx = app.ctx.for_request(Actor::Anonymous);
    let found = match app.db.read(&ctx, "cloud_api.follow_qr", follow).await {
        Ok(found) => found,
        Err(ManageError::Db(error)) => return Problem::from(error).into_response(),
        Err(_) => None,
    };
    let Some((number, message)) = found else { return Problem::not_found("this code").into_response() };
    let is_png = match kind {
        Some("png") => true,
        Some("svg") => false,
        Some(_) => return Problem::not_found("this picture").into_response(),
        None => {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("to", &number)
                .append_pair("text", &message)
                .finish();
            return (StatusCode::FOUND, [(header::LOCATION, format!("/chat?{query}"))]).into_response();
        }
    };
    match qr::draw(&format!("{origin}/message/{code}"), is_png) {
        Some(picture) => file(picture.media_type, picture.bytes),
        None => Problem::not_found("this picture").into_response(),
    }
}

/// `GET /picture/{phone-number-id}`: the picture of a profile.
pub async fn picture(app: &CloudApi, phone: &str) -> Response {
    let Ok(phone) = phone.parse::<PhoneNumberId>() else {
        return Problem::not_found("this picture").into_response();
    };
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let profile = settings::read(ctx, tx, phone, Setting::Profile).await?;
        let handle = profile.get("profile_picture_handle").and_then(Value::as_str).map(str::to_owned);
        uploads::file(ctx, tx, &handle.ok_or(ManageError::NotFound)?).await
    };
    let system = app.ctx.for_request(Actor::System);
    match app.db.read(&system, "cloud_api.picture", read).await {
        Ok((media_type, bytes)) if media_type == "image/png" => file("image/png", bytes),
        Ok((_, bytes)) => file("image/jpeg", bytes),
        Err(ManageError::Db(error)) => Problem::from(error).into_response(),
        Err(_) => Problem::not_found("this picture").into_response(),
    }
}

pub(super) fn file(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
