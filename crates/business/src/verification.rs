//! # Verified businesses
//!
//! A business shows who it is: names, numbers and documents. The operator looks at them and approves, rejects with a
//! reason, or asks for more; where **four eyes** are wanted, two different operators have to approve. What was approved
//! can be withdrawn. People may say that a business is not who it says it is: that goes to the same queue.
//!
//! ```text
//! draft ─▶ pending ─▶ (seconded) ─▶ approved ─▶ withdrawn
//!            ▲ └─────▶ more_wanted, rejected       │
//!            └──────────────┴──────────────────────┘
//! ```
//!
//! **The badge** is shown while a business is approved *and* has a plan that gives it ([`Entitlement::Badge`]). It stands
//! in the account's row, which people's clients are given; [`refresh_badge`] writes it whenever one of the two may have
//! changed, and those who are connected hear of it.
//!
//! Documents lie in the blob store, each under a key of its own. They are for the business and the operator. Every step
//! leaves a row that is never changed: who, what, when.

mod store;
#[cfg(test)]
mod tests;

pub(crate) use store::STATEMENTS;

use crate::documents::{Kind as Member, Shape, field, required};
use crate::management::ManageError;
use crate::numbers::text;
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks::{self, Event};
use crate::{Business, codes, is_operator, may_touch, reach};
use plaza_billing::plans::{self, Entitlement, Holder, PlanError};
use plaza_db::{DbError, Tx};
use plaza_messaging::accounts;
use plaza_protocol::{AccountId, Actor, BlobId, Ctx, PortfolioId, Secret, Timestamp, limits};
use serde_json::{Value, json};
use uuid::Uuid;

/// The id of a document: random.
pub type DocumentId = Uuid;

/// Documents of a business.
pub const DOCUMENTS_MAX: usize = 10;
/// A document.
pub const DOCUMENT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Characters of a document's name.
const NAME_CHARACTERS_MAX: usize = 120;
/// Characters of what the operator writes to a business.
const WORDS_CHARACTERS_MAX: usize = 1000;

/// What a document can be.
pub const DOCUMENT_KINDS: &[&str] = &["registration", "tax", "address", "identity", "other"];

/// Why a business is not verified, or no longer: the word, and what it means.
pub const REASONS: &[(&str, &str)] = &[
    ("UNREADABLE", "A document cannot be read."),
    ("NAME_MISMATCH", "The name in the documents is not the name of the business."),
    ("EXPIRED_DOCUMENT", "A document is no longer valid."),
    ("NOT_ENOUGH", "The documents do not show that the business exists."),
    ("NOT_AUTHORISED", "Nothing shows that whoever applied may act for the business."),
    ("IMPERSONATION", "The business is not who it says it is."),
    ("POLICY", "The business does what the operator does not allow."),
    ("OTHER", "Another reason, which is given in words."),
];

const APPLICATION: Shape = Shape(&[
    required("legal_name", Member::Text(1, 200)),
    required("registration_number", Member::Text(1, 100)),
    required("address", Member::Text(1, 500)),
    field("website", Member::Text(0, 256)),
]);

/// Where a business stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has not applied.
    Draft,
    /// It waits for the operator.
    Pending,
    /// One of two operators has approved.
    Seconded,
    /// The operator wants to see more.
    MoreWanted,
    /// It is who it says it is.
    Approved,
    /// It could not show it.
    Rejected,
    /// It was approved, and is no longer.
    Withdrawn,
}

impl Status {
    const ALL: [Self; 7] = [
        Self::Draft,
        Self::Pending,
        Self::Seconded,
        Self::MoreWanted,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
    ];

    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Seconded => "seconded",
            Self::MoreWanted => "more_wanted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The word of the Cloud API's `business_verification_status`.
    pub fn graph_word(self) -> &'static str {
        match self {
            Self::Draft => "not_verified",
            Self::Pending | Self::Seconded => "pending",
            Self::MoreWanted => "pending_need_more_info",
            Self::Approved => "verified",
            Self::Rejected => "rejected",
            Self::Withdrawn => "revoked",
        }
    }

    /// Whether the business may change its application and documents.
    fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::MoreWanted | Self::Rejected | Self::Withdrawn)
    }

    /// Whether the operator has to decide.
    fn waits(self) -> bool {
        matches!(self, Self::Pending | Self::Seconded)
    }
}

/// An application and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whose.
    pub portfolio: PortfolioId,
    /// Where it stands.
    pub status: Status,
    /// As it is registered.
    pub legal_name: String,
    /// Where it is registered, under which number.
    pub registration_number: String,
    /// Where it is.
    pub address: String,
    /// On the web.
    pub website: String,
    /// When it last applied.
    pub submitted_at: Option<Timestamp>,
    /// When it was last decided.
    pub decided_at: Option<Timestamp>,
    /// A word of [`REASONS`], or empty.
    pub reason: String,
    /// What the operator wrote.
    pub words: String,
    /// Who approved first, where two have to.
    pub approved_by: Option<String>,
}

impl Verification {
    fn draft(portfolio: PortfolioId) -> Self {
        Self {
            portfolio,
            status: Status::Draft,
            legal_name: String::new(),
            registration_number: String::new(),
            address: String::new(),
            website: String::new(),
            submitted_at: None,
            decided_at: None,
            reason: String::new(),
            words: String::new(),
            approved_by: None,
        }
    }

    /// What has to be there before it can be looked at.
    pub fn missing(&self, documents: &[Document]) -> Vec<&'static str> {
        let mut missing = Vec::new();
        for (name, value) in [
            ("legal_name", &self.legal_name),
            ("registration_number", &self.registration_number),
            ("address", &self.address),
        ] {
            if value.is_empty() {
                missing.push(name);
            }
        }
        if !documents.iter().any(|document| document.kind == "registration") {
            missing.push("document:registration");
        }
        missing
    }
}

/// A document of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub document_id: Uuid,
    /// Whose.
    pub portfolio: PortfolioId,
    /// A word of [`DOCUMENT_KINDS`].
    pub kind: String,
    /// As its owner calls it.
    pub name: String,
    /// `application/pdf`, `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Its size.
    pub bytes: i64,
    /// Where it lies.
    pub blob: BlobId,
    sealed_key: Vec<u8>,
    /// SHA-256 of the blob.
    pub blob_sha256: Vec<u8>,
    /// When it came.
    pub added_at: Timestamp,
}

/// A document whose blob is in the store.
#[derive(Debug)]
pub struct NewDocument {
    /// A word of [`DOCUMENT_KINDS`].
    pub kind: String,
    /// As its owner calls it.
    pub name: String,
    /// What [`look`] said.
    pub media_type: &'static str,
    /// Its size.
    pub bytes: usize,
    /// Where it lies.
    pub blob: BlobId,
    /// What opens it.
    pub key: Secret<[u8; 32]>,
    /// SHA-256 of the blob.
    pub blob_sha256: [u8; 32],
}

/// What the operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is who it says it is.
    Approve,
    /// It could not show it: a word of [`REASONS`], and words.
    Reject(String, String),
    /// Something more has to be shown: what.
    AskForMore(String),
    /// It was approved and is no longer: a word of [`REASONS`], and words.
    Withdraw(String, String),
    /// What people reported was looked at, and nothing follows.
    Dismiss(String),
}

/// Who decides, and whether one is enough.
#[derive(Debug, Clone, Copy)]
pub struct Reviewer<'a> {
    /// The operator's name.
    pub name: &'a str,
    /// Two different operators have to approve.
    pub four_eyes: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id; rises with time.
    pub step_id: Uuid,
    /// Whose application.
    pub portfolio: PortfolioId,
    /// What.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// More of it.
    pub details: String,
    /// When.
    pub at: Timestamp,
}

/// Looks at a document: its type by its first bytes. The error says what is expected.
pub fn look(name: &str, kind: &str, bytes: &[u8]) -> Result<&'static str, ManageError> {
    if !DOCUMENT_KINDS.contains(&kind) {
        let what = format!("one of {} is expected", DOCUMENT_KINDS.join(", "));
        return Err(ManageError::invalid("kind", &what));
    }
    let characters = name.chars().count();
    if characters == 0 || characters > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        return Err(ManageError::invalid("name", "1 to 120 characters are expected"));
    }
    if bytes.is_empty() {
        return Err(ManageError::invalid("file", "it is empty"));
    }
    if bytes.len() > DOCUMENT_BYTES_MAX {
        let what = format!("it is larger than {} MB: send a smaller scan", DOCUMENT_BYTES_MAX / 1024 / 1024);
        return Err(ManageError::invalid("file", &what));
    }
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Ok("application/pdf"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Ok("image/png"),
        [0xff, 0xd8, 0xff, ..] => Ok("image/jpeg"),
        _ => Err(ManageError::invalid("file", "a PDF, a PNG or a JPEG is expected")),
    }
}

fn check(ctx: &Ctx, portfolio: PortfolioId) -> Result<(), ManageError> {
    if may_touch(ctx, portfolio) { Ok(()) } else { Err(ManageError::NotFound) }
}

/// How a business stands, with its documents.
pub async fn get(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<(Verification, Vec<Document>), ManageError> {
    check(ctx, portfolio)?;
    let found = store::get(tx, portfolio).await?.unwrap_or_else(|| Verification::draft(portfolio));
    Ok((found, store::documents(tx, portfolio).await?))
}

/// How a business stands, for whoever may know of it anyway.
pub async fn status(tx: &mut Tx, portfolio: PortfolioId) -> Result<Status, DbError> {
    Ok(store::get(tx, portfolio).await?.map_or(Status::Draft, |found| found.status))
}

/// The row, locked, if the business may change it.
async fn take_open(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Verification, ManageError> {
    check(ctx, portfolio)?;
    let taken = store::take(tx, portfolio).await?;
    if taken.status.is_open() {
        return Ok(taken);
    }
    let what = match taken.status {
        Status::Approved => "the business is verified: what was looked at stays as it is",
        _ => "the application waits for the operator: it can be changed after the decision",
    };
    Err(ManageError::refused(codes::INVALID_PARAMETER, what))
}

/// Puts the application down as it is; it is not sent in yet.
pub async fn save(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    request: &Value,
) -> Result<Verification, ManageError> {
    let taken = take_open(ctx, tx, portfolio).await?;
    let given = APPLICATION.read(request)?;
    let member = |name: &str| text(&given, name).unwrap_or_default().trim().to_owned();
    let website = member("website");
    let is_web = |url: &str| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !website.is_empty() && !is_web(&website) {
        return Err(ManageError::invalid("website", "an address that begins with https:// is expected"));
    }
    let next = Verification {
        legal_name: member("legal_name"),
        registration_number: member("registration_number"),
        address: member("address"),
        website,
        ..taken
    };
    store::put(tx, &next).await?;
    Ok(next)
}

/// Sends the application in.
pub async fn submit(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Verification, ManageError> {
    let taken = take_open(ctx, tx, portfolio).await?;
    let missing = taken.missing(&store::documents(tx, portfolio).await?);
    if !missing.is_empty() {
        let what = format!("something is missing: {}", missing.join(", "));
        return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    }
    let next = Verification {
        status: Status::Pending,
        submitted_at: Some(ctx.now()),
        decided_at: None,
        reason: String::new(),
        words: String::new(),
        approved_by: None,
        ..taken
    };
    store::put(tx, &next).await?;
    note(ctx, tx, portfolio, "submitted", &actor(ctx), &next.legal_name).await?;
    tell(ctx, tx, portfolio, "PENDING").await?;
    Ok(next)
}

impl Business {
    /// Writes down a document whose blob is in the store.
    pub async fn add_verification_document(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        portfolio: PortfolioId,
        new: &NewDocument,
    ) -> Result<Document, ManageError> {
        let taken = take_open(ctx, tx, portfolio).await?;
        if store::documents(tx, portfolio).await?.len() >= DOCUMENTS_MAX {
            let what = format!("there are {DOCUMENTS_MAX} already: take one away first");
            return Err(ManageError::invalid("file", &what));
        }
        let document_id: Uuid = ctx.uuid();
        let document = Document {
            document_id,
            portfolio,
            kind: new.kind.clone(),
            name: new.name.clone(),
            media_type: new.media_type.to_owned(),
            bytes: i64::try_from(new.bytes).unwrap_or(i64::MAX),
            blob: new.blob,
            sealed_key: self.sealing.seal(ctx, document_id.as_bytes(), &new.key.0)?,
            blob_sha256: new.blob_sha256.to_vec(),
            added_at: ctx.now(),
        };
        store::put(tx, &taken).await?;
        store::insert_document(tx, &document).await?;
        note(ctx, tx, portfolio, "document_added", &actor(ctx), &format!("{}: {}", new.kind, new.name))
            .await?;
        Ok(document)
    }

    /// A document with the key to its blob.
    pub async fn verification_document(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: Uuid,
    ) -> Result<(Document, Secret<[u8; 32]>), ManageError> {
        let document = store::document(tx, id).await?.ok_or(ManageError::NotFound)?;
        check(ctx, document.portfolio)?;
        let key = self.sealing.open(document.document_id.as_bytes(), &document.sealed_key)?;
        Ok((document, Secret(key.try_into().map_err(|_| crate::SealError)?)))
    }
}

/// Takes a document away: the answer is its blob, which is to be deleted.
pub async fn remove_document(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    id: Uuid,
) -> Result<BlobId, ManageError> {
    take_open(ctx, tx, portfolio).await?;
    let document = store::document(tx, id).await?.filter(|document| document.portfolio == portfolio);
    let document = document.ok_or(ManageError::NotFound)?;
    store::delete_document(tx, id).await?;
    note(ctx, tx, portfolio, "document_removed", &actor(ctx), &document.name).await?;
    Ok(document.blob)
}

/// The operator decides.
pub async fn decide(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    by: Reviewer<'_>,
    decision: &Decision,
) -> Result<Verification, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    portfolios::portfolio(ctx, tx, portfolio).await?;
    let taken = store::take(tx, portfolio).await?;
    let (reason, words) = explained(decision)?;
    let refused = |what: &str| Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    let status = match decision {
        Decision::Dismiss(_) => {
            if store::close_reports(ctx, tx, portfolio).await? == 0 {
                return refused("nobody has reported this business");
            }
            note(ctx, tx, portfolio, "reports_dismissed", &format!("operator:{}", by.name), words).await?;
            return Ok(taken);
        }
        Decision::Withdraw(..) if taken.status != Status::Approved => {
            return refused("only what was approved can be withdrawn");
        }
        Decision::Withdraw(..) => Status::Withdrawn,
        _ if !taken.status.waits() => return refused("no application of this business waits"),
        Decision::Approve if by.four_eyes && taken.approved_by.is_none() => Status::Seconded,
        Decision::Approve if by.four_eyes && taken.approved_by.as_deref() == Some(by.name) => {
            return refused("you have approved it already: another operator has to look too");
        }
        Decision::Approve => Status::Approved,
        Decision::Reject(..) => Status::Rejected,
        Decision::AskForMore(_) => Status::MoreWanted,
    };
    let next = Verification {
        status,
        decided_at: (status != Status::Seconded).then(|| ctx.now()).or(taken.decided_at),
        reason: reason.to_owned(),
        words: words.to_owned(),
        approved_by: match status {
            Status::Seconded => Some(by.name.to_owned()),
            Status::Approved => taken.approved_by.clone(),
            _ => None,
        },
        ..taken
    };
    store::put(tx, &next).await?;
    let details = [reason, words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    note(ctx, tx, portfolio, status.as_str(), &format!("operator:{}", by.name), &details).await?;
    if status == Status::Withdrawn || status == Status::Rejected {
        store::close_reports(ctx, tx, portfolio).await?;
    }
    let word = match status {
        Status::Approved => "APPROVED",
        Status::Rejected | Status::Withdrawn => "REJECTED",
        Status::MoreWanted => "DEFERRED",
        Status::Draft | Status::Pending | Status::Seconded => "PENDING",
    };
    if status != Status::Seconded {
        tell(ctx, tx, portfolio, word).await?;
    }
    refresh_badge(ctx, tx, portfolio).await?;
    if status == Status::Approved {
        // Who is verified may write to more people, and hears so.
        reach::raise(ctx, tx, portfolio).await?;
    }
    Ok(next)
}

/// Reason and words of a decision, checked.
fn explained(decision: &Decision) -> Result<(&str, &str), ManageError> {
    let (reason, words) = match decision {
        Decision::Approve => return Ok(("", "")),
        Decision::Reject(reason, words) | Decision::Withdraw(reason, words) => {
            (reason.as_str(), words.as_str())
        }
        Decision::AskForMore(words) | Decision::Dismiss(words) => ("", words.as_str()),
    };
    let words = words.trim();
    if words.chars().count() > WORDS_CHARACTERS_MAX {
        return Err(ManageError::invalid("words", "at most 1000 characters are expected"));
    }
    let is_listed = REASONS.iter().any(|(word, _)| *word == reason);
    match decision {
        Decision::Reject(..) | Decision::Withdraw(..) if !is_listed => {
            let all: Vec<_> = REASONS.iter().map(|(word, _)| *word).collect();
            Err(ManageError::invalid("reason", &format!("one of {} is expected", all.join(", "))))
        }
        Decision::Reject(..) | Decision::Withdraw(..) if reason == "OTHER" && words.is_empty() => {
            Err(ManageError::invalid("words", "another reason is given in words"))
        }
        Decision::AskForMore(_) if words.is_empty() => {
            Err(ManageError::invalid("words", "say what the business has to show"))
        }
        _ => Ok((reason, words)),
    }
}

/// A person says that a business is not who it says it is.
pub(crate) async fn report(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
) -> Result<(), DbError> {
    if store::report(ctx, tx, number, account).await? {
        note(ctx, tx, number.portfolio_id, "reported", "person", &number.verified_name).await?;
    }
    Ok(())
}

/// Something that the operator has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The application; of a business that never applied, an empty one.
    pub verification: Verification,
    /// The name of the portfolio.
    pub name: String,
    /// People who say that it is not who it says it is.
    pub reports: i64,
}

/// What the operator sees: what waits and what was reported, the longest first; or what stands in one of the other ways.
pub async fn queue(ctx: &Ctx, tx: &mut Tx, status: Option<Status>) -> Result<Vec<Waiting>, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let mut waiting = Vec::new();
    for (portfolio, name, reports) in store::queue(tx, status).await? {
        let found = store::get(tx, portfolio).await?;
        let verification = found.unwrap_or_else(|| Verification::draft(portfolio));
        waiting.push(Waiting { verification, name, reports });
    }
    Ok(waiting)
}

/// What happened, the latest first: to one business, or before a step to all.
pub async fn steps(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: Option<PortfolioId>,
    before: Option<Timestamp>,
) -> Result<Vec<Step>, ManageError> {
    match portfolio {
        Some(portfolio) => check(ctx, portfolio)?,
        None if is_operator(ctx) => {}
        None => return Err(ManageError::NotFound),
    }
    Ok(store::steps(tx, portfolio, before).await?)
}

/// Which steps are wanted.
#[derive(Debug, Clone)]
pub struct StepsWanted {
    /// What; empty: everything.
    pub kind: String,
    /// Who, as the step says it, or an operator's name; empty: everybody.
    pub person: String,
    /// Whose application.
    pub portfolio: Option<PortfolioId>,
    /// Not before.
    pub from: Timestamp,
    /// Before this time, and of this time before this step.
    pub before: (Timestamp, Uuid),
}

/// A page of what happened, the latest first.
pub async fn steps_page(
    ctx: &Ctx,
    tx: &mut Tx,
    wanted: &StepsWanted,
    limit: usize,
) -> Result<Vec<Step>, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    Ok(store::steps_page(tx, wanted, limit).await?)
}

/// Whether a business has the badge: it is approved and has a plan that gives it.
pub async fn shows_badge(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, ManageError> {
    let is_approved = status(tx, portfolio).await? == Status::Approved;
    let holder = Holder::Business(portfolio);
    Ok(is_approved && plans::entitled(ctx, tx, holder, Entitlement::Badge).await?.is_some())
}

/// How many people say of a business that it is not who it says it is. For the operator.
pub async fn open_reports(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    Ok(store::open_reports(tx, portfolio).await?)
}

/// Writes down who has the badge. Those who talk with the business and are connected hear of a change. The answer is whether it is shown.
pub async fn refresh_badge(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, ManageError> {
    let shows = shows_badge(ctx, tx, portfolio).await?;
    for number in portfolios::store::numbers_of_portfolio(tx, portfolio).await? {
        accounts::set_verified(ctx, tx, number, shows).await?;
    }
    Ok(shows)
}

/// Does some of what is due of plans, and lets the badges follow. For housekeeping: the answer is whether there may be
/// more.
pub async fn step_plans(ctx: &Ctx, tx: &mut Tx) -> Result<bool, ManageError> {
    let stepped = plans::step(ctx, tx).await?;
    for portfolio in &stepped.touched {
        refresh_badge(ctx, tx, *portfolio).await?;
    }
    Ok(stepped.is_more)
}

/// Tells the webhooks of all accounts of a business.
async fn tell(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, decision: &str) -> Result<(), ManageError> {
    let events = portfolios::wabas_of(ctx, tx, portfolio).await?.into_iter().map(|waba| Event {
        portfolio,
        waba: waba.waba_id,
        phone: None,
        field: "account_review_update",
        lane: waba.waba_id.0,
        value: json!({"decision": decision}),
    });
    Ok(webhooks::emit(ctx, tx, events.collect()).await?)
}

fn actor(ctx: &Ctx) -> String {
    match ctx.actor() {
        Actor::App { app, .. } => format!("app:{app}"),
        Actor::Operator => "operator".to_owned(),
        Actor::Device { .. } => "person".to_owned(),
        Actor::System | Actor::Anonymous => "system".to_owned(),
    }
}

async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    kind: &str,
    actor: &str,
    details: &str,
) -> Result<(), DbError> {
    let step = Step {
        step_id: ctx.sequenced_id(),
        portfolio,
        kind: kind.to_owned(),
        actor: actor.to_owned(),
        details: details.to_owned(),
        at: ctx.now(),
    };
    store::insert_step(tx, &step).await
}

/// Rows of a list.
const ROWS_MAX: usize = limits::PAGE_ROWS_MAX;

impl From<PlanError> for ManageError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NotFound => Self::NotFound,
            PlanError::Db(error) | PlanError::Billing(plaza_billing::BillingError::Db(error)) => {
                Self::Db(error)
            }
            PlanError::Billing(error) => Self::Db(DbError::Commit(plaza_protocol::Chain(&error).to_string())),
            other => Self::refused(codes::INVALID_PARAMETER, other.to_string()),
        }
    }
}
