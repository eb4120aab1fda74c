//! Where a page begins in a list that is in the order of the log, newest first.

/// The place of a row in such a list. It never changes, and new rows come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
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
    /// After the row at this place, found by an index.
    After(Place),
}

impl Start {
    pub(crate) fn offset(self) -> i64 {
        match self {
            Self::Offset(rows) => rows,
            Self::After(_) => 0,
        }
    }

    pub(crate) fn after(self) -> Option<Place> {
        match self {
            Self::Offset(_) => None,
            Self::After(place) => Some(place),
        }
    }
}

impl From<i64> for Start {
    fn from(rows: i64) -> Self {
        Self::Offset(rows)
    }
}
