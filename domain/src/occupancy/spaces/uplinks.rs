//! Reports of devices.

use super::{Changes, Spaces};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::occupancy::change::Cause;
use crate::uplinks::{UplinkEvent, UplinkReceived};

/// The platform's own uplink streams; other sources are not folded.
const PLATFORM: &str = "platform/";

impl Spaces {
    /// Late and repeated frames are ignored: they carry nothing new.
    pub(super) fn apply_uplink(&mut self, stream: &str, event: &UplinkEvent, changes: &mut Changes) {
        let Some(Ok(dev_eui)) = stream.strip_prefix(PLATFORM).map(str::parse::<DevEui>) else { return };
        match event {
            UplinkEvent::UplinkReceived(uplink) if uplink.standing.is_new() => {
                self.apply_report(dev_eui, uplink.report.received_at, Some(uplink), changes);
            }
            UplinkEvent::DeviceJoined(join) if join.standing.is_new() => {
                self.apply_report(dev_eui, join.report.received_at, None, changes);
            }
            _ => {}
        }
    }

    fn apply_report(
        &mut self,
        dev_eui: DevEui,
        at: Instant,
        uplink: Option<&UplinkReceived>,
        changes: &mut Changes,
    ) {
        let facts = self.devices.entry(dev_eui).or_default();
        if facts.is_other_category() {
            return;
        }
        self.touched.devices.insert(dev_eui);
        facts.record_heard(at);
        let presence = uplink.and_then(|uplink| facts.apply_uplink(uplink, &mut self.profiles));
        if let Some(space_id) = facts.space_id().filter(|_| facts.is_active_sensor()) {
            let position = changes.position();
            self.update_space(space_id, at, Cause::Sensor(dev_eui), changes, |space, policy| {
                space.apply_report(dev_eui, presence, at, position, policy)
            });
        }
    }
}
