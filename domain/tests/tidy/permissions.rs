//! A handler names its permission, and its documentation names the same one.

use std::collections::BTreeSet;

use crate::finding::{Finding, expect_none};
use crate::http;
use crate::source::Source;

const ATTRIBUTE: &str = "#[utoipa::path(";
const DOCUMENTED: [&str; 2] = ["ReadErrors<", "CommandErrors<"];
const ASKED: [&str; 2] = ["Caller<", "Command<"];

fn check(source: &Source) -> Vec<Finding> {
    let code = source.code();
    let wrong = code.match_indices(ATTRIBUTE).filter_map(|(at, _)| Some((at, remedy(head(&code[at..]))?)));
    wrong.map(|(at, remedy)| source.finding(code[..at].matches('\n').count() + 1, remedy)).collect()
}

/// The attribute and the signature of the handler that follows it.
fn head(text: &str) -> &str {
    let handler = text.find("fn ").unwrap_or(text.len());
    let end = text[handler..].find("{\n").map_or(text.len(), |body| handler + body);
    &text[..end]
}

fn remedy(head: &str) -> Option<String> {
    let (documented, asked) = (permissions(head, DOCUMENTED), permissions(head, ASKED));
    if documented.len() == 1 && documented == asked {
        return None;
    }
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(" and ");
    Some(format!(
        "one permission P in Caller<P> or Command<P, …>, and the same in ReadErrors<P> or CommandErrors<P>: \
         the handler has [{}], its documentation [{}]",
        list(asked),
        list(documented)
    ))
}

/// The first argument of each of these types.
fn permissions<'a>(head: &'a str, types: [&str; 2]) -> BTreeSet<&'a str> {
    let all = types
        .into_iter()
        .flat_map(|name| head.match_indices(name).map(move |(at, _)| &head[at + name.len()..]));
    all.map(|arguments| arguments.split([',', '>']).next().unwrap_or_default().trim()).collect()
}

#[test]
fn handlers_name_the_permission_that_they_document() {
    let handlers = http::sources().into_iter().filter(|source| source.path.starts_with("api/src/http/v6/"));
    expect_none(handlers.flat_map(|source| check(&source)));
}

#[test]
fn a_permission_that_is_missing_or_differs_is_found() {
    let handler = |documented: &str, asked: &str| {
        let text = format!(
            "//! A.\n\n#[utoipa::path(get, path = \"/api/v6/sites/{{site_id}}\",\n    responses(({documented}, Taken)))]\n\
             async fn one(\n    State(app): State<AppState>,\n    {asked},\n) -> Result<(), Problem> {{\n    other::<Caller<Z>>()\n}}\n"
        );
        check(&Source::new("api/src/http/v6/sites.rs", &text))
            .iter()
            .map(|finding| finding.line)
            .collect::<Vec<_>>()
    };
    assert!(handler("ReadErrors<ReadSites>", "caller: Caller<ReadSites>").is_empty());
    assert!(handler("CommandErrors<A>", "Command { caller, body }: Command<A, SiteBody>").is_empty());
    assert_eq!(handler("ReadErrors<ReadSites>", "caller: Caller<ReadSpaces>"), [3]);
    assert_eq!(handler("CommandErrors<A>", "caller: Caller<A>, command: Command<B, SiteBody>"), [3]);
    assert_eq!(handler("ReadErrors<ReadSites>", "query: Query"), [3]);
    assert_eq!(handler("SiteRefusal", "caller: Caller<ReadSites>"), [3]);
}
