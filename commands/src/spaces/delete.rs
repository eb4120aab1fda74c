//! A space goes with its place on its site, and the devices that stand at it leave.

use parking_domain::aggregate::Claim;
use parking_domain::device::Category;
use parking_domain::id::SpaceId;
use parking_domain::site::{Site, SiteCommand, SiteMember};
use parking_domain::space::claims::place;
use parking_domain::space::{Asked, DeleteSpace, Space, SpaceCommand, SpaceEvent, SpaceRefusal};

use super::SpaceError;
use crate::devices::leave;
use crate::joint::{Joint, Work};
use crate::lanes::StreamName;

/// What may stand at a space.
const PLACES: [Category; 2] = [Category::Sensor, Category::Display];

/// End a space.
#[derive(Clone, Debug)]
pub struct EndSpace {
    /// Which.
    pub space_id: SpaceId,
    /// Why.
    pub reason: Option<String>,
    /// Who asks.
    pub asked: Asked,
}

impl Joint for EndSpace {
    type Lead = Space;
    type Error = SpaceError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    /// A device was put at one of the space's places meanwhile: it leaves too.
    fn is_outdated_by(&self, claim: &Claim, _holder: &str) -> bool {
        PLACES.iter().any(|category| place(*category, self.space_id) == *claim)
    }

    async fn decide(&self, work: &mut Work<'_>) -> Result<Vec<SpaceEvent>, SpaceError> {
        let space = work.load::<Space>(&self.space_id.to_string()).await?;
        let Some(description) = space.aggregate.description() else {
            return Err(SpaceRefusal::SpaceNotFound.into());
        };
        let delete = DeleteSpace { space_id: self.space_id, reason: self.reason.clone(), asked: self.asked };
        let site_id = description.site_id.to_string();
        let events = work.decide(&space, &SpaceCommand::DeleteSpace(delete))?;
        for category in PLACES {
            let reason = Some("the space was deleted".to_owned());
            leave::<SpaceError>(work, self.space_id, category, reason, self.asked).await?;
        }
        let site = work.load::<Site>(&site_id).await?;
        let Asked { tenant_id, at, .. } = self.asked;
        let member = SiteMember::Space(self.space_id);
        work.decide(&site, &SiteCommand::RemoveSiteMember { tenant_id, member, at })?;
        Ok(events)
    }
}
