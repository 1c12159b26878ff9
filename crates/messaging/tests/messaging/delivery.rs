use crate::run;
use crate::world::World;
use plaza_crypto::Processed;
use plaza_db::testing::each_engine;
use plaza_messaging::delivery;
use plaza_protocol::{ErrorCode, Timestamp, wire};
use std::time::Duration;

#[tokio::test]
async fn a_message_waits_until_it_is_acknowledged_and_is_read_once() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (mut group, mut bens) = world.conversation(&ana, &ben).await;
        let batch = vec![world.outgoing(&ana, &mut group, "one"), world.outgoing(&ana, &mut group, "two")];
        let sent: Vec<_> = world.send(batch).await.into_iter().map(Result::unwrap).collect();
        assert_eq!([sent[0].gseq, sent[1].gseq], [1, 2]);
        let waiting = world.mailbox(&ben).await;
        assert_eq!(waiting.len(), 2);
        assert_eq!(world.mailbox(&ben).await, waiting, "reading does not take it");
        let texts: Vec<_> = waiting
            .iter()
            .map(|deliver| bens.process(&ben.keystore, &deliver.envelope.as_ref().unwrap().body).unwrap())
            .map(|processed| match processed {
                Processed::Message { content, .. } => String::from_utf8(content).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(world.drain(&ben).await.len(), 2);
        assert!(world.mailbox(&ben).await.is_empty());
        assert!(world.mailbox(&ana).await.is_empty(), "the sender's own device gets no copy");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_send_gets_its_first_answer() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (mut group, _) = world.conversation(&ana, &ben).await;
        let message = world.outgoing(&ana, &mut group, "once");
        let first = world.send(vec![message.clone(), message.clone()]).await;
        world.clock.advance(Duration::from_secs(60));
        let second = world.send(vec![message]).await;
        let answers: Vec<_> = first.into_iter().chain(second).map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(world.mailbox(&ben).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn bad_messages_of_a_batch_do_not_harm_the_good_ones() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let eve = world.person("+999000003", "Eve").await;
        let (mut group, _) = world.conversation(&ana, &ben).await;
        let good = world.outgoing(&ana, &mut group, "good");
        let mut large = world.outgoing(&ana, &mut group, "large");
        large.send.ciphertext = vec![0; 64 * 1024 + 1];
        let mut nameless = world.outgoing(&ana, &mut group, "nameless");
        nameless.send.message_id = vec![1, 2, 3];
        let mut foreign = world.outgoing(&ana, &mut group, "foreign");
        foreign.sender = eve.of;
        let mut future = world.outgoing(&ana, &mut group, "future");
        future.send.epoch = 9;
        let mut old = world.outgoing(&ana, &mut group, "old");
        old.send.epoch = 0;
        let codes: Vec<_> = world
            .send(vec![large, nameless, foreign, future, old, good])
            .await
            .into_iter()
            .map(|outcome| outcome.err().map(|error| error.code()))
            .collect();
        assert_eq!(
            codes,
            [
                Some(ErrorCode::TooLarge),
                Some(ErrorCode::Invalid),
                Some(ErrorCode::NotFound),
                Some(ErrorCode::StaleEpoch),
                Some(ErrorCode::StaleEpoch),
                None
            ]
        );
        assert_eq!(world.mailbox(&ben).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn receipts_only_rise_and_reading_implies_delivery() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (mut group, _) = world.conversation(&ana, &ben).await;
        let batch = (0..3).map(|_| world.outgoing(&ana, &mut group, "x")).collect();
        world.send(batch).await;
        let read = async |gseq: u64| {
            let conversation_id = group.conversation().as_bytes().to_vec();
            let of = ben.of;
            run!(world, world.ctx, |ctx, tx| {
                let up_to = wire::ReadUpTo { conversation_id: conversation_id.clone(), gseq };
                delivery::read_up_to(ctx, tx, &[(of, up_to)]).await
            })
            .unwrap()
        };
        let receipts = async || {
            let account = ana.of.account;
            let all = run!(world, world.ctx, |ctx, tx| {
                delivery::receipts_since(ctx, tx, account, Timestamp(0)).await
            });
            all.unwrap().first().map(|one| (one.delivered_up_to, one.read_up_to))
        };
        assert_eq!(receipts().await, None);
        assert_eq!(read(2).await.len(), 1);
        assert_eq!(receipts().await, Some((2, 2)), "read before it was acknowledged");
        assert!(read(1).await.is_empty(), "it does not fall");
        world.drain(&ben).await;
        assert_eq!(receipts().await, Some((3, 2)));
        assert_eq!(read(u64::MAX >> 1).await[0].up_to, 3, "nobody reads what is not there");
        assert_eq!(receipts().await, Some((3, 3)));
    })
    .await;
}

#[tokio::test]
async fn what_nobody_fetches_goes_after_thirty_days() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (mut group, _) = world.conversation(&ana, &ben).await;
        let message = world.outgoing(&ana, &mut group, "too late");
        world.send(vec![message]).await;
        let tidy = async || run!(world, world.ctx, |ctx, tx| delivery::forget_old(ctx, tx).await).unwrap();
        world.clock.advance(Duration::from_secs(29 * 24 * 3600));
        tidy().await;
        assert_eq!(world.mailbox(&ben).await.len(), 1);
        world.clock.advance(Duration::from_secs(2 * 24 * 3600));
        tidy().await;
        assert!(world.mailbox(&ben).await.is_empty());
    })
    .await;
}
