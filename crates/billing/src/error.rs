//! What can go wrong, by what the caller was doing.

use crate::caps::Cap;
use plaza_db::DbError;
use plaza_ledger::LedgerError;
use plaza_protocol::{Currency, Micros, PortfolioId, Timestamp};

/// Why a message is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The balance does not cover the most that the message can cost.
    #[error("the balance does not cover the price")]
    InsufficientFunds {
        /// The most that it can cost.
        needed: Micros,
        /// What can be spent.
        available: Micros,
        /// Of both.
        currency: Currency,
    },
    /// The price book has no price for this market on this day.
    #[error("there is no price for {market}")]
    NoPrice {
        /// The market.
        market: String,
    },
    /// A spending cap leaves no room for it.
    #[error(
        "{cap} is reached: {spent} {} are spent and up to {needed} more are needed; {}",
        cap.currency,
        cap.remedy()
    )]
    CapReached {
        /// The cap.
        cap: Box<Cap>,
        /// What is spent of it.
        spent: Micros,
        /// The most that the message can cost.
        needed: Micros,
    },
    /// An invoice is overdue for so long that nothing is sent that costs.
    #[error(
        "sending is suspended: an invoice has been overdue since {}; pay it under Billing in the manager, \
         /manager/billing, and sending goes on at once",
        day(*since)
    )]
    Suspended {
        /// When it was due.
        since: Timestamp,
    },
    /// A message with this id failed or expired before.
    #[error("the message has ended")]
    Ended,
}

/// A day as people read it, UTC.
fn day(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0);
    at.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// Billing could not do its work. Nothing of the transaction may be kept.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// The ledger.
    #[error("the ledger")]
    Ledger(#[from] LedgerError),
    /// The portfolio was never opened for billing.
    #[error("portfolio {0} has no billing account")]
    UnknownPortfolio(PortfolioId),
    /// There is no price book in this currency.
    #[error("there is no price book in {0}: import one first")]
    NoPriceBook(Currency),
    /// Not a time zone of the IANA list.
    #[error("unknown time zone: a name such as Europe/Berlin is needed")]
    UnknownTimeZone,
    /// The portfolio was opened in another currency; it is fixed.
    #[error("the portfolio's currency is {0} and cannot be changed")]
    CurrencyFixed(Currency),
    /// The key of a top-up was used for another amount.
    #[error("the key was used for another amount")]
    KeyReused,
    /// Not a month.
    #[error("a month such as 202610 is needed")]
    BadPeriod,
    /// A month that was rated again costs more, and the balance does not cover the difference.
    #[error(
        "the balance does not cover what the month costs more: {available} {currency} are there; top up first"
    )]
    Uncovered {
        /// What can be spent.
        available: Micros,
        /// Of it.
        currency: Currency,
    },
    /// The amount is zero or less, or too large to be kept.
    #[error("the amount must be above zero and fit the balance")]
    BadAmount,
    /// Only whoever runs the network does that.
    #[error("only the operator can do that")]
    OperatorOnly,
    /// The key is empty or too long.
    #[error("the key must have 1 to 100 characters")]
    BadKey,
    /// The note of a grant is too long.
    #[error("the note must have at most 200 characters")]
    BadNote,
    /// A grant ends in the past, or in more than ten years.
    #[error("promotional credit must end in the future, within ten years")]
    BadEnd,
    /// Too many grants that have not ended.
    #[error("the portfolio has as many open grants as are possible: wait until one has ended")]
    TooManyGrants,
    /// A limit is below zero.
    #[error("a limit must not be below zero")]
    BadLimit,
    /// A credit line would be below what is owed.
    #[error("the portfolio owes {used} {currency}, holds included: the credit limit cannot be below that")]
    CreditInUse {
        /// What it owes.
        used: Micros,
        /// Of the amount.
        currency: Currency,
    },
    /// A cap names nothing, or something that its scope does not have.
    #[error(
        "a cap of an account or a number needs its id, one of a campaign the name of its template, one of the whole business nothing"
    )]
    BadSubject,
    /// Too many caps.
    #[error("the portfolio has as many caps as are possible: take one away first")]
    TooManyCaps,
    /// There is no such cap.
    #[error("there is no such cap")]
    UnknownCap,
    /// A business wants to take the operator's cap away.
    #[error("the operator set this cap: only the operator can take it away")]
    OperatorsCap,
    /// Not a mail address.
    #[error("an address such as name@example.com is needed")]
    BadAddress,
    /// Days that revenue is not told for.
    #[error(
        "a period is needed: today, 7d, 30d, 90d, month, last_month; or days, with from and to such as 2026-11-01, the \
         last not before the first and not more than 92 days in all"
    )]
    BadDays,
    /// A top-up that nothing sets off.
    #[error("an automatic top-up needs a threshold that sets it off")]
    NoThreshold,
    /// An exchange between a currency and itself.
    #[error("currency: this business pays in {0} itself; credit it without a rate")]
    SameCurrency(Currency),
    /// A row that this crate would not have written. `plaza ledger verify` says more.
    #[error("the billing tables are damaged: {0}")]
    Damaged(&'static str),
}

/// A price book could not be imported. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// A row is wrong.
    #[error("{file}, row {row}, column {column}: {what}")]
    Row {
        /// Which of the files.
        file: &'static str,
        /// Counted from 1, the header not included.
        row: usize,
        /// The column's name.
        column: &'static str,
        /// What is wrong, and what is needed.
        what: String,
    },
    /// A file cannot be read as CSV with the wanted columns.
    #[error("{file} cannot be read")]
    Csv {
        /// Which of the files.
        file: &'static str,
        /// What the reader says.
        #[source]
        source: csv::Error,
    },
    /// A published version has other content than the file. Published versions never change: give the change a date.
    #[error(
        "the version of {effective_from} in {currency} is published and cannot be changed: give the change a date"
    )]
    Published {
        /// The version's first day.
        effective_from: String,
        /// The book's currency.
        currency: Currency,
    },
}
