//! Messages of the original, byte for byte: what spice-server 0.15.1 in QEMU 7.2 sends to a client. They decode
//! to what they mean, and are encoded to the same bytes.

#![allow(clippy::unwrap_used, reason = "a failed test")]

use bytes::Bytes;
use wire::base::{self, Notify, SetAck, Severity, Visibility};
use wire::channel::{ChannelId, ChannelType};
use wire::drawable::{Clip, Drawable, Mask, Operation, Rop, ScaleMode, SurfaceId};
use wire::image::{Bitmap, Image, ImageBody, ImageFlags, PaletteSource};
use wire::{cursor, display, inputs, main, port};

use ::image::bitmap::{BitmapFormat, Layout};
use ::image::geometry::{Point, Rect, Size};
use ::image::surface::SurfaceFormat;

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

macro_rules! same {
    ($family:ty, $kind:literal, $hex:expr, $message:expr) => {
        let (body, message) = (bytes($hex), $message);
        assert_eq!(<$family>::decode($kind, body.clone()), Ok(message.clone()));
        assert_eq!(message.encode().kind(), $kind);
        assert_eq!(message.encode().to_body(), body);
    };
}

#[test]
fn main_channel() {
    same!(
        main::ServerMessage,
        103,
        "837fe8ad 01000000 01000000 01000000 00000000 0a000000 94444a00 00e0ff02",
        main::ServerMessage::Init(main::Init {
            session_id: 0xade8_7f83,
            display_channels_hint: 1,
            supported_mouse_modes: 1,
            current_mouse_mode: 1,
            agent_connected: 0,
            agent_tokens: 10,
            multi_media_time: 4_867_220,
            ram_hint: 0x02ff_e000,
        })
    );
    let channel = |channel_type| ChannelId { channel_type, id: 0 };
    same!(
        main::ServerMessage,
        104,
        "06000000 0600 0500 0200 0400 0b00 0300",
        main::ServerMessage::ChannelsList(main::ChannelsList {
            channels: [
                ChannelType::RECORD,
                ChannelType::PLAYBACK,
                ChannelType::DISPLAY,
                ChannelType::CURSOR,
                ChannelType::WEBDAV,
                ChannelType::INPUTS,
            ]
            .map(channel)
            .to_vec(),
        })
    );
    same!(
        main::ServerMessage,
        113,
        "06000000 666972737400",
        main::ServerMessage::Name(main::Name { bytes: Bytes::from_static(b"first\0") })
    );
    same!(
        main::ServerMessage,
        7,
        "2aa638596d040000 01000000 02000000 00000000 1c000000
         6b6579626f617264206368616e6e656c20697320696e73656375726500",
        main::ServerMessage::Base(base::ServerMessage::Notify(Notify {
            timestamp: 0x046d_5938_a62a,
            severity: Severity::WARN,
            visibility: Visibility::HIGH,
            what: 0,
            text: Bytes::from_static(b"keyboard channel is insecure"),
        }))
    );
}

/// The text console's cursor, as QEMU draws it.
#[test]
fn a_copy_of_raw_pixels() {
    let pixels = "a8a8a800".repeat(18);
    let hex = format!(
        "00000000 8d010000 68010000 8f010000 71010000 00
         39000000 00000000 00000000 02000000 09000000 0800 00 00 00000000 00000000 00000000
         0000000005030000 00 00 09000000 02000000
         08 04 09000000 02000000 24000000 00000000 {pixels}"
    );
    let size = Size::new(9, 2);
    let image = Image {
        id: 0x0305_0000_0000,
        flags: ImageFlags::NONE,
        size,
        body: ImageBody::Bitmap(Bitmap {
            layout: Layout { format: BitmapFormat::Xrgb32, size, stride: 36, top_down: true },
            palette: PaletteSource::None,
            data: bytes(&pixels),
        }),
    };
    let drawable = Drawable {
        surface: SurfaceId::PRIMARY,
        bbox: Rect { left: 360, top: 397, right: 369, bottom: 399 },
        clip: Clip::None,
        operation: Operation::Copy(wire::drawable::Copy {
            source: image,
            area: Rect::of_size(size),
            rop: Rop::PUT,
            scale: ScaleMode::Interpolate,
            mask: Mask { inverse: false, origin: Point::default(), bitmap: None },
        }),
    };
    same!(display::ServerMessage, 304, &hex, display::ServerMessage::Draw(drawable));
}

#[test]
fn display_cursor_inputs_and_port() {
    same!(
        display::ServerMessage,
        3,
        "01000000 14000000",
        display::ServerMessage::Base(base::ServerMessage::SetAck(SetAck { generation: 1, window: 20 }))
    );
    same!(
        display::ServerMessage,
        314,
        "00000000 d0020000 90010000 20000000 01000000",
        display::ServerMessage::SurfaceCreate(display::SurfaceCreate {
            surface: SurfaceId::PRIMARY,
            width: 720,
            height: 400,
            format: SurfaceFormat::Xrgb32,
            flags: display::SurfaceFlags::PRIMARY,
        })
    );
    let head = display::Head { width: 720, height: 400, ..Default::default() };
    same!(
        display::ServerMessage,
        317,
        "0100 0100 00000000 00000000 d0020000 90010000 00000000 00000000 00000000",
        display::ServerMessage::MonitorsConfig(display::MonitorsConfig { max_allowed: 1, heads: vec![head] })
    );
    same!(
        cursor::ServerMessage,
        101,
        "0000 0000 0000 0000 01 0100",
        cursor::ServerMessage::Init(cursor::Init {
            position: cursor::Position::default(),
            trail_length: 0,
            trail_frequency: 0,
            visible: true,
            cursor: cursor::Cursor::None,
        })
    );
    same!(
        inputs::ServerMessage,
        101,
        "0000",
        inputs::ServerMessage::Init(inputs::KeyModifiers { modifiers: inputs::Modifiers::NONE })
    );
    same!(
        port::ServerMessage,
        201,
        "19000000 09000000 00 6f72672e73706963652d73706163652e7765626461762e3000",
        port::ServerMessage::Init(port::Init {
            name: Bytes::from_static(b"org.spice-space.webdav.0\0"),
            opened: false,
        })
    );
}
