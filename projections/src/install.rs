//! The list of all projections, and the making of their tables.

use sqlx::{Executor, PgConnection};

use crate::devices::Devices;
use crate::exceptions;
use crate::projection::{Projection, Tables};
use crate::registry::Registry;
use crate::space_occupancy::SpaceOccupancies;

/// A projection, as far as its tables go.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// The version that this program makes.
    pub version: i32,
    tables: &'static [Tables],
}

/// All there are.
pub const PROJECTIONS: [Installed; 3] =
    [Installed::of::<Devices>(), Installed::of::<Registry>(), Installed::of::<SpaceOccupancies>()];

impl Installed {
    /// What a projection says of itself.
    pub const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION, tables: P::TABLES }
    }

    /// The names of its tables.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().flat_map(|tables| tables.names.iter().chain(tables.internal)).copied()
    }

    /// The names of those that are the same in whatever batches the events came.
    pub fn compared(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().flat_map(|tables| tables.names).copied()
    }

    /// Creates the tables where they are not there yet, in the schema that the connection looks in first.
    pub async fn create(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        // The walls around the tables ask whether this projection holds back events of a tenant.
        sqlx::query("select set_config('parking.projection', $1, false)")
            .bind(self.name)
            .execute(&mut *connection)
            .await?;
        for tables in self.tables {
            connection.execute(tables.schema).await?;
        }
        Ok(())
    }

    /// Takes away what another version made, so that it is made anew from the start of the log.
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

    /// Takes the indexes away that are not the tables' keys; [`Self::create`] makes them again.
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

    /// Takes its tables away, from the schema that the connection looks in first.
    pub(crate) async fn drop_tables(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let tables = self.tables().collect::<Vec<_>>().join(", ");
        connection.execute(&*format!("drop table if exists {tables}")).await.map(drop)
    }
}

/// Creates the tables of every read model that are not there yet. Needs the owner's role.
pub async fn install(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("set search_path to projections, public").await?;
    for projection in PROJECTIONS {
        projection.drop_other_versions(connection).await?;
        projection.create(connection).await?;
    }
    Ok(())
}
