//! Chunks: data of any length as a list of pieces.

use zerocopy::little_endian::U32;

use crate::memslot::PhysAddr;

/// Bytes that all pieces of a list may hold together; more is refused.
pub const MAX_CHUNKED_BYTES: u64 = 0x7fff_ffff;

/// Pieces that a list may have; more, or a circle, is refused.
pub const MAX_CHUNKS: u32 = 0x7fff_ffff / 1024;

device_layout! {
    /// `QXLDataChunk`: what stands before each piece's bytes.
    pub struct DataChunk: 20 {
        /// Bytes that follow.
        pub data_size: U32,
        /// The piece before this one, or null. Nobody reads it.
        pub prev_chunk: PhysAddr,
        /// The piece after this one, or null.
        pub next_chunk: PhysAddr,
    }
}
