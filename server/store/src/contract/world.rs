//! An organisation in a few lines: people with a device each, documents, and changes signed as they would be.

use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, Change, ROOT, TextEncoding};
use shared::access::Access;
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{ActorId, Chain, ChangeHash, DeviceId, DocId, ReferralId, TrajectoryId, UserId};
use shared::sync::gate::{self, Examined};
use shared::sync::message::{Acked, LogItem, Place, PushItem, RejectCode};
use shared::sync::session::{PushAnswer, ReadAnswer};
use shared::sync::signature::DeviceKey;

use crate::{
    BatchLimit, Carrier, Device, Document, GrantsChange, NewGrant, Referral, Result, SharedStore, Trajectory,
    User, WriteTx,
};

/// More than any case reads.
pub const PLENTY: BatchLimit = BatchLimit { items: 1_000, bytes: 1_000_000 };

/// A store and what is put into it.
#[derive(Clone)]
pub struct World {
    /// The store.
    pub store: SharedStore,
}

/// A person with one device.
#[derive(Clone)]
pub struct Human {
    /// Who.
    pub user: UserId,
    /// Her device.
    pub key: DeviceKey,
}

impl Human {
    /// The person who is numbered so, with the device that is numbered so.
    #[must_use]
    pub fn numbered(number: u8) -> Self {
        Self { user: UserId([number; 16]), key: DeviceKey::from_secret(&[number; 32]) }
    }

    /// Her device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.key.id()
    }

    /// Herself on her device.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        Carrier { user: self.user, device: self.device() }
    }
}

impl World {
    /// Around an open store.
    #[must_use]
    pub fn on(store: SharedStore) -> Self {
        Self { store }
    }

    /// Changes something.
    pub async fn begin(&self) -> Box<dyn WriteTx> {
        self.store.begin().await.unwrap()
    }

    /// Adds a person with a device.
    pub async fn human(&self, number: u8, roles: &[Role]) -> Human {
        let human = Human::numbered(number);
        let mut tx = self.begin().await;
        tx.put_user(&user(number, roles)).await.unwrap();
        tx.put_device(&device(&human)).await.unwrap();
        tx.commit().await.unwrap();
        human
    }

    /// Adds a document.
    pub async fn document(&self, number: u8, kind: DocKind, grants: &[(&Human, Access)]) -> DocId {
        self.document_in(number, kind, None, None, grants).await
    }

    /// Adds a document under an id of choice.
    pub async fn document_named(&self, id: DocId, kind: DocKind, grants: &[(&Human, Access)]) -> DocId {
        self.add(Document { id, kind, owner: None, trajectory: None, destroyed: false }, grants).await
    }

    /// Adds a document with an owner and a trajectory.
    pub async fn document_in(
        &self,
        number: u8,
        kind: DocKind,
        owner: Option<UserId>,
        trajectory: Option<TrajectoryId>,
        grants: &[(&Human, Access)],
    ) -> DocId {
        self.add(Document { id: DocId([number; 16]), kind, owner, trajectory, destroyed: false }, grants)
            .await
    }

    async fn add(&self, document: Document, grants: &[(&Human, Access)]) -> DocId {
        let mut tx = self.begin().await;
        tx.add_document(&document).await.unwrap();
        tx.commit().await.unwrap();
        self.grant(document.id, grants).await;
        document.id
    }

    /// Sets who may do what.
    pub async fn grant(&self, doc: DocId, grants: &[(&Human, Access)]) -> GrantsChange {
        let grants: Vec<_> =
            grants.iter().map(|(human, access)| NewGrant { user: human.user, access: *access }).collect();
        let mut tx = self.begin().await;
        let change = tx.set_grants(doc, &grants).await.unwrap();
        tx.commit().await.unwrap();
        change
    }

    /// Destroys a document.
    pub async fn destroy(&self, doc: DocId) -> GrantsChange {
        let mut tx = self.begin().await;
        let change = tx.destroy_document(doc, 9).await.unwrap();
        tx.commit().await.unwrap();
        change
    }

    /// Revokes a person's device.
    pub async fn revoke(&self, human: &Human) {
        let mut tx = self.begin().await;
        tx.put_device(&Device { revoked: true, ..device(human) }).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Adds or changes a trajectory.
    pub async fn trajectory(&self, number: u8, employee: &Human, state: TrajectoryState) -> TrajectoryId {
        let id = TrajectoryId([number; 16]);
        let mut tx = self.begin().await;
        tx.put_trajectory(&Trajectory {
            id,
            employee: employee.user,
            state,
            registered_at: u64::from(number),
            intake_at: None,
            closed_at: None,
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Adds or changes a referral.
    pub async fn referral(
        &self,
        number: u8,
        of: TrajectoryId,
        coach: &Human,
        state: ReferralState,
    ) -> ReferralId {
        let id = ReferralId([number; 16]);
        let mut tx = self.begin().await;
        tx.put_referral(&Referral {
            id,
            trajectory: of,
            coach: coach.user,
            state,
            offered_at: u64::from(number),
            answered_at: (state != ReferralState::Offered).then_some(100),
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Makes the checks that need no log, with the keys that the store knows, and decodes what passes.
    pub async fn examine(&self, doc: DocId, items: Vec<PushItem>) -> Vec<Examined> {
        let authors: Vec<_> = items.iter().map(|item| item.by).collect();
        let keys = self.store.devices(&authors).await.unwrap();
        let key = |by| keys.iter().find(|key| key.id == by).map(|key| &key.public_key);
        items
            .into_iter()
            .map(|item| {
                let key = key(item.by);
                gate::examine(doc, item, key).decoded_here()
            })
            .collect()
    }

    /// Pushes.
    pub async fn try_push(&self, carrier: &Human, doc: DocId, items: Vec<PushItem>) -> Result<PushAnswer> {
        let items = self.examine(doc, items).await;
        self.store.push(carrier.carrier(), doc, items).await
    }

    /// Pushes, and expects an answer.
    pub async fn push(&self, carrier: &Human, doc: DocId, items: Vec<PushItem>) -> PushAnswer {
        self.try_push(carrier, doc, items).await.unwrap()
    }

    /// Pushes what must be stored, and gives the places.
    pub async fn store_all(&self, carrier: &Human, doc: DocId, items: Vec<PushItem>) -> Vec<u64> {
        let (acked, rejected, _) = done(self.push(carrier, doc, items).await);
        assert_eq!(rejected, []);
        acked.into_iter().map(|acked| acked.seq).collect()
    }

    /// Reads a whole log.
    pub async fn read(&self, reader: &Human, doc: DocId) -> ReadAnswer {
        self.read_from(reader, doc, 0, None).await
    }

    /// Reads a log from a place.
    pub async fn read_from(
        &self,
        reader: &Human,
        doc: DocId,
        cursor: u64,
        chain: Option<Chain>,
    ) -> ReadAnswer {
        self.read_place(reader, Place { doc, cursor, chain, part: None }).await
    }

    /// Reads a log from a place, which may be in the middle of a snapshot.
    pub async fn read_place(&self, reader: &Human, place: Place) -> ReadAnswer {
        let mut answers = self.store.read_logs(reader.carrier(), &[place], PLENTY).await.unwrap();
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }
}

/// The items and the chain of a read that was allowed.
#[must_use]
pub fn batch(answer: ReadAnswer) -> (Vec<LogItem>, Chain) {
    match answer {
        ReadAnswer::Batch { items, chain, .. } => (items, chain),
        other => panic!("{other:?}"),
    }
}

/// What a push that was allowed gave.
#[must_use]
pub fn done(answer: PushAnswer) -> (Vec<Acked>, Vec<(ChangeHash, RejectCode)>, Vec<u64>) {
    match answer {
        PushAnswer::Done { acked, rejected, stored } => {
            (acked, rejected.into_iter().map(|it| (it.hash, it.code)).collect(), stored)
        }
        other => panic!("{other:?}"),
    }
}

/// The account of the person who is numbered so.
#[must_use]
pub fn user(number: u8, roles: &[Role]) -> User {
    User {
        id: UserId([number; 16]),
        email: format!("person{number}@voorbeeld.example"),
        name: format!("Person {number:03}"),
        unit: "Bureau".to_owned(),
        roles: roles.to_vec(),
        password_hash: None,
        disabled: false,
    }
}

/// A person's device, as registered.
#[must_use]
pub fn device(human: &Human) -> Device {
    Device {
        id: human.device(),
        user: human.user,
        public_key: human.key.public(),
        name: "Tablet".to_owned(),
        created_at: 1,
        last_seen: 2,
        revoked: false,
    }
}

/// Somebody at work in one document: a run of a tab.
pub struct Author {
    doc: DocId,
    key: DeviceKey,
    content: AutoCommit,
}

impl Author {
    /// With nothing but the genesis. `run` tells one run of a tab from another.
    #[must_use]
    pub fn new(human: &Human, doc: DocId, kind: DocKind, run: u8) -> Self {
        let mut content = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        content.apply_changes([Change::from_bytes(genesis(kind).data.clone()).unwrap()]).unwrap();
        content.set_actor(automerge::ActorId::from(ActorId::of_device(human.device(), [run; 8]).0));
        Self { doc, key: human.key.clone(), content }
    }

    /// Changes something.
    pub fn write(&mut self, value: &str) -> PushItem {
        self.content.put(ROOT, "test", value).unwrap();
        self.content.commit();
        let change = self.content.get_last_local_change().unwrap();
        let hash = ChangeHash(change.hash().0);
        PushItem {
            hash,
            by: self.key.id(),
            sig: self.key.sign_change(self.doc, hash).0.to_vec(),
            data: change.raw_bytes().to_vec(),
        }
    }

    /// As many changes.
    pub fn write_many(&mut self, count: usize) -> Vec<PushItem> {
        (0..count).map(|number| self.write(&number.to_string())).collect()
    }
}
