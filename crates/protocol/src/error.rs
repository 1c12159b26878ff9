//! Error codes: the stable word that a client branches on. The text beside it may change, the code may not.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What went wrong, as a stable word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name),* }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Reads the word on the wire; an unknown one, of a newer server, is [`Self::Internal`].
            pub fn parse(text: &str) -> Self {
                match text { $($text => Self::$name,)* _ => Self::Internal }
            }
        }
    };
}

codes! {
    /// A member is missing, malformed or out of its range.
    Invalid = "invalid";
    /// No token, or one that is unknown, expired or revoked.
    Unauthenticated = "unauthenticated";
    /// Known, but not allowed.
    Forbidden = "forbidden";
    /// Not there, or not for the asker to know of.
    NotFound = "not_found";
    /// It is already there.
    AlreadyExists = "already_exists";
    /// In conflict with the present state.
    Conflict = "conflict";
    /// Too many in too short a time; `retry_after` says when to come back.
    RateLimited = "rate_limited";
    /// Larger than the limit.
    TooLarge = "too_large";
    /// The one-time code is wrong.
    CodeWrong = "code_wrong";
    /// The one-time code is too old or was used.
    CodeExpired = "code_expired";
    /// The number is not registered on this network.
    NotRegistered = "not_registered";
    /// The device was replaced or removed.
    DeviceRevoked = "device_revoked";
    /// Another commit won this epoch: fetch it, rebase, try again.
    EpochConflict = "epoch_conflict";
    /// The message was encrypted in an epoch that is too old: catch up, encrypt again.
    StaleEpoch = "stale_epoch";
    /// A member's devices changed: add and remove them in a commit, then send.
    DeviceListChanged = "device_list_changed";
    /// The MLS object does not verify.
    BadMls = "bad_mls";
    /// The same key package was uploaded before.
    KeyPackageReused = "key_package_reused";
    /// A frame that cannot be read, or of an unknown kind.
    BadFrame = "bad_frame";
    /// The template is not approved, paused or disabled.
    TemplateNotApproved = "template_not_approved";
    /// The template does not exist in that language.
    TemplateNotFound = "template_not_found";
    /// The number of template parameters differs.
    TemplateParameterCount = "template_parameter_count";
    /// A template parameter is of the wrong kind or name.
    TemplateParameterFormat = "template_parameter_format";
    /// The customer-service window is closed.
    WindowClosed = "window_closed";
    /// The balance does not cover the price.
    InsufficientFunds = "insufficient_funds";
    /// The recipient cannot be reached.
    Undeliverable = "undeliverable";
    /// An address that Plaza does not call: private, or of an unsafe scheme.
    AddressRefused = "address_refused";
    /// The disk is full or the database is read-only: nothing was written.
    StorageFull = "storage_full";
    /// Busy or shutting down: try again.
    Unavailable = "unavailable";
    /// A bug of ours.
    Internal = "internal";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
