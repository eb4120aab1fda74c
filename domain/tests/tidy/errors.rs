//! The text of an error begins in lower case and has no full stop, so that it reads on behind a colon.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

const ATTRIBUTE: &str = "#[error(";

fn check(source: &Source) -> Vec<Finding> {
    let code = source.code();
    let wrong = code
        .match_indices(ATTRIBUTE)
        .filter(|(at, _)| text(&code[at + ATTRIBUTE.len()..]).is_some_and(is_wrong));
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    wrong
        .map(|(at, _)| {
            source.finding(line(at), "begin the error in lower case, and end it without a full stop")
        })
        .collect()
}

/// The string that the attribute begins with.
fn text(arguments: &str) -> Option<&str> {
    let string = arguments.trim_start().strip_prefix('"')?;
    string.match_indices('"').find(|(at, _)| !string[..*at].ends_with('\\')).map(|(end, _)| &string[..end])
}

/// A name may begin it that has a capital inside: `EUI`, `PostgreSQL`.
fn is_wrong(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let capitals = first.chars().filter(|c| c.is_uppercase()).count();
    (first.starts_with(char::is_uppercase) && capitals == 1) || text.ends_with('.')
}

#[test]
fn errors_read_on_behind_a_colon() {
    expect_none(source::rust().iter().filter(|source| source.path.contains("/src/")).flat_map(check));
}

#[test]
fn an_error_that_is_a_sentence_of_its_own_is_found() {
    let lines = |text: &str| -> Vec<_> {
        let source = Source::new("a/src/a.rs", &format!("enum A {{\n    #[error({text})]\n    B,\n}}\n"));
        check(&source).iter().map(|finding| finding.line).collect()
    };
    assert!(lines("\"no space {0:?}: create it first\", .id").is_empty());
    assert!(lines("\"PostgreSQL {found} is too old: install {needed}\"").is_empty());
    assert!(lines("transparent").is_empty());
    assert_eq!(lines("\"Invalid space\""), [2]);
    assert_eq!(lines("\n        \"the space \\\"{0}\\\" is gone.\",\n        .code"), [2]);
}
