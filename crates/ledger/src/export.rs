//! # The books for other programs
//!
//! Plain-text accounting, so that somebody else's program balances the books: [`export()`] writes every transfer that moved
//! money, and at the end what stands on each account, as an assertion. Holds are left out: nothing has moved yet.
//! [`statement()`] is what a bank would send: one account between two moments.
//!
//! Other programs count debits as positive and keep accounts under five roots. A code of ours goes below the root of its
//! kind, with its own words: `portfolio:7:prepaid` is `liabilities:portfolio:7:prepaid` for hledger and
//! `Liabilities:Portfolio:7:Prepaid` for beancount. Days are those of UTC.

use crate::account::id_of;
use crate::transfer::Kind;
use crate::{LedgerError, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Currency, LedgerAccountId, Micros, Timestamp, TransferId};
use std::fmt::Write as _;
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 4096;

/// Whose format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// hledger's journal, which ledger reads too.
    Hledger,
    /// beancount's.
    Beancount,
}

/// Writes the books, page by page, in one snapshot.
pub async fn export(
    _ctx: &Ctx,
    tx: &mut Tx,
    format: Format,
    write: &mut (dyn FnMut(&str) + Send),
) -> Result<(), LedgerError> {
    let accounts = balances(tx).await?;
    write(&opening(format, &accounts));
    let mut after = TransferId(Uuid::nil());
    let mut last = Timestamp(0);
    loop {
        let page = tx.query(store::MOVED_AFTER, params![after, PAGE_ROWS]).await?;
        let mut text = String::new();
        for row in &page {
            let transfer = Moved {
                transfer_id: row.get(0)?,
                kind: Kind::parse(&row.get::<String>(1)?)?,
                debit: row.get(2)?,
                credit: row.get(3)?,
                currency: row.get(4)?,
                amount: row.get(5)?,
                at: row.get(6)?,
            };
            (after, last) = (transfer.transfer_id, last.max(transfer.at));
            transfer.write(format, &mut text);
        }
        if page.is_empty() {
            break;
        }
        write(&text);
    }
    write(&closing(format, &accounts, last));
    Ok(())
}

/// An account that was used, and what stands on it.
struct Standing {
    name: [String; 2],
    currency: String,
    posted: Micros,
}

impl Standing {
    fn name(&self, format: Format) -> &str {
        let [hledger, beancount] = &self.name;
        if format == Format::Hledger { hledger } else { beancount }
    }
}

async fn balances(tx: &mut Tx) -> Result<Vec<Standing>, LedgerError> {
    let mut accounts = Vec::new();
    let mut after = LedgerAccountId(Uuid::nil());
    loop {
        let page = tx.query(store::ACCOUNTS_AFTER, params![after, PAGE_ROWS]).await?;
        for row in &page {
            let code: String = row.get(7)?;
            after = row.get(0)?;
            accounts.push(Standing {
                name: [name_of(Format::Hledger, &code), name_of(Format::Beancount, &code)],
                currency: row.get(8)?,
                posted: row.get(2)?,
            });
        }
        if page.is_empty() {
            accounts.sort_by(|a, b| (&a.name, &a.currency).cmp(&(&b.name, &b.currency)));
            return Ok(accounts);
        }
    }
}

/// The root of an account's kind, and the name below it.
fn name_of(format: Format, code: &str) -> String {
    let begins = |with: &[&str]| with.iter().any(|prefix| code.starts_with(prefix));
    let (root, capital) = match code {
        _ if code.ends_with(":receivable") || begins(&["bank", "psp:"]) => ("assets", "Assets"),
        _ if begins(&["revenue:", "contra:", "rounding", "breakage"]) => ("revenues", "Income"),
        _ if begins(&["exchange"]) => ("equity", "Equity"),
        _ => ("liabilities", "Liabilities"),
    };
    let words = code.strip_prefix("revenue:").unwrap_or(code);
    if format == Format::Hledger {
        return format!("{root}:{words}");
    }
    let words = words.split(':').map(|word| {
        let mut letters =
            word.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    format!("{capital}:{}", words.collect::<Vec<_>>().join(":"))
}

fn opening(format: Format, accounts: &[Standing]) -> String {
    let mut text =
        String::from("; The ledger of Plaza: every transfer that moved money. Debits are positive.\n\n");
    let mut before = "";
    for account in accounts {
        let name = account.name(format);
        if name == before {
            continue;
        }
        before = name;
        // A string takes everything.
        let _ = match format {
            Format::Hledger => writeln!(text, "account {name}"),
            Format::Beancount => writeln!(text, "1970-01-01 open {name}"),
        };
    }
    let mut currencies: Vec<&str> = accounts.iter().map(|account| account.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    for currency in currencies {
        let _ = match format {
            Format::Hledger => writeln!(text, "commodity 1.000000 {currency}"),
            Format::Beancount => writeln!(text, "1970-01-01 commodity {currency}"),
        };
    }
    text.push('\n');
    text
}

fn closing(format: Format, accounts: &[Standing], last: Timestamp) -> String {
    let used = || accounts.iter().filter(|account| account.posted != Micros::ZERO);
    let mut text = String::new();
    // beancount looks at the begin of the day.
    let day = day_of(if format == Format::Beancount {
        Timestamp(last.0.saturating_add(86_400_000_000))
    } else {
        last
    });
    if format == Format::Hledger && used().next().is_some() {
        let _ = writeln!(text, "{day} What stands on each account");
    }
    for account in used() {
        let (name, currency) = (account.name(format), &account.currency);
        let balance = Decimal(i128::from(account.posted.0).saturating_neg());
        let _ = match format {
            Format::Hledger => writeln!(text, "    {name}  0 {currency} = {balance} {currency}"),
            Format::Beancount => writeln!(text, "{day} balance {name}  {balance} {currency}"),
        };
    }
    text
}

/// A transfer that moved money.
struct Moved {
    transfer_id: TransferId,
    kind: Kind,
    debit: String,
    credit: String,
    currency: String,
    amount: Micros,
    at: Timestamp,
}

impl Moved {
    fn write(&self, format: Format, text: &mut String) {
        let Self { transfer_id, currency, .. } = self;
        let (at, day, kind) = (moment_of(self.at), day_of(self.at), self.kind.as_str());
        let _ = match format {
            Format::Hledger => writeln!(text, "{day} {kind}  ; transfer:{transfer_id}, at:{at}"),
            Format::Beancount => {
                writeln!(text, "{day} * \"{kind}\"\n  transfer: \"{transfer_id}\"\n  at: \"{at}\"")
            }
        };
        for (account, sign) in [(&self.debit, 1), (&self.credit, -1)] {
            let (name, amount) = (name_of(format, account), i128::from(self.amount.0).saturating_mul(sign));
            let _ = writeln!(text, "    {name}  {} {currency}", Decimal(amount));
        }
        text.push('\n');
    }
}

/// Micros with six decimals, as wide as other programs want them.
struct Decimal(i128);

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        let whole = amount.checked_div(1_000_000).unwrap_or_default();
        let rest = amount.checked_rem(1_000_000).unwrap_or_default();
        write!(f, "{sign}{whole}.{rest:06}")
    }
}

fn moment_of(at: Timestamp) -> jiff::Timestamp {
    // What does not fit into years of four digits was never a time of a transfer.
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default()
}

/// The day of a moment, in UTC.
fn day_of(at: Timestamp) -> jiff::civil::Date {
    moment_of(at).to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// One account between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What stood on it before the first line: credits minus debits.
    pub opening: Micros,
    /// What moved, in order.
    pub lines: Vec<StatementLine>,
    /// What stood on it after the last line.
    pub closing: Micros,
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The number of the entry: from 1 without a gap, holds included.
    pub version: i64,
    /// By which transfer.
    pub transfer_id: TransferId,
    /// What it was.
    pub kind: Kind,
    /// The code of the account on the other side.
    pub other: String,
    /// Credit above zero, debit below.
    pub amount: Micros,
    /// What stood on the account afterwards.
    pub balance: Micros,
    /// When.
    pub at: Timestamp,
}

/// What moved on the account with a code, from one moment up to another (excluded). `None`: it was never used.
pub async fn statement(
    _ctx: &Ctx,
    tx: &mut Tx,
    (code, currency): (&str, Currency),
    (from, to): (Timestamp, Timestamp),
) -> Result<Option<Statement>, LedgerError> {
    let account = id_of(code, currency.code());
    if tx.query_one(store::BALANCE, params![account]).await?.is_none() {
        return Ok(None);
    }
    let mut balance = match tx.query_one(store::POSTED_BEFORE, params![account, from]).await? {
        Some(row) => row.get(0)?,
        None => Micros::ZERO,
    };
    let mut statement = Statement { opening: balance, lines: Vec::new(), closing: balance };
    let mut after = 0_i64;
    loop {
        let page = tx.query(store::MOVED_ON, params![account, after, from, to, PAGE_ROWS]).await?;
        for row in &page {
            let amount: Micros = row.get(4)?;
            balance = balance.checked_add(amount).ok_or(LedgerError::Damaged("a balance is out of range"))?;
            after = row.get(0)?;
            statement.lines.push(StatementLine {
                version: after,
                transfer_id: row.get(1)?,
                kind: Kind::parse(&row.get::<String>(2)?)?,
                other: row.get(3)?,
                amount,
                balance,
                at: row.get(5)?,
            });
        }
        if page.is_empty() {
            statement.closing = balance;
            return Ok(Some(statement));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_below_the_root_of_their_kind() {
        for (code, hledger, beancount) in [
            ("portfolio:7:prepaid", "liabilities:portfolio:7:prepaid", "Liabilities:Portfolio:7:Prepaid"),
            ("portfolio:7:receivable", "assets:portfolio:7:receivable", "Assets:Portfolio:7:Receivable"),
            (
                "revenue:messages:authentication_international",
                "revenues:messages:authentication_international",
                "Income:Messages:Authentication-international",
            ),
            ("contra:promo", "revenues:contra:promo", "Income:Contra:Promo"),
            ("psp:stripe:clearing", "assets:psp:stripe:clearing", "Assets:Psp:Stripe:Clearing"),
            (
                "deferred:subscriptions",
                "liabilities:deferred:subscriptions",
                "Liabilities:Deferred:Subscriptions",
            ),
            ("exchange", "equity:exchange", "Equity:Exchange"),
        ] {
            assert_eq!(name_of(Format::Hledger, code), hledger);
            assert_eq!(name_of(Format::Beancount, code), beancount);
        }
        assert_eq!(Decimal(-1_050_000).to_string(), "-1.050000");
    }
}
