//! `parking decode` as an integrator uses it: what it prints, word for word, and its exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Runs the command: its exit code, what it printed, what it complained.
fn decode(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parking"));
    let output = command.arg("decode").args(arguments).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), stdout, stderr)
}

/// What a payload that can be read prints.
fn reading(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = decode(arguments);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    stdout
}

const MOTION: [&str; 4] = ["--model", "TBMS100", "--f-port", "102"];

#[test]
fn a_reading_as_text() {
    let expected = "\
occupancy              occupied
kind                   occupancy
battery                3.6 V
battery                100 %
temperature            24 °C
since_last_event       0 min
count                  4401
codec                  browan-tbms100 1
";
    for payload in ["Afs4AAAxEQA=", "01fb380000311100", "01:FB:38:00:00:31:11:00"] {
        assert_eq!(reading(&[&MOTION[..], &[payload]].concat()), expected, "{payload}");
    }
}

#[test]
fn a_reading_as_json() {
    let expected = r#"{
  "reading": {
    "battery_v": 3.0,
    "codec": {
      "name": "netvox-r719a",
      "version": 1
    },
    "faults": [
      "battery_low"
    ],
    "kind": "occupancy",
    "occupancy": "vacant"
  }
}
"#;
    assert_eq!(reading(&["--f-port", "6", "--json", "0159019e00000000000000"]), expected);
}

#[test]
fn an_unknown_reading_says_why_and_fails() {
    let (code, stdout, stderr) = decode(&["--model", "bosch-tps110", "--f-port", "1", "0102"]);
    let expected = "reading                unknown: the model has no message of 2 bytes on this port\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), expected, ""));
    let (code, stdout, _) = decode(&["--f-port", "1", "--json", "01"]);
    let expected = r#"{
  "detail": "no codec: none is chosen, and neither profile name nor content tells one",
  "reading": null,
  "undecodable": {
    "reason": "no_codec"
  }
}
"#;
    assert_eq!((code, stdout.as_str()), (Some(1), expected));
}

#[test]
fn what_a_network_servers_codec_made_is_read_too() {
    let text = reading(&["--model", "fleximodo", "--f-port", "1", r#"{"parkingStatus": "BUSY"}"#]);
    assert!(text.starts_with("occupancy              occupied\n"), "{text}");
}

#[test]
fn base64_that_reads_as_hex_can_be_told_apart() {
    let hex = reading(&["--model", "milesight", "--f-port", "85", "0367E700"]);
    assert!(hex.contains("temperature            23.1 °C\n"), "{hex}");
    let (_, base64, _) = decode(&["--model", "milesight", "--f-port", "85", "--base64", "0367E700"]);
    assert!(base64.starts_with("reading                unknown"), "{base64}");
}

#[test]
fn what_is_typed_wrong_is_told_in_one_line() {
    let cases = [
        (["--model", "TPS111", "--f-port", "1", "01"], "no codec reads TPS111: `parking decode --list`"),
        (["--model", "TPS110", "--f-port", "1", "01§"], "neither hex nor base64"),
        (["--model", "fleximodo", "--f-port", "1", "{"], "the object is not JSON"),
    ];
    for (arguments, expected) in cases {
        let (code, stdout, stderr) = decode(&arguments);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert!(stderr.contains(expected) && stderr.lines().count() == 1, "{stderr}");
    }
    let cases: [(&[&str], &str); 7] = [
        (&["--model", "TPS110", "01"], "bosch-tps110 reads the ports 1, 2, 3, 4, 5, 6, 7: give --f-port"),
        (&["01"], "these bytes alone tell no codec: give --f-port or --model"),
        (&["01fb380000311100"], "may be of browan-tabs on port 100, browan-tabs on port 102"),
        (
            &["--model", "milesight", "--object", "{}"],
            "milesight reads bytes, not an object: give the payload",
        ),
        (&["--object", "{}", "{}"], "the object is given twice"),
        (&["--event", "no/such/file.json"], "no/such/file.json cannot be read"),
        (&["--f-port", "1", r#"{"deviceInfo": {}}"#], "an event has its own port and object"),
    ];
    for (arguments, expected) in cases {
        let (code, stdout, stderr) = decode(arguments);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(stderr.contains(expected) && stderr.lines().count() == 1, "{stderr}");
    }
    for both in [["--event", "-", "01"], ["--event", "-", "--base64"]] {
        assert_eq!(decode(&both).0, Some(2), "{both:?}");
    }
    assert_eq!(decode(&["--model", "TPS110"]).0, Some(2), "nothing to decode");
}

#[test]
fn a_port_is_needed_only_where_it_tells_something() {
    for arguments in [&["--model", "EM310-UDL"][..], &["--model", "milesight"], &[]] {
        let text = reading(&[arguments, &["01755c03824408"]].concat());
        assert!(text.contains("distance               2116 mm\n"), "{arguments:?}: {text}");
    }
    // The only port of the codec, and the only one that these bytes come on.
    assert!(
        reading(&["--model", "TBMS100", "01fb380000311100"]).starts_with("occupancy              occupied\n")
    );
    let answer = reading(&["8000020311000b18020a05a0003c000081"]);
    assert!(
        answer.contains("firmware               0.11\ncodec                  dingtek-do200 2\n"),
        "{answer}"
    );
}

#[test]
fn the_object_chooses_its_codec() {
    let expected = "\
occupancy              occupied
kind                   occupancy
temperature            21.5 °C
codec                  object 1
";
    let object = r#"{"occupied": true, "temperature": 21.5}"#;
    for arguments in [&["--object", object][..], &[object], &["--object", object, "0102"]] {
        assert_eq!(reading(arguments), expected, "{arguments:?}");
    }
    let parked = reading(&["--object", r#"{"parkingStatus": "BUSY"}"#]);
    assert!(parked.contains("codec                  fleximodo 1\n"), "{parked}");
    // A model given reads its bytes.
    let bytes = reading(&["--model", "TPS110", "-p", "1", "--object", object, "00"]);
    assert!(bytes.starts_with("occupancy              vacant\n"), "{bytes}");
    let (code, stdout, _) = decode(&["--object", r#"{"battery": 80}"#]);
    assert_eq!(
        (code, stdout.as_str()),
        (Some(1), "reading                unknown: there is no decoded object that tells occupancy\n")
    );
}

#[test]
fn a_whole_event_of_chirpstack_is_decoded_as_the_platform_decodes_it() {
    let fixture =
        |name: &str| format!("{}/tests/fixtures/chirpstack-events/{name}", env!("CARGO_MANIFEST_DIR"));
    // The profile of this device tells no model.
    let bosch = fixture("up-templated-bosch-tps110-1.json");
    assert_eq!(decode(&["--event", &bosch]).0, Some(1));
    let text = reading(&["--event", &bosch, "--model", "TPS110"]);
    assert!(
        text.starts_with("occupancy              occupied\nkind                   heartbeat\n"),
        "{text}"
    );
    // Its profile names the manufacturer.
    let leak = fixture("up-2025-rotterdam-em300sld-helium-two-gateways.json");
    let text = reading(&["--event", &leak]);
    assert!(text.contains("codec                  milesight 2\n"), "{text}");
    let body = std::fs::read_to_string(leak).unwrap();
    assert_eq!(reading(&[&body]), text);
    let (code, stdout, stderr) = decode(&["--event", &fixture("up-2024-dragino-lt22222-class-c.json")]);
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(stdout.starts_with("reading                unknown: no codec"), "{stdout}");
}

#[test]
fn an_event_is_read_from_stdin() {
    let event = r#"{"deviceInfo": {"devEui": "58a0cb0000100001", "deviceProfileName": "TBMS100"},
                    "fPort": 102, "data": "Afs4AAAxEQA="}"#;
    let mut command = Command::new(env!("CARGO_BIN_EXE_parking"));
    let command = command.args(["decode", "--event", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), reading(&[event]));
    assert!(reading(&[event]).contains("codec                  browan-tbms100 1\n"));
}

#[test]
fn the_models_are_listed() {
    let text = reading(&["--list"]);
    assert_eq!(text, include_str!("decode/list.txt"));
}
