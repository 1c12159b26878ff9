//! # Messages in groups
//!
//! What of a message is another thing where a group hears it: an outgoing one is written as a copy for each participant
//! ([`crate::groups::sending`]); one that comes in is told from the group, whose window it opens, and what it answers
//! is found by the copy of whoever answers.

use super::{Accepted, Inbound, Prepared, SendError, To, statuses, store};
use crate::contacts;
use crate::groups::{self, BusinessGroup, copy_of};
use crate::portfolios::BusinessNumber;
use crate::templates::render::SendTemplate;
use crate::wamid;
use plaza_db::{DbError, Tx};
use plaza_protocol::content::Content;
use plaza_protocol::{AccountId, BusinessMessageId, ConversationId, Ctx, GroupId, MessageId, Timestamp};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A copy of a message to a group.
pub(crate) struct NewCopy<'a> {
    pub(crate) message_id: BusinessMessageId,
    pub(crate) account: AccountId,
    pub(crate) category: Option<&'static str>,
    pub(crate) pricing: Option<&'a serde_json::Value>,
    pub(crate) callback_data: Option<String>,
    pub(crate) is_failed: bool,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Its row.
pub(crate) fn new_copy(
    number: &BusinessNumber,
    prepared: &Prepared,
    copy: NewCopy<'_>,
) -> Vec<plaza_db::Value> {
    let row = store::NewMessage {
        message_id: copy.message_id,
        account: copy.account,
        is_outgoing: true,
        kind: prepared.kind,
        template: prepared.template.as_ref().map(|template| template.template_id),
        category: copy.category,
        status: if copy.is_failed { statuses::Status::Failed } else { statuses::Status::Sent },
        pricing: copy.pricing.map(ToString::to_string),
        callback_data: copy.callback_data,
        at: copy.at,
        expires_at: copy.expires_at,
    };
    store::row(number, row)
}

/// The same, to a group.
pub(crate) fn accepted_in_group(
    number: BusinessNumber,
    group: &BusinessGroup,
    input: &str,
    message_id: BusinessMessageId,
    content: Option<Content>,
) -> Accepted {
    Accepted {
        message_id,
        wamid: wamid::format(message_id),
        input: input.to_owned(),
        to: To::Group { group_id: group.group_id, conversation: group.conversation },
        number,
        reach: None,
        content,
    }
}

/// Somebody wrote in a group, perhaps about an earlier message: their own copy of it, if the business had sent it, and
/// the digits of whoever had said it.
pub(super) async fn heard(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    group: GroupId,
    (inbound, answered): (&Inbound, Option<BusinessMessageId>),
) -> Result<(Option<store::Message>, Option<String>), DbError> {
    groups::person_wrote(ctx, tx, group, inbound.message_id).await?;
    let Some(answered) = answered else { return Ok((None, None)) };
    let Some(author) = author_in(tx, number, group, answered).await? else { return Ok((None, None)) };
    let copy = copy_of(MessageId(answered.0), inbound.account);
    let copy = store::message(tx, BusinessMessageId(copy.0)).await?;
    Ok((copy.filter(|copy| copy.is_outgoing), Some(author)))
}

/// Where a message was said, if in a group.
pub(super) async fn conversation_of(
    tx: &mut Tx,
    message: BusinessMessageId,
) -> Result<Option<ConversationId>, DbError> {
    match groups::store::copies(tx, &[message]).await?.pop().flatten() {
        Some((_, group)) => Ok(groups::store::get(tx, group).await?.map(|group| group.conversation)),
        None => Ok(None),
    }
}

/// The digits of whoever said a message in a group; `None`: it was not said there.
async fn author_in(
    tx: &mut Tx,
    number: &BusinessNumber,
    group: GroupId,
    message: BusinessMessageId,
) -> Result<Option<String>, DbError> {
    let Some(said) = groups::store::said(tx, message).await?.filter(|said| said.group == group) else {
        return Ok(None);
    };
    if said.is_outgoing {
        return Ok(Some(number.number.digits().to_owned()));
    }
    let author = contacts::by_accounts(tx, &[(number.portfolio_id, said.account)]).await?.pop().flatten();
    Ok(author.map(|author| author.number.digits().to_owned()))
}

/// The request with the invite links of the groups that it names.
pub(super) async fn invited<'a>(
    tx: &mut Tx,
    number: &BusinessNumber,
    request: &'a SendTemplate,
) -> Result<Cow<'a, SendTemplate>, SendError> {
    let named = request.groups();
    if named.is_empty() {
        return Ok(Cow::Borrowed(request));
    }
    let mut links = BTreeMap::new();
    for text in named {
        let unknown = || SendError::Invalid {
            member: "group_id".to_owned(),
            what: "it names no group of this phone number that has an invite link".to_owned(),
        };
        let id = groups::parse_id(text).ok_or_else(unknown)?;
        let here = groups::store::get(tx, id).await?;
        let here = here.filter(|here| here.phone_number_id == number.phone_number_id).ok_or_else(unknown)?;
        let group = plaza_messaging::groups::get(tx, here.conversation).await?.ok_or_else(unknown)?;
        links.insert(text.to_owned(), here.invite_link(&group).ok_or_else(unknown)?);
    }
    Ok(Cow::Owned(request.with_groups(&links)))
}
