//! What rating a month again means to its invoice, before and after it is final.

use super::*;
use plaza_billing::funds;
use plaza_billing::{Rerating, Run, rerate};
use plaza_ledger::{Account, AccountKind, Action, Transfer};

const INDIA: &str = "+919812345678";

impl World {
    async fn rerate(&self, month: &str, run: Run) -> Result<Rerating, InvoiceError> {
        let (prices, month) = (self.prices.clone(), period(month).number());
        self.write(async move |ctx, tx| rerate(ctx, tx, &prices, (TULIP, month), run).await).await
    }

    async fn credit_line(&self, limit: &str) {
        let limit = micros(limit);
        let set =
            async move |ctx: &Ctx, tx: &mut Tx| funds::set_credit_limit(ctx, tx, TULIP, limit, "line").await;
        self.with(set).await.unwrap();
    }

    /// Pays the prepaid balance out but for a rest.
    async fn pay_out_but(&self, rest: &str) {
        let amount = Micros(self.balance(TULIP).await.posted.0 - micros(rest).0);
        let pay_out = async move |ctx: &Ctx, tx: &mut Tx| {
            let account = |kind| Account::new(kind, Currency::USD);
            let transfer = Transfer {
                transfer_id: plaza_ledger::named_id("pay out"),
                action: Action::Posted {
                    debit: account(AccountKind::PortfolioPrepaid(TULIP)),
                    credit: account(AccountKind::Bank),
                    amount,
                },
            };
            assert!(plaza_ledger::post(ctx, tx, &[transfer]).await?[0].is_ok());
            Ok(())
        };
        self.write(pay_out).await.unwrap();
    }

    /// Has the free thousand of November used up in Brazil, then so many charged in India that were delivered before.
    async fn backwards(&self, n: i64) {
        let begin = at("2026-11-02T00:00:00Z");
        self.use_up(TULIP, PHONE, at("2026-11-20T00:00:00Z")).await;
        for k in 0..n {
            let sent = begin + HOUR * u32::try_from(n - k).unwrap();
            let message = self.message(Category::Service, INDIA, sent);
            assert!(self.send_and_deliver(message, sent).await.pricing.billable);
        }
    }
}

/// What the receivable account owes.
async fn owed(world: &World) -> Micros {
    world.funds(TULIP).await.credit.used
}

#[tokio::test]
async fn prepaid_runs_out_in_the_middle_of_a_month_and_the_credit_line_pays_the_rest() {
    each_world(async |world| {
        world.parties(buyer("FR", "FR12", false)).await;
        world.credit_line("2.23").await;
        world.pay_out_but("0.5").await;
        let sent = at("2026-11-10T10:00:00Z");
        let intents: Vec<_> =
            (0..20).map(|_| world.message(Category::Marketing, "+4915112345678", sent)).collect();
        // Three are paid in advance, the line pays sixteen, and the last one is paid with what is left of both.
        let held = world.hold(&intents).await;
        let price = held[0].as_ref().unwrap().held.0;
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(20 * price, 500_000 + 2_230_000);
        let deliveries = intents.iter().map(|intent| (intent.message_id, sent + HOUR)).collect();
        assert_eq!(world.deliver(deliveries).await.len(), 20);
        let funds = world.funds(TULIP).await;
        assert_eq!((funds.prepaid, funds.credit.used), (Micros::ZERO, Micros(20 * price - 500_000)));
        world.assert_sound().await;
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let (invoice, lines) = world.issued(NOVEMBER).await;
        let german: Vec<_> = lines.iter().filter(|line| line.market == "Germany").collect();
        assert_eq!(german.iter().map(|line| line.credit).collect::<Vec<_>>(), [owed(&world).await]);
        assert_eq!(invoice.credit, owed(&world).await);
        // Reverse charge, no tax: what is due is what is owed, in cents.
        assert_eq!(invoice.tax_minor, 0);
        assert!((invoice.due_minor() * 10_000 - invoice.credit.0).abs() <= 5_000, "{invoice:?}");
        world.pay(invoice.invoice_id, "wire", invoice.due_minor()).await.unwrap();
        assert_eq!(owed(&world).await, Micros::ZERO);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn before_it_is_final_an_invoice_has_what_holds_now() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.backwards(5).await;
        let before = world.balance(TULIP).await.posted;
        let gather = async |ctx: &Ctx, tx: &mut Tx| invoices::gather(ctx, tx, TULIP).await;
        world.write(gather).await.unwrap();
        let dry = world.rerate(NOVEMBER, Run::Dry).await.unwrap();
        assert_eq!((dry.run, world.balance(TULIP).await.posted), (0, before));
        let real = world.rerate(NOVEMBER, Run::Real).await.unwrap();
        assert_eq!((real.run, &real.changed, real.documents.len()), (1, &dry.changed, 0));
        // Five in India became free, five in Brazil are charged in their place.
        assert_eq!(real.changed.iter().map(|changed| changed.messages).sum::<i64>(), 10);
        let difference = real.after.0 - real.before.0;
        assert!(difference > 0, "{real:?}");
        assert_eq!(world.balance(TULIP).await.posted.0, before.0 - difference);
        world.assert_sound().await;
        assert_eq!(world.rerate(NOVEMBER, Run::Real).await.unwrap().run, 0, "the second time");
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let (invoice, lines) = world.issued(NOVEMBER).await;
        assert_eq!(invoice.charges, real.after);
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.market.as_str(), line.pricing_type.as_str(), line.quantity))
            .collect();
        assert_eq!(
            told,
            [
                ("Brazil", "regular", 5),
                ("Brazil", "free_customer_service", 995),
                ("India", "free_customer_service", 5)
            ]
        );
        world.assert_rated(&invoice, &lines).await;
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn closing_a_month_rates_it_again() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.backwards(3).await;
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let closed = world.close(NOVEMBER).await.unwrap();
        let (_, lines) = world.invoice(closed.issued[0]).await;
        let charged: Vec<_> = lines.iter().filter(|line| line.pricing_type == "regular").collect();
        assert_eq!(
            charged.iter().map(|line| (line.market.as_str(), line.quantity)).collect::<Vec<_>>(),
            [("Brazil", 3)]
        );
        assert_eq!(world.rerate(NOVEMBER, Run::Real).await.unwrap().run, 0);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn after_it_is_final_more_is_an_adjustment_on_the_next_invoice() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.backwards(5).await;
        world.clock.set(at("2026-12-04T00:00:01Z"));
        // Issued by hand, without the run that closing makes.
        let (invoice, lines) = world.issued(NOVEMBER).await;
        let before = world.balance(TULIP).await.posted;
        let dry = world.rerate(NOVEMBER, Run::Dry).await.unwrap();
        let real = world.rerate(NOVEMBER, Run::Real).await.unwrap();
        let difference = Micros(real.after.0 - real.before.0);
        assert_eq!(real.documents, [(invoice.invoice_id, difference)]);
        assert_eq!(real.documents, dry.documents);
        assert_eq!(world.balance(TULIP).await.posted, before, "prepaid is not touched");
        assert_eq!(world.rerate(NOVEMBER, Run::Real).await.unwrap().run, 0, "the second time");
        world.assert_sound().await;
        assert_eq!(world.invoice(invoice.invoice_id).await, (invoice.clone(), lines));
        world.clock.set(at("2027-01-04T00:00:01Z"));
        let closed = world.close("2026-12").await.unwrap();
        let (next, lines) = world.invoice(closed.issued[0]).await;
        assert_eq!(
            lines.iter().map(|line| (line.kind, line.amount)).collect::<Vec<_>>(),
            [(LineKind::Adjustment, difference)]
        );
        assert!(
            lines[0].description.contains(invoice.number.as_deref().unwrap()),
            "{}",
            lines[0].description
        );
        // It was taken once, with tax, from the balance.
        assert_eq!(world.balance(TULIP).await.posted.0, before.0 - next.total_minor * 10_000);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn after_it_is_final_less_is_a_credit_note() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        // Ten in Germany were charged; a thousand in Brazil, delivered later, were free.
        let first = at("2026-11-02T00:00:00Z");
        world.use_up(TULIP, PHONE, at("2026-11-20T00:00:00Z")).await;
        let intents: Vec<_> =
            (0..40).map(|_| world.message(Category::Service, "+4915112345678", first)).collect();
        assert!(world.hold(&intents).await.iter().all(Result::is_ok));
        world.deliver(intents.iter().map(|intent| (intent.message_id, first)).collect()).await;
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let (invoice, _) = world.issued(NOVEMBER).await;
        let before = world.balance(TULIP).await.posted;
        let real = world.rerate(NOVEMBER, Run::Real).await.unwrap();
        let less = real.before.0 - real.after.0;
        assert!(less > 0, "{real:?}");
        let id = invoice.invoice_id;
        let notes = async move |ctx: &Ctx, tx: &mut Tx| invoices::credit_notes(ctx, tx, id).await;
        let written = world.write(notes).await.unwrap();
        assert_eq!(written.len(), 1);
        // The difference with nineteen per cent, rounded once.
        let cents = i64::try_from((i128::from(less) * 119 + 500_000) / 1_000_000).unwrap();
        assert_eq!(written[0].amount_minor, cents);
        assert_eq!(world.balance(TULIP).await.posted.0, before.0 + cents * 10_000, "once");
        assert_eq!(world.rerate(NOVEMBER, Run::Real).await.unwrap().run, 0, "the second time");
        assert_eq!(world.write(notes).await.unwrap(), written);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_goes_back_goes_to_where_the_price_came_from() {
    each_world(async |world| {
        world.credit_line("1000").await;
        world.pay_out_but("0").await;
        let first = at("2026-11-02T00:00:00Z");
        world.use_up(TULIP, PHONE, at("2026-11-20T00:00:00Z")).await;
        // One is paid by a grant that will be over, one by a grant that lasts, one on credit.
        let mut price = 0;
        for (key, days) in [("short", 1), ("long", 300), ("", 0)] {
            let message = world.message(Category::Service, "+4915112345678", first);
            if days > 0 {
                let amount = micros("0.055");
                let new =
                    funds::NewGrant { amount, lasts: DAY * days, note: key.to_owned(), key: key.to_owned() };
                let grant = async move |ctx: &Ctx, tx: &mut Tx| funds::grant(ctx, tx, TULIP, &new).await;
                world.with(grant).await.unwrap();
            }
            price = world.send_and_deliver(message, first).await.amount.0;
            assert_eq!(price, 55_000);
        }
        assert_eq!(owed(&world).await, Micros(price));
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let real = world.rerate(NOVEMBER, Run::Real).await.unwrap();
        assert_eq!(real.changed.iter().map(|changed| changed.messages).sum::<i64>(), 6);
        // Three in Germany became free: one price went back to each source, that of the grant which is over to the
        // balance. Three in Brazil are paid like new messages: from the grant that lasts.
        let funds = world.funds(TULIP).await;
        let left: Vec<_> = funds.grants.iter().map(|grant| grant.left.0).collect();
        assert_eq!((left, funds.prepaid.0, funds.credit.used.0), (vec![price - real.after.0], price, 0));
        world.assert_sound().await;
    })
    .await;
}
