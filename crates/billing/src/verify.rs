//! # Verification
//!
//! A replay of the books: from what never changes (transfers, usage events, corrections, documents) everything that is
//! kept beside it is computed again and compared, kind by kind: balances, charges, what was spent, tiers, sums of the
//! pages, lines and totals of invoices, hash chains. Together with the ledger's own verification this proves that what
//! was charged is what was delivered, at the prices that were published.
//!
//! Everything is read once and in pages. What is kept in memory grows with the sums that are compared, not with the
//! messages that they are made of. Sums that differ can be built again ([`repair`]); what is no sum is never touched.

mod numbers;

use crate::earnings::Used;
use crate::international::Codes;
use crate::reports::Sums;
use crate::rerating::{self, Verified};
use crate::tiers::{self, Counted};
use crate::usage::{Event, Payer, end_id, payers};
use crate::{
    BillingError, Category, Charge, Prices, audit, campaigns, caps, exchange, funds, lapses, plans, store,
};
use numbers::Numbers;
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Checked, Findings, Kind, TransferView};
use plaza_protocol::{BusinessMessageId, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, TransferId};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Rows of one page.
const PAGE_ROWS: i64 = 1024;

/// The kinds of rows that are computed again, beside those of the ledger.
pub(crate) mod kinds {
    pub(crate) const EVENTS: &str = "usage_events";
    pub(crate) const CHARGES: &str = "charges";
    pub(crate) const CORRECTIONS: &str = "corrections";
    pub(crate) const REVENUE: &str = "revenue_accounts";
    pub(crate) const QUANTITIES: &str = "free_quantities";
    pub(crate) const TIERS: &str = "tier_counters";
    pub(crate) const CODES: &str = "codes_abroad";
    pub(crate) const SPENT: &str = "spent";
    pub(crate) const CAMPAIGNS: &str = "campaigns";
    pub(crate) const HOURS: &str = "revenue_hours";
    pub(crate) const DASHBOARD: &str = "dashboard";
    pub(crate) const USAGE: &str = "usage_months";
    pub(crate) const LINES: &str = "invoice_lines";
    pub(crate) const INVOICES: &str = "invoices";
    pub(crate) const NUMBERS: &str = "document_numbers";
    pub(crate) const PLANS: &str = "plans";
    pub(crate) const ITEMS: &str = "store_items";
    pub(crate) const EXCHANGES: &str = "exchanges";
    pub(crate) const LAPSES: &str = "lapses";
    pub(crate) const STORES: &str = "store_clearing";
    pub(crate) const AUDIT: &str = "audit_log";
    pub(crate) const ALL: [&str; 21] = [
        EVENTS,
        CHARGES,
        CORRECTIONS,
        REVENUE,
        QUANTITIES,
        TIERS,
        CODES,
        SPENT,
        CAMPAIGNS,
        HOURS,
        DASHBOARD,
        USAGE,
        LINES,
        INVOICES,
        NUMBERS,
        PLANS,
        ITEMS,
        EXCHANGES,
        LAPSES,
        STORES,
        AUDIT,
    ];
    /// Sums that can be built again.
    pub(crate) const REPAIRED: [&str; 3] = [TIERS, HOURS, DASHBOARD];
}

/// What the verification found: the answer of `plaza ledger verify`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verification {
    /// Whether all is well.
    pub ok: bool,
    /// Transfers of the ledger.
    pub transfers: i64,
    /// Charges.
    pub charges: i64,
    /// Covers the whole ledger: written down elsewhere, it proves later that the past is unchanged.
    pub digest: String,
    /// How many rows of each kind were computed again, and how many of them differ.
    pub kinds: Vec<Checked>,
    /// What does not hold, in words: the first ones of each kind.
    pub differences: Vec<String>,
}

/// What is summed up on the way.
#[derive(Default)]
struct Tally {
    sums: Sums,
    used: Used,
    /// By account code and currency: amount and number of transfers.
    revenue: BTreeMap<(String, String), (i128, i64)>,
    /// By phone number, category and month: the numbers that were given out.
    allowances: BTreeMap<(PhoneNumberId, String, i64), Numbers>,
    /// Charged messages, numbered in the order of their events.
    volumes: BTreeMap<Counted, i64>,
    /// One-time codes that went abroad.
    codes: Codes,
    charges: i64,
}

/// Proves what the crate promises, and what the ledger promises, or says what does not hold.
pub async fn verify(ctx: &Ctx, tx: &mut Tx, prices: &Prices) -> Result<Verification, BillingError> {
    let ledger = plaza_ledger::verify(ctx, tx).await?;
    let mut found = Findings::default();
    kinds::ALL.iter().for_each(|kind| found.checked(kind, 0));
    let mut tally = Tally::default();
    let mut after = PortfolioId(i64::MIN);
    loop {
        let page = tx.query(store::PORTFOLIOS_AFTER, params![after, PAGE_ROWS]).await?;
        let ids: BTreeSet<PortfolioId> = page.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        let Some(last) = ids.last().copied() else { break };
        after = last;
        for (id, payer) in payers(tx, prices, store::PORTFOLIOS, ids).await? {
            verify_portfolio(ctx, tx, (id, &payer), &mut tally, &mut found).await?;
        }
    }
    rerating::verify(ctx, tx, prices, &mut |correction: &Verified| tally.correct(correction), &mut found)
        .await?;
    let charges = compare(ctx, tx, &tally, &mut found).await?;
    compare_plans(ctx, tx, &mut found).await?;
    crate::invoices::verify(ctx, tx, &mut found).await?;
    exchange::verify(ctx, tx, &mut found).await?;
    crate::payouts::verify(ctx, tx, &mut found).await?;
    lapses::verify(ctx, tx, &mut found).await?;
    audit::verify(tx, &mut found).await?;
    let mut all = ledger.found;
    all.join(found);
    Ok(Verification {
        ok: all.kinds.iter().all(|kind| kind.differing == 0),
        transfers: ledger.transfers,
        charges,
        digest: ledger.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        kinds: all.kinds,
        differences: all.differences,
    })
}

/// Builds the sums again that a verification found to differ; which kinds these are. Everything else stays as it is:
/// what is no sum cannot be made up.
pub async fn repair(ctx: &Ctx, tx: &mut Tx, found: &Verification) -> Result<Vec<&'static str>, BillingError> {
    funds::require_operator(ctx)?;
    let differs = |kind: &&'static str| found.kinds.iter().any(|of| *of.kind == **kind && of.differing > 0);
    let wrong: Vec<&'static str> = kinds::REPAIRED.into_iter().filter(differs).collect();
    if wrong.contains(&kinds::HOURS) || wrong.contains(&kinds::DASHBOARD) {
        crate::rebuild_revenue(ctx, tx).await?;
    }
    if wrong.contains(&kinds::TIERS) {
        crate::rebuild_volumes(ctx, tx).await?;
    }
    if !wrong.is_empty() {
        audit::note(ctx, tx, audit::Act::SumsRepaired, audit::On::of("ledger"), json!({"kinds": wrong}))
            .await?;
    }
    Ok(wrong)
}

/// What is paid for days of plans to come is what stands on the deferred account.
async fn compare_plans(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    plans::compare_stretches(tx, found).await?;
    plans::compare_lines(ctx, tx, found).await?;
    let unearned: BTreeMap<Currency, Micros> = plans::unearned(ctx, tx).await?.into_iter().collect();
    for currency in Currency::ALL {
        let account = Account::new(AccountKind::SubscriptionDeferred, *currency);
        let posted = plaza_ledger::balance(ctx, tx, &account).await?.posted;
        let rows = unearned.get(currency).copied().unwrap_or_default();
        if posted != rows {
            found.differs(
                kinds::PLANS,
                format!("deferred:subscriptions in {currency}: {posted} stand there, plans have {rows}"),
            );
        }
    }
    plans::compare_items(ctx, tx, found).await
}

/// Follows the chain of a portfolio's usage events.
async fn verify_portfolio(
    ctx: &Ctx,
    tx: &mut Tx,
    (id, payer): (PortfolioId, &Payer),
    tally: &mut Tally,
    found: &mut Findings,
) -> Result<(), BillingError> {
    let (mut sequence, mut hash) = (0_i64, vec![0; 32]);
    let receivable = funds::receivable(id, payer.currency).code();
    loop {
        let page = tx.query(store::EVENTS_AFTER, params![id, sequence, PAGE_ROWS]).await?;
        let mut rows: Vec<(Event, Option<(Charge, Micros)>)> = Vec::with_capacity(page.len());
        for row in &page {
            let (event, kept) = store::event(row, 37)?;
            if Some(event.sequence) != sequence.checked_add(1) || event.hash(&hash).as_slice() != kept {
                let which = format!("portfolio {id}, usage event {}", event.sequence);
                found.differs(kinds::EVENTS, format!("{which}: the chain is broken"));
            }
            (sequence, hash) = (event.sequence, kept);
            rows.push((event, charge_of(row)?));
        }
        if rows.is_empty() {
            break;
        }
        let ids: Vec<BusinessMessageId> = rows.iter().map(|(event, _)| event.message.message_id).collect();
        let splits = funds::splits(tx, &ids).await?;
        let ends_of = |event: &Event| {
            let parts = funds::parts(event.message.message_id, event.message.held, &splits);
            parts.into_iter().map(|(_, end, _)| end).collect::<Vec<TransferId>>()
        };
        let ends: Vec<TransferId> = rows.iter().flat_map(|(event, _)| ends_of(event)).collect();
        let ends = plaza_ledger::transfers(ctx, tx, &ends).await?;
        let by_id: HashMap<TransferId, TransferView> =
            ends.into_iter().map(|end| (end.transfer_id, end)).collect();
        for (event, charge) in rows {
            let message_id = event.message.message_id;
            match charge {
                None => found
                    .differs(kinds::CHARGES, format!("{message_id}: it was delivered, but has no charge")),
                Some((charge, owed)) => {
                    let volume = tally.volume(&charge);
                    let ends = ends_of(&event);
                    let ends = ends.iter().filter_map(|end| by_id.get(end));
                    let ends: Vec<_> = ends.filter(|end| end.kind == Kind::PostHold).collect();
                    let posted: Vec<Micros> = ends.iter().map(|end| end.amount).collect();
                    let on_credit = ends.iter().filter(|end| end.debit == receivable);
                    let on_credit = on_credit.fold(0_i64, |sum, end| sum.saturating_add(end.amount.0));
                    if on_credit != owed.0 {
                        let which = charge.charge_id;
                        found.differs(
                            kinds::CHARGES,
                            format!(
                                "{which}: {owed} of it are owed, the ledger posted {on_credit} micros so"
                            ),
                        );
                    }
                    let market = Arc::from(charge.market.as_str());
                    tally.codes.add((id, payer), charge.category, &market, charge.delivered_at);
                    for fault in faults(payer, &event, (&charge, volume), &posted) {
                        found.differs(kinds::CHARGES, format!("{}: {fault}", charge.charge_id));
                    }
                    tally.add(&charge, i64::try_from(posted.len()).unwrap_or(i64::MAX))?;
                }
            }
        }
    }
    if (payer.events, &payer.hash) != (sequence, &hash) {
        let difference = format!("portfolio {id}: its usage events do not end where its row says");
        found.differs(kinds::EVENTS, difference);
    }
    found.checked(kinds::EVENTS, sequence);
    Ok(())
}

/// The charge beside an event, if there is one, and what is owed of it.
fn charge_of(row: &Row) -> Result<Option<(Charge, Micros)>, BillingError> {
    match row.get::<Option<BusinessMessageId>>(16)? {
        None => Ok(None),
        Some(_) => Ok(Some((Charge::read(row, 15)?, row.get(38)?))),
    }
}

/// What is wrong with a charge; `volume`: the how-manieth of the month's volume it is.
fn faults(
    payer: &Payer,
    event: &Event,
    (charge, volume): (&Charge, Option<i64>),
    posted: &[Micros],
) -> Vec<&'static str> {
    let message = &event.message;
    let Some(rate) = message.rate(&payer.book, event.delivered_at) else {
        return vec!["the price book has no price for it"];
    };
    let kind = rate.pricing_type(charge.allowance);
    let (unit, tier) = (rate.unit_at(volume), rate.tier(volume));
    let paid = Some(charge.amount).filter(|amount| *amount > Micros::ZERO);
    let posted = posted.iter().copied().reduce(|sum, part| Micros(sum.0.saturating_add(part.0)));
    let copied = (
        message.portfolio_id,
        message.waba_id,
        message.phone_number_id,
        message.category,
        event.delivered_at,
    );
    let mut faults = Vec::new();
    let mut check = |holds: bool, fault| {
        if !holds {
            faults.push(fault);
        }
    };
    let kept =
        (charge.portfolio_id, charge.waba_id, charge.phone_number_id, charge.category, charge.delivered_at);
    check(copied == kept && charge.currency == payer.currency, "it differs from its usage event");
    check(charge.market == *rate.market, "it is not of the number's market");
    check(
        charge.price_version_id == rate.price_version_id,
        "it is not of the version in force at the delivery",
    );
    check(charge.unit == message.list_price(unit), "its list price is not the price book's");
    check(charge.volume == volume, "it is not the how-manieth of its month that it says");
    let kept_tier = (charge.tier, charge.tier_to);
    check(
        kept_tier == (tier.map(|tier| tier.from), tier.and_then(|tier| tier.to)),
        "its tier does not follow from the volume",
    );
    check(charge.pricing_type == kind, "its pricing type does not follow from the rules");
    check(charge.allowance.is_some() == rate.allowance.is_some(), "it is not counted as the rules say");
    check(charge.amount == message.amount(kind, unit), "its amount does not follow from the price");
    check(posted == paid, "the ledger posted another amount");
    check(charge.transfer_id == paid.map(|_| end_id(message.message_id)), "it names another transfer");
    faults
}

/// The code of the account that a category earns on.
fn revenue_code(category: Category) -> String {
    match category {
        Category::Call => "revenue:calls".to_owned(),
        category => format!("revenue:messages:{category}"),
    }
}

impl Tally {
    /// Counts a charge towards its month's volume, where it counts.
    fn volume(&mut self, charge: &Charge) -> Option<i64> {
        let market: Arc<str> = charge.market.as_str().into();
        let key =
            Counted::of(charge.portfolio_id, charge.period, &market, charge.category, charge.pricing_type)?;
        let volume = self.volumes.entry(key).or_default();
        *volume = volume.saturating_add(1);
        Some(*volume)
    }

    /// Counts a correction.
    fn correct(&mut self, correction: &Verified) -> Result<(), BillingError> {
        let Verified { before, after, .. } = correction;
        self.sums.correct(&correction.place(), before, after)?;
        self.used.correct(&correction.place(), before, after)?;
        let difference = correction.difference()?;
        if difference != Micros::ZERO {
            let key = (revenue_code(correction.category), correction.currency.to_string());
            let (amount, count) = self.revenue.entry(key).or_default();
            *amount = amount.saturating_add(i128::from(difference.0));
            *count = count.saturating_add(correction.transfers);
        }
        Ok(())
    }

    /// Counts a charge that was paid with so many transfers.
    fn add(&mut self, charge: &Charge, transfers: i64) -> Result<(), BillingError> {
        self.charges = self.charges.saturating_add(1);
        self.sums.add(charge)?;
        self.used.add(charge)?;
        if charge.amount > Micros::ZERO {
            let key = (revenue_code(charge.category), charge.currency.to_string());
            let (amount, count) = self.revenue.entry(key).or_default();
            *amount = amount.saturating_add(i128::from(charge.amount.0));
            *count = count.saturating_add(transfers);
        }
        if let Some(n) = charge.allowance {
            let key = (charge.phone_number_id, charge.category.outside_groups().to_string(), charge.period);
            self.allowances.entry(key).or_default().add(n);
        }
        Ok(())
    }
}

/// Compares what was summed up with the ledger's accounts, the counters and the revenue sums.
async fn compare(ctx: &Ctx, tx: &mut Tx, tally: &Tally, found: &mut Findings) -> Result<i64, BillingError> {
    let charges = tx.query_one(store::COUNT_CHARGES, vec![]).await?.map_or(Ok(0), |row| row.get(0))?;
    found.checked(kinds::CHARGES, charges);
    if charges != tally.charges {
        let difference = format!("{charges} charges stand beside {} usage events", tally.charges);
        found.differs(kinds::CHARGES, difference);
    }
    let turnover = plaza_ledger::turnover(ctx, tx).await?;
    let ledger: BTreeMap<_, _> = turnover
        .into_iter()
        .filter(|account| account.entries != 0 || account.posted != Micros::ZERO)
        .map(|account| {
            ((account.code, account.currency.to_string()), (i128::from(account.posted.0), account.entries))
        })
        .collect();
    for key in keys(&ledger, &tally.revenue) {
        found.checked(kinds::REVENUE, 1);
        let (there, here) = (ledger.get(key).copied(), tally.revenue.get(key).copied());
        let (there, here) = (there.unwrap_or_default(), here.unwrap_or_default());
        if there != here {
            let (code, currency) = key;
            found.differs(
                kinds::REVENUE,
                format!(
                    "{code} ({currency}): the ledger has {there:?} (micros, entries), the charges {here:?}"
                ),
            );
        }
    }
    caps::verify(tx, found).await?;
    campaigns::verify(tx, found).await?;
    tally.codes.compare(ctx, tx, found).await?;
    compare_allowances(tx, tally, found).await?;
    tally.used.compare(tx, found).await?;
    compare_volumes(tx, tally, found).await?;
    compare_sums(tx, tally, found).await?;
    Ok(charges)
}

fn keys<'a, K: Ord, A, B>(a: &'a BTreeMap<K, A>, b: &'a BTreeMap<K, B>) -> BTreeSet<&'a K> {
    a.keys().chain(b.keys()).collect()
}

/// The numbers of a month run from 1 to the counter, each given out once.
async fn compare_allowances(tx: &mut Tx, tally: &Tally, found: &mut Findings) -> Result<(), BillingError> {
    let mut counters = BTreeMap::new();
    for row in tx.query(store::ALLOWANCES, vec![]).await? {
        let key: (PhoneNumberId, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        counters.insert(key, row.get::<i64>(3)?);
    }
    for key in keys(&counters, &tally.allowances) {
        found.checked(kinds::QUANTITIES, 1);
        let used = counters.get(key).copied().unwrap_or_default();
        let given = tally.allowances.get(key);
        if !given.map_or(used == 0, |given| given.are_all_up_to(used)) {
            let (phone, category, period) = key;
            let last = given.map_or(0, Numbers::last);
            found.differs(
                kinds::QUANTITIES,
                format!(
                    "phone number {phone}, {category}, {period}: {used} are counted, the charges do not have each \
                     number up to it once; their last is {last}"
                ),
            );
        }
    }
    Ok(())
}

/// The counters of volumes are the numbers of charged messages.
async fn compare_volumes(tx: &mut Tx, tally: &Tally, found: &mut Findings) -> Result<(), BillingError> {
    let kept = tiers::counters(tx).await?;
    for key in keys(&kept, &tally.volumes) {
        found.checked(kinds::TIERS, 1);
        let (kept, counted) = (kept.get(key).copied(), tally.volumes.get(key).copied());
        if kept != counted {
            let (kept, counted) = (kept.unwrap_or_default(), counted.unwrap_or_default());
            let difference = format!("the volume of {key} is {kept}, the charges give {counted}");
            found.differs(kinds::TIERS, difference);
        }
    }
    Ok(())
}

async fn compare_sums(tx: &mut Tx, tally: &Tally, found: &mut Findings) -> Result<(), BillingError> {
    let mut kept = BTreeMap::new();
    for row in tx.query(store::REVENUE_HOURS, vec![]).await? {
        let key: (i64, String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let sum: (i64, i64, i64) = (row.get(4)?, row.get(5)?, row.get(6)?);
        kept.insert(key, sum);
    }
    let counted: BTreeMap<_, _> = tally
        .sums
        .0
        .iter()
        .map(|((hour, currency, category, market), sum)| {
            ((*hour, (*currency).to_owned(), (*category).to_owned(), market.clone()), *sum)
        })
        .collect();
    for key in keys(&kept, &counted) {
        found.checked(kinds::HOURS, 1);
        let (there, here) = (kept.get(key), counted.get(key));
        if there != here {
            let difference = format!("the revenue sum of {key:?} is {there:?}, the charges give {here:?}");
            found.differs(kinds::HOURS, difference);
        }
    }
    Ok(())
}
