//! The policy in force: the tenant's, overridden by the site's and then by the space's.

use parking_domain::id::SpaceId;
use parking_domain::policy::{Policy, PolicyOverrides};
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::rows::from_json;

/// The tenant's active policy and the overrides of the site and the space, as JSON.
pub(crate) type PolicyLayers = (Option<String>, Option<String>, Option<String>);

type AtSpace = (Uuid, Option<String>, Option<String>, Option<String>);

/// The columns of [`PolicyLayers`] in a query over display policies `p`, sites `i` and spaces `s`.
pub(crate) const POLICY_LAYERS: &str =
    "(p.policy -> 'policy')::text, (i.definition -> 'policy')::text, (s.definition -> 'policy')::text";

/// The policy that results from its layers.
pub(crate) fn policy((tenant, site, space): PolicyLayers) -> Result<Policy, sqlx::Error> {
    let tenant: Policy = read(tenant)?;
    Ok(tenant.with(&read::<PolicyOverrides>(site)?).with(&read::<PolicyOverrides>(space)?))
}

fn read<P: DeserializeOwned + Default>(layer: Option<String>) -> Result<P, sqlx::Error> {
    layer.map_or_else(|| Ok(P::default()), |layer| from_json(&layer))
}

/// The policies of these spaces, as far as they exist.
pub(crate) async fn at_spaces(
    connection: &mut PgConnection,
    space_ids: &[Uuid],
) -> Result<Vec<(SpaceId, Policy)>, sqlx::Error> {
    let query = format!(
        "select s.space_id, {POLICY_LAYERS} from spaces s left join sites i using (site_id) \
                left join display_policies p on p.tenant_id = s.tenant_id and p.is_active \
          where s.space_id = any($1)"
    );
    let rows: Vec<AtSpace> = sqlx::query_as(&query).bind(space_ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(space_id, tenant, site, space)| Ok((space_id.into(), policy((tenant, site, space))?)))
        .collect()
}
