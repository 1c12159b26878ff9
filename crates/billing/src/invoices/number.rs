//! Numbers without gaps. The row of the year stays locked until the document is committed, so that a document which
//! fails gives its number back, and the next one waits for it.

use super::{InvoiceError, LegalEntity, store};
use jiff::tz::TimeZone;
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Timestamp};

/// What has a row of numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    Invoice,
    CreditNote,
}

impl Numbered {
    pub(super) const ALL: [Self; 2] = [Self::Invoice, Self::CreditNote];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }

    /// What its numbers begin with in a year.
    pub(super) fn prefix(self, year: i64) -> String {
        match self {
            Self::Invoice => format!("INV-{year:04}-"),
            Self::CreditNote => format!("CN-{year:04}-"),
        }
    }
}

/// The next number of a kind: INV-2026-000001.
pub(super) async fn next(
    ctx: &Ctx,
    tx: &mut Tx,
    entity: &LegalEntity,
    kind: Numbered,
) -> Result<String, InvoiceError> {
    let zone =
        TimeZone::get(&entity.time_zone).map_err(|_| InvoiceError::Damaged("a time zone is unknown"))?;
    let year = year_of(ctx.now(), &zone)?;
    let row = tx.query_one(store::NEXT_NUMBER, params![super::parties::ENTITY, kind.as_str(), year]).await?;
    let n: i64 = row.ok_or(InvoiceError::Damaged("a number did not answer"))?.get(0)?;
    Ok(format!("{}{n:06}", kind.prefix(year)))
}

fn year_of(at: Timestamp, zone: &TimeZone) -> Result<i64, InvoiceError> {
    let at = jiff::Timestamp::from_microsecond(at.0);
    let at = at.map_err(|_| InvoiceError::Damaged("a time is out of range"))?;
    Ok(i64::from(at.to_zoned(zone.clone()).year()))
}
