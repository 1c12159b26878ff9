use super::*;
use crate::testing::{self, NUMBER, Shop};
use plaza_db::testing::each_engine;
use plaza_protocol::Actor;

#[tokio::test]
async fn a_business_has_all_that_it_needs_to_begin() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros(5_000_000)).await;
        let created = shop.created.clone();
        assert_eq!(created.display_phone_number, NUMBER);
        assert_eq!(created.app_secret.0.len(), 32);
        assert!(created.access_token.0.starts_with("PLZ"));
        let kinds = async move |ctx: &Ctx, tx: &mut Tx| {
            let mut kinds = Vec::new();
            for id in [created.business_id.0, created.waba_id.0, created.phone_number_id.0, created.app_id.0]
            {
                kinds.push(node(ctx, tx, id).await?.kind);
            }
            let balance = plaza_billing::balance(ctx, tx, created.business_id).await.expect("a balance");
            let waba = waba(ctx, tx, created.waba_id).await?;
            Ok::<_, LookupError>((kinds, balance.available, waba))
        };
        let (kinds, credit, waba) = shop.db.read(&shop.app, "test", kinds).await.unwrap();
        assert_eq!(kinds, [NodeKind::Portfolio, NodeKind::Waba, NodeKind::PhoneNumber, NodeKind::App]);
        assert_eq!(credit, Micros(5_000_000));
        assert_eq!(
            (waba.name.as_str(), waba.currency, waba.country.as_str()),
            ("Tulip", Currency::EUR, "DE")
        );
    })
    .await;
}

#[tokio::test]
async fn another_portfolios_objects_do_not_exist() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let other =
            testing::create(&shop.db, &shop.system, &shop.business, "Rose", "+4930901821", Micros::ZERO)
                .await;
        let stranger =
            shop.system.for_request(Actor::App { app: other.app_id, portfolio: other.business_id });
        let (phone, account, nobody) =
            (shop.created.phone_number_id, shop.created.waba_id, 100_000_000_000_001);
        let look = async move |ctx: &Ctx, tx: &mut Tx| {
            assert!(matches!(node(ctx, tx, phone.0).await, Err(LookupError::NotFound)));
            assert!(matches!(node(ctx, tx, nobody).await, Err(LookupError::NotFound)), "the same answer");
            assert!(matches!(phone_number(ctx, tx, phone).await, Err(LookupError::NotFound)));
            assert!(matches!(phone_numbers(ctx, tx, account).await, Err(LookupError::NotFound)));
            assert!(matches!(waba(ctx, tx, account).await, Err(LookupError::NotFound)));
            assert!(
                matches!(numbers_after(ctx, tx, None).await, Err(LookupError::NotFound)),
                "the operator's"
            );
            Ok::<_, LookupError>(())
        };
        shop.db.transact(&stranger, "test", look).await.unwrap();
        let all = async |ctx: &Ctx, tx: &mut Tx| {
            Ok::<_, LookupError>((numbers_after(ctx, tx, None).await?, count(ctx, tx).await?))
        };
        let (numbers, count) = shop.db.read(&shop.system, "test", all).await.unwrap();
        assert_eq!((numbers.len(), count), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_leaves_nothing() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let good = NewBusiness {
            name: "Rose".to_owned(),
            number: "+4930901821".parse().unwrap(),
            account_id: shop.system.uuid(),
            country: "DE".to_owned(),
            currency: Currency::EUR,
            time_zone: "UTC".to_owned(),
            credit: Micros::ZERO,
            messaging_limit: None,
        };
        let attempt = async |ctx: &Ctx, new: NewBusiness| {
            let business = shop.business.clone();
            let create = async move |ctx: &Ctx, tx: &mut Tx| business.create(ctx, tx, &new).await.map(drop);
            shop.db.transact(ctx, "test", create).await.unwrap_err()
        };
        let taken =
            attempt(&shop.system, NewBusiness { number: NUMBER.parse().unwrap(), ..good.clone() }).await;
        assert!(matches!(taken, CreateError::NumberTaken), "{taken}");
        for (member, new) in [
            ("name", NewBusiness { name: " ".to_owned(), ..good.clone() }),
            ("name", NewBusiness { name: "x".repeat(65), ..good.clone() }),
            ("country", NewBusiness { country: "Germany".to_owned(), ..good.clone() }),
            ("credit", NewBusiness { credit: Micros(-1), ..good.clone() }),
        ] {
            let error = attempt(&shop.system, new).await;
            assert!(
                matches!(error, CreateError::Invalid { member: named, .. } if named == member),
                "{error}"
            );
        }
        let error = attempt(&shop.app, good).await;
        assert!(matches!(error, CreateError::Forbidden), "an app cannot: {error}");
        let count = shop.db.read(&shop.system, "test", async |ctx, tx| count(ctx, tx).await).await.unwrap();
        assert_eq!(count, 1);
    })
    .await;
}
