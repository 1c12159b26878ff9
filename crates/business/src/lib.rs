//! # Business
//!
//! The side of the network that pays: business portfolios, their accounts and phone numbers, apps with their secrets
//! and tokens, templates, the customer-service window, messages between a business and a person with their statuses,
//! and the webhooks that tell the business about them. The words are those of the Cloud API.
//!
//! What holds here:
//!
//! - **A message is charged through its life-cycle**: accepting it holds the worst-case price, the first of *delivered*
//!   and *read* posts the real one, failing lets it go. A status only moves forward, so a repeated receipt does
//!   nothing.
//! - **A webhook event is a row written in the transaction of its cause.** Whoever calls the endpoint comes later
//!   ([`webhooks`]).
//! - **Another portfolio's object does not exist**: each operation begins by asking whose the object is, and answers as
//!   for an unknown id.
//! - What a message says is not stored here. It goes into the conversation, encrypted by the hosted device.
//!
//! The crate knows no HTTP: errors name what went wrong ([`Code`] says how the Cloud API numbers it), and the surface
//! in `plaza-server` gives them their shape. Begin to read at [`messages`], which is what the rest is for.

pub mod activity;
pub mod alerts;
pub mod analytics;
pub mod apps;
pub mod audience;
pub mod blocks;
pub mod calls;
mod campaigns;
pub mod catalogs;
pub mod codes;
pub mod collections;
pub mod contacts;
pub mod country;
pub mod documents;
pub mod flows;
pub mod groups;
pub mod health;
pub mod history;
pub mod json;
pub mod landing;
pub mod management;
pub mod media;
pub mod messages;
pub mod numbers;
pub mod pace;
pub mod partners;
pub mod portfolios;
pub mod preverified;
pub mod prices;
pub mod qr;
pub mod quality;
pub mod reach;
mod seal;
pub mod settings;
pub mod standing;
pub mod templates;
#[cfg(test)]
mod testing;
pub mod uploads;
pub mod usage;
pub mod usernames;
pub mod users;
pub mod verification;
pub mod wabas;
pub mod wamid;
pub mod webhooks;
pub mod windows;

pub use codes::Code;
pub use country::of as country_of;
pub use seal::{SealError, SealingKey};

use pace::Pace;
use plaza_billing::Prices;
use plaza_db::Sql;
use plaza_protocol::{Actor, Ctx, PortfolioId, limits};
use reach::{MarketingCap, Tier};

/// What the operations of this crate need beside a context and a transaction.
#[derive(Debug)]
pub struct Business {
    sealing: SealingKey,
    prices: Prices,
    sandbox: bool,
    /// How fast a number may send, messages a second; `None`: as fast as it can.
    messages_per_s: Option<u32>,
    pace: Pace,
    /// The messaging limit that a portfolio begins with.
    first_tier: Tier,
    /// `None`: a person gets any amount of advertising.
    marketing: Option<MarketingCap>,
    /// Calls of a number to one person that may connect in 24 hours.
    connected_calls_per_day: u32,
    /// Groups that a number may have.
    groups_per_number: u32,
}

impl Business {
    /// `sealing` encrypts app secrets at rest, `prices` rates messages. In a sandbox templates are approved at once.
    pub fn new(sealing: SealingKey, prices: Prices, sandbox: bool) -> Self {
        Self {
            sealing,
            prices,
            sandbox,
            messages_per_s: None,
            pace: Pace::default(),
            first_tier: Tier::Unlimited,
            marketing: None,
            connected_calls_per_day: limits::CONNECTED_CALLS_PER_DAY,
            groups_per_number: limits::GROUPS_PER_NUMBER_MAX,
        }
    }

    /// With limits on how fast a number may send ([`pace`]).
    #[must_use]
    pub fn limited_to(self, messages_per_s: Option<u32>) -> Self {
        Self { messages_per_s, ..self }
    }

    /// With limits on whom a business may write to first ([`reach`]).
    #[must_use]
    pub fn reaching(self, first_tier: Tier, marketing: Option<MarketingCap>) -> Self {
        Self { first_tier, marketing, ..self }
    }

    /// With a limit on how often it may get through to one person by phone in a day ([`calls`]).
    #[must_use]
    pub fn calling(self, connected_calls_per_day: u32) -> Self {
        Self { connected_calls_per_day, ..self }
    }

    /// With another limit on the groups of a number.
    #[must_use]
    pub fn grouping(self, groups_per_number: u32) -> Self {
        Self { groups_per_number: groups_per_number.min(limits::GROUPS_PER_NUMBER_MAX), ..self }
    }

    /// Whether templates are approved at once.
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }
}

/// Whether the actor may touch what belongs to `portfolio`. Plaza itself and its operator may; an app only what is its
/// own portfolio's.
pub(crate) fn may_touch(ctx: &Ctx, portfolio: PortfolioId) -> bool {
    match ctx.actor() {
        Actor::System | Actor::Operator => true,
        Actor::App { portfolio: own, .. } => own == portfolio,
        Actor::Anonymous | Actor::Device { .. } => false,
    }
}

/// Whose objects the actor may look through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everybody's: Plaza's own and its operator's.
    Everything,
    /// Those of a portfolio: its app's.
    Of(PortfolioId),
    /// Nobody's.
    Nothing,
}

/// Whose objects the actor may look through: what [`may_touch`] says of one, for a list.
pub(crate) fn reach(ctx: &Ctx) -> Reach {
    match ctx.actor() {
        Actor::System | Actor::Operator => Reach::Everything,
        Actor::App { portfolio, .. } => Reach::Of(portfolio),
        Actor::Anonymous | Actor::Device { .. } => Reach::Nothing,
    }
}

/// Whether the actor runs the network.
pub(crate) fn is_operator(ctx: &Ctx) -> bool {
    matches!(ctx.actor(), Actor::System | Actor::Operator)
}

/// All SQL of this crate, for the test that prepares each statement on both engines.
pub fn statements() -> Vec<Sql> {
    [
        activity::STATEMENTS,
        analytics::STATEMENTS,
        apps::STATEMENTS,
        audience::STATEMENTS,
        blocks::STATEMENTS,
        calls::STATEMENTS,
        catalogs::STATEMENTS,
        contacts::STATEMENTS,
        documents::STATEMENTS,
        history::STATEMENTS,
        flows::STATEMENTS,
        groups::STATEMENTS,
        media::STATEMENTS,
        messages::STATEMENTS,
        numbers::STATEMENTS,
        portfolios::STATEMENTS,
        quality::STATEMENTS,
        campaigns::store::STATEMENTS,
        reach::STATEMENTS,
        standing::STATEMENTS,
        templates::STATEMENTS,
        uploads::STATEMENTS,
        usernames::STATEMENTS,
        users::STATEMENTS,
        verification::STATEMENTS,
        webhooks::STATEMENTS,
        windows::STATEMENTS,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use plaza_db::{Dialect, Sql};

    #[tokio::test]
    async fn both_engines_understand_every_statement() {
        plaza_db::testing::prepare_all(&super::statements()).await;
        let lists = super::catalogs::LISTS.iter().map(|list| list.sample(Dialect::Sqlite, 1, 1));
        plaza_db::testing::prepare_all(&lists.collect::<Vec<Sql>>()).await;
    }
}
