//! Registration: a tenant with its owner and its first site, in one append.

use std::fmt;

use parking_domain::actor::Actor;
use parking_domain::id::{SiteId, TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::site::{Definition, NewSite};
use parking_domain::tenant::NewTenant;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::acts::{CreateTenantWithOwner, NewUser};
use super::call::Call;
use super::error::AccountError;
use super::rows::Terms;
use super::sessions::SignedIn;
use super::{Accounts, email, generated, password_rules};
use crate::personal::Field;

/// Who registers, and for which tenant. `Debug` prints no personal data.
#[derive(Clone)]
pub struct Registration {
    /// The e-mail.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The name, if given.
    pub name: Option<String>,
    /// The tenant's name.
    pub tenant_name: String,
    /// The tenant's slug.
    pub tenant_slug: String,
    /// The device that the session is for, in the client's words.
    pub device: Option<String>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("tenant_slug", &self.tenant_slug).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Registers a user as the owner of a new tenant with a default site, and logs the user in.
    pub async fn register(&self, registration: Registration, call: &Call) -> Result<SignedIn, AccountError> {
        let Registration { email, password, name, tenant_name, tenant_slug, device } = registration;
        let tenant_id = TenantId::from(generated::id(&*self.0.randomness));
        let new = NewTenant { name: tenant_name, slug: tenant_slug, ..NewTenant::default() };
        let person =
            Unregistered { email: &email, name: name.as_deref(), password: &password, subject: None };
        let owner = self.store_new(person, Terms::default(), call.at).await?;
        let asked = call.asked(tenant_id, Actor::User(owner.user_id));
        let command = CreateTenantWithOwner {
            site: default_site(&new.name),
            tenant: new,
            owner: owner.clone(),
            site_id: SiteId::from(generated::id(&*self.0.randomness)),
            asked,
        };
        let context = call.context(Some(tenant_id), asked.by);
        let created = self.platform().store.execute(&command, &context).await;
        self.settle_new(&owner, created.map(|_| ())).await?;
        let credential = (owner.password_id, false);
        let opened = self.open((owner.user_id, tenant_id), credential, device.as_deref(), call.at).await?;
        let (session, refresh) = opened;
        let principal = self.stand(&session, None).await?.into();
        self.signed_in(&session, refresh, principal, call.at).await
    }

    /// Checks and seals what a new user says, and stores e-mail and password, which have no effect yet.
    pub(super) async fn store_new(
        &self,
        person: Unregistered<'_>,
        terms: Terms,
        at: Instant,
    ) -> Result<NewUser, AccountError> {
        let Unregistered { email, name, password, subject } = person;
        let email = email::checked(email)?;
        password_rules::check(password.expose_secret(), Some(email))?;
        if self.user_by_email(email).await?.is_some() {
            return Err(AccountError::EmailTaken);
        }
        let user_id = UserId::from(generated::id(&*self.0.randomness));
        let subject = subject.unwrap_or_else(|| generated::id(&*self.0.randomness));
        let sealer = self.platform().sealer.person(None, subject).await?;
        let sealed_email = sealer.seal(Field::EMAIL, email)?;
        let sealed_name = name.map(|name| sealer.seal(Field::NAME, name)).transpose()?;
        self.store_user(user_id, email, subject, at).await?;
        let password_id = self.store_password(user_id, password, terms, at).await?;
        Ok(NewUser { user_id, email: sealed_email, name: sealed_name, password_id })
    }

    /// After the user's events, or instead of them if they were refused.
    pub(super) async fn settle_new(
        &self,
        new: &NewUser,
        appended: Result<(), AccountError>,
    ) -> Result<(), AccountError> {
        match &appended {
            Ok(()) => self.confirm(new.user_id, new.password_id).await,
            // Nothing is in the log for certain, so the e-mail is free again at once.
            Err(error) if !error.is_unsettled() => self.withdraw_user(new.user_id).await?,
            Err(_) => {}
        }
        appended
    }
}

/// A person who becomes a user.
pub(super) struct Unregistered<'a> {
    pub(super) email: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) password: &'a SecretString,
    /// The subject of the personal data, if there is one already.
    pub(super) subject: Option<Uuid>,
}

/// The site that a tenant starts with: spaces need one.
fn default_site(tenant_name: &str) -> NewSite {
    let name: String = tenant_name.chars().take(200).chain(" - Main Site".chars()).collect();
    NewSite { name, slug: "main".to_owned(), definition: Definition::in_zone("UTC") }
}
