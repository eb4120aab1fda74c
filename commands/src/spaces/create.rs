//! Creates a space as a member of its site, so that a site cannot be archived while it has members.

use parking_domain::asked::Asked;
use parking_domain::id::{SiteId, SpaceId};
use parking_domain::site::{Site, SiteCommand, SiteMember, SiteRefusal};
use parking_domain::space::{
    CreateSpace, DefinitionPatch, SetStateByHand, Space, SpaceCommand, SpaceEvent, StateByHand,
};

use super::SpaceError;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;
use crate::sites::first_site;

/// Create a space.
#[derive(Clone, Debug)]
pub struct MakeSpace {
    /// A new id.
    pub space_id: SpaceId,
    /// Its site; `None` for the tenant's first one by name.
    pub site_id: Option<SiteId>,
    /// Its code, unique in its site.
    pub code: String,
    /// Its definition.
    pub definition: DefinitionPatch,
    /// Its initial state, if given.
    pub state: Option<StateByHand>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for MakeSpace {
    type Lead = Space;
    type Error = SpaceError;

    fn streams(&self) -> Vec<StreamName> {
        let site = self.site_id.iter().map(StreamName::of::<Site>);
        site.chain([StreamName::of::<Space>(&self.space_id)]).collect()
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SpaceEvent>, SpaceError> {
        let Self { space_id, asked, .. } = *self;
        let site = match self.site_id {
            Some(site_id) => Some(work.load::<Site>(&site_id.to_string()).await?),
            None => first_site(work, asked.tenant_id, None).await?,
        };
        let site = site.ok_or(SiteRefusal::SiteNotFound)?;
        let add = SiteCommand::AddSiteMember { member: SiteMember::Space(space_id), asked };
        work.decide(&site, &add)?;
        let site_id = site.aggregate_id.parse().map_err(|_| SiteRefusal::SiteNotFound)?;
        let (code, definition) = (self.code.clone(), self.definition.clone());
        let space = work.load::<Space>(&space_id.to_string()).await?;
        let create = CreateSpace { site_id, code, definition, asked };
        let mut commands = vec![SpaceCommand::CreateSpace(Box::new(create))];
        commands.extend(
            self.state
                .map(|state| SpaceCommand::SetStateByHand(SetStateByHand { state, reason: None, asked })),
        );
        Ok(work.decide_all(&space, &commands)?)
    }
}
