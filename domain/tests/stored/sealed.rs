//! Sealed personal data: compared by hash, and never printed.

use parking_domain::sealed::{KeyedHash, Sealed};
use uuid::Uuid;

fn sealed(content: &[u8], hash: Option<&str>) -> Sealed {
    Sealed {
        subject: Uuid::from_u128(7),
        sealed: content.to_vec().into(),
        hash: hash.map(|hash| KeyedHash(hash.to_owned())),
    }
}

#[test]
fn equal_hashes_mean_equal_content_regardless_of_the_ciphertexts() {
    assert!(sealed(b"one", Some("aa")).same_content(&sealed(b"two", Some("aa"))));
    assert!(!sealed(b"one", Some("aa")).same_content(&sealed(b"one", Some("bb"))));
}

#[test]
fn without_hashes_contents_never_compare_equal() {
    assert!(!sealed(b"one", None).same_content(&sealed(b"one", None)));
    assert!(!sealed(b"one", Some("aa")).same_content(&sealed(b"one", None)));
    assert!(!sealed(b"one", None).same_content(&sealed(b"one", Some("aa"))));
}

#[test]
fn debug_output_contains_only_the_subject() {
    let printed = format!("{:?}", sealed(&[211, 212], Some("c0ffee")));
    assert_eq!(printed, "Sealed { subject: 00000000-0000-0000-0000-000000000007, .. }");
    assert_eq!(format!("{:?}", KeyedHash("c0ffee".to_owned())), "KeyedHash(..)");
}

#[test]
fn the_stored_form_has_ciphertext_and_hash_and_omits_an_absent_hash() {
    let with = serde_json::to_value(sealed(&[1], Some("c0ffee"))).expect("serialises");
    let subject = "00000000-0000-0000-0000-000000000007";
    assert_eq!(with, serde_json::json!({"subject": subject, "sealed": "AQ==", "hash": "c0ffee"}));
    let without = serde_json::to_value(sealed(&[1], None)).expect("serialises");
    assert_eq!(without, serde_json::json!({"subject": subject, "sealed": "AQ=="}));
}
