//! The ids and times in the examples of the document, and what stands for them at `/docs`: the caller's own.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

/// The day of all examples: always to come, and replaced by tomorrow.
const DAY: &str = "2099-06-05";

/// Examples of parameters, by name. The bodies in `bodies.json` contain the same.
pub(super) const SAMPLES: [(&str, &str); 13] = [
    ("site_id", "00000000-0000-0000-0000-000000000001"),
    ("space_id", "00000000-0000-7000-8000-000000000002"),
    ("device_id", "0004A30B00FF0002"),
    ("sensor_eui", "0004A30B00FF0002"),
    ("display_eui", "0004A30B00FF0003"),
    ("dev_eui", "0004A30B00FF0004"),
    ("reservation_id", "00000000-0000-7000-8000-000000000005"),
    ("override_id", "00000000-0000-7000-8000-000000000006"),
    ("policy_id", "00000000-0000-7000-8000-000000000007"),
    // Only in bodies: a space that an orphan can be assigned to.
    ("space_without_sensor", "00000000-0000-7000-8000-000000000008"),
    ("job", "expire_reservations"),
    ("from", "2099-06-05T10:00:00Z"),
    ("to", "2099-06-05T12:00:00Z"),
];

/// The names of the ids that `OWN` selects.
const NAMES: [&str; 9] = [
    "site_id",
    "space_id",
    "device_id",
    "display_eui",
    "dev_eui",
    "reservation_id",
    "override_id",
    "policy_id",
    "space_without_sensor",
];

/// A space and what belongs to it, found by the space's id: the space of the last override that is not over, since most
/// operations can be tried with it, else the newest. Only for what does not belong to it the tables are searched, in the
/// order of their indexes.
const OWN: &str = "with chosen as materialized ( \
    select site_id, space_id from spaces where space_id = coalesce( \
      (select space_id from overrides join spaces using (space_id) where status in ('set', 'active') \
        order by starts_at desc, override_id desc limit 1), \
      (select space_id from spaces order by created_at desc, space_id desc limit 1))) \
  select array[ \
    coalesce(p.site_id, (select site_id from sites order by created_at, site_id limit 1))::text, \
    p.space_id::text, \
    coalesce( \
      (select dev_eui from devices where space_id = p.space_id and category = 'sensor' and status <> 'retired' \
        order by created_at desc, dev_eui limit 1), \
      (select dev_eui from devices where category = 'sensor' and status <> 'retired' \
        order by created_at desc, dev_eui limit 1)), \
    coalesce( \
      (select dev_eui from devices where space_id = p.space_id and category = 'display' and status <> 'retired' \
        order by created_at desc, dev_eui limit 1), \
      (select dev_eui from devices where category = 'display' and status <> 'retired' \
        order by created_at desc, dev_eui limit 1)), \
    (select dev_eui from orphan_devices where dismissed_at is null order by last_seen desc, dev_eui limit 1), \
    coalesce( \
      (select reservation_id from reservations where space_id = p.space_id and status = 'active' \
        order by start_time, reservation_id limit 1), \
      (select reservation_id from reservations where status = 'active' order by start_time desc, reservation_id limit 1), \
      (select reservation_id from reservations order by start_time desc, reservation_id limit 1))::text, \
    coalesce( \
      (select override_id from overrides where space_id = p.space_id \
        order by status in ('set', 'active') desc, starts_at desc, override_id desc limit 1), \
      (select override_id from overrides order by starts_at desc, override_id limit 1))::text, \
    (select policy_id::text from display_policies order by is_active, created_at desc, policy_id limit 1), \
    (select s.space_id::text from spaces s \
      where not exists (select from devices d where d.space_id = s.space_id and d.category = 'sensor') \
      order by s.created_at desc, s.space_id desc limit 1)] \
  from (select) one left join chosen p on true";

/// The caller's own ids instead of those of the examples, in the order of `NAMES`.
pub(in crate::http) struct Samples(Vec<Option<String>>);

impl Samples {
    /// Reads them.
    pub(in crate::http) async fn read(reading: &mut PgConnection) -> Result<Self, sqlx::Error> {
        sqlx::query_scalar(OWN).fetch_one(reading).await.map(Self)
    }

    /// The document with these ids, and with tomorrow as the day of the examples.
    pub(in crate::http) fn put_into(&self, document: &str, now: DateTime<Utc>) -> String {
        let tomorrow = (now + TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        NAMES.iter().zip(&self.0).fold(document.replace(DAY, &tomorrow), |document, (name, own)| {
            let sample = SAMPLES.iter().find(|(of, _)| of == name).map(|(_, sample)| *sample);
            match (sample, own) {
                (Some(sample), Some(own)) => document.replace(sample, own),
                _ => document,
            }
        })
    }
}
