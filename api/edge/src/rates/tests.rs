//! Who is refused, and who is not, whatever the others do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::devices::Devices;

fn at(seconds: i64) -> Instant {
    Instant::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

fn v4(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + n).into()
}

fn v6(network: u128, host: u128) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) + (network << 72) + host).into()
}

/// A device that ann has logged in from before.
fn anns_device() -> Option<Device> {
    let devices = Devices::new([7; 32]);
    devices.known(b"ann", &devices.issue(b"ann", [1; 16]))
}

#[test]
fn a_thousand_wrong_tries_elsewhere_do_not_lock_out_the_user() {
    let limits = RateLimits::default();
    // From one address, from one network, and from a thousand networks.
    let froms: [fn(u32) -> IpAddr; 3] = [|_| v4(7), |n| v4(n % 250), |n| v4(n << 8)];
    for from in froms {
        for n in 0..1000 {
            let _tried = limits.check_login(b"ann", from(n), None, at(0));
        }
    }
    assert!(limits.check_login(b"bob", v4(0xff_ffff), None, at(0)).is_err(), "all tries are used up");
    for _ in 0..10 {
        let tried = limits.check_login(b"ann", v4(0xff_0000), anns_device(), at(0));
        assert!(tried.is_ok(), "her device has tries of its own");
    }
    let refused = limits.check_login(b"ann", v4(0xff_0000), anns_device(), at(0)).unwrap_err();
    assert_eq!(refused.retry_after, Some(60), "who has stolen a device cannot try for ever");
    let _one = limits.check_login(b"bob", v4(0xff_ffff), None, at(1)).expect("tries come back");
}

#[test]
fn one_address_cannot_use_up_what_is_everyones() {
    let limits = RateLimits::default();
    let allowed =
        (0..1000_u32).filter(|n| limits.check_login(&n.to_be_bytes(), v4(7), None, at(0)).is_ok()).count();
    assert_eq!(allowed, 30);
    let _one = limits.check_login(b"ann", v4(8), None, at(0)).expect("a neighbour");
}

#[test]
fn a_login_that_succeeds_does_not_count() {
    let limits = RateLimits::default();
    for _ in 0..1000 {
        let attempt = limits.check_login(b"ann", v4(7), None, at(0)).expect("all before have succeeded");
        limits.succeeded(attempt);
    }
}

#[test]
fn a_login_that_is_refused_takes_nothing() {
    let limits = RateLimits::default();
    for n in 0..30_u32 {
        let _wrong = limits.check_login(&n.to_be_bytes(), v4(7), None, at(0)).unwrap();
    }
    for _ in 0..100 {
        limits.check_login(b"ann", v4(7), None, at(0)).unwrap_err();
    }
    let _one = limits
        .check_login(b"ann", v4(8), None, at(0))
        .expect("her account in this network has all its tries");
}

#[test]
fn a_subscriber_with_ipv6_is_one_client() {
    let limits = RateLimits::default();
    let allowed = (0..100).filter(|host| limits.check_refused(v6(1, *host), at(0)).is_ok()).count();
    assert_eq!(allowed, 60);
    assert!(limits.check_refused(v6(2, 0), at(0)).is_ok());
    assert!(limits.check_anonymous(v6(1, 0), at(0)).is_ok());
}

#[test]
fn a_tenant_has_the_limit_of_its_tier_or_none() {
    let limits = RateLimits::default();
    let (one, other) = (TenantId::DEFAULT, TenantId::from(uuid::Uuid::from_u128(9)));
    for left in (0..100).rev() {
        assert_eq!(limits.check_tenant(one, Some(100), at(0)).unwrap().unwrap().remaining, left);
    }
    let refused = limits.check_tenant(one, Some(100), at(0)).unwrap_err();
    assert_eq!((refused.retry_after, refused.reset), (Some(1), 60));
    assert!(limits.check_tenant(other, Some(100), at(0)).is_ok());
    assert_eq!(limits.check_tenant(one, None, at(0)), Ok(None), "a tenant without a limit");
    let mut headers = HeaderMap::new();
    refused.write(&mut headers);
    let value = |name: &str| headers[name].to_str().unwrap().to_owned();
    let values = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(value);
    assert_eq!(values, ["100", "0", "60"]);
}
