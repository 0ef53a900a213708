//! One client connection after its link: a queue of frames towards the socket, and events back.
//!
//! The owner of a channel (the display's thread, or the session on the main loop's thread) sends and never
//! blocks; the transport reads, frames and writes. Messages carry a [`Credit`]: while too many of them are
//! unprocessed the transport stops reading, so a client cannot fill the host's memory.

use std::sync::Arc;

use bytes::Bytes;
use wire::frame::Frame;

/// What the transport tells the owner of a channel, in order.
#[derive(Debug)]
pub enum ConnectionEvent {
    /// A whole message arrived.
    Message {
        /// Its type, as on the wire.
        kind: u16,
        /// Its body.
        body: Bytes,
        /// Held until the message has been processed.
        credit: Credit,
    },
    /// The backlog has fallen below [`Connection::LOW_WATER`] after having been above it.
    Writable,
    /// The connection has ended; nothing follows. `None` when the peer closed it in good order.
    Closed(Option<String>),
}

/// Permission to have one message in flight; dropping it lets the transport read on.
#[derive(Debug)]
pub struct Credit(#[allow(dead_code, reason = "held for its drop")] Option<Arc<dyn Send + Sync + std::fmt::Debug>>);

/// Where the transport delivers events; called on a transport thread, must not block.
pub type EventSink = Box<dyn FnMut(ConnectionEvent) + Send>;

/// The owner's end of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {/* written by the transport's author */}

impl Connection {
    /// Bytes of backlog below which `Writable` is delivered.
    pub const LOW_WATER: usize = 256 * 1024;
    /// Bytes of backlog above which an owner should stop producing.
    pub const HIGH_WATER: usize = 1024 * 1024;

    /// Queues one message; its header is added here. Ignored after the end of the connection.
    pub fn send(&self, frame: Frame) {
        drop(frame);
    }

    /// Bytes queued and not yet taken by the kernel.
    pub fn backlog(&self) -> usize {
        0
    }

    /// Ends the connection after what is queued has been written, or at once if that takes too long.
    pub fn close(&self) {}
}
