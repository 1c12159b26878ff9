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
