//! A writer process's answer to an append: one JSON line on its stdout, written at once.

use std::fmt;

use parking_commands::append::{AppendError, Appended};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::plan::{Plan, Request};

/// The answer to one append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) append_id: Uuid,
    pub(crate) request: Option<Request>,
    pub(crate) outcome: Outcome,
}

/// The outcome of an append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It is durable, at these positions.
    Acknowledged(Acknowledged),
    /// Nothing was stored.
    Refused(Refusal),
    /// The writer could not find out.
    Unsettled,
}

/// The positions and versions of an append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Of each stream that got events.
    pub(crate) versions: Vec<i64>,
    /// The same request was made before; this is the first answer.
    pub(crate) repeated: bool,
}

/// Why nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Refusal {
    Conflict,
    ClaimHeld,
    KeyReused,
    Rejected,
    Unavailable,
    Other,
}

impl Answer {
    /// The answer to this plan.
    pub(crate) fn to(plan: &Plan, result: &Result<Appended, AppendError>) -> Self {
        Self { append_id: plan.append_id, request: plan.request.clone(), outcome: Outcome::of(result) }
    }
}

impl Outcome {
    fn of(result: &Result<Appended, AppendError>) -> Self {
        let refusal = match result {
            Ok(done) => {
                return Self::Acknowledged(Acknowledged {
                    first: done.first_position,
                    last: done.last_position,
                    versions: done.versions.clone(),
                    repeated: done.repeated,
                });
            }
            Err(AppendError::Unsettled(_)) => return Self::Unsettled,
            Err(AppendError::Conflict { .. }) => Refusal::Conflict,
            Err(AppendError::ClaimHeld { .. }) => Refusal::ClaimHeld,
            Err(AppendError::RequestKeyReused { .. }) => Refusal::KeyReused,
            Err(AppendError::Rejected(_)) => Refusal::Rejected,
            Err(AppendError::Unavailable(_)) => Refusal::Unavailable,
            Err(_) => Refusal::Other,
        };
        Self::Refused(refusal)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledged(Acknowledged { repeated: false, .. }) => "stored",
            Self::Acknowledged(Acknowledged { repeated: true, .. }) => "answered again",
            Self::Refused(Refusal::Conflict) => "conflicts",
            Self::Refused(Refusal::ClaimHeld) => "claims held by others",
            Self::Refused(Refusal::KeyReused) => "request keys reused",
            Self::Refused(Refusal::Rejected) => "rejected by the database",
            Self::Refused(Refusal::Unavailable) => "database not available",
            Self::Refused(Refusal::Other) => "other refusals",
            Self::Unsettled => "unsettled",
        })
    }
}
