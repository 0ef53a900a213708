//! Device memory that the model and a driver under test both hold.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use crate::ring::SharedMemory;

/// One BAR: bytes shared by all clones of the handle. Words are atomic, so driver and device may run in
/// different threads.
#[derive(Clone, Debug)]
pub struct Memory {
    words: Arc<[AtomicU32]>,
}

impl Memory {
    /// `bytes` of 0, rounded up to a multiple of 4.
    pub fn new(bytes: usize) -> Self {
        Self { words: (0..bytes.div_ceil(4)).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.words.len() * 4
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Copies bytes out, or returns `None` when they are not all inside.
    pub fn read(&self, at: usize, bytes: &mut [u8]) -> Option<()> {
        self.check(at, bytes.len())?;
        for (place, byte) in (at..).zip(bytes) {
            let word = self.words.get(place / 4)?.load(Ordering::Relaxed).to_le_bytes();
            *byte = *word.get(place % 4)?;
        }
        Some(())
    }

    /// Copies bytes in, or returns `None` and changes nothing when they do not all fit.
    pub fn write(&self, at: usize, bytes: &[u8]) -> Option<()> {
        self.check(at, bytes.len())?;
        for (place, byte) in (at..).zip(bytes) {
            let shift = 8 * (place % 4);
            let change = |word: u32| {
                let word = u32::from_le(word);
                Some(((word & !(0xff << shift)) | (u32::from(*byte) << shift)).to_le())
            };
            // The closure never refuses.
            let _ = self.words.get(place / 4)?.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
        }
        Some(())
    }

    /// Reads a structure.
    pub fn get<T: FromBytes + IntoBytes>(&self, at: usize) -> Option<T> {
        let mut value = T::new_zeroed();
        self.read(at, value.as_mut_bytes())?;
        Some(value)
    }

    /// Writes a structure.
    pub fn put<T: IntoBytes + Immutable>(&self, at: usize, value: &T) -> Option<()> {
        self.write(at, value.as_bytes())
    }

    /// The RAM header (or whatever else) that begins at `at`, for [`crate::ring`].
    pub fn view(&self, at: usize) -> MemoryView {
        MemoryView { memory: self.clone(), start: at }
    }

    fn check(&self, at: usize, len: usize) -> Option<()> {
        (at.checked_add(len)? <= self.len()).then_some(())
    }

    fn word(&self, at: usize) -> Option<&AtomicU32> {
        if at.is_multiple_of(4) { self.words.get(at / 4) } else { None }
    }
}

/// Memory from some offset on. Loads from outside give 0, stores to there do nothing.
#[derive(Clone, Debug)]
pub struct MemoryView {
    memory: Memory,
    start: usize,
}

impl MemoryView {
    fn word(&self, at: usize) -> Option<&AtomicU32> {
        self.memory.word(self.start.checked_add(at)?)
    }

    /// Sets bits in a word, at once.
    pub(super) fn set_bits(&self, at: usize, bits: u32) {
        if let Some(word) = self.word(at) {
            word.fetch_or(bits.to_le(), Ordering::SeqCst);
        }
    }

    /// Reads a structure; all 0 when it is not inside.
    pub(super) fn get<T: FromBytes + IntoBytes>(&self, at: usize) -> T {
        self.start.checked_add(at).and_then(|at| self.memory.get(at)).unwrap_or_else(FromZeros::new_zeroed)
    }
}

impl SharedMemory for MemoryView {
    fn load(&self, at: usize) -> u32 {
        self.word(at).map_or(0, |word| u32::from_le(word.load(Ordering::SeqCst)))
    }

    fn store(&self, at: usize, word: u32) {
        if let Some(place) = self.word(at) {
            place.store(word.to_le(), Ordering::SeqCst);
        }
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        self.word(at)
            .map_or(0, |place| u32::from_le(place.fetch_and((!bits).to_le(), Ordering::SeqCst)) & bits)
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        let start = self.start.checked_add(at);
        if start.and_then(|start| self.memory.read(start, bytes)).is_none() {
            bytes.fill(0);
        }
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        if let Some(start) = self.start.checked_add(at) {
            // Outside there is nothing to change.
            let _ = self.memory.write(start, bytes);
        }
    }
}
