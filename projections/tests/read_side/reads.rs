//! Queries of the read models: events in, results out.

mod activity;
mod devices;
mod hours;
mod policies;
mod reservations;
mod seeking;
mod stays;

use parking_projections::devices::Fleet;
use parking_projections::engine::reader::{Reader, Reading};
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};

use crate::support::catch_up;

/// A reading of the tenant after every projection has reached the end of the log.
async fn reading(log: &EventLog, estate: &Estate<'_>) -> Reading {
    catch_up::<Fleet>(log).await;
    catch_up::<Registry>(log).await;
    catch_up::<Occupancies>(log).await;
    Reader::new(log.database.pool(Role::Reader)).of(estate.tenant()).await.unwrap()
}
