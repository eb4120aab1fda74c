//! Downlinks for displays: the Kuando light, and types described by an operator.

use parking_domain::downlink::{Colour, DisplayType, Layout, Light, Unshowable};
use serde_json::json;

fn colour(text: &str) -> Colour {
    text.parse().expect("a colour")
}

fn bytes(display: &DisplayType, light: Light) -> Result<Vec<u8>, Unshowable> {
    display.downlink(light).map(|downlink| downlink.data.as_bytes().to_vec())
}

#[test]
fn the_kuando_lights_order_is_red_blue_green() {
    let kuando = DisplayType::kuando_busylight();
    assert_eq!(bytes(&kuando, Light::steady(colour("00ff00"))), Ok(vec![0, 0, 0xff, 0xff, 0]));
    // Orange, which would be pink as FF A5 00.
    assert_eq!(bytes(&kuando, Light::steady(colour("ffa500"))), Ok(vec![0xff, 0, 0xa5, 0xff, 0]));
    assert_eq!(kuando.downlink(Light::steady(Colour::default())).map(|downlink| downlink.f_port), Ok(15));
}

#[test]
fn blinking_is_counted_in_tenths_of_a_second() {
    for (milliseconds, tenths) in
        [(0, 1), (100, 1), (149, 1), (150, 2), (500, 5), (2000, 20), (u32::MAX, 255)]
    {
        let light = Light::blinking(colour("0000ff"), milliseconds);
        assert_eq!((light.on, light.off), (tenths, tenths), "{milliseconds} ms");
    }
}

#[test]
fn a_type_of_display_is_data() {
    let described = json!({
        "f_port": 20,
        "confirmed": true,
        "layout": {"parts": [{"byte": 0}, "red", "green", "blue", {"byte": 0}, {"byte": 1}]},
    });
    let display: DisplayType = serde_json::from_value(described.clone()).expect("a display type");
    assert_eq!(bytes(&display, Light::steady(colour("010203"))), Ok(vec![0, 1, 2, 3, 0, 1]));
    assert_eq!(
        display.downlink(Light::steady(colour("010203"))).map(|downlink| downlink.confirmed),
        Ok(true)
    );
    assert_eq!(serde_json::to_value(&display).expect("JSON"), described);
}

#[test]
fn a_display_with_codes_shows_only_the_colours_it_has() {
    let described = json!({"f_port": 7, "layout": {"codes": [["00ff00", "AQ=="], ["ff0000", "AgI="]]}});
    let display: DisplayType = serde_json::from_value(described).expect("a display type");
    assert_eq!(bytes(&display, Light::steady(colour("ff0000"))), Ok(vec![2, 2]));
    let blue = colour("0000ff");
    assert_eq!(bytes(&display, Light::steady(blue)), Err(Unshowable::ColourWithoutCode(blue)));
}

#[test]
fn a_downlink_that_the_network_would_refuse_or_alter_is_refused() {
    let light = Light::steady(Colour::default());
    for f_port in [0, 224, 255] {
        let display = DisplayType { f_port, ..DisplayType::kuando_busylight() };
        assert_eq!(bytes(&display, light), Err(Unshowable::PortInvalid));
    }
    let display = DisplayType { layout: Layout::Parts(Vec::new()), ..DisplayType::kuando_busylight() };
    assert_eq!(bytes(&display, light), Err(Unshowable::Empty));
}

#[test]
fn colours_parse_in_any_letter_case() {
    assert_eq!(colour("FF8000"), Colour { red: 255, green: 128, blue: 0 });
    assert_eq!(colour("FF8000").to_string(), "ff8000");
    for text in ["", "ff80", "#ff8000", "ff80000", "+f8000", "gg8000"] {
        assert!(text.parse::<Colour>().is_err(), "{text}");
    }
}
