//! Where things are: the repository, what is built, the programs of others.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::env;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Cargo's target directory.
pub(crate) fn target() -> PathBuf {
    env::variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// The web app's folder.
pub(crate) fn web() -> PathBuf {
    root().join("web")
}

/// The built binary of a profile (`debug`, `release`).
pub(crate) fn plaza(profile: &str) -> PathBuf {
    target().join(profile).join("plaza")
}

/// The Python of the SDK tests, made by `./x`.
pub(crate) fn python() -> PathBuf {
    root().join(".venv/bin/python")
}

/// A program on the search path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// The browser of the end-to-end tests: `CHROMIUM`, or the machine's Chromium or Chrome.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = env::variable("CHROMIUM") {
        return Ok(PathBuf::from(path));
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(program)
        .context("no Chromium found; ./x test installs it, or name one in CHROMIUM")
}

/// The folder with `initdb` and `postgres`: the newest of Debian's, or the one on the search path.
pub(crate) fn postgres() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    versions.sort();
    if let Some((_, bin)) = versions.pop() {
        return Ok(bin);
    }
    let initdb = program("initdb").context("no PostgreSQL found; ./x test installs it")?;
    let real = std::fs::canonicalize(&initdb).with_context(|| format!("looking at {}", initdb.display()))?;
    Ok(real.parent().unwrap_or(Path::new("/usr/bin")).to_owned())
}
