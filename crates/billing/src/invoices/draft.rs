//! From the end of a month to a final invoice.

use super::document::{Document, day, document};
use super::number::{self, Numbered};
use super::parties::{LegalEntity, Profile, entity, profile, treatment};
use super::total::{Totals, Treatment, micros, total};
use super::{
    Invoice, InvoiceError, Line, LineKind, Period, find,
    gather::{self, gather},
    invoice_id, letters, pdf, require_operator, rerated, store,
};
use crate::audit::{self, Act, On};
use crate::mail::Attachment;
use crate::portfolio::prepaid;
use crate::rerating::{Run, rerate};
use crate::{BillingError, Prices};
use jiff::tz::TimeZone;
use plaza_db::{Db, Tx, Value, params};
use plaza_ledger::{Account, AccountKind, Action, Refused, Transfer, derived_id};
use plaza_protocol::{Ctx, Currency, InvoiceId, InvoiceItemId, Micros, PortfolioId, Timestamp};
use sha2::{Digest, Sha256};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Currency, time zone and number of usage events.
pub(super) async fn portfolio(
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<(Currency, TimeZone, i64), InvoiceError> {
    let row = tx.query_one(store::PORTFOLIO, params![portfolio]).await?;
    let row = row.ok_or(BillingError::UnknownPortfolio(portfolio))?;
    let zone = TimeZone::get(&row.get::<String>(1)?).map_err(|_| BillingError::UnknownTimeZone)?;
    Ok((row.get(0)?, zone, row.get(2)?))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(
        |_| String::new(),
        |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string(),
    )
}

/// What a draft is made of.
struct Drafted {
    invoice_id: InvoiceId,
    currency: Currency,
    zone: TimeZone,
    ends_at: Timestamp,
    entity: LegalEntity,
    lines: Vec<Line>,
    /// The items among the lines.
    items: Vec<Value>,
    tax: Treatment,
    totals: Totals,
    document: Document,
}

/// Makes the draft of a month that has ended, or brings it up to date. An invoice that is final stays as it is. `None`:
/// there is nothing to be invoiced.
pub async fn draft(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio_id: PortfolioId,
    period: Period,
) -> Result<Option<InvoiceId>, InvoiceError> {
    require_operator(ctx)?;
    if let Some(there) = finished(tx, portfolio_id, period).await? {
        return Ok(Some(there.invoice_id));
    }
    match write_draft(ctx, tx, portfolio_id, period).await? {
        Some(drafted) => Ok(Some(drafted.invoice_id)),
        None => Ok(finished(tx, portfolio_id, period).await?.map(|there| there.invoice_id)),
    }
}

async fn finished(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: Period,
) -> Result<Option<Invoice>, InvoiceError> {
    Ok(find(tx, invoice_id(portfolio, period)).await?.filter(|invoice| invoice.number.is_some()))
}

async fn write_draft(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio_id: PortfolioId,
    period: Period,
) -> Result<Option<Drafted>, InvoiceError> {
    let (_, zone, _) = portfolio(tx, portfolio_id).await?;
    let ends_at = period.end(&zone)?;
    if ctx.now() < ends_at {
        return Err(InvoiceError::NotEnded { period, ends_at: shown(ends_at, &zone) });
    }
    let from = gather::lock(tx, portfolio_id).await?;
    // Whoever waited for the lock may find the work done; a final invoice is not touched any more.
    if finished(tx, portfolio_id, period).await?.is_some() {
        return Ok(None);
    }
    let (currency, zone, events) = portfolio(tx, portfolio_id).await?;
    let gathered = gather::step(tx, portfolio_id, (from, events)).await?;
    if gathered.is_behind {
        return Err(InvoiceError::Behind);
    }
    if let Some(earlier) =
        open_periods(ctx, tx, portfolio_id, period).await?.into_iter().find(|open| *open < period)
    {
        return Err(InvoiceError::EarlierOpen(earlier));
    }
    let (lines, items) = open_lines(tx, portfolio_id, period).await?;
    if lines.is_empty() {
        return Ok(None);
    }
    let entity = entity(ctx, tx).await?.ok_or(InvoiceError::NoSeller)?;
    let profile = profile(ctx, tx, portfolio_id).await?.ok_or(InvoiceError::NoBuyer(portfolio_id))?;
    let drafted =
        compute(tx, (portfolio_id, period), (entity, &profile), (lines, items), (currency, zone, ends_at))
            .await?;
    store_draft(ctx, tx, (portfolio_id, period, gathered.sequence), &drafted).await?;
    Ok(Some(drafted))
}

/// What waits for an invoice: its lines, and the ids of the items among them.
async fn open_lines(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: Period,
) -> Result<(Vec<Line>, Vec<Value>), InvoiceError> {
    let period_of =
        |number: i64| Period::from_number(number).ok_or(InvoiceError::Damaged("a sum has no month"));
    let (mut lines, mut items) = (Vec::new(), Vec::new());
    for row in tx.query(store::OPEN_USAGE, params![portfolio, period.number()]).await? {
        lines.push(Line {
            kind: LineKind::Usage,
            period: period_of(row.get(0)?)?,
            market: row.get(1)?,
            category: row.get(2)?,
            pricing_type: row.get(3)?,
            tier: row.get(4)?,
            description: String::new(),
            quantity: row.get(6)?,
            unit: row.get(5)?,
            amount: row.get(7)?,
            credit: row.get(8)?,
            net_minor: 0,
            is_settled: false,
        });
    }
    for row in tx.query(store::OPEN_ITEMS, params![portfolio, period.number()]).await? {
        items.push(row.get::<InvoiceItemId>(7)?.into());
        lines.push(Line {
            kind: LineKind::parse(&row.get::<String>(1)?)?,
            period: period_of(row.get(0)?)?,
            market: String::new(),
            category: String::new(),
            pricing_type: String::new(),
            tier: -1,
            description: row.get(2)?,
            quantity: row.get(3)?,
            unit: row.get(4)?,
            amount: row.get(5)?,
            credit: Micros::ZERO,
            net_minor: 0,
            is_settled: row.get(6)?,
        });
    }
    // The engines order texts each in their way; documents have one order.
    lines.sort_by(|a, b| {
        let key = |line: &Line| {
            (std::cmp::Reverse(line.period), line.kind, line.category.clone(), line.market.clone(), line.tier)
        };
        key(a).cmp(&key(b)).then(b.unit.cmp(&a.unit)).then(a.pricing_type.cmp(&b.pricing_type))
    });
    Ok((lines, items))
}

async fn compute(
    tx: &mut Tx,
    (portfolio_id, period): (PortfolioId, Period),
    (entity, profile): (LegalEntity, &Profile),
    (mut lines, items): (Vec<Line>, Vec<Value>),
    (currency, zone, ends_at): (Currency, TimeZone, Timestamp),
) -> Result<Drafted, InvoiceError> {
    let tax = treatment(tx, &entity, profile, rated_at(ends_at)).await?;
    let totals = total(&mut lines, &tax, currency)?;
    let document =
        document((portfolio_id.to_string(), period), (&entity, profile), &lines, (&tax, &totals), currency)?;
    let invoice_id = invoice_id(portfolio_id, period);
    Ok(Drafted { invoice_id, currency, zone, ends_at, entity, lines, items, tax, totals, document })
}

/// The month's last moment decides about the rate.
fn rated_at(ends_at: Timestamp) -> Timestamp {
    Timestamp(ends_at.0.saturating_sub(1))
}

fn json(document: &Document) -> Result<String, InvoiceError> {
    serde_json::to_string(document).map_err(|_| InvoiceError::Document("it cannot be written as JSON"))
}

async fn store_draft(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio_id, period, sequence): (PortfolioId, Period, i64),
    drafted: &Drafted,
) -> Result<(), InvoiceError> {
    let (id, totals) = (drafted.invoice_id, &drafted.totals);
    let row = params![
        id,
        portfolio_id,
        period.number(),
        drafted.currency,
        drafted.currency.minor_micros(),
        sequence,
        drafted.tax.is_inclusive,
        totals.charges,
        totals.credit,
        totals.rounding,
        totals.subtotal_minor,
        totals.tax_minor,
        totals.total_minor,
        totals.prepaid_minor,
        ctx.now(),
        json(&drafted.document)?
    ];
    tx.execute(store::UPSERT_DRAFT, row).await?;
    tx.execute(store::CLEAR_LINES, params![id]).await?;
    let rows = drafted.lines.iter().zip(1_i64..).map(|(line, position)| {
        params![
            id,
            position,
            line.kind.as_str(),
            line.period.number(),
            &line.market,
            &line.category,
            &line.pricing_type,
            line.tier,
            &line.description,
            line.quantity,
            line.unit,
            line.amount,
            line.credit,
            line.net_minor,
            line.is_settled
        ]
    });
    tx.insert_rows(store::INSERT_LINES, rows.collect()).await?;
    Ok(())
}

/// Makes the invoice of a month final: lines, number, bookings and documents in one transaction. One that is final
/// already stays as it is. `is_early`: the time of grace is not waited for. `None`: there is nothing to be invoiced.
pub async fn finalize(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio_id: PortfolioId,
    period: Period,
    is_early: bool,
) -> Result<Option<InvoiceId>, InvoiceError> {
    require_operator(ctx)?;
    if let Some(there) = finished(tx, portfolio_id, period).await? {
        return Ok(Some(there.invoice_id));
    }
    let Some(mut drafted) = write_draft(ctx, tx, portfolio_id, period).await? else {
        return Ok(finished(tx, portfolio_id, period).await?.map(|there| there.invoice_id));
    };
    let hours = u32::try_from(drafted.entity.grace_h).unwrap_or(u32::MAX);
    let until = later(drafted.ends_at, HOUR.saturating_mul(hours));
    if !is_early && ctx.now() < until {
        return Err(InvoiceError::Grace { period, until: shown(until, &drafted.zone) });
    }
    tx.execute(store::INVOICE_USAGE, params![portfolio_id, period.number()]).await?;
    let taken = tx.query_list(store::INVOICE_ITEMS, &[drafted.invoice_id.into()], &drafted.items).await?;
    if taken.len() != drafted.items.len() {
        return Err(InvoiceError::Damaged("an item stands on two invoices"));
    }
    let ordinal: i64 = match tx.query_one(store::COUNT_FINAL, params![portfolio_id]).await? {
        Some(row) => row.get::<i64>(0)?.saturating_add(1),
        None => 1,
    };
    drafted.document.number = number::next(ctx, tx, &drafted.entity, Numbered::Invoice).await?;
    // Holding the number: a rate that was taken back while this waited for it is on no invoice.
    let buyer = profile(ctx, tx, portfolio_id).await?.ok_or(InvoiceError::NoBuyer(portfolio_id))?;
    if treatment(tx, &drafted.entity, &buyer, rated_at(drafted.ends_at)).await? != drafted.tax {
        return Err(InvoiceError::RateChanged);
    }
    drafted.document.prepaid_minor = book(ctx, tx, portfolio_id, &drafted).await?;
    let document = &mut drafted.document;
    let (now, days) = (ctx.now(), u32::try_from(drafted.entity.due_days).unwrap_or(u32::MAX));
    let due_at = later(now, DAY.saturating_mul(days));
    document.issued_on = day(now, &drafted.entity.time_zone)?;
    document.due_on = day(due_at, &drafted.entity.time_zone)?;
    let sha256: [u8; 32] = Sha256::digest(pdf::render(document)?).into();
    let is_paid = document.due_minor() == 0;
    let row = params![
        drafted.invoice_id,
        if is_paid { "paid" } else { "final" },
        &document.number,
        ordinal,
        now,
        due_at,
        is_paid.then_some(now),
        document.prepaid_minor,
        json(document)?,
        sha256
    ];
    if tx.execute(store::FINALIZE, row).await? != 1 {
        return Err(InvoiceError::Damaged("an invoice became final twice"));
    }
    letters::send(ctx, tx, &drafted.document, Attachment::Invoice(drafted.invoice_id)).await?;
    let details = serde_json::json!({
        "number": drafted.document.number, "period": period.to_string(), "is_early": is_early,
        "currency": drafted.currency.code(), "due_minor": drafted.document.due_minor(),
    });
    let on = On::of(drafted.invoice_id).owned_by(portfolio_id);
    audit::note(ctx, tx, Act::InvoiceIssued, on, details).await?;
    Ok(Some(drafted.invoice_id))
}

/// Where an unsettled line earns.
fn earned_by(kind: LineKind) -> AccountKind {
    match kind {
        LineKind::Subscription => AccountKind::SubscriptionRevenue,
        LineKind::Ads => AccountKind::AdRevenue,
        LineKind::Usage | LineKind::Fee => AccountKind::FeeRevenue,
        // One account in both directions: what a correction earns was booked with its cause.
        LineKind::Adjustment => AccountKind::ContraRefund,
    }
}

/// Books what usage did not: items, tax and rounding, and takes the rest from the prepaid balance if it suffices. The
/// answer is what was paid in advance then, in minor units.
async fn book(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    drafted: &Drafted,
) -> Result<i64, InvoiceError> {
    let Drafted { currency, totals, tax, .. } = drafted;
    let account = |kind| Account::new(kind, *currency);
    let owed = || account(AccountKind::Invoiced(portfolio));
    let mut moves: Vec<(String, Account, Account, i64)> = Vec::new();
    for (line, position) in drafted.lines.iter().zip(1_i64..) {
        if line.kind != LineKind::Usage && !line.is_settled {
            let name = format!("line {position}");
            if line.amount > Micros::ZERO {
                moves.push((name, owed(), account(earned_by(line.kind)), line.amount.0));
            } else {
                let back = line.amount.0.checked_neg().ok_or(InvoiceError::BadAmount)?;
                moves.push((name, account(AccountKind::ContraRefund), owed(), back));
            }
        }
    }
    let office = account(AccountKind::Tax(tax.jurisdiction.as_str().into()));
    let from = if tax.is_inclusive { account(AccountKind::ContraTax) } else { owed() };
    push(&mut moves, "tax", (from, office), micros(totals.tax_minor, *currency)?.0)?;
    push(&mut moves, "rounding", (owed(), account(AccountKind::Rounding)), totals.rounding)?;
    post(ctx, tx, drafted.invoice_id, moves).await?;

    // The roundings of what was paid in advance are the balance's, as far as it has them.
    let (advance, back) = (prepaid(portfolio, *currency), totals.prepaid_rounding);
    if back < 0 {
        let mut moves = Vec::new();
        push(&mut moves, "prepaid rounding", (advance.clone(), owed()), back)?;
        post(ctx, tx, drafted.invoice_id, moves).await?;
    } else if back > 0
        && !take(ctx, tx, drafted.invoice_id, ("prepaid rounding", &advance, owed(), back)).await?
    {
        let mut moves = Vec::new();
        push(&mut moves, "absorbed rounding", (account(AccountKind::ContraRefund), owed()), back)?;
        post(ctx, tx, drafted.invoice_id, moves).await?;
    }
    let due = totals.total_minor.checked_sub(totals.prepaid_minor).ok_or(InvoiceError::BadAmount)?;
    let rest = micros(due, *currency)?.0;
    if due < 0 || (due == 0 && totals.credit > 0) {
        // Corrections are more than what was used: what was owed is paid with them, the rest goes to the balance.
        let mut moves = Vec::new();
        let receivable = account(AccountKind::PortfolioReceivable(portfolio));
        push(&mut moves, "restore", (owed(), receivable), totals.credit)?;
        push(&mut moves, "back", (advance, owed()), rest)?;
        post(ctx, tx, drafted.invoice_id, moves).await?;
        return Ok(totals.total_minor);
    }
    let is_taken = due > 0
        && totals.credit == 0
        && take(ctx, tx, drafted.invoice_id, ("balance", &advance, owed(), rest)).await?;
    Ok(if is_taken { totals.total_minor } else { totals.prepaid_minor })
}

/// A move of an amount from debit to credit; of a negative one the other way round.
fn push(
    moves: &mut Vec<(String, Account, Account, i64)>,
    name: &str,
    (debit, credit): (Account, Account),
    amount: i64,
) -> Result<(), InvoiceError> {
    if amount > 0 {
        moves.push((name.to_owned(), debit, credit, amount));
    } else if amount < 0 {
        moves.push((name.to_owned(), credit, debit, amount.checked_neg().ok_or(InvoiceError::BadAmount)?));
    }
    Ok(())
}

/// Makes moves that nothing can refuse.
async fn post(
    ctx: &Ctx,
    tx: &mut Tx,
    invoice: InvoiceId,
    moves: Vec<(String, Account, Account, i64)>,
) -> Result<(), InvoiceError> {
    let transfers: Vec<_> = moves
        .into_iter()
        .map(|(name, debit, credit, amount)| Transfer {
            transfer_id: derived_id(invoice.0, &format!("invoice {name}")),
            action: Action::Posted { debit, credit, amount: Micros(amount) },
        })
        .collect();
    if plaza_ledger::post(ctx, tx, &transfers).await?.iter().any(Result::is_err) {
        return Err(InvoiceError::Damaged("the ledger refused what an invoice books"));
    }
    Ok(())
}

/// Takes an amount from a balance, if it suffices.
async fn take(
    ctx: &Ctx,
    tx: &mut Tx,
    invoice: InvoiceId,
    (name, from, to, amount): (&str, &Account, Account, i64),
) -> Result<bool, InvoiceError> {
    let transfer = Transfer {
        transfer_id: derived_id(invoice.0, &format!("invoice {name}")),
        action: Action::Posted { debit: from.clone(), credit: to, amount: Micros(amount) },
    };
    match plaza_ledger::post(ctx, tx, &[transfer]).await?.first() {
        Some(Ok(_)) => Ok(true),
        Some(Err(Refused::Insufficient { .. })) => Ok(false),
        _ => Err(InvoiceError::Damaged("the ledger refused what an invoice takes")),
    }
}

/// Months up to one that have usage on no invoice and no final invoice of their own, oldest first.
pub async fn open_periods(
    _ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    until: Period,
) -> Result<Vec<Period>, InvoiceError> {
    let rows = tx.query(store::OPEN_PERIODS, params![portfolio, until.number()]).await?;
    let period = |row: &plaza_db::Row| {
        Period::from_number(row.get(0)?).ok_or(InvoiceError::Damaged("a sum has no month"))
    };
    rows.iter().map(period).collect()
}

/// What closing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closed {
    /// Portfolios that were looked at.
    pub portfolios: usize,
    /// Invoices that are final now.
    pub issued: Vec<InvoiceId>,
    /// Drafts that wait for the end of the time of grace.
    pub drafts: usize,
    /// What could not be closed, and why, in words.
    pub waiting: Vec<(PortfolioId, String)>,
}

/// Portfolios of one page.
const PAGE_PORTFOLIOS: i64 = 256;

/// Closes a month: sums, rates again where the order of receipts may have decided about prices, drafts and finalises
/// portfolio by portfolio, each step a transaction of its own. It may stop
/// between any two and be run again; what is final stays as it is. `period` `None`: of every portfolio the month that
/// ended last. A month that has not ended in some portfolio's time zone is an error if it was named.
pub async fn close(
    ctx: &Ctx,
    db: &Db,
    prices: &Prices,
    period: Option<Period>,
    is_early: bool,
) -> Result<Closed, InvoiceError> {
    require_operator(ctx)?;
    let mut closed = Closed::default();
    let mut after = PortfolioId(i64::MIN);
    loop {
        let page = async move |_: &Ctx, tx: &mut Tx| {
            let rows = tx.query(store::PORTFOLIOS_AFTER, params![after, PAGE_PORTFOLIOS]).await?;
            Ok::<Vec<PortfolioId>, InvoiceError>(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
        };
        let ids = db.read(ctx, "invoices.portfolios", page).await?;
        let Some(last) = ids.last().copied() else { return Ok(closed) };
        after = last;
        for id in ids {
            closed.portfolios = closed.portfolios.saturating_add(1);
            close_one(ctx, (db, prices), id, period, is_early, &mut closed).await?;
        }
    }
}

/// The same for those portfolios alone that have something to be closed: cheap enough to be asked for often.
pub async fn close_due(ctx: &Ctx, db: &Db, prices: &Prices) -> Result<Closed, InvoiceError> {
    require_operator(ctx)?;
    let mut closed = Closed::default();
    // Somewhere a month ends fourteen hours before it does in UTC.
    let Some(last) = Period::before(later(ctx.now(), HOUR.saturating_mul(14)), &TimeZone::UTC) else {
        return Ok(closed);
    };
    let mut after = PortfolioId(i64::MIN);
    loop {
        let page = async move |ctx: &Ctx, tx: &mut Tx| {
            let grace = entity(ctx, tx).await?.ok_or(InvoiceError::NoSeller)?.grace_h;
            let opened = Timestamp(ctx.now().0.saturating_sub(grace.saturating_mul(3_600_000_000)));
            let row = params![last.number(), opened, after, PAGE_PORTFOLIOS];
            let rows = tx.query(store::DUE_TO_CLOSE, row).await?;
            Ok::<Vec<PortfolioId>, InvoiceError>(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
        };
        let ids = db.read(ctx, "invoices.due_to_close", page).await?;
        let Some(end) = ids.last().copied() else { return Ok(closed) };
        after = end;
        for id in ids {
            closed.portfolios = closed.portfolios.saturating_add(1);
            close_one(ctx, (db, prices), id, None, false, &mut closed).await?;
        }
    }
}

async fn close_one(
    ctx: &Ctx,
    (db, prices): (&Db, &Prices),
    id: PortfolioId,
    period: Option<Period>,
    is_early: bool,
    closed: &mut Closed,
) -> Result<(), InvoiceError> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let (_, zone, _) = portfolio(tx, id).await?;
        let last = match period {
            Some(period) if period.end(&zone)? > ctx.now() => {
                return Err(InvoiceError::NotEnded { period, ends_at: shown(period.end(&zone)?, &zone) });
            }
            Some(period) => period,
            None => Period::before(ctx.now(), &zone).ok_or(InvoiceError::BadPeriod)?,
        };
        Ok(last)
    };
    let last = db.read(ctx, "invoices.period", read).await?;
    let step = async move |ctx: &Ctx, tx: &mut Tx| gather(ctx, tx, id).await;
    while db.transact(ctx, "invoices.gather", step).await?.is_behind {}
    let open = async move |ctx: &Ctx, tx: &mut Tx| open_periods(ctx, tx, id, last).await;
    let mut periods = db.read(ctx, "invoices.open", open).await?;
    if periods.last() != Some(&last) {
        periods.push(last);
    }
    for period in periods {
        let of = prices.clone();
        let again = async move |ctx: &Ctx, tx: &mut Tx| {
            let is_open = finished(tx, id, period).await?.is_none();
            if is_open && rerated::is_ordered(tx, id, period).await? {
                rerate(ctx, tx, &of, (id, period.number()), Run::Real).await?;
            }
            Ok::<_, InvoiceError>(())
        };
        if let Err(error) = db.transact(ctx, "invoices.rerate", again).await {
            wait(closed, id, error)?;
            break;
        }
        let draft = async move |ctx: &Ctx, tx: &mut Tx| {
            let was_final = finished(tx, id, period).await?.is_some();
            Ok::<_, InvoiceError>((draft(ctx, tx, id, period).await?, was_final))
        };
        match db.transact(ctx, "invoices.draft", draft).await {
            Ok((None, _) | (Some(_), true)) => continue,
            Ok((Some(_), false)) => {}
            Err(error) => {
                wait(closed, id, error)?;
                break;
            }
        }
        let finalize = async move |ctx: &Ctx, tx: &mut Tx| finalize(ctx, tx, id, period, is_early).await;
        match db.transact(ctx, "invoices.finalize", finalize).await {
            Ok(issued) => closed.issued.extend(issued),
            Err(InvoiceError::Grace { .. }) => {
                closed.drafts = closed.drafts.saturating_add(1);
                break;
            }
            Err(error) => {
                wait(closed, id, error)?;
                break;
            }
        }
    }
    Ok(())
}

/// What one portfolio lacks does not keep the others waiting.
fn wait(closed: &mut Closed, id: PortfolioId, error: InvoiceError) -> Result<(), InvoiceError> {
    match error {
        InvoiceError::NoBuyer(_)
        | InvoiceError::EarlierOpen(_)
        | InvoiceError::Behind
        | InvoiceError::BadAmount
        | InvoiceError::Billing(BillingError::Uncovered { .. }) => {
            closed.waiting.push((id, error.to_string()));
            Ok(())
        }
        other => Err(other),
    }
}
