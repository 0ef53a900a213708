//! The log of what guests and clients do wrong: a line for each fault, but not for each of a thousand.

use super::handle::ClientId;
use crate::fault::{ClientFault, GuestFault};

/// Counts faults and reports the first few, then ever rarer ones.
#[derive(Debug, Default)]
pub struct FaultLog {
    guest: Budget,
    routine: Budget,
    clients: Budget,
    messages: Budget,
    internal: u64,
}

/// Counts, and says which of many are worth a line.
#[derive(Debug, Default)]
struct Budget(u64);

impl Budget {
    /// Counts one more; the count if it is to be reported: the first few, then ever rarer ones.
    fn spend(&mut self) -> Option<u64> {
        const ALL_OF_FIRST: u64 = 16;
        self.0 += 1;
        (self.0 <= ALL_OF_FIRST || self.0.is_power_of_two()).then_some(self.0)
    }
}

impl FaultLog {
    /// Reports a fault of the guest.
    pub fn guest(&mut self, fault: &GuestFault) {
        if fault.is_routine {
            if let Some(count) = self.routine.spend() {
                tracing::info!(count, "{fault}; the command was dropped");
            }
        } else if let Some(count) = self.guest.spend() {
            tracing::warn!(count, "{fault}; the command was dropped");
        }
    }

    /// Reports a fault of a client.
    pub fn client(&mut self, client: ClientId, fault: &ClientFault) {
        if let Some(count) = self.clients.spend() {
            tracing::warn!(count, "client {}: {fault}; it was disconnected", client.0);
        }
    }

    /// Passes on what the guest wants to have logged.
    pub fn message(&mut self, text: &str) {
        if let Some(count) = self.messages.spend() {
            tracing::info!(count, text, "message of the guest");
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
