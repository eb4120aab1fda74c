//! Rows as one parameter: an array of their table's row type, in PostgreSQL's binary format.

use serde::Serialize;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgStatement, PgTypeInfo, PgTypeKind};
use sqlx::{Either, Encode, Postgres, Statement, Type};

use super::value::{Attribute, Kind, Value};

/// The rows, and the types that PostgreSQL expects of them.
pub(super) struct RowArray<'a, R> {
    rows: &'a [R],
    array: Oid,
    element: Oid,
    attributes: Vec<Attribute<'a>>,
}

impl<'a, R: Serialize> RowArray<'a, R> {
    /// The only parameter of a prepared statement.
    pub(super) fn for_statement(statement: &'a PgStatement<'_>, rows: &'a [R]) -> Result<Self, sqlx::Error> {
        let Some(Either::Left([array])) = statement.parameters() else { return Err(no_table()) };
        let PgTypeKind::Array(element) = array.kind() else { return Err(no_table()) };
        let PgTypeKind::Composite(attributes) = element.kind() else { return Err(no_table()) };
        let attributes = attributes
            .iter()
            .map(|(name, of)| Ok(Attribute { name, oid: oid(of)?.0, kind: Kind::of(of) }))
            .collect::<Result<_, sqlx::Error>>()?;
        Ok(Self { rows, array: oid(array)?, element: oid(element)?, attributes })
    }
}

fn oid(of: &PgTypeInfo) -> Result<Oid, sqlx::Error> {
    of.oid().ok_or_else(no_table)
}

fn no_table() -> sqlx::Error {
    sqlx::Error::Encode("rows are written by a statement whose only parameter is an array of them".into())
}

impl<R> Type<Postgres> for RowArray<'_, R> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("record[]")
    }
}

impl<R: Serialize> Encode<'_, Postgres> for RowArray<'_, R> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // Dimensions, no nulls, type of the elements, their number, the first one's index.
        let (one, flags) = (1_i32.to_be_bytes(), 0_i32.to_be_bytes());
        let number = i32::try_from(self.rows.len())?.to_be_bytes();
        for part in [one, flags, self.element.0.to_be_bytes(), number, one] {
            buffer.extend_from_slice(&part);
        }
        let mut row_bytes = Vec::with_capacity(1024);
        for row in self.rows {
            row_bytes.clear();
            row.serialize(Value { kind: Kind::Row(&self.attributes), out: &mut row_bytes })?;
            buffer.extend_from_slice(&i32::try_from(row_bytes.len())?.to_be_bytes());
            buffer.extend_from_slice(&row_bytes);
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(self.array))
    }
}
