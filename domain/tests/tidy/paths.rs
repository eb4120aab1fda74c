//! The paths that a source names, with groups in braces written out: `crate::a::{b, c}` is `crate::a::b` and `crate::a::c`.

use crate::source::Source;

/// A path and the line on which it begins.
#[derive(Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// Every path in the code that begins with `root`, which is `crate` or the name of one.
pub(crate) fn named(source: &Source, root: &str) -> Vec<Named> {
    let (code, start) = (absolute(source), format!("{root}::"));
    let begins = |at: usize| !code[..at].ends_with(|c: char| is_word(c) || c == ':');
    let all = code.match_indices(&start).map(|(at, _)| at).filter(|at| begins(*at)).flat_map(|at| {
        let line = code[..at].matches('\n').count() + 1;
        written_out(&code[at..]).into_iter().map(move |path| Named { line, path })
    });
    all.collect()
}

/// The module that a source is, seen from its crate: `http::v6::sites` for `api/src/http/v6/sites.rs`.
pub(crate) fn module(source: &Source) -> String {
    let (_, below) = source.path.split_once("/src/").unwrap_or(("", &source.path));
    let module = below.trim_end_matches(".rs").replace('/', "::");
    if module == "lib" || module == "main" { String::new() } else { module }
}

/// The code with `super` written out in the imports of the file itself, which begin in the first column.
fn absolute(source: &Source) -> String {
    let module = module(source);
    let line = |line: &str| {
        let Some((start, mut rest)) = line.split_once("use super::").filter(|_| !line.starts_with(' '))
        else {
            return format!("{line}\n");
        };
        let mut around = parent(&module);
        while let Some(further) = rest.strip_prefix("super::") {
            (rest, around) = (further, parent(around));
        }
        let around = if around.is_empty() { String::new() } else { format!("{around}::") };
        format!("{start}use crate::{around}{rest}\n")
    };
    source.code().lines().map(line).collect()
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths that `text` begins with.
fn written_out(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !is_word(c) && c != ':').unwrap_or(text.len());
    let (stem, rest) = text.split_at(end);
    if stem.ends_with("::") && rest.starts_with('{') {
        let members = members(rest).into_iter().flat_map(written_out);
        return members.map(|member| format!("{stem}{member}")).collect();
    }
    vec![stem.trim_end_matches(':').to_owned()]
}

/// What stands between the commas of a group in braces.
fn members(group: &str) -> Vec<&str> {
    let (mut members, mut depth, mut start) = (Vec::new(), 0, 1);
    for (at, c) in group.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 || (depth == 1 && c == ',') {
            members.push(group[start..at].trim());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    members.retain(|member| !member.is_empty());
    members
}

#[test]
fn groups_are_written_out_and_supers_resolved() {
    let text = "\
        use crate::a::{self, B, c::{D, E as F},\n    g};\n\
        // use crate::comment;\n\
        use super::{h, i};\n\
        use super::super::k::L;\n\
        fn f() { crate::m::n(); not_crate::o(); }\n";
    let found: Vec<_> = named(&Source::new("x/src/p/q/r.rs", text), "crate")
        .into_iter()
        .map(|named| format!("{} {}", named.line, named.path))
        .collect();
    let expected = [
        "1 crate::a::self",
        "1 crate::a::B",
        "1 crate::a::c::D",
        "1 crate::a::c::E",
        "1 crate::a::g",
        "4 crate::p::q::h",
        "4 crate::p::q::i",
        "5 crate::p::k::L",
        "6 crate::m::n",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_source_is_a_module_of_its_crate() {
    assert_eq!(module(&Source::new("api/src/http/v6/sites.rs", "")), "http::v6::sites");
    assert_eq!(module(&Source::new("api/src/main.rs", "")), "");
}
