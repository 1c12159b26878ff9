//! Every row of the reference prices is charged exactly.

use crate::*;
use std::collections::BTreeMap;

/// A number of each market as it was cut on a day: calling code, filled up with fives.
fn numbers(day: &str) -> BTreeMap<String, String> {
    let mut numbers = BTreeMap::new();
    for row in csv::Reader::from_reader(include_str!("../../data/markets.csv").as_bytes()).records() {
        let row = row.unwrap();
        let code = if &row[2] == "*" { "999" } else { &row[2] };
        if row[3].is_empty() || &row[3] <= day {
            numbers.entry(row[0].to_owned()).or_insert_with(|| format!("+{code:5<12}"));
        }
    }
    numbers
}

#[tokio::test]
async fn every_reference_price_is_charged_exactly() {
    each_world(async |world| {
        world.use_up(TULIP, PHONE, at("2026-10-01T00:00:00Z")).await;
        let (mut intents, mut expected) = (Vec::new(), BTreeMap::new());
        for row in csv::Reader::from_reader(include_str!("../../data/rates.csv").as_bytes()).records() {
            let row = row.unwrap();
            let delivered_at = at(&format!("{}T12:00:00Z", &row[0]));
            let number = &numbers(&row[0])[&row[2]];
            let category: Category = row[4].parse().unwrap();
            let mut intent = world.message(category, number, delivered_at - Duration::from_secs(60));
            // It expires before other prices come: what is held is then exactly the price.
            intent.expires_at = delivered_at + DAY;
            expected.insert(intent.message_id, (row[2].to_owned(), category, micros(&row[5]), delivered_at));
            intents.push(intent);
        }
        assert_eq!(intents.len(), 369);
        let before = world.balance(TULIP).await.posted;
        for held in world.hold(&intents).await {
            let held = held.unwrap();
            let (market, category, price, _) = &expected[&held.message_id];
            let is_free = *price == Micros::ZERO;
            assert_eq!((held.held, held.pricing.billable), (*price, !is_free), "{market} {category}");
        }
        let deliveries =
            expected.iter().map(|(message, (.., delivered_at))| (*message, *delivered_at)).collect();
        let charged = world.deliver(deliveries).await;
        assert_eq!(charged.len(), 369);
        let mut sum = 0;
        for charged in charged {
            let (market, category, price, _) = &expected[&charged.message_id];
            assert_eq!(charged.amount, *price, "{market} {category}");
            assert_eq!((charged.currency, charged.pricing.category), (Currency::USD, *category));
            sum += price.0;
        }
        let after = world.balance(TULIP).await;
        assert_eq!((before.0 - after.posted.0, after.held.0), (sum, 0));
        assert_eq!(world.assert_sound().await.charges, 1369);
    })
    .await;
}

#[tokio::test]
async fn importing_again_changes_nothing_and_other_content_is_refused() {
    each_world(async |world| {
        let import = async |source: PriceSource<'static>| {
            let import =
                async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::import_price_book(ctx, tx, &source).await;
            world.db.transact(&world.ctx, "test.import", import).await
        };
        let report = import(PriceSource::reference()).await.unwrap();
        assert_eq!((report.books, report.versions_published, report.prices_published), (16, 0, 0));
        let rates = PriceSource::reference().rates.replace("0.0618", "0.0619").leak();
        let error = import(PriceSource { rates, ..PriceSource::reference() }).await.unwrap_err();
        assert!(error.to_string().contains("is published and cannot be changed"), "{error}");
        let markets = PriceSource::reference().markets.replace("Brazil,BR", "Russia,BR").leak();
        let error = import(PriceSource { markets, ..PriceSource::reference() }).await.unwrap_err();
        assert!(error.to_string().contains("55 belongs to Brazil already"), "{error}");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_row_is_named() {
    const HEADER: &str = "effective_from,effective_to,market,currency,category,price\n";
    let faults = [
        ("2026-13-01,,Brazil,USD,utility,1\n", "rates, row 1, column effective_from: a day such as"),
        ("2026-10-01,x,Brazil,USD,utility,1\n", "rates, row 1, column effective_to"),
        ("2026-10-01,,Brazil,XXX,utility,1\n", "rates, row 1, column currency: unknown currency"),
        ("2026-10-01,,Brazil,USD,utilities,1\n", "rates, row 1, column category: unknown category"),
        ("2026-10-01,,Brazil,USD,utility,-1\n", "rates, row 1, column price: a decimal from 0"),
        ("2026-10-01,,Brazil,USD,utility,1e3\n", "rates, row 1, column price"),
        ("2026-10-01,,,USD,utility,1\n", "rates, row 1, column market"),
        (
            "2026-10-01,,X,USD,utility,1\n2026-10-01,,X,USD,utility,2\n",
            "rates, row 2, column category: the market has two",
        ),
        (
            "2026-10-01,,X,USD,utility,1\n2026-10-01,,Y,EUR,utility,2\n",
            "rates, row 2, column currency: all rates",
        ),
        ("2026-10-01,,X,USD\n", "rates cannot be read"),
        ("2026-10-01,,X,USD,utility,1\n", "free rules, row 1, column effective_from: no prices begin"),
        ("", "rates, row 1, column price: there is no price"),
    ];
    each_engine(async |db| {
        let (ctx, _) = plaza_db::testing::ctx();
        for (rows, expected) in faults {
            let rates = format!("{HEADER}{rows}").leak();
            let source = PriceSource { rates, tier_rates: "", ..PriceSource::reference() };
            let import =
                async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::import_price_book(ctx, tx, &source).await;
            let error = db.transact(&ctx, "test.import", import).await.unwrap_err();
            assert!(error.to_string().starts_with(expected), "{rows}: {error}");
        }
    })
    .await;
}
