//! `plaza ledger verify`, which is also called replay: everything that is kept beside what never changes is computed
//! again. A row of every kind is changed behind the server's back, and every kind is named. On both engines.

use crate::rerating::{two_businesses, write_into};
use crate::server::Server;
use plaza_billing::exchange::{self, Foreign};
use plaza_billing::invoices::InvoiceError;
use plaza_billing::plans::{self, NewSubscription, PlanSource, PurchaseState, Receipt, StorePayment, Term};
use plaza_billing::{Category, Intent, Prices, WindowState, funds, lapses};
use plaza_db::{Sql, Tx};
use plaza_protocol::{
    AccountId, BusinessMessageId, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, Timestamp, WabaId,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// One change for each kind; where a change shows in two kinds, it stands once.
const CHANGES: [&str; 24] = [
    "INSERT INTO ledger_transfer (transfer_id, kind, debit, credit, amount, at)
     SELECT credit, kind, debit, credit, amount, at FROM ledger_transfer WHERE kind = 'posted' LIMIT 1",
    "UPDATE ledger_entry SET at = at - 1 WHERE version = 2",
    "UPDATE ledger_account SET posted = posted + 1 WHERE code = 'revenue:messages:utility'",
    "UPDATE ledger_floor SET at = at + 1",
    "DELETE FROM ledger_hold",
    "UPDATE usage_event SET held = held + 1 WHERE sequence = 1",
    "UPDATE charge SET unit_micros = unit_micros + 1 WHERE category = 'utility'",
    "UPDATE charge_correction SET from_unit_micros = from_unit_micros + 1",
    "UPDATE allowance_counter SET used = used + 1",
    "UPDATE tier_counter SET volume = volume + 1",
    "UPDATE authentication_day SET messages = messages + 1",
    "UPDATE spending_day SET spent_micros = spent_micros + 1",
    "UPDATE campaign_month SET messages = messages + 1",
    "UPDATE revenue_hour SET messages = messages + 1",
    "UPDATE usage_sum SET messages = messages + 1",
    "UPDATE usage_month SET amount_micros = amount_micros + 1",
    "UPDATE invoice_line SET quantity = quantity + 1",
    "UPDATE invoice SET pdf_sha256 = NULL",
    "UPDATE invoice_number SET last = last + 1",
    "UPDATE subscription_deferral SET earned_micros = earned_micros + 1",
    "UPDATE currency_exchange SET rate_nanos = rate_nanos + 1000",
    "UPDATE balance_lapse SET amount_micros = amount_micros + 1 WHERE amount_micros IS NOT NULL",
    "UPDATE purchase_payment SET amount_micros = amount_micros + 1",
    "UPDATE audit_log SET details = '{}' WHERE sequence = 1",
];

/// What the two businesses lack: utility and one-time codes abroad, a message on its way, a payment in euros, a credit
/// line, a plan, a balance that lapsed, and a person who bought something in an app store.
async fn more(ctx: &Ctx, tx: &mut Tx, [open, ended]: [PortfolioId; 2]) -> Result<(), InvoiceError> {
    let prices = Prices::default();
    let foreign =
        Foreign { amount: Micros(10_000_000), currency: Currency::EUR, rate: "1.0834".parse().unwrap() };
    exchange::top_up_in(ctx, tx, open, foreign, "euros").await?;
    funds::set_credit_limit(ctx, tx, open, Micros(50_000_000), "line").await?;
    let now = ctx.now();
    let message = |n: u64, category, to: &str| Intent {
        message_id: BusinessMessageId(uuid::Uuid::from_u64_pair(n, 77)),
        portfolio_id: open,
        waba_id: WabaId(1),
        phone_number_id: PhoneNumberId(open.0),
        to: to.parse().unwrap(),
        category,
        template: true,
        sent_at: now,
        window: WindowState::default(),
        expires_at: now + Duration::from_secs(20 * 86_400),
        max_price: None,
        pulses_max: None,
        campaign: Some("ready".into()),
    };
    let intents = [
        message(1, Category::Utility, "+4915112345678"),
        message(2, Category::Authentication, "+919812345678"),
        message(3, Category::Marketing, "+4915112345678"),
    ];
    assert!(plaza_billing::hold(ctx, tx, &prices, &intents).await?.iter().all(Result::is_ok));
    let receipts: Vec<_> = intents.iter().take(2).map(|intent| (intent.message_id, now)).collect();
    assert_eq!(plaza_billing::delivered(ctx, tx, &prices, &receipts).await?.len(), 2);
    plans::import_plans(ctx, tx, &PlanSource::reference()).await.unwrap();
    let new = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: false };
    plans::start(ctx, tx, open, &new).await.unwrap();
    for at in ["2028-04-01T00:00:00Z", "2028-06-01T00:00:00Z"] {
        let later = ctx.not_before(Timestamp(at.parse::<jiff::Timestamp>().unwrap().as_microsecond()));
        assert!(lapses::step(&later, tx, 12).await? > 0, "a balance lapses");
    }
    let taken = lapses::lapses(ctx, tx, ended).await?;
    assert!(taken.iter().any(|lapse| lapse.amount.is_some()), "{taken:?}");
    let bought = plans::apply_receipt(ctx, tx, None, &themes(now)).await.unwrap();
    assert!(bought.is_some());
    Ok(())
}

/// A person bought accent colours for good.
fn themes(at: Timestamp) -> Receipt {
    let payment = StorePayment {
        transaction: "one".to_owned(),
        product: "themes.once".to_owned(),
        amount: Micros(2_990_000),
        commission: Micros(448_500),
        currency: Currency::EUR,
        from: at,
        to: None,
        refunded: None,
    };
    Receipt {
        store: "sandbox",
        reference: "one".to_owned(),
        asked_at: at,
        account: Some(AccountId(uuid::Uuid::from_u64_pair(1, 78))),
        product: payment.product.clone(),
        state: PurchaseState::Active,
        expires_at: None,
        renews: false,
        is_trial: false,
        is_family_shared: false,
        replaces: None,
        payments: vec![payment],
    }
}

fn replayed(server: &Server, arguments: &[&str]) -> (bool, Value) {
    let output = server.ledger_output(&[&["verify", "--json"], arguments].concat());
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap())
}

/// How many of each kind were computed again, and how many differ.
fn kinds(told: &Value) -> BTreeMap<String, (i64, i64)> {
    let kinds = told["kinds"].as_array().unwrap_or_else(|| panic!("{told}"));
    let kind = |of: &Value| {
        let numbers = (of["checked"].as_i64().unwrap(), of["differing"].as_i64().unwrap());
        (of["kind"].as_str().unwrap().to_owned(), numbers)
    };
    kinds.iter().map(kind).collect()
}

async fn a_change_of_every_kind_is_found(database: Option<&str>) {
    let (mut server, open, ended) = two_businesses(database).await;
    for portfolio in [open, ended] {
        let month = json!({"portfolio_id": portfolio, "period": "2026-11"});
        let (status, rerated) = server.post_operator("invoices/rerate", &month).await;
        assert_eq!((status, &rerated["run"]), (200, &json!(1)), "{rerated}");
    }
    write_into(&mut server, database, async move |ctx, tx| more(ctx, tx, [open, ended]).await).await;
    let output = server.ledger_output(&["replay"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("The books agree.") && said.contains("\nusage_events "), "{said}");
    let (ok, sound) = replayed(&server, &["--repair"]);
    assert!(ok && sound["repaired"] == json!([]), "{sound}");
    for (kind, (checked, differing)) in kinds(&sound) {
        assert_eq!((checked > 0, differing), (true, 0), "{kind}");
    }

    let tamper = async |_: &Ctx, tx: &mut Tx| {
        for text in CHANGES {
            assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
        }
        Ok::<_, InvoiceError>(())
    };
    write_into(&mut server, database, tamper).await;
    let (ok, found) = replayed(&server, &[]);
    assert!(!ok && found["ok"] == json!(false), "{found}");
    for (kind, (_, differing)) in kinds(&found) {
        assert!(differing > 0, "{kind}: {found}");
    }
    let words = found["differences"].as_array().unwrap();
    assert!(words.iter().any(|words| words.as_str().unwrap().contains("the chain is broken")), "{found}");
    // Sums are built again; what is no sum stays wrong, and the exit code says so.
    let (ok, repaired) = replayed(&server, &["--repair"]);
    assert!(!ok, "{repaired}");
    let sums = ["tier_counters", "revenue_hours", "dashboard"];
    assert_eq!(repaired["repaired"], json!(sums));
    for (kind, (_, differing)) in kinds(&repaired) {
        assert_eq!(differing > 0, !sums.contains(&kind.as_str()), "{kind}: {repaired}");
    }
}

#[tokio::test]
async fn the_books_are_replayed_on_sqlite() {
    a_change_of_every_kind_is_found(None).await;
}

#[tokio::test]
async fn the_books_are_replayed_on_postgres() {
    a_change_of_every_kind_is_found(Some(&plaza_db::testing::postgres_url().await)).await;
}
