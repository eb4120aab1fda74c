//! Files are about 100 lines long and none is over 350. Those that are longer today are listed and may only shrink.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

const MOST_LINES: usize = 350;

/// The most lines that half of the files may have.
const MOST_IN_THE_MIDDLE: usize = 130;

/// Files that are too long, with their length. A length may only be lowered; a new line here needs a reviewer's yes.
const LONGER: [(&str, usize); 0] = [];

fn check(source: &Source, longer: &[(&str, usize)]) -> Option<Finding> {
    let lines = source.text.lines().count();
    let listed = longer.iter().find(|(path, _)| *path == source.path).map(|(_, lines)| *lines);
    let remedy = match listed {
        None if lines > MOST_LINES => format!("{lines} lines: split it, {MOST_LINES} is the most"),
        Some(most) if lines > most => format!("{lines} lines, it had {most}: it may only become shorter"),
        Some(_) if lines <= MOST_LINES => {
            "short enough now: take it out of LONGER in tidy/length.rs".to_owned()
        }
        Some(most) if lines < most => {
            format!("shorter now: write {lines} for it into LONGER in tidy/length.rs")
        }
        None | Some(_) => return None,
    };
    Some(source.finding(lines, remedy))
}

/// Files that are listed and not there any more.
fn gone(sources: &[Source], longer: &[(&str, usize)]) -> Vec<Finding> {
    let there = |path: &str| sources.iter().any(|source| source.path == path);
    let gone = longer.iter().filter(|(path, _)| !there(path));
    gone.map(|(path, _)| Source::new(path, "").finding(1, "gone: take it out of LONGER in tidy/length.rs"))
        .collect()
}

/// The length that half of the files do not exceed.
fn median(sources: &[Source]) -> usize {
    let mut lengths: Vec<_> = sources.iter().map(|source| source.text.lines().count()).collect();
    lengths.sort_unstable();
    lengths[lengths.len() / 2]
}

#[test]
fn no_source_is_too_long() {
    let sources = source::rust();
    let too_long = sources.iter().filter_map(|source| check(source, &LONGER));
    expect_none(too_long.chain(gone(&sources, &LONGER)));
}

#[test]
fn half_of_the_sources_are_short() {
    let median = median(&source::rust());
    println!("median length of a source: {median} lines");
    assert!(
        median <= MOST_IN_THE_MIDDLE,
        "the median is {median} lines: files are to be about 100 lines long"
    );
}

#[test]
fn a_long_source_is_found_and_a_listed_one_may_only_shrink() {
    let of = |lines| Source::new("a.rs", &"x\n".repeat(lines));
    let says = |lines, longer: &[(&str, usize)]| check(&of(lines), longer).map(|finding| finding.remedy);
    assert_eq!(says(350, &[]), None);
    assert!(says(351, &[]).expect("too long").contains("split it"));
    assert_eq!(says(400, &[("a.rs", 400)]), None);
    assert!(says(401, &[("a.rs", 400)]).expect("grown").contains("only become shorter"));
    assert!(says(399, &[("a.rs", 400)]).expect("shrunk").contains("write 399"));
    assert!(says(350, &[("a.rs", 400)]).expect("short").contains("take it out"));
    assert_eq!(gone(&[], &[("a.rs", 400)]).len(), 1);
    assert_eq!(median(&[of(1), of(7), of(90)]), 7);
}
