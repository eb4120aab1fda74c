//! What is personal, opened for whoever may read it.

use parking_commands::personal::open;
use parking_domain::sealed::Sealed;
use secrecy::ExposeSecret;
use sqlx::PgConnection;

use crate::http::kit::problem::Problem;

/// The sealed fields of many things in plain words: none where nothing was said, or whom it is about is forgotten.
pub(crate) async fn opened<const N: usize>(
    connection: &mut PgConnection,
    things: &[[Option<&Sealed>; N]],
) -> Result<Vec<[Option<String>; N]>, Problem> {
    let sealed: Vec<&Sealed> = things.iter().flatten().flatten().copied().collect();
    let mut texts = open(connection, &sealed).await?.into_iter();
    let mut next = |field: Option<&Sealed>| {
        let text = field.and_then(|_| texts.next().flatten());
        text.map(|text| text.expose_secret().to_owned())
    };
    Ok(things.iter().map(|fields| fields.map(&mut next)).collect())
}
