//! # QR codes
//!
//! A code of 14 characters that leads to a phone number with a message already written. It is a document of the number;
//! whoever has the code may follow it, which is what it is printed for. The picture is drawn when it is asked for.

mod picture;

pub use picture::{Picture, draw};

use crate::documents::{self, Document, Key, Kind, Shape, field, required};
use crate::management::ManageError;
use crate::numbers::text;
use crate::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx, PhoneNumberId};
use serde_json::{Map, Value, json};

const KIND: &str = "qr";
/// Codes of one number.
const CODES_MAX: usize = 2000;
const CODE_CHARACTERS: usize = 14;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const CODE: Shape = Shape(&[
    field("code", Kind::Text(0, CODE_CHARACTERS)),
    required("prefilled_message", Kind::Text(1, 140)),
    field("generate_qr_image", Kind::Choice(&["SVG", "PNG"])),
]);

/// A code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// 14 characters.
    pub code: String,
    /// What stands in the box when it is opened.
    pub prefilled_message: String,
    /// Which picture was asked for when it was made.
    pub image: Option<String>,
    /// When it was made, in seconds.
    pub created_at: i64,
}

impl QrCode {
    fn of(document: &Document) -> Self {
        Self {
            code: document.name.clone(),
            prefilled_message: document.text("prefilled_message").to_owned(),
            image: document.body.get("image").and_then(Value::as_str).map(str::to_owned),
            created_at: document.created_at.seconds(),
        }
    }
}

fn key(phone: PhoneNumberId, code: &str) -> Key<'_> {
    Key { parent: phone.0, kind: KIND, name: code }
}

fn unknown() -> ManageError {
    ManageError::invalid("code", "the phone number has no such QR code")
}

/// Makes a code, or changes the message of one.
pub async fn put(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    request: &Value,
) -> Result<QrCode, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let given = CODE.read(request)?;
    let message = text(&given, "prefilled_message").unwrap_or_default().to_owned();
    let mut body = Map::from_iter([("prefilled_message".to_owned(), json!(message))]);
    let code = match text(&given, "code") {
        Some(code) => {
            let old = documents::get(tx, key(phone, code)).await?.ok_or_else(unknown)?;
            if let Some(image) = old.body.get("image") {
                body.insert("image".to_owned(), image.clone());
            }
            code.to_owned()
        }
        None if documents::count(tx, phone.0, KIND).await? >= CODES_MAX => {
            let what = format!("the phone number has {CODES_MAX} QR codes already: delete some");
            return Err(ManageError::invalid("prefilled_message", &what));
        }
        None => new_code(ctx),
    };
    if let Some(image) = given.get("generate_qr_image") {
        body.insert("image".to_owned(), image.clone());
    }
    documents::put(ctx, tx, key(phone, &code), number.portfolio_id, &body).await?;
    get(ctx, tx, phone, &code).await?.ok_or_else(unknown)
}

fn new_code(ctx: &Ctx) -> String {
    let random: [u8; CODE_CHARACTERS] = ctx.random();
    random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect()
}

/// The codes of a number, the latest first.
pub async fn list(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<Vec<QrCode>, ManageError> {
    portfolios::phone_number(ctx, tx, phone).await?;
    Ok(documents::list(tx, phone.0, KIND).await?.iter().map(QrCode::of).collect())
}

/// One code.
pub async fn get(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    code: &str,
) -> Result<Option<QrCode>, ManageError> {
    portfolios::phone_number(ctx, tx, phone).await?;
    Ok(documents::get(tx, key(phone, code)).await?.as_ref().map(QrCode::of))
}

/// Takes a code away: what was printed leads nowhere any more.
pub async fn delete(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId, code: &str) -> Result<(), ManageError> {
    portfolios::phone_number(ctx, tx, phone).await?;
    if documents::delete(tx, key(phone, code)).await? { Ok(()) } else { Err(unknown()) }
}

/// Where a code leads: the number, and the message. For everybody.
pub async fn follow(ctx: &Ctx, tx: &mut Tx, code: &str) -> Result<Option<(String, String)>, ManageError> {
    if code.len() != CODE_CHARACTERS {
        return Ok(None);
    }
    let Some(found) = documents::named(tx, KIND, code).await?.pop() else { return Ok(None) };
    let system = ctx.acting_as(Actor::System);
    let number = portfolios::phone_number(&system, tx, PhoneNumberId(found.parent)).await?;
    Ok(Some((number.number.to_string(), found.text("prefilled_message").to_owned())))
}
