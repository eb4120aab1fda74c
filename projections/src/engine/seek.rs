//! Where a page begins in a list that is in the order of the log, newest first.

/// The position of a row in such a list. It never changes. New rows come before it, except those of a held-back stream that a
/// rebuild takes up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPosition {
    /// The position of the row's event.
    pub position: i64,
    /// The number of the row among the rows of the same event; 0 in a list with one row for each event.
    pub ordinal: i64,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this number of rows. They are all read.
    Offset(i64),
    /// After this row, found by an index.
    After(RowPosition),
}

impl Start {
    pub(crate) fn offset(self) -> i64 {
        match self {
            Self::Offset(rows) => rows,
            Self::After(_) => 0,
        }
    }

    pub(crate) fn after(self) -> Option<RowPosition> {
        match self {
            Self::Offset(_) => None,
            Self::After(row) => Some(row),
        }
    }
}

impl From<i64> for Start {
    fn from(rows: i64) -> Self {
        Self::Offset(rows)
    }
}
