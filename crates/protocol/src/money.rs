//! # Money
//!
//! Rates, charges and balances are whole **micros**: 10⁻⁶ of the currency's unit in an `i64` (up to nine million
//! million units). Real rates need it: 0.0008 USD. Minor units appear on invoices and payments only. There is no
//! floating point.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An amount in 10⁻⁶ of a currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` where it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Reads a decimal such as `100`, `-0.5` or `0.0308`: at most six digits after the point.
    pub fn parse_decimal(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 6 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
        let amount = whole.checked_mul(1_000_000)?.checked_add(fraction)?;
        Some(Self(if negative { amount.checked_neg()? } else { amount }))
    }
}

/// Shows the exact decimal, with at least two digits after the point: `100.00`, `0.0308`.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let digits = format!("{fraction:06}");
        let trimmed = digits.trim_end_matches('0');
        write!(f, "{sign}{whole}.{trimmed:0<2}")
    }
}

/// A text is not one of the billing currencies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown currency; one of AED ARS AUD BRL CLP COP EUR GBP IDR INR MXN MYR PEN SAR SGD USD is needed")]
pub struct UnknownCurrency;

macro_rules! currencies {
    ($($name:ident = $number:literal),*) => {
        /// A billing currency; the number is that of ISO 4217.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, clippy::upper_case_acronyms, reason = "the names are those of ISO 4217")]
        pub enum Currency { $($name = $number),* }

        impl Currency {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Digits of the minor unit, as ISO 4217 has them.
            pub fn minor_digits(self) -> u32 {
                if self == Self::CLP { 0 } else { 2 }
            }

            /// Micros of a minor unit.
            pub fn minor_micros(self) -> i64 {
                if self == Self::CLP { 1_000_000 } else { 10_000 }
            }

            /// The three letters of ISO 4217.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }

        impl FromStr for Currency {
            type Err = UnknownCurrency;
            fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
                match text { $(stringify!($name) => Ok(Self::$name),)* _ => Err(UnknownCurrency) }
            }
        }
    };
}

currencies!(
    AED = 784,
    ARS = 32,
    AUD = 36,
    BRL = 986,
    CLP = 152,
    COP = 170,
    EUR = 978,
    GBP = 826,
    IDR = 360,
    INR = 356,
    MXN = 484,
    MYR = 458,
    PEN = 604,
    SAR = 682,
    SGD = 702,
    USD = 840
);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, micros) in [("0.0308", 30_800), ("100", 100_000_000), ("-0.5", -500_000), ("0.000001", 1)]
        {
            assert_eq!(Micros::parse_decimal(text), Some(Micros(micros)), "{text}");
        }
        for text in ["", ".", "1.0000001", "1e3", "+1", "1,5", "99999999999999", "--1"] {
            assert_eq!(Micros::parse_decimal(text), None, "{text}");
        }
        assert_eq!(Micros(30_800).to_string(), "0.0308");
        assert_eq!(Micros(-100_000_000).to_string(), "-100.00");
    }
}
