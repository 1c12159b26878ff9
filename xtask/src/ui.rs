//! The one writer to the terminal: lines, steps with their time, tables.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

/// Prints one line. A closed pipe (`./x test | head`) is not an error worth dying of.
pub(crate) fn line(text: impl Display) {
    let _closed_pipe = writeln!(std::io::stdout().lock(), "{text}");
}

/// How a step ended.
pub(crate) fn step_ended(name: &str, is_ok: bool, took: Duration) {
    line(format!("{} {name}  {}", if is_ok { "ok  " } else { "FAIL" }, seconds(took)));
}

/// `12.3 s`, or `2 min 05 s` from a minute on.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", whole / 60, whole % 60)
}

/// A table: the first column to the left, the others to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let print = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(&head.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    line("-".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)));
    for row in rows {
        print(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_to_read() {
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
