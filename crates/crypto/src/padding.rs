//! # Padding
//!
//! The length of a ciphertext tells about the text. Before encryption a message is padded to the next length of Padmé
//! (Nikitin et al., PETS 2019): at most 12 % longer, and lengths leak in O(log log n) bits only. The end of the message
//! is marked by one `0x80`, then zeros (ISO/IEC 7816-4).

/// Short messages all look alike up to this length, in bytes.
const SHORTEST_BYTES: usize = 64;
const END: u8 = 0x80;

/// The padded length of `length` bytes.
pub(crate) fn padme(length: usize) -> usize {
    let length = length.max(SHORTEST_BYTES);
    // E = floor(log2 L) bits of exponent; S bits say how large E is; the lowest E - S bits become zero.
    let exponent = length.ilog2();
    let size_of_exponent = exponent.ilog2().saturating_add(1);
    let step = 1_usize << exponent.saturating_sub(size_of_exponent);
    length.div_ceil(step).saturating_mul(step)
}

/// Pads a message.
pub(crate) fn pad(message: &[u8]) -> Vec<u8> {
    let length = padme(message.len().saturating_add(1));
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(message);
    padded.push(END);
    padded.resize(length, 0);
    padded
}

/// Takes the padding off; `None` if there is none.
pub(crate) fn unpad(mut padded: Vec<u8>) -> Option<Vec<u8>> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    if padded[end] != END {
        return None;
    }
    padded.truncate(end);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_follow_padme() {
        assert_eq!(padme(1), 64);
        assert_eq!(padme(65), 72);
        assert_eq!(padme(100), 104);
        assert_eq!(padme(1000), 1024);
        assert_eq!(padme(10_000), 10_240);
    }

    #[test]
    fn what_is_not_padded_is_refused() {
        assert_eq!(unpad(vec![]), None);
        assert_eq!(unpad(vec![0; 64]), None);
        assert_eq!(unpad(vec![1, 2, 3]), None);
    }

    proptest! {
        #[test]
        fn padding_comes_off(message in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let padded = pad(&message);
            prop_assert!(padded.len() <= (message.len() + 1).max(64) * 112 / 100 + 1);
            prop_assert_eq!(unpad(padded), Some(message));
        }
    }
}
