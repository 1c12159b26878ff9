//! # All tests, one table
//!
//! | suite | what | needs |
//! |---|---|---|
//! | rust | every crate's own tests, on both engines | PostgreSQL, NATS |
//! | xtask | the tests of these tools | |
//! | web | the web app's unit tests | |
//! | e2e | every screen and state on sample data; people in real browsers against a real server | Chromium |
//! | compat | unmodified SDKs against the business API | Python |
//! | kill | 20 × kill -9 under mixed load, on each engine: nothing lost, doubled or charged twice | PostgreSQL |
//!
//! The servers are started here, once; each suite that talks to Plaza gets a fresh one. A suite that fails does not
//! keep the others from running. The suites learn what they need from the environment:
//! `PLAZA_TEST_POSTGRES`, `PLAZA_TEST_NATS`, `PLAZA_BIN`, `PLAZA_URL`, `PLAZA_DATA`, `PLAZA_LOG`, `CHROMIUM`.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, cargo, command};
use crate::servers::{self, Scratch, Server};
use crate::tally::{self, Line, Tally};
use crate::{compile, paths, ui, web};

const SUITES: [&str; 6] = ["rust", "xtask", "web", "e2e", "compat", "kill"];
/// How often the kill test kills on each engine; `./x bench kill --times N` does it longer.
const KILLS: &str = "20";

/// Runs the named suites, or all.
pub(crate) fn test(names: &[String]) -> Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !SUITES.contains(&name.as_str())) {
        bail!("there is no suite {unknown:?}; there are {}", SUITES.join(", "));
    }
    let is_wanted = |suite: &str| names.is_empty() || names.iter().any(|name| name == suite);
    let started = Instant::now();
    let mut lines = Vec::new();
    if let Err(error) = run_all(&is_wanted, &mut lines) {
        ui::line(format!("x: {error:#}"));
        lines.push(Line { suite: "preparing".to_owned(), tally: Tally::ONE_FAILED, took: started.elapsed() });
    }
    Ok(summarise(&lines, started.elapsed()))
}

fn run_all(is_wanted: &dyn Fn(&str) -> bool, lines: &mut Vec<Line>) -> Result<()> {
    let needs_build = ["rust", "e2e", "compat", "kill"].into_iter().any(is_wanted);
    if needs_build {
        compile::everything()?;
    }
    let scratch = Scratch::new()?;
    let world = if needs_build { Some(World::start(&scratch)?) } else { None };
    if let (true, Some(world)) = (is_wanted("rust"), &world) {
        lines.push(suite("Rust: every crate", world.tell(rust()))?);
    }
    if is_wanted("xtask") {
        lines.push(suite("Rust: tools", cargo(&["test", "--locked", "-p", "xtask"]))?);
    }
    if is_wanted("web") {
        web::core()?;
        web::packages()?;
        lines.push(suite("Web: units", web::npm(&["test"]))?);
    }
    if let (true, Some(world)) = (is_wanted("e2e"), &world) {
        lines.extend(e2e(world)?);
    }
    if let (true, Some(world)) = (is_wanted("compat"), &world) {
        lines.push(compat(world)?);
    }
    if let (true, Some(world)) = (is_wanted("kill"), &world) {
        lines.extend(kill(world)?);
    }
    Ok(())
}

/// The servers that suites share.
struct World<'a> {
    scratch: &'a Scratch,
    postgres: Server,
    nats: Server,
}

impl<'a> World<'a> {
    fn start(scratch: &'a Scratch) -> Result<Self> {
        Ok(Self { scratch, postgres: servers::postgres(scratch)?, nats: servers::nats()? })
    }

    /// Tells a suite where everything is.
    fn tell(&self, mut command: Command) -> Command {
        command
            .env("PLAZA_TEST_POSTGRES", &self.postgres.url)
            .env("PLAZA_TEST_NATS", &self.nats.url)
            .env("PLAZA_BIN", paths::plaza("debug"));
        command
    }

    /// Starts a fresh Plaza for one suite, and tells the suite.
    fn with_plaza(&self, name: &str, command: Command) -> Result<(Server, Command)> {
        let data = self.scratch.path(name);
        let plaza = servers::plaza(&format!("plaza {name}"), &data)?;
        let mut command = self.tell(command);
        command.env("PLAZA_URL", &plaza.url).env("PLAZA_DATA", &data).env("PLAZA_LOG", &plaza.log);
        Ok((plaza, command))
    }
}

fn rust() -> Command {
    let runner: &[&str] = if paths::program("cargo-nextest").is_some() {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        &["test", "--no-fail-fast"]
    };
    let mut arguments = runner.to_vec();
    arguments.extend(compile::PACKAGES);
    cargo(&arguments)
}

/// A project of the web app's browser tests.
fn playwright(project: &str) -> Result<Command> {
    let runner = paths::web().join("node_modules/.bin/playwright");
    let mut command = command(runner, &["test", &format!("--project={project}"), "--reporter=list"]);
    command.current_dir(paths::web()).env("CI", "true").env("CHROMIUM", paths::chromium()?);
    Ok(command)
}

fn e2e(world: &World<'_>) -> Result<[Line; 2]> {
    let screens = suite("Web: every screen", playwright("mock")?)?;
    let (_plaza, people) = world.with_plaza("e2e", playwright("plaza")?)?;
    Ok([screens, suite("Web: end to end", people)?])
}

fn compat(world: &World<'_>) -> Result<Line> {
    let arguments = ["-m", "pytest", "tests/compat", "-p", "no:cacheprovider"];
    let (_plaza, mut command) = world.with_plaza("compat", command(paths::python(), &arguments))?;
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    suite("SDKs: compatibility", command)
}

fn kill(world: &World<'_>) -> Result<[Line; 2]> {
    let plaza = paths::plaza("debug");
    let arguments = ["bench", "kill", "--times", KILLS, "--json"];
    let embedded = single("Kill -9: SQLite", world.tell(command(&plaza, &arguments)))?;
    let database = servers::database(&world.postgres, "kill")?;
    let mut on_postgres = world.tell(command(&plaza, &arguments));
    on_postgres.args(["--database-url", &database]);
    Ok([embedded, single("Kill -9: PostgreSQL", on_postgres)?])
}

/// A suite whose runner counts.
fn suite(name: &str, command: Command) -> Result<Line> {
    let ended = process::step(name, command)?;
    let tally = tally::count(&ended.text()).settled(ended.is_ok);
    Ok(Line { suite: name.to_owned(), tally, took: ended.took })
}

/// A program that is one test by itself.
fn single(name: &str, command: Command) -> Result<Line> {
    let ended = process::step(name, command).with_context(|| format!("running {name}"))?;
    let tally = if ended.is_ok { Tally::ONE_PASSED } else { Tally::ONE_FAILED };
    Ok(Line { suite: name.to_owned(), tally, took: ended.took })
}

/// Keeps the closing line in `target/test-logs/summary`, for the pipeline's last word.
fn keep(closing: &str) {
    let folder = paths::target().join("test-logs");
    let kept = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("summary"), format!("{closing}\n")));
    if let Err(error) = kept {
        ui::line(format!("x: the summary could not be kept: {error}"));
    }
}

/// Prints the table and the closing line; says whether all is well.
fn summarise(lines: &[Line], took: Duration) -> bool {
    let total = lines.iter().map(|line| line.tally).fold(Tally::default(), Tally::plus);
    let row = |name: &str, tally: Tally, took: Duration| {
        let numbers = [tally.passed, tally.failed, tally.skipped].map(|number| number.to_string());
        let mut cells = vec![name.to_owned()];
        cells.extend(numbers);
        cells.push(format!("{:.1}", took.as_secs_f64()));
        cells
    };
    let mut rows: Vec<_> = lines.iter().map(|line| row(&line.suite, line.tally, line.took)).collect();
    rows.push(row("all, with building", total, took));
    ui::line("");
    ui::table(&["suite", "passed", "failed", "skipped", "seconds"], &rows);
    ui::line("");
    let closing = format!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    ui::line(&closing);
    keep(&closing);
    total.failed == 0 && total.passed > 0
}
