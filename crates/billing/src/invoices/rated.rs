//! Every rated line of an invoice, as CSV or Parquet, a page at a time: a file of ten million lines needs the memory of
//! one page.

use super::{Invoice, InvoiceError, store};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use plaza_db::{Tx, params};
use plaza_protocol::{BusinessMessageId, ChargeId, Ctx, Micros, PhoneNumberId, Timestamp, WabaId};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// A charged message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedLine {
    /// The number of its usage event: the place in the file.
    pub sequence: i64,
    /// The charge.
    pub charge_id: ChargeId,
    /// The message.
    pub message_id: BusinessMessageId,
    /// The business account.
    pub waba_id: WabaId,
    /// The sending number.
    pub phone_number_id: PhoneNumberId,
    /// The month of its delivery.
    pub period: i64,
    /// The market.
    pub market: String,
    /// The category.
    pub category: String,
    /// How it was priced.
    pub pricing_type: String,
    /// Where the price's tier begins.
    pub tier: Option<i64>,
    /// Pulses of a call.
    pub pulses: Option<i64>,
    /// The list price.
    pub unit: Micros,
    /// What was charged.
    pub amount: Micros,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was delivered.
    pub delivered_at: Timestamp,
}

/// The rated lines of a final invoice behind a place, at most `limit` of them. `after` 0: from the first.
pub async fn rated_lines(
    _ctx: &Ctx,
    tx: &mut Tx,
    invoice: &Invoice,
    after: i64,
    limit: u32,
) -> Result<Vec<RatedLine>, InvoiceError> {
    let ordinal = invoice.ordinal.ok_or(InvoiceError::NotFinal)?;
    let from = if after > 0 {
        after
    } else {
        let row =
            tx.query_one(store::FIRST_SEQUENCE, params![invoice.portfolio_id, invoice.invoice_id]).await?;
        let first: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
        let Some(first) = first else { return Ok(Vec::new()) };
        first.saturating_sub(1)
    };
    let parameters =
        params![invoice.portfolio_id, from, invoice.sequence_to, invoice.period.number(), ordinal, limit];
    let rows = tx.query(store::RATED, parameters).await?;
    let line = |row: &plaza_db::Row| {
        Ok(RatedLine {
            sequence: row.get(0)?,
            charge_id: row.get(1)?,
            message_id: row.get(2)?,
            waba_id: row.get(3)?,
            phone_number_id: row.get(4)?,
            period: row.get(5)?,
            market: row.get(6)?,
            category: row.get(7)?,
            pricing_type: row.get(8)?,
            tier: row.get(9)?,
            unit: row.get(10)?,
            amount: row.get(11)?,
            sent_at: row.get(12)?,
            delivered_at: row.get(13)?,
            pulses: row.get(14)?,
        })
    };
    rows.iter().map(line).collect()
}

/// What the writer of Parquet wrote and nobody fetched yet.
#[derive(Debug, Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file that grows page by page; each call answers with the bytes that are ready.
pub enum RatedFile {
    /// Comma-separated values.
    Csv(bool),
    /// Apache Parquet, a row group per page.
    Parquet(Box<ParquetFile>),
}

impl std::fmt::Debug for RatedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv(_) => "RatedFile(CSV)",
            Self::Parquet(_) => "RatedFile(Parquet)",
        })
    }
}

/// The state of a Parquet file.
pub struct ParquetFile {
    buffer: Buffer,
    writer: SerializedFileWriter<Buffer>,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ParquetFile")
    }
}

/// The columns, in the order of [`texts`] and [`numbers`].
const TEXTS: [&str; 10] = [
    "charge_id",
    "message_id",
    "waba_id",
    "phone_number_id",
    "market",
    "category",
    "pricing_type",
    "currency",
    "sent_at",
    "delivered_at",
];
const NUMBERS: [&str; 6] = ["sequence", "period", "tier", "pulses", "unit_micros", "amount_micros"];

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
}

fn texts(line: &RatedLine, currency: &str) -> [String; 10] {
    [
        line.charge_id.to_string(),
        line.message_id.to_string(),
        line.waba_id.to_string(),
        line.phone_number_id.to_string(),
        line.market.clone(),
        line.category.clone(),
        line.pricing_type.clone(),
        currency.to_owned(),
        time(line.sent_at),
        time(line.delivered_at),
    ]
}

/// -1 and 1 where there are no tiers and no pulses.
fn numbers(line: &RatedLine) -> [i64; 6] {
    [
        line.sequence,
        line.period,
        line.tier.unwrap_or(-1),
        line.pulses.unwrap_or(1),
        line.unit.0,
        line.amount.0,
    ]
}

fn wrong<E>(_: E) -> InvoiceError {
    InvoiceError::Document("a file of rated lines cannot be written")
}

impl RatedFile {
    /// A CSV file.
    pub fn csv() -> Self {
        Self::Csv(false)
    }

    /// A Parquet file.
    pub fn parquet() -> Result<Self, InvoiceError> {
        let column = |name: &str, physical, logical| {
            Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(logical)
                .build()
                .map(Arc::new)
        };
        let text = |name: &&str| column(name, Physical::BYTE_ARRAY, Some(LogicalType::String));
        let number = |name: &&str| column(name, Physical::INT64, None);
        let columns = TEXTS.iter().map(text).chain(NUMBERS.iter().map(number));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let schema = Type::group_type_builder("rated_line").with_fields(columns).build().map_err(wrong)?;
        let buffer = Buffer::default();
        let properties = WriterProperties::builder().set_created_by("Plaza".to_owned()).build();
        let writer = SerializedFileWriter::new(buffer.clone(), Arc::new(schema), Arc::new(properties));
        Ok(Self::Parquet(Box::new(ParquetFile { buffer, writer: writer.map_err(wrong)? })))
    }

    /// Adds a page.
    pub fn push(&mut self, lines: &[RatedLine], currency: &str) -> Result<Vec<u8>, InvoiceError> {
        match self {
            Self::Csv(has_head) => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                if !std::mem::replace(has_head, true) {
                    writer.write_record(TEXTS.iter().chain(&NUMBERS)).map_err(wrong)?;
                }
                for line in lines {
                    let numbers = numbers(line).map(|number| number.to_string());
                    writer.write_record(texts(line, currency).iter().chain(&numbers)).map_err(wrong)?;
                }
                writer.into_inner().map_err(wrong)
            }
            Self::Parquet(file) => {
                if !lines.is_empty() {
                    file.group(lines, currency).map_err(wrong)?;
                }
                Ok(file.buffer.take())
            }
        }
    }

    /// The last bytes.
    pub fn finish(self) -> Result<Vec<u8>, InvoiceError> {
        match self {
            Self::Csv(true) => Ok(Vec::new()),
            Self::Csv(false) => Self::Csv(false).push(&[], ""),
            Self::Parquet(file) => {
                let ParquetFile { buffer, writer } = *file;
                writer.close().map_err(wrong)?;
                Ok(buffer.take())
            }
        }
    }
}

impl ParquetFile {
    fn group(&mut self, lines: &[RatedLine], currency: &str) -> Result<(), parquet::errors::ParquetError> {
        let mut group = self.writer.next_row_group()?;
        let mut columns: [Vec<ByteArray>; 10] = Default::default();
        let mut counts: [Vec<i64>; 6] = Default::default();
        for line in lines {
            for (column, text) in columns.iter_mut().zip(texts(line, currency)) {
                column.push(ByteArray::from(text.into_bytes()));
            }
            for (column, number) in counts.iter_mut().zip(numbers(line)) {
                column.push(number);
            }
        }
        for column in &columns {
            if let Some(mut writer) = group.next_column()? {
                writer.typed::<ByteArrayType>().write_batch(column, None, None)?;
                writer.close()?;
            }
        }
        for column in &counts {
            if let Some(mut writer) = group.next_column()? {
                writer.typed::<Int64Type>().write_batch(column, None, None)?;
                writer.close()?;
            }
        }
        group.close()?;
        Ok(())
    }
}
