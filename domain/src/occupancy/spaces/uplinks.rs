//! What is heard of devices.

use super::{Changes, Spaces};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::occupancy::change::Cause;
use crate::uplinks::{Standing, UplinkEvent, UplinkReceived};

/// The platform's own reports; other sources are not folded.
const PLATFORM: &str = "platform/";

impl Spaces {
    /// Late and repeated frames are passed over: they say what is known already, or what is over.
    pub(super) fn apply_uplink(&mut self, stream: &str, event: &UplinkEvent, changes: &mut Changes) {
        let Some(Ok(dev_eui)) = stream.strip_prefix(PLATFORM).map(str::parse::<DevEui>) else { return };
        match event {
            UplinkEvent::UplinkReceived(uplink)
                if matches!(uplink.standing, Standing::InOrder | Standing::Uncounted) =>
            {
                self.hear(dev_eui, uplink.report.received_at, Some(uplink), changes);
            }
            UplinkEvent::DeviceJoined(join) if join.standing == Standing::InOrder => {
                self.hear(dev_eui, join.report.received_at, None, changes);
            }
            _ => {}
        }
    }

    fn hear(&mut self, dev_eui: DevEui, at: Instant, uplink: Option<&UplinkReceived>, changes: &mut Changes) {
        let facts = self.devices.entry(dev_eui).or_default();
        if facts.is_no_sensor() {
            return;
        }
        self.touched.devices.insert(dev_eui);
        facts.hear(at);
        let word = uplink.and_then(|uplink| facts.take(uplink, &mut self.profiles));
        if let Some(space_id) = facts.space_id().filter(|_| facts.is_listened_to()) {
            self.at_space(space_id, at, Cause::Sensor(dev_eui), changes, |space, policy| {
                space.hear(dev_eui, word, at, policy)
            });
        }
    }
}
