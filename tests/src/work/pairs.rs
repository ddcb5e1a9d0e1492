//! Pairs of devices: one writes, the other reads (W1, W2, W5).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use shared::ids::{ChangeHash, DocId};
use shared::sync::message::{Place as Cursor, ServerMessage};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use super::{Figures, Place, rounded};
use crate::load::{Author, Client, Device, Event, Seed, ServerProcess, Times};

/// Before measuring begins.
const WARMING: Duration = Duration::from_secs(2);
/// One edit.
const WORDS: &str = "twintig letters erin";

/// How fast is written.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// The next edit as soon as the other device has the last one.
    Closed,
    /// So many edits a second, of all pairs together.
    Edits(f64),
}

/// What all pairs note.
#[derive(Default)]
struct Notes {
    begun: HashMap<ChangeHash, Instant>,
    measuring: bool,
    edits: usize,
    bytes: u64,
    seen: Times,
    acked: Times,
}

type Shared = Arc<Mutex<Notes>>;

/// `count` documents, each with a writer and a reader, after `history` edits, for so long.
pub async fn pairs(place: &Place, count: usize, history: usize, pace: Pace, lasts: Duration) -> Figures {
    let seed = Seed::in_folder(&place.data).await;
    let devices = seed.devices(2 * count).await;
    let docs = seed.documents(devices.chunks(2)).await;
    let mut authors = Vec::new();
    for (doc, pair) in docs.iter().zip(devices.chunks(2)) {
        let author = seed.history(*doc, &pair[0], history).await;
        // With a history the writer begins a text of its own, so that it need not hold the whole document.
        authors.push(if history > 0 { Author::new(*doc, &pair[0]) } else { author });
    }
    seed.done().await;
    let server = ServerProcess::start(&place.binary, &place.data).await.expect("the server starts");

    let notes = Shared::default();
    let mut tasks = vec![];
    let between = |index: usize| match pace {
        Pace::Closed => None,
        Pace::Edits(rate) => {
            Some((Duration::from_secs_f64(index as f64 / rate), Duration::from_secs_f64(count as f64 / rate)))
        }
    };
    let mut ready = vec![];
    for (index, ((doc, pair), author)) in docs.into_iter().zip(devices.chunks(2)).zip(authors).enumerate() {
        let head = history as u64 + 1;
        let (got, gets) = mpsc::unbounded_channel();
        let (tell_ready, is_ready) = oneshot::channel();
        let reader = read(server.address, doc, pair[1].clone(), head, Arc::clone(&notes), got, tell_ready);
        tasks.push(tokio::spawn(reader));
        is_ready.await.expect("the reader reads up to the head");
        let writer = Writer { server: server.address, doc, device: pair[0].clone(), author, gets };
        let (tell_ready, is_ready) = oneshot::channel();
        tasks.push(tokio::spawn(writer.write(between(index), head, Arc::clone(&notes), tell_ready)));
        ready.push(is_ready);
    }
    for is_ready in ready {
        is_ready.await.expect("the writer reads up to the head");
    }
    sleep(WARMING).await;
    notes.lock().unwrap().measuring = true;
    let (cpu, workers, began) = (server.cpu(), server.workers_cpu(), Instant::now());
    sleep(lasts).await;
    let (cpu, took) = (server.cpu() - cpu, began.elapsed());
    let workers = server.workers_cpu().saturating_sub(workers);
    let resident = server.resident();
    let notes = std::mem::take(&mut *notes.lock().unwrap());
    for task in tasks {
        task.abort();
    }
    server.kill().await;
    let edits = notes.edits.max(1) as f64;
    json!({
        "edits_per_s": rounded(notes.edits as f64 / took.as_secs_f64()),
        "cpu_us_per_edit": rounded(cpu.as_secs_f64() * 1e6 / edits),
        "workers_us_per_edit": rounded(workers.as_secs_f64() * 1e6 / edits),
        "seen_p50_ms": rounded(notes.seen.percentile(50)),
        "seen_p99_ms": rounded(notes.seen.percentile(99)),
        "ack_p50_ms": rounded(notes.acked.percentile(50)),
        "ack_p99_ms": rounded(notes.acked.percentile(99)),
        "bytes_per_edit": rounded(notes.bytes as f64 / edits),
        "resident_mib": rounded(resident as f64 / f64::from(1 << 20)),
    })
}

/// Opens `doc` from its start and reads up to `head`. Nothing is applied here or later: what automerge needs for that on
/// the same machine is far more than the server does, and would be what is measured.
async fn caught_up(client: &mut Client, doc: DocId, head: u64) {
    client.open(vec![Cursor::start(doc)]).await;
    let mut cursor = 0;
    while cursor < head {
        match client.next().await {
            Event::Message(ServerMessage::Snapshot { piece, .. }) => {
                if piece.offset + piece.data.len() as u64 == piece.size {
                    cursor = piece.seq;
                }
            }
            Event::Message(ServerMessage::Changes { items, .. }) => cursor = items.last().unwrap().seq,
            Event::Message(_) => {}
            Event::Closed(code) => panic!("closed with {code:?}"),
        }
    }
}

async fn read(
    server: SocketAddr,
    doc: DocId,
    device: Device,
    head: u64,
    notes: Shared,
    got: mpsc::UnboundedSender<()>,
    ready: oneshot::Sender<()>,
) {
    let mut client = Client::connect(server, &device).await.unwrap();
    caught_up(&mut client, doc, head).await;
    let _ = ready.send(());
    let mut before = client.received;
    loop {
        let Event::Message(message) = client.next().await else { return };
        let ServerMessage::Changes { items, .. } = message else { continue };
        let now = Instant::now();
        let mut notes = notes.lock().unwrap();
        for item in items {
            let begun = notes.begun.remove(&item.hash).expect("what comes has been sent");
            if notes.measuring {
                notes.edits += 1;
                notes.seen.add(now - begun);
            }
            let _ = got.send(());
        }
        if notes.measuring {
            notes.bytes += client.received - before;
        }
        before = client.received;
    }
}

struct Writer {
    server: SocketAddr,
    doc: DocId,
    device: Device,
    author: Author,
    gets: mpsc::UnboundedReceiver<()>,
}

impl Writer {
    async fn write(
        mut self,
        pace: Option<(Duration, Duration)>,
        head: u64,
        notes: Shared,
        ready: oneshot::Sender<()>,
    ) {
        let mut client = Client::connect(self.server, &self.device).await.unwrap();
        caught_up(&mut client, self.doc, head).await;
        let _ = ready.send(());
        let mut ticks = pace.map(|(offset, period)| {
            let mut ticks = interval_at(tokio::time::Instant::now() + offset, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        loop {
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            let before = client.sent + client.received;
            let begun = Instant::now();
            let item = self.author.edit(WORDS);
            notes.lock().unwrap().begun.insert(item.hash, begun);
            client.push(self.doc, vec![item]).await;
            let acked = client.wait_for(|message| match message {
                ServerMessage::Ack { .. } => Some(()),
                ServerMessage::Error { .. } | ServerMessage::Reject { .. } => panic!("{message:?}"),
                _ => None,
            });
            if acked.await.is_none() {
                return;
            }
            {
                let mut notes = notes.lock().unwrap();
                if notes.measuring {
                    notes.acked.add(begun.elapsed());
                    notes.bytes += client.sent + client.received - before;
                }
            }
            self.gets.recv().await;
        }
    }
}
