//! Memory for copied pixels, used again and again.
//!
//! A picture of the screen is megabytes, and a guest that repaints sends many a second. Fresh memory from the
//! system costs a page fault for every 4 KiB, as much time as the copy itself.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers that wait for their next use. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

/// A filled buffer that returns when the last reference to its bytes is gone.
struct Lent {
    buffer: Vec<u8>,
    home: Arc<Mutex<Idle>>,
}

impl Buffers {
    /// Bytes below which the allocator does as well.
    const WORTH_IT: usize = 64 << 10;
    /// Bytes that wait at the most.
    const MAX_IDLE: usize = 8 << 20;

    /// An empty buffer with room for `capacity` bytes.
    pub fn take(&self, capacity: usize) -> Vec<u8> {
        if capacity < Self::WORTH_IT {
            return Vec::with_capacity(capacity);
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |buffer: &Vec<u8>| buffer.capacity() >= capacity && buffer.capacity() / 4 <= capacity;
        let best = (0..idle.buffers.len())
            .filter(|index| idle.buffers.get(*index).is_some_and(fits))
            .min_by_key(|index| idle.buffers.get(*index).map(Vec::capacity));
        let Some(best) = best else { return Vec::with_capacity(capacity) };
        let buffer = idle.buffers.swap_remove(best);
        idle.bytes = idle.bytes.saturating_sub(buffer.capacity());
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
        let bytes = idle.bytes.saturating_add(buffer.capacity());
        if bytes <= Buffers::MAX_IDLE {
            idle.bytes = bytes;
            idle.buffers.push(buffer);
        }
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
        let again = buffers.take(90_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let buffers = Buffers::default();
        let lent: Vec<_> = (0..100).map(|_| buffers.lend(buffers.take(1 << 20))).collect();
        drop(lent);
        let idle = buffers.idle.lock().unwrap();
        assert!(idle.bytes <= Buffers::MAX_IDLE && idle.buffers.len() <= 8);
    }
}
