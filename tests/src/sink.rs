//! A mail server that keeps what it is given. It speaks as much SMTP (RFC 5321) as it takes to be given something.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What never comes is given up after this; nothing waits for it otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happened at the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mailed {
    /// It was given a letter.
    Letter(Posted),
    /// It did not take a recipient.
    Refused(String),
    /// It hung up before a word.
    HungUp,
}

/// A letter, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Whom it came from, for the post.
    pub from: String,
    /// To whom, for the post.
    pub to: Vec<String>,
    /// Headers and text.
    pub text: String,
}

impl Posted {
    /// The first link in it, from the first slash of its path on.
    #[must_use]
    pub fn link(&self) -> String {
        let line =
            self.text.lines().find(|line| line.starts_with("http")).expect("a link on a line of its own");
        format!("/{}", line.splitn(4, '/').nth(3).unwrap())
    }
}

/// A running mail server; it ends with this.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    heard: mpsc::UnboundedReceiver<Mailed>,
    running: tokio::task::JoinHandle<()>,
}

impl Sink {
    /// One that takes everything, but what is for `refused`, and hangs up on so many before it does.
    pub async fn start(refused: &'static str, hangs_up: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        let running = tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                if number < hangs_up {
                    drop(stream);
                    let _ = tell.send(Mailed::HungUp);
                } else {
                    // Who hangs up in the middle is done.
                    let _ = converse(stream, refused, &tell).await;
                }
            }
        });
        Self { address, heard, running }
    }

    /// The next that happens.
    pub async fn next(&mut self) -> Mailed {
        timeout(PATIENCE, self.heard.recv()).await.expect("mail comes").unwrap()
    }

    /// The next letter.
    pub async fn letter(&mut self) -> Posted {
        match self.next().await {
            Mailed::Letter(posted) => posted,
            other => panic!("{other:?} where a letter was expected"),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn converse(
    stream: TcpStream,
    refused: &str,
    tell: &mpsc::UnboundedSender<Mailed>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink\r\n").await?;
    let (mut from, mut to) = (String::new(), vec![]);
    while let Some(line) = lines.next_line().await? {
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-sink\r\n250 8BITMIME\r\n",
            "MAIL" => {
                from = address();
                "250 ok\r\n"
            }
            "RCPT" if address() == refused => {
                let _ = tell.send(Mailed::Refused(address()));
                "550 5.1.1 nobody of that name here\r\n"
            }
            "RCPT" => {
                to.push(address());
                "250 ok\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?
                    && line != "."
                {
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                let _ = tell.send(Mailed::Letter(Posted { from, to, text }));
                "250 ok\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
