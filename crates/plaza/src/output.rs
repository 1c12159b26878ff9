//! The one place that prints.

use std::io::Write as _;
use std::process::ExitCode;

/// A line for people or scripts.
pub(crate) fn line(text: impl std::fmt::Display) {
    // A reader that went away (`| head`) is no failure of ours.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Text as it is.
pub(crate) fn text(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says why a command failed, with the causes.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "plaza: {error:#}");
    ExitCode::FAILURE
}

/// Asks for a line.
pub(crate) fn ask(question: &str) -> anyhow::Result<String> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question}: ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
