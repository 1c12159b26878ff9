//! # A year of fifty portfolios, beside an independent model
//!
//! Seeded events: messages of all categories and markets, windows and free entry points, both regimes, prices that
//! change on quarter days, prices by volume, months in time zones with daylight saving, late receipts, messages that
//! fail, expire, are delivered twice or are sent again. They are billed through the crate's operations, in some order
//! and in batches of some size; then each month is rated again in the order of its deliveries.
//!
//! Every charge, every line, tax and total of every invoice, and every balance must be those of the model (`model.rs`),
//! whatever the order and the batches.

use crate::model::{self, Dice, Event, Fate, Judged, NUMBERS, cents, model, zone};
use crate::*;
use plaza_billing::invoices::{self, InvoiceError, Line, Period};
use plaza_billing::{Run, rerate};
use std::collections::BTreeMap;

const PORTFOLIOS: i64 = 50;

/// The year's events: most of them around the quarter days, where everything happens at once.
fn events(seed: u64, per_portfolio: u64) -> Vec<Event> {
    let mut dice = Dice(seed);
    let (hour, day) = (3_600_000_000_i64, 86_400_000_000_i64);
    let (begin, end) = (at("2026-01-02T00:00:00Z").0, at("2026-12-28T00:00:00Z").0);
    let quarters = ["2026-04-01", "2026-07-01", "2026-10-01", "2026-03-29", "2026-10-25", "2026-11-01"];
    let mut events = Vec::new();
    for n in 0..u64::try_from(PORTFOLIOS).unwrap() * per_portfolio {
        let portfolio = PortfolioId(1000 + i64::try_from(n).unwrap() % PORTFOLIOS);
        let around = at(&format!("{}T00:00:00Z", dice.pick(&quarters))).0;
        let within =
            |dice: &mut Dice, span: i64| i64::try_from(dice.below(u64::try_from(span).unwrap())).unwrap();
        let sent = if dice.one_in(3) {
            begin + within(&mut dice, end - begin)
        } else {
            around - 3 * day + within(&mut dice, 6 * day)
        };
        let sent_at = Timestamp(sent);
        // Some are of a template that is given another category on the first of July: what held at the sending counts.
        let category = if dice.one_in(15) { recategorised(sent_at) } else { dice.pick(&Category::MESSAGES) };
        let until = |dice: &mut Dice, hours: i64| {
            dice.one_in(3).then(|| Timestamp(sent + 1 + within(dice, hours * hour)))
        };
        let window = WindowState {
            customer_service_until: until(&mut dice, 24),
            free_entry_point_until: if dice.one_in(4) { until(&mut dice, 72) } else { None },
        };
        // Most come at once, some after days, a few on the last of thirty.
        let late = match dice.below(10) {
            0 => within(&mut dice, 29 * day),
            1 | 2 => within(&mut dice, 2 * day),
            _ => within(&mut dice, hour),
        };
        let fate = match dice.below(14) {
            0 => Fate::Failed,
            1 => Fate::Expired,
            _ => Fate::Delivered(Timestamp(sent + late)),
        };
        let intent = Intent {
            message_id: BusinessMessageId(uuid::Uuid::from_u64_pair(n, seed)),
            portfolio_id: portfolio,
            waba_id: WabaId(portfolio.0),
            phone_number_id: PhoneNumberId(portfolio.0 * 10 + i64::from(dice.one_in(4))),
            to: dice.pick(&NUMBERS).parse().unwrap(),
            category,
            template: category != Category::Service,
            sent_at,
            window,
            expires_at: sent_at + 30 * DAY,
            max_price: dice.one_in(9).then_some(Micros(20_000)),
            pulses_max: None,
            campaign: None,
        };
        events.push(Event { intent, fate });
    }
    events
}

/// The category of a template that was marketing until July.
fn recategorised(sent_at: Timestamp) -> Category {
    if sent_at < at("2026-07-01T00:00:00Z") { Category::Marketing } else { Category::Utility }
}

/// Bills the events in an order and in batches of a size, some receipts twice, and rates every month again.
async fn bill(world: &World, events: &[Event], dice: &mut Dice, batch: usize) {
    let mut accepted: Vec<&Event> = events.iter().collect();
    dice.shuffle(&mut accepted);
    for some in accepted.chunks(batch) {
        let intents: Vec<Intent> = some.iter().map(|event| event.intent.clone()).collect();
        let held = world.hold(&intents).await;
        assert!(held.iter().all(Result::is_ok), "{held:?}");
        if dice.one_in(3) {
            assert_eq!(world.hold(&intents).await, held, "the same requests again");
        }
    }
    dice.shuffle(&mut accepted);
    for some in accepted.chunks(batch) {
        let mut receipts = Vec::new();
        let mut failed = Vec::new();
        for event in some {
            match event.fate {
                Fate::Delivered(at) => {
                    receipts.push((event.intent.message_id, at));
                    if dice.one_in(4) {
                        // The read receipt, later.
                        receipts.push((event.intent.message_id, at + Duration::from_secs(60)));
                    }
                }
                Fate::Failed => failed.push(event.intent.message_id),
                Fate::Expired => {}
            }
        }
        dice.shuffle(&mut receipts);
        world.deliver(receipts.clone()).await;
        assert_eq!(world.deliver(receipts).await, [], "the same receipts again");
        world.fail(failed).await;
    }
    while !world.expire().await.is_empty() {}
}

async fn rerate_all(world: &World) -> (i64, i64) {
    let (mut corrected, mut runs) = (0, 0);
    for portfolio in (1000..1000 + PORTFOLIOS).map(PortfolioId) {
        for period in (202_601..=202_612).chain([202_701]) {
            let prices = world.prices.clone();
            let run = async move |ctx: &Ctx, tx: &mut Tx| {
                let dry = rerate(ctx, tx, &prices, (portfolio, period), Run::Dry).await?;
                let real = rerate(ctx, tx, &prices, (portfolio, period), Run::Real).await?;
                assert_eq!((dry.before, dry.after, &dry.changed), (real.before, real.after, &real.changed));
                let again = rerate(ctx, tx, &prices, (portfolio, period), Run::Real).await?;
                assert_eq!(
                    (again.run, again.changed, again.after),
                    (0, vec![], real.after),
                    "the second time"
                );
                Ok::<_, InvoiceError>(real)
            };
            let real = world.db.transact(&world.ctx, "test.rerate", run).await.unwrap();
            corrected += real.changed.iter().map(|changed| changed.messages).sum::<i64>();
            runs += real.run;
        }
    }
    (corrected, runs)
}

/// What holds of every message, charges and corrections together.
async fn charged(world: &World) -> BTreeMap<BusinessMessageId, Judged> {
    const ALL: plaza_db::Sql = plaza_db::Sql {
        name: "test::ALL",
        text: "
            SELECT c.message_id, c.period, c.market, coalesce(x.pricing_type, c.pricing_type),
                   CASE WHEN x.run IS NULL THEN c.tier ELSE x.tier END, coalesce(x.unit_micros, c.unit_micros),
                   coalesce(x.amount_micros, c.amount_micros)
            FROM charge c LEFT JOIN charge_correction x ON x.message_id = c.message_id
                AND x.run = (SELECT max(run) FROM charge_correction y WHERE y.message_id = c.message_id)",
    };
    let read = async |_: &Ctx, tx: &mut Tx| {
        let mut charged = BTreeMap::new();
        for row in tx.query(ALL, vec![]).await? {
            let tier: Option<i64> = row.get(4)?;
            let judged: Judged = (row.get(1)?, row.get(2)?, row.get(3)?, tier, row.get(5)?, row.get(6)?);
            charged.insert(row.get(0)?, judged);
        }
        Ok::<_, plaza_db::DbError>(charged)
    };
    world.db.read(&world.ctx, "test.charged", read).await.unwrap()
}

/// Where a portfolio's money is.
enum Pays {
    /// On its balance.
    Ahead,
    /// A part of it was given.
    Granted,
    /// Nowhere yet: it has a credit line.
    Later,
    /// Some of it on its balance, then it has a credit line. Which message is owed depends on the order in which they
    /// were accepted, for more is set aside than is charged in the end. So what is due of an invoice and what is left
    /// of the balance depend on it too; their difference does not, nor does what the invoice is about.
    Partly,
}

/// How a portfolio is taxed: reverse charge, on top of prices, or in them.
const TAXES: [(&str, &str, bool); 3] = [("FR", "FR12", false), ("DE", "", false), ("DE", "", true)];
/// The rate where there is one, in hundredths.
const VAT: i64 = 19;

fn taxes(portfolio: PortfolioId) -> (&'static str, &'static str, bool) {
    TAXES[usize::try_from(portfolio.0).unwrap() % TAXES.len()]
}

/// A quotient, half to even.
fn rounded(numerator: i64, denominator: i64) -> i64 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    whole + i64::from(2 * rest > denominator || (2 * rest == denominator && whole % 2 == 1))
}

/// What a line is without tax, in cents.
fn net_of(portfolio: PortfolioId, amount: i64) -> i64 {
    match taxes(portfolio) {
        (_, _, true) => rounded(amount * 100, (100 + VAT) * 10_000),
        _ => cents(amount),
    }
}

impl Pays {
    fn of(portfolio: PortfolioId) -> Self {
        match portfolio.0 % 10 {
            3 => Self::Granted,
            4 | 7 => Self::Later,
            8 => Self::Partly,
            _ => Self::Ahead,
        }
    }
}

/// Portfolios whose year is closed where not all are: some of every time zone and way to pay.
const SOME: i64 = 10;

/// An invoice as it was issued: number, digest of its PDF, lines.
type Issued = (Option<String>, Option<Vec<u8>>, Vec<Line>);

/// A line by the model: market, category, kind, tier, unit.
type LineKey = (String, String, String, i64, i64);

impl World {
    async fn granted(&self, portfolio: PortfolioId) {
        let new = plaza_billing::funds::NewGrant {
            amount: micros("1"),
            lasts: 3000 * DAY,
            note: "welcome".to_owned(),
            key: "welcome".to_owned(),
        };
        let grant =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::funds::grant(ctx, tx, portfolio, &new).await;
        self.with(grant).await.unwrap();
    }

    async fn may_owe(&self, portfolio: PortfolioId, limit: &str) {
        let limit = micros(limit);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::funds::set_credit_limit(ctx, tx, portfolio, limit, "line").await
        };
        self.with(set).await.unwrap();
    }

    async fn invoicing<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> T {
        self.db.transact(&self.ctx, "test.year", work).await.unwrap()
    }

    /// Closes every month, and holds each invoice against the sums of the model.
    async fn close_the_year(
        &self,
        events: &[Event],
        expected: &BTreeMap<BusinessMessageId, Judged>,
        portfolios: i64,
    ) -> Vec<Issued> {
        self.clock.set(at("2027-03-10T00:00:00Z"));
        let seller = async |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &crate::invoices::entity()).await?;
            let rate = invoices::TaxRate {
                jurisdiction: "DE".to_owned(),
                effective_from: at("2020-01-01T00:00:00Z"),
                effective_to: None,
                ppm: VAT * 10_000,
                name: "VAT".to_owned(),
                reverse_charge: true,
            };
            invoices::set_tax_rate(ctx, tx, &rate).await
        };
        self.invoicing(seller).await;
        let mut documents = Vec::new();
        for portfolio in (1000..1000 + portfolios).map(PortfolioId) {
            let (country, tax_id, is_inclusive) = taxes(portfolio);
            let profile = crate::invoices::buyer(country, tax_id, is_inclusive);
            let set =
                async move |ctx: &Ctx, tx: &mut Tx| invoices::set_profile(ctx, tx, portfolio, &profile).await;
            self.invoicing(set).await;
            let mut months: BTreeMap<i64, BTreeMap<LineKey, (i64, i64)>> = BTreeMap::new();
            for event in events.iter().filter(|event| event.intent.portfolio_id == portfolio) {
                let Some(judged) = expected.get(&event.intent.message_id) else { continue };
                let (month, market, kind, tier, _, amount) = judged.clone();
                let category = event.intent.category.as_str().to_owned();
                let key = (market, category, kind, tier.unwrap_or(-1), amount);
                let sum = months.entry(month).or_default().entry(key).or_default();
                *sum = (sum.0 + 1, sum.1 + amount);
            }
            for (month, lines) in months {
                let period = Period::from_number(month).unwrap();
                let issue = async move |ctx: &Ctx, tx: &mut Tx| {
                    let id = invoices::finalize(ctx, tx, portfolio, period, false).await?.unwrap();
                    invoices::invoice(ctx, tx, id).await
                };
                let (invoice, mut told) = self.invoicing(issue).await;
                let mut found = BTreeMap::new();
                for line in &told {
                    assert_eq!(line.net_minor, net_of(portfolio, line.amount.0));
                    let texts = (line.market.clone(), line.category.clone(), line.pricing_type.clone());
                    let key = (texts.0, texts.1, texts.2, line.tier, line.unit.0);
                    found.insert(key, (line.quantity, line.amount.0));
                }
                assert_eq!(found, lines, "{portfolio} {month}");
                let net: i64 = lines.values().map(|(_, amount)| net_of(portfolio, *amount)).sum();
                let tax = if country == "FR" { 0 } else { rounded(net * VAT, 100) };
                let total = net + tax;
                assert_eq!(
                    (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor),
                    (net, tax, total),
                    "{portfolio} {month}"
                );
                let charges: i64 = lines.values().map(|(_, amount)| amount).sum();
                let taxed = if is_inclusive { total } else { net };
                assert_eq!((invoice.charges.0, invoice.rounding.0), (charges, taxed * 10_000 - charges));
                let is_partly = matches!(Pays::of(portfolio), Pays::Partly);
                match Pays::of(portfolio) {
                    Pays::Later => assert_eq!(invoice.credit.0, charges),
                    Pays::Partly => assert!((0..=charges).contains(&invoice.credit.0)),
                    Pays::Ahead | Pays::Granted => assert_eq!(invoice.credit.0, 0),
                }
                assert_eq!(invoice.due_minor() + invoice.prepaid_minor, total);
                if invoice.total_minor > 100 {
                    // A part is refunded.
                    let credit = invoices::Credit {
                        key: "refund".to_owned(),
                        amount_minor: Some(30),
                        reason: "Sent twice".to_owned(),
                    };
                    let id = invoice.invoice_id;
                    let refund =
                        async move |ctx: &Ctx, tx: &mut Tx| invoices::credit(ctx, tx, id, &credit).await;
                    assert_eq!(self.invoicing(refund).await.amount_minor, 30);
                }
                if is_partly {
                    told.iter_mut().for_each(|line| line.credit = Micros::ZERO);
                }
                let pdf = invoice.pdf_sha256.filter(|_| !is_partly);
                documents.push((invoice.number, pdf, told));
            }
        }
        documents
    }
}

#[tokio::test]
async fn a_year_is_billed_like_the_model_says_in_any_order() {
    let events = events(2026, 30);
    let expected = model(&events);
    // The model is no judge of anything that it never meets.
    let kinds = |kind: &str| expected.values().filter(|judged| judged.2 == kind).count();
    assert!(kinds("regular") > 300 && kinds("free_customer_service") > 100 && kinds("free_entry_point") > 10);
    assert!(expected.values().filter(|judged| judged.3.is_some_and(|tier| tier > 0)).count() > 5);
    assert!(expected.values().any(|judged| judged.1 == "Kazakhstan"));

    let same: std::sync::Mutex<Option<Vec<Issued>>> = std::sync::Mutex::default();
    for (order, batch) in [(1, 64), (2, 7), (3, 1000)] {
        each_engine(async |db| {
            let (ctx, clock) = plaza_db::testing::ctx();
            let world = World { db, ctx, clock, prices: Prices::default(), next: Arc::default() };
            world.import(model::source()).await;
            world.clock.set(at("2027-02-01T00:00:00Z"));
            for portfolio in (1000..1000 + PORTFOLIOS).map(PortfolioId) {
                world.open(portfolio, Currency::USD, zone(portfolio)).await;
                match Pays::of(portfolio) {
                    Pays::Ahead => drop(world.top_up(portfolio, "1000", "start").await.unwrap()),
                    Pays::Granted => {
                        world.granted(portfolio).await;
                        world.top_up(portfolio, "999", "start").await.unwrap();
                    }
                    Pays::Later => world.may_owe(portfolio, "1000").await,
                    Pays::Partly => {
                        world.top_up(portfolio, "0.5", "start").await.unwrap();
                        world.may_owe(portfolio, "999.5").await;
                    }
                }
            }
            bill(&world, &events, &mut Dice(order), batch).await;
            world.assert_sound().await;
            let (corrected, _) = rerate_all(&world).await;
            assert!(corrected > 0, "receipts came out of order, and nothing depended on it");
            let found = charged(&world).await;
            for (message, judged) in &expected {
                assert_eq!(found.get(message), Some(judged), "order {order}, batches of {batch}: {message}");
            }
            assert_eq!(found.len(), expected.len());
            for portfolio in (1000..1000 + PORTFOLIOS).map(PortfolioId) {
                let spent: i64 = events
                    .iter()
                    .filter(|event| event.intent.portfolio_id == portfolio)
                    .filter_map(|event| expected.get(&event.intent.message_id))
                    .map(|judged| judged.5)
                    .sum();
                let funds = world.funds(portfolio).await;
                assert_eq!((funds.available, funds.held), (Micros(1_000_000_000 - spent), Micros::ZERO));
            }
            world.assert_sound().await;
            // All fifty in every order, on one of the engines or the other; on both in the end.
            let is_whole = (order == 2) == (world.db.engine_name() == "PostgreSQL");
            let portfolios = if is_whole { PORTFOLIOS } else { SOME };
            let documents = world.close_the_year(&events, &expected, portfolios).await;
            {
                let mut known = same.lock().unwrap();
                let known = known.get_or_insert_with(|| documents.clone());
                assert_eq!(known[..documents.len()], documents, "order {order}");
            }
            world.assert_sound().await;
            let rebuild = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::rebuild_revenue(ctx, tx).await;
            world.db.transact(&world.ctx, "test.rebuild", rebuild).await.unwrap();
            world.assert_sound().await;
        })
        .await;
    }
}
