use crate::run;
use crate::world::World;
use plaza_crypto::Group;
use plaza_db::testing::each_engine;
use plaza_messaging::conversations;
use plaza_protocol::{ErrorCode, wire};

#[tokio::test]
async fn two_people_have_one_conversation() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (_, first) = world.creation(&ana, &ben).await;
        let (_, second) = world.creation(&ben, &ana).await;
        assert!(!world.create(&ana, &first).await.unwrap().existed);
        let told = world.create(&ben, &second).await.unwrap();
        assert!(told.existed);
        assert_eq!(told.conversation_id, first.conversation_id);
        assert!(world.create(&ana, &first).await.unwrap().existed, "a repeat finds it too");
        let list = run!(world, world.ctx_of(&ben), |ctx, tx| {
            conversations::list(ctx, tx, &wire::ListConversations::default()).await
        });
        let list = list.unwrap();
        assert_eq!(list.conversations.len(), 1);
        assert!(list.conversations[0].joined && !list.more);
    })
    .await;
}

#[tokio::test]
async fn of_two_commits_for_an_epoch_one_wins() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (group, _) = world.conversation(&ana, &ben).await;
        let info = world.view(&ben, group.conversation()).await.unwrap().group_info;
        let (_, by_ana) =
            Group::join_external(&ana.keystore, &ana.keys, group.conversation(), &info).unwrap();
        let (_, by_ben) =
            Group::join_external(&ben.keystore, &ben.keys, group.conversation(), &info).unwrap();
        let late = by_ben.clone();
        world.commit(&ana, &group, by_ana).await.unwrap();
        let lost = world.commit(&ben, &group, by_ben).await.unwrap_err();
        assert!(matches!(lost, plaza_messaging::MessagingError::EpochConflict { epoch: 2 }), "{lost:?}");
        assert_eq!(world.view(&ben, group.conversation()).await.unwrap().epoch, 2);
        assert_eq!(world.mailbox(&ben).await.len(), 1, "the commit that won is delivered, the other is not");
        assert_eq!(world.commit(&ben, &group, late).await.unwrap_err().code(), ErrorCode::EpochConflict);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_neither_sees_nor_joins_nor_commits() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let eve = world.person("+999000003", "Eve").await;
        let (group, _) = world.conversation(&ana, &ben).await;
        let id = group.conversation();
        assert_eq!(world.view(&eve, id).await.unwrap_err().code(), ErrorCode::NotFound);
        let info = world.view(&ben, id).await.unwrap().group_info;
        let (_, joins) = Group::join_external(&eve.keystore, &eve.keys, id, &info).unwrap();
        assert_eq!(world.commit(&eve, &group, joins.clone()).await.unwrap_err().code(), ErrorCode::NotFound);
        let carried = world.commit(&ben, &group, joins).await.unwrap_err();
        assert!(matches!(carried.code(), ErrorCode::BadMls | ErrorCode::Invalid), "{carried}");
        assert_eq!(world.view(&ben, id).await.unwrap().epoch, 1, "nothing moved");
    })
    .await;
}

#[tokio::test]
async fn broken_groups_are_refused_with_their_member_named() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (_, good) = world.creation(&ana, &ben).await;
        let broken = [
            wire::CreateConversation { group_info: vec![1, 2, 3], ..good.clone() },
            wire::CreateConversation { conversation_id: vec![1], ..good.clone() },
            wire::CreateConversation { accounts: vec![ana.of.account.as_bytes().to_vec()], ..good.clone() },
            wire::CreateConversation { accounts: vec![], ..good.clone() },
            wire::CreateConversation { welcome: vec![0; 300_000], ..good.clone() },
        ];
        for request in broken {
            let error = world.create(&ana, &request).await.unwrap_err();
            assert!(
                matches!(error.code(), ErrorCode::BadMls | ErrorCode::Invalid | ErrorCode::TooLarge),
                "{error}"
            );
        }
        assert!(!world.create(&ana, &good).await.unwrap().existed, "the good one still goes through");
    })
    .await;
}

#[tokio::test]
async fn a_new_device_is_added_by_the_next_sender_or_joins_by_itself() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let (mut group, _) = world.conversation(&ana, &ben).await;
        let ben_again = world.person("+999000002", "Ben").await;
        let added = world.claim(&ana, &ben_again).await;
        let committed = group.commit(&ana.keystore, &ana.keys, &added, &[ben.of.device]).unwrap();
        let welcome = committed.welcome.clone();
        world.commit(&ana, &group, committed).await.unwrap();
        group.confirm(&ana.keystore).unwrap();
        Group::join(&ben_again.keystore, group.conversation(), &welcome).unwrap();
        let message = world.outgoing(&ana, &mut group, "welcome back");
        world.send(vec![message]).await.remove(0).unwrap();
        let waiting = world.mailbox(&ben_again).await;
        let kinds: Vec<_> =
            waiting.iter().filter_map(|one| one.envelope.as_ref()).map(|one| one.kind()).collect();
        assert_eq!(kinds, [wire::EnvelopeKind::Welcome, wire::EnvelopeKind::Message]);
        assert!(world.mailbox(&ben).await.is_empty(), "a revoked device gets nothing");
    })
    .await;
}
