//! One client connection after its link: a queue of frames towards the socket, and events back.
//!
//! The owner of a channel (the display's thread, or the session on the main loop's thread) sends and never
//! blocks; the transport reads, frames and writes, but for what the kernel takes at once of an owner that flushes.
//! Messages carry a [`Credit`]: while too many of them are unprocessed the transport stops reading, so a client
//! cannot fill the host's memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use wire::frame::{Frame, HeaderKind};

use super::parcel::Parcel;
use super::throughput::Throughput;

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
pub struct Credit(Option<Arc<Shared>>);

impl Credit {
    /// A credit that nobody waits for: for events that no transport made.
    pub const fn free() -> Self {
        Self(None)
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        let mut state = shared.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if std::mem::take(&mut state.reader_waits) {
            state.wake();
        }
    }
}

/// Writes on the thread of a channel's owner, while the transport has nothing to write.
pub trait DirectWrite: std::fmt::Debug + Send {
    /// Takes all parcels and writes what the kernel takes at once; the transport writes the rest. `None` when the transport
    /// is about to write others, which come first.
    fn write(&mut self, parcels: &mut Vec<Parcel>) -> Option<Written>;
}

/// What went past the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of frames and headers that are with the kernel.
    pub bytes: usize,
    /// Whether nothing is left.
    pub all: bool,
}

/// Where the transport delivers events; called on a transport thread, must not block.
pub type EventSink = Box<dyn FnMut(ConnectionEvent) + Send>;

/// The owner's end of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {
    shared: Arc<Shared>,
}

/// The transport's end of a connection. Dropping it ends the connection for its owner.
#[derive(Debug)]
pub struct Outlet {
    shared: Arc<Shared>,
}

/// What [`Outlet::take`] found beside frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// More may come.
    Open,
    /// The owner is done: end the connection after these frames.
    Close,
}

#[derive(Debug)]
struct Shared {
    header: HeaderKind,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<Parcel>,
    /// Bytes of `frames` and of what the transport has taken and not yet written.
    backlog: usize,
    throughput: Throughput,
    /// Whether the backlog has been above the low mark since the last `Writable`.
    was_above: bool,
    closing: bool,
    aborted: bool,
    ended: bool,
    in_flight: usize,
    reader_waits: bool,
    /// Whether the transport has to be woken for what is in `frames`.
    announced: bool,
    waker: Option<Waker>,
    shortcut: Option<Box<dyn DirectWrite>>,
}

impl State {
    /// So many bytes are with the kernel; whether that makes the connection writable again.
    fn on_written(&mut self, bytes: usize, now: Instant) -> bool {
        self.backlog = self.backlog.saturating_sub(bytes);
        self.throughput.on_written(bytes, self.backlog, now);
        let writable = self.was_above && self.backlog < Connection::LOW_WATER;
        self.was_above &= !writable;
        writable
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Bytes of backlog below which `Writable` is delivered.
    pub const LOW_WATER: usize = 64 * 1024;
    /// Bytes of backlog above which an owner should stop producing.
    pub const HIGH_WATER: usize = 1024 * 1024;
    /// Messages of one client that may be unprocessed.
    const MAX_IN_FLIGHT: usize = 32;
    /// Queued bytes that are worth waking the transport for before the owner says [`Connection::flush`].
    const FLUSH_BYTES: usize = Self::LOW_WATER;

    /// A connection and its transport's end. Tests take the place of the transport.
    pub fn open(header: HeaderKind) -> (Self, Outlet) {
        let shared = Arc::new(Shared { header, state: Mutex::default() });
        (Self { shared: Arc::clone(&shared) }, Outlet { shared })
    }

    /// Queues one message; its header is added here. Ignored after the end of the connection.
    pub fn send(&self, frame: Frame) {
        self.push(frame.into(), 0);
    }

    /// As [`Connection::send`], but lets the transport sleep on while little is queued: for an owner with
    /// more to send, who must call [`Connection::flush`] before it waits for anything.
    pub fn queue(&self, parcel: impl Into<Parcel>) {
        self.push(parcel.into(), Self::FLUSH_BYTES);
    }

    /// Writes what [`Connection::queue`] has queued, or wakes the transport for it.
    pub fn flush(&self) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        if state.frames.is_empty() || state.announced {
            return;
        }
        if let Some(written) = state.shortcut.as_mut().and_then(|shortcut| shortcut.write(&mut state.frames))
        {
            // Nothing of this was above the low mark: the transport would have been woken for it.
            state.on_written(written.bytes, Instant::now());
            if written.all {
                return;
            }
        }
        state.announced = true;
        state.wake();
    }

    fn push(&self, parcel: Parcel, quiet_below: usize) {
        let body = usize::try_from(parcel.frame.size()).unwrap_or(usize::MAX);
        let size = body.saturating_add(self.shared.header.size() + parcel.extra());
        let mut state = self.shared.lock();
        if state.ended || state.closing {
            return;
        }
        state.backlog = state.backlog.saturating_add(size);
        state.was_above |= state.backlog > Self::LOW_WATER;
        state.frames.push(parcel);
        if !state.announced && state.backlog >= quiet_below {
            state.announced = true;
            state.wake();
        }
    }

    /// Bytes queued and not yet taken by the kernel.
    pub fn backlog(&self) -> usize {
        self.shared.lock().backlog
    }

    /// Bytes queued and not yet taken by the kernel, and what the connection carries in a second, where that is known.
    pub fn load(&self) -> (usize, Option<u64>) {
        let state = self.shared.lock();
        (state.backlog, state.throughput.rate())
    }

    /// Ends the connection at once. What is queued and not yet with the kernel is never sent.
    pub fn abort(&self) {
        let mut state = self.shared.lock();
        (state.closing, state.aborted) = (true, true);
        state.frames = Vec::new();
        state.wake();
    }

    /// Ends the connection after what is queued has been written, or at once if that takes too long.
    pub fn close(&self) {
        let mut state = self.shared.lock();
        state.closing = true;
        state.wake();
    }
}

impl Outlet {
    /// Wakes `waker` from now on when there is something to do.
    pub fn register(&self, waker: &Waker) {
        let mut state = self.shared.lock();
        if !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
    }

    /// Moves all queued frames into `into`, which must be empty.
    pub fn take(&self, into: &mut Vec<Parcel>) -> Demand {
        let mut state = self.shared.lock();
        std::mem::swap(&mut state.frames, into);
        state.announced = false;
        if state.closing { Demand::Close } else { Demand::Open }
    }

    /// Whether the owner wants nothing more to be written.
    pub fn is_aborted(&self) -> bool {
        self.shared.lock().aborted
    }

    /// The header that frames get.
    pub fn header(&self) -> HeaderKind {
        self.shared.header
    }

    /// So many bytes of frames and headers are with the kernel at `now`; whether that makes the connection writable
    /// again.
    pub fn written(&self, bytes: usize, now: Instant) -> bool {
        self.shared.lock().on_written(bytes, now)
    }

    /// Lets the owner write by itself while this end has nothing to write.
    pub fn set_shortcut(&self, shortcut: Box<dyn DirectWrite>) {
        self.shared.lock().shortcut = Some(shortcut);
    }

    /// Permission to deliver one message, or `None` until one of those in flight has been processed.
    pub fn credit(&self) -> Option<Credit> {
        let mut state = self.shared.lock();
        if state.in_flight >= Connection::MAX_IN_FLIGHT {
            state.reader_waits = true;
            return None;
        }
        state.in_flight += 1;
        Some(Credit(Some(Arc::clone(&self.shared))))
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended = true;
        state.frames = Vec::new();
        state.backlog = 0;
        state.waker = None;
        state.shortcut = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted(outlet: &Outlet) -> Arc<Count> {
        let count = Arc::new(Count::default());
        outlet.register(&Waker::from(Arc::clone(&count)));
        count
    }

    fn frame(size: usize) -> Frame {
        Frame::new(1, Bytes::from(vec![0; size]))
    }

    #[test]
    fn many_sends_wake_the_transport_once() {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let wakes = counted(&outlet);
        for _ in 0..100 {
            connection.send(frame(10));
        }
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        let mut frames = Vec::new();
        assert_eq!(outlet.take(&mut frames), Demand::Open);
        assert_eq!(frames.len(), 100);
        connection.send(frame(10));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn queued_frames_wait_for_the_flush_or_for_company() {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let wakes = counted(&outlet);
        connection.queue(frame(10));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
        connection.flush();
        connection.flush();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        outlet.take(&mut Vec::new());
        connection.queue(frame(Connection::FLUSH_BYTES));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn writable_is_said_once_for_each_time_above_the_mark() {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        connection.send(frame(Connection::LOW_WATER - 6));
        assert!(!outlet.written(20, Instant::now()), "never was above");
        connection.send(frame(Connection::LOW_WATER));
        assert!(!outlet.written(10, Instant::now()), "still above");
        assert!(outlet.written(Connection::LOW_WATER + 12, Instant::now()));
        assert!(!outlet.written(10, Instant::now()), "said already");
    }

    #[test]
    fn credits_run_out_and_come_back_with_a_wake() {
        let (_connection, outlet) = Connection::open(HeaderKind::Mini);
        let wakes = counted(&outlet);
        let mut credits: Vec<Credit> = std::iter::from_fn(|| outlet.credit()).collect();
        assert_eq!(credits.len(), Connection::MAX_IN_FLIGHT);
        credits.pop();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(outlet.credit().is_some());
    }

    /// Takes so many bytes.
    #[derive(Debug)]
    struct Kernel(usize);

    impl DirectWrite for Kernel {
        fn write(&mut self, parcels: &mut Vec<Parcel>) -> Option<Written> {
            let size: usize = parcels.drain(..).map(|parcel| parcel.frame.size() as usize + 6).sum();
            let bytes = size.min(self.0);
            self.0 -= bytes;
            Some(Written { bytes, all: bytes == size })
        }
    }

    #[test]
    fn what_the_kernel_takes_at_once_wakes_nobody() {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let woken = counted(&outlet);
        outlet.set_shortcut(Box::new(Kernel(200)));
        connection.queue(frame(94));
        connection.flush();
        assert_eq!((connection.backlog(), woken.0.load(Ordering::Relaxed)), (0, 0));
        connection.queue(frame(194));
        connection.flush();
        assert_eq!(
            (connection.backlog(), woken.0.load(Ordering::Relaxed)),
            (100, 1),
            "the transport has the rest"
        );
    }

    #[test]
    fn nothing_is_kept_after_the_end() {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        connection.send(frame(10));
        drop(outlet);
        connection.send(frame(10));
        assert_eq!(connection.backlog(), 0);
    }
}
