//! The list of all read models, and the making of their tables.

use sqlx::{Executor, PgConnection};

use crate::orphan_devices::OrphanDevices;
use crate::projection::Projection;

/// A read model, as far as its tables go.
#[derive(Clone, Copy, Debug)]
pub struct ReadModel {
    /// Its projection's name.
    pub name: &'static str,
    /// The version that this program makes.
    pub version: i32,
    /// Its tables.
    pub tables: &'static [&'static str],
    schema: &'static str,
}

/// All there are.
pub const READ_MODELS: [ReadModel; 1] = [ReadModel::of::<OrphanDevices>()];

impl ReadModel {
    const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION, tables: P::TABLES, schema: P::SCHEMA }
    }

    /// Creates the tables where they are not there yet, in the schema that the connection looks in first.
    pub async fn create(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        connection.execute(self.schema).await.map(drop)
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
            let tables = self.tables.join(", ");
            connection.execute(&*format!("drop table if exists {tables}")).await?;
        }
        Ok(())
    }
}

/// Creates the tables of every read model that are not there yet. Needs the owner's role.
pub async fn install(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("set search_path to projections, public").await?;
    for read_model in READ_MODELS {
        read_model.drop_other_versions(connection).await?;
        read_model.create(connection).await?;
    }
    Ok(())
}
