//! The port's bytes as pieces that a client takes, without whole chunks in memory: an agent may write chunks of
//! 4 GiB.
//!
//! The server's relay calls it, and asks it how much to read. It never holds more than one piece.

use bytes::{Buf, BytesMut};

use crate::error::AgentError;
use crate::port::{Chunk, HEADER_SIZE, MAX_CHUNK_SIZE, Peer};

/// Cuts chunks of any size into pieces of at most [`MAX_CHUNK_SIZE`] bytes.
#[derive(Debug, Default)]
pub struct PieceReader {
    reading: Reading,
    /// What has come of the header or piece.
    buffer: BytesMut,
}

#[derive(Clone, Copy, Debug, Default)]
enum Reading {
    #[default]
    Header,
    Piece {
        peer: Peer,
        size: usize,
        /// Bytes of the chunk behind this piece.
        behind: u32,
    },
}

impl PieceReader {
    /// A reader at the border between two chunks, as at a port that has just been opened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes end the header or piece that is being read; never 0.
    #[must_use]
    pub fn wants(&self) -> usize {
        self.size().saturating_sub(self.buffer.len())
    }

    /// Takes what it wants from the front of `bytes`; gives the piece that it ends. A chunk without bytes gives none.
    ///
    /// # Errors
    /// [`AgentError::BadValue`] as soon as a header is wrong: the port is then of no use until it is opened again.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Result<Option<Chunk>, AgentError> {
        let (taken, rest) = bytes.split_at(self.wants().min(bytes.len()));
        *bytes = rest;
        self.buffer.extend_from_slice(taken);
        if self.buffer.len() < self.size() {
            return Ok(None);
        }
        match self.reading {
            Reading::Header => {
                let peer = Peer::from_number(self.buffer.get_u32_le())?;
                let size = self.buffer.get_u32_le();
                self.buffer.clear();
                self.reading = Self::behind(peer, size);
                Ok(None)
            }
            Reading::Piece { peer, behind, .. } => {
                self.reading = Self::behind(peer, behind);
                Ok(Some(Chunk { peer, data: self.buffer.split().freeze() }))
            }
        }
    }

    fn size(&self) -> usize {
        match self.reading {
            Reading::Header => HEADER_SIZE,
            Reading::Piece { size, .. } => size,
        }
    }

    /// What follows while `left` bytes of a chunk have not been read.
    fn behind(peer: Peer, left: u32) -> Reading {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(MAX_CHUNK_SIZE);
        if size == 0 {
            return Reading::Header;
        }
        let behind = left.saturating_sub(u32::try_from(size).unwrap_or(left));
        Reading::Piece { peer, size, behind }
    }
}
