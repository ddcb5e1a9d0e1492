//! What the log lacks or refused, and documents that are closed and opened anew.

use super::*;

/// The hash of the genesis of `DOC`.
fn genesis() -> ChangeHash {
    crate::domain::genesis::genesis(DocKind::SharedNotes).hash
}

fn opens(sent: &[ClientMessage]) -> usize {
    sent.iter().filter(|message| matches!(message, ClientMessage::Open { .. })).count()
}

/// Whether each batch was written as owing.
fn owes(effects: &[Effect]) -> Vec<bool> {
    let owes = |effect: &Effect| match effect {
        Effect::Persist { owes, .. } | Effect::TakeSnapshot { owes, .. } => Some(*owes),
        _ => None,
    };
    effects.iter().filter_map(owes).collect()
}

#[test]
fn a_closed_document_is_opened_anew_once_all_that_was_said_before_has_come() {
    let items = Author::new(2).writes(3);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(4);
    rig.hear(changes(&items[..1]));
    // What is void makes it read the log anew.
    rig.hear(ServerMessage::Void { doc: DOC, items: vec![2] });
    assert_eq!(opens(&rig.sent.clone()), 1, "only the first time");
    // This was under way for the opening before.
    let late = ServerMessage::Changes {
        doc: DOC,
        from: 2,
        items: vec![],
        chain: chain::after(chain::start(DOC), [genesis(), items[0].hash]),
    };
    assert_eq!(rig.hear(late), []);
    assert_eq!(rig.opened(4), []);
    assert_eq!(rig.device.problem(DOC), None);
    assert_eq!(opens(&rig.answer_pings()), 2);
    rig.opened(4);
    rig.hear(changes(&items));
    assert_eq!((rig.device.problem(DOC), rig.device.progress()), (None, (1, 1)));
}

#[test]
fn what_the_log_lacks_after_a_reset_is_owed_until_it_has_it_and_over_a_start() {
    let items = Author::new(1).writes(2);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(3);
    assert_eq!(owes(&rig.hear(changes(&items))), [false]);
    rig.hear(ServerMessage::Reset { doc: DOC });
    rig.opened(1);
    let effects = rig.hear(changes(&[]));
    assert_eq!(owes(&effects), [true], "{effects:?}");
    rig.feed(Event::Held { doc: DOC, items: items.clone() });
    let acked = |n: usize| Acked { hash: items[n].hash, seq: n as u64 + 2 };
    rig.hear(ServerMessage::Ack { id: 1, doc: DOC, items: vec![acked(0), acked(1)] });
    let after = |from: u64, items: &[PushItem], before: &[ChangeHash]| {
        let log = (from + 1..).zip(items).map(|(seq, item)| LogItem {
            seq,
            hash: item.hash,
            by: item.by,
            sig: item.sig.clone(),
            data: Body::Own,
        });
        let all = before.iter().copied().chain(items.iter().map(|item| item.hash));
        ServerMessage::Changes {
            doc: DOC,
            from,
            items: log.collect(),
            chain: chain::after(chain::start(DOC), all),
        }
    };
    assert_eq!(owes(&rig.hear(after(1, &items[..1], &[genesis()]))), [true]);
    assert_eq!(owes(&rig.hear(after(2, &items[1..], &[genesis(), items[0].hash]))), [false]);
    // A change that waits hides one that does not from a count.
    let place = Some(chain::after(chain::start(DOC), [genesis(), items[0].hash]));
    let hashes = vec![genesis(), items[1].hash];
    let waiting = items[..1].to_vec();
    let loaded = LoadedDoc { cursor: 2, chain: place, hashes, owes: true, ..waiting_doc(&waiting) };
    let mut rig = Rig::with_directory(vec![loaded.clone()]);
    let asked = |rig: &mut Rig| {
        rig.sent().into_iter().find_map(|message| match message {
            ClientMessage::Open { docs } => Some(docs[0].cursor),
            _ => None,
        })
    };
    assert_eq!(asked(&mut rig), Some(0));
    assert_eq!(asked(&mut Rig::with_directory(vec![LoadedDoc { owes: false, ..loaded }])), Some(2));
}

#[test]
fn what_hangs_on_a_change_that_was_refused_for_good_waits_and_is_not_said_anew() {
    let (mut own, mut theirs) = (Author::new(1), Author::new(2));
    let refused = theirs.write();
    own.take(std::slice::from_ref(&refused));
    let mine = own.write();
    let aside = vec![(refused.hash, RejectCode::UnknownDevice)];
    let loaded = LoadedDoc { hashes: vec![refused.hash], aside, ..waiting_doc(std::slice::from_ref(&mine)) };
    let mut rig = Rig::with_directory(vec![loaded]);
    rig.opened(1);
    rig.hear(changes(&[]));
    // The directory is new: it is tried once more.
    rig.feed(Event::Held { doc: DOC, items: vec![refused.clone()] });
    let (id, items) = rig.pushes().pop().expect("both go out");
    assert_eq!(items.len(), 2);
    rig.reject(id, &[refused.hash], RejectCode::UnknownDevice);
    for _ in 0..3 {
        let effects = rig.reject(id, &[mine.hash], RejectCode::MissingDeps);
        let cures = |effect: &Effect| matches!(effect, Effect::Recover { .. } | Effect::Offer { .. });
        assert!(!effects.iter().any(cures), "{effects:?}");
        assert!(rig.pushes().is_empty(), "once on a connection");
        rig.reconnect();
        rig.opened(1);
        assert_eq!(rig.pushes().len(), 1);
    }
    assert_eq!(rig.device.waiting(DOC), 1);
    assert!(matches!(rig.device.problem(DOC), Some(Problem::Refused { .. })));
    // It came by another way: what hung on it goes out, and nothing is refused any more.
    let log = [refused];
    let all = changes(&log);
    let ServerMessage::Changes { items, chain, .. } = all else { panic!("changes") };
    rig.hear(ServerMessage::Changes { doc: DOC, from: 1, items: items[1..].to_vec(), chain });
    assert_eq!(rig.pushes().iter().map(|(_, items)| items.len()).collect::<Vec<_>>(), [1]);
    assert_eq!(rig.device.problem(DOC), None);
}

#[test]
fn what_was_refused_is_offered_once_more_when_who_may_write_has_changed() {
    let mine = Author::new(1).writes(2);
    for (code, again) in
        [(RejectCode::ReadOnly, true), (RejectCode::UnknownDevice, true), (RejectCode::BadChunk, false)]
    {
        let mut rig = Rig::with_directory(vec![waiting_doc(&mine)]);
        rig.opened(1);
        rig.hear(changes(&[]));
        let id = rig.pushes()[0].0;
        rig.reject(id, &[mine[0].hash, mine[1].hash], code);
        assert!(matches!(rig.device.problem(DOC), Some(Problem::Refused { .. })));
        // The same directory is no news.
        assert_eq!(rig.name(&[1, 2]), []);
        let mut hashes = vec![mine[0].hash, mine[1].hash];
        hashes.sort();
        let offer = Effect::Offer { doc: DOC, what: Offered::Hashes(hashes) };
        assert_eq!(rig.name(&[1, 2, 3]).contains(&offer), again, "{code:?}");
        if again {
            rig.feed(Event::Held { doc: DOC, items: mine.clone() });
            assert_eq!(rig.pushes()[0].1.len(), 2);
            assert_eq!(rig.device.problem(DOC), None);
        }
    }
}
