//! Display policies.

use parking_domain::tenant::{Tenant, TenantEvent};
use parking_projections::registry::display_policies::read;
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, OWNER, at};

use super::reading;

#[tokio::test]
async fn the_policy_in_force_comes_first() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    assert_eq!(read::in_force(&mut *reading(&log, &estate).await).await.unwrap(), None);
    let (first, second) = (estate.policy(1, 10).await, estate.policy(2, 20).await);
    let named = async || {
        let mut reading = reading(&log, &estate).await;
        let rows = read::list(&mut reading, 100, 0).await.unwrap();
        let in_force = read::in_force(&mut reading).await.unwrap().unwrap();
        assert_eq!(rows[0], in_force);
        assert_eq!(read::count(&mut reading).await.unwrap(), 2);
        rows.iter().map(|row| row.policy_id).collect::<Vec<_>>()
    };
    assert_eq!(named().await, [second.uuid(), first.uuid()]);
    let activated = TenantEvent::DisplayPolicyActivated { policy_id: first, at: at(30), by: OWNER };
    estate.happens::<Tenant>(estate.tenant(), activated).await;
    assert_eq!(named().await, [first.uuid(), second.uuid()]);

    let mut reading = reading(&log, &estate).await;
    let one = read::get(&mut reading, second.uuid()).await.unwrap().unwrap();
    assert_eq!((one.is_active, one.policy.name.as_str()), (false, "Policy 2 aaaaaaaa"));
    assert_eq!(read::get(&mut reading, estate.id(99)).await.unwrap(), None);
    assert_eq!(read::list(&mut reading, 1, 1).await.unwrap()[0].policy_id, second.uuid());
}
