//! Read model `display_policies`: the display policies of tenants.

pub mod read;

use parking_domain::instant::Instant;
use parking_domain::stored::Event;
use parking_domain::tenant::{NamedPolicy, TenantEvent};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::{Row, Rows};

pub(crate) const TABLES: Tables =
    Tables { names: &["display_policies"], internal: &[], schema: include_str!("display_policies.sql") };

/// A tenant's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisplayPolicy {
    /// Its id.
    pub policy_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// True if it is in force.
    pub is_active: bool,
    /// Its name and content.
    pub policy: NamedPolicy,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The position of the event that last changed it.
    pub position: i64,
}

impl Row for DisplayPolicy {
    const TABLE: &'static str = "display_policies";
    const KEY: &'static str = "policy_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.policy_id
    }
}

/// Applies policy events to rows.
#[derive(Default)]
pub(crate) struct DisplayPolicies(Rows<DisplayPolicy>);

impl DisplayPolicies {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        let tenants: Vec<Uuid> = events
            .iter()
            .filter(|decoded| matches!(decoded.event, Event::Tenant(_)))
            .filter_map(Decoded::stream_uuid)
            .collect();
        if tenants.is_empty() {
            return Ok(());
        }
        // Activating a policy deactivates another one.
        let known: Vec<Uuid> =
            sqlx::query_scalar("select policy_id from display_policies where tenant_id = any($1)")
                .bind(&tenants)
                .fetch_all(&mut *connection)
                .await?;
        let new = events.iter().filter_map(|decoded| match &decoded.event {
            Event::Tenant(TenantEvent::DisplayPolicyCreated { policy_id, .. }) => Some(policy_id.uuid()),
            _ => None,
        });
        self.0.load(connection, known.into_iter().chain(new)).await?;
        for decoded in events {
            if let (Event::Tenant(event), Some(tenant_id)) = (&decoded.event, decoded.stream_uuid()) {
                self.take(tenant_id, event, decoded.recorded.position);
            }
        }
        self.0.save(connection).await
    }

    fn take(&mut self, tenant_id: Uuid, event: &TenantEvent, position: i64) {
        match event {
            TenantEvent::DisplayPolicyCreated { policy_id, policy, at, .. } => self.0.put(DisplayPolicy {
                policy_id: policy_id.uuid(),
                tenant_id,
                is_active: false,
                policy: (**policy).clone(),
                created_at: *at,
                updated_at: *at,
                position,
            }),
            TenantEvent::DisplayPolicyUpdated { policy_id, policy, at, .. } => {
                let Some(row) = self.0.change(&policy_id.uuid()) else { return };
                row.policy.clone_from(policy);
                (row.updated_at, row.position) = (*at, position);
            }
            TenantEvent::DisplayPolicyActivated { policy_id, at, .. } => {
                self.activate(tenant_id, policy_id.uuid(), *at, position);
            }
            TenantEvent::TenantArchived { .. } => {
                for policy_id in self.of(tenant_id) {
                    self.0.remove(&policy_id);
                }
            }
            TenantEvent::TenantCreated { .. }
            | TenantEvent::TenantUpdated { .. }
            | TenantEvent::TenantSlugChanged { .. }
            | TenantEvent::TenantSuspended { .. }
            | TenantEvent::TenantActivated { .. }
            | TenantEvent::MemberAdded { .. }
            | TenantEvent::MemberRoleChanged { .. }
            | TenantEvent::MemberDisabled { .. }
            | TenantEvent::MemberEnabled { .. }
            | TenantEvent::MemberRemoved { .. } => {}
        }
    }

    fn activate(&mut self, tenant_id: Uuid, policy_id: Uuid, at: Instant, position: i64) {
        for id in self.of(tenant_id) {
            let is_active = id == policy_id;
            if self.0.get(&id).is_some_and(|row| row.is_active != is_active)
                && let Some(row) = self.0.change(&id)
            {
                (row.is_active, row.updated_at, row.position) = (is_active, at, position);
            }
        }
    }

    fn of(&self, tenant_id: Uuid) -> Vec<Uuid> {
        self.0.all().filter(|row| row.tenant_id == tenant_id).map(|row| row.policy_id).collect()
    }
}
