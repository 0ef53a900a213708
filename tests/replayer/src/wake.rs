//! A bell for the main loop.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::event::{EventfdFlags, eventfd};

/// An event counter that polls as readable once it was rung.
#[derive(Debug)]
pub struct Wake(OwnedFd);

impl Wake {
    /// A silent bell.
    ///
    /// # Errors
    /// The system is out of descriptors.
    pub fn new() -> Result<Self> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Self(eventfd(0, flags).context("eventfd")?))
    }

    /// Rings. A counter that is full is readable already.
    pub fn up(&self) {
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Silences the bell.
    pub fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
