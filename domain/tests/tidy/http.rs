//! The HTTP kit knows no resource, and no resource knows another one: both may only know the kit and what is shared.

use crate::finding::{Finding, expect_none};
use crate::paths::{module, named};
use crate::source::{self, Source};

/// The sources below `api/src/http`, once the kit is there.
pub(crate) fn sources() -> Vec<Source> {
    let http = source::rust_below("api/src/http/");
    let has_kit = http.iter().any(|source| source.path.starts_with("api/src/http/kit/"));
    if has_kit { http } else { Vec::new() }
}

/// The resource that a module or a path belongs to: `sites` of `http::v6::sites::view`.
pub(crate) fn resource(module: &str) -> Option<&str> {
    let below = module.strip_prefix("crate::").unwrap_or(module).strip_prefix("http::v6::")?;
    below.split("::").next()
}

fn check(source: &Source) -> Vec<Finding> {
    let module = module(source);
    let paths = named(source, "crate").into_iter().chain(named(source, "parking_projections"));
    let found = paths.filter_map(|named| Some((named.line, remedy(&module, &named.path)?)));
    found.map(|(line, remedy)| source.finding(line, remedy)).collect()
}

/// What to do about the path when this module names it, if it may not.
fn remedy(module: &str, path: &str) -> Option<String> {
    if module == "http::kit" || module.starts_with("http::kit::") {
        let read_model = path.strip_prefix("parking_projections::");
        if read_model.is_some_and(|path| !path.starts_with("engine::") && path != "registry::Registry") {
            return Some(format!(
                "the kit may not know {path}: it is a resource's, put it into http::v6::shared"
            ));
        }
        let outside = ["http::v6", "http::ops", "http::webhooks"].into_iter();
        let mut known = outside.filter(|outside| path.starts_with(&format!("crate::{outside}")));
        return known
            .next()
            .map(|_| format!("the kit may not know {path}: give it as an argument or a trait"));
    }
    let (own, other) = (resource(module)?, resource(path)?);
    let allowed = other == own || other == "shared";
    (!allowed).then(|| {
        format!(
            "{own} may not know {path}: put what both need into http::v6::shared, which knows no resource"
        )
    })
}

#[test]
fn the_kit_knows_no_resource_and_no_resource_another() {
    expect_none(sources().iter().flat_map(check));
}

#[test]
fn a_kit_or_a_resource_that_knows_a_resource_is_found() {
    let lines = |path: &str, code: &str| -> Vec<_> {
        check(&Source::new(path, code)).iter().map(|finding| finding.line).collect()
    };
    let kit = "api/src/http/kit/page.rs";
    assert_eq!(
        lines(kit, "use crate::http::kit::app::App;\n\nuse crate::http::v6::sites::view::SiteView;\n"),
        [3]
    );
    assert_eq!(lines(kit, "use crate::http::{kit, ops::health};\n"), [1]);
    assert_eq!(lines(kit, "use parking_projections::devices::inventory::read;\n"), [1]);
    assert_eq!(lines(kit, "use parking_projections::{engine::feed, registry::Registry};\n"), [0; 0]);
    assert_eq!(lines("api/src/http/kit.rs", "fn a() { crate::http::webhooks::routes(); }\n"), [1]);

    let (sites, view) = ("api/src/http/v6/sites.rs", "api/src/http/v6/sites/view.rs");
    assert_eq!(lines(sites, "use crate::http::v6::{shared::path::P, sites::view::V, spaces};\n"), [1]);
    assert_eq!(lines(sites, "use super::spaces::view::SpaceView;\n"), [1]);
    assert_eq!(lines(view, "use super::super::spaces::view::SpaceView;\n"), [1]);
    assert_eq!(lines("api/src/http/v6/shared.rs", "use crate::http::v6::sites::view::SiteView;\n"), [1]);
    assert!(
        lines(
            view,
            "use super::body::B;\nuse crate::http::v6::shared::path::P;\nuse crate::http::kit::page;\n"
        )
        .is_empty()
    );
}
