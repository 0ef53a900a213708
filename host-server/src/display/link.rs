//! What is known of a client's link, and what follows from it: whether bytes are dearer than detail, and how many messages may be
//! on their way.
//!
//! Nothing is sent to find out. What a connection carries is seen whenever something waits for it, and how long a message and its
//! acknowledgement take is seen at each acknowledgement.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::channel::window::AckWindow;

/// The state of a client's connection at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing {
    /// Bytes that wait for the kernel.
    pub backlog: usize,
    /// Bytes a second that it carries, where that is known.
    pub rate: Option<u64>,
}

/// What is known of a link.
#[derive(Clone, Debug, Default)]
pub struct LinkEstimate {
    slow: bool,
    /// When messages were sent that have not been acknowledged: those since the window was announced.
    sent: VecDeque<Instant>,
    /// From sending to acknowledgement, at its shortest lately.
    round_trip: Option<Duration>,
    /// When a longer round trip is believed.
    forget_at: Option<Instant>,
}

impl LinkEstimate {
    /// Bytes a second below which a link is slow: 10 Mbit, as the original has it.
    const SLOW: u64 = 10_000_000 / 8;
    /// Bytes a second above which it no longer is.
    const FAST: u64 = 15_000_000 / 8;
    /// Messages that are remembered: more than any window lets out.
    const MAX_SENT: usize = 1024;
    /// How long the shortest round trip counts.
    const MEMORY: Duration = Duration::from_secs(30);

    /// Round trips from which on a window of the usual size leaves the link idle.
    const AWAY: Duration = Duration::from_millis(25);
    const FAR: Duration = Duration::from_millis(100);

    /// Takes a measured rate into account.
    pub const fn on_rate(&mut self, bytes_per_second: u64) {
        if bytes_per_second < Self::SLOW {
            self.slow = true;
        } else if bytes_per_second > Self::FAST {
            self.slow = false;
        }
    }

    /// Whether bytes are dearer than detail and time.
    pub const fn is_slow(&self) -> bool {
        self.slow
    }

    /// The window has been announced: acknowledgements count from here.
    pub fn on_announced(&mut self) {
        self.sent.clear();
    }

    /// Another message is sent at `now`.
    pub fn on_sent(&mut self, now: Instant) {
        if self.sent.len() < Self::MAX_SENT {
            self.sent.push_back(now);
        }
    }

    /// The client has read so many messages more.
    pub fn on_ack(&mut self, messages: u32, now: Instant) {
        let messages = usize::try_from(messages).unwrap_or(usize::MAX).min(self.sent.len());
        let last = self.sent.drain(..messages).next_back();
        if let Some(last) = last {
            self.on_round_trip(now.saturating_duration_since(last), now);
        }
    }

    /// From sending a message to its acknowledgement it took this time.
    fn on_round_trip(&mut self, time: Duration, now: Instant) {
        if self.forget_at.is_none_or(|at| now >= at) || self.round_trip.is_none_or(|known| time < known) {
            self.round_trip = Some(time);
            self.forget_at = Some(now + Self::MEMORY);
        }
    }

    /// Messages between two acknowledgements that keep the link busy: twice as many are on their way.
    pub fn window(&self) -> u32 {
        match self.round_trip {
            Some(time) if time >= Self::FAR => AckWindow::LAN * 8,
            Some(time) if time >= Self::AWAY => AckWindow::LAN * 4,
            _ if self.slow => AckWindow::LAN * 2,
            _ => AckWindow::LAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_between_slow_and_fast_stays_what_it_was() {
        let mut link = LinkEstimate::default();
        link.on_rate(1_500_000);
        assert!(!link.slow);
        link.on_rate(1_000_000);
        link.on_rate(1_500_000);
        assert!(link.slow);
        link.on_rate(2_000_000);
        assert!(!link.slow);
    }

    #[test]
    fn the_last_message_of_an_acknowledgement_shows_the_round_trip() {
        let (mut link, start) = (LinkEstimate::default(), Instant::now());
        link.on_sent(start);
        link.on_announced();
        link.on_sent(start);
        link.on_sent(start + Duration::from_millis(10));
        link.on_sent(start + Duration::from_millis(20));
        link.on_ack(2, start + Duration::from_millis(70));
        assert_eq!(link.round_trip, Some(Duration::from_millis(60)));
        link.on_ack(2, start + Duration::from_millis(75));
        assert_eq!(link.round_trip, Some(Duration::from_millis(55)));
        link.on_ack(2, start + Duration::from_millis(76));
        assert_eq!(link.round_trip, Some(Duration::from_millis(55)), "of nothing");
    }

    #[test]
    fn the_window_grows_with_the_shortest_round_trip() {
        let (mut link, now) = (LinkEstimate::default(), Instant::now());
        assert_eq!(link.window(), 20);
        link.on_round_trip(Duration::from_millis(150), now);
        assert_eq!(link.window(), 160);
        // A queue makes it longer, and a client that has caught up shows the truth.
        link.on_round_trip(Duration::from_millis(30), now);
        link.on_round_trip(Duration::from_millis(500), now);
        assert_eq!(link.window(), 80);
        link.on_round_trip(Duration::from_millis(120), now + LinkEstimate::MEMORY);
        assert_eq!(link.window(), 160);
    }
}
