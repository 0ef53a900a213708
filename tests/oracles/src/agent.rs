//! What guests, agents and clients may do to each other through the relay.

use std::time::Duration;

use bytes::Bytes;
use host_server::agent::{AgentSettings, WINDOW};
use suite::session::{MainChannel, Scene};
use vdagent::assembly::{Assembler, RawMessage};
use vdagent::kind;
use vdagent::port::{ChunkReader, MAX_CHUNK_SIZE, Peer};
use wire::main::{AgentTokens, ClientMessage, ServerMessage};

use crate::Oracle;

/// The oracles of this module.
pub const ORACLES: &[Oracle] = &[Oracle { name: "agent_relay", check: relay }];

/// The type of the good client's messages, each of which is its number.
const GOOD: u32 = 0x600d;

/// Whatever a guest and two clients send and do not read: an agent gets whole chunks that make whole messages, clients get
/// whole messages, and a third client that keeps to the rules stays and is understood.
///
/// The bytes are steps: what happens, with whom, how much, and as many bytes as that says.
pub fn relay(bytes: &[u8]) {
    let mut world = World::new();
    let mut rest = bytes;
    while let Some((&[verb, who, amount], behind)) = rest.split_first_chunk() {
        let (data, behind) = behind.split_at(usize::from(amount).min(behind.len()));
        rest = behind;
        world.step(verb, usize::from(who % 2), amount, data);
        world.look();
    }
    world.finish();
}

struct World {
    scene: Scene,
    bad: [Option<Client>; 2],
    good: Good,
    agent: Agent,
}

/// A client and what it has of the agent's present message.
struct Client {
    channel: MainChannel,
    messages: Assembler,
    reads: bool,
}

/// A client that keeps to the rules.
struct Good {
    channel: MainChannel,
    messages: Assembler,
    talks: bool,
    tokens: u32,
    sent: u32,
}

/// What an agent makes of what it reads.
struct Agent {
    chunks: ChunkReader,
    of_clients: Assembler,
    own: Assembler,
    /// The number of the good client's last message, unless a bad one has sent the like.
    heard: u32,
}

impl Agent {
    fn new() -> Self {
        let chunks = ChunkReader::new(u32::try_from(MAX_CHUNK_SIZE).unwrap_or(u32::MAX));
        Self { chunks, of_clients: Assembler::new(u32::MAX), own: Assembler::new(u32::MAX), heard: 0 }
    }

    fn read(&mut self, bytes: &[u8]) {
        self.chunks.feed(bytes);
        while let Some(chunk) = self.chunks.next().expect("chunks of a server") {
            let is_own = chunk.peer == Peer::Server;
            let messages = if is_own { &mut self.own } else { &mut self.of_clients };
            let message = messages.push(&chunk.data).expect("pieces that make messages");
            match message {
                Some(RawMessage { kind: kind::CLIENT_DISCONNECTED, .. }) if is_own => self.of_clients.reset(),
                Some(RawMessage { kind: GOOD, data, .. }) if !is_own => {
                    self.heard = data.first_chunk().map_or(0, |number| u32::from_le_bytes(*number));
                }
                _ => {}
            }
        }
    }
}

impl World {
    fn new() -> Self {
        let mut scene = Scene::new();
        let channel = scene.join();
        let messages = Assembler::new(u32::MAX);
        let good = Good { channel, messages, talks: false, tokens: 0, sent: 0 };
        Self { scene, bad: [None, None], good, agent: Agent::new() }
    }

    fn step(&mut self, verb: u8, who: usize, amount: u8, data: &[u8]) {
        match verb % 14 {
            0 => self.open(true),
            1 => self.open(false),
            2 => self.join(who),
            3 => {
                if let Some(client) = self.bad.get_mut(who).and_then(Option::take) {
                    self.scene.leave(client.channel);
                }
            }
            4 => self.send(who, &ClientMessage::AgentStart(AgentTokens { count: amount.into() })),
            5 => self.send(who, &ClientMessage::AgentTokens(AgentTokens { count: amount.into() })),
            6 => self.send(who, &ClientMessage::AgentData(Bytes::copy_from_slice(data))),
            7 => self.send_well(who, data),
            8 => {
                self.scene.port.written.extend_from_slice(data);
                self.scene.wake();
            }
            9 => self.guest_writes_well(data),
            10 => {
                self.scene.port.reads = usize::from(amount) * 8;
                self.scene.wake();
            }
            11 => self.set(amount),
            12 => {
                if let Some(client) = self.bad.get_mut(who).and_then(Option::as_mut) {
                    client.reads = amount.is_multiple_of(2);
                }
            }
            _ => self.good_sends(),
        }
        self.scene.settle();
    }

    fn open(&mut self, open: bool) {
        self.agent = Agent::new();
        self.scene.port.received.clear();
        self.scene.open_port(open);
    }

    fn join(&mut self, who: usize) {
        if let Some(place) = self.bad.get_mut(who)
            && place.is_none()
        {
            let (channel, messages) = (self.scene.join(), Assembler::new(u32::MAX));
            *place = Some(Client { channel, messages, reads: true });
        }
    }

    fn send(&mut self, who: usize, message: &ClientMessage) {
        if let Some(client) = self.bad.get_mut(who).and_then(Option::as_mut) {
            client.channel.send(&message.encode());
        }
    }

    /// A piece that begins a message, whose type and size the data say.
    fn send_well(&mut self, who: usize, data: &[u8]) {
        let Some((&[kind, size], data)) = data.split_first_chunk() else { return };
        self.send(who, &ClientMessage::AgentData(beginning(kind, size, data)));
    }

    /// A chunk that begins a message.
    fn guest_writes_well(&mut self, data: &[u8]) {
        let Some((&[kind, size], data)) = data.split_first_chunk() else { return };
        let message = beginning(kind, size, data);
        let size = u32::try_from(message.len()).unwrap_or(0);
        self.scene.port.written.extend([1_u32, size].into_iter().flat_map(u32::to_le_bytes));
        self.scene.port.written.extend_from_slice(&message);
        self.scene.wake();
    }

    fn set(&mut self, amount: u8) {
        let is = |bit: u8| amount & bit != 0;
        let settings = AgentSettings { copy_paste: is(1), file_transfer: is(2), pointer: is(4) };
        self.scene.session().set_agent_settings(settings);
        self.scene.session().set_machine_runs(!is(8));
        self.scene.devices_take_monitors = is(16);
        self.scene.pass(if is(32) { Duration::from_secs(31) } else { Duration::ZERO });
        self.scene.port.at_a_time = if is(64) { 3 } else { usize::MAX };
    }

    fn good_sends(&mut self) {
        if self.good.talks && self.good.tokens > 0 {
            self.good.tokens -= 1;
            self.good.sent += 1;
            let data = Bytes::copy_from_slice(&self.good.sent.to_le_bytes());
            let message = RawMessage { kind: GOOD, opaque: 0, data }.encode();
            self.good.channel.send(&ClientMessage::AgentData(message).encode());
        }
    }

    /// Everybody looks at what has come.
    fn look(&mut self) {
        let received = std::mem::take(&mut self.scene.port.received);
        self.agent.read(&received);
        for place in &mut self.bad {
            let Some(client) = place.as_mut().filter(|client| client.reads) else { continue };
            for message in client.channel.read(usize::MAX) {
                assemble(&mut client.messages, &message);
            }
            if client.channel.is_closed() {
                let closed = place.take();
                closed.into_iter().for_each(|client| self.scene.leave(client.channel));
            }
        }
        self.good_looks();
        self.scene.settle();
        assert!(!self.good.channel.is_closed(), "a client that keeps to the rules is dropped");
    }

    /// When the others are gone and the guest reads, the good client is understood by the next agent.
    fn finish(&mut self) {
        for client in self.bad.iter_mut().filter_map(Option::take) {
            self.scene.leave(client.channel);
        }
        self.set(0b111);
        self.scene.port.reads = usize::MAX;
        self.open(true);
        self.look();
        assert_eq!((self.good.talks, self.good.tokens), (true, WINDOW));
        for _ in 0..2 * WINDOW {
            self.good_sends();
            self.scene.settle();
            self.look();
        }
        assert!(self.good.sent >= 2 * WINDOW && self.agent.heard == self.good.sent);
    }

    fn good_looks(&mut self) {
        for message in self.good.channel.read(usize::MAX) {
            assemble(&mut self.good.messages, &message);
            match message {
                ServerMessage::AgentConnectedTokens(tokens) => {
                    self.good.talks = true;
                    self.good.tokens = tokens.count;
                    let start = ClientMessage::AgentStart(AgentTokens { count: u32::MAX });
                    self.good.channel.send(&start.encode());
                }
                ServerMessage::AgentDisconnected(_) => self.good.talks = false,
                ServerMessage::AgentTokens(tokens) => self.good.tokens += tokens.count,
                _ => {}
            }
        }
    }
}

/// A message of which only the beginning comes, if the size is more than that.
fn beginning(kind: u8, size: u8, data: &[u8]) -> Bytes {
    let size = u32::from(size).max(u32::try_from(data.len()).unwrap_or(0));
    let raw = RawMessage { kind: kind.into(), opaque: 0, data: Bytes::copy_from_slice(data) };
    let mut message = raw.encode().to_vec();
    if let Some(place) = message.get_mut(16..20) {
        place.copy_from_slice(&size.to_le_bytes());
    }
    message.into()
}

/// What a client gets makes whole messages, and begins with one.
fn assemble(messages: &mut Assembler, message: &ServerMessage) {
    match message {
        ServerMessage::AgentData(piece) => {
            assert!((1..=MAX_CHUNK_SIZE).contains(&piece.len()));
            messages.push(piece).expect("pieces that make messages");
        }
        ServerMessage::AgentDisconnected(_) => messages.reset(),
        _ => {}
    }
}
