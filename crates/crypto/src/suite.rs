//! # Suites
//!
//! Which algorithms a group uses is data: a number that stands in each key package, group and welcome. A client reads
//! it from there; only where something new begins does it choose one, the newest of [`SUITES`] ([`Suite::current`]). A
//! new row is a new suite; a row is never changed or removed while groups use it.

use openmls::prelude::Ciphersuite;

/// One set of algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    /// The MLS cipher suite number.
    pub id: u16,
    /// Its MLS name.
    pub name: &'static str,
    /// Whether recorded traffic stays secret from a quantum computer.
    pub post_quantum: bool,
    pub(crate) mls: Ciphersuite,
}

/// The suites that this version reads and writes, the preferred one first.
pub const SUITES: &[Suite] = &[Suite {
    id: 0x004f,
    name: "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
    post_quantum: true,
    mls: Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
}];

impl Suite {
    /// The suite for what begins now.
    pub fn current() -> Self {
        SUITES[0]
    }

    /// The suite with this number, if this version knows it.
    pub fn by_id(id: u16) -> Option<Self> {
        SUITES.iter().copied().find(|suite| suite.id == id)
    }

    pub(crate) fn of(mls: Ciphersuite) -> Option<Self> {
        Self::by_id(u16::from(mls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_mls() {
        for suite in SUITES {
            assert_eq!(u16::from(suite.mls), suite.id);
            assert_eq!(Suite::by_id(suite.id), Some(*suite));
        }
        assert_eq!(Suite::by_id(0x0001), None);
    }
}
