//! A block of addresses, as `192.0.2.0/24` or `2001:db8::/32` names it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Why a text is not a block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a block of addresses: write it like 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")]
pub struct NetworkError(String);

/// A block of addresses: those that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// The first address of the block.
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// The block of this size around an address: `v4` or `v6` is the number of bits that are the same.
    pub fn around(address: IpAddr, v4: u8, v6: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let bits = v4.min(32);
                Self { first: Ipv4Addr::from_bits(first_bits(address.to_bits(), bits)).into(), bits }
            }
            IpAddr::V6(address) => {
                let bits = v6.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                Self { first: Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits }
            }
        }
    }

    /// The block that the addresses of one organisation or one subscriber are usually in. Logs name no less.
    pub fn of_neighbours(address: IpAddr) -> Self {
        Self::around(address, 24, 56)
    }

    /// The block that one subscriber has: of IPv4 an address, of IPv6 256 networks.
    pub fn of_subscriber(address: IpAddr) -> Self {
        Self::around(address, 32, 56)
    }

    /// True if the address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && Self::around(address, self.bits, self.bits) == *self
    }
}

fn first_bits(address: u32, bits: u8) -> u32 {
    address & u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(longest), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > longest {
            return Err(wrong());
        }
        Ok(Self::around(address, bits, bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_contains_the_addresses_that_begin_alike() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7/24", "192.0.2.200", "192.0.3.7"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("127.0.0.0/8", "::ffff:127.0.0.1", "128.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            let network: Network = block.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{block} {outside}");
            assert_eq!(network.to_string().parse(), Ok(network));
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in
            ["", "*", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "proxy.test", "10.0.0.1/8/8"]
        {
            assert_eq!(text.parse::<Network>(), Err(NetworkError(text.to_owned())));
        }
    }

    #[test]
    fn a_log_names_a_network_and_no_address() {
        let named = |address: &str| Network::of_neighbours(address.parse().unwrap()).to_string();
        assert_eq!(named("198.51.100.77"), "198.51.100.0/24");
        assert_eq!(named("2001:db8:1:2ff:3::7"), "2001:db8:1:200::/56");
    }
}
