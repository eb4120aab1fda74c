//! The domain's fold in memory, and its stored parts.

use std::collections::BTreeMap;

use parking_domain::device::DeviceEvent;
use parking_domain::id::{SiteId, SpaceId, TenantId};
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::confirm::Arrival;
use parking_domain::occupancy::{Change, Parts, Spaces};
use parking_domain::stored::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sqlx::PgConnection;

use crate::engine::projection::{ApplyError, Decoded};
use crate::engine::reread;
use crate::engine::rows::upsert;
use crate::occupancy::name;
use crate::occupancy::placement::SpacePlacement;
use crate::occupancy::stays::Stay;

/// Positions between two saves of the fold, and so the most that are folded again at a start.
const STORED_EVERY: i64 = 100_000;

/// Events read at once at a start.
const PAGE: i64 = 5_000;

/// The fold, and the position up to which it is stored.
pub(super) struct Memory {
    spaces: Spaces,
    stored_through: i64,
}

/// What an event changed.
pub(super) struct Taken {
    /// The space that the event concerns, before it or after it.
    pub(super) placement: Option<SpacePlacement>,
    /// The changes of what is shown, with their spaces.
    pub(super) changes: Vec<(Change, SpacePlacement)>,
    /// The spaces whose pending arrival changed; none where it is gone.
    pub(super) arrivals: BTreeMap<SpaceId, Option<Arrival>>,
    /// The stays that began, ended or changed their reservation.
    pub(super) stays: Vec<Stay>,
}

#[derive(Serialize)]
struct Part<'a> {
    kind: &'static str,
    key: String,
    state: Option<&'a RawValue>,
}

impl Memory {
    /// The fold of all events before a position.
    pub(super) async fn load(
        connection: &mut PgConnection,
        before: i64,
        streams: &[&str],
    ) -> Result<Self, ApplyError> {
        let stored_through: i64 =
            sqlx::query_scalar("select coalesce(max(position), 0) from occupancy_parts_reached")
                .fetch_one(&mut *connection)
                .await?;
        let parts = Parts {
            spaces: part::<SpaceId, _>(connection, "space")
                .await?
                .into_iter()
                .map(|(_, part)| part)
                .collect(),
            devices: part::<DevEui, _>(connection, "device").await?,
            sites: part::<SiteId, _>(connection, "site").await?,
            tenants: part::<TenantId, _>(connection, "tenant").await?,
        };
        let mut memory = Self { spaces: Spaces::from_parts(parts), stored_through };
        let mut after = stored_through;
        while after < before - 1 {
            let page = reread::page(connection, name::NAME, after, PAGE.min(before - 1 - after), streams)
                .await
                .map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
            for decoded in Decoded::all(&page.events)? {
                memory.spaces.apply(decoded.recorded.position, &decoded.recorded.aggregate_id, decoded.event);
            }
            after = page.through;
        }
        // These are written already.
        memory.spaces.take_arrivals();
        memory.spaces.take_stays();
        Ok(memory)
    }

    /// The fold.
    pub(super) fn spaces(&self) -> &Spaces {
        &self.spaces
    }

    /// Applies an event.
    pub(super) fn take(&mut self, decoded: &Decoded<'_>) -> Taken {
        let recorded = decoded.recorded;
        // A deleted space and a removed device are gone from the fold afterwards.
        let before = self.placement_of(decoded);
        let changes = self.spaces.apply(recorded.position, &recorded.aggregate_id, decoded.event);
        let changes = changes
            .into_iter()
            .filter_map(|change| {
                self.placement(change.space_id).or(before).map(|placement| (change, placement))
            })
            .collect();
        let stays = self.spaces.take_stays().into_iter();
        let stays = stays
            .filter_map(|(space_id, stay)| Some(Stay::new(&stay, self.placement(space_id).or(before)?)))
            .collect();
        let placement = self.placement_of(decoded).or(before);
        Taken { placement, changes, arrivals: self.spaces.take_arrivals(), stays }
    }

    /// The space that an event of a space or a device concerns.
    fn placement_of(&self, decoded: &Decoded<'_>) -> Option<SpacePlacement> {
        let id = &decoded.recorded.aggregate_id;
        let space_id = match decoded.event {
            Event::Space(_) => id.parse().ok(),
            // The fold knows the spaces of sensors only.
            Event::Device(
                DeviceEvent::DeviceAssigned { space_id, .. }
                | DeviceEvent::DeviceReassigned { to: space_id, .. }
                | DeviceEvent::DeviceUnassigned { space_id, .. },
            ) => Some(*space_id),
            Event::Device(_) => id.parse().ok().and_then(|dev_eui| self.spaces.device(dev_eui)?.space_id()),
            _ => None,
        };
        self.placement(space_id?)
    }

    /// A space's place.
    pub(super) fn placement(&self, space_id: SpaceId) -> Option<SpacePlacement> {
        self.spaces.space(space_id).map(SpacePlacement::from)
    }

    /// Stores the changed parts, once enough positions have passed.
    pub(super) async fn keep(
        &mut self,
        connection: &mut PgConnection,
        through: i64,
    ) -> Result<(), ApplyError> {
        if through - self.stored_through < STORED_EVERY {
            return Ok(());
        }
        let touched = self.spaces.take_touched();
        let spaces = touched.spaces.iter().map(|id| (*id, self.spaces.space(*id)));
        store(connection, "space", spaces).await?;
        let devices = touched.devices.iter().map(|id| (*id, self.spaces.device(*id)));
        store(connection, "device", devices).await?;
        store(connection, "site", touched.sites.iter().map(|id| (*id, self.spaces.site(*id)))).await?;
        store(connection, "tenant", touched.tenants.iter().map(|id| (*id, self.spaces.tenant(*id)))).await?;
        sqlx::query(
            "insert into occupancy_parts_reached values (true, $1) \
             on conflict (singleton) do update set position = excluded.position",
        )
        .bind(through)
        .execute(connection)
        .await?;
        self.stored_through = through;
        Ok(())
    }
}

async fn part<K: std::str::FromStr, V: DeserializeOwned>(
    connection: &mut PgConnection,
    kind: &str,
) -> Result<Vec<(K, V)>, sqlx::Error> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select key, state::text from occupancy_parts where kind = $1 and state is not null")
            .bind(kind)
            .fetch_all(connection)
            .await?;
    let read = |(key, state): (String, String)| {
        let key = key.parse().map_err(|_| sqlx::Error::Decode(format!("{key} names no {kind}").into()))?;
        let state = serde_json::from_str(&state).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok((key, state))
    };
    rows.into_iter().map(read).collect()
}

/// A deleted part is stored as null.
async fn store<'a, K: ToString, V: Serialize + 'a>(
    connection: &mut PgConnection,
    kind: &'static str,
    parts: impl Iterator<Item = (K, Option<&'a V>)>,
) -> Result<(), sqlx::Error> {
    let encode = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let states = parts
        .map(|(key, state)| {
            Ok((key.to_string(), state.map(serde_json::value::to_raw_value).transpose().map_err(encode)?))
        })
        .collect::<Result<Vec<(String, Option<Box<RawValue>>)>, sqlx::Error>>()?;
    let parts: Vec<Part<'_>> =
        states.iter().map(|(key, state)| Part { kind, key: key.clone(), state: state.as_deref() }).collect();
    upsert(connection, "occupancy_parts", "kind, key", &parts).await
}
