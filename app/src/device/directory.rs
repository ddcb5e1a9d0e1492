//! The directory: fetched when it is another one than the one here, kept whole, shown.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use shared::domain::directory::Directory;
use shared::sync::device::Event;

use super::http::{self, Request};
use super::platform;
use super::running::Running;
use super::store::{BLOBS, StoreError, Write};
use super::tabs::Tidings;

/// The name of the cached directory among the blobs.
const DIRECTORY: &str = "directory";
/// How long to wait before a directory that could not be fetched is asked for again, in ms.
const RETRY_MS: u64 = 5_000;

/// Whether the directory is being fetched.
#[derive(Default)]
pub struct Fetch(Cell<Fetching>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Fetching {
    #[default]
    No,
    Yes,
    /// Once more when it is done: something changed meanwhile.
    Again,
}

impl Running {
    /// Reads the directory from disk.
    ///
    /// # Errors
    /// When the disk cannot be read; a damaged directory is as if absent.
    pub(super) async fn read_directory(&self) -> Result<(), StoreError> {
        match self.store.get(BLOBS, DIRECTORY).await {
            Ok(bytes) => {
                let directory: Option<Directory> = bytes.and_then(|it| serde_json::from_slice(&it).ok());
                self.status.directory.set(directory.map(Arc::new));
                Ok(())
            }
            // It is fetched whole at the next contact; nothing is lost.
            Err(StoreError::Damaged { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Another tab has fetched a newer directory.
    pub(super) async fn reread_directory(self: &Rc<Self>) {
        if self.read_directory().await.is_ok() {
            self.directory_changed();
        }
    }

    /// The directory is another one now.
    pub(super) fn directory_changed(self: &Rc<Self>) {
        let Some(directory) = self.status.directory.get_untracked() else { return };
        self.step(Event::Directory {
            version: directory.version.clone(),
            devices: directory.devices.iter().map(|it| (it.id, it.public_key)).collect(),
            documents: directory.documents.iter().map(|it| it.id).collect(),
        });
        self.follow_up();
    }

    /// Takes a directory from the server: on disk first, then shown. Where the disk does not take it, it is shown
    /// all the same: it says who may read what, and the next start fetches it again.
    fn take_directory(self: &Rc<Self>, directory: Directory) {
        let Ok(bytes) = serde_json::to_vec(&directory) else { return };
        let directory = Arc::new(directory);
        let show = |running: Rc<Self>, directory: Arc<Directory>| {
            running.status.directory.set(Some(directory));
            running.directory_changed();
        };
        let (kept, fleeting) = ((self.clone(), directory.clone()), (self.clone(), directory));
        self.writer.received(
            vec![Write::Put(BLOBS, DIRECTORY.to_owned(), bytes)],
            move || {
                let (running, directory) = kept;
                show(running.clone(), directory);
                running.tabs.tell(&Tidings::Directory);
            },
            move || show(fleeting.0, fleeting.1),
        );
    }

    /// Fetches the directory, if it is another one than the one here.
    pub(super) fn fetch_directory(self: &Rc<Self>) {
        let fetch = &self.driver.directory.0;
        if fetch.get() != Fetching::No {
            fetch.set(Fetching::Again);
            return;
        }
        fetch.set(Fetching::Yes);
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let fetch = &running.driver.directory.0;
            loop {
                let version = running
                    .status
                    .directory
                    .with_untracked(|it| it.as_ref().map(|directory| directory.version.clone()));
                let path = "/api/directory";
                let request = Request { method: "GET", path, etag: version.as_deref(), ..Request::default() };
                let answer = http::fetch(request).await;
                let again = fetch.replace(Fetching::Yes) == Fetching::Again;
                match answer {
                    Ok(answer) if answer.status == 200 => {
                        if let Some(directory) = answer.json::<Directory>() {
                            running.take_directory(directory);
                        }
                    }
                    Ok(answer) if answer.status == 304 => running.directory_changed(),
                    Ok(answer) if answer.status == 401 => {
                        running.session_ended();
                        break;
                    }
                    _ => {
                        // Offline: the next connection says `directory` again.
                        if !running.driver.is_online() || running.driver.is_signed_out() {
                            break;
                        }
                        platform::sleep(RETRY_MS).await;
                        continue;
                    }
                }
                if !again {
                    break;
                }
            }
            fetch.set(Fetching::No);
        });
    }
}
