//! Queries whose conditions depend on the request. Their text is fixed in the program; every value is a parameter.

use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Encode, FromRow, PgConnection, QueryBuilder, Type};

/// A query that contains only the conditions that were given: PostgreSQL cannot use an index for `$1 is null or …`.
pub(crate) struct Selection<'a> {
    query: QueryBuilder<'a, Postgres>,
    has_condition: bool,
}

impl<'a> Selection<'a> {
    /// Begins with this text, which contains no condition.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { query: QueryBuilder::new(text), has_condition: false }
    }

    /// Appends text.
    pub(crate) fn text(mut self, text: &'static str) -> Self {
        self.query.push(text);
        self
    }

    /// Appends a parameter.
    pub(crate) fn value<T: Encode<'a, Postgres> + Type<Postgres> + 'a>(mut self, value: T) -> Self {
        self.query.push_bind(value);
        self
    }

    /// Adds a condition without a value.
    pub(crate) fn when(mut self, condition: &'static str) -> Self {
        let word = if std::mem::replace(&mut self.has_condition, true) { " and " } else { " where " };
        self.text(word).text(condition)
    }

    /// Adds a condition if its value is given. `$` marks the value's place in the text.
    pub(crate) fn given<T>(self, condition: &'static str, value: Option<T>) -> Self
    where
        T: Encode<'a, Postgres> + Type<Postgres> + 'a,
    {
        let Some(value) = value else { return self };
        let (before, after) = condition.split_once('$').unwrap_or((condition, ""));
        self.when(before).value(value).text(after)
    }

    /// Adds the order and the limits of a page.
    pub(crate) fn page(self, order: &'static str, limit: i64, offset: i64) -> Self {
        self.text(" order by ").text(order).text(" limit ").value(limit).text(" offset ").value(offset)
    }

    /// Reads the rows.
    pub(crate) async fn rows<T>(mut self, connection: &mut PgConnection) -> Result<Vec<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.query.build_query_as().fetch_all(connection).await
    }

    /// Reads one row.
    pub(crate) async fn row<T>(mut self, connection: &mut PgConnection) -> Result<T, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.query.build_query_as().fetch_one(connection).await
    }

    /// Reads the number of a query that counts.
    pub(crate) async fn count(self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        self.row(connection).await.map(|(count,)| count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_given_conditions_are_in_the_text_and_no_value_is() {
        let select = |a: Option<&'static str>, b: Option<i64>| {
            let select = Selection::new("select 1 from t").given("a = any($)", a).given("b < $", b);
            select.page("a", 10, 0).query.into_sql()
        };
        assert_eq!(select(None, None), "select 1 from t order by a limit $1 offset $2");
        assert_eq!(select(None, Some(7)), "select 1 from t where b < $1 order by a limit $2 offset $3");
        assert_eq!(
            select(Some("'; drop table t"), Some(7)),
            "select 1 from t where a = any($1) and b < $2 order by a limit $3 offset $4"
        );
    }
}
