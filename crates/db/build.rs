#![allow(clippy::disallowed_methods, reason = "a build script reads the variables that cargo sets")]
//! Lists the files of `migrations/`, so that a new one needs no second mention.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("../../migrations");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder migrations/ is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a plain file name");
        let number: i64 =
            name.split('_').next().and_then(|digits| digits.parse().ok()).expect("NNNN_name.sql");
        let path = fs::canonicalize(file).expect("it is there");
        println!("cargo:rerun-if-changed={}", path.display());
        writeln!(list, "    Migration {{ number: {number}, name: {name:?}, sql: include_str!({path:?}) }},")
            .expect("memory");
    }
    list.push(']');
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("migrations.rs"), list).expect("the output folder is writable");
}
