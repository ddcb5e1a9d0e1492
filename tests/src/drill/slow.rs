//! A device does not read what it is sent.

use std::time::Duration;

use shared::sync::message::Place;
use tokio::time::{sleep, timeout};

use super::troupe::Troupe;
use super::{Ground, Outcome};
use crate::load::{Client, Event};

/// Bytes of each change.
const BYTES: usize = 100_000;
/// Changes written while nobody reads: far more than the buffers of two sockets hold.
const CHANGES: usize = 600;
/// Bytes by which the server may grow while it serves readers that do not read; what waits for one of them is
/// bounded by one batch as read, the same as written, and the socket's own buffer.
const MOST_GROWTH: u64 = 48 << 20;
/// How many do not read.
const READERS: usize = 8;
/// The server gives up after half a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// Eight devices open a document and never read, while four others write sixty megabytes into it.
///
/// # Panics
/// Where the server's memory grows with what was not read, or the slow ones are not cut.
pub async fn slow_reader(ground: &Ground) -> Outcome {
    let mut troupe = Troupe::new(ground, 1, 4, &"x".repeat(BYTES)).await;
    let server = troupe.serve().await;
    let alone = server.sockets();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut client = Client::connect(server.address, &troupe.reader).await.unwrap();
        client.open(troupe.docs.iter().map(|doc| Place::start(*doc)).collect()).await;
        readers.push(client);
    }
    let mut at_work = troupe.begin(server.address);
    assert!(troupe.acknowledged(&mut at_work, 20).await);
    let before = server.resident();
    let mut most = before;
    for _ in 0..CHANGES / 20 {
        assert!(troupe.acknowledged(&mut at_work, 20).await, "who reads is served");
        most = most.max(server.resident());
    }
    troupe.finish(at_work).await;
    let growth = most - before;
    assert!(growth < MOST_GROWTH, "{growth} bytes more for {READERS} devices that do not read");

    // They had time for what their sockets' buffers hold, and no more: each is cut with most of it unread.
    let mut unread = 0;
    let cut = async {
        while server.sockets() > alone {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, cut).await.expect("who does not read is cut");
    for reader in &mut readers {
        let mut bytes = 0;
        while let Event::Message(_) = reader.next().await {
            bytes = reader.received;
        }
        assert!(bytes < (CHANGES * BYTES) as u64 / 2, "{bytes} bytes waited for a device that does not read");
        unread += (CHANGES * BYTES) as u64 - bytes;
    }
    // One of them comes back and gets all of it.
    let lost = troupe.lost(&server).await;
    server.kill().await;
    Outcome {
        did: format!(
            "{READERS} devices did not read {} MB, were cut and came back; the server grew by {} MB",
            unread >> 20,
            growth >> 20
        ),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}
