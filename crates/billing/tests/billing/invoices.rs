//! Months become invoices: exact, once, without gaps, whatever comes late or twice or at the same time.

use crate::*;
use plaza_billing::invoices::{
    self, Closed, Credit, CreditNote, Filter, Invoice, InvoiceError, LegalEntity, Line, LineKind, NewItem,
    Payment, PaymentSource, Period, Profile, RatedFile, RatedLine, Status, TaxRate,
};
use plaza_db::{DbError, Sql};
use plaza_protocol::{InvoiceId, InvoiceItemId};
use std::collections::{BTreeMap, BTreeSet};

mod documents;
mod rerated;
mod settings;

const HOUR: Duration = Duration::from_secs(3600);
const NOVEMBER: &str = "2026-11";

pub(crate) fn entity() -> LegalEntity {
    LegalEntity {
        name: "Plaza Networks GmbH".to_owned(),
        street: "Marktplatz 1".to_owned(),
        postal_code: "10115".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: "DE123456789".to_owned(),
        email: "billing@plaza.example".to_owned(),
        iban: "DE89 3704 0044 0532 0130 00".to_owned(),
        bic: "COBADEFFXXX".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        grace_h: 72,
        due_days: 14,
    }
}

pub(crate) fn buyer(country: &str, tax_id: &str, is_tax_inclusive: bool) -> Profile {
    Profile {
        name: "Tulip & Söhne <Flowers>".to_owned(),
        street: "Keizersgracht 7".to_owned(),
        postal_code: "1015 CN".to_owned(),
        city: "Amsterdam".to_owned(),
        country: country.to_owned(),
        tax_id: tax_id.to_owned(),
        email: "books@tulip.example".to_owned(),
        is_tax_inclusive,
    }
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

impl World {
    async fn write<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> Result<T, InvoiceError> {
        self.db.transact(&self.ctx, "test.invoices", work).await
    }

    /// Seller, buyer and the German and Dutch rates.
    async fn parties(&self, profile: Profile) {
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &entity()).await?;
            invoices::set_profile(ctx, tx, TULIP, &profile).await?;
            for (country, ppm) in [("DE", 190_000), ("NL", 210_000)] {
                let rate = TaxRate {
                    jurisdiction: country.to_owned(),
                    effective_from: at("2020-01-01T00:00:00Z"),
                    effective_to: None,
                    ppm,
                    name: "VAT".to_owned(),
                    reverse_charge: true,
                };
                invoices::set_tax_rate(ctx, tx, &rate).await?;
            }
            Ok(())
        };
        self.write(set).await.unwrap();
    }

    /// Messages of November: marketing to Germany and Brazil, and service messages of which the first are free.
    async fn november(&self, n: usize) {
        for (category, to) in [
            (Category::Marketing, "+4915112345678"),
            (Category::Marketing, "+5511987654321"),
            (Category::Service, "+4915112345678"),
        ] {
            let sent = at("2026-11-10T10:00:00Z");
            let intents: Vec<_> = (0..n).map(|_| self.message(category, to, sent)).collect();
            assert!(self.hold(&intents).await.iter().all(Result::is_ok));
            let deliveries = intents.iter().map(|intent| (intent.message_id, sent + HOUR)).collect();
            assert_eq!(self.deliver(deliveries).await.len(), n);
        }
    }

    async fn finalize(&self, month: &str) -> Result<Option<InvoiceId>, InvoiceError> {
        let month = period(month);
        self.write(async move |ctx, tx| invoices::finalize(ctx, tx, TULIP, month, false).await).await
    }

    async fn close(&self, month: &str) -> Result<Closed, InvoiceError> {
        invoices::close(&self.ctx, &self.db, &self.prices, Some(period(month)), false).await
    }

    async fn invoice(&self, id: InvoiceId) -> (Invoice, Vec<Line>) {
        self.write(async move |ctx, tx| invoices::invoice(ctx, tx, id).await).await.unwrap()
    }

    async fn issued(&self, month: &str) -> (Invoice, Vec<Line>) {
        let id = self.finalize(month).await.unwrap().unwrap();
        self.invoice(id).await
    }

    async fn credit(
        &self,
        id: InvoiceId,
        key: &str,
        amount: Option<i64>,
    ) -> Result<CreditNote, InvoiceError> {
        let credit =
            Credit { key: key.to_owned(), amount_minor: amount, reason: "Sent by mistake".to_owned() };
        self.write(async move |ctx, tx| invoices::credit(ctx, tx, id, &credit).await).await
    }

    async fn pay(&self, id: InvoiceId, key: &str, amount_minor: i64) -> Result<Invoice, InvoiceError> {
        let payment = Payment {
            key: key.to_owned(),
            amount_minor,
            source: PaymentSource::Transfer,
            reference: "SEPA 4711".to_owned(),
        };
        self.write(async move |ctx, tx| invoices::pay(ctx, tx, id, &payment).await).await
    }

    async fn item(&self, n: u64, kind: LineKind, amount: &str) {
        let item = NewItem {
            item_id: InvoiceItemId(uuid::Uuid::from_u64_pair(n, 9)),
            portfolio: TULIP,
            period: period(NOVEMBER),
            kind,
            description: format!("Item {n}"),
            quantity: 1,
            unit: micros(amount),
            amount: micros(amount),
            is_settled: false,
        };
        self.write(async move |ctx, tx| invoices::add_item(ctx, tx, &item).await).await.unwrap();
    }

    async fn rated(&self, invoice: &Invoice) -> Vec<RatedLine> {
        let mut all: Vec<RatedLine> = Vec::new();
        loop {
            let (invoice, after) = (invoice.clone(), all.last().map_or(0, |last| last.sequence));
            let read =
                async move |ctx: &Ctx, tx: &mut Tx| invoices::rated_lines(ctx, tx, &invoice, after, 7).await;
            let page = self.write(read).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// The lines of an invoice are the sums of its rated lines.
    async fn assert_rated(&self, invoice: &Invoice, lines: &[Line]) {
        let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
        for line in self.rated(invoice).await {
            let key = (line.period, line.market, line.category, line.pricing_type, line.amount.0);
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + 1, sum.1 + line.amount.0);
        }
        let told: BTreeMap<_, _> = lines
            .iter()
            .filter(|line| line.kind == LineKind::Usage)
            .map(|line| {
                let texts = (line.market.clone(), line.category.clone(), line.pricing_type.clone());
                (
                    (line.period.number(), texts.0, texts.1, texts.2, line.unit.0),
                    (line.quantity, line.amount.0),
                )
            })
            .collect();
        assert_eq!(sums, told);
    }
}

#[tokio::test]
async fn a_prepaid_month_is_a_statement_with_tax_from_the_balance() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.november(30).await;
        assert!(matches!(world.finalize(NOVEMBER).await, Err(InvoiceError::NotEnded { .. })));
        world.clock.set(at("2026-12-01T00:00:01Z"));
        assert!(matches!(world.finalize(NOVEMBER).await, Err(InvoiceError::Grace { .. })));
        world.clock.set(at("2026-12-04T00:00:01Z"));
        let before = world.balance(TULIP).await.posted.0;
        let (invoice, lines) = world.issued(NOVEMBER).await;
        assert_eq!(invoice.number.as_deref(), Some("INV-2026-000001"));
        assert_eq!(invoice.status, Status::Paid);
        let charges: i64 = lines.iter().map(|line| line.amount.0).sum();
        let net: i64 = lines.iter().map(|line| line.net_minor).sum();
        assert_eq!((invoice.charges.0, invoice.subtotal_minor), (charges, net));
        assert_eq!(invoice.rounding.0, net * 10_000 - charges);
        assert_eq!(invoice.tax_minor, (net * 19 + 50) / 100);
        assert_eq!(
            (invoice.total_minor, invoice.prepaid_minor),
            (net + invoice.tax_minor, invoice.total_minor)
        );
        // What left the balance is the invoice, to the micro.
        assert_eq!(before - world.balance(TULIP).await.posted.0 + charges, invoice.total_minor * 10_000);
        assert_eq!(lines.iter().map(|line| line.quantity).sum::<i64>(), 90);
        world.assert_rated(&invoice, &lines).await;
        world.assert_sound().await;
        // Closing again changes nothing.
        assert_eq!(world.issued(NOVEMBER).await, (invoice, lines));
        assert_eq!(world.close(NOVEMBER).await.unwrap().issued, vec![]);
    })
    .await;
}

#[tokio::test]
async fn what_comes_after_the_time_of_grace_is_a_line_of_the_next_invoice() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        let sent = at("2026-11-29T10:00:00Z");
        let [late, in_grace, in_time] =
            [0, 1, 2].map(|_| world.message(Category::Marketing, "+4915112345678", sent));
        world.hold(&[late.clone(), in_grace.clone(), in_time.clone()]).await;
        world.deliver(vec![(in_time.message_id, sent + HOUR)]).await;
        world.clock.set(at("2026-12-02T00:00:00Z"));
        let closed = world.close(NOVEMBER).await.unwrap();
        assert_eq!((closed.drafts, closed.issued.len()), (1, 0));
        world.deliver(vec![(in_grace.message_id, sent + 2 * HOUR)]).await;
        // One of December comes in during the time of grace of November.
        let december = world.message(Category::Marketing, "+4915112345678", at("2026-12-02T00:00:00Z"));
        world.send_and_deliver(december, at("2026-12-02T00:00:01Z")).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let (november, lines) = world.issued(NOVEMBER).await;
        assert_eq!(lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [2]);
        world.assert_rated(&november, &lines).await;
        world.deliver(vec![(late.message_id, sent + 3 * HOUR)]).await;
        world.clock.set(at("2027-01-05T00:00:00Z"));
        let closed = world.close("2026-12").await.unwrap();
        let (december, lines) = world.invoice(closed.issued[0]).await;
        let told: Vec<_> = lines.iter().map(|line| (line.period.to_string(), line.quantity)).collect();
        assert_eq!(told, [("2026-12".to_owned(), 1), (NOVEMBER.to_owned(), 1)]);
        world.assert_rated(&december, &lines).await;
        assert_eq!(december.number.as_deref(), Some("INV-2027-000001"));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_paid_credited_and_never_more() {
    each_world(async |world| {
        world.parties(buyer("NL", "NL001234567B01", false)).await;
        world.november(3).await;
        // More than the balance has.
        world.item(1, LineKind::Fee, "5000").await;
        world.item(1, LineKind::Fee, "5000").await;
        world.item(2, LineKind::Subscription, "49.999999").await;
        world.item(3, LineKind::Adjustment, "-10.005").await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let (invoice, lines) = world.issued(NOVEMBER).await;
        let id = invoice.invoice_id;
        // A business elsewhere accounts for the tax itself.
        assert_eq!((invoice.tax_minor, invoice.status), (0, Status::Final));
        assert_eq!(invoice.document().unwrap().taxes[0].treatment.category, "AE");
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.kind == LineKind::Adjustment)
                .map(|line| line.net_minor)
                .sum::<i64>(),
            -1000
        );
        let due = invoice.due_minor();
        assert_eq!(due, 500_000 + 5_000 - 1_000);
        world.assert_sound().await;
        assert!(matches!(world.pay(id, "a", due + 1).await, Err(InvoiceError::AboveRest { .. })));
        assert!(matches!(world.pay(id, "a", 0).await, Err(InvoiceError::BadAmount)));
        for _ in 0..2 {
            assert_eq!(world.pay(id, "a", 100_000).await.unwrap().open_minor(), due - 100_000);
        }
        assert!(matches!(world.pay(id, "a", 1).await, Err(InvoiceError::KeyReused)));
        world.assert_sound().await;
        // The day passes.
        world.clock.set(at("2026-12-20T00:00:00Z"));
        let marked = world.write(async |ctx, tx| invoices::mark_overdue(ctx, tx, 10).await).await.unwrap();
        assert_eq!(marked, [(id, TULIP)]);
        let note = world.credit(id, "first", Some(due - 150_000)).await.unwrap();
        assert_eq!((note.number.as_str(), note.due_minor), ("CN-2026-000001", due - 150_000));
        assert_eq!(world.credit(id, "first", Some(due - 150_000)).await.unwrap(), note);
        assert_eq!(world.invoice(id).await.0.open_minor(), 50_000);
        world.assert_sound().await;
        assert_eq!(world.pay(id, "b", 50_000).await.unwrap().status, Status::Paid);
        assert!(matches!(world.pay(id, "c", 1).await, Err(InvoiceError::Ended(Status::Paid))));
        // What was paid goes to the balance.
        let before = world.balance(TULIP).await.posted.0;
        let rest = invoice.total_minor - note.amount_minor;
        assert!(matches!(
            world.credit(id, "second", Some(rest + 1)).await,
            Err(InvoiceError::AboveRest { .. })
        ));
        world.credit(id, "second", None).await.unwrap();
        assert_eq!(world.balance(TULIP).await.posted.0 - before, rest * 10_000);
        assert!(matches!(world.credit(id, "third", None).await, Err(InvoiceError::Ended(_))));
        assert_eq!(world.invoice(id).await.0.credited_minor, invoice.total_minor);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_unpaid_invoice_is_voided_by_a_credit_note_with_its_tax() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.item(1, LineKind::Fee, "2000.01").await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let (invoice, _) = world.issued(NOVEMBER).await;
        assert_eq!((invoice.subtotal_minor, invoice.tax_minor), (200_001, 38_000));
        let first = world.credit(invoice.invoice_id, "a", Some(1)).await.unwrap();
        let rest = world.credit(invoice.invoice_id, "b", None).await.unwrap();
        assert_eq!(first.tax_minor + rest.tax_minor, invoice.tax_minor);
        assert_eq!(world.invoice(invoice.invoice_id).await.0.status, Status::Void);
        assert!(matches!(
            world.pay(invoice.invoice_id, "x", 1).await,
            Err(InvoiceError::Ended(Status::Void))
        ));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn prices_may_contain_the_tax() {
    each_world(async |world| {
        world.parties(buyer("DE", "", true)).await;
        world.november(30).await;
        let before = world.balance(TULIP).await.posted.0;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let (invoice, lines) = world.issued(NOVEMBER).await;
        assert_eq!((invoice.status, invoice.prepaid_minor), (Status::Paid, invoice.total_minor));
        for line in &lines {
            let exact = f64::from(i32::try_from(line.amount.0).unwrap()) / 11_900.0;
            assert!((f64::from(i32::try_from(line.net_minor).unwrap()) - exact).abs() <= 0.5);
        }
        // Only roundings move: the tax was in the prices.
        let moved = before - world.balance(TULIP).await.posted.0;
        assert_eq!(moved, invoice.rounding.0);
        assert!(moved.abs() < 30_000);
        world.assert_sound().await;
        world.credit(invoice.invoice_id, "all", None).await.unwrap();
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn fifty_writers_get_fifty_numbers_without_a_gap() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        let ids: Vec<_> = (0..50).map(|n| PortfolioId(5000 + n)).collect();
        for id in &ids {
            world.open(*id, Currency::USD, "UTC").await;
            world.top_up(*id, "10", "start").await.unwrap();
            let id = *id;
            let profile = async move |ctx: &Ctx, tx: &mut Tx| {
                invoices::set_profile(ctx, tx, id, &buyer("DE", "", false)).await
            };
            world.write(profile).await.unwrap();
        }
        let sent = at("2026-11-10T10:00:00Z");
        let message =
            |id| Intent { portfolio_id: id, ..world.message(Category::Marketing, "+4915112345678", sent) };
        let intents: Vec<_> = ids.iter().map(|id| message(*id)).collect();
        world.hold(&intents).await;
        world.deliver(intents.iter().map(|intent| (intent.message_id, sent + HOUR)).collect()).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let november = period(NOVEMBER);
        let writers: Vec<_> = ids
            .iter()
            .flat_map(|id| [*id, *id])
            .map(|id| {
                let world = world.clone();
                tokio::spawn(async move {
                    // Every third attempt fails after it has taken a number, and gives it back.
                    let fails = id.0 % 3 == 0;
                    let attempt = async move |ctx: &Ctx, tx: &mut Tx| {
                        let issued = invoices::finalize(ctx, tx, id, november, false).await?;
                        if fails { Err(InvoiceError::BadPeriod) } else { Ok(issued) }
                    };
                    assert_eq!(world.write(attempt).await.is_err(), fails);
                    let attempt = async move |ctx: &Ctx, tx: &mut Tx| {
                        invoices::finalize(ctx, tx, id, november, false).await
                    };
                    world.write(attempt).await.unwrap().unwrap()
                })
            })
            .collect();
        let mut issued = BTreeSet::new();
        for writer in writers {
            issued.insert(writer.await.unwrap());
        }
        assert_eq!(issued.len(), 50);
        let mut numbers = BTreeSet::new();
        for id in issued {
            numbers.insert(world.invoice(id).await.0.number.unwrap());
        }
        let all: BTreeSet<_> = (1..=50).map(|n| format!("INV-2026-{n:06}")).collect();
        assert_eq!(numbers, all);
        world.assert_sound().await;
    })
    .await;
}

/// Fifty put something on the invoice of November while it becomes final: each item stands on that invoice or on the
/// next one, with its money, and none on neither.
#[tokio::test]
async fn what_is_put_on_an_invoice_while_it_becomes_final_is_lost_nowhere() {
    each_world(async |world| {
        world.parties(buyer("FR", "FR12", false)).await;
        world.item(0, LineKind::Fee, "1").await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let writers: Vec<_> = (1..=50)
            .map(|n| {
                let world = world.clone();
                tokio::spawn(async move {
                    if n == 25 {
                        drop(world.issued(NOVEMBER).await);
                    } else {
                        world.item(n, LineKind::Fee, "1").await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        world.clock.set(at("2027-01-05T00:00:00Z"));
        let mut found = BTreeSet::new();
        for month in [NOVEMBER, "2026-12"] {
            let Some(id) = world.finalize(month).await.unwrap() else { continue };
            let (invoice, lines) = world.invoice(id).await;
            assert_eq!(invoice.total_minor, 100 * i64::try_from(lines.len()).unwrap());
            for line in lines {
                assert!(found.insert(line.description), "it stands on two invoices");
            }
        }
        assert_eq!(found.len(), 50);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_crash_between_any_two_transactions_goes_on() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.november(5).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let november = period(NOVEMBER);
        // Each step alone, twice, and one that fails at its end.
        for _ in 0..2 {
            world.write(async |ctx, tx| invoices::gather(ctx, tx, TULIP).await).await.unwrap();
            world.write(async move |ctx, tx| invoices::draft(ctx, tx, TULIP, november).await).await.unwrap();
        }
        let sound = world.assert_sound().await;
        let crash = async move |ctx: &Ctx, tx: &mut Tx| {
            invoices::finalize(ctx, tx, TULIP, november, false).await?;
            Err::<(), _>(InvoiceError::BadPeriod)
        };
        assert!(world.write(crash).await.is_err());
        assert_eq!(world.assert_sound().await, sound);
        let closed = world.close(NOVEMBER).await.unwrap();
        assert_eq!(closed.issued.len(), 1);
        let after = world.assert_sound().await;
        assert_eq!(world.close(NOVEMBER).await.unwrap().issued, vec![]);
        assert_eq!(world.assert_sound().await, after);
    })
    .await;
}

#[tokio::test]
async fn months_begin_in_the_portfolios_time_zone_and_close_in_order() {
    each_world(async |world| {
        let manaus = PortfolioId(4000);
        world.open(manaus, Currency::CLP, "America/Manaus").await;
        world.top_up(manaus, "100000", "start").await.unwrap();
        world.parties(buyer("DE", "", false)).await;
        for delivered in ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-12-01T03:59:59Z"] {
            let intent = Intent {
                portfolio_id: manaus,
                ..world.message(Category::Marketing, "+5511987654321", at("2026-10-31T12:00:00Z"))
            };
            world.send_and_deliver(intent, at(delivered)).await;
        }
        world.clock.set(at("2026-12-01T03:59:59Z"));
        let closing = world.close(NOVEMBER).await;
        assert!(matches!(closing, Err(InvoiceError::NotEnded { .. })), "{closing:?}");
        world.clock.set(at("2026-12-04T04:00:00Z"));
        // Nobody knows the buyer: the draft waits, and says for what.
        let closed = world.close(NOVEMBER).await.unwrap();
        assert_eq!(closed.waiting.len(), 1);
        assert!(closed.waiting[0].1.contains("no address"), "{closed:?}");
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_profile(ctx, tx, manaus, &buyer("CL", "", false)).await
        };
        world.write(set).await.unwrap();
        let november = period(NOVEMBER);
        let early = world.write(async move |ctx, tx| invoices::draft(ctx, tx, manaus, november).await).await;
        assert!(
            matches!(early, Err(InvoiceError::EarlierOpen(open)) if open == period("2026-10")),
            "{early:?}"
        );
        let closed = world.close(NOVEMBER).await.unwrap();
        let mut quantities = Vec::new();
        for id in closed.issued {
            let (invoice, lines) = world.invoice(id).await;
            // No tax is set for Chile, and a peso has no smaller unit.
            assert_eq!((invoice.tax_minor, invoice.currency.minor_digits()), (0, 0));
            quantities.push((invoice.period.to_string(), lines[0].quantity));
            world.assert_rated(&invoice, &lines).await;
        }
        assert_eq!(quantities, [("2026-10".to_owned(), 1), (NOVEMBER.to_owned(), 2)]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn bad_input_writes_nothing() {
    each_world(async |world| {
        world.november(1).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        assert!(matches!(world.finalize(NOVEMBER).await, Err(InvoiceError::NoSeller)));
        world.parties(buyer("DE", "", false)).await;
        for profile in [
            Profile { name: " ".to_owned(), ..buyer("DE", "", false) },
            Profile { country: "Germany".to_owned(), ..buyer("DE", "", false) },
            Profile { email: "nobody".to_owned(), ..buyer("DE", "", false) },
            Profile { tax_id: "<script>".to_owned(), ..buyer("DE", "", false) },
        ] {
            let set =
                async move |ctx: &Ctx, tx: &mut Tx| invoices::set_profile(ctx, tx, TULIP, &profile).await;
            assert!(matches!(world.write(set).await, Err(InvoiceError::Invalid(_))));
        }
        for change in [
            LegalEntity { grace_h: 721, ..entity() },
            LegalEntity { due_days: -1, ..entity() },
            LegalEntity { time_zone: "Mars/Olympus".to_owned(), ..entity() },
        ] {
            let set = async move |ctx: &Ctx, tx: &mut Tx| invoices::set_entity(ctx, tx, &change).await;
            assert!(matches!(world.write(set).await, Err(InvoiceError::Invalid(_))));
        }
        let rate = |from: &str, ppm| TaxRate {
            jurisdiction: "DE".to_owned(),
            effective_from: at(from),
            effective_to: None,
            ppm,
            name: "VAT".to_owned(),
            reverse_charge: true,
        };
        for bad in [rate("2019-01-01T00:00:00Z", 1), rate("2020-01-01T00:00:00Z", 1)] {
            let set = async move |ctx: &Ctx, tx: &mut Tx| invoices::set_tax_rate(ctx, tx, &bad).await;
            assert!(matches!(world.write(set).await, Err(InvoiceError::RateExists(_))));
        }
        let later = rate("2026-12-01T00:00:00Z", 250_000);
        world.write(async move |ctx, tx| invoices::set_tax_rate(ctx, tx, &later).await).await.unwrap();
        let unknown = InvoiceId(uuid::Uuid::nil());
        assert!(matches!(world.pay(unknown, "a", 1).await, Err(InvoiceError::Unknown)));
        let november = period(NOVEMBER);
        let draft =
            world.write(async move |ctx, tx| invoices::draft(ctx, tx, TULIP, november).await).await.unwrap();
        assert!(matches!(world.pay(draft.unwrap(), "a", 1).await, Err(InvoiceError::NotFinal)));
        assert!(matches!(world.credit(draft.unwrap(), "a", None).await, Err(InvoiceError::NotFinal)));
        // The rate is that of the month, not of the day of issue.
        let (invoice, _) = world.issued(NOVEMBER).await;
        assert_eq!(invoice.document().unwrap().taxes[0].treatment.ppm, 190_000);
        let open = world
            .write(async |ctx, tx| {
                let filter = Filter { portfolio: Some(TULIP), status: Some(Status::Paid), period: None };
                invoices::list(ctx, tx, filter, None, 10).await
            })
            .await
            .unwrap();
        assert_eq!(open, [invoice]);
        world.assert_sound().await;
    })
    .await;
}

/// Carries what was found out of a transaction that is rolled back.
#[derive(Debug)]
struct Found(Vec<String>);

impl From<DbError> for Found {
    fn from(error: DbError) -> Self {
        Self(vec![error.to_string()])
    }
}

#[tokio::test]
async fn every_change_of_an_invoice_is_found_or_refused() {
    const CHANGES: [&str; 12] = [
        "UPDATE invoice SET total_minor = total_minor + 1",
        "UPDATE invoice SET subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1",
        "UPDATE invoice SET charges_micros = charges_micros + 1, rounding_micros = rounding_micros - 1",
        "UPDATE invoice SET prepaid_minor = prepaid_minor - 1",
        "UPDATE invoice SET number = 'INV-2026-000002'",
        "UPDATE invoice SET paid_minor = total_minor + 1",
        "UPDATE invoice SET document = replace(document, 'Plaza Networks', 'Piazza Networks')",
        "UPDATE invoice_line SET amount_micros = amount_micros + 1",
        "UPDATE invoice_line SET net_minor = net_minor + 1",
        "DELETE FROM invoice_line",
        "UPDATE usage_month SET quantity = quantity + 1",
        "UPDATE invoice_number SET last = last + 1",
    ];
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.november(3).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        world.issued(NOVEMBER).await;
        world.assert_sound().await;
        for text in CHANGES {
            let prices = Prices::default();
            let tamper = async move |ctx: &Ctx, tx: &mut Tx| {
                tx.execute(Sql { name: "test", text }, vec![]).await?;
                let found = plaza_billing::verify(ctx, tx, &prices)
                    .await
                    .map_err(|error| Found(vec![error.to_string()]))?;
                Err::<(), _>(Found(found.differences))
            };
            let found = world.db.transact(&world.ctx, "test.tamper", tamper).await.unwrap_err();
            assert!(!found.0.is_empty(), "{:?}: nobody noticed {text}", world.db);
        }
    })
    .await;
}
