//! The disk is full.

use super::troupe::Troupe;
use super::writer::Told;
use super::{Ground, Outcome};

/// No byte of any file can be written past this place while the disk is full.
const ROOM: u64 = 400_000;
/// Refusals to wait for while it is full.
const REFUSALS: usize = 40;

/// Fills the disk `times` times beneath SQLite while eight devices write: no file of the server may grow past a
/// limit any more, so that its writes fail with an error of the system. Then there is room again; and the last
/// time the server is killed while it is full.
pub async fn full_disk(ground: &Ground, times: usize) -> Outcome {
    let mut troupe = Troupe::new(ground, 2, 4, &"lang ".repeat(200)).await;
    let server = troupe.serve().await;
    let mut lost = 0;
    for round in 1..=times {
        let mut at_work = troupe.begin(server.address);
        assert!(troupe.acknowledged(&mut at_work, 50).await);
        server.limit_files(Some(ROOM));
        let mut refusals = 0;
        let full = troupe.listen(&mut at_work, |told| {
            refusals += usize::from(told == Told::Unavailable);
            refusals == REFUSALS
        });
        assert!(full.await, "a full disk is told");
        if round == times {
            server.kill().await;
            troupe.dispersed(at_work).await;
            break;
        }
        server.limit_files(None);
        assert!(troupe.acknowledged(&mut at_work, 50).await, "it writes again once there is room");
        troupe.finish(at_work).await;
        lost += troupe.lost(&server).await;
    }
    troupe.ledger.read_anew();
    let server = troupe.serve().await;
    lost += troupe.lost(&server).await;
    let at_work = troupe.begin(server.address);
    troupe.finish(at_work).await;
    lost += troupe.lost(&server).await;
    server.kill().await;
    let refused = troupe.unavailable;
    Outcome {
        did: format!("filled the disk {times} times, killed while it was full; {refused} pushes told so"),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}
