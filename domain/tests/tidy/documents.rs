//! A file that a document names in backticks exists: `writer/task.rs` is the end of some path of the repository.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

const ENDINGS: [&str; 6] = [".rs", ".sql", ".toml", ".md", ".json", ".http"];

/// The files that a document names, with the lines on which it does. Patterns, placeholders and hidden folders are left out.
fn named(document: &Source) -> Vec<(usize, &str)> {
    let in_line = |(number, line)| {
        let quoted = str::split(line, '`').skip(1).step_by(2);
        quoted.filter(|quoted| is_file(quoted)).map(move |quoted| (number, quoted))
    };
    document.lines().flat_map(in_line).collect()
}

fn is_file(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    text.contains('/')
        && !text.starts_with(['/', '.'])
        && text.chars().all(is_plain)
        && !["NAME", "NNNN"].iter().any(|placeholder| text.contains(placeholder))
        && ENDINGS.iter().any(|ending| text.ends_with(ending))
}

fn check<'a>(document: &Source, paths: impl Fn() -> Vec<&'a str>) -> Vec<Finding> {
    let all = paths();
    let exists = |file: &str| {
        all.iter()
            .any(|path| path.strip_suffix(file).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
    };
    let gone = named(document).into_iter().filter(|(_, file)| !exists(file));
    gone.map(|(line, file)| {
        document.finding(line, format!("there is no {file}: name it as it is called now"))
    })
    .collect()
}

#[test]
fn files_that_documents_name_exist() {
    let all = source::files(|path| ENDINGS.iter().any(|ending| path.ends_with(ending)));
    let documents = all.iter().filter(|source| source::ending(&source.path) == "md");
    let paths = || all.iter().map(|source| source.path.as_str()).collect();
    expect_none(documents.flat_map(|document| check(document, paths)));
}

#[test]
fn a_file_that_is_gone_is_found() {
    let document =
        Source::new("docs/a.md", "See `b/c.rs`, `src/b/d.rs`, `*/e.rs`, `docs/NNNN-f.md` and `g/h`.");
    let found = |paths: &'static [&'static str]| check(&document, || paths.to_vec()).len();
    assert_eq!(found(&["src/b/c.rs", "src/b/d.rs"]), 0);
    assert_eq!(found(&["src/bb/c.rs", "b/d.rs"]), 2);
}
