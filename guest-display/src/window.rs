//! The RAM header as a piece of memory of its own.

use qxl::ring::SharedMemory;
use zerocopy::{Immutable, IntoBytes};

/// RAM from some offset on, which [`Layout`](crate::layout::Layout) has found to be inside.
#[derive(Clone, Debug)]
pub(crate) struct Window<M> {
    ram: M,
    start: usize,
}

impl<M: SharedMemory> Window<M> {
    /// RAM from `start` on.
    pub(crate) fn new(ram: M, start: usize) -> Self {
        Self { ram, start }
    }

    /// Writes a structure.
    pub(crate) fn put<T: IntoBytes + Immutable>(&self, at: usize, value: &T) {
        self.write(at, value.as_bytes());
    }
}

impl<M: SharedMemory> SharedMemory for Window<M> {
    fn load(&self, at: usize) -> u32 {
        self.ram.load(self.start.saturating_add(at))
    }

    fn store(&self, at: usize, word: u32) {
        self.ram.store(self.start.saturating_add(at), word);
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        self.ram.take_bits(self.start.saturating_add(at), bits)
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.ram.read(self.start.saturating_add(at), bytes);
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        self.ram.write(self.start.saturating_add(at), bytes);
    }

    fn barrier(&self) {
        self.ram.barrier();
    }
}
