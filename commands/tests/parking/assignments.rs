//! Assignment of devices: one of each category per space, of the tenant's own, and only to existing spaces.

use futures_util::future::{join, join_all};
use parking_commands::append::AppendError;
use parking_commands::devices::{AssignDevice, AssignmentError, ClearPlace, FillPlace};
use parking_domain::aggregate::Claim;
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use uuid::Uuid;

use crate::support::{Platform, asked, assign, command_context, elsewhere, window};

async fn put(platform: &Platform, command: AssignDevice) -> Result<i64, AssignmentError> {
    platform.store.execute(&command, &command_context()).await.map(|done| done.position)
}

#[tokio::test]
async fn a_space_takes_one_sensor_and_one_display() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    for (n, category, word) in [(1, Category::Sensor, "sensor"), (2, Category::Display, "display")] {
        let device = platform.device(n, category).await;
        put(&platform, assign(device, space)).await.unwrap();
        assert_eq!(platform.state(device).await.space_id(), Some(space));
        let second = platform.device(n + 10, category).await;
        let refused = put(&platform, assign(second, space)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("the space already has a {word}, {device:X}: unassign it first, or choose another space")
        );
        assert_eq!(platform.state(second).await.space_id(), None);
    }
}

#[tokio::test]
async fn a_device_moves_to_another_space_only_with_replace() {
    let platform = Platform::create().await;
    let (here, there) = (platform.space("A-1").await, platform.space("A-2").await);
    let device = platform.device(1, Category::Sensor).await;
    let position = put(&platform, assign(device, here)).await.unwrap();
    assert_eq!(put(&platform, assign(device, here)).await.unwrap(), position, "it is assigned there");
    let refused = put(&platform, assign(device, there)).await;
    let already = DeviceRefusal::DeviceAlreadyAssigned { space_id: here };
    assert!(matches!(&refused, Err(AssignmentError::Device(refusal)) if *refusal == already), "{refused:?}");
    put(&platform, AssignDevice { replace: true, ..assign(device, there) }).await.unwrap();
    assert_eq!(platform.state(device).await.space_id(), Some(there));
    let next = platform.device(2, Category::Sensor).await;
    put(&platform, assign(next, here)).await.unwrap();
}

#[tokio::test]
async fn another_tenants_spaces_and_devices_are_not_found() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let device = platform.device(1, Category::Sensor).await;
    let gone = platform.space("A-2").await;
    platform.delete(gone).await;
    let unknown = SpaceId::from(Uuid::from_u128(99));
    let from_elsewhere = AssignDevice { asked: elsewhere(), ..assign(device, space) };
    for command in [assign(device, unknown), assign(device, gone), from_elsewhere] {
        let refused = put(&platform, command).await;
        assert!(matches!(refused, Err(AssignmentError::Space(SpaceRefusal::SpaceNotFound))), "{refused:?}");
    }
    let refused = put(&platform, assign(DevEui::from(99), space)).await;
    assert!(matches!(refused, Err(AssignmentError::Device(DeviceRefusal::DeviceNotFound))), "{refused:?}");
}

#[test]
fn a_claim_held_by_its_own_space_means_that_the_space_is_deleted() {
    let held = |scope: &str, holder: &str| {
        let claim = Claim { scope: scope.into(), key: Uuid::from_u128(1).to_string() };
        AssignmentError::from(AppendError::ClaimHeld { claim, holder: holder.into() })
    };
    let space = format!("space {}", Uuid::from_u128(1));
    let ended = held("sensor_of_space", &space);
    assert!(matches!(ended, AssignmentError::Space(SpaceRefusal::SpaceNotFound)), "{ended:?}");
    let taken = held("display_of_space", "device 0000000000000001");
    assert!(matches!(taken, AssignmentError::PlaceTaken { category: Category::Display, .. }), "{taken:?}");
    let foreign = held("space_code/x", "space y");
    assert!(matches!(foreign, AssignmentError::Append(AppendError::ClaimHeld { .. })), "{foreign:?}");
}

#[tokio::test]
async fn of_fifty_concurrent_assignments_of_one_sensor_one_succeeds() {
    let platform = Platform::create().await;
    let device = platform.device(1, Category::Sensor).await;
    let mut spaces = Vec::new();
    for n in 0..50 {
        spaces.push(platform.space(&format!("A-{n}")).await);
    }
    let results = join_all(spaces.iter().map(|space| put(&platform, assign(device, *space)))).await;
    let lost: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(lost.len(), 49, "{lost:?}");
    for lost in lost {
        assert!(
            matches!(lost, AssignmentError::Device(DeviceRefusal::DeviceAlreadyAssigned { .. })),
            "{lost:?}"
        );
    }
    assert_eq!(platform.count("DeviceAssigned").await, 1);
    platform.log.assert_whole().await;
}

#[tokio::test]
async fn of_fifty_concurrent_sensors_for_one_space_one_is_assigned() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    for n in 0..50 {
        platform.device(n, Category::Sensor).await;
    }
    let results = join_all((0..50).map(|n| put(&platform, assign(DevEui::from(n), space)))).await;
    let lost: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(lost.len(), 49, "{lost:?}");
    assert!(lost.iter().all(|lost| matches!(lost, AssignmentError::PlaceTaken { .. })), "{lost:?}");
    assert_eq!(platform.count("DeviceAssigned").await, 1);
}

#[tokio::test]
async fn bookings_do_not_conflict_with_an_assignment() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let device = platform.device(1, Category::Sensor).await;
    let reservations = platform.reservations();
    let bookings =
        (0..5).map(|n| reservations.book(platform.booking(space, window(n * 2)), command_context()));
    let (assigned, booked) = tokio::join!(put(&platform, assign(device, space)), join_all(bookings));
    assigned.unwrap();
    assert!(booked.iter().all(Result::is_ok), "{booked:?}");
}

fn fill(dev_eui: DevEui, space_id: SpaceId, category: Category) -> FillPlace {
    FillPlace { space_id, category, dev_eui, asked: asked() }
}

#[tokio::test]
async fn filling_claims_the_device_and_clearing_can_be_repeated() {
    let platform = Platform::create().await;
    let (space, device) = (platform.space("A-1").await, DevEui::from(1));
    let fill = fill(device, space, Category::Sensor);
    let filled = platform.store.execute(&fill, &command_context()).await.unwrap();
    assert_eq!(filled.events.len(), 2);
    assert_eq!(platform.state(device).await.space_id(), Some(space));
    let again = platform.store.execute(&fill, &command_context()).await.unwrap();
    assert_eq!((again.position, again.events.len()), (filled.position, 0));
    let clear = ClearPlace { space_id: space, category: Category::Sensor, reason: None, asked: asked() };
    for events in [1, 0] {
        let cleared = platform.store.execute(&clear, &command_context()).await.unwrap();
        assert_eq!(cleared.events.len(), events);
        assert_eq!(platform.state(device).await.space_id(), None);
    }
    let foreign = ClearPlace { asked: elsewhere(), ..clear };
    let refused = platform.store.execute(&foreign, &command_context()).await;
    assert!(matches!(refused, Err(AssignmentError::Space(SpaceRefusal::SpaceNotFound))), "{refused:?}");
}

#[tokio::test]
async fn filling_refuses_devices_of_another_category_or_tenant() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let display = platform.device(1, Category::Display).await;
    let refused = platform.store.execute(&fill(display, space, Category::Sensor), &command_context()).await;
    let fixed = DeviceRefusal::DeviceCategoryFixed { category: Category::Display };
    assert!(matches!(&refused, Err(AssignmentError::Device(refusal)) if *refusal == fixed), "{refused:?}");
    let there = platform.space("A-2").await;
    platform.store.execute(&fill(display, there, Category::Display), &command_context()).await.unwrap();
    let refused = platform.store.execute(&fill(display, space, Category::Display), &command_context()).await;
    let already = DeviceRefusal::DeviceAlreadyAssigned { space_id: there };
    assert!(matches!(&refused, Err(AssignmentError::Device(refusal)) if *refusal == already), "{refused:?}");
}

/// The claim's holder is read before the device, which may have been moved in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_does_not_unassign_a_device_from_another_space() {
    let platform = Platform::create().await;
    for round in 0..30 {
        let (here, there) =
            (platform.space(&format!("A-{round}")).await, platform.space(&format!("B-{round}")).await);
        let device = platform.device(round, Category::Sensor).await;
        put(&platform, assign(device, here)).await.unwrap();
        let clear = ClearPlace { space_id: here, category: Category::Sensor, reason: None, asked: asked() };
        let command_context = command_context();
        let cleared = platform.store.execute(&clear, &command_context);
        let moved = put(&platform, AssignDevice { replace: true, ..assign(device, there) });
        let (cleared, moved) = join(cleared, moved).await;
        cleared.unwrap();
        moved.unwrap();
        assert_eq!(platform.state(device).await.space_id(), Some(there), "round {round}");
    }
}
