//! One line for each message.

use bytes::Bytes;
use wire::channel::ChannelType;
use wire::{base, cursor, display, inputs, main, playback, port, record, smartcard};

/// Longest line, in bytes.
const MAX_LINE: usize = 400;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The server.
    FromServer,
    /// The client.
    FromClient,
}

macro_rules! line {
    ($message:ty, $kind:expr, $body:expr) => {
        match <$message>::decode($kind, $body) {
            Ok(message) => format!("{} {message:?}", message.name()),
            Err(error) => format!("type {} cannot be decoded: {error}", $kind),
        }
    };
}

/// A message in one line: its name, and its fields cut to a readable length.
#[must_use]
pub fn describe(channel: ChannelType, direction: Direction, kind: u16, body: Bytes) -> String {
    use Direction::{FromClient, FromServer};
    let size = body.len();
    let line = match (channel, direction) {
        (ChannelType::MAIN, FromServer) => line!(main::ServerMessage, kind, body),
        (ChannelType::MAIN, FromClient) => line!(main::ClientMessage, kind, body),
        (ChannelType::DISPLAY, FromServer) => line!(display::ServerMessage, kind, body),
        (ChannelType::DISPLAY, FromClient) => line!(display::ClientMessage, kind, body),
        (ChannelType::CURSOR, FromServer) => line!(cursor::ServerMessage, kind, body),
        (ChannelType::INPUTS, FromServer) => line!(inputs::ServerMessage, kind, body),
        (ChannelType::INPUTS, FromClient) => line!(inputs::ClientMessage, kind, body),
        (ChannelType::PLAYBACK, FromServer) => line!(playback::ServerMessage, kind, body),
        (ChannelType::RECORD, FromServer) => line!(record::ServerMessage, kind, body),
        (ChannelType::RECORD, FromClient) => line!(record::ClientMessage, kind, body),
        (ChannelType::SMARTCARD, FromServer) => line!(smartcard::ServerMessage, kind, body),
        (ChannelType::SMARTCARD, FromClient) => line!(smartcard::ClientMessage, kind, body),
        (ChannelType::USBREDIR, FromServer) => line!(port::StreamServerMessage, kind, body),
        (ChannelType::USBREDIR, FromClient) => line!(port::StreamClientMessage, kind, body),
        (ChannelType::PORT | ChannelType::WEBDAV, FromServer) => line!(port::ServerMessage, kind, body),
        (ChannelType::PORT | ChannelType::WEBDAV, FromClient) => line!(port::ClientMessage, kind, body),
        (_, FromServer) => line!(base::ServerMessage, kind, body),
        (_, FromClient) => line!(base::ClientMessage, kind, body),
    };
    format!("{size:>8} {}", cut(line))
}

fn cut(mut line: String) -> String {
    if line.len() > MAX_LINE {
        let end = (0..=MAX_LINE).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}
