//! # What was measured
//!
//! A scenario runs several times; each run adds one value to each of its figures, and the figure is the median. A
//! figure is named by three words: the subject (`plaza`, `ejabberd`, …), the work (`saturated, 4 in flight`) and the
//! measure (`delivered`). For people it becomes a row of a table, for programs:
//!
//! ```json
//! {"name": "relay",
//!  "figures": [
//!   {"subject": "plaza", "work": "…", "measure": "delivered", "value": 1.0, "unit": "messages/s", "runs": 3}],
//!  "runs": [{"plaza, …, delivered": 1.0}],
//!  "median": {"plaza, …, delivered": 1.0},
//!  "notes": ["…"]}
//! ```

use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::io::Write as _;

/// Which way a figure is better, for the ratio of two subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// One number of a scenario, once per run.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    subject: String,
    work: String,
    measure: &'static str,
    unit: &'static str,
    better: Better,
    values: Vec<f64>,
}

impl Figure {
    fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match (
            values.get(middle),
            values.len() % 2,
            middle.checked_sub(1).and_then(|below| values.get(below)),
        ) {
            (Some(upper), 0, Some(lower)) => f64::midpoint(*upper, *lower),
            (Some(value), ..) => *value,
            (None, ..) => f64::NAN,
        }
    }

    fn key(&self) -> String {
        format!("{}, {}, {}", self.subject, self.work, self.measure)
    }
}

/// All figures of a scenario.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    figures: Vec<Figure>,
    notes: Vec<String>,
}

/// What a figure is about: kept while a run adds its values.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    report: &'a mut Report,
    subject: &'a str,
    work: String,
}

impl Report {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, figures: Vec::new(), notes: Vec::new() }
    }

    /// Something that the reader of the figures should know. The same words twice are said once.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The figures of one subject and work.
    pub(crate) fn section<'a>(&'a mut self, subject: &'a str, work: impl Into<String>) -> Section<'a> {
        Section { report: self, subject, work: work.into() }
    }

    /// How many times better `subject` is than each other subject in the same work and measure.
    pub(crate) fn compare(&mut self, subject: &str) {
        let mut ratios = Vec::new();
        for mine in self.figures.iter().filter(|figure| figure.subject == subject) {
            let same = |other: &&Figure| {
                other.subject != subject && (&other.work, other.measure) == (&mine.work, mine.measure)
            };
            for other in self.figures.iter().filter(same) {
                let ratio = match mine.better {
                    Better::Higher => mine.median() / other.median(),
                    Better::Lower => other.median() / mine.median(),
                };
                if ratio.is_finite() {
                    ratios.push(Figure {
                        subject: format!("{subject} to {}", other.subject),
                        unit: "times better",
                        better: Better::Higher,
                        values: vec![ratio],
                        ..mine.clone()
                    });
                }
            }
        }
        self.figures.extend(ratios);
    }

    fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            json!({
                "subject": figure.subject, "work": figure.work, "measure": figure.measure,
                "value": figure.median(), "unit": figure.unit, "runs": figure.values.len(),
            })
        });
        let runs = self.figures.iter().map(|figure| figure.values.len()).max().unwrap_or_default();
        let run = |at: usize| -> Map<String, Value> {
            let figures =
                self.figures.iter().filter_map(|figure| Some((figure.key(), json!(figure.values.get(at)?))));
            figures.collect()
        };
        let median: Map<String, Value> =
            self.figures.iter().map(|figure| (figure.key(), json!(figure.median()))).collect();
        json!({
            "name": self.name, "figures": figures.collect::<Vec<_>>(),
            "runs": (0..runs).map(run).collect::<Vec<_>>(), "median": median, "notes": self.notes,
        })
    }

    fn table(&self) -> String {
        let heads = ["subject", "work", "measure", "median", "unit", "of"].map(str::to_owned);
        let rows = self.figures.iter().map(|figure| {
            let all: Vec<String> = figure.values.iter().map(|value| number(*value)).collect();
            let (subject, work) = (figure.subject.clone(), figure.work.clone());
            [
                subject,
                work,
                figure.measure.to_owned(),
                number(figure.median()),
                figure.unit.to_owned(),
                all.join("  "),
            ]
        });
        let rows: Vec<[String; 6]> = std::iter::once(heads).chain(rows).collect();
        let mut widths = [0; 6];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for row in &rows {
            let mut line = String::new();
            for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
                // Numbers stand to the right. Writing to a string cannot fail.
                let _ =
                    if at == 3 { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:width$}  ") };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    /// Prints the report: JSON for programs, a table for people.
    pub(crate) fn print(&self, as_json: bool) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if as_json { writeln!(out, "{}", self.json()) } else { write!(out, "{}", self.table()) }
    }
}

impl Section<'_> {
    /// Adds one run's value.
    pub(crate) fn add(
        &mut self,
        measure: &'static str,
        unit: &'static str,
        better: Better,
        value: f64,
    ) -> &mut Self {
        let is_it = |figure: &&mut Figure| {
            (figure.subject.as_str(), &figure.work, figure.measure) == (self.subject, &self.work, measure)
        };
        match self.report.figures.iter_mut().find(is_it) {
            Some(figure) => figure.values.push(value),
            None => self.report.figures.push(Figure {
                subject: self.subject.to_owned(),
                work: self.work.clone(),
                measure,
                unit,
                better,
                values: vec![value],
            }),
        }
        self
    }
}

/// The digits that mean something.
fn number(value: f64) -> String {
    if !value.is_finite() {
        "-".to_owned()
    } else if value.abs() < 10.0 {
        format!("{value:.2}")
    } else if value.abs() < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A line for the person who waits. Not part of the report.
pub(crate) fn progress(text: impl std::fmt::Display) {
    // Whoever closed the standard error does not want to read it.
    let _ = writeln!(std::io::stderr().lock(), "  {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(report: &Report, subject: &str) -> Option<f64> {
        report.figures.iter().find(|figure| figure.subject == subject).map(Figure::median)
    }

    fn report() -> Report {
        let mut report = Report::new("relay");
        for (plaza, peer) in [(10.0, 50.0), (30.0, 70.0), (20.0, 60.0)] {
            report.section("plaza", "w").add("CPU", "µs", Better::Lower, plaza);
            report.section("peer", "w").add("CPU", "µs", Better::Lower, peer);
        }
        report
    }

    #[test]
    fn a_figure_is_the_median_of_its_runs() {
        let mut report = report();
        assert_eq!(median(&report, "plaza"), Some(20.0));
        report.section("plaza", "w").add("CPU", "µs", Better::Lower, 40.0);
        assert_eq!(median(&report, "plaza"), Some(25.0));
        assert_eq!(report.json()["runs"][0], json!({"plaza, w, CPU": 10.0, "peer, w, CPU": 50.0}));
    }

    #[test]
    fn a_ratio_says_how_many_times_better() {
        let mut report = report();
        report.compare("plaza");
        assert_eq!(median(&report, "plaza to peer"), Some(3.0));
        assert!(report.table().contains("times better"));
    }
}
