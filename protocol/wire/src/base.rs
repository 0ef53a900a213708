//! The messages that every channel has: flow control, pings, notices and migration.
//!
//! Each channel's own enums hold them as their `Base` variant.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::channel::ChannelId;
use crate::error::WireError;
use crate::link::LinkError;
use crate::message::{Wire, flags, messages, numbers, structure};
use crate::read::Reader;
use crate::write::{FrameBuilder, count_u32};

messages! {
    /// What a server may send on any channel.
    pub enum ServerMessage("base server messages") {
        /// Migration begins; the channel moves.
        Migrate(Migrate) = 1,
        /// The channel's state, which the client hands to the migration's target unread.
        MigrateData(Bytes) = 2,
        /// The client answers with `AckSync`, and from then on with an `Ack` for every window of messages.
        SetAck(SetAck) = 3,
        /// The client answers with `Pong`.
        Ping(Ping) = 4,
        /// The client reads on only after other channels got that far.
        WaitForChannels(WaitForChannels) = 5,
        /// The server ends the connection.
        Disconnecting(Disconnecting) = 6,
        /// Something for the user to see.
        Notify(Notify) = 7,
        /// Messages in one, for peers with mini headers.
        List(Bytes) = 8,
    }
}

messages! {
    /// What a client may send on any channel.
    pub enum ClientMessage("base client messages") {
        /// The answer to `SetAck`.
        AckSync(AckSync) = 1,
        /// A window of messages is handled.
        Ack = 2,
        /// The answer to `Ping`.
        Pong(Pong) = 3,
        /// All that was sent before migration has arrived.
        MigrateFlushMark = 4,
        /// The state that the source handed over.
        MigrateData(Bytes) = 5,
        /// The client ends the connection.
        Disconnecting(Disconnecting) = 6,
    }
}

flags! {
    /// What a channel has to do to migrate.
    pub struct MigrateFlags(u32) {
        /// The client answers with `MigrateFlushMark`.
        NEED_FLUSH = 1,
        /// The client carries the channel's state over.
        NEED_DATA_TRANSFER = 2,
    }
}

numbers! {
    /// How bad a notice is.
    pub struct Severity(u32) {
        /// For information.
        INFO = 0,
        /// A warning.
        WARN = 1,
        /// An error.
        ERROR = 2,
    }

    /// How much a notice should be seen.
    pub struct Visibility(u32) {
        /// In a log.
        LOW = 0,
        /// Somewhere on the screen.
        MEDIUM = 1,
        /// In front of everything.
        HIGH = 2,
    }
}

structure! {
    /// Body of [`ServerMessage::Migrate`].
    #[derive(Copy, Default)]
    pub struct Migrate {
        /// What the client has to do.
        pub flags: MigrateFlags,
    }

    /// Body of [`ServerMessage::SetAck`].
    #[derive(Copy, Default)]
    pub struct SetAck {
        /// Comes back in `AckSync`.
        pub generation: u32,
        /// Messages between two `Ack`; 0 for none.
        pub window: u32,
    }

    /// Body of [`ClientMessage::AckSync`].
    #[derive(Copy, Default)]
    pub struct AckSync {
        /// From `SetAck`.
        pub generation: u32,
    }

    /// Body of [`ServerMessage::Ping`].
    pub struct Ping {
        /// Comes back in `Pong`.
        pub id: u32,
        /// Comes back in `Pong`; the original uses nanoseconds of a monotonic clock.
        pub timestamp: u64,
        /// Any bytes, to measure the bandwidth.
        pub padding: Bytes,
    }

    /// Body of [`ClientMessage::Pong`].
    #[derive(Copy, Default)]
    pub struct Pong {
        /// From `Ping`.
        pub id: u32,
        /// From `Ping`.
        pub timestamp: u64,
    }

    /// Body of both `Disconnecting`.
    #[derive(Copy, Default)]
    pub struct Disconnecting {
        /// The sender's clock, in nanoseconds.
        pub timestamp: u64,
        /// Why.
        pub reason: LinkError,
    }

    /// A message of another channel.
    #[derive(Copy, Default)]
    pub struct ChannelWait {
        /// Which channel.
        pub channel: ChannelId,
        /// The message's serial on it.
        pub serial: u64,
    }
}

/// Body of [`ServerMessage::WaitForChannels`]; at most 255 channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitForChannels {
    /// All of them have to be handled first.
    pub waits: Vec<ChannelWait>,
}

impl Wire for WaitForChannels {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        to.list_u8(&self.waits);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u8::take(from, "WaitForChannels::count")?;
        Ok(Self { waits: from.list(count.into(), "WaitForChannels::waits")? })
    }
}

/// Body of [`ServerMessage::Notify`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// The server's clock, in nanoseconds.
    pub timestamp: u64,
    /// How bad it is.
    pub severity: Severity,
    /// How much it should be seen.
    pub visibility: Visibility,
    /// A code for the notice; 0 for a general one.
    pub what: u32,
    /// The text; not checked to be UTF-8.
    pub text: Bytes,
}

/// The original sends a 0 behind the text and does not count it.
impl Wire for Notify {
    const MIN_SIZE: usize = 24;

    fn put(&self, to: &mut FrameBuilder) {
        let Self { timestamp, severity, visibility, what, text } = self;
        to.put(timestamp);
        to.put(severity);
        to.put(visibility);
        to.put(what);
        to.put(&count_u32(text.len()));
        to.payload(text);
        to.put(&0_u8);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        Ok(Self {
            timestamp: u64::take(from, "Notify::timestamp")?,
            severity: Severity::take(from, "Notify::severity")?,
            visibility: Visibility::take(from, "Notify::visibility")?,
            what: u32::take(from, "Notify::what")?,
            text: {
                let size = u32::take(from, "Notify::text size")?;
                from.bytes(size.into(), "Notify::text")?
            },
        })
    }
}
