//! The platform's database: a server that `DATABASE_URL` names, or a private one.

use std::path::PathBuf;

use parking_database::{ClusterOptions, Database, LocalCluster, Logins, Urls, default_directory, is_root};
use parking_projections::engine::database_url;

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
        Self::or_in(place, "parking")
    }

    /// The demonstration's: unless one is named, a private server in a directory of its own.
    pub(crate) fn of_demo(place: &cli::Place) -> Result<Self, CommandError> {
        Self::or_in(place, "parking-demo")
    }

    /// The database by its administrator's login.
    pub(crate) fn administered(place: &cli::Place) -> Result<Self, CommandError> {
        if place.database_url().is_none() && Urls::of_given(|role| place.urls.of(role))?.is_some() {
            return Err("DATABASE_URL is missing: set it to the administrator's URL".into());
        }
        Self::by_administrator_or_in(place, "parking")
    }

    /// The database that is named, else a private one in the directory of this name beside the default.
    fn or_in(place: &cli::Place, name: &str) -> Result<Self, CommandError> {
        match Urls::of_given(|role| place.urls.of(role))? {
            Some(urls) => Ok(Self::Named(Box::new(Database::of_urls(urls)))),
            None => Self::by_administrator_or_in(place, name),
        }
    }

    /// The database that `DATABASE_URL` names, else a private one in the directory of this name beside the default.
    fn by_administrator_or_in(place: &cli::Place, name: &str) -> Result<Self, CommandError> {
        if let Some(url) = place.database_url() {
            let admin = database_url::options_of(url)?;
            return Ok(Self::Named(Box::new(Database { admin, logins: Logins::ByName })));
        }
        let directory = match place.data_dir.as_ref().filter(|directory| !directory.as_os_str().is_empty()) {
            Some(directory) => directory.clone(),
            None => default_directory(is_root(), variable("XDG_STATE_HOME"), variable("HOME"))?
                .with_file_name(name),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_has_a_directory_of_its_own_unless_one_is_named() {
        let of = |place: Result<Place, CommandError>| match place.expect("a home") {
            Place::Private(options) => options.directory,
            Place::Named(_) => panic!("no URL was given"),
        };
        let unnamed = cli::Place {
            database_url: None,
            urls: cli::RoleUrls::default(),
            data_dir: None,
            pg_bin_dir: None,
        };
        let (usual, demo) = (of(Place::of(&unnamed)), of(Place::of_demo(&unnamed)));
        assert_eq!((usual.parent(), usual.file_name()), (demo.parent(), Some("parking".as_ref())));
        assert_eq!(demo.file_name(), Some("parking-demo".as_ref()));
        let named = cli::Place { data_dir: Some("/tmp/mine".into()), ..unnamed };
        assert_eq!(of(Place::of_demo(&named)), PathBuf::from("/tmp/mine"));
    }
}
