//! Known codec mistakes: each mistake that a vendor, a network or an earlier platform made has a test.

use parking_domain::sensors::Occupancy::{self, Occupied, Unknown, Vacant};
use parking_domain::sensors::{
    CODECS, Fault, Frame, Kind, Measured, Reading, Undecodable, by_name, choose, interpret,
};
use parking_domain::uplinks::{UplinkEvent, UplinkReceived};
use serde_json::{Map, Value, json};

type Read = Result<Reading, Undecodable>;

fn frame(f_port: u8, data: &[u8]) -> Frame<'_> {
    Frame { f_port, data, ..Frame::default() }
}

fn read(codec: &str, f_port: u8, data: &[u8]) -> Read {
    by_name(codec).expect("a codec").decode(&frame(f_port, data))
}

fn occupancy(read: &Read) -> Option<Occupancy> {
    read.as_ref().ok().map(|reading| reading.occupancy)
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).expect("an object")
}

fn chosen(
    chosen: Option<&str>,
    profile: Option<&str>,
    frame: &Frame<'_>,
) -> Result<&'static str, Undecodable> {
    choose(chosen, profile, frame).map(|codec| codec.name)
}

#[test]
fn a_frame_without_payload_is_undecodable_for_every_codec_and_object() {
    let vacant = object(json!({"occupied": false, "parkingStatus": "FREE"}));
    for codec in &CODECS {
        let decode =
            |f_port, data, encrypted| codec.decode(&Frame { f_port, data, object: Some(&vacant), encrypted });
        assert_eq!(decode(0, &[], false), Err(Undecodable::MacOnly), "{}", codec.name);
        assert_eq!(decode(0, &[1], false), Err(Undecodable::MacOnly), "{}", codec.name);
        assert_eq!(decode(224, &[1], false), Err(Undecodable::ReservedPort { port: 224 }), "{}", codec.name);
        assert_eq!(decode(255, &[1], false), Err(Undecodable::ReservedPort { port: 255 }), "{}", codec.name);
        assert_eq!(decode(1, &[], false), Err(Undecodable::Empty), "{}", codec.name);
        assert_eq!(decode(1, &[1], true), Err(Undecodable::Encrypted), "{}", codec.name);
    }
}

#[test]
fn browan_battery_is_a_nibble_of_voltage_and_a_nibble_of_charge() {
    // 0xf8 as a hundredth of a volt would be 2.48; a real TBMS100 capture.
    let reading =
        read("browan-tbms100", 102, &[0x01, 0xfb, 0x38, 0x00, 0x00, 0x31, 0x11, 0x00]).expect("a reading");
    assert_eq!((reading.battery_v, reading.battery_pct), (Some(3.6), Some(100)));
    assert_eq!((reading.occupancy, reading.temperature_c), (Occupied, Some(24.0)));
    assert_eq!(reading.extra("count"), Some(&Measured::Integer(4401)));
}

#[test]
fn browan_without_a_charge_is_not_an_empty_battery() {
    let reading = read("browan-tbsl100", 105, &[0x00, 0x0b, 0x36, 0x28]).expect("a reading");
    assert_eq!((reading.battery_v, reading.battery_pct), (Some(3.6), None));
}

#[test]
fn browan_all_zero_is_not_a_reading() {
    assert_eq!(read("browan-tbms100", 102, &[0; 8]), Err(Undecodable::Blank));
    assert_eq!(read("browan-tbdw100", 100, &[0; 8]), Err(Undecodable::Blank));
    // For other models an all-zero message is valid.
    assert_eq!(occupancy(&read("bosch-tps110", 1, &[0])), Some(Vacant));
}

#[test]
fn browan_port_103_is_two_models_by_length() {
    let short =
        read("browan-tabs", 103, &[0x08, 0xab, 0x35, 0x22, 0xff, 0xff, 0xff, 0xff]).expect("a reading");
    assert_eq!((short.temperature_c, short.extra("co2")), (Some(21.0), None));
    let long = [0x61, 0x0b, 0x35, 0x1e, 0xbf, 0x03, 0x01, 0x00, 0x51, 0x00, 0x36];
    assert_eq!(read("browan-tabs", 103, &long).expect("a reading").temperature_c, Some(22.0));
    assert_eq!(read("browan-tabs", 103, &long[..10]), Err(Undecodable::WrongLength { found: 10 }));
}

#[test]
fn nwave_state_is_bit_0_and_not_bit_7() {
    assert_eq!(occupancy(&read("nwave-nps405", 1, &[0x80])), Some(Vacant));
    assert_eq!(occupancy(&read("nwave-nps405", 1, &[0x01])), Some(Occupied));
    assert_eq!(occupancy(&read("nwave-nps310", 1, &[0xfe])), Some(Vacant));
}

#[test]
fn nwave_time_is_compressed_in_three_steps() {
    for (compressed, minutes) in [(0, 0), (89, 89), (90, 90), (119, 235), (120, 240), (126, 600), (127, 660)]
    {
        let reading = read("nwave-nps405", 1, &[compressed << 1]).expect("a reading");
        assert_eq!(
            reading.extra("previous_state_minutes"),
            Some(&Measured::Integer(minutes)),
            "{compressed}"
        );
    }
}

#[test]
fn nwave_tag_without_occupancy_is_unknown_and_not_vacant() {
    assert_eq!(occupancy(&read("nwave-nps405", 10, &[0xd0, 0x20, 0x1f, 0x34, 0x56, 0x78])), Some(Unknown));
}

#[test]
fn nwave_heartbeat_of_later_firmware_is_longer() {
    let reading = read("nwave-nps405", 2, &[0x00, 0xd3, 0xd8, 0x00, 0x59, 0x0b]).expect("a reading");
    assert_eq!((reading.battery_v, reading.temperature_c), (Some(3.344), Some(-10.0)));
}

#[test]
fn milesight_distance_is_on_channel_3_or_4_by_model_on_any_port() {
    for port in [1, 85, 207] {
        for (codec, channel) in
            [("milesight-em310-udl", 3), ("milesight-em400", 4), ("milesight", 3), ("milesight", 4)]
        {
            let reading =
                read(codec, port, &[0x01, 0x75, 0x5c, channel, 0x82, 0x44, 0x08]).expect("a reading");
            assert_eq!((reading.distance_mm, reading.kind), (Some(2116), Kind::Distance), "{codec}");
        }
    }
}

#[test]
fn milesight_channel_4_of_a_vs330_is_its_calibration() {
    let data = [0x03, 0x8e, 0x01, 0x04, 0x8e, 0x00];
    assert_eq!(occupancy(&read("milesight-vs330", 85, &data)), Some(Occupied));
}

#[test]
fn milesight_channels_of_type_0_depend_on_the_model() {
    let data = [0x03, 0x00, 0x01];
    assert_eq!(occupancy(&read("milesight-vs340", 85, &data)), Some(Occupied));
    assert_eq!(occupancy(&read("milesight-ws202", 85, &data)), Some(Occupied));
    assert_eq!(occupancy(&read("milesight-ws301", 85, &data)), Some(Unknown));
    assert_eq!(occupancy(&read("milesight", 85, &data)), Some(Unknown));
    assert_eq!(read("milesight-em310-udl", 85, &data), Err(Undecodable::UnknownMessage));
}

#[test]
fn milesight_error_codes_are_not_distances() {
    let reading = read("milesight-em400", 85, &[0x04, 0x82, 0xff, 0xff]).expect("a reading");
    assert_eq!((reading.distance_mm, reading.faults), (None, vec![Fault::OutOfRange]));
}

#[test]
fn milesight_start_answers_and_history_have_no_occupancy() {
    let start =
        [0xff, 0x0b, 0xff, 0xff, 0x01, 0x01, 0xff, 0x16, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0x0a, 0x01, 0x10];
    let start = read("milesight-vs340", 85, &start).expect("a reading");
    assert_eq!(
        (start.kind, start.occupancy, start.firmware.as_deref()),
        (Kind::Startup, Unknown, Some("1.10"))
    );
    let answer = read("milesight-vs340", 85, &[0xfe, 0x03, 0x03, 0x00, 0x01]).expect("a reading");
    assert_eq!((answer.kind, answer.occupancy), (Kind::ConfigResponse, Unknown));
    let history = read("milesight-em500-udl", 85, &[0x20, 0xce, 1, 2, 3, 4, 5, 6]).expect("a reading");
    assert_eq!((history.kind, history.distance_mm), (Kind::History, None));
}

#[test]
fn bosch_firmware_is_not_reversed() {
    let data = [0, 0, 0, 0, 0x99, 2, 0, 0xd1, 0, 5, 0, 0, 0, 0x1d, 2, 2, 0];
    let reading = read("bosch-tps110", 3, &data).expect("a reading");
    assert_eq!(reading.firmware.as_deref(), Some("0.29.2"));
    assert_eq!(reading.extra("reset_cause"), Some(&Measured::Text("power_on".into())));
}

#[test]
fn kuando_reports_red_blue_green() {
    let mut data = [0; 24];
    data[16..21].copy_from_slice(&[255, 1, 2, 100, 0]);
    let reading = read("kuando-busylight", 15, &data).expect("a reading");
    let colour = ["red", "green", "blue"].map(|name| reading.extra(name).cloned());
    assert_eq!(colour, [255, 2, 1].map(|part| Some(Measured::Integer(part))));
    assert_eq!(reading.occupancy, Unknown);
}

#[test]
fn libelium_v1_is_refused_and_v2_has_its_temperature_elsewhere() {
    assert_eq!(read("libelium-smart-parking", 3, &[0x80; 12]), Err(Undecodable::WrongLength { found: 12 }));
    let data = [0x81, 0x14, 0x16, 0x00, 0x11, 0xf3, 0x5a, 0x10, 0x95, 0xf3, 0xb5];
    let v2 = read("libelium-smart-parking-v2", 3, &data).expect("a reading");
    let v3 = read("libelium-smart-parking", 3, &data).expect("a reading");
    assert_eq!((v2.temperature_c, v3.temperature_c), (Some(17.0), Some(0.0)));
    assert_eq!((v2.occupancy, v3.occupancy), (Occupied, Occupied));
}

#[test]
fn netvox_low_battery_is_a_bit_in_the_voltage_and_other_models_are_refused() {
    let mut data = [0x01, 0x59, 0x01, 0x9e, 0x00, 0, 0, 0, 0, 0, 0];
    let reading = read("netvox-r719a", 6, &data).expect("a reading");
    assert_eq!((reading.battery_v, reading.occupancy), (Some(3.0), Vacant));
    assert!(reading.has(Fault::BatteryLow));
    data[1] = 0x0b;
    assert_eq!(read("netvox-r719a", 6, &data), Err(Undecodable::UnknownMessage));
}

#[test]
fn dingtek_state_is_the_high_nibble_and_the_low_one_an_alarm() {
    let mut data = *b"\x80\x00\x02\x01\x15\x00\x00\x00\x00\x01\x6f\x00\x79\xff\xb0\xff\xf5\x00\x00\x00\x81";
    data[7] = 0x01;
    assert_eq!(occupancy(&read("dingtek-do200", 3, &data)), Some(Vacant));
    data[7] = 0x10;
    assert_eq!(occupancy(&read("dingtek-do200", 3, &data)), Some(Occupied));
}

/// A frame of a Moko LW009 with these tags; no vectors are published.
fn moko(encrypted: u8, tags: &[u8]) -> Vec<u8> {
    let length = u8::try_from(tags.len()).expect("a short frame");
    [&[0xed, 1, 0x66, 0, 0, 0, 0, 7, 0, length, 1, encrypted], tags].concat()
}

#[test]
fn moko_event_and_state_must_agree() {
    let decoded = |tags: &[u8]| occupancy(&read("moko-lw009", 1, &moko(0, tags)));
    assert_eq!(decoded(&[0x02, 1, 0x0c]), Some(Occupied));
    assert_eq!(decoded(&[0x02, 1, 0x0b]), Some(Vacant));
    assert_eq!(decoded(&[0x02, 1, 0x00, 0x32, 1, 1]), Some(Occupied));
    assert_eq!(decoded(&[0x02, 1, 0x0c, 0x32, 1, 0]), Some(Unknown));
    assert_eq!(decoded(&[0x24, 1, 90]), Some(Unknown));
}

#[test]
fn moko_faults_batteries_and_encrypted_frames() {
    let data = moko(0, &[0x02, 1, 0x0d, 0x24, 1, 90, 0x29, 2, 0x0e, 0x10, 0x0b, 1, 0xff, 0x77, 2, 0, 0]);
    let reading = read("moko-lw009", 1, &data).expect("a reading");
    assert_eq!((reading.kind, reading.faults), (Kind::SensorError, vec![Fault::Interference]));
    assert_eq!(
        (reading.battery_pct, reading.battery_v, reading.temperature_c),
        (Some(90), Some(3.6), Some(-1.0))
    );
    assert_eq!(read("moko-lw009", 1, &moko(1, &[0x02, 1, 0x0c])), Err(Undecodable::Encrypted));
}

#[test]
fn dragino_distances_that_were_not_measured_are_absent() {
    let mut lidar = [0x0d, 0x5c, 0, 0, 0x0b, 0x18, 0x01, 0xb1, 0, 0x1e, 1];
    assert_eq!(read("dragino-llds12", 2, &lidar).expect("a reading").distance_mm, Some(2840));
    lidar[6..8].copy_from_slice(&[0, 99]);
    assert_eq!(read("dragino-llds12", 2, &lidar).expect("a reading").distance_mm, None);
    let ultrasonic = |distance: [u8; 2]| {
        let data = [0x0b, 0x45, distance[0], distance[1], 0, 0, 0, 1];
        read("dragino-ldds75", 2, &data).expect("a reading")
    };
    // 2821 mm, and not the battery's 2885.
    assert_eq!(ultrasonic([0x0b, 0x05]).distance_mm, Some(2821));
    assert_eq!(ultrasonic([0x00, 0x14]).faults, [Fault::OutOfRange]);
    assert_eq!(ultrasonic([0x00, 0x00]).kind, Kind::SensorError);
}

#[test]
fn decentlab_without_valid_samples_has_no_distance() {
    let reading =
        read("decentlab-dl-mbx", 1, &[2, 1, 0x2f, 0, 3, 0x04, 0xd2, 0, 0, 0x0b, 0xb1]).expect("a reading");
    assert_eq!((reading.distance_mm, reading.battery_v), (None, Some(2.993)));
    let mut lidar = vec![2, 0x11, 0xc9, 0, 3];
    let words: [u16; 12] = [900, 850, 3000, 870, 1, 2, 3, 4, 5, 12, 99, 2749];
    lidar.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    assert_eq!(read("decentlab-dl-lid", 1, &lidar).expect("a reading").distance_mm, Some(870));
}

#[test]
fn placepod_state_overrides_the_keep_alive_and_ignores_unknown_channels() {
    let data = [0x37, 0x66, 0x00, 0x15, 0x66, 0x01, 0xca, 0xfe, 0xba, 0xbe];
    assert_eq!(occupancy(&read("pni-placepod", 1, &data)), Some(Occupied));
    assert_eq!(read("pni-placepod", 1, &data[6..]), Err(Undecodable::UnknownMessage));
    let recalibrated = read("pni-placepod", 1, &[0x21, 0x00, 0xff]).expect("a reading");
    assert_eq!((recalibrated.kind, recalibrated.extra("vehicles")), (Kind::Count, None));
}

#[test]
fn objects_count_only_with_booleans_or_words() {
    let decoded = |codec: &str, value: Value| {
        let object = object(value);
        let frame = Frame { f_port: 2, data: &[1], object: Some(&object), encrypted: false };
        occupancy(&by_name(codec).expect("a codec").decode(&frame))
    };
    assert_eq!(decoded("fleximodo", json!({"parkingStatus": "FREE", "statusChanged": true})), Some(Vacant));
    assert_eq!(decoded("fleximodo", json!({"parkingStatus": "BUSY"})), Some(Occupied));
    assert_eq!(decoded("fleximodo", json!({"parkingStatus": "OCCUPIED"})), Some(Occupied));
    assert_eq!(decoded("fleximodo", json!({"parkingStatus": "CALIBRATING"})), None);
    assert_eq!(decoded("object", json!({"occupied": true})), Some(Occupied));
    assert_eq!(decoded("object", json!({"occupancy": "vacant"})), Some(Vacant));
    // Possibly one person, and a contradiction.
    assert_eq!(decoded("object", json!({"occupancy": 1})), None);
    assert_eq!(decoded("object", json!({"occupied": true, "occupancy": false})), None);
    assert_eq!(decoded("object", json!({})), None);
}

#[test]
fn the_owners_choice_takes_precedence_and_is_never_replaced() {
    let motion = frame(102, &[0x01, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0]);
    assert_eq!(chosen(Some("bosch-tps110"), Some("TBMS100"), &motion), Ok("bosch-tps110"));
    let unknown = Undecodable::UnknownCodec { name: "tbms-100".into() };
    assert_eq!(chosen(Some("tbms-100"), Some("TBMS100"), &motion), Err(unknown));
    assert_eq!(read("bosch-tps110", 102, motion.data), Err(Undecodable::UnknownPort { port: 102 }));
}

#[test]
fn without_a_choice_the_profile_then_the_object_then_the_layout_decides() {
    let busy = object(json!({"parkingStatus": "BUSY"}));
    let occupied = object(json!({"occupied": true}));
    let motion = frame(102, &[0x01, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0]);
    let with = |object| Frame { object: Some(object), ..motion };
    assert_eq!(chosen(None, Some("Nwave NPS405"), &with(&busy)), Ok("nwave-nps405"));
    assert_eq!(chosen(None, Some("Default profile"), &with(&busy)), Ok("fleximodo"));
    assert_eq!(chosen(None, None, &with(&occupied)), Ok("object"));
    assert_eq!(chosen(None, None, &motion), Ok("browan-tabs"));
    assert_eq!(chosen(None, None, &frame(85, &[0x01, 0x75, 0x5c])), Ok("milesight"));
}

#[test]
fn a_stored_uplink_is_decoded_by_its_profile_or_by_the_chosen_codec() {
    let stored = include_str!("../golden/uplinks/UplinkReceived.1.json");
    let UplinkEvent::UplinkReceived(uplink) = serde_json::from_str(stored).expect("an event") else {
        panic!("an uplink")
    };
    let by_profile = interpret(&uplink, None).expect("a reading");
    assert_eq!((by_profile.codec.name, by_profile.occupancy), ("browan-tbms100", Occupied));
    assert_eq!(interpret(&uplink, Some("nwave-nps405")), Err(Undecodable::UnknownPort { port: 102 }));
    let encrypted = UplinkReceived { encrypted: true, ..*uplink };
    assert_eq!(interpret(&encrypted, None), Err(Undecodable::Encrypted));
}

#[test]
fn an_ambiguous_frame_has_no_codec() {
    // Bosch, Nwave G3 and Nwave G4 all send one byte on ports 1 and 2; Decentlab's models share their header.
    for ambiguous in
        [frame(1, &[1]), frame(2, &[0]), frame(1, &[2, 1, 0x2f, 0, 3, 4, 0xd2, 0, 1, 0x0b, 0xb1])]
    {
        assert_eq!(chosen(None, Some("Default profile"), &ambiguous), Err(Undecodable::NoCodec));
    }
    assert_eq!(chosen(None, None, &frame(0, &[])), Err(Undecodable::MacOnly));
}
