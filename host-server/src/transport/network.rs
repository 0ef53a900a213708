//! The network thread: a runtime for sockets, and what its tasks share.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::AddressFamily;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::driver;
use super::half_open::{HalfOpen, LinkPlace};
use super::listener::{Listener, prepare};
use super::peer::Peer;
use super::stream::Stream;
use crate::fault::HostError;
use crate::link::policy::Policy;
use crate::link::refusal::{LogBudget, Refusal};
use crate::link::ticket::TicketKey;
use crate::session::inbox::Inbox;
use crate::thread::spawn_masked;

/// Links of strangers that may be under way at once.
const MAX_HALF_OPEN: usize = 64;

/// Sockets of strangers that may be open at once: a client has a handful of channels.
const MAX_CONNECTIONS: usize = 512;

/// How long accepting rests after the system had no descriptor for us.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What peers meet, and what is kept about all of them.
#[derive(Debug)]
pub struct Reception {
    /// Where the session hears of peers.
    pub inbox: Arc<Inbox>,
    policy: Mutex<Policy>,
    half_open: Arc<HalfOpen>,
    connections: Arc<AtomicUsize>,
    log_budget: Mutex<LogBudget>,
    /// The key for links whose tickets nobody checks.
    pub(super) spare_key: OnceLock<Arc<TicketKey>>,
}

/// One of a limited number of places, taken until it is dropped.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(places: &Arc<AtomicUsize>, limit: usize) -> Result<Self, Refusal> {
        let taken = places.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(places));
        if taken < limit { Ok(place) } else { Err(Refusal::TooMany(taken)) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Reception {
    /// A reception that lets nobody in yet.
    pub fn new(inbox: Arc<Inbox>, now: Instant) -> Self {
        Self {
            inbox,
            policy: Mutex::default(),
            half_open: HalfOpen::new(MAX_HALF_OPEN),
            connections: Arc::default(),
            log_budget: Mutex::new(LogBudget::new(now)),
            spare_key: OnceLock::new(),
        }
    }

    /// What links are judged by, to read or to change. Must not be held across a wait.
    pub fn policy(&self) -> MutexGuard<'_, Policy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stranger's link begins; when there are too many, the oldest of them ends.
    pub(super) fn begin_link(&self) -> LinkPlace {
        self.half_open.take()
    }

    /// Logs why a peer was turned away, unless there was too much of that lately.
    pub(super) fn refused(&self, peer: &Peer, refusal: &Refusal) {
        if let Refusal::Left(reason) = refusal {
            debug!(%peer, reason, "a peer left during its link");
            return;
        }
        let mut budget = self.log_budget.lock().unwrap_or_else(PoisonError::into_inner);
        match budget.spend(Instant::now()) {
            Some(0) => warn!("refused {peer}: {refusal}"),
            Some(more) => warn!("refused {peer}: {refusal} ({more} more refusals were not logged)"),
            None => {}
        }
    }
}

/// The network thread. Dropping it ends the thread and all connections.
#[derive(Debug)]
pub struct Network {
    handle: Handle,
    reception: Arc<Reception>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread or descriptor left.
    pub fn start(reception: Arc<Reception>) -> Result<Self, HostError> {
        let failed = |error| HostError::new(format_args!("cannot start the network thread: {error}"));
        // One more thread at most, for a moment, when a ticket key is made.
        let mut builder = Builder::new_current_thread();
        builder.enable_all().max_blocking_threads(1).thread_keep_alive(Duration::from_secs(1));
        let runtime = builder.thread_name("SPICE keys").build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            // Ends with a message or, when the sender is dropped, with an error: both mean stop.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = spawn_masked("SPICE net", body).map_err(failed)?;
        Ok(Self { handle, reception, stop: Some(stop), thread: Some(thread) })
    }

    /// Accepts clients on `listener`.
    ///
    /// # Errors
    /// When the runtime cannot watch the socket.
    pub fn listen(&self, listener: Listener) -> Result<(), HostError> {
        let failed = |error| HostError::new(format_args!("cannot watch the listening socket: {error}"));
        let _context = self.handle.enter();
        let reception = Arc::clone(&self.reception);
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true).map_err(failed)?;
                let listener = TcpListener::from_std(listener).map_err(failed)?;
                self.handle.spawn(accept(reception, async move || listener.accept().await.map(|(s, _)| s)));
            }
            Listener::Unix(listener) => {
                listener.set_nonblocking(true).map_err(failed)?;
                let listener = UnixListener::from_std(listener).map_err(failed)?;
                self.handle.spawn(accept(reception, async move || listener.accept().await.map(|(s, _)| s)));
            }
        }
        Ok(())
    }

    /// Serves a socket that the host has accepted. `trusted` peers need no ticket.
    ///
    /// # Errors
    /// When it is no stream socket that can be watched.
    pub fn adopt(&self, socket: OwnedFd, trusted: bool) -> Result<(), HostError> {
        let failed = |error: std::io::Error| HostError::new(format_args!("cannot serve the socket: {error}"));
        let family =
            rustix::net::getsockname(&socket).map_err(|error| failed(error.into()))?.address_family();
        let _context = self.handle.enter();
        if family == AddressFamily::UNIX {
            let stream = std::os::unix::net::UnixStream::from(socket);
            stream.set_nonblocking(true).map_err(failed)?;
            welcome(UnixStream::from_std(stream).map_err(failed)?, trusted, &self.reception);
        } else {
            let stream = std::net::TcpStream::from(socket);
            stream.set_nonblocking(true).map_err(failed)?;
            welcome(TcpStream::from_std(stream).map_err(failed)?, trusted, &self.reception);
        }
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread's body does not panic; if it did, it is gone all the same.
            let _ = thread.join();
        }
    }
}

async fn accept<S: Stream + AsFd + 'static>(
    reception: Arc<Reception>,
    next: impl AsyncFn() -> std::io::Result<S>,
) {
    loop {
        match next().await {
            Ok(stream) => welcome(stream, false, &reception),
            Err(error) => {
                debug!(%error, "accepting failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn welcome<S: Stream + AsFd + 'static>(stream: S, trusted: bool, reception: &Arc<Reception>) {
    prepare(&stream);
    let peer = Arc::new(Peer::of(&stream));
    // How many sockets the host vouches for is the host's decision.
    let place = match (!trusted).then(|| Place::take(&reception.connections, MAX_CONNECTIONS)).transpose() {
        Ok(place) => place,
        Err(refusal) => return reception.refused(&peer, &refusal),
    };
    let serving = driver::serve(Box::new(stream), peer, trusted, Arc::clone(reception));
    tokio::spawn(async move {
        serving.await;
        drop(place);
    });
}
