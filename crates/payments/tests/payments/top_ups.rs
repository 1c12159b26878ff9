//! Paying in: states, keys, faults of cards, bad input.

use super::*;
use plaza_payments::tokens;

#[tokio::test]
async fn a_top_up_charges_once_whatever_the_number_of_calls() {
    each_world(async |world| {
        let card = world.card(tokens::GOOD).await;
        assert!(card.is_default);
        let paid = world.top_up("100", "k1").await.unwrap();
        assert_eq!((paid.state, paid.amount), (State::Succeeded, micros("100")));
        let again = world.top_up("100", "k1").await.unwrap();
        assert_eq!(again, paid, "the same answer");
        assert_eq!((world.captures().await, world.available().await), (1, "100.00".to_owned()));
        assert!(matches!(world.top_up("101", "k1").await, Err(PaymentError::KeyReused)));
        let (one, other, third) =
            futures_join(world.top_up("7", "k2"), world.top_up("7", "k2"), world.top_up("7", "k2")).await;
        let ids = [one, other, third].map(|payment| payment.unwrap().payment_id);
        assert!(ids.iter().all(|id| *id == ids[0]), "at the same time too");
        world.later().await;
        assert_eq!((world.captures().await, world.available().await), (2, "107.00".to_owned()));
    })
    .await;
}

async fn futures_join<T>(
    one: impl Future<Output = T>,
    other: impl Future<Output = T>,
    third: impl Future<Output = T>,
) -> (T, T, T) {
    tokio::join!(one, other, third)
}

#[tokio::test]
async fn cards_are_declined_or_want_a_confirmation() {
    each_world(async |world| {
        let refused = world.payments.add_method(&world.ctx, TULIP, tokens::REFUSED.to_owned()).await;
        assert!(matches!(refused, Err(PaymentError::Refused(why)) if why == "Your card was declined."));
        world.card(tokens::DECLINED).await;
        let declined = world.top_up("10", "k1").await.unwrap();
        assert_eq!(declined.state, State::Failed);
        assert_eq!(declined.failure.as_deref(), Some("Your card was declined."));
        assert_eq!(world.top_up("10", "k1").await.unwrap(), declined, "a key that failed has failed");

        world.card(tokens::CONFIRM).await;
        let asked = world.top_up("10", "k2").await.unwrap();
        assert_eq!((asked.state, asked.action.as_deref()), (State::RequiresAction, Some("sandbox")));
        assert_eq!(world.available().await, "0.00");
        let other = world.payments.answer(&world.ctx, ROSE, asked.payment_id, true).await;
        assert!(matches!(other, Err(PaymentError::UnknownPayment)), "it is not Rose's");
        let done = world.payments.answer(&world.ctx, TULIP, asked.payment_id, true).await.unwrap();
        assert_eq!((done.state, done.action), (State::Succeeded, None));
        assert_eq!(world.available().await, "10.00");

        let asked = world.top_up("10", "k3").await.unwrap();
        let refused = world.payments.answer(&world.ctx, TULIP, asked.payment_id, false).await.unwrap();
        assert_eq!(refused.state, State::Failed);
        assert_eq!(refused.failure_code.as_deref(), Some("authentication_failed"));

        let forgotten = world.top_up("10", "k4").await.unwrap();
        world.clock.advance(DAY);
        world.later().await;
        assert_eq!(world.state(forgotten.payment_id).await, State::Canceled, "nobody confirmed within a day");

        let called_off = world.top_up("10", "k5").await.unwrap();
        let canceled = world.payments.cancel(&world.ctx, TULIP, called_off.payment_id).await.unwrap();
        assert_eq!(canceled.state, State::Canceled);
        let again = world.payments.cancel(&world.ctx, TULIP, called_off.payment_id).await;
        assert!(matches!(again, Err(PaymentError::WrongState("canceled"))));
        assert_eq!((world.captures().await, world.available().await), (1, "10.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn what_got_lost_is_found_by_looking() {
    each_world(async |world| {
        world.card(tokens::ANSWER_LOST).await;
        let paid = world.top_up("10", "k1").await.unwrap();
        assert_eq!((paid.state, world.available().await.as_str()), (State::Processing, "0.00"));
        assert_eq!(
            world.payments.reconcile(&world.ctx).await.unwrap().looked_up,
            0,
            "somebody looked just now"
        );
        assert_eq!(world.later().await.ended, 1);
        assert_eq!(
            (world.state(paid.payment_id).await, world.available().await.as_str()),
            (State::Succeeded, "10.00")
        );

        world.card(tokens::CALL_LOST).await;
        let unpaid = world.top_up("20", "k2").await.unwrap();
        assert_eq!(unpaid.state, State::Processing);
        world.later().await;
        assert_eq!(
            world.state(unpaid.payment_id).await,
            State::Succeeded,
            "it was asked again, since it took nothing"
        );

        world.card(tokens::SLOW).await;
        let slow = world.top_up("30", "k3").await.unwrap();
        assert_eq!(slow.state, State::Processing);
        world.later().await;
        assert_eq!(world.state(slow.payment_id).await, State::Processing);
        world.later().await;
        assert_eq!(world.state(slow.payment_id).await, State::Succeeded);
        assert_eq!((world.captures().await, world.available().await), (3, "60.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn hints_may_be_doubled_reordered_or_about_nothing() {
    each_world(async |world| {
        world.card(tokens::ANSWER_LOST).await;
        let paid = world.top_up("10", "k1").await.unwrap();
        let hint = |id: &str, intent: Option<&str>| plaza_payments::Event {
            event_id: id.to_owned(),
            kind: "payment_intent.processing".to_owned(),
            intent: intent.map(str::to_owned),
        };
        let reference = paid.reference.as_deref();
        // The later event comes first, and twice; the earlier one changes nothing any more.
        for id in ["evt_2", "evt_2", "evt_1"] {
            let seen = world.payments.hint(&world.ctx, hint(id, reference)).await.unwrap().unwrap();
            assert_eq!(seen.state, State::Succeeded, "the look-up is the truth, whatever the event says");
        }
        assert_eq!(world.payments.hint(&world.ctx, hint("evt_3", Some("nobody's"))).await.unwrap(), None);
        assert_eq!(world.payments.hint(&world.ctx, hint("evt_4", None)).await.unwrap(), None);
        assert_eq!((world.captures().await, world.available().await), (1, "10.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn another_amount_than_was_asked_for_is_credited_to_nobody() {
    each_world(async |world| {
        world.card(tokens::WRONG_AMOUNT).await;
        let outcome = world.top_up("10", "k1").await;
        assert!(matches!(outcome, Err(PaymentError::Contradiction)));
        world.later().await;
        assert_eq!(world.available().await, "0.00");
        world.clock.advance(DAY);
        let report = world.payments.report(&world.ctx).await.unwrap();
        assert_eq!(report.old_payments.len(), 1, "somebody has to look");
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_settles_and_clearing_returns_to_zero() {
    each_world(async |world| {
        world.card(tokens::GOOD).await;
        let paid = world.top_up("100", "k1").await.unwrap();
        world.top_up("50", "k2").await.unwrap();
        world.refund(paid.payment_id, "30", "r1").await.unwrap();
        assert_eq!(world.owed("sandbox").await, micros("120"));
        let report = world.payments.report(&world.ctx).await.unwrap();
        assert!(!report.clearing[0].is_old);
        world.clock.advance(8 * DAY);
        let report = world.payments.report(&world.ctx).await.unwrap();
        assert!(report.clearing[0].is_old, "the provider has not paid out for a week");
        assert_eq!(report.clearing[0].since, Some(paid.updated_at));
        let round = world.later().await;
        assert_eq!((round.fees, round.payouts), (2, 1));
        let report = world.payments.report(&world.ctx).await.unwrap();
        assert_eq!((report.clearing[0].owed, report.clearing[0].since), (Micros::ZERO, None));
        assert_eq!(world.later().await, plaza_payments::Reconciled::default(), "and nothing is booked twice");
        assert_eq!(world.available().await, "120.00");
    })
    .await;
}

#[tokio::test]
async fn bad_wishes_change_nothing() {
    each_world(async |world| {
        assert!(matches!(world.top_up("10", "k1").await, Err(PaymentError::NoMethod)));
        let card = world.card(tokens::GOOD).await;
        for amount in ["0", "-1", "0.001", "0.015"] {
            assert!(matches!(world.top_up(amount, "k1").await, Err(PaymentError::BadAmount(_))), "{amount}");
        }
        let above = Micros(i64::MAX);
        for amount in [above, micros("1000000"), micros("999999.01")] {
            let outcome = world.payments.top_up(&world.ctx, TopUp { amount, ..wish("1", "k1") }).await;
            assert!(matches!(outcome, Err(PaymentError::AboveMaximum { .. })), "{amount}");
        }
        let long = "k".repeat(101);
        for key in ["", long.as_str()] {
            assert!(matches!(world.top_up("10", key).await, Err(PaymentError::BadKey)));
        }
        let euros = TopUp { currency: Some(Currency::EUR), ..wish("10", "k1") };
        let outcome = world.payments.top_up(&world.ctx, euros).await;
        assert!(matches!(outcome, Err(PaymentError::WrongCurrency(Currency::USD))));
        let others = TopUp { portfolio_id: ROSE, method: Some(card.method_id), ..wish("10", "k1") };
        let outcome = world.payments.top_up(&world.ctx, others).await;
        assert!(matches!(outcome, Err(PaymentError::UnknownMethod)), "it is Tulip's");
        let nobody = TopUp { portfolio_id: PortfolioId(9), ..wish("10", "k1") };
        assert!(matches!(world.payments.top_up(&world.ctx, nobody).await, Err(PaymentError::Billing(_))));
        let stolen = world.payments.add_method(&world.ctx, ROSE, "card_good_0".to_owned()).await;
        assert!(matches!(stolen, Err(PaymentError::Refused(_))), "a token of Tulip's is nobody's for Rose");
        for token in ["", "a b", "card_unknown", "../x"] {
            assert!(world.payments.add_method(&world.ctx, ROSE, token.to_owned()).await.is_err(), "{token}");
        }
        let none = Payments::new(world.db.clone(), None);
        assert!(matches!(none.top_up(&world.ctx, wish("10", "k1")).await, Err(PaymentError::NoProvider)));
        assert_eq!((world.list().await, world.captures().await), (vec![], 0));
        assert_eq!(
            world.top_up("999999", "k1").await.unwrap().state,
            State::Succeeded,
            "the most is allowed"
        );
    })
    .await;
}

#[tokio::test]
async fn methods_are_added_preferred_and_removed() {
    each_world(async |world| {
        let first = world.payments.add_method(&world.ctx, TULIP, "card_good_a".to_owned()).await.unwrap();
        assert!(first.is_default, "the first one is the default");
        let same = world.payments.add_method(&world.ctx, TULIP, "card_good_a".to_owned()).await.unwrap();
        assert_eq!(same.method_id, first.method_id, "the same token is one method");
        let second = world.payments.add_method(&world.ctx, TULIP, "card_good_b".to_owned()).await.unwrap();
        assert!(!second.is_default);
        assert!(world.payments.set_default(&world.ctx, ROSE, first.method_id).await.is_err());
        assert!(world.payments.remove_method(&world.ctx, ROSE, first.method_id).await.is_err());
        world.payments.remove_method(&world.ctx, TULIP, first.method_id).await.unwrap();
        world.payments.remove_method(&world.ctx, TULIP, first.method_id).await.unwrap();
        let list = async |ctx: &Ctx, tx: &mut Tx| plaza_payments::methods(ctx, tx, TULIP).await;
        let left = world.db.read(&world.ctx, "test.methods", list).await.unwrap();
        assert_eq!(
            left.iter().map(|method| (method.method_id, method.is_default)).collect::<Vec<_>>(),
            [(second.method_id, true)]
        );
        let with = TopUp { method: Some(first.method_id), ..wish("10", "k1") };
        assert!(matches!(
            world.payments.top_up(&world.ctx, with).await,
            Err(PaymentError::MethodUnusable(_))
        ));
    })
    .await;
}
