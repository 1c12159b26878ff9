//! # Reports of stores
//!
//! What a payout was for, as the store's own file says it: of Apple's financial report (*All Countries or Regions, Single
//! File*, tab-separated) the partner's share by currency, and of Google's earnings report (CSV) what every line moved, in
//! the buyer's currency and in the bank's. A report books nothing: it proposes what the operator then says of the money that
//! came ([`assign_payout`](crate::assign_payout)).
//!
//! A report comes from outside: its bytes, lines and numbers are bounded, and one wrong line refuses all of it. A line in a
//! currency that the books do not have is not wrong: such lines are summed apart.

use plaza_protocol::limits::STATEMENT_BYTES_MAX;
use plaza_protocol::{Currency, Micros, Timestamp};
use std::collections::BTreeMap;

/// Lines of a report: one for each sale and fee of a month.
const LINES_MAX: usize = 200_000;

/// A report cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is of no store that is known.
    #[error(
        "no report of a store: the columns Partner Share Currency (Apple) or Amount (Buyer Currency) (Google) are missing"
    )]
    Unknown,
    /// More bytes than are read at once.
    #[error("a report has at most {STATEMENT_BYTES_MAX} bytes: split it")]
    TooLarge,
    /// More lines than are read at once.
    #[error("a report has at most {LINES_MAX} lines: split it")]
    TooLong,
    /// A line is wrong.
    #[error("line {line}, {column}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// What is needed.
        what: &'static str,
    },
    /// It says nothing.
    #[error("the report has no sales")]
    Empty,
}

/// What a report says of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// In which people paid.
    pub currency: Currency,
    /// What the store pays.
    pub paid: Micros,
    /// The same in the currency of the bank, if the report says so.
    pub arrived: Option<Micros>,
}

/// What a report says of a currency that the books do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidElse {
    /// Its three letters.
    pub currency: String,
    /// What the store pays.
    pub paid: Micros,
    /// The same in the currency of the bank, if the report says so.
    pub arrived: Option<Micros>,
}

/// What a store's report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    /// Whose.
    pub store: &'static str,
    /// The first moment that it is about, UTC.
    pub from: Timestamp,
    /// The first moment after.
    pub to: Timestamp,
    /// By currency.
    pub paid: Vec<Paid>,
    /// By currency that the books do not have.
    pub other: Vec<PaidElse>,
}

/// How the columns of a store are called, and how it writes a day.
struct Format {
    store: &'static str,
    delimiter: u8,
    amount: &'static str,
    currency: &'static str,
    arrived: Option<&'static str>,
    days: [&'static str; 2],
    day: &'static str,
}

const FORMATS: [Format; 2] = [
    Format {
        store: "apple",
        delimiter: b'\t',
        amount: "Extended Partner Share",
        currency: "Partner Share Currency",
        arrived: None,
        days: ["Start Date", "End Date"],
        day: "%m/%d/%Y",
    },
    Format {
        store: "google",
        delimiter: b',',
        amount: "Amount (Buyer Currency)",
        currency: "Buyer Currency",
        arrived: Some("Amount (Merchant Currency)"),
        days: ["Transaction Date", "Transaction Date"],
        day: "%b %d, %Y",
    },
];

/// What Apple writes below its lines.
const TOTALS: &str = "Total_";

/// Reads a report of either store.
pub fn read_report(text: &str) -> Result<StoreReport, ReportError> {
    if text.len() > STATEMENT_BYTES_MAX {
        return Err(ReportError::TooLarge);
    }
    let text = text.trim_start_matches('\u{feff}');
    let format =
        FORMATS.iter().find(|format| text.lines().next().is_some_and(|head| head.contains(format.currency)));
    read(format.ok_or(ReportError::Unknown)?, text)
}

/// Where the columns of a report are.
struct Columns {
    amount: usize,
    currency: usize,
    arrived: Option<usize>,
    days: [usize; 2],
}

fn columns(format: &Format, header: &csv::StringRecord) -> Option<Columns> {
    let place = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
    let arrived = match format.arrived {
        Some(name) => Some(place(name)?),
        None => None,
    };
    let [from, to] = format.days;
    Some(Columns {
        amount: place(format.amount)?,
        currency: place(format.currency)?,
        arrived,
        days: [place(from)?, place(to)?],
    })
}

fn read(format: &Format, text: &str) -> Result<StoreReport, ReportError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(format.delimiter)
        .flexible(true)
        // Apple does not quote: a title may begin with a quote.
        .quoting(format.delimiter == b',')
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| ReportError::Unknown)?.clone();
    let columns = columns(format, &header).ok_or(ReportError::Unknown)?;
    let mut sums: BTreeMap<String, (Micros, Micros)> = BTreeMap::new();
    let mut days: Option<(jiff::civil::Date, jiff::civil::Date)> = None;
    for (at, record) in reader.records().enumerate() {
        let line = at.saturating_add(2);
        let bad = |column, what| ReportError::Line { line, column, what };
        if at >= LINES_MAX {
            return Err(ReportError::TooLong);
        }
        let record = record.map_err(|_| bad(format.currency, "a line that can be read is needed"))?;
        if record.get(0).is_some_and(|first| first.starts_with(TOTALS)) {
            break;
        }
        let field = |place: usize| record.get(place).unwrap_or_default();
        let amount = |column, place| {
            // Google groups thousands.
            let plain = field(place).replace(',', "");
            Micros::parse_decimal(&plain).ok_or_else(|| bad(column, "a decimal such as -12.34"))
        };
        let currency = field(columns.currency);
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(bad(format.currency, "a currency, such as EUR"));
        }
        let sum = sums.entry(currency.to_owned()).or_default();
        let too_large = || bad(format.amount, "the sum is too large");
        sum.0 = sum.0.checked_add(amount(format.amount, columns.amount)?).ok_or_else(too_large)?;
        if let (Some(place), Some(name)) = (columns.arrived, format.arrived) {
            sum.1 = sum.1.checked_add(amount(name, place)?).ok_or_else(too_large)?;
        }
        for (place, column) in columns.days.iter().zip(format.days) {
            let day = jiff::civil::Date::strptime(format.day, field(*place))
                .map_err(|_| bad(column, "a day as the store writes it"))?;
            days = Some(days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        }
    }
    let (first, last) = days.ok_or(ReportError::Empty)?;
    let (mut known, mut other) = (Vec::new(), Vec::new());
    for (currency, (paid, arrived)) in sums {
        let arrived = columns.arrived.map(|_| arrived);
        match currency.parse() {
            Ok(currency) => known.push(Paid { currency, paid, arrived }),
            Err(_) => other.push(PaidElse { currency, paid, arrived }),
        }
    }
    let after = last.tomorrow().map_err(|_| ReportError::Empty)?;
    Ok(StoreReport { store: format.store, from: start_of(first)?, to: start_of(after)?, paid: known, other })
}

fn start_of(day: jiff::civil::Date) -> Result<Timestamp, ReportError> {
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| ReportError::Empty)?;
    Ok(Timestamp(start.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLE: &str = "Start Date\tEnd Date\tQuantity\tPartner Share\tExtended Partner Share\tPartner Share Currency\tSale or Return\n\
        10/05/2026\t11/01/2026\t10\t1.70\t17.00\tEUR\tS\n\
        10/05/2026\t11/01/2026\t-1\t1.70\t-1.70\tEUR\tR\n\
        10/05/2026\t11/01/2026\t2\t1.69\t3.38\tUSD\tS\n\
        Total_Rows\t3\nTotal_Amount\t18.68\n";
    const GOOGLE: &str = "Description,Transaction Date,Transaction Type,Buyer Currency,Amount (Buyer Currency),\
        Currency Conversion Rate,Merchant Currency,Amount (Merchant Currency)\n\
        GPA.1,\"Oct 3, 2026\",Charge,USD,\"1,002.00\",0.9,EUR,901.80\n\
        GPA.1,\"Oct 3, 2026\",Google fee,USD,-150.30,0.9,EUR,-135.27\n\
        GPA.2,\"Oct 31, 2026\",Charge refund,USD,-2.00,0.9,EUR,-1.80\n";

    fn micros(text: &str) -> Micros {
        Micros::parse_decimal(text).unwrap()
    }

    #[test]
    fn reports_are_summed_by_currency() {
        let apple = read_report(APPLE).unwrap();
        assert_eq!((apple.store, apple.from), ("apple", Timestamp::from_seconds(1_791_158_400)));
        assert_eq!(apple.to.0 - apple.from.0, 28 * 86_400_000_000, "Apple's October has four weeks");
        let paid = [("15.30", Currency::EUR), ("3.38", Currency::USD)];
        let paid = paid.map(|(amount, currency)| Paid { currency, paid: micros(amount), arrived: None });
        assert_eq!(apple.paid, paid);
        let google = read_report(GOOGLE).unwrap();
        assert_eq!((google.store, google.to.0 - google.from.0), ("google", 29 * 86_400_000_000));
        let arrived = Some(micros("764.73"));
        assert_eq!(google.paid, [Paid { currency: Currency::USD, paid: micros("849.70"), arrived }]);
    }

    #[test]
    fn what_was_sold_in_a_currency_that_the_books_do_not_have_is_summed_apart() {
        let yen = "GPA.3,\"Oct 4, 2026\",Charge,JPY,1000,0.006,EUR,6.00\n\
            GPA.3,\"Oct 4, 2026\",Google fee,JPY,-150,0.006,EUR,-0.90\n";
        let google = read_report(&format!("{GOOGLE}{yen}")).unwrap();
        assert_eq!(google.paid, read_report(GOOGLE).unwrap().paid);
        let (paid, arrived) = (micros("850"), Some(micros("5.10")));
        assert_eq!(google.other, [PaidElse { currency: "JPY".to_owned(), paid, arrived }]);
        let apple = read_report(&APPLE.replacen("USD\tS", "CHF\tS", 1)).unwrap();
        let paid = Paid { currency: Currency::EUR, paid: micros("15.30"), arrived: None };
        assert_eq!(apple.paid, [paid]);
        assert_eq!((apple.other[0].currency.as_str(), apple.other[0].paid), ("CHF", micros("3.38")));
    }

    #[test]
    fn a_title_that_begins_with_a_quote_swallows_no_lines() {
        let titled: String = APPLE.lines().map(|line| format!("{line}\t\"Colours\n")).collect();
        let titled = titled.replacen("\t\"Colours", "\tTitle", 1);
        assert_eq!(read_report(&titled).unwrap(), read_report(APPLE).unwrap());
    }

    #[test]
    fn a_report_that_cannot_be_read_says_where() {
        assert_eq!(read_report("id,amount\n1,2\n"), Err(ReportError::Unknown));
        assert_eq!(read_report(""), Err(ReportError::Unknown));
        let head = APPLE.lines().next().unwrap();
        assert_eq!(read_report(head), Err(ReportError::Empty));
        for (from, to, column) in [
            ("17.00", "17,00x", "Extended Partner Share"),
            ("EUR\tS", "euro\tS", "Partner Share Currency"),
            ("10/05/2026\t11/01/2026\t10", "05.10.2026\t11/01/2026\t10", "Start Date"),
        ] {
            let error = read_report(&APPLE.replacen(from, to, 1)).unwrap_err();
            assert!(matches!(error, ReportError::Line { line: 2, column: c, .. } if c == column), "{error}");
        }
        assert_eq!(read_report(&"x".repeat(STATEMENT_BYTES_MAX + 1)), Err(ReportError::TooLarge));
    }
}
