//! Which policy is in force where: the tenant's, with what the site and then the space have otherwise.

use parking_domain::id::SpaceId;
use parking_domain::policy::{Policy, PolicyOverrides};
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::from_json;

/// What those have laid down who have a say: the tenant's active policy, the site's and the space's own, as JSON.
pub(crate) type LaidDown = (Option<String>, Option<String>, Option<String>);

type AtSpace = (Uuid, Option<String>, Option<String>, Option<String>);

/// The columns of a [`LaidDown`] in a query over display policies `p`, sites `i` and spaces `s`.
pub(crate) const LAID_DOWN: &str =
    "(p.policy -> 'policy')::text, (i.definition -> 'policy')::text, (s.definition -> 'policy')::text";

/// The policy that follows.
pub(crate) fn policy((tenant, site, space): LaidDown) -> Result<Policy, sqlx::Error> {
    let tenant: Policy = read(tenant)?;
    Ok(tenant.with(&read::<PolicyOverrides>(site)?).with(&read::<PolicyOverrides>(space)?))
}

fn read<P: DeserializeOwned + Default>(laid_down: Option<String>) -> Result<P, sqlx::Error> {
    laid_down.map_or_else(|| Ok(P::default()), |laid_down| from_json(&laid_down))
}

/// The policies at those of these spaces that there are.
pub(crate) async fn at_spaces(
    connection: &mut PgConnection,
    space_ids: &[Uuid],
) -> Result<Vec<(SpaceId, Policy)>, sqlx::Error> {
    let query = format!(
        "select s.space_id, {LAID_DOWN} from spaces s left join sites i using (site_id) \
                left join display_policies p on p.tenant_id = s.tenant_id and p.is_active \
          where s.space_id = any($1)"
    );
    let rows: Vec<AtSpace> = sqlx::query_as(&query).bind(space_ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(space_id, tenant, site, space)| Ok((space_id.into(), policy((tenant, site, space))?)))
        .collect()
}
