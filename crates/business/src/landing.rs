//! # Landing pages
//!
//! A public page of a number, for whoever has no account yet: its name, what its profile tells to people, the first
//! products of its catalog if that is shown, and the way into the chat. It is there while the business has a plan that
//! gives it ([`Entitlement::LandingPage`]) and the number is registered; otherwise the name leads nowhere, as an unknown
//! one does. It tells nothing that is not told to people already.

use crate::catalogs::{self, Product};
use crate::management::ManageError;
use crate::portfolios::{self, BusinessNumber};
use crate::settings::{self, Setting};
use crate::{usernames, verification};
use plaza_billing::plans::{self, Entitlement, Holder};
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx, PhoneNumber, PortfolioId};
use serde_json::{Map, Value};

/// Products on a page.
const PRODUCTS_MAX: usize = 12;

/// What is on the page of a number.
#[derive(Debug, Clone)]
pub struct LandingPage {
    /// The number.
    pub number: BusinessNumber,
    /// Its name in addresses, if it has one.
    pub username: Option<String>,
    /// The operator has checked who it is.
    pub shows_badge: bool,
    /// Its products that can be had, if its catalog is shown.
    pub products: Vec<Product>,
    profile: Map<String, Value>,
}

impl LandingPage {
    /// A member of the profile; empty where nothing was written.
    pub fn profile(&self, member: &str) -> &str {
        self.profile.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The addresses of the profile.
    pub fn websites(&self) -> impl Iterator<Item = &str> {
        let websites = self.profile.get("websites").and_then(Value::as_array);
        websites.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Where the page is, below the address of the server.
    pub fn path(&self) -> String {
        path(&self.number, self.username.as_deref())
    }
}

fn path(number: &BusinessNumber, username: Option<&str>) -> String {
    format!("/b/{}", username.unwrap_or(number.number.digits()))
}

async fn has_pages(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, ManageError> {
    let holder = Holder::Business(portfolio);
    Ok(plans::entitled(ctx, tx, holder, Entitlement::LandingPage).await?.is_some())
}

/// The page of a username or of a number with its digits. For everybody.
pub async fn page(ctx: &Ctx, tx: &mut Tx, name: &str) -> Result<Option<LandingPage>, ManageError> {
    let system = &ctx.acting_as(Actor::System);
    let found = match name.parse::<PhoneNumber>() {
        Ok(number) => portfolios::store::by_number(tx, &number).await?,
        Err(_) => usernames::number(tx, name).await?,
    };
    let Some(number) = found.filter(|number| number.is_registered) else { return Ok(None) };
    if !has_pages(system, tx, number.portfolio_id).await? {
        return Ok(None);
    }
    let phone = number.phone_number_id;
    let commerce = settings::read(system, tx, phone, Setting::Commerce).await?;
    let products = match commerce.get("is_catalog_visible").and_then(Value::as_bool) {
        Some(true) => catalogs::for_sale(system, tx, number.waba_id, PRODUCTS_MAX).await?,
        _ => Vec::new(),
    };
    Ok(Some(LandingPage {
        username: usernames::get(system, tx, phone).await?,
        shows_badge: verification::shows_badge(system, tx, number.portfolio_id).await?,
        profile: settings::read(system, tx, phone, Setting::Profile).await?,
        number,
        products,
    }))
}

/// The pages of a portfolio, each with its name and its address below that of the server.
pub async fn pages(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<(String, String)>, ManageError> {
    let mut pages = Vec::new();
    let wabas = portfolios::wabas_of(ctx, tx, portfolio).await?;
    if !has_pages(ctx, tx, portfolio).await? {
        return Ok(pages);
    }
    for waba in wabas {
        for number in portfolios::phone_numbers(ctx, tx, waba.waba_id).await? {
            if number.is_registered {
                let username = usernames::get(ctx, tx, number.phone_number_id).await?;
                pages.push((number.verified_name.clone(), path(&number, username.as_deref())));
            }
        }
    }
    Ok(pages)
}
