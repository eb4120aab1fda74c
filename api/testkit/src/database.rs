//! A fresh database for a test: a copy of a template that is prepared once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::{fs, thread};

use parking_database::cluster::Layout;
use parking_database::roles::bootstrap;
use parking_database::{Database, Logins, Role, prepare};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use crate::cluster::shared;

/// An empty database of this version for one test; dropped with its value.
pub struct TestDatabase {
    layout: &'static Layout,
    name: String,
    database: Database,
}

impl TestDatabase {
    /// Copies the template; the first caller starts the server and prepares it.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL on this machine, or a migration fails.
    pub async fn create() -> Self {
        let layout = shared().await;
        let mut admin = layout.admin_options().connect().await.expect("the test server runs");
        let template = template(layout, &mut admin).await;
        let name: String = sqlx::query_scalar("select 'test_' || replace(gen_random_uuid()::text, '-', '')")
            .fetch_one(&mut admin)
            .await
            .expect("the server draws a name");
        admin
            .execute(&*format!("create database {name} template {template}"))
            .await
            .expect("there is room for a database");

        let database = database(layout, &name);
        // A copy keeps neither the owner nor the privileges of a database.
        let mut connection = database.admin.connect().await.expect("the database was just made");
        bootstrap(&mut connection).await.expect("the administrator may do everything");
        Self { layout, name, database }
    }

    /// The database and its logins, as the platform takes them.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Connection options of this role.
    pub fn as_role(&self, role: Role) -> PgConnectOptions {
        self.database.as_role(role)
    }

    /// A pool of up to five connections of this role, opened on demand.
    pub fn pool(&self, role: Role) -> PgPool {
        PgPoolOptions::new().max_connections(5).connect_lazy_with(self.as_role(role))
    }

    /// `DATABASE_URL` for another process, with this role, or with the administrator's without one.
    pub fn url(&self, role: Option<Role>) -> String {
        self.layout.url(role.map_or("postgres", Role::name), &self.name)
    }
}

impl Drop for TestDatabase {
    /// In a thread of its own, because the test's runtime may be shutting down.
    fn drop(&mut self) {
        let (admin, name) = (self.layout.admin_options(), &self.name);
        let drop_database = async {
            let mut admin = admin.connect().await?;
            admin.execute(&*format!("drop database if exists {name} with (force)")).await?;
            admin.close().await
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                // A remaining database goes with the cluster.
                runtime.is_ok_and(|runtime| runtime.block_on(drop_database).is_ok())
            });
        });
    }
}

fn database(layout: &Layout, name: &str) -> Database {
    Database { admin: layout.admin_options().database(name), logins: Logins::Private }
}

/// Makes the template, unless another process of this build has. It gets its name only when it is complete.
async fn template(layout: &Layout, admin: &mut PgConnection) -> String {
    let name = format!("template_{:016x}", program());
    let making = format!("{name}_making");
    let sql = "select pg_advisory_lock(hashtext('parking template'))";
    admin.execute(sql).await.expect("the lock is granted");
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut *admin)
        .await
        .expect("the administrator may read the catalogue");
    if !exists {
        let sql = format!("drop database if exists {making} with (force)");
        admin.execute(&*sql).await.expect("only this session makes this template");
        prepare(&database(layout, &making)).await.expect("migrations and read models install");
        let sql = format!("alter database {making} rename to {name}");
        admin.execute(&*sql).await.expect("prepare leaves no connection behind");
    }
    let sql = "select pg_advisory_unlock(hashtext('parking template'))";
    admin.execute(sql).await.expect("the lock is released");
    name
}

/// A hash of this executable: the schema is compiled into it, so another build may need another template.
fn program() -> u64 {
    let path = std::env::current_exe().expect("the path of the executable is known");
    let metadata = fs::metadata(&path).expect("the executable is readable");
    let mut hasher = DefaultHasher::new();
    (path, metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
    hasher.finish()
}
