//! What a connection's queue holds: a frame, and for a few of them a file descriptor that goes with it.
//!
//! Made by a channel's owner, taken by the transport. The descriptor is shared, never duplicated: it is closed when
//! the last holder is gone, whether that is a queue that ends, a batch that was written, or the owner.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use wire::frame::Frame;

/// A message on its way to a client.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The message.
    pub frame: Frame,
    /// What goes with one byte behind the message. Only connections over a unix socket can carry it.
    pub descriptor: Option<Arc<OwnedFd>>,
}

impl Parcel {
    /// Bytes behind the frame.
    pub const fn extra(&self) -> usize {
        if self.descriptor.is_some() { 1 } else { 0 }
    }
}

impl From<Frame> for Parcel {
    fn from(frame: Frame) -> Self {
        Self { frame, descriptor: None }
    }
}
