//! A user, and the user's role in each tenant.

mod command;
mod event;
mod refusal;
mod role;
mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Claim, ClaimChange, Decider, aggregate};
use crate::id::TenantId;
use crate::naming::moved;
use crate::sealed::{KeyedHash, Sealed};

pub use command::UserCommand;
pub use event::UserEvent;
pub use refusal::UserRefusal;
pub use role::Role;
pub use rules::MOST_MEMBERSHIPS;

/// The state for decisions about a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    person: Option<Person>,
    archived: bool,
}

/// The state of an existing user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    email: Sealed,
    name: Option<Sealed>,
    disabled: bool,
    memberships: BTreeMap<TenantId, Role>,
}

impl User {
    /// The user's role in the tenant. A disabled user has none.
    pub fn role_in(&self, tenant_id: TenantId) -> Option<Role> {
        let person = self.person.as_ref().filter(|person| !person.disabled)?;
        person.memberships.get(&tenant_id).copied()
    }

    /// True while the user exists and is locked out.
    pub fn is_disabled(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.disabled)
    }
}

impl Decider for User {
    const STATE_VERSION: i32 = 1;

    const EVENTS: &'static [(&'static str, &'static str)] = UserEvent::CATALOGUE;

    fn decide(&self, command: &UserCommand) -> Result<Vec<UserEvent>, UserRefusal> {
        use UserCommand::{
            ArchiveUser, ChangeMembershipRole, ChangeUserEmail, DisableUser, EnableUser, GrantMembership,
            RegisterUser, RenameUser, RevokeMembership,
        };
        let person = || self.person.as_ref().ok_or(UserRefusal::UserNotFound);
        match command.clone() {
            RegisterUser { .. } if self.person.is_some() || self.archived => {
                Err(UserRefusal::UserAlreadyExists)
            }
            RegisterUser { email, name, asked } => rules::register(email, name, asked),
            RenameUser { name, asked } => Ok(person()?.rename(name, asked)),
            ChangeUserEmail { email, asked } => person()?.change_email(email, asked),
            GrantMembership { tenant_id, role, asked } => person()?.grant(tenant_id, role, asked),
            ChangeMembershipRole { tenant_id, role, asked } => person()?.change_role(tenant_id, role, asked),
            RevokeMembership { tenant_id, asked } => person()?.revoke(tenant_id, asked),
            DisableUser { reason, asked } => person()?.disable(reason, asked),
            EnableUser { asked } => Ok(person()?.enable(asked)),
            ArchiveUser { asked } => {
                let email = person()?.email.clone();
                Ok(vec![UserEvent::UserArchived { email, at: asked.at, by: asked.by }])
            }
        }
    }

    fn evolve(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRegistered { email, name, .. } => {
                self.person = Some(Person {
                    email: email.clone(),
                    name: name.clone(),
                    disabled: false,
                    memberships: BTreeMap::new(),
                });
            }
            UserEvent::UserArchived { .. } => *self = Self { person: None, archived: true },
            event => {
                if let Some(person) = &mut self.person {
                    person.evolve(event);
                }
            }
        }
    }

    fn claims(event: &UserEvent) -> Vec<ClaimChange> {
        match event {
            UserEvent::UserRegistered { email, .. } => {
                email_claim(email).map(ClaimChange::Take).into_iter().collect()
            }
            UserEvent::UserEmailChanged { from, to, .. } => match (email_claim(from), email_claim(to)) {
                (Some(from), Some(to)) => moved(from, to),
                (from, to) => {
                    from.map(ClaimChange::Release).into_iter().chain(to.map(ClaimChange::Take)).collect()
                }
            },
            UserEvent::UserArchived { email, .. } => {
                email_claim(email).map(ClaimChange::Release).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Person {
    fn evolve(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRenamed { name, .. } => self.name = Some(name.clone()),
            UserEvent::UserEmailChanged { to, .. } => self.email = to.clone(),
            UserEvent::MembershipGranted { tenant_id, role, .. }
            | UserEvent::MembershipRoleChanged { tenant_id, to: role, .. } => {
                self.memberships.insert(*tenant_id, *role);
            }
            UserEvent::MembershipRevoked { tenant_id, .. } => {
                self.memberships.remove(tenant_id);
            }
            UserEvent::UserDisabled { .. } => self.disabled = true,
            UserEvent::UserEnabled { .. } => self.disabled = false,
            UserEvent::UserRegistered { .. } | UserEvent::UserArchived { .. } => {}
        }
    }
}

/// An e-mail address is unique on the platform; it is claimed by its hash. `decide` refuses an address without a hash.
fn email_claim(email: &Sealed) -> Option<Claim> {
    let KeyedHash(key) = email.hash.clone()?;
    Some(Claim { scope: "user_email".to_owned(), key })
}

aggregate!(User, "user", UserCommand, UserEvent, UserRefusal);
