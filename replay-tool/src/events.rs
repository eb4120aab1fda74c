//! `events`: the log as JSON lines.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use parking_domain::id::LogId;
use parking_projections::engine::feed::RecordedEvent;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::ToolError;
use crate::log::Log;
use crate::progress;
use crate::streams::Stream;
use parking_domain::instant::Instant;

/// Which events. What is given must all hold.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only from this position on.
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: i64,
    /// Only up to this position.
    #[arg(long, value_name = "POSITION", default_value_t = i64::MAX, hide_default_value = true)]
    to: i64,
    /// Only of this stream: an aggregate type such as `uplinks`, or one with an id: `uplinks/platform/58a0cb0000100001`.
    #[arg(long, value_name = "TYPE[/ID]")]
    stream: Option<String>,
    /// Only of this type, such as `UplinkReceived`; may be given more than once.
    #[arg(long = "type", value_name = "EVENT_TYPE")]
    types: Vec<String>,
    /// Only recorded at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<Instant>,
    /// Only recorded before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<Instant>,
}

impl Filter {
    fn takes(&self, event: &RecordedEvent) -> bool {
        (self.types.is_empty() || self.types.contains(&event.event_type))
            && self.since.is_none_or(|since| event.recorded_at >= since)
            && self.until.is_none_or(|until| event.recorded_at < until)
    }

    /// True once no later event can match: positions and times only grow.
    fn is_behind(&self, event: &RecordedEvent) -> bool {
        event.position > self.to || self.until.is_some_and(|until| event.recorded_at >= until)
    }
}

/// An event as a line.
#[derive(Serialize)]
struct Line<'a> {
    log_id: LogId,
    position: i64,
    recorded_at: Instant,
    tenant_id: Option<Uuid>,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: i64,
    event_type: &'a str,
    event_version: &'a str,
    event_id: Uuid,
    append_id: Uuid,
    payload: &'a RawValue,
    metadata: &'a RawValue,
}

pub(crate) async fn list(mut log: Log, filter: &Filter) -> Result<ExitCode, ToolError> {
    log.skip_to(filter.from.saturating_sub(1));
    if let Some(since) = filter.since {
        log.skip_to_time(since).await?;
    }
    // Positions and times only grow along the log, and so along each of its streams.
    match filter.stream.as_deref().map(|wanted| wanted.split_once('/').ok_or(wanted)) {
        Some(Ok((aggregate_type, id))) => log.only(vec![Stream::new(aggregate_type, &id)]),
        Some(Err(aggregate_type)) => log.only_type(aggregate_type),
        None => {}
    }
    log.end_at(filter.to);
    let visible = !io::stdout().is_terminal();
    let bar = if visible { progress::bar(log.head.min(filter.to)) } else { progress::hidden() };
    let mut out = BufWriter::new(io::stdout().lock());
    loop {
        let page = log.next_page().await?;
        let Some(last) = page.last() else { break };
        for event in
            page.iter().take_while(|event| !filter.is_behind(event)).filter(|event| filter.takes(event))
        {
            match write(&mut out, log.id, event) {
                Err(WriteError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => {
                    return Ok(ExitCode::SUCCESS);
                }
                result => result?,
            }
        }
        progress::show(&bar, last.position);
        if filter.is_behind(last) {
            break;
        }
    }
    bar.finish_and_clear();
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("the events could not be written: {0}")]
    Io(#[from] io::Error),
    #[error("position {position} holds no JSON: {source}")]
    Json { position: i64, source: serde_json::Error },
}

fn write(out: &mut impl Write, log_id: LogId, event: &RecordedEvent) -> Result<(), WriteError> {
    let not_json = |source| WriteError::Json { position: event.position, source };
    let line = Line {
        log_id,
        position: event.position,
        recorded_at: event.recorded_at,
        tenant_id: event.tenant_id,
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        event_id: event.event_id,
        append_id: event.append_id,
        payload: serde_json::from_str(&event.payload).map_err(not_json)?,
        metadata: serde_json::from_str(&event.metadata).map_err(not_json)?,
    };
    let text = serde_json::to_string(&line).map_err(not_json)?;
    Ok(writeln!(out, "{text}")?)
}
