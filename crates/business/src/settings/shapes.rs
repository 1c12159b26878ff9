//! The shapes of a number's documents.

use super::Setting;
use crate::documents::{Kind, Member, Shape, field, required};
use crate::json as sloppy;
use crate::management::ManageError;
use plaza_protocol::Ctx;
use serde_json::{Map, Value, json};

/// Where messages can be kept.
pub const REGIONS: &[&str] =
    &["AE", "AU", "BH", "BR", "CA", "CH", "DE", "GB", "ID", "IN", "JP", "KR", "SG", "ZA"];

const VERTICALS: &[&str] = &[
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
    "UNDEFINED",
    "NOT_A_BIZ",
];

/// Both the published description's and the documentation's words; the second stand.
const SWITCH: &[&str] = &["ENABLED", "DISABLED"];

pub(super) const PROFILE: Shape = Shape(&[
    field("messaging_product", Kind::Choice(&["whatsapp"])),
    field("about", Kind::Text(0, 139)),
    field("address", Kind::Text(0, 256)),
    field("description", Kind::Text(0, 512)),
    field("email", Kind::Email(128)),
    field("websites", Kind::List(2, &Kind::Url(256))),
    field("vertical", Kind::Choice(VERTICALS)),
    field("profile_picture_handle", Kind::Text(0, 2048)),
]);

pub(super) const COMMERCE: Shape =
    Shape(&[field("is_cart_enabled", Kind::Flag), field("is_catalog_visible", Kind::Flag)]);

const HOURS: Shape = Shape(&[
    field("status", Kind::Choice(SWITCH)),
    field("timezone_id", Kind::Text(1, 64)),
    field("weekly_operating_hours", Kind::List(28, &Kind::Object(&OPEN))),
    field("holiday_schedule", Kind::List(20, &Kind::Object(&HOLIDAY))),
]);
const DAYS: &[&str] = &["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
const OPEN: Shape = Shape(&[
    required("day_of_week", Kind::Choice(DAYS)),
    required("open_time", Kind::TimeOfDay),
    required("close_time", Kind::TimeOfDay),
]);
const HOLIDAY: Shape = Shape(&[
    required("date", Kind::Text(10, 10)),
    required("start_time", Kind::TimeOfDay),
    required("end_time", Kind::TimeOfDay),
]);
const ICONS: Shape = Shape(&[field("restrict_to_user_countries", Kind::List(250, &Kind::Text(2, 2)))]);
const SIP_SERVER: Shape = Shape(&[
    required("hostname", Kind::Text(1, 253)),
    field("port", Kind::Number(1, 65_535)),
    field("request_uri_user_params", Kind::Any),
]);
const SIP: Shape = Shape(&[
    field("status", Kind::Choice(SWITCH)),
    field("servers", Kind::List(1, &Kind::Object(&SIP_SERVER))),
]);
const ONE_SWITCH: Shape = Shape(&[field("status", Kind::Choice(SWITCH))]);
const CALLING: Shape = Shape(&[
    field("status", Kind::Choice(SWITCH)),
    field("call_icon_visibility", Kind::Choice(&["DEFAULT", "DISABLE_ALL", "VISIBLE", "HIDDEN"])),
    field("call_icons", Kind::Object(&ICONS)),
    field("call_hours", Kind::Object(&HOURS)),
    field("callback_permission_status", Kind::Choice(SWITCH)),
    field("srtp_key_exchange_protocol", Kind::Choice(&["DTLS", "SDES", "DTLS-SRTP", "SDES-SRTP"])),
    field("sip", Kind::Object(&SIP)),
    field("video", Kind::Object(&ONE_SWITCH)),
    field("audio", Kind::Object(&ONE_SWITCH)),
]);
const STORAGE: Shape = Shape(&[
    field(
        "status",
        Kind::Choice(&[
            "DEFAULT",
            "IN_COUNTRY_STORAGE_ENABLED",
            "IN_COUNTRY_STORAGE_DISABLED",
            "NO_STORAGE_ENABLED",
            "NO_STORAGE_DISABLED",
        ]),
    ),
    field("enabled", Kind::Flag),
    field("data_localization_region", Kind::Choice(REGIONS)),
    field("region", Kind::Choice(REGIONS)),
    field("retention_minutes", Kind::Number(0, 60)),
]);
const IDENTITY: Shape =
    Shape(&[field("enable_identity_key_check", Kind::Flag), field("enabled", Kind::Flag)]);
const PAYLOAD: Shape =
    Shape(&[field("status", Kind::Choice(SWITCH)), field("client_encryption_key", Kind::Text(1, 4096))]);
const SETTINGS: Shape = Shape(&[
    field("calling", Kind::Object(&CALLING)),
    field("storage_configuration", Kind::Object(&STORAGE)),
    field("user_identity_change", Kind::Object(&IDENTITY)),
    field("payload_encryption", Kind::Object(&PAYLOAD)),
]);

const CONTACT: &[Member] = &[
    required("email", Kind::Email(128)),
    field("mobile_number", Kind::Text(0, 20)),
    field("landline_number", Kind::Text(0, 20)),
];
const CARE: Shape = Shape(CONTACT);
const OFFICER: Shape = Shape(&[
    required("name", Kind::Text(1, 128)),
    required("email", Kind::Email(128)),
    field("mobile_number", Kind::Text(0, 20)),
    field("landline_number", Kind::Text(0, 20)),
]);
const COMPLIANCE: Shape = Shape(&[
    required("messaging_product", Kind::Choice(&["whatsapp"])),
    required("entity_name", Kind::Text(1, 128)),
    required(
        "entity_type",
        Kind::Choice(&[
            "LIMITED_LIABILITY_PARTNERSHIP",
            "SOLE_PROPRIETORSHIP",
            "PARTNERSHIP",
            "PUBLIC_COMPANY",
            "PRIVATE_COMPANY",
            "OTHER",
        ]),
    ),
    field("entity_type_custom", Kind::Text(0, 1024)),
    field("is_registered", Kind::Flag),
    required("grievance_officer_details", Kind::Object(&OFFICER)),
    required("customer_care_details", Kind::Object(&CARE)),
]);

const COMMAND: Shape = Shape(&[
    required("command_name", Kind::Text(1, 32)),
    required("command_description", Kind::Text(1, 256)),
]);
const AUTOMATION: Shape = Shape(&[
    field("enable_welcome_message", Kind::Flag),
    field("prompts", Kind::List(4, &Kind::Text(1, 80))),
    field("commands", Kind::List(30, &Kind::Object(&COMMAND))),
]);

const APPLICATION: Shape = Shape(&[
    field("business_name", Kind::Text(0, 255)),
    field("business_description", Kind::Text(0, 1000)),
    field("website_url", Kind::Url(2048)),
    field("contact_email", Kind::Email(128)),
]);
pub(super) const OFFICIAL: Shape = Shape(&[
    required("action", Kind::Choice(&["SUBMIT_APPLICATION", "WITHDRAW_APPLICATION", "RESUBMIT_APPLICATION"])),
    field("application_data", Kind::Object(&APPLICATION)),
]);

pub(super) fn official_message(status: &str) -> &'static str {
    match status {
        "PENDING" => "The application waits for the operator.",
        "UNDER_REVIEW" => "The operator looks at the application.",
        "APPROVED" => "The number is an official business account.",
        "REJECTED" => "The operator has declined the application.",
        "CANCELLED" => "The application was taken back.",
        _ => "There is no application.",
    }
}

/// What the interface answers for members that were never set.
pub(super) fn defaults(setting: Setting) -> Vec<(String, Value)> {
    let default = |name: &str, value: Value| (name.to_owned(), value);
    match setting {
        Setting::Profile => vec![default("messaging_product", json!("whatsapp"))],
        Setting::Settings => vec![
            default(
                "calling",
                json!({
                    "status": "DISABLED",
                    "call_icon_visibility": "DEFAULT",
                    "callback_permission_status": "DISABLED",
                }),
            ),
            default("storage_configuration", json!({"status": "DEFAULT"})),
            default("user_identity_change", json!({"enable_identity_key_check": false})),
        ],
        Setting::Commerce => {
            vec![default("is_cart_enabled", json!(true)), default("is_catalog_visible", json!(false))]
        }
        Setting::Automation => vec![default("enable_welcome_message", json!(false))],
        Setting::Official => vec![
            default("oba_status", json!("NONE")),
            default("status_message", json!(official_message("NONE"))),
        ],
        Setting::Compliance | Setting::Encryption => vec![],
    }
}

/// Two spellings of the same thing become one.
pub(super) fn settings(ctx: &Ctx, request: &Value) -> Result<Map<String, Value>, ManageError> {
    let mut change = SETTINGS.read(request)?;
    if let Some(calling) = change.get_mut("calling").and_then(Value::as_object_mut) {
        match calling.get("call_icon_visibility").and_then(Value::as_str) {
            Some("VISIBLE") => insert(calling, "call_icon_visibility", json!("DEFAULT")),
            Some("HIDDEN") => insert(calling, "call_icon_visibility", json!("DISABLE_ALL")),
            _ => {}
        }
        let servers = calling.get_mut("sip").and_then(|sip| sip.get_mut("servers"));
        for server in servers.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(members) = server.as_object_mut() {
                let password = hex::encode(ctx.random::<16>());
                insert(members, "sip_user_password", json!(password));
            }
        }
    }
    if let Some(storage) = change.get_mut("storage_configuration").and_then(Value::as_object_mut) {
        if let Some(region) = storage.remove("region") {
            insert(storage, "data_localization_region", region);
        }
        if let Some(enabled) = storage.remove("enabled").as_ref().and_then(sloppy::boolean) {
            let word = if enabled { "IN_COUNTRY_STORAGE_ENABLED" } else { "IN_COUNTRY_STORAGE_DISABLED" };
            insert(storage, "status", json!(word));
        }
    }
    let encryption = change.get("payload_encryption").and_then(|payload| payload.get("status"));
    if encryption.and_then(Value::as_str) == Some("ENABLED") {
        let what = "messages come over TLS and are encrypted from here on; a second layer is not offered";
        return Err(ManageError::invalid("payload_encryption.status", what));
    }
    if let Some(identity) = change.get_mut("user_identity_change").and_then(Value::as_object_mut)
        && let Some(enabled) = identity.remove("enabled")
    {
        insert(identity, "enable_identity_key_check", enabled);
    }
    Ok(change)
}

fn insert(members: &mut Map<String, Value>, name: &str, value: Value) {
    members.insert(name.to_owned(), value);
}

pub(super) fn compliance(request: &Value) -> Result<Map<String, Value>, ManageError> {
    let change = COMPLIANCE.read(request)?;
    let is_other = change.get("entity_type") == Some(&json!("OTHER"));
    if is_other && change.get("entity_type_custom").is_none_or(Value::is_null) {
        return Err(ManageError::invalid("entity_type_custom", "it is required with the type OTHER"));
    }
    Ok(change)
}

pub(super) fn automation(request: &Value) -> Result<Map<String, Value>, ManageError> {
    let mut change = AUTOMATION.read(request)?;
    for command in change.get_mut("commands").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = command.get("command_name").and_then(Value::as_str).unwrap_or_default();
        let plain = name.trim_start_matches('/').to_owned();
        let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
        if plain.is_empty() || !plain.chars().all(is_word) {
            return Err(ManageError::invalid(
                "commands",
                "a command's name is one word of letters, digits, _ and -",
            ));
        }
        if let Some(members) = command.as_object_mut() {
            insert(members, "command_name", json!(plain));
        }
    }
    Ok(change)
}
