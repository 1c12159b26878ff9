//! Giving back.

use super::*;
use plaza_payments::{RefundState, tokens};

#[tokio::test]
async fn a_refund_is_at_most_what_was_paid_and_what_is_left() {
    each_world(async |world| {
        world.card(tokens::GOOD).await;
        let paid = world.top_up("100", "k1").await.unwrap().payment_id;
        let some = world.refund(paid, "30", "r1").await.unwrap();
        assert_eq!(some.state, RefundState::Succeeded);
        assert_eq!(world.refund(paid, "30", "r1").await.unwrap(), some, "the same key is the same refund");
        assert!(matches!(world.refund(paid, "31", "r1").await, Err(PaymentError::KeyReused)));
        assert_eq!((world.refunded().await, world.available().await), (micros("30"), "70.00".to_owned()));
        // The provider would give back any amount.
        let above = world.refund(paid, "70.01", "r2").await;
        assert!(matches!(above, Err(PaymentError::AboveCaptured { left }) if left == micros("70")));
        world.spend("50").await;
        let held = world.refund(paid, "70", "r2").await;
        assert!(
            matches!(held, Err(PaymentError::InsufficientBalance { available }) if available == micros("20"))
        );
        assert_eq!(world.list().await[0].refunded, micros("30"), "nothing half-written");
        world.refund(paid, "20", "r2").await.unwrap();
        assert_eq!((world.refunded().await, world.available().await), (micros("50"), "0.00".to_owned()));
        for (amount, key) in [("0", "r3"), ("-1", "r3"), ("0.001", "r3"), ("1", "")] {
            assert!(world.refund(paid, amount, key).await.is_err(), "{amount} {key}");
        }
        let none = world.refund(PaymentId(uuid::Uuid::nil()), "1", "r3").await;
        assert!(matches!(none, Err(PaymentError::UnknownPayment)));
    })
    .await;
}

#[tokio::test]
async fn two_refunds_at_the_same_time_do_not_pass_what_was_paid() {
    each_world(async |world| {
        world.card(tokens::GOOD).await;
        let paid = world.top_up("100", "k1").await.unwrap().payment_id;
        let (one, other) = tokio::join!(world.refund(paid, "60", "r1"), world.refund(paid, "60", "r2"));
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
        assert_eq!((world.refunded().await, world.available().await), (micros("60"), "40.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_made_once() {
    each_world(async |world| {
        world.card(tokens::REFUND_LOST).await;
        let paid = world.top_up("100", "k1").await.unwrap().payment_id;
        let refund = world.refund(paid, "30", "r1").await.unwrap();
        assert_eq!((refund.state, world.available().await.as_str()), (RefundState::Processing, "70.00"));
        assert_eq!(world.later().await.ended, 1);
        assert_eq!(world.refund(paid, "30", "r1").await.unwrap().state, RefundState::Succeeded);
        assert_eq!((world.refunded().await, world.available().await), (micros("30"), "70.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_in_the_balance_again() {
    each_world(async |world| {
        world.card(tokens::REFUND_FAILS).await;
        let paid = world.top_up("100", "k1").await.unwrap().payment_id;
        let refund = world.refund(paid, "30", "r1").await.unwrap();
        assert_eq!(refund.state, RefundState::Failed);
        assert!(refund.failure.unwrap().contains("the card takes no refunds"));
        assert_eq!(
            (world.available().await.as_str(), world.list().await[0].refunded),
            ("100.00", Micros::ZERO)
        );
        world.card(tokens::DECLINED).await;
        let unpaid = world.top_up("10", "k2").await.unwrap().payment_id;
        assert!(matches!(world.refund(unpaid, "10", "r1").await, Err(PaymentError::NotCaptured)));
    })
    .await;
}
