//! When sensors fall silent if they are not heard before: a question to `devices` and the policies in force.

use chrono::{DateTime, Utc};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::silence;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::in_force::{self, LAID_DOWN};

/// A sensor that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The sensor.
    pub dev_eui: DevEui,
    /// Its owner.
    pub tenant_id: TenantId,
    /// When it was last heard.
    pub last_heard_at: Instant,
    /// When that is too long ago.
    pub due: Instant,
}

#[derive(FromRow)]
struct Awaited {
    dev_eui: String,
    tenant_id: Uuid,
    #[sqlx(try_from = "DateTime<Utc>")]
    last_seen_at: Instant,
    heartbeat_sec: Option<i64>,
    codec: Option<String>,
    of_tenant: Option<String>,
    of_site: Option<String>,
    of_space: Option<String>,
}

/// Every enabled sensor that is not silent yet, those first that are due first.
pub async fn ahead(connection: &mut PgConnection) -> Result<Vec<Silence>, sqlx::Error> {
    let query = format!(
        "select d.dev_eui, d.tenant_id, d.last_seen_at, (d.definition ->> 'heartbeat_sec')::bigint as heartbeat_sec, \
                coalesce(d.codec, d.read_by) as codec, w.of_tenant, w.of_site, w.of_space \
           from devices d left join spaces s using (space_id) left join sites i using (site_id) \
                left join display_policies p on p.tenant_id = d.tenant_id and p.is_active \
                cross join lateral (select {LAID_DOWN}) w (of_tenant, of_site, of_space) \
          where d.category = 'sensor' and d.status <> 'retired' and d.enabled and not d.silent \
            and d.last_seen_at is not null"
    );
    let rows: Vec<Awaited> = sqlx::query_as(&query).fetch_all(connection).await?;
    let mut ahead = Vec::with_capacity(rows.len());
    for row in rows {
        ahead.extend(row.silence()?);
    }
    ahead.sort_by_key(|silence| (silence.due, silence.dev_eui));
    Ok(ahead)
}

impl Awaited {
    /// None if it has all the time there is.
    fn silence(self) -> Result<Option<Silence>, sqlx::Error> {
        let policy = in_force::policy((self.of_tenant, self.of_site, self.of_space))?;
        let heartbeat_sec = self.heartbeat_sec.and_then(|seconds| u32::try_from(seconds).ok());
        let timeout = silence::timeout(&policy, heartbeat_sec, self.codec.as_deref());
        let dev_eui =
            self.dev_eui.parse().map_err(|_| sqlx::Error::Decode("a device's key is its EUI".into()))?;
        let (tenant_id, last_heard_at) = (self.tenant_id.into(), self.last_seen_at);
        let due = silence::due(last_heard_at, timeout);
        Ok(due.map(|due| Silence { dev_eui, tenant_id, last_heard_at, due }))
    }
}
