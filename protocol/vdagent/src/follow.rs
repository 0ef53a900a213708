//! Messages in a stream of pieces, followed and not kept: what a relay has to know of each piece.
//!
//! The server's relay calls it, once for each sender and direction. Unlike an
//! [`Assembler`](crate::assembly::Assembler) it holds no bytes, so that messages of any size may pass, and a header
//! must not be cut.

use bytes::Buf;

use crate::assembly::{HEADER_SIZE, PROTOCOL};
use crate::error::AgentError;

/// Follows the messages of one sender.
#[derive(Debug, Default)]
pub struct Follower {
    kind: u32,
    /// Bytes of the message's data so far, and still to come.
    done: u32,
    left: u32,
}

/// What a piece is of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's type.
    pub kind: u32,
    /// Whether the message begins here. Then the piece's first [`HEADER_SIZE`] bytes are the message's header.
    pub begins: bool,
    /// Whether the message ends here.
    pub ends: bool,
    /// Where the piece's data belong in the message's.
    pub offset: u32,
    /// Bytes of data in the whole message.
    pub size: u32,
}

impl Part {
    /// Bytes of the piece that are no data of the message.
    #[must_use]
    pub const fn header_size(&self) -> usize {
        if self.begins { HEADER_SIZE } else { 0 }
    }
}

impl Follower {
    /// A follower at the border between two messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the next piece belongs to a message that has begun.
    #[must_use]
    pub const fn is_within(&self) -> bool {
        self.left > 0
    }

    /// Takes note of the next piece.
    ///
    /// # Errors
    /// [`AgentError::Truncated`] for a header that is cut, [`AgentError::UnknownProtocol`], and
    /// [`AgentError::ChunkBeyondMessage`]. Pieces cannot be told apart then: the sender has to begin anew.
    pub fn follow(&mut self, piece: &[u8]) -> Result<Part, AgentError> {
        let begins = !self.is_within();
        let mut data = piece;
        if begins {
            if data.len() < HEADER_SIZE {
                return Err(AgentError::Truncated { field: "message header", offset: data.len() });
            }
            let protocol = data.get_u32_le();
            let kind = data.get_u32_le();
            let _opaque = data.get_u64_le();
            let left = data.get_u32_le();
            if protocol != PROTOCOL {
                return Err(AgentError::UnknownProtocol(protocol));
            }
            *self = Self { kind, done: 0, left };
        }
        let excess = || AgentError::ChunkBeyondMessage {
            excess: data.len().saturating_sub(usize::try_from(self.left).unwrap_or(usize::MAX)),
        };
        let came = u32::try_from(data.len()).map_err(|_| excess())?;
        let left = self.left.checked_sub(came).ok_or_else(excess)?;
        let (offset, size) = (self.done, self.done.saturating_add(self.left));
        *self = Self { kind: self.kind, done: self.done.saturating_add(came), left };
        Ok(Part { kind: self.kind, begins, ends: left == 0, offset, size })
    }
}
