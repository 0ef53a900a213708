//! What the session hears of: a queue that other threads fill, and a descriptor that the main loop watches.
//!
//! The descriptor is readable while the queue may hold something. It is written once for any number of
//! events, so that a burst costs the main loop one wakeup.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::oneshot;

use crate::channel::connection::{Connection, ConnectionEvent, EventSink};
use crate::display::PrimaryShape;
use crate::fault::HostError;
use crate::link::handshake::LinkRequest;
use crate::link::refusal::Refusal;
use crate::transport::peer::{Peer, PeerId};

/// One thing that has happened elsewhere.
#[derive(Debug)]
pub enum Inbound {
    /// A socket was accepted.
    Arrived(Arc<Peer>),
    /// A peer has proved itself and waits for a verdict.
    Linked(Linked),
    /// Something on a channel that the session serves itself.
    Event(PeerId, ConnectionEvent),
    /// The socket is closed.
    Left(PeerId),
    /// The guest has switched its keyboard's lamps, as bits of `Modifiers`.
    Lamps(u8),
    /// A display has a new primary surface, or none.
    Primary {
        /// Which display.
        display: u8,
        /// The surface; `None` when it was destroyed.
        surface: Option<PrimaryShape>,
    },
    /// All clients have to go.
    DisconnectAll(&'static str),
    /// There is more to move at the agent's port, for which there was no time.
    AgentGoesOn,
}

/// A peer that waits for a verdict.
#[derive(Debug)]
pub struct Linked {
    /// The socket.
    pub peer: Arc<Peer>,
    /// What the peer wants.
    pub request: LinkRequest,
    /// What the channel's owner will use; frames queued on it follow the verdict.
    pub connection: Connection,
    /// Where the verdict goes.
    pub answer: oneshot::Sender<Verdict>,
}

/// Whether a peer becomes a client's channel.
pub enum Verdict {
    /// Yes; events go there.
    Accept(EventSink),
    /// No.
    Refuse(Refusal),
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Accept(_) => out.write_str("Accept"),
            Self::Refuse(refusal) => write!(out, "Refuse({refusal})"),
        }
    }
}

/// The queue. What clients can put in is bounded by their credits and by the number of sockets.
#[derive(Debug)]
pub struct Inbox {
    events: Mutex<Vec<Inbound>>,
    bell: OwnedFd,
}

impl Inbox {
    /// An empty queue.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> Result<Self, HostError> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| HostError::new(format_args!("no event descriptor: {error}")))?;
        Ok(Self { events: Mutex::default(), bell })
    }

    /// Readable while something may be there.
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Appends an event; from any thread, never blocks.
    pub fn post(&self, event: Inbound) {
        let mut events = self.lock();
        let ring = events.is_empty();
        events.push(event);
        drop(events);
        if ring {
            // Fails only when the bell has rung 2^64 - 1 times, and then it rings.
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }

    /// All events, in order. Silences the bell.
    pub fn take(&self) -> Vec<Inbound> {
        // Fails when the bell did not ring, which is as good. Read before the queue is emptied: an event that
        // comes in between rings again.
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Inbound>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::time::Timespec;

    use super::*;

    fn rings(inbox: &Inbox) -> bool {
        let mut fds = [PollFd::new(&inbox.bell, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn the_bell_rings_while_something_is_there() {
        let inbox = Inbox::new().unwrap();
        assert!(!rings(&inbox));
        inbox.post(Inbound::Lamps(1));
        inbox.post(Inbound::Lamps(2));
        assert!(rings(&inbox));
        assert!(matches!(inbox.take().as_slice(), [Inbound::Lamps(1), Inbound::Lamps(2)]));
        assert!(!rings(&inbox));
        assert!(inbox.take().is_empty());
    }
}
