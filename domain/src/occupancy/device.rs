//! The fold's state of one device: owner, assignment, last time heard and last report.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::profiles::Profiles;
use super::shown::Presence;
use super::silence;
use crate::device::{Category, Definition};
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::payload::Payload;
use crate::policy::Policy;
use crate::sensors::{Frame, Occupancy, Threshold};
use crate::uplinks::UplinkReceived;

/// The state of one device. Nothing in it predates the last time when the device lost its owner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    owned: Option<OwnerSettings>,
    space_id: Option<SpaceId>,
    last_heard_at: Option<Instant>,
    silent: bool,
    /// The last decodable frame, kept while the device has no owner whose settings decode it.
    unread: Option<KeptFrame>,
    /// The last decoded occupancy.
    occupancy: Occupancy,
    /// The codec that decoded it.
    codec: Option<String>,
    problem: Option<String>,
}

/// The owner's settings that affect decoding and silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OwnerSettings {
    tenant_id: TenantId,
    category: Category,
    enabled: bool,
    codec: Option<String>,
    threshold: Option<Threshold>,
    heartbeat_sec: Option<u32>,
}

/// A frame, kept until its device is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptFrame {
    f_port: u8,
    data: Payload,
    object: Option<Map<String, Value>>,
    encrypted: bool,
    profile_name: Option<String>,
}

impl DeviceFacts {
    /// The tenant that owns it.
    pub fn owner(&self) -> Option<TenantId> {
        self.owned.as_ref().map(|owned| owned.tenant_id)
    }

    /// The space it is assigned to as a sensor.
    pub fn space_id(&self) -> Option<SpaceId> {
        self.space_id
    }

    /// When its last in-order report was received.
    pub fn last_heard_at(&self) -> Option<Instant> {
        self.last_heard_at
    }

    /// True from the silence event until it is heard again.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// The last reported occupancy.
    pub fn occupancy(&self) -> Occupancy {
        self.occupancy
    }

    /// Why the last frame could not be decoded; `None` if it could.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// True for an enabled sensor that is owned.
    pub(super) fn is_active_sensor(&self) -> bool {
        self.owned.as_ref().is_some_and(|owned| owned.category == Category::Sensor && owned.enabled)
    }

    /// True for an owned device of another category, whose reports do not affect a space.
    pub(super) fn is_other_category(&self) -> bool {
        self.owned.as_ref().is_some_and(|owned| owned.category != Category::Sensor)
    }

    /// When it becomes silent if it is not heard before; `None` if it is not an active sensor or is silent already.
    pub(super) fn silent_due(&self, policy: &Policy) -> Option<Instant> {
        let awaited = self.is_active_sensor() && !self.silent;
        self.silence_deadline(policy).filter(|_| awaited)
    }

    fn silence_deadline(&self, policy: &Policy) -> Option<Instant> {
        let owned = self.owned.as_ref()?;
        let codec = owned.codec.as_deref().or(self.codec.as_deref());
        silence::due(self.last_heard_at?, silence::timeout(policy, owned.heartbeat_sec, codec))
    }

    /// The last reported presence, if it is still valid at `at`.
    pub(super) fn presence_at(&self, at: Instant, policy: &Policy) -> Option<Presence> {
        let valid = self.silent_due(policy).is_some_and(|due| at < due);
        Presence::of(self.occupancy).filter(|_| valid)
    }

    /// Sets the owner and its settings.
    pub(super) fn set_owner(&mut self, tenant_id: TenantId, category: Category, definition: &Definition) {
        self.owned = Some(OwnerSettings {
            tenant_id,
            category,
            enabled: definition.enabled,
            codec: definition.codec.clone(),
            threshold: definition.threshold,
            heartbeat_sec: definition.heartbeat_sec,
        });
    }

    /// Replaces the owner's settings; false if it has no owner.
    pub(super) fn update(&mut self, definition: &Definition) -> bool {
        match self.owned.as_ref().map(|owned| (owned.tenant_id, owned.category)) {
            Some((tenant_id, category)) => {
                self.set_owner(tenant_id, category, definition);
                true
            }
            None => false,
        }
    }

    pub(super) fn assign_to(&mut self, space_id: SpaceId) {
        self.space_id = Some(space_id);
    }

    /// Removes it from its space.
    pub(super) fn unassign(&mut self) -> Option<SpaceId> {
        self.space_id.take()
    }

    /// Records that it was heard.
    pub(super) fn record_heard(&mut self, at: Instant) {
        self.last_heard_at = self.last_heard_at.max(Some(at));
        self.silent = false;
    }

    /// Marks it silent; returns false if it was heard after `last_heard_at`.
    pub(super) fn fall_silent(&mut self, last_heard_at: Instant) -> bool {
        let heard_since = self.last_heard_at.is_some_and(|heard_at| heard_at > last_heard_at);
        self.silent |= !heard_since;
        !heard_since
    }

    /// Applies an uplink: decodes it if the device is owned, else keeps it for the next owner.
    pub(super) fn apply_uplink(
        &mut self,
        uplink: &UplinkReceived,
        profiles: &mut Profiles,
    ) -> Option<Presence> {
        let frame = Frame::from(uplink);
        let profile_name = uplink.report.device.profile_name.as_deref();
        if self.owned.is_none() {
            self.keep(uplink, &frame);
            return None;
        }
        self.decode(&frame, profile_name, profiles)
    }

    /// Decodes the kept frame, now that the device is owned.
    pub(super) fn decode_kept(&mut self, profiles: &mut Profiles) {
        if let Some(unread) = self.unread.take() {
            self.decode(&unread.frame(), unread.profile_name.as_deref(), profiles);
        }
    }

    /// A frame that no codec can decode does not replace one that may be decodable.
    fn keep(&mut self, uplink: &UplinkReceived, frame: &Frame<'_>) {
        if frame.refused().is_none() {
            self.unread = Some(KeptFrame {
                f_port: uplink.f_port,
                data: uplink.data.clone(),
                object: uplink.object.clone(),
                encrypted: uplink.encrypted,
                profile_name: uplink.report.device.profile_name.clone(),
            });
        }
    }

    fn decode(
        &mut self,
        frame: &Frame<'_>,
        profile_name: Option<&str>,
        profiles: &mut Profiles,
    ) -> Option<Presence> {
        let chosen = self.owned.as_ref().and_then(|owned| owned.codec.as_deref());
        let read = profiles.choose(chosen, profile_name, frame).and_then(|codec| codec.decode(frame));
        let reading = match read {
            Ok(reading) => reading,
            Err(reason) => {
                self.problem = Some(reason.to_string());
                return None;
            }
        };
        self.problem = None;
        if self.codec.as_deref() != Some(reading.codec.name) {
            self.codec = Some(reading.codec.name.to_owned());
        }
        let threshold = self.owned.as_ref().and_then(|owned| owned.threshold);
        let occupancy =
            threshold.map_or(reading.occupancy, |threshold| threshold.occupancy(self.occupancy, &reading));
        let presence = Presence::of(occupancy)?;
        self.occupancy = occupancy;
        Some(presence)
    }
}

impl KeptFrame {
    fn frame(&self) -> Frame<'_> {
        Frame {
            f_port: self.f_port,
            data: self.data.as_bytes(),
            object: self.object.as_ref(),
            encrypted: self.encrypted,
        }
    }
}
