//! The agent between a port that is only a queue and clients that are only queues.

use main::{AgentDisconnected, AgentTokens, ClientMessage, ServerMessage};
use vdagent::assembly::RawMessage;
use vdagent::clipboard::ClipboardLayout;
use vdagent::{Message, MouseState};
use wire::link::LinkError;

use super::*;
use crate::agent::{AgentSettings, PortStep, WINDOW};

fn message(kind: u32, size: usize) -> Bytes {
    RawMessage { kind, opaque: 0, data: vec![5; size].into() }.encode()
}

fn chunk(port: u32, data: &[u8]) -> Vec<u8> {
    [port.to_le_bytes().as_slice(), &(data.len() as u32).to_le_bytes(), data].concat()
}

fn data(piece: &[u8]) -> Frame {
    ClientMessage::AgentData(Bytes::copy_from_slice(piece)).encode()
}

fn start(tokens: u32) -> Frame {
    ClientMessage::AgentStart(AgentTokens { count: tokens }).encode()
}

const CONNECTED: ServerMessage = ServerMessage::AgentConnectedTokens(AgentTokens { count: WINDOW });
const DISCONNECTED: ServerMessage =
    ServerMessage::AgentDisconnected(AgentDisconnected { reason: LinkError::OK });

/// The guest's end of the port.
#[derive(Default)]
struct Guest {
    written: Vec<u8>,
    received: Vec<u8>,
}

impl Rig {
    /// Moves the port's bytes until nothing goes on.
    fn move_bytes(&mut self, guest: &mut Guest) {
        loop {
            match self.session.agent_step() {
                PortStep::Write(bytes) => {
                    guest.received.extend_from_slice(&bytes);
                    self.session.agent_wrote(bytes.len(), self.now);
                }
                PortStep::Read(size) => {
                    let bytes: Vec<u8> = guest.written.drain(..size.min(guest.written.len())).collect();
                    self.session.agent_read(&bytes, self.now);
                }
                PortStep::Rest => return,
            }
        }
    }

    /// The guest writes, and everything goes as far as it goes.
    fn guest_writes(&mut self, guest: &mut Guest, bytes: &[u8]) {
        guest.written.extend_from_slice(bytes);
        self.session.wake_agent();
        self.move_bytes(guest);
    }

    /// A client that talks to an agent that is there.
    fn with_agent() -> (Self, Guest, Channel) {
        let mut rig = Self::new();
        rig.session.attach_agent(true);
        let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
        main.main_messages();
        main.say(&start(u32::MAX));
        rig.run();
        (rig, Guest::default(), main)
    }
}

fn init(main: &Channel) -> main::Init {
    match main.main_messages().first() {
        Some(ServerMessage::Init(init)) => *init,
        other => panic!("{other:?}"),
    }
}

#[test]
fn clients_hear_of_the_agent_and_talk_to_it() {
    let mut rig = Rig::new();
    let mut guest = Guest::default();
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    let told = init(&main);
    assert_eq!((told.agent_connected, told.agent_tokens), (0, WINDOW));
    rig.session.take_actions();
    rig.session.attach_agent(true);
    assert_eq!(rig.session.take_actions(), [Action::AgentPort { open: true }]);
    let modes = ServerMessage::MouseMode(rig.session.pointer.modes());
    let messages = main.main_messages();
    assert!(messages.iter().all(|message| *message == CONNECTED || *message == modes), "{messages:?}");
    assert!(messages.contains(&CONNECTED));

    main.say(&start(1));
    main.say(&data(&message(4, 10)));
    rig.run();
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, chunk(1, &message(4, 10)));
    rig.guest_writes(&mut guest, &chunk(1, &message(7, 8)).repeat(2));
    assert_eq!(main.main_messages(), [ServerMessage::AgentData(message(7, 8))], "it takes one");
    main.say(&ClientMessage::AgentTokens(AgentTokens { count: 1 }).encode());
    rig.run();
    rig.move_bytes(&mut guest);
    assert_eq!(main.main_messages(), [ServerMessage::AgentData(message(7, 8))]);

    rig.session.detach_agent();
    rig.session.detach_agent();
    assert_eq!(rig.session.take_actions(), [Action::AgentPort { open: false }]);
    assert_eq!(main.main_messages().last(), Some(&DISCONNECTED));

    rig.session.attach_agent(true);
    drop(main);
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    assert_eq!(init(&main).agent_connected, 1);
}

#[test]
fn an_answer_to_an_agent_that_has_gone_is_none_to_the_next_one() {
    let mut rig = Rig::new();
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    let mut guest = Guest::default();
    rig.session.attach_agent(true);
    main.main_messages();
    // More than the connection takes at once: what follows is not told yet.
    let filler = vec![0; Connection::LOW_WATER + 1];
    rig.session
        .clients
        .main_channel(main.peer)
        .unwrap()
        .send_agent(crate::agent::ToClient::Data(filler.into()));
    rig.session.detach_agent();
    rig.session.attach_agent(true);
    main.say(&start(u32::MAX));
    main.say(&data(&message(4, 10)));
    rig.run();
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, [], "the client has answered the first one");
    let size: usize = main.frames().iter().map(|frame| frame.size() as usize + 6).sum();
    assert!(main.outlet.written(size, Instant::now()));
    (main.sink)(ConnectionEvent::Writable);
    rig.run();
    assert_eq!(main.main_messages(), [DISCONNECTED, CONNECTED]);
    main.say(&start(u32::MAX));
    main.say(&data(&message(4, 10)));
    rig.run();
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, chunk(1, &message(4, 10)));
}

#[test]
fn a_guest_that_opens_and_closes_its_port_without_end_disturbs_nobody() {
    let mut rig = Rig::new();
    let surface = Some(PrimaryShape { width: 640, height: 480, hardware_cursor: true });
    rig.session.handle(Inbound::Primary { display: 0, surface }, rig.now);
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    let id = session_id(&main);
    for _ in 0..100_000 {
        rig.session.attach_agent(true);
        rig.session.detach_agent();
        rig.session.take_actions();
    }
    let frames = main.frames();
    let size: usize = frames.iter().map(|frame| frame.size() as usize + 6).sum();
    assert!(size <= Connection::LOW_WATER + 100, "{size} bytes wait");
    rig.session.attach_agent(true);
    assert!(main.main_messages().is_empty());
    assert!(main.outlet.written(size, Instant::now()));
    (main.sink)(ConnectionEvent::Writable);
    rig.run();
    assert!(main.main_messages().ends_with(&[CONNECTED]), "at last it hears of the one that is there");
    assert!(rig.link(ChannelType::INPUTS, id).is_ok() && !main.is_closed(), "it only read slowly");
}

#[test]
fn a_client_that_does_not_read_stops_the_guest_and_not_its_own_connection() {
    let (mut rig, mut guest, mut main) = Rig::with_agent();
    let long = message(4, 10 << 20);
    rig.guest_writes(&mut guest, &chunk(1, &long));
    let mut received = Vec::new();
    loop {
        let frames = main.frames();
        let size: usize = frames.iter().map(|frame| frame.size() as usize + 6).sum();
        assert!(size <= Connection::LOW_WATER + 2048 + 6, "{size} bytes wait");
        received.extend(frames.iter().flat_map(|frame| frame.to_body().to_vec()));
        if size == 0 {
            break;
        }
        if main.outlet.written(size, Instant::now()) {
            (main.sink)(ConnectionEvent::Writable);
        }
        rig.run();
        rig.move_bytes(&mut guest);
    }
    assert!(received == long && guest.written.is_empty() && !main.is_closed());
}

#[test]
fn a_client_that_sends_without_tokens_goes_and_others_stay() {
    let mut rig = Rig::new();
    rig.session.settings.allow_multiple_clients = true;
    rig.session.attach_agent(true);
    let mut bad = rig.link(ChannelType::MAIN, 0).unwrap();
    let mut good = rig.link(ChannelType::MAIN, 0).unwrap();
    for main in [&mut bad, &mut good] {
        main.say(&start(u32::MAX));
    }
    for _ in 0..100 {
        bad.say(&data(&message(4, 10)));
    }
    good.say(&data(&message(7, 8)));
    rig.run();
    assert!(bad.is_closed() && !good.is_closed());
    let mut guest = Guest::default();
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, chunk(1, &message(7, 8)), "nothing of the other one");
}

#[test]
fn hostile_agent_data_of_a_client_end_that_client() {
    for piece in [vec![0; 20], vec![1; 19], vec![], vec![1; 2049], [&message(4, 1), b"x".as_slice()].concat()]
    {
        for started in [true, false] {
            let (mut rig, mut guest, mut main) = Rig::with_agent();
            if !started {
                rig.session.detach_agent();
            }
            main.say(&data(&piece));
            rig.run();
            rig.move_bytes(&mut guest);
            assert!(main.is_closed(), "{} bytes", piece.len());
            assert_eq!(rig.session.client_count(), 0);
            let farewell = Message::ClientDisconnected.encode(ClipboardLayout::default());
            assert_eq!(guest.received, if started { chunk(2, &farewell) } else { vec![] });
        }
    }
}

#[test]
fn a_hostile_agent_is_closed_and_clients_stay() {
    let (mut rig, mut guest, main) = Rig::with_agent();
    rig.session.take_actions();
    main.main_messages();
    rig.guest_writes(&mut guest, &chunk(1, &[0; 20]));
    assert_eq!(rig.session.take_actions(), [Action::AgentPort { open: false }]);
    assert_eq!(main.main_messages().last(), Some(&DISCONNECTED));
    assert!(!main.is_closed() && !rig.session.has_agent());
    assert_eq!(rig.session.agent_step(), PortStep::Rest);
    rig.session.wake_agent();
    assert_eq!(rig.session.agent_step(), PortStep::Rest);
    rig.session.attach_agent(true);
    assert_eq!(main.main_messages().last(), Some(&CONNECTED));
}

#[test]
fn a_client_that_takes_anothers_place_talks_to_the_same_agent() {
    let (mut rig, mut guest, mut first) = Rig::with_agent();
    first.say(&data(&message(4, 100)[..60]));
    rig.run();
    rig.move_bytes(&mut guest);
    let mut second = rig.link(ChannelType::MAIN, 0).unwrap();
    assert!(first.is_closed());
    assert_eq!(init(&second).agent_connected, 1);
    second.say(&start(u32::MAX));
    second.say(&data(&message(7, 8)));
    rig.run();
    rig.move_bytes(&mut guest);
    let farewell = Message::ClientDisconnected.encode(ClipboardLayout::default());
    let expected = [chunk(1, &message(4, 100)[..60]), chunk(2, &farewell), chunk(1, &message(7, 8))].concat();
    assert_eq!(guest.received, expected);
}

#[test]
fn monitors_are_offered_to_devices_first() {
    let (mut rig, mut guest, mut main) = Rig::with_agent();
    let body = [[1, 0, 0, 0, 0, 0, 0, 0].as_slice(), &[9; 20]].concat();
    let wish = RawMessage { kind: 2, opaque: 0, data: body.clone().into() }.encode();
    rig.session.take_actions();
    main.say(&data(&wish));
    let actions = rig.run();
    let client = Some(ClientId(1));
    assert_eq!(actions, [Action::Monitors { body: body.clone().into(), client }]);
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, []);
    rig.session.decide_monitors(ClientId(1), false);
    rig.move_bytes(&mut guest);
    assert_eq!(guest.received, chunk(1, &wish));
    rig.session.detach_agent();
    rig.session.take_actions();
    main.say(&data(&wish));
    assert_eq!(rig.run(), [Action::Monitors { body: body.into(), client: None }]);
}

#[test]
fn the_agent_moves_the_pointer_when_there_is_no_tablet() {
    let (mut rig, mut guest, mut main) = Rig::with_agent();
    let surface = Some(PrimaryShape { width: 640, height: 480, hardware_cursor: true });
    rig.session.handle(Inbound::Primary { display: 0, surface }, rig.now);
    main.main_messages();
    let wish = main::MouseModeRequest { mode: MouseMode::CLIENT };
    main.say(&ClientMessage::MouseModeRequest(wish).encode());
    rig.run();
    assert!(!rig.session.is_server_mouse());
    let mut second = rig.link(ChannelType::MAIN, 0).unwrap();
    let mut inputs = rig.link(ChannelType::INPUTS, session_id(&second)).unwrap();
    rig.run();
    guest.received.clear();
    let position = inputs::MousePosition { x: 7, y: 8, buttons: inputs::ButtonMask::LEFT, display: 0 };
    let position = inputs::ClientMessage::MousePosition(position).encode();
    inputs.say(&position);
    assert_eq!(rig.run(), []);
    rig.move_bytes(&mut guest);
    let state = MouseState { x: 7, y: 8, buttons: 2, display_id: 0 };
    let told = Message::MouseState(state).encode(ClipboardLayout::default());
    assert!(guest.received.ends_with(&chunk(2, &told)));

    rig.session.set_tablet(true);
    rig.session.take_actions();
    inputs.say(&position);
    assert_eq!(rig.run(), [Action::TabletPosition { x: 7, y: 8, buttons: 1 }]);
    rig.session.set_tablet(false);
    second.main_messages();
    rig.session.set_agent_settings(AgentSettings { pointer: false, ..AgentSettings::default() });
    let modes = main::MouseModes { supported: 1, current: MouseMode::SERVER };
    assert_eq!(second.main_messages(), [ServerMessage::MouseMode(modes)], "the host does not want it");
    second.say(&ClientMessage::MouseModeRequest(wish).encode());
    rig.run();
    assert!(rig.session.is_server_mouse());
}
