//! The months of a case are closed, paid and credited.

use super::*;
use crate::model::{cents, month_of};
use plaza_billing::invoices::{self, Credit, Invoice, Payment, PaymentSource, Period};
use plaza_protocol::InvoiceId;

type LineKey = (i64, String, String, String, i64, i64);

impl World {
    async fn closing<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> Result<T, InvoiceError> {
        self.db.transact(&self.ctx, "test.closing", work).await
    }

    /// 9: Charges of an invoice ± rounding = its total; payments + credits ≤ total. Each line is the sum of the charges
    /// that the books have, and whatever is paid and credited, never more than the total comes of it.
    pub(super) async fn nine_an_invoice_is_its_charges(&self, customers: &mut [Customer], dice: &mut Dice) {
        for customer in customers.iter_mut() {
            self.steps(customer, plans::Step::Cancel { now: true }).await;
        }
        self.clock.set(at("2027-03-10T00:00:00Z"));
        self.waits(customers, 0).await;
        self.closing(async |ctx, tx| invoices::set_entity(ctx, tx, &crate::invoices::entity()).await)
            .await
            .unwrap();
        for customer in customers {
            self.crossing_is_refused(customer.id).await;
            let id = customer.id;
            let profile = crate::invoices::buyer("FR", "FR12", false);
            let set = async move |ctx: &Ctx, tx: &mut Tx| invoices::set_profile(ctx, tx, id, &profile).await;
            self.closing(set).await.unwrap();
            for month in customer.months() {
                // Where too little money is left for what the order of receipts made too cheap, it stays as it is.
                self.rates_again(customer, month).await;
            }
            for month in customer.months() {
                let period = Period::from_number(month).unwrap();
                let close = async move |ctx: &Ctx, tx: &mut Tx| {
                    let invoice = invoices::finalize(ctx, tx, id, period, false).await?.unwrap();
                    assert_eq!(invoices::finalize(ctx, tx, id, period, false).await?, Some(invoice));
                    invoices::invoice(ctx, tx, invoice).await
                };
                let (invoice, told) = self.closing(close).await.unwrap();
                let mut lines: BTreeMap<LineKey, (i64, i64)> = BTreeMap::new();
                for line in &told {
                    let texts = (line.market.clone(), line.category.clone(), line.pricing_type.clone());
                    let key = (line.period.number(), texts.0, texts.1, texts.2, line.tier, line.unit.0);
                    assert_eq!(line.net_minor, cents(line.amount.0));
                    let sum = lines.entry(key).or_default();
                    *sum = (sum.0 + line.quantity, sum.1 + line.amount.0);
                }
                assert_eq!(lines, wanted(customer, month));
                let charges: i64 = told.iter().map(|line| line.amount.0).sum();
                assert_eq!(invoice.charges.0, charges);
                assert_eq!(charges + invoice.rounding.0, invoice.total_minor * 10_000);
                if invoice.total_minor > 0 {
                    self.settles(&invoice, dice).await;
                }
            }
        }
    }

    /// Pays and credits in parts, now and then too much, now and then twice.
    async fn settles(&self, issued: &Invoice, dice: &mut Dice) {
        let (mut paid, mut credited, mut credited_due) = (issued.prepaid_minor, 0, 0);
        let total = issued.total_minor;
        for n in 0..6 {
            let amount = 1 + i64::try_from(dice.below(u64::try_from(total.max(1)).unwrap() + 2)).unwrap();
            let key = format!("key {}", n / 2 * 2 + i64::try_from(dice.below(2)).unwrap() * (n % 2));
            let id = issued.invoice_id;
            let before = self.at_rest(id).await;
            let open = total - paid - credited_due;
            if dice.one_in(2) {
                let payment = Payment {
                    key,
                    amount_minor: amount,
                    source: PaymentSource::Transfer,
                    reference: "SEPA".to_owned(),
                };
                let pay = async move |ctx: &Ctx, tx: &mut Tx| invoices::pay(ctx, tx, id, &payment).await;
                if let Ok(now) = self.closing(pay).await
                    && now.paid_minor != before.paid_minor
                {
                    assert!(amount <= open, "{amount} of {open}");
                    paid += amount;
                }
            } else {
                let credit = Credit { key, amount_minor: Some(amount), reason: "Sent twice".to_owned() };
                let take = async move |ctx: &Ctx, tx: &mut Tx| invoices::credit(ctx, tx, id, &credit).await;
                let answer = self.closing(take).await;
                let now = self.at_rest(id).await;
                if now.credited_minor != before.credited_minor {
                    assert!(answer.is_ok() && amount <= total - credited);
                    credited += amount;
                    credited_due += amount.min(open);
                }
            }
            let now = self.at_rest(id).await;
            assert_eq!(now.open_minor(), total - paid - credited_due);
            assert_eq!((now.credited_minor, now.prepaid_minor + now.paid_minor), (credited, paid));
            assert!(paid + credited_due <= total && credited <= total && now.open_minor() >= 0);
            assert_eq!((now.total_minor, &now.pdf_sha256), (total, &issued.pdf_sha256));
        }
    }

    async fn at_rest(&self, id: InvoiceId) -> Invoice {
        let read = async move |ctx: &Ctx, tx: &mut Tx| Ok(invoices::invoice(ctx, tx, id).await?.0);
        self.closing(read).await.unwrap()
    }
}

/// The lines of a month by the books.
fn wanted(customer: &Customer, month: i64) -> BTreeMap<LineKey, (i64, i64)> {
    let mut lines: BTreeMap<LineKey, (i64, i64)> = BTreeMap::new();
    for (id, state) in &customer.messages {
        let State::Charged { at, judged, .. } = state else { continue };
        if month_of(customer.id, *at) != month {
            continue;
        }
        let (_, market, kind, tier, _, amount) = judged.clone();
        let category = customer.intent(*id).category.as_str().to_owned();
        // A call counts its pulses.
        let pieces = customer.sent[id].pulses.max(1);
        let sum =
            lines.entry((month, market, category, kind, tier.unwrap_or(-1), amount / pieces)).or_default();
        *sum = (sum.0 + pieces, sum.1 + amount);
    }
    for (_, amount) in customer.plan_lines.iter().filter(|(of, _)| *of == month) {
        let sum = lines.entry((month, String::new(), String::new(), String::new(), -1, *amount)).or_default();
        *sum = (sum.0 + 1, sum.1 + amount);
    }
    lines
}
