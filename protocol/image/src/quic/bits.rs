//! Bits in words of 32, little endian, the highest bit first.

use alloc::vec::Vec;

/// Appends bits to bytes.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The bits that do not fill a word yet, in the lowest places.
    pending: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, pending: 0, count: 0 }
    }

    /// Appends the `count` lowest bits of `bits`, at most 32, of which no higher ones are set.
    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.pending = self.pending << count | u64::from(bits);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            // The 32 bits above the ones that remain.
            let word = (self.pending >> self.count) as u32;
            self.out.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// Fills the last word with zeros and appends one more.
    pub(super) fn finish(mut self) {
        if self.count > 0 {
            self.put(0, 32 - self.count);
        }
        self.put(0, 32);
    }
}

/// Reads bits out of bytes; behind their end there are zeros.
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
