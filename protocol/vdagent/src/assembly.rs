//! Whole messages from the pieces that they travel in.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::AgentError;

/// Size of a message's header: protocol (u32), type (u32), opaque (u64), size of the data (u32).
pub const HEADER_SIZE: usize = 20;

/// The only number of the protocol.
pub const PROTOCOL: u32 = 1;

/// A whole message whose data are not looked at yet: what a relay passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// Its type.
    pub kind: u32,
    /// Nothing in use; passed on.
    pub opaque: u64,
    /// Its data.
    pub data: Bytes,
}

impl RawMessage {
    /// The bytes that come before the data.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER_SIZE] {
        let mut header = [0; HEADER_SIZE];
        let size = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        let fields = PROTOCOL
            .to_le_bytes()
            .into_iter()
            .chain(self.kind.to_le_bytes())
            .chain(self.opaque.to_le_bytes())
            .chain(size.to_le_bytes());
        header.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
        header
    }

    /// Header and data.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(HEADER_SIZE + self.data.len());
        bytes.extend_from_slice(&self.header());
        bytes.extend_from_slice(&self.data);
        bytes.freeze()
    }
}

/// Joins the pieces of one sender. A piece never holds parts of two messages; a header may be cut.
#[derive(Debug)]
pub struct Assembler {
    limit: u32,
    buffer: BytesMut,
}

impl Assembler {
    /// An assembler of messages with at most `limit` bytes of data.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit, buffer: BytesMut::new() }
    }

    /// Bytes of an unfinished message.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Forgets an unfinished message, as when the sender goes away.
    pub fn reset(&mut self) {
        self.buffer = BytesMut::new();
    }

    /// Takes the next piece; gives the message that it ends.
    ///
    /// # Errors
    /// [`AgentError::UnknownProtocol`] and [`AgentError::TooLarge`] as soon as a header is wrong, and
    /// [`AgentError::ChunkBeyondMessage`]. The pieces cannot be told apart then: the sender has to begin anew.
    pub fn push(&mut self, piece: &[u8]) -> Result<Option<RawMessage>, AgentError> {
        self.buffer.extend_from_slice(piece);
        let Some(mut header) = self.buffer.get(..HEADER_SIZE) else {
            return Ok(None);
        };
        let protocol = header.get_u32_le();
        let kind = header.get_u32_le();
        let opaque = header.get_u64_le();
        let size = header.get_u32_le();
        if protocol != PROTOCOL {
            return Err(AgentError::UnknownProtocol(protocol));
        }
        if size > self.limit {
            let limit = self.limit.into();
            return Err(AgentError::TooLarge { field: "agent message", size: size.into(), limit });
        }
        let whole = HEADER_SIZE.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        match self.buffer.len().checked_sub(whole) {
            None => Ok(None),
            Some(0) => {
                let mut message = self.buffer.split();
                message.advance(HEADER_SIZE);
                Ok(Some(RawMessage { kind, opaque, data: message.freeze() }))
            }
            Some(excess) => Err(AgentError::ChunkBeyondMessage { excess }),
        }
    }
}
