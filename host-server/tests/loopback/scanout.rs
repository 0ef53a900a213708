//! A scanout on its way through a real socket: the client that reads it has the same memory as the host.

use std::fs::File;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use host_server::display::scanout::{Planes, Scanout};
use host_server::guest::device::{CommandExt, DeviceLimits, QxlDevice, QxlFrontend, Release};
use host_server::server::Server;
use image::geometry::{Rect, Size};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use wire::capability::Capabilities;
use wire::capability::display::{GL_SCANOUT, GL_SCANOUT2};
use wire::channel::ChannelType;
use wire::display::{ClientMessage, Init, ServerMessage};
use wire::drawable::SurfaceId;
use wire::frame::{FrameReader, HeaderKind};

use crate::PATIENCE;
use crate::client::{Client, begin, pair, tcp};
use crate::rig::{Rig, listen};

const SIZE: Size = Size { width: 16, height: 8 };

const LIMITS: DeviceLimits = DeviceLimits {
    slot_groups: 2,
    slots: 8,
    generation_bits: 8,
    slot_bits: 8,
    internal_slot: 0,
    surfaces: 1024,
};

/// A device without commands.
struct Device(Sender<u64>);

impl QxlDevice for Device {
    fn next_command(&mut self) -> Option<CommandExt> {
        None
    }
    fn request_command_notification(&mut self) -> bool {
        true
    }
    fn next_cursor_command(&mut self) -> Option<CommandExt> {
        None
    }
    fn request_cursor_notification(&mut self) -> bool {
        true
    }
    fn release(&mut self, _: Release) {}
    fn flush_releases(&mut self) -> bool {
        false
    }
    fn notify_update(&mut self, _: u32) {}
    fn async_complete(&mut self, cookie: u64) {
        self.0.send(cookie).unwrap_or_default();
    }
    fn update_area_complete(&mut self, _: SurfaceId, _: &[Rect]) {}
    fn set_client_capabilities(&mut self, _: bool, _: &[u8; 58]) {}
}

struct Frontend;

impl QxlFrontend for Frontend {
    fn client_monitors_config(&mut self, _: Option<&[u8]>) -> bool {
        false
    }
}

/// Reads frames, and the bytes with descriptors between them.
struct Reader {
    stream: UnixStream,
    frames: FrameReader,
    descriptors: Vec<OwnedFd>,
}

impl Reader {
    fn receive(&mut self) -> ServerMessage {
        loop {
            if let Some(frame) = self.frames.next().unwrap() {
                return ServerMessage::decode(frame.kind, frame.body).unwrap();
            }
            self.read();
        }
    }

    /// The byte behind a frame that has a descriptor.
    fn skip_byte(&mut self) {
        while !self.frames.skip(1) {
            self.read();
        }
    }

    fn read(&mut self) {
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let into = &mut [IoSliceMut::new(&mut bytes)];
        let read = recvmsg(&self.stream, into, &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap().bytes;
        assert_ne!(read, 0, "the server goes on");
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        self.frames.feed(&bytes[..read]);
    }
}

fn scanout(memory: &File) -> Scanout {
    Scanout {
        size: SIZE,
        planes: Planes::one(64),
        fourcc: Scanout::XRGB8888,
        modifier: Scanout::LINEAR,
        top_down: true,
        descriptors: vec![Arc::new(memory.try_clone().unwrap().into())],
        open: |_, _| Err("nobody reads it here".to_owned()),
    }
}

/// The same in two planes, the second of which is another buffer.
fn scanout_in_planes(memory: &File) -> Scanout {
    let planes = Planes { count: 2, offsets: [0, 128, 0, 0], strides: [64, 32, 0, 0] };
    let other = File::from(memfd_create("plane", MemfdFlags::CLOEXEC).unwrap());
    let mut whole = scanout(memory);
    whole.descriptors.push(Arc::new(other.into()));
    Scanout { planes, ..whole }
}

#[test]
fn memory_of_the_host_arrives_and_draws_are_answered() {
    given([GL_SCANOUT], scanout);
}

#[test]
fn memory_in_planes_arrives_with_all_of_its_descriptors() {
    given([GL_SCANOUT, GL_SCANOUT2], scanout_in_planes);
}

/// Gives a client that can do this several scanouts.
fn given<const N: usize>(capabilities: [u32; N], scanout: fn(&File) -> Scanout) {
    let mut address = None;
    let rig = Rig::new(|server: &Server| {
        address = Some(listen(server));
        server.disable_ticketing();
    });
    let (completions, completed) = channel();
    let display =
        rig.server.attach_display(0, Box::new(Device(completions)), Box::new(Frontend), LIMITS).unwrap();
    display.begin();
    let add = || {
        let (ours, theirs) = pair();
        rig.server.add_client(theirs, false).unwrap();
        ours
    };
    let (_main, id) = begin(add(), b"");
    let specific = Capabilities::of(capabilities);
    let mut client = Client::link_with(add(), ChannelType::DISPLAY, id, b"", specific).unwrap();
    client.send(&ClientMessage::Init(Init::default()).encode());
    let frames = FrameReader::new(HeaderKind::Mini, 1 << 20);
    let mut reader = Reader { stream: client.stream().try_clone().unwrap(), frames, descriptors: Vec::new() };
    assert!(matches!(reader.receive(), ServerMessage::Base(_)));

    let memory = File::from(memfd_create("scanout", MemfdFlags::CLOEXEC).unwrap());
    memory.write_all_at(&[1; 512], 0).unwrap();
    for cookie in 1..=3 {
        display.handle().set_scanout(Some(scanout(&memory)));
        display.handle().draw_scanout_async(Rect::new(0, 0, 4, 4), cookie);
        let count = loop {
            match reader.receive() {
                ServerMessage::GlScanoutUnix(told) => {
                    assert_eq!((told.width, told.stride), (16, 64));
                    break 1;
                }
                ServerMessage::GlScanout2Unix(told) => {
                    assert_eq!((told.width, told.strides), (16, [64, 32, 0, 0]));
                    break told.descriptors;
                }
                ServerMessage::Base(_) => {}
                other => panic!("{other:?}"),
            }
        };
        (0..count).for_each(|_| reader.skip_byte());
        assert_eq!(reader.descriptors.len(), usize::from(count), "each came with its byte");
        let received = File::from(reader.descriptors.swap_remove(0));
        reader.descriptors.clear();
        memory.write_all_at(&cookie.to_le_bytes(), 100).unwrap();
        let mut bytes = [0; 8];
        received.read_exact_at(&mut bytes, 100).unwrap();
        assert_eq!(u64::from_le_bytes(bytes), cookie, "the same memory");
        assert!(matches!(reader.receive(), ServerMessage::GlDraw(_)));
        client.send(&ClientMessage::GlDrawDone.encode());
        assert_eq!(completed.recv_timeout(PATIENCE), Ok(cookie));
    }
    display.detach();
}

#[test]
fn no_descriptor_goes_over_tcp() {
    let mut address = None;
    let rig = Rig::new(|server: &Server| {
        address = Some(listen(server));
        server.disable_ticketing();
    });
    let address = address.unwrap();
    let (completions, completed) = channel();
    let display =
        rig.server.attach_display(0, Box::new(Device(completions)), Box::new(Frontend), LIMITS).unwrap();
    display.begin();
    let (_main, id) = begin(tcp(address), b"");
    let specific = Capabilities::of([GL_SCANOUT]);
    let mut client = Client::link_with(tcp(address), ChannelType::DISPLAY, id, b"", specific).unwrap();
    client.send(&ClientMessage::Init(Init::default()).encode());
    let memory = File::from(memfd_create("scanout", MemfdFlags::CLOEXEC).unwrap());
    display.handle().set_scanout(Some(scanout(&memory)));
    display.handle().draw_scanout_async(Rect::new(0, 0, 4, 4), 1);
    assert_eq!(completed.recv_timeout(PATIENCE), Ok(1), "nobody is waited for");
    display.detach();
    drop(rig);
    while let Some(message) = client.receive() {
        let message = ServerMessage::decode(message.kind, message.body).unwrap();
        assert!(!matches!(message, ServerMessage::GlScanoutUnix(_) | ServerMessage::GlDraw(_)));
    }
}
