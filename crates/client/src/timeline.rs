//! # The timeline
//!
//! What was said in a conversation, in the order of the server's numbers (`gseq`), the same for all members; what has
//! no number yet stands at the end in the order of writing. An item's **order** is its number times 256; between two
//! numbers stand notices of this device.
//!
//! Items are written by the machine and read here, in pages, straight from the store. Ticks are not stored with an
//! item: they follow from how far each account has come.

use crate::rows::{self, RowError};
use crate::store::{Scan, Store};
use crate::view::{ItemView, REVOKED, ReactionView, Ticks, kind_and_text};
use plaza_protocol::content::{Body as Said, Content, Text};
use plaza_protocol::{AccountId, ConversationId, MessageId, Timestamp};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// Orders from here on have no number yet.
pub(crate) const WAITING: u64 = 1 << 63;
/// Orders between two numbers.
const STEP: u64 = 256;

/// The order of a number.
pub(crate) fn order_of(gseq: u64) -> u64 {
    gseq.saturating_mul(STEP).min(WAITING - STEP)
}

/// The order of a notice behind a number.
pub(crate) fn order_of_notice(gseq: u64, notice: u8) -> u64 {
    order_of(gseq).saturating_add(u64::from(notice))
}

/// Something that this device has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// An account has another identity key.
    IdentityChanged(AccountId),
    /// This device had to join anew; something may be missing.
    Rejoined,
    /// A message that this device cannot read.
    Unreadable,
    /// Somebody came into the group.
    Joined(AccountId),
    /// Somebody is in the group no more.
    Left(AccountId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    Content(ByteBuf),
    Notice(Notice),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    Waiting,
    Sent,
    Failed(String),
}

/// What the author of a message has made of it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Amendment {
    /// It says something else.
    Text(String),
    /// It was taken back.
    Revoked,
}

/// An item as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: MessageId,
    pub(crate) author: AccountId,
    pub(crate) at: Timestamp,
    pub(crate) gseq: u64,
    pub(crate) progress: Progress,
    pub(crate) body: Body,
}

/// How far an account has come in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose.
    pub account: AccountId,
    /// One of its devices has stored everything up to this number.
    pub delivered_up_to: u64,
    /// Its person has seen everything up to this number.
    pub read_up_to: u64,
}

/// The ticks of a message of one's own: what holds for **all** others.
pub(crate) fn ticks(progress: &Progress, gseq: u64, others: &[AccountId], receipts: &[Receipt]) -> Ticks {
    let all = |reached: &dyn Fn(&Receipt) -> bool| {
        !others.is_empty()
            && others
                .iter()
                .all(|other| receipts.iter().any(|receipt| receipt.account == *other && reached(receipt)))
    };
    match progress {
        Progress::Waiting => Ticks::Waiting,
        Progress::Failed(_) => Ticks::Failed,
        Progress::Sent if all(&|receipt| receipt.read_up_to >= gseq) => Ticks::Read,
        Progress::Sent if all(&|receipt| receipt.delivered_up_to.max(receipt.read_up_to) >= gseq) => {
            Ticks::Delivered
        }
        Progress::Sent => Ticks::Sent,
    }
}

/// What a page of a timeline is made with besides the rows; [`crate::Machine::lens`] gives it.
#[derive(Debug, Clone)]
pub struct Lens {
    pub(crate) me: AccountId,
    pub(crate) names: BTreeMap<AccountId, String>,
    pub(crate) others: Vec<AccountId>,
    pub(crate) receipts: Vec<Receipt>,
}

impl Lens {
    /// A name for the beginning of a sentence.
    fn who(&self, account: AccountId) -> &str {
        Some(self.name(account)).filter(|name| !name.is_empty()).unwrap_or("Somebody")
    }

    fn name(&self, account: AccountId) -> &str {
        self.names.get(&account).map(String::as_str).unwrap_or_default()
    }
}

/// Items, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The items.
    pub items: Vec<ItemView>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The store.
    #[error("storage")]
    Store(#[source] E),
    /// A row.
    #[error("a stored row could not be read")]
    Row(#[from] RowError),
}

/// Reads the newest items, or those before an item.
pub async fn page<S: Store>(
    store: &S,
    lens: &Lens,
    conversation: ConversationId,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Page, ReadError<S::Error>> {
    let after = match before {
        Some(before) => {
            let order = store.get(&rows::order(conversation, before)).await.map_err(ReadError::Store)?;
            order.map(|order| [rows::timeline(conversation), order].concat())
        }
        None => None,
    };
    let scan = Scan { after, ..Scan::last(&rows::timeline(conversation), limit.saturating_add(1)) };
    let mut rows = store.scan(scan).await.map_err(ReadError::Store)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.reverse();
    Ok(Page { items: views(store, lens, conversation, &rows).await?, more })
}

/// Reads the items between two orders, both included: what an event said has changed. At most `limit`, the newest.
pub async fn between<S: Store>(
    store: &S,
    lens: &Lens,
    conversation: ConversationId,
    (from, to): (u64, u64),
    limit: usize,
) -> Result<Vec<ItemView>, ReadError<S::Error>> {
    let after = to.checked_add(1).map(|end| rows::item(conversation, end));
    let scan = Scan { after, ..Scan::last(&rows::timeline(conversation), limit) };
    let first = rows::item(conversation, from);
    let mut rows = store.scan(scan).await.map_err(ReadError::Store)?;
    rows.retain(|(key, _)| *key >= first);
    rows.reverse();
    views(store, lens, conversation, &rows).await
}

/// Reads one item; `None` if it is not there.
pub async fn one<S: Store>(
    store: &S,
    lens: &Lens,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<ItemView>, ReadError<S::Error>> {
    let Some(order) = store.get(&rows::order(conversation, message)).await.map_err(ReadError::Store)? else {
        return Ok(None);
    };
    let key = [rows::timeline(conversation), order].concat();
    let Some(value) = store.get(&key).await.map_err(ReadError::Store)? else { return Ok(None) };
    Ok(views(store, lens, conversation, &[(key, value)]).await?.pop())
}

/// What a message says, for whoever answers it; `None` if it is not there or not a message.
pub async fn said<S: Store>(
    store: &S,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<Content>, ReadError<S::Error>> {
    let Some(order) = store.get(&rows::order(conversation, message)).await.map_err(ReadError::Store)? else {
        return Ok(None);
    };
    let key = [rows::timeline(conversation), order].concat();
    let Some(value) = store.get(&key).await.map_err(ReadError::Store)? else { return Ok(None) };
    let item: Item = rows::decode(&value)?;
    Ok(match item.body {
        Body::Content(bytes) => Content::decode(bytes.as_slice()).ok(),
        Body::Notice(_) => None,
    })
}

async fn views<S: Store>(
    store: &S,
    lens: &Lens,
    conversation: ConversationId,
    rows: &[(Vec<u8>, Vec<u8>)],
) -> Result<Vec<ItemView>, ReadError<S::Error>> {
    let mut items = Vec::with_capacity(rows.len());
    for (_, value) in rows {
        let item: Item = rows::decode(value)?;
        let prefix = rows::reactions(conversation, item.id);
        let reactions = store.scan(Scan::all(&prefix)).await.map_err(ReadError::Store)?;
        let reactions = reactions
            .iter()
            .map(|(key, emoji)| ReactionView {
                emoji: String::from_utf8_lossy(emoji).into_owned(),
                mine: key.ends_with(lens.me.as_bytes()),
            })
            .collect();
        let amended = rows::amendment(conversation, item.id, item.author);
        let amended = store.get(&amended).await.map_err(ReadError::Store)?;
        let amended = amended.map(|bytes| rows::decode(&bytes)).transpose()?;
        items.push(view(lens, item, amended, reactions));
    }
    Ok(items)
}

fn view(lens: &Lens, item: Item, amended: Option<Amendment>, reactions: Vec<ReactionView>) -> ItemView {
    let mut content = match &item.body {
        Body::Content(bytes) => match Content::decode(bytes.as_slice()).unwrap_or_default() {
            // Told by the manager, but about the group: it stands between the messages.
            Content { body: Some(change @ Said::GroupChange(_)), .. } => {
                return ItemView::notice(item.id, item.at, item.gseq, change.summary());
            }
            content => content,
        },
        Body::Notice(notice) => {
            let text = notice_text(lens, *notice);
            return ItemView::notice(item.id, item.at, item.gseq, text);
        }
    };
    let mine = item.author == lens.me;
    let is_edited = match &amended {
        Some(Amendment::Text(text)) => match &mut content.body {
            Some(Said::Text(said)) => {
                *said = Text { body: text.clone(), ..said.clone() };
                true
            }
            Some(Said::Media(media)) => {
                media.caption.clone_from(text);
                true
            }
            _ => false,
        },
        Some(Amendment::Revoked) => {
            content.body = None;
            false
        }
        None => false,
    };
    let (kind, text) = match amended {
        Some(Amendment::Revoked) => (REVOKED, "This message was deleted".to_owned()),
        _ => kind_and_text(&content),
    };
    let name = lens.name(item.author);
    ItemView {
        id: item.id.to_string(),
        kind,
        mine,
        author: if name.is_empty() { content.sender_name.clone() } else { name.to_owned() },
        at: item.at.milliseconds(),
        gseq: item.gseq,
        ticks: mine.then(|| ticks(&item.progress, item.gseq, &lens.others, &lens.receipts)),
        text,
        reply_to: MessageId::from_slice(&content.reply_to).ok().map(|id| id.to_string()),
        reactions,
        content: content.body,
        is_edited,
        error: match item.progress {
            Progress::Failed(error) => Some(error),
            _ => None,
        },
    }
}

fn notice_text(lens: &Lens, notice: Notice) -> String {
    match notice {
        Notice::IdentityChanged(account) => {
            format!("The safety number with {} has changed.", lens.name(account))
        }
        Notice::Joined(account) if account == lens.me => "You joined the group.".to_owned(),
        Notice::Joined(account) => format!("{} joined.", lens.who(account)),
        Notice::Left(account) if account == lens.me => "You are no longer in this group.".to_owned(),
        Notice::Left(account) => format!("{} is no longer in the group.", lens.who(account)),
        Notice::Rejoined => {
            "This device joined the conversation anew. Messages in between may be missing.".to_owned()
        }
        Notice::Unreadable => "A message could not be read on this device.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn ticks_are_what_holds_for_all_others() {
        let (ben, cem) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let receipt = |account, delivered_up_to, read_up_to| Receipt { account, delivered_up_to, read_up_to };
        let both = [ben, cem];
        let of = |receipts: &[Receipt]| ticks(&Progress::Sent, 5, &both, receipts);
        assert_eq!(of(&[]), Ticks::Sent);
        assert_eq!(of(&[receipt(ben, 9, 9)]), Ticks::Sent);
        assert_eq!(of(&[receipt(ben, 9, 9), receipt(cem, 5, 0)]), Ticks::Delivered);
        assert_eq!(of(&[receipt(ben, 0, 5), receipt(cem, 5, 5)]), Ticks::Read);
        assert_eq!(ticks(&Progress::Waiting, 0, &both, &[]), Ticks::Waiting);
        assert_eq!(ticks(&Progress::Sent, 5, &[], &[]), Ticks::Sent);
    }

    #[test]
    fn what_waits_stands_behind_everything() {
        assert!(order_of(u64::MAX) < WAITING);
        assert!(order_of_notice(7, 255) < order_of(8));
    }
}
