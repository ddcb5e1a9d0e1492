//! An older copy of the data is put back beneath devices that know more: what one of them holds comes back, with
//! authors and signatures, also where it has it from a snapshot alone.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use shared::ids::{ChangeHash, DeviceId, DocId};
use shared::sync::message::{Place, PushItem, ServerMessage};
use shared::sync::snapshot;

use super::pieces::Pieces;
use super::{Ground, Outcome};
use crate::load::{Author, Client, Device, Event, Seed, ServerProcess};

/// Everything is tried, covered and dropped as soon as it can be.
const AT_ONCE: [&str; 6] = ["--trial-after", "0", "--snapshot-after", "100", "--snapshot-grace", "0"];
/// Items in one push.
const TOGETHER: usize = 50;

/// Puts an older copy back `times` times: three devices write, and are gone afterwards; a fourth one, which came late
/// and was served a snapshot, is the only one that knows what the copy lacks. Then the three come back too.
pub async fn restored(ground: &Ground, times: usize) -> Outcome {
    let seed = Seed::in_folder(&ground.data).await;
    let devices = seed.devices(4).await;
    let doc = seed.documents([&devices[..]]).await[0];
    seed.done().await;
    let copy = ground.data.with_extension("copy");
    let mut writers: Vec<_> = devices[..3].iter().map(|device| Writer::new(doc, device)).collect();
    let mut acknowledged: HashMap<ChangeHash, (DeviceId, Vec<u8>)> = HashMap::new();
    let mut lost = 0;
    for _ in 0..times {
        let server = serve(ground).await;
        for writer in &mut writers {
            writer.write(server.address, TOGETHER, &mut acknowledged).await;
        }
        assert!(server.stop().await.success(), "the server stops");
        copy_folder(&ground.data, &copy);

        let server = serve(ground).await;
        for writer in &mut writers {
            writer.write(server.address, 2 * TOGETHER, &mut acknowledged).await;
        }
        let mut late = Keeper::new(doc, &devices[3]);
        while late.snapshots == 0 || !acknowledged.keys().all(|hash| late.hashes.contains(hash)) {
            late = Keeper::new(doc, &devices[3]);
            late.come_back(server.address).await;
        }
        server.kill().await;
        fs::remove_dir_all(&ground.data).unwrap();
        copy_folder(&copy, &ground.data);

        let server = serve(ground).await;
        assert!(late.come_back(server.address).await > 0, "the copy lacks something");
        lost += missing(doc, &devices[3], server.address, &acknowledged).await;
        for writer in &mut writers {
            writer.keeper.come_back(server.address).await;
            writer.write(server.address, 1, &mut acknowledged).await;
        }
        lost += missing(doc, &devices[3], server.address, &acknowledged).await;
        server.kill().await;
    }
    Outcome {
        did: format!("put back an older copy {times} times beneath devices that knew more"),
        acknowledged: acknowledged.len(),
        lost,
    }
}

async fn serve(ground: &Ground) -> ServerProcess {
    ServerProcess::start_with(&ground.binary, &ground.data, &AT_ONCE).await.expect("the server starts")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// How many acknowledged items a new device does not find, or not by that author and with that signature.
async fn missing(
    doc: DocId,
    device: &Device,
    server: SocketAddr,
    acknowledged: &HashMap<ChangeHash, (DeviceId, Vec<u8>)>,
) -> usize {
    let mut fresh = Keeper::new(doc, device);
    fresh.come_back(server).await;
    let found: HashMap<_, _> = fresh.held.iter().map(|item| (item.hash, (item.by, &item.sig))).collect();
    let is_found = |(hash, (by, sig)): &(_, &(DeviceId, Vec<u8>))| found.get(*hash) == Some(&(*by, sig));
    acknowledged.len() - acknowledged.iter().filter(is_found).count()
}

/// A device that types.
struct Writer {
    author: Author,
    keeper: Keeper,
}

impl Writer {
    fn new(doc: DocId, device: &Device) -> Self {
        Self { author: Author::new(doc, device), keeper: Keeper::new(doc, device) }
    }

    async fn write(
        &mut self,
        server: SocketAddr,
        edits: usize,
        acknowledged: &mut HashMap<ChangeHash, (DeviceId, Vec<u8>)>,
    ) {
        let items = (0..edits).map(|_| self.author.edit("twintig letters erin")).collect::<Vec<_>>();
        items.iter().for_each(|item| self.keeper.hold(item.clone()));
        self.keeper.come_back(server).await;
        acknowledged.extend(items.into_iter().map(|item| (item.hash, (item.by, item.sig))));
    }
}

/// A device that holds on to everything that it ever had.
struct Keeper {
    device: Device,
    held: Vec<PushItem>,
    hashes: HashSet<ChangeHash>,
    /// What it has seen of the log up to its place.
    seen: HashSet<ChangeHash>,
    place: Place,
    snapshots: usize,
}

impl Keeper {
    fn new(doc: DocId, device: &Device) -> Self {
        Self {
            device: device.clone(),
            held: vec![],
            hashes: HashSet::new(),
            seen: HashSet::new(),
            place: Place::start(doc),
            snapshots: 0,
        }
    }

    fn hold(&mut self, item: PushItem) {
        if self.hashes.insert(item.hash) {
            self.held.push(item);
        }
    }

    /// Reads on where it was, from the start if the log is another one, and pushes what the log lacks: how many items.
    async fn come_back(&mut self, server: SocketAddr) -> usize {
        let mut client = Client::connect(server, &self.device).await.expect("the server lets it in");
        client.open(vec![self.place]).await;
        let (mut head, mut pieces) = (None, Pieces::default());
        while head.is_none_or(|head| self.place.cursor < head) {
            match client.next().await {
                Event::Message(ServerMessage::Opened { head: newest, .. }) => head = Some(newest),
                Event::Message(ServerMessage::Snapshot { piece, .. }) => {
                    if let Some(whole) = pieces.add(piece) {
                        self.take(&whole);
                    }
                }
                Event::Message(ServerMessage::Changes { items, chain, .. }) => {
                    for item in items {
                        self.seen.insert(item.hash);
                        self.place.cursor = item.seq;
                        let data = item.data.data().expect("nothing is void").to_vec();
                        self.hold(PushItem { hash: item.hash, by: item.by, sig: item.sig, data });
                    }
                    self.place.chain = Some(chain);
                }
                Event::Message(ServerMessage::Reset { doc }) => {
                    (self.place, head) = (Place::start(doc), None);
                    self.seen.clear();
                    client.open(vec![self.place]).await;
                }
                Event::Message(ServerMessage::Welcome { .. } | ServerMessage::Directory { .. }) => {}
                other => panic!("{other:?} while a log is read"),
            }
        }
        let lacking: Vec<_> =
            self.held.iter().filter(|item| !self.seen.contains(&item.hash)).cloned().collect();
        for some in lacking.chunks(TOGETHER) {
            let push = client.push(self.place.doc, some.to_vec()).await;
            let answer = client.wait_for(|message| match message {
                ServerMessage::Ack { id, items, .. } if id == push => Some(items.len()),
                ServerMessage::Reject { items, .. } => panic!("refused: {items:?}"),
                _ => None,
            });
            assert_eq!(answer.await, Some(some.len()));
        }
        lacking.len()
    }

    /// Takes every change out of a snapshot, with its author and signature.
    fn take(&mut self, whole: &snapshot::Snapshot) {
        let opened = snapshot::open(whole).expect("looked at before");
        for (item, change) in whole.items.iter().zip(opened.changes) {
            self.seen.insert(item.hash);
            let data = change.raw_bytes().to_vec();
            self.hold(PushItem { hash: item.hash, by: item.by, sig: item.sig.clone(), data });
        }
        self.place = Place { cursor: whole.seq, chain: Some(whole.chain), ..self.place };
        self.snapshots += 1;
    }
}
