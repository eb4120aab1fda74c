//! When a sensor counts as silent. A silence changes a space through its event, never through the clock.

use chrono::TimeDelta;

use crate::instant::Instant;
use crate::policy::Policy;
use crate::sensors::{SHORTEST_HEARTBEAT_SEC, heartbeat_sec};

/// The number of heartbeats that may be missed.
const HEARTBEATS: i64 = 3;

/// How long a sensor may be silent: the policy's timeout, or else three times its heartbeat, which is the owner's
/// setting or else the default of its codec.
pub fn timeout(policy: &Policy, own_heartbeat_sec: Option<u32>, codec: Option<&str>) -> TimeDelta {
    let heartbeats = || HEARTBEATS * i64::from(own_heartbeat_sec.unwrap_or_else(|| heartbeat_sec(codec)));
    TimeDelta::seconds(policy.sensor_unknown_timeout_sec.map_or_else(heartbeats, i64::from))
}

/// The shortest timeout that the sensor's next uplink can lead to. It depends on the codec that decodes the uplink only
/// if neither the policy nor the owner sets it.
pub fn shortest_timeout(
    policy: &Policy,
    own_heartbeat_sec: Option<u32>,
    chosen_codec: Option<&str>,
) -> TimeDelta {
    let own = own_heartbeat_sec.or(chosen_codec.is_none().then_some(SHORTEST_HEARTBEAT_SEC));
    timeout(policy, own, chosen_codec)
}

/// The first moment at which the sensor is silent; `None` beyond the time range.
pub fn due(last_heard_at: Instant, timeout: TimeDelta) -> Option<Instant> {
    last_heard_at.checked_add(timeout)
}
