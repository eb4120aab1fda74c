//! `as-of`: a space as it was at a position or at a time, folded from the raw log alone.

mod fold;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use parking_domain::downlink::Light;
use parking_domain::id::{LogId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, Shown, Sign, SpaceState};
use parking_domain::space::Definition;
use parking_projections::engine::as_of::AsOf as Moment;
use parking_projections::registry::spaces::read::DeviceAtSpace;
use serde::Serialize;

use crate::ToolError;
use crate::log::Log;
use crate::progress;
use crate::streams;
use fold::{Described, SpaceFold};

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

/// The output.
#[derive(Serialize)]
struct AsOfSpace<'a> {
    log_id: LogId,
    space_id: SpaceId,
    /// The last position that counted.
    position: i64,
    /// The last event that changed any of the following, and when it was recorded: as the API names them.
    as_of_position: i64,
    recorded_at: Instant,
    tenant_id: TenantId,
    site_id: SiteId,
    site_name: Option<&'a str>,
    code: &'a str,
    definition: &'a Definition,
    created_at: Instant,
    updated_at: Instant,
    state: SpaceState,
    /// When the state last changed, as effective time.
    state_since: Instant,
    level: u8,
    reason: Reason,
    sign: Sign,
    light: Light,
    /// When the state or the display last changed, as effective time.
    shown_since: Instant,
    sensor: Option<&'a DeviceAtSpace>,
    display: Option<&'a DeviceAtSpace>,
}

pub(crate) async fn as_of(mut log: Log, asked: &AsOf) -> Result<ExitCode, ToolError> {
    let What::Space { space_id, at } = &asked.what;
    let position = match at {
        None => log.head,
        Some(moment) => log.position_of(*moment).await?,
    };
    log.end_at(position);
    let streams = streams::of_space(log.connection(), *space_id, position).await?;
    log.only(streams);
    let bar = progress::bar(position);
    let mut fold = SpaceFold::new(*space_id);
    loop {
        let page = log.next_page().await?;
        let Some(last) = page.last() else { break };
        for recorded in &page {
            fold.apply(recorded)?;
        }
        progress::show(&bar, last.position);
    }
    bar.finish_and_clear();
    crate::print(&serde_json::to_string(&AsOfSpace::of(&fold, log.id, position))?)?;
    Ok(ExitCode::SUCCESS)
}

impl<'a> AsOfSpace<'a> {
    fn of(fold: &'a SpaceFold, log_id: LogId, position: i64) -> Option<Self> {
        let Described { tenant_id, site_id, code, definition, created_at, updated_at } = fold.described()?;
        let (Shown { state, display, level, reason }, shown_since) = fold.shown()?;
        let last = fold.last();
        Some(Self {
            log_id,
            space_id: fold.space_id(),
            position,
            as_of_position: last.position,
            recorded_at: last.recorded_at,
            tenant_id: *tenant_id,
            site_id: *site_id,
            site_name: fold.site_name(),
            code,
            definition,
            created_at: *created_at,
            updated_at: *updated_at,
            state,
            state_since: fold.state_since(),
            level,
            reason,
            sign: display.state,
            light: display.light,
            shown_since,
            sensor: fold.sensor(),
            display: fold.display(),
        })
    }
}
