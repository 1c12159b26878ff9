//! Messages to people who did not write lately take places of the limits in [`crate::reach`] before their price is
//! held, and give them back if it cannot be.

use super::{Checked, NewSend, SendError, Sending, forget};
use crate::contacts::Contact;
use crate::flows::sending;
use crate::portfolios::BusinessNumber;
use crate::reach::{self, Approach};
use crate::{Business, calls};
use plaza_billing::Category;
use plaza_db::{DbError, Tx};
use plaza_protocol::{AccountId, BusinessMessageId, Ctx, PortfolioId};
use std::collections::BTreeSet;

impl NewSend {
    /// What it is to the limits on whom a business writes to first.
    fn approach<'a>(
        &self,
        number: &BusinessNumber,
        contact: &'a Contact,
        message: BusinessMessageId,
    ) -> Approach<'a> {
        Approach {
            portfolio: number.portfolio_id,
            account: contact.account,
            number: &contact.number,
            message,
            is_marketing: self.prepared.category == Some(Category::Marketing),
        }
    }
}

impl Business {
    /// Takes the places of those messages that reach somebody who did not write lately. Who has none is refused.
    pub(super) async fn approach_all(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        sends: &[Sending<'_>],
        checked: &mut [Result<Checked, SendError>],
    ) -> Result<(), SendError> {
        let mut asked = Vec::new();
        let mut approaches = Vec::new();
        for (at, one) in checked.iter().enumerate() {
            if let Ok(Checked { number, contact, message_id, new: Some(new) }) = one
                && new.is_approach
            {
                asked.push(at);
                approaches.push(new.approach(number, contact, *message_id));
            }
        }
        if approaches.is_empty() {
            return Ok(());
        }
        let answers = self.approach(ctx, tx, &approaches).await?;
        for (at, answer) in asked.into_iter().zip(answers) {
            let (Some(send), Some(one)) = (sends.get(at), checked.get_mut(at)) else { continue };
            let Ok(Checked { message_id, contact, new: Some(new), .. }) = one else { continue };
            match answer {
                Ok(approached) => new.approached = Some(approached),
                Err(refused) => {
                    undo(tx, send, contact, *message_id, new).await?;
                    *one = Err(refused.into());
                }
            }
        }
        Ok(())
    }
}

/// What was written for a message that is refused, but for its places.
async fn undo(
    tx: &mut Tx,
    send: &Sending<'_>,
    contact: &Contact,
    message_id: BusinessMessageId,
    new: &NewSend,
) -> Result<(), DbError> {
    forget(tx, send, message_id).await?;
    if new.prepared.flow.is_some() {
        sending::forget(tx, message_id).await?;
    }
    if new.asks_to_call {
        calls::permissions::forget(tx, send.phone, contact.account, message_id).await?;
    }
    Ok(())
}

/// A message that took its places, and cannot be paid.
pub(super) struct Unpaid<'a> {
    pub(super) send: &'a Sending<'a>,
    pub(super) number: BusinessNumber,
    pub(super) contact: Contact,
    pub(super) message_id: BusinessMessageId,
    pub(super) new: NewSend,
}

/// Nothing stays of messages that cannot be paid. Whom another message of the batch reaches, by `reached`, keeps the
/// place that the first one took.
pub(super) async fn undo_all(
    tx: &mut Tx,
    unpaid: &[Unpaid<'_>],
    reached: &BTreeSet<(PortfolioId, AccountId)>,
) -> Result<(), DbError> {
    for Unpaid { send, number, contact, message_id, new } in unpaid {
        undo(tx, send, contact, *message_id, new).await?;
        if let Some(approached) = new.approached {
            let approach = new.approach(number, contact, *message_id);
            let stays = reached.contains(&(approach.portfolio, approach.account));
            reach::give_back(tx, &approach, if stays { approached.without_place() } else { approached })
                .await?;
        }
    }
    Ok(())
}
