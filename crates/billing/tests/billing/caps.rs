//! Caps are exact, whoever asks at the same time; alerts and top-ups come once.

use crate::*;
use plaza_billing::alerts::{self, Watch};
use plaza_billing::caps::{self, CapAction, CapStatus, NewCap, Period, Scope};
use plaza_protocol::{Actor, AppId};

const GERMANY: &str = "+4915112345678";

impl World {
    fn as_business(&self) -> Self {
        let actor = Actor::App { app: AppId(1), portfolio: TULIP };
        Self { ctx: self.ctx.acting_as(actor), ..self.clone() }
    }

    async fn cap(
        &self,
        (scope, subject): (Scope, &str),
        period: Period,
        limit: Micros,
        action: CapAction,
    ) -> Result<CapStatus, BillingError> {
        let new = NewCap { scope, subject: subject.to_owned(), period, limit, action };
        self.with(async move |ctx: &Ctx, tx: &mut Tx| caps::set_cap(ctx, tx, TULIP, &new).await).await
    }

    async fn status(&self, cap: uuid::Uuid) -> CapStatus {
        let all =
            self.with(async |ctx: &Ctx, tx: &mut Tx| caps::statuses(ctx, tx, TULIP).await).await.unwrap();
        all.into_iter().find(|status| status.cap.cap_id == cap).unwrap()
    }

    async fn spent(&self, cap: uuid::Uuid) -> Micros {
        self.status(cap).await.spent
    }

    /// The hundredths that were told of a cap, and how often the balance was.
    async fn told(&self) -> (Vec<i64>, usize) {
        let mut all = self
            .with(async |ctx: &Ctx, tx: &mut Tx| alerts::alerts(ctx, tx, TULIP, 100).await)
            .await
            .unwrap();
        all.sort_by_key(|alert| (alert.at, alert.details["percent"].as_i64()));
        let percents = all.iter().filter_map(|alert| alert.details["percent"].as_i64()).collect();
        (percents, all.iter().filter(|alert| alert.kind == "low_balance").count())
    }

    fn spring(&self) -> Intent {
        let message = self.message(Category::Marketing, GERMANY, self.ctx.now());
        Intent { campaign: Some("spring".into()), ..message }
    }

    async fn send(&self, n: usize) -> (Vec<Intent>, usize) {
        let messages: Vec<_> = (0..n).map(|_| self.spring()).collect();
        let accepted = self.hold(&messages).await.iter().filter(|answer| answer.is_ok()).count();
        (messages, accepted)
    }
}

async fn price(world: &World) -> Micros {
    let message = world.spring();
    let held = world.hold(std::slice::from_ref(&message)).await[0].clone().unwrap().held;
    world.fail(vec![message.message_id]).await;
    held
}

fn times(amount: Micros, n: i64) -> Micros {
    Micros(amount.0 * n)
}

#[tokio::test]
async fn each_scope_blocks_what_goes_beyond_and_counts_down_what_fails() {
    each_world(async |world| {
        let price = price(&world).await;
        let (waba, phone) = ("200", PHONE.to_string());
        for (scope, subject) in [
            (Scope::Portfolio, ""),
            (Scope::Account, waba),
            (Scope::Number, phone.as_str()),
            (Scope::Campaign, "spring"),
        ] {
            let cap =
                world.cap((scope, subject), Period::Day, times(price, 3), CapAction::Block).await.unwrap();
            let (messages, accepted) = world.send(5).await;
            assert_eq!(accepted, 3, "{scope:?}");
            let Err(Refused::CapReached { cap: named, spent, needed }) =
                &world.hold(&[world.spring()]).await[0]
            else {
                panic!("no cap")
            };
            assert_eq!((named.cap_id, *spent, *needed), (cap.cap.cap_id, times(price, 3), price));
            let now = world.ctx.now();
            world.deliver(vec![(messages[0].message_id, now)]).await;
            assert_eq!(world.spent(cap.cap.cap_id).await, times(price, 3), "held or charged, it counts");
            world.fail(vec![messages[1].message_id, messages[2].message_id]).await;
            assert_eq!(world.spent(cap.cap.cap_id).await, price);
            // What no cap covers goes out.
            let id = cap.cap.cap_id;
            world
                .with(async move |ctx: &Ctx, tx: &mut Tx| caps::remove_cap(ctx, tx, TULIP, id).await)
                .await
                .unwrap();
            world.clock.advance(DAY);
        }
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn days_and_months_begin_in_the_time_zone_of_the_portfolio() {
    each_world(async |world| {
        let portfolio = PortfolioId(150);
        world.open(portfolio, Currency::USD, "Asia/Kolkata").await;
        world.top_up(portfolio, "10", "start").await.unwrap();
        let price = price(&world).await;
        let (day, month) = (
            NewCap {
                scope: Scope::Portfolio,
                subject: String::new(),
                period: Period::Day,
                limit: price,
                action: CapAction::Block,
            },
            NewCap {
                scope: Scope::Portfolio,
                subject: String::new(),
                period: Period::Month,
                limit: times(price, 2),
                action: CapAction::Block,
            },
        );
        world
            .with(async move |ctx: &Ctx, tx: &mut Tx| {
                caps::set_cap(ctx, tx, portfolio, &day).await?;
                caps::set_cap(ctx, tx, portfolio, &month).await
            })
            .await
            .unwrap();
        let mut answers = Vec::new();
        // Midnight in Kolkata is 18:30 UTC; the month ends there on the 30th.
        for time in [
            "2026-11-28T18:29:00Z",
            "2026-11-28T18:29:59Z",
            "2026-11-28T18:30:00Z",
            "2026-11-29T18:30:00Z",
            "2026-11-30T18:29:59Z",
            "2026-11-30T18:30:00Z",
        ] {
            world.clock.set(at(time));
            let message = Intent { portfolio_id: portfolio, ..world.spring() };
            answers.push(world.hold(&[message]).await[0].is_ok());
        }
        assert_eq!(answers, [true, false, true, false, false, true]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_cap_is_full_when_the_next_message_does_not_fit() {
    each_world(async |world| {
        let price = price(&world).await;
        let limit = |tenths: i64| Micros(price.0 * tenths / 10);
        let whole = (Scope::Portfolio, "");
        let cap = world.cap(whole, Period::Day, limit(25), CapAction::Block).await.unwrap();
        assert!(!cap.is_full);
        world.send(1).await;
        assert!(!world.status(cap.cap.cap_id).await.is_full, "one more fits");
        let (messages, _) = world.send(1).await;
        let full = world.status(cap.cap.cap_id).await;
        assert!(full.is_full && full.spent < full.cap.limit && full.reached_at.is_none());
        assert_eq!(world.send(1).await.1, 0);
        world.fail(vec![messages[0].message_id]).await;
        assert!(!world.status(cap.cap.cap_id).await.is_full, "there is room again");

        let message = world.spring();
        world.send_and_deliver(message, world.ctx.now()).await;
        assert!(world.status(cap.cap.cap_id).await.is_full);
        // A cap that was changed has told nothing yet: what was delivered says what a message costs.
        assert!(world.cap(whole, Period::Day, limit(28), CapAction::Block).await.unwrap().is_full);
        assert_eq!(world.send(1).await.1, 0);
        assert!(!world.cap(whole, Period::Day, limit(30), CapAction::Block).await.unwrap().is_full);
        assert_eq!(world.send(1).await.1, 1);
        assert!(!world.cap(whole, Period::Day, limit(38), CapAction::Alert).await.unwrap().is_full);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn alerts_come_once_at_half_at_four_fifths_and_when_it_is_full() {
    each_world(async |world| {
        let price = price(&world).await;
        world.cap((Scope::Portfolio, ""), Period::Month, times(price, 10), CapAction::Alert).await.unwrap();
        let mut told = Vec::new();
        for n in [4, 1, 2, 1, 1, 1, 3] {
            let (messages, accepted) = world.send(n).await;
            assert_eq!(accepted, n, "an alert lets everything through");
            told.push(world.told().await.0.len());
            // Down and up again: nothing is told twice.
            world.fail(vec![messages[0].message_id]).await;
            world.hold(&[world.spring()]).await;
        }
        assert_eq!(told, [0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(world.told().await.0, [50, 80, 100]);
        world.clock.advance(DAY * 30);
        world.send(5).await;
        assert_eq!(world.told().await.0, [50, 80, 100, 50], "another month");
        let untold =
            world.with(async |ctx: &Ctx, tx: &mut Tx| alerts::take_untold(ctx, tx).await).await.unwrap();
        assert_eq!(untold.len(), 4);
        let untold =
            world.with(async |ctx: &Ctx, tx: &mut Tx| alerts::take_untold(ctx, tx).await).await.unwrap();
        assert!(untold.is_empty());
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_blocking_cap_is_told_as_full_when_the_next_message_does_not_fit() {
    each_world(async |world| {
        let price = price(&world).await;
        let limit = Micros(price.0 * 5 / 2);
        world.cap((Scope::Portfolio, ""), Period::Day, limit, CapAction::Block).await.unwrap();
        assert_eq!(world.send(1).await.1, 1);
        assert_eq!(world.told().await.0, Vec::<i64>::new());
        assert_eq!(world.send(3).await.1, 1);
        assert_eq!(world.told().await.0, [50, 80, 100]);
    })
    .await;
}

#[tokio::test]
async fn many_callers_at_once_never_go_beyond_a_cap() {
    each_world(async |world| {
        let price = price(&world).await;
        let cap = world
            .cap((Scope::Campaign, "spring"), Period::Day, times(price, 7), CapAction::Block)
            .await
            .unwrap();
        let mut callers = Vec::new();
        for n in 0..20 {
            let world = world.clone();
            callers.push(tokio::spawn(async move {
                let (messages, accepted) = world.send(2).await;
                // Some fail at once: their room is used again or not, but never twice.
                if n % 5 == 0 && accepted == 2 {
                    world.fail(vec![messages[0].message_id]).await;
                }
            }));
        }
        for caller in callers {
            caller.await.unwrap();
        }
        while world.send(1).await.1 == 1 {}
        assert_eq!(world.spent(cap.cap.cap_id).await, times(price, 7));
        assert_eq!(world.funds(TULIP).await.held, times(price, 7));
        assert_eq!(world.told().await.0, [50, 80, 100]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_business_sets_its_own_caps_and_leaves_the_operators_alone() {
    each_world(async |world| {
        let own = world.as_business();
        let whole = (Scope::Portfolio, "");
        let theirs = world.cap(whole, Period::Day, micros("5"), CapAction::Block).await.unwrap().cap;
        let mine = own.cap(whole, Period::Day, micros("50"), CapAction::Block).await.unwrap().cap;
        assert_ne!(theirs.cap_id, mine.cap_id, "its own stands beside it");
        let again = own.cap(whole, Period::Day, micros("40"), CapAction::Alert).await.unwrap().cap;
        assert_eq!(again.cap_id, mine.cap_id);
        let remove = async |id| {
            own.with(async move |ctx: &Ctx, tx: &mut Tx| caps::remove_cap(ctx, tx, TULIP, id).await).await
        };
        assert!(matches!(remove(theirs.cap_id).await, Err(BillingError::OperatorsCap)));
        remove(mine.cap_id).await.unwrap();
        assert!(matches!(remove(mine.cap_id).await, Err(BillingError::UnknownCap)));
        let other = Actor::App { app: AppId(2), portfolio: PortfolioId(999) };
        let stranger = World { ctx: world.ctx.acting_as(other), ..world.clone() };
        assert!(matches!(
            stranger.cap(whole, Period::Day, micros("1"), CapAction::Block).await,
            Err(BillingError::UnknownPortfolio(TULIP))
        ));
        for (scope, subject) in
            [(Scope::Portfolio, "x"), (Scope::Number, ""), (Scope::Account, "a"), (Scope::Campaign, "")]
        {
            let refused = own.cap((scope, subject), Period::Day, micros("1"), CapAction::Block).await;
            assert!(matches!(refused, Err(BillingError::BadSubject)), "{scope:?}");
        }
        let below = own.cap(whole, Period::Day, Micros(-1), CapAction::Block).await;
        assert!(matches!(below, Err(BillingError::BadLimit)));
    })
    .await;
}

#[tokio::test]
async fn a_low_balance_is_told_and_a_top_up_asked_for_once_for_each_crossing() {
    each_world(async |world| {
        let price = price(&world).await;
        let threshold = Micros(micros("1000").0 - price.0 * 3 / 2);
        let watch = Watch {
            mail_to: Some("till@tulip.example".to_owned()),
            threshold: Some(threshold),
            top_up: Some(micros("100")),
        };
        world
            .with(async move |ctx: &Ctx, tx: &mut Tx| alerts::set_watch(ctx, tx, TULIP, &watch).await)
            .await
            .unwrap();
        let requests = async || {
            world
                .with(async |ctx: &Ctx, tx: &mut Tx| alerts::open_top_ups(ctx, tx, None, 10).await)
                .await
                .unwrap()
        };
        assert!(requests().await.is_empty());
        let (first, _) = world.send(2).await;
        assert_eq!(world.told().await.1, 1);
        // It hovers about the threshold: one crossing.
        for _ in 0..3 {
            world.fail(vec![first[0].message_id]).await;
            world.send(1).await;
        }
        let open = requests().await;
        assert_eq!((world.told().await.1, open.len()), (1, 1));
        assert_eq!((open[0].amount, open[0].idempotency_key.as_str()), (micros("100"), "low-balance:100:1"));
        let id = open[0].request_id;
        let paid = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::top_up(ctx, tx, TULIP, micros("100"), "low-balance:100:1").await?;
            Ok((alerts::end_top_up(ctx, tx, id, true).await?, alerts::end_top_up(ctx, tx, id, true).await?))
        };
        assert_eq!(world.with(paid).await.unwrap(), (true, false));
        assert!(requests().await.is_empty());
        // Spent again: the second crossing has a key of its own.
        let n = usize::try_from(micros("100").0 / price.0).unwrap();
        world.send(n + 2).await;
        assert_eq!(world.told().await.1, 2);
        assert_eq!(requests().await[0].idempotency_key, "low-balance:100:2");
        let mails = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::mail::take_due(ctx, tx, 10).await;
        let mails = world.with(mails).await.unwrap();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].mail.to, "till@tulip.example");
        assert!(mails[0].mail.body_text.contains("A top-up of 100.00 USD was asked for."), "{:?}", mails[0]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn wrong_thresholds_and_addresses_are_refused() {
    each_world(async |world| {
        let set = async |mail: Option<&str>, threshold: Option<i64>, top_up: Option<i64>| {
            let watch = Watch {
                mail_to: mail.map(str::to_owned),
                threshold: threshold.map(Micros),
                top_up: top_up.map(Micros),
            };
            world
                .with(async move |ctx: &Ctx, tx: &mut Tx| alerts::set_watch(ctx, tx, TULIP, &watch).await)
                .await
        };
        for address in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@b\r\nBcc: c"] {
            assert!(
                matches!(set(Some(address), None, None).await, Err(BillingError::BadAddress)),
                "{address:?}"
            );
        }
        assert!(matches!(set(None, Some(0), None).await, Err(BillingError::BadAmount)));
        assert!(matches!(set(None, Some(5), Some(-5)).await, Err(BillingError::BadAmount)));
        assert!(matches!(set(None, None, Some(5)).await, Err(BillingError::NoThreshold)));
        set(Some("a@b.example"), Some(5), Some(5)).await.unwrap();
        set(None, None, None).await.unwrap();
    })
    .await;
}
