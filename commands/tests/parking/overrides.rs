//! Setting an override: its notes are sealed before the decision, once per request.

use parking_commands::append::RequestKey;
use parking_commands::ids::Ids;
use parking_commands::overrides::{NewOverride, Overrides};
use parking_commands::store::CommandContext;
use parking_domain::space::{OverrideKind, SpaceEvent};
use uuid::Uuid;

use crate::support::{Platform, asked, at, command_context};

#[tokio::test]
async fn notes_are_sealed_with_a_key_of_their_own_and_a_repeated_request_seals_nothing() {
    let platform = Platform::create().await;
    let space_id = platform.space("A-1").await;
    let overrides = Overrides::new(&platform.spaces, &platform.sealer);
    let override_id = platform.log.ids.next().into();
    let new = |notes: Option<&str>| NewOverride {
        override_id,
        space_id,
        kind: OverrideKind::Blocked,
        from: at("10:00"),
        until: None,
        reason: None,
        notes: notes.map(Into::into),
        asked: asked(),
    };
    let tenant_id = asked().tenant_id.uuid();
    let request = RequestKey { tenant_id, key: "o-1".into(), fingerprint: Uuid::nil() };
    let keyed = CommandContext { request: Some(request), ..command_context() };
    let set = overrides.set(new(Some("ask Ada")), &keyed).await.unwrap();
    let [SpaceEvent::OverrideSet { notes, .. }] = &set.events[..] else { panic!("{set:?}") };
    assert_eq!(notes.as_ref().unwrap().subject, override_id.uuid());
    assert_eq!(platform.opened(&[notes.as_ref()]).await, [Some("ask Ada".to_owned())]);
    assert!(!platform.everything().await.contains("Ada"));

    assert!(platform.sealer.forget(override_id.uuid()).await.unwrap());
    let again = overrides.set(new(Some("ask Ada")), &keyed).await.unwrap();
    assert_eq!((again.position, again.repeated, again.events), (set.position, true, set.events));
    assert_eq!(platform.keys().await, 0, "what was forgotten stays forgotten");
}
