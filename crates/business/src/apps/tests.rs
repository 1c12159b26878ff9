use super::*;
use crate::testing::Shop;
use plaza_db::testing::each_engine;
use plaza_protocol::Micros;
use std::time::Duration;

#[tokio::test]
async fn tokens_open_the_door_until_they_end() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let token = shop.authenticate(&shop.created.access_token.0).await.unwrap();
        assert_eq!(
            (token.kind, token.app, token.portfolio),
            (TokenKind::SystemUser, shop.created.app_id, shop.created.business_id)
        );
        assert!(token.allows(Scope::Messaging) && token.allows(Scope::Management));

        let (app, portfolio) = (shop.created.app_id, shop.created.business_id);
        let until = shop.system.now() + Duration::from_secs(60);
        let issue = async move |ctx: &Ctx, tx: &mut Tx| {
            issue_token(ctx, tx, app, portfolio, &[Scope::Messaging], Some(until)).await
        };
        let short = shop.db.transact(&shop.system, "test", issue).await.unwrap();
        let found = shop.authenticate(&short.0).await.unwrap();
        assert!(found.allows(Scope::Messaging) && !found.allows(Scope::Management));
        shop.clock.advance(Duration::from_secs(60));
        assert!(
            matches!(shop.authenticate(&short.0).await, Err(AuthenticateError::Expired(at)) if at == until)
        );

        let given = shop.created.access_token.0.clone();
        let revoke = async move |ctx: &Ctx, tx: &mut Tx| revoke_token(ctx, tx, &given).await;
        assert!(shop.db.transact(&shop.system, "test", revoke).await.unwrap());
        assert!(matches!(
            shop.authenticate(&shop.created.access_token.0).await,
            Err(AuthenticateError::Unknown)
        ));
    })
    .await;
}

#[tokio::test]
async fn an_app_token_is_the_app_with_its_secret() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let (app, secret) = (shop.created.app_id, shop.created.app_secret.0.clone());
        let token = shop.authenticate(&format!("{app}|{secret}")).await.unwrap();
        assert_eq!((token.kind, token.app), (TokenKind::App, app));
        assert!(!token.allows(Scope::Messaging), "it does not send");
        for wrong in [
            format!("{app}|{secret}x"),
            format!("{app}|"),
            format!("1|{secret}"),
            format!("|{secret}"),
            "|".into(),
        ] {
            assert!(matches!(shop.authenticate(&wrong).await, Err(AuthenticateError::Unknown)), "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_token_is_unknown() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let almost = format!("{}x", shop.created.access_token.0);
        for wrong in ["", "PLZ", "\u{0}", &almost, &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(matches!(shop.authenticate(wrong).await, Err(AuthenticateError::Unknown)));
        }
    })
    .await;
}
