//! What a run says, on stdout: it is what the program is for.

use std::fmt::Display;

/// One line.
#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}
