//! Who does not pay an invoice sends more slowly, then nothing that costs, and goes on as soon as it is paid.

use super::*;
use plaza_billing::invoices::{
    self, InvoiceError, LegalEntity, LineKind, NewItem, Payment, PaymentSource, Period, Profile,
};
use plaza_payments::PaymentError;
use plaza_protocol::{InvoiceId, InvoiceItemId, Timestamp};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The first of the month that follows.
fn next_month(now: Timestamp) -> Timestamp {
    let now = jiff::Timestamp::from_microsecond(now.0).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    let first = now.date().last_of_month().tomorrow().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap();
    Timestamp(first.timestamp().as_microsecond())
}

fn party(name: &str, email: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        street: "Marktplatz 1".to_owned(),
        postal_code: "10115".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: "DE123456789".to_owned(),
        email: email.to_owned(),
        is_tax_inclusive: false,
    }
}

fn entity() -> LegalEntity {
    let Profile { name, street, postal_code, city, country, tax_id, email, .. } =
        party("Plaza Networks GmbH", "billing@plaza.example");
    LegalEntity {
        name,
        street,
        postal_code,
        city,
        country,
        tax_id,
        email,
        iban: "DE89370400440532013000".to_owned(),
        bic: "COBADEFFXXX".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        grace_h: 72,
        due_days: 14,
    }
}

impl World {
    async fn done<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, InvoiceError> + Send + 'static,
    ) -> T {
        self.app.db.transact(&self.app.ctx, "test.invoices", work).await.unwrap()
    }

    /// An invoice of 500 euros, more than the shop has.
    async fn invoice(&self) -> InvoiceId {
        let portfolio = self.shop.business_id;
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let period = Period::of(self.app.ctx.now(), &zone).unwrap();
        self.clock.set(next_month(self.app.ctx.now()) + DAY);
        let issue = async move |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &entity()).await?;
            invoices::set_profile(ctx, tx, portfolio, &party("Tulip", "books@tulip.example")).await?;
            let item = NewItem {
                item_id: InvoiceItemId(uuid::Uuid::from_u64_pair(1, 9)),
                portfolio,
                period,
                kind: LineKind::Fee,
                description: "A year of everything".to_owned(),
                quantity: 1,
                unit: Micros(500_000_000),
                amount: Micros(500_000_000),
                is_settled: false,
            };
            invoices::add_item(ctx, tx, &item).await?;
            invoices::finalize(ctx, tx, portfolio, period, true).await
        };
        self.done(issue).await.unwrap()
    }

    /// The steps that are due are taken; what they are.
    async fn dun(&self) -> Vec<&'static str> {
        let step = async |ctx: &Ctx, tx: &mut Tx| crate::payments::step(ctx, tx).await;
        let notices = self.app.db.transact::<_, PaymentError, _>(&self.app.ctx, "test.dun", step).await;
        notices.unwrap().iter().map(|notice| notice.step.action.as_str()).collect()
    }

    /// A template that costs; the code of the refusal, and its words.
    async fn send_paid(&self) -> (u64, String) {
        let body = json!({"messaging_product": "whatsapp", "to": ANA, "type": "template",
            "template": {"name": "news", "language": {"code": "en_US"}}});
        let (_, answer) = self.post(&self.messages(), body).await;
        let error = &answer["error"];
        let words = error["error_data"]["details"].as_str().unwrap_or_default().to_owned();
        (error["code"].as_u64().unwrap_or_default(), words)
    }
}

#[tokio::test]
async fn who_does_not_pay_sends_slowly_then_nothing_and_goes_on_when_it_is_paid() {
    World::on_each_engine(business, async |world| {
        let template = json!({"name": "news", "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Bread."}]});
        let path = format!("/v23.0/{}/message_templates", world.shop.waba_id);
        assert_eq!(world.post(&path, template).await.0, 200);
        let id = world.invoice().await;
        // Each goes out in its time: what is older than a week would not be sent any more.
        let posted = async || {
            let take = async |ctx: &Ctx, tx: &mut Tx| Ok(plaza_billing::mail::take_due(ctx, tx, 10).await?);
            let due = world.done(take).await;
            for mail in &due {
                let id = mail.mail_id;
                let sent =
                    async move |ctx: &Ctx, tx: &mut Tx| Ok(plaza_billing::mail::sent(ctx, tx, id).await?);
                world.done(sent).await;
            }
            due
        };
        let mut mails = posted().await;
        let fast = async || {
            for _ in 0..3 {
                assert_eq!(world.send_paid().await, (0, String::new()));
            }
        };
        fast().await;
        world.clock.advance(14 * DAY);
        assert!(world.dun().await.is_empty(), "it is due, not overdue");
        world.clock.advance(DAY);
        assert_eq!(world.dun().await, ["mail"]);
        mails.append(&mut posted().await);
        fast().await;
        world.clock.advance(13 * DAY);
        assert_eq!(world.dun().await, ["webhook", "throttle"]);
        mails.append(&mut posted().await);
        assert_eq!(world.send_paid().await.0, 0);
        let (code, words) = world.send_paid().await;
        assert_eq!(code, 130_429);
        assert!(
            words.starts_with("an invoice is overdue: until it is paid, this phone number sends 1"),
            "{words}"
        );
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.send_paid().await.0, 0);

        world.clock.advance(16 * DAY);
        assert_eq!(world.dun().await, ["suspend"]);
        assert!(world.dun().await.is_empty());
        let sent = world.delivered.load(Ordering::SeqCst);
        let (code, words) = world.send_paid().await;
        assert_eq!(code, 131_042);
        assert!(words.starts_with("sending is suspended: an invoice has been overdue since 20"), "{words}");
        assert!(words.contains("pay it under Billing in the manager"), "{words}");
        assert_eq!(world.delivered.load(Ordering::SeqCst), sent, "nothing was sent");
        mails.append(&mut posted().await);
        let told = async |ctx: &Ctx, tx: &mut Tx| Ok(plaza_billing::alerts::take_untold(ctx, tx).await?);
        let alerts = world.done(told).await;
        let subjects: Vec<&str> = mails.iter().map(|due| due.mail.subject.as_str()).collect();
        assert!(subjects[0].starts_with("Invoice INV-20"), "{subjects:?}");
        assert_eq!(subjects.len(), 4, "{subjects:?}");
        assert!(subjects[3].contains("sending is suspended"), "{subjects:?}");
        assert!(
            mails.iter().all(|due| due.mail.to == "books@tulip.example" && due.mail.attachments.len() == 1)
        );
        assert!(mails[3].mail.body_text.contains(": 500.00 EUR, due "), "{}", mails[3].mail.body_text);
        let overdue = alerts.iter().filter(|alert| alert.kind == "overdue").count();
        assert_eq!(overdue, 3, "{alerts:?}");

        // Another business is not concerned, and a part of the money changes nothing.
        let pay = async |key: &'static str, amount_minor: i64| {
            let payment = Payment {
                key: key.to_owned(),
                amount_minor,
                source: PaymentSource::Transfer,
                reference: "SEPA 4711".to_owned(),
            };
            world.done(async move |ctx: &Ctx, tx: &mut Tx| invoices::pay(ctx, tx, id, &payment).await).await
        };
        pay("some", 20_000).await;
        assert_eq!(world.send_paid().await.0, 131_042);
        assert_eq!(pay("rest", 30_000).await.open_minor(), 0);
        fast().await;
        assert!(world.dun().await.is_empty());
        fast().await;
    })
    .await;
}
