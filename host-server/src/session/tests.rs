//! The session with clients that are only queues, and a time that is only a number.

mod agent;

use std::sync::Mutex;

use tokio::sync::oneshot;
use wire::capability::{self, Capabilities};
use wire::frame::HeaderKind;
use wire::{base, inputs, main};

use super::inbox::{Linked, Verdict};
use super::*;
use crate::channel::connection::{Credit, Outlet};
use crate::display::PrimaryShape;
use crate::display::caches::ClientCaches;
use crate::link::handshake::LinkRequest;
use crate::link::refusal::Refusal;
use crate::transport::peer::Address;

/// What a display was asked for.
#[derive(Debug, Default)]
struct DisplayLog {
    attached: Vec<(ClientId, ChannelType)>,
    caches: Vec<ClientCaches>,
    detached: Vec<ClientId>,
    client_mouse: bool,
}

struct FakeDisplay(Arc<Mutex<DisplayLog>>);

impl DisplayPort for FakeDisplay {
    fn attach(&self, channel: ClientChannel) -> EventSink {
        let mut log = self.0.lock().unwrap();
        log.attached.push((channel.client, channel.kind));
        log.caches.push(channel.caches);
        Box::new(drop)
    }

    fn detach(&self, client: ClientId) {
        self.0.lock().unwrap().detached.push(client);
    }

    fn set_mouse_mode(&self, client: bool) {
        self.0.lock().unwrap().client_mouse = client;
    }
}

struct Rig {
    session: Session,
    inbox: Arc<Inbox>,
    now: Instant,
    display: Arc<Mutex<DisplayLog>>,
    last_peer: u64,
}

/// A client's end of one channel.
struct Channel {
    peer: PeerId,
    outlet: Outlet,
    sink: EventSink,
}

impl Rig {
    fn new() -> Self {
        let now = Instant::now();
        let inbox = Arc::new(Inbox::new().unwrap());
        let mut ids = 100..;
        let next_id = Box::new(move || ids.next().unwrap());
        let mut session = Session::new(Arc::clone(&inbox), next_id, now);
        let display = Arc::default();
        session.add_display(0, Box::new(FakeDisplay(Arc::clone(&display))));
        session.set_keyboard(Some(0));
        Self { session, inbox, now, display, last_peer: 0 }
    }

    fn link(&mut self, channel_type: ChannelType, connection_id: u32) -> Result<Channel, Refusal> {
        self.last_peer += 1;
        let address = Address::Inet(([127, 0, 0, 1], 5900).into());
        let peer = Peer { id: PeerId(self.last_peer), local: address.clone(), remote: address };
        let peer = Arc::new(peer);
        let id = peer.id;
        self.session.handle(Inbound::Arrived(Arc::clone(&peer)), self.now);
        let request = LinkRequest {
            connection_id,
            channel: ChannelId { channel_type, id: 0 },
            common: Capabilities::default(),
            specific: Capabilities::of([capability::main::AGENT_CONNECTED_TOKENS]),
            header: HeaderKind::Mini,
        };
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let (answer, mut verdict) = oneshot::channel();
        self.session.handle(Inbound::Linked(Linked { peer, request, connection, answer }), self.now);
        match verdict.try_recv().unwrap() {
            Verdict::Accept(sink) => Ok(Channel { peer: id, outlet, sink }),
            Verdict::Refuse(refusal) => {
                self.session.handle(Inbound::Left(id), self.now);
                Err(refusal)
            }
        }
    }

    /// Delivers what clients have sent.
    fn run(&mut self) -> Vec<Action> {
        for event in self.inbox.take() {
            self.session.handle(event, self.now);
        }
        self.session.take_actions()
    }

    fn leave(&mut self, mut channel: Channel) {
        (channel.sink)(ConnectionEvent::Closed(None));
        self.run();
        self.session.handle(Inbound::Left(channel.peer), self.now);
    }
}

impl Channel {
    fn say(&mut self, frame: &Frame) {
        let (kind, body) = (frame.kind(), frame.to_body());
        (self.sink)(ConnectionEvent::Message { kind, body, credit: Credit::free() });
    }

    fn frames(&self) -> Vec<Frame> {
        let mut parcels = Vec::new();
        self.outlet.take(&mut parcels);
        parcels.into_iter().map(|parcel| parcel.frame).collect()
    }

    fn main_messages(&self) -> Vec<main::ServerMessage> {
        let decode = |frame: &Frame| main::ServerMessage::decode(frame.kind(), frame.to_body()).unwrap();
        self.frames().iter().map(decode).collect()
    }

    fn is_closed(&self) -> bool {
        self.outlet.take(&mut Vec::new()) == crate::channel::connection::Demand::Close
    }
}

fn session_id(main: &Channel) -> u32 {
    match main.main_messages().first() {
        Some(main::ServerMessage::Init(init)) => init.session_id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_links_all_channels_and_is_told_of_them() {
    let mut rig = Rig::new();
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    let id = session_id(&main);
    main.say(&main::ClientMessage::AttachChannels.encode());
    rig.run();
    let messages = main.main_messages();
    let [main::ServerMessage::ChannelsList(list)] = messages.as_slice() else { panic!("{messages:?}") };
    let types: Vec<_> = list.channels.iter().map(|channel| channel.channel_type).collect();
    assert_eq!(types, [ChannelType::INPUTS, ChannelType::DISPLAY, ChannelType::CURSOR]);
    for channel in types {
        assert!(rig.link(channel, id).is_ok());
    }
    let attached = [(ClientId(1), ChannelType::DISPLAY), (ClientId(1), ChannelType::CURSOR)];
    assert_eq!(rig.display.lock().unwrap().attached, attached);
    assert_eq!(rig.session.client_count(), 1);
}

#[test]
fn channels_need_a_session_and_a_free_place() {
    let mut rig = Rig::new();
    assert_eq!(rig.link(ChannelType::INPUTS, 0).err(), Some(Refusal::UnknownConnection(0)));
    assert_eq!(rig.link(ChannelType::MAIN, 5).err(), Some(Refusal::UnknownConnection(5)));
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    let id = session_id(&main);
    assert_eq!(rig.link(ChannelType::INPUTS, id + 1).err(), Some(Refusal::UnknownConnection(id + 1)));
    assert!(matches!(rig.link(ChannelType::RECORD, id), Err(Refusal::NoSuchChannel(_))));
    let inputs = rig.link(ChannelType::INPUTS, id).unwrap();
    assert!(matches!(rig.link(ChannelType::INPUTS, id), Err(Refusal::ChannelTaken(_))));
    rig.leave(inputs);
    assert!(rig.link(ChannelType::INPUTS, id).is_ok(), "the place is free again");
}

#[test]
fn the_host_hears_of_every_socket_from_its_arrival_to_its_end() {
    let mut rig = Rig::new();
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    let id = session_id(&main);
    rig.session.handle(Inbound::Left(main.peer), rig.now);
    let refused = rig.link(ChannelType::CURSOR, id);
    assert!(refused.is_err());
    let events: Vec<_> = rig
        .session
        .take_actions()
        .into_iter()
        .filter_map(|action| match action {
            Action::Channel(ChannelNotice { event, peer, seat }) => {
                Some((event, peer.id.0, seat.map(|seat| seat.connection_id)))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (ChannelEvent::Connected, 1, None),
        (ChannelEvent::Initialized, 1, Some(id)),
        (ChannelEvent::Disconnected, 1, Some(id)),
        (ChannelEvent::Connected, 2, None),
        (ChannelEvent::Disconnected, 2, None),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_second_client_takes_the_place_of_the_first_unless_several_may_join() {
    let mut rig = Rig::new();
    let first = rig.link(ChannelType::MAIN, 0).unwrap();
    let _second = rig.link(ChannelType::MAIN, 0).unwrap();
    assert!(first.is_closed());
    assert_eq!(rig.session.client_count(), 1);
    assert_eq!(rig.display.lock().unwrap().detached, [ClientId(1)]);

    let mut rig = Rig::new();
    rig.session.settings.allow_multiple_clients = true;
    let first = rig.link(ChannelType::MAIN, 0).unwrap();
    let second = rig.link(ChannelType::MAIN, 0).unwrap();
    assert_ne!(session_id(&first), session_id(&second));
    assert!(!first.is_closed() && !second.is_closed());
}

#[test]
fn all_channels_of_a_client_have_the_same_caches_and_those_of_another_client_have_others() {
    let mut rig = Rig::new();
    rig.session.settings.allow_multiple_clients = true;
    for _ in 0..2 {
        let session = session_id(&rig.link(ChannelType::MAIN, 0).unwrap());
        for kind in [ChannelType::DISPLAY, ChannelType::CURSOR] {
            rig.link(kind, session).unwrap();
        }
    }
    let caches = std::mem::take(&mut rig.display.lock().unwrap().caches);
    let init = wire::display::Init { pixmap_cache_size: 100, ..Default::default() };
    let shares: Vec<_> = caches.iter().map(|caches| caches.join(0, &init).unwrap()).collect();
    let mut turn = shares[0].turn();
    assert!(turn.insert(7, 1));
    turn.finish(1);
    assert_eq!(shares.iter().map(|share| share.has(7)).collect::<Vec<_>>(), [true, true, false, false]);
}

#[test]
fn keys_that_a_client_holds_are_let_go_when_it_leaves() {
    let mut rig = Rig::new();
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    let mut inputs = rig.link(ChannelType::INPUTS, session_id(&main)).unwrap();
    rig.run();
    inputs.say(&inputs::ClientMessage::KeyDown(inputs::Key { code: 0x1e }).encode());
    assert_eq!(rig.run(), [Action::ScanCode(0x1e)]);
    (inputs.sink)(ConnectionEvent::Closed(Some("the peer has gone".to_owned())));
    assert_eq!(rig.run(), [Action::ScanCode(0x9e)]);
}

#[test]
fn a_bad_message_drops_the_channel_and_on_main_the_client() {
    let mut rig = Rig::new();
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    let id = session_id(&main);
    let mut inputs = rig.link(ChannelType::INPUTS, id).unwrap();
    inputs.say(&Frame::new(101, Bytes::from_static(&[1])));
    rig.run();
    assert!(inputs.is_closed() && !main.is_closed());
    inputs.say(&inputs::ClientMessage::KeyDown(inputs::Key { code: 0x1e }).encode());
    assert_eq!(rig.run(), [], "nothing more of it counts");

    main.say(&Frame::new(999, Bytes::new()));
    rig.run();
    assert!(main.is_closed());
    assert_eq!(rig.session.client_count(), 0);
    assert_eq!(rig.display.lock().unwrap().detached, [ClientId(1)]);
}

#[test]
fn the_mouse_mode_follows_the_tablet_and_the_clients_wish() {
    let mut rig = Rig::new();
    rig.session.set_tablet(true);
    let surface = Some(PrimaryShape { width: 640, height: 480, hardware_cursor: true });
    rig.session.handle(Inbound::Primary { display: 0, surface }, rig.now);
    assert_eq!(rig.session.take_actions(), [Action::TabletSize { width: 640, height: 480 }]);
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    main.main_messages();
    let wish = main::MouseModeRequest { mode: MouseMode::CLIENT };
    main.say(&main::ClientMessage::MouseModeRequest(wish).encode());
    rig.run();
    let told = main::MouseModes { supported: 3, current: MouseMode::CLIENT };
    assert_eq!(main.main_messages(), [main::ServerMessage::MouseMode(told)]);
    assert!(rig.display.lock().unwrap().client_mouse && !rig.session.is_server_mouse());
    rig.session.set_tablet(false);
    let told = main::MouseModes { supported: 1, current: MouseMode::SERVER };
    assert_eq!(main.main_messages(), [main::ServerMessage::MouseMode(told)]);
    assert!(!rig.display.lock().unwrap().client_mouse && rig.session.is_server_mouse());
}

#[test]
fn lamps_are_told_when_they_change_and_after_a_lock_key() {
    let mut rig = Rig::new();
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    let mut inputs = rig.link(ChannelType::INPUTS, session_id(&main)).unwrap();
    inputs.frames();
    rig.session.handle(Inbound::Lamps(2), rig.now);
    assert_eq!(inputs.frames().len(), 1);
    inputs.say(&inputs::ClientMessage::KeyDown(inputs::Key { code: 0x3a }).encode());
    rig.run();
    assert!(inputs.frames().is_empty());
    rig.session.on_time(rig.now + LAMPS_DELAY);
    let frames = inputs.frames();
    let lamps = inputs::Modifiers::NUM_LOCK.with(inputs::Modifiers::CAPS_LOCK);
    let expected = inputs::ServerMessage::KeyModifiers(inputs::KeyModifiers { modifiers: lamps });
    let told = inputs::ServerMessage::decode(frames[0].kind(), frames[0].to_body()).unwrap();
    assert_eq!(told, expected);
}

#[test]
fn a_client_that_stops_answering_is_dropped_and_one_that_answers_is_not() {
    let mut rig = Rig::new();
    rig.session.settings.allow_multiple_clients = true;
    let mut alive = rig.link(ChannelType::MAIN, 0).unwrap();
    let dead = rig.link(ChannelType::MAIN, 0).unwrap();
    for _ in 0..100 {
        rig.now = rig.session.due().unwrap();
        rig.session.on_time(rig.now);
        for message in alive.main_messages() {
            if let main::ServerMessage::Base(base::ServerMessage::Ping(ping)) = message {
                let pong = base::Pong { id: ping.id, timestamp: ping.timestamp };
                alive.say(&main::ClientMessage::Base(base::ClientMessage::Pong(pong)).encode());
            }
        }
        rig.run();
    }
    assert!(dead.is_closed() && !alive.is_closed());
    assert_eq!(rig.session.client_count(), 1);
}

#[test]
fn a_client_that_reads_nothing_does_not_fill_memory() {
    let mut rig = Rig::new();
    let main = rig.link(ChannelType::MAIN, 0).unwrap();
    let inputs = rig.link(ChannelType::INPUTS, session_id(&main)).unwrap();
    for lamps in 0..1_000_000_u32 {
        rig.session.handle(Inbound::Lamps((lamps % 8) as u8), rig.now);
    }
    assert!(inputs.is_closed());
    let queued: usize = inputs.frames().iter().map(|frame| frame.to_body().len()).sum();
    assert!(queued <= Connection::HIGH_WATER);
}

#[test]
fn the_host_ends_with_its_client_when_it_wants_to() {
    let mut rig = Rig::new();
    rig.session.settings.exit_on_disconnect = true;
    let mut main = rig.link(ChannelType::MAIN, 0).unwrap();
    rig.session.take_actions();
    (main.sink)(ConnectionEvent::Closed(None));
    assert_eq!(rig.run(), [Action::Exit]);
}
