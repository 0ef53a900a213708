//! The record channel: sound from the client to the guest.

use crate::base;
use crate::message::{messages, structure};
use crate::playback::{Mode, Mute, Packet, SampleFormat, Volume};

messages! {
    /// What the server sends.
    pub enum ServerMessage("record server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// The guest listens.
        Start(Start) = 101,
        /// The guest does not listen any more.
        Stop = 102,
        /// How loud the guest wants it.
        Volume(Volume) = 103,
        /// Whether the guest wants it silent.
        Mute(Mute) = 104,
    }
}

messages! {
    /// What the client sends.
    pub enum ClientMessage("record client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// Sound.
        Data(Packet) = 101,
        /// How the sound that follows is encoded.
        Mode(Mode) = 102,
        /// When the first sound was recorded.
        StartMark(StartMark) = 103,
    }
}

structure! {
    /// Body of [`ServerMessage::Start`].
    #[derive(Copy, Default)]
    pub struct Start {
        /// How many channels a frame has.
        pub channels: u32,
        /// What a sample looks like.
        pub format: SampleFormat,
        /// Frames a second.
        pub frequency: u32,
    }

    /// Body of [`ClientMessage::StartMark`].
    #[derive(Copy, Default)]
    pub struct StartMark {
        /// Milliseconds of the server's clock.
        pub time: u32,
    }
}
