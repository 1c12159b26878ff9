//! Plans: what a subscription costs day by day, what it gives, and what happens when nobody pays.

use super::*;
use plaza_billing::invoices;
use plaza_billing::plans::{
    self, Cancel, Entitlement, Holder, LineKind, NewSubscription, PlanError, PlanSource, Quote, Status,
    Subscription, Term,
};
use plaza_ledger::{Account, AccountKind};

const SHOP: Holder = Holder::Business(TULIP);

impl World {
    async fn plans(self) -> Self {
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        assert!(self.db.transact(&self.ctx, "test.plans", import).await.unwrap());
        assert!(!self.db.transact(&self.ctx, "test.plans", import).await.unwrap(), "the same again");
        self
    }

    async fn subscribe(&self, plan: &str, trial: bool) -> Result<Subscription, PlanError> {
        let new = NewSubscription { plan: plan.to_owned(), term: Term::Month, trial };
        let start = async move |ctx: &Ctx, tx: &mut Tx| plans::start(ctx, tx, TULIP, &new).await;
        self.db.transact(&self.ctx, "test.start", start).await
    }

    async fn change(&self, plan: &'static str, term: Term) -> Result<(Subscription, Quote), PlanError> {
        let change = async move |ctx: &Ctx, tx: &mut Tx| plans::change(ctx, tx, TULIP, (plan, term)).await;
        self.db.transact(&self.ctx, "test.change", change).await
    }

    async fn quote(&self, plan: &'static str, term: Term) -> Result<Quote, PlanError> {
        let quote = async move |ctx: &Ctx, tx: &mut Tx| plans::quote(ctx, tx, TULIP, (plan, term)).await;
        self.db.read(&self.ctx, "test.quote", quote).await
    }

    async fn cancel(&self, when: Cancel) -> Result<(Subscription, Micros), PlanError> {
        let cancel = async move |ctx: &Ctx, tx: &mut Tx| plans::cancel(ctx, tx, TULIP, when).await;
        self.db.transact(&self.ctx, "test.cancel", cancel).await
    }

    async fn pause(&self) -> Result<Subscription, PlanError> {
        let pause = async |ctx: &Ctx, tx: &mut Tx| plans::pause(ctx, tx, TULIP).await;
        self.db.transact(&self.ctx, "test.pause", pause).await
    }

    async fn resume(&self) -> Result<Subscription, PlanError> {
        let resume = async |ctx: &Ctx, tx: &mut Tx| plans::resume(ctx, tx, TULIP).await;
        self.db.transact(&self.ctx, "test.resume", resume).await
    }

    /// Housekeeping, some days later.
    async fn days(&self, days: u32) -> Vec<PortfolioId> {
        self.clock.advance(DAY * days);
        let step = async |ctx: &Ctx, tx: &mut Tx| plans::step(ctx, tx).await;
        let mut touched = Vec::new();
        loop {
            let stepped = self.db.transact(&self.ctx, "test.step", step).await.unwrap();
            touched.extend(stepped.touched);
            if !stepped.is_more {
                break;
            }
        }
        let again = self.db.transact(&self.ctx, "test.step", step).await.unwrap();
        assert_eq!(again, plans::Stepped::default(), "twice is once");
        touched
    }

    async fn entitled(&self, entitlement: Entitlement) -> Option<i64> {
        let ask = async move |ctx: &Ctx, tx: &mut Tx| plans::entitled(ctx, tx, SHOP, entitlement).await;
        self.db.read(&self.ctx, "test.entitled", ask).await.unwrap()
    }

    async fn current(&self) -> Subscription {
        let read = async |ctx: &Ctx, tx: &mut Tx| plans::subscription(ctx, tx, TULIP).await;
        self.db.read(&self.ctx, "test.current", read).await.unwrap().unwrap()
    }

    async fn posted(&self, kind: AccountKind) -> Micros {
        let account = Account::new(kind, Currency::USD);
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_ledger::balance(ctx, tx, &account).await;
        self.db.read(&self.ctx, "test.posted", read).await.unwrap().posted
    }

    /// Paid = earned + to be earned, in the ledger and in the rows.
    async fn assert_plans_sound(&self, paid: &str) {
        let earned = self.posted(AccountKind::SubscriptionRevenue).await;
        let to_come = self.posted(AccountKind::SubscriptionDeferred).await;
        assert_eq!(Micros(earned.0 + to_come.0), micros(paid));
        let read = async |ctx: &Ctx, tx: &mut Tx| {
            let lines =
                plans::subscription_lines(ctx, tx, TULIP, (Timestamp(0), Timestamp(i64::MAX))).await?;
            Ok::<_, PlanError>((plans::unearned(ctx, tx).await?, lines))
        };
        let (unearned, lines) = self.db.read(&self.ctx, "test.lines", read).await.unwrap();
        assert_eq!(unearned.iter().map(|(_, amount)| amount.0).sum::<i64>(), to_come.0);
        assert_eq!(lines.iter().map(|line| line.amount.0).sum::<i64>(), micros(paid).0);
        self.assert_sound().await;
    }

    /// The balance goes elsewhere.
    async fn spend(&self, amount: &str) {
        let action = plaza_ledger::Action::Posted {
            debit: Account::new(AccountKind::PortfolioPrepaid(TULIP), Currency::USD),
            credit: Account::new(AccountKind::Bank, Currency::USD),
            amount: micros(amount),
        };
        let transfer = plaza_ledger::Transfer { transfer_id: plaza_ledger::named_id("elsewhere"), action };
        let post = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_ledger::post(ctx, tx, std::slice::from_ref(&transfer)).await
        };
        assert!(self.db.transact(&self.ctx, "test.spend", post).await.unwrap()[0].is_ok());
    }

    async fn available(&self) -> String {
        self.balance(TULIP).await.available.to_string()
    }
}

/// From the first day of a month on, in UTC.
async fn each_shop<F: AsyncFn(World)>(test: F) {
    each_world(async |world| {
        world.clock.set(at("2027-03-01T09:30:00Z"));
        test(world.plans().await).await;
    })
    .await;
}

#[tokio::test]
async fn a_period_is_paid_once_and_earned_by_the_day() {
    each_shop(async |world| {
        let begun = world.subscribe("verified", false).await.unwrap();
        assert_eq!(
            (begun.status, begun.from(), begun.to()),
            (Status::Active, "2027-03-01".into(), "2027-04-01".into())
        );
        assert_eq!(world.available().await, "986.00");
        assert!(matches!(world.subscribe("verified-plus", false).await, Err(PlanError::AlreadySubscribed)));
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1));
        assert_eq!(world.entitled(Entitlement::ManagementCalls).await, None);
        let mut earned = Vec::new();
        for _ in 0..31 {
            world.days(1).await;
            earned.push(world.posted(AccountKind::SubscriptionRevenue).await);
        }
        assert_eq!(earned[0].to_string(), "0.451613", "14 / 31");
        assert!(earned.is_sorted());
        assert_eq!(earned[29].to_string(), "13.548387");
        assert_eq!(earned[30].to_string(), "14.00", "all days are the price exactly");
        assert_eq!(
            (world.current().await.to(), world.available().await),
            ("2027-05-01".into(), "972.00".into())
        );
        world.assert_plans_sound("28").await;
    })
    .await;
}

#[tokio::test]
async fn a_trial_is_free_and_had_once() {
    each_shop(async |world| {
        let begun = world.subscribe("verified", true).await.unwrap();
        assert_eq!((begun.status, begun.to()), (Status::Trialing, "2027-03-15".into()));
        let (changed, quote) = world.change("verified-plus", Term::Month).await.unwrap();
        assert_eq!((changed.status, quote.due(), quote.is_trial), (Status::Trialing, Micros::ZERO, true));
        assert_eq!(world.available().await, "1000.00");
        assert_eq!(world.entitled(Entitlement::Agents).await, Some(300));
        assert_eq!(world.days(13).await, []);
        assert_eq!(world.days(1).await, [TULIP]);
        let paid = world.current().await;
        assert_eq!(
            (paid.status, paid.from(), paid.to()),
            (Status::Active, "2027-03-15".into(), "2027-04-15".into())
        );
        assert_eq!(world.available().await, "956.00");
        world.cancel(Cancel::Now).await.unwrap();
        assert_eq!(world.available().await, "1000.00", "not a day was used");
        assert_eq!(world.entitled(Entitlement::Agents).await, None);
        assert!(matches!(world.subscribe("verified", true).await, Err(PlanError::TrialUsed)));
        assert!(world.subscribe("verified", false).await.is_ok());
        world.assert_plans_sound("14").await;
    })
    .await;
}

#[tokio::test]
async fn a_change_is_paid_by_the_day() {
    each_shop(async |world| {
        world.subscribe("verified", false).await.unwrap();
        world.days(10).await;
        let asked = world.quote("verified-plus", Term::Month).await.unwrap();
        // 21 of 31 days: 14 × 10/31 are used, 44 × 21/31 are to come.
        assert_eq!(
            (asked.credit.to_string(), asked.charge.to_string()),
            ("9.483871".into(), "29.806452".into())
        );
        let (upgraded, charged) = world.change("verified-plus", Term::Month).await.unwrap();
        assert_eq!((&charged, upgraded.to()), (&asked, "2027-04-01".into()));
        assert_eq!(world.available().await, "965.677419");
        assert_eq!(world.entitled(Entitlement::ManagementCalls).await, Some(20_000));
        world.assert_plans_sound("34.322581").await;
        // Back and forth on one day costs nothing, and each step is a transfer of its own.
        world.change("verified", Term::Month).await.unwrap();
        world.change("verified-plus", Term::Month).await.unwrap();
        assert_eq!(world.available().await, "965.677419");
        // Another term begins at once.
        let (yearly, quote) = world.change("verified-plus", Term::Year).await.unwrap();
        assert_eq!((yearly.from(), yearly.to()), ("2027-03-11".into(), "2028-03-11".into()));
        assert_eq!(
            (quote.days, quote.charge.to_string(), quote.credit.to_string()),
            (366, "440.00".into(), "29.806452".into())
        );
        world.days(366).await;
        assert_eq!(world.current().await.to(), "2029-03-11");
        world.assert_plans_sound("884.516129").await;
        let lines = async |ctx: &Ctx, tx: &mut Tx| {
            plans::subscription_lines(
                ctx,
                tx,
                TULIP,
                (at("2027-03-01T00:00:00Z"), at("2027-04-01T00:00:00Z")),
            )
            .await
        };
        let lines = world.db.read(&world.ctx, "test.lines", lines).await.unwrap();
        let kinds: Vec<_> =
            lines.iter().map(|line| (line.kind, line.plan_key.as_str(), line.amount.to_string())).collect();
        assert_eq!(kinds[0], (LineKind::Period, "verified", "14.00".into()));
        assert_eq!(kinds[1], (LineKind::Credit, "verified", "-9.483871".into()));
        assert_eq!(kinds[2], (LineKind::Change, "verified-plus", "29.806452".into()));
        assert_eq!(kinds.len(), 9);
    })
    .await;
}

#[tokio::test]
async fn without_money_nothing_happens_by_halves() {
    each_shop(async |world| {
        world.open(PortfolioId(7), Currency::EUR, "Europe/Berlin").await;
        world.subscribe("verified", false).await.unwrap();
        world.days(1).await;
        let before = world.current().await;
        // 986 are there; two terms of 1390 are not.
        let refused = world.change("verified-max", Term::Year).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the balance does not cover it: 1376.451613 USD are needed, 986.00 USD are there; top it up first"
        );
        assert_eq!(world.current().await.plan_key, before.plan_key);
        assert_eq!(world.available().await, "986.00");
        assert_eq!(world.entitled(Entitlement::Agents).await, Some(150));
        world.assert_plans_sound("14").await;
        let broke = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: false };
        let start = async move |ctx: &Ctx, tx: &mut Tx| plans::start(ctx, tx, PortfolioId(7), &broke).await;
        let refused = world.db.transact(&world.ctx, "test.start", start).await.unwrap_err();
        assert!(matches!(refused, PlanError::InsufficientFunds { currency: Currency::EUR, .. }), "{refused}");
        let read = async |ctx: &Ctx, tx: &mut Tx| plans::subscription(ctx, tx, PortfolioId(7)).await;
        assert_eq!(world.db.read(&world.ctx, "test.current", read).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_pay_has_some_days() {
    each_shop(async |world| {
        world.subscribe("verified-max", false).await.unwrap();
        // All but a dollar is spent otherwise.
        world.spend("860").await;
        world.days(31).await;
        let late = world.current().await;
        assert_eq!((late.status, late.grace_until()), (Status::PastDue, Some("2027-04-15".into())));
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1), "in grace");
        assert!(matches!(world.change("verified", Term::Month).await, Err(PlanError::NotNow(_))));
        let pay = async |ctx: &Ctx, tx: &mut Tx| plans::pay(ctx, tx, TULIP).await;
        let refused = world.db.transact(&world.ctx, "test.pay", pay).await.unwrap_err();
        assert!(matches!(refused, PlanError::InsufficientFunds { .. }));
        world.days(5).await;
        world.top_up(TULIP, "200", "late").await.unwrap();
        world.days(1).await;
        let paid = world.current().await;
        assert_eq!((paid.status, paid.to(), paid.grace_until()), (Status::Active, "2027-05-01".into(), None));
        world.days(24).await;
        assert_eq!(world.current().await.status, Status::PastDue);
        world.days(13).await;
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1), "the last day");
        assert_eq!(world.days(1).await, [TULIP]);
        let ended = world.current().await;
        assert_eq!((ended.status, ended.is_live()), (Status::Ended, false));
        assert_eq!(world.entitled(Entitlement::Badge).await, None);
        world.assert_plans_sound("278").await;
        let steps = async |ctx: &Ctx, tx: &mut Tx| plans::steps(ctx, tx, TULIP).await;
        let steps = world.db.read(&world.ctx, "test.steps", steps).await.unwrap();
        let kinds: Vec<_> = steps.iter().rev().map(|step| step.kind.as_str()).collect();
        assert_eq!(kinds, ["started", "past_due", "renewed", "past_due", "ended"]);
    })
    .await;
}

#[tokio::test]
async fn paused_days_wait() {
    each_shop(async |world| {
        world.subscribe("verified", false).await.unwrap();
        world.days(10).await;
        let paused = world.pause().await.unwrap();
        assert_eq!((paused.status, paused.paused_days()), (Status::Paused, Some(21)));
        let earned = world.posted(AccountKind::SubscriptionRevenue).await;
        assert_eq!(world.entitled(Entitlement::Badge).await, None);
        assert_eq!(world.days(100).await, []);
        assert_eq!(
            world.posted(AccountKind::SubscriptionRevenue).await,
            earned,
            "nothing is earned meanwhile"
        );
        assert!(matches!(world.cancel(Cancel::AtEnd).await, Err(PlanError::NotNow(_))));
        let resumed = world.resume().await.unwrap();
        assert_eq!((resumed.from(), resumed.to()), ("2027-06-09".into(), "2027-07-10".into()));
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1));
        world.days(21).await;
        assert_eq!(world.posted(AccountKind::SubscriptionRevenue).await.to_string(), "14.00");
        assert_eq!(world.current().await.to(), "2027-08-10");
        let (ending, _) = world.cancel(Cancel::AtEnd).await.unwrap();
        assert!(ending.cancel_at_end && ending.status == Status::Active);
        assert_eq!(world.days(30).await, []);
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1));
        assert_eq!(world.days(1).await, [TULIP]);
        assert_eq!(
            (world.current().await.status, world.entitled(Entitlement::Badge).await),
            (Status::Canceled, None)
        );
        world.assert_plans_sound("28").await;
    })
    .await;
}

#[tokio::test]
async fn a_month_that_nobody_looked_at_is_made_up_for() {
    each_shop(async |world| {
        world.clock.set(at("2027-01-31T23:59:00Z"));
        world.subscribe("verified", false).await.unwrap();
        world.days(90).await;
        let current = world.current().await;
        assert_eq!(
            (current.from(), current.to()),
            ("2027-04-30".into(), "2027-05-31".into()),
            "the anchor is kept"
        );
        world.assert_plans_sound("56").await;
    })
    .await;
}

#[tokio::test]
async fn a_plan_is_for_those_that_it_is_made_for() {
    each_shop(async |world| {
        let refused =
            async |plan: &str, trial: bool| world.subscribe(plan, trial).await.unwrap_err().to_string();
        assert!(refused("gold", false).await.starts_with("there is no plan \"gold\""));
        assert_eq!(
            refused("plus", false).await,
            "\"plus\" is a plan for people: choose one of your own list"
        );
        let rival = world.ctx.for_request(plaza_protocol::Actor::App {
            app: plaza_protocol::AppId(1),
            portfolio: PortfolioId(5),
        });
        let read = async |ctx: &Ctx, tx: &mut Tx| plans::subscription(ctx, tx, TULIP).await;
        assert!(matches!(world.db.read(&rival, "test.rival", read).await, Err(PlanError::NotFound)));
        let cancel = async |ctx: &Ctx, tx: &mut Tx| plans::cancel(ctx, tx, TULIP, Cancel::Now).await;
        world.subscribe("verified", false).await.unwrap();
        assert!(matches!(world.db.transact(&rival, "test.rival", cancel).await, Err(PlanError::NotFound)));
        assert_eq!(world.entitled(Entitlement::Badge).await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn what_a_plan_cost_stands_on_the_invoice_of_the_month() {
    each_shop(async |world| {
        world.subscribe("verified", false).await.unwrap();
        world.days(10).await;
        world.change("verified-plus", Term::Month).await.unwrap();
        assert_eq!(world.available().await, "965.677419");
        world.clock.set(at("2027-04-04T00:00:01Z"));
        let issue = async |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &crate::invoices::entity()).await?;
            invoices::set_profile(ctx, tx, TULIP, &crate::invoices::buyer("FR", "FR12", false)).await?;
            let month = "2027-03".parse()?;
            let id = invoices::finalize(ctx, tx, TULIP, month, false).await?.unwrap();
            invoices::invoice(ctx, tx, id).await
        };
        let (invoice, lines) = world.db.transact(&world.ctx, "test.issue", issue).await.unwrap();
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.kind.as_str(), line.description.as_str(), line.amount.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                ("subscription", "Verified Plus, 2027-03-11 to 2027-03-31", "29.806452".to_owned()),
                ("subscription", "Verified, 2027-03-01 to 2027-03-31", "14.00".to_owned()),
                ("adjustment", "Verified, not used, 2027-03-11 to 2027-03-31", "-9.483871".to_owned()),
            ]
        );
        // It is paid already: only what rounding adds is taken.
        assert_eq!((invoice.total_minor, invoice.prepaid_minor, invoice.open_minor()), (3433, 3433, 0));
        assert_eq!(world.available().await, "965.67");
        world.assert_sound().await;
    })
    .await;
}
