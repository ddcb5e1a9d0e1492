//! Nothing that was acknowledged is lost when the process is killed.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{ChangeHash, DocId};
use shared::sync::chain;
use store::contract::world::batch;
use store::contract::{Author, Human, World};
use store_sqlite::SqliteStore;

const KIND: DocKind = DocKind::SharedNotes;
const DOC: DocId = DocId([1; 16]);
/// Where the child finds its database, and that it is one.
const CHILD: &str = "STORE_SQLITE_CRASH_TEST_FILE";
const WRITERS: u8 = 4;

async fn open(file: &Path) -> World {
    World::on(Arc::new(SqliteStore::open(file).await.unwrap()))
}

/// Not a test of its own: the process that the next one kills. It pushes as fast as it can from several people
/// at once and prints what it is told.
#[tokio::test]
#[ignore = "run by the test below"]
async fn the_process_that_is_killed() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let world = open(Path::new(&file)).await;
    let writers = (1..=WRITERS).map(|number| {
        let world = world.clone();
        async move {
            let human = Human::numbered(number);
            let mut run = [0];
            getrandom::fill(&mut run).unwrap();
            let mut author = Author::new(&human, DOC, KIND, run[0]);
            loop {
                let items = author.write_many(3);
                let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
                let places = world.store_all(&human, DOC, items).await;
                for (hash, place) in hashes.iter().zip(places) {
                    println!("ack {place} {hash}");
                }
            }
        }
    });
    futures_util::future::join_all(writers.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_killed_server_has_everything_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loopbaanmaat.db");
    let world = open(&file).await;
    let mut people = vec![];
    for number in 1..=WRITERS {
        people.push(world.human(number, &[Role::Employee]).await);
    }
    let all: Vec<_> = people.iter().map(|human| (human, Access::Write)).collect();
    world.document(1, KIND, &all).await;
    world.store.close().await;

    let mut acked: Vec<(usize, ChangeHash)> = vec![];
    // Killed at different moments: early, and after some checkpoints of the write-ahead log.
    for enough in [1, 50, 400] {
        acked.extend(kill_after(&file, enough));
        let world = open(&file).await;
        let (log, end) = batch(world.read(&people[0], DOC).await);
        assert_eq!(end, chain::after(chain::start(DOC), log.iter().map(|item| item.hash)));
        for (place, hash) in &acked {
            assert_eq!(log[place - 1].hash, *hash);
        }
        world.store.close().await;
    }
    assert!(acked.len() >= 451);
}

/// Starts the process above, kills it when it has acknowledged `enough`, and gives all that it acknowledged.
fn kill_after(file: &Path, enough: usize) -> Vec<(usize, ChangeHash)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_that_is_killed", "--ignored", "--nocapture"])
        .env(CHILD, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acked = vec![];
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The first one may stand behind the name of the test.
        let Some((_, ack)) = line.split_once("ack ") else { continue };
        // The last line may be cut off.
        if let Some((place, hash)) = ack.split_once(' ')
            && let (Ok(place), Ok(hash)) = (place.parse(), hash.parse())
        {
            acked.push((place, hash));
        }
        if acked.len() == enough {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acked
}
