use crate::run;
use crate::world::{Person, World};
use plaza_crypto::{Suite, make_key_package};
use plaza_db::testing::each_engine;
use plaza_messaging::{MessagingError, accounts, key_packages};
use plaza_protocol::{ErrorCode, wire};

async fn publish(world: &World, person: &Person, packages: Vec<Vec<u8>>) -> Result<(), MessagingError> {
    let request = wire::PublishKeyPackages { key_packages: packages, last_resort: vec![] };
    run!(world, world.ctx_of(person), |ctx, tx| key_packages::publish(ctx, tx, &request).await)
}

#[tokio::test]
async fn each_key_package_is_handed_out_once_and_then_the_last_resort() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let mut claimed = Vec::new();
        for _ in 0..4 {
            claimed.extend(world.claim(&ana, &ben).await);
        }
        assert_eq!(claimed.len(), 4);
        assert_ne!(claimed[0], claimed[1]);
        assert_eq!(claimed[2], claimed[3], "the last resort comes again");
        assert_eq!(
            publish(&world, &ben, vec![claimed[0].clone()]).await.unwrap_err().code(),
            ErrorCode::KeyPackageReused,
            "a spent one is not taken back"
        );
    })
    .await;
}

#[tokio::test]
async fn foreign_broken_and_too_many_key_packages_are_refused() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        let bens = make_key_package(&ben.keystore, &ben.keys, Suite::current(), false).unwrap();
        for package in [bens, vec![], vec![7; 100]] {
            assert_eq!(publish(&world, &ana, vec![package]).await.unwrap_err().code(), ErrorCode::BadMls);
        }
        let large = publish(&world, &ana, vec![vec![0; 9000]]).await.unwrap_err();
        assert_eq!(large.code(), ErrorCode::TooLarge);
        let many = vec![vec![]; 101];
        assert_eq!(publish(&world, &ana, many).await.unwrap_err().code(), ErrorCode::Invalid);
    })
    .await;
}

#[tokio::test]
async fn claims_and_look_ups_are_budgeted() {
    each_engine(async |db| {
        let world = World::new(db);
        let (ana, ben) = (world.person("+999000001", "Ana").await, world.person("+999000002", "Ben").await);
        for _ in 0..30 {
            world.claim(&ana, &ben).await;
        }
        let request =
            wire::ClaimKeyPackages { account_id: ben.of.account.as_bytes().to_vec(), device_ids: vec![] };
        let refused = run!(world, world.ctx_of(&ana), |ctx, tx| key_packages::claim(ctx, tx, &request).await);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::RateLimited);
        let look_up = async |number: &'static str| {
            run!(world, world.ctx_of(&ana), |ctx, tx| accounts::look_up(ctx, tx, number).await)
        };
        assert_eq!(look_up("+999 000 002").await.unwrap().unwrap().name, "Ben");
        for _ in 0..199 {
            assert!(look_up("+999000003").await.unwrap().is_none(), "misses count too");
        }
        assert_eq!(look_up("+999000002").await.unwrap_err().code(), ErrorCode::RateLimited);
        world.clock.advance(std::time::Duration::from_secs(15 * 60));
        assert!(look_up("+999000002").await.is_ok(), "one comes back every quarter of an hour");
        let ask = async || {
            run!(world, world.ctx_of(&ana), |ctx, tx| accounts::admit_endpoint_request(ctx, tx).await)
        };
        for _ in 0..30 {
            ask().await.unwrap();
        }
        assert_eq!(ask().await.unwrap_err().code(), ErrorCode::RateLimited);
        world.clock.advance(std::time::Duration::from_secs(2));
        assert!(ask().await.is_ok(), "one comes back every two seconds");
    })
    .await;
}
