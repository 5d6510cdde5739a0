//! Frames of the NATS client protocol, as far as a tap must understand them: where one ends, and the subject, reply,
//! headers and payload of those that carry a message.
//!
//! Source: "Client Protocol" of the NATS documentation. A frame is a line of text; `PUB`, `HPUB`, `MSG` and `HMSG` are
//! followed by as many bytes as the line's last word says, and by CR LF.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest line; the server's own limit for what clients send is 4 KiB, and `INFO` is longer.
const LINE: usize = 64 * 1024;
/// The largest message; the broker's is 8 MiB.
const BODY: usize = 16 * 1024 * 1024;

/// The direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Published by the service.
    ToBroker,
    /// Delivered to the service.
    FromBroker,
}

/// A message on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its direction.
    pub way: Way,
    /// Its subject.
    pub subject: &'a str,
    /// Where an answer is expected.
    pub reply: Option<&'a str>,
    /// Its body.
    pub payload: &'a [u8],
    headers: &'a str,
}

impl<'a> Message<'a> {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.headers.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
    }
}

/// One frame as it came.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Bytes,
    line: usize,
}

/// Fields in the line of a frame with a message.
#[derive(Debug, PartialEq, Eq)]
struct Head<'a> {
    subject: &'a str,
    reply: Option<&'a str>,
    headers: usize,
    total: usize,
}

impl<'a> Head<'a> {
    /// `None` for a line that no message follows.
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let operation = words.next()?.to_ascii_uppercase();
        let (with_headers, with_sid) = match operation.as_str() {
            "PUB" => (false, false),
            "HPUB" => (true, false),
            "MSG" => (false, true),
            "HMSG" => (true, true),
            _ => return None,
        };
        let subject = words.next()?;
        if with_sid {
            words.next()?;
        }
        let total = words.next_back()?.parse().ok()?;
        let headers = if with_headers { words.next_back()?.parse().ok()? } else { 0 };
        Some(Self { subject, reply: words.next(), headers, total })
    }
}

impl Frame {
    /// The frame as it came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The message in it, if it carries one.
    pub(super) fn message(&self, way: Way) -> Option<Message<'_>> {
        let head = Head::parse(std::str::from_utf8(self.bytes.get(..self.line)?).ok()?)?;
        let body = self.bytes.get(self.line..)?.get(..head.total)?;
        let (headers, payload) = body.split_at_checked(head.headers)?;
        let headers = std::str::from_utf8(headers).ok()?;
        Some(Message { way, subject: head.subject, reply: head.reply, payload, headers })
    }
}

/// Cuts what is read into frames; holds one frame and one read at most.
#[derive(Debug)]
pub(super) struct Frames<R> {
    from: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: BytesMut::new() }
    }

    /// The next whole frame; `None` when the sender has closed.
    ///
    /// # Errors
    /// When reading fails, or what is read is no such protocol.
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        let nonsense = || io::Error::from(io::ErrorKind::InvalidData);
        let line = loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                break end + 1;
            }
            if self.buffer.len() > LINE {
                return Err(nonsense());
            }
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let text = std::str::from_utf8(self.buffer.get(..line).unwrap_or_default()).map_err(|_| nonsense())?;
        let length = match Head::parse(text) {
            Some(head) if head.total > BODY || head.headers > head.total => return Err(nonsense()),
            Some(head) => line + head.total + b"\r\n".len(),
            None => line,
        };
        while self.buffer.len() < length {
            self.buffer.reserve(length - self.buffer.len());
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        let bytes = self.buffer.copy_to_bytes(length);
        Ok(Some(Frame { bytes, line }))
    }
}
