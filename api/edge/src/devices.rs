//! Devices that a user has logged in from before. Their cookie is signed, so that an attacker elsewhere cannot use up the
//! tries of the user's own device.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// What is signed begins with this, so that no other signature with the same key is one.
const PURPOSE: &[u8] = b"parking: known device, 1\0";

const LENGTH: usize = 16;

/// A device that the user has logged in from before, with the password that it used. With another password of the user it is
/// not known any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    id: [u8; LENGTH],
    password_id: Uuid,
}

impl Device {
    /// The password that the user logged in with.
    pub fn password_id(&self) -> Uuid {
        self.password_id
    }
}

/// Signs the cookies of devices and reads them again.
pub struct Devices {
    key: [u8; 32],
}

impl Devices {
    /// All processes of an installation need the same key, also after a restart.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The value of the cookie for a device from which the user with this e-mail logged in, made of randomness.
    pub fn issue(&self, email_key: &[u8; 16], password_id: Uuid, randomness: [u8; LENGTH]) -> String {
        let device = Device { id: randomness, password_id };
        let signature = self.mac(email_key, device).finalize().into_bytes();
        format!("{}.{}.{}", hex::encode(randomness), password_id.simple(), hex::encode(signature))
    }

    /// The device, if the cookie is one that was issued for the user with this e-mail.
    pub fn read(&self, email_key: &[u8; 16], cookie: &str) -> Option<Device> {
        let (id, rest) = cookie.split_once('.')?;
        let (password_id, signature) = rest.split_once('.')?;
        let mut device = Device { id: [0; LENGTH], password_id: Uuid::try_parse(password_id).ok()? };
        hex::decode_to_slice(id, &mut device.id).ok()?;
        self.mac(email_key, device).verify_slice(&hex::decode(signature).ok()?).ok()?;
        Some(device)
    }

    fn mac(&self, email_key: &[u8; 16], device: Device) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("an HMAC takes a key of any length");
        mac.chain_update(PURPOSE)
            .chain_update(device.id)
            .chain_update(device.password_id)
            .chain_update(email_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_valid_for_its_user_and_as_it_was_issued() {
        let devices = Devices::new([7; 32]);
        let (ann, bob, password_id) = ([1; 16], [2; 16], Uuid::from_u128(3));
        let cookie = devices.issue(&ann, password_id, [1; LENGTH]);
        let device = devices.read(&ann, &cookie).unwrap();
        assert_eq!((device.id, device.password_id()), ([1; LENGTH], password_id));
        assert_eq!(devices.read(&bob, &cookie), None);
        assert_eq!(Devices::new([8; 32]).read(&ann, &cookie), None);
        let [id, password, signature] = cookie.split('.').collect::<Vec<_>>().try_into().unwrap();
        let (other, later) = ("02".repeat(LENGTH), Uuid::from_u128(4).simple());
        for forged in [
            format!("{other}.{password}.{signature}"),
            format!("{id}.{later}.{signature}"),
            format!("{id}.{signature}"),
            format!("{id}.{password}."),
            id.to_owned(),
            String::new(),
            format!("{cookie}00"),
        ] {
            assert_eq!(devices.read(&ann, &forged), None, "{forged}");
        }
    }
}
