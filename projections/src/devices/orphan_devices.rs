//! Read model `orphan_devices`: devices that are heard and have no owner.

use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

use parking_domain::chirpstack::{DeviceInfo, Reception};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::uplinks::{NetworkReport, Standing, UplinkEvent};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor};

use crate::engine::projection::Tables;

pub(crate) const TABLES: Tables =
    Tables { names: &["orphan_devices"], internal: &[], schema: include_str!("orphan_devices.sql") };

/// Collects a batch's reports of devices without an owner.
#[derive(Debug, Default)]
pub(crate) struct OrphanDevices {
    heard: BTreeMap<DevEui, Heard>,
    ended: BTreeSet<DevEui>,
    /// When each device was hidden; `None` for one that is shown again.
    dismissed: BTreeMap<DevEui, Option<Instant>>,
}

impl OrphanDevices {
    pub(crate) fn hear(&mut self, dev_eui: DevEui, event: &UplinkEvent, position: i64) {
        match event {
            UplinkEvent::UplinkReceived(uplink) => {
                let heard = Heard::entry(&mut self.heard, dev_eui, &uplink.report, position);
                heard.messages += i64::from(uplink.standing != Standing::Repeated);
                if uplink.standing.is_new() {
                    heard.reception = best(&uplink.rx_info).cloned().or(heard.reception.take());
                    let object = uplink.object.as_ref().and_then(|object| serde_json::to_string(object).ok());
                    heard.object = object.or(heard.object.take());
                }
            }
            UplinkEvent::DeviceJoined(join) => {
                Heard::entry(&mut self.heard, dev_eui, &join.report, position);
            }
            // Reports of the network server itself do not come from the device.
            _ => {}
        }
    }

    /// Removes a device that was claimed. Returns what was heard of it until then.
    pub(crate) async fn end(
        &mut self,
        connection: &mut PgConnection,
        dev_eui: DevEui,
    ) -> Result<Option<Orphaned>, sqlx::Error> {
        let stored: Option<Orphaned> = if self.ended.contains(&dev_eui) {
            None
        } else {
            let row = "select message_count as messages, last_seen, device_profile as profile \
                         from orphan_devices where dev_eui = $1";
            sqlx::query_as(row).bind(dev_eui.to_string()).fetch_optional(connection).await?
        };
        let heard = self.heard.remove(&dev_eui).map(Orphaned::from);
        self.dismissed.remove(&dev_eui);
        self.ended.insert(dev_eui);
        Ok(match (stored, heard) {
            (Some(stored), Some(heard)) => Some(stored.and(heard)),
            (stored, heard) => stored.or(heard),
        })
    }

    /// Shows a device that its owner gave up, with nothing but when it was last heard and its profile.
    pub(crate) fn begin(
        &mut self,
        dev_eui: DevEui,
        last_seen: Instant,
        profile: Option<String>,
        position: i64,
    ) {
        let device = DeviceInfo { profile_name: profile, ..DeviceInfo::default() };
        let heard = self.heard.entry(dev_eui).or_insert_with(|| Heard {
            first_seen: last_seen,
            last_seen,
            messages: 0,
            reception: None,
            device,
            object: None,
            position,
        });
        heard.position = position;
        self.dismissed.insert(dev_eui, None);
    }

    /// Hides a device until it is heard again.
    pub(crate) fn dismiss(&mut self, dev_eui: DevEui, at: Instant) {
        self.dismissed.insert(dev_eui, Some(at));
    }

    pub(crate) async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Self { heard, ended, dismissed } = std::mem::take(self);
        if !ended.is_empty() {
            sqlx::query("delete from orphan_devices where dev_eui = any($1)")
                .bind(ended.iter().map(ToString::to_string).collect::<Vec<_>>())
                .execute(&mut *connection)
                .await?;
        }
        save(connection, &heard).await?;
        if !dismissed.is_empty() {
            sqlx::query(
                "update orphan_devices o set dismissed_at = d.at \
                   from unnest($1::text[], $2::timestamptz[]) as d (dev_eui, at) where o.dev_eui = d.dev_eui",
            )
            .bind(dismissed.keys().map(ToString::to_string).collect::<Vec<_>>())
            .bind(dismissed.values().map(|at| at.map(Instant::utc)).collect::<Vec<_>>())
            .execute(connection)
            .await?;
        }
        Ok(())
    }
}

/// What was heard of a device while it had no owner.
#[derive(Debug, FromRow)]
pub(crate) struct Orphaned {
    /// Uplinks, without repetitions of one transmission.
    pub(crate) messages: i64,
    /// When the platform last received an uplink or a join from it.
    #[sqlx(try_from = "DateTime<Utc>")]
    pub(crate) last_seen: Instant,
    /// The device profile's name in ChirpStack.
    pub(crate) profile: Option<String>,
}

impl Orphaned {
    /// Adds what was heard later.
    fn and(self, later: Self) -> Self {
        Self {
            messages: self.messages + later.messages,
            last_seen: self.last_seen.max(later.last_seen),
            profile: later.profile.or(self.profile),
        }
    }
}

impl From<Heard> for Orphaned {
    fn from(heard: Heard) -> Self {
        let Heard { messages, last_seen, device, .. } = heard;
        Self { messages, last_seen, profile: device.profile_name }
    }
}

/// What a batch adds to a device's row.
#[derive(Debug)]
struct Heard {
    first_seen: Instant,
    last_seen: Instant,
    messages: i64,
    reception: Option<Reception>,
    device: DeviceInfo,
    object: Option<String>,
    position: i64,
}

impl Heard {
    /// The device's entry, updated with what every report contains.
    fn entry<'a>(
        heard: &'a mut BTreeMap<DevEui, Self>,
        dev_eui: DevEui,
        report: &NetworkReport,
        position: i64,
    ) -> &'a mut Self {
        let entry = heard.entry(dev_eui).or_insert_with(|| Self {
            first_seen: report.received_at,
            last_seen: report.received_at,
            messages: 0,
            reception: None,
            device: DeviceInfo::default(),
            object: None,
            position,
        });
        entry.last_seen = entry.last_seen.max(report.received_at);
        entry.device.name = report.device.name.clone().or(entry.device.name.take());
        entry.device.profile_name = report.device.profile_name.clone().or(entry.device.profile_name.take());
        entry.position = position;
        entry
    }
}

/// The gateway with the best reception of the frame.
pub(crate) fn best(rx_info: &[Reception]) -> Option<&Reception> {
    rx_info.iter().max_by(|a, b| a.rssi.cmp(&b.rssi).then(a.snr.total_cmp(&b.snr)))
}

async fn save(connection: &mut PgConnection, heard: &BTreeMap<DevEui, Heard>) -> Result<(), sqlx::Error> {
    if heard.is_empty() {
        return Ok(());
    }
    let rows = || heard.values();
    sqlx::query(
        "insert into orphan_devices as known \
           (dev_eui, first_seen, last_seen, message_count, last_rssi, last_snr, last_gateway, device_profile, \
            device_name, last_object, last_position) \
         select dev_eui, first_seen, last_seen, messages, rssi, snr, gateway, profile, name, object::json, position \
           from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], \
                       $6::double precision[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[]) \
             as heard (dev_eui, first_seen, last_seen, messages, rssi, snr, gateway, profile, name, object, position) \
         on conflict (dev_eui) do update set \
           last_seen      = greatest(known.last_seen, excluded.last_seen), \
           message_count  = known.message_count + excluded.message_count, \
           last_gateway   = case when excluded.last_rssi is null then known.last_gateway \
                                 else excluded.last_gateway end, \
           last_rssi      = coalesce(excluded.last_rssi, known.last_rssi), \
           last_snr       = coalesce(excluded.last_snr, known.last_snr), \
           device_profile = coalesce(excluded.device_profile, known.device_profile), \
           device_name    = coalesce(excluded.device_name, known.device_name), \
           last_object    = coalesce(excluded.last_object, known.last_object), \
           last_position  = excluded.last_position",
    )
    .bind(heard.keys().map(ToString::to_string).collect::<Vec<_>>())
    .bind(rows().map(|h| h.first_seen.utc()).collect::<Vec<_>>())
    .bind(rows().map(|h| h.last_seen.utc()).collect::<Vec<_>>())
    .bind(rows().map(|h| h.messages).collect::<Vec<_>>())
    .bind(rows().map(|h| h.reception.as_ref().map(|rx| rx.rssi)).collect::<Vec<_>>())
    .bind(rows().map(|h| h.reception.as_ref().map(|rx| rx.snr)).collect::<Vec<_>>())
    .bind(rows().map(|h| h.reception.as_ref()?.gateway_id.map(|id| id.to_string())).collect::<Vec<_>>())
    .bind(rows().map(|h| h.device.profile_name.as_deref()).collect::<Vec<_>>())
    .bind(rows().map(|h| h.device.name.as_deref()).collect::<Vec<_>>())
    .bind(rows().map(|h| h.object.as_deref()).collect::<Vec<_>>())
    .bind(rows().map(|h| h.position).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// A row as it is queried.
#[derive(Debug, FromRow)]
pub struct OrphanDevice {
    /// The device, 16 lower-case hex digits.
    pub dev_eui: String,
    /// When the platform first received an uplink or a join from it; of a device that had an owner, the last one before
    /// it was given up.
    #[sqlx(try_from = "DateTime<Utc>")]
    pub first_seen: Instant,
    /// When the platform last received an uplink or a join from it.
    #[sqlx(try_from = "DateTime<Utc>")]
    pub last_seen: Instant,
    /// Uplinks, without repetitions of one transmission.
    pub message_count: i64,
    /// Signal strength at the best gateway of the last uplink, in dBm.
    pub last_rssi: Option<i32>,
    /// Signal-to-noise ratio at that gateway, in dB.
    pub last_snr: Option<f64>,
    /// That gateway, 16 lower-case hex digits.
    pub last_gateway: Option<String>,
    /// The device profile's name in ChirpStack.
    pub device_profile: Option<String>,
    /// The device's name in ChirpStack.
    pub device_name: Option<String>,
    /// ChirpStack's decoding of its last decoded uplink.
    pub last_object: Option<Json<Box<RawValue>>>,
}

const QUERIED: &str = "select dev_eui, first_seen, last_seen, message_count, last_rssi, last_snr, last_gateway, \
                              device_profile, device_name, last_object \
                         from orphan_devices where (dismissed_at is null or last_seen > dismissed_at)";

/// One page of devices that were heard at this time or later, last heard first.
pub async fn list(
    executor: impl PgExecutor<'_>,
    since: Option<Instant>,
    limit: i64,
    offset: i64,
) -> Result<Vec<OrphanDevice>, sqlx::Error> {
    let query = format!(
        "{QUERIED} and ($1::timestamptz is null or last_seen >= $1) \
         order by last_seen desc, dev_eui limit $2 offset $3"
    );
    let query = sqlx::query_as(&query).bind(since.map(Instant::utc));
    query.bind(limit).bind(offset).fetch_all(executor).await
}

/// A device, unless it is dismissed.
pub async fn get(
    executor: impl PgExecutor<'_>,
    dev_eui: DevEui,
) -> Result<Option<OrphanDevice>, sqlx::Error> {
    let query = format!("{QUERIED} and dev_eui = $1");
    sqlx::query_as(&query).bind(dev_eui.to_string()).fetch_optional(executor).await
}

/// The number of devices that were heard at this time or later.
pub async fn count(executor: impl PgExecutor<'_>, since: Option<Instant>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from orphan_devices \
          where (dismissed_at is null or last_seen > dismissed_at) \
            and ($1::timestamptz is null or last_seen >= $1)",
    )
    .bind(since.map(Instant::utc))
    .fetch_one(executor)
    .await
}
