//! Values in and out: the five column types, and the typed ids, times and amounts that stand in them.

use crate::DbError;
use plaza_protocol as p;
use uuid::Uuid;

/// A value of one of the five column types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// BIGINT.
    I64(i64),
    /// TEXT.
    Text(String),
    /// BYTEA.
    Bytes(Vec<u8>),
    /// BOOLEAN.
    Bool(bool),
    /// UUID.
    Uuid(Uuid),
}

macro_rules! into_value {
    ($($from:ty => |$value:ident| $to:expr;)*) => {$(
        impl From<$from> for Value { fn from($value: $from) -> Self { $to } }
        impl From<&$from> for Value { fn from(value: &$from) -> Self { Self::from(value.clone()) } }
    )*};
}

into_value! {
    i64 => |value| Self::I64(value);
    // Counters of the wire; a column holds 63 bits of them, which no counter reaches.
    u64 => |value| Self::I64(i64::try_from(value).unwrap_or(i64::MAX));
    u32 => |value| Self::I64(i64::from(value));
    String => |value| Self::Text(value);
    Vec<u8> => |value| Self::Bytes(value);
    bool => |value| Self::Bool(value);
    Uuid => |value| Self::Uuid(value);
    p::Timestamp => |value| Self::I64(value.0);
    p::Micros => |value| Self::I64(value.0);
    p::Currency => |value| Self::Text(value.code().to_owned());
    p::PhoneNumber => |value| Self::Text(value.digits().to_owned());
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_owned())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// The value, or `None` if the column holds another type.
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::I64(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Uuid(id) => Some(id.as_bytes().to_vec()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(flag),
            // SQLite keeps booleans as 0 and 1.
            Value::I64(0) => Some(false),
            Value::I64(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for Uuid {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Uuid(id) => Some(id),
            // SQLite keeps them as 16 bytes.
            Value::Bytes(bytes) => Self::from_slice(&bytes).ok(),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for p::Timestamp {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue for p::Micros {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue for p::Currency {
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value)?.parse().ok()
    }
}

impl FromValue for p::PhoneNumber {
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value)?.parse().ok()
    }
}

macro_rules! ids {
    ($inner:ty: $($id:ident),*) => {$(
        impl From<p::$id> for Value { fn from(id: p::$id) -> Self { Self::from(id.0) } }
        impl From<&p::$id> for Value { fn from(id: &p::$id) -> Self { Self::from(id.0) } }
        impl FromValue for p::$id {
            fn from_value(value: Value) -> Option<Self> { <$inner>::from_value(value).map(Self) }
        }
    )*};
}

ids!(Uuid: AccountId, DeviceId, ConversationId, MessageId, RegistrationId, TransferId, LedgerAccountId, PriceBookId,
    PriceVersionId, UsageEventId, ChargeId, CorrectionId, BusinessMessageId, WebhookDeliveryId, WebhookListenerId, OutboxId, RequestId,
    BlobId, JoinRequestId, SubscriptionId, InvoiceId, InvoiceItemId, CreditNoteId, InvoicePaymentId,
    PaymentId, PaymentMethodId, PurchaseId, RefundId, BankEntryId);
ids!(i64: PortfolioId, WabaId, PhoneNumberId, AppId, TemplateId, MediaId, FlowId, GroupId);

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// The value of a column, from zero.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, DbError> {
        self.0
            .get(column)
            .cloned()
            .and_then(T::from_value)
            .ok_or(DbError::Column { column, wanted: std::any::type_name::<T>() })
    }
}
