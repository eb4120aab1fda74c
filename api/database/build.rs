//! Makes cargo rebuild for a new migration, which the embedding macro cannot.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
