//! # Who pays
//!
//! A portfolio is opened once, in one currency, and pays in advance. A top-up names a key (of the payment, of the
//! operator's action), so that repeating it does not credit twice.

use crate::audit::{self, Act};
use crate::{BillingError, alerts, store};
use plaza_db::{Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Refused, Transfer, named_id};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, PriceBookId};
use serde_json::json;

/// What a portfolio paid in. What else it can pay from is in [`crate::funds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Of all amounts.
    pub currency: Currency,
    /// Paid in and not used.
    pub posted: Micros,
    /// Set aside for messages on their way.
    pub held: Micros,
    /// What can be spent of it.
    pub available: Micros,
}

/// The prepaid account of a portfolio.
pub(crate) fn prepaid(portfolio: PortfolioId, currency: Currency) -> Account {
    Account::new(AccountKind::PortfolioPrepaid(portfolio), currency)
}

/// Opens billing for a portfolio, in the list book of its currency. Months begin in its time zone. Opening it again in
/// the same currency changes nothing.
pub async fn open_portfolio(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    currency: Currency,
    time_zone: &str,
) -> Result<(), BillingError> {
    jiff::tz::TimeZone::get(time_zone).map_err(|_| BillingError::UnknownTimeZone)?;
    let book = tx.query_one(store::LIST_BOOK, params![currency]).await?;
    let book: PriceBookId = book.ok_or(BillingError::NoPriceBook(currency))?.get(0)?;
    let row = params![portfolio, currency, time_zone, book, ctx.now(), 0_i64, [0_u8; 32]];
    tx.execute(store::INSERT_PORTFOLIO, row).await?;
    let fixed = currency_of(tx, portfolio).await?;
    if fixed == currency { Ok(()) } else { Err(BillingError::CurrencyFixed(fixed)) }
}

/// What a portfolio pays in.
pub(crate) async fn currency_of(tx: &mut Tx, portfolio: PortfolioId) -> Result<Currency, BillingError> {
    let row = tx.query_one(store::CURRENCY_OF_PORTFOLIO, params![portfolio]).await?;
    Ok(row.ok_or(BillingError::UnknownPortfolio(portfolio))?.get(0)?)
}

/// Credits a payment. The same key credits once, whatever the number of calls.
pub async fn top_up(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    amount: Micros,
    key: &str,
) -> Result<Balance, BillingError> {
    let currency = currency_of(tx, portfolio).await?;
    let transfer = Transfer {
        transfer_id: named_id(&format!("plaza top-up\0{portfolio}\0{key}")),
        action: Action::Posted {
            debit: Account::new(AccountKind::Bank, currency),
            credit: prepaid(portfolio, currency),
            amount,
        },
    };
    match plaza_ledger::post(ctx, tx, &[transfer]).await?.first() {
        Some(Ok(outcome)) => {
            alerts::look(ctx, tx, portfolio, true).await?;
            if !outcome.repeated {
                let details = json!({"amount_micros": amount.0, "currency": currency.code(), "key": key});
                audit::note(ctx, tx, Act::Credit, portfolio, details).await?;
            }
            balance(ctx, tx, portfolio).await
        }
        Some(Err(Refused::Different)) => Err(BillingError::KeyReused),
        _ => Err(BillingError::BadAmount),
    }
}

/// What a portfolio paid in and has left.
pub async fn balance(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Balance, BillingError> {
    let currency = currency_of(tx, portfolio).await?;
    let balance = plaza_ledger::balance(ctx, tx, &prepaid(portfolio, currency)).await?;
    Ok(Balance { currency, posted: balance.posted, held: balance.held, available: balance.available })
}
