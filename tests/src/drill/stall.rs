//! The disk, or the whole server, does not move for a while.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::sleep;

use super::troupe::Troupe;
use super::writer::Told;
use super::{Ground, Outcome};

/// Another process (this one) holds the database for itself for longer than the server waits for it, while eight
/// devices write; then it lets go.
pub async fn locked_out(ground: &Ground) -> Outcome {
    let mut troupe = Troupe::new(ground, 2, 4, "twintig letters erin").await;
    let server = troupe.serve().await;
    let mut at_work = troupe.begin(server.address);
    assert!(troupe.acknowledged(&mut at_work, 100).await);

    let file = server::serve::database(&ground.data);
    let options = SqliteConnectOptions::from_str(file.to_str().unwrap()).unwrap();
    let mut other = options.busy_timeout(Duration::from_secs(30)).connect().await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let told = troupe.listen(&mut at_work, |told| told == Told::Unavailable).await;
    assert!(told, "who waits for storage in vain is told");
    // Reading needs no lock.
    let mut lost = troupe.lost(&server).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();

    assert!(troupe.acknowledged(&mut at_work, 100).await, "it writes again once it can");
    troupe.finish(at_work).await;
    troupe.ledger.read_anew();
    lost += troupe.lost(&server).await;
    server.kill().await;
    Outcome {
        did: format!("locked out of its database; {} pushes told so", troupe.unavailable),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}

/// The server is held still (SIGSTOP) `times` times for a second while eight devices write, and killed after the
/// last time.
pub async fn held_still(ground: &Ground, times: usize) -> Outcome {
    let mut troupe = Troupe::new(ground, 2, 4, "twintig letters erin").await;
    let server = troupe.serve().await;
    let mut at_work = troupe.begin(server.address);
    for _ in 0..times {
        assert!(troupe.acknowledged(&mut at_work, 100).await);
        server.hold(true);
        sleep(Duration::from_secs(1)).await;
        server.hold(false);
    }
    assert!(troupe.acknowledged(&mut at_work, 100).await, "it goes on");
    server.hold(true);
    server.kill().await;
    troupe.dispersed(at_work).await;
    let server = troupe.serve().await;
    let lost = troupe.lost(&server).await;
    server.kill().await;
    Outcome {
        did: format!("held still for a second {times} times, and killed while it was"),
        acknowledged: troupe.ledger.len(),
        lost,
    }
}
