//! Connections on which nothing happens (W4).

use std::time::Duration;

use serde_json::json;
use shared::sync::message::{Place as Cursor, ServerMessage};
use tokio::time::sleep;

use super::{Figures, Place, rounded};
use crate::load::{Client, Seed, ServerProcess};

/// Connections made and closed before measuring, so that what the server needs once is not counted.
const WARMING: usize = 50;

/// `count` devices connect, open a document each, and stay.
pub async fn idle(place: &Place, count: usize) -> Figures {
    let seed = Seed::in_folder(&place.data).await;
    let devices = seed.devices(count).await;
    let docs = seed.documents(devices.chunks(1)).await;
    seed.done().await;
    let server = ServerProcess::start(&place.binary, &place.data).await.expect("the server starts");
    let connected = async |number: usize| {
        let mut client = Client::connect(server.address, &devices[number]).await.unwrap();
        client.open(vec![Cursor::start(docs[number])]).await;
        let read = client.wait_for(|it| matches!(it, ServerMessage::Changes { .. }).then_some(()));
        read.await.expect("the document is read");
        client
    };
    let mut warming = vec![];
    for number in 0..WARMING.min(count) {
        warming.push(connected(number).await);
    }
    drop(warming);
    sleep(Duration::from_secs(1)).await;
    let before = server.resident();
    let mut clients = vec![];
    for number in 0..count {
        clients.push(connected(number).await);
    }
    let after = server.resident();
    let (cpu, lasts) = (server.cpu(), Duration::from_secs(10));
    sleep(lasts).await;
    let cpu = server.cpu() - cpu;
    drop(clients);
    server.kill().await;
    json!({
        "kib_per_connection": rounded(after.saturating_sub(before) as f64 / 1024.0 / count as f64),
        "resident_mib": rounded(after as f64 / f64::from(1 << 20)),
        "cpu_percent": rounded(cpu.as_secs_f64() * 100.0 / lasts.as_secs_f64()),
    })
}
