//! The server is killed, again and again.

use std::time::Duration;

use tokio::time::sleep;

use super::troupe::Troupe;
use super::{Ground, Outcome};
use crate::load::ServerProcess;

/// Kills between readings of the logs from their beginning; between those, reading goes on where it was.
const WHOLE_EVERY: usize = 50;
/// Kills between those that come while the server starts on what the last one left.
const EARLY_EVERY: usize = 5;

/// Kills the server `times` times while nine devices write into three documents.
pub async fn kills(ground: &Ground, times: usize) -> Outcome {
    let mut troupe = Troupe::new(ground, 3, 3, "twintig letters erin").await;
    let mut early = 0;
    let mut lost = 0;
    for round in 1..=times {
        if round % EARLY_EVERY == 0 {
            kill_early(ground).await;
            early += 1;
        }
        let server = troupe.serve().await;
        lost += troupe.lost(&server).await;
        let mut at_work = troupe.begin(server.address);
        // Sometimes just after it has begun, sometimes after the log has been put back into the file.
        let enough = [1, 3, 10, 30, 100, 300][chance(6)];
        assert!(troupe.acknowledged(&mut at_work, enough).await, "the server dies when it is told to");
        // Half of the time at once: what was acknowledged has to be there already.
        if chance(2) == 0 {
            sleep(Duration::from_micros(chance(8_000) as u64)).await;
        }
        server.kill().await;
        troupe.dispersed(at_work).await;
        if round % WHOLE_EVERY == 0 {
            troupe.ledger.read_anew();
        }
    }
    troupe.ledger.read_anew();
    let server = troupe.serve().await;
    lost += troupe.lost(&server).await;
    let at_work = troupe.begin(server.address);
    troupe.finish(at_work).await;
    lost += troupe.lost(&server).await;
    server.kill().await;
    Outcome {
        did: format!("killed {times} times while nine devices wrote, and {early} times while it started"),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}

/// Starts a server and kills it before it says that it listens, or about then.
async fn kill_early(ground: &Ground) {
    let mut child = ServerProcess::spawn(&ground.binary, &ground.data);
    sleep(Duration::from_micros(chance(40_000) as u64)).await;
    child.kill().await.unwrap();
}

/// Any number below `below`.
fn chance(below: usize) -> usize {
    u32::from_le_bytes(server::random::fresh()) as usize % below
}
