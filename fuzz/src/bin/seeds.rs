//! Writes what fuzzing starts from into `corpus/`: sound changes, crafted ones, and messages that carry them.

use std::fs;
use std::io;
use std::path::Path;

use fuzz::{DOC, Field, frame};
use shared::domain::kind::DocKind;
use shared::ids::DeviceId;
use shared::sync::codec;
use shared::sync::crafted::Caught;
use shared::sync::limits::Limits;
use shared::sync::message::{Body, ClientMessage, LogItem, Mode, Place, ServerMessage, VERSION};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let field = Field::get();
    let [start, sound] = field.log();
    let next = field.soil().next.chunk();
    let sounds = [("genesis", start.to_vec()), ("sound", sound.to_vec()), ("next", next)];
    let mut changes: Vec<_> = sounds.into_iter().map(|(name, it)| (name.to_owned(), it, Caught::Nowhere)).collect();
    let kinds = field.soil().kinds();
    changes.extend(kinds.into_iter().map(|(name, it, caught)| (name.replace(' ', "-"), it.chunk(), caught)));
    let client = |message: &ClientMessage| codec::client(message);
    let server = |message: &ServerMessage| codec::server(message);
    let hello = client(&ClientMessage::Hello { version: VERSION, client: "fuzz".to_owned() });
    let open = client(&ClientMessage::Open { docs: vec![Place { doc: DOC, cursor: 0, chain: None, part: None }] });
    let welcome = server(&ServerMessage::Welcome {
        user: shared::ids::UserId([1; 16]),
        device: field.device(),
        now: 0,
        limits: Limits::OURS,
    });
    let opened = server(&ServerMessage::Opened {
        doc: DOC,
        kind: DocKind::SharedNotes.code().to_owned(),
        access: Mode::Write,
        head: 2,
    });
    for (name, change, caught) in changes {
        // Behind magic, checksum, type and length: the targets put those right.
        let body = change.get(if change.len() < 138 { 10 } else { 11 }..).unwrap_or_default();
        let item = field.item(&change);
        let logged = LogItem {
            seq: 1,
            hash: item.hash,
            by: if name == "genesis" { DeviceId::GENESIS } else { item.by },
            sig: item.sig.clone(),
            data: Body::Data(change.clone()),
        };
        let chain = shared::sync::chain::next(shared::sync::chain::start(DOC), item.hash);
        let pushed = client(&ClientMessage::Push { id: 1, doc: DOC, items: vec![item] });
        let changed = server(&ServerMessage::Changes { doc: DOC, from: 0, items: vec![logged], chain });
        // What runs away would only end the process that has to find something else.
        if caught != Caught::Runaway {
            write(&corpus, "decode", &name, body)?;
        }
        write(&corpus, "change", &name, body)?;
        write(&corpus, "codec", &name, &pushed)?;
        write(&corpus, "codec", &format!("{name}-changes"), &changed)?;
        write(&corpus, "gate", &name, &frame(&[body, body]))?;
        write(&corpus, "session", &name, &frame(&[&hello, &open, &pushed]))?;
        write(&corpus, "device", &name, &frame(&[&welcome, &opened, &changed]))?;
    }
    Ok(())
}

fn write(corpus: &Path, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}
