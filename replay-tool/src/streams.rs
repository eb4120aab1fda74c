//! Some streams of the log in log order, each read by its index, page by page.

use std::collections::VecDeque;

use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceEvent;
use parking_domain::stored::Event;
use parking_domain::uplinks::{Source, stream_id};
use parking_projections::engine::feed::{self, RecordedEvent, StreamPage};
use sqlx::PgConnection;

use crate::ToolError;

/// Events of a stream read at once.
const PAGE: i64 = 1000;

/// A stream and how far it was read.
#[derive(Debug)]
pub(crate) struct Stream {
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    waiting: VecDeque<RecordedEvent>,
    ended: bool,
}

impl Stream {
    pub(crate) fn new(aggregate_type: &str, aggregate_id: &impl ToString) -> Self {
        let (aggregate_type, aggregate_id) = (aggregate_type.to_owned(), aggregate_id.to_string());
        Self { aggregate_type, aggregate_id, sequence: 0, waiting: VecDeque::new(), ended: false }
    }

    async fn fill(
        &mut self,
        connection: &mut PgConnection,
        after: i64,
        through: i64,
    ) -> Result<(), sqlx::Error> {
        if self.ended || !self.waiting.is_empty() {
            return Ok(());
        }
        let page = StreamPage {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            after_sequence: self.sequence,
            after,
            through,
            limit: PAGE,
        };
        self.waiting = feed::read_stream(connection, page).await?.into();
        match self.waiting.back() {
            Some(last) => self.sequence = last.sequence,
            None => self.ended = true,
        }
        Ok(())
    }
}

/// Up to `limit` next events of some streams, in log order.
pub(crate) async fn merge(
    connection: &mut PgConnection,
    streams: &mut [Stream],
    after: i64,
    through: i64,
    limit: usize,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let mut page = Vec::new();
    while page.len() < limit {
        for stream in &mut *streams {
            stream.fill(connection, after, through).await?;
        }
        let first = |stream: &&mut Stream| stream.waiting.front().map_or(i64::MAX, |event| event.position);
        let next = streams.iter_mut().min_by_key(first).and_then(|stream| stream.waiting.pop_front());
        let Some(event) = next else { break };
        page.push(event);
    }
    Ok(page)
}

/// The streams of a device: its own, its reports, and its downlinks.
pub(crate) fn of_device(dev_eui: DevEui) -> Vec<Stream> {
    vec![
        Stream::new("device", &dev_eui),
        Stream::new("display", &dev_eui),
        Stream::new("uplinks", &stream_id(Source::Platform, dev_eui)),
    ]
}

/// The streams that determine a space's shown state: its own, its site's and its tenant's, and those of the devices
/// ever assigned to it.
pub(crate) async fn of_space(
    connection: &mut PgConnection,
    space_id: SpaceId,
    through: i64,
) -> Result<Vec<Stream>, ToolError> {
    let mut streams = vec![Stream::new("space", &space_id)];
    let page = StreamPage {
        aggregate_type: "space",
        aggregate_id: &space_id.to_string(),
        after_sequence: 0,
        after: 0,
        through,
        limit: 1,
    };
    if let Some(first) = feed::read_stream(connection, page).await?.first()
        && let Event::Space(SpaceEvent::SpaceCreated { tenant_id, site_id, .. }) = first.decode()?
    {
        streams.extend([Stream::new("site", &site_id), Stream::new("tenant", &tenant_id)]);
    }
    for device in feed::devices_at(connection, space_id, through).await? {
        if let Ok(dev_eui) = device.parse::<DevEui>() {
            streams.push(Stream::new("device", &dev_eui));
            streams.push(Stream::new("uplinks", &stream_id(Source::Platform, dev_eui)));
        }
    }
    Ok(streams)
}
