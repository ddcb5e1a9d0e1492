//! The way to the server's sync: a WebSocket, or `POST /api/sync` where a network lets no WebSocket through.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use shared::sync::codec;
use shared::sync::device::Event;
use shared::sync::message::{ClientMessage, VERSION};

use super::platform;
use super::post::Post;
use super::running::Running;
use super::socket::Socket;
use super::status::Connection;

/// After so many sockets in a row that ended without a word from the server, another way is looked for.
const SILENT_SOCKETS: u32 = 3;
/// The code of a socket that closed without one.
pub(super) const NO_CODE: u16 = 1006;
/// How long a server may take to greet on a socket that is only tried out, in ms.
const TRIAL_MS: u64 = 5_000;
/// How often a trial looks whether it is over, in ms.
const TRIAL_POLL_MS: u64 = 50;

/// What is open to the server.
#[derive(Default)]
pub struct Link {
    way: RefCell<Option<Way>>,
    /// Counts ways: what is under way for an earlier one does nothing any more.
    turn: Cell<u64>,
    /// Sockets in a row that ended without a word.
    silent: Cell<u32>,
    /// Whether the server has said something on the socket.
    heard: Cell<bool>,
}

enum Way {
    Socket(Socket),
    Post(Rc<Post>),
}

impl Link {
    /// Whether something is open, or being opened.
    pub(super) fn is_there(&self) -> bool {
        self.way.borrow().is_some()
    }

    /// Sends a message; one that gets lost is noticed by the heartbeat.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        match &*self.way.borrow() {
            Some(Way::Socket(socket)) => socket.send(&bytes),
            Some(Way::Post(post)) => post.send(bytes),
            None => {}
        }
    }

    /// Lets go of what is open.
    pub(super) fn close(&self) {
        if matches!(self.way.take(), Some(Way::Socket(_))) && !self.heard.get() {
            self.silent.set(self.silent.get().saturating_add(1));
        }
        self.turn.set(self.turn.get() + 1);
    }

    /// The way that goes by `POST`, if that is the one.
    pub(super) fn post(&self) -> Option<Rc<Post>> {
        match &*self.way.borrow() {
            Some(Way::Post(post)) => Some(post.clone()),
            _ => None,
        }
    }

    /// Whether that way is still the one.
    pub(super) fn is_turn(&self, turn: u64) -> bool {
        self.turn.get() == turn
    }

    /// A WebSocket works here.
    pub(super) fn sockets_work(&self) {
        self.silent.set(0);
    }

    /// A socket has closed by itself. One that says why has met the server.
    fn closed(&self, code: u16) {
        if code != NO_CODE {
            self.heard.set(true);
        }
        self.close();
    }
}

impl Running {
    /// Opens a way to the server for that attempt of the sync machine.
    pub(super) fn connect(self: &Rc<Self>, attempt: u64) {
        self.status.connection.set(Connection::Connecting);
        let link = &self.driver.link;
        link.close();
        if link.silent.get() < SILENT_SOCKETS {
            return self.connect_socket(attempt);
        }
        let (running, turn) = (self.clone(), link.turn.get());
        wasm_bindgen_futures::spawn_local(async move {
            let works = socket_works().await;
            let link = &running.driver.link;
            if !link.is_turn(turn) {
                return;
            }
            if works {
                link.sockets_work();
                running.connect_socket(attempt);
            } else {
                let post = Rc::new(Post::new(attempt));
                *link.way.borrow_mut() = Some(Way::Post(post.clone()));
                running.run_post(post, turn);
            }
        });
    }

    fn connect_socket(self: &Rc<Self>, attempt: u64) {
        self.driver.link.heard.set(false);
        let (opened, heard, closed) = (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let socket = Socket::open(
            move || {
                if let Some(running) = opened.upgrade() {
                    running.step(Event::Connected { attempt });
                    running.send_commands();
                }
            },
            move |bytes| {
                if let Some(running) = heard.upgrade() {
                    running.driver.link.heard.set(true);
                    running.driver.link.sockets_work();
                    running.step(Event::Frame { attempt, bytes });
                }
            },
            move |code| {
                if let Some(running) = closed.upgrade() {
                    running.driver.link.closed(code);
                    running.step(Event::Disconnected { attempt, code });
                }
            },
        );
        match socket {
            Some(socket) => *self.driver.link.way.borrow_mut() = Some(Way::Socket(socket)),
            None => {
                self.driver.link.silent.set(SILENT_SOCKETS);
                self.step(Event::Disconnected { attempt, code: NO_CODE });
            }
        }
    }
}

/// What a client says first.
pub fn hello(client: &str) -> Vec<u8> {
    codec::client(&ClientMessage::Hello { version: VERSION, client: client.to_owned() })
}

/// Tries out whether the server answers on a WebSocket.
pub async fn socket_works() -> bool {
    let outcome: Rc<Cell<Option<bool>>> = Rc::default();
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let (opened, heard, closed) = (socket.clone(), outcome.clone(), outcome.clone());
    *socket.borrow_mut() = Socket::open(
        move || {
            if let Some(socket) = &*opened.borrow() {
                socket.send(&hello("loopbaanmaat-web/trial"));
            }
        },
        move |_| heard.set(Some(true)),
        // A server that says why it closes was reached.
        move |code| closed.set(Some(closed.get() == Some(true) || code != NO_CODE)),
    );
    let mut waited = 0;
    while outcome.get().is_none() && socket.borrow().is_some() && waited < TRIAL_MS {
        platform::sleep(TRIAL_POLL_MS).await;
        waited += TRIAL_POLL_MS;
    }
    // The callbacks hold the socket too: taken out, it is closed now.
    socket.borrow_mut().take();
    outcome.get() == Some(true)
}
