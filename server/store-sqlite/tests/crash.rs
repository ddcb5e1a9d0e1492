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
use shared::sync::message::{Place, SnapshotPart};
use shared::sync::session::ReadAnswer;
use shared::sync::snapshot::{self, Snapshot};
use store::NewSnapshot;
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
    let mut seen = 0;
    let told = kill_when("the_process_that_is_killed", file, |line| {
        seen += acknowledged(std::slice::from_ref(line)).len();
        seen >= enough
    });
    acknowledged(&told)
}

/// Starts `process`, kills it as soon as `is_enough` says so of a line that it printed, and gives all lines.
fn kill_when(process: &str, file: &Path, mut is_enough: impl FnMut(&String) -> bool) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", process, "--ignored", "--nocapture"])
        .env(CHILD, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut lines, mut is_killed) = (vec![], false);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if !is_killed && is_enough(&line) {
            child.kill().unwrap();
            is_killed = true;
        }
        lines.push(line);
    }
    child.wait().unwrap();
    lines
}

/// What lines say that was acknowledged. The first one may stand behind the name of the test, the last be cut off.
fn acknowledged(lines: &[String]) -> Vec<(usize, ChangeHash)> {
    let acks = lines.iter().filter_map(|line| line.split_once("ack ")?.1.split_once(' '));
    acks.filter_map(|(place, hash)| Some((place.parse().ok()?, hash.parse().ok()?))).collect()
}

/// Not a test of its own either: the next test kills it. It writes, covers what it wrote with snapshots and drops what
/// they cover, and prints what it is about to do.
#[tokio::test]
#[ignore = "run by the test below"]
async fn the_process_that_is_killed_while_it_covers() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let world = open(Path::new(&file)).await;
    let human = Human::numbered(1);
    let mut run = [0];
    getrandom::fill(&mut run).unwrap();
    let mut author = Author::new(&human, DOC, KIND, run[0]);
    loop {
        let items = author.write_many(200);
        let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
        let places = world.store_all(&human, DOC, items).await;
        for (hash, place) in hashes.iter().zip(&places) {
            println!("ack {place} {hash}");
        }
        world.store.tried(&[(DOC, *places.last().unwrap())]).await.unwrap();
        println!("making");
        let log = world.store.log_to_cover(DOC).await.unwrap().unwrap();
        let changes: Vec<_> = log.changes.iter().map(Vec::as_slice).collect();
        let made = snapshot::make(log.base.as_deref(), &changes).unwrap();
        println!("keeping");
        let snapshot = NewSnapshot { covered: log.covered, data: made.data };
        assert!(world.store.put_snapshot(DOC, snapshot, 1).await.unwrap());
        println!("dropping");
        while world.store.drop_covered(DOC, 1, 8).await.unwrap() {
            println!("dropping");
        }
    }
}

#[tokio::test]
async fn killed_while_it_makes_keeps_or_drops_it_has_everything_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loopbaanmaat.db");
    let world = open(&file).await;
    let human = world.human(1, &[Role::Employee]).await;
    world.document(1, KIND, &[(&human, Access::Write)]).await;
    world.store.close().await;

    let mut acked: Vec<(usize, ChangeHash)> = vec![];
    let moments =
        [("making", 1), ("keeping", 1), ("keeping", 2), ("dropping", 1), ("dropping", 9), ("keeping", 3)];
    for (word, times) in moments {
        let mut left = times;
        let told = kill_when("the_process_that_is_killed_while_it_covers", &file, |line| {
            left -= usize::from(line.trim_end().ends_with(word));
            left == 0
        });
        acked.extend(acknowledged(&told));
        let world = open(&file).await;
        let log = whole(&world, &human).await;
        for (place, hash) in &acked {
            assert_eq!(log.get(place - 1), Some(hash), "{word} {times}");
        }
        world.store.close().await;
    }
    assert!(acked.len() >= 6 * 200);
}

/// The hashes of a log: those that a snapshot stands for, which has each change, and those of the items after it.
async fn whole(world: &World, human: &Human) -> Vec<ChangeHash> {
    let (mut place, mut so_far) = (Place::start(DOC), None);
    while let ReadAnswer::Snapshot { piece, .. } = world.read_place(human, place).await {
        let it: &mut Snapshot = so_far.get_or_insert_with(|| Snapshot {
            seq: piece.seq,
            chain: piece.chain,
            heads: piece.heads.clone(),
            items: vec![],
            data: vec![],
        });
        it.items.extend(piece.items);
        it.data.extend(piece.data);
        let offset = it.data.len() as u64;
        place = if offset == piece.size {
            Place { doc: DOC, cursor: piece.seq, chain: Some(piece.chain), part: None }
        } else {
            Place { part: Some(SnapshotPart { seq: piece.seq, offset }), ..place }
        };
    }
    if let Some(snapshot) = &so_far {
        assert_eq!(snapshot::open(snapshot).unwrap().changes.len(), snapshot.items.len());
    }
    let mut log: Vec<_> = so_far.into_iter().flat_map(|it| it.items).map(|item| item.hash).collect();
    let (rest, end) = batch(world.read_place(human, place).await);
    log.extend(rest.iter().map(|item| item.hash));
    assert_eq!(end, chain::after(chain::start(DOC), log.iter().copied()));
    log
}
