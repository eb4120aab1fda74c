//! What a space is and what its display shows, as a specification: given what happened, when this happens, then that is
//! shown.

mod assignment;
mod by_hand;
mod deliveries;
mod processes;
mod properties;
mod readings;
mod rules;
mod silence;
mod steps;
mod truth_table;
mod world;
