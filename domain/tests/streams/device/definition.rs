//! The definition of a device: its bounds, and updates.

use super::*;

#[test]
fn a_definition_out_of_bounds_is_refused() {
    let refused = |definition: Definition, refusal: DeviceRefusal| {
        given([]).when(claim(owner(), Category::Sensor, definition.clone())).then_refused(refusal.clone());
        given([claimed(), updated(definition)])
            .when(update(owner(), DevicePatch::default()))
            .then_refused(refusal);
    };
    for name in ["", "  ", &"a".repeat(256)] {
        refused(Definition { name: name.into(), ..bay() }, DeviceRefusal::DeviceNameInvalid);
    }
    let codec = || "tbms100".to_owned();
    refused(Definition { codec: Some(codec()), ..bay() }, DeviceRefusal::CodecUnknown { codec: codec() });
    for seconds in [0, LONGEST_HEARTBEAT_SEC + 1] {
        refused(Definition { heartbeat_sec: Some(seconds), ..bay() }, DeviceRefusal::HeartbeatOutOfBounds);
    }
    for f_port in [0, 224] {
        let display_type = Some(DisplayType { f_port, ..DisplayType::kuando_busylight() });
        refused(Definition { display_type, ..bay() }, DeviceRefusal::DisplayPortInvalid);
    }
    for layout in unsendable_layouts() {
        let display_type = Some(DisplayType { layout, ..DisplayType::kuando_busylight() });
        refused(Definition { display_type, ..bay() }, DeviceRefusal::DisplayLayoutInvalid);
    }
}

fn unsendable_layouts() -> [Layout; 5] {
    let code = |bytes: usize| (Colour::default(), Payload::from(vec![0; bytes]));
    [
        Layout::Parts(Vec::new()),
        Layout::Parts(vec![Part::Red; 243]),
        Layout::Codes(Vec::new()),
        Layout::Codes(vec![code(1), code(0)]),
        Layout::Codes(vec![code(243)]),
    ]
}

#[test]
fn a_definition_within_the_bounds_is_accepted() {
    let code = |bytes: usize| (Colour::default(), Payload::from(vec![0; bytes]));
    let display = |f_port, layout| Some(DisplayType { f_port, confirmed: false, layout });
    let definitions = [
        Definition { name: "ü".repeat(255), ..bay() },
        Definition { codec: Some("browan-tbms100".into()), ..bay() },
        Definition { heartbeat_sec: Some(1), ..bay() },
        Definition { heartbeat_sec: Some(LONGEST_HEARTBEAT_SEC), ..bay() },
        Definition { display_type: display(1, Layout::Parts(vec![Part::Red])), ..bay() },
        Definition { display_type: display(223, Layout::Parts(vec![Part::Red; 242])), ..bay() },
        Definition { display_type: display(15, Layout::Codes(vec![code(1), code(242)])), ..bay() },
    ];
    for definition in definitions {
        let expected = DeviceEvent::DeviceClaimed {
            tenant_id: owner(),
            category: Category::Display,
            definition: Box::new(definition.clone()),
            at: at(),
            by: BY,
        };
        given([]).when(claim(owner(), Category::Display, definition)).then([expected]);
    }
}

#[test]
fn an_update_changes_only_the_fields_it_sets() {
    let (config, metadata) = (json!({"led": true}), json!({"pallet": 4}));
    let patch = DevicePatch {
        category: Some(Category::Sensor),
        name: Some("Bay 2".into()),
        enabled: Some(false),
        manufacturer: Patch::Set("Browan".into()),
        model: Patch::Set("TBMS100".into()),
        codec: Patch::Set("browan-tbms100".into()),
        threshold: Patch::Set(Threshold { occupied_below_mm: 1500, hysteresis_mm: 200 }),
        heartbeat_sec: Patch::Set(3600),
        display_type: Patch::Set(DisplayType::kuando_busylight()),
        location: Patch::Set("left of the door".into()),
        config: Some(serde_json::from_value(config.clone()).expect("an object")),
        metadata: Some(serde_json::from_value(metadata.clone()).expect("an object")),
    };
    let expected = Definition {
        name: "Bay 2".into(),
        enabled: false,
        manufacturer: Some("Browan".into()),
        model: Some("TBMS100".into()),
        codec: Some("browan-tbms100".into()),
        threshold: Some(Threshold { occupied_below_mm: 1500, hysteresis_mm: 200 }),
        heartbeat_sec: Some(3600),
        display_type: Some(DisplayType::kuando_busylight()),
        location: Some("left of the door".into()),
        config: serde_json::from_value(config).expect("an object"),
        metadata: serde_json::from_value(metadata).expect("an object"),
    };
    given([claimed()]).when(update(owner(), patch)).then([updated(expected.clone())]);
    let clear = DevicePatch { codec: Patch::Clear, heartbeat_sec: Patch::Clear, ..DevicePatch::default() };
    let cleared = Definition { codec: None, heartbeat_sec: None, ..expected.clone() };
    given([claimed(), updated(expected)]).when(update(owner(), clear)).then([updated(cleared)]);
}

#[test]
fn an_update_without_changes_gives_no_event() {
    given([claimed()]).when(update(owner(), DevicePatch::default())).then_nothing();
    let same = DevicePatch { name: Some("Bay 1".into()), codec: Patch::Clear, ..DevicePatch::default() };
    given([claimed()]).when(update(owner(), same)).then_nothing();
}

#[test]
fn the_category_is_fixed_while_a_device_is_owned() {
    let to_display = DevicePatch { category: Some(Category::Display), ..DevicePatch::default() };
    given([claimed()])
        .when(update(owner(), to_display))
        .then_refused(DeviceRefusal::DeviceCategoryFixed { category: Category::Sensor });
}

#[test]
fn the_category_has_one_written_form() {
    for category in [Category::Sensor, Category::Display] {
        assert_eq!(serde_json::to_value(category).expect("serialises"), category.word());
    }
}
