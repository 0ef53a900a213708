//! Frames: a header and the body of one message.
//!
//! After the link both directions are a row of frames. When both ends have the capability
//! [`MINI_HEADER`](crate::capability::base::MINI_HEADER) the header is 6 bytes, otherwise 18. A [`Frame`]
//! does not hold its header, so that one frame serves every client that can take the same bytes.

use alloc::vec::Vec;

use bytes::{Buf, Bytes, BytesMut};

use crate::error::WireError;
use crate::read::Reader;
use crate::write::{FrameBuilder, count_u32};

/// Size of a mini header: type (u16) and size (u32).
pub const MINI_HEADER_SIZE: usize = 6;

/// Size of a full header: serial (u64), type (u16), size (u32), offset of the list of sub-messages (u32).
pub const FULL_HEADER_SIZE: usize = 18;

/// Type of a message whose body is a list of sub-messages: what a sender with mini headers uses in place of
/// the field in the full header.
pub const LIST: u16 = 8;

/// Which header a connection uses, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// 6 bytes.
    Mini,
    /// 18 bytes.
    Full,
}

impl HeaderKind {
    /// Bytes of a header.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Mini => MINI_HEADER_SIZE,
            Self::Full => FULL_HEADER_SIZE,
        }
    }
}

/// One message, ready to be sent after a header: its type and its body in parts. Cloning shares the bytes.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    kind: u16,
    size: u32,
    sub_list: u32,
    head: Bytes,
    tail: Vec<Bytes>,
}

impl Frame {
    /// A frame from its body in parts.
    pub(crate) fn from_parts(kind: u16, head: Bytes, tail: Vec<Bytes>) -> Self {
        let size = tail.iter().fold(head.len(), |size, part| size.saturating_add(part.len()));
        Self { kind, size: count_u32(size), sub_list: 0, head, tail }
    }

    /// A frame from its body in one part.
    #[must_use]
    pub fn new(kind: u16, body: Bytes) -> Self {
        Self::from_parts(kind, body, Vec::new())
    }

    /// The message's type.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// Bytes of the body.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The body in parts, in the order in which they are sent.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        core::iter::once(&self.head).chain(&self.tail)
    }

    /// The body in one piece; copies unless there is only one part.
    #[must_use]
    pub fn to_body(&self) -> Bytes {
        if self.tail.is_empty() {
            return self.head.clone();
        }
        let mut body = Vec::with_capacity(self.parts().map(Bytes::len).sum());
        self.parts().for_each(|part| body.extend_from_slice(part));
        body.into()
    }

    /// The header for a peer with mini headers.
    #[must_use]
    pub fn mini_header(&self) -> [u8; MINI_HEADER_SIZE] {
        let [a, b] = self.kind.to_le_bytes();
        let [c, d, e, f] = self.size.to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// The header for a peer with full headers; serials count the messages of a connection from 1.
    #[must_use]
    pub fn full_header(&self, serial: u64) -> [u8; FULL_HEADER_SIZE] {
        let mut header = [0; FULL_HEADER_SIZE];
        let (serial_at, rest) = header.split_at_mut(8);
        let (mini_at, sub_list_at) = rest.split_at_mut(MINI_HEADER_SIZE);
        serial_at.copy_from_slice(&serial.to_le_bytes());
        mini_at.copy_from_slice(&self.mini_header());
        sub_list_at.copy_from_slice(&self.sub_list.to_le_bytes());
        header
    }

    /// The frame with messages that the receiver handles before it, for a peer with full headers. The list
    /// cannot be at offset 0, which stands for no list: a body without bytes gets one.
    #[must_use]
    pub fn with_sub_messages(self, before: &[Self]) -> Self {
        let mut builder = FrameBuilder::new(self.kind);
        self.parts().for_each(|part| builder.payload(part));
        if builder.is_empty() {
            builder.zeros(1);
        }
        let sub_list = count_u32(builder.len());
        put_sub_messages(&mut builder, before);
        Self { sub_list, ..builder.finish() }
    }

    /// A message of type [`LIST`] that holds other messages, for a peer with mini headers.
    #[must_use]
    pub fn list(messages: &[Self]) -> Self {
        let mut builder = FrameBuilder::new(LIST);
        put_sub_messages(&mut builder, messages);
        builder.finish()
    }
}

/// A count (u16), the offset of each message from the start of the body, then each with a type and a size.
fn put_sub_messages(builder: &mut FrameBuilder, messages: &[Frame]) {
    let count = u16::try_from(messages.len()).unwrap_or(u16::MAX);
    builder.put(&count);
    let pointers: Vec<_> = messages.iter().take(count.into()).map(|_| builder.pointer()).collect();
    for (message, pointer) in messages.iter().zip(pointers) {
        builder.point_here(pointer);
        builder.bytes(&message.mini_header());
        message.parts().for_each(|part| builder.payload(part));
    }
}

/// A frame that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message's type.
    pub kind: u16,
    /// The message's number on its connection; only full headers say it.
    pub serial: Option<u64>,
    /// Where in the body the list of sub-messages is; 0 for none.
    pub sub_list: u32,
    /// The message's body, with its sub-messages.
    pub body: Bytes,
}

impl Received {
    /// The messages that are to be handled before this one, each as its type and body.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn sub_messages(&self) -> Result<Vec<(u16, Bytes)>, WireError> {
        if self.sub_list == 0 && self.kind != LIST {
            return Ok(Vec::new());
        }
        let mut list = Reader::new(&self.body);
        list.bytes(self.sub_list.into(), "offset of sub-messages")?;
        sub_messages(&mut list)
    }
}

fn sub_messages(list: &mut Reader<'_>) -> Result<Vec<(u16, Bytes)>, WireError> {
    let count = u16::from_le_bytes(list.array("count of sub-messages")?);
    let mut messages = Vec::new();
    for _ in 0..count {
        let mut message = list.required_pointer("sub-message")?;
        let kind = u16::from_le_bytes(message.array("type of a sub-message")?);
        let size = u32::from_le_bytes(message.array("size of a sub-message")?);
        messages.push((kind, message.bytes(size.into(), "body of a sub-message")?));
    }
    Ok(messages)
}

/// Cuts what comes in into frames.
///
/// Fed by whoever reads the socket; call [`FrameReader::next`] until it gives `None` after each feed, so that no
/// more than one body under the limit is held.
#[derive(Debug)]
pub struct FrameReader {
    header: HeaderKind,
    limit: u32,
    buffer: BytesMut,
}

impl FrameReader {
    /// A reader of frames whose bodies have at most `limit` bytes.
    #[must_use]
    pub fn new(header: HeaderKind, limit: u32) -> Self {
        Self { header, limit, buffer: BytesMut::new() }
    }

    /// Appends bytes from the peer.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where bytes from the peer are appended, for a transport that reads into a buffer.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Bytes that wait for the rest of their frame.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Drops the next `count` bytes if they have come in, and says whether they had. The byte that carries
    /// a file descriptor stands between frames; see [`display::GlScanoutUnix`](crate::display::GlScanoutUnix).
    pub fn skip(&mut self, count: usize) -> bool {
        let complete = self.buffer.len() >= count;
        if complete {
            self.buffer.advance(count);
        }
        complete
    }

    /// The next frame, or `None` until more bytes come in.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] as soon as a header says more than the limit; the connection is then of no use.
    #[allow(clippy::should_implement_trait, reason = "an iterator could not be fed")]
    pub fn next(&mut self) -> Result<Option<Received>, WireError> {
        let Some((serial, kind, size, sub_list)) = self.peek_header() else {
            return Ok(None);
        };
        if size > self.limit {
            return Err(WireError::TooLarge {
                field: "message size",
                size: size.into(),
                limit: self.limit.into(),
            });
        }
        let whole = self.header.size().saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if self.buffer.len() < whole {
            self.buffer.reserve(whole - self.buffer.len());
            return Ok(None);
        }
        let mut body = self.buffer.split_to(whole);
        body.advance(self.header.size());
        Ok(Some(Received { kind, serial, sub_list, body: body.freeze() }))
    }

    fn peek_header(&self) -> Option<(Option<u64>, u16, u32, u32)> {
        let mut bytes: &[u8] = self.buffer.get(..self.header.size())?;
        let serial = (self.header == HeaderKind::Full).then(|| bytes.get_u64_le());
        let kind = bytes.get_u16_le();
        let size = bytes.get_u32_le();
        let sub_list = if serial.is_some() { bytes.get_u32_le() } else { 0 };
        Some((serial, kind, size, sub_list))
    }
}
