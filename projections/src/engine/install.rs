//! What a projection installs: the creation of its tables.

use sqlx::{Executor, PgConnection};

use crate::engine::exceptions;
use crate::engine::projection::{Projection, Tables};

/// The tables of a projection.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// The version that this build writes.
    pub version: i32,
    tables: &'static [Tables],
}

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

    /// Creates missing tables in the first schema of the search path. Those of another version are made anew; `renamed`
    /// says that those without a checkpoint may be another projection's.
    pub async fn install(&self, connection: &mut PgConnection, renamed: bool) -> Result<(), sqlx::Error> {
        let others =
            sqlx::query("delete from projections.checkpoints where projection = $1 and version <> $2")
                .bind(self.name)
                .bind(self.version)
                .execute(&mut *connection)
                .await?;
        if others.rows_affected() > 0 || renamed && !self.has_run(connection).await? {
            // The rows of this version are wrong too if another version wrote into its tables.
            sqlx::query("delete from projections.checkpoints where projection = $1")
                .bind(self.name)
                .execute(&mut *connection)
                .await?;
            exceptions::clear(connection, self.name).await?;
            self.drop_tables(connection).await?;
        }
        self.create(connection).await
    }

    async fn has_run(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("select exists (select from projections.checkpoints where projection = $1)")
            .bind(self.name)
            .fetch_one(connection)
            .await
    }

    /// Drops the indexes that are not unique, except the needed ones; [`Self::create`] creates them again.
    pub(crate) async fn drop_indexes(
        &self,
        connection: &mut PgConnection,
        needed: &[&str],
    ) -> Result<(), sqlx::Error> {
        let tables: Vec<&str> = self.tables().collect();
        let indexes: Vec<String> = sqlx::query_scalar(
            "select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid \
              where indrelid = any($1::text[]::regclass[]) and not indisunique and relname <> all($2)",
        )
        .bind(tables)
        .bind(needed)
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

/// Deletes the checkpoints and exceptions of projections that are not in the list any more; true if there were any.
pub(crate) async fn retire_others(
    connection: &mut PgConnection,
    listed: &[&'static str],
) -> Result<bool, sqlx::Error> {
    let mut retired = 0;
    for table in exceptions::TABLES.into_iter().chain(["checkpoints"]) {
        let delete = format!("delete from projections.{table} where projection <> all($1)");
        retired += sqlx::query(&delete).bind(listed).execute(&mut *connection).await?.rows_affected();
    }
    Ok(retired > 0)
}
