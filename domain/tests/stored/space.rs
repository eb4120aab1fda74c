//! The stored form of every event of a `space` stream. These files never change: the current program must parse them,
//! and must serialise the newest version identically.

use parking_domain::actor::Actor;
use parking_domain::document::Document;
use parking_domain::geo::Position;
use parking_domain::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::policy::PolicyOverrides;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::space::{
    Confirmation, Definition, Details, OverrideKind, PaymentStatus, SpaceEvent, StateByHand, Window,
};
use parking_domain::stored::{Event, decode};
use serde_json::{Value, json};
use uuid::Uuid;

const FILES: [(&str, &str); 20] = [
    ("SpaceCreated", include_str!("../golden/space/SpaceCreated.1.json")),
    ("SpaceUpdated", include_str!("../golden/space/SpaceUpdated.1.json")),
    ("SpaceCodeChanged", include_str!("../golden/space/SpaceCodeChanged.1.json")),
    ("SpaceDeleted", include_str!("../golden/space/SpaceDeleted.1.json")),
    ("StateSetByHand", include_str!("../golden/space/StateSetByHand.1.json")),
    ("OverrideSet", include_str!("../golden/space/OverrideSet.1.json")),
    ("OverrideStarted", include_str!("../golden/space/OverrideStarted.1.json")),
    ("OverrideEnded", include_str!("../golden/space/OverrideEnded.1.json")),
    ("OverrideCleared", include_str!("../golden/space/OverrideCleared.1.json")),
    ("ReservationBooked", include_str!("../golden/space/ReservationBooked.1.json")),
    ("ReservationRescheduled", include_str!("../golden/space/ReservationRescheduled.1.json")),
    ("ReservationAmended", include_str!("../golden/space/ReservationAmended.1.json")),
    ("ReservationCancelled", include_str!("../golden/space/ReservationCancelled.1.json")),
    ("ReservationApproached", include_str!("../golden/space/ReservationApproached.1.json")),
    ("ReservationStarted", include_str!("../golden/space/ReservationStarted.1.json")),
    ("ReservationConfirmed", include_str!("../golden/space/ReservationConfirmed.1.json")),
    ("ReservationCheckedOut", include_str!("../golden/space/ReservationCheckedOut.1.json")),
    ("ReservationCompleted", include_str!("../golden/space/ReservationCompleted.1.json")),
    ("ReservationExpired", include_str!("../golden/space/ReservationExpired.1.json")),
    ("ReservationNotTakenUp", include_str!("../golden/space/ReservationNotTakenUp.1.json")),
];

fn id<Id: From<Uuid>>(number: u128) -> Id {
    Uuid::from_u128(0x0193_59d7_7a4b_7000_8000_0000_0000_0000 + number).into()
}

fn time(text: &str) -> Instant {
    format!("2026-11-23T{text}Z").parse().expect("a time")
}

fn object(value: Value) -> Document {
    serde_json::from_value(value).expect("an object")
}

fn sealed(bytes: &[u8], hash: Option<&str>) -> Sealed {
    let hash = hash.map(|digits| KeyedHash(digits.to_owned()));
    Sealed { subject: id::<ReservationId>(90).uuid(), sealed: bytes.to_vec().into(), hash }
}

fn plain_definition() -> Box<Definition> {
    Box::new(Definition {
        name: "A-001".to_owned(),
        display_name: "Bay 1".to_owned(),
        enabled: true,
        auto_release_minutes: None,
        building: None,
        floor: None,
        zone: None,
        position: None,
        policy: PolicyOverrides::default(),
        config: Document::default(),
        metadata: Document::default(),
    })
}

fn full_definition() -> Box<Definition> {
    Box::new(Definition {
        enabled: false,
        auto_release_minutes: Some(15),
        building: Some("North".to_owned()),
        floor: Some("1".to_owned()),
        zone: Some("A".to_owned()),
        position: Some(Position { latitude: 48.137_154, longitude: 11.576_124 }),
        policy: PolicyOverrides {
            reserved_soon_threshold_sec: Some(600),
            free_color: Some("00ff80".parse().expect("a colour")),
            ..PolicyOverrides::default()
        },
        config: object(json!({"display_policy": {"free": "green"}})),
        metadata: object(json!({"width_cm": 250})),
        ..*plain_definition()
    })
}

fn full_details() -> Box<Details> {
    Box::new(Details {
        user_id: Some(id(91)),
        user_email: Some(sealed(b"sealed e-mail", Some("0f1e2d3c4b5a69788796a5b4c3d2e1f0"))),
        user_name: Some(sealed(b"sealed name", None)),
        user_phone: Some(sealed(b"sealed phone", None)),
        notes: Some(sealed(b"sealed notes", None)),
        request_id: Some("booking 4711".to_owned()),
        external_booking_id: Some("B-4711".to_owned()),
        external_system: Some("hotel".to_owned()),
        reservation_type: Some("guest".to_owned()),
        rate: Some("2.50".to_owned()),
        total_cost: Some("5.00".to_owned()),
        payment_status: PaymentStatus::Paid,
        metadata: object(json!({"plate": "hidden"})),
    })
}

fn every_event() -> Vec<SpaceEvent> {
    let (tenant_id, site_id): (TenantId, SiteId) = (TenantId::DEFAULT, SiteId::DEFAULT);
    let space_id: SpaceId = id(1);
    let reservation_id: ReservationId = id(2);
    let override_id: OverrideId = id(3);
    let by = Actor::User(id(4));
    let (at, due) = (time("10:34:37.566168"), time("10:30:00"));
    let window = Window { start: time("10:30:00"), end: time("12:30:00") };
    vec![
        SpaceEvent::SpaceCreated {
            tenant_id,
            site_id,
            code: "A-001".to_owned(),
            definition: plain_definition(),
            at,
            by,
        },
        SpaceEvent::SpaceUpdated { definition: full_definition(), at, by },
        SpaceEvent::SpaceCodeChanged { site_id, from: "A-001".to_owned(), to: "A-002".to_owned(), at, by },
        SpaceEvent::SpaceDeleted {
            space_id,
            site_id,
            code: "A-002".to_owned(),
            reason: Some("built over".to_owned()),
            at,
            by,
        },
        SpaceEvent::StateSetByHand {
            state: StateByHand::Maintenance,
            reason: Some("sweeping".to_owned()),
            at,
            by: Actor::ApiKey(id::<ReservationId>(5).uuid()),
        },
        SpaceEvent::OverrideSet {
            override_id,
            kind: OverrideKind::OutOfService,
            from: window.start,
            until: Some(window.end),
            reason: Some("broken barrier".to_owned()),
            notes: Some(sealed(b"sealed notes", None)),
            at,
            by,
        },
        SpaceEvent::OverrideStarted { override_id, due, at },
        SpaceEvent::OverrideEnded { override_id, due, at },
        SpaceEvent::OverrideCleared { override_id, at, by },
        SpaceEvent::ReservationBooked {
            reservation_id,
            tenant_id,
            window,
            details: Box::new(Details { request_id: Some("booking 4711".to_owned()), ..Details::default() }),
            at,
            by,
        },
        SpaceEvent::ReservationRescheduled {
            reservation_id,
            from: window,
            to: Window { end: time("13:00:00"), ..window },
            at,
            by,
        },
        SpaceEvent::ReservationAmended { reservation_id, details: full_details(), at, by },
        SpaceEvent::ReservationCancelled {
            reservation_id,
            reason: Some(sealed(b"sealed reason", None)),
            at,
            by,
        },
        SpaceEvent::ReservationApproached { reservation_id, due, at },
        SpaceEvent::ReservationStarted { reservation_id, due, at },
        SpaceEvent::ReservationConfirmed {
            reservation_id,
            confirmation: Confirmation::Sensor,
            at,
            by: Actor::Sensor("58a0cb0000100001".parse().expect("an EUI")),
        },
        SpaceEvent::ReservationCheckedOut { reservation_id, at, by },
        SpaceEvent::ReservationCompleted { reservation_id, due, at },
        SpaceEvent::ReservationExpired { reservation_id, due, at },
        SpaceEvent::ReservationNotTakenUp { reservation_id, due, at },
    ]
}

fn of_type(event_type: &str) -> SpaceEvent {
    every_event().into_iter().find(|event| event.name() == event_type).expect("every type has its event")
}

#[test]
fn every_type_has_a_file() {
    let files: Vec<_> = FILES.iter().map(|(event_type, _)| (*event_type, "1")).collect();
    assert_eq!(files, SpaceEvent::CATALOGUE);
}

#[test]
fn conformance_76_every_stored_form_of_a_space_parses_as_the_current_event() {
    for (event_type, stored) in FILES {
        let read = decode("space", event_type, "1", stored).expect(event_type);
        assert_eq!(read, Event::Space(of_type(event_type)), "{event_type}");
    }
}

#[test]
fn conformance_76_the_current_event_of_a_space_serialises_to_the_stored_form() {
    for (event_type, stored) in FILES {
        let stored: Value = serde_json::from_str(stored).expect("the file is JSON");
        let written = serde_json::to_value(of_type(event_type)).expect("events serialise");
        assert_eq!(written, stored, "{event_type}: a changed form needs a new version");
    }
}
