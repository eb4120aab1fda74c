//! `as-of`: the state of a space at a position or at a time, folded from the raw log alone.

use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Subcommand};
use parking_domain::downlink::Light;
use parking_domain::id::{LogId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, Shown, Sign, SpaceState, Spaces};
use serde::Serialize;

use crate::ToolError;
use crate::log::Log;
use crate::progress;
use crate::streams;

/// Of what, and when.
#[derive(Debug, Args)]
pub(crate) struct AsOf {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A space, as JSON; `null` if there was none.
    Space {
        /// The space's id.
        space_id: SpaceId,
        /// A position of the log, or a time (RFC 3339): everything recorded up to then counts.
        #[arg(long, value_name = "POSITION|TIME")]
        at: Option<Moment>,
    },
}

/// A point in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Position(i64),
    Time(Instant),
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(position) => Ok(Self::Position(position)),
            Err(_) => text
                .parse()
                .map(Self::Time)
                .map_err(|_| "give a position or a time such as 2026-11-23T08:00:00Z"),
        }
    }
}

/// The output.
#[derive(Serialize)]
struct AsOfSpace {
    log_id: LogId,
    space_id: SpaceId,
    /// The last position that counted.
    position: i64,
    state: SpaceState,
    level: u8,
    reason: Reason,
    sign: Sign,
    light: Light,
    /// When the shown state last changed, as effective time.
    shown_since: Instant,
}

pub(crate) async fn as_of(mut log: Log, asked: &AsOf) -> Result<ExitCode, ToolError> {
    let What::Space { space_id, at } = &asked.what;
    let position = match at {
        None => log.head,
        Some(Moment::Position(position)) if *position > log.head => {
            return Err(format!("the log ends at position {}", log.head).into());
        }
        Some(Moment::Position(position)) => *position,
        Some(Moment::Time(time)) => log.position_at(*time).await?,
    };
    log.end_at(position);
    let streams = streams::of_space(log.connection(), *space_id, position).await?;
    log.only(streams);
    let bar = progress::bar(position);
    let mut spaces = Spaces::default();
    loop {
        let page = log.next_page().await?;
        let Some(last) = page.last() else { break };
        for recorded in &page {
            spaces.apply(recorded.position, &recorded.aggregate_id, &recorded.decode()?);
        }
        progress::show(&bar, last.position);
    }
    bar.finish_and_clear();
    let state = spaces.space(*space_id).map(|space| {
        let (Shown { state, display, level, reason }, shown_since) = space.last_shown();
        let (sign, light) = (display.state, display.light);
        AsOfSpace {
            log_id: log.id,
            space_id: *space_id,
            position,
            state,
            level,
            reason,
            sign,
            light,
            shown_since,
        }
    });
    crate::print(&serde_json::to_string(&state)?)?;
    Ok(ExitCode::SUCCESS)
}
