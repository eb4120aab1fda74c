//! A request repeated after its result was lost is acknowledged only when the standby has the original append.

use parking_commands::append::{AppendError, RequestKey};
use parking_commands::bus::{Bus, ExecuteError};
use parking_commands::ingest::{Incoming, Ingest, IngestError, Outcome};
use parking_commands::joint::{MultiStreamCommand, UnitOfWork};
use parking_commands::metadata::Metadata;
use parking_commands::store::{CommandContext, LogStore};
use parking_domain::asked::Asked;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::id::{SiteId, TenantId};
use parking_domain::patch::Patch;
use parking_domain::site::{Definition, NewSite, Site, SiteCommand, SiteEvent, SitePatch, SiteRefusal};
use parking_domain::uplinks::Source;
use parking_testkit::estate::{OWNER, at};
use rustix::process::{Signal, kill_process};
use uuid::Uuid;

use crate::standby::{Pair, until};

/// True if it was done before; `None` if the outcome is unknown.
type Sent = Option<bool>;

/// A site that is in town already.
const IN_TOWN: u128 = 7;

fn site(n: u128) -> SiteId {
    Uuid::from_u128(n).into()
}

fn create(n: u128) -> SiteCommand {
    let (name, definition) = (format!("site {n}"), Definition::in_zone("UTC"));
    let new = NewSite { slug: name.replace(' ', "-"), name, definition };
    SiteCommand::CreateSite { site: Box::new(new), asked: asked(1) }
}

fn move_to_town() -> SiteCommand {
    let patch = Box::new(SitePatch { city: Patch::Set("Lyon".into()), ..SitePatch::default() });
    SiteCommand::UpdateSite { patch, asked: asked(2) }
}

fn asked(second: i64) -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: OWNER, at: at(second) }
}

fn keyed(key: &str) -> CommandContext {
    let request = RequestKey { tenant_id: Uuid::nil(), key: key.into(), fingerprint: Uuid::nil() };
    CommandContext { request: Some(request), ..CommandContext::default() }
}

fn sent(result: Result<bool, ExecuteError<SiteRefusal>>) -> Sent {
    match result {
        Ok(repeated) => Some(repeated),
        Err(ExecuteError::Append(AppendError::Unsettled(_))) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Moves a site to town by the joint path.
struct Move(SiteId);

impl MultiStreamCommand for Move {
    type Lead = Site;
    type Error = ExecuteError<SiteRefusal>;

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SiteEvent>, Self::Error> {
        let site = work.load::<Site>(&self.0.to_string()).await?;
        let refused = |refusal| ExecuteError::Refused { refusal, position: site.position };
        work.decide(&site, &move_to_town()).map_err(refused)
    }
}

struct Sender {
    store: LogStore,
    sites: Bus<Site>,
    ingest: Ingest,
}

impl Sender {
    fn new(store: LogStore) -> Self {
        Self { sites: Bus::new(store.clone()), ingest: Ingest::new(store.clone()), store }
    }

    async fn report(&self) -> Sent {
        let body = br#"{"deviceInfo": {"devEui": "58a0cb0000100001"}, "deduplicationId": "1", "fCnt": 1}"#;
        let incoming = Incoming {
            source: Source::Platform,
            report: chirpstack::parse(EventKind::Up, body).unwrap(),
            received_at: at(1),
            body: body.to_vec().into(),
            metadata: Metadata::default(),
        };
        match self.ingest.record(incoming).await {
            Ok(outcome) => Some(matches!(outcome, Outcome::Duplicate { .. })),
            Err(IngestError::TimedOut | IngestError::Append(AppendError::Unsettled(_))) => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn command(&self, n: u128, command: SiteCommand, command_context: CommandContext) -> Sent {
        let executed = self.sites.execute(&site(n).to_string(), &command, &command_context).await;
        sent(executed.map(|executed| executed.repeated || executed.events.is_empty()))
    }

    async fn several(&self, n: u128, command_context: CommandContext) -> Sent {
        let commands = [move_to_town(), move_to_town()];
        let executed = self.sites.execute_all(&site(n).to_string(), &commands, &command_context).await;
        sent(executed.map(|executed| executed.repeated || executed.events.is_empty()))
    }

    async fn joint(&self, n: u128, command_context: CommandContext) -> Sent {
        let done = self.store.execute(&Move(site(n)), &command_context).await;
        sent(done.map(|done| done.repeated || done.events.is_empty()))
    }

    /// Every kind of repeatable request, each to its own stream.
    async fn everything(&self) -> [Sent; 8] {
        // Boxed: the future of all of them is large.
        let all = async {
            tokio::join!(
                self.report(),
                self.command(1, create(1), keyed("create")),
                self.command(2, move_to_town(), CommandContext::default()),
                self.several(3, keyed("several")),
                self.several(4, CommandContext::default()),
                self.joint(5, keyed("joint")),
                self.joint(6, CommandContext::default()),
                // Without events: there is only the row of its request.
                self.command(IN_TOWN, move_to_town(), keyed("nothing")),
            )
            .into()
        };
        Box::pin(all).await
    }
}

#[tokio::test]
async fn a_repeated_request_is_acknowledged_once_the_standby_has_it() {
    let mut pair = Pair::start().await;
    let sender = Sender::new(pair.primary.store());
    for n in 2..=IN_TOWN {
        assert_eq!(sender.command(n, create(n), CommandContext::default()).await, Some(false));
    }
    sender.command(IN_TOWN, move_to_town(), CommandContext::default()).await;
    let before = pair.positions().await;

    let to_standby = pair.sender().await;
    kill_process(to_standby, Signal::STOP).unwrap();
    let (first, _ended) = tokio::join!(sender.everything(), Pair::end_while_waiting(&pair.primary));
    assert_eq!(first, [None; 8]);
    let all = format!("select count(*) from events where position = {}", before + 7);
    until("everything shows where it was committed", &mut pair.admin, &all).await;
    assert_eq!(sender.everything().await, [None; 8], "no standby has it");
    let restarted = Sender::new(pair.primary.store());
    assert_eq!(restarted.report().await, None, "nor does a process know that has not seen it sent");

    kill_process(to_standby, Signal::CONT).unwrap();
    assert_eq!(sender.everything().await, [Some(true); 8]);
    let mut standby = pair.standby().await;
    until("the standby shows what it has", &mut standby, &all).await;
    pair.stop().await;
}
