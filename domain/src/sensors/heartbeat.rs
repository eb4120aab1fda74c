//! How often a model reports when nothing changes, by its codec, as far as makers say.

/// What a model does that nobody has told us about: once a day, as most parking sensors do.
pub const DEFAULT_HEARTBEAT_SEC: u32 = 24 * 3600;

/// The makers' defaults. The longer one where a model has several: a sensor must not be called silent that is not.
const HEARTBEATS: [(&str, u32); 6] = [
    ("bosch-tps110", 24 * 3600),
    ("browan-tbms100", 3600),
    ("decentlab-dl-lid", 600),
    ("decentlab-dl-mbx", 600),
    ("dragino-ldds75", 1200),
    ("dragino-llds12", 1200),
];

/// The shortest heartbeat that any model has.
pub const SHORTEST_HEARTBEAT_SEC: u32 = 600;

/// The seconds between two reports of a device that this codec reads.
pub fn heartbeat_sec(codec: Option<&str>) -> u32 {
    HEARTBEATS
        .iter()
        .find(|(name, _)| Some(*name) == codec)
        .map_or(DEFAULT_HEARTBEAT_SEC, |(_, seconds)| *seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensors::by_name;

    #[test]
    fn every_name_in_the_table_is_a_codec() {
        for (name, _) in HEARTBEATS {
            assert!(by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn no_model_reports_more_often_than_the_shortest_heartbeat() {
        assert_eq!(HEARTBEATS.iter().map(|(_, seconds)| *seconds).min(), Some(SHORTEST_HEARTBEAT_SEC));
    }

    #[test]
    fn a_known_model_has_its_own_and_the_rest_a_day() {
        assert_eq!(heartbeat_sec(Some("browan-tbms100")), 3600);
        assert_eq!(heartbeat_sec(Some("dragino-ldds75")), 1200);
        assert_eq!(heartbeat_sec(Some("moko-lw009")), 86_400);
        assert_eq!(heartbeat_sec(None), 86_400);
    }
}
