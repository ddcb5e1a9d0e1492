//! What the file can do to the store: its version, its permissions, a full disk, rotten bytes.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::poll;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::session::{PushAnswer, ReadAnswer};
use shared::sync::snapshot;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::contract::world::{batch, done};
use store::contract::{Author, Human, World};
use store::{CHALLENGES, NewChallenge, NewSnapshot, StoreError};
use store_sqlite::{Options, SqliteStore};

const KIND: DocKind = DocKind::SharedNotes;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("loopbaanmaat.db")
    }

    async fn open(&self, options: Options) -> World {
        World::on(Arc::new(SqliteStore::open_with(&self.file(), options).await.unwrap()))
    }

    async fn connection(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.file());
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Says something to the database behind the store's back.
    async fn sql(&self, statement: &'static str) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn refused(file: &Path) -> StoreError {
    SqliteStore::open(file).await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    folder.open(Options::default()).await.store.close().await;
    folder
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of tomorrow', 1, x'00', 0)",
        )
        .await;
    let error = refused(&folder.file()).await;
    assert!(matches!(error, StoreError::Newer { found: 9999, known: 1.. }), "{error}");
    assert!(error.to_string().contains("newer"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_as_it_is() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "Beste collega, hierbij de notulen.").unwrap();
    let error = refused(&folder.file()).await;
    assert!(matches!(&error, StoreError::Unusable { path, .. } if *path == folder.file()), "{error}");
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"Beste collega, hierbij de notulen.");
}

#[tokio::test]
async fn a_rotten_database_is_named_with_what_to_do() {
    let folder = Folder::new();
    folder.open(Options::default()).await.store.close().await;
    let mut bytes = std::fs::read(folder.file()).unwrap();
    bytes[16..4096].fill(0x5a);
    std::fs::write(folder.file(), bytes).unwrap();
    let error = refused(&folder.file()).await;
    assert!(matches!(&error, StoreError::Unusable { path, .. } if *path == folder.file()), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::write(folder.0.path().join("data"), "a file in the way").unwrap();
    let error = refused(&folder.0.path().join("data/loopbaanmaat.db")).await;
    assert!(matches!(&error, StoreError::Unusable { path, .. } if path.ends_with("data")), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_the_servers_account_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    world.human(1, &[Role::Employee]).await;
    let mut files = 0;
    for entry in std::fs::read_dir(folder.0.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        files += 1;
    }
    assert_eq!(files, 3);
    std::fs::set_permissions(folder.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    folder.open(Options::default()).await;
    assert_eq!(folder.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_deleted_does_not_linger_in_the_file() {
    const SECRET: &str = "een geheim dat niemand meer hoeft te weten";
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    world.store_all(&anna, doc, vec![Author::new(&anna, doc, KIND, 1).write(SECRET)]).await;
    world.destroy(doc).await;
    world.store.close().await;
    let bytes = std::fs::read(folder.file()).unwrap();
    assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_that_it_does_not_keep() {
    let folder = Folder::new();
    let world = folder.open(Options { max_pages: Some(400) }).await;
    let mut people = vec![];
    for number in 1..=8 {
        people.push(world.human(number, &[Role::Employee]).await);
    }
    let all: Vec<_> = people.iter().map(|human| (human, Access::Write)).collect();
    let doc = world.document(1, KIND, &all).await;
    let mut authors: Vec<_> = people.iter().map(|human| (human, Author::new(human, doc, KIND, 1))).collect();
    let (mut acked, mut refused) = (vec![], vec![]);
    for round in 0..8 {
        let pushes = authors.iter_mut().map(|(human, author)| {
            let item = author.write(&format!("note {round} ").repeat(6_000));
            let world = &world;
            async move { (item.hash, *human, item.clone(), world.try_push(human, doc, vec![item]).await) }
        });
        for (hash, human, item, answer) in join_all(pushes).await {
            match answer {
                Ok(PushAnswer::Done { acked: stored, .. }) if !stored.is_empty() => acked.push(hash),
                // The change before it was refused for want of space.
                Ok(_) => {}
                Err(StoreError::Unavailable(_)) => refused.push((human, item)),
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(!acked.is_empty() && !refused.is_empty());
    assert_log_is(&world, &people[0], doc, &acked).await;
    assert!(matches!(world.store.ready().await, Ok(()) | Err(StoreError::Unavailable(_))));
    world.store.close().await;

    let world = folder.open(Options::default()).await;
    world.store.ready().await.unwrap();
    assert_log_is(&world, &people[0], doc, &acked).await;
    let (human, item) = refused.remove(0);
    let (stored, rejected, _) = done(world.push(human, doc, vec![item]).await);
    assert_eq!((stored.len(), rejected.len()), (1, 0));
}

/// Another program takes all the room there is, and gives it back.
#[tokio::test]
async fn a_full_disk_is_told_what_is_there_is_read_and_once_there_is_room_it_writes_again() {
    let folder = Folder::new();
    let world = folder.open(Options { max_pages: Some(200) }).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    world.store_all(&anna, doc, author.write_many(1)).await;
    world.store.ready().await.unwrap();
    folder.sql("CREATE TABLE ballast (data); INSERT INTO ballast VALUES (zeroblob(1000000))").await;

    let item = author.write(&"word ".repeat(6_000));
    for _ in 0..2 {
        let answer = world.try_push(&anna, doc, vec![item.clone()]).await;
        let Err(StoreError::Unavailable(words)) = answer else { panic!("{answer:?}") };
        assert!(words.contains("full"), "{words}");
        assert_eq!(batch(world.read(&anna, doc).await).0.len(), 2);
    }
    // What was committed before it was full is no proof any more that something can be written.
    folder
        .sql(
            "CREATE TRIGGER nothing_is_written BEFORE INSERT ON settings
             BEGIN SELECT RAISE(ABORT, 'as on a disk that cannot be written'); END",
        )
        .await;
    world.store.ready().await.unwrap_err();

    folder.sql("DROP TRIGGER nothing_is_written; DROP TABLE ballast").await;
    assert_eq!(world.store_all(&anna, doc, vec![item]).await, [3]);
    world.store.ready().await.unwrap();
}

#[tokio::test]
async fn readiness_is_proven_by_a_write_where_nothing_was_written() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    world.store.ready().await.unwrap();
    world.store.close().await;
    let world = folder.open(Options::default()).await;
    folder
        .sql(
            "CREATE TRIGGER nothing_is_written BEFORE UPDATE ON settings
             BEGIN SELECT RAISE(ABORT, 'as on a disk that cannot be written'); END",
        )
        .await;
    world.store.ready().await.unwrap_err();
    folder.sql("DROP TRIGGER nothing_is_written").await;
    world.store.ready().await.unwrap();
}

#[tokio::test]
async fn who_asks_whether_it_is_ready_does_not_wait_for_a_writer_that_works() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    world.human(1, &[Role::Employee]).await;
    let _writing = world.begin().await;
    world.store.ready().await.unwrap();
}

#[tokio::test]
async fn who_hangs_up_keeps_nobody_from_a_challenge() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let new = |number| NewChallenge { challenge: [number; 32], address: "here".to_owned(), expires: 10_000 };
    let writing = world.begin().await;
    let mut first = Box::pin(world.store.put_challenge(new(1), 1_000));
    assert!(poll!(&mut first).is_pending());
    // The first one has begun to wait for the writer when the second one comes.
    tokio::task::yield_now().await;
    let mut second = Box::pin(world.store.put_challenge(new(2), 1_000));
    assert!(poll!(&mut second).is_pending());
    drop((first, writing));
    second.await.unwrap();
    assert_eq!(world.store.challenges("here", 1_000).await.unwrap(), [[2; 32], [1; 32]]);
}

#[tokio::test]
async fn there_is_an_end_to_the_challenges_that_are_kept() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    folder
        .sql(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
             INSERT INTO challenges (challenge, address, expires) SELECT randomblob(32), n, 10000 FROM numbers",
        )
        .await;
    let new = NewChallenge { challenge: [1; 32], address: "192.0.2.1".to_owned(), expires: 10_000 };
    world.store.put_challenge(new, 1_000).await.unwrap();
    let (mut kept, mut connection) = (0, folder.connection().await);
    for row in sqlx::raw_sql("SELECT address FROM challenges").fetch_all(&mut connection).await.unwrap() {
        kept += 1;
        assert_ne!(row.get::<String, _>(0), "1");
    }
    assert_eq!(kept, CHALLENGES);
    assert_eq!(world.store.challenges("192.0.2.1", 1_000).await.unwrap(), [[1; 32]]);
}

/// Holds the genesis and `hashes`, in whatever order, in one unbroken chain.
async fn assert_log_is(world: &World, reader: &Human, doc: DocId, hashes: &[shared::ids::ChangeHash]) {
    let (mut found, mut cursor, mut chain) = (vec![], 0, None);
    loop {
        let (items, after) = batch(world.read_from(reader, doc, cursor, chain).await);
        if items.is_empty() {
            break;
        }
        cursor += items.len() as u64;
        chain = Some(after);
        found.extend(items.into_iter().map(|item| item.hash));
    }
    assert_eq!(
        chain,
        Some(shared::sync::chain::after(shared::sync::chain::start(doc), found.iter().copied()))
    );
    let mut expected = hashes.to_vec();
    found.remove(0);
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn one_documents_failure_is_its_own() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let rotten = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    let sound = world.document(2, KIND, &[(&anna, Access::Write)]).await;
    folder.sql("UPDATE documents SET kind = 'nonsense' WHERE id = x'01010101010101010101010101010101'").await;
    let push = async |doc| {
        let items = Author::new(&anna, doc, KIND, 1).write_many(1);
        world.try_push(&anna, doc, items).await
    };
    let (first, second) = futures_util::join!(push(rotten), push(sound));
    assert!(matches!(first, Err(StoreError::Corrupt(_))), "{first:?}");
    assert_eq!(done(second.unwrap()).2, [2]);
    assert_eq!(world.read(&anna, rotten).await, ReadAnswer::Failed);
    assert_eq!(batch(world.read(&anna, sound).await).0.len(), 2);
}

/// The one in the middle fails when its items have been written, and those of others in the same transaction.
#[tokio::test]
async fn a_push_that_fails_in_a_shared_transaction_is_undone_and_the_others_are_stored() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let mut docs = vec![];
    for number in 1..=5 {
        docs.push(world.document(number, KIND, &[(&anna, Access::Write)]).await);
    }
    folder
        .sql(
            "CREATE TRIGGER no_third_item BEFORE UPDATE ON documents
             WHEN NEW.id = x'03030303030303030303030303030303' AND NEW.head = 3
             BEGIN SELECT RAISE(ABORT, 'not this one'); END",
        )
        .await;
    let pushes = docs.iter().map(|doc| {
        let items = Author::new(&anna, *doc, KIND, 1).write_many(2);
        world.try_push(&anna, *doc, items)
    });
    let answers = join_all(pushes).await;
    for (doc, answer) in docs.iter().zip(answers) {
        let stored = batch(world.read(&anna, *doc).await).0.len() - 1;
        match answer {
            Ok(answer) => assert_eq!((done(answer).2.len(), stored), (2, 2)),
            Err(error) => {
                assert!(matches!(error, StoreError::Conflict(_)), "{error}");
                assert_eq!((*doc, stored), (docs[2], 0));
            }
        }
    }
}

#[tokio::test]
async fn of_a_log_that_is_not_what_its_chain_says_no_snapshot_is_made() {
    for rot in [
        "UPDATE items SET chain = zeroblob(32) WHERE seq = 5",
        "UPDATE items SET hash = zeroblob(32) WHERE seq = 5",
        "DELETE FROM items WHERE seq = 5",
        "DELETE FROM items WHERE seq = 6",
    ] {
        let folder = Folder::new();
        let world = folder.open(Options::default()).await;
        let anna = world.human(1, &[Role::Employee]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
        world.store_all(&anna, doc, Author::new(&anna, doc, KIND, 1).write_many(5)).await;
        world.store.tried(&[(doc, 6)]).await.unwrap();
        folder.sql(rot).await;
        let log = world.store.log_to_cover(doc).await;
        assert!(matches!(log, Err(StoreError::Corrupt(_))), "{rot}: {log:?}");
    }
}

/// It is kept in turns, between which others write: here right after its first piece.
#[tokio::test]
async fn a_snapshot_of_a_log_that_changes_while_it_is_being_kept_is_not_served() {
    for (meanwhile, items) in [
        (
            "CREATE TRIGGER meanwhile AFTER INSERT ON snapshot_pieces
             BEGIN UPDATE items SET void = 1 WHERE doc = NEW.doc AND seq = 10; END",
            Some(10),
        ),
        (
            "CREATE TRIGGER meanwhile AFTER INSERT ON snapshot_pieces
             BEGIN UPDATE documents SET destroyed_at = 9 WHERE id = NEW.doc; END",
            None,
        ),
    ] {
        let folder = Folder::new();
        let world = folder.open(Options::default()).await;
        let anna = world.human(1, &[Role::Employee]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
        world.store_all(&anna, doc, Author::new(&anna, doc, KIND, 1).write_many(9)).await;
        world.store.tried(&[(doc, 10)]).await.unwrap();
        let log = world.store.log_to_cover(doc).await.unwrap().unwrap();
        let changes: Vec<_> = log.changes.iter().map(Vec::as_slice).collect();
        let data = snapshot::make(None, &changes).unwrap().data;
        let made = NewSnapshot { covered: log.covered, data };
        folder.sql(meanwhile).await;
        assert!(!world.store.put_snapshot(doc, made, 1_000).await.unwrap(), "{meanwhile}");
        match world.read(&anna, doc).await {
            ReadAnswer::Batch { items: read, .. } => assert_eq!(Some(read.len()), items),
            other => assert!(items.is_none() && other == ReadAnswer::Gone, "{other:?}"),
        }
        let pieces = sqlx::raw_sql("SELECT 1 FROM snapshot_pieces UNION ALL SELECT 1 FROM snapshots")
            .fetch_all(&mut folder.connection().await)
            .await
            .unwrap();
        assert_eq!(pieces.len(), 0, "{meanwhile}");
    }
}

#[tokio::test]
async fn a_gap_in_a_log_is_told_and_never_read_over() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    world.store_all(&anna, doc, Author::new(&anna, doc, KIND, 1).write_many(5)).await;
    folder.sql("DELETE FROM items WHERE seq = 3").await;
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Failed);
}

#[tokio::test]
async fn pieces_of_a_snapshot_that_was_never_finished_are_taken_away_and_not_served() {
    let folder = Folder::new();
    let world = folder.open(Options::default()).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    world.store_all(&anna, doc, Author::new(&anna, doc, KIND, 1).write_many(9)).await;
    world.store.tried(&[(doc, 10)]).await.unwrap();
    let mut file =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(folder.file())).await.unwrap();
    for seq in [10, 7] {
        sqlx::query("INSERT INTO snapshot_pieces (doc, seq, start, first, items, data) VALUES (?, ?, 0, 1, x'', x'07')")
            .bind(&doc.0[..])
            .bind(seq)
            .execute(&mut file)
            .await
            .unwrap();
    }
    assert_eq!(batch(world.read(&anna, doc).await).0.len(), 10);
    let log = world.store.log_to_cover(doc).await.unwrap().unwrap();
    let changes: Vec<_> = log.changes.iter().map(Vec::as_slice).collect();
    let data = snapshot::make(None, &changes).unwrap().data;
    let new = NewSnapshot { covered: log.covered, data: data.clone() };
    assert!(world.store.put_snapshot(doc, new, 1).await.unwrap());
    let ReadAnswer::Snapshot { piece, .. } = world.read(&anna, doc).await else { panic!() };
    assert_eq!((piece.data, piece.items.len()), (data, 10));
    let pieces = sqlx::query("SELECT count(*) FROM snapshot_pieces").fetch_one(&mut file).await.unwrap();
    assert_eq!(pieces.get::<i64, _>(0), 1);
}
