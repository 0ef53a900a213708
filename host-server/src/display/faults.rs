//! The log of what guests do wrong: a line for each fault, but not for each of a thousand.

use crate::fault::GuestFault;

/// Counts faults and reports the first few, then ever rarer ones.
#[derive(Debug, Default)]
pub struct FaultLog {
    guest: u64,
    internal: u64,
}

impl FaultLog {
    /// Faults that are reported one by one.
    const ALL_OF_FIRST: u64 = 16;

    /// Reports a fault of the guest.
    pub fn guest(&mut self, fault: &GuestFault) {
        if fault.is_routine {
            tracing::debug!("{fault}; the command was dropped");
            return;
        }
        self.guest += 1;
        if self.guest <= Self::ALL_OF_FIRST || self.guest.is_power_of_two() {
            tracing::warn!(count = self.guest, "{fault}; the command was dropped");
        }
    }

    /// Reports that handling `what` panicked, a mistake of ours.
    pub fn panicked(&mut self, what: &str) {
        self.internal += 1;
        tracing::error!("internal error: {what} could not be handled and was dropped; please report this");
    }

    /// Mistakes of ours so far.
    pub const fn internal(&self) -> u64 {
        self.internal
    }
}
