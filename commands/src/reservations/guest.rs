//! A guest's personal data in plain text; never stored.

use std::fmt;

use parking_domain::limits::LimitExceeded;
use parking_domain::patch::Patch;
use parking_domain::sealed::Sealed;
use parking_domain::space::{Details, DetailsPatch};
use secrecy::ExposeSecret;
use serde::Serialize;
use uuid::Uuid;

use crate::personal::{Field, Person, PersonalDataError, Sealer};

/// A guest's personal data. `Debug` prints none of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// Notes.
    pub notes: Option<String>,
}

impl Guest {
    /// True when there is no personal data.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The guest of a reservation, as far as the data is sealed for this subject and its key is there.
    pub(super) async fn of(
        details: &Details,
        subject: Uuid,
        sealer: &Sealer,
    ) -> Result<Self, PersonalDataError> {
        let Details { user_email, user_name, user_phone, notes, .. } = details;
        let fields = [user_email, user_name, user_phone, notes]
            .map(|field| field.as_ref().filter(|sealed| sealed.subject == subject));
        let present: Vec<&Sealed> = fields.into_iter().flatten().collect();
        let mut opened = sealer.open(&present).await?.into_iter();
        let [email, name, phone, notes] = fields.map(|field| {
            let text = field.and_then(|_| opened.next().flatten());
            text.map(|text| text.expose_secret().to_owned())
        });
        Ok(Self { email, name, phone, notes })
    }

    /// Sets the sealed fields of the details.
    pub(super) fn seal(&self, person: &Person<'_>, details: &mut Details) -> Result<(), LimitExceeded> {
        let seal =
            |field, text: &Option<String>| text.as_deref().map(|text| person.seal(field, text)).transpose();
        details.user_email = self.email.as_deref().map(|email| person.seal_email(email)).transpose()?;
        details.user_name = seal(Field::NAME, &self.name)?;
        details.user_phone = seal(Field::PHONE, &self.phone)?;
        details.notes = seal(Field::NOTES, &self.notes)?;
        Ok(())
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guest(..)")
    }
}

/// A change of a [`Guest`]. `Debug` prints none of it.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Guest")]
pub struct GuestPatch {
    pub email: Patch<String>,
    pub name: Patch<String>,
    pub phone: Patch<String>,
    pub notes: Patch<String>,
}

impl GuestPatch {
    /// True when it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The e-mail that it sets.
    pub(super) fn email(&self) -> Option<&str> {
        match &self.email {
            Patch::Set(email) => Some(email),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// The change without what is known already.
    pub(super) fn without_known(self, known: &Guest) -> Self {
        Self {
            email: unless_known(self.email, known.email.as_ref()),
            name: unless_known(self.name, known.name.as_ref()),
            phone: unless_known(self.phone, known.phone.as_ref()),
            notes: unless_known(self.notes, known.notes.as_ref()),
        }
    }

    /// Sets the sealed fields of a change of the details.
    pub(super) fn seal(&self, person: &Person<'_>, details: &mut DetailsPatch) -> Result<(), LimitExceeded> {
        details.user_email = sealed(&self.email, |email| person.seal_email(email))?;
        details.user_name = sealed(&self.name, |name| person.seal(Field::NAME, name))?;
        details.user_phone = sealed(&self.phone, |phone| person.seal(Field::PHONE, phone))?;
        details.notes = sealed(&self.notes, |notes| person.seal(Field::NOTES, notes))?;
        Ok(())
    }
}

fn unless_known(patch: Patch<String>, known: Option<&String>) -> Patch<String> {
    match patch {
        Patch::Set(text) if known == Some(&text) => Patch::Keep,
        patch => patch,
    }
}

fn sealed<T, E>(patch: &Patch<String>, seal: impl FnOnce(&str) -> Result<T, E>) -> Result<Patch<T>, E> {
    Ok(match patch {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(text) => Patch::Set(seal(text)?),
    })
}

impl fmt::Debug for GuestPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestPatch(..)")
    }
}
