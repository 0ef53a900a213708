//! What a connection's queue holds: a frame, and for a few of them file descriptors that go with it.
//!
//! Made by a channel's owner, taken by the transport. A descriptor is shared, never duplicated: it is closed when
//! the last holder is gone, whether that is a queue that ends, a batch that was written, or the owner.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use wire::frame::Frame;

/// A message on its way to a client.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The message.
    pub frame: Frame,
    /// What goes behind the message, each with a byte of its own. Only connections over a unix socket can carry any.
    pub descriptors: Vec<Arc<OwnedFd>>,
}

impl Parcel {
    /// Bytes behind the frame.
    pub const fn extra(&self) -> usize {
        self.descriptors.len()
    }
}

impl From<Frame> for Parcel {
    fn from(frame: Frame) -> Self {
        Self { frame, descriptors: Vec::new() }
    }
}
