//! # Running programs
//!
//! A long step writes to a log file of its own and says every quarter of a minute that it still lives; if it fails, the
//! end of the log is shown. Each has a time limit: a test that hangs is a failure, not a pipeline that never ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{paths, ui};

const HEARTBEAT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a program may still do after it was asked to end.
const GRACE: Duration = Duration::from_secs(10);
/// A build from nothing takes some ten minutes on two cores; no step has a reason to take three times that.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);
/// The lines of a log that are shown when its step fails.
const TAIL_LINES: usize = 80;

/// A step that ended: well or not, with its log.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) is_ok: bool,
    pub(crate) took: Duration,
    pub(crate) log: PathBuf,
}

impl Ended {
    /// The log's text; empty if it cannot be read.
    pub(crate) fn text(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// A command that starts in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(paths::root()).stdin(Stdio::null());
    command
}

/// Cargo, always with the locked dependencies.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments)
}

/// Runs a step with its output in `target/test-logs/<name>.log`, shows that it lives, and how it ended.
pub(crate) fn step(name: &str, mut command: Command) -> Result<Ended> {
    let log = log_file(name)?;
    let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    command.stdout(file.try_clone().context("sharing the log")?).stderr(file);
    let started = Instant::now();
    ui::line(format!("...  {name}"));
    let mut child =
        command.spawn().with_context(|| format!("starting {:?} for {name}", command.get_program()))?;
    let is_ok = wait(name, &mut child, started)?;
    let ended = Ended { is_ok, took: started.elapsed(), log };
    ui::step_ended(name, ended.is_ok, ended.took);
    if !ended.is_ok {
        show_tail(&ended.log);
    }
    Ok(ended)
}

/// A step whose failure ends everything.
pub(crate) fn must(name: &str, command: Command) -> Result<()> {
    let ended = step(name, command)?;
    if !ended.is_ok {
        bail!("{name} failed; all of its output is in {}", ended.log.display());
    }
    Ok(())
}

/// What a short command prints.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{:?} ended with {}: {}", command.get_program(), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The log of a step or server.
pub(crate) fn log_file(name: &str) -> Result<PathBuf> {
    let folder = paths::target().join("test-logs");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(folder.join(format!("{plain}.log")))
}

/// Shows the last lines of a log.
pub(crate) fn show_tail(log: &Path) {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(TAIL_LINES);
    ui::line(format!("---- the last lines of {}", log.display()));
    for line in lines.iter().skip(first) {
        ui::line(format!("     {line}"));
    }
    ui::line("----");
}

/// Asks a child to end, and makes it end.
pub(crate) fn stop(child: &mut Child) {
    let _gone_already =
        Command::new("kill").args(["-TERM", &child.id().to_string()]).stderr(Stdio::null()).status();
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let _gone_meanwhile = child.kill();
    let _reaped = child.wait();
}

fn wait(name: &str, child: &mut Child, started: Instant) -> Result<bool> {
    let mut said = Instant::now();
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("waiting for {name}"))? {
            return Ok(status.success());
        }
        if started.elapsed() > STEP_LIMIT {
            ui::line(format!("     {name} did not end within {}: stopped", ui::seconds(STEP_LIMIT)));
            stop(child);
            return Ok(false);
        }
        if said.elapsed() > HEARTBEAT {
            said = Instant::now();
            ui::line(format!("     {name}: {}", ui::seconds(started.elapsed())));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
