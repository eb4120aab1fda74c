//! Which crate of the platform may name which: the list, compared with each Cargo.toml and with what the sources name.

use crate::finding::{Finding, expect_none};
use crate::manifest::{dependencies, folder, manifests};
use crate::paths::named;
use crate::source::{self, Source};

/// A crate's folder, what it is made of, and what its tests use besides. Names without `parking-`.
type Layer = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The write side does not know the read side, nor the read side it, but for tests; the auditor's tool cannot append.
const LAYERS: [Layer; 13] = [
    ("domain", &[], &[]),
    ("commands", &["bodies", "domain", "failpoint"], &["database", "projections", "testkit"]),
    ("projections", &["domain", "failpoint"], &["commands", "database", "simulator", "testkit"]),
    ("replay-tool", &["bodies", "domain", "projections"], &["commands", "simulator", "testkit"]),
    (
        "api",
        &[
            "bodies",
            "commands",
            "database",
            "domain",
            "edge",
            "failpoint",
            "processes",
            "projections",
            "simulator",
        ],
        &["failpoint", "testkit"],
    ),
    ("api/bench", &["commands", "database", "domain", "projections", "simulator"], &["testkit"]),
    ("api/bodies", &[], &["simulator"]),
    ("api/database", &["bodies", "domain", "projections"], &[]),
    ("api/edge", &["domain"], &[]),
    ("domain/failpoint", &[], &[]),
    ("api/processes", &["commands", "domain", "projections"], &["testkit"]),
    ("api/simulator", &[], &["domain"]),
    ("api/testkit", &["commands", "database", "domain", "simulator"], &[]),
];

/// Compares a Cargo.toml with its layer, in both directions: what is listed is also there.
fn check_manifest(manifest: &Source, layers: &[Layer]) -> Vec<Finding> {
    let Some((_, made_of, for_tests)) = layers.iter().find(|(place, ..)| *place == folder(manifest)) else {
        return vec![
            manifest.finding(1, "a new crate: say in LAYERS of tidy/layers.rs what it may depend on"),
        ];
    };
    let mut found = Vec::new();
    let (mut listed, mut listed_for_tests) = (made_of.to_vec(), for_tests.to_vec());
    for dependency in dependencies(manifest) {
        let Some(name) = dependency.name.strip_prefix("parking-") else { continue };
        let list = if dependency.for_tests { &mut listed_for_tests } else { &mut listed };
        match list.iter().position(|listed| *listed == name) {
            Some(at) => drop(list.remove(at)),
            None => found
                .push(manifest.finding(dependency.line, format!("this layer may not know parking-{name}"))),
        }
    }
    let unused = listed.into_iter().chain(listed_for_tests);
    found.extend(
        unused.map(|name| manifest.finding(1, format!("does without {name} now: LAYERS of tidy/layers.rs"))),
    );
    found
}

/// What the sources of a crate itself, without its tests, name of the other crates.
fn check_source(source: &Source, layers: &[Layer]) -> Vec<Finding> {
    let Some((place, _)) = source.path.split_once("/src/") else { return Vec::new() };
    let Some((_, may, _)) = layers.iter().find(|(listed, ..)| *listed == place) else { return Vec::new() };
    let crates = layers.iter().map(|(place, ..)| place.trim_start_matches("api/"));
    let forbidden = crates.filter(|name| !place.ends_with(name) && !may.contains(name));
    let found = forbidden.flat_map(|name| named(source, &format!("parking_{name}")));
    found.map(|named| source.finding(named.line, format!("{place} may not know {}", named.path))).collect()
}

#[test]
fn crates_know_only_what_lies_below_them() {
    let manifests = manifests();
    let members = manifests.iter().filter(|manifest| folder(manifest) != "domain/fuzz");
    let by_manifest = members.flat_map(|manifest| check_manifest(manifest, &LAYERS));
    let by_source: Vec<_> = source::rust().iter().flat_map(|source| check_source(source, &LAYERS)).collect();
    expect_none(by_manifest.chain(by_source));
}

#[test]
fn a_crate_that_knows_too_much_is_found() {
    let manifest = |text: &str| check_manifest(&Source::new("domain/Cargo.toml", text), &LAYERS).len();
    assert_eq!(manifest("[dependencies]\nserde.workspace = true\n"), 0);
    assert_eq!(manifest("[dependencies]\nparking-commands.workspace = true\n"), 1);
    assert_eq!(check_manifest(&Source::new("new/Cargo.toml", ""), &LAYERS).len(), 1);
    assert_eq!(
        check_manifest(&Source::new("api/testkit/Cargo.toml", ""), &LAYERS).len(),
        4,
        "listed, not there"
    );

    let source = |path: &str, text: &str| check_source(&Source::new(path, text), &LAYERS).len();
    assert_eq!(source("commands/src/a.rs", "use parking_projections::engine::reader::Reader;\n"), 1);
    assert_eq!(source("projections/src/a.rs", "fn a() { parking_commands::append(); }\n"), 1);
    assert_eq!(source("replay-tool/src/a.rs", "use parking_commands::bus;\n"), 1);
    assert_eq!(source("commands/tests/a.rs", "use parking_projections::engine::reader::Reader;\n"), 0);
    assert_eq!(source("commands/src/a.rs", "use parking_domain::space::Space;\n"), 0);
}
