//! What stands open and for how long, what the plans' customers pay, and what the month will bring: beside figures that
//! were worked out by hand.

use crate::*;
use plaza_billing::invoices::{self, Credit, LineKind, NewItem, Payment, PaymentSource, Period};
use plaza_billing::outlook::{self, Debtor, Late, OfPlan, Open};
use plaza_billing::plans::{self, NewSubscription, PlanSource, Term};
use plaza_billing::{Earnings, invoices::InvoiceError};
use plaza_protocol::{Actor, AppId, InvoiceId, InvoiceItemId};

const ROSE: PortfolioId = PortfolioId(101);
const LILY: PortfolioId = PortfolioId(102);
const MINT: PortfolioId = PortfolioId(103);
const EURO: PortfolioId = PortfolioId(104);
const PESO: PortfolioId = PortfolioId(105);

impl World {
    async fn documents<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> T {
        self.db.transact(&self.ctx, "test.documents", work).await.unwrap()
    }

    /// The invoice of a month over a fee, made final at a moment: it is due fourteen days later.
    async fn owes(&self, portfolio: PortfolioId, month: &str, amount: &str, issued_at: &str) -> InvoiceId {
        self.clock.set(at(issued_at));
        let (period, amount): (Period, _) = (month.parse().unwrap(), micros(amount));
        let item_id = InvoiceItemId(uuid::Uuid::from_u64_pair(self.next.fetch_add(1, Ordering::SeqCst), 9));
        self.documents(async move |ctx, tx| {
            invoices::set_profile(ctx, tx, portfolio, &crate::invoices::buyer("FR", "FR12", false)).await?;
            let (kind, description) = (LineKind::Fee, "A fee".to_owned());
            let (quantity, unit, is_settled) = (1, amount, false);
            let item =
                NewItem { item_id, portfolio, period, kind, description, quantity, unit, amount, is_settled };
            invoices::add_item(ctx, tx, &item).await?;
            Ok(invoices::finalize(ctx, tx, portfolio, period, false).await?.unwrap())
        })
        .await
    }

    async fn pays(&self, id: InvoiceId, amount_minor: i64) {
        self.documents(async move |ctx, tx| {
            let (source, reference) = (PaymentSource::Transfer, "SEPA 4711".to_owned());
            let payment = Payment { key: "paid".to_owned(), amount_minor, source, reference };
            invoices::pay(ctx, tx, id, &payment).await
        })
        .await;
    }

    async fn is_credited(&self, id: InvoiceId, amount_minor: i64) {
        self.documents(async move |ctx, tx| {
            let reason = "Too much".to_owned();
            let credit = Credit { key: "credited".to_owned(), amount_minor: Some(amount_minor), reason };
            invoices::credit(ctx, tx, id, &credit).await
        })
        .await;
    }

    async fn debtors(&self, currency: Currency) -> Vec<Debtor> {
        self.with(async move |ctx, tx| outlook::debtors(ctx, tx, currency).await).await.unwrap()
    }

    async fn earned_in_dollars(&self) -> Earnings {
        let earnings =
            async |ctx: &Ctx, tx: &mut Tx| plaza_billing::earnings(ctx, tx, Some(Currency::USD)).await;
        self.with(earnings).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_open_is_told_by_how_late_it_is_and_by_who_owes_it() {
    each_world(async |world| {
        world
            .documents(async |ctx, tx| invoices::set_entity(ctx, tx, &crate::invoices::entity()).await)
            .await;
        for portfolio in [ROSE, LILY, MINT] {
            world.open(portfolio, Currency::USD, "UTC").await;
        }
        world.open(EURO, Currency::EUR, "UTC").await;
        world.open(PESO, Currency::CLP, "UTC").await;
        let none: Vec<Open> = world.with(async |ctx, tx| outlook::ageing(ctx, tx).await).await.unwrap();
        assert_eq!((none, world.debtors(Currency::USD).await), (vec![], vec![]));

        // It is looked at on 19 December at noon: each of them is due at one of the limits, or a second before it.
        let long_ago = world.owes(ROSE, "2026-07", "100.00", "2026-08-10T00:00:00Z").await;
        let at_ninety = world.owes(MINT, "2026-08", "10.00", "2026-09-06T12:00:00Z").await;
        world.owes(ROSE, "2026-09", "20.00", "2026-10-06T12:00:00Z").await;
        world.owes(MINT, "2026-10", "5.00", "2026-11-05T11:59:59Z").await;
        world.owes(LILY, "2026-10", "7.50", "2026-11-05T12:00:00Z").await;
        world.owes(EURO, "2026-11", "3.00", "2026-12-05T11:59:59Z").await;
        world.owes(PESO, "2026-11", "500", "2026-12-05T11:59:59Z").await;
        world.owes(LILY, "2026-11", "2.50", "2026-12-05T12:00:00Z").await;
        let paid = world.owes(MINT, "2026-11", "8.00", "2026-12-05T12:00:00Z").await;
        world.pays(long_ago, 3000).await;
        world.is_credited(at_ninety, 400).await;
        world.pays(paid, 800).await;
        world.clock.set(at("2026-12-19T12:00:00Z"));

        let open =
            |currency, late, invoices, amount| Open { currency, late, invoices, amount: micros(amount) };
        let found = world.with(async |ctx, tx| outlook::ageing(ctx, tx).await).await.unwrap();
        let wanted = [
            open(Currency::CLP, Late::To30, 1, "500"),
            open(Currency::EUR, Late::To30, 1, "3"),
            open(Currency::USD, Late::Current, 1, "2.50"),
            open(Currency::USD, Late::To30, 1, "7.50"),
            open(Currency::USD, Late::To60, 2, "25"),
            open(Currency::USD, Late::To90, 1, "6"),
            open(Currency::USD, Late::Over90, 1, "70"),
        ];
        assert_eq!(found, wanted);
        let debtor = |portfolio_id, invoices, due_at, amount| Debtor {
            portfolio_id,
            invoices,
            due_at: at(due_at),
            amount: micros(amount),
        };
        let wanted = [
            debtor(ROSE, 2, "2026-08-24T00:00:00Z", "90"),
            debtor(MINT, 2, "2026-09-20T12:00:00Z", "11"),
            debtor(LILY, 2, "2026-11-19T12:00:00Z", "10"),
        ];
        assert_eq!(world.debtors(Currency::USD).await, wanted);
        assert_eq!(world.debtors(Currency::CLP).await, [debtor(PESO, 1, "2026-12-19T11:59:59Z", "500")]);
        // A second later what was due at noon is late, and what was at a limit is beyond it.
        world.clock.advance(Duration::from_secs(1));
        let found = world.with(async |ctx, tx| outlook::ageing(ctx, tx).await).await.unwrap();
        let dollars: Vec<_> = found
            .into_iter()
            .filter(|open| open.currency == Currency::USD)
            .map(|open| (open.late, open.amount.to_string()))
            .collect();
        let wanted =
            [(Late::To30, "2.50"), (Late::To60, "12.50"), (Late::To90, "20.00"), (Late::Over90, "76.00")];
        assert_eq!(dollars, wanted.map(|(late, amount)| (late, amount.to_owned())));
        let business = World {
            ctx: world.ctx.acting_as(Actor::App { app: AppId(1), portfolio: ROSE }),
            ..world.clone()
        };
        let asked = business.with(async |ctx, tx| outlook::ageing(ctx, tx).await).await;
        assert!(matches!(asked, Err(BillingError::OperatorOnly)), "{asked:?}");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn each_plan_is_told_with_what_its_customers_pay() {
    each_world(async |world| {
        world.clock.set(at("2026-12-18T13:00:00Z"));
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        assert!(world.db.transact(&world.ctx, "test.plans", import).await.unwrap());
        let others =
            [(ROSE, Currency::USD), (LILY, Currency::USD), (MINT, Currency::USD), (EURO, Currency::EUR)];
        for (portfolio, currency) in others {
            world.open(portfolio, currency, "UTC").await;
            world.top_up(portfolio, "500", "start").await.unwrap();
        }
        let free = PortfolioId(106);
        world.open(free, Currency::USD, "UTC").await;
        world.top_up(free, "500", "start").await.unwrap();
        let subscribes = async |portfolio: PortfolioId, plan: &str, term: Term, trial: bool| {
            let new = NewSubscription { plan: plan.to_owned(), term, trial };
            let start = async move |ctx: &Ctx, tx: &mut Tx| plans::start(ctx, tx, portfolio, &new).await;
            world.db.transact(&world.ctx, "test.start", start).await.unwrap();
        };
        subscribes(TULIP, "verified", Term::Month, false).await;
        subscribes(ROSE, "verified", Term::Year, false).await;
        subscribes(MINT, "verified", Term::Month, false).await;
        subscribes(LILY, "verified-plus", Term::Month, true).await;
        subscribes(EURO, "verified-plus", Term::Month, false).await;
        let pause = async |ctx: &Ctx, tx: &mut Tx| plans::pause(ctx, tx, MINT).await;
        world.db.transact(&world.ctx, "test.pause", pause).await.unwrap();
        // Marketing to Germany: 0.1365 each. What lies before the last thirty days does not count.
        for (portfolio, day, count) in [
            (TULIP, "2026-12-01", 3),
            (TULIP, "2026-12-18", 1),
            (ROSE, "2026-12-10", 2),
            (LILY, "2026-12-17", 5),
            (free, "2026-11-20", 4),
            (TULIP, "2026-11-10", 7),
        ] {
            earnings::sell(&world, portfolio, Category::Marketing, day, count).await;
        }
        let of = |plan: Option<(&str, &str)>, customers, usage: i64, monthly: i64| OfPlan {
            plan: plan.map(|(key, name)| (key.to_owned(), name.to_owned())),
            customers,
            usage: Micros(usage * 136_500),
            monthly: Micros(monthly),
        };
        let found = world.earned_in_dollars().await.plans;
        // 14 a month, and a twelfth of 140 a year; the one that is paused brings nothing, nor does the trial.
        let wanted = [
            of(Some(("verified", "Verified")), 3, 6, 14_000_000 + 11_666_666),
            of(Some(("verified-plus", "Verified Plus")), 1, 5, 0),
            of(None, 1, 4, 0),
        ];
        assert_eq!(found, wanted);
    })
    .await;
}

#[tokio::test]
async fn the_month_is_forecast_by_its_weekdays() {
    each_world(async |world| {
        // Nothing was sold before the last day of November, so earlier weeks say nothing.
        for (day, count) in
            [("2026-11-30", 2), ("2026-12-04", 5), ("2026-12-07", 4), ("2026-12-11", 1), ("2026-12-18", 2)]
        {
            earnings::sell(&world, TULIP, Category::Marketing, day, count).await;
        }
        // A Friday, with two messages so far.
        world.clock.set(at("2026-12-18T13:00:00Z"));
        let found = world.earned_in_dollars().await;
        let price = |messages: i64| Micros(messages * 136_500);
        assert_eq!(found.month, price(5 + 4 + 1 + 2));
        // Fridays brought 5 and 1, so today one more is usual, none at worst, three at best; Mondays brought 2, 4 and
        // nothing. To come: Mondays on the 21st and the 28th, a Friday on the 25th.
        assert_eq!(found.forecast, price(12 + 1 + 2 * 2 + 3));
        assert_eq!(found.forecast_range, (price(12 + 1), price(12 + 3 + 2 * 4 + 5)));
        // On the last day nothing is to come after it.
        world.clock.set(at("2026-12-31T23:00:00Z"));
        let found = world.earned_in_dollars().await;
        assert_eq!(found.forecast, found.month);
    })
    .await;
}
