//! Comments are at most 128 columns wide; code is for rustfmt.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source, is_comment};

const MOST_COLUMNS: usize = 128;

fn check(source: &Source) -> Vec<Finding> {
    let wide = |line: &str| is_comment(line) && line.chars().count() > MOST_COLUMNS;
    let lines = source.lines().filter(|(_, line)| wide(line));
    lines.map(|(number, _)| source.finding(number, "break the comment before column 128")).collect()
}

#[test]
fn no_comment_is_too_wide() {
    expect_none(source::code().iter().flat_map(check));
}

#[test]
fn a_wide_comment_is_found_and_counted_in_characters() {
    let of = |sign: &str, text: &str| {
        Source::new("a.rs", &format!("fn a() {{}}\n    {sign} {}\n", text.repeat(60)))
    };
    assert_eq!(check(&of("//", "äö")), []);
    assert_eq!(check(&of("//", "aeo"))[0].line, 2);
    assert_eq!(check(&of("--", "aeo")).len(), 1);
    assert_eq!(check(&of("let a =", "aeo")), []);
}
