//! Deletes a space, removes it from its site and unassigns its devices.

use parking_domain::aggregate::Claim;
use parking_domain::asked::Asked;
use parking_domain::device::Category;
use parking_domain::id::SpaceId;
use parking_domain::site::{Site, SiteCommand, SiteMember};
use parking_domain::space::claims::place;
use parking_domain::space::{DeleteSpace, Space, SpaceCommand, SpaceEvent, SpaceRefusal};

use super::SpaceError;
use crate::devices::unassign_device;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

/// The categories of devices that can be assigned to a space.
const CATEGORIES: [Category; 2] = [Category::Sensor, Category::Display];

/// Delete a space.
#[derive(Clone, Debug)]
pub struct EndSpace {
    /// The space.
    pub space_id: SpaceId,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for EndSpace {
    type Lead = Space;
    type Error = SpaceError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    /// A device was assigned to the space concurrently; a new decision unassigns it too.
    fn is_outdated_by(&self, claim: &Claim, _holder: &str) -> bool {
        CATEGORIES.iter().any(|category| place(*category, self.space_id) == *claim)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SpaceEvent>, SpaceError> {
        let space = work.load::<Space>(&self.space_id.to_string()).await?;
        let Some(description) = space.aggregate.description() else {
            return Err(SpaceRefusal::SpaceNotFound.into());
        };
        let delete = DeleteSpace { space_id: self.space_id, reason: self.reason.clone(), asked: self.asked };
        let site_id = description.site_id.to_string();
        let events = work.decide(&space, &SpaceCommand::DeleteSpace(delete))?;
        for category in CATEGORIES {
            let reason = Some("the space was deleted".to_owned());
            unassign_device::<SpaceError>(work, self.space_id, category, reason, self.asked).await?;
        }
        let site = work.load::<Site>(&site_id).await?;
        let member = SiteMember::Space(self.space_id);
        work.decide(&site, &SiteCommand::RemoveSiteMember { member, asked: self.asked })?;
        Ok(events)
    }
}
