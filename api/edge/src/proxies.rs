//! Who sent a request, and how: as the connection says, or as a trusted proxy says.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::network::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The address at its other end.
    pub peer: IpAddr,
    /// True if it is encrypted.
    pub is_tls: bool,
}

/// The sender of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address of the client: the nearest one that is no trusted proxy.
    pub address: IpAddr,
    /// True if the client used `https`.
    pub is_https: bool,
    /// True if the request crossed a network unencrypted.
    pub is_in_clear: bool,
    /// True if a program of this machine sent it, and no proxy says that it passed it on.
    pub is_local: bool,
    /// The host that the client asked a trusted proxy for.
    pub host: Option<String>,
}

/// The proxies whose `X-Forwarded-…` headers are believed. From anyone else they say nothing.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// Believes proxies in these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// True if no proxy is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sender of a request with these headers on this connection.
    pub fn sender(&self, connection: Connection, headers: &HeaderMap) -> Sender {
        let Connection { peer, is_tls } = connection;
        let peer = peer.to_canonical();
        let is_local = peer.is_loopback() && !headers.contains_key(FORWARDED_FOR);
        if !self.trusts(peer) {
            let is_in_clear = !is_tls && !peer.is_loopback();
            return Sender { address: peer, is_https: is_tls, is_in_clear, is_local, host: None };
        }
        let schemes: Vec<_> = values(headers, &FORWARDED_PROTO).collect();
        let is_https =
            if schemes.is_empty() { is_tls } else { schemes.iter().all(|scheme| is(scheme, "https")) };
        Sender {
            address: self.client(peer, headers),
            is_https,
            // A proxy that does not name the scheme was configured because it has the certificate.
            is_in_clear: !is_https && !schemes.is_empty(),
            is_local,
            host: values(headers, &FORWARDED_HOST).last().map(str::to_owned),
        }
    }

    /// The nearest address that is no trusted proxy: each proxy adds to the right, and what is left of that address was
    /// written by the client. If an entry is not an address, the client is the proxy that wrote it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        let entries: Vec<_> = values(headers, &FORWARDED_FOR).collect();
        for entry in entries.into_iter().rev() {
            let Some(address) = address_of(entry) else { break };
            nearest = address;
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// The values of a header, of all its fields from left to right.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let fields = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default());
    fields.flat_map(|field| field.split(',')).map(str::trim)
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// An address, with or without a port and brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn sender(peer: &str, is_tls: bool, headers: &[(&'static str, &str)]) -> Sender {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8:77::/48"];
        let proxies = Proxies::new(trusted.map(|network| network.parse().unwrap()).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        proxies.sender(Connection { peer: peer.parse().unwrap(), is_tls }, &map)
    }

    fn address(peer: &str, forwarded_for: &[&str]) -> String {
        let headers: Vec<_> = forwarded_for.iter().map(|value| ("x-forwarded-for", *value)).collect();
        sender(peer, false, &headers).address.to_string()
    }

    #[test]
    fn the_client_is_the_nearest_address_that_is_no_trusted_proxy() {
        assert_eq!(address("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            address("127.0.0.1", &["192.0.2.1, 198.51.100.7"]),
            "198.51.100.7",
            "the client wrote the first"
        );
        assert_eq!(address("127.0.0.1", &["198.51.100.7, 10.1.2.3"]), "198.51.100.7");
        assert_eq!(address("127.0.0.1", &["192.0.2.1", "198.51.100.7", "10.1.2.3"]), "198.51.100.7");
        assert_eq!(address("::ffff:127.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(address("2001:db8:77::1", &["[2001:db8::9]:443"]), "2001:db8::9");
        assert_eq!(address("10.0.0.1", &["[2001:db8::9]"]), "2001:db8::9");
        assert_eq!(address("127.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("127.0.0.1", &["10.1.2.3, 10.4.5.6"]), "10.1.2.3", "all are trusted");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_chain() {
        for broken in ["unknown", "", "198.51.100.7 198.51.100.8", "localhost", "198.51.100.7, "] {
            assert_eq!(address("127.0.0.1", &[broken]), "127.0.0.1", "{broken}");
        }
        assert_eq!(address("127.0.0.1", &["198.51.100.7, unknown, 10.1.2.3"]), "10.1.2.3");
    }

    #[test]
    fn nobody_else_is_believed() {
        let forged = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "parking.example"),
        ];
        let stranger = sender("203.0.113.9", false, &forged);
        let expected = Sender {
            address: "203.0.113.9".parse().unwrap(),
            is_https: false,
            is_in_clear: true,
            is_local: false,
            host: None,
        };
        assert_eq!(stranger, expected);
        assert_eq!(
            sender("203.0.113.9", true, &forged),
            Sender { is_https: true, is_in_clear: false, ..expected }
        );
    }

    #[test]
    fn a_trusted_proxy_says_by_which_scheme_and_name_it_was_called() {
        let with = |scheme: &'static str| sender("10.0.0.1", false, &[("x-forwarded-proto", scheme)]);
        assert!(with("https").is_https && with("HTTPS, https").is_https);
        for clear in ["http", "https, http", "http, https", ""] {
            assert!(!with(clear).is_https && with(clear).is_in_clear, "{clear}");
        }
        assert!(
            !sender("10.0.0.1", false, &[]).is_in_clear,
            "it was configured because it has the certificate"
        );
        let named = sender("10.0.0.1", false, &[("x-forwarded-host", "parking.example")]);
        assert_eq!(named.host.as_deref(), Some("parking.example"));
    }

    #[test]
    fn a_program_of_this_machine_is_local_unless_it_passes_something_on() {
        assert!(sender("127.0.0.1", false, &[]).is_local);
        assert!(!sender("127.0.0.1", false, &[("x-forwarded-for", "198.51.100.7")]).is_local);
        assert!(!sender("10.0.0.1", false, &[]).is_local);
    }
}
