//! Metrics of projections and followers, read from the database on request.

use std::sync::atomic::AtomicU64;

use parking_projections::engine::standing::ProjectionsStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Projection {
    projection: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Follower {
    follower: String,
}

/// The gauges, by projection and by follower.
#[derive(Default)]
pub(super) struct Standing {
    position: Family<Projection, Gauge>,
    lag_events: Family<Projection, Gauge>,
    lag_seconds: Family<Projection, Seconds>,
    running: Family<Projection, Gauge>,
    dead_letters: Family<Projection, Gauge>,
    skipped_events: Family<Projection, Gauge>,
    held_streams: Family<Projection, Gauge>,
    held_tenants: Family<Projection, Gauge>,
    follower_position: Family<Follower, Gauge>,
    follower_lag_events: Family<Follower, Gauge>,
    follower_running: Family<Follower, Gauge>,
    follower_skipped: Family<Follower, Gauge>,
}

impl Standing {
    pub(super) fn register(&self, to: &mut Registry) {
        to.register("projection_position", "The position reached", self.position.clone());
        to.register("projection_lag_events", "Events not yet taken", self.lag_events.clone());
        let seconds = "Age of the oldest event not yet taken";
        to.register("projection_lag_seconds", seconds, self.lag_seconds.clone());
        to.register("projection_running", "0 when it has stopped before an event", self.running.clone());
        to.register("projection_dead_letters", "Events passed over", self.dead_letters.clone());
        let skipped = "Events passed over because an operator skipped them";
        to.register("projection_skipped_events", skipped, self.skipped_events.clone());
        let held = "Streams held back because of an event that could not be taken";
        to.register("projection_held_streams", held, self.held_streams.clone());
        let tenants = "Tenants whose reads are refused because of that";
        to.register("projection_held_tenants", tenants, self.held_tenants.clone());
        let position = "The position that the follower has reached";
        to.register("follower_position", position, self.follower_position.clone());
        let lag = "Events after the follower's position";
        to.register("follower_lag_events", lag, self.follower_lag_events.clone());
        let running = "0 when the follower has stopped before an entry";
        to.register("follower_running", running, self.follower_running.clone());
        let skipped = "Entries that the follower passed over";
        to.register("follower_skipped", skipped, self.follower_skipped.clone());
    }

    pub(super) fn note(&self, status: &ProjectionsStatus) {
        for one in &status.projections {
            let label = Projection { projection: one.projection.clone() };
            self.position.get_or_create(&label).set(one.position);
            self.lag_events.get_or_create(&label).set(one.lag_events);
            self.lag_seconds.get_or_create(&label).set(one.lag_seconds);
            self.running.get_or_create(&label).set(one.running.into());
            self.dead_letters.get_or_create(&label).set(one.dead_letters);
            self.skipped_events.get_or_create(&label).set(one.skipped_events);
            self.held_streams.get_or_create(&label).set(one.held_streams);
            self.held_tenants.get_or_create(&label).set(one.held_tenants);
        }
        for one in &status.followers {
            let label = Follower { follower: one.follower.clone() };
            self.follower_position.get_or_create(&label).set(one.position);
            self.follower_lag_events.get_or_create(&label).set(one.lag_events);
            self.follower_running.get_or_create(&label).set(one.running.into());
            self.follower_skipped.get_or_create(&label).set(one.skipped);
        }
    }
}
