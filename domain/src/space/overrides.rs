//! Times in which a space is not to be used, whatever its sensor says.

use serde::{Deserialize, Serialize};

/// Why a space is not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// Kept free by the operator.
    Blocked,
    /// Broken, closed or under repair: outweighs everything.
    OutOfService,
}
