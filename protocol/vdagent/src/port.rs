//! Chunks of the agent's virtio port, `com.redhat.spice.0`: whose data follow, and how many.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::AgentError;

/// Size of a chunk's header.
pub const HEADER_SIZE: usize = 8;

/// Most bytes of a chunk that the server writes; the reference agent closes the port on a larger one. An agent
/// may write larger ones.
pub const MAX_CHUNK_SIZE: usize = 2048;

/// Whose message a chunk belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The client's.
    Client,
    /// The server's own.
    Server,
}

impl Peer {
    /// The peer with this number in a chunk's header.
    pub(crate) fn from_number(number: u32) -> Result<Self, AgentError> {
        match number {
            1 => Ok(Self::Client),
            2 => Ok(Self::Server),
            other => Err(AgentError::BadValue { field: "chunk port", value: other.into() }),
        }
    }
}

/// Part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Whose message it belongs to.
    pub peer: Peer,
    /// Its bytes.
    pub data: Bytes,
}

impl Chunk {
    /// The bytes that come before the data.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER_SIZE] {
        let port: u32 = match self.peer {
            Peer::Client => 1,
            Peer::Server => 2,
        };
        let size = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        let [a, b, c, d] = port.to_le_bytes();
        let [e, f, g, h] = size.to_le_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

/// An encoded message in chunks of at most [`MAX_CHUNK_SIZE`] bytes. Its bytes are shared.
pub fn chunks(peer: Peer, message: &Bytes) -> impl Iterator<Item = Chunk> {
    (0..message.len()).step_by(MAX_CHUNK_SIZE).map(move |start| {
        let end = message.len().min(start + MAX_CHUNK_SIZE);
        Chunk { peer, data: message.slice(start..end) }
    })
}

/// Cuts what comes from the port into chunks. Call [`ChunkReader::next`] until it gives `None` after each feed.
#[derive(Debug)]
pub struct ChunkReader {
    limit: u32,
    buffer: BytesMut,
}

impl ChunkReader {
    /// A reader of chunks of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit, buffer: BytesMut::new() }
    }

    /// Appends bytes from the port.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next chunk, or `None` until more bytes come in.
    ///
    /// # Errors
    /// [`AgentError::TooLarge`] and [`AgentError::BadValue`] as soon as a header is wrong: the port is then of no
    /// use until it is opened again.
    #[allow(clippy::should_implement_trait, reason = "an iterator could not be fed")]
    pub fn next(&mut self) -> Result<Option<Chunk>, AgentError> {
        let Some(mut header) = self.buffer.get(..HEADER_SIZE) else {
            return Ok(None);
        };
        let peer = Peer::from_number(header.get_u32_le())?;
        let size = header.get_u32_le();
        if size > self.limit {
            let limit = self.limit.into();
            return Err(AgentError::TooLarge { field: "agent chunk", size: size.into(), limit });
        }
        let whole = HEADER_SIZE.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if self.buffer.len() < whole {
            return Ok(None);
        }
        let mut chunk = self.buffer.split_to(whole);
        chunk.advance(HEADER_SIZE);
        Ok(Some(Chunk { peer, data: chunk.freeze() }))
    }
}
