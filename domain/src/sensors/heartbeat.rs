//! The reporting interval of models when nothing changes, by codec, as published by manufacturers.

/// The default for unlisted models: once a day, as most parking sensors report.
pub const DEFAULT_HEARTBEAT_SEC: u32 = 24 * 3600;

/// The manufacturers' defaults. If a model has several, the longest, so that a live sensor is not called silent.
const HEARTBEATS: [(&str, u32); 6] = [
    ("bosch-tps110", 24 * 3600),
    ("browan-tbms100", 3600),
    ("decentlab-dl-lid", 600),
    ("decentlab-dl-mbx", 600),
    ("dragino-ldds75", 1200),
    ("dragino-llds12", 1200),
];

/// The shortest heartbeat of any model.
pub const SHORTEST_HEARTBEAT_SEC: u32 = 600;

/// The reporting interval, in seconds, of a device with this codec.
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
    fn a_listed_model_has_its_own_heartbeat_and_others_one_day() {
        assert_eq!(heartbeat_sec(Some("browan-tbms100")), 3600);
        assert_eq!(heartbeat_sec(Some("dragino-ldds75")), 1200);
        assert_eq!(heartbeat_sec(Some("moko-lw009")), 86_400);
        assert_eq!(heartbeat_sec(None), 86_400);
    }
}
