//! # Verification
//!
//! Reads the whole ledger once, in pages, and computes again what the rows of the accounts claim. It trusts nothing:
//! every entry is held against its transfer, every end of a hold against the hold, every account against its entries.
//! A snapshot is enough; writers go on meanwhile.

use crate::account::{floor_of, is_of_chart};
use crate::book::{Entry, State, effects};
use crate::findings::Findings;
use crate::floor::Change;
use crate::transfer::{Kind, Recorded};
use crate::{LedgerError, store};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, LedgerAccountId, Micros, TransferId};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 4096;
/// What the verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Transfers of all kinds.
    pub transfers: i64,
    /// Accounts.
    pub accounts: i64,
    /// Covers every account's hash chain: written down elsewhere, it proves later that the past is unchanged.
    pub digest: [u8; 32],
    /// What was computed again, and what does not hold. No differences: all is well.
    pub found: Findings,
}

/// The kinds of rows that are looked at.
const ENTRIES: &str = "entries";
const ACCOUNTS: &str = "accounts";
const FLOORS: &str = "floors";
const TRANSFERS: &str = "transfers";
const HOLDS: &str = "holds";

/// An account's row, as it claims to be.
struct Claim {
    id: LedgerAccountId,
    state: State,
    code: String,
    currency: String,
}

/// Proves what the crate promises, or says what does not hold.
pub async fn verify(_ctx: &Ctx, tx: &mut Tx) -> Result<Report, LedgerError> {
    let mut report = Report::default();
    let mut entries = Entries::default();
    let mut digest = Sha256::new();
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let mut effects_by_kind: HashMap<Kind, i64> = HashMap::new();
    let mut after = LedgerAccountId(Uuid::nil());
    for kind in [TRANSFERS, ENTRIES, ACCOUNTS, FLOORS, HOLDS] {
        report.found.checked(kind, 0);
    }
    let mut floors = floors(tx, &mut report.found).await?;
    loop {
        let page = tx.query(store::ACCOUNTS_AFTER, params![after, PAGE_ROWS]).await?;
        for row in &page {
            let (id, state) = store::account(row)?;
            let claim = Claim { id, state, code: row.get(7)?, currency: row.get(8)? };
            let changes = floors.remove(&id).unwrap_or_default();
            fold(tx, &claim, &changes, &mut entries, &mut effects_by_kind, &mut report.found).await?;
            let sum = sums.entry(claim.currency).or_default();
            *sum = sum.saturating_add(i128::from(claim.state.posted.0));
            digest.update(claim.id.as_bytes());
            digest.update(claim.state.hash);
            if let Some(last) = changes.last() {
                digest.update(&last.hash);
            }
            report.accounts = report.accounts.saturating_add(1);
            after = id;
        }
        if page.is_empty() {
            break;
        }
    }
    for account in floors.keys() {
        report.found.differs(FLOORS, format!("a floor belongs to no account: {account}"));
    }
    if let Some(row) = entries.peek(tx).await? {
        let account: LedgerAccountId = row.get(0)?;
        report.found.differs(ENTRIES, format!("an entry belongs to no account: {account}"));
    }
    for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        report.found.differs(ACCOUNTS, format!("debits and credits in {currency} differ by {sum} micros"));
    }
    count_transfers(tx, &effects_by_kind, &mut report).await?;
    report.found.checked(ACCOUNTS, report.accounts);
    compare_holds(tx, &mut report.found).await?;
    report.digest = digest.finalize().into();
    Ok(report)
}

/// All entries in order of account and version, a page at a time.
#[derive(Default)]
struct Entries {
    page: std::collections::VecDeque<Row>,
    last: (Uuid, i64),
    is_at_end: bool,
}

impl Entries {
    async fn peek(&mut self, tx: &mut Tx) -> Result<Option<&Row>, LedgerError> {
        if self.page.is_empty() && !self.is_at_end {
            self.page =
                tx.query(store::ENTRIES_AFTER, params![self.last.0, self.last.1, PAGE_ROWS]).await?.into();
            match self.page.back() {
                Some(row) => self.last = (row.get(0)?, row.get(1)?),
                None => self.is_at_end = true,
            }
        }
        Ok(self.page.front())
    }
}

/// All changes of floors, their chains checked.
async fn floors(
    tx: &mut Tx,
    found: &mut Findings,
) -> Result<BTreeMap<LedgerAccountId, Vec<Change>>, LedgerError> {
    let mut floors: BTreeMap<LedgerAccountId, Vec<Change>> = BTreeMap::new();
    for row in tx.query(store::ALL_FLOORS, vec![]).await? {
        let change = store::floor_change(&row)?;
        let before = floors.entry(change.account).or_default();
        let last = before.last();
        let hash = last.map_or(&[0; 32][..], |last| &last.hash);
        let is_next = Some(change.number) == last.map_or(0, |last| last.number).checked_add(1)
            && last.is_none_or(|last| last.at <= change.at && last.after_version <= change.after_version);
        if !is_next || change.link(hash).as_slice() != change.hash {
            found
                .differs(FLOORS, format!("{}, floor {}: the chain is broken", change.account, change.number));
        }
        found.checked(FLOORS, 1);
        before.push(change);
    }
    Ok(floors)
}

/// Brings the floor up to date that was in force when the account had a version, and sees that it was allowed.
fn follow_floors(
    folded: &mut State,
    changes: &mut std::iter::Peekable<std::slice::Iter<'_, Change>>,
) -> Result<(), String> {
    while let Some(change) = changes.next_if(|change| change.after_version <= folded.version) {
        let available = folded.posted.checked_sub(folded.held);
        folded.floor = Some(change.floor);
        if available.is_none_or(|available| available < change.floor) {
            return Err(format!("floor {} is above what stood on the account", change.number));
        }
    }
    Ok(())
}

/// Folds the entries of one account and compares the result with its row.
async fn fold(
    tx: &mut Tx,
    claim: &Claim,
    changes: &[Change],
    entries: &mut Entries,
    effects_by_kind: &mut HashMap<Kind, i64>,
    found: &mut Findings,
) -> Result<(), LedgerError> {
    let mut folded = State::new(floor_of(&claim.code));
    let mut changes = changes.iter().peekable();
    while let Some(row) = entries.peek(tx).await? {
        let account: LedgerAccountId = row.get(0)?;
        if account < claim.id {
            found.differs(ENTRIES, format!("an entry belongs to no account: {account}"));
        } else if account == claim.id {
            if let Err(difference) = follow_floors(&mut folded, &mut changes) {
                found.differs(FLOORS, format!("{} ({}): {difference}", claim.code, claim.currency));
            }
            match follow(&folded, row)? {
                Ok((next, kind)) => {
                    let count = effects_by_kind.entry(kind).or_default();
                    *count = count.saturating_add(1);
                    folded = next;
                }
                Err(difference) => {
                    let number: i64 = row.get(1)?;
                    let which = format!("{} ({}), entry {number}", claim.code, claim.currency);
                    found.differs(ENTRIES, format!("{which}: {difference}"));
                    // Go on from what the entry claims, to find the next fault and not the same one again.
                    folded.version = row.get(1)?;
                }
            }
        } else {
            break;
        }
        found.checked(ENTRIES, 1);
        entries.page.pop_front();
    }
    if let Err(difference) = follow_floors(&mut folded, &mut changes) {
        found.differs(FLOORS, format!("{} ({}): {difference}", claim.code, claim.currency));
    }
    if changes.next().is_some() {
        found
            .differs(FLOORS, format!("{} ({}): a floor is of a version to come", claim.code, claim.currency));
    }
    if !is_of_chart(claim.id, &claim.code, &claim.currency) {
        found.differs(ACCOUNTS, format!("{} ({}): its id is not the chart's", claim.code, claim.currency));
    }
    if folded != claim.state {
        let which = format!("{} ({})", claim.code, claim.currency);
        found.differs(ACCOUNTS, format!("{which}: the row differs from the fold of its entries"));
    }
    Ok(())
}

/// The state after an entry, or what is wrong with the entry.
fn follow(before: &State, row: &Row) -> Result<Result<(State, Kind), String>, LedgerError> {
    let entry = Entry {
        account: row.get(0)?,
        version: row.get(1)?,
        transfer_id: row.get(17)?,
        posted: row.get(2)?,
        held: row.get(3)?,
        at: row.get(4)?,
    };
    if row.get::<Option<TransferId>>(5)?.is_none() {
        return Ok(Err("its transfer is missing".to_owned()));
    }
    let transfer = store::transfer(row, 5)?;
    let held = match transfer.hold {
        None => None,
        Some(_) => match ended_hold(row, &transfer)? {
            Ok(held) => Some(held),
            Err(difference) => return Ok(Err(difference)),
        },
    };
    let expected =
        effects(&transfer, held).into_iter().flatten().flatten().find(|effect| effect.0 == entry.account);
    if expected != Some((entry.account, entry.posted, entry.held)) {
        return Ok(Err(format!("it is not what {} does to the account", transfer.transfer_id)));
    }
    if Some(entry.version) != before.version.checked_add(1) {
        return Ok(Err("a version is missing or doubled".to_owned()));
    }
    if entry.at != transfer.at || entry.at < before.updated_at {
        return Ok(Err("its time runs backwards or differs from the transfer's".to_owned()));
    }
    Ok(match before.after(entry.posted, entry.held) {
        Err(refused) => Err(refused.to_string()),
        Ok(next) if next.held < Micros::ZERO => Err("more is released than was held".to_owned()),
        Ok(mut next) => {
            next.link(&entry, &transfer);
            next.updated_at = entry.at;
            Ok((next, transfer.kind))
        }
    })
}

/// The amount of the hold that a transfer ends, or what is wrong with it.
fn ended_hold(row: &Row, transfer: &Recorded) -> Result<Result<Micros, String>, LedgerError> {
    let kind: Option<String> = row.get(13)?;
    if kind.as_deref() != Some(Kind::Hold.as_str()) {
        return Ok(Err(format!("{} ends something that is not a hold", transfer.transfer_id)));
    }
    let hold: (LedgerAccountId, LedgerAccountId, Micros) = (row.get(14)?, row.get(15)?, row.get(16)?);
    Ok(if (hold.0, hold.1) != (transfer.debit, transfer.credit) || transfer.amount > hold.2 {
        Err(format!("{} ends a hold on other accounts, or moves more than it held", transfer.transfer_id))
    } else {
        Ok(hold.2)
    })
}

/// Every transfer has as many entries as its kind calls for.
async fn count_transfers(
    tx: &mut Tx,
    effects_by_kind: &HashMap<Kind, i64>,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let mut counted: HashMap<Kind, i64> = HashMap::new();
    for row in tx.query(store::TRANSFERS_BY_KIND, vec![]).await? {
        let count: i64 = row.get(1)?;
        report.transfers = report.transfers.saturating_add(count);
        counted.insert(Kind::parse(&row.get::<String>(0)?)?, count);
    }
    for kind in [Kind::Posted, Kind::Hold, Kind::PostHold, Kind::VoidHold, Kind::ExpireHold] {
        let sides = if matches!(kind, Kind::Posted | Kind::PostHold) { 2 } else { 1 };
        let expected = counted.get(&kind).copied().unwrap_or_default().saturating_mul(sides);
        let found = effects_by_kind.get(&kind).copied().unwrap_or_default();
        if expected != found {
            report.found.differs(
                TRANSFERS,
                format!("transfers of kind {} have {found} good entries, not {expected}", kind.as_str()),
            );
        }
    }
    report.found.checked(TRANSFERS, report.transfers);
    Ok(())
}

/// The working copy of open holds agrees with the transfers.
async fn compare_holds(tx: &mut Tx, found: &mut Findings) -> Result<(), LedgerError> {
    if let Some(row) = tx.query_one(store::HOLDS_OPEN, vec![]).await? {
        found.checked(HOLDS, row.get(0)?);
    }
    for (sql, fault) in [
        (store::HOLDS_MISSING, "is open, but not in the working copy or with other content"),
        (store::HOLDS_LEFT_OVER, "is in the working copy, but has ended or never was"),
    ] {
        for row in tx.query(sql, params![10_i64]).await? {
            found.differs(HOLDS, format!("hold {} {fault}", row.get::<TransferId>(0)?));
        }
    }
    Ok(())
}
