//! The error codes of the Cloud API that Plaza answers with: number, HTTP status and title, in one table. The surface
//! takes the HTTP status from here, the webhooks the title.

/// A numbered kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The number that clients branch on.
    pub number: i64,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// The fixed text.
    pub title: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $status:literal, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code { number: $number, status: $status, title: $title };)*
        /// The whole table.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// An app's id and secret do not belong together.
    CLIENT_SECRET = 1, 400, "Error validating client secret";
    /// Busy, or the storage takes no writes for now.
    SERVICE = 2, 503, "API Service";
    /// Too many codes, tries or calls.
    TOO_MANY_CALLS = 4, 400, "Too Many Calls";
    /// A method that needs the app's own token.
    APP_TOKEN_NEEDED = 15, 400, "This method must be called with an app access_token";
    /// A parameter is missing, unknown or malformed.
    INVALID_PARAMETER = 100, 400, "Invalid parameter";
    /// The body is larger than the limit.
    TOO_LARGE = 100, 413, "Invalid parameter";
    /// No token was sent.
    TOKEN_NEEDED = 104, 401, "An access token is required to request this resource";
    /// The token is malformed, unknown, expired or revoked.
    TOKEN_INVALID = 190, 401, "Invalid OAuth access token";
    /// The token lacks a permission.
    PERMISSION = 200, 403, "API Permission";
    /// The operator lets the account answer only.
    RESTRICTED = 368, 403, "Temporarily blocked for policies violations";
    /// Too many calls about one account within an hour.
    ACCOUNT_CALLS = 80007, 400, "Rate limit issues";
    /// Insights cannot be switched off again.
    INSIGHTS_STAY = 200006, 400, "Template insights cannot be disabled";
    /// The insights of the account's templates are not counted.
    INSIGHTS_OFF = 200007, 400, "Template insights not enabled";
    /// The webhook's address did not pass the handshake.
    CALLBACK_VERIFICATION = 2200, 400, "Callback verification failed";
    /// The number sends too many messages a second.
    THROUGHPUT = 130429, 400, "Rate limit hit";
    /// A bug of ours.
    SOMETHING_WRONG = 131000, 500, "Something went wrong";
    /// A member that must be there is not.
    PARAMETER_MISSING = 131008, 400, "Required parameter is missing";
    /// A member has a value that cannot be.
    PARAMETER_VALUE = 131009, 400, "Parameter value is not valid";
    /// Nobody but the business is in the group.
    EMPTY_GROUP = 131020, 400, "Invalid group";
    /// The business wrote to itself.
    RECIPIENT_IS_SENDER = 131021, 400, "Recipient cannot be sender";
    /// The person is not on the network, or the message was given up.
    UNDELIVERABLE = 131026, 400, "Message undeliverable";
    /// The operator has stopped the account.
    LOCKED = 131031, 403, "Account has been locked";
    /// No such group of the number.
    UNKNOWN_GROUP = 131041, 400, "Unknown group";
    /// The balance does not cover the price.
    PAYMENT = 131042, 400, "Business eligibility payment issue";
    /// The balance does not cover the price of the longest call.
    CALL_PAYMENT = 131044, 400, "Business eligibility payment issue";
    /// The customer-service window is closed.
    RE_ENGAGEMENT = 131047, 400, "Re-engagement message";
    /// The person got enough advertising.
    MARKETING_CAP = 131049, 400, "Message not delivered: the person gets no more marketing messages for now";
    /// The person wants no advertising of this business.
    MARKETING_STOPPED = 131050, 400, "User has stopped marketing messages";
    /// A kind of message that Plaza does not carry.
    UNSUPPORTED_TYPE = 131051, 400, "Unsupported message type";
    /// A file of a person that the business cannot have.
    MEDIA_DOWNLOAD = 131052, 400, "Media download error";
    /// A file that cannot be sent, or that could not be fetched.
    MEDIA_UPLOAD = 131053, 400, "Media upload error";
    /// A message that is no template, at the address of marketing messages; a call of a number whose calls go by SIP.
    METHOD_NOT_ALLOWED = 131055, 400, "Method not allowed";
    /// Too many messages to one person.
    PAIR_RATE = 131056, 400, "(Business Account, Consumer Account) pair rate limit hit";
    /// A cursor of a list of groups or join requests that no answer gave.
    INVALID_CURSOR = 131059, 400, "Invalid cursor";
    /// The account sends marketing templates by their own address only.
    MARKETING_OFF = 131063, 400, "Marketing templates disabled for Cloud API";
    /// As many people were written to first as the portfolio may.
    MESSAGING_LIMIT = 131064, 400, "Messaging limit reached";
    /// Of a list of people, some could not be let in, refused or taken out. It stands in an answer of 200.
    PARTIAL_SUCCESS = 131201, 206, "Partial success";
    /// Somebody is named twice.
    NAMED_TWICE = 131202, 400, "Duplicate participant";
    /// No place is left in the group.
    GROUP_FULL = 131204, 400, "Too many participants";
    /// The operator has stopped the group.
    GROUP_SUSPENDED = 131207, 403, "Group suspended";
    /// The number changes its groups too fast.
    GROUP_RATE = 131208, 429, "Group rate limit hit";
    /// The picture of a group is not square.
    PICTURE_NOT_SQUARE = 131209, 400, "Group picture aspect ratio invalid";
    /// The picture of a group has too few pixels.
    PICTURE_TOO_SMALL = 131210, 400, "Group picture too small";
    /// The number has as many groups as it may.
    GROUP_LIMIT = 131211, 400, "Group creation limit reached";
    /// They are not in the group.
    NOT_IN_GROUP = 131212, 400, "Participant not in group";
    /// Nobody asks to be let in by this request.
    NO_JOIN_REQUEST = 131213, 400, "Join request does not exist";
    /// The account is restricted.
    GROUPS_PAUSED = 131214, 400, "Group creation temporarily disabled";
    /// The server lets no number have groups.
    NO_GROUPS = 131215, 400, "Number not eligible for Groups API";
    /// More or fewer parameters than the template has.
    TEMPLATE_PARAMETER_COUNT = 132000, 400, "Number of parameters does not match the expected number of params";
    /// No such template in that language, or it is not approved.
    TEMPLATE_NOT_FOUND = 132001, 404, "Template name does not exist in the translation";
    /// The filled-in text is too long.
    TEMPLATE_TOO_LONG = 132005, 400, "Translated text too long";
    /// A parameter of the wrong kind or name.
    TEMPLATE_PARAMETER_FORMAT = 132012, 400, "Template parameter format mismatch";
    /// The template is paused.
    TEMPLATE_PAUSED = 132015, 400, "Template is paused";
    /// The template is disabled for good.
    TEMPLATE_DISABLED = 132016, 400, "Template is disabled";
    /// The operator has stopped the flow.
    FLOW_BLOCKED = 132068, 400, "Flow is blocked";
    /// Ten messages with a throttled flow were sent within the hour.
    FLOW_THROTTLED = 132069, 400, "Flow is throttled";
    /// The PIN is not the one that was set.
    PIN_MISMATCH = 133005, 400, "Two step verification PIN mismatch";
    /// The number has to be verified before it is registered.
    REVERIFICATION_NEEDED = 133006, 400, "Phone number re-verification needed";
    /// Too many wrong PINs: a long pause.
    PIN_GUESSES = 133008, 400, "Too many two step verification PIN guesses";
    /// A PIN right behind a wrong one: a short pause.
    PIN_TOO_FAST = 133009, 400, "Two step verification PIN guessed too fast";
    /// The number was deregistered.
    NOT_REGISTERED = 133010, 400, "Phone number not registered";
    /// Ten registrations and deregistrations in 72 hours.
    REGISTRATION_LIMIT = 133016, 400, "Account register deregister rate limit exceeded";
    /// A template of another category, at the address of marketing messages.
    MARKETING_ONLY = 134100, 400, "Only marketing messages supported";
    /// The number takes and makes no calls.
    CALLING_OFF = 138000, 401, "Calling not enabled";
    /// The person is not on the network, or has no device.
    UNCALLABLE = 138001, 400, "Receiver uncallable";
    /// A thousand calls go on.
    CONCURRENT_CALLS = 138002, 429, "Concurrent calls limit";
    /// The two are in a call already.
    DUPLICATE_CALL = 138003, 400, "Duplicate call";
    /// The call has ended.
    CALL_CONNECTION = 138004, 500, "Connection error";
    /// The number begins too many calls.
    CALL_RATE = 138005, 429, "Call rate limit exceeded";
    /// The person did not allow calls.
    NO_CALL_PERMISSION = 138006, 401, "No approved call permission found";
    /// The call rang for too long.
    CALL_TIMEOUT = 138007, 500, "Connection timeout";
    /// The person was asked often enough whether the business may call.
    CALL_REQUEST_LIMIT = 138009, 400, "Call permission request limit hit";
    /// Enough calls connected with the person.
    CONNECTED_CALLS = 138012, 400, "Business initiated calls limit hit";
    /// The person has allowed calls for good.
    PERMANENT_PERMISSION = 138017, 400, "Permanent permission already exists";
    /// No app would hear of the call.
    CALL_PREREQUISITES = 138018, 400, "Calling prerequisites not met";
    /// The flow is no draft.
    FLOW_UPDATE = 139001, 400, "Flow update is not allowed in this state";
    /// Errors of its document, no endpoint, no key.
    FLOW_PUBLISH = 139002, 400, "Flow cannot be published";
    /// The flow is not published.
    FLOW_DEPRECATE = 139003, 400, "Flow cannot be deprecated";
    /// The flow is no draft.
    FLOW_DELETE = 139004, 400, "Flow cannot be deleted";
    /// Of a list of people, some could not be blocked or let in.
    BLOCK_FAILED = 139100, 400, "Failed to block/unblock some users";
    /// No more people can be blocked.
    BLOCK_LIMIT = 139101, 400, "Block list limit reached";
    /// Somebody else has the username.
    USERNAME_TAKEN = 147001, 400, "Username not available";
}

/// The code `SUBCODE_UNKNOWN_OBJECT` beside [`INVALID_PARAMETER`] says that there is no such object, or none that the
/// asker may know of.
pub const SUBCODE_UNKNOWN_OBJECT: i64 = 33;
/// Product types that cannot be counted together.
pub const SUBCODE_PRODUCT_TYPES: i64 = 2_388_077;
/// The number is the asker's already.
pub const SUBCODE_NUMBER_OWN: i64 = 2_388_012;
/// The number cannot be moved here.
pub const SUBCODE_CANNOT_MIGRATE: i64 = 2_388_103;
