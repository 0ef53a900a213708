//! Memory for copied pixels, used again and again.
//!
//! A picture of the screen is megabytes, and a guest that repaints sends many a second. Fresh memory from the
//! system costs a page fault for every 4 KiB, as much time as the copy itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers that wait for their next use. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug, Default)]
struct Idle {
    /// By their capacity.
    buffers: BTreeMap<usize, Vec<Vec<u8>>>,
    bytes: usize,
}

/// A filled buffer that returns when the last reference to its bytes is gone.
struct Lent {
    buffer: Vec<u8>,
    home: Arc<Mutex<Idle>>,
}

impl Buffers {
    /// Bytes below which the allocator does as well.
    const WORTH_IT: usize = 8 << 10;
    /// Bytes that wait at the most.
    const MAX_IDLE: usize = 8 << 20;

    /// An empty buffer with room for `capacity` bytes.
    pub fn take(&self, capacity: usize) -> Vec<u8> {
        if capacity < Self::WORTH_IT {
            return Vec::with_capacity(capacity);
        }
        let class = class(capacity);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(buffer) = idle.buffers.get_mut(&class).and_then(Vec::pop) else {
            return Vec::with_capacity(class);
        };
        idle.bytes = idle.bytes.saturating_sub(class);
        buffer
    }

    /// The bytes of a filled buffer, to be shared; the buffer comes back when nobody needs them.
    pub fn lend(&self, buffer: Vec<u8>) -> Bytes {
        if buffer.capacity() < Self::WORTH_IT {
            return Bytes::from(buffer);
        }
        Bytes::from_owner(Lent { buffer, home: self.idle.clone() })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut idle = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        let capacity = buffer.capacity();
        if capacity > Buffers::MAX_IDLE {
            return;
        }
        // What waits is of other sizes than what is in use now.
        if idle.bytes + capacity > Buffers::MAX_IDLE {
            *idle = Idle::default();
        }
        idle.bytes += capacity;
        idle.buffers.entry(capacity).or_default().push(buffer);
    }
}

/// The capacity that a buffer for `bytes` bytes gets, at most a quarter more: few enough capacities for each to be asked for again.
const fn class(bytes: usize) -> usize {
    let step = bytes.next_power_of_two() / 8;
    match bytes.checked_next_multiple_of(step) {
        Some(class) => class,
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_the_last_reference_is_gone() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(100_000);
        buffer.resize(100_000, 7);
        let place = buffer.as_ptr();
        let bytes = buffers.lend(buffer);
        let other = bytes.clone();
        drop(bytes);
        let unlike = buffers.take(100_000);
        assert_ne!(unlike.as_ptr(), place);
        drop(other);
        let again = buffers.take(99_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let buffers = Buffers::default();
        let sizes = (0..100).map(|_| 1 << 20).chain([1 << 24]);
        let lent: Vec<_> = sizes.map(|size| buffers.lend(buffers.take(size))).collect();
        drop(lent);
        let idle = buffers.idle.lock().unwrap();
        let waiting: usize = idle.buffers.values().flatten().map(Vec::capacity).sum();
        assert!(waiting == idle.bytes && waiting <= Buffers::MAX_IDLE);
    }

    #[test]
    fn capacities_are_a_little_larger_than_what_is_asked_for() {
        for bytes in [8192, 8193, 10_000, 65_537, 1 << 20, (1 << 20) + 1, 3_000_001] {
            let class = class(bytes);
            assert!(class >= bytes && class - bytes <= bytes / 4, "{bytes} in {class}");
        }
    }
}
