//! # Counting what test runners say
//!
//! Each runner closes with a line of its own shape; here they become one tally. A suite that passed without running a
//! test is a failure: an empty run looks like success everywhere else.

use std::time::Duration;

/// What a suite came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) const ONE_FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    pub(crate) const ONE_PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    /// The tally of a run that ended well or not: an end that the counts do not explain counts as one failure.
    pub(crate) fn settled(self, is_ok: bool) -> Self {
        let is_explained = if is_ok { self.passed > 0 } else { self.failed > 0 };
        if is_explained { self } else { self.plus(Self::ONE_FAILED) }
    }
}

/// A line of the final table.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) suite: String,
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
}

/// Counts the closing lines of cargo test, nextest, Vitest, Playwright and pytest in a runner's output.
pub(crate) fn count(output: &str) -> Tally {
    let plain = without_colours(output);
    let closing = plain.lines().map(str::trim).filter(|line| is_closing(line));
    closing.map(count_line).fold(Tally::default(), Tally::plus)
}

/// Whether a line is a runner's last word, and not one test's.
fn is_closing(line: &str) -> bool {
    let is_cargo = line.starts_with("test result:") || line.starts_with("Summary [");
    let is_vitest = line.starts_with("Tests ");
    let is_pytest = line.starts_with('=') && line.contains(" in ") && line.ends_with('=');
    // Playwright's: "12 passed (3.4s)", "1 failed", "2 skipped", "1 flaky", each alone on its line.
    let mut words = line.split_whitespace();
    let is_number = words.next().is_some_and(|word| word.parse::<u64>().is_ok());
    let is_word = words.next().is_some_and(|word| ["passed", "failed", "skipped", "flaky"].contains(&word));
    let is_alone = words.next().is_none_or(|word| word.starts_with('(') && words.next().is_none());
    is_cargo || is_vitest || is_pytest || (is_number && is_word && is_alone)
}

fn count_line(line: &str) -> Tally {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut tally = Tally::default();
    for pair in words.windows(2) {
        let [number, word] = pair else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match *word {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" | "flaky" => tally.failed += number,
            "skipped" | "ignored" => tally.skipped += number,
            // nextest says "3 timed out".
            "timed" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

/// The text without terminal colours (`ESC [ … m`).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _rest_of_the_sequence = characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn each_runner_is_understood() {
        let cargo = "test a ... ok\ntest result: ok. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out\n\
                     test result: ok. 4 passed; 0 failed; 0 ignored";
        assert_eq!(count(cargo), tally(7, 1, 2));
        let nextest =
            "     Summary [  12.345s] 10 tests run: 8 passed (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(count(nextest), tally(8, 2, 3));
        assert_eq!(count(" Tests  2 failed | 31 passed | 1 skipped (34)\n"), tally(31, 2, 1));
        assert_eq!(
            count("  1 failed\n    [plaza] › a.spec.ts\n  2 skipped\n  5 passed (1.2m)\n"),
            tally(5, 1, 2)
        );
        assert_eq!(count("===== 2 failed, 40 passed, 1 error in 12.0s ====="), tally(40, 3, 0));
        assert_eq!(count("\u{1b}[32m\u{1b}[1m====== 40 passed\u{1b}[0m in 12.0s ====="), tally(40, 0, 0));
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(
            count("ok 3 passed the gate\n7 failed logins were seen\ncharged 3 passed"),
            Tally::default()
        );
    }

    #[test]
    fn an_end_without_reason_is_a_failure() {
        assert_eq!(tally(0, 0, 0).settled(true), tally(0, 1, 0));
        assert_eq!(tally(5, 0, 0).settled(false), tally(5, 1, 0));
        assert_eq!(tally(5, 1, 0).settled(false), tally(5, 1, 0));
        assert_eq!(tally(5, 0, 2).settled(true), tally(5, 0, 2));
    }
}
