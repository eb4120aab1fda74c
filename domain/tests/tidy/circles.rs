//! Modules that import each other in a circle are one module in two places. There are none.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, expect_none};
use crate::http;
use crate::paths::{module, named};
use crate::source::{self, Source};

/// Which module imports which, and where it does so first.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

/// The imports between the modules that `node` makes of the paths in the sources.
fn imports(sources: &[Source], node: impl Fn(&str) -> Option<String>) -> Imports {
    let mut imports = Imports::new();
    for source in sources {
        let Some(from) = node(&module(source)) else { continue };
        let to_others = imports.entry(from.clone()).or_default();
        for named in named(source, "crate") {
            if let Some(to) = node(named.path.trim_start_matches("crate::")).filter(|to| *to != from) {
                to_others.entry(to).or_insert_with(|| format!("{}:{}", source.path, named.line));
            }
        }
    }
    imports
}

/// What can be reached from a module by one import or more.
fn reached<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        for next in imports.get(module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

/// The groups of modules that all reach each other.
fn circles(imports: &Imports) -> BTreeSet<Vec<&str>> {
    let reached: BTreeMap<_, _> =
        imports.keys().map(|from| (from.as_str(), reached(imports, from))).collect();
    let circle = |module: &str| -> Vec<&str> {
        let others = reached[module].iter().copied();
        others.filter(|other| reached.get(other).is_some_and(|back| back.contains(module))).collect()
    };
    imports.keys().map(|module| circle(module)).filter(|circle| !circle.is_empty()).collect()
}

/// The imports within a circle, each with its place.
fn arrows(imports: &Imports, circle: &[&str]) -> String {
    let inner = |from: &&str| -> Vec<String> {
        let to = imports[*from].iter().filter(|(to, _)| circle.contains(&to.as_str()));
        to.map(|(to, place)| format!("\n    {place}: {from} → {to}")).collect()
    };
    circle.iter().flat_map(inner).collect()
}

fn check(imports: &Imports) -> Vec<Finding> {
    let here = Source::new("domain/tests/tidy/circles.rs", "");
    let remedy = |circle: &Vec<&str>| format!("take an import away:{}", arrows(imports, circle));
    circles(imports).iter().map(|circle| here.finding(1, remedy(circle))).collect()
}

#[test]
fn the_rooms_of_the_read_side_import_each_other_in_no_circle() {
    let sources = source::rust_below("projections/src/");
    expect_none(check(&imports(&sources, top)));
    let modules: BTreeSet<_> = sources.iter().map(module).collect();
    expect_none(check(&imports(&sources, |path| in_room(path, &modules))));
}

/// The module within a room that a path leads to, with what is below it; the room's own file, if it leads there.
fn in_room(path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let room = top(path).filter(|room| modules.contains(room))?;
    let second = path.split("::").nth(1).map(|second| format!("{room}::{second}"));
    Some(second.filter(|second| modules.contains(second)).unwrap_or(room))
}

/// The first module of a path.
fn top(path: &str) -> Option<String> {
    path.split("::").next().filter(|first| !first.is_empty()).map(str::to_owned)
}

#[test]
fn the_parts_of_http_import_each_other_in_no_circle() {
    expect_none(check(&imports(&http::sources(), part)));
}

/// The part of HTTP: a resource, or what stands beside `v6`. The modules that put the parts together are none.
fn part(path: &str) -> Option<String> {
    let below = path.strip_prefix("http::")?;
    let first = below.split("::").next()?;
    if first == "v6" {
        http::resource(path).map(|resource| format!("v6::{resource}"))
    } else {
        Some(first.to_owned())
    }
}

#[test]
fn a_circle_is_found() {
    let sources = [
        Source::new("x/src/a.rs", "use crate::b::B;\nuse crate::d;\n"),
        Source::new("x/src/b/inner.rs", "use crate::c::C;\n"),
        Source::new("x/src/c.rs", "use crate::a::A;\n"),
        Source::new("x/src/d.rs", "use std::fmt;\n"),
    ];
    let imports = imports(&sources, top);
    assert_eq!(circles(&imports), BTreeSet::from([vec!["a", "b", "c"]]));
    let remedy = &check(&imports)[0].remedy;
    for arrow in ["x/src/a.rs:1: a → b", "x/src/b/inner.rs:1: b → c", "x/src/c.rs:1: c → a"] {
        assert!(remedy.contains(arrow), "{remedy}");
    }
    assert!(!remedy.contains("a → d"));
    let modules = BTreeSet::from(["room".to_owned(), "room::table".to_owned()]);
    assert_eq!(in_room("room::table::read::Row", &modules), Some("room::table".to_owned()));
    assert_eq!(in_room("room::Projection", &modules), Some("room".to_owned()));
    assert_eq!(part("http::v6::sites::view"), Some("v6::sites".to_owned()));
    assert_eq!(part("http::kit::page"), Some("kit".to_owned()));
    assert_eq!(part("http::v6"), None);
}
