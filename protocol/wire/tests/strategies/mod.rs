//! Any value of every message. The enums are matched without a wildcard, so that a new message does not
//! compile until it is here.

use bytes::Bytes;
use image::geometry::{Point, Rect};
use image::surface::SurfaceFormat;
use proptest::collection::vec;
use proptest::prelude::*;
use wire::channel::{ChannelId, ChannelType};
use wire::drawable::{Drawable, SurfaceId};
use wire::image::Image;
use wire::link::LinkError;
use wire::{base, cursor, display, inputs, main, playback, port, record, smartcard};

/// Values that survive a round trip.
pub(crate) trait Any: Sized + std::fmt::Debug {
    fn any() -> BoxedStrategy<Self>;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Any for $type {
            fn any() -> BoxedStrategy<Self> {
                proptest::prelude::any::<$type>().boxed()
            }
        }
    )*};
}

macro_rules! newtypes {
    ($($type:path),* $(,)?) => {$(
        impl Any for $type {
            fn any() -> BoxedStrategy<Self> {
                Any::any().prop_map($type).boxed()
            }
        }
    )*};
}

macro_rules! structures {
    ($($($name:ident)::+ $(<$image:ident>)? { $($field:ident),* })*) => {$(
        impl Any for $($name)::+$(<$image>)? {
            fn any() -> BoxedStrategy<Self> {
                ($(one(stringify!($field)),)*)
                    .prop_map(|($($field,)*)| $($name)::+ { $($field),* })
                    .boxed()
            }
        }
    )*};
}

macro_rules! messages {
    ($($($name:ident)::+ { $($variant:ident $(($body:ident))?),* })*) => {$(
        impl Any for $($name)::+ {
            fn any() -> BoxedStrategy<Self> {
                use $($name)::+ as Message;
                let _complete = |message: &Message| match message {
                    $(messages!(@pattern Message $variant $(($body))?) => (),)*
                };
                proptest::strategy::Union::new([
                    $(messages!(@strategy Message $variant $(($body))?),)*
                ]).boxed()
            }
        }
    )*};
    (@pattern $name:ident $variant:ident) => { $name::$variant };
    (@pattern $name:ident $variant:ident ($body:ident)) => { $name::$variant(_) };
    (@strategy $name:ident $variant:ident) => { Just($name::$variant).boxed() };
    (@strategy $name:ident $variant:ident ($body:ident)) => {
        Any::any().prop_map($name::$variant).boxed()
    };
}

mod drawing;

fn one<T: Any>(_: &'static str) -> BoxedStrategy<T> {
    T::any()
}

numbers!(u8, u16, u32, u64, i16, i32, i64, bool, [u8; 16], [u32; 4]);

impl Any for Bytes {
    fn any() -> BoxedStrategy<Self> {
        vec(any::<u8>(), 0..200).prop_map(Self::from).boxed()
    }
}

impl<T: Any + 'static> Any for Vec<T> {
    fn any() -> BoxedStrategy<Self> {
        vec(T::any(), 0..5).boxed()
    }
}

impl<T: Any + 'static> Any for Option<T> {
    fn any() -> BoxedStrategy<Self> {
        proptest::option::of(T::any()).boxed()
    }
}

impl Any for SurfaceFormat {
    fn any() -> BoxedStrategy<Self> {
        prop::sample::select(vec![Self::A1, Self::A8, Self::Rgb555, Self::Rgb565, Self::Xrgb32, Self::Argb32])
            .boxed()
    }
}

newtypes!(
    ChannelType,
    SurfaceId,
    LinkError,
    base::MigrateFlags,
    base::Severity,
    base::Visibility,
    main::MouseMode,
    inputs::Modifiers,
    inputs::ButtonMask,
    inputs::Button,
    cursor::CursorType,
    playback::DataMode,
    playback::SampleFormat,
    smartcard::CardMessageType,
    port::PortEvent,
    display::GlScanoutFlags,
    display::ResourceType,
    display::StreamFlags,
    display::VideoCodec,
    display::SurfaceFlags,
    display::ImageCompression,
    wire::image::ImageFlags,
);

structures! {
    Point { x, y }
    Rect { left, top, right, bottom }
    ChannelId { channel_type, id }
    base::Migrate { flags }
    base::SetAck { generation, window }
    base::AckSync { generation }
    base::Ping { id, timestamp, padding }
    base::Pong { id, timestamp }
    base::Disconnecting { timestamp, reason }
    base::ChannelWait { channel, serial }
    base::WaitForChannels { waits }
    base::Notify { timestamp, severity, visibility, what, text }
    main::Init {
        session_id, display_channels_hint, supported_mouse_modes, current_mouse_mode, agent_connected,
        agent_tokens, multi_media_time, ram_hint
    }
    main::MouseModes { supported, current }
    main::MultiMediaTime { time }
    main::AgentDisconnected { reason }
    main::AgentTokens { count }
    main::MigrateBeginSeamless { target, source_version }
    main::MigrateDstDoSeamless { source_version }
    main::ClientInfo { cache_size }
    main::MouseModeRequest { mode }
    main::ChannelsList { channels }
    main::Name { bytes }
    inputs::Key { code }
    inputs::KeyModifiers { modifiers }
    inputs::MouseMotion { dx, dy, buttons }
    inputs::MousePosition { x, y, buttons, display }
    inputs::MouseButtons { button, buttons }
    cursor::Position { x, y }
    cursor::Init { position, trail_length, trail_frequency, visible, cursor }
    cursor::Set { position, visible, cursor }
    cursor::Trail { length, frequency }
    cursor::CursorHeader { unique, cursor_type, width, height, hot_spot_x, hot_spot_y }
    playback::Packet { time, data }
    playback::Mode { time, mode, data }
    playback::Start { channels, format, frequency, time }
    playback::Mute { mute }
    playback::Latency { milliseconds }
    playback::Volume { channels }
    record::Start { channels, format, frequency }
    record::StartMark { time }
    smartcard::CardMessage { message_type, reader_id, data }
    port::Event { event }
    port::Init { name, opened }
    display::GlScanoutUnix { width, height, stride, fourcc, flags }
    display::GlScanout2Unix { width, height, offsets, strides, fourcc, flags, modifier, planes, descriptors }
    display::GlDraw { x, y, width, height }
    display::Resource { resource_type, id }
    display::CacheId { id }
    display::InvalList { resources }
    display::Head { monitor_id, surface, width, height, x, y, flags }
    display::MonitorsConfig { max_allowed, heads }
    display::Init { pixmap_cache_id, pixmap_cache_size, glz_dictionary_id, glz_dictionary_window_size }
    display::PreferredCompression { compression }
    display::PreferredVideoCodecs { codecs }
    display::Mode { width, height, bits }
    display::SurfaceCreate { surface, width, height, format, flags }
    display::SurfaceDestroy { surface }
    display::StreamClip { id, clip }
    display::StreamDestroy { id }
    display::StreamActivateReport { id, unique_id, max_window_size, timeout_ms }
    display::StreamReport {
        id, unique_id, start_frame_mm_time, end_frame_mm_time, num_frames, num_drops, last_frame_delay,
        audio_delay
    }
    display::StreamData { id, multi_media_time, data }
    display::StreamDataSized { id, multi_media_time, width, height, destination, data }
    display::StreamCreate {
        surface, id, flags, codec, stamp, stream_width, stream_height, source_width, source_height,
        destination, clip
    }
}

impl Any for main::MigrationTarget {
    fn any() -> BoxedStrategy<Self> {
        (Any::any(), Any::any(), Bytes::any(), Option::<Bytes>::any())
            .prop_map(|(port, secure_port, host, subject)| Self {
                port,
                secure_port,
                host,
                certificate_subject: subject.filter(|subject| !subject.is_empty()),
            })
            .boxed()
    }
}

impl Any for cursor::Cursor {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Just(Self::None),
            Any::any().prop_map(Self::Cached),
            (Any::any(), Any::any(), Any::any()).prop_map(|(header, cache, pixels)| Self::Shape {
                header,
                cache,
                pixels
            }),
        ]
        .boxed()
    }
}

impl Any for port::CompressedData {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Any::any().prop_map(Self::None),
            (Any::any(), Any::any())
                .prop_map(|(uncompressed_size, block)| Self::Lz4 { uncompressed_size, block }),
        ]
        .boxed()
    }
}

messages! {
    base::ServerMessage {
        Migrate(body), MigrateData(body), SetAck(body), Ping(body), WaitForChannels(body),
        Disconnecting(body), Notify(body), List(body)
    }
    base::ClientMessage {
        AckSync(body), Ack, Pong(body), MigrateFlushMark, MigrateData(body), Disconnecting(body)
    }
    main::ServerMessage {
        Base(body), MigrateBegin(body), MigrateCancel, Init(body), ChannelsList(body), MouseMode(body),
        MultiMediaTime(body), AgentConnected, AgentDisconnected(body), AgentData(body), AgentTokens(body),
        MigrateSwitchHost(body), MigrateEnd, Name(body), Uuid(body), AgentConnectedTokens(body),
        MigrateBeginSeamless(body), MigrateDstSeamlessAck, MigrateDstSeamlessNack
    }
    main::ClientMessage {
        Base(body), ClientInfo(body), MigrateConnected, MigrateConnectError, AttachChannels,
        MouseModeRequest(body), AgentStart(body), AgentData(body), AgentTokens(body), MigrateEnd,
        MigrateDstDoSeamless(body), MigrateConnectedSeamless, QualityIndicator(body)
    }
    display::ServerMessage {
        Base(body), Draw(body), Mode(body), Mark, Reset, InvalList(body), InvalAllPixmaps(body),
        InvalPalette(body), InvalAllPalettes, StreamCreate(body), StreamData(body), StreamClip(body),
        StreamDestroy(body), StreamDestroyAll, SurfaceCreate(body), SurfaceDestroy(body),
        StreamDataSized(body), MonitorsConfig(body), StreamActivateReport(body), GlScanoutUnix(body),
        GlDraw(body), QualityIndicator(body), GlScanout2Unix(body)
    }
    display::ClientMessage {
        Base(body), Init(body), StreamReport(body), PreferredCompression(body), GlDrawDone,
        PreferredVideoCodecs(body)
    }
    cursor::ServerMessage {
        Base(body), Init(body), Reset, Set(body), Move(body), Hide, Trail(body), InvalOne(body), InvalAll
    }
    inputs::ServerMessage { Base(body), Init(body), KeyModifiers(body), MouseMotionAck }
    inputs::ClientMessage {
        Base(body), KeyDown(body), KeyUp(body), KeyModifiers(body), KeyScancode(body), MouseMotion(body),
        MousePosition(body), MousePress(body), MouseRelease(body)
    }
    playback::ServerMessage {
        Base(body), Data(body), Mode(body), Start(body), Stop, Volume(body), Mute(body), Latency(body)
    }
    record::ServerMessage { Base(body), Start(body), Stop, Volume(body), Mute(body) }
    record::ClientMessage { Base(body), Data(body), Mode(body), StartMark(body) }
    smartcard::ServerMessage { Base(body), Data(body) }
    smartcard::ClientMessage { Base(body), Data(body) }
    port::StreamServerMessage { Base(body), Data(body), CompressedData(body) }
    port::StreamClientMessage { Base(body), Data(body), CompressedData(body) }
    port::ServerMessage { Stream(body), Init(body), Event(body) }
    port::ClientMessage { Stream(body), Event(body) }
}

/// A drawable, for tests that want one and not any message.
pub(crate) fn drawable() -> BoxedStrategy<Drawable<Image>> {
    Any::any()
}
