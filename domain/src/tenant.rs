//! A tenant: an organisation that runs parking on the platform, with its tier, its display policies and its
//! members.

mod command;
mod definition;
mod event;
mod members;
mod policies;
mod refusal;
mod role;
mod rules;
mod tier;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Claim, ClaimChange, Decider, aggregate};
use crate::asked::Asked;
use crate::id::{PolicyId, UserId};
use crate::naming::moved;
use crate::policy::Policy;
use members::Members;
use policies::Policies;

pub use command::{MemberChange, NewTenant, TenantCommand, TenantPatch};
pub use definition::{Definition, NamedPolicy, TenantType, Tier};
pub use event::TenantEvent;
pub use members::{Authority, MOST_MEMBERS, Member};
pub use policies::MOST_POLICIES;
pub use refusal::TenantRefusal;
pub use role::Role;
pub use rules::{LONGEST_TRIAL_DAYS, MOST_ENTITLEMENTS};

/// The state for decisions about a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    account: Option<Account>,
    archived: bool,
}

/// The state of an existing tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Account {
    slug: String,
    definition: Definition,
    suspended: bool,
    policies: Policies,
    members: Members,
}

/// A tenant's subscription status: derived, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Its users and API keys are locked out.
    Suspended,
    /// It is on trial.
    Trial,
    /// It is a regular tenant.
    Active,
}

impl Tenant {
    /// Its slug, while it exists.
    pub fn slug(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.slug.as_str())
    }

    /// Its definition, while it exists.
    pub fn definition(&self) -> Option<&Definition> {
        self.account.as_ref().map(|account| &account.definition)
    }

    /// Its status, while it exists. An expired trial remains a trial: a date alone locks no one out.
    pub fn subscription_status(&self) -> Option<SubscriptionStatus> {
        self.account.as_ref().map(|account| match account.definition.tenant_type {
            _ if account.suspended => SubscriptionStatus::Suspended,
            TenantType::Trial => SubscriptionStatus::Trial,
            TenantType::Platform | TenantType::Customer => SubscriptionStatus::Active,
        })
    }

    /// Whether the tenant has the feature. An unlisted feature is off.
    pub fn feature(&self, name: &str) -> bool {
        self.definition().and_then(|definition| definition.features.get(name)).copied().unwrap_or(false)
    }

    /// The limit of that name; `None` if none is set.
    ///
    /// Limits are soft: the caller compares the limit with the usage in the read models, so concurrent commands can
    /// exceed it by as many as run at the same time.
    pub fn limit(&self, name: &str) -> Option<u32> {
        self.definition().and_then(|definition| definition.limits.get(name)).copied()
    }

    /// The active display policy, or the default if there is none.
    pub fn active_policy(&self) -> Policy {
        self.account.as_ref().map(|account| account.policies.active()).unwrap_or_default()
    }

    /// The id of the active display policy, if there is one.
    pub fn active_policy_id(&self) -> Option<PolicyId> {
        self.account.as_ref().and_then(|account| account.policies.active_id())
    }

    /// The member with this user id, also while locked out.
    pub fn member(&self, user_id: UserId) -> Option<Member> {
        self.account.as_ref().and_then(|account| account.members.get(user_id))
    }

    /// The role of the user, if it is a member that is not locked out.
    pub fn role_of(&self, user_id: UserId) -> Option<Role> {
        self.member(user_id).filter(|member| !member.disabled).map(|member| member.role)
    }

    /// All members by user id.
    pub fn members(&self) -> impl Iterator<Item = (UserId, Member)> {
        self.account.iter().flat_map(|account| account.members.all())
    }

    /// True while its users and API keys are locked out.
    pub fn is_suspended(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.suspended)
    }

    /// True when the user administers the platform by its role in this tenant.
    pub fn is_platform_admin(&self, user_id: UserId) -> bool {
        let role = self.role_of(user_id).filter(|_| !self.is_suspended());
        let tenant_type = self.definition().map(|definition| definition.tenant_type);
        role.zip(tenant_type).is_some_and(|(role, tenant_type)| role.is_platform_admin(tenant_type))
    }

    /// The display policy with this id.
    pub fn display_policy(&self, policy_id: PolicyId) -> Option<&NamedPolicy> {
        self.account.as_ref().and_then(|account| account.policies.get(policy_id))
    }
}

impl Decider for Tenant {
    const STATE_VERSION: i32 = 2;

    const EVENTS: &'static [(&'static str, &'static str)] = TenantEvent::CATALOGUE;

    fn decide(&self, command: &TenantCommand) -> Result<Vec<TenantEvent>, TenantRefusal> {
        use TenantCommand::{
            ActivateDisplayPolicy, ActivateTenant, AddMember, ArchiveTenant, ChangeMember, ChangeTenantSlug,
            CreateDisplayPolicy, CreateTenant, SuspendTenant, UpdateDisplayPolicy, UpdateTenant,
        };
        let account = || self.account.as_ref().ok_or(TenantRefusal::TenantNotFound);
        match command.clone() {
            CreateTenant { .. } if self.account.is_some() || self.archived => {
                Err(TenantRefusal::TenantAlreadyExists)
            }
            CreateTenant { tenant, asked } => rules::create(*tenant, asked),
            UpdateTenant { patch, asked } => account()?.update(*patch, asked),
            ChangeTenantSlug { slug, asked } => account()?.change_slug(slug, asked),
            SuspendTenant { reason, asked } => account()?.suspend(reason, asked),
            ActivateTenant { asked } => Ok(account()?.activate(asked)),
            ArchiveTenant { asked } => account()?.archive(asked),
            CreateDisplayPolicy { policy_id, policy, asked } => {
                account()?.policies.create(policy_id, policy, asked)
            }
            UpdateDisplayPolicy { policy_id, name, description, changes, asked } => {
                let changed = account()?.policies.changed(policy_id, name, description, &changes)?;
                let Asked { at, by, .. } = asked;
                let event = |policy| TenantEvent::DisplayPolicyUpdated { policy_id, policy, at, by };
                Ok(changed.map(event).into_iter().collect())
            }
            ActivateDisplayPolicy { policy_id, asked } => account()?.policies.activate(policy_id, asked),
            AddMember { user_id, role, authority, asked } => {
                let limit = self.limit(USER_LIMIT);
                account()?.members.add(user_id, role, authority, limit, asked)
            }
            ChangeMember { user_id, change, authority, asked } => {
                account()?.members.change(user_id, change, authority, asked)
            }
        }
    }

    fn evolve(&mut self, event: &TenantEvent) {
        match event {
            TenantEvent::TenantCreated { slug, definition, .. } => {
                self.account = Some(Account {
                    slug: slug.clone(),
                    definition: Definition::clone(definition),
                    suspended: false,
                    policies: Policies::default(),
                    members: Members::default(),
                });
            }
            TenantEvent::TenantArchived { .. } => *self = Self { account: None, archived: true },
            event => {
                if let Some(account) = &mut self.account {
                    account.evolve(event);
                }
            }
        }
    }

    fn claims(event: &TenantEvent) -> Vec<ClaimChange> {
        match event {
            TenantEvent::TenantCreated { slug, .. } => vec![ClaimChange::Take(slug_claim(slug))],
            TenantEvent::TenantSlugChanged { from, to, .. } => moved(slug_claim(from), slug_claim(to)),
            TenantEvent::TenantArchived { slug, .. } => vec![ClaimChange::Release(slug_claim(slug))],
            _ => Vec::new(),
        }
    }
}

impl Account {
    fn evolve(&mut self, event: &TenantEvent) {
        match event {
            TenantEvent::TenantUpdated { definition, .. } => self.definition = Definition::clone(definition),
            TenantEvent::TenantSlugChanged { to, .. } => self.slug.clone_from(to),
            TenantEvent::TenantSuspended { .. } => self.suspended = true,
            TenantEvent::TenantActivated { .. } => self.suspended = false,
            TenantEvent::DisplayPolicyCreated { policy_id, policy, .. }
            | TenantEvent::DisplayPolicyUpdated { policy_id, policy, .. } => {
                self.policies.put(*policy_id, policy);
            }
            TenantEvent::DisplayPolicyActivated { policy_id, .. } => self.policies.set_active(*policy_id),
            TenantEvent::MemberAdded { .. }
            | TenantEvent::MemberRoleChanged { .. }
            | TenantEvent::MemberDisabled { .. }
            | TenantEvent::MemberEnabled { .. }
            | TenantEvent::MemberRemoved { .. } => self.members.evolve(event),
            TenantEvent::TenantCreated { .. } | TenantEvent::TenantArchived { .. } => {}
        }
    }
}

/// The name of the limit on members.
const USER_LIMIT: &str = "max_users";

/// The scope of the claims of slugs.
pub const SLUG_SCOPE: &str = "tenant_slug";

/// A tenant's slug is unique on the platform.
fn slug_claim(slug: &str) -> Claim {
    Claim { scope: SLUG_SCOPE.to_owned(), key: slug.to_owned() }
}

aggregate!(Tenant, "tenant", TenantCommand, TenantEvent, TenantRefusal);
