//! # Two of the twelve invariants of the money path
//!
//! Those that are about a provider; the other ten are tested with billing. Property tests: top-ups and refunds with
//! cards of all faults, requests that are repeated, with time passing now and then, beside books that are kept from the
//! events.

use super::*;
use plaza_db::testing::property;
use plaza_payments::{RefundState, tokens};
use proptest::prelude::*;

const CASES: u32 = 6;
/// Another one makes other cases.
const SEED: u64 = 8;
const EVENTS_MAX: usize = 60;
const CARDS: [&str; 8] = [
    tokens::GOOD,
    tokens::DECLINED,
    tokens::CONFIRM,
    tokens::ANSWER_LOST,
    tokens::CALL_LOST,
    tokens::SLOW,
    tokens::REFUND_LOST,
    tokens::REFUND_FAILS,
];

#[derive(Debug, Clone)]
enum Event {
    TopUp { card: usize, cents: i64, is_doubled: bool, is_approved: bool },
    Refund { pick: usize, cents: i64, is_doubled: bool },
    Wait,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let top_up = (0..CARDS.len(), 100..5000_i64, any::<bool>(), any::<bool>()).prop_map(
        |(card, cents, is_doubled, is_approved)| Event::TopUp { card, cents, is_doubled, is_approved },
    );
    let refund = (0..100_usize, 1..4000_i64, any::<bool>())
        .prop_map(|(pick, cents, is_doubled)| Event::Refund { pick, cents, is_doubled });
    prop::collection::vec(prop_oneof![4 => top_up, 5 => refund, 2 => Just(Event::Wait)], 0..=EVENTS_MAX)
}

/// A payment by its events: what it takes if it succeeds, and what was given back of it.
struct Bought {
    id: PaymentId,
    amount: Micros,
    succeeds: bool,
    refunded: Micros,
}

fn cents(cents: i64) -> (Micros, String) {
    let amount = Micros(cents * 10_000);
    (amount, amount.to_string())
}

impl World {
    async fn buys(&self, n: usize, event: &Event, (cards, books): (&[Method], &mut Vec<Bought>)) {
        let Event::TopUp { card, cents: wanted, is_doubled, is_approved } = event else { return };
        let (amount, words) = cents(*wanted);
        self.payments.set_default(&self.ctx, TULIP, cards[*card].method_id).await.unwrap();
        let key = format!("top-up {n}");
        let payment = self.top_up(&words, &key).await.unwrap();
        if payment.state == State::RequiresAction {
            self.payments.answer(&self.ctx, TULIP, payment.payment_id, *is_approved).await.unwrap();
        }
        if *is_doubled {
            assert_eq!(self.top_up(&words, &key).await.unwrap().payment_id, payment.payment_id);
        }
        let succeeds = match CARDS[*card] {
            tokens::DECLINED => false,
            tokens::CONFIRM => *is_approved,
            _ => true,
        };
        books.push(Bought { id: payment.payment_id, amount, succeeds, refunded: Micros::ZERO });
    }

    async fn gives_back(&self, n: usize, event: &Event, books: &mut [Bought]) {
        let Event::Refund { pick, cents: wanted, is_doubled } = event else { return };
        let Some(len) = (!books.is_empty()).then_some(books.len()) else { return };
        let bought = &mut books[pick % len];
        let ((amount, words), key) = (cents(*wanted), format!("refund {n}"));
        let available = self.balance(TULIP).await.available;
        let answer = self.refund(bought.id, &words, &key).await;
        let after = Micros(bought.refunded.0 + amount.0);
        match &answer {
            Ok(refund) => {
                assert!(bought.succeeds && after <= bought.amount && amount <= available);
                if refund.state != RefundState::Failed {
                    bought.refunded = after;
                }
            }
            Err(PaymentError::AboveCaptured { .. }) => assert!(after > bought.amount),
            Err(PaymentError::InsufficientBalance { .. }) => assert!(amount > available),
            Err(PaymentError::NotCaptured) => {}
            Err(other) => panic!("{other:?}"),
        }
        if *is_doubled && let Ok(first) = answer {
            assert_eq!(self.refund(bought.id, &words, &key).await.unwrap().refund_id, first.refund_id);
        }
    }

    /// 10: Refunds ≤ captured: of each payment, at any time, and of all of them at the provider.
    async fn ten_no_more_is_refunded_than_was_captured(&self, books: &[Bought]) {
        for payment in self.list().await {
            let bought = books.iter().find(|bought| bought.id == payment.payment_id).unwrap();
            assert_eq!(payment.refunded, bought.refunded);
            assert!(payment.refunded <= payment.amount && payment.amount == bought.amount);
            assert!(payment.refunded == Micros::ZERO || bought.succeeds);
        }
        let captured: i64 = books.iter().filter(|each| each.succeeds).map(|each| each.amount.0).sum();
        assert!(self.refunded().await.0 <= captured);
    }

    /// 8: Clearing accounts age to zero: once all is looked up and paid out, the provider owes nothing, and the balance
    /// is what was captured without what was given back.
    async fn eight_clearing_accounts_return_to_zero(&self, cards: &[Method], books: &mut Vec<Bought>) {
        // Enough for the provider to pay out, whatever was given back before.
        self.buys(
            1000,
            &Event::TopUp { card: 0, cents: 400_000, is_doubled: false, is_approved: true },
            (cards, books),
        )
        .await;
        for _ in 0..3 {
            self.later().await;
        }
        assert_eq!(self.owed("sandbox").await, Micros::ZERO);
        let wanted: i64 =
            books.iter().filter(|each| each.succeeds).map(|each| each.amount.0 - each.refunded.0).sum();
        let balance = self.balance(TULIP).await;
        assert_eq!((balance.available, balance.held), (Micros(wanted), Micros::ZERO));
        let given: i64 = books.iter().map(|each| each.refunded.0).sum();
        assert_eq!(self.refunded().await, Micros(given));
        assert_eq!(self.captures().await, books.iter().filter(|each| each.succeeds).count());
    }
}

#[test]
fn whatever_cards_do_what_is_taken_arrives_and_no_more_goes_back() {
    property(SEED, CASES, &events(), async |db, events| {
        let world = World::on(db).await;
        let (mut cards, mut books) = (Vec::new(), Vec::new());
        for kind in CARDS {
            cards.push(world.card(kind).await);
        }
        for (n, event) in events.iter().enumerate() {
            match event {
                Event::TopUp { .. } => world.buys(n, event, (&cards, &mut books)).await,
                Event::Refund { .. } => world.gives_back(n, event, &mut books).await,
                Event::Wait => drop(world.later().await),
            }
            world.ten_no_more_is_refunded_than_was_captured(&books).await;
        }
        world.eight_clearing_accounts_return_to_zero(&cards, &mut books).await;
        world.ten_no_more_is_refunded_than_was_captured(&books).await;
        world.check_books().await;
    });
}
