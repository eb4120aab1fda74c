//! Trains the dictionary that every log starts with, from the reports of a simulated car park and from real events of
//! many devices.
//!
//! `cargo run -p parking-bodies --release --example first_dictionary` writes `src/first.dictionary`. A log stores the
//! hash of its dictionary, so a changed file is another dictionary and requires a new format of the log.

#[path = "first_dictionary/varied.rs"]
mod varied;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta};
use fastrand::Rng;
use parking_bodies::train;
use parking_simulator::{Act, Faults, Plan, Simulation};

/// How often each real event is included, each time from another device at another time.
const TIMES: usize = 20;

/// The number of simulated bodies; more do not improve the dictionary.
const SIMULATED: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut rng = Rng::with_seed(1);
    let mut bodies = simulated();
    for body in real(&here.join("../tests/fixtures"))? {
        bodies.extend((0..TIMES).map(|_| varied::varied(&body, &mut rng)));
    }
    rng.shuffle(&mut bodies);
    fs::write(here.join("src/first.dictionary"), train(&bodies)?)?;
    Ok(())
}

/// The reports of a simulated car park. Their keys are sorted, as written by proxies that parse and serialise JSON.
fn simulated() -> Vec<String> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let end = start + TimeDelta::days(1);
    let plan = Plan { seed: 1, spaces: 60, first_session: 1, start, end, faults: Faults::USUAL };
    let bodies = Simulation::new(plan).filter_map(|step| match step.act {
        Act::Report { body, .. } => Some(body.to_string()),
        Act::Book { .. } => None,
    });
    bodies.take(SIMULATED).collect()
}

/// The real events, with their keys in ChirpStack's order.
fn real(directory: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let mut bodies = Vec::new();
    for path in paths {
        if path.is_dir() {
            bodies.extend(real(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            bodies.push(fs::read_to_string(&path)?);
        }
    }
    Ok(bodies)
}
