//! What can go wrong, by what the caller was doing.

use crate::ProviderError;
use plaza_billing::BillingError;
use plaza_billing::invoices::InvoiceError;
use plaza_billing::payouts::PayoutError;
use plaza_db::DbError;
use plaza_ledger::LedgerError;
use plaza_protocol::{Currency, Micros};

/// A payment could not be made, changed or read. Nothing of the transaction may be kept.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// The ledger.
    #[error("the ledger")]
    Ledger(#[from] LedgerError),
    /// Billing: most often, that the portfolio is unknown.
    #[error("billing")]
    Billing(#[from] BillingError),
    /// An invoice cannot be paid.
    #[error("{0}")]
    Invoice(#[source] Box<InvoiceError>),
    /// A store's payout cannot be booked.
    #[error("{0}")]
    Payout(#[source] Box<PayoutError>),
    /// Another payment of the invoice is open.
    #[error("a payment of this invoice is under way: wait until it has ended, or cancel it")]
    UnderWay,
    /// The operator has set up no provider.
    #[error("this network takes no cards: the operator has set up no payment provider")]
    NoProvider,
    /// An amount that cannot be paid.
    #[error("amount: {0}")]
    BadAmount(&'static str),
    /// An amount above the named maximum.
    #[error("amount: at most {max} {currency} at once")]
    AboveMaximum {
        /// The maximum.
        max: Micros,
        /// Of it.
        currency: Currency,
    },
    /// A key without characters, or with too many.
    #[error("key: 1 to 100 characters of your choice; the same key pays once")]
    BadKey,
    /// The portfolio pays in another currency.
    #[error("currency: this business pays in {0}")]
    WrongCurrency(Currency),
    /// The key stands for another payment or refund.
    #[error("key: it was used for another amount or method; choose a new one")]
    KeyReused,
    /// There is no such payment, or it is not the asker's to know.
    #[error("this payment does not exist")]
    UnknownPayment,
    /// There is no such method, or it is not the asker's to know.
    #[error("this payment method does not exist")]
    UnknownMethod,
    /// The method cannot be used.
    #[error("this payment method cannot be used: {0}")]
    MethodUnusable(&'static str),
    /// Nothing to pay with.
    #[error("there is no payment method yet: add one first")]
    NoMethod,
    /// As many methods as one may have.
    #[error("a business has at most {0} payment methods: remove one first")]
    TooManyMethods(i64),
    /// Only what succeeded can be refunded.
    #[error("this payment has not succeeded: there is nothing to give back")]
    NotCaptured,
    /// A refund above what is left of the payment.
    #[error("amount: at most {left} of this payment can be given back")]
    AboveCaptured {
        /// What is left of it.
        left: Micros,
    },
    /// The balance is used, or held for messages on their way.
    #[error("the balance does not suffice: {available} can be given back, the rest is used or held")]
    InsufficientBalance {
        /// What can be spent.
        available: Micros,
    },
    /// The payment is not in a state for this.
    #[error("the payment is {0}: this cannot be done any more")]
    WrongState(&'static str),
    /// The provider refused what was asked of it.
    #[error("the payment provider refused: {0}")]
    Refused(String),
    /// The provider did not answer; what happened is found later.
    #[error("the payment provider does not answer; try again in a minute")]
    Unavailable(#[source] ProviderError),
    /// The provider took another amount or currency than was asked for. Nothing is credited until somebody has looked.
    #[error("the payment provider says another amount than was asked for")]
    Contradiction,
    /// There is no such entry.
    #[error("this entry does not exist, or is not in suspense any more")]
    UnknownEntry,
    /// Another field that cannot be used.
    #[error("{0}")]
    Invalid(&'static str),
    /// A row that this crate would not have written.
    #[error("the payment tables are damaged: {0}")]
    Damaged(&'static str),
}

impl From<InvoiceError> for PaymentError {
    fn from(error: InvoiceError) -> Self {
        match error {
            InvoiceError::Db(error) => Self::Db(error),
            other => Self::Invoice(Box::new(other)),
        }
    }
}

impl From<PayoutError> for PaymentError {
    fn from(error: PayoutError) -> Self {
        match error {
            PayoutError::Db(error) => Self::Db(error),
            PayoutError::Billing(error) => Self::Billing(error),
            PayoutError::KeyReused => Self::WrongState("booked as another payout"),
            other => Self::Payout(Box::new(other)),
        }
    }
}
