//! # Money of another currency
//!
//! A portfolio pays in one currency. Where money of another one comes in for it, the operator says at what rate it counts,
//! and two transfers are made at once: the source gives its currency to the account `exchange`, and the `exchange` of the
//! other currency gives what it comes to. No transfer crosses currencies, and what stands on the two accounts is what the
//! operator holds of the one and owes in the other: the open position, which the rates of later days revalue outside of
//! these books. The rate stands in a row for ever; `plaza ledger verify` works every exchange out again.

pub(crate) mod store;

use crate::audit::{self, Act};
use crate::funds::require_operator;
use crate::portfolio::{Balance, balance, currency_of, prepaid};
use crate::verify::kinds::EXCHANGES;
use crate::{BillingError, alerts};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Findings, Refused, Transfer, derived_id, named_id};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Timestamp, TransferId};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Exchanges of a page.
pub const EXCHANGES_MAX: u32 = 100;
/// Digits of a rate behind the point.
const RATE_DIGITS: usize = 9;
/// One whole of a rate.
const ONE: i64 = 1_000_000_000;
/// A currency is worth at most so many of another.
const RATE_MAX: i64 = 1_000_000 * ONE;

/// What one unit of a currency is worth in another: nine decimals, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExchangeRate(i64);

/// A text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate above zero and up to 1000000, with at most nine decimals, is needed, such as 1.0834")]
pub struct BadRate;

impl FromStr for ExchangeRate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > RATE_DIGITS || !is_number(whole) || !is_number(fraction) {
            return Err(BadRate);
        }
        let whole: i64 = whole.parse().map_err(|_| BadRate)?;
        let fraction: i64 = format!("{fraction:0<RATE_DIGITS$}").parse().map_err(|_| BadRate)?;
        let rate = whole.checked_mul(ONE).and_then(|whole| whole.checked_add(fraction)).ok_or(BadRate)?;
        if (1..=RATE_MAX).contains(&rate) { Ok(Self(rate)) } else { Err(BadRate) }
    }
}

impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:09}", self.0.rem_euclid(ONE));
        let trimmed = digits.trim_end_matches('0');
        write!(f, "{}.{trimmed:0<2}", self.0.div_euclid(ONE))
    }
}

impl ExchangeRate {
    /// What an amount comes to, rounded half to even to a millionth. `None`: nothing, or more than can be kept.
    pub fn of(self, amount: Micros) -> Option<Micros> {
        let exact = i128::from(amount.0).checked_mul(i128::from(self.0))?;
        let one = i128::from(ONE);
        let (whole, rest) = (exact.div_euclid(one), exact.rem_euclid(one).checked_mul(2)?);
        let is_up = rest > one || (rest == one && whole.rem_euclid(2) == 1);
        let came_to = i64::try_from(whole.checked_add(i128::from(is_up))?).ok()?;
        (came_to > 0).then_some(Micros(came_to))
    }
}

/// Money of another currency, and at what rate it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// How much.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
    /// What one unit of it is worth in the portfolio's currency.
    pub rate: ExchangeRate,
}

/// Money that was exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchanged {
    /// Its id.
    pub exchange_id: Uuid,
    /// Whose.
    pub portfolio: PortfolioId,
    /// What came in.
    pub foreign: Foreign,
    /// What it came to.
    pub amount: Micros,
    /// In the portfolio's currency.
    pub currency: Currency,
    /// When.
    pub at: Timestamp,
}

/// Credits money of another currency to a portfolio's balance, out of an account that has it. The same id exchanges once;
/// for another amount, currency or rate it is refused.
pub async fn exchange(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, source): (Uuid, AccountKind),
    portfolio: PortfolioId,
    foreign: Foreign,
) -> Result<Exchanged, BillingError> {
    require_operator(ctx)?;
    let currency = currency_of(tx, portfolio).await?;
    if foreign.currency == currency {
        return Err(BillingError::SameCurrency(currency));
    }
    let amount = foreign.rate.of(foreign.amount).ok_or(BillingError::BadAmount)?;
    let open = |currency| Account::new(AccountKind::Exchange, currency);
    let given = Action::Posted {
        debit: Account::new(source, foreign.currency),
        credit: open(foreign.currency),
        amount: foreign.amount,
    };
    let came = Action::Posted { debit: open(currency), credit: prepaid(portfolio, currency), amount };
    // The credit has the id itself: whoever credits under it without an exchange is refused.
    let legs = [
        Transfer { transfer_id: derived_id(id, "exchange"), action: given },
        Transfer { transfer_id: TransferId(id), action: came },
    ];
    for outcome in plaza_ledger::post(ctx, tx, &legs).await? {
        match outcome {
            Ok(_) => {}
            Err(Refused::Different) => return Err(BillingError::KeyReused),
            Err(_) => return Err(BillingError::BadAmount),
        }
    }
    let Foreign { amount: paid, currency: paid_in, rate } = foreign;
    let row = params![id, portfolio, paid_in, paid, currency, amount, rate.0, ctx.now()];
    tx.execute(store::INSERT, row).await?;
    let row = tx.query_one(store::EXCHANGE, params![id]).await?;
    let kept = exchanged(&row.ok_or(BillingError::Damaged("an exchange was not kept"))?)?;
    if (kept.portfolio, kept.foreign) != (portfolio, foreign) {
        return Err(BillingError::KeyReused);
    }
    alerts::look(ctx, tx, portfolio, true).await?;
    Ok(kept)
}

/// Credits a payment in another currency. The same key credits once, whatever the number of calls.
pub async fn top_up_in(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    foreign: Foreign,
    key: &str,
) -> Result<Balance, BillingError> {
    let id = named_id(&format!("plaza top-up\0{portfolio}\0{key}"));
    let is_known = tx.query_one(store::EXCHANGE, params![id.0]).await?.is_some();
    let came = exchange(ctx, tx, (id.0, AccountKind::Bank), portfolio, foreign).await?;
    if !is_known {
        let details = serde_json::json!({
            "from_micros": foreign.amount.0, "from_currency": foreign.currency.code(),
            "rate": foreign.rate.to_string(), "amount_micros": came.amount.0, "currency": came.currency.code(),
            "key": key,
        });
        audit::note(ctx, tx, Act::Exchange, portfolio, details).await?;
    }
    balance(ctx, tx, portfolio).await
}

/// The newest exchanges.
pub async fn exchanges(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<Exchanged>, BillingError> {
    require_operator(ctx)?;
    let rows = tx.query(store::NEWEST, params![limit.min(EXCHANGES_MAX)]).await?;
    rows.iter().map(exchanged).collect()
}

fn exchanged(row: &Row) -> Result<Exchanged, BillingError> {
    Ok(Exchanged {
        exchange_id: row.get(0)?,
        portfolio: row.get(1)?,
        foreign: Foreign { currency: row.get(2)?, amount: row.get(3)?, rate: ExchangeRate(row.get(6)?) },
        currency: row.get(4)?,
        amount: row.get(5)?,
        at: row.get(7)?,
    })
}

/// For verification: every exchange came to what its rate says, and the accounts have what the exchanges left there.
pub(crate) async fn verify(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut positions: BTreeMap<Currency, i64> = BTreeMap::new();
    let mut move_by = |currency: Currency, amount: i64| {
        let position = positions.entry(currency).or_default();
        *position = position.saturating_add(amount);
    };
    let mut after = Uuid::nil();
    loop {
        let rows = tx.query(store::AFTER, params![after]).await?;
        let Some(last) = rows.last() else { break };
        after = last.get(0)?;
        for row in &rows {
            let made = exchanged(row)?;
            if made.foreign.rate.of(made.foreign.amount) != Some(made.amount) {
                let which = format!("exchange {}", made.exchange_id);
                found.differs(EXCHANGES, format!("{which}: it does not come to what its rate says"));
            }
            found.checked(EXCHANGES, 1);
            move_by(made.foreign.currency, made.foreign.amount.0);
            move_by(made.currency, 0_i64.saturating_sub(made.amount.0));
        }
    }
    for (currency, amount) in crate::payouts::exchanged(tx).await? {
        move_by(currency, amount);
    }
    for currency in Currency::ALL {
        let account = Account::new(AccountKind::Exchange, *currency);
        let posted = plaza_ledger::balance(ctx, tx, &account).await?.posted;
        let position = Micros(positions.get(currency).copied().unwrap_or_default());
        if posted != position {
            let difference =
                format!("exchange in {currency}: {posted} stand there, the exchanges left {position}");
            found.differs(EXCHANGES, difference);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> ExchangeRate {
        text.parse().unwrap()
    }

    #[test]
    fn rates_are_exact_decimals() {
        for text in ["1.0834", "0.000000001", "1000000.00", "1.00"] {
            assert_eq!(rate(text).to_string(), text);
        }
        for text in
            ["", "0", "0.0", "-1", "1.", "1e3", "1,08", "0.0000000001", "1000000.000000001", ".5", "½"]
        {
            let read = text.parse::<ExchangeRate>();
            assert_eq!(read.is_ok(), text == "1.", "{text}");
        }
    }

    #[test]
    fn amounts_are_rounded_half_to_even() {
        assert_eq!(rate("1.0834").of(Micros(100_000_000)), Some(Micros(108_340_000)));
        assert_eq!(rate("0.5").of(Micros(1)), None, "half a millionth rounds to nothing");
        assert_eq!(rate("0.5").of(Micros(3)), Some(Micros(2)));
        assert_eq!(rate("0.5").of(Micros(5)), Some(Micros(2)));
        assert_eq!(rate("1000000").of(Micros(i64::MAX)), None, "more than can be kept");
        assert_eq!(rate("1").of(Micros(i64::MAX)), Some(Micros(i64::MAX)));
    }
}
