//! Typed ids, so that a space's id cannot be used for a site.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Marks a tenant's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tenant {}

/// Marks a user's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum User {}

/// Marks a site's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {}

/// Marks a space's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {}

/// Marks a reservation's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reservation {}

/// Marks an override's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Override {}

/// Marks a display policy's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Policy {}

/// Marks an event log's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {}

/// Marks a downlink's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Downlink {}

/// A UUID of one kind of thing. Prints in lower case with hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<Kind> {
    value: Uuid,
    kind: PhantomData<Kind>,
}

/// Names an event log.
pub type LogId = Id<Log>;
/// Names a tenant.
pub type TenantId = Id<Tenant>;
/// Names a user.
pub type UserId = Id<User>;
/// Names a site.
pub type SiteId = Id<Site>;
/// Names a space.
pub type SpaceId = Id<Space>;
/// Names a reservation.
pub type ReservationId = Id<Reservation>;
/// Names an override.
pub type OverrideId = Id<Override>;
/// Names a display policy.
pub type PolicyId = Id<Policy>;
/// Names a downlink.
pub type DownlinkId = Id<Downlink>;

impl TenantId {
    /// The platform's own tenant.
    pub const PLATFORM: Self = Self { value: Uuid::nil(), kind: PhantomData };
    /// The tenant that every installation starts with.
    pub const DEFAULT: Self = Self { value: Uuid::from_u128(1), kind: PhantomData };
}

impl SiteId {
    /// The site that the default tenant starts with.
    pub const DEFAULT: Self = Self { value: Uuid::from_u128(1), kind: PhantomData };
}

impl<Kind> Id<Kind> {
    /// The UUID.
    pub fn uuid(self) -> Uuid {
        self.value
    }
}

impl<Kind> From<Uuid> for Id<Kind> {
    fn from(value: Uuid) -> Self {
        Self { value, kind: PhantomData }
    }
}

impl<Kind> FromStr for Id<Kind> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(|value: Uuid| value.into())
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_ids_are_those_that_clients_know() {
        assert_eq!(TenantId::PLATFORM.to_string(), "00000000-0000-0000-0000-000000000000");
        assert_eq!(TenantId::DEFAULT.to_string(), "00000000-0000-0000-0000-000000000001");
        assert_eq!(SiteId::DEFAULT.to_string(), "00000000-0000-0000-0000-000000000001");
    }

    #[test]
    fn an_id_reads_back_as_written_in_any_letter_case() {
        let id: SpaceId = "0192F0C1-2D3E-7A4B-8C5D-6E7F8091A2B3".parse().expect("an id");
        assert_eq!(id.to_string(), "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3");
        assert_eq!(format!("{id:?}"), id.to_string());
        assert_eq!(SpaceId::from(id.uuid()), id);
        let json = serde_json::to_string(&id).expect("serialises");
        assert_eq!(json, "\"0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3\"");
        assert_eq!(serde_json::from_str::<SpaceId>(&json).expect("deserialises"), id);
        assert!("A-001".parse::<SpaceId>().is_err());
    }
}
