//! `parking decode` as an integrator uses it: what it prints, word for word, and its exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::process::Command;

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
    assert_eq!(decode(&["--model", "TPS110", "01"]).0, Some(2), "the port is missing");
}

#[test]
fn the_models_are_listed() {
    let text = reading(&["--list"]);
    assert_eq!(text, include_str!("decode/list.txt"));
}
