//! # Portfolios, accounts, numbers
//!
//! A **portfolio** owns everything of one business: its accounts (`waba`), their **phone numbers**, its apps, and the
//! balance that its messages are charged to. Currency and country are fixed when it is made.
//!
//! A phone number is an account of the network like any other; the device that holds its keys is hosted by the gateway.
//! This crate is told the account's id and does not open it.
//!
//! Every object has a Graph id: a decimal number in one address space for all kinds. [`node`] says what an id names;
//! for an object of another portfolio it says the same as for none.

pub(crate) mod store;

pub(crate) use store::STATEMENTS;

use crate::apps::{self, NewApp};
use crate::reach::{self, Tier};
use crate::{Business, SealError, is_operator, may_touch};
use plaza_db::{DbError, Tx};
use plaza_protocol::{
    AccountId, AppId, Ctx, Currency, GroupId, Micros, PhoneNumber, PhoneNumberId, PortfolioId, Secret,
    Timestamp, WabaId, limits,
};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! node_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What an id of the Graph names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NodeKind { $($(#[$doc])* $name,)* }

        impl NodeKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in the table of nodes.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

node_kinds! {
    /// A business portfolio.
    Portfolio = "portfolio";
    /// A business account.
    Waba = "waba";
    /// A phone number.
    PhoneNumber = "phone_number";
    /// The public profile of a phone number.
    BusinessProfile = "business_profile";
    /// The greeting, prompts and commands of a phone number.
    Bot = "bot";
    /// An app.
    App = "app";
    /// A template.
    Template = "template";
    /// A flow.
    Flow = "flow";
    /// A media file.
    Media = "media";
    /// A group.
    Group = "group";
    /// A number that a partner has verified before it belongs to an account.
    PreverifiedNumber = "preverified_number";
    /// A system user.
    User = "user";
    /// What two apps do together for a client.
    Solution = "solution";
    /// The wish to move an account from one solution to another.
    MigrationIntent = "migration_intent";
    /// The wish to move an account to another partner.
    MobilityIntent = "mobility_intent";
    /// What happened to one message.
    MessageHistory = "message_history";
    /// A file that arrives in pieces.
    UploadSession = "upload_session";
    /// A catalog.
    Catalog = "catalog";
}

impl NodeKind {
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether several portfolios may know of it ([`crate::partners::may_know`]).
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Solution | Self::PreverifiedNumber)
    }
}

/// Added, and nobody has shown yet that it is theirs.
pub const UNVERIFIED: &str = "UNVERIFIED";
/// Verified, not registered.
pub const PENDING: &str = "PENDING";
/// Registered: it sends.
pub const CONNECTED: &str = "CONNECTED";
/// Deregistered.
pub const DISCONNECTED: &str = "DISCONNECTED";
/// The operator lets its account answer only.
pub const RESTRICTED: &str = "RESTRICTED";
/// The operator has stopped its account.
pub const BANNED: &str = "BANNED";

/// Graph ids are drawn below this; ids above belong to what a phone number always has, and follow from the number's
/// own.
const DERIVED: i64 = 1_000_000_000_000_000;

/// The id of a number's public profile.
pub fn profile_id(phone: PhoneNumberId) -> i64 {
    phone.0.saturating_add(DERIVED)
}

/// The id of a number's greeting, prompts and commands.
pub fn bot_id(phone: PhoneNumberId) -> i64 {
    phone.0.saturating_add(DERIVED.saturating_mul(2))
}

/// The number that a profile or a bot belongs to.
pub fn number_of(id: i64) -> PhoneNumberId {
    PhoneNumberId(id.rem_euclid(DERIVED))
}

/// An object of the Graph: its kind and whose it is. Neither ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// The account that it belongs to, of what belongs to one.
    pub waba: Option<WabaId>,
}

/// A business portfolio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portfolio {
    /// The id.
    pub portfolio_id: PortfolioId,
    /// Its name.
    pub name: String,
    /// ISO 3166.
    pub country: String,
    /// IANA name.
    pub time_zone: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A business account with what it has from its portfolio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waba {
    /// The id.
    pub waba_id: WabaId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// Its name.
    pub name: String,
    /// The portfolio's name.
    pub portfolio_name: String,
    /// ISO 3166.
    pub country: String,
    /// What it pays in.
    pub currency: Currency,
    /// IANA name.
    pub time_zone: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A phone number of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessNumber {
    /// The id.
    pub phone_number_id: PhoneNumberId,
    /// The account that it belongs to.
    pub waba_id: WabaId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// Its identity on the network.
    pub account_id: AccountId,
    /// The number.
    pub number: PhoneNumber,
    /// The name that people see.
    pub verified_name: String,
    /// GREEN, YELLOW, RED or UNKNOWN.
    pub quality: String,
    /// [`UNVERIFIED`], [`PENDING`], [`CONNECTED`], [`DISCONNECTED`], [`RESTRICTED`] or [`BANNED`].
    pub status: String,
    /// Whether it may send: connected numbers may, and restricted ones in answer.
    pub is_registered: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

impl BusinessNumber {
    /// The country's calling code, for the member of that name.
    pub fn dial_code(&self) -> Option<&'static str> {
        crate::country::dial_code(&self.number)
    }

    /// ISO 3166, from the calling code.
    pub fn country(&self) -> &'static str {
        crate::country::of(&self.number)
    }
}

/// An object is not there, or not for the asker to know of.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Not there, or another portfolio's.
    #[error("there is no such object, or it belongs to another business portfolio")]
    NotFound,
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// What `plaza business create` asks for.
#[derive(Debug, Clone)]
pub struct NewBusiness {
    /// The name of the portfolio, of its account and of its number.
    pub name: String,
    /// The first phone number.
    pub number: PhoneNumber,
    /// The number's account on the network, opened beforehand.
    pub account_id: AccountId,
    /// ISO 3166, two letters.
    pub country: String,
    /// What it pays in.
    pub currency: Currency,
    /// IANA name, for months and invoices.
    pub time_zone: String,
    /// What it starts with on its prepaid balance.
    pub credit: Micros,
    /// To how many people it may write first; `None`: as the server's configuration says.
    pub messaging_limit: Option<Tier>,
}

/// A new business, with the secrets that are shown once.
#[derive(Debug, Clone)]
pub struct CreatedBusiness {
    /// The portfolio.
    pub business_id: PortfolioId,
    /// Its account.
    pub waba_id: WabaId,
    /// Its number.
    pub phone_number_id: PhoneNumberId,
    /// The number as people read it.
    pub display_phone_number: String,
    /// Its app.
    pub app_id: AppId,
    /// What its webhooks are signed with.
    pub app_secret: Secret<String>,
    /// A token that does not expire.
    pub access_token: Secret<String>,
}

/// A business cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Only the operator may.
    #[error("only the operator creates businesses")]
    Forbidden,
    /// A member of the request cannot be used.
    #[error("{member}: {what}")]
    Invalid {
        /// Which.
        member: &'static str,
        /// Why, and what is expected.
        what: &'static str,
    },
    /// The number is another business's.
    #[error("number: it belongs to another business already")]
    NumberTaken,
    /// The secret could not be encrypted.
    #[error("sealing the app secret")]
    Seal(#[from] SealError),
    /// The balance could not be opened.
    #[error("opening the balance")]
    Billing(#[from] plaza_billing::BillingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl Business {
    /// Makes a portfolio with one account, one number, one app and one token.
    pub async fn create(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        new: &NewBusiness,
    ) -> Result<CreatedBusiness, CreateError> {
        if !is_operator(ctx) {
            return Err(CreateError::Forbidden);
        }
        check(new)?;
        let portfolio = PortfolioId(ctx.graph_id());
        let waba = WabaId(ctx.graph_id());
        store::insert_portfolio(ctx, tx, portfolio, new).await?;
        store::insert_node(tx, portfolio.0, NodeKind::Portfolio, portfolio).await?;
        store::insert_waba(ctx, tx, waba, portfolio, &new.name).await?;
        store::insert_node(tx, waba.0, NodeKind::Waba, portfolio).await?;
        let phone_number_id = add_number(ctx, tx, waba, portfolio, new).await?;
        reach::begin(ctx, tx, portfolio, new.messaging_limit.unwrap_or(self.first_tier)).await?;
        plaza_billing::open_portfolio(ctx, tx, portfolio, new.currency, &new.time_zone).await?;
        plaza_billing::set_country(ctx, tx, portfolio, &new.country).await?;
        if new.credit > Micros::ZERO {
            // The key is the portfolio's own: the first credit is booked once.
            plaza_billing::top_up(ctx, tx, portfolio, new.credit, &format!("first:{portfolio}")).await?;
        }
        let app =
            self.create_app::<CreateError>(ctx, tx, NewApp { portfolio, name: new.name.clone() }).await?;
        let token = apps::issue_token(ctx, tx, app.app_id, portfolio, apps::Scope::ALL, None).await?;
        store::subscribe(ctx, tx, waba, app.app_id).await?;
        Ok(CreatedBusiness {
            business_id: portfolio,
            waba_id: waba,
            phone_number_id,
            display_phone_number: new.number.to_string(),
            app_id: app.app_id,
            app_secret: app.secret,
            access_token: token,
        })
    }
}

fn check(new: &NewBusiness) -> Result<(), CreateError> {
    let letters = new.name.trim().chars().count();
    if letters == 0 || letters > limits::NAME_CHARACTERS_MAX {
        return Err(CreateError::Invalid { member: "name", what: "write 1 to 64 characters" });
    }
    if new.country.len() != 2 || !new.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(CreateError::Invalid {
            member: "country",
            what: "write two capital letters, for example DE",
        });
    }
    if new.credit < Micros::ZERO {
        return Err(CreateError::Invalid { member: "credit", what: "it cannot be below zero" });
    }
    Ok(())
}

async fn add_number(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    portfolio: PortfolioId,
    new: &NewBusiness,
) -> Result<PhoneNumberId, CreateError> {
    let phone = PhoneNumberId(ctx.graph_id());
    if !store::insert_phone_number(ctx, tx, phone, waba, portfolio, new).await? {
        return Err(CreateError::NumberTaken);
    }
    store::insert_node(tx, phone.0, NodeKind::PhoneNumber, portfolio).await?;
    Ok(phone)
}

/// What an id names, if the actor may know of it.
pub async fn node(ctx: &Ctx, tx: &mut Tx, id: i64) -> Result<Node, LookupError> {
    let node = match id.div_euclid(DERIVED) {
        0 => store::node(tx, id).await?,
        1 => derived(tx, id, NodeKind::BusinessProfile).await?,
        2 => derived(tx, id, NodeKind::Bot).await?,
        _ => None,
    };
    let mut node = node.ok_or(LookupError::NotFound)?;
    if !may_touch(ctx, node.portfolio) {
        return Err(LookupError::NotFound);
    }
    node.waba = match node.kind {
        NodeKind::Waba => Some(WabaId(id)),
        NodeKind::PhoneNumber | NodeKind::BusinessProfile | NodeKind::Bot => {
            store::phone_number(tx, number_of(id)).await?.map(|number| number.waba_id)
        }
        NodeKind::Template => store::waba_of_template(tx, id).await?,
        NodeKind::Group => crate::groups::store::get(tx, GroupId(id)).await?.map(|group| group.waba_id),
        _ => None,
    };
    Ok(node)
}

async fn derived(tx: &mut Tx, id: i64, kind: NodeKind) -> Result<Option<Node>, DbError> {
    let number = store::node(tx, number_of(id).0).await?;
    Ok(number.filter(|node| node.kind == NodeKind::PhoneNumber).map(|node| Node { kind, ..node }))
}

/// A portfolio.
pub async fn portfolio(ctx: &Ctx, tx: &mut Tx, id: PortfolioId) -> Result<Portfolio, LookupError> {
    if !may_touch(ctx, id) {
        return Err(LookupError::NotFound);
    }
    store::portfolio(tx, id).await?.ok_or(LookupError::NotFound)
}

/// The names of portfolios, of those that there are. For the operator's lists.
pub async fn names(
    ctx: &Ctx,
    tx: &mut Tx,
    ids: impl IntoIterator<Item = PortfolioId>,
) -> Result<BTreeMap<PortfolioId, String>, DbError> {
    let ids: BTreeSet<PortfolioId> = ids.into_iter().filter(|id| may_touch(ctx, *id)).collect();
    store::names(tx, &ids).await
}

/// The accounts of a portfolio.
pub async fn wabas_of(ctx: &Ctx, tx: &mut Tx, id: PortfolioId) -> Result<Vec<Waba>, LookupError> {
    if !may_touch(ctx, id) {
        return Err(LookupError::NotFound);
    }
    Ok(store::wabas_of(tx, id).await?)
}

/// Gives an account another name.
pub async fn rename(ctx: &Ctx, tx: &mut Tx, id: WabaId, name: &str) -> Result<(), LookupError> {
    let waba = waba(ctx, tx, id).await?;
    Ok(store::rename_waba(tx, waba.waba_id, name).await?)
}

/// A phone number.
pub async fn phone_number(ctx: &Ctx, tx: &mut Tx, id: PhoneNumberId) -> Result<BusinessNumber, LookupError> {
    let number = store::phone_number(tx, id).await?.ok_or(LookupError::NotFound)?;
    if may_touch(ctx, number.portfolio_id) { Ok(number) } else { Err(LookupError::NotFound) }
}

/// The numbers of an account, at most a page of them.
pub async fn phone_numbers(ctx: &Ctx, tx: &mut Tx, id: WabaId) -> Result<Vec<BusinessNumber>, LookupError> {
    waba(ctx, tx, id).await?;
    Ok(store::phone_numbers_of(tx, id).await?)
}

/// A business account.
pub async fn waba(ctx: &Ctx, tx: &mut Tx, id: WabaId) -> Result<Waba, LookupError> {
    let waba = store::waba(tx, id).await?.ok_or(LookupError::NotFound)?;
    if may_touch(ctx, waba.portfolio_id) { Ok(waba) } else { Err(LookupError::NotFound) }
}

/// The number whose account on the network this is. For the gateway.
pub async fn number_of_account(tx: &mut Tx, account: AccountId) -> Result<Option<BusinessNumber>, DbError> {
    store::number_of_account(tx, account).await
}

/// Businesses in the order of their ids, a page after `after`: their numbers with the account's names. For the gateway,
/// which hosts them all, and for the operator.
pub async fn numbers_after(
    ctx: &Ctx,
    tx: &mut Tx,
    after: Option<PhoneNumberId>,
) -> Result<Vec<BusinessNumber>, LookupError> {
    if !is_operator(ctx) {
        return Err(LookupError::NotFound);
    }
    Ok(store::numbers_after(tx, after.unwrap_or(PhoneNumberId(0))).await?)
}

/// How many portfolios there are. For the operator.
pub async fn count(ctx: &Ctx, tx: &mut Tx) -> Result<i64, LookupError> {
    if !is_operator(ctx) {
        return Err(LookupError::NotFound);
    }
    Ok(store::count(tx).await?)
}

#[cfg(test)]
mod tests;
