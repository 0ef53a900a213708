//! The client against a scripted server: the link with a real key, what is drawn, typed and acknowledged, and
//! what the client says of a server that breaks the rules.

#![allow(clippy::unwrap_used, reason = "a failed test")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use image::geometry::{Point, Rect};
use image::surface::SurfaceFormat;
use openssl::rsa::{Padding, Rsa};
use probe::{Address, Client, Options, ProbeError};
use wire::base::{self, SetAck};
use wire::capability::{self, Capabilities};
use wire::channel::{ChannelId, ChannelType};
use wire::drawable::{Brush, Clip, Drawable, Fill, Mask, Operation, Rop, SurfaceId};
use wire::frame::{Frame, FrameReader, HeaderKind, Received};
use wire::image::Image;
use wire::link::{HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, TICKET_SIZE};
use wire::{display, inputs, main};

const DEADLINE: Duration = Duration::from_secs(20);
const SESSION: u32 = 0x1234;

/// One channel as the server has it.
struct Peer {
    stream: UnixStream,
    channel: ChannelId,
    frames: FrameReader,
    header: HeaderKind,
    serial: u64,
}

impl Peer {
    fn send(&mut self, frame: &Frame) {
        self.serial += 1;
        match self.header {
            HeaderKind::Mini => self.stream.write_all(&frame.mini_header()).unwrap(),
            HeaderKind::Full => self.stream.write_all(&frame.full_header(self.serial)).unwrap(),
        }
        self.stream.write_all(&frame.to_body()).unwrap();
    }

    /// The next message, or `None` when the client closed.
    fn receive(&mut self) -> Option<Received> {
        loop {
            if let Some(frame) = self.frames.next().unwrap() {
                return Some(frame);
            }
            let mut buffer = [0; 4096];
            let size = self.stream.read(&mut buffer).ok().filter(|size| *size > 0)?;
            self.frames.feed(&buffer[..size]);
        }
    }
}

/// A server that listens in a folder of its own.
struct Server {
    folder: PathBuf,
    listener: UnixListener,
    key: Rsa<openssl::pkey::Private>,
    password: &'static str,
    mini: bool,
}

impl Server {
    fn new(name: &str, password: &'static str, mini: bool) -> Self {
        let folder = std::env::temp_dir().join(format!("probe-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let listener = UnixListener::bind(folder.join("socket")).unwrap();
        Self { folder, listener, key: Rsa::generate(1024).unwrap(), password, mini }
    }

    fn address(&self) -> Address {
        Address::Unix(self.folder.join("socket"))
    }

    fn accept(&self) -> Option<Peer> {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut header = [0; HEADER_SIZE];
        stream.read_exact(&mut header).unwrap();
        let mut body = vec![0; LinkHeader::decode(&header).unwrap().size as usize];
        stream.read_exact(&mut body).unwrap();
        let mess = LinkMess::decode(&body).unwrap();

        let mut common = Capabilities::of([capability::base::AUTH_SELECTION, capability::base::AUTH_TICKET]);
        if self.mini {
            common.insert(capability::base::MINI_HEADER);
        }
        let public_key = self.key.public_key_to_der().unwrap().try_into().unwrap();
        let reply = LinkReply { error: LinkError::OK, public_key, common, specific: Capabilities::default() };
        stream.write_all(&reply.encode()).unwrap();

        let mut proof = [0; 4 + TICKET_SIZE];
        stream.read_exact(&mut proof).unwrap();
        let (mechanism, ticket) = proof.split_at(4);
        assert_eq!(mechanism, [1, 0, 0, 0]);
        let mut plain = vec![0; TICKET_SIZE];
        let size = self.key.private_decrypt(ticket, &mut plain, Padding::PKCS1_OAEP).unwrap();
        let right = plain[..size] == [self.password.as_bytes(), b"\0"].concat();
        let result = if right { LinkError::OK } else { LinkError::PERMISSION_DENIED };
        stream.write_all(&result.0.to_le_bytes()).unwrap();
        let header = if self.mini { HeaderKind::Mini } else { HeaderKind::Full };
        let frames = FrameReader::new(header, 1 << 20);
        right.then_some(Peer { stream, channel: mess.channel, frames, header, serial: 0 })
    }

    /// Links the main channel and the ones listed, in their order.
    fn session(&self, channels: &[ChannelType]) -> (Peer, Vec<Peer>) {
        let mut main = self.accept().unwrap();
        let init = main::Init { session_id: SESSION, ..Default::default() };
        main.send(&main::ServerMessage::Init(init).encode());
        let attach = main.receive().unwrap();
        assert_eq!(
            main::ClientMessage::decode(attach.kind, attach.body),
            Ok(main::ClientMessage::AttachChannels)
        );
        let list = channels.iter().map(|&channel_type| ChannelId { channel_type, id: 0 }).collect();
        main.send(&main::ServerMessage::ChannelsList(main::ChannelsList { channels: list }).encode());
        let peers: Vec<_> = channels.iter().map(|_| self.accept().unwrap()).collect();
        assert!(peers.iter().map(|peer| peer.channel.channel_type).eq(channels.iter().copied()));
        (main, peers)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The folder is a temporary one; nothing depends on its removal.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn fill(surface: u32, area: Rect, color: u32) -> Frame {
    let brush = Brush::Solid(color);
    let mask = Mask { inverse: false, origin: Point::default(), bitmap: None };
    let operation = Operation::Fill(Fill { brush, rop: Rop::PUT, mask });
    let drawable: Drawable<Image> =
        Drawable { surface: SurfaceId(surface), bbox: area, clip: Clip::None, operation };
    drawable.encode()
}

fn surface() -> Frame {
    let create = display::SurfaceCreate {
        surface: SurfaceId::PRIMARY,
        width: 4,
        height: 2,
        format: SurfaceFormat::Xrgb32,
        flags: display::SurfaceFlags::PRIMARY,
    };
    display::ServerMessage::SurfaceCreate(create).encode()
}

/// Kinds of messages until the client closes.
fn kinds(mut peer: Peer) -> JoinHandle<Vec<u16>> {
    thread::spawn(move || std::iter::from_fn(|| peer.receive()).map(|frame| frame.kind).collect())
}

#[test]
fn draws_acknowledges_and_types_with_either_header() {
    for mini in [true, false] {
        let server = Server::new(if mini { "mini" } else { "full" }, "pa55", mini);
        let address = server.address();
        let served = thread::spawn(move || {
            let (mut main, mut peers) = server.session(&[ChannelType::DISPLAY, ChannelType::INPUTS]);
            let (mut inputs, mut display) = (peers.pop().unwrap(), peers.pop().unwrap());
            let set_ack = base::ServerMessage::SetAck(SetAck { generation: 9, window: 2 });
            display.send(&set_ack.encode());
            display.send(&surface());
            display.send(&fill(0, Rect::new(1, 0, 3, 1), 0x00ff_8000));
            display.send(&display::ServerMessage::Mark.encode());
            // Init, the preferred compression, AckSync, and one Ack for the three messages after SetAck.
            let answers: Vec<u16> = (0..4).map(|_| display.receive().unwrap().kind).collect();
            let name = main::Name { bytes: "answered".into() };
            main.send(&main::ServerMessage::Name(name).encode());
            let keys: Vec<_> = std::iter::from_fn(|| inputs.receive())
                .map(|frame| inputs::ClientMessage::decode(frame.kind, frame.body).unwrap())
                .collect();
            assert_eq!(kinds(display).join().unwrap(), [0; 0]);
            (answers, keys)
        });
        let options = Options { password: "pa55".into(), ..Options::default() };
        let client = Client::connect(&address, &options).unwrap();
        client.wait("mark", DEADLINE, |view| view.display(0).is_some_and(|screen| screen.marked)).unwrap();
        let picture = client.screenshot(0).unwrap();
        let expected = [0, 0x00ff_8000, 0x00ff_8000, 0, 0, 0, 0, 0];
        assert_eq!((picture.width, picture.height, picture.pixels.as_slice()), (4, 2, expected.as_slice()));
        client.type_text("A").unwrap();
        client.wait("the server's word", DEADLINE, |view| view.name.is_some()).unwrap();
        assert_eq!(client.look(|view| view.faults.clone()), [""; 0]);
        drop(client);
        let (answers, keys) = served.join().unwrap();
        assert_eq!(answers, [101, 103, 1, 2]);
        let codes: Vec<u32> = keys
            .iter()
            .map(|key| match key {
                inputs::ClientMessage::KeyDown(key) | inputs::ClientMessage::KeyUp(key) => key.code,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(codes, [0x2a, 0x1e, 0x9e, 0xaa]);
    }
}

#[test]
fn a_wrong_ticket_is_refused() {
    let server = Server::new("ticket", "right", true);
    let address = server.address();
    let served = thread::spawn(move || server.accept().is_none());
    let options = Options { password: "wrong".into(), ..Options::default() };
    let refused = Client::connect(&address, &options);
    assert!(matches!(refused, Err(ProbeError::Refused { reason: LinkError::PERMISSION_DENIED, .. })));
    assert!(served.join().unwrap());
}

#[test]
fn faults_of_the_server_are_kept() {
    let server = Server::new("faults", "", true);
    let address = server.address();
    let served = thread::spawn(move || {
        let (main, mut peers) = server.session(&[ChannelType::DISPLAY]);
        let mut display = peers.pop().unwrap();
        display.send(&fill(7, Rect::new(0, 0, 1, 1), 0));
        display.send(&Frame::new(302, vec![0; 3].into()));
        display.send(&Frame::new(999, vec![].into()));
        display.send(&surface());
        kinds(display).join().unwrap();
        drop(main);
    });
    let client = Client::connect(&address, &Options::default()).unwrap();
    client.wait("a surface", DEADLINE, |view| view.display(0).is_some_and(|s| s.size().is_some())).unwrap();
    let faults = client.look(|view| view.faults.clone());
    let expected = ["surface 7 is drawn on and does not exist", "needs 4 bytes", "no type 999"];
    assert_eq!(faults.len(), expected.len(), "{faults:?}");
    assert!(faults.iter().zip(expected).all(|(fault, part)| fault.contains(part)), "{faults:?}");
    drop(client);
    served.join().unwrap();
}

#[test]
fn a_frozen_channel_is_read_again_when_it_thaws() {
    let server = Server::new("frozen", "", true);
    let address = server.address();
    let served = thread::spawn(move || {
        let (mut main, mut peers) = server.session(&[ChannelType::DISPLAY]);
        let mut display = peers.pop().unwrap();
        display.send(&surface());
        main.send(&main::ServerMessage::AgentConnected.encode());
        kinds(display).join().unwrap();
    });
    let options = Options { frozen: vec![ChannelType::DISPLAY], ..Options::default() };
    let client = Client::connect(&address, &options).unwrap();
    let main_total = |view: &probe::View| {
        view.statistics
            .iter()
            .find(|(id, _)| id.channel_type == ChannelType::MAIN)
            .map_or(0, |(_, s)| s.total())
    };
    client.wait("the message after the surface", DEADLINE, |view| main_total(view) == 3).unwrap();
    assert!(client.look(|view| view.display(0).is_none()));
    client.freeze(ChannelType::DISPLAY, false);
    client.wait("the surface", DEADLINE, |view| view.display(0).is_some()).unwrap();
    drop(client);
    served.join().unwrap();
}
