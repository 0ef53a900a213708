//! Both ends of the relay of the guest's agent in one process: what an agent and clients make of each other's messages,
//! at any speed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use bytes::Bytes;
use proptest::prelude::*;
use suite::session::{MainChannel, Scene};
use vdagent::assembly::{Assembler, RawMessage};
use vdagent::clipboard::{Clipboard, ClipboardLayout, ClipboardType, Selection};
use vdagent::file_transfer::FileData;
use vdagent::port::{ChunkReader, MAX_CHUNK_SIZE, Peer, chunks};
use vdagent::{AnnounceCapabilities, Message, capability};
use wire::main::{AgentTokens, ClientMessage, ServerMessage};

const LAYOUT: ClipboardLayout = ClipboardLayout { selection: true, grab_serial: true };

/// A client that keeps to its tokens.
struct Client {
    main: MainChannel,
    messages: Assembler,
    received: Vec<RawMessage>,
    tokens: u32,
    /// Pieces that wait for tokens.
    unsent: Vec<Bytes>,
}

impl Client {
    fn join(scene: &mut Scene) -> Self {
        let main = scene.join();
        let messages = Assembler::new(u32::MAX);
        let mut client = Self { main, messages, received: Vec::new(), tokens: 0, unsent: Vec::new() };
        client.read(scene, usize::MAX);
        client
    }

    fn send(&mut self, scene: &mut Scene, message: &Message) {
        let encoded = message.encode(LAYOUT);
        self.unsent.extend(encoded.chunks(MAX_CHUNK_SIZE).map(Bytes::copy_from_slice));
        self.go_on(scene);
    }

    fn go_on(&mut self, scene: &mut Scene) {
        let count = self.unsent.len().min(self.tokens as usize);
        self.tokens -= count as u32;
        for piece in self.unsent.drain(..count) {
            self.main.send(&ClientMessage::AgentData(piece).encode());
        }
        scene.settle();
    }

    /// Reads so many messages; whether there were any.
    fn read(&mut self, scene: &mut Scene, count: usize) -> bool {
        let messages = self.main.read(count);
        let any = !messages.is_empty();
        for message in messages {
            match message {
                ServerMessage::Init(init) if init.agent_connected == 1 => self.start(init.agent_tokens),
                ServerMessage::AgentConnectedTokens(tokens) => self.start(tokens.count),
                ServerMessage::AgentTokens(tokens) => self.tokens += tokens.count,
                ServerMessage::AgentData(piece) => self.received.extend(self.messages.push(&piece).unwrap()),
                ServerMessage::AgentDisconnected(_) => self.messages.reset(),
                _ => {}
            }
        }
        self.go_on(scene);
        any
    }

    fn start(&mut self, tokens: u32) {
        self.tokens = tokens;
        self.main.send(&ClientMessage::AgentStart(AgentTokens { count: u32::MAX }).encode());
    }
}

/// What the agent writes for clients.
fn written(message: &Message) -> Vec<u8> {
    let encoded = message.encode(LAYOUT);
    // As the agent for Linux does it: one chunk, however long.
    let size = u32::try_from(encoded.len()).unwrap();
    [1_u32.to_le_bytes().as_slice(), &size.to_le_bytes(), &encoded].concat()
}

/// What the agent has read of clients.
fn read_by_agent(bytes: &[u8]) -> Vec<Message> {
    let mut reader = ChunkReader::new(MAX_CHUNK_SIZE as u32);
    let mut assembler = Assembler::new(u32::MAX);
    let mut messages = Vec::new();
    reader.feed(bytes);
    while let Some(chunk) = reader.next().unwrap() {
        if chunk.peer == Peer::Client {
            let message = assembler.push(&chunk.data).unwrap();
            messages.extend(message.map(|raw| Message::decode(&raw, LAYOUT).unwrap()));
        }
    }
    messages
}

fn clipboard(size: usize) -> Message {
    let data = (0..size).map(|index| (index * 7 % 251) as u8).collect::<Vec<u8>>().into();
    Message::Clipboard(Clipboard { selection: Selection::Clipboard, content: ClipboardType(1), data })
}

fn file(size: usize) -> Message {
    Message::FileData(FileData { id: 3, data: vec![9; size].into() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_clipboard_of_half_a_megabyte_reaches_a_client_that_reads_slowly(
        at_a_time in 1..9000_usize,
        reads in 1..50_usize,
    ) {
        let mut scene = Scene::new();
        scene.open_port(true);
        let mut client = Client::join(&mut scene);
        scene.port.at_a_time = at_a_time;
        let sent = clipboard(500_000);
        scene.port.written.extend(written(&sent));
        scene.wake();
        prop_assert!(client.main.unread() < 300 << 10, "the rest is still the guest's");
        while client.read(&mut scene, reads) {}
        let received: Vec<_> = client.received.iter().map(|raw| Message::decode(raw, LAYOUT).unwrap()).collect();
        prop_assert!(received == [sent] && scene.port.written.is_empty());
    }

    #[test]
    fn files_reach_a_guest_that_reads_slowly(
        at_a_time in 1..5000_usize,
        reads in 100..20_000_usize,
        sizes in prop::collection::vec(0..80_000_usize, 1..4),
    ) {
        let mut scene = Scene::new();
        scene.open_port(true);
        let mut client = Client::join(&mut scene);
        scene.port.at_a_time = at_a_time;
        scene.port.reads = 0;
        let sent: Vec<Message> = sizes.into_iter().map(file).collect();
        sent.iter().for_each(|message| client.send(&mut scene, message));
        for _ in 0..10_000 {
            scene.port.reads = reads;
            scene.wake();
            client.read(&mut scene, usize::MAX);
            if scene.port.reads == reads {
                break;
            }
        }
        prop_assert!(client.unsent.is_empty() && !client.main.is_closed());
        prop_assert!(read_by_agent(&scene.port.received) == sent);
    }
}

#[test]
fn clients_in_turn_and_together_talk_to_agents_in_turn() {
    let mut scene = Scene::new();
    let mut anna = Client::join(&mut scene);
    let mut expected = Vec::new();
    for round in 0..10 {
        scene.open_port(true);
        let mut bert = Client::join(&mut scene);
        anna.read(&mut scene, usize::MAX);
        for size in [10, 5000, 100 * round] {
            anna.send(&mut scene, &file(size));
            bert.send(&mut scene, &clipboard(size));
            anna.read(&mut scene, usize::MAX);
            bert.read(&mut scene, usize::MAX);
            expected.extend([file(size), clipboard(size)]);
        }
        scene.port.written.extend(written(&clipboard(3000)));
        scene.wake();
        anna.read(&mut scene, usize::MAX);
        bert.read(&mut scene, usize::MAX);
        assert_eq!((anna.received.len(), bert.received.len()), (round + 1, 1));
        let mut messages = read_by_agent(&std::mem::take(&mut scene.port.received));
        let key = |message: &Message| format!("{message:?}");
        messages.sort_by_key(key);
        expected.sort_by_key(key);
        assert!(messages == expected, "each client's messages are whole");
        expected.clear();
        scene.leave(bert.main);
        scene.open_port(false);
    }
}

#[test]
fn switched_off_kinds_are_neither_announced_nor_passed() {
    let mut scene = Scene::new();
    let mut settings = scene.session().agent_settings();
    settings.copy_paste = false;
    scene.session().set_agent_settings(settings);
    scene.open_port(true);
    let mut client = Client::join(&mut scene);
    let all = capability::Capabilities::of(0..18);
    let announced = Message::AnnounceCapabilities(AnnounceCapabilities { request: false, capabilities: all });
    scene.port.written.extend([announced, clipboard(9000), file(10)].iter().flat_map(written));
    scene.wake();
    client.read(&mut scene, usize::MAX);
    let received: Vec<_> = client.received.iter().map(|raw| Message::decode(raw, LAYOUT).unwrap()).collect();
    let [Message::AnnounceCapabilities(announced), Message::FileData(_)] = received.as_slice() else {
        panic!("{received:?}")
    };
    assert!(!announced.capabilities.contains(capability::CLIPBOARD_BY_DEMAND));
    assert!(announced.capabilities.contains(capability::MOUSE_STATE));
    client.send(&mut scene, &clipboard(9000));
    client.send(&mut scene, &file(10));
    client.read(&mut scene, usize::MAX);
    assert!(read_by_agent(&scene.port.received) == [file(10)] && client.unsent.is_empty());
}

#[test]
fn a_guest_without_sense_disturbs_neither_clients_nor_the_next_agent() {
    let mut scene = Scene::new();
    let mut client = Client::join(&mut scene);
    for round in 0..200_u32 {
        scene.open_port(true);
        client.read(&mut scene, usize::MAX);
        let mut number = round.wrapping_mul(2_654_435_761);
        let noise = std::iter::repeat_with(|| {
            number = number.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (number >> 16) as u8
        });
        scene.port.written.extend(noise.take(5000));
        scene.wake();
        client.read(&mut scene, usize::MAX);
    }
    scene.open_port(true);
    client.read(&mut scene, usize::MAX);
    scene.port.written.extend(written(&clipboard(10)));
    scene.wake();
    client.read(&mut scene, usize::MAX);
    let last = client.received.last().map(|raw| Message::decode(raw, LAYOUT));
    assert_eq!(last, Some(Ok(clipboard(10))));
    assert!(!client.main.is_closed());
    let chunk = chunks(Peer::Client, &file(1).encode(LAYOUT)).next();
    client.send(&mut scene, &file(1));
    assert_eq!(scene.port.received.get(8..), chunk.as_ref().map(|chunk| chunk.data.as_ref()));
}
