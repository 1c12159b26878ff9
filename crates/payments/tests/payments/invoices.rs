//! Invoices are paid: with a payment method, or by a bank transfer that names them.

use super::*;
use plaza_billing::invoices::{
    self, Invoice, InvoiceError, LegalEntity, LineKind, NewItem, Period, Profile, Status,
};
use plaza_payments::{Booking, Cause, EntryState, InvoicePayment, tokens};
use plaza_protocol::{InvoiceId, InvoiceItemId};

fn entity() -> LegalEntity {
    LegalEntity {
        name: "Plaza Networks GmbH".to_owned(),
        street: "Marktplatz 1".to_owned(),
        postal_code: "10115".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: "DE123456789".to_owned(),
        email: "billing@plaza.example".to_owned(),
        iban: "DE89370400440532013000".to_owned(),
        bic: "COBADEFFXXX".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        grace_h: 72,
        due_days: 14,
    }
}

fn buyer() -> Profile {
    Profile {
        name: "Tulip".to_owned(),
        street: "Gracht 7".to_owned(),
        postal_code: "1015".to_owned(),
        city: "Amsterdam".to_owned(),
        country: "NL".to_owned(),
        tax_id: "NL001234567B01".to_owned(),
        email: "books@tulip.example".to_owned(),
        is_tax_inclusive: false,
    }
}

impl World {
    async fn billing<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> T {
        self.db.transact(&self.ctx, "test.invoices", work).await.unwrap()
    }

    /// An invoice of Tulip's over so much, of this month; it is issued when the month has ended.
    pub(crate) async fn issue(&self, amount: &str) -> Invoice {
        let amount = micros(amount);
        let period = Period::of(self.ctx.now(), &jiff::tz::TimeZone::UTC).unwrap();
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        self.clock.set(period.end(&jiff::tz::TimeZone::UTC).unwrap() + DAY);
        let issue = async move |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &entity()).await?;
            invoices::set_profile(ctx, tx, TULIP, &buyer()).await?;
            let item = NewItem {
                item_id: InvoiceItemId(uuid::Uuid::from_u64_pair(n, 9)),
                portfolio: TULIP,
                period,
                kind: LineKind::Fee,
                description: "A fee".to_owned(),
                quantity: 1,
                unit: amount,
                amount,
                is_settled: false,
            };
            invoices::add_item(ctx, tx, &item).await?;
            let id = invoices::finalize(ctx, tx, TULIP, period, true).await?.unwrap();
            Ok(invoices::invoice(ctx, tx, id).await?.0)
        };
        self.billing(issue).await
    }

    async fn invoice(&self, id: InvoiceId) -> Invoice {
        self.billing(async move |ctx, tx| Ok(invoices::invoice(ctx, tx, id).await?.0)).await
    }

    async fn pay_invoice(&self, id: InvoiceId, key: &str) -> Result<Payment, PaymentError> {
        let wish = InvoicePayment { invoice: id, key: key.to_owned(), method: None };
        self.payments.pay_invoice(&self.ctx, wish).await
    }

    /// The bank says that this came.
    async fn transfer(&self, key: &str, amount: &str, remittance: &str) -> (EntryState, String) {
        let booking = Booking {
            key: key.to_owned(),
            booked_at: self.ctx.now(),
            amount: micros(amount),
            currency: Currency::USD,
            payer: "Tulip".to_owned(),
            remittance: remittance.to_owned(),
        };
        let record = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::record(ctx, tx, &booking).await;
        let (entry, _) = self.db.transact(&self.ctx, "test.bank", record).await.unwrap();
        (entry.state, entry.why)
    }
}

#[tokio::test]
async fn an_invoice_is_paid_once_with_the_default_method() {
    each_world(async |world| {
        let invoice = world.issue("120").await;
        let id = invoice.invoice_id;
        assert!(matches!(world.pay_invoice(id, "k").await, Err(PaymentError::NoMethod)));
        world.card(tokens::GOOD).await;
        let paid = world.pay_invoice(id, "k").await.unwrap();
        assert_eq!((paid.state, paid.cause), (State::Succeeded, Cause::Invoice(id)));
        assert_eq!(world.pay_invoice(id, "k").await.unwrap(), paid, "the same key is the same payment");
        assert!(world.pay_invoice(id, "other").await.unwrap_err().to_string().contains("it is paid"));
        assert!(matches!(world.top_up("120", "k").await, Err(PaymentError::KeyReused)));
        let now = world.invoice(id).await;
        assert_eq!((now.status, now.open_minor()), (Status::Paid, 0));
        assert_eq!((world.captures().await, world.available().await), (1, "0.00".to_owned()));
        assert_eq!(world.owed("sandbox").await, micros("120"));
    })
    .await;
}

#[tokio::test]
async fn what_was_paid_in_another_way_meanwhile_goes_to_the_balance() {
    each_world(async |world| {
        let invoice = world.issue("120").await;
        let (id, number) = (invoice.invoice_id, invoice.number.unwrap());
        world.card(tokens::CONFIRM).await;
        let asked = world.pay_invoice(id, "k").await.unwrap();
        assert_eq!(asked.state, State::RequiresAction);
        assert!(matches!(world.pay_invoice(id, "other").await, Err(PaymentError::UnderWay)));
        let part = world.transfer("b1", "100", &format!("Invoice {number}, thanks")).await;
        assert_eq!(part, (EntryState::Matched, String::new()));
        world.payments.answer(&world.ctx, TULIP, asked.payment_id, true).await.unwrap();
        assert_eq!(world.invoice(id).await.status, Status::Paid);
        assert_eq!(world.available().await, "100.00");
    })
    .await;
}

#[tokio::test]
async fn a_bank_transfer_names_the_invoice_that_it_pays() {
    each_world(async |world| {
        let invoice = world.issue("120").await;
        let (id, number) = (invoice.invoice_id, invoice.number.unwrap());
        let (state, why) = world.transfer("b0", "120", "INV-2020-000001").await;
        assert_eq!((state, why.as_str()), (EntryState::Suspense, "it names no reference"));
        let (state, why) = world.transfer("b1", "120.01", &number).await;
        assert_eq!(state, EntryState::Suspense);
        assert_eq!(why, format!("120.00 USD are open of invoice {number}"));
        for (key, amount, words) in [
            ("b2", "20", number.to_lowercase()),
            ("b2", "20", number.to_lowercase()),
            ("b3", "100", number.replace('-', " ")),
        ] {
            assert_eq!(world.transfer(key, amount, &words).await.0, EntryState::Matched, "{words}");
        }
        assert_eq!(world.invoice(id).await.status, Status::Paid);
        let (state, why) = world.transfer("b4", "1", &number).await;
        assert_eq!((state, why), (EntryState::Suspense, format!("nothing is open of invoice {number}")));
    })
    .await;
}

#[tokio::test]
async fn a_bank_transfer_names_an_invoice_of_any_series() {
    each_world(async |world| {
        let mut of = Vec::new();
        for (prefix, year_digits, digits) in [("R/", 2, 4), ("S", 4, 6)] {
            let series = invoices::Series { prefix: prefix.to_owned(), year_digits, digits };
            let set = async move |ctx: &Ctx, tx: &mut Tx| {
                let year = invoices::numbers(ctx, tx).await?[0].year;
                invoices::set_series(ctx, tx, invoices::Numbered::Invoice, year, &series).await
            };
            world.billing(set).await;
            of.push(world.issue("120").await);
            // The next one is of another year.
            world.clock.advance(50 * DAY);
        }
        let numbers: Vec<&str> = of.iter().filter_map(|each| each.number.as_deref()).collect();
        assert_eq!(numbers, ["R/26-0001", "S2027-000001"]);
        let (state, why) = world.transfer("b0", "120.01", "r26-0001").await;
        assert_eq!((state, why.as_str()), (EntryState::Suspense, "120.00 USD are open of invoice R/26-0001"));
        for (key, amount, words) in [
            ("b1", "20", "R/26-0001"),
            ("b2", "30", "Invoice R 26 0001, 12.11."),
            ("b3", "70", "r260001"),
            ("b4", "50", "S2027-000001"),
            ("b5", "70", "your invoice s 2027/000001"),
        ] {
            let answer = world.transfer(key, amount, words).await;
            assert_eq!(answer, (EntryState::Matched, String::new()), "{words}");
        }
        for each in of {
            assert_eq!(world.invoice(each.invoice_id).await.status, Status::Paid);
        }
    })
    .await;
}
