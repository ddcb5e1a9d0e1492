//! A device: whatever frames its server sends, it goes on, and applies only what it has checked and stored.
#![no_main]

use std::collections::{HashSet, VecDeque};

use fuzz::{DOC, Field, framed};
use libfuzzer_sys::fuzz_target;
use shared::sync::device::{Device, Effect, Event};

fuzz_target!(|bytes: &[u8]| {
    let field = Field::get();
    let mut device = Device::new(field.device(), "fuzz", 7);
    let directory = Event::Directory {
        version: "1".to_owned(),
        devices: vec![(field.device(), field.key().public())],
        documents: vec![DOC],
    };
    let mut events = VecDeque::from([Event::Start { docs: Vec::new() }, directory]);
    let mut frames = framed(bytes);
    let (mut attempt, mut now, mut connected, mut stored) = (0, 1_000, 0, HashSet::new());
    for _ in 0..10_000 {
        let event = match events.pop_front() {
            Some(event) => event,
            None => match frames.next() {
                Some(frame) => Event::Frame { attempt, bytes: frame.to_vec() },
                None => return,
            },
        };
        now += 1;
        for effect in device.step(event, now) {
            match effect {
                Effect::Connect { attempt: next } if connected < 4 => {
                    (attempt, connected) = (next, connected + 1);
                    events.push_back(Event::Connected { attempt });
                }
                Effect::Persist { doc, batch, .. } => {
                    stored.insert((doc, batch));
                    events.push_back(Event::Persisted { doc, batch });
                }
                Effect::Apply { doc, batch, .. } => {
                    assert!(stored.contains(&(doc, batch)), "on disk before it is shown");
                    events.push_back(Event::Applied { doc, batch });
                }
                _ => {}
            }
        }
    }
});
