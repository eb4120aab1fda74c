//! A user: a person who logs in, with a password and the tenants that the user belongs to.
//!
//! Roles are the tenants' (`tenant::Member`). The uniqueness of e-mails is not a claim, because a claim would put a hash of
//! the person into the log.

mod command;
mod event;
mod refusal;
mod rules;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Decider, aggregate};
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;
use rules::without_hash;

pub use command::UserCommand;
pub use event::UserEvent;
pub use refusal::UserRefusal;
pub use rules::MOST_MEMBERSHIPS;

/// The state for decisions about a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    person: Option<Person>,
    archived: bool,
}

/// The state of an existing user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The e-mail.
    pub email: Sealed,
    /// The name.
    pub name: Option<Sealed>,
    /// Whether the user is locked out of the platform.
    pub disabled: bool,
    /// The id of the stored password, once there is one.
    pub password_id: Option<Uuid>,
    /// The tenants, in the order in which the user joined them.
    pub tenants: Vec<TenantId>,
    /// When the user was registered.
    pub registered_at: Instant,
}

impl User {
    /// The person, while the user exists.
    pub fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// The person, while the user exists and is not locked out.
    pub fn active(&self) -> Option<&Person> {
        self.person().filter(|person| !person.disabled)
    }
}

impl Decider for User {
    const STATE_VERSION: i32 = 2;

    const EVENTS: &'static [(&'static str, &'static str)] = UserEvent::CATALOGUE;

    fn decide(&self, command: &UserCommand) -> Result<Vec<UserEvent>, UserRefusal> {
        use UserCommand::{
            ArchiveUser, ChangeUserEmail, DisableUser, EnableUser, JoinTenant, LeaveTenant, RegisterUser,
            RenameUser, SetPassword,
        };
        let person = || self.person.as_ref().ok_or(UserRefusal::UserNotFound);
        match command.clone() {
            RegisterUser { .. } if self.person.is_some() || self.archived => {
                Err(UserRefusal::UserAlreadyExists)
            }
            RegisterUser { email, name, asked } => Ok(rules::register(email, name, asked)),
            RenameUser { name, asked } => {
                person()?;
                Ok(vec![UserEvent::UserRenamed { name: without_hash(name), at: asked.at, by: asked.by }])
            }
            ChangeUserEmail { email, asked } => {
                person()?;
                let email = without_hash(email);
                Ok(vec![UserEvent::UserEmailChanged { email, at: asked.at, by: asked.by }])
            }
            SetPassword { password_id, .. } if person()?.password_id == Some(password_id) => Ok(Vec::new()),
            SetPassword { password_id, asked } => {
                Ok(vec![UserEvent::PasswordSet { password_id, at: asked.at, by: asked.by }])
            }
            JoinTenant { tenant_id, asked } => person()?.join(tenant_id, asked),
            LeaveTenant { tenant_id, asked } => Ok(person()?.leave(tenant_id, asked)),
            DisableUser { reason, asked } => Ok(person()?.disable(reason, asked)),
            EnableUser { asked } => Ok(person()?.enable(asked)),
            ArchiveUser { asked } => person()?.archive(asked),
        }
    }

    fn evolve(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRegistered { email, name, at, .. } => {
                self.person = Some(Person {
                    email: email.clone(),
                    name: name.clone(),
                    disabled: false,
                    password_id: None,
                    tenants: Vec::new(),
                    registered_at: *at,
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
}

impl Person {
    fn evolve(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRenamed { name, .. } => self.name = Some(name.clone()),
            UserEvent::UserEmailChanged { email, .. } => self.email = email.clone(),
            UserEvent::PasswordSet { password_id, .. } => self.password_id = Some(*password_id),
            UserEvent::TenantJoined { tenant_id, .. } => {
                self.tenants.retain(|other| other != tenant_id);
                self.tenants.push(*tenant_id);
            }
            UserEvent::TenantLeft { tenant_id, .. } => self.tenants.retain(|other| other != tenant_id),
            UserEvent::UserDisabled { .. } => self.disabled = true,
            UserEvent::UserEnabled { .. } => self.disabled = false,
            UserEvent::UserRegistered { .. } | UserEvent::UserArchived { .. } => {}
        }
    }
}

aggregate!(User, "user", UserCommand, UserEvent, UserRefusal);
