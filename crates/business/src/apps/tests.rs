use super::keys::{KeyId, NewKey};
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

#[tokio::test]
async fn keys_are_named_seen_once_and_taken_back() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let portfolio = shop.created.business_id;
        let own = shop.authenticate(&shop.created.access_token.0).await.unwrap();
        let own_id = KeyId(fingerprint(&shop.created.access_token.0));
        shop.clock.advance(Duration::from_secs(1));
        let make = async |own: &Token, new: NewKey| {
            let own = own.clone();
            let make = async move |ctx: &Ctx, tx: &mut Tx| keys::create(ctx, tx, &own, &new).await;
            shop.db.transact(&shop.app, "test", make).await
        };
        let new = NewKey { name: " Till ".to_owned(), scopes: vec![Scope::Messaging], expires_at: None };
        let (key, token) = make(&own, new.clone()).await.unwrap();
        let list = async |actor| {
            let list = async move |ctx: &Ctx, tx: &mut Tx| keys::list(ctx, tx, portfolio).await;
            shop.db.read(&shop.system.for_request(actor), "test", list).await
        };
        let seen = list(shop.app.actor()).await.unwrap();
        assert_eq!((seen.len(), seen[0].key_id, seen[1].key_id), (2, key, own_id), "the latest first");
        assert_eq!(seen[0].name.as_deref(), Some("Till"));
        assert!(
            token.0.ends_with(seen[0].ending.as_deref().unwrap()) && seen[0].scopes == [Scope::Messaging]
        );
        assert_eq!(
            (seen[1].name.as_deref(), seen[1].ending.as_deref()),
            (None, None),
            "it was not made here"
        );
        let rival = shop.rival().await;
        assert!(matches!(list(rival).await, Err(ManageError::NotFound)));

        let short = shop.authenticate(&token.0).await.unwrap();
        let wider = NewKey { scopes: Scope::ALL.to_vec(), ..new.clone() };
        let nameless = NewKey { name: "  ".to_owned(), ..new.clone() };
        let over = NewKey { expires_at: Some(shop.system.now()), ..new.clone() };
        for (own, new) in [(&short, wider), (&own, nameless), (&own, over)] {
            assert!(matches!(make(own, new).await, Err(ManageError::Refused { .. })));
        }
        let limited = Token { targets: Some(vec![1]), ..own.clone() };
        assert!(matches!(make(&limited, new).await, Err(ManageError::NotFound)));

        let revoke = async |actor, key| {
            let revoke = async move |ctx: &Ctx, tx: &mut Tx| keys::revoke(ctx, tx, own_id, key).await;
            shop.db.transact(&shop.system.for_request(actor), "test", revoke).await
        };
        assert!(matches!(revoke(rival, key).await, Err(ManageError::NotFound)));
        assert!(matches!(revoke(shop.app.actor(), own_id).await, Err(ManageError::Refused { .. })));
        revoke(shop.app.actor(), key).await.unwrap();
        assert!(matches!(revoke(shop.app.actor(), key).await, Err(ManageError::NotFound)), "it is gone");
        assert!(matches!(shop.authenticate(&token.0).await, Err(AuthenticateError::Unknown)));
        assert_eq!(list(shop.app.actor()).await.unwrap().len(), 1);
    })
    .await;
}
