use std::sync::Arc;
use std::time::Duration;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ROOT, TextEncoding};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::message::PushItem;
use shared::sync::session::Ask;
use shared::sync::signature::DeviceKey;
use store::{Carrier, Device};
use store_sqlite::SqliteStore;
use tokio::time::timeout;

use super::answer;
use crate::clock::Clock;
use crate::commands::accounts::{self, NewAccount};
use crate::config::Config;
use crate::hub::Signal;
use crate::state::AppState;

/// Nothing waits for this but what never comes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn who_is_gone_while_a_push_is_stored_keeps_nobody_from_being_woken() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        Config::new("127.0.0.1:0".parse().unwrap(), folder.path().into(), None, None, false).unwrap();
    let store = SqliteStore::open(&folder.path().join("loopbaanmaat.sqlite")).await.unwrap();
    let state = AppState::new(config, Arc::new(store), Clock::standing());
    let key = DeviceKey::from_secret(&[1; 32]);
    let (carrier, doc) = writer(&state, &key).await;
    let tablet = state.hub.register(carrier.user, DeviceId([9; 16])).unwrap();
    tablet.subscribe(doc);

    let ask = Ask::Push { id: 1, doc, items: vec![written(doc, &key)] };
    let mut fresh = Vec::new();
    let mut pushing = Box::pin(answer(&state, carrier, ask, &mut fresh));
    assert!(futures_util::poll!(&mut pushing).is_pending());
    drop(pushing);
    let told = timeout(PATIENCE, tablet.signal()).await.expect("the other device is woken");
    assert!(matches!(told, Signal::Woken { doc: it, head: Some(2), .. } if it == doc));
}

/// Somebody with a device and a document of her own.
async fn writer(state: &AppState, key: &DeviceKey) -> (Carrier, DocId) {
    let mut tx = state.store.begin().await.unwrap();
    let account = NewAccount {
        email: "anna@test.example".into(),
        name: "Anna".into(),
        unit: String::new(),
        roles: vec![Role::Employee],
        password_hash: String::new(),
    };
    let user = accounts::add(&mut *tx, account, 1).await.unwrap();
    accounts::regrant_for(&mut *tx, &user).await.unwrap();
    let device = Device {
        id: key.id(),
        user: user.id,
        public_key: key.public(),
        name: String::new(),
        created_at: 1,
        last_seen: 1,
        revoked: false,
    };
    tx.put_device(&device).await.unwrap();
    let doc = tx.documents_of_owner(Some(user.id)).await.unwrap()[0].id;
    tx.commit().await.unwrap();
    (Carrier { user: user.id, device: key.id() }, doc)
}

fn written(doc: DocId, key: &DeviceKey) -> PushItem {
    let mut copy = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let start = genesis(DocKind::ReflectionDraft).data.clone();
    copy.apply_changes([Change::from_bytes(start).unwrap()]).unwrap();
    copy.set_actor(ActorId::of_device(key.id(), [1; 8]).0.into());
    copy.put(ROOT, "word", "woord").unwrap();
    let hash = copy.commit_with(CommitOptions::default().with_time(0)).unwrap();
    let data = copy.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec();
    let hash = ChangeHash(hash.0);
    PushItem { hash, by: key.id(), sig: key.sign_change(doc, hash).0.to_vec(), data }
}
