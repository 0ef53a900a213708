//! A host: a server, its main loop on a thread of its own, and a keyboard.

use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use host_server::fault::HostError;
use host_server::server::{Callback, Keyboard, MainLoop, Server, Timer, Watch};
use host_server::session::ChannelNotice;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use crate::PATIENCE;

/// The host's main loop: polls the one descriptor that the server watches.
#[derive(Default)]
pub(crate) struct Loop {
    watched: Mutex<Option<(OwnedFd, Callback)>>,
    notices: Mutex<Vec<ChannelNotice>>,
    noticed: Condvar,
}

impl Loop {
    /// What the host has been told of sockets.
    pub(crate) fn notices(&self) -> Vec<ChannelNotice> {
        self.notices.lock().unwrap().clone()
    }

    /// Waits until so many notices are of this kind.
    pub(crate) fn wait_for(&self, count: usize, kind: impl Fn(&ChannelNotice) -> bool) {
        let too_few = |notices: &mut Vec<_>| notices.iter().filter(|notice| kind(notice)).count() < count;
        let notices = self.notices.lock().unwrap();
        let (_notices, waited) = self.noticed.wait_timeout_while(notices, PATIENCE, too_few).unwrap();
        assert!(!waited.timed_out(), "the host is told");
    }
}

struct Nothing;

impl Watch for Nothing {}

impl Timer for Nothing {
    fn start(&self, _: Duration) {}

    fn cancel(&self) {}
}

impl MainLoop for Loop {
    fn watch_readable(&self, fd: BorrowedFd<'_>, callback: Callback) -> Result<Box<dyn Watch>, HostError> {
        *self.watched.lock().unwrap() = Some((fd.try_clone_to_owned().unwrap(), callback));
        Ok(Box::new(Nothing))
    }

    fn timer(&self, _: Callback) -> Result<Box<dyn Timer>, HostError> {
        Ok(Box::new(Nothing))
    }

    fn channel_event(&self, notice: &ChannelNotice) {
        self.notices.lock().unwrap().push(notice.clone());
        self.noticed.notify_all();
    }
}

struct Keys(Mutex<Sender<u8>>);

impl Keyboard for Keys {
    fn push_scan_code(&self, code: u8) {
        self.0.lock().unwrap().send(code).unwrap();
    }

    fn lamps(&self) -> u8 {
        2
    }
}

/// A server and the thread that is its host's main loop.
pub(crate) struct Rig {
    pub(crate) server: Arc<Server>,
    pub(crate) main_loop: Arc<Loop>,
    pub(crate) keys: Receiver<u8>,
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Rig {
    pub(crate) fn new(prepare: impl FnOnce(&Server)) -> Self {
        let server = Arc::new(Server::new().unwrap());
        let main_loop = Arc::new(Loop::default());
        let (keys_in, keys) = channel();
        server.set_keyboard(Some(Arc::new(Keys(Mutex::new(keys_in))))).unwrap();
        prepare(&server);
        server.init(Arc::clone(&main_loop) as Arc<dyn MainLoop>).unwrap();
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::spawn({
            let main_loop = Arc::clone(&main_loop);
            move || run(&main_loop, &stopped)
        });
        Self { server, main_loop, keys, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(|thread| thread.join());
    }
}

/// Polls until told to stop.
fn run(main_loop: &Loop, stopped: &Receiver<()>) {
    let (bell, callback) = main_loop.watched.lock().unwrap().take().unwrap();
    while stopped.try_recv() != Err(TryRecvError::Disconnected) {
        let mut fds = [PollFd::new(&bell, PollFlags::IN)];
        let tick = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        if poll(&mut fds, Some(&tick)).unwrap() > 0 {
            callback();
        }
    }
}

/// A listening socket that is handed to the server, as a service manager does.
pub(crate) fn listen(server: &Server) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    server.configure(|settings| settings.listening_socket = Some(listener.into()));
    address
}
