//! An event that would not read back as decided is not stored.

use parking_commands::append::AppendError;
use parking_commands::store::CommandContext;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::document::Document;
use parking_domain::gateway::{Definition, Gateway, GatewayEvent};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_testkit::EventLog;

const ID: &str = "0016c001f1500001";

fn registered(altitude: f64) -> GatewayEvent {
    let definition = Definition {
        name: "Roof".to_owned(),
        description: None,
        location: None,
        position: None,
        altitude: Some(altitude),
        site_id: None,
        metadata: Document::default(),
    };
    let (tenant_id, at, by) = (TenantId::DEFAULT, Instant::UNIX_EPOCH, Actor::System);
    GatewayEvent::GatewayRegistered { tenant_id, definition: Box::new(definition), at, by }
}

/// JSON has no infinity: it is serialised as null, and read back as absent.
#[tokio::test]
async fn an_event_that_reads_back_differently_is_refused_and_nothing_is_stored() {
    let log = EventLog::create().await;
    let store = log.store();
    for (altitude, is_readable) in [(f64::INFINITY, false), (f64::NAN, false), (-0.0, true)] {
        let mut context = store.load::<Gateway>(ID).await.unwrap();
        let event = registered(altitude);
        context.aggregate.evolve(&event);
        let appended = store.append(&mut context, &[event], &CommandContext::default()).await;
        match appended {
            Ok(_) => assert!(is_readable, "{altitude}"),
            Err(AppendError::Unreadable { event_type, .. }) => {
                assert_eq!((&*event_type, is_readable), ("GatewayRegistered", false), "{altitude}");
            }
            Err(other) => panic!("{altitude}: {other}"),
        }
        assert_eq!(store.version::<Gateway>(ID).await.unwrap(), i64::from(is_readable), "{altitude}");
    }
}
