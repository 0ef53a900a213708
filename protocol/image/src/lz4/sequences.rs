//! Writing a block's literals and matches.

use alloc::vec::Vec;

/// Bytes of the shortest match.
pub(super) const SHORTEST: usize = 4;
/// Lengths from this on are followed by bytes with the rest.
const LONG: usize = 15;
/// Bytes that are written at once where a sequence is short, which is mostly so: how many are meant is hard to foresee.
const ROOM: usize = 32;

/// Writes the bytes of an image as sequences: literals, then a match.
pub(super) struct Sequences<'a> {
    bytes: &'a [u8],
    block: &'a mut [u8],
    used: usize,
    /// How many of the image's bytes are in the block.
    written: usize,
}

impl<'a> Sequences<'a> {
    /// An empty block for these bytes; `block` grows to the longest one of them.
    pub(super) fn new(bytes: &'a [u8], block: &'a mut Vec<u8>) -> Self {
        let longest = bytes.len() + bytes.len() / 255 + ROOM;
        // Filled with zeros once only: that takes as long as compressing a page of text.
        if block.len() < longest {
            block.resize(longest, 0);
        }
        Self { bytes, block, used: 0, written: 0 }
    }

    /// How many of the image's bytes are in the block.
    #[inline(always)]
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// Writes all bytes before `at` that are not written yet, and a match there of `length`, at least [`SHORTEST`], with what is
    /// `distance` before.
    #[inline(always)]
    pub(super) fn push(&mut self, at: usize, distance: usize, length: usize) {
        let literals = at - self.written;
        let code = length - SHORTEST;
        // Lossless: a match's distance has 16 bits.
        let [low, high, ..] = distance.to_le_bytes();
        if literals < LONG
            && let Some(chunk) = self.bytes.get(self.written..).and_then(<[u8]>::first_chunk::<16>)
            && let Some(room) = self.block.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            room[0] = token(literals, code);
            room[1..17].copy_from_slice(chunk);
            room[1 + literals % 16] = low;
            room[2 + literals % 16] = high;
            self.used += 3 + literals;
        } else {
            self.put_literals(literals, code);
            self.put(&[low, high]);
        }
        if code >= LONG {
            self.put_rest(code - LONG);
        }
        self.written = at + length;
    }

    /// Writes what is left as literals: how many bytes the block has.
    pub(super) fn finish(mut self) -> usize {
        self.put_literals(self.bytes.len() - self.written, 0);
        self.used
    }

    /// Writes the token of a sequence, and its literals.
    #[inline(never)]
    fn put_literals(&mut self, count: usize, code: usize) {
        let bytes = self.bytes;
        self.put(&[token(count, code)]);
        if count >= LONG {
            self.put_rest(count - LONG);
        }
        self.put(bytes.get(self.written..self.written + count).unwrap_or_default());
    }

    /// Writes what a length has beyond its four bits.
    #[inline(never)]
    fn put_rest(&mut self, rest: usize) {
        for _ in 0..rest / 255 {
            self.put(&[255]);
        }
        self.put(&[(rest % 255) as u8]);
    }

    fn put(&mut self, bytes: &[u8]) {
        // There is room: a match takes no more bytes than it stands for.
        if let Some(room) = self.block.get_mut(self.used..self.used + bytes.len()) {
            room.copy_from_slice(bytes);
            self.used += bytes.len();
        }
    }
}

/// The number of literals, and the length of a match beyond the shortest, in four bits each.
#[inline(always)]
fn token(literals: usize, code: usize) -> u8 {
    (literals.min(LONG) as u8) << 4 | code.min(LONG) as u8
}
