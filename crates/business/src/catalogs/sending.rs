//! # A message with products
//!
//! A message names products by the business's own ids. If its account sells from a catalog, each is looked up there and
//! put into the message with its name, price and picture: the person's client shows a card without asking anybody. An
//! id that the catalog does not have, or another catalog, is refused. A message that opens the whole catalog carries
//! the first products that can be had.
//!
//! What a message may weigh is bounded: where descriptions would make it too heavy, they stay away.

use super::{Product, store};
use crate::json::node::{Refusal, invalid};
use crate::messages::SendError;
use crate::portfolios::BusinessNumber;
use plaza_db::{Tx, Value};
use plaza_protocol::content::{self, Action, Body, Button, Header, action, header};
use std::collections::BTreeMap;

/// Products that a message about the whole catalog carries.
const CARRIED_PRODUCTS_MAX: usize = 30;
/// Characters of a description that are carried.
const DESCRIPTION_CHARACTERS_MAX: usize = 300;
/// Bytes of all that is said about products, of a message that may have 64 KiB.
const CARRIED_BYTES_MAX: usize = 32 * 1024;

/// The places of a message that name products.
#[derive(Default)]
struct Named<'a> {
    products: Vec<&'a mut content::Product>,
    lists: Vec<&'a mut content::ProductList>,
    whole: Vec<&'a mut content::Catalog>,
}

impl<'a> Named<'a> {
    fn of(body: &'a mut Body) -> Self {
        let mut named = Self::default();
        match body {
            Body::Interactive(interactive) => {
                named.action(interactive.action.as_mut());
                named.header(interactive.header.as_mut());
                for card in &mut interactive.cards {
                    named.header(card.header.as_mut());
                    named.buttons(&mut card.buttons);
                }
            }
            Body::Template(template) => {
                named.header(template.rich_header.as_mut());
                named.buttons(&mut template.buttons);
                for card in &mut template.cards {
                    named.header(card.header.as_mut());
                    named.buttons(&mut card.buttons);
                }
            }
            _ => {}
        }
        named
    }

    fn is_empty(&self) -> bool {
        self.products.is_empty() && self.lists.is_empty() && self.whole.is_empty()
    }

    fn header(&mut self, header: Option<&'a mut Header>) {
        if let Some(header::Header::Product(product)) = header.and_then(|header| header.header.as_mut()) {
            self.products.push(product);
        }
    }

    fn buttons(&mut self, buttons: &'a mut [Button]) {
        for button in buttons {
            self.action(button.action.as_mut());
        }
    }

    fn action(&mut self, action: Option<&'a mut Action>) {
        match action.and_then(|action| action.action.as_mut()) {
            Some(action::Action::Product(one)) => self.products.extend(one.product.as_mut()),
            Some(action::Action::ProductList(list)) => self.lists.push(list),
            Some(action::Action::Catalog(catalog)) => self.whole.push(catalog),
            _ => {}
        }
    }
}

/// Completes the products of a message, which the request names.
pub(crate) async fn complete(tx: &mut Tx, number: &BusinessNumber, body: &mut Body) -> Result<(), SendError> {
    let at = if matches!(body, Body::Template(_)) { "template.components" } else { "interactive.action" };
    let Named { mut products, lists, whole } = match Named::of(body) {
        named if named.is_empty() => return Ok(()),
        named => named,
    };
    let Some(catalog) = store::of_account(tx, number.waba_id).await? else { return Ok(()) };
    let id = catalog.to_string();
    for list in lists {
        take_catalog(&mut list.catalog_id, &id, at)?;
        products.extend(list.sections.iter_mut().flat_map(|section| &mut section.products));
    }
    let mut asked: Vec<Value> = products.iter().map(|product| product.retailer_id.as_str().into()).collect();
    let thumbnails = whole.iter().map(|whole| &whole.thumbnail_retailer_id).filter(|id| !id.is_empty());
    asked.extend(thumbnails.map(|id| Value::from(id.as_str())));
    let known = if asked.is_empty() { Vec::new() } else { store::named(tx, catalog, &asked).await? };
    let known: BTreeMap<&str, &Product> =
        known.iter().map(|product| (product.retailer_id.as_str(), product)).collect();
    let missing = |retailer_id: &str| {
        let what = format!("the connected catalog {id} has no product {retailer_id}");
        invalid(&format!("{at}.product_retailer_id"), what)
    };
    let mut carried = Carried::default();
    for product in products {
        take_catalog(&mut product.catalog_id, &id, at)?;
        let known = known.get(product.retailer_id.as_str()).ok_or_else(|| missing(&product.retailer_id))?;
        *product = carried.card(&id, known);
    }
    for whole in whole {
        take_catalog(&mut whole.catalog_id, &id, at)?;
        let first = match whole.thumbnail_retailer_id.as_str() {
            "" => None,
            thumbnail => Some(*known.get(thumbnail).ok_or_else(|| missing(thumbnail))?),
        };
        let shown = store::for_sale(tx, catalog, CARRIED_PRODUCTS_MAX).await?;
        let rest = shown
            .iter()
            .filter(|product| Some(&product.retailer_id) != first.map(|first| &first.retailer_id));
        let all = first.into_iter().chain(rest).take(CARRIED_PRODUCTS_MAX);
        whole.products = all.map(|product| carried.card(&id, product)).collect();
    }
    Ok(())
}

/// The catalog that is meant, where the message names one.
fn take_catalog(named: &mut String, connected: &str, at: &str) -> Result<(), Refusal> {
    if named.is_empty() || named == connected {
        connected.clone_into(named);
        return Ok(());
    }
    let what = format!("the phone number's account is connected to the catalog {connected}, not to this one");
    Err(invalid(&format!("{at}.catalog_id"), what))
}

/// What has been put into a message so far.
#[derive(Default)]
struct Carried {
    bytes: usize,
}

impl Carried {
    fn card(&mut self, catalog_id: &str, product: &Product) -> content::Product {
        let mut description: String = product.description.chars().take(DESCRIPTION_CHARACTERS_MAX).collect();
        let bare = product.name.len().saturating_add(product.image_url.len());
        if self.bytes.saturating_add(bare).saturating_add(description.len()) > CARRIED_BYTES_MAX {
            description.clear();
        }
        self.bytes = self.bytes.saturating_add(bare).saturating_add(description.len());
        content::Product {
            catalog_id: catalog_id.to_owned(),
            retailer_id: product.retailer_id.clone(),
            name: product.name.clone(),
            description,
            price_micros: product.price.0,
            currency: product.currency.clone(),
            image_url: product.image_url.clone(),
        }
    }
}
