//! # The browser's part
//!
//! Three steps, each left out when its inputs did not change: the client core to WebAssembly, its bindings for
//! JavaScript, the web app. The result, `web/dist`, is embedded in the binary, so this comes before the server's build.
//!
//! The bindings come from wasm-bindgen as a library: its command would be six CPU minutes of building for one call.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{self, cargo, command};
use crate::stamp::Stamp;
use crate::{paths, ui};

/// The name of the package that `web/src/core` imports.
const PACKAGE: &str = "plaza_client_web";
const CORE_SOURCES: [&str; 8] = [
    "crates/protocol",
    "crates/crypto",
    "crates/client",
    "crates/client-web",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
];

/// Builds what is not up to date: core, bindings, packages, app.
pub(crate) fn build() -> Result<()> {
    core()?;
    packages()?;
    app()
}

/// The client core and its bindings, into `web/src/core/wasm`.
pub(crate) fn core() -> Result<()> {
    let folder = paths::web().join("src/core/wasm");
    let outputs = [folder.join(format!("{PACKAGE}_bg.wasm")), folder.join(format!("{PACKAGE}.js"))];
    let stamp = Stamp::of("core", &CORE_SOURCES, &[])?;
    if stamp.holds(&outputs) {
        ui::line("ok   client core for the browser  unchanged");
        return Ok(());
    }
    let arguments = [
        "build",
        "--locked",
        "-p",
        "plaza-client-web",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        "wasm",
    ];
    process::must("client core for the browser", cargo(&arguments))?;
    let built = paths::target().join("wasm32-unknown-unknown/wasm").join(format!("{PACKAGE}.wasm"));
    bindings(&built, &folder).context("making the bindings of the client core")?;
    stamp.keep()
}

fn bindings(built: &PathBuf, folder: &PathBuf) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?;
    // The module finds its own file: the worker calls it without an address.
    bindgen.omit_default_module_path(false);
    bindgen.typescript(true).out_name(PACKAGE).remove_name_section(true).remove_producers_section(true);
    bindgen.input_path(built).generate(folder)
}

/// The locked npm packages, without running any script of theirs.
pub(crate) fn packages() -> Result<()> {
    let stamp = Stamp::of("packages", &["web/package.json", "web/package-lock.json"], &[])?;
    if stamp.holds(&[paths::web().join("node_modules/.package-lock.json")]) {
        return Ok(());
    }
    process::must("npm packages", npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    stamp.keep()
}

fn app() -> Result<()> {
    let without = ["node_modules", "dist", "dist-mock", "e2e", "test-results", "playwright-report"];
    let without: Vec<String> = without.iter().map(|name| format!("web/{name}")).collect();
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    let stamp = Stamp::of("web", &["web"], &without)?;
    if stamp.holds(&[paths::web().join("dist/index.html")]) {
        ui::line("ok   web app  unchanged");
        return Ok(());
    }
    process::must("web app", npm(&["run", "build"]))?;
    stamp.keep()
}

/// npm in the web app's folder.
pub(crate) fn npm(arguments: &[&str]) -> std::process::Command {
    let mut npm = command("npm", arguments);
    npm.current_dir(paths::web()).env("CI", "true");
    npm
}
