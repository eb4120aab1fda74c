//! The list of all projections, and the creation of their tables.

use sqlx::{Executor, PgConnection};

use crate::devices::Devices;
use crate::exceptions;
use crate::projection::{Projection, Tables};
use crate::registry::Registry;
use crate::space_occupancy::SpaceOccupancies;

/// The tables of a projection.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// The version that this build writes.
    pub version: i32,
    tables: &'static [Tables],
}

/// All projections.
pub const PROJECTIONS: [Installed; 3] =
    [Installed::of::<Devices>(), Installed::of::<Registry>(), Installed::of::<SpaceOccupancies>()];

impl Installed {
    /// The tables that a projection declares.
    pub const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION, tables: P::TABLES }
    }

    /// The names of its tables.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().flat_map(|tables| tables.names.iter().chain(tables.internal)).copied()
    }

    /// The names of the tables whose rows do not depend on how events were batched.
    pub fn compared(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().flat_map(|tables| tables.names).copied()
    }

    /// Creates missing tables in the first schema of the search path.
    pub async fn create(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        // The row-level security policies ask whether this projection holds back a tenant's events.
        sqlx::query("select set_config('parking.projection', $1, false)")
            .bind(self.name)
            .execute(&mut *connection)
            .await?;
        for tables in self.tables {
            connection.execute(tables.schema).await?;
        }
        Ok(())
    }

    /// Drops the tables of another version, so that they are filled again from the start of the log.
    async fn drop_other_versions(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let others =
            sqlx::query("delete from projections.checkpoints where projection = $1 and version <> $2")
                .bind(self.name)
                .bind(self.version)
                .execute(&mut *connection)
                .await?;
        if others.rows_affected() > 0 {
            exceptions::clear(connection, self.name).await?;
            self.drop_tables(connection).await?;
        }
        Ok(())
    }

    /// Drops the indexes that are not unique; [`Self::create`] creates them again.
    pub(crate) async fn drop_indexes(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let tables: Vec<&str> = self.tables().collect();
        let indexes: Vec<String> = sqlx::query_scalar(
            "select indexrelid::regclass::text from pg_index \
              where indrelid = any($1::text[]::regclass[]) and not indisunique",
        )
        .bind(tables)
        .fetch_all(&mut *connection)
        .await?;
        for index in indexes {
            connection.execute(&*format!("drop index {index}")).await?;
        }
        Ok(())
    }

    /// Drops the tables in the first schema of the search path.
    pub(crate) async fn drop_tables(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let tables = self.tables().collect::<Vec<_>>().join(", ");
        connection.execute(&*format!("drop table if exists {tables}")).await.map(drop)
    }
}

/// Creates the missing tables of every projection. Needs the owner's role.
pub async fn install(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("set search_path to projections, public").await?;
    for projection in PROJECTIONS {
        projection.drop_other_versions(connection).await?;
        projection.create(connection).await?;
    }
    Ok(())
}
