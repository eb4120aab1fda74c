//! The enums of other crates in the OpenAPI document, under the names that are serialised.
//!
//! Those crates know no schema crate, so each of their enums has a type here that stands for it in `value_type`. The names come
//! from the enum's own `Serialize`.

pub(crate) mod read;

use parking_domain::{device, occupancy, sensors, space, uplinks};
use parking_processes::jobs;
use parking_projections::registry::overrides;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($(#[doc = $text:literal])+ $word:ident: $of:ty { $($value:ident),+ $(,)? })+) => {$(
        $(#[doc = $text])+
        pub(crate) enum $word {}

        impl $word {
            fn names() -> Vec<Value> {
                // A value that is missing in the list does not compile.
                let listed = |value: $of| match value { $(<$of>::$value)|+ => name(value) };
                vec![$(listed(<$of>::$value)),+]
            }
        }

        impl PartialSchema for $word {
            fn schema() -> RefOr<Schema> {
                one_of(Self::names()).description(Some(concat!($($text),+).trim())).into()
            }
        }

        impl ToSchema for $word {}
    )+};
}

words! {
    /// The state of a space.
    SpaceState: occupancy::SpaceState { Free, Occupied, Reserved, Maintenance, Unknown }

    /// The reason for the state of a space.
    StateReason: occupancy::Reason {
        OutOfService, Blocked, ByHand, ReservationRunning, ReservedSoon, Sensor, CheckedIn, CheckedOut,
        SensorSilent, NothingKnown,
    }

    /// The meaning of a display.
    Sign: occupancy::Sign { Free, Occupied, Reserved, Maintenance }

    /// The kind of cause of a change.
    ChangeSource: occupancy::ChangeSource { Sensor, Reservation, Manual, System }

    /// A state of a space set by hand. `free` and `occupied` hold until the sensor's next report, `reserved` and `maintenance`
    /// until another state is set by hand. `unknown` withdraws the state that was set.
    StateByHand: space::StateByHand { Free, Occupied, Reserved, Maintenance, Unknown }

    /// The status of a reservation.
    ReservationStatus: space::Status { Active, Completed, Cancelled, Expired, NoShow }

    /// Whether a reservation is paid.
    PaymentStatus: space::PaymentStatus { Pending, Paid, Refunded }

    /// The kind of an override. `out_of_service` is stronger than everything else.
    OverrideKind: space::OverrideKind { Blocked, OutOfService }

    /// The status of an override: `set` before its start, `active` while it is in force.
    OverrideStatus: overrides::OverrideStatus { Set, Active, Ended, Cleared }

    /// The type of a device.
    DeviceCategory: device::Category { Sensor, Display }

    /// Whether a device is assigned to a space.
    DeviceStatus: device::Status { Unassigned, Assigned, Retired }

    /// The life cycle of a device.
    DeviceLifecycle: device::Lifecycle { Provisioned, Commissioned, Operational, Decommissioned }

    /// The occupancy reading of a sensor.
    Occupancy: sensors::Occupancy { Occupied, Vacant, Unknown }

    /// The order of an uplink in its LoRaWAN session.
    UplinkStanding: uplinks::Standing { InOrder, Late, Repeated, Uncounted }

    /// What started a run of a job.
    JobTrigger: jobs::Trigger { Schedule, Request }

    /// The outcome of a run of a job.
    JobOutcome: jobs::Outcome { Succeeded, Failed, TimedOut, Cancelled, Abandoned }
}

/// A filter by the status of a reservation. It also accepts V5's names.
pub(crate) enum ReservationStatusFilter {}

impl PartialSchema for ReservationStatusFilter {
    fn schema() -> RefOr<Schema> {
        let v5 = read::V5_ACTIVE.map(Value::from);
        one_of([ReservationStatus::names(), v5.to_vec()].concat()).into()
    }
}

/// A filter by the status of a device. It also accepts V5's names.
pub(crate) enum DeviceStatusFilter {}

impl PartialSchema for DeviceStatusFilter {
    fn schema() -> RefOr<Schema> {
        let further = ["active", "inactive", "decommissioned"].map(Value::from);
        one_of([DeviceStatus::names(), further.to_vec()].concat()).into()
    }
}

fn name(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("a value without fields always serialises")
}

fn one_of(names: Vec<Value>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn the_filter_by_status_accepts_what_is_documented() {
        let schema = serde_json::to_value(ReservationStatusFilter::schema()).expect("a schema");
        let names = schema["enum"].as_array().expect("an enum");
        assert_eq!(names.len(), 7);
        for name in names {
            let text: StrDeserializer<'_, Error> = name.as_str().expect("a text").into_deserializer();
            assert!(matches!(read::reservation_status(text), Ok(Some(_))), "{name}");
        }
    }

    #[test]
    fn names_are_the_ones_that_are_serialised() {
        assert_eq!(Sign::names(), ["FREE", "OCCUPIED", "RESERVED", "MAINTENANCE"]);
        assert_eq!(JobOutcome::names(), ["succeeded", "failed", "timed_out", "cancelled", "abandoned"]);
    }
}
