//! Messages that the manufacturers publish and that version 1 of their codec refused or misread, each as short as it is.

use parking_domain::sensors::Occupancy::{self, Occupied, Unknown, Vacant};
use parking_domain::sensors::{Fault, Frame, Kind, Measured, Reading, Undecodable, by_model, by_name};

/// The reading of bytes in hex.
#[track_caller]
fn read(codec: &str, f_port: u8, hex: &str) -> Reading {
    decode(codec, f_port, hex).expect("a reading")
}

fn decode(codec: &str, f_port: u8, hex: &str) -> Result<Reading, Undecodable> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    let data: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect();
    by_name(codec).expect("a codec").decode(&Frame { f_port, data: &data, ..Frame::default() })
}

fn state(reading: &Reading) -> (Kind, Occupancy) {
    (reading.kind, reading.occupancy)
}

fn text(text: &'static str) -> Measured {
    Measured::Text(text.into())
}

#[test]
fn an_alarm_of_the_em500_udl_is_read() {
    let near = read("milesight-em500-udl", 85, "83e94408640001");
    assert_eq!((near.kind, near.distance_mm), (Kind::DistanceAlarm, Some(2116)));
    assert_eq!(near.extra("distance_alarm"), Some(&Measured::Flag(true)));
    // A sudden change, and the end of an alarm; the channel that follows is found.
    let sudden = read("milesight-em500-udl", 85, "83e9440864000201755c");
    assert_eq!((sudden.extra("distance_alarm"), sudden.battery_pct), (Some(&Measured::Flag(true)), Some(92)));
    let ended = read("milesight-em500-udl", 85, "83e94408000000");
    assert_eq!(ended.extra("distance_alarm"), Some(&Measured::Flag(false)));
}

#[test]
fn a_distance_whose_unit_is_in_doubt_is_absent() {
    let distance = |value: u16| {
        let [low, high] = value.to_le_bytes();
        let reading = read("milesight-em500-udl", 85, &format!("83e9{low:02x}{high:02x}000001"));
        (reading.distance_mm, reading.has(Fault::OutOfRange))
    };
    assert_eq!(distance(2999), (Some(2999), false));
    assert_eq!(distance(3000), (None, false));
    assert_eq!(distance(10_000), (None, false));
    assert_eq!(distance(10_001), (Some(1000), false));
    assert_eq!(distance(0xfffc), (Some(6553), false));
    assert_eq!(distance(0xfffd), (None, true));
}

#[test]
fn milesight_alarms_of_sudden_changes_and_of_blind_sensors_are_read() {
    let radar = by_model("Milesight EM410-RDL").expect("a codec").name;
    let sudden = read(radar, 85, "9482440864000201755c");
    assert_eq!(
        (sudden.kind, sudden.distance_mm, sudden.battery_pct),
        (Kind::DistanceAlarm, Some(2116), Some(92))
    );
    assert_eq!(sudden.extra("distance_alarm"), Some(&Measured::Flag(true)));
    let exceptions = [
        ("00", Some(2116), vec![]),
        ("01", None, vec![Fault::OutOfRange]),
        ("03", None, vec![Fault::Sensor]),
    ];
    for (code, distance, faults) in exceptions {
        let reading = read(radar, 85, &format!("b4824408{code}"));
        assert_eq!(
            (reading.kind, reading.distance_mm, reading.faults),
            (Kind::DistanceAlarm, distance, faults)
        );
    }
    // A negative distance is not one of 65 m.
    let below_zero = read(radar, 85, "0482f6ff");
    assert_eq!((below_zero.distance_mm, below_zero.faults), (None, vec![Fault::OutOfRange]));
}

#[test]
fn milesight_channels_of_known_length_are_passed_over() {
    for skipped in ["01b9100e", "06c70102", "07a701020304", "0688010203040506070809"] {
        let reading = read("milesight", 85, &format!("{skipped}038e01"));
        assert_eq!(state(&reading), (Kind::Occupancy, Occupied), "{skipped}");
    }
    assert_eq!(read("milesight", 85, "07ba3c0044084508").kind, Kind::History);
    assert_eq!(read("milesight", 85, "f8130100").kind, Kind::ConfigResponse);
    assert_eq!(read("milesight", 85, "f93958020000").kind, Kind::ConfigResponse);
}

#[test]
fn the_parameters_of_a_do200_have_17_bytes() {
    let answer = read("dingtek-do200", 3, "8000020311000b18020a05a0003c000081");
    assert_eq!((state(&answer), answer.firmware.as_deref()), ((Kind::ConfigResponse, Unknown), Some("0.11")));
    // The frame counter of its measurements.
    let counted = read("dingtek-do200", 3, "800002011500000000016f0079ffb0fff500070081");
    assert_eq!(counted.extra("frame_counter"), Some(&Measured::Integer(7)));
}

#[test]
fn an_nwave_tag_without_a_battery_has_5_bytes() {
    let there = read("nwave-nps405", 10, "d11f345678");
    assert_eq!(state(&there), (Kind::UserRegistration, Occupied));
    assert_eq!(there.extra("tag_id"), Some(&text("1F345678")));
    assert_eq!(there.extra("tag_battery"), None);
    assert_eq!(there.extra("previous_state_minutes"), Some(&Measured::Integer(160)));
    assert_eq!(read("nwave-nps405", 10, "e91f345678").occupancy, Occupied);
    assert_eq!(read("nwave-nps405", 10, "d01f345678").occupancy, Unknown);
}

#[test]
fn bosch_reports_a_temperature_on_port_7_and_has_six_causes_of_a_restart() {
    let alarm = read("bosch-tps110", 7, "f6");
    assert_eq!((state(&alarm), alarm.temperature_c), ((Kind::TemperatureAlarm, Unknown), Some(-10.0)));
    assert_eq!(decode("bosch-tps110", 7, "f600"), Err(Undecodable::WrongLength { found: 2 }));
    let cause = |firmware: &str, code: u8| {
        let started = read("bosch-tps110", 3, &format!("{:024}{firmware}{code:02x}01", 0));
        started.extra("reset_cause").cloned()
    };
    for (code, expected) in [(4, "external_pin"), (5, "lockup"), (6, "brownout"), (7, "other")] {
        assert_eq!(cause("002700", code), Some(text(expected)), "{code}");
    }
    assert_eq!(cause("001d02", 4), Some(text("other")));
    assert_eq!(read("bosch-tps110", 4, "002703").firmware.as_deref(), Some("0.39.3"));
}

#[test]
fn a_placepods_count_of_128_is_a_restart() {
    let restarted = read("pni-placepod", 1, "210080");
    assert_eq!((restarted.kind, restarted.extra("vehicles")), (Kind::Startup, None));
    assert_eq!(restarted.extra("counter_reset"), Some(&Measured::Flag(true)));
    assert_eq!(read("pni-placepod", 1, "21007f").extra("vehicles"), Some(&Measured::Integer(127)));
    let kept_alive = read("pni-placepod", 1, "370080");
    assert_eq!((kept_alive.kind, kept_alive.extra("vehicles")), (Kind::Heartbeat, None));
}

#[test]
fn a_placepods_state_is_found_after_its_errors_and_unknown_channels() {
    let error = read("pni-placepod", 1, "050006060003");
    assert_eq!((state(&error), error.has(Fault::Sensor)), ((Kind::SensorError, Unknown), true));
    assert_eq!(error.extra("error_register"), Some(&Measured::Integer(6)));
    let parked = read("pni-placepod", 1, "050000060003156601");
    assert_eq!((state(&parked), parked.has(Fault::Sensor)), ((Kind::Occupancy, Occupied), false));
    assert_eq!(read("pni-placepod", 1, "400207d0376600").occupancy, Vacant);
    // Alone they say nothing.
    assert_eq!(decode("pni-placepod", 1, "400207d0"), Err(Undecodable::UnknownMessage));
}

#[test]
fn a_dds75_lb_is_known_by_name_and_read_on_all_its_ports() {
    let dds75 = by_model("DDS75-LB").expect("a codec").name;
    let measured = read(dds75, 2, "0b450b0500010501");
    assert_eq!((measured.kind, measured.distance_mm), (Kind::Distance, Some(2821)));
    let status = read(dds75, 5, "27010401ff0b45");
    assert_eq!(
        (status.kind, status.firmware.as_deref(), status.battery_v),
        (Kind::ConfigResponse, Some("1.0.4"), Some(2.885))
    );
    assert_eq!(decode(dds75, 5, "28010401ff0b45"), Err(Undecodable::UnknownMessage));
    assert_eq!(read(dds75, 3, "0b450b050105006543210a").kind, Kind::History);
    assert_eq!(read(dds75, 6, "0b050b06").kind, Kind::History);
    let several = read(dds75, 2, "1b450b050b060b070000010501");
    assert_eq!((several.kind, several.battery_v, several.distance_mm), (Kind::History, Some(2.885), None));
    // Below 20 mm a reading is invalid.
    assert_eq!(read(dds75, 2, "0b45000a00").faults, [Fault::OutOfRange]);
}

#[test]
fn an_answer_of_an_llds12_begins_with_3() {
    assert_eq!(read("dragino-llds12", 2, "0301020304050607080901").kind, Kind::ConfigResponse);
}

#[test]
fn the_state_beside_an_unknown_event_of_a_moko_is_valid() {
    let parked = read("moko-lw009", 1, "ed0166000000000700060100020113320101");
    assert_eq!(state(&parked), (Kind::Unknown, Occupied));
    // The same fault twice is one fault.
    assert_eq!(read("moko-lw009", 1, "ed016600000000070006010002010d02010d").faults, [Fault::Interference]);
}
