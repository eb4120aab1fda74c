//! The sensors that can fall silent, and when each does if nothing more is received: queries on `devices` and the
//! policies in force. The caller caches the results, so that not every query reads all sensors.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::silence;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::devices::Fleet;
use crate::engine::projection::Projection;
use crate::engine::rows;
use crate::registry::Registry;
use crate::registry::in_force::{self, POLICY_LAYERS};

/// What decides when an enabled sensor falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The sensor.
    pub dev_eui: DevEui,
    /// Its owner.
    pub tenant_id: TenantId,
    /// When the platform last received something new from it.
    last_heard_at: Option<Instant>,
    silent: bool,
    timeout: TimeDelta,
    shortest_timeout: TimeDelta,
}

/// A future silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The sensor.
    pub dev_eui: DevEui,
    /// Its owner.
    pub tenant_id: TenantId,
    /// When it was last heard.
    pub last_heard_at: Instant,
    /// When the silence is due.
    pub due: Instant,
}

impl Watched {
    /// When it falls silent if nothing more is received. None if it is silent already or was never heard.
    pub fn silence(&self) -> Option<Silence> {
        let last_heard_at = self.last_heard_at.filter(|_| !self.silent)?;
        let due = silence::due(last_heard_at, self.timeout)?;
        Some(Silence { dev_eui: self.dev_eui, tenant_id: self.tenant_id, last_heard_at, due })
    }

    /// Until when nothing received from `now` on can make it fall silent, unless its definition or its policy changes.
    pub fn look_again_at(&self, now: Instant) -> Instant {
        let after_next = now + self.shortest_timeout;
        self.silence().map_or(after_next, |silence| silence.due.min(after_next))
    }
}

#[derive(FromRow)]
struct Row {
    dev_eui: String,
    tenant_id: Uuid,
    last_heard_at: Option<DateTime<Utc>>,
    silent: bool,
    heartbeat_sec: Option<i64>,
    codec: Option<String>,
    read_by: Option<String>,
    of_tenant: Option<String>,
    of_site: Option<String>,
    of_space: Option<String>,
}

/// The columns of a [`Row`] for every enabled sensor with an owner.
fn sensors() -> String {
    format!(
        "select d.dev_eui, d.tenant_id, d.last_heard_at, d.silent, \
                (d.definition ->> 'heartbeat_sec')::bigint as heartbeat_sec, d.codec, d.read_by, \
                w.of_tenant, w.of_site, w.of_space \
           from devices d left join spaces s using (space_id) left join sites i using (site_id) \
                left join display_policies p on p.tenant_id = d.tenant_id and p.is_active \
                cross join lateral (select {POLICY_LAYERS}) w (of_tenant, of_site, of_space) \
          where d.category = 'sensor' and d.status <> 'retired' and d.enabled"
    )
}

/// One page of sensors by EUI, those after `after`.
pub async fn page(
    connection: &mut PgConnection,
    after: Option<DevEui>,
    limit: i64,
) -> Result<Vec<Watched>, sqlx::Error> {
    let query = format!("{} and d.dev_eui > $1 order by d.dev_eui limit $2", sensors());
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let rows: Vec<Row> = sqlx::query_as(&query).bind(after).bind(limit).fetch_all(connection).await?;
    rows.into_iter().map(Row::watched).collect()
}

/// Those of these devices that are enabled sensors.
pub async fn of(connection: &mut PgConnection, dev_euis: &[DevEui]) -> Result<Vec<Watched>, sqlx::Error> {
    let query = format!("{} and d.dev_eui = any($1)", sensors());
    let dev_euis: Vec<String> = dev_euis.iter().map(ToString::to_string).collect();
    let rows: Vec<Row> = sqlx::query_as(&query).bind(dev_euis).fetch_all(connection).await?;
    rows.into_iter().map(Row::watched).collect()
}

/// How often the rows read here were replaced by a rebuild. A cache of older rows is invalid.
pub async fn generation(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(sum(generation), 0)::bigint from checkpoints \
          where (projection, version) in (($1, $2), ($3, $4))",
    )
    .bind(Fleet::NAME)
    .bind(Fleet::VERSION)
    .bind(Registry::NAME)
    .bind(Registry::VERSION)
    .fetch_one(connection)
    .await
}

/// The devices whose silence may be due earlier because of commands after position `after` and up to `through`: a
/// claim, a change, an assignment, or a policy change of their space, site or tenant.
pub async fn changed(
    connection: &mut PgConnection,
    after: i64,
    through: i64,
) -> Result<Vec<DevEui>, sqlx::Error> {
    let changed: Vec<String> = sqlx::query_scalar(
        "with a as materialized (select kind, stream_type, dev_eui, space_id, site_id, tenant_id from activity \
                                  where position > $1 and position <= $2 \
                                    and kind in ('DeviceClaimed', 'DeviceUpdated', 'DeviceAssigned', 'DeviceReassigned', \
                                                 'DeviceUnassigned', 'SpaceUpdated', 'SiteUpdated', 'DisplayPolicyCreated', \
                                                 'DisplayPolicyUpdated', 'DisplayPolicyActivated')) \
         select dev_eui from a where stream_type = 'device' and dev_eui is not null \
         union select d.dev_eui from a join devices d using (space_id) where kind = 'SpaceUpdated' \
         union select d.dev_eui from a join spaces s on s.site_id = a.site_id join devices d on d.space_id = s.space_id \
                where kind = 'SiteUpdated' \
         union select d.dev_eui from a join devices d on d.tenant_id = a.tenant_id where stream_type = 'tenant'",
    )
    .bind(after)
    .bind(through)
    .fetch_all(connection)
    .await?;
    changed.iter().map(|dev_eui| eui(dev_eui)).collect()
}

impl Row {
    fn watched(self) -> Result<Watched, sqlx::Error> {
        let policy = in_force::policy((self.of_tenant, self.of_site, self.of_space))?;
        let heartbeat_sec = self.heartbeat_sec.and_then(|seconds| u32::try_from(seconds).ok());
        let chosen = self.codec.as_deref();
        Ok(Watched {
            dev_eui: eui(&self.dev_eui)?,
            tenant_id: self.tenant_id.into(),
            last_heard_at: self.last_heard_at.map(rows::instant).transpose()?,
            silent: self.silent,
            timeout: silence::timeout(&policy, heartbeat_sec, chosen.or(self.read_by.as_deref())),
            shortest_timeout: silence::shortest_timeout(&policy, heartbeat_sec, chosen),
        })
    }
}

fn eui(text: &str) -> Result<DevEui, sqlx::Error> {
    text.parse().map_err(|_| sqlx::Error::Decode("a device's key is its EUI".into()))
}
