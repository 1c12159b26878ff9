//! # Whom a send would reach, and what it would cost
//!
//! Before a campaign a business names a template, or a category, and people or markets. The cost is worked out by billing
//! ([`plaza_billing::estimate`]); whom it would reach, here.
//!
//! **What is told of people.** Of a number that the business has met (a contact) it is told what it can know: whether a
//! window is open, whether it blocked the person itself, whether they stopped its advertising. Of every other number
//! nothing is told, not even whether somebody has it on the network: it counts as one that would be reached. Whoever
//! could ask that of ten thousand numbers at once would have a list of who uses Plaza. Only sums are told, never numbers,
//! and asking is slow ([`plaza_protocol::limits::ESTIMATES_AT_ONCE`]).
//!
//! Nor is it told who has got enough advertising from others: that is between them and the network.

mod store;

pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use crate::portfolios::{self, BusinessNumber};
use crate::reach::{self, PLACE_TAKEN_FOR, Standing as ReachStanding};
use crate::templates::{self, Template, TemplateError};
use crate::{Business, analytics, messages};
use plaza_billing::estimate::{self, Estimate, Part, Plan, To};
use plaza_billing::{Category, WindowState};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Micros, PhoneNumber, PhoneNumberId, TemplateId, Timestamp};
use std::collections::BTreeSet;

/// Numbers of one question.
pub const NUMBERS_MAX: usize = 10_000;
/// Markets of one question.
pub const MARKETS_MAX: usize = 250;

/// What would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A template of the number's account.
    Template(TemplateId),
    /// Anything of a category.
    Category(Category),
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// People.
    Numbers(Vec<PhoneNumber>),
    /// So many in each market.
    Markets(Vec<(String, i64)>),
}

/// A send that somebody thinks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idea {
    /// From which number.
    pub phone: PhoneNumberId,
    /// What.
    pub what: What,
    /// To whom.
    pub whom: Whom,
    /// The business pays no more than that for one.
    pub max_price: Option<Micros>,
}

/// Whom a send would reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audience {
    /// Numbers that were named, each once.
    pub people: i64,
    /// The business has met them.
    pub known: i64,
    /// Of these, they wrote within 24 hours.
    pub in_service_window: i64,
    /// Of these, they came by an ad or a page button lately: everything is free.
    pub in_free_entry_point: i64,
    /// Known and not reached: they stopped the advertising of this business.
    pub stopped: i64,
    /// Known, and the number itself blocked them: they get the message, and their answers do not arrive.
    pub blocked: i64,
    /// Known and not reached: what is free-form needs an open window.
    pub window_closed: i64,
    /// Not met before: whether they are on the network shows when they are written to.
    pub unknown: i64,
    /// It is the sending number itself.
    pub own: i64,
    /// Those who would take a place of the messaging limit.
    pub places: i64,
}

/// What became of an idea.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// Of numbers; `None`: markets were named.
    pub audience: Option<Audience>,
    /// The messaging limit as it stands.
    pub reach: ReachStanding,
    /// What it would cost.
    pub estimate: Estimate,
    /// The template.
    pub template: Option<Template>,
    /// What for.
    pub category: Category,
}

fn invalid(member: &str, what: &str) -> ManageError {
    ManageError::invalid(member, what)
}

impl Business {
    /// Counts a question of a number's business, or says how long to wait.
    pub fn may_estimate(&self, ctx: &Ctx, phone: PhoneNumberId) -> Result<(), std::time::Duration> {
        self.pace.take_estimate(ctx, phone)
    }

    /// Says whom a send would reach and what it would cost, if it were sent now. Nothing is written.
    pub async fn forecast(&self, ctx: &Ctx, tx: &mut Tx, idea: &Idea) -> Result<Forecast, ManageError> {
        let number = portfolios::phone_number(ctx, tx, idea.phone).await?;
        let template = match &idea.what {
            What::Template(id) => Some(template_of(ctx, tx, &number, *id).await?),
            What::Category(_) => None,
        };
        let category = match (&template, &idea.what) {
            (Some(template), _) => template.category,
            (None, What::Category(category)) => *category,
            (None, What::Template(_)) => return Err(ManageError::NotFound),
        };
        let (audience, parts) = match &idea.whom {
            Whom::Numbers(numbers) if numbers.len() > NUMBERS_MAX => {
                return Err(invalid("to", &format!("at most {NUMBERS_MAX} numbers are expected")));
            }
            Whom::Markets(markets) if markets.len() > MARKETS_MAX => {
                return Err(invalid("markets", &format!("at most {MARKETS_MAX} are expected")));
            }
            Whom::Numbers(numbers) => {
                let (audience, parts) = look_at(ctx, tx, (&number, category), numbers).await?;
                (Some(audience), parts)
            }
            Whom::Markets(markets) => {
                let part = |(market, messages): &(String, i64)| Part {
                    to: To::Market(market.clone()),
                    messages: *messages,
                    window: WindowState::default(),
                };
                (None, markets.iter().map(part).collect())
            }
        };
        let plan = Plan {
            portfolio_id: number.portfolio_id,
            waba_id: number.waba_id,
            phone_number_id: number.phone_number_id,
            category,
            campaign: template.as_ref().map(|template| template.name.as_str().into()),
            lasts: messages::lifetime(template.as_ref()),
            max_price: idea.max_price,
        };
        let estimate = estimate::estimate(ctx, tx, &self.prices, &plan, &parts).await;
        let estimate = match estimate {
            Err(plaza_billing::BillingError::BadAmount) => {
                let most = estimate::MESSAGES_MAX;
                return Err(invalid("messages", &format!("0 to {most} messages in all are expected")));
            }
            other => other.map_err(analytics::billing)?,
        };
        let reach = reach::standing(ctx, tx, number.portfolio_id).await?;
        Ok(Forecast { audience, reach, estimate, template, category })
    }
}

async fn template_of(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    id: TemplateId,
) -> Result<Template, ManageError> {
    match templates::get(ctx, tx, id).await {
        Ok(template) if template.waba_id == number.waba_id => Ok(template),
        Err(TemplateError::Db(error)) => Err(error.into()),
        _ => Err(invalid("template_id", "the account of the number has no such template")),
    }
}

/// What is known of people, and what would go to them.
async fn look_at(
    ctx: &Ctx,
    tx: &mut Tx,
    (number, category): (&BusinessNumber, Category),
    people: &[PhoneNumber],
) -> Result<(Audience, Vec<Part>), ManageError> {
    let mut seen = BTreeSet::new();
    let named: Vec<&PhoneNumber> = people.iter().filter(|person| seen.insert(person.digits())).collect();
    let others: Vec<&PhoneNumber> =
        named.iter().copied().filter(|person| **person != number.number).collect();
    let count = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
    let mut audience = Audience {
        people: count(named.len()),
        own: count(named.len().saturating_sub(others.len())),
        ..Audience::default()
    };
    let own = (number.portfolio_id, number.phone_number_id);
    let known = store::known(tx, own, &others, ctx.now() - PLACE_TAKEN_FOR).await?;
    let mut parts = Vec::with_capacity(others.len());
    for (person, known) in others.into_iter().zip(known) {
        if let Some(window) = audience.add(ctx, category, known) {
            parts.push(Part { to: To::Number(person.clone()), messages: 1, window });
        }
    }
    Ok((audience, parts))
}

fn one_more(count: &mut i64, is_one: bool) {
    *count = count.saturating_add(i64::from(is_one));
}

impl Audience {
    /// Counts somebody; the windows with them if something would go to them.
    fn add(&mut self, ctx: &Ctx, category: Category, known: Option<store::Known>) -> Option<WindowState> {
        let Some(known) = known else {
            one_more(&mut self.unknown, true);
            // Whom the business never met never wrote to it.
            let is_sent = category != Category::Service;
            one_more(&mut self.places, is_sent);
            return is_sent.then(WindowState::default);
        };
        one_more(&mut self.known, true);
        one_more(&mut self.blocked, known.is_blocked);
        if category == Category::Marketing && known.has_stopped {
            one_more(&mut self.stopped, true);
            return None;
        }
        let is_open = |until: &Timestamp| ctx.now() < *until;
        let window = WindowState {
            customer_service_until: known.customer_service_until.filter(is_open),
            free_entry_point_until: known.free_entry_point_until.filter(is_open),
        };
        let is_in_service = window.customer_service_until.is_some();
        if category == Category::Service && !is_in_service {
            one_more(&mut self.window_closed, true);
            return None;
        }
        one_more(&mut self.in_service_window, is_in_service);
        one_more(&mut self.in_free_entry_point, window.free_entry_point_until.is_some());
        one_more(&mut self.places, !is_in_service && !known.has_place);
        Some(window)
    }
}

#[cfg(test)]
mod tests;
