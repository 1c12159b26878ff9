//! The SQL of catalogs.

use super::{Catalog, Product};
#[cfg(test)]
use plaza_db::ListSql;
use plaza_db::{DbError, Row, Tx, Value, list_statements, params, statements};
use plaza_protocol::{Ctx, PortfolioId, WabaId};

statements! {
    INSERT_CATALOG = "INSERT INTO catalog (catalog_id, portfolio_id, name, vertical, created_at)
        VALUES ($1, $2, $3, $4, $5)";
    SELECT_CATALOG = "SELECT catalog_id, portfolio_id, name, vertical,
        (SELECT CAST(count(*) AS BIGINT) FROM catalog_product p WHERE p.catalog_id = catalog.catalog_id)
        FROM catalog WHERE catalog_id = $1";
    SELECT_CATALOGS = "SELECT catalog_id, portfolio_id, name, vertical,
        (SELECT CAST(count(*) AS BIGINT) FROM catalog_product p WHERE p.catalog_id = catalog.catalog_id)
        FROM catalog WHERE portfolio_id = $1 ORDER BY catalog_id LIMIT 100";
    OF_ACCOUNT = "SELECT catalog_id FROM waba_catalog WHERE waba_id = $1";
    CONNECT = "INSERT INTO waba_catalog (waba_id, catalog_id, connected_at) VALUES ($1, $2, $3)
        ON CONFLICT (waba_id) DO UPDATE SET catalog_id = $2, connected_at = $3";
    DISCONNECT = "DELETE FROM waba_catalog WHERE waba_id = $1 AND catalog_id = $2";
    SELECT_PRODUCT = "SELECT product_id, retailer_id, name, description, price_micros, currency, availability, condition,
        brand, url, image_url, created_at FROM catalog_product WHERE catalog_id = $1 AND retailer_id = $2";
    SELECT_PRODUCTS_AFTER = "SELECT product_id, retailer_id, name, description, price_micros, currency, availability,
        condition, brand, url, image_url, created_at FROM catalog_product
        WHERE catalog_id = $1 AND retailer_id > $2 ORDER BY retailer_id LIMIT $3";
    SELECT_FOR_SALE = "SELECT product_id, retailer_id, name, description, price_micros, currency, availability,
        condition, brand, url, image_url, created_at FROM catalog_product
        WHERE catalog_id = $1 AND availability <> 'out of stock' AND availability <> 'discontinued'
        ORDER BY retailer_id LIMIT $2";
    PUT_PRODUCT = "INSERT INTO catalog_product (catalog_id, retailer_id, product_id, name, description, price_micros,
        currency, availability, condition, brand, url, image_url, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
        ON CONFLICT (catalog_id, retailer_id) DO UPDATE SET name = $4, description = $5, price_micros = $6,
        currency = $7, availability = $8, condition = $9, brand = $10, url = $11, image_url = $12, updated_at = $13";
    DELETE_PRODUCT = "DELETE FROM catalog_product WHERE catalog_id = $1 AND retailer_id = $2";
}

list_statements! {
    /// The products that a message names.
    SELECT_NAMED = "SELECT product_id, retailer_id, name, description, price_micros, currency, availability, condition,
        brand, url, image_url, created_at FROM catalog_product WHERE catalog_id = $1 AND retailer_id IN ({list})";
}

/// For the test that prepares each.
#[cfg(test)]
pub(crate) const LISTS: &[ListSql] = LIST_STATEMENTS;

pub(super) async fn insert(ctx: &Ctx, tx: &mut Tx, new: &Catalog) -> Result<(), DbError> {
    let row = params![new.catalog_id, new.portfolio, &new.name, &new.vertical, ctx.now()];
    tx.execute(INSERT_CATALOG, row).await.map(drop)
}

fn catalog(row: &Row) -> Result<Catalog, DbError> {
    Ok(Catalog {
        catalog_id: row.get(0)?,
        portfolio: row.get(1)?,
        name: row.get(2)?,
        vertical: row.get(3)?,
        products: row.get(4)?,
    })
}

pub(super) async fn get(tx: &mut Tx, id: i64) -> Result<Option<Catalog>, DbError> {
    tx.query_one(SELECT_CATALOG, params![id]).await?.as_ref().map(catalog).transpose()
}

pub(super) async fn list(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Catalog>, DbError> {
    tx.query(SELECT_CATALOGS, params![portfolio]).await?.iter().map(catalog).collect()
}

pub(super) async fn of_account(tx: &mut Tx, waba: WabaId) -> Result<Option<i64>, DbError> {
    tx.query_one(OF_ACCOUNT, params![waba]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn connect(ctx: &Ctx, tx: &mut Tx, waba: WabaId, catalog: i64) -> Result<(), DbError> {
    tx.execute(CONNECT, params![waba, catalog, ctx.now()]).await.map(drop)
}

/// Whether it was connected.
pub(super) async fn disconnect(tx: &mut Tx, waba: WabaId, catalog: i64) -> Result<bool, DbError> {
    Ok(tx.execute(DISCONNECT, params![waba, catalog]).await? == 1)
}

fn read(row: &Row) -> Result<Product, DbError> {
    Ok(Product {
        product_id: row.get(0)?,
        retailer_id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        price: row.get(4)?,
        currency: row.get(5)?,
        availability: row.get(6)?,
        condition: row.get(7)?,
        brand: row.get(8)?,
        url: row.get(9)?,
        image_url: row.get(10)?,
        created_at: row.get(11)?,
    })
}

pub(super) async fn product(
    tx: &mut Tx,
    catalog: i64,
    retailer_id: &str,
) -> Result<Option<Product>, DbError> {
    tx.query_one(SELECT_PRODUCT, params![catalog, retailer_id]).await?.as_ref().map(read).transpose()
}

/// The products with these ids, in no order; one that is not there is missing.
pub(super) async fn named(
    tx: &mut Tx,
    catalog: i64,
    retailer_ids: &[Value],
) -> Result<Vec<Product>, DbError> {
    let rows = tx.query_list(SELECT_NAMED, &[catalog.into()], retailer_ids).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn page(
    tx: &mut Tx,
    catalog: i64,
    after: &str,
    limit: usize,
) -> Result<Vec<Product>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(SELECT_PRODUCTS_AFTER, params![catalog, after, limit]).await?.iter().map(read).collect()
}

/// The first products that can be had.
pub(super) async fn for_sale(tx: &mut Tx, catalog: i64, limit: usize) -> Result<Vec<Product>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(SELECT_FOR_SALE, params![catalog, limit]).await?.iter().map(read).collect()
}

pub(super) async fn put(ctx: &Ctx, tx: &mut Tx, catalog: i64, product: &Product) -> Result<(), DbError> {
    let row = params![
        catalog,
        &product.retailer_id,
        product.product_id,
        &product.name,
        &product.description,
        product.price,
        &product.currency,
        &product.availability,
        &product.condition,
        &product.brand,
        &product.url,
        &product.image_url,
        ctx.now()
    ];
    tx.execute(PUT_PRODUCT, row).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, catalog: i64, retailer_id: &str) -> Result<(), DbError> {
    tx.execute(DELETE_PRODUCT, params![catalog, retailer_id]).await.map(drop)
}
