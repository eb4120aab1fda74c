//! Overrides: times in which a space is out of use, regardless of its sensor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Space;
use super::commands::{ClearOverride, SetOverride};
use super::event::SpaceEvent;
use super::refusal::SpaceRefusal;
use super::reservation::Window;
use crate::id::OverrideId;
use crate::instant::Instant;
use crate::limits;

/// The maximum number of overrides of a space that are not over.
pub const MAX_OVERRIDES: usize = 100;

/// Why a space is out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// Kept free by the operator.
    Blocked,
    /// Broken, closed or under repair: takes precedence over everything.
    OutOfService,
}

/// An override that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Override {
    from: Instant,
    until: Option<Instant>,
    started: bool,
}

impl Override {
    fn overlaps(&self, window: &Window) -> bool {
        self.from < window.end && self.until.is_none_or(|until| window.start < until)
    }

    /// Its start, if it has not started.
    pub(super) fn starts_at(&self) -> Option<Instant> {
        (!self.started).then_some(self.from)
    }

    /// Its end.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        self.until
    }
}

/// The overrides that are not over; others are dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Overrides(BTreeMap<OverrideId, Override>);

impl Overrides {
    pub(super) fn set(&mut self, id: OverrideId, from: Instant, until: Option<Instant>) {
        self.0.insert(id, Override { from, until, started: false });
    }

    pub(super) fn start(&mut self, id: OverrideId) {
        if let Some(known) = self.0.get_mut(&id) {
            known.started = true;
        }
    }

    pub(super) fn forget(&mut self, id: OverrideId) {
        self.0.remove(&id);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (OverrideId, &Override)> {
        self.0.iter().map(|(id, known)| (*id, known))
    }

    /// The overrides that overlap the window.
    pub(super) fn overlapping(&self, window: &Window) -> Vec<OverrideId> {
        self.iter().filter(|(_, known)| known.overlaps(window)).map(|(id, _)| id).collect()
    }
}

impl Space {
    /// An override whose start has passed starts at once, with the command's time as its start.
    pub(super) fn set_override(&self, command: SetOverride) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let SetOverride { override_id, kind, from, until, reason, notes, asked } = command;
        limits::reason(reason.as_ref())?;
        match until {
            Some(until) if until <= from => return Err(SpaceRefusal::OverrideWindowEmpty),
            Some(until) if until <= asked.at => return Err(SpaceRefusal::OverrideEndsInThePast),
            _ if self.overrides.0.contains_key(&override_id) => return Err(SpaceRefusal::OverrideAlreadySet),
            _ if self.overrides.0.len() >= MAX_OVERRIDES => return Err(SpaceRefusal::TooManyOverrides),
            _ => {}
        }
        let (at, by) = (asked.at, asked.by);
        let set = SpaceEvent::OverrideSet { override_id, kind, from, until, reason, notes, at, by };
        let started = SpaceEvent::OverrideStarted { override_id, due: at, at };
        Ok(if from <= at { vec![set, started] } else { vec![set] })
    }

    pub(super) fn clear_override(&self, command: &ClearOverride) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let ClearOverride { override_id, asked } = *command;
        if !self.overrides.0.contains_key(&override_id) {
            return Err(SpaceRefusal::OverrideNotFound);
        }
        Ok(vec![SpaceEvent::OverrideCleared { override_id, at: asked.at, by: asked.by }])
    }
}
