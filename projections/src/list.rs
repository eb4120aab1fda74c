//! The list of all projections. A new one is a line in [`each`]; everything that concerns all projections walks it.

use sqlx::{Connection, Executor, PgConnection};

use crate::devices::Fleet;
use crate::engine::install::{Installed, retire_others};
use crate::engine::projection::Projection;
use crate::occupancy::Occupancies;
use crate::registry::Registry;

/// Makes one thing for a projection: its description, its runner, a function that rebuilds it.
pub trait Visitor {
    /// What it makes.
    type Output;

    /// Makes it.
    fn visit<P: Projection>(&mut self) -> Self::Output;
}

/// Visits every projection; returns the results in the order of the list.
pub fn each<V: Visitor>(visitor: &mut V) -> Vec<V::Output> {
    vec![visitor.visit::<Fleet>(), visitor.visit::<Registry>(), visitor.visit::<Occupancies>()]
}

/// The names, versions and tables of all projections.
pub fn installed() -> Vec<Installed> {
    each(&mut Describe)
}

/// The names of all projections.
pub fn names() -> Vec<&'static str> {
    installed().iter().map(|projection| projection.name).collect()
}

/// Creates the missing tables of every projection, and forgets projections that are gone. Needs the owner's role.
pub async fn install(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("set search_path to projections, public").await?;
    let mut transaction = connection.begin().await?;
    let renamed = retire_others(&mut transaction, &names()).await?;
    for projection in installed() {
        projection.install(&mut transaction, renamed).await?;
    }
    transaction.commit().await
}

struct Describe;

impl Visitor for Describe {
    type Output = Installed;

    fn visit<P: Projection>(&mut self) -> Installed {
        Installed::of::<P>()
    }
}
