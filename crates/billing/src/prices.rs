//! # Prices in memory
//!
//! A batch asks the database only which digest its book has now. A book under a known digest is taken from memory: the
//! digest covers its whole content, so it cannot be out of date, and a transaction that is rolled back leaves nothing
//! wrong behind.

use crate::price_book::{MarketRow, PriceBook, PriceRow, VersionRows, WindowKind};
use crate::{BillingError, Category, FreeRule, PricingType, store};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Currency, PriceBookId, PriceVersionId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Books that are kept; there is one per currency, and those of the past.
const BOOKS_MAX: usize = 64;

/// The price books in memory. Make one at the start and share it; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Prices(Arc<Mutex<HashMap<Vec<u8>, Arc<PriceBook>>>>);

impl Prices {
    /// The book whose content has this digest.
    pub(crate) async fn book(
        &self,
        tx: &mut Tx,
        price_book_id: PriceBookId,
        currency: Currency,
        digest: Vec<u8>,
    ) -> Result<Arc<PriceBook>, BillingError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if let Some(book) = known {
            return Ok(book);
        }
        let book = Arc::new(load(tx, price_book_id, currency, None).await?);
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if books.len() >= BOOKS_MAX {
            books.clear();
        }
        books.insert(digest, book.clone());
        Ok(book)
    }
}

/// A book as the tables have it; `draft`: as if this version of one of its parts (of the list, of calls, of the contract)
/// were published too.
pub(crate) async fn load(
    tx: &mut Tx,
    price_book_id: PriceBookId,
    currency: Currency,
    mut draft: Option<(PriceBookId, VersionRows)>,
) -> Result<PriceBook, BillingError> {
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    let mut part = async |tx: &mut Tx, id: PriceBookId| {
        let mut versions = versions(tx, id, &mut names).await?;
        versions.extend(draft.take_if(|(of, _)| *of == id).map(|(_, version)| version));
        Ok::<_, BillingError>(versions)
    };
    let (mut list, mut contract) = (price_book_id, Vec::new());
    if let Some(row) = tx.query_one(store::BASE_OF_CONTRACT, params![price_book_id]).await? {
        list = row.get(0)?;
        contract = part(tx, price_book_id).await?;
    }
    let versions = part(tx, list).await?;
    let mut call_versions = Vec::new();
    if let Some(row) = tx.query_one(store::CALL_BOOK, params![list]).await? {
        call_versions = part(tx, row.get(0)?).await?;
    }
    let markets = tx.query(store::MARKETS, vec![]).await?;
    let markets = markets.iter().map(|row| {
        let market = named(&mut names, row.get(2)?);
        Ok(MarketRow { prefix: row.get(0)?, since: row.get(1)?, market, countries: row.get(3)? })
    });
    let markets = markets.collect::<Result<_, BillingError>>()?;
    Ok(PriceBook::new(price_book_id, currency, versions, call_versions, contract, markets))
}

fn named(names: &mut HashMap<String, Arc<str>>, name: String) -> Arc<str> {
    names.entry(name).or_insert_with_key(|name| name.as_str().into()).clone()
}

/// The versions of a book, with their prices and rules.
async fn versions(
    tx: &mut Tx,
    price_book_id: PriceBookId,
    names: &mut HashMap<String, Arc<str>>,
) -> Result<Vec<VersionRows>, BillingError> {
    let mut versions: HashMap<PriceVersionId, VersionRows> = HashMap::new();
    for row in tx.query(store::VERSIONS_OF_BOOK, params![price_book_id]).await? {
        let version = VersionRows {
            price_version_id: row.get(0)?,
            effective_from: row.get(1)?,
            effective_to: row.get(2)?,
            prices: Vec::new(),
            rules: Vec::new(),
        };
        versions.insert(version.price_version_id, version);
    }
    for row in tx.query(store::PRICES_OF_BOOK, params![price_book_id]).await? {
        let Some(version) = versions.get_mut(&row.get(0)?) else { continue };
        version.prices.push(PriceRow {
            market: named(names, row.get(1)?),
            category: category(&row, 2)?,
            unit: row.get(3)?,
            is_open: row.get(4)?,
            tier_from: row.get(5)?,
        });
    }
    for row in tx.query(store::RULES_OF_BOOK, params![price_book_id]).await? {
        let Some(version) = versions.get_mut(&row.get(0)?) else { continue };
        version.rules.push(rule(&row)?);
    }
    Ok(versions.into_values().collect())
}

/// A category that stands in a column.
pub(crate) fn category(row: &Row, column: usize) -> Result<Category, BillingError> {
    row.get::<String>(column)?.parse().map_err(|_| BillingError::Damaged("a category is unknown"))
}

fn rule(row: &Row) -> Result<FreeRule, BillingError> {
    let pricing_type = PricingType::parse(&row.get::<String>(1)?);
    let window = match row.get::<Option<String>>(3)? {
        None => None,
        Some(kind) => {
            Some(WindowKind::parse(&kind).ok_or(BillingError::Damaged("a window kind is unknown"))?)
        }
    };
    let category = match row.get::<Option<String>>(2)? {
        None => None,
        Some(_) => Some(category(row, 2)?),
    };
    Ok(FreeRule {
        pricing_type: pricing_type.ok_or(BillingError::Damaged("a pricing type is unknown"))?,
        category,
        window,
        monthly_quantity: row.get(4)?,
        note: row.get(5)?,
    })
}
