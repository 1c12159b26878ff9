//! Whom a send would reach: what is told, and what is not.

use super::*;
use crate::testing::{ANA, NUMBER, Shop};
use plaza_db::testing::each_engine;
use plaza_protocol::content::{Body, Content, Feedback, Opinion};

const CREDIT: Micros = Micros(100_000_000);
const BEN: &str = "+4915112345679";
const NOBODY: &str = "+4915112345000";

impl Shop {
    async fn forecast(&self, what: What, to: &[&str]) -> Result<Forecast, ManageError> {
        let numbers = to.iter().map(|number| number.parse().unwrap()).collect();
        self.forecast_of(Idea {
            phone: self.created.phone_number_id,
            what,
            whom: Whom::Numbers(numbers),
            max_price: None,
        })
        .await
    }

    async fn forecast_of(&self, idea: Idea) -> Result<Forecast, ManageError> {
        let business = self.business.clone();
        let read = async move |ctx: &Ctx, tx: &mut Tx| business.forecast(ctx, tx, &idea).await;
        self.db.read(&self.app, "test.forecast", read).await
    }
}

#[tokio::test]
async fn only_of_known_people_is_anything_told() {
    each_engine(async |db| {
        let shop = Shop::open(db, CREDIT).await;
        let everybody = [ANA, ANA, BEN, NOBODY, NUMBER];
        let before = shop.forecast(What::Category(Category::Marketing), &everybody).await.unwrap();
        shop.person(BEN, "Ben").await;
        let after = shop.forecast(What::Category(Category::Marketing), &everybody).await.unwrap();
        let strangers = Audience { people: 4, unknown: 3, own: 1, places: 3, ..Audience::default() };
        assert_eq!(before.audience, Some(strangers), "each once");
        assert_eq!(after.audience, Some(strangers), "that Ben came to the network is not told");
        assert_eq!(before.estimate, after.estimate);
        assert_eq!(after.estimate.messages, 3);

        shop.ana_writes("Do you have bread?").await;
        let known = shop.forecast(What::Category(Category::Utility), &everybody).await.unwrap();
        let audience = known.audience.unwrap();
        assert_eq!(
            (audience.known, audience.unknown, audience.in_service_window, audience.places),
            (1, 2, 1, 2)
        );
        let service = shop.forecast(What::Category(Category::Service), &everybody).await.unwrap();
        assert_eq!(service.estimate.messages, 1, "free-form reaches only who wrote");
        shop.clock.advance(std::time::Duration::from_secs(25 * 3600));
        let service = shop.forecast(What::Category(Category::Service), &[ANA]).await.unwrap();
        assert_eq!((service.audience.unwrap().window_closed, service.estimate.messages), (1, 0));

        let feedback = Feedback { opinion: Opinion::MarketingStopped.into() };
        let content = Content { body: Some(Body::Feedback(feedback)), ..Content::default() };
        shop.ana_sends(content).await;
        let stopped = shop.forecast(What::Category(Category::Marketing), &[ANA, BEN]).await.unwrap();
        assert_eq!((stopped.audience.unwrap().stopped, stopped.estimate.messages), (1, 1));
        let utility = shop.forecast(What::Category(Category::Utility), &[ANA, BEN]).await.unwrap();
        assert_eq!(utility.estimate.messages, 2, "it is about advertising only");
    })
    .await;
}

#[tokio::test]
async fn an_idea_of_another_business_does_not_exist() {
    each_engine(async |db| {
        let shop = Shop::open(db, CREDIT).await;
        let rival = shop.rival().await;
        let phone = shop.created.phone_number_id;
        let idea = |whom| Idea { phone, what: What::Category(Category::Marketing), whom, max_price: None };
        let foreign = shop.app.acting_as(rival);
        let (business, asked) = (shop.business.clone(), idea(Whom::Numbers(vec![])));
        let ask = async move |ctx: &Ctx, tx: &mut Tx| business.forecast(ctx, tx, &asked).await;
        let answer = shop.db.read(&foreign, "test.forecast", ask).await;
        assert!(matches!(answer, Err(ManageError::NotFound)), "{answer:?}");
        let many = vec![NOBODY.parse().unwrap(); NUMBERS_MAX + 1];
        let markets = vec![("Germany".to_owned(), 1); MARKETS_MAX + 1];
        let too_many = vec![("Germany".to_owned(), estimate::MESSAGES_MAX + 1)];
        for whom in [Whom::Numbers(many), Whom::Markets(markets), Whom::Markets(too_many)] {
            let answer = shop.forecast_of(idea(whom)).await;
            assert!(matches!(answer, Err(ManageError::Refused { .. })), "{answer:?}");
        }
        let found = shop.forecast_of(idea(Whom::Markets(vec![("Germany".to_owned(), 1000)]))).await.unwrap();
        assert_eq!((found.audience, found.estimate.messages), (None, 1000));
        assert!(!found.estimate.is_affordable(), "a thousand cost more than a hundred euros");
        let unknown = shop.forecast(What::Template(TemplateId(7)), &[ANA]).await;
        assert!(matches!(unknown, Err(ManageError::Refused { .. })), "{unknown:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_send_would_cost_is_asked_thirty_times_at_once() {
    each_engine(async |db| {
        let shop = Shop::open(db, CREDIT).await;
        let phone = shop.created.phone_number_id;
        for _ in 0..plaza_protocol::limits::ESTIMATES_AT_ONCE {
            shop.business.may_estimate(&shop.app, phone).unwrap();
        }
        let wait = shop.business.may_estimate(&shop.app, phone).unwrap_err();
        assert_eq!(wait, plaza_protocol::limits::ESTIMATE_EVERY);
        shop.clock.advance(wait);
        shop.business.may_estimate(&shop.app, phone).unwrap();
    })
    .await;
}
