//! The smartcard channel: the messages of a virtual card reader, the same in both directions.

use bytes::Bytes;

use crate::base;
use crate::error::WireError;
use crate::message::{Wire, messages, numbers};
use crate::read::Reader;
use crate::write::{FrameBuilder, count_u32};

messages! {
    /// What the server sends.
    pub enum ServerMessage("smartcard server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// One message of a reader.
        Data(CardMessage) = 101,
    }
}

messages! {
    /// What the client sends.
    pub enum ClientMessage("smartcard client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// One message of a reader.
        Data(CardMessage) = 101,
    }
}

numbers! {
    /// What a reader says.
    pub struct CardMessageType(u32) {
        /// Version and capabilities.
        INIT = 1,
        /// The answer to a message, with a code of 4 bytes.
        ERROR = 2,
        /// A reader is there; its name.
        READER_ADD = 3,
        /// A reader is gone.
        READER_REMOVE = 4,
        /// A card is there; its answer to reset.
        ATR = 5,
        /// A card is gone.
        CARD_REMOVE = 6,
        /// A command to a card or its answer.
        APDU = 7,
        /// Commands on their way are to be finished.
        FLUSH = 8,
        /// They are finished.
        FLUSH_COMPLETE = 9,
    }
}

/// One message of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardMessage {
    /// What it says.
    pub message_type: CardMessageType,
    /// The reader.
    pub reader_id: u32,
    /// What belongs to the type, as libcacard's `vscard_common.h` has it.
    pub data: Bytes,
}

impl Wire for CardMessage {
    const MIN_SIZE: usize = 12;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.message_type);
        to.put(&self.reader_id);
        to.put(&count_u32(self.data.len()));
        to.payload(&self.data);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let message_type = CardMessageType::take(from, "CardMessage::message_type")?;
        let reader_id = u32::take(from, "CardMessage::reader_id")?;
        let size = u32::take(from, "CardMessage::size")?;
        Ok(Self { message_type, reader_id, data: from.bytes(size.into(), "CardMessage::data")? })
    }
}
