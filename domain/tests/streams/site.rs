//! The `site` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

use ClaimChange::{Release, Take};
use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::geo::{NotAPosition, Position, PositionPatch};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use parking_domain::policy::{PolicyOutOfBounds, PolicyOverrides};
use parking_domain::site::{
    Definition, MOST_MEMBERS, NewSite, Site, SiteCommand, SiteEvent, SiteMember, SitePatch, SiteRefusal,
};

use crate::scenario::{self, Given, fold};
use serde_json::json;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn given(events: impl IntoIterator<Item = SiteEvent>) -> Given<Site> {
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

fn space(n: u128) -> SiteMember {
    SiteMember::Space(Uuid::from_u128(n).into())
}

fn gateway(n: u64) -> SiteMember {
    SiteMember::Gateway(n.into())
}

fn paris() -> Definition {
    Definition {
        address: None,
        city: None,
        state: None,
        postal_code: None,
        country: None,
        position: None,
        timezone: "Europe/Paris".into(),
        policy: PolicyOverrides::default(),
        metadata: Document::default(),
    }
}

fn new_site(name: &str, slug: &str, definition: Definition) -> NewSite {
    NewSite { name: name.into(), slug: slug.into(), definition }
}

fn created_as(name: &str, slug: &str, definition: Definition) -> SiteEvent {
    SiteEvent::SiteCreated {
        tenant_id: owner(),
        name: name.into(),
        slug: slug.into(),
        definition: Box::new(definition),
        at: at(),
        by: BY,
    }
}

fn created() -> SiteEvent {
    created_as("North", "north", paris())
}

fn updated(definition: Definition) -> SiteEvent {
    SiteEvent::SiteUpdated { definition: Box::new(definition), at: at(), by: BY }
}

fn renamed(from: (&str, &str), to: (&str, &str)) -> SiteEvent {
    SiteEvent::SiteRenamed {
        tenant_id: owner(),
        from_name: from.0.into(),
        to_name: to.0.into(),
        from_slug: from.1.into(),
        to_slug: to.1.into(),
        at: at(),
        by: BY,
    }
}

fn added(member: SiteMember) -> SiteEvent {
    SiteEvent::SiteMemberAdded { member, at: at() }
}

fn removed(member: SiteMember) -> SiteEvent {
    SiteEvent::SiteMemberRemoved { member, at: at() }
}

fn archived_as(name: &str, slug: &str) -> SiteEvent {
    SiteEvent::SiteArchived { tenant_id: owner(), name: name.into(), slug: slug.into(), at: at(), by: BY }
}

fn archived() -> SiteEvent {
    archived_as("North", "north")
}

fn create(site: NewSite) -> SiteCommand {
    SiteCommand::CreateSite { site: Box::new(site), asked: asked(owner()) }
}

fn update(tenant_id: TenantId, patch: SitePatch) -> SiteCommand {
    SiteCommand::UpdateSite { patch: Box::new(patch), asked: asked(tenant_id) }
}

fn rename(tenant_id: TenantId, name: Option<&str>, slug: Option<&str>) -> SiteCommand {
    let (name, slug) = (name.map(Into::into), slug.map(Into::into));
    SiteCommand::RenameSite { name, slug, asked: asked(tenant_id) }
}

fn add(tenant_id: TenantId, member: SiteMember) -> SiteCommand {
    SiteCommand::AddSiteMember { member, asked: asked(tenant_id) }
}

fn remove(tenant_id: TenantId, member: SiteMember) -> SiteCommand {
    SiteCommand::RemoveSiteMember { member, asked: asked(tenant_id) }
}

fn archive(tenant_id: TenantId) -> SiteCommand {
    SiteCommand::ArchiveSite { asked: asked(tenant_id) }
}

#[test]
fn a_site_is_created_once() {
    let north = || create(new_site("North", "north", paris()));
    given([]).when(north()).then([created()]);
    given([created()]).when(north()).then_refused(SiteRefusal::SiteAlreadyExists);
    given([created(), archived()]).when(north()).then_refused(SiteRefusal::SiteAlreadyExists);
}

#[test]
fn names_are_1_to_255_characters_and_not_blank() {
    for good in ["N", "North, level -2", &"ü".repeat(255)] {
        given([]).when(create(new_site(good, "north", paris()))).then([created_as(good, "north", paris())]);
    }
    for bad in ["", " ", &"a".repeat(256)] {
        given([]).when(create(new_site(bad, "north", paris()))).then_refused(SiteRefusal::SiteNameInvalid);
        given([created()]).when(rename(owner(), Some(bad), None)).then_refused(SiteRefusal::SiteNameInvalid);
    }
}

#[test]
fn slugs_are_1_to_100_letters_digits_hyphens_and_underscores() {
    for good in ["n", "North_2-b", "0", &"a".repeat(100)] {
        given([]).when(create(new_site("North", good, paris()))).then([created_as("North", good, paris())]);
    }
    for bad in ["", "north 2", "north.2", "nörd", "a/b", &"a".repeat(101)] {
        given([]).when(create(new_site("North", bad, paris()))).then_refused(SiteRefusal::SiteSlugInvalid);
        given([created()]).when(rename(owner(), None, Some(bad))).then_refused(SiteRefusal::SiteSlugInvalid);
    }
}

#[test]
fn a_malformed_time_zone_is_refused() {
    let longest = "a".repeat(50);
    for good in ["UTC", "Europe/Paris", "America/Port-au-Prince", "Etc/GMT+1", "America/New_York", &longest] {
        let zone = Definition { timezone: good.into(), ..paris() };
        given([])
            .when(create(new_site("North", "north", zone.clone())))
            .then([created_as("North", "north", zone)]);
    }
    for bad in ["", "Europe Paris", "Zürich", "UTC;", &"a".repeat(51)] {
        let zone = Definition { timezone: bad.into(), ..paris() };
        given([]).when(create(new_site("North", "north", zone))).then_refused(SiteRefusal::TimezoneInvalid);
        let patch = SitePatch { timezone: Some(bad.into()), ..SitePatch::default() };
        given([created()]).when(update(owner(), patch)).then_refused(SiteRefusal::TimezoneInvalid);
    }
}

#[test]
fn position_and_policy_out_of_bounds_are_refused() {
    let nowhere = Position { latitude: 0.0, longitude: 180.5 };
    let site = Definition { position: Some(nowhere), ..paris() };
    given([])
        .when(create(new_site("North", "north", site)))
        .then_refused(SiteRefusal::PositionInvalid(NotAPosition));
    let policy = PolicyOverrides { debounce_window_sec: Some(4), ..PolicyOverrides::default() };
    let error = PolicyOutOfBounds { field: "debounce_window_sec", value: 4, low: 5, high: 30 };
    let patch = SitePatch { policy: Some(policy), ..SitePatch::default() };
    given([created()]).when(update(owner(), patch)).then_refused(SiteRefusal::PolicyOutOfBounds(error));
}

#[test]
fn an_update_changes_only_the_fields_it_sets_or_clears() {
    let position = Position { latitude: 48.9, longitude: 2.3 };
    let policy = PolicyOverrides { debounce_window_sec: Some(5), ..PolicyOverrides::default() };
    let metadata: Document = serde_json::from_value(json!({"code": 4})).expect("an object");
    let patch = SitePatch {
        address: Patch::Set("1 rue Une".into()),
        city: Patch::Set("Paris".into()),
        state: Patch::Set("Île-de-France".into()),
        postal_code: Patch::Set("75001".into()),
        country: Patch::Set("France".into()),
        position: PositionPatch::set(position),
        timezone: Some("UTC".into()),
        policy: Some(policy),
        metadata: Some(metadata.clone()),
    };
    let expected = Definition {
        address: Some("1 rue Une".into()),
        city: Some("Paris".into()),
        state: Some("Île-de-France".into()),
        postal_code: Some("75001".into()),
        country: Some("France".into()),
        position: Some(position),
        timezone: "UTC".into(),
        policy,
        metadata,
    };
    given([created()]).when(update(owner(), patch)).then([updated(expected.clone())]);
    let clear = SitePatch { city: Patch::Clear, position: PositionPatch::CLEAR, ..SitePatch::default() };
    let cleared = Definition { city: None, position: None, ..expected.clone() };
    given([created(), updated(expected)]).when(update(owner(), clear)).then([updated(cleared)]);
}

#[test]
fn an_update_without_changes_gives_no_event() {
    given([created()]).when(update(owner(), SitePatch::default())).then_nothing();
    let same =
        SitePatch { timezone: Some("Europe/Paris".into()), city: Patch::Clear, ..SitePatch::default() };
    given([created()]).when(update(owner(), same)).then_nothing();
}

#[test]
fn a_site_can_be_renamed_in_whole_or_in_part() {
    let north = ("North", "north");
    given([created()]).when(rename(owner(), Some("South"), None)).then([renamed(north, ("South", "north"))]);
    given([created()]).when(rename(owner(), None, Some("s"))).then([renamed(north, ("North", "s"))]);
    given([created()]).when(rename(owner(), Some("S"), Some("s"))).then([renamed(north, ("S", "s"))]);
    given([created()]).when(rename(owner(), Some("North"), Some("north"))).then_nothing();
    given([created()]).when(rename(owner(), None, None)).then_nothing();
    let history = || [created(), renamed(north, ("S", "s"))];
    given(history()).when(rename(owner(), Some("S"), Some("s"))).then_nothing();
    given(history()).when(archive(owner())).then([archived_as("S", "s")]);
    assert_eq!(fold::<Site>(history()).name_and_slug(), Some(("S", "s")));
}

#[test]
fn a_member_is_added_and_removed_once() {
    for member in [space(1), gateway(1)] {
        given([created()]).when(add(owner(), member)).then([added(member)]);
        given([created(), added(member)]).when(add(owner(), member)).then_nothing();
        given([created(), added(member)]).when(remove(owner(), member)).then([removed(member)]);
        given([created()]).when(remove(owner(), member)).then_nothing();
        given([created(), added(member), removed(member)]).when(remove(owner(), member)).then_nothing();
    }
}

#[test]
fn the_number_of_members_is_limited() {
    let history = |count: usize| {
        [created()].into_iter().chain((1..=count).map(|n| added(space(n as u128)))).collect::<Vec<_>>()
    };
    given(history(MOST_MEMBERS - 1)).when(add(owner(), space(0))).then([added(space(0))]);
    given(history(MOST_MEMBERS)).when(add(owner(), space(0))).then_refused(SiteRefusal::SiteFull);
    given(history(MOST_MEMBERS)).when(add(owner(), space(1))).then_nothing();
}

#[test]
fn a_site_with_members_cannot_be_archived() {
    given([created()]).when(archive(owner())).then([archived()]);
    let members = [added(space(1)), added(space(2)), added(gateway(1)), removed(space(2)), added(space(3))];
    let refusal = SiteRefusal::SiteNotEmpty { spaces: 2, gateways: 1 };
    given([created()].into_iter().chain(members)).when(archive(owner())).then_refused(refusal);
    given([created(), added(gateway(1))])
        .when(archive(owner()))
        .then_refused(SiteRefusal::SiteNotEmpty { spaces: 0, gateways: 1 });
    given([created(), added(space(1)), removed(space(1))]).when(archive(owner())).then([archived()]);
}

#[test]
fn another_tenants_site_is_not_found() {
    for (history, tenant_id) in
        [(vec![], owner()), (vec![created()], other()), (vec![created(), archived()], owner())]
    {
        for command in [
            update(tenant_id, SitePatch::default()),
            rename(tenant_id, None, None),
            add(tenant_id, space(1)),
            remove(tenant_id, space(1)),
            archive(tenant_id),
        ] {
            given(history.clone()).when(command).then_refused(SiteRefusal::SiteNotFound);
        }
    }
}

#[test]
fn owner_and_definition_are_accessible() {
    let utc = Definition { timezone: "UTC".into(), ..paris() };
    let site: Site = fold([created(), updated(utc.clone())]);
    assert_eq!((site.tenant_id(), site.definition()), (Some(owner()), Some(&utc)));
    assert_eq!(site.name_and_slug(), Some(("North", "north")));
    let site = Site::default();
    assert_eq!((site.tenant_id(), site.definition(), site.name_and_slug()), (None, None, None));
}

#[test]
fn name_and_slug_are_unique_in_a_tenant_ignoring_letter_case() {
    let name = |key: &str| Claim { scope: format!("site_name/{}", owner()), key: key.into() };
    let slug = |key: &str| Claim { scope: format!("site_slug/{}", owner()), key: key.into() };
    assert_eq!(
        Site::claims(&created_as(" Nörd ", "Nord", paris())),
        [Take(name("nörd")), Take(slug("nord"))]
    );
    assert_eq!(Site::claims(&archived_as("Nörd", "NORD")), [Release(name("nörd")), Release(slug("nord"))]);
    let renamed = |from, to| Site::claims(&renamed(from, to));
    assert_eq!(renamed(("North", "n"), ("South", "n")), [Release(name("north")), Take(name("south"))]);
    assert_eq!(renamed(("North", "n"), ("North", "s")), [Release(slug("n")), Take(slug("s"))]);
    assert_eq!(renamed(("North", "n"), ("NORTH", "N")), []);
    assert_eq!(renamed(("North", "n"), ("South", "s")).len(), 4);
    assert_eq!(Site::claims(&added(space(1))), []);
}
