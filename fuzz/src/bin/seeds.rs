//! Writes what fuzzing starts from into `corpus/`: sound changes, crafted ones, and messages that carry them.

use std::fs;
use std::io;
use std::path::Path;

use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::codec;
use shared::sync::crafted::Soil;
use shared::sync::message::{ClientMessage, Place, PushItem, VERSION};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let start = &genesis(DocKind::SharedNotes).data;
    let soil = Soil::new(start, ActorId([3; 16])).ok_or_else(|| io::Error::other("no soil to craft on"))?;
    let mut changes = vec![("genesis".to_owned(), start.clone()), ("sound".to_owned(), soil.sound.clone())];
    changes.extend(soil.kinds().into_iter().map(|(name, it, _)| (name.replace(' ', "-"), it.chunk())));
    let doc = DocId([0xd0; 16]);
    let hello = codec::client(&ClientMessage::Hello { version: VERSION, client: "fuzz".to_owned() });
    let open = codec::client(&ClientMessage::Open { docs: vec![Place { doc, cursor: 0, chain: None }] });
    for (name, change) in changes {
        // Behind magic, checksum, type and length: the targets put those right.
        let body = change.get(if change.len() < 138 { 10 } else { 11 }..).unwrap_or_default();
        let item = PushItem { hash: ChangeHash([1; 32]), by: DeviceId([2; 16]), sig: vec![0; 64], data: change.clone() };
        let push = codec::client(&ClientMessage::Push { id: 1, doc, items: vec![item] });
        let frames = [&hello, &open, &push].into_iter().flat_map(|frame| {
            let length = u16::try_from(frame.len()).unwrap_or(u16::MAX).to_le_bytes();
            [&length[..], frame].concat()
        });
        for (target, bytes) in [("change", body), ("decode", body), ("codec", &push)] {
            write(&corpus, target, &name, bytes)?;
        }
        write(&corpus, "session", &name, &frames.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn write(corpus: &Path, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}
