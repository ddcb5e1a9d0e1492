//! A connection: whatever frames come, the session answers and never asks twice at once. Pushes go through the half
//! of the gate that needs no log.
#![no_main]

use std::collections::VecDeque;

use fuzz::{DOC, framed};
use libfuzzer_sys::fuzz_target;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::ids::{DeviceId, UserId};
use shared::sync::gate;
use shared::sync::memory::Memory;
use shared::sync::session::{Answer, Ask, Input, Output, Session, Transport};

const USER: UserId = UserId([1; 16]);

fuzz_target!(|bytes: &[u8]| {
    let mut memory = Memory::default();
    memory.create(DOC, DocKind::SharedNotes);
    memory.grant(DOC, USER, Access::Write);
    let mut session = Session::new(USER, DeviceId([2; 16]), Transport::WebSocket, 0);
    for frame in framed(bytes) {
        let mut outputs: VecDeque<_> = session.step(Input::Frame(frame.to_vec()), 0).into();
        while let Some(output) = outputs.pop_front() {
            let Output::Ask(ask) = output else { continue };
            assert!(outputs.is_empty());
            let answer = match &ask {
                Ask::Push { doc, items, .. } => {
                    let examined: Vec<_> =
                        items.iter().map(|item| gate::examine(*doc, item.clone(), None)).collect();
                    let _ = gate::decide(&examined, &gate::LogFacts::default());
                    Answer::Unavailable
                }
                _ => memory.answer(USER, &ask),
            };
            outputs.extend(session.step(Input::Answer(answer), 0));
        }
        assert!(!session.is_asking());
    }
});
