//! # Catalogs
//!
//! A portfolio has **catalogs** of **products**, each known by the business's own id of it (`retailer_id`). An account
//! is connected to one of them at a time. From then on a message that names a product of the account has to name one
//! that is there, and carries what the catalog says about it, so that a person sees a card with name, price and picture
//! ([`sending`]). An account without a catalog may name any product: the person sees its id.
//!
//! Products are written one by one, or many in a batch, each of which has an outcome of its own. Writing one that is
//! there changes the members that are given.

pub(crate) mod sending;
mod store;

#[cfg(test)]
pub(crate) use store::LISTS;
pub(crate) use store::STATEMENTS;

use crate::documents::{Kind, Shape, field, required};
use crate::json as sloppy;
use crate::management::ManageError;
use crate::portfolios::{self, NodeKind};
use crate::{activity, may_touch};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Micros, PortfolioId, Timestamp, WabaId};
use serde_json::{Map, Value, json};

/// Catalogs of one portfolio.
const CATALOGS_MAX: usize = 100;
/// Products of one catalog.
const PRODUCTS_MAX: i64 = 10_000;
/// Items of one batch.
const BATCH_ITEMS_MAX: usize = 5_000;
/// Characters of a business's own id of a product.
const RETAILER_ID_CHARACTERS_MAX: usize = 100;
/// The largest price, in hundredths.
const PRICE_MAX: i64 = 100_000_000_000;
/// Micros of a hundredth.
const MICROS_OF_HUNDREDTH: i64 = 10_000;

const AVAILABILITIES: &[&str] =
    &["in stock", "out of stock", "preorder", "available for order", "discontinued", "pending"];
const CONDITIONS: &[&str] = &["new", "refurbished", "used"];
const VERTICALS: &[&str] = &[
    "commerce",
    "adoptable_pets",
    "destinations",
    "flights",
    "home_listings",
    "hotels",
    "jobs",
    "local_service_businesses",
    "offer_items",
    "offline_commerce",
    "transactable_items",
    "vehicles",
];
const NEW_CATALOG: Shape =
    Shape(&[required("name", Kind::Text(1, 100)), field("vertical", Kind::Choice(VERTICALS))]);
/// A product as the edge `products` takes it.
const PRODUCT: Shape = Shape(&[
    required("retailer_id", Kind::Text(1, RETAILER_ID_CHARACTERS_MAX)),
    field("name", Kind::Text(1, 200)),
    field("description", Kind::Text(0, 5_000)),
    field("price", Kind::Number(0, PRICE_MAX)),
    field("currency", Kind::Text(3, 3)),
    field("availability", Kind::Choice(AVAILABILITIES)),
    field("condition", Kind::Choice(CONDITIONS)),
    field("brand", Kind::Text(0, 100)),
    field("url", Kind::Url(2048)),
    field("image_url", Kind::Url(512)),
]);
/// A product as a batch takes it.
const ITEM: Shape = Shape(&[
    required("id", Kind::Text(1, RETAILER_ID_CHARACTERS_MAX)),
    field("title", Kind::Text(1, 200)),
    field("description", Kind::Text(0, 5_000)),
    field("price", Kind::Text(1, 40)),
    field("currency", Kind::Text(3, 3)),
    field("availability", Kind::Choice(AVAILABILITIES)),
    field("condition", Kind::Choice(CONDITIONS)),
    field("brand", Kind::Text(0, 100)),
    field("link", Kind::Url(2048)),
    field("image_link", Kind::Url(512)),
    field("image", Kind::Any),
]);

/// The first of the pictures of an item.
const PICTURE: Shape = Shape(&[field("image_link", Kind::Url(512))]);

/// A catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// The id.
    pub catalog_id: i64,
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// Its name.
    pub name: String,
    /// What kind of things are in it.
    pub vertical: String,
    /// How many products it has.
    pub products: i64,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id in the Graph.
    pub product_id: i64,
    /// The business's own id of it.
    pub retailer_id: String,
    /// What it is called.
    pub name: String,
    /// More words.
    pub description: String,
    /// What it costs.
    pub price: Micros,
    /// ISO 4217.
    pub currency: String,
    /// Whether it can be had.
    pub availability: String,
    /// `new`, `refurbished` or `used`.
    pub condition: String,
    /// Who makes it.
    pub brand: String,
    /// Its page.
    pub url: String,
    /// Its picture.
    pub image_url: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Product {
    /// As the Graph shows it.
    pub fn view(&self) -> Value {
        let mut view = json!({
            "id": self.product_id.to_string(),
            "retailer_id": self.retailer_id,
            "name": self.name,
            "description": self.description,
            "price": format!("{} {}", self.price, self.currency),
            "currency": self.currency,
            "availability": self.availability,
            "condition": self.condition,
        });
        for (name, value) in [("brand", &self.brand), ("url", &self.url), ("image_url", &self.image_url)] {
            if let (false, Some(members)) = (value.is_empty(), view.as_object_mut()) {
                members.insert(name.to_owned(), json!(value));
            }
        }
        view
    }
}

/// Makes a catalog.
pub async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    request: &Value,
) -> Result<i64, ManageError> {
    portfolios::portfolio(ctx, tx, portfolio).await?;
    let new = NEW_CATALOG.read(request)?;
    if store::list(tx, portfolio).await?.len() >= CATALOGS_MAX {
        let what = format!("the business has {CATALOGS_MAX} catalogs already");
        return Err(ManageError::invalid("name", &what));
    }
    let catalog = Catalog {
        catalog_id: ctx.graph_id(),
        portfolio,
        name: text(&new, "name").to_owned(),
        vertical: new.get("vertical").and_then(Value::as_str).unwrap_or("commerce").to_owned(),
        products: 0,
    };
    store::insert(ctx, tx, &catalog).await?;
    portfolios::store::insert_node(tx, catalog.catalog_id, NodeKind::Catalog, portfolio).await?;
    Ok(catalog.catalog_id)
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> &'a str {
    members.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The catalogs of a portfolio.
pub async fn list(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Catalog>, ManageError> {
    portfolios::portfolio(ctx, tx, portfolio).await?;
    Ok(store::list(tx, portfolio).await?)
}

/// A catalog.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Catalog, ManageError> {
    let catalog = store::get(tx, id).await?.ok_or(ManageError::NotFound)?;
    if may_touch(ctx, catalog.portfolio) { Ok(catalog) } else { Err(ManageError::NotFound) }
}

/// The catalog that an account sells from.
pub async fn of_account(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Option<Catalog>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    match store::of_account(tx, waba.waba_id).await? {
        Some(id) => Ok(store::get(tx, id).await?),
        None => Ok(None),
    }
}

/// The first products of an account's catalog that can be had.
pub(crate) async fn for_sale(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    limit: usize,
) -> Result<Vec<Product>, ManageError> {
    match of_account(ctx, tx, waba).await? {
        Some(catalog) => Ok(store::for_sale(tx, catalog.catalog_id, limit).await?),
        None => Ok(Vec::new()),
    }
}

/// Connects an account to a catalog of its own portfolio, in the place of the one before.
pub async fn connect(ctx: &Ctx, tx: &mut Tx, waba: WabaId, id: &str) -> Result<(), ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let catalog = named(ctx, tx, id).await?;
    if catalog.portfolio != waba.portfolio_id {
        return Err(unknown());
    }
    store::connect(ctx, tx, waba.waba_id, catalog.catalog_id).await?;
    let owner = (waba.portfolio_id, waba.waba_id);
    let details = json!({"catalog_id": catalog.catalog_id.to_string()});
    Ok(activity::record(ctx, tx, owner, "ACCOUNT_UPDATED", "a catalog was connected", details).await?)
}

/// The account does not sell from the catalog any more.
pub async fn disconnect(ctx: &Ctx, tx: &mut Tx, waba: WabaId, id: &str) -> Result<(), ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let catalog = named(ctx, tx, id).await?;
    if !store::disconnect(tx, waba.waba_id, catalog.catalog_id).await? {
        return Err(ManageError::invalid("catalog_id", "the account is not connected to it"));
    }
    let owner = (waba.portfolio_id, waba.waba_id);
    let details = json!({"catalog_id": catalog.catalog_id.to_string()});
    Ok(activity::record(ctx, tx, owner, "ACCOUNT_UPDATED", "a catalog was disconnected", details).await?)
}

async fn named(ctx: &Ctx, tx: &mut Tx, id: &str) -> Result<Catalog, ManageError> {
    let id = id.trim().parse().map_err(|_| unknown())?;
    match get(ctx, tx, id).await {
        Err(ManageError::NotFound) => Err(unknown()),
        found => found,
    }
}

fn unknown() -> ManageError {
    ManageError::invalid("catalog_id", "it names no catalog of the account's business")
}

/// A page of the products of a catalog, in the order of their own ids.
pub async fn products(
    ctx: &Ctx,
    tx: &mut Tx,
    catalog: i64,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Product>, ManageError> {
    let catalog = get(ctx, tx, catalog).await?;
    Ok(store::page(tx, catalog.catalog_id, after.unwrap_or_default(), limit).await?)
}

/// Writes a product. The answer is its id.
pub async fn put_product(ctx: &Ctx, tx: &mut Tx, catalog: i64, request: &Value) -> Result<i64, ManageError> {
    let catalog = get(ctx, tx, catalog).await?;
    let given = PRODUCT.read(request)?;
    let known = store::product(tx, catalog.catalog_id, text(&given, "retailer_id")).await?;
    if known.is_none() && catalog.products >= PRODUCTS_MAX {
        return Err(full());
    }
    let mut product = Draft::of(ctx, known, text(&given, "retailer_id"));
    product.fill(&given, &["name", "description", "availability", "condition", "brand", "url", "image_url"]);
    if let Some(price) = given.get("price").and_then(Value::as_i64) {
        product.price = Some(Micros(price.saturating_mul(MICROS_OF_HUNDREDTH)));
    }
    let product = product.finished()?;
    store::put(ctx, tx, catalog.catalog_id, &product).await?;
    Ok(product.product_id)
}

fn full() -> ManageError {
    let what = format!("the catalog has {PRODUCTS_MAX} products already: take some away");
    ManageError::invalid("retailer_id", &what)
}

/// A product that is being written: the one before, with the members that are given.
struct Draft {
    product: Product,
    price: Option<Micros>,
    is_new: bool,
}

impl Draft {
    fn of(ctx: &Ctx, known: Option<Product>, retailer_id: &str) -> Self {
        let is_new = known.is_none();
        let product = known.unwrap_or_else(|| Product {
            product_id: ctx.graph_id(),
            retailer_id: retailer_id.to_owned(),
            name: String::new(),
            description: String::new(),
            price: Micros::ZERO,
            currency: String::new(),
            availability: "in stock".to_owned(),
            condition: "new".to_owned(),
            brand: String::new(),
            url: String::new(),
            image_url: String::new(),
            created_at: ctx.now(),
        });
        Self { product, price: None, is_new }
    }

    /// Takes over members, named as the product's own.
    fn fill(&mut self, given: &Map<String, Value>, names: &[&str]) {
        for name in names {
            self.set(name, given.get(*name));
        }
        self.set("currency", given.get("currency"));
    }

    /// `null` takes a member away, what is absent stays.
    fn set(&mut self, name: &str, value: Option<&Value>) {
        let Some(value) = value else { return };
        let text = value.as_str().unwrap_or_default().to_owned();
        let product = &mut self.product;
        match name {
            "name" => product.name = text,
            "description" => product.description = text,
            "availability" => product.availability = text,
            "condition" => product.condition = text,
            "brand" => product.brand = text,
            "url" => product.url = text,
            "image_url" => product.image_url = text,
            "currency" => product.currency = text.to_ascii_uppercase(),
            _ => {}
        }
    }

    fn finished(self) -> Result<Product, ManageError> {
        let missing = |member: &str| ManageError::invalid(member, "the parameter is required");
        let price = match self.price {
            None if self.is_new => return Err(missing("price")),
            None => self.product.price,
            Some(price) => price,
        };
        if self.product.name.is_empty() {
            return Err(missing("name"));
        }
        if self.product.currency.is_empty() {
            return Err(missing("currency"));
        }
        if !self.product.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(ManageError::invalid("currency", "three letters such as EUR are expected"));
        }
        Ok(Product { price, ..self.product })
    }
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemOutcome {
    /// The business's own id, as far as the item has one.
    pub retailer_id: String,
    /// Why it was not taken; `None`: it was.
    pub error: Option<String>,
}

/// Writes and deletes many products. Items that cannot be taken are told, and the others go through.
pub async fn batch(
    ctx: &Ctx,
    tx: &mut Tx,
    catalog: i64,
    request: &Value,
) -> Result<Vec<ItemOutcome>, ManageError> {
    let catalog = get(ctx, tx, catalog).await?;
    let item_type = sloppy::text_member(request, "item_type").unwrap_or_else(|| "PRODUCT_ITEM".to_owned());
    if !item_type.eq_ignore_ascii_case("PRODUCT_ITEM") {
        return Err(ManageError::invalid("item_type", "PRODUCT_ITEM is expected"));
    }
    let may_insert = sloppy::member(request, "allow_upsert").and_then(sloppy::boolean).unwrap_or(true);
    let requests = requests(request)?;
    let mut room = PRODUCTS_MAX.saturating_sub(catalog.products);
    let mut outcomes = Vec::with_capacity(requests.len());
    for item in &requests {
        let data = sloppy::member(item, "data").cloned().unwrap_or_default();
        let retailer_id = sloppy::text_member(&data, "id")
            .or_else(|| sloppy::text_member(item, "retailer_id"))
            .unwrap_or_default();
        let change = Item { catalog: catalog.catalog_id, retailer_id: &retailer_id, data, may_insert };
        let error = match change.carry_out(ctx, tx, item, &mut room).await {
            Ok(()) => None,
            Err(ManageError::Refused { what, .. }) => Some(what),
            Err(error) => return Err(error),
        };
        outcomes.push(ItemOutcome { retailer_id, error });
    }
    Ok(outcomes)
}

/// The items; form and query parameters bring them as JSON inside a text.
fn requests(request: &Value) -> Result<Vec<Value>, ManageError> {
    let wrong = || {
        let what = format!("a list of 1 to {BATCH_ITEMS_MAX} items is expected");
        ManageError::invalid("requests", &what)
    };
    let items = match sloppy::member(request, "requests") {
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| wrong())?,
        Some(value) => value.clone(),
        None => return Err(wrong()),
    };
    match items {
        Value::Array(items) if (1..=BATCH_ITEMS_MAX).contains(&items.len()) => Ok(items),
        _ => Err(wrong()),
    }
}

/// An item of a batch.
struct Item<'a> {
    catalog: i64,
    retailer_id: &'a str,
    data: Value,
    may_insert: bool,
}

impl Item<'_> {
    async fn carry_out(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        item: &Value,
        room: &mut i64,
    ) -> Result<(), ManageError> {
        let method = sloppy::text_member(item, "method").unwrap_or_default().to_ascii_uppercase();
        let known = store::product(tx, self.catalog, self.retailer_id).await?;
        match (method.as_str(), known) {
            ("DELETE", Some(_)) => {
                *room = room.saturating_add(1);
                Ok(store::delete(tx, self.catalog, self.retailer_id).await?)
            }
            ("DELETE", None) => Err(ManageError::invalid("id", "the catalog has no such product")),
            ("UPDATE", None) if !self.may_insert => {
                Err(ManageError::invalid("id", "the catalog has no such product"))
            }
            ("CREATE" | "UPDATE", None) if *room <= 0 => Err(full()),
            ("CREATE" | "UPDATE", known) => {
                let is_new = known.is_none();
                let product = self.draft(ctx, known)?.finished()?;
                store::put(ctx, tx, self.catalog, &product).await?;
                if is_new {
                    *room = room.saturating_sub(1);
                }
                Ok(())
            }
            _ => Err(ManageError::invalid("method", "CREATE, UPDATE or DELETE is expected")),
        }
    }

    /// The names of a batch are those of product feeds.
    fn draft(&self, ctx: &Ctx, known: Option<Product>) -> Result<Draft, ManageError> {
        let given = ITEM.read(&self.data)?;
        let mut draft = Draft::of(ctx, known, self.retailer_id);
        draft.fill(&given, &["description", "availability", "condition", "brand"]);
        draft.set("name", given.get("title"));
        draft.set("url", given.get("link"));
        draft.set("image_url", given.get("image_link"));
        // `image` is a list of pictures, of which the first is shown.
        let first = given.get("image").and_then(|image| image.get(0)).and_then(|image| image.get("url"));
        if let Some(first) = first {
            let picture = PICTURE.read(&json!({"image_link": first}))?;
            draft.set("image_url", picture.get("image_link"));
        }
        if let Some(price) = given.get("price").and_then(Value::as_str) {
            let (amount, currency) = price.trim().split_once(' ').unwrap_or((price.trim(), ""));
            let amount = Micros::parse_decimal(amount)
                .filter(|amount| (0..=PRICE_MAX.saturating_mul(MICROS_OF_HUNDREDTH)).contains(&amount.0))
                .ok_or_else(|| ManageError::invalid("price", "an amount such as 9.99 EUR is expected"))?;
            draft.price = Some(amount);
            if !currency.is_empty() {
                draft.set("currency", Some(&json!(currency.trim())));
            }
        }
        Ok(draft)
    }
}

#[cfg(test)]
mod tests;
