//! Documents point at files; a file that moves must not leave a pointer to nowhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::paths;
use crate::process::{self, command};

/// Every relative link in a tracked Markdown file whose target is missing, in words.
pub(crate) fn broken() -> Result<Vec<String>> {
    let root = paths::root();
    let files = process::output(command("git", &["ls-files", "*.md"])).context("listing the documents")?;
    let mut found = Vec::new();
    for file in files.lines() {
        let path = root.join(file);
        // A document may be deleted in the work tree and not yet in the index.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let folder = path.parent().unwrap_or(&root);
        let missing = targets(&text).filter(|target| !exists(folder, target));
        found.extend(missing.map(|target| format!("{file} points at {target}, which is not there")));
    }
    Ok(found)
}

fn exists(folder: &Path, target: &str) -> bool {
    let file = target.split_once('#').map_or(target, |(file, _)| file);
    file.is_empty() || folder.join(file).exists()
}

/// The relative targets of `](…)` in a text.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).filter(
        |target| {
            !target.contains("://") && !target.starts_with("mailto:") && !target.contains(char::is_whitespace)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_links_are_looked_at() {
        let text = "[a](docs/a.md) [b](https://example.org/x) ![c](c.png#top) f[0](not a link)";
        assert_eq!(targets(text).collect::<Vec<_>>(), ["docs/a.md", "c.png#top"]);
    }
}
