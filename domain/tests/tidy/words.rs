//! Nothing is left for later in the sources: what is open is an issue, and a test that does not run is no test.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

/// Written in pieces, so that this file does not contain them.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const IGNORE: &str = concat!("#[", "ignore");

fn check(source: &Source) -> Vec<Finding> {
    let remedy = |line: &str| {
        let mark = MARKS.iter().find(|mark| words(line).any(|word| word == **mark));
        match mark {
            Some(mark) => Some(format!("{mark}: do it, or make an issue of it and take the line away")),
            None if line.contains(IGNORE) => {
                Some("repair the test or take it away; a slow one: docs/testing.md".into())
            }
            None => None,
        }
    };
    let found = source.lines().filter_map(|(number, line)| Some((number, remedy(line)?)));
    found.map(|(number, remedy)| source.finding(number, remedy)).collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn nothing_is_left_for_later() {
    expect_none(source::code().iter().flat_map(check));
}

#[test]
fn marks_and_ignored_tests_are_found() {
    for line in MARKS.map(|mark| format!("// {mark}(me): later")).iter().map(String::as_str).chain([IGNORE]) {
        assert_eq!(check(&Source::new("a.rs", &format!("\n{line}\n")))[0].line, 2, "{line}");
    }
    assert_eq!(check(&Source::new("a.rs", "const METHODOLOGY: &str = \"an XXXL car\";\n")), []);
}
