//! A reader waits only for the projections whose rows it shows. A stopped one is no concern of the others.

use parking_projections::list;
use parking_testkit::TestDatabase;

use crate::devices::space;
use crate::poison::Poisoner;
use crate::support::{TestServer, eventually};
use crate::uplinks::{dev_eui, uplink};

const UPLINK: &str = "/api/v1/uplink";

#[tokio::test]
async fn a_stopped_projection_delays_only_those_who_show_its_rows() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let space = space(client, "A1").await;
    // Only the registry reads gateways. Their events have no tenant, so this one stops it.
    let poison =
        Poisoner::of(&database).write(("gateway", "0016c001f1500000"), None, ("GatewayUpdated", "{}")).await;
    eventually("the registry has stopped", async || {
        let ready = client.get("/health/ready").await;
        (ready.status == 503 && ready.json()["detail"].to_string().contains("registry")).then_some(())
    })
    .await;

    for n in 1..=5 {
        let position = client.post(UPLINK, uplink(n, 1).to_string()).await.accepted();
        assert!(position > poison);
        // The rows of `fleet`, fresh.
        let orphan = format!("/api/v6/orphan-devices/{}?min_position={position}", dev_eui(n));
        client.get(&orphan).await.ok();
        client.get(&format!("/api/v6/devices/pool/stats?min_position={position}")).await.ok();
        // The rows of `occupancy`.
        client.get(&format!("/api/v6/spaces/{space}/history?min_position={position}")).await.ok();
        // A command on a device without a space.
        let dismissed = client.ask("DELETE", &format!("/api/v6/orphan-devices/{}", dev_eui(n)), None).await;
        assert!(dismissed.status < 300, "{dismissed:?}");
    }

    // A read that shows the registry's rows waits and is then refused; the refusal names the projection.
    let position = client.post(UPLINK, uplink(9, 1).to_string()).await.accepted();
    let refused = client.get(&format!("/api/v6/sites?min_position={position}")).await;
    refused.problem(503, "projection_stopped");
    assert!(refused.json()["detail"].as_str().unwrap().contains("read model registry"), "{refused:?}");
    client.get("/api/v6/sites").await.ok();
}

#[tokio::test]
async fn each_projection_has_one_thread_of_its_own() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let threads = server.threads();
    for projection in list::names() {
        let own = threads.iter().filter(|name| *name == projection).count();
        assert_eq!(own, 1, "{projection} among {threads:?}");
    }
}
