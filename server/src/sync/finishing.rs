//! What goes on to its end also when nobody waits for it any more: on a task of its own only then, since a task for each
//! push wakes a thread for each.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

/// Work that was begun. None in the answer: it panicked.
pub(super) struct Finishing<T: Send + 'static> {
    /// `None` once it has ended.
    work: Option<BoxFuture<'static, Option<T>>>,
    is_begun: bool,
}

impl<T: Send + 'static> Finishing<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        let guarded = AssertUnwindSafe(work).catch_unwind().map(Result::ok);
        Self { work: Some(guarded.boxed()), is_begun: false }
    }
}

impl<T: Send + 'static> Future for Finishing<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.is_begun = true;
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let polled = work.poll_unpin(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Finishing<T> {
    fn drop(&mut self) {
        // Where there is no runtime any more nothing goes on.
        if let Some(work) = self.work.take()
            && self.is_begun
            && let Ok(runtime) = Handle::try_current()
        {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_goes_on_without_whoever_waited() {
        let (go_on, told) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = Box::pin(Finishing::new(async move {
            let _ = told.await;
            let _ = done.send(());
        }));
        assert!(futures_util::poll!(&mut work).is_pending());
        drop(work);
        go_on.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_is_told_and_a_panic_is_an_answer_too() {
        assert_eq!(Finishing::new(async { 1 }).await, Some(1));
        let panicking = async { assert!(std::hint::black_box(false), "a panic") };
        assert_eq!(Finishing::new(panicking).await, None);
    }
}
