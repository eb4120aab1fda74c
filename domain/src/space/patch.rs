//! Partial updates.

use super::definition::Definition;
use super::refusal::SpaceRefusal;
use super::reservation::{Details, PaymentStatus};
use crate::document::Document;
use crate::geo::{Position, PositionPatch};
use crate::id::UserId;
use crate::limits;
use crate::naming::{LONGEST_NAME, is_name};
use crate::patch::{Patch, replace};
use crate::policy::{Policy, PolicyOverrides};
use crate::sealed::Sealed;

/// Patches a sealed field, but keeps the old form if the content is the same, because resealing changes only the
/// ciphertext.
fn reseal(field: &mut Option<Sealed>, patch: Patch<Sealed>) {
    match (patch, field.as_ref()) {
        (Patch::Set(new), Some(old)) if old.same_content(&new) => {}
        (patch, _) => patch.apply_to(field),
    }
}

/// A change of a space's definition, or the fields of a new one. Fields as in [`Definition`].
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Definition")]
pub struct DefinitionPatch {
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub enabled: Option<bool>,
    /// 0 means `None`.
    pub auto_release_minutes: Option<u16>,
    pub building: Patch<String>,
    pub floor: Patch<String>,
    pub zone: Patch<String>,
    pub position: PositionPatch,
    pub policy: Option<PolicyOverrides>,
    pub config: Option<Document>,
    pub metadata: Option<Document>,
}

impl DefinitionPatch {
    /// The definition of a new space with this code.
    pub(super) fn of_new(self, code: &str) -> Result<Definition, SpaceRefusal> {
        let name = self.name.clone().unwrap_or_else(|| code.to_owned());
        self.onto(Definition {
            display_name: name.clone(),
            name,
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

    /// The definition with these changes, if it is valid.
    pub(super) fn onto(self, mut definition: Definition) -> Result<Definition, SpaceRefusal> {
        replace(&mut definition.name, self.name);
        replace(&mut definition.display_name, self.display_name);
        replace(&mut definition.enabled, self.enabled);
        replace(
            &mut definition.auto_release_minutes,
            self.auto_release_minutes.map(|minutes| (minutes > 0).then_some(minutes)),
        );
        self.building.apply_to(&mut definition.building);
        self.floor.apply_to(&mut definition.floor);
        self.zone.apply_to(&mut definition.zone);
        definition.position = self.position.applied_to(definition.position)?;
        replace(&mut definition.policy, self.policy);
        replace(&mut definition.config, self.config);
        replace(&mut definition.metadata, self.metadata);
        checked(definition)
    }
}

fn checked(definition: Definition) -> Result<Definition, SpaceRefusal> {
    // Every field is listed, so that a new one is not forgotten. Documents are limited by their type.
    let Definition {
        name,
        display_name,
        enabled: _,
        auto_release_minutes,
        building,
        floor,
        zone,
        position,
        policy,
        config: _,
        metadata: _,
    } = &definition;
    for (field, name) in [("name", name), ("display_name", display_name)] {
        if !is_name(name, LONGEST_NAME) {
            return Err(SpaceRefusal::NameInvalid { field });
        }
    }
    for (field, text) in [("building", building), ("floor", floor), ("zone", zone)] {
        limits::label(field, text.as_deref())?;
    }
    if let Some(minutes) = auto_release_minutes.filter(|minutes| *minutes > 1440) {
        return Err(SpaceRefusal::AutoReleaseOutOfBounds { minutes });
    }
    if let Some(position) = position {
        Position::new(position.latitude, position.longitude)?;
    }
    Policy::default().with(policy).checked()?;
    Ok(definition)
}

/// The code, if it is valid.
pub(super) fn checked_code(code: String) -> Result<String, SpaceRefusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=50).contains(&code.len()) && code.bytes().all(allowed) {
        Ok(code)
    } else {
        Err(SpaceRefusal::CodeInvalid)
    }
}

/// A change of a reservation's details. Fields as in [`Details`]; the request id of the booking is fixed.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Details")]
pub struct DetailsPatch {
    pub user_id: Patch<UserId>,
    pub user_email: Patch<Sealed>,
    pub user_name: Patch<Sealed>,
    pub user_phone: Patch<Sealed>,
    pub notes: Patch<Sealed>,
    pub external_booking_id: Patch<String>,
    pub external_system: Patch<String>,
    pub reservation_type: Patch<String>,
    pub rate: Patch<String>,
    pub total_cost: Patch<String>,
    pub payment_status: Option<PaymentStatus>,
    pub metadata: Option<Document>,
}

impl DetailsPatch {
    /// The details with these changes, if they are valid.
    pub(super) fn onto(self, mut details: Box<Details>) -> Result<Box<Details>, SpaceRefusal> {
        self.user_id.apply_to(&mut details.user_id);
        reseal(&mut details.user_email, self.user_email);
        reseal(&mut details.user_name, self.user_name);
        reseal(&mut details.user_phone, self.user_phone);
        reseal(&mut details.notes, self.notes);
        self.external_booking_id.apply_to(&mut details.external_booking_id);
        self.external_system.apply_to(&mut details.external_system);
        self.reservation_type.apply_to(&mut details.reservation_type);
        self.rate.apply_to(&mut details.rate);
        self.total_cost.apply_to(&mut details.total_cost);
        replace(&mut details.payment_status, self.payment_status);
        replace(&mut details.metadata, self.metadata);
        checked_details(details)
    }
}

/// The details, if their texts are within their limits and their amounts are numbers, so that readers can add the
/// amounts up.
pub(super) fn checked_details(details: Box<Details>) -> Result<Box<Details>, SpaceRefusal> {
    // Every field is listed, so that a new one is not forgotten. Sealed fields are limited when they are sealed; the
    // document is limited by its type.
    let Details {
        user_id: _,
        user_email: _,
        user_name: _,
        user_phone: _,
        notes: _,
        request_id,
        external_booking_id,
        external_system,
        reservation_type,
        rate,
        total_cost,
        payment_status: _,
        metadata: _,
    } = &*details;
    for (field, text) in [
        ("request_id", request_id),
        ("external_booking_id", external_booking_id),
        ("external_system", external_system),
        ("reservation_type", reservation_type),
    ] {
        limits::label(field, text.as_deref())?;
    }
    for (field, amount) in [("rate", rate), ("total_cost", total_cost)] {
        if amount.as_deref().is_some_and(|amount| !is_amount(amount)) {
            return Err(SpaceRefusal::AmountInvalid { field });
        }
    }
    Ok(details)
}

/// Up to 12 digits, and up to 6 decimals.
fn is_amount(text: &str) -> bool {
    let digits =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, part)) => digits(whole, 12) && digits(part, 6),
        None => digits(text, 12),
    }
}
