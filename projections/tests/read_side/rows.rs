//! Rows: folded in memory, written as sets, with the same result as single writes.

use parking_projections::engine::rows::{Row, Rows, insert};
use parking_testkit::{Role, TestDatabase};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bay {
    id: Uuid,
    name: Option<String>,
    cars: i64,
    extra: serde_json::Value,
}

impl Row for Bay {
    const TABLE: &'static str = "bays";
    const KEY: &'static str = "id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.id
    }
}

fn bay(n: u128, cars: i64) -> Bay {
    Bay { id: Uuid::from_u128(n), name: None, cars, extra: json!({"o'clock": "\\ \" 🚗"}) }
}

async fn table(database: &TestDatabase) -> PgConnection {
    let mut connection = PgConnection::connect_with(&database.as_role(Role::Owner)).await.unwrap();
    sqlx::raw_sql(
        "create temp table bays (id uuid primary key, name text, cars bigint not null, extra json)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection
}

async fn stored(connection: &mut PgConnection) -> Vec<(Uuid, i64)> {
    sqlx::query_as("select id, cars from bays order by 1").fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn changes_are_written_and_read_again_by_another_cache() {
    let database = TestDatabase::create().await;
    let mut connection = table(&database).await;
    let key = |n| Uuid::from_u128(n);
    let mut rows = Rows::<Bay>::default();
    rows.load(&mut connection, [key(1), key(2), key(3)]).await.unwrap();
    rows.put(bay(1, 1));
    rows.put(bay(2, 6));
    assert_eq!(rows.change(&key(3)), None);
    rows.save(&mut connection).await.unwrap();
    assert_eq!(stored(&mut connection).await, [(key(1), 1), (key(2), 6)]);

    let mut others = Rows::<Bay>::default();
    others.load(&mut connection, [key(1), key(2), key(4)]).await.unwrap();
    assert_eq!(others.get(&key(1)), Some(&bay(1, 1)), "text, JSON and nulls come back as they were");
    others.change(&key(2)).unwrap().name = Some("B".into());
    others.remove(&key(1));
    others.remove(&key(4));
    others.put(bay(4, 0));
    others.save(&mut connection).await.unwrap();
    assert_eq!(stored(&mut connection).await, [(key(2), 6), (key(4), 0)]);
    assert_eq!(others.get(&key(1)), None);
}

#[tokio::test]
async fn nothing_changed_is_nothing_written() {
    let database = TestDatabase::create().await;
    let mut connection = table(&database).await;
    let mut rows = Rows::<Bay>::default();
    rows.load(&mut connection, [Uuid::from_u128(1)]).await.unwrap();
    rows.put(bay(1, 1));
    rows.save(&mut connection).await.unwrap();
    sqlx::query("update bays set cars = 9").execute(&mut connection).await.unwrap();
    rows.save(&mut connection).await.unwrap();
    assert_eq!(stored(&mut connection).await, [(Uuid::from_u128(1), 9)]);
    insert::<Bay>(&mut connection, "bays", &[]).await.unwrap();
    insert(&mut connection, "bays", &[bay(2, 2), bay(3, 3)]).await.unwrap();
    assert_eq!(stored(&mut connection).await.len(), 3);
}

#[tokio::test]
async fn texts_and_json_are_stored_unchanged() {
    let database = TestDatabase::create().await;
    let mut connection = table(&database).await;
    let odd = ["", "null", "NULL", "\"", "\\", "{}", "{\"a\": 1}", "a,b", "two\nlines\t\u{1}", "7", "🚗"];
    let bays: Vec<Bay> = (1..)
        .zip(odd)
        .flat_map(|(n, text)| {
            let name = Some(text.to_owned());
            let (plain, nested) = (json!(text), json!({"of": [text, null, 1.0, true]}));
            [
                Bay { name: name.clone(), extra: plain, ..bay(n, 0) },
                Bay { name, extra: nested, ..bay(100 + n, 0) },
            ]
        })
        .collect();
    insert(&mut connection, "bays", &bays).await.unwrap();
    let mut rows = Rows::<Bay>::default();
    rows.load(&mut connection, bays.iter().map(Row::key)).await.unwrap();
    for bay in &bays {
        assert_eq!(rows.get(&bay.id), Some(bay));
    }
}
