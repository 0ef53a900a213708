//! The way past the network thread: while it has nothing to write on a connection, the thread that has made a frame writes it itself.
//!
//! Waking another thread for a small frame costs as much as the frame, and is time in which the client waits. What the kernel
//! does not take at once is left to the pump, which alone waits.

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, TryLockError};

use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

use super::batch::{Batch, MAX_SLICES};
use crate::channel::connection::{DirectWrite, Written};
use crate::channel::parcel::Parcel;

/// The socket of a connection, for the owner of its channel.
#[derive(Debug)]
pub(super) struct Shortcut {
    batch: Arc<Mutex<Batch>>,
    socket: OwnedFd,
}

impl Shortcut {
    /// Writes what the pump of the same batch would write, to the same socket.
    pub(super) const fn new(batch: Arc<Mutex<Batch>>, socket: OwnedFd) -> Self {
        Self { batch, socket }
    }
}

impl DirectWrite for Shortcut {
    fn write(&mut self, parcels: &mut Vec<Parcel>) -> Option<Written> {
        let mut batch = match self.batch.try_lock() {
            Ok(batch) => batch,
            Err(TryLockError::Poisoned(batch)) => batch.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if !batch.is_empty() {
            return None;
        }
        parcels.drain(..).for_each(|parcel| batch.push(parcel));
        let mut bytes = 0;
        while !batch.is_empty() && batch.descriptor().is_none() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = batch.slices(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            // An error is for the pump: it meets it as well, and ends the connection.
            match sendmsg(self.socket.as_fd(), slices, &mut SendAncillaryBuffer::default(), flags) {
                Ok(written) if written > 0 => {
                    batch.advance(written);
                    bytes += written;
                }
                _ => break,
            }
        }
        Some(Written { bytes, all: batch.is_empty() })
    }
}
