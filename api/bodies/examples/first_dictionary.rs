//! Trains the dictionary that every log begins with, on what a simulated car park reports and on real events of many devices.
//!
//! `cargo run -p parking-bodies --release --example first_dictionary` writes `src/first.dictionary`. A log names the hash of
//! its dictionary, so a changed file is another dictionary: only a new format of the log may come with one.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta};
use parking_bodies::train;
use parking_simulator::{Act, Mischief, Plan, Simulation};

/// How often each real event counts beside the simulation's thousands, which all look alike.
const WEIGHT: usize = 8;

/// Bodies of the simulation: more do not make the dictionary better.
const SIMULATED: usize = 4000;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let plan = Plan {
        seed: 1,
        spaces: 60,
        first_session: 1,
        start,
        end: start + TimeDelta::days(3),
        mischief: Mischief::USUAL,
    };
    let mut bodies: Vec<Vec<u8>> = Simulation::new(plan)
        .filter_map(|step| match step.act {
            Act::Report { body, .. } => Some(body.to_string().into_bytes()),
            Act::Book { .. } => None,
        })
        .take(SIMULATED)
        .collect();
    for body in real(&here.join("../tests/fixtures"))? {
        bodies.extend(std::iter::repeat_n(body, WEIGHT));
    }
    fs::write(here.join("src/first.dictionary"), train(&bodies)?)?;
    Ok(())
}

/// The real events, each as ChirpStack would post it: in one line.
fn real(directory: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let mut bodies = Vec::new();
    for path in paths {
        if path.is_dir() {
            bodies.extend(real(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let event: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
            bodies.push(event.to_string().into_bytes());
        }
    }
    Ok(bodies)
}
