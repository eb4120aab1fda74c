//! Personal data: sealed for a subject, opened with its key, erased with the key, and unreadable for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_commands::personal::{Field, Sealer, open};
use parking_commands::randomness::Randomness;
use parking_domain::id::TenantId;
use parking_domain::sealed::Sealed;
use parking_testkit::{Role, TestDatabase};
use secrecy::ExposeSecret;
use uuid::Uuid;

/// Different bytes at every call, the same in every run.
#[derive(Default)]
struct Drawn(AtomicU8);

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

const ADA: &str = "ada@example.com";

async fn sealer(database: &TestDatabase) -> Sealer {
    Sealer::load(database.pool(Role::Writer), Arc::new(Drawn::default()))
        .await
        .expect("the database is there")
}

async fn opened(database: &TestDatabase, values: &[&Sealed]) -> Vec<Option<String>> {
    let mut connection = database.pool(Role::Writer).acquire().await.expect("the database is there");
    let texts = open(&mut connection, values).await.expect("the keys are keys");
    texts.into_iter().map(|text| text.map(|text| text.expose_secret().to_owned())).collect()
}

#[tokio::test]
async fn sealed_values_are_opened_in_order_and_reveal_nothing() {
    let database = TestDatabase::create().await;
    let sealer = sealer(&database).await;
    let ada = sealer.person(None, Uuid::from_u128(1)).await.unwrap();
    let bob = sealer.person(None, Uuid::from_u128(2)).await.unwrap();
    let values = [
        ada.seal(Field::NAME, "Ada").unwrap(),
        bob.seal(Field::NAME, "Bob").unwrap(),
        ada.seal_email(ADA).unwrap(),
        ada.seal(Field::NAME, "").unwrap(),
    ];
    let stored = serde_json::to_string(&values).unwrap();
    assert!(!stored.contains("Ada") && !stored.contains("example"), "{stored}");
    let texts = opened(&database, &values.iter().collect::<Vec<_>>()).await;
    assert_eq!(texts.iter().map(|t| t.as_deref().unwrap()).collect::<Vec<_>>(), ["Ada", "Bob", ADA, ""]);
    assert_eq!(opened(&database, &[]).await, []);
}

#[tokio::test]
async fn the_same_text_seals_differently_each_time_and_is_compared_by_its_hash() {
    let database = TestDatabase::create().await;
    let sealer = sealer(&database).await;
    let ada = sealer.person(None, Uuid::from_u128(1)).await.unwrap();
    let (first, second) = (ada.seal_email(ADA).unwrap(), ada.seal_email(" ADA@Example.com ").unwrap());
    assert_ne!(first.sealed, second.sealed);
    assert!(first.same_content(&second));
    assert!(!first.same_content(&ada.seal_email("eve@example.com").unwrap()));
    assert!(
        !ada.seal(Field::NAME, "Ada").unwrap().same_content(&ada.seal(Field::NAME, "Ada").unwrap()),
        "names are not compared"
    );
}

#[tokio::test]
async fn a_forgotten_subject_stays_forgotten_when_it_returns() {
    let database = TestDatabase::create().await;
    let sealer = sealer(&database).await;
    let subject = sealer.guest(TenantId::DEFAULT, ADA);
    let before = sealer.person(Some(TenantId::DEFAULT), subject).await.unwrap().seal_email(ADA).unwrap();
    assert!(sealer.forget(subject).await.unwrap());
    assert!(!sealer.forget(subject).await.unwrap(), "there is nothing left to forget");
    assert_eq!(opened(&database, &[&before]).await, [None]);
    let after = sealer.person(Some(TenantId::DEFAULT), subject).await.unwrap().seal_email(ADA).unwrap();
    assert_eq!(opened(&database, &[&before, &after]).await, [None, Some(ADA.to_owned())]);
}

#[tokio::test]
async fn a_moved_or_modified_value_does_not_open() {
    let database = TestDatabase::create().await;
    let sealer = sealer(&database).await;
    let value = sealer.person(None, Uuid::from_u128(1)).await.unwrap().seal(Field::NAME, "Ada").unwrap();
    sealer.person(None, Uuid::from_u128(2)).await.unwrap();
    let moved = Sealed { subject: Uuid::from_u128(2), ..value.clone() };
    let mut bytes = value.sealed.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = Sealed { sealed: bytes.into(), ..value.clone() };
    let cut = Sealed { sealed: value.sealed.as_bytes()[..23].to_vec().into(), ..value };
    assert_eq!(opened(&database, &[&moved, &changed, &cut]).await, [None, None, None]);
}

#[tokio::test]
async fn concurrent_processes_share_one_key_and_one_hash() {
    let database = TestDatabase::create().await;
    let (one, other) = tokio::join!(sealer(&database), sealer(&database));
    assert_eq!(one.email_hash(ADA), other.email_hash(ADA));
    let subject = one.guest(TenantId::DEFAULT, ADA);
    assert_eq!(subject, other.guest(TenantId::DEFAULT, "Ada@example.com"));
    assert_ne!(subject, other.guest(TenantId::PLATFORM, ADA), "another tenant's guest is another subject");
    let (a, b) = tokio::join!(one.person(None, subject), other.person(None, subject));
    let values =
        [a.unwrap().seal(Field::NAME, "one").unwrap(), b.unwrap().seal(Field::NAME, "other").unwrap()];
    assert_eq!(
        opened(&database, &[&values[0], &values[1]]).await,
        [Some("one".into()), Some("other".into())]
    );
}

#[tokio::test]
async fn a_reader_opens_only_its_own_tenants_values() {
    let database = TestDatabase::create().await;
    let sealer = sealer(&database).await;
    let guest = sealer.guest(TenantId::DEFAULT, ADA);
    let secret =
        sealer.person(Some(TenantId::DEFAULT), guest).await.unwrap().seal(Field::NAME, "Ada").unwrap();
    let pool = database.pool(Role::Reader);
    for (tenant, opens) in [(None, false), (Some(TenantId::PLATFORM), false), (Some(TenantId::DEFAULT), true)]
    {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("select set_config('parking.tenant_id', $1, true)")
            .bind(tenant.map_or(String::new(), |tenant| tenant.to_string()))
            .execute(&mut *transaction)
            .await
            .unwrap();
        let texts = open(&mut transaction, &[&secret]).await.unwrap();
        assert_eq!(texts[0].is_some(), opens, "{tenant:?}");
    }
    for role in [Role::Projector, Role::Auditor] {
        let refused = sqlx::query("select * from ops.subject_keys").execute(&database.pool(role)).await;
        assert!(refused.is_err(), "{} sees no keys", role.name());
    }
}
