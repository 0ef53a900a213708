//! A session with its clients' main channels and the port of the guest's agent, in one process and in a time that is only
//! a number.
//!
//! The guest and the clients are queues that a test fills and empties as fast as it likes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use host_server::agent::PortStep;
use host_server::channel::connection::{Connection, ConnectionEvent, Credit, Demand, EventSink, Outlet};
use host_server::link::handshake::LinkRequest;
use host_server::session::inbox::{Inbound, Inbox, Linked, Verdict};
use host_server::session::{Action, Session};
use host_server::transport::peer::{Address, Peer, PeerId};
use wire::capability::{self, Capabilities};
use wire::channel::{ChannelId, ChannelType};
use wire::frame::{Frame, HeaderKind};
use wire::main::ServerMessage;

/// Everything around a session.
pub struct Scene {
    session: Session,
    inbox: Arc<Inbox>,
    now: Instant,
    last_peer: u64,
    /// The guest's end of the port.
    pub port: Port,
    /// What the host has been told to do, but for notices of sockets.
    pub actions: Vec<Action>,
    /// Whether the display devices take wishes for monitors.
    pub devices_take_monitors: bool,
}

/// The guest's end of the agent's port.
#[derive(Debug, Default)]
pub struct Port {
    /// What the guest has written and nobody has read.
    pub written: Vec<u8>,
    /// What the guest has read.
    pub received: Vec<u8>,
    /// How many bytes it reads yet.
    pub reads: usize,
    /// Most bytes that it gives or takes at a time.
    pub at_a_time: usize,
}

/// A client's end of its main channel.
pub struct MainChannel {
    peer: PeerId,
    outlet: Outlet,
    sink: EventSink,
    unread: Vec<Frame>,
    closed: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// A session without clients, displays and an agent, whose guest reads everything.
    pub fn new() -> Self {
        let now = Instant::now();
        let inbox = Arc::new(Inbox::new().unwrap());
        let mut ids = 1..;
        let next_id = Box::new(move || ids.next().unwrap());
        let mut session = Session::new(Arc::clone(&inbox), next_id, now);
        session.settings.allow_multiple_clients = true;
        let port = Port { reads: usize::MAX, at_a_time: usize::MAX, ..Port::default() };
        let actions = Vec::new();
        Self { session, inbox, now, last_peer: 0, port, actions, devices_take_monitors: false }
    }

    /// The session, to be told what a host tells it. [`Scene::settle`] has to follow.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// A client joins.
    pub fn join(&mut self) -> MainChannel {
        self.last_peer += 1;
        // Without pings: no time passes by itself.
        let address = Address::Unix(None);
        let id = PeerId(self.last_peer);
        let peer = Arc::new(Peer { id, local: address.clone(), remote: address });
        self.session.handle(Inbound::Arrived(Arc::clone(&peer)), self.now);
        let request = LinkRequest {
            connection_id: 0,
            channel: ChannelId { channel_type: ChannelType::MAIN, id: 0 },
            common: Capabilities::default(),
            specific: Capabilities::of([capability::main::AGENT_CONNECTED_TOKENS]),
            header: HeaderKind::Mini,
        };
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let (answer, mut verdict) = tokio::sync::oneshot::channel();
        self.session.handle(Inbound::Linked(Linked { peer, request, connection, answer }), self.now);
        let Ok(Verdict::Accept(sink)) = verdict.try_recv() else { panic!("a client is refused") };
        self.settle();
        MainChannel { peer: id, outlet, sink, unread: Vec::new(), closed: false }
    }

    /// A client's connection ends.
    pub fn leave(&mut self, mut client: MainChannel) {
        (client.sink)(ConnectionEvent::Closed(None));
        self.settle();
        self.session.handle(Inbound::Left(client.peer), self.now);
        self.settle();
    }

    /// The guest opens or closes the port. What it has written meanwhile is lost.
    pub fn open_port(&mut self, open: bool) {
        if open {
            self.session.attach_agent(true);
        } else {
            self.session.detach_agent();
        }
        self.port.written.clear();
        self.settle();
    }

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.session.on_time(self.now);
        self.settle();
    }

    /// When the session has something to do, as time from now.
    pub fn due(&self) -> Option<Duration> {
        self.session.due().map(|due| due.saturating_duration_since(self.now))
    }

    /// The guest has written, or reads more: everything goes as far as it goes.
    pub fn wake(&mut self) {
        self.session.wake_agent();
        self.settle();
    }

    /// Everything that is due is done, as the server does it.
    pub fn settle(&mut self) {
        for event in self.inbox.take() {
            self.session.handle(event, self.now);
        }
        for action in self.session.take_actions() {
            match action {
                Action::Channel(_) => continue,
                Action::Monitors { client: Some(client), .. } => {
                    self.session.decide_monitors(client, self.devices_take_monitors);
                }
                _ => {}
            }
            self.actions.push(action);
        }
        self.move_bytes();
        self.actions.extend(self.session.take_actions());
    }

    fn move_bytes(&mut self) {
        loop {
            match self.session.agent_step() {
                PortStep::Write(bytes) => {
                    let Port { received, reads, at_a_time, .. } = &mut self.port;
                    let count = bytes.len().min(*reads).min(*at_a_time);
                    received.extend_from_slice(bytes.get(..count).unwrap_or_default());
                    *reads -= count;
                    self.session.agent_wrote(count, self.now);
                }
                PortStep::Read(size) => {
                    let Port { written, at_a_time, .. } = &mut self.port;
                    let count = size.min(written.len()).min(*at_a_time);
                    let bytes: Vec<u8> = written.drain(..count).collect();
                    self.session.agent_read(&bytes, self.now);
                }
                PortStep::Rest => return,
            }
        }
    }
}

impl MainChannel {
    /// Sends a message. [`Scene::settle`] has to follow.
    pub fn send(&mut self, frame: &Frame) {
        let (kind, body) = (frame.kind(), frame.to_body());
        (self.sink)(ConnectionEvent::Message { kind, body, credit: Credit::free() });
    }

    /// Reads at most so many messages. [`Scene::settle`] has to follow, as the server may go on.
    pub fn read(&mut self, limit: usize) -> Vec<ServerMessage> {
        let mut parcels = Vec::new();
        self.closed |= self.outlet.take(&mut parcels) == Demand::Close;
        self.unread.extend(parcels.into_iter().map(|parcel| parcel.frame));
        let count = limit.min(self.unread.len());
        let mut messages = Vec::with_capacity(count);
        for frame in self.unread.drain(..count) {
            if self.outlet.written(frame.size() as usize + 6, Instant::now()) {
                (self.sink)(ConnectionEvent::Writable);
            }
            let message = ServerMessage::decode(frame.kind(), frame.to_body());
            messages.push(message.expect("a message of the server"));
        }
        messages
    }

    /// Bytes of messages that are on their way.
    pub fn unread(&mut self) -> usize {
        self.read(0);
        self.unread.iter().map(|frame| frame.size() as usize + 6).sum()
    }

    /// Whether the server has ended the connection.
    pub fn is_closed(&mut self) -> bool {
        self.read(0);
        self.closed
    }
}
