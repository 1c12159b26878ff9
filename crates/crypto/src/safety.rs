//! # Safety numbers
//!
//! Two people compare sixty digits, aloud or by a code on the screen; if they are the same on both sides, nobody sits
//! between them. Each account contributes thirty digits, made from its id and its identity key by many rounds of
//! SHA-512, so that another key with the same digits cannot be found by trying.

use crate::IdentityKey;
use plaza_protocol::AccountId;
use sha2::{Digest, Sha512};

const ROUNDS: u32 = 5200;
const LABEL: &[u8] = b"plaza safety number 1\0";

/// The sixty digits that both sides see, in groups of five.
pub fn safety_number(one: (AccountId, &IdentityKey), other: (AccountId, &IdentityKey)) -> String {
    let mut halves = [half(one), half(other)];
    halves.sort();
    halves.concat().join(" ")
}

fn half((account, key): (AccountId, &IdentityKey)) -> Vec<String> {
    let mut hash =
        Sha512::new().chain_update(LABEL).chain_update(account.as_bytes()).chain_update(key).finalize();
    for _ in 0..ROUNDS {
        hash = Sha512::new().chain_update(hash).chain_update(key).finalize();
    }
    hash.chunks_exact(8).take(6).map(five_digits).collect()
}

fn five_digits(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u64, |number, byte| number.wrapping_shl(8) | u64::from(*byte));
    format!("{:05}", number.wrapping_rem(100_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn both_sides_see_the_same_sixty_digits() {
        let ana = (AccountId(Uuid::from_u128(1)), &[7; 32]);
        let ben = (AccountId(Uuid::from_u128(2)), &[8; 32]);
        let number = safety_number(ana, ben);
        assert_eq!(number, safety_number(ben, ana));
        assert_eq!(number.len(), 12 * 5 + 11);
        assert!(number.bytes().all(|byte| byte.is_ascii_digit() || byte == b' '));
        assert_ne!(number, safety_number(ana, (ben.0, &[9; 32])));
    }
}
