//! # Which plans there are
//!
//! One TOML file, checked as a whole before any of it is written. A plan that leaves the file is no longer offered and
//! serves those who have it; a new price holds for whoever subscribes or changes from then on.

use super::{Audience, DAMAGED, Entitlement, PlanError, Term, store};
use crate::audit::{self, Act, On};
use plaza_db::{DbError, Row, Tx, params};
use plaza_protocol::{Ctx, Currency, Micros};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where plans come from.
#[derive(Debug, Clone, Copy)]
pub struct PlanSource<'a> {
    /// The name of the file.
    pub name: &'a str,
    /// Its content.
    pub toml: &'a str,
}

impl PlanSource<'static> {
    /// The example plans that come with Plaza.
    pub const fn reference() -> Self {
        Self { name: "reference", toml: include_str!("../../data/plans.toml") }
    }
}

/// A file of plans cannot be used. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no TOML, or has other members.
    #[error("the plans cannot be read: {0}")]
    Toml(String),
    /// A plan is wrong.
    #[error("plan {plan:?}, {member}: {what}")]
    Plan {
        /// Its key.
        plan: String,
        /// What of it.
        member: String,
        /// What is wrong, and what is needed.
        what: String,
    },
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
}

/// Plans of a file.
const PLANS_MAX: usize = 100;
/// Characters of a key.
pub(crate) const KEY_CHARACTERS_MAX: usize = 40;
/// Days of a trial.
const TRIAL_DAYS_MAX: i64 = 90;
/// Days of grace: fewer than the shortest period has.
const GRACE_DAYS_MAX: i64 = 27;
/// The largest limit that a plan gives.
const LIMIT_MAX: i64 = 1_000_000;
/// What everybody has, and nobody pays for.
const NEVER_SOLD: &[&str] = &[
    "privacy",
    "safety",
    "encrypt",
    "block",
    "report",
    "disappear",
    "export",
    "erasure",
    "verification",
    "consent",
    "pin_code",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    plan: Vec<PlanRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanRow {
    key: String,
    audience: String,
    name: String,
    summary: String,
    #[serde(default)]
    trial_days: i64,
    #[serde(default)]
    grace_days: i64,
    entitlements: BTreeMap<String, Given>,
    #[serde(default)]
    packs: BTreeSet<String>,
    prices: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Given {
    Feature(bool),
    Limit(i64),
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its key.
    pub key: String,
    /// Whom it is for.
    pub audience: Audience,
    /// Its name.
    pub name: String,
    /// In a sentence.
    pub summary: String,
    /// How long it can be tried; 0: not.
    pub trial_days: i64,
    /// How long it goes on unpaid.
    pub grace_days: i64,
    /// Whether it can be had.
    pub is_offered: bool,
    /// What it costs.
    pub prices: Vec<PlanPrice>,
    /// What it gives, and how much of it.
    pub entitlements: Vec<(Entitlement, i64)>,
    /// Packs of stickers that it gives by their keys.
    pub packs: Vec<String>,
}

/// What a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanPrice {
    /// In what.
    pub currency: Currency,
    /// For how long.
    pub term: Term,
    /// How much.
    pub amount: Micros,
}

impl Plan {
    /// What it costs for a term.
    pub fn price(&self, currency: Currency, term: Term) -> Result<Micros, PlanError> {
        let price = self.prices.iter().find(|price| price.currency == currency && price.term == term);
        let none = || PlanError::NoPrice { plan: self.key.clone(), term: term.as_str(), currency };
        price.map(|price| price.amount).ok_or_else(none)
    }
}

/// Where the euro is paid with.
const EURO: &[&str] = &[
    "AD", "AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MC",
    "ME", "MT", "NL", "PT", "SI", "SK", "SM", "VA", "XK",
];

/// What people of a country pay with, of the currencies that there are; dollars where it is none of them.
pub fn currency_of_country(iso2: &str) -> Currency {
    match iso2 {
        "AE" => Currency::AED,
        "AR" => Currency::ARS,
        "AU" => Currency::AUD,
        "BR" => Currency::BRL,
        "CL" => Currency::CLP,
        "CO" => Currency::COP,
        "GB" | "GG" | "IM" | "JE" => Currency::GBP,
        "ID" => Currency::IDR,
        "IN" => Currency::INR,
        "MX" => Currency::MXN,
        "MY" => Currency::MYR,
        "PE" => Currency::PEN,
        "SA" => Currency::SAR,
        "SG" => Currency::SGD,
        other if EURO.contains(&other) => Currency::EUR,
        _ => Currency::USD,
    }
}

/// Takes a file of plans over. The same content again changes nothing; the answer is whether anything did.
pub async fn import_plans(ctx: &Ctx, tx: &mut Tx, source: &PlanSource<'_>) -> Result<bool, PlanFileError> {
    let plans = read(source.toml)?;
    let digest: [u8; 32] = Sha256::digest(source.toml.as_bytes()).into();
    if let Some(row) = tx.query_one(store::SOURCE, params![source.name]).await?
        && row.get::<Vec<u8>>(0)? == digest
    {
        return Ok(false);
    }
    tx.execute(store::WITHDRAW_PLANS, params![]).await?;
    for (position, plan) in (0_i64..).zip(&plans) {
        let key = plan.key.as_str();
        let row = params![
            key,
            plan.audience.as_str(),
            plan.name.as_str(),
            plan.summary.as_str(),
            position,
            plan.trial_days,
            plan.grace_days
        ];
        tx.execute(store::PUT_PLAN, row).await?;
        tx.execute(store::DELETE_PRICES, params![key]).await?;
        for price in &plan.prices {
            let row = params![key, price.currency, price.term.as_str(), price.amount];
            tx.execute(store::INSERT_PRICE, row).await?;
        }
        tx.execute(store::DELETE_ENTITLEMENTS, params![key]).await?;
        for (entitlement, value) in &plan.entitlements {
            tx.execute(store::INSERT_ENTITLEMENT, params![key, entitlement.as_str(), *value]).await?;
        }
        tx.execute(store::DELETE_PACKS, params![key]).await?;
        for pack in &plan.packs {
            tx.execute(store::INSERT_PACK, params![key, pack.as_str()]).await?;
        }
    }
    tx.execute(store::PUT_SOURCE, params![source.name, digest]).await?;
    let offered: Vec<&str> = plans.iter().map(|plan| plan.key.as_str()).collect();
    let details = serde_json::json!({"offered": offered});
    audit::note(ctx, tx, Act::PlansImported, On::of(source.name), details).await?;
    Ok(true)
}

fn read(text: &str) -> Result<Vec<Plan>, PlanFileError> {
    let file: File = toml::from_str(text).map_err(|error| PlanFileError::Toml(error.to_string()))?;
    if file.plan.len() > PLANS_MAX {
        return Err(PlanFileError::Toml(format!("at most {PLANS_MAX} plans are taken")));
    }
    let mut keys = BTreeSet::new();
    let mut plans = Vec::new();
    for row in file.plan {
        if !keys.insert(row.key.clone()) {
            return Err(fault(&row.key, "key", "another plan has it"));
        }
        plans.push(checked(row)?);
    }
    Ok(plans)
}

fn fault(plan: &str, member: &str, what: &str) -> PlanFileError {
    PlanFileError::Plan { plan: plan.to_owned(), member: member.to_owned(), what: what.to_owned() }
}

const A_KEY_IS_NEEDED: &str = "1 to 40 small letters, digits and hyphens are needed";

/// Whether a plan, a pack or a sticker may be called so.
pub(crate) fn is_key(text: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= KEY_CHARACTERS_MAX && text.bytes().all(is_one)
}

fn checked(row: PlanRow) -> Result<Plan, PlanFileError> {
    let key = row.key.as_str();
    if !is_key(key) {
        return Err(fault(key, "key", A_KEY_IS_NEEDED));
    }
    let audience = Audience::parse(&row.audience)
        .ok_or_else(|| fault(key, "audience", "business or person is needed"))?;
    if row.name.trim().is_empty() || row.name.chars().count() > plaza_protocol::limits::NAME_CHARACTERS_MAX {
        return Err(fault(key, "name", "1 to 64 characters are needed"));
    }
    if !(0..=TRIAL_DAYS_MAX).contains(&row.trial_days) {
        return Err(fault(key, "trial_days", "0 to 90 days are possible"));
    }
    if !(0..=GRACE_DAYS_MAX).contains(&row.grace_days) {
        return Err(fault(key, "grace_days", "0 to 27 days are possible"));
    }
    let entitlements = row.entitlements.iter().map(|(name, given)| given_by(key, audience, name, *given));
    let entitlements = entitlements.collect::<Result<Vec<_>, _>>()?;
    if !row.packs.iter().all(|pack| is_key(pack)) {
        return Err(fault(key, "packs", A_KEY_IS_NEEDED));
    }
    if audience == Audience::Business && !row.packs.is_empty() {
        return Err(fault(key, "packs", "these are for a plan of the audience person"));
    }
    let mut prices = Vec::new();
    for (term, amounts) in &row.prices {
        let member = format!("prices.{term}");
        let term = Term::parse(term).ok_or_else(|| fault(key, &member, "month, year or once is needed"))?;
        if term == Term::Once && audience == Audience::Business {
            return Err(fault(key, &member, "businesses pay by the month or the year"));
        }
        for (currency, amount) in amounts {
            let member = format!("{member}.{currency}");
            let currency: Currency =
                currency.parse().map_err(|error| fault(key, &member, &format!("{error}")))?;
            let amount = Micros::parse_decimal(amount).filter(|amount| *amount > Micros::ZERO);
            let amount = amount
                .ok_or_else(|| fault(key, &member, "an amount above zero such as \"14.00\" is needed"))?;
            prices.push(PlanPrice { currency, term, amount });
        }
    }
    if prices.is_empty() {
        return Err(fault(key, "prices", "a plan has one at least"));
    }
    let is_once = |price: &PlanPrice| price.term == Term::Once;
    if prices.iter().any(is_once) && (!prices.iter().all(is_once) || row.trial_days > 0) {
        return Err(fault(key, "prices", "what is bought once has no other term and no trial"));
    }
    Ok(Plan {
        key: row.key,
        audience,
        name: row.name,
        summary: row.summary,
        trial_days: row.trial_days,
        grace_days: row.grace_days,
        is_offered: true,
        prices,
        entitlements,
        packs: row.packs.into_iter().collect(),
    })
}

fn given_by(
    key: &str,
    audience: Audience,
    name: &str,
    given: Given,
) -> Result<(Entitlement, i64), PlanFileError> {
    let member = format!("entitlements.{name}");
    if NEVER_SOLD.iter().any(|word| name.contains(word)) {
        return Err(fault(key, &member, "privacy and safety are for everybody and cannot be part of a plan"));
    }
    let Some(entitlement) = Entitlement::parse(name) else {
        let known: Vec<_> = Entitlement::ALL.iter().map(|each| each.as_str()).collect();
        return Err(fault(key, &member, &format!("unknown; one of {} is needed", known.join(", "))));
    };
    if entitlement.audience() != audience {
        return Err(fault(
            key,
            &member,
            &format!("this is for a plan of the audience {}", entitlement.audience().as_str()),
        ));
    }
    let value = match (entitlement.is_limit(), given) {
        (false, Given::Feature(true)) => 1,
        (true, Given::Limit(value @ 1..=LIMIT_MAX)) => value,
        (false, _) => return Err(fault(key, &member, "true is needed; leave the line out otherwise")),
        (true, _) => return Err(fault(key, &member, "a whole number from 1 to 1000000 is needed")),
    };
    Ok((entitlement, value))
}

/// The plans of an audience, those that are no longer offered included.
pub async fn plans(_ctx: &Ctx, tx: &mut Tx, audience: Audience) -> Result<Vec<Plan>, PlanError> {
    let mut plans = Vec::new();
    for row in tx.query(store::PLANS, params![audience.as_str()]).await? {
        plans.push(filled(tx, &row).await?);
    }
    Ok(plans)
}

/// A plan, offered or not.
pub async fn plan(_ctx: &Ctx, tx: &mut Tx, key: &str) -> Result<Plan, PlanError> {
    match tx.query_one(store::PLAN, params![key]).await? {
        Some(row) => filled(tx, &row).await,
        None => Err(PlanError::UnknownPlan(key.chars().take(KEY_CHARACTERS_MAX).collect())),
    }
}

/// A plan that can be had by an audience now.
pub(super) async fn offered(
    ctx: &Ctx,
    tx: &mut Tx,
    key: &str,
    audience: Audience,
) -> Result<Plan, PlanError> {
    let plan = plan(ctx, tx, key).await?;
    if plan.audience != audience {
        let audience = match plan.audience {
            Audience::Business => "businesses",
            Audience::Person => "people",
        };
        return Err(PlanError::OtherAudience { plan: plan.key, audience });
    }
    if plan.is_offered { Ok(plan) } else { Err(PlanError::UnknownPlan(plan.key)) }
}

async fn filled(tx: &mut Tx, row: &Row) -> Result<Plan, PlanError> {
    let key: String = row.get(0)?;
    let mut prices = Vec::new();
    for row in tx.query(store::PRICES, params![key.as_str()]).await? {
        let term = Term::parse(&row.get::<String>(1)?).ok_or(DAMAGED)?;
        prices.push(PlanPrice { currency: row.get(0)?, term, amount: row.get(2)? });
    }
    let mut entitlements = Vec::new();
    for row in tx.query(store::ENTITLEMENTS, params![key.as_str()]).await? {
        entitlements.push((Entitlement::parse(&row.get::<String>(0)?).ok_or(DAMAGED)?, row.get(1)?));
    }
    let packs = tx.query(store::PACKS, params![key.as_str()]).await?;
    let packs = packs.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(Plan {
        key,
        audience: Audience::parse(&row.get::<String>(1)?).ok_or(DAMAGED)?,
        name: row.get(2)?,
        summary: row.get(3)?,
        trial_days: row.get(4)?,
        grace_days: row.get(5)?,
        is_offered: row.get(6)?,
        prices,
        entitlements,
        packs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(change: impl Fn(&str) -> String) -> Result<Vec<Plan>, String> {
        let plan = "[[plan]]\nkey = \"a\"\naudience = \"person\"\nname = \"A\"\nsummary = \"\"\ngrace_days = 3\n\
            [plan.entitlements]\naccent_themes = true\n[plan.prices.month]\nEUR = \"2.00\"\n";
        read(&change(plan)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_embedded_plans_are_good() {
        let plans = read(PlanSource::reference().toml).unwrap();
        let business = plans.iter().filter(|plan| plan.audience == Audience::Business);
        assert!(business.clone().count() >= 3);
        for plan in business {
            for currency in Currency::ALL {
                for term in [Term::Month, Term::Year] {
                    assert!(plan.price(*currency, term).is_ok(), "{} {currency}", plan.key);
                }
            }
        }
    }

    #[test]
    fn privacy_and_safety_cannot_be_sold() {
        assert!(one(str::to_owned).is_ok());
        for name in [
            "end_to_end_encryption",
            "privacy_mode",
            "block_people",
            "report_spam",
            "safety_number",
            "data_export",
        ] {
            let refused = one(|plan| plan.replace("accent_themes", name)).unwrap_err();
            assert!(refused.contains("privacy and safety are for everybody"), "{name}: {refused}");
        }
        for audience in [Audience::Business, Audience::Person] {
            let sold = Entitlement::ALL.iter().filter(|each| each.audience() == audience);
            for each in sold {
                assert!(!NEVER_SOLD.iter().any(|word| each.as_str().contains(word)), "{}", each.as_str());
            }
        }
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let cases: [(&str, &str, &str); 12] = [
            ("accent_themes = true", "telepathy = true", "unknown; one of badge"),
            ("accent_themes = true", "badge = true", "for a plan of the audience business"),
            ("accent_themes = true", "accent_themes = 3", "true is needed"),
            ("accent_themes = true", "pinned_conversations = 0", "a whole number from 1"),
            ("\"2.00\"", "\"0.00\"", "an amount above zero"),
            ("\"2.00\"", "\"2.0000001\"", "an amount above zero"),
            ("\"2.00\"", "2.00", "cannot be read"),
            ("EUR", "XXX", "unknown currency"),
            ("prices.month", "prices.week", "month, year or once"),
            ("audience = \"person\"", "audience = \"robot\"", "business or person"),
            ("grace_days = 3", "grace_days = 28", "0 to 27"),
            ("grace_days = 3", "discount = 3", "unknown field"),
        ];
        for (from, to, expected) in cases {
            let refused = one(|plan| plan.replace(from, to)).unwrap_err();
            assert!(refused.contains(expected), "{to}: {refused}");
        }
        assert!(one(|plan| format!("{plan}{plan}")).unwrap_err().contains("another plan has it"));
        let packs = |audience: &str, entitlement: &str, pack: &str| {
            let audience = format!("\"{audience}\"\npacks = [\"{pack}\"]");
            one(|plan| plan.replace("\"person\"", &audience).replace("accent_themes = true", entitlement))
        };
        assert_eq!(packs("person", "", "cats").unwrap()[0].packs, ["cats"]);
        assert!(packs("person", "", "Cats").unwrap_err().contains("packs: 1 to 40 small letters"));
        assert!(
            packs("business", "badge = true", "cats").unwrap_err().contains("packs: these are for a plan")
        );
        assert!(one(|plan| plan.replace("\"a\"", "\"A b\"")).unwrap_err().contains("small letters"));
        let once = |plan: &str| format!("{plan}[plan.prices.once]\nEUR = \"1.00\"\n");
        assert!(one(once).unwrap_err().contains("no other term"));
    }
}
