//! A policy's fields with their defaults and bounds, and the overrides of a site or a space.

use parking_domain::downlink::Colour;
use parking_domain::policy::{Policy, PolicyOutOfBounds, PolicyOverrides};
use serde_json::{Value, json};

fn json_of(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("serialises")
}

#[test]
fn absent_fields_have_the_defaults() {
    let defaults = json!({
        "reserved_soon_threshold_sec": 900,
        // Three heartbeats of the sensor's model.
        "sensor_unknown_timeout_sec": null,
        "debounce_window_sec": 10,
        "debounce_readings": 1,
        "occupied_color": "ff0000",
        "free_color": "00ff00",
        "reserved_color": "ffa500",
        "reserved_soon_color": "ffff00",
        "blocked_color": "808080",
        "out_of_service_color": "800080",
        "blink_reserved_soon": false,
        "blink_pattern_ms": 500,
        "allow_sensor_override": true,
    });
    assert_eq!(json_of(Policy::default()), defaults);
    assert_eq!(serde_json::from_str::<Policy>("{}").expect("a policy"), Policy::default());
    assert_eq!(Policy::default().reserved_soon().num_seconds(), 900);
}

#[test]
fn values_out_of_bounds_are_refused() {
    let bounds = [
        ("reserved_soon_threshold_sec", 0, 3600),
        ("sensor_unknown_timeout_sec", 0, 604_800),
        ("debounce_window_sec", 5, 30),
        ("debounce_readings", 1, 2),
        ("blink_pattern_ms", 100, 2000),
    ];
    for (field, low, high) in bounds {
        let with =
            |value: u32| -> Policy { serde_json::from_value(json!({field: value})).expect("a policy") };
        for within in [low, high] {
            assert_eq!(with(within).checked(), Ok(with(within)), "{field}");
        }
        for value in [low.checked_sub(1), Some(high + 1)].into_iter().flatten() {
            let refusal = PolicyOutOfBounds { field, value, low, high };
            assert_eq!(with(value).checked(), Err(refusal));
        }
    }
}

#[test]
fn an_override_replaces_its_own_field_and_no_other() {
    let colour = Colour { red: 1, green: 2, blue: 3 };
    let otherwise = [
        ("reserved_soon_threshold_sec", json!(1)),
        ("sensor_unknown_timeout_sec", json!(2)),
        ("debounce_window_sec", json!(7)),
        ("debounce_readings", json!(2)),
        ("occupied_color", json_of(colour)),
        ("free_color", json_of(colour)),
        ("reserved_color", json_of(colour)),
        ("reserved_soon_color", json_of(colour)),
        ("blocked_color", json_of(colour)),
        ("out_of_service_color", json_of(colour)),
        ("blink_reserved_soon", json!(true)),
        ("blink_pattern_ms", json!(300)),
        ("allow_sensor_override", json!(false)),
    ];
    assert_eq!(
        otherwise.len(),
        json_of(Policy::default()).as_object().expect("an object").len(),
        "every field"
    );
    for (field, value) in otherwise {
        let own: PolicyOverrides = serde_json::from_value(json!({field: value})).expect("a difference");
        assert_eq!(json_of(own), json!({field: value}), "and nothing else is stored");
        let mut expected = json_of(Policy::default());
        expected[field] = value;
        assert_eq!(json_of(Policy::default().with(&own)), expected);
        assert!(!own.is_empty());
        let mut all_of_it = Policy::default().with(&own);
        all_of_it = all_of_it.with(&PolicyOverrides::default());
        assert_eq!(json_of(all_of_it), expected, "{field} is unchanged without an override");
    }
    assert!(PolicyOverrides::default().is_empty());
}
