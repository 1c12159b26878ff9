//! Spending caps: what counts as spent, and that it is never more than a blocking cap.

use super::*;
use plaza_billing::caps::{self as spending, CapAction, NewCap, Owner, Period, Scope};
use plaza_protocol::{Actor, AppId};
use std::ops::RangeInclusive;

/// The names of the templates: the campaigns.
pub(super) const TEMPLATES: [&str; 2] = ["spring", "autumn"];

/// A cap by the events.
#[derive(Debug, Clone)]
pub(super) struct Cap {
    limit: i64,
    blocks: bool,
    /// The days of its period when it was set, and what was spent in it: a cap may be set below that.
    set_in: RangeInclusive<i64>,
    spent_when_set: i64,
}

/// The days that a cap sums up together with a day.
fn span(period: Period, day: i64) -> RangeInclusive<i64> {
    match period {
        Period::Day => day..=day,
        Period::Month => day / 100 * 100..=day / 100 * 100 + 99,
    }
}

fn covers(scope: Scope, subject: &str, intent: &Intent) -> bool {
    match scope {
        Scope::Portfolio => true,
        Scope::Account => intent.waba_id.to_string() == subject,
        Scope::Number => intent.phone_number_id.to_string() == subject,
        Scope::Campaign => intent.campaign.as_deref() == Some(subject),
    }
}

impl Customer {
    /// Whether all blocking caps leave room for a message that may cost so much.
    pub(super) fn caps_admit(&self, intent: &Intent, worst: i64) -> bool {
        self.caps.iter().all(|((_, scope, subject, period), cap)| {
            !cap.blocks || !covers(*scope, subject, intent) || {
                let days = span(*period, self.day_of(intent.sent_at));
                self.spent_in(&days, |other| covers(*scope, subject, other)) + worst <= cap.limit
            }
        })
    }

    fn subject(&self, scope: Scope, which: usize) -> String {
        match scope {
            Scope::Portfolio => String::new(),
            Scope::Account => self.id.0.to_string(),
            Scope::Number => (self.id.0 * 10 + i64::try_from(which % 2).unwrap()).to_string(),
            Scope::Campaign => TEMPLATES[which % 2].to_owned(),
        }
    }
}

/// A cap as an event sets it, or takes it away where it has no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) scope: Scope,
    pub(super) which: usize,
    pub(super) period: Period,
    pub(super) cents: Option<i64>,
    pub(super) blocks: bool,
    pub(super) owner: Owner,
}

impl World {
    pub(super) async fn caps(&self, customer: &mut Customer, wanted: &Wanted) {
        let Wanted { scope, which, period, cents, blocks, owner } = *wanted;
        let (id, subject) = (customer.id, customer.subject(scope, which));
        let key = (owner, scope, subject.clone(), period);
        let actor = match owner {
            Owner::Operator => Actor::Operator,
            Owner::Business => Actor::App { app: AppId(1), portfolio: id },
        };
        let as_owner = Self { ctx: self.ctx.acting_as(actor), ..self.clone() };
        let Some(cents) = cents else {
            let known = self.statuses(id).await.into_iter().map(|status| status.cap);
            let of_it =
                |cap: &spending::Cap| (cap.owner, cap.scope, cap.subject.to_string(), cap.period) == key;
            let known = known.filter(of_it).map(|cap| cap.cap_id).next();
            assert_eq!(known.is_some(), customer.caps.remove(&key).is_some());
            if let Some(cap) = known {
                let remove = async move |ctx: &Ctx, tx: &mut Tx| spending::remove_cap(ctx, tx, id, cap).await;
                as_owner.with(remove).await.unwrap();
            }
            return;
        };
        let action = if blocks { CapAction::Block } else { CapAction::Alert };
        let limit = cents * 10_000;
        let new = NewCap { scope, subject: subject.clone(), period, limit: Micros(limit), action };
        let set = async move |ctx: &Ctx, tx: &mut Tx| spending::set_cap(ctx, tx, id, &new).await;
        as_owner.with(set).await.unwrap();
        let set_in = span(period, customer.day_of(self.ctx.now()));
        let spent_when_set = customer.spent_in(&set_in, |intent| covers(scope, &subject, intent));
        customer.caps.insert(key, Cap { limit, blocks, set_in, spent_when_set });
    }

    async fn statuses(&self, id: PortfolioId) -> Vec<spending::CapStatus> {
        self.with(async move |ctx: &Ctx, tx: &mut Tx| spending::statuses(ctx, tx, id).await).await.unwrap()
    }

    /// 3, for caps: what is spent is what the messages of the time hold and cost, and a blocking cap is never crossed: in
    /// its running period, after every event.
    pub(super) async fn caps_are_kept(&self, customer: &Customer) {
        if customer.caps.is_empty() {
            return;
        }
        let statuses = self.statuses(customer.id).await;
        assert_eq!(statuses.len(), customer.caps.len());
        let today = customer.day_of(self.ctx.now());
        for status in statuses {
            let spending::Cap { owner, scope, ref subject, period, .. } = status.cap;
            let cap = &customer.caps[&(owner, scope, subject.to_string(), period)];
            let days = span(period, today);
            let spent = customer.spent_in(&days, |intent| covers(scope, subject, intent));
            assert_eq!((status.spent.0, status.cap.limit.0), (spent, cap.limit), "{status:?}");
            let most = if days == cap.set_in { cap.limit.max(cap.spent_when_set) } else { cap.limit };
            assert!(!cap.blocks || spent <= most, "{spent} of {most}: {status:?}");
        }
    }
}

/// What was spent, by portfolio, scope, subject and day.
pub(super) type Spending = BTreeMap<(i64, String, String, i64), i64>;

/// The same of all days that there were: the sums by day are those of the messages, and no window of a blocking cap
/// holds more than it allows.
pub(super) fn caps_were_kept(kept: &Spending, customers: &[Customer]) {
    let mut counted = Spending::new();
    for customer in customers {
        for (intent, day, amount) in customer.spending().filter(|(_, _, amount)| *amount != 0) {
            let mut add = |scope: Scope, subject: String| {
                let key = (customer.id.0, scope.as_str().to_owned(), subject, day);
                *counted.entry(key).or_default() += amount;
            };
            add(Scope::Portfolio, String::new());
            add(Scope::Account, intent.waba_id.to_string());
            add(Scope::Number, intent.phone_number_id.to_string());
            intent.campaign.iter().for_each(|campaign| add(Scope::Campaign, campaign.to_string()));
        }
        let mut days: BTreeSet<i64> = customer.spending().map(|(_, day, _)| day).collect();
        for ((_, scope, subject, period), cap) in customer.caps.iter().filter(|(_, cap)| cap.blocks) {
            days.retain(|day| day >= cap.set_in.start());
            for day in &days {
                let window = span(*period, *day);
                let of = |((id, of, whose, on), spent): (&(i64, String, String, i64), &i64)| {
                    let is_in = *id == customer.id.0 && of == scope.as_str() && whose == subject;
                    (is_in && window.contains(on)).then_some(*spent)
                };
                let spent: i64 = kept.iter().filter_map(of).sum();
                let most = if window == cap.set_in { cap.limit.max(cap.spent_when_set) } else { cap.limit };
                assert!(spent <= most, "{spent} of {most} in {window:?}: {scope:?} {subject}");
            }
        }
    }
    let kept: Spending =
        kept.iter().filter(|(_, spent)| **spent != 0).map(|(key, spent)| (key.clone(), *spent)).collect();
    assert_eq!(kept, counted);
}
