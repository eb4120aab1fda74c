//! Identities of the platform's own things: typed, so that a space's never stands where a site's is meant.

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

/// Marks a downlink's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Downlink {}

/// A UUID that names one kind of thing. Prints in lower case with hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<Kind> {
    value: Uuid,
    kind: PhantomData<Kind>,
}

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
    /// The tenant that every installation begins with.
    pub const DEFAULT: Self = Self { value: Uuid::from_u128(1), kind: PhantomData };
}

impl SiteId {
    /// The site that the default tenant begins with.
    pub const DEFAULT: Self = Self { value: Uuid::from_u128(1), kind: PhantomData };
}

impl<Kind> Id<Kind> {
    /// The bare UUID.
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
