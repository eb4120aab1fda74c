//! Tells cargo that a new migration is a reason to build: the macro that embeds them cannot.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
