//! Byte streams: the usbredir, port and webdav channels.
//!
//! usbredir channels have the messages of [`StreamServerMessage`] and [`StreamClientMessage`]; ports, and
//! webdav as one of them, also have a name and events.

use bytes::Bytes;

use crate::base;
use crate::error::WireError;
use crate::message::{Wire, messages, numbers, structure};
use crate::read::Reader;
use crate::write::{FrameBuilder, count_u32};

messages! {
    /// What the server sends on any byte stream, usbredir included.
    pub enum StreamServerMessage("stream server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// Bytes of the stream.
        Data(Bytes) = 101,
        /// Bytes of the stream, compressed.
        CompressedData(CompressedData) = 102,
    }
}

messages! {
    /// What the client sends on any byte stream, usbredir included.
    pub enum StreamClientMessage("stream client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// Bytes of the stream.
        Data(Bytes) = 101,
        /// Bytes of the stream, compressed.
        CompressedData(CompressedData) = 102,
    }
}

messages! {
    /// What the server sends on a port.
    pub enum ServerMessage("port server messages") includes [
        /// What every byte stream has.
        Stream(StreamServerMessage),
    ] {
        /// The port's name and state.
        Init(Init) = 201,
        /// The guest's end changed.
        Event(Event) = 202,
    }
}

messages! {
    /// What the client sends on a port.
    pub enum ClientMessage("port client messages") includes [
        /// What every byte stream has.
        Stream(StreamClientMessage),
    ] {
        /// The client's end changed.
        Event(Event) = 201,
    }
}

numbers! {
    /// What happened at the other end of a port.
    pub struct PortEvent(u8) {
        /// It is open.
        OPENED = 0,
        /// It is closed.
        CLOSED = 1,
        /// A break, as on a serial line.
        BREAK = 2,
    }
}

structure! {
    /// Body of both `Event`.
    #[derive(Copy, Default)]
    pub struct Event {
        /// What happened.
        pub event: PortEvent,
    }
}

/// Body of [`ServerMessage::Init`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// The port's name, such as `org.spice-space.webdav.0`, with a terminating 0 as the original sends and
    /// counts it.
    pub name: Bytes,
    /// Whether the guest has it open.
    pub opened: bool,
}

impl Wire for Init {
    const MIN_SIZE: usize = 9;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&count_u32(self.name.len()));
        let name = to.pointer();
        to.put(&self.opened);
        to.defer(name, &self.name);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let size = u32::take(from, "Init::name size")?;
        let name = from.pointer("Init::name")?.map(|mut at| at.bytes(size.into(), "Init::name"));
        Ok(Self { name: name.transpose()?.unwrap_or_default(), opened: bool::take(from, "Init::opened")? })
    }
}

/// Bytes of a stream that may be compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompressedData {
    /// As they are.
    None(Bytes),
    /// As one LZ4 block.
    Lz4 {
        /// Bytes before compression, as the sender says.
        uncompressed_size: u32,
        /// The block.
        block: Bytes,
    },
}

impl Wire for CompressedData {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        match self {
            Self::None(bytes) => {
                to.put(&0_u8);
                to.payload(bytes);
            }
            Self::Lz4 { uncompressed_size, block } => {
                to.put(&1_u8);
                to.put(uncompressed_size);
                to.payload(block);
            }
        }
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        match u8::take(from, "CompressedData::type")? {
            0 => Ok(Self::None(from.rest())),
            1 => Ok(Self::Lz4 {
                uncompressed_size: u32::take(from, "CompressedData::uncompressed_size")?,
                block: from.rest(),
            }),
            other => Err(from.bad_value("CompressedData::type", 1, other.into())),
        }
    }
}
