//! Orphans: claimed and assigned in one append, or dismissed.

use parking_commands::devices::{AssignOrphan, AssignmentError, ClaimOrphan, DismissOrphan};
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use uuid::Uuid;

use crate::support::{Platform, asked, assign, command_context, definition};

fn take_in(dev_eui: DevEui, space_id: SpaceId) -> AssignOrphan {
    let (category, reason) = (Category::Sensor, None);
    AssignOrphan { dev_eui, space_id, category, definition: definition(), reason, asked: asked() }
}

async fn put(platform: &Platform, command: AssignOrphan) -> Result<i64, AssignmentError> {
    platform.store.execute(&command, &command_context()).await.map(|done| done.position)
}

async fn dismiss(platform: &Platform, dev_eui: DevEui) -> Result<i64, AssignmentError> {
    let command = DismissOrphan { dev_eui, reason: None, asked: asked() };
    platform.store.execute(&command, &command_context()).await.map(|done| done.position)
}

#[tokio::test]
async fn an_orphan_is_claimed_and_assigned_in_one_append() {
    let platform = Platform::create().await;
    let (space, orphan) = (platform.space("A-1").await, DevEui::from(1));
    platform.hear(orphan).await;
    let position = put(&platform, take_in(orphan, space)).await.unwrap();
    assert_eq!(position, 4, "after the space and the uplink two events");
    let device = platform.state(orphan).await;
    assert_eq!((device.owner(), device.space_id()), (Some(TenantId::DEFAULT), Some(space)));
    let appends: i64 =
        sqlx::query_scalar("select count(distinct append_id) from events where aggregate_type = 'device'")
            .fetch_one(&platform.log.pool)
            .await
            .unwrap();
    assert_eq!(appends, 1);
}

#[tokio::test]
async fn only_a_heard_device_can_be_claimed_as_an_orphan() {
    let platform = Platform::create().await;
    let orphan = DevEui::from(1);
    let (category, definition) = (Category::Display, definition());
    let claim = ClaimOrphan { dev_eui: orphan, category, definition, asked: asked() };
    let refused = platform.store.execute(&claim, &command_context()).await;
    assert!(matches!(refused, Err(AssignmentError::OrphanNotFound(_))), "{refused:?}");
    platform.hear(orphan).await;
    platform.store.execute(&claim, &command_context()).await.unwrap();
    let device = platform.state(orphan).await;
    assert_eq!((device.category(), device.space_id()), (Some(Category::Display), None));
}

#[tokio::test]
async fn claim_and_assignment_fail_together() {
    let platform = Platform::create().await;
    let (space, orphan) = (platform.space("A-1").await, DevEui::from(1));
    let refused = put(&platform, take_in(orphan, space)).await;
    assert!(matches!(refused, Err(AssignmentError::OrphanNotFound(_))), "{refused:?}");
    platform.hear(orphan).await;
    let nowhere = put(&platform, take_in(orphan, Uuid::from_u128(9).into())).await;
    assert!(matches!(nowhere, Err(AssignmentError::Space(SpaceRefusal::SpaceNotFound))), "{nowhere:?}");
    let first = platform.device(2, Category::Sensor).await;
    platform.store.execute(&assign(first, space), &command_context()).await.unwrap();
    let taken = put(&platform, take_in(orphan, space)).await;
    assert!(matches!(taken, Err(AssignmentError::PlaceTaken { .. })), "{taken:?}");
    assert_eq!(platform.state(orphan).await.owner(), None);
    platform.hear(first).await;
    let owned = put(&platform, take_in(first, space)).await;
    assert!(matches!(owned, Err(AssignmentError::Device(DeviceRefusal::DeviceAlreadyClaimed))), "{owned:?}");
}

#[tokio::test]
async fn only_a_heard_orphan_can_be_dismissed() {
    let platform = Platform::create().await;
    let orphan = DevEui::from(1);
    let unheard = dismiss(&platform, orphan).await;
    assert!(matches!(unheard, Err(AssignmentError::OrphanNotFound(_))), "{unheard:?}");
    platform.hear(orphan).await;
    assert_eq!(dismiss(&platform, orphan).await.unwrap(), 2);
    assert_eq!(dismiss(&platform, orphan).await.unwrap(), 3, "until it is heard after this");
    platform.device(1, Category::Sensor).await;
    let owned = dismiss(&platform, orphan).await;
    assert!(matches!(owned, Err(AssignmentError::Device(DeviceRefusal::DeviceNotOrphan))), "{owned:?}");
}
