//! Memory that the guest can change at any moment.
//!
//! Nothing here hands out a reference into guest memory: bytes are copied out once and only the copy is
//! looked at. The C face implements [`Region`] over QEMU's mappings; tests implement it over a buffer.

use std::fmt::Debug;

/// One mapped range of guest memory. The caller has checked that `offset + length` lies inside.
pub trait Region: Debug + Send + Sync {
    /// Copies `out.len()` bytes from `offset` on.
    fn read(&self, offset: u64, out: &mut [u8]);

    /// Appends `length` bytes from `offset` on to `out`.
    fn append_to(&self, offset: u64, length: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + length, 0);
        self.read(offset, &mut out[start..]);
    }

    /// Reading of several places begins: memory that a device writes past the processor's caches is made up to date.
    fn begin_reading(&self) {}

    /// That reading has ended.
    fn end_reading(&self) {}

    /// Copies `bytes` into the guest's memory from `offset` on.
    fn write(&self, offset: u64, bytes: &[u8]);

    /// What the host calls the byte at `offset`: how a resource is named when it is released.
    fn host_address(&self, offset: u64) -> usize;
}
