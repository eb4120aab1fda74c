//! Who is refused, and who is not, whatever the others do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::devices::{Device, Devices};
use crate::proxies::Sender;

fn at(seconds: i64) -> Instant {
    Instant::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

fn v4(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + n).into()
}

/// A request from this address.
fn by(address: IpAddr) -> Sender {
    Sender { address, is_https: true, is_in_clear: false, is_local: address.is_loopback(), host: None }
}

fn v6(network: u128, host: u128) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) + (network << 72) + host).into()
}

const ANN: [u8; 16] = [1; 16];
const BOB: [u8; 16] = [2; 16];

/// One of many users.
fn user(n: u32) -> [u8; 16] {
    u128::from(n + 1000).to_be_bytes()
}

/// A device that the user has logged in from before: one of many.
fn device(user: [u8; 16], n: u8) -> Device {
    let devices = Devices::new([7; 32]);
    devices.read(&user, &devices.issue(&user, Uuid::from_u128(1), [n; 16])).expect("a signed cookie")
}

fn login(
    limits: &RateLimits,
    user: [u8; 16],
    sender: &Sender,
    device: Option<Device>,
    seconds: i64,
) -> Result<Attempt, Allowance> {
    limits.check_password(&TriedUser::of_email(user, sender, device), at(seconds))
}

#[test]
fn a_thousand_wrong_tries_elsewhere_do_not_lock_out_the_user() {
    let limits = RateLimits::default();
    // From one address, from one network, and from a thousand networks.
    let froms: [fn(u32) -> IpAddr; 3] = [|_| v4(7), |n| v4(n % 250), |n| v4(n << 8)];
    for from in froms {
        for n in 0..1000 {
            let _tried = login(&limits, ANN, &by(from(n)), None, 0);
        }
    }
    assert!(login(&limits, BOB, &by(v4(0xff_ffff)), None, 0).is_err(), "all tries are used up");
    for _ in 0..10 {
        let tried = login(&limits, ANN, &by(v4(0xff_0000)), Some(device(ANN, 1)), 0);
        assert!(tried.is_ok(), "her device has tries of its own");
        let tried = limits.check_password(&TriedUser::of_session(UserId::from(Uuid::from_u128(1))), at(0));
        assert!(tried.is_ok(), "and so has her session");
    }
    let refused = login(&limits, ANN, &by(v4(0xff_0000)), Some(device(ANN, 1)), 0).unwrap_err();
    assert_eq!(refused.retry_after, Some(60), "who has stolen a device cannot try for ever");
    let session = TriedUser::of_session(UserId::from(Uuid::from_u128(1)));
    assert_eq!(limits.check_password(&session, at(0)).unwrap_err().retry_after, Some(60), "nor a session");
    let _one = login(&limits, BOB, &by(v4(0xff_ffff)), None, 1).expect("tries come back");
}

#[test]
fn many_devices_of_a_user_have_no_more_tries_than_some() {
    let limits = RateLimits::default();
    let tries = |user, sender: &Sender| {
        let allowed = |n: &u8| login(&limits, user, sender, Some(device(user, n % 100)), 0).is_ok();
        (0..200).filter(allowed).count()
    };
    assert_eq!(tries(ANN, &by(v4(7))), 30, "of one user");
    assert_eq!(tries(BOB, &by(v4(7))), 0, "from one address");
    assert_eq!(tries(BOB, &by(v4(8))), 30);
    let of_all: usize = (0..1000).map(|n| tries(user(n), &by(v4(n << 8)))).sum();
    assert_eq!(of_all, 540, "of all, with those before");
}

#[test]
fn one_address_cannot_use_up_what_is_everyones() {
    let limits = RateLimits::default();
    let allowed = (0..1000).filter(|n| login(&limits, user(*n), &by(v4(7)), None, 0).is_ok()).count();
    assert_eq!(allowed, 30);
    let _one = login(&limits, ANN, &by(v4(8)), None, 0).expect("a neighbour");
}

#[test]
fn registrations_count_as_tries_of_their_address() {
    let limits = RateLimits::default();
    let allowed = (0..100).filter(|_| limits.check_registration(&by(v4(7)), at(0)).is_ok()).count();
    assert_eq!(allowed, 30);
    login(&limits, ANN, &by(v4(7)), None, 0).unwrap_err();
}

#[test]
fn programs_of_this_machine_have_the_tries_of_each_user() {
    let limits = RateLimits::default();
    let here = by(Ipv4Addr::LOCALHOST.into());
    for n in 0..1000 {
        let _tried = login(&limits, user(n), &here, None, 0).expect("another user");
    }
    for _ in 0..100 {
        let attempt = login(&limits, ANN, &here, None, 0).expect("all before were right");
        limits.succeeded(attempt);
    }
    let allowed = (0..100).filter(|_| login(&limits, ANN, &here, None, 0).is_ok()).count();
    assert_eq!(allowed, 10);
}

#[test]
fn right_passwords_count_only_as_what_is_hashed() {
    let limits = RateLimits::default();
    let succeed = |user, n: u32| {
        let attempt = login(&limits, user, &by(v4(n << 8)), None, 0)?;
        limits.succeeded(attempt);
        Ok::<_, Allowance>(())
    };
    assert_eq!((0..1000).filter(|_| succeed(ANN, 7).is_ok()).count(), 60, "more than wrong ones");
    assert_eq!(succeed(ANN, 8).unwrap_err().retry_after, Some(6), "wherever the user is");
    assert_eq!((0..1000).filter(|n| succeed(user(*n), 7).is_ok()).count(), 60, "120 from an address");
    // They are hashed as wrong ones are, so there are as many of all.
    assert_eq!((0..1000).filter(|n| succeed(user(*n), n + 9).is_ok()).count(), 480);
    assert!(login(&limits, BOB, &by(v4(8 << 8)), None, 0).is_err());
}

#[test]
fn wrong_passwords_do_not_use_up_what_is_for_right_ones() {
    let limits = RateLimits::default();
    for n in 0..500 {
        let _wrong = login(&limits, ANN, &by(v4(n << 8)), None, 0).unwrap();
    }
    let attempt = login(&limits, ANN, &by(v4(0xff_0000)), None, 0).expect("she may log in");
    limits.succeeded(attempt);
}

#[test]
fn what_is_not_hashed_does_not_count() {
    let limits = RateLimits::default();
    for _ in 0..1000 {
        let attempt = login(&limits, ANN, &by(v4(7)), None, 0).expect("none before was hashed");
        limits.withdraw(attempt);
    }
}

#[test]
fn a_login_that_is_refused_takes_nothing() {
    let limits = RateLimits::default();
    for n in 0..30 {
        let _wrong = login(&limits, user(n), &by(v4(7)), None, 0).unwrap();
    }
    for _ in 0..100 {
        login(&limits, ANN, &by(v4(7)), None, 0).unwrap_err();
    }
    let _one = login(&limits, ANN, &by(v4(8)), None, 0).expect("she has all her tries in this network");
}

#[test]
fn a_subscriber_with_ipv6_is_one_client() {
    let limits = RateLimits::default();
    let allowed = (0..100).filter(|host| limits.check_refused(v6(1, *host), at(0)).is_ok()).count();
    assert_eq!(allowed, 60);
    assert!(limits.check_refused(v6(2, 0), at(0)).is_ok());
    assert!(limits.check_anonymous(v6(1, 0), at(0)).is_ok());
}

/// A member of the tenant.
fn member(tenant: TenantId, n: u128) -> (TenantId, UserId) {
    (tenant, UserId::from(Uuid::from_u128(n)))
}

#[test]
fn a_tenant_has_the_limit_of_its_tier_or_none() {
    let limits = RateLimits::default();
    let (one, other) = (TenantId::DEFAULT, TenantId::from(Uuid::from_u128(9)));
    for n in [1, 2] {
        for left in (0..50).rev() {
            let allowance = limits.check_tenant(member(one, n), Some(100), at(0)).unwrap().unwrap();
            assert_eq!((allowance.limit, allowance.remaining), (100, left));
        }
    }
    let refused = limits.check_tenant(member(one, 3), Some(100), at(0)).unwrap_err();
    assert_eq!((refused.retry_after, refused.reset), (Some(1), 60));
    assert!(limits.check_tenant(member(other, 3), Some(100), at(0)).is_ok());
    assert_eq!(limits.check_tenant(member(one, 3), None, at(0)), Ok(None), "a tenant without a limit");
    let mut headers = HeaderMap::new();
    refused.write(&mut headers);
    let value = |name: &str| headers[name].to_str().unwrap().to_owned();
    let values = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(value);
    assert_eq!(values, ["100", "0", "60"]);
}

#[test]
fn one_member_leaves_half_of_the_tenants_requests_to_the_others() {
    let limits = RateLimits::default();
    let ask = |n, millis: i64| {
        let now = Instant::from_micros(at(0).micros() + millis * 1000);
        limits.check_tenant(member(TenantId::DEFAULT, n), Some(100), now)
    };
    // Alone, a member has the whole rate: 50 at once, and in a minute 100.
    let sent = (0..60_000).step_by(100).filter(|millis| ask(1, *millis).is_ok()).count();
    assert!((149..=151).contains(&sent), "{sent}");
    // Whatever it sends, the others find half of the bucket.
    let refused = ask(1, 60_000).map(|_| ()).err().map(|allowance| allowance.remaining);
    assert!([None, Some(0)].contains(&refused));
    let others = (0..100).filter(|n| ask(2 + n % 5, 60_000).is_ok()).count();
    assert!((49..=51).contains(&others), "{others}");
}

#[test]
fn a_sessions_own_requests_do_not_count_for_the_tenant() {
    let limits = RateLimits::default();
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let allowed = (0..1000).filter(|_| limits.check_session(one, at(0)).is_ok()).count();
    assert_eq!(allowed, 600);
    assert!(limits.check_session(other, at(0)).is_ok());
}
