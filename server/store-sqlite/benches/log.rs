//! What the store costs, against the budgets of the architecture: durable pushes, alone and together, into short
//! logs and long ones, and the reconnect of a device with many unchanged documents. `cargo bench -p store-sqlite`.

// A measurement that fails has nothing to say.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use store::contract::world::{PLENTY, batch};
use store::contract::{Author, Human, World};
use store_sqlite::SqliteStore;

const KIND: DocKind = DocKind::SharedNotes;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("loopbaanmaat.db")).await.unwrap();
    let world = World::on(Arc::new(store));
    let anna = world.human(1, &[Role::Employee]).await;

    let short = document(&world, &anna, 1).await;
    let mut author = Author::new(&anna, short, KIND, 1);
    alone(&world, &anna, &mut author, short, "one after the other, new log").await;

    let long = document(&world, &anna, 2).await;
    let mut author = Author::new(&anna, long, KIND, 1);
    for _ in 0..80 {
        world.store_all(&anna, long, author.write_many(250)).await;
    }
    alone(&world, &anna, &mut author, long, "one after the other, after 20,000 changes").await;

    together(&world, &anna).await;
    reconnect(&world, &anna).await;
}

async fn document(world: &World, human: &Human, number: u32) -> DocId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    world.document_named(DocId(id), KIND, &[(human, Access::Write)]).await
}

async fn alone(world: &World, human: &Human, author: &mut Author, doc: DocId, what: &str) {
    const PUSHES: usize = 1_000;
    let mut pushes = vec![];
    for item in author.write_many(PUSHES) {
        pushes.push(world.examine(doc, vec![item]).await);
    }
    let mut took = vec![];
    let cpu = cpu_time();
    for push in pushes {
        let start = Instant::now();
        world.store.push(human.carrier(), doc, push.into()).await.unwrap();
        took.push(start.elapsed());
    }
    let cpu = (cpu_time() - cpu) / PUSHES as u32;
    took.sort_unstable();
    println!("push, {what}: p50 {:?}, p99 {:?}, cpu {cpu:?}", took[PUSHES / 2], took[PUSHES * 99 / 100]);
}

async fn together(world: &World, human: &Human) {
    const WRITERS: u32 = 64;
    const PUSHES: usize = 100;
    let mut writers = vec![];
    for number in 0..WRITERS {
        let doc = document(world, human, 100 + number).await;
        let mut pushes = vec![];
        for item in Author::new(human, doc, KIND, 1).write_many(PUSHES) {
            pushes.push(world.examine(doc, vec![item]).await);
        }
        writers.push((doc, pushes));
    }
    let (start, cpu) = (Instant::now(), cpu_time());
    join_all(writers.into_iter().map(|(doc, pushes)| async move {
        for push in pushes {
            world.store.push(human.carrier(), doc, push.into()).await.unwrap();
        }
    }))
    .await;
    let pushes = WRITERS * PUSHES as u32;
    let (took, cpu) = (start.elapsed() / pushes, (cpu_time() - cpu) / pushes);
    println!("push, {WRITERS} at a time: {took:?} each, cpu {cpu:?}");
}

async fn reconnect(world: &World, human: &Human) {
    const DOCS: u32 = 2_000;
    const PER_OPEN: usize = 1_000;
    let mut places = vec![];
    for number in 0..DOCS {
        let doc = document(world, human, 10_000 + number).await;
        let (items, chain) = batch(world.read(human, doc).await);
        places.push(Place { doc, cursor: items.len() as u64, chain: Some(chain), part: None });
    }
    let (start, cpu) = (Instant::now(), cpu_time());
    for open in places.chunks(PER_OPEN) {
        let answers = world.store.read_logs(human.carrier(), open, PLENTY).await.unwrap();
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer, ReadAnswer::Batch { items, .. } if items.is_empty()))
        );
    }
    println!("reconnect with {DOCS} unchanged documents: {:?}, cpu {:?}", start.elapsed(), cpu_time() - cpu);
}

/// What this process has used of all processors, in steps of 10 ms; nothing where the system does not say.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
