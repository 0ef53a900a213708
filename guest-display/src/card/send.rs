//! A command on its way to the device.

use qxl::command::{Command, CommandKind};
use qxl::release::ReleaseInfo;
use qxl::ring::{PushError, SharedMemory};
use zerocopy::{Immutable, IntoBytes};

use super::Card;
use crate::bus::Bus;
use crate::damage::Refused;
use crate::fault::Dead;
use crate::outstanding::{Keeps, Sent};

impl<B: Bus> Card<B> {
    /// Whether a drawing could be sent now. Notes why not.
    pub(super) fn has_room(&mut self) -> Result<bool, Dead> {
        if self.rings.commands.free()? == 0 {
            self.blocked.commands = true;
            return Ok(false);
        }
        self.has_place()
    }

    /// The same for a command of the pointer.
    pub(super) fn has_pointer_room(&mut self) -> Result<bool, Dead> {
        if self.rings.cursor.free()? == 0 {
            self.blocked.cursor = true;
            return Ok(false);
        }
        self.has_place()
    }

    fn has_place(&mut self) -> Result<bool, Dead> {
        if self.outstanding.is_full() && !self.reclaim()? {
            self.blocked.memory = true;
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes a command into its block and pushes it. There must have been room; a device that has changed its mind
    /// since gets nothing, and the memory comes back.
    pub(super) fn send<T: IntoBytes + Immutable>(&mut self, sent: Sent, structure: &T) -> Result<bool, Dead> {
        let keeps = sent.keeps;
        let (kind, is_drawing) = match keeps {
            Keeps::Drawing | Keeps::Image(_) => (CommandKind::Draw, true),
            Keeps::Gesture | Keeps::Shape(_) => (CommandKind::Cursor, false),
        };
        let offset = sent.block.offset();
        let bytes = structure.as_bytes();
        let Some(address) = self.address(offset, len_of(bytes)) else {
            self.dismiss(sent);
            return Ok(false);
        };
        let id = match self.outstanding.issue(sent) {
            Ok(id) => id,
            Err(sent) => {
                self.dismiss(sent);
                self.blocked.memory = true;
                return Ok(false);
            }
        };
        self.write(offset, bytes);
        self.write(offset, ReleaseInfo::new(id).as_bytes());
        let command = Command::new(kind, address);
        let pushed =
            if is_drawing { self.rings.commands.push(&command) } else { self.rings.cursor.push(&command) };
        match pushed {
            Ok(wake) => {
                let flag = if is_drawing { &mut self.wake_display } else { &mut self.wake_pointer };
                *flag |= wake.0;
                self.statistics.bytes = self.statistics.bytes.saturating_add(len_of(bytes));
                self.note_use();
                Ok(true)
            }
            Err(error) => {
                if let Some(sent) = self.outstanding.take(id) {
                    self.dismiss(sent);
                }
                match error {
                    PushError::Full if is_drawing => self.blocked.commands = true,
                    PushError::Full => self.blocked.cursor = true,
                    PushError::Fault(fault) => return Err(fault.into()),
                }
                Ok(false)
            }
        }
    }

    /// Writes bytes to RAM, at a place that came from a heap.
    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) {
        if let Ok(at) = usize::try_from(offset) {
            self.bus.ram().write(at, bytes);
        }
    }

    /// What becomes of a drawing that came to this end.
    pub(super) fn verdict(&mut self, end: Result<bool, Dead>) -> Result<(), Refused> {
        match end {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::Full),
            Err(dead) => {
                self.dead = Some(dead);
                Err(Refused::Dead)
            }
        }
    }
}

pub(super) fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
