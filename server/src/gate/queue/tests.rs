use futures_util::poll;

use super::*;

fn job(person: u8, changes: usize) -> (Job, oneshot::Receiver<Answer>) {
    let (answer, answered) = oneshot::channel();
    let changes = (0..changes).map(|n| Bytes::from(vec![person, u8::try_from(n).unwrap()])).collect();
    (Job { person: UserId([person; 16]), changes, answer }, answered)
}

fn put(queue: &Queue, people: &[u8]) -> Vec<oneshot::Receiver<Answer>> {
    people
        .iter()
        .map(|person| {
            let (job, answered) = job(*person, 1);
            queue.put(job);
            answered
        })
        .collect()
}

/// Whose jobs are taken now.
async fn taken(queue: &Arc<Queue>) -> (Vec<u8>, Vec<Held>) {
    let held = queue.take().await.unwrap();
    (held.iter().map(|it| it.rest()[0][0]).collect(), held)
}

#[tokio::test]
async fn of_each_person_one_job_is_in_hand_and_the_others_are_served() {
    let queue = Arc::new(Queue::default());
    let _answers = put(&queue, &[1, 1, 1, 2, 3, 2]);
    let (people, mut first) = taken(&queue).await;
    assert_eq!(people, [1, 2, 3]);
    let waits = queue.take();
    tokio::pin!(waits);
    assert!(poll!(&mut waits).is_pending());
    first.pop().unwrap().found(Finding::Sound);
    assert!(poll!(&mut waits).is_pending(), "the third has no more jobs");
    first.pop().unwrap().found(Finding::Sound);
    let held = waits.await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].rest()[0][0], 2);
    drop((held, first));
    assert_eq!(taken(&queue).await.0, [1]);
    assert_eq!(taken(&queue).await.0, [1]);
}

#[tokio::test]
async fn a_job_ends_with_its_first_harmful_change() {
    let queue = Arc::new(Queue::default());
    let (job, answered) = job(1, 3);
    queue.put(job);
    let mut held = queue.take().await.unwrap().remove(0);
    held.found(Finding::Sound);
    assert!(!held.is_done());
    held.found(Finding::Harmful("it fell".to_owned()));
    assert!(held.is_done());
    held.found(Finding::Sound);
    let findings = answered.await.unwrap().unwrap();
    assert_eq!(findings, [Finding::Sound, Finding::Harmful("it fell".to_owned())]);
}

#[tokio::test]
async fn a_queue_that_is_closed_sends_every_worker_home() {
    let queue = Arc::new(Queue::default());
    queue.close();
    assert!(queue.take().await.is_none());
    assert!(queue.take().await.is_none());
}
