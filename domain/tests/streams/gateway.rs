//! The `gateway` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::gateway::{
    Definition, Gateway, GatewayCommand, GatewayEvent, GatewayPatch, GatewayRefusal, gateway_eui_of,
    gateway_id,
};
use parking_domain::geo::{NotAPosition, Position};
use parking_domain::id::{SiteId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::GatewayEui;
use parking_domain::patch::Patch;

use crate::scenario::{self, Given, fold};
use serde_json::json;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn given(events: impl IntoIterator<Item = GatewayEvent>) -> Given<Gateway> {
    scenario::given(events)
}

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked(tenant_id: TenantId) -> Asked {
    Asked { tenant_id, by: BY, at: at() }
}

fn owner() -> TenantId {
    Uuid::from_u128(10).into()
}

fn other() -> TenantId {
    Uuid::from_u128(11).into()
}

fn roof() -> Definition {
    Definition {
        name: "Roof".into(),
        description: None,
        location: None,
        position: None,
        altitude: None,
        site_id: None,
        metadata: Document::default(),
    }
}

fn registered() -> GatewayEvent {
    GatewayEvent::GatewayRegistered { tenant_id: owner(), definition: Box::new(roof()), at: at(), by: BY }
}

fn updated(definition: Definition) -> GatewayEvent {
    GatewayEvent::GatewayUpdated { definition: Box::new(definition), at: at(), by: BY }
}

fn removed() -> GatewayEvent {
    GatewayEvent::GatewayRemoved { at: at(), by: BY }
}

fn register(tenant_id: TenantId, definition: Definition) -> GatewayCommand {
    GatewayCommand::RegisterGateway { definition: Box::new(definition), asked: asked(tenant_id) }
}

fn update(tenant_id: TenantId, patch: GatewayPatch) -> GatewayCommand {
    GatewayCommand::UpdateGateway { patch: Box::new(patch), asked: asked(tenant_id) }
}

fn remove(tenant_id: TenantId) -> GatewayCommand {
    GatewayCommand::RemoveGateway { asked: asked(tenant_id) }
}

#[test]
fn an_unregistered_gateway_can_be_registered() {
    given([]).when(register(owner(), roof())).then([registered()]);
    let again = GatewayEvent::GatewayRegistered {
        tenant_id: other(),
        definition: Box::new(roof()),
        at: at(),
        by: BY,
    };
    given([registered(), removed()]).when(register(other(), roof())).then([again]);
}

#[test]
fn a_registered_gateway_cannot_be_registered() {
    for tenant_id in [owner(), other()] {
        given([registered()])
            .when(register(tenant_id, roof()))
            .then_refused(GatewayRefusal::GatewayAlreadyRegistered);
    }
}

#[test]
fn an_update_changes_only_the_fields_it_sets_or_clears() {
    let (site_id, position): (SiteId, _) =
        (Uuid::from_u128(5).into(), Position { latitude: 45.7, longitude: 4.8 });
    let patch = GatewayPatch {
        name: Some("Mast".into()),
        description: Patch::Set("on the mast".into()),
        location: Patch::Set("north".into()),
        position: Patch::Set(position),
        altitude: Patch::Set(171.5),
        site_id: Patch::Set(site_id),
        metadata: Some(serde_json::from_value(json!({"vlan": 4})).expect("an object")),
    };
    let mast = Definition {
        name: "Mast".into(),
        description: Some("on the mast".into()),
        location: Some("north".into()),
        position: Some(position),
        altitude: Some(171.5),
        site_id: Some(site_id),
        metadata: patch.metadata.clone().expect("set above"),
    };
    given([registered()]).when(update(owner(), patch)).then([updated(mast.clone())]);
    let clear = GatewayPatch { position: Patch::Clear, altitude: Patch::Clear, ..GatewayPatch::default() };
    let cleared = Definition { position: None, altitude: None, ..mast.clone() };
    given([registered(), updated(mast)]).when(update(owner(), clear)).then([updated(cleared)]);
}

#[test]
fn an_update_without_changes_gives_no_event() {
    given([registered()]).when(update(owner(), GatewayPatch::default())).then_nothing();
    let same = GatewayPatch { name: Some("Roof".into()), site_id: Patch::Clear, ..GatewayPatch::default() };
    given([registered()]).when(update(owner(), same)).then_nothing();
}

#[test]
fn a_definition_out_of_bounds_is_refused() {
    let refused = |definition: Definition, refusal: GatewayRefusal| {
        given([]).when(register(owner(), definition)).then_refused(refusal);
    };
    for bad in ["", " ", &"a".repeat(256)] {
        refused(Definition { name: bad.into(), ..roof() }, GatewayRefusal::GatewayNameInvalid);
        let patch = GatewayPatch { name: Some(bad.into()), ..GatewayPatch::default() };
        given([registered()]).when(update(owner(), patch)).then_refused(GatewayRefusal::GatewayNameInvalid);
    }
    let nowhere = Some(Position { latitude: 90.1, longitude: 0.0 });
    refused(Definition { position: nowhere, ..roof() }, GatewayRefusal::PositionInvalid(NotAPosition));
    for altitude in [f64::NAN, f64::INFINITY] {
        refused(Definition { altitude: Some(altitude), ..roof() }, GatewayRefusal::AltitudeInvalid);
    }
    let longest = GatewayPatch { name: Some("a".repeat(255)), ..GatewayPatch::default() };
    let expected = Definition { name: "a".repeat(255), ..roof() };
    given([registered()]).when(update(owner(), longest)).then([updated(expected)]);
}

#[test]
fn another_tenants_gateway_is_not_found() {
    for (history, tenant_id) in
        [(vec![], owner()), (vec![registered()], other()), (vec![registered(), removed()], owner())]
    {
        for command in [update(tenant_id, GatewayPatch::default()), remove(tenant_id)] {
            given(history.clone()).when(command).then_refused(GatewayRefusal::GatewayNotFound);
        }
    }
    given([registered()]).when(remove(owner())).then([removed()]);
}

#[test]
fn owner_and_definition_are_accessible() {
    let gateway: Gateway = fold([registered(), updated(Definition { name: "Mast".into(), ..roof() })]);
    assert_eq!(gateway.owner(), Some(owner()));
    assert_eq!(gateway.definition().map(|definition| definition.name.as_str()), Some("Mast"));
    let gateway: Gateway = fold([registered(), removed(), updated(roof())]);
    assert_eq!((gateway.owner(), gateway.definition()), (None, None));
    assert_eq!(Gateway::claims(&registered()), []);
}

#[test]
fn an_altitude_reads_back_exactly() {
    let height = GatewayEvent::GatewayUpdated {
        definition: Box::new(Definition { altitude: Some(7.663_929_491_030_785e-10), ..roof() }),
        at: at(),
        by: BY,
    };
    let stored = serde_json::to_string(&height).expect("serialises");
    assert_eq!(serde_json::from_str::<GatewayEvent>(&stored).expect("deserialises"), height);
}

#[test]
fn a_gateways_uuid_contains_its_eui_and_is_not_a_devices() {
    let eui: GatewayEui = "0016c001f1500001".parse().expect("an EUI");
    let id = gateway_id(eui);
    assert_eq!(id.to_string(), "0016c001-f150-8000-8102-4555492d3634");
    assert_eq!(gateway_eui_of(id), Some(eui));
    assert_eq!(parking_domain::device::dev_eui_of(id), None);
    let device = parking_domain::device::device_id("0016c001f1500001".parse().expect("an EUI"));
    assert_eq!(gateway_eui_of(device), None);
}
