//! The server with real sockets and a main loop of the test's own: a client links by ticket over TCP, types a
//! key, and leaves; peers that are no clients are turned away without harm to it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use host_server::fault::HostError;
use host_server::server::{Callback, Keyboard, MainLoop, Server, Timer, Watch};
use host_server::session::{ChannelEvent, ChannelNotice};
use openssl::rsa::{Padding, Rsa};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use wire::capability::{Capabilities, base};
use wire::channel::{ChannelId, ChannelType};
use wire::frame::{Frame, FrameReader, HeaderKind, Received};
use wire::link::{HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, TICKET_SIZE};
use wire::{inputs, main};

/// No step of a test takes longer than this unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// The host's main loop: polls the one descriptor that the server watches.
#[derive(Default)]
struct Loop {
    watched: Mutex<Option<(OwnedFd, Callback)>>,
    notices: Mutex<Vec<ChannelNotice>>,
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
struct Rig {
    server: Arc<Server>,
    main_loop: Arc<Loop>,
    keys: Receiver<u8>,
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Rig {
    fn new(prepare: impl FnOnce(&Server)) -> Self {
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

/// A client's end of one channel, on any stream.
struct Client<S> {
    stream: S,
    reader: FrameReader,
}

impl<S: Read + Write> Client<S> {
    /// Links; the server's verdict is the error.
    fn link(
        mut stream: S,
        channel: ChannelType,
        connection_id: u32,
        password: &[u8],
    ) -> Result<Self, LinkError> {
        let common = Capabilities::of([base::AUTH_SELECTION, base::AUTH_TICKET, base::MINI_HEADER]);
        let channel = ChannelId { channel_type: channel, id: 0 };
        let specific = Capabilities::default();
        stream.write_all(&LinkMess { connection_id, channel, common, specific }.encode()).unwrap();
        let reply = read_reply(&mut stream);
        if reply.error != LinkError::OK {
            return Err(reply.error);
        }
        let mut ticket = [0; TICKET_SIZE];
        let key = Rsa::public_key_from_der(&reply.public_key).unwrap();
        key.public_encrypt(&[password, b"\0"].concat(), &mut ticket, Padding::PKCS1_OAEP).unwrap();
        stream.write_all(&1_u32.to_le_bytes()).unwrap();
        stream.write_all(&ticket).unwrap();
        let mut result = [0; 4];
        stream.read_exact(&mut result).unwrap();
        match LinkError(u32::from_le_bytes(result)) {
            LinkError::OK => Ok(Self { stream, reader: FrameReader::new(HeaderKind::Mini, 1 << 20) }),
            error => Err(error),
        }
    }

    fn send(&mut self, frame: &Frame) {
        self.stream.write_all(&frame.mini_header()).unwrap();
        self.stream.write_all(&frame.to_body()).unwrap();
    }

    /// The next message; `None` when the server has closed the connection.
    fn receive(&mut self) -> Option<Received> {
        loop {
            if let Some(message) = self.reader.next().unwrap() {
                return Some(message);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.reader.feed(&bytes[..count]),
            }
        }
    }

    fn receive_main(&mut self) -> main::ServerMessage {
        let Received { kind, body, .. } = self.receive().expect("the server goes on");
        main::ServerMessage::decode(kind, body).unwrap()
    }
}

fn read_reply(stream: &mut impl Read) -> LinkReply {
    let mut header = [0; HEADER_SIZE];
    stream.read_exact(&mut header).unwrap();
    let header = LinkHeader::decode(&header).unwrap();
    let mut reply = vec![0; header.size as usize];
    stream.read_exact(&mut reply).unwrap();
    LinkReply::decode(&reply).unwrap()
}

/// A connected pair: ours, and the one for the server.
fn pair() -> (UnixStream, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    (ours, theirs.into())
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A listening socket that is handed to the server, as a service manager does.
fn listen(server: &Server) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    server.configure(|settings| settings.listening_socket = Some(listener.into()));
    address
}

fn begin<S: Read + Write>(stream: S, password: &[u8]) -> (Client<S>, u32) {
    let mut client = Client::link(stream, ChannelType::MAIN, 0, password).unwrap();
    match client.receive_main() {
        main::ServerMessage::Init(init) => (client, init.session_id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_links_over_tcp_and_types() {
    let mut address = None;
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.set_ticket(Some(b"secret"), None).unwrap();
    });
    let address = address.unwrap();
    let wrong = Client::link(tcp(address), ChannelType::MAIN, 0, b"guess");
    assert_eq!(wrong.err(), Some(LinkError::PERMISSION_DENIED));
    let (mut client, id) = begin(tcp(address), b"secret");
    client.send(&main::ClientMessage::AttachChannels.encode());
    let main::ServerMessage::ChannelsList(list) = client.receive_main() else { panic!("no list") };
    assert_eq!(list.channels.len(), 1, "inputs alone, as there is no display");

    let mut keys = Client::link(tcp(address), ChannelType::INPUTS, id, b"secret").unwrap();
    let Received { kind, body, .. } = keys.receive().unwrap();
    let lamps = inputs::KeyModifiers { modifiers: inputs::Modifiers::NUM_LOCK };
    assert_eq!(inputs::ServerMessage::decode(kind, body).unwrap(), inputs::ServerMessage::Init(lamps));
    keys.send(&inputs::ClientMessage::KeyDown(inputs::Key { code: 0x1e }).encode());
    assert_eq!(rig.keys.recv_timeout(PATIENCE), Ok(0x1e));
    assert_eq!(rig.server.client_count(), 1);
    drop(keys);
    assert_eq!(rig.keys.recv_timeout(PATIENCE), Ok(0x9e), "let go when the client leaves");
    let notices = rig.main_loop.notices.lock().unwrap();
    let linked = notices.iter().filter(|notice| notice.event == ChannelEvent::Initialized);
    assert!(linked.filter_map(|notice| notice.seat).all(|seat| seat.connection_id == id));
}

#[test]
fn peers_that_are_no_clients_do_no_harm_to_those_that_are() {
    let rig = Rig::new(Server::disable_ticketing);
    let add = |trusted| {
        let (ours, theirs) = pair();
        rig.server.add_client(theirs, trusted).unwrap();
        ours
    };
    let (mut client, id) = begin(add(false), b"");
    for noise in
        [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0xff; 5000], b"REDQ\x01\0\0\0\0\0\0\0\xff\xff\xff\xff"]
    {
        let mut peer = add(false);
        // The server may hang up before it has read everything.
        let _ = peer.write_all(noise);
        let mut answer = Vec::new();
        let _ = peer.read_to_end(&mut answer);
        assert!(!answer.is_empty());
    }
    let half_open: Vec<UnixStream> = (0..30).map(|_| add(false)).collect();
    let unknown = Client::link(add(false), ChannelType::INPUTS, id ^ 1, b"");
    assert_eq!(unknown.err(), Some(LinkError::BAD_CONNECTION_ID));
    let missing = Client::link(add(false), ChannelType::PLAYBACK, id, b"");
    assert_eq!(missing.err(), Some(LinkError::CHANNEL_NOT_AVAILABLE));
    client.send(&main::ClientMessage::AttachChannels.encode());
    assert!(matches!(client.receive_main(), main::ServerMessage::ChannelsList(_)));
    drop(half_open);

    client.send(&Frame::new(4000, Bytes::new()));
    assert!(client.receive().is_none(), "a message that does not exist ends the client");
}

#[test]
fn idle_links_make_way_for_clients_but_never_those_that_the_host_vouches_for() {
    let mut address = None;
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.disable_ticketing();
    });
    let address = address.unwrap();
    let (ours, theirs) = pair();
    rig.server.add_client(theirs, true).unwrap();
    let mut idle: Vec<TcpStream> = (0..65).map(|_| tcp(address)).collect();
    let (client, _) = begin(tcp(address), b"");
    drop(client);
    for oldest in &mut idle[..2] {
        assert_eq!(oldest.read(&mut [0]).unwrap(), 0, "has made way");
    }
    begin(ours, b"");
}

#[test]
fn a_new_client_and_a_new_ticket_end_the_old_client() {
    let rig = Rig::new(Server::disable_ticketing);
    let add = |trusted| {
        let (ours, theirs) = pair();
        rig.server.add_client(theirs, trusted).unwrap();
        ours
    };
    let (mut first, _) = begin(add(false), b"");
    let (mut second, _) = begin(add(false), b"");
    assert!(first.receive().is_none());
    rig.server.set_ticket(Some(b"secret"), None).unwrap();
    assert!(second.receive().is_none());
    let denied = Client::link(add(false), ChannelType::MAIN, 0, b"");
    assert_eq!(denied.err(), Some(LinkError::PERMISSION_DENIED));
    begin(add(true), b"the host vouches for me");
    begin(add(false), b"secret");
    rig.server.set_ticket(Some(b"secret"), Some(Duration::ZERO)).unwrap();
    let late = Client::link(add(false), ChannelType::MAIN, 0, b"secret");
    assert_eq!(late.err(), Some(LinkError::PERMISSION_DENIED));
}

#[test]
fn a_server_that_is_dropped_hangs_up() {
    let rig = Rig::new(Server::disable_ticketing);
    let (ours, theirs) = pair();
    rig.server.add_client(theirs, false).unwrap();
    let (mut client, _) = begin(ours, b"");
    drop(rig);
    assert!(client.receive().is_none());
}
