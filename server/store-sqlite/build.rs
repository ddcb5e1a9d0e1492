//! Migrations are built into the program; this is how Cargo hears of new ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
