//! A new device opens a long document: change by change, and by its snapshot.

use std::path::Path as File;
use std::time::{Duration, Instant};

use serde_json::json;
use server::serve::open_store;
use shared::ids::DocId;
use shared::sync::message::{Place as Cursor, ServerMessage};
use shared::sync::trial::trial;

use super::{Figures, Place, rounded};
use crate::load::{Client, Device, Event, Seed, ServerProcess};

/// Newcomers that are measured: the clock of `/proc` is coarse.
const TIMES: u32 = 5;
/// Nothing is tried, and so nothing covered.
const NEVER: [&str; 2] = ["--trial-after", "86400"];
const AT_ONCE: [&str; 2] = ["--trial-after", "0"];

/// A document with `history` edits behind it.
pub async fn newcomer(place: &Place, history: usize) -> Figures {
    let seed = Seed::in_folder(&place.data).await;
    let devices = seed.devices(1).await;
    let doc = seed.documents([&devices[..]]).await[0];
    let mut author = seed.history(doc, &devices[0], history).await;
    seed.done().await;
    let size = database(&place.data);
    let whole_trial = time_trial(&place.data, doc).await;

    let server = ServerProcess::start_with(&place.binary, &place.data, &NEVER).await.expect("it starts");
    let by_changes = opened(&server, doc, &devices[0]).await;
    server.stop().await;

    let began = Instant::now();
    let server = ServerProcess::start_with(&place.binary, &place.data, &AT_ONCE).await.expect("it starts");
    while !is_covered(&server, doc, &devices[0]).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let covered_after = began.elapsed();
    let by_snapshot = opened(&server, doc, &devices[0]).await;
    let mut client = Client::connect(server.address, &devices[0]).await.unwrap();
    client.push(doc, vec![author.edit("nog een keer twintig")]).await;
    let acked = client.wait_for(|it| matches!(it, ServerMessage::Ack { .. }).then_some(()));
    acked.await.expect("an acknowledgement");
    server.kill().await;
    json!({
        "history": history,
        "database_mib": mib(size),
        "database_with_snapshot_mib": mib(database(&place.data)),
        "by_changes": by_changes,
        "by_snapshot": by_snapshot,
        "covered_after_ms": rounded(covered_after.as_secs_f64() * 1e3),
        "trial_of_everything_ms": rounded(whole_trial.as_secs_f64() * 1e3),
        "trial_from_snapshot_ms": rounded(time_trial(&place.data, doc).await.as_secs_f64() * 1e3),
    })
}

fn database(data: &File) -> u64 {
    let files = std::fs::read_dir(data).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

fn mib(bytes: u64) -> f64 {
    rounded(bytes as f64 / f64::from(1 << 20))
}

/// How long the newest change of a log takes to be tried, in this process.
async fn time_trial(data: &File, doc: DocId) -> Duration {
    let store = open_store(data).await.unwrap();
    let log = store.log_to_try(doc).await.unwrap().expect("something to try");
    let all = log.tried.iter().chain(log.new.iter().map(|(_, data)| data)).map(Vec::as_slice);
    let all: Vec<_> = all.collect();
    let (tried, new) = all.split_at(all.len() - 1);
    let began = Instant::now();
    trial(log.base.as_deref(), tried, new).unwrap();
    let took = began.elapsed();
    store.close().await;
    took
}

/// Whether the first thing that is told of the document is a snapshot.
async fn is_covered(server: &ServerProcess, doc: DocId, device: &Device) -> bool {
    let mut client = Client::connect(server.address, device).await.unwrap();
    client.open(vec![Cursor::start(doc)]).await;
    let first = client.wait_for(|message| match message {
        ServerMessage::Snapshot { .. } => Some(true),
        ServerMessage::Changes { .. } => Some(false),
        _ => None,
    });
    first.await.expect("something of the document")
}

/// Opens the document from its start and reads to its head, as often as is measured.
async fn opened(server: &ServerProcess, doc: DocId, device: &Device) -> Figures {
    let (mut took, mut bytes, before) = (Duration::ZERO, 0, server.cpu());
    for _ in 0..TIMES {
        let mut client = Client::connect(server.address, device).await.unwrap();
        let began = Instant::now();
        client.open(vec![Cursor::start(doc)]).await;
        let (mut head, mut cursor, mut chunk) = (None, 0, 0);
        while head.is_none_or(|head| cursor < head) {
            match client.next().await {
                Event::Message(ServerMessage::Opened { head: newest, .. }) => head = Some(newest),
                Event::Message(ServerMessage::Snapshot { piece, .. }) => {
                    chunk += piece.data.len() as u64;
                    if chunk == piece.size {
                        cursor = piece.seq;
                    }
                }
                Event::Message(ServerMessage::Changes { from, items, .. }) => {
                    cursor = from + items.len() as u64;
                }
                Event::Message(_) => {}
                Event::Closed(code) => panic!("closed with {code:?}"),
            }
        }
        took += began.elapsed();
        bytes = client.received;
    }
    let cpu = server.cpu().checked_sub(before).unwrap_or_default();
    json!({
        "took_ms": rounded(took.as_secs_f64() * 1e3 / f64::from(TIMES)),
        "received_mib": mib(bytes),
        "server_cpu_ms": rounded(cpu.as_secs_f64() * 1e3 / f64::from(TIMES)),
    })
}
