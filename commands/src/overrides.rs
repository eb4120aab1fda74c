//! Override requests: notes are sealed here, before the space decides.

use parking_domain::asked::Asked;
use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{ClearOverride, OverrideKind, SetOverride, Space, SpaceCommand, SpaceRefusal};

use crate::bus::{Bus, ExecuteError, Executed};
use crate::personal::{Field, PersonalDataError, SealedCommandError, Sealer};
use crate::store::CommandContext;

/// An override to set. Its notes are in plain text, so it has no `Debug`.
pub struct NewOverride {
    /// A new id.
    pub override_id: OverrideId,
    /// The space.
    pub space_id: SpaceId,
    /// The kind of override.
    pub kind: OverrideKind,
    /// The start; a past time means now.
    pub from: Instant,
    /// The end; `None` means until it is cleared.
    pub until: Option<Instant>,
    /// The reason, without personal data.
    pub reason: Option<String>,
    /// Notes, which may contain personal data.
    pub notes: Option<String>,
    /// The caller.
    pub asked: Asked,
}

/// Executes override requests on spaces. Created on demand from the platform's bus and sealer.
#[derive(Clone, Copy)]
pub struct Overrides<'a> {
    spaces: &'a Bus<Space>,
    sealer: &'a Sealer,
}

impl<'a> Overrides<'a> {
    /// Uses the spaces' bus; `sealer` seals personal data.
    pub fn new(spaces: &'a Bus<Space>, sealer: &'a Sealer) -> Self {
        Self { spaces, sealer }
    }

    /// Sets an override, or returns what the same request set before. The notes may name any person, so they are sealed
    /// with a key of their own.
    pub async fn set(
        &self,
        new: NewOverride,
        command_context: &CommandContext,
    ) -> Result<Executed<Space>, SealedCommandError> {
        // Before sealing: the key of the first request's notes may be deleted, and sealing again would create another.
        if let Some(earlier) = self.spaces.earlier(command_context).await? {
            return Ok(earlier);
        }
        let NewOverride { override_id, space_id, kind, from, until, reason, notes, asked } = new;
        let notes = match notes {
            None => None,
            Some(notes) => {
                let person = self.sealer.person(Some(asked.tenant_id), override_id.uuid()).await?;
                Some(person.seal(Field::NOTES, &notes).map_err(PersonalDataError::from)?)
            }
        };
        let set = SetOverride { override_id, kind, from, until, reason, notes, asked };
        let set = SpaceCommand::SetOverride(Box::new(set));
        Ok(self.spaces.execute_all(&space_id.to_string(), &[set], command_context).await?)
    }
    /// Clears an override. One that is over is forgotten by its space, and found in the log.
    pub async fn clear(
        &self,
        space_id: SpaceId,
        clear: ClearOverride,
        command_context: &CommandContext,
    ) -> Result<Executed<Space>, ExecuteError<SpaceRefusal>> {
        let command = SpaceCommand::ClearOverride(clear);
        let cleared = self.spaces.execute(&space_id.to_string(), &command, command_context).await;
        let Err(ExecuteError::Refused { refusal: SpaceRefusal::OverrideNotFound, position }) = cleared else {
            return cleared;
        };
        let known = self.spaces.store().events_of_part(space_id, clear.override_id.uuid()).await?;
        let refusal =
            if known.is_empty() { SpaceRefusal::OverrideNotFound } else { SpaceRefusal::OverrideOver };
        Err(ExecuteError::Refused { refusal, position })
    }
}
