//! # As much of XMPP as the comparison needs
//!
//! Sign in with SASL PLAIN on plain TCP, send chat messages, find the ends of those that come. Nothing is parsed: a
//! stanza is recognised by its closing tag, which costs the generator less than Plaza's frames do.

use crate::load::Pair;
use crate::socket::{source, tcp};
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A step of the sign-in that takes longer counts as failed.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// What was sent before a ping may take this long to be worked off.
const PING_WITHIN: Duration = Duration::from_secs(600);
const OPEN: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
const BIND: &str =
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
const PING: &str = "<iq type='get' id='p1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
const END_OF_MESSAGE: &[u8] = b"</message>";
const BODY_CHARACTERS: usize = 200;
const BUFFER_BYTES: usize = 4096;

/// A signed-in person.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// A chat message.
pub(super) fn message(to: &str) -> String {
    let body = "x".repeat(BODY_CHARACTERS);
    format!("<message to='{to}' type='chat' id='1'><body>{body}</body></message>")
}

impl Stream {
    /// Signs person `u{user}` in, as available.
    pub(super) async fn connect(server: SocketAddr, from: Ipv4Addr, user: usize) -> anyhow::Result<Self> {
        let stream = tcp(server, from).await?;
        let mut stream = Self { stream, input: Vec::with_capacity(BUFFER_BYTES), output: Vec::new() };
        let sign_in = stream.sign_in(user);
        timeout(ANSWER_WITHIN, sign_in)
            .await
            .context("the server is silent")?
            .with_context(|| format!("u{user}"))?;
        Ok(stream)
    }

    async fn sign_in(&mut self, user: usize) -> anyhow::Result<()> {
        let secret = STANDARD.encode(format!("\0u{user}\0secret"));
        let auth =
            format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>");
        self.say(OPEN, b"</stream:features>").await?;
        self.say(&auth, b"<success").await?;
        self.say(OPEN, b"</stream:features>").await?;
        self.say(BIND, b"</iq>").await?;
        self.write("<presence/>");
        self.flush().await
    }

    /// Writes, and waits for the words that end the answer.
    async fn say(&mut self, words: &str, until: &[u8]) -> anyhow::Result<()> {
        self.write(words);
        self.flush().await?;
        while !self.take_through(until) {
            self.read().await?;
        }
        Ok(())
    }

    /// Puts words into the buffer; [`Self::flush`] sends it.
    pub(super) fn write(&mut self, words: &str) {
        self.output.extend_from_slice(words.as_bytes());
    }

    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.output).await.context("writing to the server")?;
        self.output.clear();
        Ok(())
    }

    /// Waits until the server has worked off everything before.
    pub(super) async fn ping(&mut self) -> anyhow::Result<()> {
        timeout(PING_WITHIN, self.say(PING, b"id='p1'")).await.context("the server is silent")?
    }

    /// May be dropped while it waits.
    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.input).await.context("reading from the server")? == 0 {
            bail!("the server closed the stream: {}", String::from_utf8_lossy(&self.input));
        }
        Ok(())
    }

    /// Drops the input up to the end of these words, if they are there.
    fn take_through(&mut self, words: &[u8]) -> bool {
        let found = self.input.windows(words.len()).position(|window| window == words);
        if let Some(at) = found {
            self.input.drain(..at + words.len());
        }
        found.is_some()
    }

    /// Waits for messages and says how many have come.
    pub(super) async fn messages(&mut self) -> anyhow::Result<usize> {
        loop {
            let mut messages = 0;
            let mut end = 0;
            let mut at = 0;
            // A closing tag begins with '<', which text never holds.
            while let Some(found) =
                self.input.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'<'))
            {
                at += found;
                if self.input.get(at..).is_some_and(|rest| rest.starts_with(END_OF_MESSAGE)) {
                    messages += 1;
                    end = at + END_OF_MESSAGE.len();
                }
                at += 1;
            }
            self.input.drain(..end);
            if messages > 0 {
                return Ok(messages);
            }
            self.read().await?;
        }
    }
}

/// Two people of the server, the first of whom writes to the other.
#[derive(Debug)]
pub(super) struct XmppPair {
    sender: Stream,
    receiver: Stream,
    message: String,
}

impl XmppPair {
    /// Pair number `pair` is of the persons `u{2 pair + 1}` and `u{2 pair + 2}`.
    pub(super) async fn set_up(server: SocketAddr, pair: usize) -> anyhow::Result<Self> {
        let sender = Stream::connect(server, source(0), 2 * pair + 1).await?;
        let mut receiver = Stream::connect(server, source(0), 2 * pair + 2).await?;
        // Its answer comes after that to the presence: the person counts as available from here on.
        receiver.ping().await?;
        let message = message(&format!("u{}@localhost/r", 2 * pair + 2));
        Ok(Self { sender, receiver, message })
    }
}

impl Pair for XmppPair {
    async fn send(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            self.sender.write(&self.message);
        }
        self.sender.flush().await
    }

    async fn arrived(&mut self) -> anyhow::Result<usize> {
        self.receiver.messages().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn messages_are_counted_by_their_ends_even_when_cut() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let mut stream = Stream { stream, input: Vec::new(), output: Vec::new() };
        let two = [message("u1@localhost"), message("u2@localhost")].concat();
        let (start, rest) = two.split_at(two.len() - 5);
        server.write_all(start.as_bytes()).await.unwrap();
        assert_eq!(stream.messages().await.unwrap(), 1);
        server.write_all(rest.as_bytes()).await.unwrap();
        assert_eq!(stream.messages().await.unwrap(), 1);
        assert!(stream.input.is_empty());
    }
}
