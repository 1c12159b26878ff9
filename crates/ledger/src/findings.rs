//! What a verification looked at and what it found, kind by kind.

use serde::Serialize;

/// Differences of a kind that are put into words; all are counted.
const LISTED_MAX: i64 = 20;

/// Rows of a kind that were computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Which: `accounts`, `charges`.
    pub kind: &'static str,
    /// How many were computed again.
    pub checked: i64,
    /// How often one was not what it should be.
    pub differing: i64,
}

/// What was found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// In the order in which they were looked at.
    pub kinds: Vec<Checked>,
    /// What does not hold, in words; the first ones of each kind.
    pub differences: Vec<String>,
}

impl Findings {
    fn of(&mut self, kind: &'static str) -> Option<&mut Checked> {
        if !self.kinds.iter().any(|known| known.kind == kind) {
            self.kinds.push(Checked { kind, checked: 0, differing: 0 });
        }
        self.kinds.iter_mut().find(|known| known.kind == kind)
    }

    /// So many more rows of a kind were computed again.
    pub fn checked(&mut self, kind: &'static str, rows: i64) {
        if let Some(of) = self.of(kind) {
            of.checked = of.checked.saturating_add(rows);
        }
    }

    /// One is not what it should be.
    pub fn differs(&mut self, kind: &'static str, what: String) {
        let Some(of) = self.of(kind) else { return };
        of.differing = of.differing.saturating_add(1);
        if of.differing <= LISTED_MAX {
            self.differences.push(what);
        }
    }

    /// Takes over what another verification found.
    pub fn join(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        self.differences.extend(other.differences);
    }
}
