//! The items of a list under the resource's own name: the last part of the path that lists them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{for_each_operation, referenced, schemas};

const LISTING: &str = "Listing_";

pub(super) fn name_items(document: &mut Value) {
    // The shortest path comes first: `/api/v6/devices` is the list, `/api/v6/devices/sensors` a part of it.
    let mut names = BTreeMap::<String, String>::new();
    let listed = schemas(document).clone();
    for_each_operation(document, |operation, body| {
        let answer = &body["responses"]["200"]["content"]["application/json"]["schema"];
        let of_items = referenced(answer).and_then(|name| {
            let parts = listed[name]["allOf"].as_array().into_iter().flatten().filter_map(referenced);
            parts.chain([name]).find(|name| name.starts_with(LISTING))
        });
        if let (Some(listing), Some((_, last))) = (of_items, operation.rsplit_once('/')) {
            names.entry(listing.to_owned()).or_insert_with(|| last.replace('-', "_"));
        }
    });
    for (listing, name) in names {
        let properties = &mut schemas(document)[&listing]["properties"];
        let mut items = properties["items"].clone();
        items["description"] = "Same as `items`; absent with `envelope=items`.".into();
        properties[name] = items;
    }
}
