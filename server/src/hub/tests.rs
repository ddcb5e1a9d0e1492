use std::sync::Arc;

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::sync::chain;
use shared::sync::message::Place;
use store::News;
use tokio::sync::Notify;

use super::mailbox::MAX_PRESENCE;
use super::*;

const ANNA: UserId = UserId([1; 16]);
const BRAM: UserId = UserId([2; 16]);
const TABLET: DeviceId = DeviceId([1; 16]);
const PHONE: DeviceId = DeviceId([2; 16]);
const LAPTOP: DeviceId = DeviceId([3; 16]);
const NOTES: DocId = DocId([1; 16]);
const PROGRESS: DocId = DocId([2; 16]);

/// What `connection` would be told next; `None` if nothing.
async fn next(connection: &Connection) -> Option<Signal> {
    tokio::select! {
        biased;
        signal = connection.signal() => Some(signal),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn a_hundred_wakes_of_one_document_are_one_hint() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    anna.subscribe(NOTES);
    for _ in 0..100 {
        hub.wake(&[NOTES]);
    }
    assert_eq!(next(&anna).await, Some(Signal::Woken { doc: NOTES, head: None, fresh: vec![] }));
    assert_eq!(next(&anna).await, None);
}

#[tokio::test]
async fn a_hint_says_how_far_a_log_has_grown_unless_something_else_may_have_changed() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    anna.subscribe(NOTES);
    for head in [4, 6, 5] {
        hub.grown(NOTES, head, None);
    }
    assert_eq!(next(&anna).await, Some(Signal::Woken { doc: NOTES, head: Some(6), fresh: vec![] }));
    hub.grown(NOTES, 7, None);
    hub.wake(&[NOTES]);
    hub.grown(NOTES, 8, None);
    assert_eq!(next(&anna).await, Some(Signal::Woken { doc: NOTES, head: None, fresh: vec![] }));
    assert_eq!(next(&anna).await, None);
}

#[tokio::test]
async fn only_what_is_subscribed_wakes() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    anna.subscribe(NOTES);
    anna.subscribe(PROGRESS);
    hub.wake(&[NOTES, PROGRESS]);
    anna.unsubscribe(NOTES);
    hub.wake(&[NOTES]);
    assert_eq!(next(&anna).await, Some(Signal::Woken { doc: PROGRESS, head: None, fresh: vec![] }));
    assert_eq!(next(&anna).await, None);
}

#[tokio::test]
async fn the_directory_comes_before_documents_and_a_wipe_before_everything() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    anna.subscribe(NOTES);
    hub.wake(&[NOTES]);
    hub.wake_directory(&[ANNA]);
    hub.wipe(TABLET);
    assert_eq!(next(&anna).await, Some(Signal::Wipe));
    assert_eq!(next(&anna).await, Some(Signal::DirectoryWoken));
    assert_eq!(next(&anna).await, Some(Signal::Woken { doc: NOTES, head: None, fresh: vec![] }));
    assert_eq!(next(&bram).await, None);
}

#[tokio::test]
async fn sessions_of_one_person_end_on_all_her_devices_and_nobody_elses() {
    let hub = Hub::new();
    let tablet = hub.register(ANNA, TABLET).unwrap();
    let phone = hub.register(ANNA, PHONE).unwrap();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    hub.end_sessions(ANNA);
    assert_eq!(next(&tablet).await, Some(Signal::SignedOut));
    assert_eq!(next(&phone).await, Some(Signal::SignedOut));
    assert_eq!(next(&bram).await, None);
}

#[tokio::test]
async fn a_session_that_ends_leaves_the_other_devices_of_its_person_alone() {
    let hub = Hub::new();
    let tablet = hub.register(ANNA, TABLET).unwrap();
    let phone = hub.register(ANNA, PHONE).unwrap();
    hub.end_session_on(TABLET);
    assert_eq!(next(&tablet).await, Some(Signal::SignedOut));
    assert_eq!(next(&phone).await, None);
}

#[tokio::test]
async fn presence_goes_to_the_others_who_have_the_document_open() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    let elsewhere = hub.register(BRAM, PHONE).unwrap();
    anna.subscribe(NOTES);
    bram.subscribe(NOTES);
    anna.relay(NOTES, b"first");
    anna.relay(NOTES, b"second");
    assert_eq!(next(&bram).await, Some(Signal::PresenceWaits));
    let taken = bram.take_presence();
    assert_eq!(taken, Some(Presence { doc: NOTES, user: ANNA, device: TABLET, data: b"second".to_vec() }));
    assert_eq!(bram.take_presence(), None);
    assert_eq!(next(&anna).await, None);
    assert_eq!(next(&elsewhere).await, None);
}

#[tokio::test]
async fn of_presence_so_much_waits_and_the_oldest_makes_room() {
    let hub = Hub::new();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    bram.subscribe(NOTES);
    let others: Vec<_> = (0..=MAX_PRESENCE)
        .map(|n| {
            let number = 100 + u8::try_from(n).unwrap();
            let other = hub.register(UserId([number; 16]), DeviceId([number; 16])).unwrap();
            other.subscribe(NOTES);
            other.relay(NOTES, &[number]);
            other
        })
        .collect();
    let waiting: Vec<u8> = std::iter::from_fn(|| bram.take_presence()).map(|it| it.data[0]).collect();
    assert_eq!(waiting.len(), MAX_PRESENCE);
    assert_eq!((waiting[0], others.len()), (101, MAX_PRESENCE + 1));
}

#[tokio::test]
async fn who_has_not_opened_a_document_relays_nothing_into_it() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    bram.subscribe(NOTES);
    anna.relay(NOTES, b"boo");
    assert_eq!(bram.take_presence(), None);
}

#[tokio::test]
async fn presence_stops_at_a_revocation_until_the_document_has_been_read_again() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    let bram = hub.register(BRAM, LAPTOP).unwrap();
    anna.subscribe(NOTES);
    bram.subscribe(NOTES);
    anna.relay(NOTES, b"before");
    hub.revoke(&[BRAM], &[NOTES]).await;
    anna.relay(NOTES, b"after");
    bram.relay(NOTES, b"from a stranger");
    assert_eq!(next(&bram).await, Some(Signal::Woken { doc: NOTES, head: None, fresh: vec![] }));
    assert_eq!(bram.take_presence(), None);
    assert_eq!(anna.take_presence(), None);
    bram.subscribe(NOTES);
    anna.relay(NOTES, b"again");
    assert_eq!(bram.take_presence().map(|it| it.data), Some(b"again".to_vec()));
}

#[tokio::test]
async fn a_revocation_waits_for_what_is_being_handed_over() {
    let hub = Hub::new();
    let anna = Arc::new(hub.register(ANNA, TABLET).unwrap());
    anna.subscribe(NOTES);
    let (reading, read) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let delivery = tokio::spawn({
        let (anna, reading, read) = (Arc::clone(&anna), Arc::clone(&reading), Arc::clone(&read));
        async move {
            anna.deliver(async {
                reading.notify_one();
                read.notified().await;
            })
            .await
        }
    });
    reading.notified().await;
    let mut revocation = std::pin::pin!(hub.revoke(&[ANNA], &[NOTES]));
    let early = tokio::select! {
        biased;
        () = &mut revocation => true,
        () = std::future::ready(()) => false,
    };
    assert!(!early);
    read.notify_one();
    revocation.await;
    assert_eq!(delivery.await.unwrap(), Some(()));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_drain_is_cut() {
    let hub = Hub::new();
    let anna = Arc::new(hub.register(ANNA, TABLET).unwrap());
    let reading = Arc::new(Notify::new());
    let delivery = tokio::spawn({
        let (anna, reading) = (Arc::clone(&anna), Arc::clone(&reading));
        async move {
            anna.deliver(async {
                reading.notify_one();
                std::future::pending::<()>().await;
            })
            .await
        }
    });
    reading.notified().await;
    hub.barrier(&[ANNA]).await;
    assert_eq!(delivery.await.unwrap(), None);
    assert_eq!(next(&anna).await, Some(Signal::Cut));
    assert_eq!(anna.deliver(async {}).await, None);
}

#[tokio::test]
async fn a_barrier_does_not_wait_for_others() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    anna.deliver(hub.barrier(&[BRAM])).await.unwrap();
}

#[tokio::test]
async fn a_stop_reaches_who_is_there_and_who_still_comes_and_can_be_waited_for() {
    let hub = Hub::new();
    let anna = hub.register(ANNA, TABLET).unwrap();
    hub.stop();
    let late = hub.register(BRAM, LAPTOP).unwrap();
    assert_eq!(next(&anna).await, Some(Signal::Stopping));
    assert_eq!(next(&late).await, Some(Signal::Stopping));
    drop((anna, late));
    hub.emptied().await;
    assert_eq!(hub.connections(), 0);
}

#[test]
fn a_person_has_no_endless_connections() {
    let hub = Hub::new();
    let all: Vec<_> = (0..MAX_CONNECTIONS_PER_USER).map(|_| hub.register(ANNA, TABLET).unwrap()).collect();
    assert_eq!(hub.register(ANNA, TABLET).unwrap_err(), TooManyConnections);
    hub.register(BRAM, LAPTOP).unwrap();
    drop(all);
    hub.register(ANNA, TABLET).unwrap();
}

fn carrier(user: UserId, device: DeviceId) -> Carrier {
    Carrier { user, device }
}

/// News of an item that was stored just now, for Anna, who writes the notes, and Bram, who cannot see them.
fn stored_just_now(hub: &Hub) -> [Arc<Fresh>; 1] {
    let chain = Some(chain::start(NOTES));
    let news = News {
        kind: DocKind::SharedNotes,
        before: Place::start(NOTES),
        items: vec![],
        after: Place { cursor: 1, chain, ..Place::start(NOTES) },
        readers: vec![(carrier(ANNA, TABLET), Access::Write), (carrier(BRAM, LAPTOP), Access::None)],
    };
    [Arc::new(Fresh::new(news, hub.epoch()))]
}

#[tokio::test]
async fn news_read_before_a_revocation_are_not_handed_over_after_it() {
    let hub = Hub::new();
    let fresh = stored_just_now(&hub);
    let answer = || Fresh::answer(&fresh, &hub, Place::start(NOTES), carrier(ANNA, TABLET));
    assert!(answer().is_some());
    // Whoever it is that loses something: the news say who could read at another moment.
    hub.revoke(&[BRAM], &[PROGRESS]).await;
    assert_eq!(answer(), None);
}

#[tokio::test]
async fn news_are_not_handed_over_once_somebody_waits_for_what_is_being_handed_over() {
    let hub = Hub::new();
    let fresh = stored_just_now(&hub);
    hub.barrier(&[BRAM]).await;
    assert_eq!(Fresh::answer(&fresh, &hub, Place::start(NOTES), carrier(ANNA, TABLET)), None);
}

#[test]
fn news_go_to_a_reader_on_the_device_that_was_looked_up() {
    let hub = Hub::new();
    let fresh = stored_just_now(&hub);
    let answer = |user, device| Fresh::answer(&fresh, &hub, Place::start(NOTES), carrier(user, device));
    assert!(answer(ANNA, TABLET).is_some());
    assert_eq!(answer(ANNA, PHONE), None);
    assert_eq!(answer(BRAM, TABLET), None);
}

#[test]
fn news_do_not_go_to_who_has_no_access() {
    let hub = Hub::new();
    let fresh = stored_just_now(&hub);
    assert_eq!(Fresh::answer(&fresh, &hub, Place::start(NOTES), carrier(BRAM, LAPTOP)), None);
}

#[test]
fn news_go_to_who_is_right_before_them() {
    let hub = Hub::new();
    let fresh = stored_just_now(&hub);
    let further = Place { cursor: 1, chain: Some(chain::start(NOTES)), ..Place::start(NOTES) };
    assert_eq!(Fresh::answer(&fresh, &hub, further, carrier(ANNA, TABLET)), None);
    assert_eq!(Fresh::answer(&fresh, &hub, Place::start(PROGRESS), carrier(ANNA, TABLET)), None);
}
