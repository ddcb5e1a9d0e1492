//! The server is asked to stop while devices write.

use shared::sync::message::close;

use super::troupe::Troupe;
use super::{Ground, Outcome};

/// Stops the server `times` times with SIGTERM while eight devices write.
///
/// # Panics
/// Where it does not stop as it should: every connection closed with 1001, and code 0.
pub async fn stops(ground: &Ground, times: usize) -> Outcome {
    let mut troupe = Troupe::new(ground, 2, 4, "twintig letters erin").await;
    let mut lost = 0;
    for _ in 0..times {
        let server = troupe.serve().await;
        lost += troupe.lost(&server).await;
        let mut at_work = troupe.begin(server.address);
        assert!(troupe.acknowledged(&mut at_work, 100).await);
        let (ended, closed) = tokio::join!(server.stop(), troupe.dispersed(at_work));
        assert!(ended.success(), "{ended}");
        assert_eq!(closed, vec![Some(close::GOING_AWAY); 8]);
    }
    troupe.ledger.read_anew();
    let server = troupe.serve().await;
    lost += troupe.lost(&server).await;
    server.kill().await;
    Outcome {
        did: format!("stopped {times} times with SIGTERM while eight devices wrote"),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}
