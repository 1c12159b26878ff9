//! What the hosted device does for the groups that its number manages. Who is in a group was decided before; here the
//! MLS group follows, in the same transaction.

use super::{Gateway, GatewayError, as_device};
use plaza_business::groups::{GroupTask, GroupWork};
use plaza_db::Tx;
use plaza_messaging::delivery::Delivery;
use plaza_messaging::{conversations, groups};
use plaza_protocol::{Ctx, MessageId};

impl Gateway {
    /// Does a piece of work for a group.
    pub(crate) async fn work_for_group(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        delivery: &Delivery,
        work: &GroupWork,
    ) -> Result<(), GatewayError> {
        self.require_key()?;
        let own = self.device(tx, work.number.account_id).await?;
        let (ctx, conversation) = (&as_device(ctx, own), work.conversation);
        match &work.task {
            GroupTask::Open => {
                let hosted = self.state.take(tx, own.device, conversation).await?;
                let request = hosted.create(ctx, conversation, vec![own.account], &[])?;
                conversations::open_group(ctx, tx, &request).await?;
                hosted.accepted(conversation)?;
                self.state.put(ctx, tx, conversation, hosted).await
            }
            GroupTask::Follow => self.update_devices(ctx, tx, own, conversation).await,
            GroupTask::Tell(content) => {
                let message_id: MessageId = ctx.ordered_id();
                let place = (conversation, true);
                self.say(ctx, tx, delivery, own, place, (message_id, content)).await?;
                Ok(())
            }
            GroupTask::Close => {
                self.update_devices(ctx, tx, own, conversation).await?;
                groups::forget(tx, conversation).await?;
                self.state.forget(tx, own.device, conversation).await
            }
        }
    }
}
