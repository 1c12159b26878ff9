use crate::run;
use crate::world::World;
use plaza_db::testing::each_engine;
use plaza_messaging::registration::{self, Verification};
use plaza_messaging::{MessagingError, accounts};
use plaza_protocol::{ErrorCode, RegistrationId};
use std::sync::Arc;
use std::time::Duration;

const NUMBER: &str = "+49 151 1234 5678";

async fn start(world: &World) -> Result<(RegistrationId, Arc<String>), MessagingError> {
    let started = run!(world, world.ctx, |ctx, tx| registration::start(ctx, tx, NUMBER, true).await)?;
    Ok((started.0.registration_id, Arc::new(started.1.code.0)))
}

async fn verify(world: &World, id: RegistrationId, code: &str) -> Verification {
    let code = code.to_owned();
    run!(world, world.ctx, |ctx, tx| registration::verify(ctx, tx, id, &code).await).unwrap()
}

fn code_of(verification: &Verification) -> Option<ErrorCode> {
    match verification {
        Verification::Right(_) => None,
        Verification::Wrong(error) => Some(error.code()),
    }
}

#[tokio::test]
async fn five_wrong_codes_pause_the_number() {
    each_engine(async |db| {
        let world = World::new(db);
        let (id, code) = start(&world).await.unwrap();
        let wrong = if code.starts_with('1') { "222222" } else { "111111" };
        for tries_left in (0..5).rev() {
            let answer = verify(&world, id, wrong).await;
            assert!(
                matches!(answer, Verification::Wrong(MessagingError::CodeWrong { tries_left: left }) if left == tries_left),
                "{answer:?}"
            );
        }
        assert_eq!(code_of(&verify(&world, id, &code).await), Some(ErrorCode::RateLimited), "the right code, too late");
        assert_eq!(start(&world).await.unwrap_err().code(), ErrorCode::RateLimited);
        world.clock.advance(Duration::from_secs(11 * 60));
        let (id, code) = start(&world).await.unwrap();
        assert_eq!(code_of(&verify(&world, id, &code).await), None);
    })
    .await;
}

#[tokio::test]
async fn a_code_ends_and_is_used_once_and_codes_are_few() {
    each_engine(async |db| {
        let world = World::new(db);
        let (id, code) = start(&world).await.unwrap();
        world.clock.advance(Duration::from_secs(10 * 60));
        assert_eq!(code_of(&verify(&world, id, &code).await), Some(ErrorCode::CodeExpired));
        for _ in 0..3 {
            start(&world).await.unwrap();
        }
        assert_eq!(start(&world).await.unwrap_err().code(), ErrorCode::RateLimited, "three in ten minutes");
        world.clock.advance(Duration::from_secs(11 * 60));
        start(&world).await.unwrap();
        assert_eq!(start(&world).await.unwrap_err().code(), ErrorCode::RateLimited, "five a day");
        let unknown: RegistrationId = world.ctx.uuid();
        assert_eq!(code_of(&verify(&world, unknown, "000000").await), Some(ErrorCode::CodeExpired));
    })
    .await;
}

#[tokio::test]
async fn numbers_and_names_that_cannot_be_are_named() {
    each_engine(async |db| {
        let world = World::new(db);
        for number in ["", "abc", "0151 123456", "+49"] {
            let error = run!(world, world.ctx, |ctx, tx| registration::start(ctx, tx, number, true).await)
                .unwrap_err();
            assert_eq!(error.code(), ErrorCode::Invalid);
            assert!(error.to_string().starts_with("number: "), "{error}");
        }
        for name in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert_eq!(accounts::valid_name(name).unwrap_err().code(), ErrorCode::Invalid);
        }
        assert_eq!(accounts::valid_name(" Ana ").unwrap(), "Ana");
    })
    .await;
}

#[tokio::test]
async fn a_second_registration_replaces_the_first_device() {
    each_engine(async |db| {
        let world = World::new(db);
        let first = world.person("+999000001", "Ana").await;
        let ben = world.person("+999000002", "Ben").await;
        let (mut group, _) = world.conversation(&ben, &first).await;
        let second = world.person("+999000001", "Ana").await;
        assert_eq!(second.of.account, first.of.account, "the account stays");
        let token = first.token.clone();
        let refused =
            run!(world, world.ctx, |ctx, tx| accounts::authenticate(ctx, tx, &token).await).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::DeviceRevoked);
        let token = second.token.clone();
        let known = run!(world, world.ctx, |ctx, tx| accounts::authenticate(ctx, tx, &token).await).unwrap();
        assert_eq!(known, second.of);
        let message = world.outgoing(&ben, &mut group, "for whom?");
        let outcome = world.send(vec![message]).await.remove(0).unwrap_err();
        assert_eq!(outcome.code(), ErrorCode::DeviceListChanged, "nothing is encrypted past the new device");
    })
    .await;
}
