//! When a sensor that is not heard counts as silent. What moves a space is the event that says so, never the clock.

use chrono::TimeDelta;

use crate::instant::Instant;
use crate::policy::Policy;
use crate::sensors::{SHORTEST_HEARTBEAT_SEC, heartbeat_sec};

/// So many reports may be lost before a sensor counts as silent.
const HEARTBEATS: i64 = 3;

/// How long a sensor may be quiet: as the policy says, or else three times its heartbeat, which its owner knows or else
/// the model of its codec has.
pub fn timeout(policy: &Policy, own_heartbeat_sec: Option<u32>, codec: Option<&str>) -> TimeDelta {
    let heartbeats = || HEARTBEATS * i64::from(own_heartbeat_sec.unwrap_or_else(|| heartbeat_sec(codec)));
    TimeDelta::seconds(policy.sensor_unknown_timeout_sec.map_or_else(heartbeats, i64::from))
}

/// The shortest time-out that the sensor's next uplink can lead to: only where neither its policy nor its owner fixes it
/// does it depend on the codec that reads the uplink.
pub fn shortest_timeout(
    policy: &Policy,
    own_heartbeat_sec: Option<u32>,
    chosen_codec: Option<&str>,
) -> TimeDelta {
    let own = own_heartbeat_sec.or(chosen_codec.is_none().then_some(SHORTEST_HEARTBEAT_SEC));
    timeout(policy, own, chosen_codec)
}

/// The first moment at which it is silent; none beyond the end of time.
pub fn due(last_heard_at: Instant, timeout: TimeDelta) -> Option<Instant> {
    last_heard_at.checked_add(timeout)
}
