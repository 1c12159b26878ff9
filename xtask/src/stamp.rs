//! # Doing nothing twice
//!
//! A stamp is a hash over the inputs of a step, kept beside what is built. If it still holds and the outputs exist, the
//! step is left out. The hash is for noticing edits, not for defence, so the standard library's serves.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths;

/// The state of a step's inputs.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// Hashes the files and folders `inputs` (paths from the root), leaving out what is below `without`.
    pub(crate) fn of(name: &str, inputs: &[&str], without: &[&str]) -> Result<Self> {
        let root = paths::root();
        let without: Vec<PathBuf> = without.iter().map(|path| root.join(path)).collect();
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            for file in files_below(&root.join(input), &without)? {
                file.hash(&mut hasher);
                fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
            }
        }
        Ok(Self {
            file: paths::target().join("stamps").join(name),
            hash: format!("{:016x}", hasher.finish()),
        })
    }

    /// Whether the step was done with these inputs, and its outputs are there.
    pub(crate) fn holds(&self, outputs: &[PathBuf]) -> bool {
        let kept = fs::read_to_string(&self.file).unwrap_or_default();
        kept == self.hash && outputs.iter().all(|output| output.exists())
    }

    /// Remembers that the step was done.
    pub(crate) fn keep(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        fs::write(&self.file, &self.hash).with_context(|| format!("writing {}", self.file.display()))
    }
}

/// All files below a path, sorted; the file itself if it is one; none if there is nothing.
pub(crate) fn files_below(path: &Path, without: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if without.iter().any(|left_out| path == left_out) || !path.exists() {
        return Ok(Vec::new());
    }
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        files.extend(files_below(&entry.context("listing a folder")?.path(), without)?);
    }
    files.sort();
    Ok(files)
}
