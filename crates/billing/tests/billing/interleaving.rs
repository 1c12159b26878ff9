//! Receipts come late, twice, in any order and from several servers at once; the bill is the same.

use crate::*;
use plaza_protocol::SeededIds;

const NUMBERS: [&str; 5] =
    ["+4915112345678", "+5511987654321", "+14155550100", "+919876543210", "+99900000001"];

/// A pseudo-random sequence that repeats.
struct Dice(SeededIds);

impl Dice {
    fn roll(&self, below: usize) -> usize {
        let mut bytes = [0; 8];
        plaza_protocol::Ids::fill(&self.0, &mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % u64::try_from(below).unwrap()).unwrap()
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.roll(at + 1));
        }
    }
}

fn workload(world: &World, dice: &Dice, count: usize) -> Vec<Intent> {
    let intents = (0..count).map(|_| {
        let category = Category::ALL[dice.roll(5)];
        let sent_at = world.ctx.now() + Duration::from_secs(u64::try_from(dice.roll(1000)).unwrap());
        let until = (dice.roll(2) == 0).then(|| sent_at + DAY);
        let window = WindowState {
            customer_service_until: until,
            free_entry_point_until: (dice.roll(8) == 0).then(|| sent_at + 3 * DAY),
        };
        let phone_number_id = PhoneNumberId(300 + i64::try_from(dice.roll(3)).unwrap());
        Intent { window, phone_number_id, ..world.message(category, NUMBERS[dice.roll(5)], sent_at) }
    });
    intents.collect()
}

#[tokio::test]
async fn concurrent_callers_charge_each_message_at_most_once() {
    each_world(async |world| {
        let dice = Dice(SeededIds::new(7));
        let intents = workload(&world, &dice, 300);
        let mut callers = Vec::new();
        for chunk in intents.chunks(25).flat_map(|chunk| [chunk.to_vec(), chunk.to_vec()]) {
            let world = world.clone();
            callers.push(tokio::spawn(async move { world.hold(&chunk).await.iter().all(Result::is_ok) }));
        }
        for caller in callers {
            assert!(caller.await.unwrap(), "whoever asks second gets the answer of the first");
        }
        // Each receipt three times, shuffled, in batches of any size; some messages also fail, on another server.
        let mut receipts: Vec<(BusinessMessageId, Timestamp)> = intents
            .iter()
            .flat_map(|intent| [intent.message_id; 3])
            .map(|message| {
                (message, world.ctx.now() + Duration::from_secs(2000 + u64::try_from(dice.roll(9)).unwrap()))
            })
            .collect();
        dice.shuffle(&mut receipts);
        let mut callers = Vec::new();
        while !receipts.is_empty() {
            let batch = receipts.split_off(receipts.len().saturating_sub(1 + dice.roll(40)));
            let failing: Vec<_> =
                batch.iter().map(|(message, _)| *message).filter(|_| dice.roll(10) == 0).collect();
            let (one, two) = (world.clone(), world.clone());
            callers.push(tokio::spawn(async move { one.deliver(batch).await.len() }));
            callers.push(tokio::spawn(async move { two.fail(failing).await }));
        }
        let mut ended = 0;
        for caller in callers {
            ended += caller.await.unwrap();
        }
        assert_eq!(ended, 300, "each message was charged or failed, once");
        assert_eq!(world.balance(TULIP).await.held, Micros::ZERO);
        let found = world.assert_sound().await;
        assert!(found.charges > 150 && found.charges <= 300, "{}", found.charges);
    })
    .await;
}

#[tokio::test]
async fn split_joined_and_permuted_batches_give_the_same_bill() {
    each_world(async |world| {
        let mut bills = Vec::new();
        for (n, way) in ["joined", "split", "permuted"].into_iter().enumerate() {
            let dice = Dice(SeededIds::new(11));
            let portfolio = PortfolioId(500 + i64::try_from(n).unwrap());
            world.open(portfolio, Currency::INR, "Asia/Kolkata").await;
            world.top_up(portfolio, "100000", "start").await.unwrap();
            let mut intents = workload(&world, &dice, 120);
            for intent in &mut intents {
                intent.portfolio_id = portfolio;
                intent.phone_number_id = PhoneNumberId(intent.phone_number_id.0 + 1000 * portfolio.0);
            }
            let mut deliveries: Vec<_> = intents
                .iter()
                .zip(0..)
                .map(|(intent, n)| (intent.message_id, intent.sent_at + n * DAY / 60))
                .collect();
            match way {
                "joined" => {
                    world.hold(&intents).await;
                    world.deliver(deliveries).await;
                }
                "split" => {
                    for intent in &intents {
                        world.hold(std::slice::from_ref(intent)).await;
                    }
                    deliveries.sort_by_key(|(_, at)| *at);
                    for delivery in deliveries {
                        world.deliver(vec![delivery]).await;
                    }
                }
                _ => {
                    dice.shuffle(&mut intents);
                    world.hold(&intents).await;
                    dice.shuffle(&mut deliveries);
                    world.deliver(deliveries).await;
                }
            }
            bills.push(world.balance(portfolio).await);
        }
        assert_eq!(bills[0], bills[1]);
        assert_eq!(bills[0], bills[2]);
        assert!(bills[0].posted < micros("100000"));
        world.assert_sound().await;
    })
    .await;
}
