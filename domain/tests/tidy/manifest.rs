//! What a crate's Cargo.toml says that it depends on.

use crate::source::{self, Source};

/// A line of a table of dependencies.
#[derive(Debug, PartialEq)]
pub(crate) struct Dependency {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) for_tests: bool,
    /// Whether its version is the workspace's.
    pub(crate) shared: bool,
}

impl Dependency {
    /// The name as sources write it.
    pub(crate) fn in_code(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// The manifests of all crates, without the workspace's own.
pub(crate) fn manifests() -> Vec<Source> {
    source::files(|path| path.ends_with("/Cargo.toml"))
}

/// The folder of the crate that a manifest describes.
pub(crate) fn folder(manifest: &Source) -> &str {
    manifest.path.trim_end_matches("/Cargo.toml")
}

pub(crate) fn dependencies(manifest: &Source) -> Vec<Dependency> {
    let (mut found, mut table) = (Vec::new(), "");
    for (line, text) in manifest.lines().filter(|(_, text)| !text.starts_with('#')) {
        if text.starts_with('[') {
            table = text.trim();
        } else if let Some((name, value)) =
            text.split_once(['.', ' ', '=']).filter(|_| is_dependencies(table))
        {
            let shared = value.replace(' ', "").contains("workspace=true");
            found.push(Dependency {
                line,
                name: name.to_owned(),
                for_tests: table == "[dev-dependencies]",
                shared,
            });
        }
    }
    found
}

fn is_dependencies(table: &str) -> bool {
    table.ends_with("dependencies]")
}

#[test]
fn a_manifest_is_read() {
    let text = "[package]\nname = \"a\"\n\n[dependencies]\nb-c.workspace = true\n# Why.\nd = { workspace = true }\n\
                [dev-dependencies]\ne = \"1\"\n\n[[bin]]\nname = \"a\"\n";
    let found = dependencies(&Source::new("a/Cargo.toml", text));
    let of = |line, name: &str, for_tests, shared| Dependency { line, name: name.into(), for_tests, shared };
    assert_eq!(found, [of(5, "b-c", false, true), of(7, "d", false, true), of(9, "e", true, false)]);
    assert_eq!(found[0].in_code(), "b_c");
}
