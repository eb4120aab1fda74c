//! Rules for names, and the claim changes of a rename.

use crate::aggregate::{Claim, ClaimChange};
use crate::limits;

/// The maximum length of a name in characters, unless a rule sets another.
pub(crate) const LONGEST_NAME: usize = limits::LABEL;

/// True for a text that is not blank, within the length, and of characters that one line shows.
pub(crate) fn is_name(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && limits::line("name", text, longest).is_ok()
}

/// True for a non-empty slug within the length whose characters are all `allowed`.
pub(crate) fn is_slug(text: &str, allowed: fn(char) -> bool) -> bool {
    (1..=limits::SLUG).contains(&text.chars().count()) && text.chars().all(allowed)
}

/// The claim changes from one key to another. An unchanged key gives none: releases precede takes within an append, and
/// the stream would release a claim that it keeps.
pub(crate) fn moved(from: Claim, to: Claim) -> Vec<ClaimChange> {
    if from == to { Vec::new() } else { vec![ClaimChange::Release(from), ClaimChange::Take(to)] }
}
