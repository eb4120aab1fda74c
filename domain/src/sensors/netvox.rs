//! Netvox R719A and R719B: 11 bytes, reports on port 6 and answers on port 7.
//!
//! Layout: The Things Network `r719a`. Byte 1 is the device type, so a frame of another Netvox model is refused.

use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

const R719A: u8 = 0x59;
const R719B: u8 = 0xaf;

pub(super) fn r719a(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let &[first, R719A | R719B, report, version_or_volts, car, _, _, _, _, _, _] = frame.data else {
        let known = matches!(frame.data, [_, R719A | R719B, ..]);
        return Err(if known { frame.wrong_length() } else { Undecodable::UnknownMessage });
    };
    match (frame.f_port, first, report) {
        (6, _, 0x00) => {
            reading.kind = Kind::Startup;
            reading.firmware = Some(format!("{}.{}", version_or_volts / 10, version_or_volts % 10));
        }
        (6, _, 0x01) => {
            reading.kind = Kind::Occupancy;
            reading.occupancy = Occupancy::from_byte(car);
            reading.battery_v = Some(f64::from(version_or_volts & 0x7f) / 10.0);
            reading.fault_if(version_or_volts & 0x80 != 0, Fault::BatteryLow);
        }
        (7, 0x81 | 0x82, _) => reading.kind = Kind::ConfigResponse,
        _ => return Err(Undecodable::UnknownMessage),
    }
    Ok(())
}
