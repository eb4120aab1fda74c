//! The platform's database: a server that `DATABASE_URL` names, or a private one.

use std::path::PathBuf;

use parking_database::{ClusterOptions, Database, LocalCluster, Logins, Urls, default_directory, is_root};
use parking_projections::engine::database_url;
use secrecy::ExposeSecret;

use crate::CommandError;
use crate::cli;

/// A server that was named, or the options of a private one.
pub(crate) enum Place {
    Named(Box<Database>),
    Private(ClusterOptions),
}

impl Place {
    /// The database, with a login for each role.
    pub(crate) fn of(place: &cli::Place) -> Result<Self, CommandError> {
        match Urls::of_given(|role| place.urls.of(role))? {
            Some(urls) => Ok(Self::Named(Box::new(Database::of_urls(urls)))),
            None => Self::administered(place),
        }
    }

    /// The database by its administrator's login.
    pub(crate) fn administered(place: &cli::Place) -> Result<Self, CommandError> {
        let url = place.database_url.as_ref().filter(|url| !url.expose_secret().is_empty());
        if let Some(url) = url {
            let admin = database_url::options_of(url.expose_secret())?;
            return Ok(Self::Named(Box::new(Database { admin, logins: Logins::ByName })));
        }
        if Urls::of_given(|role| place.urls.of(role))?.is_some() {
            return Err("DATABASE_URL is missing: set it to the administrator's URL".into());
        }
        let directory = match place.data_dir.as_ref().filter(|directory| !directory.as_os_str().is_empty()) {
            Some(directory) => directory.clone(),
            None => default_directory(is_root(), variable("XDG_STATE_HOME"), variable("HOME"))?,
        };
        let options = ClusterOptions { bin_dir: place.pg_bin_dir.clone(), ..ClusterOptions::at(directory) };
        Ok(Self::Private(options))
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A running database, with the private server that was started for it, if any.
pub(crate) struct Running {
    pub(crate) database: Database,
    pub(crate) cluster: Option<LocalCluster>,
}

impl Running {
    /// Starts the private server, or takes over one that an earlier process left running.
    pub(crate) async fn start(place: Place) -> Result<Self, CommandError> {
        match place {
            Place::Named(database) => Ok(Self { database: *database, cluster: None }),
            Place::Private(options) => {
                let cluster = LocalCluster::start(options).await?;
                Ok(Self { database: cluster.database(), cluster: Some(cluster) })
            }
        }
    }

    /// Connects to the database of a running platform, or starts the private one.
    pub(crate) async fn join_or_start(place: Place) -> Result<Self, CommandError> {
        match place {
            Place::Private(options) => match LocalCluster::attach(&options.directory).await {
                Ok(admin) => {
                    let admin = admin.database(LocalCluster::DATABASE);
                    Ok(Self { database: Database { admin, logins: Logins::Private }, cluster: None })
                }
                Err(_) => Self::start(Place::Private(options)).await,
            },
            named @ Place::Named(_) => Self::start(named).await,
        }
    }

    pub(crate) async fn stop(self) -> Result<(), CommandError> {
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}
