//! The devices of a drill, all at once.

use std::net::SocketAddr;

use shared::ids::DocId;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::writer::{Told, Writer};
use super::{Ground, Ledger};
use crate::load::{Device, Seed, ServerProcess};

/// Devices that write, several in each document, and the ledger of what they were told.
pub(super) struct Troupe {
    pub ground: Ground,
    pub ledger: Ledger,
    pub docs: Vec<DocId>,
    /// Writes nothing, so that it is told everything.
    pub reader: Device,
    pub unavailable: usize,
    writers: Vec<Writer>,
}

/// Writers at work.
pub(super) struct AtWork {
    tasks: JoinSet<Writer>,
    told: mpsc::UnboundedReceiver<Told>,
    stop: watch::Sender<bool>,
    /// How the connections that have ended were closed.
    pub closed: Vec<Option<u16>>,
}

impl Troupe {
    /// `docs` documents with `each` devices in every one of them, each change with `words` in it.
    pub(super) async fn new(ground: &Ground, docs: usize, each: usize, words: &str) -> Self {
        let seed = Seed::in_folder(&ground.data).await;
        let mut devices = seed.devices(docs * each + 1).await;
        let reader = devices.pop().unwrap();
        let groups: Vec<Vec<Device>> =
            devices.chunks(each).map(|group| group.iter().chain([&reader]).cloned().collect()).collect();
        let docs = seed.documents(groups.iter().map(Vec::as_slice)).await;
        seed.done().await;
        let writers = docs
            .iter()
            .zip(&groups)
            .flat_map(|(doc, group)| group[..each].iter().map(|device| Writer::new(*doc, device, words)))
            .collect();
        let (ground, ledger) = (ground.clone(), Ledger::default());
        Self { ground, ledger, docs, reader, unavailable: 0, writers }
    }

    pub(super) async fn serve(&self) -> ServerProcess {
        ServerProcess::start(&self.ground.binary, &self.ground.data).await.expect("the server starts")
    }

    /// Sets all to work.
    pub(super) fn begin(&mut self, server: SocketAddr) -> AtWork {
        let (tell, told) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for mut writer in self.writers.drain(..) {
            let (tell, stopped) = (tell.clone(), stopped.clone());
            tasks.spawn(async move {
                writer.write(server, &tell, &stopped).await;
                writer
            });
        }
        AtWork { tasks, told, stop, closed: vec![] }
    }

    /// Listens until `enough` says so of what was told; false if all have stopped before.
    pub(super) async fn listen(
        &mut self,
        at_work: &mut AtWork,
        mut enough: impl FnMut(Told) -> bool,
    ) -> bool {
        while let Some(told) = at_work.told.recv().await {
            self.note(at_work, told);
            if enough(told) {
                return true;
            }
        }
        false
    }

    /// Listens until so many more items have been acknowledged.
    pub(super) async fn acknowledged(&mut self, at_work: &mut AtWork, items: usize) -> bool {
        let mut left = items;
        self.listen(at_work, |told| {
            left -= usize::from(matches!(told, Told::Acknowledged(..)));
            left == 0
        })
        .await
    }

    /// Waits until everybody has stopped writing, by themselves or because the server is gone.
    pub(super) async fn dispersed(&mut self, mut at_work: AtWork) -> Vec<Option<u16>> {
        self.listen(&mut at_work, |_| false).await;
        self.writers.extend(at_work.tasks.join_all().await);
        at_work.closed
    }

    /// Lets everybody finish: what was written is acknowledged when this returns.
    pub(super) async fn finish(&mut self, at_work: AtWork) -> Vec<Option<u16>> {
        at_work.stop.send_replace(true);
        let closed = self.dispersed(at_work).await;
        let pending: usize = self.writers.iter().map(Writer::pending).sum();
        assert_eq!((pending, &closed[..]), (0, &[][..]), "everything has been acknowledged");
        closed
    }

    /// How many acknowledged items the log lacks.
    pub(super) async fn lost(&mut self, server: &ServerProcess) -> usize {
        self.ledger.lost(server.address, &self.reader, &self.docs).await
    }

    fn note(&mut self, at_work: &mut AtWork, told: Told) {
        match told {
            Told::Acknowledged(doc, seq, hash) => self.ledger.note(doc, seq, hash),
            Told::Unavailable => self.unavailable += 1,
            Told::Refused => panic!("a sound change was refused"),
            Told::Closed(code) => at_work.closed.push(code),
        }
    }
}
