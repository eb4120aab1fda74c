//! Archives a site, unless it is the tenant's last one; finds the tenant's first one.

use parking_domain::asked::Asked;
use parking_domain::id::{SiteId, TenantId};
use parking_domain::site::{Site, SiteCommand, SiteEvent, SiteRefusal, name_scope};

use crate::bus::ExecuteError;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;
use crate::store::{LoadError, LogContext};

/// The maximum number of sites to look at. One or two suffice, unless some are archived at this moment.
const LOOKED_AT: i64 = 10;

/// Archive a site. Spaces need a site, so one of the tenant's remains.
#[derive(Clone, Debug)]
pub struct ArchiveSite {
    /// The site.
    pub site_id: SiteId,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for ArchiveSite {
    type Lead = Site;
    type Error = ExecuteError<SiteRefusal>;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Site>(&self.site_id)]
    }

    /// Another site is a precondition of the append. Of two sites that are archived at once, each the other's
    /// precondition, one remains.
    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SiteEvent>, Self::Error> {
        let site_id = self.site_id.to_string();
        let site = work.load::<Site>(&site_id).await?;
        let refused = |refusal| ExecuteError::Refused { refusal, position: site.position };
        let events = work.decide(&site, &SiteCommand::ArchiveSite { asked: self.asked }).map_err(refused)?;
        let other = first_site(work, self.asked.tenant_id, Some(&site_id)).await?;
        work.require(&other.ok_or_else(|| refused(SiteRefusal::LastSite))?);
        Ok(events)
    }
}

/// The tenant's first site by name, without one of them.
pub(crate) async fn first_site(
    work: &mut UnitOfWork<'_>,
    tenant_id: TenantId,
    without: Option<&str>,
) -> Result<Option<LogContext<Site>>, LoadError> {
    for site_id in work.store().holders(&name_scope(tenant_id), LOOKED_AT).await? {
        if without != Some(&*site_id) {
            let site = work.load::<Site>(&site_id).await?;
            if site.aggregate.tenant_id() == Some(tenant_id) {
                return Ok(Some(site));
            }
        }
    }
    Ok(None)
}
