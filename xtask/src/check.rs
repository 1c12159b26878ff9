//! # All checks that run no test
//!
//! Quick ones first. One that fails does not keep the others from running, so that one round shows everything.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{self, cargo};
use crate::{directions, generated, links, ui, web};

/// A check: its name, and what it does.
type Check = (&'static str, fn() -> Result<bool>);

const CHECKS: [Check; 9] = [
    ("format", || step("format", &["fmt", "--all", "--check"])),
    ("directions between crates", || listed("directions between crates", directions::violations)),
    ("links in documents", || listed("links in documents", links::broken)),
    ("licences, bans, sources", || {
        step("licences, bans, sources", &["deny", "--locked", "check", "licenses", "bans", "sources"])
    }),
    // The build for the browser is the check that its crates stay fit for it; clippy needs the embedded web app.
    ("browser build", || web::build().map(|()| true)),
    ("web: size of the first load", || {
        Ok(process::step("web: size of the first load", web::npm(&["run", "size"]))?.is_ok)
    }),
    ("web: types, lint, units", || {
        Ok(process::step("web types, lint, units", web::npm(&["run", "check"]))?.is_ok)
    }),
    ("clippy", || {
        step("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    ("generated files", || listed("generated files", generated::outdated)),
];

/// Runs all checks and sums up.
pub(crate) fn check() -> Result<bool> {
    let mut rows = Vec::new();
    let mut failed = 0_usize;
    for (name, run) in CHECKS {
        let started = Instant::now();
        let is_ok = run().unwrap_or_else(|error| {
            ui::line(format!("x: {error:#}"));
            false
        });
        failed += usize::from(!is_ok);
        rows.push(row(name, is_ok, started.elapsed()));
    }
    ui::line("");
    ui::table(&["check", "result", "seconds"], &rows);
    ui::line("");
    ui::line(format!("checks: {} passed, {failed} failed", CHECKS.len() - failed));
    Ok(failed == 0)
}

fn row(name: &str, is_ok: bool, took: Duration) -> Vec<String> {
    vec![
        name.to_owned(),
        if is_ok { "ok" } else { "FAILED" }.to_owned(),
        format!("{:.1}", took.as_secs_f64()),
    ]
}

fn step(name: &str, arguments: &[&str]) -> Result<bool> {
    Ok(process::step(name, cargo(arguments))?.is_ok)
}

/// A check of ours, which lists what it found.
fn listed(name: &str, find: fn() -> Result<Vec<String>>) -> Result<bool> {
    let started = Instant::now();
    let found = find()?;
    ui::step_ended(name, found.is_empty(), started.elapsed());
    for line in &found {
        ui::line(format!("     {line}"));
    }
    Ok(found.is_empty())
}
