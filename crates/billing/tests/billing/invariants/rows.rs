//! What the ledger's tables say, and those of the twelve that are about them.

use super::caps::Spending;
use super::prices::ChargeRow;
use super::*;
use plaza_db::{DbError, Sql};
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct AccountRow {
    id: Uuid,
    code: String,
    currency: String,
    posted: i64,
    held: i64,
    version: i64,
}

#[derive(Debug)]
pub(super) struct TransferRow {
    id: Uuid,
    kind: String,
    debit: Uuid,
    credit: Uuid,
    amount: i64,
    hold: Option<Uuid>,
}

#[derive(Debug)]
pub(super) struct EntryRow {
    account: Uuid,
    version: i64,
    transfer: Uuid,
    posted: i64,
    held: i64,
    at: i64,
}

/// The ledger as it stands, in the order of accounts and versions.
#[derive(Debug)]
pub(super) struct Rows {
    accounts: Vec<AccountRow>,
    pub(super) transfers: Vec<TransferRow>,
    entries: Vec<EntryRow>,
    open_holds: BTreeMap<Uuid, i64>,
    pub(super) charges: Vec<ChargeRow>,
    pub(super) spending: Spending,
    /// The rows of tables that only grow.
    pub(super) lasting: BTreeMap<String, BTreeSet<String>>,
}

const LASTING: [&str; 8] = [
    "ledger_transfer",
    "ledger_entry",
    "ledger_floor",
    "usage_event",
    "charge",
    "charge_correction",
    "price",
    "subscription_line",
];

const fn sql(text: &'static str) -> Sql {
    Sql { name: "test::ROWS", text }
}
const ACCOUNTS: Sql =
    sql("SELECT ledger_account_id, code, currency, posted, held, version FROM ledger_account");
const TRANSFERS: Sql = sql("SELECT transfer_id, kind, debit, credit, amount, hold_id FROM ledger_transfer");
const ENTRIES: Sql = sql("
    SELECT ledger_account_id, version, transfer_id, posted, held, at FROM ledger_entry
    ORDER BY ledger_account_id, version");
const HOLDS: Sql = sql("SELECT hold_id, amount FROM ledger_hold");
const CHARGES: Sql = sql("
    SELECT c.message_id, c.market, c.category, c.unit_micros, c.tier, v.effective_from, b.portfolio_id
    FROM charge c JOIN price_version v ON v.price_version_id = c.price_version_id
    JOIN price_book b ON b.price_book_id = v.price_book_id");
const SPENDING: Sql = sql("SELECT portfolio_id, scope, subject, day, spent_micros FROM spending_day");

impl Rows {
    pub(super) async fn read(world: &World) -> Self {
        let read = async |_: &Ctx, tx: &mut Tx| {
            let mut rows = Self {
                accounts: Vec::new(),
                transfers: Vec::new(),
                entries: Vec::new(),
                open_holds: BTreeMap::new(),
                charges: Vec::new(),
                spending: Spending::new(),
                lasting: BTreeMap::new(),
            };
            for row in tx.query(ACCOUNTS, vec![]).await? {
                let (id, code, currency) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (posted, held, version) = (row.get(3)?, row.get(4)?, row.get(5)?);
                rows.accounts.push(AccountRow { id, code, currency, posted, held, version });
            }
            for row in tx.query(TRANSFERS, vec![]).await? {
                let (id, kind, debit, credit) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                let (amount, hold) = (row.get(4)?, row.get(5)?);
                rows.transfers.push(TransferRow { id, kind, debit, credit, amount, hold });
            }
            for row in tx.query(ENTRIES, vec![]).await? {
                let (account, version, transfer) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (posted, held, at) = (row.get(3)?, row.get(4)?, row.get(5)?);
                rows.entries.push(EntryRow { account, version, transfer, posted, held, at });
            }
            for row in tx.query(HOLDS, vec![]).await? {
                rows.open_holds.insert(row.get(0)?, row.get(1)?);
            }
            for row in tx.query(CHARGES, vec![]).await? {
                let (message_id, market, category) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (unit, tier, since, contract_of) = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
                rows.charges.push(ChargeRow { message_id, market, category, unit, tier, since, contract_of });
            }
            for row in tx.query(SPENDING, vec![]).await? {
                rows.spending.insert((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), row.get(4)?);
            }
            Ok::<_, DbError>(rows)
        };
        let mut rows = world.db.read(&world.ctx, "test.rows", read).await.unwrap();
        let content = world.db.content().await;
        let lasting = content.into_iter().filter(|(table, _)| LASTING.contains(&table.as_str()));
        rows.lasting = lasting.map(|(table, rows)| (table, rows.into_iter().collect())).collect();
        rows
    }

    /// What stands on an account, and what of it is set aside.
    pub(super) fn room(&self, code: &str) -> (i64, i64) {
        let account = self.accounts.iter().find(|account| account.code == code);
        account.map_or((0, 0), |account| (account.posted, account.held))
    }

    /// 1: Debits equal credits per currency; and of each transfer.
    pub(super) fn one_debits_equal_credits(&self) {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for account in &self.accounts {
            *sums.entry(&account.currency).or_default() += i128::from(account.posted);
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        let mut of: BTreeMap<Uuid, i64> = BTreeMap::new();
        for entry in &self.entries {
            *of.entry(entry.transfer).or_default() += entry.posted;
        }
        assert!(of.values().all(|sum| *sum == 0));
    }

    /// 2: An account's balance is the fold of its entries; versions have no gap.
    pub(super) fn two_an_account_is_the_fold_of_its_entries(&self) {
        let mut folds: BTreeMap<Uuid, (i64, i64, i64)> = BTreeMap::new();
        for entry in &self.entries {
            let fold = folds.entry(entry.account).or_default();
            assert_eq!(entry.version, fold.2 + 1, "a gap");
            *fold = (fold.0 + entry.posted, fold.1 + entry.held, entry.version);
        }
        for account in &self.accounts {
            let fold = folds.remove(&account.id).unwrap_or_default();
            assert_eq!((account.posted, account.held, account.version), fold, "{}", account.code);
        }
        assert!(folds.is_empty(), "entries of no account");
    }

    /// 3: Limited accounts never cross, pending counted: after none of their entries.
    pub(super) fn three_limited_accounts_never_cross(&self, customers: &[Customer]) {
        let mut floors = BTreeMap::new();
        for customer in customers {
            for source in customer.rooms.keys() {
                let floor = if *source == Source::Credit { -customer.widest } else { 0 };
                floors.insert(account(customer, *source).code(), floor);
            }
        }
        for of in &self.accounts {
            let Some(floor) = floors.get(&of.code) else { continue };
            let mut free = 0;
            for entry in self.entries.iter().filter(|entry| entry.account == of.id) {
                free += entry.posted - entry.held;
                assert!(free >= *floor, "{}: {free}", of.code);
            }
        }
    }

    /// 4: A business event posts at most once; a retry gives the same result. There are as many transfers as events
    /// that moved something, however often each was asked for; that the answers are the same is seen where they are
    /// asked for.
    pub(super) fn four_an_event_posts_at_most_once(&self, wanted: usize) {
        let ids: BTreeSet<_> = self.transfers.iter().map(|transfer| transfer.id).collect();
        assert_eq!((ids.len(), self.transfers.len()), (wanted, wanted));
    }

    /// 5: A pending transfer ends once: posted + voided + expired ≤ 1, posted ≤ pending. What has not ended is what is
    /// on its way.
    pub(super) fn five_a_hold_ends_once(&self, customers: &[Customer]) {
        let mut ends: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
        for transfer in &self.transfers {
            if let Some(hold) = transfer.hold {
                assert!(["post_hold", "void_hold", "expire_hold"].contains(&transfer.kind.as_str()));
                ends.entry(hold).or_default().push(transfer.amount);
            }
        }
        let mut open = BTreeMap::new();
        for hold in self.transfers.iter().filter(|transfer| transfer.kind == "hold") {
            match ends.remove(&hold.id).as_deref() {
                None => drop(open.insert(hold.id, hold.amount)),
                Some([posted]) => assert!(*posted <= hold.amount),
                Some(more) => panic!("{hold:?} ended {} times", more.len()),
            }
        }
        assert!(ends.is_empty(), "ends of what was never held");
        assert_eq!(open, self.open_holds);
        let mut parts: Vec<i64> = Vec::new();
        for state in customers.iter().flat_map(|customer| customer.messages.values()) {
            if let State::OnItsWay(of) = state {
                parts.extend(of.iter().map(|(_, part)| *part));
            }
        }
        parts.sort_unstable();
        let codes: BTreeSet<Uuid> = customers
            .iter()
            .flat_map(|customer| customer.rooms.keys().map(|source| account(customer, *source).id().0))
            .collect();
        let mut held: Vec<i64> = self
            .transfers
            .iter()
            .filter(|transfer| open.contains_key(&transfer.id) && codes.contains(&transfer.debit))
            .map(|transfer| transfer.amount)
            .collect();
        held.sort_unstable();
        assert_eq!(held, parts);
    }

    /// 6: Entries are immutable; corrections link to originals and never exceed them. What was written before stands
    /// there still; that a correction names what held before it, and that nothing costs more than was held or less than
    /// nothing, verification and the books show.
    pub(super) fn six_nothing_changes_that_was_written(&self, before: &BTreeMap<String, BTreeSet<String>>) {
        for (table, rows) in before {
            assert!(self.lasting.get(table).is_some_and(|now| rows.is_subset(now)), "{table} was changed");
        }
    }

    /// 7: No transfer crosses currencies without exchange legs: both its accounts have one.
    pub(super) fn seven_no_transfer_crosses_currencies(&self) {
        let currencies: BTreeMap<Uuid, &str> =
            self.accounts.iter().map(|account| (account.id, account.currency.as_str())).collect();
        for transfer in &self.transfers {
            // An account without entries has no row yet.
            if let (Some(debit), Some(credit)) =
                (currencies.get(&transfer.debit), currencies.get(&transfer.credit))
            {
                assert_eq!(debit, credit, "{transfer:?}");
            }
        }
    }

    /// 12: Time is monotone: of an account's entries, even where clocks are not.
    pub(super) fn twelve_time_never_runs_backwards(&self) {
        let mut last: BTreeMap<Uuid, i64> = BTreeMap::new();
        for entry in &self.entries {
            let before = last.insert(entry.account, entry.at).unwrap_or(i64::MIN);
            assert!(before <= entry.at, "{entry:?}");
        }
    }
}
