//! # Measuring
//!
//! `plaza bench NAME --json` does the work and prints one JSON object; here it is built with optimisation, run, kept in
//! `target/bench/NAME.json` and shown as a table:
//!
//! ```json
//! {"bench": "relay", "figures": [
//!   {"subject": "plaza", "work": "saturated", "measure": "delivered", "value": 1234.5, "unit": "messages/s",
//!    "runs": 3}]}
//! ```
//!
//! Figures of one machine mean little on another: compare rows of one run.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{self, cargo, command};
use crate::{paths, ui, web};

/// What runs when no name is given. The kill test is not a measurement: it is run by name.
const ALL: [&str; 8] = ["relay", "idle", "cloud-api", "webhooks", "ledger", "rating", "closing", "offline"];
/// What there is to compare when a peer is named and no bench is.
const WITH_PEER: [&str; 3] = ["relay", "offline", "idle"];
const COLUMNS: [&str; 6] = ["subject", "work", "measure", "value", "unit", "runs"];

/// Runs the named benches, or all; what starts with `--` goes on to `plaza bench`.
pub(crate) fn bench(arguments: &[String]) -> Result<bool> {
    let first_option =
        arguments.iter().position(|argument| argument.starts_with("--")).unwrap_or(arguments.len());
    let (names, options) = arguments.split_at(first_option);
    let is_against_peer = options.iter().any(|option| option == "--peer" || option.starts_with("--peer="));
    let default: &[&str] = if is_against_peer { &WITH_PEER } else { &ALL };
    let names: Vec<&str> =
        if names.is_empty() { default.to_vec() } else { names.iter().map(String::as_str).collect() };
    web::build()?;
    process::must("server, optimised", cargo(&["build", "--locked", "--release", "-p", "plaza"]))?;
    let mut is_ok = true;
    for name in names {
        is_ok &= one(name, options)?;
    }
    Ok(is_ok)
}

fn one(name: &str, options: &[String]) -> Result<bool> {
    let mut bench = command(paths::plaza("release"), &["bench", name, "--json"]);
    bench.args(options).stderr(std::process::Stdio::inherit());
    ui::line(format!("...  {name}"));
    let output = bench.output().with_context(|| format!("starting the bench {name}"))?;
    let folder = paths::target().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let file = folder.join(format!("{name}.json"));
    fs::write(&file, &output.stdout).with_context(|| format!("writing {}", file.display()))?;
    if !output.status.success() {
        ui::line(format!("FAIL {name}: {}", output.status));
        return Ok(false);
    }
    let report: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("reading {}", file.display()))?;
    ui::line("");
    ui::table(&COLUMNS, &rows(&report));
    ui::line("");
    Ok(true)
}

fn rows(report: &Value) -> Vec<Vec<String>> {
    let figures = report.get("figures").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    figures.iter().map(|figure| COLUMNS.map(|column| cell(figure.get(column))).to_vec()).collect()
}

/// A number with the digits that mean something; anything else as it is.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(value) if !number.is_i64() && !number.is_u64() => {
                if value.abs() < 100.0 {
                    format!("{value:.2}")
                } else {
                    format!("{value:.0}")
                }
            }
            _ => number.to_string(),
        },
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_becomes_rows() {
        let report = json!({"bench": "relay", "figures": [
            {"subject": "plaza", "work": "saturated", "measure": "CPU", "value": 12.345, "unit": "µs", "runs": 3}]});
        assert_eq!(rows(&report), [["plaza", "saturated", "CPU", "12.35", "µs", "3"]]);
        assert_eq!(cell(Some(&json!(12345.6))), "12346");
        assert!(rows(&json!({})).is_empty());
    }
}
