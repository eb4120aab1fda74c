//! The life cycle of a space: creation, changes, deletion, claims, and its state set by hand.

mod state_by_hand;

use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use parking_domain::asked::Asked;
use parking_domain::device::Category;
use parking_domain::document::Document;
use parking_domain::geo::{NotAPosition, Position, PositionPatch};
use parking_domain::id::{SiteId, TenantId};
use parking_domain::patch::Patch;
use parking_domain::policy::PolicyOverrides;
use parking_domain::space::{
    CreateSpace, Definition, DefinitionPatch, DeleteSpace, SetStateByHand, Space, SpaceCommand, SpaceEvent,
    SpaceRefusal, StateByHand, UpdateSpace, claims,
};
use serde_json::{Value, json};

use crate::fixture::*;

fn create(code: &str, definition: DefinitionPatch) -> SpaceCommand {
    let code = code.to_owned();
    let create = CreateSpace { site_id: SiteId::DEFAULT, code, definition, asked: asked(BEFORE) };
    SpaceCommand::CreateSpace(Box::new(create))
}

fn update(definition: DefinitionPatch) -> SpaceCommand {
    update_code(None, definition)
}

fn update_code(code: Option<&str>, definition: DefinitionPatch) -> SpaceCommand {
    let code = code.map(str::to_owned);
    SpaceCommand::UpdateSpace(Box::new(UpdateSpace { code, definition, asked: asked("09:00") }))
}

fn delete(at: &str) -> SpaceCommand {
    SpaceCommand::DeleteSpace(DeleteSpace { space_id: space_id(), reason: None, asked: asked(at) })
}

fn set_state(state: StateByHand) -> SpaceCommand {
    SpaceCommand::SetStateByHand(SetStateByHand { state, reason: None, asked: asked("09:00") })
}

fn code_changed(from: &str, to: &str) -> SpaceEvent {
    let (from, to) = (from.to_owned(), to.to_owned());
    SpaceEvent::SpaceCodeChanged { site_id: SiteId::DEFAULT, from, to, at: t("09:00"), by: user() }
}

fn object(value: Value) -> Document {
    serde_json::from_value(value).expect("an object")
}

/// A patch with every field set, and the definition that it produces from any other.
fn everything() -> (DefinitionPatch, Definition) {
    let position = Position { latitude: 48.1, longitude: 11.5 };
    let policy = PolicyOverrides { debounce_readings: Some(2), ..PolicyOverrides::default() };
    let patch = DefinitionPatch {
        name: Some("Bay 1".to_owned()),
        display_name: Some("1".to_owned()),
        enabled: Some(false),
        auto_release_minutes: Some(15),
        building: Patch::Set("North".to_owned()),
        floor: Patch::Set("2".to_owned()),
        zone: Patch::Set("C".to_owned()),
        position: PositionPatch::set(position),
        policy: Some(policy),
        config: Some(object(json!({"light": "dim"}))),
        metadata: Some(object(json!({"width_cm": 250}))),
    };
    let definition = Definition {
        name: "Bay 1".to_owned(),
        display_name: "1".to_owned(),
        enabled: false,
        auto_release_minutes: Some(15),
        building: Some("North".to_owned()),
        floor: Some("2".to_owned()),
        zone: Some("C".to_owned()),
        position: Some(position),
        policy,
        config: object(json!({"light": "dim"})),
        metadata: object(json!({"width_cm": 250})),
    };
    (patch, definition)
}

#[test]
fn a_space_needs_only_a_code() {
    given([]).when(create("A-001", DefinitionPatch::default())).then([created()]);
}

#[test]
fn the_display_name_defaults_to_the_name() {
    let patch = DefinitionPatch { name: Some("Bay 1".to_owned()), ..DefinitionPatch::default() };
    let (name, display_name) = ("Bay 1".to_owned(), "Bay 1".to_owned());
    given([]).when(create("A-001", patch)).then([created_as(Definition {
        name,
        display_name,
        ..definition()
    })]);
}

#[test]
fn a_space_is_created_with_all_given_fields() {
    let (patch, definition) = everything();
    given([]).when(create("A-001", patch)).then([created_as(definition)]);
}

#[test]
fn an_id_is_used_once_even_after_the_space_is_deleted() {
    let again = || create("B-002", DefinitionPatch::default());
    given([created()]).when(again()).then_refused(SpaceRefusal::SpaceAlreadyCreated);
    given([created(), deleted()]).when(again()).then_refused(SpaceRefusal::SpaceAlreadyCreated);
}

#[test]
fn a_code_is_1_to_50_letters_digits_hyphens_underscores_and_dots() {
    let longest = "x".repeat(50);
    for code in ["1", "TEST-001", "a_b.C-9", &longest] {
        let created = given([]).when(create(code, DefinitionPatch::default()));
        let definition = Definition { name: code.to_owned(), display_name: code.to_owned(), ..definition() };
        created.then([SpaceEvent::SpaceCreated {
            tenant_id: TenantId::DEFAULT,
            site_id: SiteId::DEFAULT,
            code: code.to_owned(),
            definition: Box::new(definition),
            at: t(BEFORE),
            by: user(),
        }]);
    }
    let too_long = "x".repeat(51);
    for code in ["", " ", "A 1", "A/1", "Ä1", "A\n", &too_long] {
        given([]).when(create(code, DefinitionPatch::default())).then_refused(SpaceRefusal::CodeInvalid);
        given([created()])
            .when(update_code(Some(code), DefinitionPatch::default()))
            .then_refused(SpaceRefusal::CodeInvalid);
    }
}

#[test]
fn names_are_1_to_255_characters_and_not_blank() {
    let named = |name: &str| DefinitionPatch { name: Some(name.to_owned()), ..DefinitionPatch::default() };
    let shown =
        |name: &str| DefinitionPatch { display_name: Some(name.to_owned()), ..DefinitionPatch::default() };
    for bad in ["", " \t", &"ä".repeat(256)] {
        let refused = |field| SpaceRefusal::NameInvalid { field };
        given([created()]).when(update(named(bad))).then_refused(refused("name"));
        given([created()]).when(update(shown(bad))).then_refused(refused("display_name"));
        given([]).when(create("A-001", shown(bad))).then_refused(refused("display_name"));
    }
    let longest = "ä".repeat(255);
    let named_so = Definition { name: longest.clone(), ..definition() };
    given([created()]).when(update(named(&longest))).then([updated(named_so, "09:00")]);
}

#[test]
fn auto_release_is_1_to_1440_minutes_and_0_means_none() {
    let waiting =
        |minutes| DefinitionPatch { auto_release_minutes: Some(minutes), ..DefinitionPatch::default() };
    for minutes in [1, 1440] {
        given([]).when(create("A-001", waiting(minutes))).then([created_waiting(minutes)]);
    }
    let refused = SpaceRefusal::AutoReleaseOutOfBounds { minutes: 1441 };
    given([]).when(create("A-001", waiting(1441))).then_refused(refused);
    given([]).when(create("A-001", waiting(0))).then([created()]);
    given([created_waiting(15)]).when(update(waiting(0))).then([updated(definition(), "09:00")]);
}

#[test]
fn a_position_is_within_range() {
    let nowhere = Position { latitude: 90.1, longitude: 0.0 };
    let patch = DefinitionPatch { position: PositionPatch::set(nowhere), ..DefinitionPatch::default() };
    given([created()]).when(update(patch)).then_refused(SpaceRefusal::PositionInvalid(NotAPosition));
}

#[test]
fn a_spaces_policy_overrides_are_within_bounds() {
    let policy = PolicyOverrides { debounce_window_sec: Some(4), ..PolicyOverrides::default() };
    let patch = DefinitionPatch { policy: Some(policy), ..DefinitionPatch::default() };
    match space([created()]).decide(&update(patch)) {
        Err(SpaceRefusal::PolicyOutOfBounds(out)) => assert_eq!(out.field, "debounce_window_sec"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn an_update_changes_only_the_fields_it_sets() {
    let (patch, all) = everything();
    given([created()]).when(update(patch)).then([updated(all.clone(), "09:00")]);
    let patch = DefinitionPatch { enabled: Some(true), ..DefinitionPatch::default() };
    let enabled = Definition { enabled: true, ..all.clone() };
    given([created_as(all.clone())]).when(update(patch)).then([updated(enabled, "09:00")]);
    let patch = DefinitionPatch {
        building: Patch::Clear,
        floor: Patch::Clear,
        zone: Patch::Clear,
        position: PositionPatch::CLEAR,
        ..DefinitionPatch::default()
    };
    let bare = Definition { building: None, floor: None, zone: None, position: None, ..all.clone() };
    given([created_as(all)]).when(update(patch)).then([updated(bare, "09:00")]);
}

#[test]
fn an_update_without_changes_gives_no_event() {
    let (patch, all) = everything();
    given([created_as(all)]).when(update(patch)).then_nothing();
    given([created()]).when(update(DefinitionPatch::default())).then_nothing();
    given([created()]).when(update_code(Some("A-001"), DefinitionPatch::default())).then_nothing();
    given([created_as(everything().1), updated(definition(), BEFORE)])
        .when(update(DefinitionPatch { enabled: Some(true), ..DefinitionPatch::default() }))
        .then_nothing();
}

#[test]
fn a_new_code_gives_a_separate_event() {
    let patch = DefinitionPatch { enabled: Some(false), ..DefinitionPatch::default() };
    let off = Definition { enabled: false, ..definition() };
    given([created()])
        .when(update_code(Some("B-002"), patch))
        .then([updated(off, "09:00"), code_changed("A-001", "B-002")]);
    given([created(), code_changed("A-001", "B-002")])
        .when(update_code(Some("A-001"), DefinitionPatch::default()))
        .then([code_changed("B-002", "A-001")]);
}

#[test]
fn the_description_is_the_latest_one() {
    let (_, all) = everything();
    let space = space([created(), updated(all.clone(), "09:00"), code_changed("A-001", "B-002")]);
    let description = space.description().expect("it exists");
    assert_eq!((description.code.as_str(), &description.definition), ("B-002", &all));
    assert_eq!((description.tenant_id, description.site_id), (TenantId::DEFAULT, SiteId::DEFAULT));
    assert!(!space.is_deleted());
}

#[test]
fn a_space_is_deleted_once() {
    given([created()]).when(delete(BEFORE)).then([deleted()]);
    given([created(), deleted()]).when(delete("09:00")).then_refused(SpaceRefusal::SpaceNotFound);
    let space = space([created(), deleted()]);
    assert!(space.is_deleted() && space.description().is_none());
}

#[test]
fn a_deletion_names_the_current_code() {
    let code = "B-002".to_owned();
    let (space_id, site_id, at, by) = (space_id(), SiteId::DEFAULT, t("09:30"), user());
    given([created(), code_changed("A-001", "B-002")])
        .when(delete("09:30"))
        .then([SpaceEvent::SpaceDeleted { space_id, site_id, code, reason: None, at, by }]);
}

#[test]
fn a_space_with_open_reservations_cannot_be_deleted() {
    let history = [created(), booked(1, "10:00", "11:00"), booked(2, "12:00", "13:00")];
    let refused = |count| SpaceRefusal::SpaceHasReservations { count };
    given(history.clone()).when(delete("09:00")).then_refused(refused(2));
    given(history.clone()).when(delete("11:00")).then_refused(refused(2));
    let over = history.clone().into_iter().chain([expired(1, "11:00", "11:00")]);
    given(over).when(delete("11:00")).then_refused(refused(1));
    given(history.into_iter().chain([cancelled(1, "09:00"), cancelled(2, "09:00")]))
        .when(delete(BEFORE))
        .then([deleted()]);
}

#[test]
fn a_space_exists_from_its_creation_to_its_deletion_for_its_tenant_only() {
    let commands = || {
        [
            update(DefinitionPatch::default()),
            delete("09:00"),
            set_state(StateByHand::Unknown),
            set_override(1, "10:00", None, "09:00"),
            book(1, "10:00", "11:00", "09:00"),
        ]
    };
    given([]).when(cancel(1, "09:00")).then_refused(SpaceRefusal::SpaceNotFound);
    for command in commands() {
        given([]).when(command).then_refused(SpaceRefusal::SpaceNotFound);
    }
    for command in commands() {
        given([created(), deleted()]).when(command).then_refused(SpaceRefusal::SpaceNotFound);
    }
    let foreign = Asked { tenant_id: TenantId::PLATFORM, ..asked("09:00") };
    let foreign = DeleteSpace { space_id: space_id(), reason: None, asked: foreign };
    given([created()]).when(SpaceCommand::DeleteSpace(foreign)).then_refused(SpaceRefusal::SpaceNotFound);
}

#[test]
fn the_platforms_own_commands_give_no_events_without_a_space() {
    for history in [vec![], vec![created(), deleted()]] {
        given(history.clone()).when(pass("12:00")).then_nothing();
        given(history.clone()).when(see("12:00")).then_nothing();
    }
    assert_eq!(space([booked(1, "10:00", "11:00")]).next_due(SOON), None);
}

fn claim(scope: &str, key: &str) -> Claim {
    Claim { scope: scope.to_owned(), key: key.to_owned() }
}

#[test]
fn a_code_is_claimed_in_its_site() {
    let scope = "space_code/00000000-0000-0000-0000-000000000001";
    assert_eq!(Space::claims(&created()), [ClaimChange::Take(claim(scope, "A-001"))]);
    assert_eq!(
        Space::claims(&code_changed("A-001", "B-002")),
        [ClaimChange::Release(claim(scope, "A-001")), ClaimChange::Take(claim(scope, "B-002"))]
    );
    assert_eq!(Space::claims(&booked(1, "10:00", "11:00")), []);
}

#[test]
fn a_deleted_space_releases_its_code_and_takes_its_device_claims() {
    let own = "00000000-0000-0000-0000-000000000001";
    assert_eq!(
        Space::claims(&deleted()),
        [
            ClaimChange::Release(claim(&format!("space_code/{own}"), "A-001")),
            ClaimChange::Take(claim("sensor_of_space", own)),
            ClaimChange::Take(claim("display_of_space", own)),
        ]
    );
    assert_eq!(claims::place(Category::Sensor, space_id()), claim("sensor_of_space", own));
    assert_eq!(claims::place(Category::Display, space_id()), claim("display_of_space", own));
}
