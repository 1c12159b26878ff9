//! # Files that are written by a program
//!
//! The binary knows the schema, its interfaces and its configuration, so it writes them down: `plaza gen NAME` prints
//! the file. They are committed, so that a review shows when an interface moves; `./x check` fails if one is not what
//! the program would write today, and `./x gen` writes them again.

use std::fs;

use anyhow::{Context, Result};

use crate::process::{self, cargo, command};
use crate::{compile, paths, ui, web};

/// A generated file: where it lies, and what `plaza gen` is asked for.
struct Generated {
    path: &'static str,
    name: &'static str,
}

const FILES: [Generated; 3] = [
    Generated { path: "schema.sql", name: "schema" },
    Generated { path: "docs/operations/config.md", name: "config" },
    Generated { path: "docs/cloud-api.md", name: "cloud-api" },
];

/// Writes all generated files.
pub(crate) fn write() -> Result<bool> {
    web::build()?;
    process::must("server", cargo(&["build", "--locked", "-p", "plaza"]))?;
    for file in &FILES {
        let path = paths::root().join(file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fs::write(&path, today(file)?).with_context(|| format!("writing {}", path.display()))?;
        ui::line(format!("ok   {}", file.path));
    }
    Ok(true)
}

/// The names of files that are not what they would be today. Expects nothing to be built.
pub(crate) fn outdated() -> Result<Vec<String>> {
    compile::everything()?;
    let mut outdated = Vec::new();
    for file in &FILES {
        let kept = fs::read_to_string(paths::root().join(file.path)).unwrap_or_default();
        if kept != today(file)? {
            outdated.push(format!("{} is not what ./x gen writes", file.path));
        }
    }
    Ok(outdated)
}

fn today(file: &Generated) -> Result<String> {
    process::output(command(paths::plaza("debug"), &["gen", file.name]))
        .with_context(|| format!("generating {}", file.path))
}
