//! The UUIDs of devices: each contains its EUI, and no other UUID is accepted.

use parking_domain::device::{dev_eui_of, device_id};
use parking_domain::lorawan::DevEui;
use uuid::Uuid;

#[test]
fn a_devices_uuid_contains_its_eui() {
    let known = [
        ("58a0cb0000100001", "58a0cb00-0010-8000-8101-4555492d3634"),
        ("0000000000000000", "00000000-0000-8000-8001-4555492d3634"),
        ("ffffffffffffffff", "ffffffff-ffff-8fff-8f01-4555492d3634"),
        ("0123456789abcdef", "01234567-89ab-8cde-8f01-4555492d3634"),
    ];
    for (eui, uuid) in known {
        let dev_eui: DevEui = eui.parse().expect("an EUI");
        let id = device_id(dev_eui);
        assert_eq!(id.to_string(), uuid);
        assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        assert_eq!(dev_eui_of(id), Some(dev_eui));
    }
}

#[test]
fn any_other_uuid_is_refused() {
    let id = device_id("58a0cb0000100001".parse().expect("an EUI")).as_u128();
    // Version and variant, the two free bits, the kind, the mark: no bit outside the EUI may differ.
    let not_the_euis = (0..60).filter(|bit| !(56..60).contains(bit)).chain(60..64).chain(76..80);
    for bit in not_the_euis {
        assert_eq!(dev_eui_of(Uuid::from_u128(id ^ 1 << bit)), None, "bit {bit}");
    }
    assert_eq!(dev_eui_of(Uuid::nil()), None);
}
