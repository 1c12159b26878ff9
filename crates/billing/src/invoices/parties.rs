//! Who sends an invoice, who gets it, and what the tax office takes.

use super::total::Treatment;
use super::{InvoiceError, number, require_operator, store};
use crate::audit::{self, Act, On};
use crate::funds::require_payer;
use jiff::tz::TimeZone;
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The one legal entity of a network.
pub(super) const ENTITY: &str = "main";
/// Characters of a field.
const FIELD_CHARS_MAX: usize = 120;
/// The longest time that a draft waits for late receipts, hours: receipts come up to thirty days late.
const GRACE_H_MAX: i64 = 720;
/// The longest time to pay, days.
const DUE_DAYS_MAX: i64 = 365;

/// Who sends the invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalEntity {
    /// Its name.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// Country, two letters.
    pub country: String,
    /// Tax id; empty: none.
    #[serde(default)]
    pub tax_id: String,
    /// Mail address for questions.
    pub email: String,
    /// Where transfers go; empty: none.
    #[serde(default)]
    pub iban: String,
    /// The bank of it.
    #[serde(default)]
    pub bic: String,
    /// Years of numbers, and dates on documents, are those of this time zone.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// How long a draft waits for late receipts, hours.
    #[serde(default = "grace_h")]
    pub grace_h: i64,
    /// How many days there are to pay.
    #[serde(default = "due_days")]
    pub due_days: i64,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn grace_h() -> i64 {
    72
}

fn due_days() -> i64 {
    14
}

/// Whom the invoices of a portfolio name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name of the business.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// Country, two letters.
    pub country: String,
    /// Tax id; empty: none.
    #[serde(default)]
    pub tax_id: String,
    /// Where invoices are mailed.
    pub email: String,
    /// The price book's prices contain the tax.
    #[serde(default)]
    pub is_tax_inclusive: bool,
}

/// What a jurisdiction takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// A country, two letters.
    pub jurisdiction: String,
    /// From when on.
    pub effective_from: Timestamp,
    /// Until when, exclusive.
    pub effective_to: Option<Timestamp>,
    /// Parts per million.
    pub ppm: i64,
    /// What it is called.
    pub name: String,
    /// Businesses elsewhere with a tax id account for it themselves.
    pub reverse_charge: bool,
}

fn check(fields: &[(&str, &'static str)], country: &str, email: &str) -> Result<(), InvoiceError> {
    for (value, wrong) in fields {
        let is_plain = !value.chars().any(char::is_control);
        if value.trim().is_empty() || value.chars().count() > FIELD_CHARS_MAX || !is_plain {
            return Err(InvoiceError::Invalid(wrong));
        }
    }
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(InvoiceError::Invalid("country: the two letters of ISO 3166 are needed, such as DE"));
    }
    let is_mail = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !is_mail || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvoiceError::Invalid("email: a mail address is needed"));
    }
    Ok(())
}

const NAME: &str = "name: 1 to 120 characters are needed";
const STREET: &str = "street: 1 to 120 characters are needed";
const POSTAL_CODE: &str = "postal_code: 1 to 120 characters are needed";
const CITY: &str = "city: 1 to 120 characters are needed";
const OPTIONAL: &str = "tax_id, iban and bic: at most 40 letters and digits";

fn check_codes(codes: &[&str]) -> Result<(), InvoiceError> {
    let is_code = |code: &&str| {
        code.len() <= 40
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | b'/'))
    };
    if codes.iter().all(is_code) { Ok(()) } else { Err(InvoiceError::Invalid(OPTIONAL)) }
}

/// Sets who sends the invoices. Those that are final keep what they say.
pub async fn set_entity(ctx: &Ctx, tx: &mut Tx, entity: &LegalEntity) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    let LegalEntity { name, street, postal_code, city, country, tax_id, email, iban, bic, .. } = entity;
    let fields = [(&**name, NAME), (street, STREET), (postal_code, POSTAL_CODE), (city, CITY)];
    check(&fields, country, email)?;
    check_codes(&[tax_id, iban, bic])?;
    TimeZone::get(&entity.time_zone)
        .map_err(|_| InvoiceError::Invalid("time_zone: a name such as Europe/Berlin is needed"))?;
    if !(0..=GRACE_H_MAX).contains(&entity.grace_h) {
        return Err(InvoiceError::Invalid("grace_h: 0 to 720 hours"));
    }
    if !(0..=DUE_DAYS_MAX).contains(&entity.due_days) {
        return Err(InvoiceError::Invalid("due_days: 0 to 365 days"));
    }
    let row = params![
        ENTITY,
        name,
        street,
        postal_code,
        city,
        country,
        tax_id,
        email,
        iban,
        bic,
        &entity.time_zone,
        entity.grace_h,
        entity.due_days
    ];
    tx.execute(store::UPSERT_ENTITY, row).await?;
    let details = json!({
        "name": name, "country": country, "tax_id": tax_id, "time_zone": entity.time_zone,
        "grace_h": entity.grace_h, "due_days": entity.due_days,
    });
    Ok(audit::note(ctx, tx, Act::LegalEntity, On::of(ENTITY), details).await?)
}

/// Who sends the invoices; `None`: not set.
pub async fn entity(_ctx: &Ctx, tx: &mut Tx) -> Result<Option<LegalEntity>, InvoiceError> {
    let Some(row) = tx.query_one(store::ENTITY, params![ENTITY]).await? else { return Ok(None) };
    Ok(Some(LegalEntity {
        name: row.get(0)?,
        street: row.get(1)?,
        postal_code: row.get(2)?,
        city: row.get(3)?,
        country: row.get(4)?,
        tax_id: row.get(5)?,
        email: row.get(6)?,
        iban: row.get(7)?,
        bic: row.get(8)?,
        time_zone: row.get(9)?,
        grace_h: row.get(10)?,
        due_days: row.get(11)?,
    }))
}

/// Sets whom the invoices of a portfolio name. Those that are final keep what they say. Whether its prices contain the
/// tax is the operator's to say.
pub async fn set_profile(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    profile: &Profile,
) -> Result<(), InvoiceError> {
    require_payer(ctx, portfolio)?;
    let Profile { name, street, postal_code, city, country, tax_id, email, .. } = profile;
    let fields = [(&**name, NAME), (street, STREET), (postal_code, POSTAL_CODE), (city, CITY)];
    check(&fields, country, email)?;
    check_codes(&[tax_id])?;
    super::draft::portfolio(tx, portfolio).await?;
    let is_tax_inclusive = match require_operator(ctx) {
        Ok(()) => profile.is_tax_inclusive,
        Err(_) => self::profile(ctx, tx, portfolio).await?.is_some_and(|known| known.is_tax_inclusive),
    };
    let row = params![portfolio, name, street, postal_code, city, country, tax_id, email, is_tax_inclusive];
    tx.execute(store::UPSERT_PROFILE, row).await?;
    let details = json!({"name": name, "country": country, "is_tax_inclusive": is_tax_inclusive});
    Ok(audit::note(ctx, tx, Act::InvoiceProfile, portfolio, details).await?)
}

/// Whom the invoices of a portfolio name; `None`: not set.
pub async fn profile(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Option<Profile>, InvoiceError> {
    require_payer(ctx, portfolio)?;
    let Some(row) = tx.query_one(store::PROFILE, params![portfolio]).await? else { return Ok(None) };
    Ok(Some(Profile {
        name: row.get(0)?,
        street: row.get(1)?,
        postal_code: row.get(2)?,
        city: row.get(3)?,
        country: row.get(4)?,
        tax_id: row.get(5)?,
        email: row.get(6)?,
        is_tax_inclusive: row.get(7)?,
    }))
}

/// Adds a rate; the one before ends where it begins. Rates of the past do not change.
pub async fn set_tax_rate(ctx: &Ctx, tx: &mut Tx, rate: &TaxRate) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    let TaxRate { jurisdiction, effective_from, ppm, name, .. } = rate;
    if jurisdiction.len() != 2 || !jurisdiction.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(InvoiceError::Invalid(
            "jurisdiction: the two letters of ISO 3166 are needed, such as DE",
        ));
    }
    if !(0..=1_000_000).contains(ppm) {
        return Err(InvoiceError::Invalid("ppm: 0 to 1000000 parts per million; 190000 is 19 %"));
    }
    if name.trim().is_empty() || name.chars().count() > 40 {
        return Err(InvoiceError::Invalid("name: 1 to 40 characters are needed, such as VAT"));
    }
    if !tx.query(store::TAX_RATES_FROM, params![jurisdiction, effective_from]).await?.is_empty() {
        return Err(InvoiceError::RateExists(jurisdiction.clone()));
    }
    tx.execute(store::END_TAX_RATE, params![jurisdiction, effective_from]).await?;
    let row = params![jurisdiction, effective_from, *ppm, name, rate.reverse_charge];
    tx.execute(store::INSERT_TAX_RATE, row).await?;
    let details = json!({
        "effective_from": effective_from.seconds(), "ppm": *ppm, "name": name, "reverse_charge": rate.reverse_charge,
    });
    Ok(audit::note(ctx, tx, Act::TaxRate, On::of(jurisdiction), details).await?)
}

/// Takes a rate back that no invoice can have used: it has not begun, or nothing was issued since it did. The one before
/// goes on in its place.
pub async fn remove_tax_rate(
    ctx: &Ctx,
    tx: &mut Tx,
    jurisdiction: &str,
    effective_from: Timestamp,
) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    // What is being issued with it now is issued first, or without it.
    number::hold_invoices(ctx, tx).await?;
    let rate = params![jurisdiction, effective_from];
    let row = tx.query_one(store::DELETE_TAX_RATE, rate).await?.ok_or(InvoiceError::UnknownRate)?;
    let until: Option<Timestamp> = row.get(0)?;
    // A rate that has begun may stand on any invoice since then.
    let has_begun = effective_from <= ctx.now();
    if has_begun && tx.query_one(store::ISSUED_SINCE, params![effective_from]).await?.is_some() {
        return Err(InvoiceError::RateUsed);
    }
    tx.execute(store::REOPEN_TAX_RATE, params![jurisdiction, effective_from, until]).await?;
    let details = json!({"effective_from": effective_from.seconds()});
    Ok(audit::note(ctx, tx, Act::TaxRateRemoved, On::of(jurisdiction), details).await?)
}

/// All rates.
pub async fn tax_rates(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<TaxRate>, InvoiceError> {
    let rows = tx.query(store::TAX_RATES, vec![]).await?;
    let rate = |row: &plaza_db::Row| {
        Ok(TaxRate {
            jurisdiction: row.get(0)?,
            effective_from: row.get(1)?,
            effective_to: row.get(2)?,
            ppm: row.get(3)?,
            name: row.get(4)?,
            reverse_charge: row.get(5)?,
        })
    };
    rows.iter().map(rate).collect()
}

/// How an invoice is taxed: the seller's rate at home, the buyer's country's elsewhere, nothing where there is none. A
/// business with a tax id elsewhere accounts for the tax itself, where the country's rate says so.
pub(super) async fn treatment(
    tx: &mut Tx,
    seller: &LegalEntity,
    buyer: &Profile,
    at: Timestamp,
) -> Result<Treatment, InvoiceError> {
    let outside = Treatment {
        category: "O".to_owned(),
        jurisdiction: buyer.country.clone(),
        name: "Tax".to_owned(),
        ppm: 0,
        is_inclusive: buyer.is_tax_inclusive,
        note: "Not subject to tax".to_owned(),
    };
    let Some(row) = tx.query_one(store::TAX_RATE, params![&buyer.country, at]).await? else {
        return Ok(outside);
    };
    let (ppm, name, reverse_charge): (i64, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
    if seller.country != buyer.country && reverse_charge && !buyer.tax_id.is_empty() {
        let note = "Reverse charge: the recipient accounts for the tax".to_owned();
        return Ok(Treatment { category: "AE".to_owned(), name, note, ..outside });
    }
    let category = if ppm == 0 { "Z" } else { "S" };
    Ok(Treatment { category: category.to_owned(), name, ppm, note: String::new(), ..outside })
}
