//! `./x run`: build, then become the server with its demo world.

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::process::{self, cargo, command};
use crate::{paths, web};

/// What `plaza serve` is started with, unless the command line says otherwise.
const DEFAULTS: [(&str, &str); 2] = [("--data", "target/demo"), ("--listen", "127.0.0.1:8080")];

/// Ends only if the server cannot be started: from then on this process is the server.
pub(crate) fn run(options: Vec<String>) -> Result<bool> {
    web::build()?;
    process::must("server", cargo(&["build", "--locked", "-p", "plaza"]))?;
    let mut server = command(paths::plaza("debug"), &["serve", "--demo", "--sandbox"]);
    for (name, value) in DEFAULTS {
        if !is_given(&options, name) {
            server.args([name, value]);
        }
    }
    let error = server.args(options).stdin(Stdio::inherit()).exec();
    Err(error).context("starting the server")
}

fn is_given(options: &[String], name: &str) -> bool {
    options
        .iter()
        .any(|option| option == name || option.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_counts_in_both_forms() {
        let options = ["--listen=0.0.0.0:80".to_owned(), "--data".to_owned(), "x".to_owned()];
        assert!(is_given(&options, "--listen") && is_given(&options, "--data"));
        assert!(!is_given(&options, "--list"));
    }
}
