use std::sync::Arc;

use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::sync::message::PushItem;
use shared::sync::session::PushAnswer;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use store::contract::{Author, Human, World};

use super::*;
use crate::SqliteStore;
use crate::judging::{self, Push};

const KIND: DocKind = DocKind::SharedNotes;

/// Anna and Bram write a document, to which Anna has pushed once.
struct Scene {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    world: World,
    anna: Human,
    bram: Human,
    doc: DocId,
    author: Author,
    recent: Recent,
    written: usize,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("loopbaanmaat.db")).await.unwrap());
        let world = World::on(Arc::clone(&store) as store::SharedStore);
        let anna = world.human(1, &[Role::Employee]).await;
        let bram = world.human(2, &[Role::InternalCoach]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bram, Access::Write)]).await;
        let author = Author::new(&anna, doc, KIND, 1);
        let recent = Recent::default();
        let mut scene = Self { folder, store, world, anna, bram, doc, author, recent, written: 0 };
        let first = scene.author.write("first");
        let push = scene.push(&scene.anna, vec![first], &[]).await;
        let mut connection = scene.store.writer.acquire().await.unwrap();
        let judged = judging::judge(&mut connection, &[&push]).await.unwrap();
        assert!(judged.store_at_once(&mut connection).await.unwrap());
        drop(connection);
        scene.recent.learn(judged.version, judged.seen);
        scene
    }

    async fn push(&self, carrier: &Human, items: Vec<PushItem>, audience: &[&Human]) -> Push {
        let items = self.world.examine(self.doc, items).await.into();
        let audience = audience.iter().map(|human| human.carrier()).collect();
        Push { carrier: carrier.carrier(), doc: self.doc, items, audience }
    }

    async fn is_enough_for(&self, carrier: &Human, items: Vec<PushItem>, audience: &[&Human]) -> bool {
        let push = self.push(carrier, items, audience).await;
        judging::judge_remembered(&self.recent, &[&push]).is_some()
    }

    /// Something new each time.
    fn write(&mut self) -> PushItem {
        self.written += 1;
        self.author.write(&self.written.to_string())
    }

    async fn push_to_store(&mut self) -> PushAnswer {
        let item = self.write();
        self.world.try_push(&self.anna, self.doc, vec![item]).await.unwrap()
    }
}

#[tokio::test]
async fn what_follows_on_what_was_stored_is_judged_without_the_database() {
    let mut scene = Scene::new().await;
    for round in 0..3 {
        let items = scene.author.write_many(2);
        let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
        let push = scene.push(&scene.anna, items, &[]).await;
        let judged = judging::judge_remembered(&scene.recent, &[&push]).unwrap();
        let mut connection = scene.store.writer.acquire().await.unwrap();
        assert!(judged.store_at_once(&mut connection).await.unwrap());
        drop(connection);
        scene.recent.learn(judged.version, judged.seen);
        let (log, chain) = store::contract::world::batch(scene.world.read(&scene.bram, scene.doc).await);
        assert_eq!(log[2 + 2 * round..].iter().map(|item| item.hash).collect::<Vec<_>>(), hashes);
        let known = &scene.recent.docs[&scene.doc].head;
        assert_eq!((known.seq, known.chain), (log.len() as u64, chain));
    }
}

#[tokio::test]
async fn what_is_not_all_known_goes_to_the_database() {
    let mut scene = Scene::new().await;
    let Scene { anna, bram, doc, .. } = &scene;
    let (anna, bram, doc) = (anna.clone(), bram.clone(), *doc);
    let next = scene.author.write("next");
    assert!(scene.is_enough_for(&anna, vec![next.clone()], &[&anna]).await);
    // Somebody who carries, and somebody who listens.
    assert!(!scene.is_enough_for(&bram, vec![next.clone()], &[]).await);
    assert!(!scene.is_enough_for(&anna, vec![next.clone()], &[&bram]).await);
    // A gap, and an item that comes twice.
    let after = scene.author.write("after");
    assert!(!scene.is_enough_for(&anna, vec![after], &[]).await);
    assert!(!scene.is_enough_for(&anna, vec![next.clone(), next], &[]).await);
    // A new actor of the same author, and another author.
    let other_run = Author::new(&anna, doc, KIND, 2).write("other run");
    assert!(!scene.is_enough_for(&anna, vec![other_run], &[]).await);
    let of_bram = Author::new(&bram, doc, KIND, 1).write("of another");
    assert!(!scene.is_enough_for(&anna, vec![of_bram], &[]).await);
    // What the log has.
    let again = Author::new(&anna, doc, KIND, 1).write("first");
    assert!(!scene.is_enough_for(&anna, vec![again], &[]).await);
}

#[tokio::test]
async fn what_was_never_decoded_is_not_stored_by_what_is_remembered() {
    let mut scene = Scene::new().await;
    let item = scene.author.write("next");
    let undecoded = shared::sync::gate::examine(scene.doc, item, Some(&scene.anna.key.public()));
    let carrier = scene.anna.carrier();
    let push = Push { carrier, doc: scene.doc, items: Arc::new([undecoded]), audience: vec![] };
    assert!(judging::judge_remembered(&scene.recent, &[&push]).is_none());
}

#[tokio::test]
async fn nothing_remembered_outlives_a_transaction() {
    let mut scene = Scene::new().await;
    assert!(matches!(scene.push_to_store().await, PushAnswer::Done { stored, .. } if stored == [3]));
    scene.world.grant(scene.doc, &[(&scene.bram, Access::Write)]).await;
    assert_eq!(scene.push_to_store().await, PushAnswer::Gone);
}

#[tokio::test]
async fn nothing_remembered_outlives_what_another_program_writes() {
    let mut scene = Scene::new().await;
    assert!(matches!(scene.push_to_store().await, PushAnswer::Done { stored, .. } if stored == [3]));
    let options = SqliteConnectOptions::new().filename(scene.folder.path().join("loopbaanmaat.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE users SET disabled = 1").execute(&mut other).await.unwrap();
    assert_eq!(scene.push_to_store().await, PushAnswer::Denied);
}

#[tokio::test]
async fn nothing_remembered_outlives_the_connection_that_it_was_read_on() {
    let mut scene = Scene::new().await;
    assert!(matches!(scene.push_to_store().await, PushAnswer::Done { stored, .. } if stored == [3]));
    let options = SqliteConnectOptions::new().filename(scene.folder.path().join("loopbaanmaat.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE users SET disabled = 1").execute(&mut other).await.unwrap();
    // The next one begins its own count of what others have written.
    scene.store.writer.acquire().await.unwrap().discard();
    assert_eq!(scene.push_to_store().await, PushAnswer::Denied);
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let mut scene = Scene::new().await;
    let mut last = None;
    for _ in 0..2 * CHANGES {
        let item = scene.write();
        let push = scene.push(&scene.anna, vec![item], &[]).await;
        let judged = judging::judge_remembered(&scene.recent, &[&push]).unwrap();
        last = judged.seen[0].stored.last().map(|it| it.hash);
        scene.recent.learn(judged.version, judged.seen);
    }
    let changes = &scene.recent.docs[&scene.doc].changes;
    assert_eq!((changes.len(), changes.back().map(|(hash, _)| *hash)), (CHANGES, last));
    let elsewhere = |n: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        let head = scene.recent.docs[&scene.doc].head.clone();
        Seen { doc: DocId(id), head, facts: LogFacts::default(), access: vec![], stored: vec![] }
    };
    let many: Vec<_> = (0..DOCS as u16).map(elsewhere).collect();
    scene.recent.learn(scene.recent.version, many);
    assert_eq!(scene.recent.docs.len(), DOCS);
}
