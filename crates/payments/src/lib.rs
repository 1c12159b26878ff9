//! # How businesses pay
//!
//! Money comes in through payment providers and by bank transfer, and goes back as refunds. This crate keeps a state
//! machine of its own for it, because providers forget idempotency keys, lose webhooks and accept refunds above what was
//! paid.
//!
//! ```text
//! created ──► processing ──► succeeded
//!    │           │   ▲
//!    │           ▼   │
//!    │     requires_action ──► canceled
//!    └───────────┴──────────► failed
//! ```
//!
//! ## What always holds
//!
//! 1. **A key is a payment.** A top-up names an idempotency key; the same key again is answered with the same payment.
//! 2. **A payment is taken at most once.** The provider first makes an intent, which takes nothing; its reference is stored
//!    before it is confirmed, and an intent is confirmed once. What a crash leaves behind is an intent that never took
//!    money, or one whose reference is known and can be looked up.
//! 3. **A row first, then the call, then the result.** Whoever finds an open row asks the provider, whose look-up is the
//!    truth; a webhook is a hint to look.
//! 4. **Money moves with the state**, in the same transaction, under transfer ids that follow from the payment:
//!    clearing → prepaid when it succeeded, prepaid → clearing for a refund, clearing → bank when the provider paid out,
//!    fees out of revenue. What is credited is what the provider says that it took, and that must be what was asked for.
//! 5. **Refunds are at most what was captured**, and never take the prepaid balance below zero, holds counted.
//! 6. **Clearing accounts age to zero.** The [report](Payments::report) says what is on its way and since when.
//!
//! The network is passed in ([`Network`]); this crate knows no HTTP library.
//!
//! Start reading at `payments.rs`, then `provider.rs`.

#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::as_conversions,
        clippy::indexing_slicing
    )
)]

mod amount;
mod automatic;
mod bank;
mod camt;
pub mod dunning;
mod error;
mod methods;
mod payment;
mod payments;
mod provider;
mod reconcile;
mod refunds;
pub mod reports;
mod sandbox;
mod store;
pub mod stores;
mod stripe;
mod webhook;

pub use amount::{AMOUNT_UNITS_MAX, minor_units_of};
pub use automatic::{Automatic, Wanted, automatic, set_automatic, top_up_wanted};
pub use bank::{
    BANK, BankEntry, Booking, EntryState, Imported, STATEMENT_ROWS_MAX, StatementError, StorePayout, assign,
    assign_payout, import, read_statement, record, return_entry, suspense,
};
pub use error::PaymentError;
pub use methods::{Method, MethodState, method_of, methods};
pub use payment::{Cause, Filter, Payment, State, payment, payment_of, payments};
pub use payments::{InvoicePayment, Payments, TopUp};
pub use provider::{
    Attached, Network, NetworkError, Order, Payout, Provider, ProviderError, RefundOrder, RefundStatus,
    RefundTruth, Request, Response, SetUp, Status, Truth,
};
pub use reconcile::{CLEARING_OLD, Clearing, OPEN_OLD, Reconciled, Report};
pub use refunds::{Refund, RefundState, refunds_of};
pub use sandbox::{Sandbox, tokens};
pub use stripe::Stripe;
pub use webhook::{Event, WebhookError, read_webhook};

/// All SQL of the crate, for the test that prepares it on both engines.
pub fn statements() -> Vec<plaza_db::Sql> {
    [store::STATEMENTS, sandbox::STATEMENTS, stores::sandbox::STATEMENTS].concat()
}

/// A time so much earlier; times do not overflow.
fn earlier(time: plaza_protocol::Timestamp, by: std::time::Duration) -> plaza_protocol::Timestamp {
    plaza_protocol::Timestamp(time.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// A time so much later.
fn later(time: plaza_protocol::Timestamp, by: std::time::Duration) -> plaza_protocol::Timestamp {
    plaza_protocol::Timestamp(time.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn both_engines_understand_all_statements() {
        plaza_db::testing::prepare_all(&super::statements()).await;
    }
}
