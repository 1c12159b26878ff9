//! # Quality
//!
//! People say what they make of a business's messages: they block its number, report it, or leave its messages unread.
//! From that of the last seven days follows a **rating**, GREEN, YELLOW or RED, of each phone number and of each
//! template ([`RULES`] holds the whole of it). What people say comes in through [`feedback`].
//!
//! - **A number** begins GREEN. While it is RED the messaging limit of its portfolio does not rise; after seven days of
//!   RED it falls by one step, and by one more after each further seven ([`crate::reach::lower`]).
//! - **A template** begins UNKNOWN. RED pauses it: three hours at first, six the second time; the third time it is
//!   disabled for good. When a pause ends it is approved again and its rating begins anew.
//!
//! Each change of a rating, a pause and its end is told to the webhooks.
//!
//! **How it is looked at.** Each number and template has a row that says when it is due. Who has said something makes
//! it due at once, so that a bad template stops within a housekeeping round; otherwise it is looked at every hour, and
//! every day while nothing is sent. A look reads the newest [`SAMPLE_MESSAGES_MAX`] messages and no more, and sets what
//! was said since the first of them against the people who got one.

pub mod feedback;
mod store;

pub(crate) use store::{STATEMENTS, begin};

use crate::is_operator;
use crate::management::ManageError;
use crate::numbers;
use crate::portfolios::{self, BusinessNumber};
use crate::reach;
use crate::templates::{self, Standstill, Status, Template, store as template_store};
use crate::webhooks;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PhoneNumberId, TemplateId, Timestamp};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What counts for a rating.
pub const RATED_OVER: Duration = Duration::from_secs(7 * 24 * 3600);
/// Messages that one look reads, the newest first.
const SAMPLE_MESSAGES_MAX: i64 = 10_000;
/// What was said in this time counts double.
const FRESH: Duration = DAY;
/// A message is unread if nobody has opened it by then.
const READ_WITHIN: Duration = DAY;
/// How long a template pauses the first and the second time. The third time there is no end.
const PAUSES: [(Duration, &str); 2] =
    [(Duration::from_secs(3 * 3600), "FIRST_PAUSE"), (Duration::from_secs(6 * 3600), "SECOND_PAUSE")];
/// A number that is RED for so long costs a step of the messaging limit.
pub(crate) const RED_COSTS_AFTER: Duration = RATED_OVER;

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// Too little is known.
    Unknown,
    /// Good.
    Green,
    /// Some people complain, or few read.
    Yellow,
    /// Many complain.
    Red,
}

impl Rating {
    const ALL: [Self; 4] = [Self::Unknown, Self::Green, Self::Yellow, Self::Red];

    /// The word of the Cloud API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Green => "GREEN",
            Self::Yellow => "YELLOW",
            Self::Red => "RED",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rating| rating.as_str() == text)
    }
}

/// What speaks for a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Complaints, weighted, for each thousand people; and so many complaints at least.
    Complaints { per_mille: i64, at_least: i64 },
    /// Fewer than so many of a hundred messages are read, of at least so many.
    Unread { percent_below: i64, of_at_least: i64 },
    /// So many messages arrived.
    Delivered { at_least: i64 },
}

/// The rules, the worst first: the first that applies is the rating. A report weighs as much as two blocks, and what
/// was said within the last day counts double.
const RULES: &[(Rating, Sign)] = &[
    (Rating::Red, Sign::Complaints { per_mille: 100, at_least: 5 }),
    (Rating::Yellow, Sign::Complaints { per_mille: 40, at_least: 3 }),
    (Rating::Yellow, Sign::Unread { percent_below: 10, of_at_least: 100 }),
    (Rating::Green, Sign::Delivered { at_least: 10 }),
];
const BLOCK_WEIGHS: i64 = 1;
const REPORT_WEIGHS: i64 = 2;
const FRESH_COUNTS: i64 = 2;

/// What people made of the messages of a number or a template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals {
    /// Messages that arrived.
    pub delivered: i64,
    /// People who got one.
    pub people: i64,
    /// Messages that are old enough to have been read…
    pub readable: i64,
    /// …and were.
    pub read: i64,
    /// People who blocked the number.
    pub blocks: Said,
    /// People who reported it.
    pub reports: Said,
}

/// How many said something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// In all.
    pub all: i64,
    /// Of them within the last day.
    pub fresh: i64,
}

impl Said {
    fn weighs(self, each: i64) -> i64 {
        let older = self.all.saturating_sub(self.fresh);
        older.saturating_add(self.fresh.saturating_mul(FRESH_COUNTS)).saturating_mul(each)
    }
}

impl Signals {
    fn complaints(&self) -> i64 {
        self.blocks.all.saturating_add(self.reports.all)
    }

    fn complaints_per_mille(&self) -> i64 {
        let weight = self.blocks.weighs(BLOCK_WEIGHS).saturating_add(self.reports.weighs(REPORT_WEIGHS));
        weight.saturating_mul(1000) / self.people.max(1)
    }

    fn show(&self, sign: Sign) -> bool {
        match sign {
            Sign::Complaints { per_mille, at_least } => {
                self.complaints() >= at_least && self.complaints_per_mille() >= per_mille
            }
            Sign::Unread { percent_below, of_at_least } => {
                self.readable >= of_at_least
                    && self.read.saturating_mul(100) < self.readable.saturating_mul(percent_below)
            }
            Sign::Delivered { at_least } => self.delivered >= at_least,
        }
    }

    /// The rating that follows; `None`: too little was sent to say.
    fn rating(&self) -> Option<Rating> {
        RULES.iter().find(|(_, sign)| self.show(*sign)).map(|(rating, _)| *rating)
    }
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Phone(PhoneNumberId),
    Template(TemplateId),
}

/// A rating and how it came about.
#[derive(Debug, Clone, Copy)]
struct Row {
    subject: Subject,
    rating: Rating,
    rated_at: Timestamp,
    counted_from: Timestamp,
    pauses: i64,
    paused_until: Option<Timestamp>,
}

/// Rates what is due. For housekeeping: the answer is how many ratings changed.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<usize, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    store::forget_old(tx, ctx.now() - RATED_OVER).await?;
    let mut moved = 0;
    for row in store::due(ctx, tx).await? {
        let has_moved = match row.subject {
            Subject::Phone(phone) => rate_number(ctx, tx, phone, row).await?,
            Subject::Template(template) => rate_template(ctx, tx, template, row).await?,
        };
        moved += usize::from(has_moved);
    }
    Ok(moved)
}

/// Since when what was said and sent counts.
fn counted_from(ctx: &Ctx, row: &Row) -> Timestamp {
    row.counted_from.max(ctx.now() - RATED_OVER)
}

/// When to look again: seldom, while nothing is sent.
fn due_after(ctx: &Ctx, signals: &Signals) -> Timestamp {
    ctx.now() + if signals.delivered == 0 && signals.complaints() == 0 { DAY } else { HOUR }
}

async fn rate_number(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId, row: Row) -> Result<bool, ManageError> {
    let Some(number) = portfolios::store::phone_number(tx, phone).await? else {
        store::forget(tx, phone.0).await?;
        return Ok(false);
    };
    let signals = store::of_number(ctx, tx, &number, counted_from(ctx, &row)).await?;
    // The column of the number is what everybody reads; the row knows since when.
    let before = Rating::parse(&number.quality).unwrap_or(Rating::Unknown);
    let rating = signals.rating().unwrap_or(before.min(Rating::Green));
    let has_changed = rating != before;
    let rated_at = if has_changed { ctx.now() } else { row.rated_at };
    store::put(tx, phone.0, &Row { rating, rated_at, ..row }, due_after(ctx, &signals)).await?;
    if has_changed {
        numbers::store::set_quality(tx, phone, rating).await?;
        tell_number(ctx, tx, &number, before, rating).await?;
    }
    let is_red_long = rating == Rating::Red && ctx.now().since(rated_at) >= RED_COSTS_AFTER;
    if is_red_long {
        reach::lower(ctx, tx, number.portfolio_id).await?;
    }
    Ok(has_changed)
}

async fn tell_number(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    before: Rating,
    after: Rating,
) -> Result<(), ManageError> {
    if before.max(after) <= Rating::Green {
        // That a new number is good is no news.
        return Ok(());
    }
    let limit = reach::standing(ctx, tx, number.portfolio_id).await?.tier.as_str();
    let value = json!({
        "display_phone_number": number.number.digits(),
        "event": if after > before { "FLAGGED" } else { "UNFLAGGED" },
        "previous_quality_score": before.as_str(),
        "new_quality_score": after.as_str(),
        "current_limit": limit,
        "max_daily_conversations_per_business": limit,
    });
    let event = numbers::event(number, "phone_number_quality_update", value);
    Ok(webhooks::emit(ctx, tx, vec![event]).await?)
}

async fn rate_template(ctx: &Ctx, tx: &mut Tx, id: TemplateId, row: Row) -> Result<bool, ManageError> {
    let Some(template) = template_store::get(tx, id).await? else {
        store::forget(tx, id.0).await?;
        return Ok(false);
    };
    if let Some(until) = row.paused_until {
        return resume(ctx, tx, template, row, until).await;
    }
    if matches!(template.status, Status::Deleted | Status::Disabled) {
        store::forget(tx, id.0).await?;
        return Ok(false);
    }
    let signals = store::of_template(ctx, tx, id, counted_from(ctx, &row)).await?;
    // Too little to say changes nothing for a good one, and forgives a bad one.
    let kept = if row.rating == Rating::Green { Rating::Green } else { Rating::Unknown };
    let rating = signals.rating().unwrap_or(kept);
    if rating == row.rating {
        store::put(tx, id.0, &row, due_after(ctx, &signals)).await?;
        return Ok(false);
    }
    let rated = Row { rating, rated_at: ctx.now(), ..row };
    tell_template(ctx, tx, &template, row.rating, rating).await?;
    if rating == Rating::Red && template.status == Status::Approved {
        pause(ctx, tx, template, rated).await?;
    } else {
        store::put(tx, id.0, &rated, due_after(ctx, &signals)).await?;
    }
    Ok(true)
}

/// A template says something else now: what people made of the old wording says nothing about the new one.
pub(crate) async fn restart(ctx: &Ctx, tx: &mut Tx, template: &Template) -> Result<(), DbError> {
    let before = template.quality.0;
    store::restart(ctx, tx, template.template_id).await?;
    if before == Rating::Unknown {
        Ok(())
    } else {
        tell_template(ctx, tx, template, before, Rating::Unknown).await
    }
}

/// A template that people do not want stands still for a while, and at last for good.
async fn pause(ctx: &Ctx, tx: &mut Tx, template: Template, row: Row) -> Result<(), ManageError> {
    let nth = usize::try_from(row.pauses).unwrap_or(usize::MAX);
    let id = template.template_id.0;
    let (status, standstill, until) = match PAUSES.get(nth) {
        Some((length, word)) => (Status::Paused, Standstill::Paused(word), Some(ctx.now() + *length)),
        None => (Status::Disabled, Standstill::Disabled, None),
    };
    templates::stand_still(ctx, tx, template, status, standstill).await?;
    let row = Row { pauses: row.pauses.saturating_add(1), paused_until: until, ..row };
    Ok(store::put(tx, id, &row, until.unwrap_or(ctx.now() + DAY)).await?)
}

/// The pause is over: the template goes on, and its rating begins anew.
async fn resume(
    ctx: &Ctx,
    tx: &mut Tx,
    template: Template,
    row: Row,
    until: Timestamp,
) -> Result<bool, ManageError> {
    let id = template.template_id.0;
    let is_paused = template.status == Status::Paused;
    if is_paused && ctx.now() < until {
        store::put(tx, id, &row, until).await?;
        return Ok(false);
    }
    let now = ctx.now();
    let anew = Row { rating: Rating::Unknown, rated_at: now, counted_from: now, paused_until: None, ..row };
    store::put(tx, id, &anew, now + HOUR).await?;
    tell_template(ctx, tx, &template, row.rating, Rating::Unknown).await?;
    // One that was written anew, or set going by the business, has its status from there.
    if is_paused {
        templates::stand_still(ctx, tx, template, Status::Approved, Standstill::Over).await?;
    }
    Ok(true)
}

async fn tell_template(
    ctx: &Ctx,
    tx: &mut Tx,
    template: &Template,
    before: Rating,
    after: Rating,
) -> Result<(), DbError> {
    let value = json!({
        "previous_quality_score": before.as_str(),
        "new_quality_score": after.as_str(),
        "message_template_id": template.template_id.0,
        "message_template_name": template.name,
        "message_template_language": template.language,
    });
    let event = templates::event(template, "message_template_quality_update", value);
    webhooks::emit(ctx, tx, vec![event]).await
}

/// A rating and what it comes from, as a console shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The rating.
    pub rating: Rating,
    /// Since when; the epoch: from the beginning.
    pub since: Timestamp,
    /// What it was made of, as of now.
    pub signals: Signals,
}

/// The rating of a number, and what speaks for and against it now.
pub async fn of_number(ctx: &Ctx, tx: &mut Tx, phone: PhoneNumberId) -> Result<Shown, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let row = store::row(tx, phone.0).await?.ok_or(ManageError::NotFound)?;
    let signals = store::of_number(ctx, tx, &number, counted_from(ctx, &row)).await?;
    let rating = Rating::parse(&number.quality).unwrap_or(Rating::Unknown);
    Ok(Shown { rating, since: row.rated_at, signals })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(people: i64, all: i64, fresh: i64) -> Signals {
        Signals { delivered: people, people, blocks: Said { all, fresh }, ..Signals::default() }
    }

    #[test]
    fn the_rules_at_their_borders() {
        let rating = |signals: Signals| signals.rating();
        assert_eq!(rating(Signals::default()), None);
        assert_eq!(rating(blocked(9, 0, 0)), None);
        assert_eq!(rating(blocked(10, 0, 0)), Some(Rating::Green));
        // Two unhappy people are chance.
        assert_eq!(rating(blocked(10, 2, 2)), Some(Rating::Green));
        assert_eq!(rating(blocked(76, 3, 0)), Some(Rating::Green));
        assert_eq!(rating(blocked(75, 3, 0)), Some(Rating::Yellow));
        assert_eq!(rating(blocked(150, 3, 3)), Some(Rating::Yellow), "the last day counts double");
        assert_eq!(rating(blocked(151, 3, 3)), Some(Rating::Green));
        assert_eq!(rating(blocked(30, 4, 4)), Some(Rating::Yellow), "four are too few for RED");
        assert_eq!(rating(blocked(50, 5, 0)), Some(Rating::Red));
        assert_eq!(rating(blocked(51, 5, 0)), Some(Rating::Yellow));
        let reported = Signals { reports: Said { all: 5, fresh: 0 }, ..blocked(100, 0, 0) };
        assert_eq!(rating(reported), Some(Rating::Red), "a report weighs as much as two blocks");
        assert_eq!(rating(Signals { people: 101, ..reported }), Some(Rating::Yellow));
    }

    #[test]
    fn messages_that_nobody_reads_are_a_sign() {
        let unread = |readable, read| Signals { readable, read, ..blocked(200, 0, 0) }.rating();
        assert_eq!(unread(100, 9), Some(Rating::Yellow));
        assert_eq!(unread(100, 10), Some(Rating::Green));
        assert_eq!(unread(99, 0), Some(Rating::Green), "too few to say");
    }
}
