//! Why a peer was turned away, and how often that is logged.

use std::time::{Duration, Instant};

use thiserror::Error;
use wire::WireError;
use wire::channel::ChannelId;

/// Why a peer did not become a client.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The first bytes are of another protocol.
    #[error("the peer does not speak SPICE")]
    InvalidMagic,
    /// The first bytes are an HTTP request.
    #[error("the peer speaks HTTP or WebSocket, which this server does not; use a SPICE client or a gateway")]
    WebSocket,
    /// Another protocol version.
    #[error("the peer speaks version {major}.{minor} of the protocol, this server 2.2")]
    Version {
        /// Its major version.
        major: u32,
        /// Its minor version.
        minor: u32,
    },
    /// The link message cannot be that small or that large.
    #[error("the link message says that it has {0} bytes")]
    BadSize(u32),
    /// The link message makes no sense.
    #[error("the link message is malformed: {0}")]
    Malformed(WireError),
    /// The peer wants to prove itself in a way that this server does not have.
    #[error("the peer asks for authentication mechanism {0}, this server has tickets only")]
    UnknownMechanism(u32),
    /// The channel is only served over TLS.
    #[error("channel {0:?} needs TLS")]
    NeedsTls(ChannelId),
    /// There is no such channel.
    #[error("there is no channel {0:?}")]
    NoSuchChannel(ChannelId),
    /// The client has this channel already.
    #[error("the client has channel {0:?} already")]
    ChannelTaken(ChannelId),
    /// There is no such session.
    #[error("no client has the connection id {0}")]
    UnknownConnection(u32),
    /// Tickets are checked, and none is set.
    #[error("no ticket is set; set one, or disable ticketing")]
    NoTicketSet,
    /// The ticket was good once.
    #[error("the ticket has expired")]
    TicketExpired,
    /// Another password.
    #[error("wrong ticket")]
    WrongTicket,
    /// No password at all.
    #[error("the ticket cannot be decrypted")]
    BadTicket,
    /// The deadline has passed.
    #[error("the link took too long")]
    TooSlow,
    /// Newer links have taken its place.
    #[error("the link was not complete when too many others had begun")]
    MadeWay,
    /// There are enough sockets.
    #[error("there are {0} connections already")]
    TooMany(usize),
    /// The peer went away.
    #[error("the connection ended during the link: {0}")]
    Left(String),
    /// Our own fault.
    #[error("host error: {0}")]
    Host(String),
}

/// Lets a few log lines through, and counts the others: peers must not be able to fill a disk.
#[derive(Debug)]
pub struct LogBudget {
    lines: u32,
    suppressed: u64,
    refilled: Instant,
}

impl LogBudget {
    /// Lines that may come at once.
    const BURST: u32 = 10;
    /// Time that earns one more line.
    const REFILL: Duration = Duration::from_secs(5);

    /// A full budget.
    pub const fn new(now: Instant) -> Self {
        Self { lines: Self::BURST, suppressed: 0, refilled: now }
    }

    /// Whether a line may be written now: then how many were not since the last one.
    pub fn spend(&mut self, now: Instant) -> Option<u64> {
        let earned = now.saturating_duration_since(self.refilled).as_secs() / Self::REFILL.as_secs();
        if earned > 0 {
            self.lines =
                u32::try_from(earned).map_or(Self::BURST, |earned| self.lines.saturating_add(earned));
            self.lines = self.lines.min(Self::BURST);
            self.refilled = now;
        }
        if self.lines == 0 {
            self.suppressed += 1;
            return None;
        }
        self.lines -= 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_a_few_lines_and_a_count() {
        let start = Instant::now();
        let mut budget = LogBudget::new(start);
        let lines = (0..1000).filter(|_| budget.spend(start).is_some()).count();
        assert_eq!(lines, LogBudget::BURST as usize);
        assert_eq!(budget.spend(start + LogBudget::REFILL), Some(990));
        assert_eq!(budget.spend(start + LogBudget::REFILL), None);
    }
}
