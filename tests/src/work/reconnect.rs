//! A device comes back and nothing has changed (W3).

use std::time::{Duration, Instant};

use serde_json::json;
use shared::sync::limits;
use shared::sync::message::{Place as Cursor, ServerMessage};

use super::{Figures, Place, rounded};
use crate::load::{Client, Event, Seed, ServerProcess, Times};

/// Reconnects that are measured: the clock of `/proc` is coarse.
const TIMES: u32 = 40;

/// A device with `count` documents, each as long as a few edits made it, connects again and again.
pub async fn reconnect(place: &Place, count: usize) -> Figures {
    let seed = Seed::in_folder(&place.data).await;
    let devices = seed.devices(1).await;
    let docs = seed.documents((0..count).map(|_| &devices[..])).await;
    for doc in &docs {
        seed.history(*doc, &devices[0], 3).await;
    }
    seed.done().await;
    let server = ServerProcess::start(&place.binary, &place.data).await.expect("the server starts");

    let mut places: Vec<_> = docs.iter().map(|doc| Cursor::start(*doc)).collect();
    let mut client = Client::connect(server.address, &devices[0]).await.unwrap();
    for some in places.chunks(limits::OPEN) {
        client.open(some.to_vec()).await;
    }
    let mut left = count;
    while left > 0 {
        let Event::Message(message) = client.next().await else { panic!("the connection ended") };
        if let ServerMessage::Changes { doc, items, chain, .. } = message {
            let place = places.iter_mut().find(|place| place.doc == doc).unwrap();
            (place.cursor, place.chain) = (items.last().unwrap().seq, Some(chain));
            left -= 1;
        }
    }
    drop(client);

    let mut took = Times::default();
    let (mut bytes, mut opened_within) = (0, Duration::ZERO);
    let cpu = server.cpu();
    for _ in 0..TIMES {
        let began = Instant::now();
        let mut client = Client::connect(server.address, &devices[0]).await.unwrap();
        // All that the device has to say goes out at once: one round trip.
        for some in places.chunks(limits::OPEN) {
            client.open(some.to_vec()).await;
        }
        let mut left = count;
        while left > 0 {
            match client.next().await {
                Event::Message(ServerMessage::Opened { .. }) => left -= 1,
                Event::Message(ServerMessage::Changes { .. }) => panic!("nothing has changed"),
                Event::Message(_) => {}
                Event::Closed(code) => panic!("closed with {code:?}"),
            }
        }
        took.add(began.elapsed());
        opened_within = opened_within.max(began.elapsed());
        bytes = client.sent + client.received;
    }
    let cpu = (server.cpu() - cpu) / TIMES;
    let resident = server.resident();
    server.kill().await;
    json!({
        "cpu_ms": rounded(cpu.as_secs_f64() * 1e3),
        "took_p50_ms": rounded(took.percentile(50)),
        "took_p99_ms": rounded(opened_within.as_secs_f64() * 1e3),
        "round_trips": 1,
        "bytes": bytes,
        "resident_mib": rounded(resident as f64 / f64::from(1 << 20)),
    })
}
