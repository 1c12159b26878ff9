use super::*;
use crate::testing::{ANA, Shop, text};
use plaza_db::testing::each_engine;
use plaza_protocol::{MessageId, Micros};
use std::time::Duration;

async fn look(shop: &Shop, filter: Filter, after: Option<Place>, limit: usize) -> Vec<Logged> {
    let portfolio = shop.created.business_id;
    let list = async move |ctx: &Ctx, tx: &mut Tx| list(ctx, tx, portfolio, &filter, after, limit).await;
    shop.db.read(&shop.app, "test", list).await.unwrap()
}

/// Ana writes, the shop answers twice, and the first answer arrives and is read.
async fn talk(shop: &Shop) -> (BusinessMessageId, BusinessMessageId) {
    shop.subscribe(&["messages"]).await;
    let question = shop.ana_writes("is there bread?").await;
    shop.clock.advance(Duration::from_secs(1));
    let answer = shop.send(text("yes")).await.unwrap().message_id;
    shop.clock.advance(Duration::from_secs(1));
    shop.send(text("and cake")).await.unwrap();
    shop.clock.advance(Duration::from_secs(1));
    let (business, at) = (shop.business.clone(), shop.system.now());
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        business.device_acknowledged(ctx, tx, &[(MessageId(answer.0), at)]).await
    };
    shop.db.transact(&shop.system, "test", read).await.unwrap();
    (BusinessMessageId(question.message_id.0), answer)
}

#[tokio::test]
async fn the_log_is_filtered_and_cut_into_pages() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros(5_000_000)).await;
        let (question, answer) = talk(&shop).await;
        let all = look(&shop, Filter::default(), None, 9).await;
        let states: Vec<_> = all.iter().map(|message| message.state.as_str()).collect();
        assert_eq!(states, ["sent", "delivered", "received"]);
        assert_eq!((all[1].message, all[2].message), (answer, question));
        assert_eq!(all[2].person.as_ref().map(|person| person.name.as_str()), Some("Ana"));
        let first = look(&shop, Filter::default(), None, 2).await;
        let rest = look(&shop, Filter::default(), first.last().map(Logged::place), 2).await;
        assert_eq!([first, rest].concat(), all);

        let (early, late) = (all[2].accepted_at, all[0].accepted_at);
        let any = Filter::default;
        for (filter, found) in [
            (Filter { state: Some(State::Received), ..any() }, 1),
            (Filter { state: Some(State::Sent), ..any() }, 1),
            (Filter { state: Some(State::Read), ..any() }, 0),
            (Filter { state: Some(State::Delivered), is_outgoing: Some(false), ..any() }, 0),
            (Filter { is_outgoing: Some(true), ..any() }, 2),
            (Filter { is_outgoing: Some(false), ..any() }, 1),
            (Filter { person: Some(ANA.parse().unwrap()), ..any() }, 3),
            (Filter { person: Some("+4915199999999".parse().unwrap()), ..any() }, 0),
            (Filter { phone: Some(shop.created.phone_number_id), ..any() }, 3),
            (Filter { phone: Some(PhoneNumberId(1)), ..any() }, 0),
            (Filter { category: Some("service".to_owned()), ..any() }, 2),
            (Filter { category: Some("marketing".to_owned()), ..any() }, 0),
            (Filter { since: Some(late), ..any() }, 1),
            (Filter { until: Some(late), ..any() }, 2),
            (Filter { until: Some(early), ..any() }, 0),
        ] {
            assert_eq!(look(&shop, filter.clone(), None, 9).await.len(), found, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_life_tells_each_step_and_who_heard_of_it() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros(5_000_000)).await;
        let (question, answer) = talk(&shop).await;
        let read = async |actor, message| {
            let life = async move |ctx: &Ctx, tx: &mut Tx| life(ctx, tx, message).await;
            shop.db.read(&shop.system.for_request(actor), "test", life).await
        };
        let (_, steps) = read(shop.app.actor(), answer).await.unwrap();
        let told: Vec<_> = steps.iter().map(|step| (step.state.as_str(), step.told.len())).collect();
        assert_eq!(told, [("sent", 1), ("delivered", 1)]);
        assert_eq!(steps[0].told[0].state, DeliveryState::Pending);
        let (asked, steps) = read(shop.app.actor(), question).await.unwrap();
        assert!(!asked.is_outgoing && steps.len() == 1 && steps[0].told.len() == 1, "{steps:?}");
        let rival = shop.rival().await;
        assert!(matches!(read(rival, answer).await, Err(ManageError::NotFound)));
    })
    .await;
}

#[test]
fn a_place_comes_back_and_nothing_else_is_one() {
    let place = Place { at: Timestamp(17), message: Uuid::max().into() };
    assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
    for text in ["", "17", "17.", "x.bmg_1", "17.msg_00000000000000000000000000000000"] {
        assert!(text.parse::<Place>().is_err(), "{text}");
    }
}
