//! A server over a pipe of a chosen width, so that a test says when bytes move.

use std::future::{IntoFuture as _, pending};
use std::io;
use std::net::SocketAddr;

use axum::serve::Listener;
use server::http;
use server::http::outgoing::{Peer, Watching};
use tests::TestApp;
use tokio::io::{DuplexStream, duplex};

/// A listener to which one client comes.
struct OneClient(Option<DuplexStream>);

impl Listener for OneClient {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.take() {
            Some(stream) => (stream, ([127, 0, 0, 1], 1).into()),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 1).into())
    }
}

/// The client's end of a connection that takes `width` bytes each way before the other end reads.
pub fn connect(app: &TestApp, width: usize) -> DuplexStream {
    let (client, server) = duplex(width);
    let service = http::router(app.state().clone()).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(axum::serve(Watching(OneClient(Some(server))), service).into_future());
    client
}
