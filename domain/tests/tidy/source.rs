//! The repository's files, as the rules read them.

use std::fs;
use std::path::Path;

use crate::finding::Finding;

/// A file: its path from the root of the repository, with `/`, and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines with their numbers, the first one is 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The text with comment lines left empty, so that line numbers stay.
    pub(crate) fn code(&self) -> String {
        let lines = self.text.lines().map(|line| if is_comment(line) { "" } else { line });
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    pub(crate) fn finding(&self, line: usize, remedy: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, remedy: remedy.into() }
    }
}

/// Whether the whole line is a comment, in Rust, SQL or shell.
pub(crate) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with("-- ") || line.starts_with("# ")
}

/// What stands behind the last dot of a path: `rs`.
pub(crate) fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Every Rust source of the repository, in order of path.
pub(crate) fn rust() -> Vec<Source> {
    files(|path| ending(path) == "rs")
}

/// Every file of the repository that holds code: sources, SQL, scripts and settings.
pub(crate) fn code() -> Vec<Source> {
    files(|path| ["rs", "sql", "sh", "toml"].contains(&ending(path)) || path == "parking")
}

/// The Rust sources below a folder.
pub(crate) fn rust_below(folder: &str) -> Vec<Source> {
    files(|path| ending(path) == "rs" && path.starts_with(folder))
}

/// Every file of the repository whose path is wanted. Hidden folders and what a build leaves are none of it.
pub(crate) fn files(wanted: impl Fn(&str) -> bool) -> Vec<Source> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the domain is a folder of the repository");
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let from_root =
                path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&from_root) {
                found.push(Source { text: fs::read_to_string(&path).expect("a text"), path: from_root });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

#[test]
fn the_sources_are_found() {
    let sources = rust();
    assert!(sources.len() > 500, "{}", sources.len());
    assert!(sources.iter().any(|source| source.path == "domain/tests/tidy/source.rs"));
}

#[test]
fn comment_lines_are_no_code_and_lines_keep_their_numbers() {
    let source = Source::new("a.rs", "//! A.\nuse a;\n    // Why.\nfn b() {}\n");
    assert_eq!(source.code(), "\nuse a;\n\nfn b() {}\n");
}
