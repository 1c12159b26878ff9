//! # Price books as the operator keeps them
//!
//! A **list book** has all prices of a currency; a book beside it those of calls; a **contract** the few prices that were
//! agreed with one portfolio, which stand in for those of the list (how, is told in `price_book.rs`).
//!
//! A change of prices is a version with a first day. It begins as a **draft**: a file, checked when it is handed in. A draft
//! can be compared with what would be in force without it, and a month that has passed can be rated by it. It is
//! **published** once, and then never changes: for a list, so long before its first day as the operator's [`Notice`] says (what
//! was agreed with one business needs none, but never begins in the past). No two versions of a book overlap: an open one ends where the
//! next one begins, and one with a last day leaves no room for another.
//!
//! All of it is for the operator.

mod file;
mod preview;
pub(crate) mod store;

pub use file::Fault;
pub use preview::{Preview, PreviewLine};

use crate::audit::{self, Act, On};
use crate::import::{day_of, digest_of, uuid_of};
use crate::international::later;
use crate::price_book::{PriceBook, PriceRow, VersionRows, WindowKind};
use crate::{BillingError, Category, FreeRule, prices, store as shared};
use file::{Content, Expected};
use plaza_db::{DbError, Row, Tx, Value, params};
use plaza_protocol::{
    Actor, Ctx, Currency, Micros, PortfolioId, PriceBookId, PriceVersionId, Timestamp, limits,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long before its first day a version of a list book is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice(Duration);

impl Notice {
    /// Days where nothing else is set.
    pub const DAYS: u32 = 30;
    /// Days that may be set.
    pub const DAYS_MAX: u32 = 365;

    /// So many days.
    pub fn of_days(days: u32) -> Self {
        Self(Duration::from_secs(u64::from(days).saturating_mul(86_400)))
    }

    /// How many days it is.
    pub fn days(self) -> u64 {
        self.0.as_secs().checked_div(86_400).unwrap_or_default()
    }

    /// When a version of such a book may begin.
    fn earliest(self, ctx: &Ctx, kind: BookKind) -> Timestamp {
        match kind {
            BookKind::Contract => ctx.now(),
            BookKind::List | BookKind::Calls => later(ctx.now(), self.0),
        }
    }
}

impl Default for Notice {
    fn default() -> Self {
        Self::of_days(Self::DAYS)
    }
}
/// Drafts of a book.
const DRAFTS_MAX: i64 = 50;
/// Bytes of the name of a contract.
const NAME_BYTES_MAX: usize = 100;

/// What was asked of a price book cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// The tables.
    #[error("billing")]
    Billing(#[source] BillingError),
    /// There is no such book, version or draft, for whoever asks.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The file is not good: everything that is wrong in it.
    #[error("the file has {} faults", .0.len())]
    File(Vec<Fault>),
    /// A value cannot be used.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<BillingError> for BooksError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => Self::Db(error),
            BillingError::BadPeriod => Self::Invalid("period: a month such as 202610 is needed"),
            other => Self::Billing(other),
        }
    }
}

/// The kinds of books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookKind {
    /// All prices of messages.
    List,
    /// Prices of calls, beside a list.
    Calls,
    /// What was agreed with a portfolio.
    Contract,
}

impl BookKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Calls => "calls",
            Self::Contract => "contract",
        }
    }

    fn categories(self) -> &'static [Category] {
        match self {
            Self::List | Self::Contract => &Category::MESSAGES,
            Self::Calls => &[Category::Call],
        }
    }
}

/// A price book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its id.
    pub price_book_id: PriceBookId,
    /// Its name.
    pub name: String,
    /// Of all its prices.
    pub currency: Currency,
    /// The list that it stands beside, or on.
    pub base_book: Option<PriceBookId>,
    /// Whose contract it is.
    pub portfolio_id: Option<PortfolioId>,
}

impl Book {
    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            price_book_id: row.get(0)?,
            name: row.get(1)?,
            currency: row.get(2)?,
            base_book: row.get(3)?,
            portfolio_id: row.get(4)?,
        })
    }

    /// What kind it is.
    pub fn kind(&self) -> BookKind {
        match (self.base_book, self.portfolio_id) {
            (_, Some(_)) => BookKind::Contract,
            (Some(_), None) => BookKind::Calls,
            (None, None) => BookKind::List,
        }
    }

    /// The book that is rated by: calls are rated with their list.
    fn root(&self) -> PriceBookId {
        match self.kind() {
            BookKind::Calls => self.base_book.unwrap_or(self.price_book_id),
            BookKind::List | BookKind::Contract => self.price_book_id,
        }
    }
}

/// A published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub price_version_id: PriceVersionId,
    /// Its first moment.
    pub effective_from: Timestamp,
    /// The moment after its last one, as it was published; `None`: until the next one begins.
    pub effective_to: Option<Timestamp>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Rows of prices.
    pub prices: i64,
}

/// A version that is not published yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// What the version's id will be.
    pub price_version_id: PriceVersionId,
    /// Of which book.
    pub price_book_id: PriceBookId,
    /// Its first moment.
    pub effective_from: Timestamp,
    /// Rows of prices.
    pub prices: i64,
    /// When it was handed in.
    pub created_at: Timestamp,
}

impl Draft {
    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            price_version_id: row.get(0)?,
            price_book_id: row.get(1)?,
            effective_from: row.get(2)?,
            prices: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

/// A row of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePrice {
    /// The market.
    pub market: String,
    /// The category.
    pub category: Category,
    /// Messages of the month before the first one at this price.
    pub tier_from: i64,
    /// The price of each.
    pub unit: Micros,
}

/// A price that differs between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    /// The market.
    pub market: String,
    /// The category.
    pub category: Category,
    /// Messages of the month before the first one at this price.
    pub tier_from: i64,
    /// What it was; `None`: the tier, or the price, is new.
    pub before: Option<Micros>,
    /// What it becomes; `None`: the tier, or the price, is gone.
    pub after: Option<Micros>,
}

fn require_operator(ctx: &Ctx, what: &'static str) -> Result<(), BooksError> {
    match ctx.actor() {
        Actor::System | Actor::Operator => Ok(()),
        _ => Err(BooksError::NotFound(what)),
    }
}

/// Writes down what the operator did with a version, or a draft of it: its first day, and how many prices it has.
async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    act: Act,
    (book, version): (&Book, PriceVersionId),
    (from, prices): (Timestamp, i64),
) -> Result<(), BooksError> {
    let on = On::of(version);
    let on = book.portfolio_id.map_or(on.clone(), |portfolio| on.owned_by(portfolio));
    let details = json!({
        "price_book_id": book.price_book_id, "book": book.name, "currency": book.currency.code(),
        "effective_from": from.seconds(), "prices": prices,
    });
    Ok(audit::note(ctx, tx, act, on, details).await?)
}

/// A page of the books, those after one.
pub async fn books(ctx: &Ctx, tx: &mut Tx, after: Option<PriceBookId>) -> Result<Vec<Book>, BooksError> {
    require_operator(ctx, "price book")?;
    let page = i64::try_from(limits::PAGE_ROWS_MAX).unwrap_or(i64::MAX);
    let rows = match after {
        None => tx.query(store::BOOKS_FIRST, params![page]).await?,
        Some(after) => tx.query(store::BOOKS_AFTER, params![after, page]).await?,
    };
    Ok(rows.iter().map(Book::read).collect::<Result<_, _>>()?)
}

/// A book with its versions and drafts, each in the order of time.
pub async fn book(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceBookId,
) -> Result<(Book, Vec<Version>, Vec<Draft>), BooksError> {
    require_operator(ctx, "price book")?;
    let book = get(tx, id).await?;
    let versions = versions(tx, id).await?;
    let drafts = tx.query(store::DRAFTS, params![id, DRAFTS_MAX]).await?;
    Ok((book, versions, drafts.iter().map(Draft::read).collect::<Result<_, _>>()?))
}

async fn get(tx: &mut Tx, id: PriceBookId) -> Result<Book, BooksError> {
    let row = tx.query_one(store::BOOK, params![id]).await?.ok_or(BooksError::NotFound("price book"))?;
    Ok(Book::read(&row)?)
}

async fn versions(tx: &mut Tx, book: PriceBookId) -> Result<Vec<Version>, BooksError> {
    let rows = tx.query(store::VERSIONS, params![book]).await?;
    let versions = rows.iter().map(|row| {
        Ok(Version {
            price_version_id: row.get(0)?,
            effective_from: row.get(1)?,
            effective_to: row.get(2)?,
            published_at: row.get(3)?,
            prices: row.get(4)?,
        })
    });
    Ok(versions.collect::<Result<_, DbError>>()?)
}

/// The rows of a version of a book, or of those of its drafts.
pub async fn version_prices(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, version): (PriceBookId, PriceVersionId),
) -> Result<Vec<FilePrice>, BooksError> {
    require_operator(ctx, "version")?;
    let book = get(tx, id).await?;
    if !versions(tx, id).await?.iter().any(|known| known.price_version_id == version) {
        let (draft, content) = read_draft(ctx, tx, version, None).await?;
        if draft.price_book_id != book.price_book_id {
            return Err(BooksError::NotFound("version"));
        }
        let rows = content.rows.into_iter().map(|row| FilePrice {
            market: row.market.to_string(),
            category: row.category,
            tier_from: row.tier_from,
            unit: row.unit,
        });
        return Ok(rows.collect());
    }
    published_prices(tx, version).await
}

async fn published_prices(tx: &mut Tx, version: PriceVersionId) -> Result<Vec<FilePrice>, BooksError> {
    let mut prices = Vec::new();
    for row in tx.query(store::PRICES_OF_VERSION, params![version]).await? {
        prices.push(FilePrice {
            market: row.get(0)?,
            category: prices::category(&row, 1)?,
            tier_from: row.get(2)?,
            unit: row.get(3)?,
        });
    }
    Ok(prices)
}

/// The file of a version, or one with all versions of a book.
pub async fn export(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceBookId,
    only: Option<PriceVersionId>,
) -> Result<String, BooksError> {
    require_operator(ctx, "price book")?;
    let book = get(tx, id).await?;
    let mut versions = versions(tx, id).await?;
    if let Some(only) = only {
        versions.retain(|version| version.price_version_id == only);
        if versions.is_empty() {
            return Err(BooksError::NotFound("version"));
        }
    }
    let mut text = file::header();
    for version in versions {
        let span = (version.effective_from, version.effective_to);
        for price in published_prices(tx, version.price_version_id).await? {
            let price = (price.market.as_str(), price.category, price.tier_from, price.unit);
            text.push_str(&file::row(span, book.currency, price));
        }
    }
    Ok(text)
}

/// Makes the book of a portfolio's contract, and lets the portfolio pay by it: by the list, until a version is published.
/// Doing it again changes nothing.
pub async fn open_contract(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    name: &str,
) -> Result<PriceBookId, BooksError> {
    require_operator(ctx, "portfolio")?;
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(BooksError::Invalid("name: 1 to 100 bytes are needed"));
    }
    let row = tx.query_one(store::BOOK_OF_PORTFOLIO, params![portfolio]).await?;
    let row = row.ok_or(BooksError::NotFound("portfolio"))?;
    let (paid_by, currency): (PriceBookId, Currency) = (row.get(0)?, row.get(1)?);
    let now = get(tx, paid_by).await?;
    if now.kind() == BookKind::Contract {
        return Ok(paid_by);
    }
    let id = PriceBookId(uuid_of(&Sha256::digest(format!("plaza price contract\0{portfolio}"))));
    let name = format!("{name} ({portfolio})");
    let digest = digest_of(tx, &[id]).await?;
    tx.execute(store::INSERT_CONTRACT, params![id, name, currency, paid_by, portfolio, digest]).await?;
    tx.execute(store::SET_BOOK_OF_PORTFOLIO, params![portfolio, id]).await?;
    let details = json!({"portfolio_id": portfolio, "currency": currency.code()});
    audit::note(ctx, tx, Act::PriceBookCreated, On::of(id).owned_by(portfolio), details).await?;
    Ok(id)
}

/// The book that a portfolio pays by. For the operator.
pub async fn book_of(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<PriceBookId, BillingError> {
    crate::funds::require_operator(ctx)?;
    let row = tx.query_one(store::BOOK_OF_PORTFOLIO, params![portfolio]).await?;
    Ok(row.ok_or(BillingError::UnknownPortfolio(portfolio))?.get(0)?)
}

/// Looks at a file, as a version of a book that is published on this day: what is wrong with it.
pub async fn check(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, notice): (PriceBookId, Notice),
    text: &str,
) -> Result<(), BooksError> {
    require_operator(ctx, "price book")?;
    let book = get(tx, id).await?;
    read(ctx, tx, &book, (text, notice.earliest(ctx, book.kind()))).await.map(drop)
}

/// Keeps a file as a draft. The same file twice is one draft.
pub async fn draft(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, notice): (PriceBookId, Notice),
    text: &str,
) -> Result<Draft, BooksError> {
    require_operator(ctx, "price book")?;
    let book = get(tx, id).await?;
    let content = read(ctx, tx, &book, (text, notice.earliest(ctx, book.kind()))).await?;
    let count =
        tx.query_one(store::COUNT_DRAFTS, params![id]).await?.map_or(Ok(0), |row| row.get::<i64>(0))?;
    if count >= DRAFTS_MAX {
        return Err(BooksError::Invalid("the book has 50 drafts: drop some of them first"));
    }
    let version = version_id(id, &content);
    let prices = i64::try_from(content.rows.len()).unwrap_or(i64::MAX);
    let row = params![version, id, content.from, text, prices, ctx.now()];
    let is_new = tx.execute(store::INSERT_DRAFT, row).await? == 1;
    let row = tx.query_one(store::DRAFT, params![version]).await?;
    let draft = Draft::read(&row.ok_or(BooksError::NotFound("draft"))?)?;
    if is_new {
        note(ctx, tx, Act::PricesDrafted, (&book, version), (draft.effective_from, prices)).await?;
    }
    Ok(draft)
}

/// Forgets a draft.
pub async fn drop_draft(ctx: &Ctx, tx: &mut Tx, draft: PriceVersionId) -> Result<(), BooksError> {
    require_operator(ctx, "draft")?;
    let row = tx.query_one(store::DRAFT, params![draft]).await?.ok_or(BooksError::NotFound("draft"))?;
    let dropped = Draft::read(&row)?;
    if tx.execute(store::DELETE_DRAFT, params![draft]).await? == 0 {
        return Err(BooksError::NotFound("draft"));
    }
    let book = get(tx, dropped.price_book_id).await?;
    note(ctx, tx, Act::PricesWithdrawn, (&book, draft), (dropped.effective_from, dropped.prices)).await
}

/// A draft with what is in its file, which is checked again: time has passed. Whoever only looks at it does not mind that
/// its first day has come too near.
async fn read_draft(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceVersionId,
    notice: Option<Notice>,
) -> Result<(Draft, Content), BooksError> {
    let row = tx.query_one(store::DRAFT, params![id]).await?.ok_or(BooksError::NotFound("draft"))?;
    let draft = Draft::read(&row)?;
    let book = get(tx, draft.price_book_id).await?;
    let not_before = notice.map_or(Timestamp(i64::MIN), |notice| notice.earliest(ctx, book.kind()));
    let content = read(ctx, tx, &book, (&row.get::<String>(5)?, not_before)).await?;
    Ok((draft, content))
}

async fn read(
    ctx: &Ctx,
    tx: &mut Tx,
    book: &Book,
    (text, not_before): (&str, Timestamp),
) -> Result<Content, BooksError> {
    let published = versions(tx, book.price_book_id).await?;
    let spans = published.iter().map(|version| (version.effective_from, version.effective_to)).collect();
    let known = prices::load(tx, book.root(), book.currency, None).await?;
    let last = published.last().map(|version| version.effective_from);
    let required = match (book.kind(), last) {
        (BookKind::Contract, _) | (_, None) => Vec::new(),
        (kind, Some(last)) => priced_markets(&known, kind, last.max(ctx.now())),
    };
    let expected = Expected {
        currency: book.currency,
        categories: book.kind().categories(),
        markets: known.markets(),
        required,
        published: spans,
        not_before,
    };
    file::read(text, &expected).map_err(BooksError::File)
}

/// The markets that have a price of their own at a moment.
fn priced_markets(book: &PriceBook, kind: BookKind, at: Timestamp) -> Vec<Arc<str>> {
    let has_own = |market: &&Arc<str>| {
        kind.categories().iter().any(|category| {
            let price = book.price_at(market, *category, at);
            price.is_some_and(|(_, price)| price.origin != crate::Origin::Other)
        })
    };
    book.markets().iter().filter(has_own).cloned().collect()
}

/// The id of a version follows from what it says.
fn version_id(book: PriceBookId, content: &Content) -> PriceVersionId {
    PriceVersionId(uuid_of(&hash_of(book, content, &[])))
}

fn hash_of(book: PriceBookId, content: &Content, rules: &[FreeRule]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{book}\0{}\0{:?}\n", content.from.0, content.to.map(|to| to.0)));
    for row in &content.rows {
        hash.update(format!("{}\0{}\0{}\0{}\n", row.market, row.category, row.tier_from, row.unit.0));
    }
    for rule in rules {
        hash.update(format!("{rule:?}\n"));
    }
    hash.finalize().into()
}

/// The book as it would be with the draft.
async fn candidate(
    tx: &mut Tx,
    book: &Book,
    id: PriceVersionId,
    content: &Content,
) -> Result<PriceBook, BooksError> {
    let now = prices::load(tx, book.root(), book.currency, None).await?;
    let version = VersionRows {
        price_version_id: id,
        effective_from: content.from,
        effective_to: content.to,
        prices: content.rows.clone(),
        rules: rules_of(book, &now, content.from),
    };
    Ok(prices::load(tx, book.root(), book.currency, Some((book.price_book_id, version))).await?)
}

/// The rules of a new version of a list: those of the version before it. Contracts and calls have none.
fn rules_of(book: &Book, now: &PriceBook, from: Timestamp) -> Vec<FreeRule> {
    match book.kind() {
        BookKind::List => now.version_at(from).map(|version| version.rules.clone()).unwrap_or_default(),
        BookKind::Calls | BookKind::Contract => Vec::new(),
    }
}

/// What a draft changes: compared with what would be in force on its first day without it.
pub async fn compare_draft(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceVersionId,
) -> Result<Vec<PriceChange>, BooksError> {
    require_operator(ctx, "draft")?;
    let (draft, content) = read_draft(ctx, tx, id, None).await?;
    let book = get(tx, draft.price_book_id).await?;
    let before = prices::load(tx, book.root(), book.currency, None).await?;
    let after = candidate(tx, &book, id, &content).await?;
    Ok(compare(&book, (&before, content.from), (&after, content.from)))
}

/// What differs between two versions of a book: what is in force on their first days.
pub async fn compare_versions(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceBookId,
    (one, other): (PriceVersionId, PriceVersionId),
) -> Result<Vec<PriceChange>, BooksError> {
    require_operator(ctx, "price book")?;
    let book = get(tx, id).await?;
    let versions = versions(tx, id).await?;
    let begin = |id| {
        let version = versions.iter().find(|version| version.price_version_id == id);
        version.map(|version| version.effective_from).ok_or(BooksError::NotFound("version"))
    };
    let (one, other) = (begin(one)?, begin(other)?);
    let prices = prices::load(tx, book.root(), book.currency, None).await?;
    Ok(compare(&book, (&prices, one), (&prices, other)))
}

fn compare(book: &Book, before: (&PriceBook, Timestamp), after: (&PriceBook, Timestamp)) -> Vec<PriceChange> {
    let steps = |(book, at): (&PriceBook, Timestamp), market: &Arc<str>, category| {
        book.price_at(market, category, at).map(|(_, price)| price.steps()).unwrap_or_default()
    };
    let mut changes = Vec::new();
    for market in after.0.markets() {
        for category in book.kind().categories() {
            let (was, is) = (steps(before, market, *category), steps(after, market, *category));
            let tiers: BTreeSet<i64> = was.keys().chain(is.keys()).copied().collect();
            for tier_from in tiers {
                let (before, after) = (was.get(&tier_from).copied(), is.get(&tier_from).copied());
                if before != after {
                    let market = market.to_string();
                    changes.push(PriceChange { market, category: *category, tier_from, before, after });
                }
            }
        }
    }
    changes
}

/// What a month would have cost if a draft had been in force.
pub async fn preview(ctx: &Ctx, tx: &mut Tx, id: PriceVersionId, period: i64) -> Result<Preview, BooksError> {
    require_operator(ctx, "draft")?;
    let (draft, content) = read_draft(ctx, tx, id, None).await?;
    let book = get(tx, draft.price_book_id).await?;
    let candidate = candidate(tx, &book, id, &content).await?;
    Ok(preview::rate_again(tx, &book, book.root(), (&candidate, content.from), period).await?)
}

/// Publishes a draft: from its first day on it counts, and nobody changes it any more.
pub async fn publish(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PriceVersionId,
    notice: Notice,
) -> Result<Version, BooksError> {
    require_operator(ctx, "draft")?;
    let (draft, content) = read_draft(ctx, tx, id, Some(notice)).await?;
    let book = get(tx, draft.price_book_id).await?;
    let now = prices::load(tx, book.root(), book.currency, None).await?;
    let rules = rules_of(&book, &now, content.from);
    let sha256 = hash_of(book.price_book_id, &content, &rules);
    let (from, to) = (content.from, content.to);
    let row = params![id, book.price_book_id, from, to, ctx.now(), sha256];
    tx.execute(shared::INSERT_VERSION, row).await?;
    tx.insert_rows(shared::INSERT_PRICES, price_rows(id, &content.rows)).await?;
    tx.insert_rows(shared::INSERT_RULES, rule_rows(id, &rules)).await?;
    tx.execute(store::DELETE_DRAFT, params![id]).await?;
    let mut parts = vec![book.root()];
    if book.kind() != BookKind::Contract
        && let Some(row) = tx.query_one(shared::CALL_BOOK, params![book.root()]).await?
    {
        parts.push(row.get(0)?);
    }
    let digest = digest_of(tx, &parts).await?;
    tx.execute(store::SET_DIGEST, params![book.root(), digest]).await?;
    tracing::info!(price_book.id = %book.price_book_id, from = day_of(from), "a price version was published");
    note(ctx, tx, Act::PricesPublished, (&book, id), (from, draft.prices)).await?;
    let version = versions(tx, book.price_book_id).await?;
    version.into_iter().find(|version| version.price_version_id == id).ok_or(BooksError::NotFound("version"))
}

fn price_rows(id: PriceVersionId, prices: &[PriceRow]) -> Vec<Vec<Value>> {
    let next = prices.iter().skip(1).map(Some).chain([None]);
    let rows = prices.iter().zip(next).map(|(row, next)| {
        let next = next.filter(|next| next.market == row.market && next.category == row.category);
        params![
            id,
            row.market.as_ref(),
            row.category.as_str(),
            row.tier_from,
            next.map(|next| next.tier_from),
            row.unit,
            row.is_open
        ]
    });
    rows.collect()
}

fn rule_rows(id: PriceVersionId, rules: &[FreeRule]) -> Vec<Vec<Value>> {
    let rows = rules.iter().zip(0_i64..).map(|(rule, position)| {
        params![
            id,
            position,
            rule.pricing_type.as_str(),
            rule.category.map(Category::as_str),
            rule.window.map(WindowKind::as_str),
            rule.monthly_quantity,
            rule.monthly_quantity.map(|_| "phone_number"),
            rule.note.as_str()
        ]
    });
    rows.collect()
}
