//! What a space's state is and what its display shows, as a specification: given events, when another event occurs,
//! then this is shown.

mod assignment;
mod by_hand;
mod clocks;
mod deliveries;
mod processes;
mod properties;
mod readings;
mod rules;
mod silence;
mod stay_owners;
mod stays;
mod steps;
mod truth_table;
mod world;
