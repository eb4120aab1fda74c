//! Devices that a user has logged in from before. Their cookie is signed, so that an attacker elsewhere cannot use up the
//! tries of the user's own device.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What is signed begins with this, so that no other signature with the same key is one.
const PURPOSE: &[u8] = b"parking: known device, 1\0";

const LENGTH: usize = 16;

/// A device that the account has logged in from before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device([u8; LENGTH]);

/// Signs the cookies of devices and reads them again.
pub struct Devices {
    key: [u8; 32],
}

impl Devices {
    /// All processes of an installation need the same key, also after a restart.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The value of the cookie for a device of this account, made of randomness. `account` is whatever names the account;
    /// with the number of its password changes, a change makes the device unknown.
    pub fn issue(&self, account: &[u8], randomness: [u8; LENGTH]) -> String {
        format!(
            "{}.{}",
            hex::encode(randomness),
            hex::encode(self.mac(account, randomness).finalize().into_bytes())
        )
    }

    /// The device, if the cookie is one that was issued for this account.
    pub fn known(&self, account: &[u8], cookie: &str) -> Option<Device> {
        let (id, signature) = cookie.split_once('.')?;
        let mut device = [0; LENGTH];
        hex::decode_to_slice(id, &mut device).ok()?;
        self.mac(account, device).verify_slice(&hex::decode(signature).ok()?).ok()?;
        Some(Device(device))
    }

    fn mac(&self, account: &[u8], device: [u8; LENGTH]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("an HMAC takes a key of any length");
        mac.chain_update(PURPOSE).chain_update(device).chain_update(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_valid_for_its_account_and_as_it_was_issued() {
        let devices = Devices::new([7; 32]);
        let cookie = devices.issue(b"ann", [1; LENGTH]);
        assert_eq!(devices.known(b"ann", &cookie), Some(Device([1; LENGTH])));
        assert_eq!(devices.known(b"bob", &cookie), None);
        assert_eq!(Devices::new([8; 32]).known(b"ann", &cookie), None);
        let (id, signature) = cookie.split_once('.').unwrap();
        let other = "02".repeat(LENGTH);
        for forged in [
            format!("{other}.{signature}"),
            format!("{id}."),
            id.to_owned(),
            String::new(),
            format!("{cookie}00"),
        ] {
            assert_eq!(devices.known(b"ann", &forged), None, "{forged}");
        }
    }
}
