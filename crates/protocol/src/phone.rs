//! Phone numbers: E.164, the only address of a person that Plaza knows.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text is not a phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a phone number: write it as +, country code and number, 7 to 15 digits, for example +4915112345678"
)]
pub struct InvalidPhoneNumber;

/// A phone number in E.164: 7 to 15 digits, the first not zero. `Debug` does not show it: numbers stay out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The digits alone: the `wa_id` of the Cloud-API-compatible surface.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether it lies in the range +999…, which belongs to nobody: demo and sandbox people live there.
    pub fn is_demo(&self) -> bool {
        self.0.starts_with("999")
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;
    /// Accepts what people write: a plus, spaces, dashes, dots and brackets.
    fn from_str(text: &str) -> Result<Self, InvalidPhoneNumber> {
        if text.len() > 40 {
            return Err(InvalidPhoneNumber);
        }
        let mut digits = String::with_capacity(15);
        for (at, character) in text.trim().chars().enumerate() {
            match character {
                '0'..='9' => digits.push(character),
                '+' if at == 0 => {}
                ' ' | '-' | '(' | ')' | '.' | '\u{a0}' => {}
                _ => return Err(InvalidPhoneNumber),
            }
        }
        if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
            return Err(InvalidPhoneNumber);
        }
        Ok(Self(digits))
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;
    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.to_string()
    }
}

/// `+` and the digits.
impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for text in ["+49 (151) 123-456.78", "4915112345678", " +4915112345678 "] {
            assert_eq!(text.parse::<PhoneNumber>().unwrap().to_string(), "+4915112345678", "{text}");
        }
        for text in
            ["", "+", "123456", "0151123456", "+49151x", "1234567890123456", "49+151123456", "٤٩١٥١١٢٣٤٥"]
        {
            assert_eq!(text.parse::<PhoneNumber>(), Err(InvalidPhoneNumber), "{text}");
        }
        assert!(!format!("{:?}", "+4915112345678".parse::<PhoneNumber>()).contains("151"));
    }
}
