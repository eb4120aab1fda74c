//! The key that identifies a report, so that a repeated delivery is recognised.
//!
//! ChirpStack gives one `deduplicationId` to the `up`, `status` and `ack` of one uplink, leaves it empty in the `ack`
//! of a class-C time-out, and sends none in `txack` and `log`. The event type is therefore always part of the key, and
//! a report without an id is identified by the facts that cannot change between two deliveries.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::EventKind;
use super::fields::Fields;
use crate::lorawan::DevEui;

/// The namespace of the keys, which are version-5 UUIDs (RFC 9562) so that all have the same size.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1b_3a52_96f4_4d0e_8b7a_5d2f_10e3_c964);

/// A report's identity within its device's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(pub Uuid);

/// The key of a report.
pub(super) fn of(kind: EventKind, dev_eui: DevEui, fields: &Fields<'_>, body: &str) -> EventKey {
    let named = match kind {
        EventKind::Up | EventKind::Join | EventKind::Status | EventKind::Location => {
            fields.text("deduplicationId").map(|id| id.to_ascii_lowercase())
        }
        EventKind::Ack => {
            fields.text("queueItemId").map(|id| format!("{id}|{}", fields.flag("acknowledged")))
        }
        EventKind::TxAck => fields
            .text("queueItemId")
            .map(|id| format!("{id}|{}", fields.integer::<u32>("downlinkId").unwrap_or_default())),
        EventKind::Log => None,
    };
    let name = named.unwrap_or_else(|| match kind {
        EventKind::Log => log_facts(fields),
        _ => canonical(body),
    });
    let name = format!("{}|{dev_eui}|{name}", kind.name());
    EventKey(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

/// The facts that identify a log line: its time, code and context.
fn log_facts(fields: &Fields<'_>) -> String {
    let part = |name| fields.raw(name).map(canonical).unwrap_or_default();
    [part("time"), part("code"), part("context")].join("|")
}

/// JSON with sorted keys, because ChirpStack writes maps in random order. Unparsable text is returned as it is.
fn canonical(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{EventKind, parse};

    const DEVICE: &str = r#""deviceInfo":{"devEui":"58a0cb0000100001"}"#;

    fn key(kind: EventKind, rest: &str) -> super::EventKey {
        parse(kind, format!("{{{DEVICE},{rest}}}").as_bytes()).expect("a report").key
    }

    #[test]
    fn events_of_one_uplink_with_one_deduplication_id_have_different_keys() {
        let id = r#""deduplicationId":"581FE517-7f0e-4a19-bebd-b475e27f4104""#;
        assert_ne!(key(EventKind::Up, id), key(EventKind::Status, id));
        let lower = id.to_lowercase().replace("deduplicationid", "deduplicationId");
        assert_eq!(key(EventKind::Up, id), key(EventKind::Up, &lower));
    }

    #[test]
    fn without_an_id_the_content_is_the_key() {
        let anonymous = |rest: &str| key(EventKind::Up, &format!(r#""deduplicationId":"",{rest}"#));
        assert_ne!(anonymous(r#""fCnt":1"#), anonymous(r#""fCnt":2"#));
        assert_eq!(anonymous(r#""fCnt":1,"fPort":2"#), anonymous(r#""fPort":2, "fCnt":1"#));
    }

    #[test]
    fn a_downlink_event_is_identified_by_its_queue_item_and_its_outcome() {
        let item = r#""queueItemId":"4fb9d05c-bb96-4338-a82d-9cb8eba2ad9f""#;
        let sent = |n| key(EventKind::TxAck, &format!(r#"{item},"downlinkId":{n}"#));
        assert_ne!(sent(1), sent(2));
        let acked =
            |yes| key(EventKind::Ack, &format!(r#"{item},"deduplicationId":"","acknowledged":{yes}"#));
        assert_ne!(acked(true), acked(false));
    }

    #[test]
    fn the_order_of_a_map_does_not_matter() {
        let log = |context| key(EventKind::Log, &format!(r#""code":"OTAA","context":{{{context}}}"#));
        assert_eq!(log(r#""a":"1","b":"2""#), log(r#""b":"2","a":"1""#));
        assert_ne!(log(r#""a":"1""#), log(r#""a":"2""#));
    }
}
