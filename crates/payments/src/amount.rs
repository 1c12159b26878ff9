//! Amounts of payments: whole minor units of the currency, above zero, and below what any provider takes at once.

use crate::PaymentError;
use plaza_protocol::{Currency, Micros};

/// The most that one payment may be, in units of the currency.
pub const AMOUNT_UNITS_MAX: i64 = 999_999;
/// The same for currencies whose unit is worth a cent or less.
const AMOUNT_SMALL_UNITS_MAX: i64 = 9_999_999_999;

/// Micros of the smallest amount that can be paid: a cent, or a unit where there are no cents.
pub fn minor_units_of(currency: Currency) -> i64 {
    if currency == Currency::CLP { 1_000_000 } else { 10_000 }
}

/// The most that one payment may be.
pub(crate) fn amount_max(currency: Currency) -> Micros {
    let units = match currency {
        Currency::ARS | Currency::CLP | Currency::COP | Currency::IDR => AMOUNT_SMALL_UNITS_MAX / 100,
        _ => AMOUNT_UNITS_MAX,
    };
    Micros(units.saturating_mul(1_000_000))
}

/// An amount that can be paid, in minor units.
pub(crate) fn to_minor(amount: Micros, currency: Currency) -> Result<i64, PaymentError> {
    let minor = minor_units_of(currency);
    if amount <= Micros::ZERO {
        return Err(PaymentError::BadAmount("it must be above zero"));
    }
    if amount > amount_max(currency) {
        return Err(PaymentError::AboveMaximum { max: amount_max(currency), currency });
    }
    if amount.0.checked_rem(minor) != Some(0) {
        return Err(PaymentError::BadAmount(
            "it must be whole cents, or whole units where there are no cents",
        ));
    }
    amount.0.checked_div(minor).ok_or(PaymentError::BadAmount("it cannot be paid"))
}

/// The same the other way round.
pub(crate) fn from_minor(minor: i64, currency: Currency) -> Option<Micros> {
    minor.checked_mul(minor_units_of(currency)).map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_minor_units_within_bounds() {
        assert_eq!(to_minor(Micros(12_340_000), Currency::EUR).unwrap(), 1234);
        assert_eq!(to_minor(Micros(12_000_000), Currency::CLP).unwrap(), 12);
        assert_eq!(from_minor(1234, Currency::EUR), Some(Micros(12_340_000)));
        assert_eq!(from_minor(i64::MAX, Currency::EUR), None);
        let max = amount_max(Currency::USD);
        assert!(to_minor(max, Currency::USD).is_ok());
        let above = Micros(max.0 + 10_000);
        assert!(matches!(to_minor(above, Currency::USD), Err(PaymentError::AboveMaximum { .. })));
        for (amount, currency) in
            [(0, Currency::USD), (-1, Currency::USD), (1, Currency::USD), (10_000, Currency::CLP)]
        {
            let error = to_minor(Micros(amount), currency).unwrap_err();
            assert!(matches!(error, PaymentError::BadAmount(_)), "{error}");
        }
    }
}
