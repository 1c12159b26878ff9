//! Catalogs and their products, and the one that an account sells from.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_business::catalogs::{self, Catalog};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::{Value, json};

/// What is returned of a catalog when nothing is asked for.
const CATALOG_FIELDS: &[&str] = &["name"];
/// The same of a product.
const PRODUCT_FIELDS: &[&str] = &["name", "retailer_id"];

fn view(catalog: &Catalog) -> Value {
    json!({
        "id": catalog.catalog_id.to_string(),
        "name": catalog.name,
        "vertical": catalog.vertical,
        "product_count": catalog.products,
        "business": {"id": catalog.portfolio.to_string()},
    })
}

/// `GET /{business}/owned_product_catalogs`
pub(super) async fn owned(call: Call) -> Result<Value, GraphError> {
    let portfolio = PortfolioId(call.node());
    let list = async move |ctx: &Ctx, tx: &mut Tx| catalogs::list(ctx, tx, portfolio).await;
    let found = call.read("cloud_api.catalogs", list).await?;
    let items = found.iter().map(|catalog| lists::select(&call, view(catalog), CATALOG_FIELDS));
    lists::page(&call, items.collect())
}

/// `POST /{business}/owned_product_catalogs`
pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let (portfolio, request) = (PortfolioId(call.node()), call.params.value().clone());
    let create = async move |ctx: &Ctx, tx: &mut Tx| catalogs::create(ctx, tx, portfolio, &request).await;
    let id = call.write("cloud_api.create_catalog", create).await?;
    Ok(json!({"id": id.to_string()}))
}

/// `GET /{catalog}`
pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let get = async move |ctx: &Ctx, tx: &mut Tx| catalogs::get(ctx, tx, id).await;
    let catalog = call.read("cloud_api.catalog", get).await?;
    Ok(lists::select(&call, view(&catalog), CATALOG_FIELDS))
}

/// `GET /{catalog}/products`
pub(super) async fn products(call: Call) -> Result<Value, GraphError> {
    let (id, limit, after) = (call.node(), lists::page_rows(&call)?, lists::decode_cursor(&call, "after")?);
    let page = async move |ctx: &Ctx, tx: &mut Tx| {
        // One more than asked for says whether there is another page.
        catalogs::products(ctx, tx, id, after.as_deref(), limit.saturating_add(1)).await
    };
    let mut found = call.read("cloud_api.products", page).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let cursor = |product: Option<&catalogs::Product>| {
        lists::encode_cursor(product.map(|product| product.retailer_id.as_str()).unwrap_or_default())
    };
    let (first, last) = (cursor(found.first()), cursor(found.last()));
    let data = found.iter().map(|product| lists::select(&call, product.view(), PRODUCT_FIELDS));
    Ok(lists::envelope(&call, data.collect(), (&first, &last), (false, has_more)))
}

/// `POST /{catalog}/products`
pub(super) async fn put_product(call: Call) -> Result<Value, GraphError> {
    let (id, request) = (call.node(), call.params.value().clone());
    let put = async move |ctx: &Ctx, tx: &mut Tx| catalogs::put_product(ctx, tx, id, &request).await;
    let product = call.write("cloud_api.put_product", put).await?;
    Ok(json!({"id": product.to_string()}))
}

/// `POST /{catalog}/items_batch`: everything is done when the answer comes, so the handle is for clients that look.
pub(super) async fn batch(call: Call) -> Result<Value, GraphError> {
    let (id, request) = (call.node(), call.params.value().clone());
    let batch = async move |ctx: &Ctx, tx: &mut Tx| catalogs::batch(ctx, tx, id, &request).await;
    let outcomes = call.write("cloud_api.items_batch", batch).await?;
    let refused = outcomes.iter().filter_map(|outcome| {
        let errors = [json!({"message": outcome.error.as_ref()?})];
        Some(json!({"retailer_id": outcome.retailer_id, "errors": errors, "warnings": []}))
    });
    let handle = URL_SAFE_NO_PAD.encode(call.ctx.request().as_bytes());
    Ok(json!({"handles": [handle], "validation_status": refused.collect::<Vec<_>>()}))
}

/// `GET /{waba}/product_catalogs`
pub(super) async fn connected(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let get = async move |ctx: &Ctx, tx: &mut Tx| catalogs::of_account(ctx, tx, waba).await;
    let found = call.read("cloud_api.connected_catalog", get).await?;
    let items = found.iter().map(|catalog| lists::select(&call, view(catalog), CATALOG_FIELDS));
    lists::page(&call, items.collect())
}

/// `POST /{waba}/product_catalogs`
pub(super) async fn connect(call: Call) -> Result<Value, GraphError> {
    let (waba, id) = (call.waba(), call.params.required("catalog_id")?);
    let connect = async move |ctx: &Ctx, tx: &mut Tx| catalogs::connect(ctx, tx, waba, &id).await;
    call.write("cloud_api.connect_catalog", connect).await?;
    Ok(success())
}

/// `DELETE /{waba}/product_catalogs`
pub(super) async fn disconnect(call: Call) -> Result<Value, GraphError> {
    let (waba, id) = (call.waba(), call.params.required("catalog_id")?);
    let disconnect = async move |ctx: &Ctx, tx: &mut Tx| catalogs::disconnect(ctx, tx, waba, &id).await;
    call.write("cloud_api.disconnect_catalog", disconnect).await?;
    Ok(success())
}
