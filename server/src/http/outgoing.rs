//! When an answer has really been handed to its socket, and how it is cut short: a revocation waits for what is
//! on its way, and what does not drain in time must not go out afterwards.
//!
//! A handler has answered long before its bytes are out: they wait in the HTTP library until the socket takes
//! them. So the socket is watched instead: the library flushes it when it has written all that it had.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// What goes out over one connection.
#[derive(Debug, Clone, Default)]
pub struct Outgoing(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Not another byte.
    cut: bool,
    /// Dropped when what they stand for has been handed over, or never will be.
    under_way: Vec<oneshot::Sender<()>>,
    /// Who waits for the socket to take more.
    waiting: Option<Waker>,
}

impl Outgoing {
    /// Makes a body of `bytes` that tells when it has been handed to the socket.
    pub fn hand_over(&self, bytes: Bytes) -> (Body, Handover) {
        let (under_way, handed) = oneshot::channel();
        let body = Watched { bytes: Some(bytes), under_way: Some(under_way), outgoing: self.clone() };
        (Body::new(body), Handover { handed, outgoing: self.clone(), ended: false })
    }

    /// Not another byte goes out from now on.
    pub fn cut(&self) {
        let mut state = self.state();
        state.cut = true;
        state.under_way.clear();
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
    }

    /// To be called when the library has the bytes: from the next flush on they count as handed over.
    fn tell_at_flush(&self, under_way: oneshot::Sender<()>) {
        let mut state = self.state();
        if !state.cut {
            state.under_way.push(under_way);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this file panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way. Dropped before it has [`ended`](Self::ended), it cuts the connection.
#[derive(Debug)]
pub struct Handover {
    handed: oneshot::Receiver<()>,
    outgoing: Outgoing,
    ended: bool,
}

impl Handover {
    /// Returns when the socket has all of it, or when it has gone.
    pub async fn ended(mut self) {
        // Nothing is ever sent: that the sender is dropped is what tells.
        let _ = (&mut self.handed).await;
        self.ended = true;
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if !self.ended {
            self.outgoing.cut();
        }
    }
}

/// A body in one piece.
struct Watched {
    bytes: Option<Bytes>,
    under_way: Option<oneshot::Sender<()>>,
    outgoing: Outgoing,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        // The library has it from here, and flushes only when it has none left.
        if let Some(under_way) = self.under_way.take() {
            self.outgoing.tell_at_flush(under_way);
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// A listener whose connections are watched.
#[derive(Debug)]
pub struct Watching<L>(pub L);

impl<L: Listener> Listener for Watching<L> {
    type Io = WatchedIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = self.0.accept().await;
        (WatchedIo { stream, outgoing: Outgoing::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// Whom a request comes from.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The other end of the connection.
    pub address: SocketAddr,
    /// What goes out to it.
    pub outgoing: Outgoing,
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Watching<L>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Watching<L>>) -> Self {
        Self { address: *stream.remote_addr(), outgoing: stream.io().outgoing.clone() }
    }
}

/// A connection that knows when what was written has gone to the socket.
#[derive(Debug)]
pub struct WatchedIo<S> {
    stream: S,
    outgoing: Outgoing,
}

impl<S: AsyncWrite + Unpin> WatchedIo<S> {
    /// Writes unless it is cut, in one step with the question whether it is.
    fn writing<T>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
        then: impl FnOnce(&mut State),
    ) -> Poll<io::Result<T>> {
        let Self { stream, outgoing } = self.get_mut();
        let mut state = outgoing.state();
        if state.cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = write(Pin::new(stream), context);
        state.waiting = written.is_pending().then(|| context.waker().clone());
        if matches!(written, Poll::Ready(Ok(_))) {
            then(&mut state);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedIo<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| stream.poll_write(context, bytes), |_| ())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| stream.poll_write_vectored(context, parts), |_| ())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writing(context, AsyncWrite::poll_flush, |state| state.under_way.clear())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> Drop for WatchedIo<S> {
    fn drop(&mut self) {
        // Whoever waits for something to go out waits for nothing.
        self.outgoing.cut();
    }
}
