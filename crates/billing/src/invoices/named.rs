//! # Which invoice a payer means
//!
//! Payers write the number of an invoice in any case, and between its parts with the marks that it has, others, spaces or
//! nothing. So letters and digits alone are compared. Which words may be a number follows from all series that invoices
//! ever had.

use super::number::{Numbered, Series};
use super::{Invoice, InvoiceError, find, parties, require_operator, store};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, InvoiceId};

/// Numbers that are looked up of one text.
const NUMBERS_LOOKED_UP: usize = 5;
/// Words that a number may fall into: sixteen characters of a prefix, every other one a mark, the year and the number.
const WORDS_MAX: usize = 10;
/// Digits that no number has more of.
const DIGITS_MAX: usize = 18;

/// Whether a word without marks is a number of a series.
fn is_number_of(series: &Series, word: &str) -> bool {
    let prefix: String = series.prefix.chars().filter(char::is_ascii_alphanumeric).collect();
    let size = |of: i64| usize::try_from(of).unwrap_or(usize::MAX);
    let (year_digits, digits) = (size(series.year_digits), size(series.digits));
    let Some(rest) = word.strip_prefix(prefix.as_str()) else { return false };
    let Some((_, n)) = rest.split_at_checked(year_digits) else { return false };
    // It has more digits than the series wants only where it needs them.
    let is_long = n.len() > digits && n.len() <= DIGITS_MAX && !n.starts_with('0');
    rest.bytes().all(|byte| byte.is_ascii_digit()) && (n.len() == digits || is_long)
}

/// What may be numbers of invoices in a text, without their marks.
fn numbers_in(text: &str, all: &[Series]) -> Vec<String> {
    let text = text.to_ascii_uppercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let mut found: Vec<String> = Vec::new();
    for start in 0..words.len() {
        let mut together = String::new();
        for word in words.iter().skip(start).take(WORDS_MAX) {
            together.push_str(word);
            if all.iter().any(|series| is_number_of(series, &together)) && !found.contains(&together) {
                found.push(together.clone());
            }
        }
    }
    found.truncate(NUMBERS_LOOKED_UP);
    found
}

/// The final invoice whose number stands in a text, whatever the spelling; the first one, if there are several.
pub async fn named_in(ctx: &Ctx, tx: &mut Tx, text: &str) -> Result<Option<Invoice>, InvoiceError> {
    require_operator(ctx)?;
    let mut all = vec![Series::usual(Numbered::Invoice)];
    for row in tx.query(store::ALL_SERIES, params![parties::ENTITY, Numbered::Invoice.as_str()]).await? {
        all.push(Series { prefix: row.get(0)?, year_digits: row.get(1)?, digits: row.get(2)? });
    }
    for number in numbers_in(text, &all) {
        let rows = tx.query(store::INVOICES_OF_NUMBER, params![number]).await?;
        let rows = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
        let mut named: Vec<(InvoiceId, String)> = rows.collect::<Result<_, InvoiceError>>()?;
        if named.len() > 1 {
            // Two series differ by a mark only: then the marks count.
            named.retain(|(_, number)| text.to_ascii_uppercase().contains(number.as_str()));
        }
        if let [(invoice, _)] = named.as_slice() {
            return find(tx, *invoice).await;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_what_payers_write() {
        let series =
            |prefix: &str, year_digits, digits| Series { prefix: prefix.into(), year_digits, digits };
        let all =
            [Series::usual(Numbered::Invoice), series("R/", 2, 4), series("S", 4, 6), series("A.B-1/", 2, 3)];
        for (text, wanted) in [
            ("INV-2026-000001", vec!["INV2026000001"]),
            ("Invoice inv 2026 000001, thanks", vec!["INV2026000001"]),
            ("R/26-0001", vec!["R260001"]),
            ("R 26 0001 of 12.11.", vec!["R260001"]),
            ("r260001", vec!["R260001"]),
            ("R/26-12345", vec!["R2612345"]),
            ("R/26-012345", vec![]),
            ("R/26-001", vec![]),
            ("ORDER/26-0001", vec![]),
            ("S2027-000001 S2027-000002", vec!["S2027000001", "S2027000002"]),
            ("a.b-1/26-001", vec!["AB126001"]),
            ("INV-2026-000001 INV-2026-000001", vec!["INV2026000001"]),
            ("R/26-0001é", vec!["R260001"]),
            ("", vec![]),
        ] {
            assert_eq!(numbers_in(text, &all), wanted, "{text}");
        }
        let many: String = (1..100).map(|n| format!("S2027-{n:06} ")).collect();
        assert_eq!(numbers_in(&many, &all).len(), NUMBERS_LOOKED_UP);
    }
}
