//! One device as the fold knows it: whose it is, where it stands, when it was heard and what it said last.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::profiles::Profiles;
use super::shown::Word;
use super::silence;
use crate::device::{Category, Definition};
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::payload::Payload;
use crate::policy::Policy;
use crate::sensors::{Frame, Occupancy, Threshold};
use crate::uplinks::UplinkReceived;

/// What is known of one device. Nothing in it is older than the last time when it became ownerless.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    owned: Option<Owned>,
    space_id: Option<SpaceId>,
    last_heard_at: Option<Instant>,
    silent: bool,
    /// What it said last while nobody had said yet how to read it.
    unread: Option<Unread>,
    /// What it said last, as read.
    occupancy: Occupancy,
    /// The codec that read it.
    codec: Option<String>,
    problem: Option<String>,
}

/// What its owner said of it, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owned {
    tenant_id: TenantId,
    category: Category,
    enabled: bool,
    codec: Option<String>,
    threshold: Option<Threshold>,
    heartbeat_sec: Option<u32>,
}

/// A frame, kept until its device is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unread {
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

    /// The space where it stands as a sensor.
    pub fn space_id(&self) -> Option<SpaceId> {
        self.space_id
    }

    /// When it was last heard in order.
    pub fn last_heard_at(&self) -> Option<Instant> {
        self.last_heard_at
    }

    /// True from the event that says so until it is heard again.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// What it said last of those things that tell whether a vehicle is there.
    pub fn occupancy(&self) -> Occupancy {
        self.occupancy
    }

    /// Why its last frame could not be read; none if it could.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// True for a sensor whose owner wants it listened to.
    pub(super) fn is_listened_to(&self) -> bool {
        self.owned.as_ref().is_some_and(|owned| owned.category == Category::Sensor && owned.enabled)
    }

    /// True for a claimed device that is no sensor: what it reports tells nothing about a space.
    pub(super) fn is_no_sensor(&self) -> bool {
        self.owned.as_ref().is_some_and(|owned| owned.category != Category::Sensor)
    }

    /// When it becomes silent, if it is not heard before; none if nobody waits for it, or if it is silent already.
    pub(super) fn silent_due(&self, policy: &Policy) -> Option<Instant> {
        let waited_for = self.is_listened_to() && !self.silent;
        self.quiet_until(policy).filter(|_| waited_for)
    }

    fn quiet_until(&self, policy: &Policy) -> Option<Instant> {
        let owned = self.owned.as_ref()?;
        let codec = owned.codec.as_deref().or(self.codec.as_deref());
        silence::due(self.last_heard_at?, silence::timeout(policy, owned.heartbeat_sec, codec))
    }

    /// What it said last, if that still holds at `at`.
    pub(super) fn word_at(&self, at: Instant, policy: &Policy) -> Option<Word> {
        let holds = self.silent_due(policy).is_some_and(|due| at < due);
        Word::of(self.occupancy).filter(|_| holds)
    }

    /// Its owner describes it.
    pub(super) fn own(&mut self, tenant_id: TenantId, category: Category, definition: &Definition) {
        self.owned = Some(Owned {
            tenant_id,
            category,
            enabled: definition.enabled,
            codec: definition.codec.clone(),
            threshold: definition.threshold,
            heartbeat_sec: definition.heartbeat_sec,
        });
    }

    /// Its owner describes it otherwise; false if it has none.
    pub(super) fn update(&mut self, definition: &Definition) -> bool {
        match self.owned.as_ref().map(|owned| (owned.tenant_id, owned.category)) {
            Some((tenant_id, category)) => {
                self.own(tenant_id, category, definition);
                true
            }
            None => false,
        }
    }

    pub(super) fn stand_at(&mut self, space_id: SpaceId) {
        self.space_id = Some(space_id);
    }

    /// Takes it from where it stands.
    pub(super) fn leave(&mut self) -> Option<SpaceId> {
        self.space_id.take()
    }

    /// It is alive.
    pub(super) fn hear(&mut self, at: Instant) {
        self.last_heard_at = self.last_heard_at.max(Some(at));
        self.silent = false;
    }

    /// It is silent, unless it was heard after that.
    pub(super) fn fall_silent(&mut self, last_heard_at: Instant) -> bool {
        let stale = self.last_heard_at.is_some_and(|heard_at| heard_at > last_heard_at);
        self.silent |= !stale;
        !stale
    }

    /// Takes what an uplink says: reads it if somebody owns the device, else keeps it for whoever will.
    pub(super) fn take(&mut self, uplink: &UplinkReceived, profiles: &mut Profiles) -> Option<Word> {
        let frame = Frame::from(uplink);
        let profile_name = uplink.report.device.profile_name.as_deref();
        if self.owned.is_none() {
            self.keep(uplink, &frame);
            return None;
        }
        self.read(&frame, profile_name, profiles)
    }

    /// Reads what was kept, now that somebody owns it.
    pub(super) fn read_kept(&mut self, profiles: &mut Profiles) {
        if let Some(unread) = self.unread.take() {
            self.read(&unread.frame(), unread.profile_name.as_deref(), profiles);
        }
    }

    /// Frames that no codec can read do not push out one that may be read.
    fn keep(&mut self, uplink: &UplinkReceived, frame: &Frame<'_>) {
        if frame.refused().is_none() {
            self.unread = Some(Unread {
                f_port: uplink.f_port,
                data: uplink.data.clone(),
                object: uplink.object.clone(),
                encrypted: uplink.encrypted,
                profile_name: uplink.report.device.profile_name.clone(),
            });
        }
    }

    fn read(
        &mut self,
        frame: &Frame<'_>,
        profile_name: Option<&str>,
        profiles: &mut Profiles,
    ) -> Option<Word> {
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
        let told =
            threshold.map_or(reading.occupancy, |threshold| threshold.occupancy(self.occupancy, &reading));
        let word = Word::of(told)?;
        self.occupancy = told;
        Some(word)
    }
}

impl Unread {
    fn frame(&self) -> Frame<'_> {
        Frame {
            f_port: self.f_port,
            data: self.data.as_bytes(),
            object: self.object.as_ref(),
            encrypted: self.encrypted,
        }
    }
}
