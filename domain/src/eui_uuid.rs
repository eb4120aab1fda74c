//! UUIDs that contain an EUI, so that clients who identify things by UUID need no look-up.
//!
//! The format is UUID version 8 (RFC 9562, section 5.8), whose content is implementation-defined:
//!
//! ```text
//! octets  0- 5  custom_a  the EUI's first 12 hex digits
//! octets  6- 7  version 8, then custom_b: the EUI's next 3 digits
//! octet   8     variant 8 (its two free bits are 0), then custom_c: the EUI's last digit
//! octet   9     what it is the EUI of: 1 a device, 2 a gateway
//! octets 10-15  `EUI-64` in ASCII
//! ```
//!
//! `58a0cb0000100001` of a device is `58a0cb00-0010-8000-8101-4555492d3634`: reading the EUI from left to right skips
//! the two digits 8.

use uuid::Uuid;

/// The kind of thing the EUI identifies. The numbers must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EuiOf {
    Device = 1,
    Gateway = 2,
}

/// `EUI-64` in ASCII.
const MARK: u128 = 0x4555_492d_3634;

/// The UUID that contains the EUI.
pub(crate) fn encode(of: EuiOf, eui: u64) -> Uuid {
    let eui = u128::from(eui);
    let first_twelve = (eui >> 16) << 80;
    let next_three = (eui >> 4 & 0xfff) << 64;
    let last = (eui & 0xf) << 56;
    let version_and_variant = 0x8 << 76 | 0x8 << 60;
    Uuid::from_u128(first_twelve | version_and_variant | next_three | last | (of as u128) << 48 | MARK)
}

/// The EUI that the UUID contains; `None` for a UUID that [`encode`] did not make.
pub(crate) fn decode(of: EuiOf, uuid: Uuid) -> Option<u64> {
    let value = uuid.as_u128();
    let digits = (value >> 80) << 16 | (value >> 64 & 0xfff) << 4 | value >> 56 & 0xf;
    let eui = u64::try_from(digits).ok()?;
    (encode(of, eui) == uuid).then_some(eui)
}
