//! A month is rated again by the operator, on the command line and over HTTP: once, whatever is asked again, and where
//! its invoice is final by a credit note. An invoice is paid over HTTP. On both engines.

use crate::invoices::{plaza, plaza_json};
use crate::server::{Server, ctx, get, post};
use plaza_billing::invoices::{self, InvoiceError, LegalEntity, Period, Profile};
use plaza_billing::{BillingError, Category, Intent, Prices, WindowState};
use plaza_db::{Db, SERVER_MIGRATIONS, Tx};
use plaza_protocol::{BusinessMessageId, Ctx, Micros, PhoneNumberId, PortfolioId, Timestamp, WabaId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const MONTH: &str = "2026-11";
const INDIA: &str = "+919812345678";
const BRAZIL: &str = "+5511987654321";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// Has the month's thousand free service messages used up by late ones to a country, before the receipts of three early
/// ones to another country come.
async fn backwards(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    to: [&str; 2],
) -> Result<(), BillingError> {
    let prices = Prices::default();
    let message = |n: u64, to: &str, sent_at: Timestamp| Intent {
        message_id: BusinessMessageId(uuid::Uuid::from_u64_pair(portfolio.0.unsigned_abs(), n)),
        portfolio_id: portfolio,
        waba_id: WabaId(1),
        phone_number_id: PhoneNumberId(portfolio.0),
        to: to.parse().unwrap(),
        category: Category::Service,
        template: false,
        sent_at,
        window: WindowState::default(),
        expires_at: sent_at + Duration::from_secs(86_400),
        max_price: None,
        pulses_max: None,
        campaign: None,
    };
    for (to, sent_at, numbers) in
        [(to[0], at("2026-11-20T00:00:00Z"), 0..1000), (to[1], at("2026-11-10T00:00:00Z"), 1000..1003)]
    {
        let intents: Vec<_> = numbers.map(|n| message(n, to, sent_at)).collect();
        assert!(plaza_billing::hold(ctx, tx, &prices, &intents).await?.iter().all(Result::is_ok));
        let receipts: Vec<_> = intents.iter().map(|intent| (intent.message_id, sent_at)).collect();
        assert_eq!(plaza_billing::delivered(ctx, tx, &prices, &receipts).await?.len(), intents.len());
    }
    Ok(())
}

fn seller() -> LegalEntity {
    LegalEntity {
        name: "Plaza Networks GmbH".to_owned(),
        street: "Marktplatz 1".to_owned(),
        postal_code: "10115".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: "DE123456789".to_owned(),
        email: "billing@plaza.example".to_owned(),
        iban: String::new(),
        bic: String::new(),
        time_zone: "Europe/Berlin".to_owned(),
        grace_h: 0,
        due_days: 14,
    }
}

fn buyer() -> Profile {
    let LegalEntity { name, street, postal_code, city, .. } = seller();
    Profile {
        name,
        street,
        postal_code,
        city,
        country: "NL".to_owned(),
        tax_id: "NL001234567B01".to_owned(),
        email: "books@tulip.example".to_owned(),
        is_tax_inclusive: false,
    }
}

/// The invoice of the month as it was before anybody rated it again.
async fn finalized(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), InvoiceError> {
    invoices::set_entity(ctx, tx, &seller()).await?;
    invoices::set_profile(ctx, tx, portfolio, &buyer()).await?;
    let month: Period = MONTH.parse().unwrap();
    assert!(invoices::finalize(ctx, tx, portfolio, month, true).await?.is_some());
    Ok(())
}

async fn available(server: &Server, portfolio: PortfolioId) -> i64 {
    let billing = server.operator(&format!("businesses/{portfolio}/billing")).await;
    billing["balance"]["available_micros"].as_i64().unwrap_or_else(|| panic!("{billing}"))
}

/// A sandbox with the embedded database, or with this PostgreSQL database.
pub(crate) async fn start_on(database: Option<&str>) -> Server {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut arguments = vec!["--sandbox".to_owned()];
    arguments.extend(database.into_iter().flat_map(|url| ["--database-url".to_owned(), url.to_owned()]));
    Server::start_in(folder, "server", &arguments).await
}

/// Writes into the database of a server that is stopped meanwhile.
pub(crate) async fn write_into<E: From<plaza_db::DbError> + std::fmt::Debug + Send + 'static>(
    server: &mut Server,
    database: Option<&str>,
    work: impl AsyncFn(&Ctx, &mut Tx) -> Result<(), E> + Send + 'static,
) {
    assert!(server.stop());
    let db = match database {
        Some(url) => Db::open_postgres(url, 1, SERVER_MIGRATIONS).await.unwrap(),
        None => Db::open_sqlite(&server.data().join("plaza.db"), SERVER_MIGRATIONS).await.unwrap(),
    };
    let later = ctx().not_before(at("2027-02-01T00:00:00Z"));
    db.transact(&later, "test.write", work).await.unwrap();
    db.close().await;
    server.kill_and_restart().await;
}

/// Two businesses whose receipts came in the wrong order; the month of the second one is final.
pub(crate) async fn two_businesses(database: Option<&str>) -> (Server, PortfolioId, PortfolioId) {
    let mut server = start_on(database).await;
    let mut portfolios = Vec::new();
    for number in ["+4930901820", "+4930901821"] {
        let made =
            json!({"name": "Tulip", "number": number, "country": "DE", "currency": "USD", "credit": "100"});
        let (status, made) = server.post_operator("businesses", &made).await;
        assert_eq!(status, 201, "{made}");
        portfolios.push(PortfolioId(made["business_id"].as_str().unwrap().parse().unwrap()));
    }
    let (open, ended) = (portfolios[0], portfolios[1]);
    let write = async move |ctx: &Ctx, tx: &mut Tx| {
        // The early ones were charged and cost more than the late ones will, or less.
        backwards(ctx, tx, open, [BRAZIL, INDIA]).await?;
        backwards(ctx, tx, ended, [INDIA, BRAZIL]).await?;
        finalized(ctx, tx, ended).await
    };
    write_into(&mut server, database, write).await;
    (server, open, ended)
}

#[tokio::test]
async fn a_month_is_rated_again_once_and_its_final_invoice_gets_a_credit_note() {
    it_is_rated_again(None).await;
}

#[tokio::test]
async fn a_month_is_rated_again_once_on_postgres() {
    it_is_rated_again(Some(&plaza_db::testing::postgres_url().await)).await;
}

async fn it_is_rated_again(database: Option<&str>) {
    let (server, open, ended) = two_businesses(database).await;
    let asked = |portfolio: PortfolioId, dry_run: bool| json!({"portfolio_id": portfolio, "period": MONTH, "dry_run": dry_run});
    // Over HTTP, of a month that has no invoice: prepaid is debited by the difference, and never twice.
    let before = available(&server, open).await;
    let (_, dry) = server.post_operator("invoices/rerate", &asked(open, true)).await;
    let difference = dry["difference_micros"].as_i64().unwrap_or_else(|| panic!("{dry}"));
    assert!(difference > 0 && dry["run"].is_null(), "{dry}");
    assert_eq!(available(&server, open).await, before);
    let (status, real) = server.post_operator("invoices/rerate", &asked(open, false)).await;
    assert_eq!((status, &real["run"], &real["changed"]), (200, &json!(1), &dry["changed"]));
    assert_eq!(available(&server, open).await, before - difference);
    let (_, again) = server.post_operator("invoices/rerate", &asked(open, false)).await;
    assert_eq!((&again["run"], &again["changed"]), (&Value::Null, &json!([])), "{again}");
    let by_hand = ["rerate", "--portfolio", &open.to_string(), "--month", MONTH];
    assert_eq!(plaza_json(&server, &by_hand)["changed"], json!([]));
    assert_eq!(available(&server, open).await, before - difference);

    // On the command line, of a month whose invoice is final.
    let listed = plaza_json(&server, &["list", "--portfolio", &ended.to_string()]);
    let invoice = listed["data"][0]["invoice_id"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    let issued = plaza_json(&server, &["show", &invoice]);
    let of_ended = ["rerate", "--portfolio", &ended.to_string(), "--month", MONTH];
    let dry = plaza_json(&server, &[&of_ended[..], &["--dry-run"]].concat());
    assert_eq!(dry["documents"][0]["kind"], "credit_note", "{dry}");
    assert_eq!(plaza_json(&server, &["show", &invoice])["credit_notes"], json!([]));
    let before = available(&server, ended).await;
    let real = plaza_json(&server, &of_ended);
    assert_eq!((&real["run"], &real["documents"]), (&json!(1), &dry["documents"]));
    let noted = plaza_json(&server, &["show", &invoice]);
    assert_eq!(noted["credit_notes"].as_array().unwrap().len(), 1, "{noted}");
    let credited = noted["credited_minor"].as_i64().unwrap();
    assert!(credited > 0);
    assert_eq!(
        (&noted["total_minor"], &noted["pdf_sha256"]),
        (&issued["total_minor"], &issued["pdf_sha256"])
    );
    // It was paid from the balance, so it goes back there, in cents.
    assert_eq!(available(&server, ended).await, before + credited * 10_000);
    for _ in 0..2 {
        assert_eq!(plaza_json(&server, &of_ended)["documents"], json!([]));
        assert_eq!(plaza_json(&server, &["show", &invoice]), noted);
    }
    let (ok, said) = plaza(&server, &["rerate", "--portfolio", "7", "--month", MONTH]);
    assert!(!ok, "{said}");
    let (status, said) =
        server.post_operator("invoices/rerate", &json!({"portfolio_id": ended, "period": "2026-13"})).await;
    assert_eq!(status, 400, "{said}");
    let books = server.verify();
    assert_eq!(books["ok"], true, "{books}");
}

#[tokio::test]
async fn an_invoice_is_paid_over_http() {
    it_is_paid(None).await;
}

#[tokio::test]
async fn an_invoice_is_paid_over_http_on_postgres() {
    it_is_paid(Some(&plaza_db::testing::postgres_url().await)).await;
}

async fn it_is_paid(database: Option<&str>) {
    let mut server = start_on(database).await;
    let business = server.business("+4930901820").await;
    let portfolio = server.operator("businesses").await["data"][0]["business_id"].clone();
    let portfolio = PortfolioId(portfolio.as_str().unwrap().parse().unwrap());
    let write = async move |ctx: &Ctx, tx: &mut Tx| {
        for n in 0..2 {
            let item = invoices::NewItem {
                item_id: plaza_protocol::InvoiceItemId(uuid::Uuid::from_u64_pair(n, 9)),
                portfolio,
                period: MONTH.parse().unwrap(),
                kind: invoices::LineKind::Fee,
                description: format!("A fee, {n}"),
                quantity: 1,
                unit: Micros(5_000_000_000),
                amount: Micros(5_000_000_000),
                is_settled: false,
            };
            invoices::add_item(ctx, tx, &item).await?;
        }
        finalized(ctx, tx, portfolio).await
    };
    write_into(&mut server, database, write).await;
    let (_, own) = get(&format!("{}/manager/api/billing/invoices", server.url), Some(&business.token)).await;
    let id = own["data"][0]["invoice_id"].as_str().unwrap_or_else(|| panic!("{own}")).to_owned();
    let due = own["data"][0]["open_minor"].as_i64().unwrap();
    let payments = format!("invoices/{id}/payments");
    let pay = |amount: i64, key: &str| json!({"amount_minor": amount, "reference": "SEPA 4711", "key": key});
    let (status, said) = server.post_operator(&payments, &pay(due + 1, "a")).await;
    assert!(status >= 400 && said.to_string().contains("above the rest"), "{said}");
    for _ in 0..2 {
        let (status, paid) = server.post_operator(&payments, &pay(1000, "a")).await;
        assert_eq!((status, &paid["open_minor"]), (200, &json!(due - 1000)), "the same key pays once");
    }
    assert!(server.post_operator(&payments, &pay(1, "a")).await.0 >= 400, "a key stands for one payment");
    // The business pays the rest by card; nobody but the operator books a transfer.
    let transfer = format!("{}/operator/api/{payments}", server.url);
    assert_eq!(post(&transfer, Some(&business.token), &pay(1000, "b")).await.0, 401);
    let methods = format!("{}/manager/api/payment-methods", server.url);
    let (status, card) = post(&methods, Some(&business.token), &json!({"token": "card_good"})).await;
    assert!(status < 300, "{card}");
    let by_card = format!("{}/manager/api/billing/invoices/{id}/pay", server.url);
    for _ in 0..2 {
        let (status, paid) = post(&by_card, Some(&business.token), &json!({"key": "rest"})).await;
        assert_eq!((status, &paid["state"]), (200, &json!("succeeded")), "{paid}");
    }
    let whole = plaza_json(&server, &["show", &id]);
    assert_eq!((&whole["status"], &whole["open_minor"]), (&json!("paid"), &json!(0)));
    assert!(server.post_operator(&payments, &pay(1, "c")).await.0 >= 400, "it is paid");
    let books = server.verify();
    assert_eq!(books["ok"], true, "{books}");
}
