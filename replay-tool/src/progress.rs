//! A progress bar on stderr; hidden where stderr is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// No bar: for output that scrolls past on the same terminal.
pub(crate) fn hidden() -> ProgressBar {
    ProgressBar::hidden()
}

/// A bar that ends at `head`, counting positions.
pub(crate) fn bar(head: i64) -> ProgressBar {
    let length = u64::try_from(head).unwrap_or_default();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} events, {per_sec}, {eta} left");
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    bar.with_style(style.expect("the template is a constant that parses"))
}

/// Moves the bar to a position.
pub(crate) fn show(bar: &ProgressBar, position: i64) {
    bar.set_position(u64::try_from(position).unwrap_or_default());
}
