//! Subscriptions by their events: periods, trials, changes by the day, pauses, days of grace; what is paid, given back
//! and earned. The rules are those of the plans' chapter, written down once more.

use super::*;
use plaza_billing::plans::{
    self, Cancel, NewSubscription, PlanError, PlanSource, Status, Stepped, Subscription, Term,
};

const PLANS: [(&str, i64); 2] = [("small", 310_000), ("large", 470_000)];
const TRIAL_DAYS: i64 = 4;
const GRACE_DAYS: i64 = 3;

/// So cheap that those who live from hand to mouth can pay one now and then.
const SOURCE: PlanSource<'static> = PlanSource {
    name: "invariants",
    toml: r#"
        [[plan]]
        key = "small"
        audience = "business"
        name = "Small"
        summary = "Some agents."
        trial_days = 4
        grace_days = 3
        [plan.entitlements]
        agents = 2
        [plan.prices.month]
        USD = "0.31"

        [[plan]]
        key = "large"
        audience = "business"
        name = "Large"
        summary = "More agents."
        trial_days = 4
        grace_days = 3
        [plan.entitlements]
        agents = 5
        [plan.prices.month]
        USD = "0.47"
    "#,
};

/// What somebody does with a plan.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Start { plan: usize, trial: bool },
    Change { plan: usize },
    Pause,
    Resume,
    Pay,
    Cancel { now: bool },
}

/// Days that are paid, in order.
#[derive(Debug, Clone)]
struct Stretch {
    amount: i64,
    days: i64,
    done: i64,
    next_day: i64,
    runs: bool,
}

impl Stretch {
    fn earned(&self) -> i64 {
        share(self.amount, self.done, self.days)
    }

    /// Earns the days up to one: how much, in how many transfers.
    fn earn(&mut self, today: i64) -> (i64, usize) {
        let (before, mut transfers) = (self.earned(), 0);
        while self.runs && self.done < self.days && self.next_day < today {
            let earned = self.earned();
            (self.done, self.next_day) = (self.done + 1, self.next_day + 1);
            transfers += usize::from(self.earned() > earned);
        }
        (self.earned() - before, transfers)
    }
}

/// A subscription that is alive. Days are counted from 1970.
#[derive(Debug, Clone)]
pub(super) struct Subscribed {
    plan: usize,
    price: i64,
    status: Status,
    anchor: i64,
    period: i64,
    from: i64,
    to: i64,
    grace: i64,
    paused_on: i64,
    /// When it is looked at next.
    due: i64,
    ends: bool,
    stretches: Vec<Stretch>,
}

/// Part of an amount, half to even.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    let (product, whole) = (i128::from(amount) * i128::from(part), i128::from(whole));
    let (down, rest) = (product / whole, product % whole);
    let up = 2 * rest > whole || (2 * rest == whole && down % 2 == 1);
    i64::try_from(down + i128::from(up)).unwrap()
}

const FIRST: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);

fn months_after(day: i64, months: i64) -> i64 {
    let date = FIRST.checked_add(jiff::Span::new().days(day)).unwrap();
    let then = date.checked_add(jiff::Span::new().months(months)).unwrap();
    i64::from(FIRST.until(then).unwrap().get_days())
}

/// What is expected of a step.
type Answer = Option<()>;

impl Customer {
    fn today(&self, now: Timestamp) -> i64 {
        i64::from(FIRST.until(model::date_of(self.id, now)).unwrap().get_days())
    }

    /// Pays from the balance, now; `false`: there is too little on it, and nothing happened.
    fn pays(&mut self, amount: i64, now: Timestamp) -> bool {
        let room = self.room(Source::Prepaid);
        if room.posted - room.held < amount {
            return false;
        }
        room.posted -= amount;
        self.transfers += 1;
        self.plan_lines.push((model::month_of(self.id, now), amount));
        true
    }

    fn pays_period(&mut self, of: &mut Subscribed, now: Timestamp) -> bool {
        let (amount, days) = (of.price, of.to - of.from);
        self.pays(amount, now) && {
            of.stretches.push(Stretch { amount, days, done: 0, next_day: of.from, runs: true });
            true
        }
    }

    fn earns(&mut self, of: &mut Subscribed, today: i64) {
        for stretch in &mut of.stretches {
            let (earned, transfers) = stretch.earn(today);
            self.plans_earned += earned;
            self.transfers += transfers;
        }
        of.stretches.retain(|stretch| stretch.done < stretch.days);
    }

    /// Gives back what is not earned by today.
    fn gets_back(&mut self, of: &mut Subscribed, now: Timestamp) {
        self.earns(of, self.today(now));
        let rest: i64 = of.stretches.drain(..).map(|stretch| stretch.amount - stretch.earned()).sum();
        if rest > 0 {
            self.room(Source::Prepaid).posted += rest;
            self.transfers += 1;
            self.plan_lines.push((model::month_of(self.id, now), -rest));
        }
    }

    fn starts(&mut self, plan: usize, trial: bool, now: Timestamp) -> Answer {
        if self.plan.is_some() || (trial && self.had_trial) {
            return None;
        }
        let today = self.today(now);
        let mut new = Subscribed {
            plan,
            price: PLANS[plan].1,
            status: if trial { Status::Trialing } else { Status::Active },
            anchor: today,
            period: 0,
            from: today,
            to: if trial { today + TRIAL_DAYS } else { months_after(today, 1) },
            grace: 0,
            paused_on: 0,
            due: 0,
            ends: false,
            stretches: Vec::new(),
        };
        if !trial && !self.pays_period(&mut new, now) {
            return None;
        }
        new.due = new.to;
        self.had_trial |= trial;
        self.plan = Some(new);
        Some(())
    }

    fn changes(&mut self, plan: usize, now: Timestamp) -> Answer {
        let mut of = self.plan.clone()?;
        let today = self.today(now);
        if of.plan == plan || !matches!(of.status, Status::Trialing | Status::Active) {
            return None;
        }
        let charge = share(PLANS[plan].1, of.to - today, of.to - of.from);
        if of.status == Status::Active {
            let before = (self.rooms.clone(), self.transfers, self.plan_lines.clone(), self.plans_earned);
            self.gets_back(&mut of, now);
            if charge > 0 && !self.pays(charge, now) {
                (self.rooms, self.transfers, self.plan_lines, self.plans_earned) = before;
                return None;
            }
            if charge > 0 {
                let days = of.to - today;
                of.stretches.push(Stretch { amount: charge, days, done: 0, next_day: today, runs: true });
            }
        }
        (of.plan, of.price, of.ends) = (plan, PLANS[plan].1, false);
        self.plan = Some(of);
        Some(())
    }

    fn pauses(&mut self, now: Timestamp) -> Answer {
        let mut of = self.plan.clone().filter(|of| of.status == Status::Active)?;
        let today = self.today(now);
        self.earns(&mut of, today);
        of.stretches.iter_mut().for_each(|stretch| stretch.runs = false);
        (of.status, of.paused_on, of.ends) = (Status::Paused, today, false);
        self.plan = Some(of);
        Some(())
    }

    fn resumes(&mut self, now: Timestamp) -> Answer {
        let today = self.today(now);
        let of = self.plan.as_mut().filter(|of| of.status == Status::Paused)?;
        let waited = today - of.paused_on;
        for stretch in &mut of.stretches {
            (stretch.next_day, stretch.runs) = (today, true);
        }
        (of.from, of.to) = (of.from + waited, of.to + waited);
        if waited > 0 {
            (of.anchor, of.period) = (of.to, -1);
        }
        (of.status, of.due) = (Status::Active, of.to);
        Some(())
    }

    fn pays_what_is_open(&mut self, now: Timestamp) -> Answer {
        let mut of = self.plan.clone().filter(|of| of.status == Status::PastDue)?;
        if !self.pays_period(&mut of, now) {
            return None;
        }
        (of.status, of.due) = (Status::Active, of.to);
        self.plan = Some(of);
        Some(())
    }

    fn cancels(&mut self, at_once: bool, now: Timestamp) -> Answer {
        let mut of = self.plan.clone()?;
        if at_once {
            self.gets_back(&mut of, now);
            self.plan = None;
        } else {
            matches!(of.status, Status::Trialing | Status::Active).then_some(())?;
            of.ends = true;
            self.plan = Some(of);
        }
        Some(())
    }

    /// Time has passed: days are earned, periods begin and are paid or not, what is over ends.
    fn plan_goes_on(&mut self, now: Timestamp) {
        let Some(mut of) = self.plan.take() else { return };
        let today = self.today(now);
        while of.status != Status::Paused && of.due <= today {
            match of.status {
                Status::Trialing | Status::Active if of.ends => {
                    let end = of.to;
                    self.earns(&mut of, end);
                    assert!(of.stretches.is_empty(), "all days of the period have passed");
                    return;
                }
                Status::Trialing => (of.anchor, of.period) = (of.to, 0),
                Status::Active => of.period += 1,
                _ if today >= of.grace => {
                    self.earns(&mut of, today);
                    assert!(of.stretches.is_empty());
                    return;
                }
                _ => {}
            }
            let was_open = of.status == Status::PastDue;
            if !was_open {
                (of.from, of.to) = (of.to, months_after(of.anchor, of.period + 1));
            }
            if self.pays_period(&mut of, now) {
                (of.status, of.due) = (Status::Active, of.to);
            } else {
                of.grace = if was_open { of.grace } else { of.from + GRACE_DAYS };
                (of.status, of.due) = (Status::PastDue, (today + 1).min(of.grace.max(today)));
            }
        }
        self.earns(&mut of, today);
        self.plan = Some(of);
    }

    /// What is paid for plans and not earned.
    fn deferred(&self) -> i64 {
        let stretches = self.plan.iter().flat_map(|of| &of.stretches);
        stretches.map(|stretch| stretch.amount - stretch.earned()).sum()
    }
}

impl World {
    pub(super) async fn imports_plans(&self) {
        let import = async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &SOURCE).await;
        assert!(self.db.transact(&self.ctx, "test.plans", import).await.unwrap());
    }

    /// A step of a plan, in the database and in the books: both allow it, or none does.
    pub(super) async fn steps(&self, customer: &mut Customer, step: Step) {
        let (id, now) = (customer.id, self.ctx.now());
        let act = async move |ctx: &Ctx, tx: &mut Tx| -> Result<Subscription, PlanError> {
            match step {
                Step::Start { plan, trial } => {
                    let plan = PLANS[plan].0.to_owned();
                    plans::start(ctx, tx, id, &NewSubscription { plan, term: Term::Month, trial }).await
                }
                Step::Change { plan } => {
                    Ok(plans::change(ctx, tx, id, (PLANS[plan].0, Term::Month)).await?.0)
                }
                Step::Pause => plans::pause(ctx, tx, id).await,
                Step::Resume => plans::resume(ctx, tx, id).await,
                Step::Pay => plans::pay(ctx, tx, id).await,
                Step::Cancel { now } => {
                    let when = if now { Cancel::Now } else { Cancel::AtEnd };
                    Ok(plans::cancel(ctx, tx, id, when).await?.0)
                }
            }
        };
        let answer = self.db.transact(&self.ctx, "test.plan", act).await;
        let wanted = match step {
            Step::Start { plan, trial } => customer.starts(plan, trial, now),
            Step::Change { plan } => customer.changes(plan, now),
            Step::Pause => customer.pauses(now),
            Step::Resume => customer.resumes(now),
            Step::Pay => customer.pays_what_is_open(now),
            Step::Cancel { now: at_once } => customer.cancels(at_once, now),
        };
        assert_eq!(answer.is_ok(), wanted.is_some(), "{step:?}: {answer:?}");
        if let (Ok(told), Some(of)) = (answer, &customer.plan) {
            assert_eq!((told.status, told.price.0), (of.status, of.price), "{step:?}");
        }
    }

    /// Housekeeping has its turn, twice.
    pub(super) async fn plans_go_on(&self, customers: &mut [Customer]) {
        let step = async |ctx: &Ctx, tx: &mut Tx| plans::step(ctx, tx).await;
        while self.db.transact(&self.ctx, "test.step", step).await.unwrap().is_more {}
        let again = self.db.transact(&self.ctx, "test.step", step).await.unwrap();
        assert_eq!(again, Stepped::default(), "twice is once");
        let now = self.ctx.now();
        customers.iter_mut().for_each(|customer| customer.plan_goes_on(now));
    }
}

/// What was paid for plans is earned by the day, to the micro, and the rest is owed in days.
pub(super) fn plans_are_earned_by_the_day(rows: &Rows, customers: &[Customer]) {
    let earned: i64 = customers.iter().map(|customer| customer.plans_earned).sum();
    let deferred: i64 = customers.iter().map(Customer::deferred).sum();
    assert_eq!(rows.room("revenue:subscriptions"), (earned, 0));
    assert_eq!(rows.room("deferred:subscriptions"), (deferred, 0));
    let paid: i64 =
        customers.iter().flat_map(|customer| &customer.plan_lines).map(|(_, amount)| amount).sum();
    assert_eq!(paid, earned + deferred);
}
