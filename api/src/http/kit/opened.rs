//! Opens sealed personal data for readers.

use parking_commands::personal::open;
use parking_domain::sealed::Sealed;
use secrecy::ExposeSecret;
use sqlx::PgConnection;

use crate::http::kit::problem::Problem;

/// Opens the sealed fields of many rows. A field is `None` if it is absent or if the person has been forgotten.
pub(crate) async fn opened<const N: usize>(
    connection: &mut PgConnection,
    rows: &[[Option<&Sealed>; N]],
) -> Result<Vec<[Option<String>; N]>, Problem> {
    let sealed: Vec<&Sealed> = rows.iter().flatten().flatten().copied().collect();
    let mut texts = open(connection, &sealed).await?.into_iter();
    let mut next = |field: Option<&Sealed>| {
        let text = field.and_then(|_| texts.next().flatten());
        text.map(|text| text.expose_secret().to_owned())
    };
    Ok(rows.iter().map(|fields| fields.map(&mut next)).collect())
}
