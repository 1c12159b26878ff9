//! # What an account keeps several of
//!
//! Schedules, welcome sequences of advertisements, sign-up links, payment configurations: documents of an account, each
//! kind with its shape and its limit. They are made, listed, read, changed and taken away by the same five operations.

use crate::activity;
use crate::documents::{self, Document, Key, Kind, Member, Shape, field, required};
use crate::json as sloppy;
use crate::management::ManageError;
use crate::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, WabaId};
use serde_json::{Map, Value, json};

/// What is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// Opening hours, maintenance, campaigns.
    Schedules,
    /// What opens with an advertisement.
    WelcomeSequences,
    /// Links by which people sign up for marketing messages.
    Signups,
    /// How people pay.
    PaymentConfigurations,
}

/// Documents of one kind in an account.
const ITEMS_MAX: usize = 200;

const DAYS: &[&str] = &["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
const RECURRENCE: Shape = Shape(&[
    field("frequency", Kind::Choice(&["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])),
    field("interval", Kind::Number(1, 1000)),
    field("end_date", Kind::Text(1, 40)),
]);
const SCHEDULE: Shape = Shape(&[
    required("name", Kind::Text(1, 100)),
    required(
        "schedule_type",
        Kind::Choice(&[
            "BUSINESS_HOURS",
            "AUTOMATED_RESPONSE",
            "MESSAGE_CAMPAIGN",
            "MAINTENANCE_WINDOW",
            "CUSTOM",
        ]),
    ),
    field("description", Kind::Text(0, 500)),
    required("start_time", Kind::Text(1, 40)),
    required("end_time", Kind::Text(1, 40)),
    field("timezone", Kind::Text(1, 64)),
    field("days_of_week", Kind::List(7, &Kind::Choice(DAYS))),
    field("is_active", Kind::Flag),
    field("recurrence_pattern", Kind::Object(&RECURRENCE)),
]);

const AUTOFILL: Shape = Shape(&[required("content", Kind::Text(1, 1000))]);
const ICE_BREAKER: Shape = Shape(&[required("title", Kind::Text(1, 80))]);
const GREETING: Shape = Shape(&[
    required("text", Kind::Text(1, 1024)),
    field("autofill_message", Kind::Object(&AUTOFILL)),
    field("ice_breakers", Kind::List(5, &Kind::Object(&ICE_BREAKER))),
]);
const SEQUENCE: Shape = Shape(&[
    required("name", Kind::Text(1, 255)),
    required("welcome_message_sequence", Kind::Object(&GREETING)),
]);

const SIGNUP_TEXTS: &[Member] = &[
    field("signup_message", Kind::Text(1, 300)),
    field("confirmation_message", Kind::Text(1, 300)),
    field("website_url", Kind::Url(2048)),
    field("promo_code", Kind::Text(0, 50)),
    field("display_name", Kind::Text(0, 256)),
    field("status", Kind::Choice(&["ACTIVE", "DISABLED"])),
];
const SIGNUP_CHANGE: Shape = Shape(SIGNUP_TEXTS);
const TERMS: Shape = Shape(&[field("tos", Kind::Text(0, 256)), required("accepted", Kind::Flag)]);
const SIGNUP: Shape = Shape(&[
    required("signup_message", Kind::Text(1, 300)),
    required("confirmation_message", Kind::Text(1, 300)),
    required("privacy_policy_url", Kind::Url(2048)),
    field("website_url", Kind::Url(2048)),
    field("promo_code", Kind::Text(0, 50)),
    field("display_name", Kind::Text(0, 256)),
    field("policy", Kind::Object(&TERMS)),
]);

const PAYMENT: Shape = Shape(&[
    required("configuration_name", Kind::Text(1, 60)),
    required("purpose_code", Kind::Text(1, 10)),
    required("merchant_category_code", Kind::Text(4, 4)),
    field("provider_name", Kind::Choice(&["razorpay", "payu", "billdesk", "zaakpay", "upi_vpa"])),
    field("redirect_url", Kind::Url(2048)),
    field("merchant_vpa", Kind::Text(3, 255)),
    field("data_endpoint_url", Kind::Url(2048)),
]);
const PAYMENT_CHANGE: Shape = Shape(&[
    field("purpose_code", Kind::Text(1, 10)),
    field("merchant_category_code", Kind::Text(4, 4)),
    field("redirect_url", Kind::Url(2048)),
    field("merchant_vpa", Kind::Text(3, 255)),
    field("data_endpoint_url", Kind::Url(2048)),
]);

impl Collection {
    fn kind(self) -> &'static str {
        match self {
            Self::Schedules => "schedule",
            Self::WelcomeSequences => "welcome_sequence",
            Self::Signups => "signup",
            Self::PaymentConfigurations => "payment_configuration",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::Schedules => SCHEDULE,
            Self::WelcomeSequences => SEQUENCE,
            Self::Signups => SIGNUP,
            Self::PaymentConfigurations => PAYMENT,
        }
    }

    fn change_shape(self) -> Shape {
        match self {
            Self::Schedules | Self::WelcomeSequences => self.shape(),
            Self::Signups => SIGNUP_CHANGE,
            Self::PaymentConfigurations => PAYMENT_CHANGE,
        }
    }

    /// What a document of this kind is told apart by: a name of the business's choice, or a number of ours.
    fn name(self, ctx: &Ctx, members: &Map<String, Value>) -> String {
        let own = members.get("configuration_name").and_then(Value::as_str);
        match (self, own) {
            (Self::PaymentConfigurations, Some(name)) => name.to_owned(),
            _ => ctx.graph_id().to_string(),
        }
    }

    fn check(self, members: &Map<String, Value>) -> Result<(), ManageError> {
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        match self {
            Self::Signups => {
                if !text("promo_code").chars().all(char::is_alphanumeric) {
                    return Err(ManageError::invalid("promo_code", "letters and digits are expected"));
                }
                let accepted = members.get("policy").and_then(|policy| policy.get("accepted"));
                if accepted.and_then(sloppy::boolean) == Some(false) {
                    return Err(ManageError::invalid("policy.accepted", "the terms have to be accepted"));
                }
                Ok(())
            }
            Self::PaymentConfigurations
                if text("provider_name").is_empty() && text("merchant_vpa").is_empty() =>
            {
                Err(ManageError::invalid("provider_name", "a provider_name or a merchant_vpa is expected"))
            }
            Self::PaymentConfigurations
                if !text("merchant_category_code").bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Err(ManageError::invalid("merchant_category_code", "four digits are expected"))
            }
            _ => Ok(()),
        }
    }

    fn unknown(self, name: &str) -> ManageError {
        ManageError::invalid(self.kind(), &format!("the account has none that is called {name}"))
    }
}

/// Makes one. The answer is the document.
pub async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    collection: Collection,
    request: &Value,
) -> Result<Document, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let mut body = collection.shape().read(request)?;
    collection.check(&body)?;
    if documents::count(tx, waba.waba_id.0, collection.kind()).await? >= ITEMS_MAX {
        let what = format!("the account has {ITEMS_MAX} of these already: take some away");
        return Err(ManageError::invalid(collection.kind(), &what));
    }
    let name = collection.name(ctx, &body);
    let key = Key { parent: waba.waba_id.0, kind: collection.kind(), name: &name };
    if documents::get(tx, key).await?.is_some() {
        return Err(ManageError::invalid("configuration_name", "there is one of this name already"));
    }
    if collection == Collection::Signups {
        body.insert("status".to_owned(), json!("ACTIVE"));
    }
    body.retain(|_, value| !value.is_null());
    documents::put(ctx, tx, key, waba.portfolio_id, &body).await?;
    let owner = (waba.portfolio_id, waba.waba_id);
    let what = format!("a {} was made", collection.kind());
    activity::record(ctx, tx, owner, "ACCOUNT_UPDATED", &what, json!({"name": name})).await?;
    documents::get(tx, key).await?.ok_or(ManageError::NotFound)
}

/// All of an account, the latest first.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    collection: Collection,
) -> Result<Vec<Document>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Ok(documents::list(tx, waba.waba_id.0, collection.kind()).await?)
}

/// The one with this name.
pub async fn get(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    collection: Collection,
    name: &str,
) -> Result<Document, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let key = Key { parent: waba.waba_id.0, kind: collection.kind(), name };
    documents::get(tx, key).await?.ok_or_else(|| collection.unknown(name))
}

/// The one with this id, in whichever account of the asker.
pub async fn by_id(
    ctx: &Ctx,
    tx: &mut Tx,
    collection: Collection,
    id: i64,
) -> Result<(WabaId, Document), ManageError> {
    let document = documents::by_id(tx, collection.kind(), id).await?.ok_or(ManageError::NotFound)?;
    let waba = portfolios::waba(ctx, tx, WabaId(document.parent)).await?;
    Ok((waba.waba_id, document))
}

/// Changes the members that the request has.
pub async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    collection: Collection,
    name: &str,
    request: &Value,
) -> Result<(), ManageError> {
    let old = get(ctx, tx, waba, collection, name).await?;
    let change = collection.change_shape().read(request)?;
    let mut whole = old.body;
    for (member, value) in change {
        if value.is_null() {
            whole.remove(&member)
        } else {
            whole.insert(member, value)
        };
    }
    collection.check(&whole)?;
    let key = Key { parent: waba.0, kind: collection.kind(), name };
    documents::put(ctx, tx, key, old.portfolio, &whole).await.map(drop)
}

/// Takes one away.
pub async fn delete(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    collection: Collection,
    name: &str,
) -> Result<(), ManageError> {
    get(ctx, tx, waba, collection, name).await?;
    documents::delete(tx, Key { parent: waba.0, kind: collection.kind(), name }).await?;
    Ok(())
}
