//! # One build for checks and tests
//!
//! The binary and all tests are built by one call with one choice of packages: Cargo chooses features per call, and two
//! calls with different packages would build the same dependencies twice.

use anyhow::Result;

use crate::process::{self, cargo};
use crate::web;

/// The packages of the product. The tools and the browser's surface are built by their own steps.
pub(crate) const PACKAGES: [&str; 6] =
    ["--locked", "--workspace", "--exclude", "xtask", "--exclude", "plaza-client-web"];

/// The web app, then the binary and every test.
pub(crate) fn everything() -> Result<()> {
    web::build()?;
    let mut arguments = vec!["build"];
    arguments.extend(PACKAGES);
    arguments.extend(["--tests", "--bin", "plaza"]);
    process::must("server and tests", cargo(&arguments))
}
