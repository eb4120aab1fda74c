//! Kuando Busylight IoT Omega: the status it sends on port 15, of 24 or 25 bytes. Its downlinks are in
//! [`crate::downlink`].
//!
//! Layout: The Things Network `busylight` (Plenom), least significant byte first. The colour order is red, blue, green.

use super::bytes::Reader;
use super::{Frame, Kind, Reading, Undecodable};

pub(super) fn busylight(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    if !matches!(frame.data.len(), 24 | 25) {
        return Err(frame.wrong_length());
    }
    let mut bytes = Reader::new(frame.data);
    reading.kind = Kind::DisplayStatus;
    reading.integer("rssi", bytes.i32_le()?, Some("dBm"));
    reading.integer("snr", bytes.i32_le()?, Some("dB"));
    reading.integer("downlinks_received", bytes.u32_le()?, None);
    reading.integer("uplinks_sent", bytes.u32_le()?, None);
    let [red, blue, green, on, off, software, hardware, adr] = bytes.take()?;
    reading.integer("red", red, None);
    reading.integer("green", green, None);
    reading.integer("blue", blue, None);
    reading.integer("on", on, Some("0.1 s"));
    reading.integer("off", off, Some("0.1 s"));
    reading.firmware = Some(software.to_string());
    reading.integer("hardware", hardware, None);
    reading.flag("adr", adr != 0);
    Ok(())
}
