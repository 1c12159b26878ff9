//! # The life of a phone number
//!
//! A number is **added** to an account, **verified** with a one-time code, and **registered** with a PIN; then it
//! sends. `UNVERIFIED` → code → `PENDING` → PIN → `CONNECTED` ⇄ `DISCONNECTED`. Numbers that the operator opens begin
//! connected.
//!
//! - Adding claims nothing: until somebody has verified a number, whoever adds it next takes its place. A verified
//!   number belongs to its portfolio.
//! - A code has six digits, is good for ten minutes and five tries, and is kept as a hash. Codes are paced as those of
//!   people are.
//! - The **PIN** of two-step verification is set by the first registration; each later one must repeat it. After a
//!   wrong one there is a pause of five seconds, after five wrong ones of an hour. The API can change it and never
//!   removes it.
//! - Registering and deregistering together may happen ten times in 72 hours.
//! - A new **display name** is looked at by the operator (in a sandbox it is approved at once, unless it begins with
//!   `reject`), and is shown from the next registration on.

mod configure;
mod names;
pub(crate) mod store;

pub use names::{NameDecision, decide_name, waiting_names};
pub use store::NumberState;
pub(crate) use store::STATEMENTS;

use crate::documents::{Kind, Shape, field, required};
use crate::management::{ManageError, Tried};
use crate::portfolios::{self, BusinessNumber, NodeKind, Waba};
use crate::settings;
use crate::webhooks::{self, Event};
use crate::{Business, activity, codes, standing};
use plaza_db::{DbError, Tx};
use plaza_messaging::{accounts, registration};
use plaza_protocol::limits::{CODE_LIFETIME, CODE_TRIES_MAX, CODE_WINDOW, CODES_PER_DAY, CODES_PER_WINDOW};
use plaza_protocol::{AccountId, Ctx, PhoneNumber, PhoneNumberId, PortfolioId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Characters of a display name.
const NAME_CHARACTERS_MAX: usize = 75;
/// Numbers of one portfolio.
pub const NUMBERS_MAX: i64 = 20;
/// Registrations and deregistrations of one number within [`REGISTRATION_WINDOW`].
pub(crate) const REGISTRATIONS_MAX: i64 = 10;
pub(crate) const REGISTRATION_WINDOW: Duration = Duration::from_secs(72 * 3600);
/// Wrong PINs before the long pause.
const PIN_TRIES_MAX: i64 = 5;
const PIN_PAUSE: Duration = Duration::from_secs(3600);
/// The pause behind each wrong PIN.
const PIN_PACE: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Beside "too many calls".
const SUBCODE_TOO_MANY: i64 = 2_446_079;

const LANGUAGE_CHARACTERS_MAX: usize = 5;

const NEW: Shape = Shape(&[
    field("cc", Kind::Text(1, 4)),
    // How one client names it.
    field("country_code", Kind::Text(1, 4)),
    required("phone_number", Kind::Text(1, 30)),
    required("verified_name", Kind::Text(1, NAME_CHARACTERS_MAX)),
    field("migrate_phone_number", Kind::Flag),
    field("preverified_id", Kind::Text(1, 20)),
]);
const CODE_REQUEST: Shape = Shape(&[
    required("code_method", Kind::Choice(&["SMS", "VOICE"])),
    required("language", Kind::Text(2, LANGUAGE_CHARACTERS_MAX)),
]);
const REGISTER: Shape = Shape(&[
    required("messaging_product", Kind::Choice(&["whatsapp"])),
    required("pin", Kind::Text(1, 20)),
    field("data_localization_region", Kind::Choice(settings::REGIONS)),
    field("meta_store_retention_minutes", Kind::Number(0, 60)),
]);

/// A registered number, and whether its account on the network has to be opened yet.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The number, as it is now.
    pub number: BusinessNumber,
    /// The gateway has to open an account for it, in this transaction ([`attach_account`]).
    pub needs_account: bool,
}

/// What a number has beside its identity.
pub async fn state(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<NumberState, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    Ok(store::state(tx, number.phone_number_id).await?)
}

/// The number that a request names: `phone_number` in full, or without its calling code beside `cc`.
pub(crate) fn named_number(cc: Option<&str>, number: &str) -> Result<PhoneNumber, ManageError> {
    let whole = match cc.map(|cc| cc.trim().trim_start_matches('+')) {
        Some(cc) if !number.trim().starts_with('+') && !number.trim().starts_with(cc) => {
            format!("+{cc}{}", number.trim())
        }
        _ => number.to_owned(),
    };
    whole.parse().map_err(|error| ManageError::invalid("phone_number", &format!("{error}")))
}

pub(crate) fn text<'a>(members: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// An event about a number.
pub(crate) fn event(number: &BusinessNumber, field: &'static str, value: Value) -> Event {
    Event {
        portfolio: number.portfolio_id,
        waba: number.waba_id,
        phone: Some(number.phone_number_id),
        field,
        lane: number.phone_number_id.0,
        value,
    }
}

/// Writes what was done with a number into its account's list.
pub(crate) async fn log(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    kind: &str,
    description: &str,
) -> Result<(), DbError> {
    let details = json!({"phone_number_id": number.phone_number_id.to_string()});
    activity::record(ctx, tx, (number.portfolio_id, number.waba_id), kind, description, details).await
}

impl Business {
    /// Adds a number to an account. It sends once it is verified and registered.
    pub async fn add_number(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        waba: plaza_protocol::WabaId,
        request: &Value,
    ) -> Result<PhoneNumberId, ManageError> {
        let waba = portfolios::waba(ctx, tx, waba).await?;
        let new = NEW.read(request)?;
        if new.get("migrate_phone_number").and_then(Value::as_bool) == Some(true) {
            let what = "migrate_phone_number: moving a number from another provider is not possible; add it as a new one";
            return Err(ManageError::Refused {
                code: codes::INVALID_PARAMETER,
                subcode: Some(codes::SUBCODE_CANNOT_MIGRATE),
                what: what.to_owned(),
            });
        }
        let preverified = match text(&new, "preverified_id") {
            Some(id) => Some(crate::preverified::for_use(ctx, tx, id).await?),
            None => None,
        };
        let number = match &preverified {
            Some(number) => number.clone(),
            None => named_number(
                text(&new, "cc").or(text(&new, "country_code")),
                text(&new, "phone_number").unwrap_or_default(),
            )?,
        };
        let name = text(&new, "verified_name").unwrap_or_default();
        let phone = self.claim_number(ctx, tx, &waba, &number, name, preverified.is_some()).await?;
        let details = json!({"phone_number_id": phone.to_string()});
        let owner = (waba.portfolio_id, waba.waba_id);
        activity::record(ctx, tx, owner, "PHONE_NUMBER_ADDED", "a phone number was added", details).await?;
        Ok(phone)
    }

    async fn claim_number(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        waba: &Waba,
        number: &PhoneNumber,
        name: &str,
        is_preverified: bool,
    ) -> Result<PhoneNumberId, ManageError> {
        if store::count(tx, waba.portfolio_id).await? >= NUMBERS_MAX {
            let what = format!("phone_number: the business has {NUMBERS_MAX} numbers already");
            return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
        }
        if accounts::by_number(ctx, tx, number).await?.is_some() {
            let what = "the number is in use on the network: its owner has to give it up first";
            return Err(ManageError::invalid("phone_number", what));
        }
        match store::holder(tx, number).await? {
            Some((_, holder, true)) if holder == waba.portfolio_id => {
                return Err(ManageError::Refused {
                    code: codes::INVALID_PARAMETER,
                    subcode: Some(codes::SUBCODE_NUMBER_OWN),
                    what: "phone_number: it is in your list already".to_owned(),
                });
            }
            Some((_, _, true)) => {
                return Err(ManageError::invalid("phone_number", "it belongs to another business"));
            }
            // Nobody has shown yet that it is theirs.
            Some((phone, _, false)) => store::forget(tx, phone).await?,
            None => {}
        }
        let phone = PhoneNumberId(ctx.graph_id());
        store::insert_number(ctx, tx, phone, waba, number, name, is_preverified).await?;
        portfolios::store::insert_node(tx, phone.0, NodeKind::PhoneNumber, waba.portfolio_id).await?;
        let mut state = NumberState::of_new(is_preverified);
        self.review_first_name(&mut state, name);
        store::put(tx, phone, &state).await?;
        Ok(phone)
    }

    /// Makes a code for a number that is not verified yet.
    pub async fn request_code(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        request: &Value,
    ) -> Result<(), ManageError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        CODE_REQUEST.read(request)?;
        let mut state = store::state(tx, phone).await?;
        if state.verification == "VERIFIED" {
            let what = "the phone number is verified already: no code is needed";
            return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
        }
        let code = self.new_code(ctx, tx, phone.0, &number.number).await?;
        state.code = Some((code_hash(phone.0, &code).to_vec(), ctx.now() + CODE_LIFETIME));
        state.code_tries = 0;
        Ok(store::put(tx, phone, &state).await?)
    }

    /// A code on its way to a number, unless there were too many.
    pub(crate) async fn new_code(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        node: i64,
        number: &PhoneNumber,
    ) -> Result<String, ManageError> {
        let now = ctx.now();
        let in_window = store::attempts(tx, node, "code", now - CODE_WINDOW).await?;
        let in_day = store::attempts(tx, node, "code", now - DAY).await?;
        if in_window >= CODES_PER_WINDOW || in_day >= CODES_PER_DAY {
            let what = format!(
                "there were {CODES_PER_WINDOW} codes in ten minutes or {CODES_PER_DAY} in a day: wait and ask again"
            );
            return Err(too_many(what));
        }
        if !self.sandbox {
            let what =
                "this server has no courier for one-time codes yet: the operator runs it with --sandbox";
            return Err(ManageError::refused(codes::SERVICE, what));
        }
        store::count_attempt(ctx, tx, node, "code").await?;
        let code = if number.is_demo() {
            "000000".to_owned()
        } else {
            format!("{:06}", u32::from_be_bytes(ctx.random()) % 1_000_000)
        };
        registration::show_code(ctx, tx, number, &code, now + CODE_LIFETIME).await?;
        Ok(code)
    }

    /// Tries a code.
    pub async fn verify_code(&self, ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId, code: &str) -> Tried<()> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let mut state = store::state(tx, phone).await?;
        if let Err(refusal) = try_code(ctx, phone.0, code, &state.code, &mut state.code_tries) {
            store::put(tx, phone, &state).await?;
            return Ok(Err(refusal));
        }
        state.code = None;
        state.verification = "VERIFIED".to_owned();
        store::put(tx, phone, &state).await?;
        store::set_status(tx, phone, "PENDING").await?;
        log(ctx, tx, &number, "PHONE_NUMBER_VERIFIED", "a phone number was verified").await?;
        Ok(Ok(()))
    }

    /// Registers a number: from now on it sends.
    pub async fn register(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        request: &Value,
    ) -> Tried<Registered> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let given = REGISTER.read(request)?;
        let pin = checked_pin(text(&given, "pin").unwrap_or_default())?;
        if let Err(refusal) = count_registration(ctx, tx, phone).await? {
            return Ok(Err(refusal));
        }
        if standing::of(tx, number.waba_id).await?.is_some() {
            let what =
                "the operator has restricted or stopped this account: its numbers are registered afterwards";
            return Ok(Err(ManageError::refused(codes::LOCKED, what)));
        }
        let mut state = store::state(tx, phone).await?;
        if state.verification != "VERIFIED" {
            let what = "the phone number has to be verified first: request_code, then verify_code";
            return Ok(Err(ManageError::refused(codes::REVERIFICATION_NEEDED, what)));
        }
        let is_right = self.try_pin(ctx, phone, &mut state, pin)?;
        if let Err(refusal) = is_right {
            store::put(tx, phone, &state).await?;
            return Ok(Err(refusal));
        }
        if state.new_name_status.as_deref() == Some("APPROVED")
            && let Some(name) = state.new_name.take()
        {
            store::set_name(tx, phone, &name).await?;
            (state.name_status, state.new_name_status) = ("APPROVED".to_owned(), None);
        }
        let is_first = state.onboarded_at.is_none() && number.status != portfolios::CONNECTED;
        state.onboarded_at = Some(ctx.now());
        store::put(tx, phone, &state).await?;
        store::set_status(tx, phone, portfolios::CONNECTED).await?;
        settings::localize(ctx, tx, &number, &given).await?;
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        log(ctx, tx, &number, "ACCOUNT_UPDATED", "a phone number was registered").await?;
        if is_first {
            let value = json!({
                "display_phone_number": number.number.digits(),
                "event": "ONBOARDING",
                "current_limit": "TIER_UNLIMITED",
                "max_daily_conversations_per_business": "TIER_UNLIMITED",
            });
            webhooks::emit(ctx, tx, vec![event(&number, "phone_number_quality_update", value)]).await?;
        }
        crate::verification::refresh_badge(ctx, tx, number.portfolio_id).await?;
        let needs_account = !accounts_has(tx, &number).await?;
        Ok(Ok(Registered { number, needs_account }))
    }

    /// Takes a number out of service. Its PIN stays.
    pub async fn deregister(&self, ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Tried<()> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        if let Err(refusal) = count_registration(ctx, tx, phone).await? {
            return Ok(Err(refusal));
        }
        if !number.is_registered {
            let what = "the phone number is not registered";
            return Ok(Err(ManageError::refused(codes::NOT_REGISTERED, what)));
        }
        store::set_status(tx, phone, portfolios::DISCONNECTED).await?;
        log(ctx, tx, &number, "PHONE_NUMBER_REMOVED", "a phone number was deregistered").await?;
        Ok(Ok(()))
    }

    /// Sets the PIN, or changes it.
    pub(crate) async fn set_pin(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        pin: &str,
    ) -> Result<(), ManageError> {
        let pin = checked_pin(pin)?;
        let mut state = store::state(tx, number.phone_number_id).await?;
        state.sealed_pin = Some(self.sealing.seal(ctx, &pin_name(number.phone_number_id), pin.as_bytes())?);
        state.pin_tries = 0;
        store::put(tx, number.phone_number_id, &state).await?;
        log(ctx, tx, number, "ACCOUNT_UPDATED", "the PIN was changed").await?;
        let value = json!({
            "display_phone_number": number.number.digits(),
            "event": "PIN_CHANGED",
            "requester": requester(ctx),
        });
        Ok(webhooks::emit(ctx, tx, vec![event(number, "security", value)]).await?)
    }

    /// Compares a PIN with the one that is set, or sets the first.
    fn try_pin(
        &self,
        ctx: &Ctx,
        phone: PhoneNumberId,
        state: &mut NumberState,
        pin: &str,
    ) -> Result<Result<(), ManageError>, ManageError> {
        let now = ctx.now();
        let Some(sealed) = &state.sealed_pin else {
            state.sealed_pin = Some(self.sealing.seal(ctx, &pin_name(phone), pin.as_bytes())?);
            return Ok(Ok(()));
        };
        let own = self.sealing.open(&pin_name(phone), sealed)?;
        let since = now.since(state.pin_tried_at);
        if state.pin_tries >= PIN_TRIES_MAX && since < PIN_PAUSE {
            let wait = PIN_PAUSE.saturating_sub(since).as_secs();
            let what = format!("there were {PIN_TRIES_MAX} wrong PINs: wait {wait} seconds");
            return Ok(Err(ManageError::refused(codes::PIN_GUESSES, what)));
        }
        if state.pin_tries >= PIN_TRIES_MAX {
            state.pin_tries = 0;
        }
        if state.pin_tries > 0 && since < PIN_PACE {
            let what = format!("wait {} seconds between two tries", PIN_PACE.as_secs());
            return Ok(Err(ManageError::refused(codes::PIN_TOO_FAST, what)));
        }
        if bool::from(own.ct_eq(pin.as_bytes())) {
            state.pin_tries = 0;
            return Ok(Ok(()));
        }
        (state.pin_tries, state.pin_tried_at) = (state.pin_tries.saturating_add(1), now);
        let what = "the PIN is not the one of this phone number";
        Ok(Err(ManageError::refused(codes::PIN_MISMATCH, what)))
    }
}

/// The number's account on the network has been opened.
pub async fn attach_account(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(), ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    Ok(store::set_account(tx, number.phone_number_id, account).await?)
}

async fn accounts_has(tx: &mut Tx, number: &BusinessNumber) -> Result<bool, ManageError> {
    Ok(!accounts::views(tx, &[number.account_id]).await?.is_empty())
}

/// Registrations and deregistrations that count.
pub(crate) async fn registrations(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<i64, DbError> {
    store::attempts(tx, phone.0, "registration", ctx.now() - REGISTRATION_WINDOW).await
}

/// Numbers of a portfolio.
pub(crate) async fn count(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, DbError> {
    store::count(tx, portfolio).await
}

/// Counts a registration or deregistration, unless there were too many.
async fn count_registration(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Tried<()> {
    if registrations(ctx, tx, phone).await? >= REGISTRATIONS_MAX {
        let what =
            format!("a number can be registered and deregistered {REGISTRATIONS_MAX} times in 72 hours");
        return Ok(Err(ManageError::refused(codes::REGISTRATION_LIMIT, what)));
    }
    store::count_attempt(ctx, tx, phone.0, "registration").await?;
    Ok(Ok(()))
}

/// Compares a code with the one under way, and counts a wrong one.
pub(crate) fn try_code(
    ctx: &Ctx,
    node: i64,
    code: &str,
    own: &Option<(Vec<u8>, plaza_protocol::Timestamp)>,
    tries: &mut i64,
) -> Result<(), ManageError> {
    let Some((hash, expires_at)) = own else {
        return Err(ManageError::invalid("code", "there is none under way: request one first"));
    };
    if *tries >= CODE_TRIES_MAX {
        return Err(too_many(format!("there were {CODE_TRIES_MAX} wrong codes: request a new one")));
    }
    if ctx.now() >= *expires_at {
        return Err(ManageError::invalid("code", "it has expired: request a new one"));
    }
    // Written as it is read out: 123-456.
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    if bool::from(code_hash(node, &digits).as_slice().ct_eq(hash)) {
        return Ok(());
    }
    *tries = tries.saturating_add(1);
    let left = CODE_TRIES_MAX.saturating_sub(*tries);
    Err(ManageError::invalid("code", &format!("it is wrong; {left} tries are left")))
}

pub(crate) fn code_hash(node: i64, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(node.to_be_bytes()).chain_update(code.as_bytes()).finalize().into()
}

fn too_many(what: String) -> ManageError {
    ManageError::Refused { code: codes::TOO_MANY_CALLS, subcode: Some(SUBCODE_TOO_MANY), what }
}

fn checked_pin(pin: &str) -> Result<&str, ManageError> {
    let is_pin = pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit());
    if is_pin { Ok(pin) } else { Err(ManageError::invalid("pin", "six digits are expected")) }
}

fn pin_name(phone: PhoneNumberId) -> Vec<u8> {
    [b"pin:".as_slice(), &phone.0.to_be_bytes()].concat()
}

/// Who asked, for the webhook.
fn requester(ctx: &Ctx) -> String {
    match ctx.actor() {
        plaza_protocol::Actor::App { app, .. } => app.to_string(),
        _ => "operator".to_owned(),
    }
}

#[cfg(test)]
mod tests;
