//! Numbers that are given out one after another.

use std::collections::BTreeMap;

/// Numbers that were given out: those that follow one another are one stretch, so that a month of them takes no room.
#[derive(Default)]
pub(super) struct Numbers {
    /// First and last of each stretch.
    stretches: BTreeMap<i64, i64>,
    is_doubled: bool,
}

impl Numbers {
    pub(super) fn add(&mut self, number: i64) {
        let (mut first, mut last) = (number, number);
        if let Some((begin, end)) = self.stretches.range(..=number).next_back() {
            self.is_doubled |= number <= *end;
            if number <= end.saturating_add(1) {
                (first, last) = (*begin, number.max(*end));
            }
        }
        if let Some(end) = self.stretches.remove(&last.saturating_add(1)) {
            last = end;
        }
        self.stretches.insert(first, last);
    }

    pub(super) fn last(&self) -> i64 {
        self.stretches.last_key_value().map_or(0, |(_, last)| *last)
    }

    /// Whether they are 1 to the last one, each once.
    pub(super) fn are_all_up_to(&self, last: i64) -> bool {
        !self.is_doubled && self.stretches.len() == 1 && self.stretches.get(&1) == Some(&last)
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn numbers_are_all_there_in_whatever_order() {
        let of = |given: &[i64]| {
            let mut numbers = Numbers::default();
            given.iter().for_each(|number| numbers.add(*number));
            numbers
        };
        for given in [&[1, 2, 3, 4][..], &[4, 3, 2, 1], &[2, 4, 1, 3], &[1, 4, 2, 3]] {
            let numbers = of(given);
            assert!(numbers.are_all_up_to(4) && numbers.stretches.len() == 1, "{given:?}");
            assert!(!numbers.are_all_up_to(3) && !numbers.are_all_up_to(5));
        }
        for given in [&[1, 2, 4][..], &[2, 3, 4], &[1, 2, 2, 3, 4], &[1, 2, 3, 4, 1], &[0, 1, 2, 3, 4]] {
            assert!(!of(given).are_all_up_to(4), "{given:?}");
        }
        assert_eq!(of(&[7, 1, 2, 3]).stretches.len(), 2);
    }
}
