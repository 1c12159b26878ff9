//! # The client protocol `plaza.v1`
//!
//! A client holds one WebSocket (`/v1/connect`, subprotocol [`SUBPROTOCOL`]); each binary message is one frame, a
//! protobuf [`ClientFrame`] or [`ServerFrame`].
//!
//! 1. The client says [`Hello`] with its device token; the server answers [`HelloOk`], or [`GoAway`] and closes.
//! 2. The server delivers the device's mailbox from its start ([`Deliver`], in the order of `seq`), then says
//!    [`Drained`]; from then on what arrives is live. The client acknowledges with [`Acknowledge`]: *everything up to
//!    this `seq` is stored here*. What is acknowledged is gone from the server; what is not comes again on the next
//!    connection, so a client keeps the last `seq` that it has stored and skips what it knows.
//! 3. [`Request`]s carry an id that the client chose; several may be in flight; a [`Response`] carries the same id. A
//!    response to a send, a commit or an upload means: durable.
//! 4. [`Ephemeral`] frames (typing, presence) are never stored. [`ReceiptUpdate`] is cumulative state, so a lost one is
//!    made good by the next, and by the ones sent before [`Drained`].
//!
//! A frame that cannot be read, or is of an unknown kind, closes the connection with [`GoAway`] and loses nothing.

use prost::{Message, Oneof};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "plaza.v1";

/// From a client.
#[derive(Clone, PartialEq, Message)]
pub struct ClientFrame {
    /// What it carries.
    #[prost(oneof = "client_frame::Body", tags = "1, 2, 3, 4, 5")]
    pub body: Option<client_frame::Body>,
}

/// The kinds of [`ClientFrame`].
pub mod client_frame {
    use super::*;
    #[derive(Clone, PartialEq, Oneof)]
    pub enum Body {
        #[prost(message, tag = "1")]
        Hello(Hello),
        #[prost(message, tag = "2")]
        Request(Request),
        #[prost(message, tag = "3")]
        Acknowledge(Acknowledge),
        #[prost(message, tag = "4")]
        Ephemeral(Ephemeral),
        #[prost(message, tag = "5")]
        Ping(Ping),
    }
}

/// From the server.
#[derive(Clone, PartialEq, Message)]
pub struct ServerFrame {
    /// What it carries.
    #[prost(oneof = "server_frame::Body", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9")]
    pub body: Option<server_frame::Body>,
}

/// The kinds of [`ServerFrame`].
pub mod server_frame {
    use super::*;
    #[derive(Clone, PartialEq, Oneof)]
    pub enum Body {
        #[prost(message, tag = "1")]
        HelloOk(HelloOk),
        #[prost(message, tag = "2")]
        Response(Response),
        #[prost(message, tag = "3")]
        Deliver(Deliver),
        #[prost(message, tag = "4")]
        Drained(Drained),
        #[prost(message, tag = "5")]
        Ephemeral(Ephemeral),
        #[prost(message, tag = "6")]
        Pong(Ping),
        #[prost(message, tag = "7")]
        GoAway(GoAway),
        #[prost(message, tag = "8")]
        Receipt(ReceiptUpdate),
        #[prost(message, tag = "9")]
        Entitlements(EntitlementsChanged),
    }
}

/// The first frame of a client.
#[derive(Clone, PartialEq, Message)]
pub struct Hello {
    /// The device token, as registration gave it.
    #[prost(string, tag = "1")]
    pub token: String,
    /// The last `seq` that the client has stored: acknowledged with this frame.
    #[prost(uint64, tag = "2")]
    pub resume_from: u64,
    /// The time of the newest [`ReceiptUpdate`] that the client has stored, microseconds; 0 for all.
    #[prost(int64, tag = "3")]
    pub receipts_since: i64,
}

/// The server knows the device.
#[derive(Clone, PartialEq, Message)]
pub struct HelloOk {
    /// The server's time, microseconds since 1970.
    #[prost(int64, tag = "1")]
    pub server_time: i64,
    /// One-time key packages of this device that the server still has.
    #[prost(uint32, tag = "2")]
    pub key_packages: u32,
    #[prost(bytes = "vec", tag = "3")]
    pub account_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub device_id: Vec<u8>,
    /// What helps the media of calls through firewalls.
    #[prost(message, repeated, tag = "5")]
    pub ice_servers: Vec<IceServer>,
}

/// A STUN or TURN server, as WebRTC wants it.
#[derive(Clone, PartialEq, Message, serde::Serialize)]
pub struct IceServer {
    /// As `stun:stun.example.org:3478`.
    #[prost(string, repeated, tag = "1")]
    pub urls: Vec<String>,
    /// Of a TURN server.
    #[prost(string, tag = "2")]
    pub username: String,
    #[prost(string, tag = "3")]
    pub credential: String,
}

/// Everything up to this `seq` is stored by the client.
#[derive(Clone, PartialEq, Message)]
pub struct Acknowledge {
    #[prost(uint64, tag = "1")]
    pub up_to: u64,
}

/// What the person has bought changed, here or on another device: ask `/v1/store` and `/v1/stickers` again. A hint, like
/// every push that is not stored: who was away asks anyway.
#[derive(Clone, PartialEq, Message)]
pub struct EntitlementsChanged {}

/// Is the other side there? Answered with the same number.
#[derive(Clone, PartialEq, Message)]
pub struct Ping {
    #[prost(uint64, tag = "1")]
    pub number: u64,
}

/// The mailbox is empty; what follows is live.
#[derive(Clone, PartialEq, Message)]
pub struct Drained {}

/// The server ends the connection.
#[derive(Clone, PartialEq, Message)]
pub struct GoAway {
    /// An [`crate::ErrorCode`].
    #[prost(string, tag = "1")]
    pub code: String,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// When to come back; 0: not with this token.
    #[prost(uint64, tag = "3")]
    pub retry_after_ms: u64,
}

/// One envelope of the device's mailbox.
#[derive(Clone, PartialEq, Message)]
pub struct Deliver {
    /// Its place in the mailbox. Rising, with gaps.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    #[prost(message, optional, tag = "2")]
    pub envelope: Option<Envelope>,
}

/// What an [`Envelope`] carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum EnvelopeKind {
    /// Never sent.
    Unknown = 0,
    /// An MLS PrivateMessage with a [`crate::content::Content`].
    Message = 1,
    /// An MLS PublicMessage: a commit that the server has put into the group's order.
    Commit = 2,
    /// An MLS Welcome for this device.
    Welcome = 3,
}

/// The encrypted copy for one device.
#[derive(Clone, PartialEq, Message)]
pub struct Envelope {
    #[prost(enumeration = "EnvelopeKind", tag = "1")]
    pub kind: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub conversation_id: Vec<u8>,
    /// Its place in the conversation, the same for all members. A commit has one too.
    #[prost(uint64, tag = "3")]
    pub gseq: u64,
    /// The epoch in which it was encrypted; of a commit: the epoch that it ends; of a welcome: the one that it opens.
    #[prost(uint64, tag = "4")]
    pub epoch: u64,
    #[prost(bytes = "vec", tag = "5")]
    pub sender_account: Vec<u8>,
    #[prost(bytes = "vec", tag = "6")]
    pub sender_device: Vec<u8>,
    /// The id that the sending client made.
    #[prost(bytes = "vec", tag = "7")]
    pub message_id: Vec<u8>,
    /// When the server stored it, microseconds.
    #[prost(int64, tag = "8")]
    pub sent_at: i64,
    #[prost(bytes = "vec", tag = "9")]
    pub body: Vec<u8>,
    /// Sent by the hosted device of a business: whoever hosts it has read it too.
    #[prost(bool, tag = "10")]
    pub is_hosted: bool,
    /// The conversation is a [`Group`]: said with a welcome, and with what a hosted device sends.
    #[prost(bool, tag = "11")]
    pub is_group: bool,
}

/// How far an account has come in a conversation. Cumulative: only rises.
#[derive(Clone, PartialEq, Message)]
pub struct ReceiptUpdate {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub account_id: Vec<u8>,
    /// One of its devices has stored everything up to this `gseq`.
    #[prost(uint64, tag = "3")]
    pub delivered_up_to: u64,
    /// Its person has seen everything up to this `gseq`.
    #[prost(uint64, tag = "4")]
    pub read_up_to: u64,
    /// When it last rose, microseconds.
    #[prost(int64, tag = "5")]
    pub at: i64,
}

/// The kinds of [`Ephemeral`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum EphemeralKind {
    /// Never sent.
    Unknown = 0,
    /// Is writing. Repeated every 5 s at most; ends by itself after 25 s.
    Typing = 1,
    /// Has stopped writing.
    TypingStopped = 2,
    /// From a client: I look at this conversation, tell me who is there. From the server: that account is connected.
    Online = 3,
    /// From a client: I look elsewhere. From the server: that account went.
    Offline = 4,
    /// From the server, of no conversation: what was told of that account has changed, ask again.
    AccountChanged = 5,
}

/// Something of the moment. Never stored; dropped first when there is too much.
#[derive(Clone, PartialEq, Message)]
pub struct Ephemeral {
    #[prost(enumeration = "EphemeralKind", tag = "1")]
    pub kind: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub conversation_id: Vec<u8>,
    /// Whose it is; filled by the server.
    #[prost(bytes = "vec", tag = "3")]
    pub account_id: Vec<u8>,
    /// The answer to another's [`EphemeralKind::Online`]; set by the server.
    #[prost(bool, tag = "4")]
    pub is_answer: bool,
}

/// A request of a client.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// Chosen by the client; the response carries it.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(oneof = "request::Body", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 30, 31, 32, 33")]
    pub body: Option<request::Body>,
}

/// The kinds of [`Request`].
pub mod request {
    use super::*;
    #[derive(Clone, PartialEq, Oneof)]
    pub enum Body {
        #[prost(message, tag = "2")]
        Send(Send),
        #[prost(message, tag = "3")]
        Commit(Commit),
        #[prost(message, tag = "4")]
        CreateConversation(CreateConversation),
        #[prost(message, tag = "5")]
        ReadUpTo(ReadUpTo),
        #[prost(message, tag = "6")]
        PublishKeyPackages(PublishKeyPackages),
        #[prost(message, tag = "7")]
        ClaimKeyPackages(ClaimKeyPackages),
        #[prost(message, tag = "8")]
        LookUpNumber(LookUpNumber),
        #[prost(message, tag = "9")]
        GetAccounts(GetAccounts),
        #[prost(message, tag = "10")]
        ListConversations(ListConversations),
        #[prost(message, tag = "11")]
        GetConversation(GetConversation),
        #[prost(message, tag = "12")]
        SetName(SetName),
        #[prost(message, tag = "30")]
        GetInvitation(GetInvitation),
        #[prost(message, tag = "31")]
        JoinGroup(JoinGroup),
        #[prost(message, tag = "32")]
        CancelJoin(CancelJoin),
        #[prost(message, tag = "33")]
        LeaveGroup(LeaveGroup),
    }
}

/// Stores an encrypted message for all other devices of the group. Answer: [`Sent`].
///
/// Errors: `stale_epoch`, `device_list_changed`, `not_found`, `too_large`. A repeat with the same `message_id` gets the
/// first answer.
#[derive(Clone, PartialEq, Message)]
pub struct Send {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    /// Made by the client, 16 random bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub message_id: Vec<u8>,
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
    /// An MLS PrivateMessage.
    #[prost(bytes = "vec", tag = "4")]
    pub ciphertext: Vec<u8>,
}

/// The answer to [`Send`] and [`Commit`].
#[derive(Clone, PartialEq, Message)]
pub struct Sent {
    #[prost(uint64, tag = "1")]
    pub gseq: u64,
    #[prost(int64, tag = "2")]
    pub sent_at: i64,
}

/// Moves a group to its next epoch. Answer: [`Sent`].
///
/// Errors: `epoch_conflict` (the error's `epoch` says which is current), `bad_mls`, `not_found`.
#[derive(Clone, PartialEq, Message)]
pub struct Commit {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    /// Made by the client: a repeat of the same commit gets the first answer.
    #[prost(bytes = "vec", tag = "2")]
    pub message_id: Vec<u8>,
    /// The epoch that the commit ends.
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
    /// An MLS PublicMessage; an external commit where a device joins by itself.
    #[prost(bytes = "vec", tag = "4")]
    pub commit: Vec<u8>,
    /// The GroupInfo of the new epoch, signed, with the ratchet tree and the external public key.
    #[prost(bytes = "vec", tag = "5")]
    pub group_info: Vec<u8>,
    /// One Welcome for all that the commit adds; empty if it adds nobody.
    #[prost(bytes = "vec", tag = "6")]
    pub welcome: Vec<u8>,
}

/// Opens a conversation with its group at epoch 1, all devices of all members in it. Answer: [`Created`].
///
/// Between two accounts there is one conversation: where it exists already, the answer names it, and the client drops
/// its own group and joins that one.
#[derive(Clone, PartialEq, Message)]
pub struct CreateConversation {
    /// Made by the client.
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    /// All members, the creator included.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub accounts: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "3")]
    pub group_info: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub welcome: Vec<u8>,
}

/// The answer to [`CreateConversation`].
#[derive(Clone, PartialEq, Message)]
pub struct Created {
    /// The conversation's id: another one than was asked for, if there was one.
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    #[prost(bool, tag = "2")]
    pub existed: bool,
}

/// The person has seen everything up to this `gseq`. Answer: [`Done`].
#[derive(Clone, PartialEq, Message)]
pub struct ReadUpTo {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub gseq: u64,
}

/// Brings new key packages. Answer: [`Done`]. One that was uploaded before is refused (`key_package_reused`).
#[derive(Clone, PartialEq, Message)]
pub struct PublishKeyPackages {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub key_packages: Vec<Vec<u8>>,
    /// Replaces the last-resort package; empty: keep the present one.
    #[prost(bytes = "vec", tag = "2")]
    pub last_resort: Vec<u8>,
}

/// Takes one key package of each device of an account, for one group. Answer: [`ClaimedKeyPackages`].
#[derive(Clone, PartialEq, Message)]
pub struct ClaimKeyPackages {
    #[prost(bytes = "vec", tag = "1")]
    pub account_id: Vec<u8>,
    /// Only of these devices; empty: of all (but never of the asking one).
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub device_ids: Vec<Vec<u8>>,
}

/// The answer to [`ClaimKeyPackages`].
#[derive(Clone, PartialEq, Message)]
pub struct ClaimedKeyPackages {
    #[prost(message, repeated, tag = "1")]
    pub packages: Vec<ClaimedKeyPackage>,
}

/// A key package; it is handed out once, unless it is the last resort.
#[derive(Clone, PartialEq, Message)]
pub struct ClaimedKeyPackage {
    #[prost(bytes = "vec", tag = "1")]
    pub device_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub key_package: Vec<u8>,
}

/// Who has this number? Answer: [`Account`], or `not_registered`. Budgeted per account.
#[derive(Clone, PartialEq, Message)]
pub struct LookUpNumber {
    #[prost(string, tag = "1")]
    pub number: String,
}

/// What may be known of accounts that share a conversation with the asker, or that it looked up. Answer: [`Accounts`].
#[derive(Clone, PartialEq, Message)]
pub struct GetAccounts {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub account_ids: Vec<Vec<u8>>,
}

/// The answer to [`GetAccounts`].
#[derive(Clone, PartialEq, Message)]
pub struct Accounts {
    #[prost(message, repeated, tag = "1")]
    pub accounts: Vec<Account>,
}

/// An account as others see it.
#[derive(Clone, PartialEq, Message)]
pub struct Account {
    #[prost(bytes = "vec", tag = "1")]
    pub account_id: Vec<u8>,
    /// E.164, with the plus.
    #[prost(string, tag = "2")]
    pub number: String,
    /// The name that the person or the business chose.
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(bool, tag = "4")]
    pub is_business: bool,
    /// Reviewed by the operator.
    #[prost(bool, tag = "5")]
    pub is_verified: bool,
    /// Who holds the keys of a hosted business device; empty: the account itself.
    #[prost(string, tag = "6")]
    pub hosted_by: String,
    /// Ed25519, 32 bytes.
    #[prost(bytes = "vec", tag = "7")]
    pub identity_key: Vec<u8>,
    /// Its present devices.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub device_ids: Vec<Vec<u8>>,
    /// Of a business, in the answer to [`GetAccounts`] only.
    #[prost(enumeration = "TakesCalls", tag = "9")]
    pub takes_calls: i32,
}

/// Whether a business takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum TakesCalls {
    /// What was told last stands.
    NotTold = 0,
    /// It takes none.
    No = 1,
    /// It does where it says so itself, by a button in a message.
    ByButton = 2,
    /// It does, and shows a button for it.
    Yes = 3,
}

/// All conversations of the asking account, a page at a time. Answer: [`Conversations`].
#[derive(Clone, PartialEq, Message)]
pub struct ListConversations {
    /// The last id of the page before; empty: from the start.
    #[prost(bytes = "vec", tag = "1")]
    pub after: Vec<u8>,
}

/// The answer to [`ListConversations`].
#[derive(Clone, PartialEq, Message)]
pub struct Conversations {
    #[prost(message, repeated, tag = "1")]
    pub conversations: Vec<Conversation>,
    #[prost(bool, tag = "2")]
    pub more: bool,
}

/// The present state of a conversation. Answer: [`Conversation`] with its `group_info`.
#[derive(Clone, PartialEq, Message)]
pub struct GetConversation {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
}

/// A conversation as its members see it.
#[derive(Clone, PartialEq, Message)]
pub struct Conversation {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<Account>,
    #[prost(uint64, tag = "3")]
    pub epoch: u64,
    #[prost(uint64, tag = "4")]
    pub gseq: u64,
    /// Of the current epoch, with the ratchet tree: enough to join from outside. Empty in lists.
    #[prost(bytes = "vec", tag = "5")]
    pub group_info: Vec<u8>,
    /// Whether the asking device is a leaf of the group.
    #[prost(bool, tag = "6")]
    pub joined: bool,
    /// Absent: a conversation of two.
    #[prost(message, optional, tag = "30")]
    pub group: Option<Group>,
}

/// A conversation of several that one account manages: only the manager lets people in and removes them.
#[derive(Clone, PartialEq, Message)]
pub struct Group {
    #[prost(string, tag = "1")]
    pub subject: String,
    #[prost(string, tag = "2")]
    pub description: String,
    /// The manager's account.
    #[prost(bytes = "vec", tag = "3")]
    pub manager_id: Vec<u8>,
    /// Whoever follows the link waits for the manager's word.
    #[prost(bool, tag = "4")]
    pub is_approval_required: bool,
    /// Where its picture lies, below the server's address; empty: it has none.
    #[prost(string, tag = "5")]
    pub picture: String,
}

/// What an invite link leads to. Answer: [`Invitation`], or `not_found`.
#[derive(Clone, PartialEq, Message)]
pub struct GetInvitation {
    /// The last part of the link.
    #[prost(string, tag = "1")]
    pub code: String,
}

/// A group, as somebody who has its link sees it.
#[derive(Clone, PartialEq, Message)]
pub struct Invitation {
    #[prost(message, optional, tag = "1")]
    pub group: Option<Group>,
    #[prost(message, optional, tag = "2")]
    pub manager: Option<Account>,
    #[prost(bytes = "vec", tag = "3")]
    pub conversation_id: Vec<u8>,
    /// People in it, without the manager.
    #[prost(uint32, tag = "4")]
    pub participants: u32,
    #[prost(uint32, tag = "5")]
    pub participants_max: u32,
    /// The asking account is in it.
    #[prost(bool, tag = "6")]
    pub is_member: bool,
    /// The asking account waits for the manager's word.
    #[prost(bool, tag = "7")]
    pub is_requested: bool,
}

/// Joins a group, or asks to be let in. Answer: [`JoinedGroup`].
///
/// The group's welcome comes through the mailbox. Errors: `not_found`, `forbidden` (removed before), `conflict` (full).
#[derive(Clone, PartialEq, Message)]
pub struct JoinGroup {
    #[prost(string, tag = "1")]
    pub code: String,
}

/// The answer to [`JoinGroup`].
#[derive(Clone, PartialEq, Message)]
pub struct JoinedGroup {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
    /// The manager has to approve.
    #[prost(bool, tag = "2")]
    pub is_requested: bool,
    #[prost(message, optional, tag = "3")]
    pub group: Option<Group>,
}

/// Takes a request to be let in back. Answer: [`Done`].
#[derive(Clone, PartialEq, Message)]
pub struct CancelJoin {
    #[prost(string, tag = "1")]
    pub code: String,
}

/// Leaves a group. Answer: [`Done`].
#[derive(Clone, PartialEq, Message)]
pub struct LeaveGroup {
    #[prost(bytes = "vec", tag = "1")]
    pub conversation_id: Vec<u8>,
}

/// Changes the name that others see. Answer: [`Done`].
#[derive(Clone, PartialEq, Message)]
pub struct SetName {
    #[prost(string, tag = "1")]
    pub name: String,
}

/// It is done, and durable.
#[derive(Clone, PartialEq, Message)]
pub struct Done {}

/// The answer to a [`Request`].
#[derive(Clone, PartialEq, Message)]
pub struct Response {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(oneof = "response::Body", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 31")]
    pub body: Option<response::Body>,
}

/// The kinds of [`Response`].
pub mod response {
    use super::*;
    #[derive(Clone, PartialEq, Oneof)]
    pub enum Body {
        #[prost(message, tag = "2")]
        Error(Error),
        #[prost(message, tag = "3")]
        Done(Done),
        #[prost(message, tag = "4")]
        Sent(Sent),
        #[prost(message, tag = "5")]
        Created(Created),
        #[prost(message, tag = "6")]
        ClaimedKeyPackages(ClaimedKeyPackages),
        #[prost(message, tag = "7")]
        Account(Account),
        #[prost(message, tag = "8")]
        Accounts(Accounts),
        #[prost(message, tag = "9")]
        Conversations(Conversations),
        #[prost(message, tag = "10")]
        Conversation(Conversation),
        #[prost(message, tag = "30")]
        Invitation(Invitation),
        #[prost(message, tag = "31")]
        JoinedGroup(JoinedGroup),
    }
}

/// A request that was not carried out. Nothing of it was stored.
#[derive(Clone, PartialEq, Message)]
pub struct Error {
    /// An [`crate::ErrorCode`].
    #[prost(string, tag = "1")]
    pub code: String,
    /// For people: the member that is wrong, and what to do.
    #[prost(string, tag = "2")]
    pub message: String,
    /// When a repeat may succeed; 0: it will not, as it is.
    #[prost(uint64, tag = "3")]
    pub retry_after_ms: u64,
    /// With `epoch_conflict` and `stale_epoch`: the current epoch.
    #[prost(uint64, tag = "4")]
    pub epoch: u64,
}
