//! The web assets are embedded; where they were not built yet, the folder is empty and the pages say so.

fn main() {
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");
    std::fs::create_dir_all(dist).expect("the folder web/dist can be made");
    println!("cargo:rerun-if-changed={dist}");
}
