//! Every source begins by saying what room it is.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

fn check(source: &Source) -> Option<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//! ").is_some_and(|sentence| !sentence.trim().is_empty());
    (!says).then(|| source.finding(1, "begin with `//! ` and one sentence that says what is in here"))
}

#[test]
fn every_source_says_what_it_is() {
    expect_none(source::rust().iter().filter_map(check));
}

#[test]
fn a_source_that_begins_with_code_is_found() {
    assert!(check(&Source::new("a.rs", "use b;\n\n//! Late.\n")).is_some());
    assert!(check(&Source::new("a.rs", "//!\n")).is_some());
    assert!(check(&Source::new("a.rs", "")).is_some());
    assert_eq!(check(&Source::new("a.rs", "//! Sites.\n")), None);
}
