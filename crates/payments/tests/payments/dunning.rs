//! Who does not pay.

use super::*;
use plaza_billing::standing::{Standing, standing};
use plaza_payments::dunning::{self, Overdue, Step, StepAction};
use plaza_protocol::Timestamp;

impl World {
    async fn dun(&self, since: Option<Timestamp>) -> (Standing, Vec<StepAction>) {
        let overdue: Vec<Overdue> =
            since.into_iter().map(|since| Overdue { portfolio_id: TULIP, since }).collect();
        let step = async move |ctx: &Ctx, tx: &mut Tx| {
            let notices = dunning::step(ctx, tx, &overdue).await?;
            Ok::<_, PaymentError>((standing(ctx, tx, TULIP).await?, notices))
        };
        let (standing, notices) = self.db.transact(&self.ctx, "test.dun", step).await.unwrap();
        (standing, notices.iter().map(|notice| notice.step.action).collect())
    }

    async fn set_steps(&self, steps: Vec<(i64, StepAction)>) -> Result<Vec<Step>, PaymentError> {
        let steps: Vec<Step> =
            steps.into_iter().map(|(after_days, action)| Step { after_days, action }).collect();
        let set = async move |ctx: &Ctx, tx: &mut Tx| dunning::set_steps(ctx, tx, &steps).await;
        self.db.transact(&self.ctx, "test.steps", set).await
    }
}

#[tokio::test]
async fn steps_come_once_in_their_time_and_end_with_the_payment() {
    use StepAction::{Mail, Suspend, Throttle, Webhook};
    each_world(async |world| {
        let since = world.ctx.now();
        assert_eq!(world.dun(None).await, (Standing::Good, vec![]));
        assert_eq!(world.dun(Some(since)).await, (Standing::Late, vec![]));
        for (days, standing, actions) in [
            (1, Standing::Late, vec![Mail]),
            (0, Standing::Late, vec![]),
            (6, Standing::Late, vec![Webhook]),
            (7, Standing::Throttled, vec![Throttle]),
            (16, Standing::Suspended, vec![Suspend]),
            (1, Standing::Suspended, vec![]),
        ] {
            world.clock.advance(days * DAY);
            assert_eq!(world.dun(Some(since)).await, (standing, actions));
        }
        assert_eq!(world.dun(None).await, (Standing::Good, vec![]), "it has paid");
        let again = world.ctx.now();
        world.clock.advance(8 * DAY);
        assert_eq!(
            world.dun(Some(again)).await,
            (Standing::Late, vec![Mail, Webhook]),
            "another debt begins anew"
        );
    })
    .await;
}

#[tokio::test]
async fn the_steps_are_the_operators() {
    use StepAction::{Mail, Suspend};
    each_world(async |world| {
        assert_eq!(world.set_steps(vec![(0, Mail), (2, Suspend)]).await.unwrap().len(), 2);
        let since = world.ctx.now();
        assert_eq!(world.dun(Some(since)).await, (Standing::Late, vec![Mail]));
        world.clock.advance(2 * DAY);
        assert_eq!(world.dun(Some(since)).await, (Standing::Suspended, vec![Suspend]));
        for bad in [
            vec![(2, Mail), (2, Suspend)],
            vec![(3, Mail), (2, Suspend)],
            vec![(-1, Mail)],
            vec![(366, Mail)],
        ] {
            assert!(world.set_steps(bad).await.is_err());
        }
        let many = (0..21).map(|day| (day, Mail)).collect();
        assert!(world.set_steps(many).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn who_is_held_is_left_alone_until_the_day() {
    use StepAction::{Mail, Suspend, Throttle, Webhook};
    each_world(async |world| {
        let since = world.ctx.now();
        world.clock.advance(31 * DAY);
        assert_eq!(
            world.dun(Some(since)).await,
            (Standing::Suspended, vec![Mail, Webhook, Throttle, Suspend])
        );
        let hold = async |days: u32, reason: &str| {
            let until = world.ctx.now() + days * DAY;
            let wanted = dunning::Hold { portfolio_id: TULIP, until, reason: reason.to_owned() };
            let hold = async move |ctx: &Ctx, tx: &mut Tx| dunning::hold(ctx, tx, &wanted).await;
            world.db.transact(&world.ctx, "test.hold", hold).await
        };
        for (days, reason) in [(0, "why"), (366, "why"), (7, " ")] {
            assert!(hold(days, reason).await.is_err(), "{days} {reason}");
        }
        hold(7, "They pay on Monday").await.unwrap();
        let look = async |ctx: &Ctx, tx: &mut Tx| standing(ctx, tx, TULIP).await;
        let now = world.db.read(&world.ctx, "test.standing", look).await.unwrap();
        assert_eq!(now, Standing::Late, "it sends again at once");
        world.clock.advance(6 * DAY);
        assert_eq!(world.dun(Some(since)).await, (Standing::Late, vec![]));
        let holds = async |ctx: &Ctx, tx: &mut Tx| dunning::holds(ctx, tx).await;
        let found = world.db.read(&world.ctx, "test.holds", holds).await.unwrap();
        assert_eq!(found.iter().map(|hold| hold.reason.as_str()).collect::<Vec<_>>(), ["They pay on Monday"]);
        world.clock.advance(DAY);
        assert_eq!(world.dun(Some(since)).await, (Standing::Suspended, vec![]), "told once, taken again");
        hold(7, "Once more").await.unwrap();
        let release = async |ctx: &Ctx, tx: &mut Tx| dunning::release(ctx, tx, TULIP).await;
        world.db.transact(&world.ctx, "test.release", release).await.unwrap();
        assert_eq!(world.dun(Some(since)).await.0, Standing::Suspended);
    })
    .await;
}
