//! # Ids
//!
//! Two families. Plaza's own objects carry a UUID, shown with a prefix that says what it is (`acc_…`, `cnv_…`) and
//! stored as 16 bytes. Objects of the Cloud-API-compatible surface carry a decimal number of 15 to 17 digits, because
//! its clients expect one; they are shown as a string of digits and stored as a BIGINT.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(pub &'static str);

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What stands before the underscore when the id is shown.
            pub const PREFIX: &'static str = $prefix;

            /// The 16 bytes as they stand on the wire and in the database.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Reads an id from the wire.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidId> {
                Uuid::from_slice(bytes).map(Self).map_err(|_| InvalidId(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or(InvalidId(stringify!($name)))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

uuid_ids! {
    /// A person or a business identity. Random: it tells nothing of when the account was made.
    AccountId = "acc";
    /// One installation that holds keys for an account.
    DeviceId = "dev";
    /// What people see; one MLS group stands behind it.
    ConversationId = "cnv";
    /// Made by the sending client; repeating a send with the same id is harmless. It rises with the time of its making,
    /// so that the server's memory of what was sent grows at its end.
    MessageId = "msg";
    /// An encrypted file beside the database. Random: whoever knows it may fetch it.
    BlobId = "blb";
    /// An attempt to register a phone number.
    RegistrationId = "reg";
    /// A row of the ledger.
    TransferId = "trf";
    /// An account of the ledger.
    LedgerAccountId = "lac";
    /// A price book.
    PriceBookId = "pbk";
    /// One immutable version of a price book.
    PriceVersionId = "pvr";
    /// A delivered message that may be charged.
    UsageEventId = "usg";
    /// What a delivered message cost, and why.
    ChargeId = "chg";
    /// A correction of a charge.
    CorrectionId = "cor";
    /// The invoice of a portfolio for a month.
    InvoiceId = "inv";
    /// What goes on the next invoice besides usage.
    InvoiceItemId = "ivi";
    /// What takes from an invoice that is final.
    CreditNoteId = "crn";
    /// A payment of an invoice.
    InvoicePaymentId = "ivp";
    /// A message of a business, in either direction: the id inside its `wamid`.
    BusinessMessageId = "bmg";
    /// One event on its way to one endpoint.
    WebhookDeliveryId = "whd";
    /// An endpoint that asks for its events.
    WebhookListenerId = "whl";
    /// A piece of work that follows a committed transaction.
    OutboxId = "obx";
    /// One request to the server, for logs and support.
    RequestId = "req";
    /// Somebody asks to be let into a group.
    JoinRequestId = "jrq";
    /// A plan that a business pays for.
    SubscriptionId = "sub";
    /// Something that a person bought in an app store.
    PurchaseId = "pur";
    /// Money that a business pays in.
    PaymentId = "pay";
    /// What a business pays with.
    PaymentMethodId = "pmt";
    /// Money that goes back to a business.
    RefundId = "rfd";
    /// Money that came to the bank account.
    BankEntryId = "bke";
}

macro_rules! graph_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if text.is_empty() || text.len() > 18 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(InvalidId(stringify!($name)));
                }
                text.parse().map(Self).map_err(|_| InvalidId(stringify!($name)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

graph_ids! {
    /// A business portfolio: it owns accounts, numbers and the balance.
    PortfolioId;
    /// A WhatsApp-compatible business account.
    WabaId;
    /// A business phone number.
    PhoneNumberId;
    /// An app: it has a secret, tokens and a webhook.
    AppId;
    /// A message template in one language.
    TemplateId;
    /// A file of a business.
    MediaId;
    /// A form of a business account.
    FlowId;
    /// A group of a business number.
    GroupId;
}
