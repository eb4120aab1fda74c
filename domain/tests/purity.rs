//! The domain's allowed dependencies and their features, listed here again so that an addition is noticed. No async
//! runtime, no database, no clock, no randomness, no logging; and no part of the standard library that accesses the
//! environment.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A direct dependency: its name, its explicit features, and whether its default features are enabled.
type Dependency = (&'static str, &'static [&'static str], bool);

/// cqrs-es depends on tokio, but the domain never names it.
const DEPENDENCIES: [Dependency; 7] = [
    ("base64", &[], true),
    ("chrono", &["serde", "std"], false),
    ("cqrs-es", &[], true),
    ("serde", &["derive"], true),
    ("serde_json", &["float_roundtrip", "raw_value"], true),
    ("thiserror", &[], true),
    ("uuid", &["serde", "std", "v5"], false),
];

/// Additional dependencies of the tests.
const FOR_TESTS: [&str; 1] = ["proptest"];

/// Features that would add a clock or randomness. Versions 3 and 5 of UUIDs are hashes.
const IMPURE_FEATURES: [&str; 11] = [
    "clock",
    "now",
    "iana-time-zone",
    "rng",
    "rng-getrandom",
    "rng-rand",
    "v1",
    "v4",
    "v6",
    "v7",
    "fast-rng",
];

/// Names of impure code: time, randomness, files, the network, other threads, logging.
const IMPURE_NAMES: [&str; 22] = [
    "tokio",
    "sqlx",
    "postgres",
    "axum",
    "reqwest",
    "hyper",
    "tracing",
    "println!",
    "eprintln!",
    "getrandom",
    "fastrand",
    "rand::",
    "std::time",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "Utc::now",
    "Local::now",
    "new_v4",
    "now_v7",
];

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The domain's direct dependencies according to Cargo.
fn dependencies() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(manifest_dir())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let domain = packages.iter().find(|package| package["name"] == env!("CARGO_PKG_NAME"));
    domain.expect("the domain")["dependencies"].as_array().expect("dependencies").clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn features(dependency: &Value) -> Vec<String> {
    let mut features: Vec<_> =
        dependency["features"].as_array().expect("features").iter().map(text).collect();
    features.sort_unstable();
    features
}

#[test]
fn the_domain_has_exactly_these_dependencies_and_features() {
    let (normal, others): (Vec<_>, Vec<_>) =
        dependencies().into_iter().partition(|dependency| dependency["kind"].is_null());
    let mut found: Vec<_> = normal
        .iter()
        .map(|dependency| {
            let default = dependency["uses_default_features"].as_bool().expect("yes or no");
            (text(&dependency["name"]), features(dependency), default)
        })
        .collect();
    found.sort_unstable();
    let listed = DEPENDENCIES.map(|(name, features, default)| {
        (name.to_owned(), features.iter().map(|&feature| feature.to_owned()).collect(), default)
    });
    assert_eq!(found, listed);

    let others: Vec<_> = others.iter().map(|other| (text(&other["kind"]), text(&other["name"]))).collect();
    assert_eq!(others, FOR_TESTS.map(|name| ("dev".to_owned(), name.to_owned())));
}

#[test]
fn no_dependency_enables_a_clock_or_randomness() {
    for dependency in dependencies().iter().filter(|dependency| dependency["kind"].is_null()) {
        for feature in features(dependency) {
            let impure = IMPURE_FEATURES.contains(&feature.as_str());
            assert!(!impure, "{}: the feature {feature} is not pure", dependency["name"]);
        }
    }
}

#[test]
fn no_source_uses_impure_names() {
    let mut read = 0;
    let mut folders = vec![manifest_dir().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).expect("a text");
            read += 1;
            for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let impure = IMPURE_NAMES.iter().find(|name| line.contains(*name));
                assert_eq!(impure, None, "{}: {line}", path.display());
            }
        }
    }
    assert!(read > 100, "the sources were found");
}
