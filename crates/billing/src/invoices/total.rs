//! The sums of an invoice: pure, in integers.

use super::{InvoiceError, Line, LineKind};
use plaza_protocol::{Currency, Micros};
use serde::{Deserialize, Serialize};

/// One whole in parts per million.
const WHOLE_PPM: i128 = 1_000_000;

/// How an invoice is taxed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Treatment {
    /// The code of EN 16931: S (standard), Z (zero), AE (reverse charge), O (outside the scope).
    pub category: String,
    /// The tax office's country.
    pub jurisdiction: String,
    /// What the tax is called.
    pub name: String,
    /// Parts per million.
    pub ppm: i64,
    /// Prices contain it.
    pub is_inclusive: bool,
    /// What the invoice must say; empty: nothing.
    pub note: String,
}

/// The sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) charges: i64,
    pub(super) credit: i64,
    pub(super) subtotal_minor: i64,
    pub(super) tax_minor: i64,
    pub(super) total_minor: i64,
    pub(super) rounding: i64,
    /// Of the total, what was paid in advance.
    pub(super) prepaid_minor: i64,
    /// What rounding adds to that.
    pub(super) prepaid_rounding: i64,
    /// Not usage, and not paid in advance.
    pub(super) items: i64,
}

/// The quotient, half to even.
pub(super) fn half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let (whole, rest) =
        (numerator.checked_div_euclid(denominator)?, numerator.checked_rem_euclid(denominator)?);
    let twice = rest.checked_mul(2)?;
    let is_odd = whole.checked_rem_euclid(2)? == 1;
    let up = twice > denominator || (twice == denominator && is_odd);
    whole.checked_add(i128::from(up))
}

/// Rounds every line once, and adds up.
pub(super) fn total(lines: &mut [Line], tax: &Treatment, currency: Currency) -> Result<Totals, InvoiceError> {
    totals(lines, tax, i128::from(currency.minor_micros())).ok_or(InvoiceError::BadAmount)
}

fn totals(lines: &mut [Line], tax: &Treatment, minor: i128) -> Option<Totals> {
    let with_tax = WHOLE_PPM.checked_add(i128::from(tax.ppm))?;
    let (mut charges, mut credit, mut subtotal, mut items) = (0_i128, 0_i128, 0_i128, 0_i128);
    for line in lines {
        let amount = i128::from(line.amount.0);
        let net = if tax.is_inclusive {
            half_even(amount.checked_mul(WHOLE_PPM)?, with_tax.checked_mul(minor)?)?
        } else {
            half_even(amount, minor)?
        };
        line.net_minor = i64::try_from(net).ok()?;
        charges = charges.checked_add(amount)?;
        subtotal = subtotal.checked_add(net)?;
        credit = credit.checked_add(i128::from(line.credit.0))?;
        if line.kind != LineKind::Usage && !line.is_settled {
            items = items.checked_add(amount)?;
        }
    }
    let tax_minor = half_even(subtotal.checked_mul(i128::from(tax.ppm))?, WHOLE_PPM)?;
    let total = subtotal.checked_add(tax_minor)?;
    let outside = if tax.is_inclusive { 0 } else { tax_minor.checked_mul(minor)? };
    let rounding = total.checked_mul(minor)?.checked_sub(charges)?.checked_sub(outside)?;
    let settled = charges.checked_sub(credit)?.checked_sub(items)?;
    // If all was paid in advance, so were the roundings of the lines.
    let prepaid = if credit == 0 && items == 0 {
        if tax.is_inclusive { total } else { subtotal }
    } else {
        half_even(settled, minor)?
    };
    let number = |value: i128| i64::try_from(value).ok();
    Some(Totals {
        charges: number(charges)?,
        credit: number(credit)?,
        subtotal_minor: number(subtotal)?,
        tax_minor: number(tax_minor)?,
        total_minor: number(total)?,
        rounding: number(rounding)?,
        prepaid_minor: number(prepaid)?,
        prepaid_rounding: number(prepaid.checked_mul(minor)?.checked_sub(settled)?)?,
        items: number(items)?,
    })
}

/// Micros of minor units.
pub(super) fn micros(minor: i64, currency: Currency) -> Result<Micros, InvoiceError> {
    minor.checked_mul(currency.minor_micros()).map(Micros).ok_or(InvoiceError::BadAmount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (numerator, rounded) in
            [(5, 0), (15, 2), (25, 2), (26, 3), (24, 2), (-5, 0), (-15, -2), (-25, -2), (-26, -3), (0, 0)]
        {
            assert_eq!(half_even(numerator, 10), Some(rounded), "{numerator} / 10");
        }
        assert_eq!(half_even(1, 0), None);
    }
}
