//! # What `./x` calls
//!
//! Everything that a developer or the pipeline does with this repository is a command here, so that both do the same:
//! build the browser's core and the web app, start the demo, check, test, measure, generate. `./x` installs what is
//! missing before it calls this; nothing here downloads anything but the locked npm packages.
//!
//! Start reading at `test.rs` for the order of the suites and at `check.rs` for the list of checks.

mod bench;
mod check;
mod compile;
mod directions;
mod env;
mod generated;
mod links;
mod paths;
mod process;
mod run;
mod servers;
mod stamp;
mod tally;
mod test;
mod ui;
mod web;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "commands: run, test, check, bench, gen, web (see ./x help)";

fn main() -> ExitCode {
    match command() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            ui::line(format!("x: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the named command; `false` says that it ran and found something wrong.
fn command() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match name.as_str() {
        "run" => run::run(rest),
        "test" => test::test(&rest),
        "check" => check::check(),
        "bench" => bench::bench(&rest),
        "gen" => generated::write(),
        "web" => web::build().map(|()| true),
        _ => anyhow::bail!("there is no command {name:?}; {USAGE}"),
    }
}
