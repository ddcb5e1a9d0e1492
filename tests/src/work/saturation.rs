//! As many pushes as the server takes, each acknowledged once it is on the disk (W6).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use shared::sync::codec;
use shared::sync::message::{ClientMessage, Place as Cursor, ServerMessage};
use tokio::sync::Barrier;
use tokio::time::sleep;

use super::{Figures, Place, rounded};
use crate::load::{Author, Client, Event, Seed, ServerProcess, Times};

/// Pushes in flight on each connection.
const WINDOW: usize = 4;
/// Before measuring begins.
const WARMING: Duration = Duration::from_secs(1);
/// One edit.
const WORDS: &str = "twintig letters erin";

/// `count` devices push `each` edits one by one, each into a document of its own, which it has `open` or not.
pub async fn saturation(place: &Place, count: usize, each: usize, open: bool) -> Figures {
    let seed = Seed::in_folder(&place.data).await;
    let devices = seed.devices(count).await;
    let docs = seed.documents(devices.chunks(1)).await;
    seed.done().await;
    // Written and signed beforehand, so that the server is what is measured.
    let mut pushes: VecDeque<Vec<Vec<u8>>> = VecDeque::new();
    for (doc, device) in docs.iter().zip(&devices) {
        let mut author = Author::new(*doc, device);
        let push =
            |id| codec::client(&ClientMessage::Push { id, doc: *doc, items: vec![author.edit(WORDS)] });
        pushes.push_back((1..=each as u64).map(push).collect());
    }
    let server = ServerProcess::start(&place.binary, &place.data).await.expect("the server starts");
    let acked = Arc::new(AtomicU64::new(0));
    let ended = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(count + 1));
    let mut tasks = vec![];
    for (doc, device) in docs.into_iter().zip(devices) {
        let (acked, ended, start) = (Arc::clone(&acked), Arc::clone(&ended), Arc::clone(&start));
        let mut frames = VecDeque::from(pushes.pop_front().unwrap());
        let mut client = Client::connect(server.address, &device).await.unwrap();
        if open {
            client.open(vec![Cursor::start(doc)]).await;
        }
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let mut sent: VecDeque<Instant> = VecDeque::new();
            let mut took = Times::default();
            while !frames.is_empty() || !sent.is_empty() {
                while sent.len() < WINDOW
                    && let Some(frame) = frames.pop_front()
                {
                    sent.push_back(Instant::now());
                    client.say_bytes(frame).await;
                }
                match client.next().await {
                    Event::Message(ServerMessage::Ack { .. }) => {
                        took.add(sent.pop_front().unwrap().elapsed());
                        acked.fetch_add(1, Ordering::Relaxed);
                    }
                    Event::Message(ServerMessage::Error { .. } | ServerMessage::Reject { .. })
                    | Event::Closed(_) => panic!("a push was not stored"),
                    Event::Message(_) => {}
                }
            }
            // From the first that has nothing left on, the server is not saturated any more.
            ended.store(true, Ordering::Relaxed);
            took
        }));
    }
    start.wait().await;
    sleep(WARMING).await;
    let (cpu, workers, began, before) =
        (server.cpu(), server.workers_cpu(), Instant::now(), acked.load(Ordering::Relaxed));
    while !ended.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(10)).await;
    }
    let (cpu, lasted) = (server.cpu() - cpu, began.elapsed());
    let workers = server.workers_cpu().saturating_sub(workers);
    let pushes = acked.load(Ordering::Relaxed) - before;
    let mut took = Times::default();
    for task in tasks {
        took.extend(&task.await.unwrap());
    }
    let resident = server.resident();
    server.kill().await;
    json!({
        "acks_per_s": rounded(pushes as f64 / lasted.as_secs_f64()),
        "cpu_us_per_push": rounded(cpu.as_secs_f64() * 1e6 / pushes.max(1) as f64),
        "workers_us_per_push": rounded(workers.as_secs_f64() * 1e6 / pushes.max(1) as f64),
        "ack_p50_ms": rounded(took.percentile(50)),
        "ack_p99_ms": rounded(took.percentile(99)),
        "resident_mib": rounded(resident as f64 / f64::from(1 << 20)),
    })
}
