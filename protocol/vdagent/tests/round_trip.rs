//! What is encoded and cut into chunks comes back the same; and no bytes make a decoder panic.

#![allow(clippy::unwrap_used, reason = "a failed test")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use vdagent::assembly::{Assembler, RawMessage};
use vdagent::capability::Capabilities;
use vdagent::clipboard::{
    Clipboard, ClipboardGrab, ClipboardLayout, ClipboardRequest, ClipboardType, Selection,
};
use vdagent::file_transfer::{FileData, FileError, FileStart, FileState, FileStatus};
use vdagent::monitors::{Monitor, MonitorsConfig};
use vdagent::port::{ChunkReader, Peer, chunks};
use vdagent::volume::AudioVolumeSync;
use vdagent::{
    AgentError, AnnounceCapabilities, DisplayConfig, GraphicsDevice, Message, MouseState, Reply, ReplyResult,
};

const LIMIT: u32 = 1 << 20;

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..6000).prop_map(Bytes::from)
}

fn layout() -> impl Strategy<Value = ClipboardLayout> {
    any::<(bool, bool)>().prop_map(|(selection, grab_serial)| ClipboardLayout { selection, grab_serial })
}

fn selection(layout: ClipboardLayout) -> impl Strategy<Value = Selection> {
    let all = vec![Selection::Clipboard, Selection::Primary, Selection::Secondary];
    prop::sample::select(if layout.selection { all } else { vec![Selection::Clipboard] })
}

fn state() -> impl Strategy<Value = FileState> {
    let error = any::<(u8, u32)>().prop_map(|(domain, code)| FileError { domain, code });
    prop_oneof![
        prop::sample::select(vec![
            FileState::CanSendData,
            FileState::Cancelled,
            FileState::Success,
            FileState::SessionLocked,
            FileState::AgentNotConnected,
            FileState::Disabled,
        ]),
        proptest::option::of(error).prop_map(FileState::Error),
        any::<Option<u64>>().prop_map(FileState::NotEnoughSpace),
        (8..u32::MAX).prop_map(FileState::Other),
    ]
}

fn monitors() -> impl Strategy<Value = MonitorsConfig> {
    let monitor = any::<(u32, u32, u32, i32, i32, u16, u16)>();
    (any::<(bool, bool)>(), vec(monitor, 0..5)).prop_map(|((use_position, physical_size), monitors)| {
        let size = |mm| if physical_size { mm } else { 0 };
        let monitors = monitors
            .into_iter()
            .map(|(width, height, depth, x, y, w, h)| Monitor {
                width,
                height,
                depth,
                x,
                y,
                width_mm: size(w),
                height_mm: size(h),
            })
            .collect();
        MonitorsConfig { use_position, physical_size, monitors }
    })
}

fn clipboard(layout: ClipboardLayout) -> impl Strategy<Value = Message> {
    let content = || any::<u32>().prop_map(ClipboardType);
    let serial = any::<u32>().prop_map(move |serial| layout.grab_serial.then_some(serial));
    prop_oneof![
        (selection(layout), content(), bytes()).prop_map(|(selection, content, data)| Message::Clipboard(
            Clipboard { selection, content, data }
        )),
        (selection(layout), serial, vec(content(), 0..8)).prop_map(|(selection, serial, types)| {
            Message::ClipboardGrab(ClipboardGrab { selection, serial, types })
        }),
        (selection(layout), content()).prop_map(|(selection, content)| Message::ClipboardRequest(
            ClipboardRequest { selection, content }
        )),
        selection(layout).prop_map(Message::ClipboardRelease),
    ]
}

fn desktop() -> impl Strategy<Value = Message> {
    let device = (any::<(u32, u32, u32)>(), bytes()).prop_map(|((channel_id, monitor_id, id), address)| {
        GraphicsDevice { channel_id, monitor_id, device_display_id: id, address }
    });
    prop_oneof![
        any::<(u32, u32, u32, u8)>()
            .prop_map(|(x, y, buttons, display_id)| MouseState { x, y, buttons, display_id })
            .prop_map(Message::MouseState),
        monitors().prop_map(Message::MonitorsConfig),
        any::<(u32, bool)>().prop_map(|(kind, good)| {
            Message::Reply(Reply {
                kind,
                result: if good { ReplyResult::Success } else { ReplyResult::Error },
            })
        }),
        any::<(u32, u32)>().prop_map(|(flags, depth)| Message::DisplayConfig(DisplayConfig { flags, depth })),
        (any::<bool>(), vec(any::<u32>(), 0..4)).prop_map(|(request, words)| {
            Message::AnnounceCapabilities(AnnounceCapabilities {
                request,
                capabilities: Capabilities { words },
            })
        }),
        Just(Message::ClientDisconnected),
        (any::<(bool, bool)>(), vec(any::<u16>(), 0..8)).prop_map(|((is_playback, mute), channels)| {
            Message::AudioVolumeSync(AudioVolumeSync { is_playback, mute, channels })
        }),
        vec(device, 0..4).prop_map(Message::GraphicsDevices),
    ]
}

fn files() -> impl Strategy<Value = Message> {
    prop_oneof![
        (any::<u32>(), bytes()).prop_map(|(id, key_file)| Message::FileStart(FileStart { id, key_file })),
        (any::<u32>(), state()).prop_map(|(id, state)| Message::FileStatus(FileStatus { id, state })),
        (any::<u32>(), bytes()).prop_map(|(id, data)| Message::FileData(FileData { id, data })),
        any::<i32>().prop_map(Message::MaxClipboard),
    ]
}

fn message() -> impl Strategy<Value = (ClipboardLayout, Message)> {
    layout().prop_flat_map(|layout| (Just(layout), prop_oneof![clipboard(layout), desktop(), files()]))
}

proptest! {
    #[test]
    fn through_the_port((layout, message) in message(), cut in 1..3000_usize) {
        let mut stream = Vec::new();
        for chunk in chunks(Peer::Client, &message.encode(layout)) {
            stream.extend_from_slice(&chunk.header());
            stream.extend_from_slice(&chunk.data);
        }
        let mut reader = ChunkReader::new(LIMIT);
        let mut assembler = Assembler::new(LIMIT);
        let mut received = Vec::new();
        for piece in stream.chunks(cut) {
            reader.feed(piece);
            while let Some(chunk) = reader.next().unwrap() {
                prop_assert_eq!(chunk.peer, Peer::Client);
                received.extend(assembler.push(&chunk.data).unwrap());
            }
        }
        prop_assert_eq!(received.len(), 1);
        prop_assert_eq!(Message::decode(&received[0], layout), Ok(message));
        prop_assert_eq!(assembler.pending(), 0);
    }

    #[test]
    fn no_bytes_panic(layout in layout(), kind in 0..18_u32, data in vec(any::<u8>(), 0..200)) {
        let mut reader = ChunkReader::new(100);
        reader.feed(&data);
        let _ = reader.next();
        let _ = Assembler::new(100).push(&data);
        let _ = Message::decode(&RawMessage { kind, opaque: 0, data: data.into() }, layout);
    }
}

#[test]
fn sizes_over_the_limit_are_refused_at_their_headers() {
    let mut reader = ChunkReader::new(100);
    reader.feed(&[1, 0, 0, 0, 101, 0, 0, 0]);
    assert!(matches!(reader.next(), Err(AgentError::TooLarge { size: 101, .. })));
    let mut header = RawMessage { kind: 4, opaque: 0, data: Bytes::new() }.header();
    header[16] = 101;
    assert!(matches!(Assembler::new(100).push(&header), Err(AgentError::TooLarge { size: 101, .. })));
}

#[test]
fn a_piece_of_two_messages_is_refused() {
    let message = Message::ClientDisconnected.encode(ClipboardLayout::default());
    let two = [message.clone(), message].concat();
    let refused = Assembler::new(LIMIT).push(&two);
    assert_eq!(refused, Err(AgentError::ChunkBeyondMessage { excess: 20 }));
}

#[test]
fn the_reference_agents_short_release_is_taken() {
    let raw = RawMessage { kind: 9, opaque: 0, data: Bytes::from_static(&[1]) };
    let layout = ClipboardLayout { selection: true, grab_serial: true };
    assert_eq!(Message::decode(&raw, layout), Ok(Message::ClipboardRelease(Selection::Primary)));
}

/// What a Linux agent of version 0.22 announces, as seen on its port.
#[test]
fn capabilities_of_the_linux_agent() {
    let raw =
        RawMessage { kind: 6, opaque: 0, data: Bytes::from_static(&[0, 0, 0, 0, 0xe7, 0x8d, 0x03, 0x00]) };
    let Ok(Message::AnnounceCapabilities(announced)) = Message::decode(&raw, ClipboardLayout::default())
    else {
        panic!("not an announcement");
    };
    assert!(!announced.request);
    assert!(announced.capabilities.contains(vdagent::capability::CLIPBOARD_GRAB_SERIAL));
    assert!(!announced.capabilities.contains(vdagent::capability::GUEST_LINEEND_CRLF));
}
