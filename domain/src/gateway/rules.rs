//! The rules of a gateway's definition.

use super::command::GatewayPatch;
use super::event::Definition;
use super::refusal::GatewayRefusal;
use crate::geo::Position;
use crate::limits;
use crate::naming::{LONGEST_NAME, is_name};
use crate::patch::replace;

/// The patched definition; `None` if nothing changes.
pub(super) fn changed(
    old: &Definition,
    patch: GatewayPatch,
) -> Result<Option<Box<Definition>>, GatewayRefusal> {
    let mut new = old.clone();
    replace(&mut new.name, patch.name);
    patch.description.apply_to(&mut new.description);
    patch.location.apply_to(&mut new.location);
    patch.position.apply_to(&mut new.position);
    patch.altitude.apply_to(&mut new.altitude);
    patch.site_id.apply_to(&mut new.site_id);
    replace(&mut new.metadata, patch.metadata);
    check(&new)?;
    Ok((new != *old).then(|| Box::new(new)))
}

pub(super) fn check(definition: &Definition) -> Result<(), GatewayRefusal> {
    // Every field is listed, so that a new one is not forgotten. The document is limited by its type.
    let Definition { name, description, location, position, altitude, site_id: _, metadata: _ } = definition;
    if !is_name(name, LONGEST_NAME) {
        return Err(GatewayRefusal::GatewayNameInvalid);
    }
    limits::optional("description", description.as_deref(), limits::DESCRIPTION)?;
    limits::label("location", location.as_deref())?;
    if let Some(Position { latitude, longitude }) = *position {
        Position::new(latitude, longitude)?;
    }
    match altitude {
        Some(altitude) if !altitude.is_finite() => Err(GatewayRefusal::AltitudeInvalid),
        _ => Ok(()),
    }
}
