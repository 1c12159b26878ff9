//! Regimes, windows, markets, months and currencies.

use crate::*;
use plaza_billing::PricingType::{FreeCustomerService, FreeEntryPoint, Regular};

const LAST_OLD: &str = "2026-09-30T23:59:59.999999Z";
const FIRST_NEW: &str = "2026-10-01T00:00:00Z";
const GERMANY: &str = "+4915112345678";

/// What a message costs that is sent at one time and delivered at another.
async fn cost(world: &World, intent: Intent, delivered_at: &str) -> (String, plaza_billing::PricingType) {
    let charged = world.send_and_deliver(intent, at(delivered_at)).await;
    (charged.amount.to_string(), charged.pricing.pricing_type)
}

#[tokio::test]
async fn service_and_utility_follow_the_regime_of_the_delivery() {
    each_world(async |world| {
        world.use_up(TULIP, PHONE, at(FIRST_NEW)).await;
        let sent = at("2026-09-30T20:00:00Z");
        let open = WindowState { customer_service_until: Some(sent + DAY), ..WindowState::default() };
        let message = |category| Intent { window: open, ..world.message(category, GERMANY, sent) };
        let free = |kind| ("0.00".to_owned(), kind);
        let paid = |amount: &str| (amount.to_owned(), Regular);
        // In the old regime service messages, and utility templates inside the window, are free…
        assert_eq!(cost(&world, message(Category::Service), LAST_OLD).await, free(FreeCustomerService));
        assert_eq!(cost(&world, message(Category::Utility), LAST_OLD).await, free(FreeCustomerService));
        assert_eq!(cost(&world, message(Category::Marketing), LAST_OLD).await, paid("0.1365"));
        // …in the new one neither, from the first moment on.
        assert_eq!(cost(&world, message(Category::Service), FIRST_NEW).await, paid("0.055"));
        assert_eq!(cost(&world, message(Category::Utility), FIRST_NEW).await, paid("0.055"));
        // Outside the window utility was never free.
        let outside = world.message(Category::Utility, GERMANY, sent);
        assert_eq!(cost(&world, outside, LAST_OLD).await, paid("0.055"));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_window_counts_until_its_end_and_not_at_it() {
    each_world(async |world| {
        let sent = at("2026-08-10T12:00:00Z");
        let utility = |window| Intent { window, ..world.message(Category::Utility, GERMANY, sent) };
        let until = WindowState { customer_service_until: Some(sent + DAY), ..WindowState::default() };
        assert_eq!(cost(&world, utility(until), "2026-08-11T11:59:59.999999Z").await.1, FreeCustomerService);
        assert_eq!(cost(&world, utility(until), "2026-08-11T12:00:00Z").await.1, Regular);
        // A free entry point makes everything free, in both regimes, and does not use up the free quantity.
        for (sent, delivered) in
            [("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z"), (FIRST_NEW, "2026-10-02T00:00:00Z")]
        {
            let sent = at(sent);
            let window = WindowState { free_entry_point_until: Some(sent + 3 * DAY), ..until };
            for category in Category::MESSAGES {
                let intent = Intent { window, ..world.message(category, GERMANY, sent) };
                assert_eq!(cost(&world, intent, delivered).await.1, FreeEntryPoint);
            }
        }
        assert_eq!(world.balance(TULIP).await.held, Micros::ZERO);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_held_is_the_worst_that_can_come() {
    each_world(async |world| {
        let held = async |intent: Intent| world.hold(&[intent]).await[0].clone().unwrap().held.to_string();
        let old = at("2026-08-01T00:00:00Z");
        let late = at("2026-09-20T00:00:00Z");
        let message = |category, to, sent| world.message(category, to, sent);
        // Service is free until the end of September: a message that can only arrive before costs nothing…
        assert_eq!(held(message(Category::Service, GERMANY, old)).await, "0.00");
        // …one that may arrive in October may cost the new rate.
        assert_eq!(held(message(Category::Service, GERMANY, late)).await, "0.055");
        // A window that closes before the message expires does not make it free.
        let window = WindowState { customer_service_until: Some(old + DAY), ..WindowState::default() };
        assert_eq!(held(Intent { window, ..message(Category::Utility, GERMANY, old) }).await, "0.055");
        let soon = old + DAY / 2;
        assert_eq!(
            held(Intent { window, expires_at: soon, ..message(Category::Utility, GERMANY, old) }).await,
            "0.00"
        );
        // A number whose market becomes one of its own: Kazakhstan leaves Russia on 1 October.
        assert_eq!(held(message(Category::Marketing, "+77015550100", old)).await, "0.0802");
        let both = [
            "0.0802",
            &cost(&world, message(Category::Marketing, "+77015550100", at(FIRST_NEW)), FIRST_NEW).await.0,
        ];
        assert_eq!(
            held(message(Category::Marketing, "+77015550100", late)).await,
            *both.into_iter().max().unwrap()
        );
        // The business's own maximum.
        let capped =
            Intent { max_price: Some(micros("0.02")), ..message(Category::Marketing, GERMANY, late) };
        assert_eq!(held(capped).await, "0.02");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_late_delivery_pays_the_price_of_its_day() {
    each_world(async |world| {
        let sent = at("2026-09-20T00:00:00Z");
        let charged = world
            .send_and_deliver(
                world.message(Category::Marketing, "+77015550100", sent),
                at("2026-10-19T00:00:00Z"),
            )
            .await;
        let charges = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::charges(ctx, tx, None, 10).await;
        let charge = world.db.read(&world.ctx, "test", charges).await.unwrap().remove(0);
        assert_eq!((charge.charge_id, charge.market.as_str()), (charged.charge_id, "Kazakhstan"));
        assert_eq!((charge.sent_at, charge.delivered_at), (sent, at("2026-10-19T00:00:00Z")));
        let capped =
            Intent { max_price: Some(micros("0.02")), ..world.message(Category::Marketing, GERMANY, sent) };
        assert_eq!(cost(&world, capped, FIRST_NEW).await, ("0.02".to_owned(), Regular));
        // A clock that runs behind does not deliver before the sending.
        let behind = world.message(Category::Utility, GERMANY, at(FIRST_NEW));
        assert_eq!(cost(&world, behind, LAST_OLD).await.0, "0.055");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn markets_follow_the_longest_prefix_that_stood_alone() {
    each_world(async |world| {
        let market = async |to: &str, day: &str| {
            let delivered_at = at(&format!("{day}T00:00:00Z"));
            world.send_and_deliver(world.message(Category::Marketing, to, delivered_at), delivered_at).await;
            let charges = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::charges(ctx, tx, None, 100).await;
            let charges = world.db.read(&world.ctx, "test", charges).await.unwrap();
            charges.into_iter().max_by_key(|charge| charge.message_id).unwrap().market
        };
        for (to, day, expected) in [
            ("+15551234567", "2026-10-01", "North America"),
            ("+18095551234", "2026-10-01", "Rest of Latin America"),
            ("+17585551234", "2026-10-01", "Other"),
            ("+79161234567", "2026-10-01", "Russia"),
            ("+77011234567", "2026-09-30", "Russia"),
            ("+77011234567", "2026-10-01", "Kazakhstan"),
            ("+9647901234567", "2026-09-30", "Other"),
            ("+9647901234567", "2026-10-01", "Iraq"),
            ("+99900000001", "2026-10-01", "Other"),
        ] {
            assert_eq!(market(to, day).await, expected, "{to} on {day}");
        }
        // Where a market has no price of its own for authentication from abroad, its authentication price counts.
        let abroad = world.message(Category::AuthenticationInternational, GERMANY, at(FIRST_NEW));
        assert_eq!(cost(&world, abroad, FIRST_NEW).await.0, "0.055");
        // Before there were prices there is no price.
        let early = world.message(Category::Marketing, GERMANY, at("2026-06-30T00:00:00Z"));
        let refused = world.hold(&[early]).await;
        assert_eq!(refused, [Err(Refused::NoPrice { market: "Germany".to_owned() })]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_thousand_service_messages_of_a_number_and_month_are_free() {
    each_world(async |world| {
        let october = at("2026-10-05T00:00:00Z");
        world.use_up(TULIP, PHONE, october).await;
        let service = |at| world.message(Category::Service, GERMANY, at);
        // The next one is charged, and the webhook says so when it is sent.
        let next = service(october);
        assert!(world.hold(std::slice::from_ref(&next)).await[0].clone().unwrap().pricing.billable);
        let charged = world.deliver(vec![(next.message_id, october)]).await[0];
        assert_eq!((charged.amount.to_string().as_str(), charged.pricing.pricing_type), ("0.055", Regular));
        // Another number has its own; what is left of a month does not carry over.
        let other = Intent { phone_number_id: PhoneNumberId(301), ..service(october) };
        assert!(!world.send_and_deliver(other, october).await.pricing.billable);
        assert_eq!(cost(&world, service(october), "2026-11-01T00:00:00Z").await.1, FreeCustomerService);
        assert_eq!(cost(&world, service(october), "2026-10-31T23:59:59Z").await.1, Regular);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_boundary_inside_a_batch_goes_by_the_time_of_delivery() {
    each_world(async |world| {
        let start = at("2026-10-05T00:00:00Z");
        let intents: Vec<_> = (0..1003).map(|_| world.message(Category::Service, GERMANY, start)).collect();
        assert!(world.hold(&intents).await.iter().all(Result::is_ok));
        // Receipts come in any order, in two batches; within each the earlier deliveries are free.
        let mut deliveries: Vec<_> = intents
            .iter()
            .zip(0..)
            .map(|(intent, n)| (intent.message_id, start + Duration::from_secs(n)))
            .collect();
        let late: Vec<_> = deliveries.split_off(600);
        deliveries.reverse();
        assert!(world.deliver(deliveries).await.iter().all(|charged| !charged.pricing.billable));
        let mut late_reversed = late.clone();
        late_reversed.reverse();
        let charged = world.deliver(late_reversed).await;
        let paid: Vec<_> = charged
            .iter()
            .filter(|charged| charged.pricing.billable)
            .map(|charged| charged.message_id)
            .collect();
        assert_eq!(paid, late[400..].iter().map(|(message, _)| *message).collect::<Vec<_>>());
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn months_begin_in_the_time_zone_of_the_portfolio() {
    each_world(async |world| {
        let berlin = PortfolioId(101);
        world.open(berlin, Currency::EUR, "Europe/Berlin").await;
        world.top_up(berlin, "100", "start").await.unwrap();
        let phone = PhoneNumberId(310);
        // October begins at 22:00 UTC in summer time (the prices change two hours later), November at 23:00 UTC.
        world.use_up(berlin, phone, at("2026-10-31T22:30:00Z")).await;
        let service = |sent| Intent {
            portfolio_id: berlin,
            phone_number_id: phone,
            ..world.message(Category::Service, GERMANY, at(sent))
        };
        let october = cost(&world, service("2026-10-31T22:00:00Z"), "2026-10-31T22:59:59Z").await;
        assert_eq!(october, ("0.0506".to_owned(), Regular), "0.055 dollars in example euros");
        let november = cost(&world, service("2026-10-31T22:00:00Z"), "2026-10-31T23:00:00Z").await;
        assert_eq!(november.1, FreeCustomerService);
        assert_eq!(
            cost(&world, service("2026-09-30T22:00:00Z"), "2026-09-30T22:00:00Z").await.1,
            FreeCustomerService
        );
        world.assert_sound().await;
    })
    .await;
}
