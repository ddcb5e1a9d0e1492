//! The worker processes themselves: what they may use, and what becomes of a push when one of them ends.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process};
use server::gate::maker::Maker;
use server::gate::trier::{Ground, Trier};
use server::gate::{Finding, Gate};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, UserId};
use shared::sync::crafted::{Caught, Crafted, Op, Soil, column, signed, unsigned};
use shared::sync::message::{ErrorCode, RejectCode, ServerMessage};
use tempfile::{TempDir, tempdir};
use tests::{TestApp, worker};

use crate::gate::Field;

const KIND: DocKind = DocKind::ReflectionDraft;
const ANNA: UserId = UserId([1; 16]);
const BRAM: UserId = UserId([2; 16]);

/// A program that starts workers in its own way.
struct Script {
    folder: TempDir,
    path: PathBuf,
}

impl Script {
    fn new(text: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempdir().unwrap();
        let path = folder.path().join("worker");
        // By another process: while this one has it open for writing, nobody can start it.
        let text = text(folder.path());
        let written = Command::new("/bin/sh")
            .args(["-c", r#"printf '%s\n' '#!/bin/sh' "$1" >"$2" && chmod +x "$2""#, "sh", &text])
            .arg(&path)
            .status()
            .unwrap();
        assert!(written.success());
        Self { folder, path }
    }

    /// Notes the process id of each.
    fn noting() -> Self {
        Self::new(|folder| format!("echo $$ >>{}/pids\nexec {} \"$@\"", folder.display(), worker().display()))
    }

    /// Each is killed with its first request.
    fn mortal() -> Self {
        Self::new(|_| {
            r"printf '\026\000\000\000loopbaanmaat.worker.v1'; /usr/bin/head -c 1 >/dev/null; kill -9 $$"
                .into()
        })
    }

    fn started(&self) -> Vec<i32> {
        let noted = std::fs::read_to_string(self.folder.path().join("pids")).unwrap_or_default();
        noted.lines().map(|pid| pid.parse().unwrap()).collect()
    }
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn soil() -> Soil {
    Soil::new(&genesis(KIND).data, ActorId([3; 16])).unwrap()
}

fn killer() -> Vec<u8> {
    soil().kinds().into_iter().find(|(_, _, caught)| *caught == Caught::Runaway).unwrap().1.chunk()
}

/// Waits until something has been written to its standard input that it has not read.
async fn asked(pid: i32) {
    let input = std::fs::File::open(format!("/proc/{pid}/fd/0")).unwrap();
    while rustix::io::ioctl_fionread(&input).unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_push_is_judged_though_its_worker_is_killed_while_it_decodes() {
    let script = Script::noting();
    let app = TestApp::with_worker(&script.path).await;
    let field = Field::new(&app).await;
    let [pid] = script.started()[..] else { panic!("one push needs one worker") };
    signal(pid, Signal::STOP);
    let next = field.soil.next.chunk();
    let (answer, ()) = tokio::join!(field.push(&next), async {
        asked(pid).await;
        signal(pid, Signal::KILL);
    });
    assert_eq!(answer, Ok(3));
    assert_eq!(script.started().len(), 2);
    assert_eq!(app.store().quarantined().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_killed_from_outside_each_time_is_not_blamed() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let script = Script::mortal();
    let app = app.restarted_with_worker(&script.path).await;
    let field = Field { person: field.person.at(&app), doc: field.doc, soil: field.soil };
    let heard = field.person.push(field.doc, vec![field.item(&field.soil.next.chunk())]).await;
    assert!(
        matches!(heard[..], [ServerMessage::Error { code: ErrorCode::Unavailable, id: Some(1), .. }]),
        "{heard:?}"
    );
    assert_eq!(app.store().quarantined().await.unwrap(), []);
    let nothing = Ground { base: None, tried: vec![] };
    assert!(Trier::new(Some(&script.path)).apply(&nothing, &[&genesis(KIND).data]).await.is_err());
    // Nor does a log do without a snapshot for it.
    let made = Maker::new(Some(&script.path)).make(None, &[genesis(KIND).data.clone()]).await;
    assert!(made.is_err(), "{made:?}");
}

#[tokio::test]
async fn a_worker_has_its_limits_and_is_the_first_to_go() {
    let script = Script::noting();
    let gate = Gate::new(Some(script.path.clone()));
    assert_eq!(gate.decode(ANNA, vec![soil().sound.into()]).await.unwrap(), [Finding::Sound]);
    let pid = script.started()[0];
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let soft = |name: &str| -> u64 {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().parse().unwrap()
    };
    assert_eq!(soft("Max address space"), 512 << 20);
    assert!(soft("Max cpu time") <= 3, "{limits}");
    assert_eq!((soft("Max core file size"), soft("Max file size"), soft("Max open files")), (0, 0, 0));
    assert_eq!(std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim(), "1000");
}

#[tokio::test]
async fn a_worker_that_stands_still_is_given_up() {
    let script = Script::noting();
    let gate = Gate::new(Some(script.path.clone()));
    let change = soil().sound;
    gate.decode(ANNA, vec![change.clone().into()]).await.unwrap();
    signal(script.started()[0], Signal::STOP);
    // Time passes as soon as there is nothing else to do.
    tokio::time::pause();
    let found = gate.decode(ANNA, vec![change.into()]).await;
    assert!(!matches!(&found, Ok(findings) if findings == &[Finding::Sound]), "{found:?}");
}

#[tokio::test]
async fn who_brings_workers_down_is_answered_after_the_others_and_once_at_a_time() {
    let gate = Gate::new(Some(worker()));
    let order = Mutex::new(Vec::new());
    let asks = async |person: UserId, changes: Vec<Vec<u8>>| {
        let found = gate.decode(person, changes.into_iter().map(Into::into).collect()).await.unwrap();
        order.lock().unwrap().push(person);
        found
    };
    let (annas, brams) = tokio::join!(
        asks(ANNA, vec![soil().sound, killer(), killer(), killer()]),
        asks(BRAM, vec![soil().sound, soil().next.chunk()])
    );
    assert_eq!(*order.lock().unwrap(), [BRAM, ANNA]);
    assert_eq!(brams, [Finding::Sound, Finding::Sound]);
    assert!(matches!(annas[..], [Finding::Sound, Finding::Harmful(_)]), "{annas:?}");
}

#[tokio::test]
async fn a_worker_that_has_grown_is_not_kept() {
    let script = Script::noting();
    let gate = Gate::new(Some(script.path.clone()));
    let sound = soil().sound;
    for _ in 0..4 {
        assert_eq!(gate.decode(ANNA, vec![sound.clone().into()]).await.unwrap(), [Finding::Sound]);
    }
    assert_eq!(script.started().len(), 1);
    // As many operations as there may be. What the first time takes is given back, what later ones take is kept.
    let run = |value: &[u8]| [&signed(100_000)[..], value].concat();
    let columns = vec![
        (column::KEY_TEXT, run(b"\x01k")),
        (column::INSERT, unsigned(100_000)),
        (column::ACTION, run(&[1])),
        (column::VALUE_META, run(&[0x13])),
        (column::VALUE, vec![1; 100_000]),
        (column::PREDS, run(&[0])),
    ];
    let large = Crafted { columns, ..soil().next }.chunk();
    for _ in 0..4 {
        assert_eq!(gate.decode(ANNA, vec![large.clone().into()]).await.unwrap(), [Finding::Sound]);
    }
    assert!(script.started().len() > 1);
}

#[tokio::test]
async fn nothing_of_who_may_not_read_the_document_is_decoded_or_kept() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let stranger = app.employee().await;
    let item = field.item(&killer_for(&field));
    let heard = stranger.push(field.doc, vec![item.clone()]).await;
    assert!(matches!(heard[..], [ServerMessage::Denied { .. }]), "{heard:?}");
    assert_eq!(app.store().quarantined().await.unwrap(), []);
    // From who may, it is.
    let heard = field.person.push(field.doc, vec![item]).await;
    assert!(
        matches!(&heard[..], [ServerMessage::Reject { items, .. }] if items[0].code == RejectCode::Quarantined)
    );
    assert_eq!(app.store().quarantined().await.unwrap().len(), 1);
}

/// Signed by whoever the field belongs to.
fn killer_for(field: &Field) -> Vec<u8> {
    field.soil.next.clone().doing(&Op { object: Some((4, 1)), ..Op::put("k") }).chunk()
}
