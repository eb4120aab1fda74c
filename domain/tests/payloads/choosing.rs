//! The codec identified by port and layout alone, if the owner chose none, no profile names a model and there is no
//! object: only frames that no other known model could have sent.

use parking_domain::sensors::{Frame, Undecodable, choose};

/// The first bytes, then zeros up to the length, then the last byte if given.
fn message(first: &[u8], length: usize, last: Option<u8>) -> Vec<u8> {
    let mut data = first.to_vec();
    data.resize(length, 0);
    if let (Some(end), Some(last)) = (data.last_mut(), last) {
        *end = last;
    }
    data
}

#[track_caller]
fn identifies(f_port: u8, data: &[u8], expected: Option<&str>) {
    let frame = Frame { f_port, data, ..Frame::default() };
    let found = choose(None, None, &frame).map(|codec| codec.name);
    assert_eq!(found, expected.ok_or(Undecodable::NoCodec), "port {f_port}: {data:02x?}");
}

#[test]
fn dingtek_has_its_length_between_its_marks() {
    let do200 = Some("dingtek-do200");
    for length in [16, 21, 23] {
        let length_byte = u8::try_from(length).expect("short");
        identifies(3, &message(&[0x80, 0, 1, 1, length_byte], length, Some(0x81)), do200);
        identifies(3, &message(&[0x80, 0, 1, 1, length_byte + 1], length, Some(0x81)), None);
        identifies(3, &message(&[0x80, 0, 1, 1, length_byte], length, Some(0x82)), None);
        identifies(3, &message(&[0x81, 0, 1, 1, length_byte], length, Some(0x81)), None);
        identifies(4, &message(&[0x80, 0, 1, 1, length_byte], length, Some(0x81)), None);
    }
}

#[test]
fn netvox_has_its_type_in_eleven_bytes() {
    let r719a = Some("netvox-r719a");
    for device in [0x59, 0xaf] {
        for report in [0, 1] {
            identifies(6, &message(&[0x01, device, report], 11, None), r719a);
            identifies(6, &message(&[0x01, device, report], 10, None), None);
            identifies(6, &message(&[0x01, device, report], 12, None), None);
        }
        for answer in [0x81, 0x82] {
            identifies(7, &message(&[answer, device], 11, None), r719a);
            identifies(7, &message(&[answer, device], 10, None), None);
        }
        identifies(6, &message(&[0x01, device, 2], 11, None), None);
        identifies(6, &message(&[0x02, device, 1], 11, None), None);
        identifies(7, &message(&[0x83, device], 11, None), None);
    }
    identifies(6, &message(&[0x01, 0x0b, 1], 11, None), None);
}

#[test]
fn kuando_sends_its_status_in_24_or_25_bytes() {
    for (length, codec) in
        [(23, None), (24, Some("kuando-busylight")), (25, Some("kuando-busylight")), (26, None)]
    {
        identifies(15, &message(&[], length, None), codec);
    }
    identifies(16, &message(&[], 24, None), None);
}

#[test]
fn milesight_begins_with_its_battery_or_with_its_start() {
    let milesight = Some("milesight");
    identifies(85, &[0x01, 0x75, 0], milesight);
    identifies(85, &[0x01, 0x75, 100, 0x03], milesight);
    identifies(85, &[0x01, 0x75, 101], None);
    identifies(85, &[0x01, 0x75], None);
    identifies(85, &[0xff, 0x0b, 0xff], milesight);
    identifies(85, &[0xff, 0x0b, 0xfe], None);
    identifies(84, &[0x01, 0x75, 92], None);
}

#[test]
fn tabs_have_a_length_for_each_port_and_no_temperature_above_95_degrees() {
    let lengths: [(u8, &[usize]); 7] =
        [(100, &[8]), (103, &[8, 11]), (104, &[6]), (105, &[4]), (106, &[5]), (136, &[11]), (147, &[8, 11])];
    for (port, known) in lengths {
        for length in 3..=12 {
            let expected = known.contains(&length).then_some("browan-tabs");
            identifies(port, &message(&[2, 0xfb, 0x7f], length, None), expected);
            identifies(port, &message(&[2, 0xfb, 0x80], length, None), None);
        }
    }
    identifies(101, &message(&[2, 0xfb, 0x7f], 8, None), None);
}

#[test]
fn a_motion_sensor_uses_one_bit() {
    let tabs = Some("browan-tabs");
    identifies(102, &message(&[0, 0xfb, 0x38], 8, None), tabs);
    identifies(102, &message(&[1, 0xfb, 0x7f], 8, None), tabs);
    identifies(102, &message(&[2, 0xfb, 0x38], 8, None), None);
    identifies(102, &message(&[1, 0xfb, 0x80], 8, None), None);
    identifies(102, &message(&[1, 0xfb, 0x38], 7, None), None);
    identifies(102, &message(&[1, 0xfb, 0x38], 9, None), None);
}
