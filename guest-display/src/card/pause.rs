//! Asking the device to say when it has room again.

use core::mem::offset_of;

use qxl::ioport::IoPort;
use qxl::ram::{RamHeader, interrupt};
use qxl::ring::SharedMemory;

use super::{ALWAYS, Card};
use crate::bus::Bus;
use crate::fault::Dead;

/// What there was no room in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The command ring.
    pub(super) commands: bool,
    /// The cursor ring.
    pub(super) cursor: bool,
    /// Memory, or the table of commands.
    pub(super) memory: bool,
}

impl<B: Bus> Card<B> {
    /// Wakes the device when it sleeps and has been given something.
    pub(crate) fn notify(&mut self) {
        if core::mem::take(&mut self.wake_display) {
            self.port(IoPort::NotifyCommand, 0);
        }
        if core::mem::take(&mut self.wake_pointer) {
            self.port(IoPort::NotifyCursor, 0);
        }
    }

    /// Whether what was refused since the last call has to wait, for an interrupt which then comes. Otherwise it is
    /// worth another try now.
    pub(crate) fn must_wait(&mut self) -> Result<bool, Dead> {
        let mut blocked = core::mem::take(&mut self.blocked);
        // Whatever else was missing comes back with commands.
        blocked.memory |= blocked == Blocked::default();
        let display = if blocked.commands || blocked.memory { interrupt::DISPLAY } else { 0 };
        let cursor = if blocked.cursor { interrupt::CURSOR } else { 0 };
        self.expect(display | cursor);
        let mut wait = true;
        if blocked.commands {
            wait &= self.rings.commands.must_wait()?;
        }
        if blocked.cursor {
            wait &= self.rings.cursor.must_wait()?;
        }
        if blocked.memory {
            wait &= self.rings.releases.must_wait()?;
        }
        if wait {
            self.statistics.stalls = self.statistics.stalls.saturating_add(1);
            self.starving = blocked.memory;
        }
        Ok(wait)
    }

    /// Whether memory is what is waited for.
    pub(crate) fn is_starving(&self) -> bool {
        self.starving
    }

    /// Whether something is left that an interrupt will tell of.
    pub(crate) fn is_expecting(&self) -> bool {
        self.mask != ALWAYS
    }

    /// Lets these interrupts through, beside those that always are.
    pub(crate) fn expect(&mut self, bits: u32) {
        self.starving = false;
        let mask = ALWAYS | bits;
        if mask == self.mask {
            return;
        }
        // The device raises its line only for a bit that was not pending before. So old ones are cleared, and that while
        // the mask still holds them back: a line that is up while nothing is pending stays up.
        let pending = offset_of!(RamHeader, int_pending);
        let new = mask & !self.mask;
        if new != 0 {
            self.header.take_bits(pending, new);
        }
        self.mask = mask;
        self.header.store(offset_of!(RamHeader, int_mask), mask);
        self.header.barrier();
        // What happened just in between may have found the mask as it was.
        if self.header.load(pending) & new != 0 {
            self.port(IoPort::UpdateIrq, 0);
        }
    }
}
