//! # Accounts
//!
//! An account is a code and a currency; its id is derived from both, so that naming an account costs no look-up and two
//! servers never make two of one. The row is made on first use.
//!
//! A balance is credits minus debits: what Plaza owes to the account's owner is above zero (a prepaid balance, earned
//! revenue), what Plaza owns is below (the bank).

use crate::{LedgerError, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Currency, LedgerAccountId, Micros, PortfolioId};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// The chart of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// What a portfolio paid in advance. Never below zero, holds counted.
    PortfolioPrepaid(PortfolioId),
    /// Credit that a portfolio was given: each grant has an account, because each has an end. Never below zero, holds
    /// counted.
    PortfolioPromo(PortfolioId, Uuid),
    /// What a portfolio owes, below zero. Its floor is zero until it is granted credit, and then minus the limit.
    PortfolioReceivable(PortfolioId),
    /// What a portfolio owes by invoices beyond its usage: tax, rounding, fees. Below zero until it is paid.
    Invoiced(PortfolioId),
    /// Earned by messages of a category.
    MessageRevenue(Arc<str>),
    /// Earned by calls of businesses.
    CallRevenue,
    /// Earned by plans, day by day.
    SubscriptionRevenue,
    /// Paid for days of plans that are still to come.
    SubscriptionDeferred,
    /// Earned by items that people bought for good.
    ItemRevenue,
    /// Earned by fees.
    FeeRevenue,
    /// Earned by advertising.
    AdRevenue,
    /// Usage that was paid with credit that Plaza gave.
    ContraPromo,
    /// Tax that is contained in prices.
    ContraTax,
    /// Revenue that was given back.
    ContraRefund,
    /// Owed to a tax office; the name is the jurisdiction's.
    Tax(Arc<str>),
    /// Paid in advance and never used.
    Breakage,
    /// The other half of an exchange between two currencies.
    Exchange,
    /// Money at the bank.
    Bank,
    /// On its way through a payment provider; must return to zero.
    PspClearing(Arc<str>),
    /// What rounding of invoices leaves over.
    Rounding,
    /// What nobody could assign yet.
    Suspense,
}

/// The balance below which an account never falls, by its code, until it is given another floor: what belongs to a
/// portfolio is never overdrawn.
pub(crate) fn floor_of(code: &str) -> Option<Micros> {
    code.starts_with("portfolio:").then_some(Micros::ZERO)
}

/// The id of an account follows from its code and currency.
pub(crate) fn id_of(code: &str, currency: &str) -> LedgerAccountId {
    let name = format!("plaza ledger account\0{code}\0{currency}");
    LedgerAccountId(uuid_of(&Sha256::digest(name.as_bytes())))
}

/// Whether a row's id is what the chart of accounts says of its code and currency.
pub(crate) fn is_of_chart(id: LedgerAccountId, code: &str, currency: &str) -> bool {
    id == id_of(code, currency)
}

/// The account's code: the same words in SQL, in exports and on screens.
impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortfolioPrepaid(portfolio) => write!(f, "portfolio:{portfolio}:prepaid"),
            Self::PortfolioPromo(portfolio, grant) => {
                write!(f, "portfolio:{portfolio}:promo:{}", grant.simple())
            }
            Self::PortfolioReceivable(portfolio) => write!(f, "portfolio:{portfolio}:receivable"),
            Self::Invoiced(portfolio) => write!(f, "invoiced:{portfolio}"),
            Self::MessageRevenue(category) => write!(f, "revenue:messages:{category}"),
            Self::CallRevenue => f.write_str("revenue:calls"),
            Self::SubscriptionRevenue => f.write_str("revenue:subscriptions"),
            Self::SubscriptionDeferred => f.write_str("deferred:subscriptions"),
            Self::ItemRevenue => f.write_str("revenue:items"),
            Self::FeeRevenue => f.write_str("revenue:fees"),
            Self::AdRevenue => f.write_str("revenue:ads"),
            Self::ContraPromo => f.write_str("contra:promo"),
            Self::ContraTax => f.write_str("contra:tax"),
            Self::ContraRefund => f.write_str("contra:refund"),
            Self::Tax(jurisdiction) => write!(f, "tax:{jurisdiction}"),
            Self::Breakage => f.write_str("breakage"),
            Self::Exchange => f.write_str("exchange"),
            Self::Bank => f.write_str("bank"),
            Self::PspClearing(name) => write!(f, "psp:{name}:clearing"),
            Self::Rounding => f.write_str("rounding"),
            Self::Suspense => f.write_str("suspense"),
        }
    }
}

/// An account in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    id: LedgerAccountId,
    kind: AccountKind,
    currency: Currency,
}

impl Account {
    /// Names an account. Keep the value if it is used often: naming hashes.
    pub fn new(kind: AccountKind, currency: Currency) -> Self {
        Self { id: id_of(&kind.to_string(), currency.code()), kind, currency }
    }

    /// Money on its way through a payment provider, or an app store.
    pub fn clearing(provider: &str, currency: Currency) -> Self {
        Self::new(AccountKind::PspClearing(Arc::from(provider)), currency)
    }

    /// Its id.
    pub fn id(&self) -> LedgerAccountId {
        self.id
    }

    /// Its currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its code: `portfolio:100:prepaid`.
    pub fn code(&self) -> String {
        self.kind.to_string()
    }

    pub(crate) fn floor(&self) -> Option<Micros> {
        floor_of(&self.code())
    }
}

/// The first half of a digest as a UUID of version 8 (made by the application's own rule).
pub(crate) fn uuid_of(digest: &[u8]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What stands on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Credits minus debits.
    pub posted: Micros,
    /// Set aside by open holds.
    pub held: Micros,
    /// What can still be spent: posted minus held.
    pub available: Micros,
}

/// The balance of an account; all zero if it was never used.
pub async fn balance(_ctx: &Ctx, tx: &mut Tx, account: &Account) -> Result<Balance, LedgerError> {
    let Some(row) = tx.query_one(store::BALANCE, params![account.id]).await? else {
        return Ok(Balance::default());
    };
    let (posted, held): (Micros, Micros) = (row.get(0)?, row.get(1)?);
    let available = posted.checked_sub(held).ok_or(LedgerError::Damaged("a balance is out of range"))?;
    Ok(Balance { posted, held, available })
}

/// What moved over an account that is only ever credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turnover {
    /// The account's code.
    pub code: String,
    /// Its currency.
    pub currency: Currency,
    /// Credits minus debits.
    pub posted: Micros,
    /// Number of entries.
    pub entries: i64,
}

/// The turnover of what messages and calls earn, by code and currency.
pub async fn turnover(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Turnover>, LedgerError> {
    let rows = tx.query(store::USAGE_REVENUE, vec![]).await?;
    let turnover = rows.iter().map(|row| {
        Ok(Turnover { code: row.get(0)?, currency: row.get(1)?, posted: row.get(2)?, entries: row.get(3)? })
    });
    turnover.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_account_never_changes() {
        let account = Account::new(AccountKind::PortfolioPrepaid(PortfolioId(123)), Currency::EUR);
        assert_eq!(account.code(), "portfolio:123:prepaid");
        assert_eq!(
            account.id(),
            Account::new(AccountKind::PortfolioPrepaid(PortfolioId(123)), Currency::EUR).id()
        );
        assert_ne!(
            account.id(),
            Account::new(AccountKind::PortfolioPrepaid(PortfolioId(123)), Currency::USD).id()
        );
        assert_eq!(account.id().0.get_version_num(), 8);
    }
}
