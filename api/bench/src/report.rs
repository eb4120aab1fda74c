//! A run's output on stdout: the figures are what the program is for.

use std::fmt::Display;

/// One line.
#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}
