//! What the operator sees.

use crate::*;
use plaza_billing::{Charge, Explanation};
use plaza_protocol::ChargeId;

async fn charges(world: &World, after: Option<ChargeId>, limit: u32) -> Vec<Charge> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::charges(ctx, tx, after, limit).await;
    world.db.read(&world.ctx, "test.charges", read).await.unwrap()
}

async fn explain(world: &World, charge: ChargeId) -> Option<Explanation> {
    let prices = world.prices.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::explain(ctx, tx, &prices, charge).await;
    world.db.read(&world.ctx, "test.explain", read).await.unwrap()
}

async fn some_charges(world: &World) {
    for (category, to, delivered_at) in [
        (Category::Marketing, "+4915112345678", "2026-11-01T09:15:00Z"),
        (Category::Marketing, "+4915112345678", "2026-11-01T09:59:00Z"),
        (Category::Utility, "+5511987654321", "2026-11-01T10:00:00Z"),
        (Category::Service, "+5511987654321", "2026-11-02T10:00:00Z"),
    ] {
        world.clock.advance(Duration::from_millis(1));
        world
            .send_and_deliver(world.message(category, to, at("2026-11-01T09:00:00Z")), at(delivered_at))
            .await;
    }
}

#[tokio::test]
async fn charges_come_newest_first_page_by_page() {
    each_world(async |world| {
        some_charges(&world).await;
        let all = charges(&world, None, 100).await;
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].category, Category::Service);
        let (first, mut paged) = (charges(&world, None, 3).await, Vec::new());
        paged.extend(first.iter().cloned());
        paged.extend(charges(&world, Some(first[2].charge_id), 3).await);
        assert_eq!(paged, all);
        assert_eq!(charges(&world, Some(all[3].charge_id), 3).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_charge_says_why() {
    each_world(async |world| {
        some_charges(&world).await;
        let all = charges(&world, None, 100).await;
        let lines = |explanation: &Explanation| -> Vec<String> {
            explanation.why.iter().map(|why| format!("{}: {} ({})", why.step, why.value, why.because)).collect()
        };
        let paid = explain(&world, all[3].charge_id).await.unwrap();
        assert_eq!(
            lines(&paid),
            [
                "Category: marketing (it was a template of this category when it was sent, 2026-11-01T09:00:00Z)",
                "Market: Germany (the number starts with 49)",
                "Price version: from 2026-10-01 (it was in force at the delivery: since 00:00 UTC until 2027-01-01 00:00 UTC)",
                "List price: 0.1365 USD (the version's price of marketing in Germany)",
                "Customer-service window: closed (it was not open when the message was sent)",
                "Pricing type: regular (no rule makes marketing messages free)",
                "Held: 0.1365 USD (the most that it could cost until its expiry, set aside when it was accepted)",
                "Charged: 0.1365 USD (the list price; the rest of what was held is given back)",
            ]
        );
        let kinds: Vec<_> = paid
            .transfers
            .iter()
            .map(|transfer| (transfer.kind.as_str(), transfer.debit.as_str(), transfer.credit.as_str()))
            .collect();
        let accounts = ("portfolio:100:prepaid", "revenue:messages:marketing");
        assert_eq!(kinds, [("hold", accounts.0, accounts.1), ("post_hold", accounts.0, accounts.1)]);
        let free = explain(&world, all[0].charge_id).await.unwrap();
        assert_eq!(
            lines(&free)[5],
            "Pricing type: free (customer service) (it was number 1 of its phone number in 2026-11 (UTC): the first 1000 \
             service messages of a phone number in a month are free; what is left does not carry over)"
        );
        assert_eq!(lines(&free)[7], "Charged: 0.00 USD (it is free; what was held is given back)");
        assert_eq!(explain(&world, ChargeId(uuid::Uuid::nil())).await, None);
    })
    .await;
}
