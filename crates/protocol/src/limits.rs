//! Every limit has a name with its unit. Operators may lower some of them in the configuration; nobody may be without.

use std::time::Duration;

/// A frame of the socket, either way. More than that travels as a blob, by reference.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// The body of an HTTP request, unless the route says otherwise.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Questions about what a send would cost, of a business number, at once…
pub const ESTIMATES_AT_ONCE: u32 = 30;
/// …and one more in this time.
pub const ESTIMATE_EVERY: Duration = Duration::from_secs(10);
/// A statement of a bank.
pub const STATEMENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Envelopes sent to a device that it has not acknowledged yet, per connection.
pub const UNACKNOWLEDGED_ENVELOPES_MAX: usize = 128;
/// Bytes of such envelopes.
pub const UNACKNOWLEDGED_BYTES_MAX: usize = 1024 * 1024;
/// A client acknowledges at the latest after so many envelopes…
pub const ACKNOWLEDGE_EVERY_ENVELOPES: usize = 32;
/// …or after this time.
pub const ACKNOWLEDGE_EVERY: Duration = Duration::from_millis(500);
/// Requests in flight per connection; the socket is not read while there are more.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;
/// Frames that wait for a slow socket; then it is closed and catches up from its mailbox.
pub const SOCKET_FRAMES_MAX: usize = 256;
/// The time from the opening of a socket to its `hello`.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// A socket that is silent for so long is closed.
pub const SOCKET_IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// How long an envelope waits for its device.
pub const ENVELOPE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a repeated send is recognised.
pub const SEND_REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
/// The encrypted body of a message.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// A text that a person or a business writes, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 4096;
/// A person's or a business's name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// Key packages that a device keeps at the server.
pub const KEY_PACKAGES_MAX: usize = 100;
/// How many a device uploads…
pub const KEY_PACKAGES_STOCK: usize = 20;
/// …and the stock at which it is asked for more.
pub const KEY_PACKAGES_LOW: usize = 5;
/// One key package.
pub const KEY_PACKAGE_BYTES_MAX: usize = 8 * 1024;
/// Devices of an account.
pub const DEVICES_MAX: usize = 10;
/// Accounts in a conversation.
pub const MEMBERS_MAX: usize = 1024;
/// People in a group, without its manager.
pub const GROUP_PARTICIPANTS_MAX: usize = 8;
/// Groups of a business number, unless the configuration says fewer.
pub const GROUPS_PER_NUMBER_MAX: u32 = 10_000;
/// The subject of a group, in characters.
pub const GROUP_SUBJECT_CHARACTERS_MAX: usize = 128;
/// The description of a group, in characters.
pub const GROUP_DESCRIPTION_CHARACTERS_MAX: usize = 2048;
/// The picture of a group.
pub const GROUP_PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Requests to be let into a group that wait; whoever comes after has to come again.
pub const JOIN_REQUESTS_MAX: u32 = 1000;
/// Changes of a business number's groups, a second…
pub const GROUP_CHANGES_PER_S: u32 = 50;
/// …and at once, borrowed from the time after.
pub const GROUP_CHANGES_AT_ONCE: u32 = 200;
/// Invite links that an account looks at or follows: so many at once…
pub const JOINS_BURST: i64 = 60;
/// …one more after each such time.
pub const JOIN_REFILL: Duration = Duration::from_secs(10);
/// Epochs whose messages are still accepted: the current one and so many before it.
pub const PAST_EPOCHS: u64 = 2;
/// A one-time code is good for so long…
pub const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// …and for so many tries;
pub const CODE_TRIES_MAX: i64 = 5;
/// then the number pauses.
pub const CODE_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Codes sent to one number within [`CODE_WINDOW`].
pub const CODES_PER_WINDOW: i64 = 3;
/// The window of [`CODES_PER_WINDOW`].
pub const CODE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Codes sent to one number in a day.
pub const CODES_PER_DAY: i64 = 5;
/// Number look-ups of an account: so many at once, refilled over a day.
pub const LOOKUPS_BURST: i64 = 200;
/// Key-package claims of one device for one account: so many at once…
pub const CLAIMS_BURST: i64 = 30;
/// …one more after each such time.
pub const CLAIM_REFILL: Duration = Duration::from_secs(60);
/// A file of a message.
pub const FILE_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Its encrypted blob: padding and seals included.
pub const ATTACHMENT_BYTES_MAX: usize = 112 * 1024 * 1024;
/// Blobs that an account uploads: so many at once…
pub const UPLOADS_BURST: i64 = 50;
/// …one more after each such time.
pub const UPLOAD_REFILL: Duration = Duration::from_millis(1200);
/// Requests to endpoints of businesses that the server makes for an account: so many at once…
pub const ENDPOINT_REQUESTS_BURST: i64 = 30;
/// …one more after each such time.
pub const ENDPOINT_REQUEST_REFILL: Duration = Duration::from_secs(2);
/// Bodies larger than [`BODY_BYTES_MAX`] that are read at a time.
pub const LARGE_BODIES_MAX: usize = 4;
/// Events in one call of a webhook.
pub const WEBHOOK_EVENTS_MAX: i64 = 1000;
/// The body of a webhook's call, in bytes: 3 MB however one counts them.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 3_000_000;
/// How long a webhook event is tried.
pub const WEBHOOK_RETRIED: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a webhook's answer may take.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// A webhook address, in characters.
pub const WEBHOOK_URL_CHARACTERS_MAX: usize = 200;
/// The customer-service window.
pub const CUSTOMER_SERVICE_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Rows on one page of a list, unless asked for fewer.
pub const PAGE_ROWS_MAX: usize = 100;
/// A session description of a call: what WebRTC makes has a few kilobytes.
pub const SDP_BYTES_MAX: usize = 32 * 1024;
/// How long a call rings.
pub const CALL_RINGS_FOR: Duration = Duration::from_secs(60);
/// In a call the person's device says this often that it is there…
pub const CALL_ALIVE_EVERY: Duration = Duration::from_secs(25);
/// …and where it does not for so long, the call is lost.
pub const CALL_LOST_AFTER: Duration = Duration::from_secs(90);
/// A call that a business pays for: the price of so long a call is held.
pub const PAID_CALL_LENGTH_MAX: Duration = Duration::from_secs(3600);
/// A call that a person makes.
pub const FREE_CALL_LENGTH_MAX: Duration = Duration::from_secs(12 * 3600);
/// Calls of a business number at a time, ringing ones counted.
pub const CALLS_AT_A_TIME_MAX: i64 = 1000;
/// How long a business may call with a permission that is not for good.
pub const CALL_PERMISSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many calls in a row that the person does not take end it.
pub const UNANSWERED_CALLS_MAX: i64 = 4;
/// Calls that a business number begins, a second…
pub const CALLS_BEGUN_PER_S: u32 = 10;
/// …and at once, borrowed from the time after.
pub const CALLS_BEGUN_AT_ONCE: u32 = 50;
/// Requests for it to one person in a day…
pub const CALL_REQUESTS_PER_DAY: i64 = 1;
/// …and in a week. A call that connects starts the count anew.
pub const CALL_REQUESTS_PER_WEEK: i64 = 2;
/// Calls to one person that connect, in a day; the configuration may say otherwise.
pub const CONNECTED_CALLS_PER_DAY: u32 = 10;
