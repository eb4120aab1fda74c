//! Every dependency is used, and its version is written once, in the workspace's Cargo.toml.

use crate::finding::{Finding, expect_none};
use crate::manifest::{Dependency, dependencies, folder, manifests};
use crate::source::{self, Source};

/// Fuzzing is a workspace of its own, so it writes versions of its own.
const OWN_WORKSPACE: &str = "domain/fuzz";

/// Where the sources of a crate are, and where those are that may use its dev-dependencies besides.
const SOURCES: [&str; 3] = ["src/", "build.rs", "fuzz_targets/"];
const TESTS: [&str; 3] = ["tests/", "examples/", "benches/"];

fn check(manifest: &Source, sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for dependency in dependencies(manifest) {
        if !dependency.shared && folder(manifest) != OWN_WORKSPACE {
            let remedy =
                format!("write `{}.workspace = true`, and its version into ./Cargo.toml", dependency.name);
            found.push(manifest.finding(dependency.line, remedy));
        }
        if !sources.iter().any(|source| uses(source, folder(manifest), &dependency)) {
            found.push(
                manifest.finding(dependency.line, format!("nothing uses {}: take it out", dependency.name)),
            );
        }
    }
    found
}

fn uses(source: &Source, folder: &str, dependency: &Dependency) -> bool {
    let below = source.path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
    let within =
        |places: &[&str]| below.is_some_and(|path| places.iter().any(|place| path.starts_with(place)));
    let may_use = within(&SOURCES) || dependency.for_tests && within(&TESTS);
    may_use && mentions(&source.code(), &dependency.in_code())
}

fn mentions(code: &str, name: &str) -> bool {
    let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == name)
}

/// Dependencies of the workspace that no crate asks for.
fn unasked(workspace: &Source, manifests: &[Source]) -> Vec<Finding> {
    let asked: Vec<_> = manifests.iter().flat_map(dependencies).map(|dependency| dependency.name).collect();
    let unasked = dependencies(workspace).into_iter().filter(|dependency| !asked.contains(&dependency.name));
    unasked
        .map(|one| workspace.finding(one.line, format!("no crate asks for {}: take it out", one.name)))
        .collect()
}

#[test]
fn every_dependency_is_used() {
    let (sources, manifests) = (source::rust(), manifests());
    let unused = manifests.iter().flat_map(|manifest| check(manifest, &sources));
    let workspace = source::files(|path| path == "Cargo.toml");
    expect_none(unused.chain(unasked(&workspace[0], &manifests)));
}

#[test]
fn an_unused_dependency_and_a_version_of_its_own_are_found() {
    let lines = |manifest: &str, path: &str, code: &str| -> Vec<_> {
        let found = check(&Source::new("a/Cargo.toml", manifest), &[Source::new(path, code)]);
        found.iter().map(|finding| finding.line).collect()
    };
    let normal = "[dependencies]\nb-c.workspace = true\n";
    assert!(lines(normal, "a/src/lib.rs", "use b_c::D;\n").is_empty());
    assert_eq!(lines(normal, "a/src/lib.rs", "// b_c\nuse b_cd::E;\n"), [2]);
    assert_eq!(
        lines(normal, "a/tests/t.rs", "use b_c::D;\n"),
        [2],
        "a test uses what is in dev-dependencies"
    );
    assert_eq!(lines(normal, "a/b/src/lib.rs", "use b_c::D;\n"), [2], "another crate");
    assert!(lines("[dev-dependencies]\nb.workspace = true\n", "a/tests/t.rs", "use b::D;\n").is_empty());
    assert_eq!(lines("[dependencies]\nb = \"1\"\n", "a/src/lib.rs", "use b::D;\n"), [2]);
    let workspace = Source::new("Cargo.toml", "[workspace.dependencies]\nb = \"1\"\nb-c = \"1\"\n");
    assert_eq!(unasked(&workspace, &[Source::new("a/Cargo.toml", normal)])[0].line, 2);
}
