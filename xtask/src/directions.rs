//! # Who may depend on whom
//!
//! The shape of docs/ARCHITECTURE.md, checked against `cargo metadata`: each crate names the crates of ours that it may
//! use, and some libraries belong to one crate. Dependencies of tests are free to go the other way, but for the
//! database drivers: those are `plaza-db`'s alone.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{self, cargo};

/// What each crate may use of ours. A crate that is missing here is a mistake: say first where it stands.
const ALLOWED: [(&str, &[&str]); 17] = [
    ("plaza-protocol", &[]),
    ("plaza-crypto", &["protocol"]),
    ("plaza-client", &["protocol", "crypto"]),
    ("plaza-client-web", &["protocol", "crypto", "client"]),
    ("plaza-client-native", &["protocol", "crypto", "client", "db"]),
    ("plaza-db", &["protocol"]),
    ("plaza-bus", &["protocol"]),
    ("plaza-blobs", &["protocol"]),
    ("plaza-messaging", &["protocol", "crypto", "db", "bus"]),
    ("plaza-ledger", &["protocol", "db"]),
    ("plaza-billing", &["protocol", "db", "ledger"]),
    ("plaza-payments", &["protocol", "db", "ledger", "billing"]),
    ("plaza-business", &["protocol", "db", "bus", "messaging", "ledger", "billing"]),
    (
        "plaza-server",
        // The sandbox hosts people, who are clients like any other.
        &[
            "protocol",
            "crypto",
            "client",
            "client-native",
            "db",
            "bus",
            "blobs",
            "messaging",
            "ledger",
            "billing",
            "payments",
            "business",
        ],
    ),
    ("plaza-bench", &["protocol", "crypto", "client", "client-native", "db", "ledger", "billing"]),
    (
        "plaza",
        &[
            "protocol",
            "crypto",
            "client",
            "client-native",
            "db",
            "bus",
            "blobs",
            "messaging",
            "ledger",
            "billing",
            "payments",
            "business",
            "server",
            "bench",
        ],
    ),
    ("xtask", &[]),
];

/// Libraries that belong to some crates, and why.
const OWNED: [(&str, &[&str], &str); 11] = [
    ("async-nats", &["plaza-bus"], "the bus is the only way to another process"),
    ("axum", &["plaza-server", "plaza"], "domain crates know no HTTP; the demo's bot receives webhooks"),
    ("hyper", &["plaza-server"], "domain crates know no HTTP"),
    ("tower", &["plaza-server"], "domain crates know no HTTP"),
    (
        "reqwest",
        &["plaza-server", "plaza-client-native", "plaza-blobs", "plaza-bench", "plaza"],
        "domain crates know no HTTP",
    ),
    ("object_store", &["plaza-blobs"], "one crate knows where files lie"),
    (
        "tokio-tungstenite",
        &["plaza-server", "plaza-client-native", "plaza-bench", "plaza"],
        "domain crates know no sockets",
    ),
    ("openmls", &["plaza-crypto"], "group encryption has one door"),
    ("clap", &["plaza", "plaza-bench"], "only the binary and its scenarios have a command line"),
    ("wasm-bindgen", &["plaza-client-web"], "the core knows no browser"),
    ("web-sys", &["plaza-client-web"], "the core knows no browser"),
];

/// Database drivers: `plaza-db` only, in tests too.
const DRIVERS: [&str; 5] = ["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres", "sqlx"];

/// Crates that run in the browser: nothing that needs an operating system.
const BROWSER_SAFE: [&str; 4] = ["plaza-protocol", "plaza-crypto", "plaza-client", "plaza-client-web"];
const NEEDS_A_SYSTEM: [&str; 6] = ["tokio", "rusqlite", "reqwest", "tokio-tungstenite", "mio", "socket2"];

/// Every dependency that points the wrong way, in words.
pub(crate) fn violations() -> Result<Vec<String>> {
    let arguments = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
    let metadata = process::output(cargo(&arguments)).context("asking cargo for the workspace")?;
    let metadata: Value = serde_json::from_str(&metadata).context("reading cargo's metadata")?;
    Ok(judge(&metadata))
}

fn judge(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        let name = text(package, "name");
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            found.push(format!("{name} has no place yet: add it to xtask/src/directions.rs"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let is_for_tests = text(dependency, "kind") == "dev";
            found.extend(judge_one(name, allowed, text(dependency, "name"), is_for_tests));
        }
    }
    found
}

fn judge_one(package: &str, allowed: &[&str], dependency: &str, is_for_tests: bool) -> Option<String> {
    if DRIVERS.contains(&dependency) && package != "plaza-db" {
        return Some(format!("{package} uses {dependency}: only plaza-db knows a database driver"));
    }
    if is_for_tests {
        return None;
    }
    if let Some(ours) = dependency.strip_prefix("plaza-") {
        let is_allowed = allowed.contains(&ours);
        return (!is_allowed).then(|| format!("{package} uses {dependency}: that points the wrong way"));
    }
    if BROWSER_SAFE.contains(&package) && NEEDS_A_SYSTEM.contains(&dependency) {
        return Some(format!("{package} uses {dependency}: it must run in a browser"));
    }
    let (_, owners, reason) = OWNED.iter().find(|(library, _, _)| *library == dependency)?;
    let is_owner = owners.contains(&package);
    (!is_owner).then(|| format!("{package} uses {dependency}: {reason}"))
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(package: &str, dependency: &str, kind: Value) -> Vec<String> {
        let dependencies = json!([{"name": dependency, "kind": kind}]);
        judge(&json!({"packages": [{"name": package, "dependencies": dependencies}]}))
    }

    #[test]
    fn wrong_directions_are_found() {
        for (package, dependency) in [
            ("plaza-ledger", "plaza-billing"),
            ("plaza-business", "axum"),
            ("plaza-server", "rusqlite"),
            ("plaza-client", "tokio"),
            ("plaza-messaging", "openmls"),
        ] {
            let found = judged(package, dependency, Value::Null);
            assert_eq!(found.len(), 1, "{package} -> {dependency}: {found:?}");
        }
        assert_eq!(judged("plaza-later", "serde", Value::Null).len(), 1, "an unknown crate is found");
    }

    #[test]
    fn right_directions_and_tests_pass() {
        assert!(judged("plaza-billing", "plaza-ledger", Value::Null).is_empty());
        assert!(judged("plaza-db", "rusqlite", Value::Null).is_empty());
        assert!(judged("plaza-ledger", "plaza-protocol", json!("dev")).is_empty());
        assert_eq!(
            judged("plaza-ledger", "tokio-postgres", json!("dev")).len(),
            1,
            "a driver, even in tests"
        );
    }

    #[test]
    fn the_workspace_keeps_its_directions() {
        let found = violations().expect("cargo describes the workspace");
        assert!(found.is_empty(), "{found:#?}");
    }
}
