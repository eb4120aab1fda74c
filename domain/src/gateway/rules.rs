//! The rules of a gateway's definition.

use super::command::GatewayPatch;
use super::event::Definition;
use super::refusal::GatewayRefusal;
use crate::geo::Position;
use crate::naming::{LONGEST_NAME, is_name};
use crate::patch::replace;

/// The definition with what the patch changes; none if nothing does.
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
    if !is_name(&definition.name, LONGEST_NAME) {
        return Err(GatewayRefusal::GatewayNameInvalid);
    }
    if let Some(Position { latitude, longitude }) = definition.position {
        Position::new(latitude, longitude)?;
    }
    match definition.altitude {
        Some(altitude) if !altitude.is_finite() => Err(GatewayRefusal::AltitudeInvalid),
        _ => Ok(()),
    }
}
