//! Creates a space as a member of its site, so that a site cannot be archived while it has members.

use parking_domain::id::SpaceId;
use parking_domain::site::{Site, SiteCommand, SiteMember};
use parking_domain::space::{CreateSpace, SetStateByHand, Space, SpaceCommand, SpaceEvent, StateByHand};

use super::SpaceError;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

/// Create a space.
#[derive(Clone, Debug)]
pub struct MakeSpace {
    /// A new id.
    pub space_id: SpaceId,
    /// Its definition.
    pub create: CreateSpace,
    /// Its initial state, if given.
    pub state: Option<StateByHand>,
}

impl MultiStreamCommand for MakeSpace {
    type Lead = Space;
    type Error = SpaceError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Site>(&self.create.site_id), StreamName::of::<Space>(&self.space_id)]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SpaceEvent>, SpaceError> {
        let asked = self.create.asked;
        let site = work.load::<Site>(&self.create.site_id.to_string()).await?;
        let add = SiteCommand::AddSiteMember { member: SiteMember::Space(self.space_id), asked };
        work.decide(&site, &add)?;
        let space = work.load::<Space>(&self.space_id.to_string()).await?;
        let mut commands = vec![SpaceCommand::CreateSpace(Box::new(self.create.clone()))];
        commands.extend(
            self.state
                .map(|state| SpaceCommand::SetStateByHand(SetStateByHand { state, reason: None, asked })),
        );
        Ok(work.decide_all(&space, &commands)?)
    }
}
