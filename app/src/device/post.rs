//! The sync by `POST /api/sync`, for networks that let no WebSocket through. The sync machine notices no
//! difference: what it sends is gathered into requests, one at a time, and what others write is asked for every
//! few seconds.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use shared::sync::codec;
use shared::sync::device::Event;
use shared::sync::limits;
use shared::sync::message::{ClientMessage, MEDIA_TYPE, ServerMessage, close};

use super::http::{self, Answer, OutOfReach, Request};
use super::link::{NO_CODE, socket_works};
use super::platform;
use super::running::Running;

/// How often to ask for news while the page is in view, in ms.
const POLL_MS: u64 = 5_000;
/// How often while it is not, in ms.
const HIDDEN_POLL_MS: u64 = 60_000;
/// How soon to ask for what is known to be there, in ms.
const BEHIND_MS: u64 = 250;
/// How often to try whether a WebSocket works by now, in ms.
const SOCKET_MS: u64 = 60_000;
/// How often to look whether there is something to do, in ms.
const LOOK_MS: u64 = 100;
/// How long one exchange may take, in ms: a first download on a slow line is 4 MiB.
const EXCHANGE_MS: u32 = 60_000;

/// Messages on their way.
pub struct Post {
    attempt: u64,
    hello: RefCell<Vec<u8>>,
    waiting: RefCell<VecDeque<Vec<u8>>>,
    /// Since when an exchange is under way.
    under_way: Cell<Option<u64>>,
    /// The network may be another one: ask, and try the socket, at once.
    woken: Cell<bool>,
    socket: Cell<Trial>,
}

/// What is known of the WebSocket that would be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    Blocked,
    /// It is being tried.
    Trying,
    Works,
}

impl Post {
    /// For that attempt of the sync machine.
    pub(super) fn new(attempt: u64) -> Self {
        Self {
            attempt,
            hello: RefCell::default(),
            waiting: RefCell::default(),
            under_way: Cell::new(None),
            woken: Cell::new(false),
            socket: Cell::new(Trial::Blocked),
        }
    }

    /// Tries beside everything else whether a WebSocket works by now.
    fn try_socket(self: &Rc<Self>) {
        if self.socket.get() != Trial::Blocked {
            return;
        }
        self.socket.set(Trial::Trying);
        let post = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let works = socket_works().await;
            post.socket.set(if works { Trial::Works } else { Trial::Blocked });
        });
    }

    /// Puts a message behind the others; the first one of all is the `hello` that goes before each request.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        if self.hello.borrow().is_empty() {
            *self.hello.borrow_mut() = bytes;
        } else {
            self.waiting.borrow_mut().push_back(bytes);
        }
    }

    /// While an answer is on its way the connection lives, for `patience_ms` at most.
    pub(super) fn sign_of_life(&self, patience_ms: u64) -> Option<Event> {
        let since = self.under_way.get()?;
        let bytes = codec::server(&ServerMessage::Pong { n: 0, now: 0 });
        let is_patient = platform::now_ms().saturating_sub(since) < patience_ms;
        is_patient.then_some(Event::Frame { attempt: self.attempt, bytes })
    }

    /// The network may be another one: tries it at once.
    pub(super) fn wake(&self) {
        self.woken.set(true);
    }

    /// Whether the machine is opening documents, itself, with the next request. To open them with the same one once
    /// more, which is how news is asked for, would bring the beginning of each log twice.
    fn is_opening(&self) -> bool {
        let opens = |bytes: &Vec<u8>| matches!(codec::decode_client(bytes), Ok(ClientMessage::Open { .. }));
        self.waiting.borrow().iter().any(opens)
    }

    /// As many messages as fit one request; `None` where none waits.
    fn next(&self) -> Option<Vec<u8>> {
        let mut waiting = self.waiting.borrow_mut();
        let mut messages = vec![self.hello.borrow().clone()];
        let mut size = messages[0].len() + 16;
        while let Some(message) = waiting.front() {
            if messages.len() == limits::HTTP_MESSAGES
                || (size + message.len() > limits::FRAME && messages.len() > 1)
            {
                break;
            }
            size += message.len();
            messages.extend(waiting.pop_front());
        }
        (messages.len() > 1).then(|| codec::join(&messages))
    }
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
enum Exchanged {
    /// Messages.
    Heard(Vec<Vec<u8>>),
    /// The connection is over, with that code.
    Over(u16),
}

impl Running {
    /// The network is gone: so is this way.
    pub(super) fn lose_post(self: &Rc<Self>) {
        let Some(post) = self.driver.link.post() else { return };
        self.driver.link.close();
        self.step(Event::Disconnected { attempt: post.attempt, code: NO_CODE });
    }

    /// Exchanges messages until this way is no longer the one.
    pub(super) fn run_post(self: &Rc<Self>, post: Rc<Post>, turn: u64) {
        let attempt = post.attempt;
        self.step(Event::Connected { attempt });
        let running = Rc::downgrade(self);
        wasm_bindgen_futures::spawn_local(async move {
            if let Some(code) = exchange(&running, &post, turn).await
                && let Some(running) = running.upgrade()
                && running.driver.link.is_turn(turn)
            {
                running.driver.link.close();
                running.step(Event::Disconnected { attempt, code });
                if code == close::GOING_AWAY {
                    // For a better way: no need to wait.
                    running.step(Event::Wake);
                }
            }
        });
    }
}

/// Exchanges messages until the way is another one, or over with the code that is returned.
async fn exchange(running: &Weak<Running>, post: &Rc<Post>, turn: u64) -> Option<u16> {
    let (mut polled_ms, mut tried_ms) = (platform::now_ms(), platform::now_ms());
    let (mut greeted, mut asked) = (false, false);
    loop {
        let running = running.upgrade()?;
        if !running.driver.link.is_turn(turn) {
            return None;
        }
        let now = platform::now_ms();
        let since = |then: u64| now.saturating_sub(then);
        let woken = post.woken.take();
        if woken || since(tried_ms) >= SOCKET_MS {
            tried_ms = now;
            post.try_socket();
        }
        if post.socket.get() == Trial::Works {
            running.driver.link.sockets_work();
            return Some(close::GOING_AWAY);
        }
        let pause = if platform::is_visible() { POLL_MS } else { HIDDEN_POLL_MS };
        asked |= woken;
        let polling = asked || since(polled_ms) >= pause;
        if greeted && (polling || since(polled_ms) >= BEHIND_MS) && !post.is_opening() {
            let news = running.driver.with_machine(|machine| machine.poll(!polling)).unwrap_or_default();
            if polling || !news.is_empty() {
                (polled_ms, asked) = (now, false);
            }
            news.into_iter().for_each(|message| post.send(message));
        }
        if let Some(body) = post.next() {
            post.under_way.set(Some(platform::now_ms()));
            let exchanged = send(&body).await;
            post.under_way.set(None);
            if !running.driver.link.is_turn(turn) {
                return None;
            }
            let messages = match exchanged {
                Exchanged::Heard(messages) => messages,
                Exchanged::Over(code) => return Some(code),
            };
            // Each answer begins with a greeting, which has the directory looked at: often enough with the news.
            let is_new = |bytes: &Vec<u8>| !greeted || polling || !is_greeting(bytes);
            for bytes in messages.into_iter().filter(is_new) {
                running.step(Event::Frame { attempt: post.attempt, bytes });
            }
            if polling || !greeted {
                running.send_commands();
            }
            greeted = true;
        }
        drop(running);
        platform::sleep(LOOK_MS).await;
    }
}

async fn send(body: &[u8]) -> Exchanged {
    let request = Request {
        method: "POST",
        path: "/api/sync",
        body: Some((MEDIA_TYPE, body)),
        timeout_ms: Some(EXCHANGE_MS),
        ..Request::default()
    };
    exchanged(&http::fetch(request).await)
}

/// What an answer, or none, means for the messages that were sent: only what the server has answered has arrived.
fn exchanged(answer: &Result<Answer, OutOfReach>) -> Exchanged {
    match answer {
        // What is not an array of messages comes from something in between.
        Ok(answer) if answer.status == 200 => {
            messages(&answer.body).map_or(Exchanged::Over(NO_CODE), Exchanged::Heard)
        }
        Ok(answer) if answer.status == 401 => Exchanged::Over(close::SIGNED_OUT),
        Ok(answer) if matches!(answer.status, 429 | 503) => Exchanged::Over(close::TRY_LATER),
        _ => Exchanged::Over(NO_CODE),
    }
}

/// The messages of an answer.
pub(super) fn messages(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let messages = codec::split(body, usize::MAX).ok()?;
    Some(messages.into_iter().map(<[u8]>::to_vec).collect())
}

fn is_greeting(bytes: &[u8]) -> bool {
    matches!(codec::decode_server(bytes), Ok(Some(ServerMessage::Welcome { .. })))
}

#[cfg(test)]
mod tests {
    use shared::ids::DocId;
    use shared::sync::message::Place;

    use super::*;

    fn message(n: u64) -> Vec<u8> {
        codec::client(&ClientMessage::Ping { n })
    }

    fn answer(status: u16, body: Vec<u8>) -> Result<Answer, OutOfReach> {
        Ok(Answer { status, body, retry_after: None })
    }

    #[test]
    fn only_what_the_server_has_answered_has_arrived() {
        let (one, two) = (message(1), message(2));
        let heard = exchanged(&answer(200, codec::join(&[one.clone(), two.clone()])));
        assert_eq!(heard, Exchanged::Heard(vec![one, two]));
        for (answer, code) in [
            (Err(OutOfReach), NO_CODE),
            // The door of a network, or a proxy.
            (answer(200, b"<!doctype html><title>Welkom</title>".to_vec()), NO_CODE),
            (answer(200, Vec::new()), NO_CODE),
            (answer(502, Vec::new()), NO_CODE),
            (answer(204, codec::join(&[message(1)])), NO_CODE),
            (answer(401, Vec::new()), close::SIGNED_OUT),
            (answer(429, Vec::new()), close::TRY_LATER),
            (answer(503, Vec::new()), close::TRY_LATER),
        ] {
            assert_eq!(exchanged(&answer), Exchanged::Over(code), "{answer:?}");
        }
    }

    #[test]
    fn a_request_begins_with_the_greeting_and_fits() {
        let post = Post::new(1);
        let hello = message(0);
        post.send(hello.clone());
        assert!(post.next().is_none(), "nothing waits");
        (0..limits::HTTP_MESSAGES as u64).for_each(|n| post.send(message(n)));
        let large = vec![7; limits::FRAME / 2];
        post.send(large.clone());
        post.send(large.clone());
        let split = |body: Option<Vec<u8>>| {
            let body = body.unwrap();
            assert!(body.len() <= limits::FRAME, "{}", body.len());
            body.len()
        };
        let first = post.next().unwrap();
        assert_eq!(messages(&first).unwrap().len(), limits::HTTP_MESSAGES);
        assert_eq!(messages(&first).unwrap()[0], hello);
        // The last small one and a large one, then the other.
        assert!(split(post.next()) > large.len());
        assert!(split(post.next()) > large.len());
        assert!(post.next().is_none());
    }

    #[test]
    fn nothing_is_asked_for_beside_what_the_machine_is_opening_itself() {
        let post = Post::new(1);
        let say = |message| post.send(codec::client(&message));
        say(ClientMessage::Hello { version: 1, client: "test".to_owned() });
        say(ClientMessage::Push { id: 1, doc: DocId([1; 16]), items: vec![] });
        assert!(!post.is_opening());
        say(ClientMessage::Open { docs: vec![Place::start(DocId([1; 16]))] });
        say(ClientMessage::Ping { n: 1 });
        assert!(post.is_opening());
        let request = post.next().unwrap();
        assert_eq!(messages(&request).unwrap().len(), 4);
        assert!(!post.is_opening());
    }
}
