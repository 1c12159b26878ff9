//! # How much of each limit is used
//!
//! Every limit that a business can meet while it works with a number, in one list: how much is used now, how much there
//! is, over which time, and the code of the refusal at its end. The console shows it, so that nobody has to meet a
//! limit to learn of it. What a limit is for stands where it is kept.

use crate::codes::{self, Code};
use crate::management::ManageError;
use crate::pace::{PAIR_BURST, PAIR_EVERY};
use crate::portfolios;
use crate::{Business, blocks, numbers, reach, templates};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A limit and its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Which.
    pub name: &'static str,
    /// How much is used; `None`: it is counted for each person.
    pub used: Option<i64>,
    /// How much there is; `None`: it is switched off on this server.
    pub max: Option<i64>,
    /// Over which time; `None`: at any moment.
    pub window: Option<Duration>,
    /// What refuses more.
    pub code: Code,
}

impl Usage {
    /// A limit on what there is at a time.
    fn stock(name: &'static str, used: i64, max: i64, code: Code) -> Self {
        Self { name, used: Some(used), max: Some(max), window: None, code }
    }

    fn within(self, window: Duration) -> Self {
        Self { window: Some(window), ..self }
    }
}

impl Business {
    /// The limits of a number, its account and its portfolio.
    pub async fn usage(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
    ) -> Result<Vec<Usage>, ManageError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let standing = reach::standing(ctx, tx, number.portfolio_id).await?;
        let made = templates::made(ctx, tx, number.waba_id).await?;
        let blocked = blocks::count(tx, phone).await?;
        let registrations = numbers::registrations(ctx, tx, phone).await?;
        let owned = numbers::count(tx, number.portfolio_id).await?;
        let per_s = self.messages_per_s.map(i64::from);
        let cap = self.marketing.as_ref();
        Ok(vec![
            Usage {
                name: "messaging_limit",
                used: standing.reach.map(|reach| reach.people),
                max: standing.tier.people_max(),
                window: Some(reach::PLACE_TAKEN_FOR),
                code: codes::MESSAGING_LIMIT,
            },
            Usage {
                name: "throughput",
                used: Some(self.messages_per_s.map_or(0, |per_s| self.pace.used(ctx, phone, per_s))),
                max: per_s,
                window: Some(SECOND),
                code: codes::THROUGHPUT,
            },
            Usage {
                name: "pair_rate",
                used: None,
                max: per_s.map(|_| i64::from(PAIR_BURST)),
                window: Some(PAIR_EVERY.saturating_mul(PAIR_BURST)),
                code: codes::PAIR_RATE,
            },
            Usage {
                name: "marketing_per_person",
                used: None,
                max: cap.map(|cap| i64::from(cap.messages_max)),
                window: cap.map(|cap| cap.period),
                code: codes::MARKETING_CAP,
            },
            Usage::stock(
                "template_creations",
                made.in_hour,
                templates::CREATIONS_PER_HOUR,
                codes::ACCOUNT_CALLS,
            )
            .within(templates::CREATION_WINDOW),
            Usage::stock("templates", made.all, templates::TEMPLATES_MAX, codes::INVALID_PARAMETER),
            Usage::stock(
                "registrations",
                registrations,
                numbers::REGISTRATIONS_MAX,
                codes::REGISTRATION_LIMIT,
            )
            .within(numbers::REGISTRATION_WINDOW),
            Usage::stock("numbers", owned, numbers::NUMBERS_MAX, codes::INVALID_PARAMETER),
            Usage::stock("blocked_people", blocked, blocks::BLOCKED_MAX, codes::BLOCK_LIMIT),
        ])
    }
}
