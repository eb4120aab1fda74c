//! Reports with odd fields: as long as the device can be identified, the report is kept byte for byte and stays readable.

use parking_testkit::TestDatabase;

use crate::log::{Log, position_of};
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

/// An identified report of this device with these additional fields: the JSON text at the end of an object.
fn report(device: u32, fields: &str) -> Vec<u8> {
    let (eui, id) = (dev_eui(device), format!("{device:08x}-0000-4000-8000-000000000000"));
    format!(r#"{{"deduplicationId":"{id}","deviceInfo":{{"devEui":"{eui}"}},{fields}}}"#).into_bytes()
}

/// Like [`report`], with the fields inside `deviceInfo`.
fn report_of(device: u32, device_info: &str) -> Vec<u8> {
    format!(r#"{{"deviceInfo":{{"devEui":"{}",{device_info}}}}}"#, dev_eui(device)).into_bytes()
}

fn nested(levels: usize) -> String {
    format!(r#""object":{{"a":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels))
}

/// All odd reports, each of a different device.
fn odd_reports() -> Vec<Vec<u8>> {
    let in_report = [
        nested(200),
        nested(100_000),
        r#""fCnt":1,"fCnt":2,"fCnt":"x","a":1,"a":{},"object":{"k":1,"k":2}"#.into(),
        r#""object":{"n":1e999999,"m":-1e999999,"i":123456789012345678901234567890}"#.into(),
        r#""object":{"tiny":1e-999999,"zero":-0,"exact":9007199254740993,"third":0.1}"#.into(),
        r#""fCnt":99999999999999999999"#.into(),
        r#""fCnt":-1"#.into(),
        r#""fCnt":1.5"#.into(),
        r#""fCnt":4294967295"#.into(),
        r#""fCnt":4294967296"#.into(),
        r#""fPort":300,"dr":-1,"txInfo":{"frequency":1e300}"#.into(),
        r#""rxInfo":[{"rssi":1e300,"snr":-1e308},{"rssi":99999999999},{"snr":"NaN"},{"snr":"-Infinity"}]"#.into(),
        r#""time":1,"devAddr":2,"adr":"no","dr":{},"fCnt":[],"fPort":"x","confirmed":7,"data":[1],"object":3,"#
            .to_owned()
            + r#""rxInfo":{"gatewayId":1},"txInfo":[],"regionConfigId":null,"joinServerContext":"y""#,
        r#""rxInfo":[null,1,"x",[],{"gatewayId":5,"rssi":"x","snr":{},"nsTime":3},{"gatewayId":"zz"}]"#.into(),
        r#""time":null,"devAddr":null,"fCnt":null,"fPort":null,"data":null,"object":null,"rxInfo":null"#.into(),
        r#""time":"0000-01-01T00:00:00+23:59","rxInfo":[{"nsTime":"9999-12-31T23:59:59-23:59"}]"#.into(),
        r#""time":"9999-12-31T23:59:60.999999999Z","rxInfo":[{"nsTime":"0000-01-01T00:00:00Z"}]"#.into(),
        r#""data":"not base64!""#.into(),
        r#""data":"AfA=","data":"AfA""#.into(),
        r#""object":{"\u0000":"\u0000","a\u0000b":["\u0000"]},"\u0000":"\u0000""#.into(),
        r#""object":{"s":"\ud800","t":"\udc00\ud800"},"devAddr":"\ud800""#.into(),
        r#""object":{"é":"\u00e9\ud83d\ude00","quote":"\"\\\/\b\f"}"#.into(),
        r#""tags":{"__proto__":1},"object":{"constructor":{"$where":"'; drop table events; --"}}"#.into(),
        format!(r#""rxInfo":[{}]"#, vec!["{}"; 80_000].join(",")),
        format!(r#""object":{{"n":[{}]}}"#, vec!["1e15"; 50_000].join(",")),
        format!(r#""object":{{"s":"{}"}}"#, "\\u0001".repeat(40_000)),
        format!(r#""deduplicationId":"{}""#, "x".repeat(200_000)),
        r#""deduplicationId":"a\u0000b""#.into(),
        r#""deduplicationId":{"a":[1]},"fCnt":3"#.into(),
        " \r\n\t\"fCnt\" : 4 ".into(),
    ];
    let in_device_info = [
        r#""deviceName":"\u0000","deviceProfileName":"a\u0000b""#.to_owned(),
        r#""deviceName":"\ud800","tags":{"\u0000":"\u0000"}"#.to_owned(),
        r#""deviceName":7,"deviceProfileName":{},"tags":[]"#.to_owned(),
        format!(r#""deviceName":"{}""#, "n".repeat(200_000)),
    ];
    let (first, second) = (0.., 1000..);
    let in_report = first.zip(in_report).map(|(device, fields)| report(device, &fields));
    let in_device_info = second.zip(in_device_info).map(|(device, fields)| report_of(device, &fields));
    in_report.chain(in_device_info).collect()
}

/// The number of devices in the read model, once it has reached the end of the log.
async fn orphans(client: &Client, reports: usize) -> i64 {
    let position = position_of(reports);
    let path = format!("/api/v6/orphan-devices?page_size=500&min_position={position}");
    client.get(&path).await.json()["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_report_with_an_odd_field_is_kept() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let reports = odd_reports();
    let count = i64::try_from(reports.len()).unwrap();
    for body in &reports {
        println!("{:.200}", String::from_utf8_lossy(body));
        server.client.post(UPLINK, body.clone()).await.accepted();
        server.client.post(UPLINK, body.clone()).await.duplicate();
    }
    let stored = Log::of(&database).whole().await;
    assert!(stored.iter().map(|event| &event.body).eq(&reports));
    assert_eq!(orphans(&server.client, reports.len()).await, count, "every device shows up");

    // The stored reports can be read back by a server without anything in memory, and by the read model.
    server.kill().await;
    let server = TestServer::start(&database).await;
    for body in &reports {
        println!("{:.200}", String::from_utf8_lossy(body));
        server.client.post(UPLINK, body.clone()).await.duplicate();
    }
    assert!(!server.log().contains("panicked"));
}

#[tokio::test]
async fn an_object_of_any_depth_can_be_read_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let depths = 100..140;
    let reports: Vec<_> =
        depths.clone().map(|depth| report(u32::try_from(depth).unwrap(), &nested(depth))).collect();
    for body in &reports {
        server.client.post(UPLINK, body.clone()).await.accepted();
    }
    server.kill().await;
    let server = TestServer::start(&database).await;
    for (depth, body) in depths.clone().zip(&reports) {
        let answer = server.client.post(UPLINK, body.clone()).await;
        assert_eq!(answer.status, 200, "depth {depth}: {answer:?}");
    }
    let count = i64::try_from(depths.len()).unwrap();
    assert_eq!(orphans(&server.client, reports.len()).await, count, "every device shows up");
}

/// A key older than the window of recent keys is looked up in the stream, regardless of the stream's other contents.
#[tokio::test]
async fn a_report_older_than_the_window_is_kept_despite_a_nul_in_an_object() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut odd = uplink(1, 100);
    odd["object"] = serde_json::json!({"a": "\0", "\0": 1});
    client.post(UPLINK, odd.to_string()).await.accepted();
    for f_cnt in 101..201 {
        client.post(UPLINK, uplink(1, f_cnt).to_string()).await.accepted();
    }
    client.post(UPLINK, odd.to_string()).await.duplicate();
    client.post(UPLINK, uplink(1, 1).to_string()).await.accepted();
}

/// JSON's grammar allows half a surrogate pair anywhere in a string, including names.
#[tokio::test]
async fn a_report_with_half_a_surrogate_pair_in_a_field_name_is_kept() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    client.post(UPLINK, report(1, r#""object":{"\ud800":1}"#)).await.accepted();
    client.post(UPLINK, report(2, r#""rxInfo":[{"\ud800":1}]"#)).await.accepted();
    client.post(UPLINK, report(3, r#""\ud800":1"#)).await.accepted();
    client.post(UPLINK, report_of(4, r#""\ud800":1"#)).await.accepted();
}
