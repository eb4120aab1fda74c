//! Commands over the streams of a tenant and a user, each one append.

use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::{SiteId, TenantId, UserId};
use parking_domain::sealed::Sealed;
use parking_domain::site::{NewSite, Site, SiteCommand};
use parking_domain::tenant::{Authority, MemberChange, NewTenant, Role, Tenant, TenantCommand, TenantEvent};
use parking_domain::user::{User, UserCommand};
use uuid::Uuid;

use super::error::AccountError;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

/// A user to register, with a stored password.
#[derive(Clone, Debug)]
pub(super) struct NewUser {
    pub(super) user_id: UserId,
    pub(super) email: Sealed,
    pub(super) name: Option<Sealed>,
    pub(super) password_id: Uuid,
}

impl NewUser {
    fn commands(&self, asked: Asked) -> [UserCommand; 2] {
        let (email, name) = (self.email.clone(), self.name.clone());
        [
            UserCommand::RegisterUser { email, name, asked },
            UserCommand::SetPassword { password_id: self.password_id, asked },
        ]
    }
}

/// Creates a tenant with its owner and its first site.
pub(super) struct CreateTenantWithOwner {
    pub(super) tenant: NewTenant,
    pub(super) owner: NewUser,
    pub(super) site_id: SiteId,
    pub(super) site: NewSite,
    pub(super) asked: Asked,
}

impl MultiStreamCommand for CreateTenantWithOwner {
    type Lead = Tenant;
    type Error = AccountError;

    fn streams(&self) -> Vec<StreamName> {
        vec![
            StreamName::of::<Tenant>(&self.asked.tenant_id),
            StreamName::of::<User>(&self.owner.user_id),
            StreamName::of::<Site>(&self.site_id),
        ]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<TenantEvent>, AccountError> {
        let asked = self.asked;
        let tenant = work.load::<Tenant>(&asked.tenant_id.to_string()).await?;
        let create = TenantCommand::CreateTenant { tenant: Box::new(self.tenant.clone()), asked };
        let events = work.decide_all(&tenant, &[create, make_owner(self.owner.user_id, asked)])?;
        register(work, &self.owner, asked).await?;
        let site = work.load::<Site>(&self.site_id.to_string()).await?;
        work.decide(&site, &SiteCommand::CreateSite { site: Box::new(self.site.clone()), asked })?;
        Ok(events)
    }
}

/// Makes a user, new or not, a member of a tenant.
pub(super) struct Join {
    pub(super) user_id: UserId,
    pub(super) new: Option<NewUser>,
    pub(super) role: Role,
    pub(super) authority: Authority,
    pub(super) asked: Asked,
}

impl MultiStreamCommand for Join {
    type Lead = Tenant;
    type Error = AccountError;

    fn streams(&self) -> Vec<StreamName> {
        membership(self.asked.tenant_id, self.user_id)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<TenantEvent>, AccountError> {
        let Self { user_id, role, authority, asked, .. } = *self;
        let tenant = work.load::<Tenant>(&asked.tenant_id.to_string()).await?;
        let add = TenantCommand::AddMember { user_id, role, authority, asked };
        let events = work.decide(&tenant, &add)?;
        if let Some(new) = &self.new {
            register(work, new, asked).await?;
        } else {
            let user = work.load::<User>(&user_id.to_string()).await?;
            work.decide(&user, &UserCommand::JoinTenant { tenant_id: asked.tenant_id, asked })?;
        }
        Ok(events)
    }
}

/// Ends a membership.
pub(super) struct Leave {
    pub(super) user_id: UserId,
    pub(super) authority: Authority,
    pub(super) asked: Asked,
}

impl MultiStreamCommand for Leave {
    type Lead = Tenant;
    type Error = AccountError;

    fn streams(&self) -> Vec<StreamName> {
        membership(self.asked.tenant_id, self.user_id)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<TenantEvent>, AccountError> {
        let Self { user_id, authority, asked } = *self;
        let tenant = work.load::<Tenant>(&asked.tenant_id.to_string()).await?;
        let change = MemberChange::Remove;
        let events =
            work.decide(&tenant, &TenantCommand::ChangeMember { user_id, change, authority, asked })?;
        let user = work.load::<User>(&user_id.to_string()).await?;
        work.decide(&user, &UserCommand::LeaveTenant { tenant_id: asked.tenant_id, asked })?;
        Ok(events)
    }
}

/// Makes the platform's tenant with its first owner. Without events if the tenant exists.
pub(super) struct MakePlatform {
    pub(super) tenant: NewTenant,
    pub(super) owner: NewUser,
    pub(super) asked: Asked,
}

impl MultiStreamCommand for MakePlatform {
    type Lead = Tenant;
    type Error = AccountError;

    fn streams(&self) -> Vec<StreamName> {
        membership(TenantId::PLATFORM, self.owner.user_id)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<TenantEvent>, AccountError> {
        let asked = self.asked;
        let tenant = work.load::<Tenant>(&TenantId::PLATFORM.to_string()).await?;
        if tenant.version > 0 {
            return Ok(Vec::new());
        }
        let create = TenantCommand::CreateTenant { tenant: Box::new(self.tenant.clone()), asked };
        let events = work.decide_all(&tenant, &[create, make_owner(self.owner.user_id, asked)])?;
        register(work, &self.owner, asked).await?;
        Ok(events)
    }
}

fn membership(tenant_id: TenantId, user_id: UserId) -> Vec<StreamName> {
    vec![StreamName::of::<Tenant>(&tenant_id), StreamName::of::<User>(&user_id)]
}

fn make_owner(user_id: UserId, asked: Asked) -> TenantCommand {
    TenantCommand::AddMember { user_id, role: Role::Owner, authority: Authority::Platform, asked }
}

/// Registers a user who joins the tenant at once.
async fn register(work: &mut UnitOfWork<'_>, new: &NewUser, asked: Asked) -> Result<(), AccountError> {
    let user = work.load::<User>(&new.user_id.to_string()).await?;
    let [register, set_password] = new.commands(Asked { by: Actor::User(new.user_id), ..asked });
    let join = UserCommand::JoinTenant { tenant_id: asked.tenant_id, asked };
    work.decide_all(&user, &[register, set_password, join])?;
    Ok(())
}
