//! A data folder, filled before the server starts on it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use server::config::Origin;
use server::identity::sessions::Token;
use server::serve;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};
use shared::sync::gate;
use shared::sync::limits;
use shared::sync::session::PushAnswer;
use shared::sync::signature::DeviceKey;
use store::{Carrier, Document, NewGrant, Session, SharedStore, User};

use super::Author;

/// The kind of all documents here.
pub const KIND: DocKind = DocKind::SharedNotes;

/// A device that is signed in, of a person of its own.
#[derive(Clone)]
pub struct Device {
    /// Whose.
    pub user: UserId,
    /// Its key.
    pub key: DeviceKey,
    /// Its session, as `name=value`.
    pub cookie: String,
}

/// An open data folder.
pub struct Seed {
    store: SharedStore,
}

impl Seed {
    /// In that folder, which is made if it is missing.
    pub async fn in_folder(data: &Path) -> Self {
        Self { store: serve::open_store(data).await.unwrap() }
    }

    /// So many people, each with one device that is signed in.
    pub async fn devices(&self, count: usize) -> Vec<Device> {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let mut devices = Vec::with_capacity(count);
        for _ in 0..count {
            let user = UserId(server::random::fresh());
            let key = DeviceKey::from_secret(&server::random::fresh());
            let token = Token::fresh();
            let account = User {
                id: user,
                email: format!("{user}@test.example"),
                name: "Iemand".into(),
                unit: String::new(),
                roles: vec![Role::Employee],
                password_hash: None,
                disabled: false,
            };
            let device = store::Device {
                id: key.id(),
                user,
                public_key: key.public(),
                name: "Testapparaat".into(),
                created_at: now,
                last_seen: now,
                revoked: false,
            };
            let session = Session {
                user,
                device: key.id(),
                created_at: now,
                last_used: now,
                revoked: false,
                disabled: false,
            };
            tx.put_user(&account).await.unwrap();
            tx.put_device(&device).await.unwrap();
            tx.add_session(&token.hash(), &session).await.unwrap();
            let set = token.set_cookie(&Origin::Loopback);
            let cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            devices.push(Device { user, key, cookie });
        }
        tx.commit().await.unwrap();
        devices
    }

    /// A document for each group of devices, which all may write it.
    pub async fn documents<'a>(&self, groups: impl IntoIterator<Item = &'a [Device]>) -> Vec<DocId> {
        let mut tx = self.store.begin().await.unwrap();
        let mut docs = Vec::new();
        for group in groups {
            let id = DocId(server::random::fresh());
            let document = Document { id, kind: KIND, owner: None, trajectory: None, destroyed: false };
            let grants: Vec<_> =
                group.iter().map(|it| NewGrant { user: it.user, access: Access::Write }).collect();
            tx.add_document(&document).await.unwrap();
            tx.set_grants(id, &grants).await.unwrap();
            docs.push(id);
        }
        tx.commit().await.unwrap();
        docs
    }

    /// Puts so many edits of `device` into a log and gives who wrote them.
    pub async fn history(&self, doc: DocId, device: &Device, edits: usize) -> Author {
        let mut author = Author::new(doc, device);
        let carrier = Carrier { user: device.user, device: device.key.id() };
        let mut left = edits;
        while left > 0 {
            let some = left.min(limits::PUSH);
            let items = (0..some)
                .map(|_| {
                    let edit = author.edit("twintig letters erin");
                    gate::examine(doc, edit, Some(&device.key.public())).decoded_here()
                })
                .collect();
            let answer = self.store.push(carrier, doc, items).await.unwrap();
            let PushAnswer::Done { stored, .. } = answer else { panic!("{answer:?}") };
            assert_eq!(stored.len(), some);
            left -= some;
        }
        author
    }

    /// Closes the folder, so that a server can have it.
    pub async fn done(self) {
        self.store.close().await;
    }
}
