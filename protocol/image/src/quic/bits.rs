//! Bits in words of 32, little endian, the highest bit first.

use alloc::vec::Vec;

/// Appends bits to bytes, by way of words for which room is made beforehand.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    words: &'a mut Vec<[u8; 4]>,
    cursor: Cursor,
}

/// Where a writer is; apart from its words, so that a loop can have it in registers.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    /// The words that are there; one more place is written to all the time.
    used: usize,
    /// The bits that do not fill a word yet, in the lowest places, below others that are written already.
    pending: u64,
    /// How many these are, below 32.
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// A writer that uses `words` for what it has not appended yet.
    pub(super) fn new(out: &'a mut Vec<u8>, words: &'a mut Vec<[u8; 4]>) -> Self {
        Self { out, words, cursor: Cursor::default() }
    }

    /// Appends all whole words, and makes room for so many bits.
    pub(super) fn make_room(&mut self, bits: usize) {
        self.out.extend_from_slice(self.words.get(..self.cursor.used).unwrap_or_default().as_flattened());
        self.cursor.used = 0;
        let needed = bits / 32 + 2;
        if self.words.len() < needed {
            self.words.resize(needed, [0; 4]);
        }
    }

    /// Calls `write` with the cursor and the words that go with it.
    #[inline(always)]
    pub(super) fn with_cursor<T>(&mut self, write: impl FnOnce(&mut Cursor, &mut [[u8; 4]]) -> T) -> T {
        let mut cursor = self.cursor;
        let written = write(&mut cursor, self.words);
        self.cursor = cursor;
        written
    }

    /// Appends the `count` lowest bits of `bits`, at most 32, of which no higher ones are set.
    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.cursor.put(self.words, bits, count);
    }

    /// Fills the last word with zeros and appends one more.
    pub(super) fn finish(mut self) {
        self.make_room(64);
        if self.cursor.count > 0 {
            self.put(0, 32 - self.cursor.count);
        }
        self.put(0, 32);
        self.make_room(0);
    }
}

impl Cursor {
    /// [`BitWriter::put`], for the words of the writer that the cursor is of.
    #[inline(always)]
    pub(super) fn put(&mut self, words: &mut [[u8; 4]], bits: u32, count: u32) {
        self.pending = self.pending << count | u64::from(bits);
        let count = self.count + count;
        // Whether the word is full is hard to foresee, so it is always written, and kept if it is.
        if let Some(place) = words.get_mut(self.used) {
            *place = ((self.pending >> (count & 31)) as u32).to_le_bytes();
        }
        self.used += (count >> 5) as usize;
        self.count = count & 31;
    }
}

/// Reads bits out of bytes; a copy reads on from the same place. Behind their end there are zeros.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    words: core::slice::Iter<'a, [u8; 4]>,
    /// The next bits, from the highest place on.
    window: u64,
    /// How many of the window are there: at least 32.
    count: u32,
    /// Words of zeros that were read behind the end.
    missing: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut reader = Self { words: bytes.as_chunks::<4>().0.iter(), window: 0, count: 0, missing: 0 };
        reader.refill();
        reader
    }

    /// The next 32 bits.
    #[inline]
    pub(super) const fn peek(&self) -> u32 {
        (self.window >> 32) as u32
    }

    /// Goes on by `count` bits, at most 32.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.count -= count;
        if self.count < 32 {
            self.refill();
        }
    }

    /// Takes a number of 32 bits.
    pub(super) fn number(&mut self) -> u32 {
        let number = self.peek();
        self.skip(32);
        number
    }

    /// Whether bits behind the end have been taken.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.missing * 32 > self.count
    }

    fn refill(&mut self) {
        let word = match self.words.next() {
            Some(word) => u32::from_le_bytes(*word),
            None => {
                // More than the two of the window do not matter.
                self.missing = (self.missing + 1).min(4);
                0
            }
        };
        self.window |= u64::from(word) << (32 - self.count);
        self.count += 32;
    }
}
