//! A gateway's ownership and definition.

mod command;
mod event;
mod id;
mod refusal;
mod rules;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Decider, aggregate};
use crate::asked::Asked;
use crate::id::TenantId;

pub use command::{GatewayCommand, GatewayPatch};
pub use event::{Definition, GatewayEvent};
pub use id::{gateway_eui_of, gateway_id};
pub use refusal::GatewayRefusal;

/// The state for decisions about a gateway: its owner, if any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gateway {
    owned: Option<RegisteredGateway>,
}

/// A registered gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RegisteredGateway {
    tenant_id: TenantId,
    definition: Definition,
}

impl Gateway {
    /// The tenant that owns it.
    pub fn owner(&self) -> Option<TenantId> {
        self.owned.as_ref().map(|owned| owned.tenant_id)
    }

    /// Its definition, while it is registered.
    pub fn definition(&self) -> Option<&Definition> {
        self.owned.as_ref().map(|owned| &owned.definition)
    }

    /// The gateway, if it is the tenant's; otherwise it is not found.
    fn owned_by(&self, asked: Asked) -> Result<&RegisteredGateway, GatewayRefusal> {
        let owned = self.owned.as_ref().filter(|owned| owned.tenant_id == asked.tenant_id);
        owned.ok_or(GatewayRefusal::GatewayNotFound)
    }
}

impl Decider for Gateway {
    const STATE_VERSION: i32 = 1;

    const EVENTS: &'static [(&'static str, &'static str)] = GatewayEvent::CATALOGUE;

    fn decide(&self, command: &GatewayCommand) -> Result<Vec<GatewayEvent>, GatewayRefusal> {
        use GatewayCommand::{RegisterGateway, RemoveGateway, UpdateGateway};
        match command.clone() {
            RegisterGateway { .. } if self.owned.is_some() => Err(GatewayRefusal::GatewayAlreadyRegistered),
            RegisterGateway { definition, asked } => {
                rules::check(&definition)?;
                let Asked { tenant_id, at, by } = asked;
                Ok(vec![GatewayEvent::GatewayRegistered { tenant_id, definition, at, by }])
            }
            UpdateGateway { patch, asked } => {
                let changed = rules::changed(&self.owned_by(asked)?.definition, *patch)?;
                let Asked { at, by, .. } = asked;
                let event = |definition| GatewayEvent::GatewayUpdated { definition, at, by };
                Ok(changed.map(event).into_iter().collect())
            }
            RemoveGateway { asked } => {
                self.owned_by(asked)?;
                Ok(vec![GatewayEvent::GatewayRemoved { at: asked.at, by: asked.by }])
            }
        }
    }

    fn evolve(&mut self, event: &GatewayEvent) {
        match event {
            GatewayEvent::GatewayRegistered { tenant_id, definition, .. } => {
                self.owned = Some(RegisteredGateway {
                    tenant_id: *tenant_id,
                    definition: Definition::clone(definition),
                });
            }
            GatewayEvent::GatewayUpdated { definition, .. } => {
                if let Some(owned) = &mut self.owned {
                    owned.definition = Definition::clone(definition);
                }
            }
            GatewayEvent::GatewayRemoved { .. } => self.owned = None,
        }
    }
}

aggregate!(Gateway, "gateway", GatewayCommand, GatewayEvent, GatewayRefusal);
