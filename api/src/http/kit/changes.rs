//! The body of an update: its fields are read onto the stored resource.

use std::marker::PhantomData;

use serde::Serialize;

use crate::http::kit::app::App;
use crate::http::kit::caller::Identity;
use crate::http::kit::fields::{Body, Fields, FromFields};
use crate::http::kit::problem::Problem;
use crate::http::kit::progress;
use crate::http::kit::reply::View;

/// The fields of an update, not yet read.
pub(crate) struct Changes<T> {
    fields: Fields,
    body: PhantomData<T>,
}

impl<T: Body> FromFields for Changes<T> {
    fn from_fields(fields: Fields) -> Result<Self, Problem> {
        fields.check::<T>()?;
        Ok(Self { fields, body: PhantomData })
    }
}

impl<T: Body> Changes<T> {
    /// The body. The resource is read only if the body depends on it.
    pub(crate) async fn onto<V>(self, app: &App, caller: &Identity, id: V::Id) -> Result<T, Problem>
    where
        V: View + Serialize,
    {
        if !self.fields.depend_on_stored::<T>() {
            return self.fields.read();
        }
        match self.compared::<V>(app, caller, id).await {
            // Looked up only now: the resource may also have changed because the request was executed meanwhile.
            Err(_) if is_recorded(app, caller).await? => self.fields.read_any(),
            compared => compared,
        }
    }

    async fn compared<V>(&self, app: &App, caller: &Identity, id: V::Id) -> Result<T, Problem>
    where
        V: View + Serialize,
    {
        // Another process may have shown the client something newer than this one shows so far.
        progress::wait_for_head::<V::Sources>(app).await?;
        let view = V::read(&mut app.read_now::<V::Sources>(caller).await?, id).await?;
        let stored = serde_json::to_value(view).expect("a view has texts as keys and finite numbers");
        self.fields.read_onto(&stored)
    }
}

/// Whether the same request was executed before: its answer comes from the record, whatever is stored by now.
async fn is_recorded(app: &App, caller: &Identity) -> Result<bool, Problem> {
    match caller.context().request {
        Some(request) => Ok(app.platform.store.is_recorded(&request).await?),
        None => Ok(false),
    }
}
