//! What a server records: the counterpart of [`Recording`](crate::Recording).

use crate::dump::{DeviceMemory, Dump, Omission};
use crate::input::Limits;
use crate::message::Message;
use crate::text::Text;
use crate::{CommandKind, message};

/// What a recording begins with.
pub const HEADER: &[u8] = b"SPICE_REPLAY 1\n";

/// What an event of a recording says, without its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 0 for a command, 1 for a call.
    what: u8,
    kind: u32,
    body: Vec<u8>,
}

/// A command that a guest has put into a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingCommand {
    /// What it asks for.
    pub kind: CommandKind,
    /// Where its structure is (`QXLPHYSICAL`).
    pub address: u64,
    /// Whether its structure is that of the device's first revision. It is recorded as one of today's.
    pub first_revision: bool,
}

impl Entry {
    /// A command, with all that its structures point to. Each byte is read once.
    ///
    /// # Errors
    /// The command reaches outside the memory, is larger than `limits` grant, or is none that the format can
    /// say and a reader would take back.
    pub fn command(
        memory: &impl DeviceMemory,
        command: RingCommand,
        limits: Limits,
    ) -> Result<Self, Omission> {
        let body = Dump::new(memory, limits).command(command)?.into_bytes();
        Ok(Self { what: 0, kind: command.kind as u32, body })
    }

    /// A call of the host.
    pub fn message(message: &Message) -> Self {
        let mut text = Text::default();
        if let Message::CreatePrimary { surface, asynchronous: _ } = message {
            message::write(&mut text, surface);
        }
        Self { what: 1, kind: message.number(), body: text.into_bytes() }
    }

    /// Bytes that it holds.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// Appends the event: its `number`, counted from 0, and the time in nanoseconds since some moment.
    pub fn write(&self, number: u64, timestamp: u64, out: &mut Vec<u8>) {
        let Self { what, kind, body } = self;
        out.extend_from_slice(format!("event {number} {what} {kind} {timestamp}\n").as_bytes());
        out.extend_from_slice(body);
    }
}
