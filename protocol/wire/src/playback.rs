//! The playback channel: sound from the guest to the client.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::base;
use crate::error::WireError;
use crate::message::{Wire, messages, numbers, structure};
use crate::read::Reader;
use crate::write::FrameBuilder;

messages! {
    /// What the server sends. The client sends [`base::ClientMessage`] only.
    pub enum ServerMessage("playback server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// Sound.
        Data(Packet) = 101,
        /// How the sound that follows is encoded.
        Mode(Mode) = 102,
        /// Sound begins.
        Start(Start) = 103,
        /// Sound ends.
        Stop = 104,
        /// How loud it is.
        Volume(Volume) = 105,
        /// Whether it is silent.
        Mute(Mute) = 106,
        /// How long it waits before it is heard.
        Latency(Latency) = 107,
    }
}

/// What the client sends.
pub type ClientMessage = base::ClientMessage;

numbers! {
    /// How sound is encoded.
    pub struct DataMode(u16) {
        /// Nothing.
        INVALID = 0,
        /// Samples as they are.
        RAW = 1,
        /// CELT 0.5.1, which nothing sends any more.
        CELT_0_5_1 = 2,
        /// Opus packets.
        OPUS = 3,
    }

    /// What a sample looks like.
    pub struct SampleFormat(u16) {
        /// Nothing.
        INVALID = 0,
        /// 16 bits, signed, little endian.
        S16 = 1,
    }
}

structure! {
    /// Sound in one message, in either direction.
    pub struct Packet {
        /// When it is heard, or was, in milliseconds of the server's clock.
        pub time: u32,
        /// Samples or an encoded packet.
        pub data: Bytes,
    }

    /// How the sound that follows is encoded, in either direction.
    pub struct Mode {
        /// Milliseconds of the server's clock.
        pub time: u32,
        /// The encoding.
        pub mode: DataMode,
        /// What the encoding needs to begin; nothing for all that are in use.
        pub data: Bytes,
    }

    /// Body of [`ServerMessage::Start`].
    #[derive(Copy, Default)]
    pub struct Start {
        /// How many channels a frame has.
        pub channels: u32,
        /// What a sample looks like.
        pub format: SampleFormat,
        /// Frames a second.
        pub frequency: u32,
        /// Milliseconds of the server's clock.
        pub time: u32,
    }

    /// Body of `Mute`.
    #[derive(Copy, Default)]
    pub struct Mute {
        /// Whether the sound is silent.
        pub mute: bool,
    }

    /// Body of [`ServerMessage::Latency`].
    #[derive(Copy, Default)]
    pub struct Latency {
        /// Milliseconds from a packet's arrival to its being heard.
        pub milliseconds: u32,
    }
}

/// Body of `Volume`; at most 255 channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// One for each channel, 65535 for the loudest.
    pub channels: Vec<u16>,
}

impl Wire for Volume {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        to.list_u8(&self.channels);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u8::take(from, "Volume::count")?;
        Ok(Self { channels: from.list(count.into(), "Volume::channels")? })
    }
}
