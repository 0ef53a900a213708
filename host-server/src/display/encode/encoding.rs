//! An image's encoded form, and who is at work on it.
//!
//! It is made once, by the display's thread or by one of the pool, and shared by all clients that can take it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use wire::image::ImageBody;

use super::Codec;

/// An image in the form that every client with the same codec can take.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// How it was compressed, or was to be: what does not get shorter stays as it is.
    pub codec: Codec,
    /// What goes over the wire.
    pub body: ImageBody,
}

/// The encoded form of one image, sooner or later.
#[derive(Debug, Default)]
pub struct Encoding {
    progress: AtomicU8,
    encoded: OnceLock<Encoded>,
}

/// Nobody has begun.
const IDLE: u8 = 0;
/// It waits for a thread of the pool.
const QUEUED: u8 = 1;
/// Somebody has begun, and ends with [`Encoding::set`].
const TAKEN: u8 = 2;

impl Encoding {
    /// The encoded form, if it is there.
    pub fn get(&self) -> Option<&Encoded> {
        self.encoded.get()
    }

    /// Sets the encoded form. The first one stays.
    pub fn set(&self, encoded: Encoded) {
        // Somebody has been faster, with the same bytes or those of another codec.
        let _ = self.encoded.set(encoded);
    }

    /// Whether nobody has begun, and nothing is there.
    pub fn is_idle(&self) -> bool {
        self.progress.load(Ordering::Acquire) == IDLE && self.encoded.get().is_none()
    }

    /// Whether somebody is at it at the moment.
    pub fn is_busy(&self) -> bool {
        self.progress.load(Ordering::Acquire) == TAKEN && self.encoded.get().is_none()
    }

    /// It is going to wait for a thread; `false` when it does or has already.
    pub fn enqueue(&self) -> bool {
        self.advance(IDLE, QUEUED)
    }

    /// Whoever gets `true` has to encode what was waiting.
    pub fn take_queued(&self) -> bool {
        self.advance(QUEUED, TAKEN)
    }

    fn advance(&self, from: u8, to: u8) -> bool {
        self.progress.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn one_of_many_gets_to_encode_what_waits() {
        let encoding = Encoding::default();
        assert!(encoding.is_idle() && !encoding.take_queued());
        assert!(encoding.enqueue() && !encoding.enqueue());
        let takers: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4).map(|_| scope.spawn(|| encoding.take_queued())).collect();
            all.into_iter().filter_map(|taker| taker.join().ok()).filter(|taken| *taken).count()
        });
        assert_eq!(takers, 1);
        assert!(encoding.is_busy());
        encoding.set(Encoded { codec: Codec::Lz, body: ImageBody::LzRgb(Bytes::new()) });
        assert!(!encoding.is_busy() && !encoding.is_idle() && encoding.get().is_some());
    }
}
