//! How the names that people give may look, and how a claim follows a name.

use crate::aggregate::{Claim, ClaimChange};
use crate::limits;

/// The longest name, in characters, where no rule says otherwise.
pub(crate) const LONGEST_NAME: usize = limits::LABEL;

/// True for a text that shows something, is not too long and can be kept.
pub(crate) fn is_name(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && limits::text("name", text, longest).is_ok()
}

/// True for a slug of the characters allowed.
pub(crate) fn is_slug(text: &str, allowed: fn(char) -> bool) -> bool {
    (1..=limits::SLUG).contains(&text.chars().count()) && text.chars().all(allowed)
}

/// What a change from one key to another does. The same key is neither released nor taken: releases come first within
/// an append, and a stream must not give up what it keeps.
pub(crate) fn moved(from: Claim, to: Claim) -> Vec<ClaimChange> {
    if from == to { Vec::new() } else { vec![ClaimChange::Release(from), ClaimChange::Take(to)] }
}
