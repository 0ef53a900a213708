//! The clock that sound and video are dated with: milliseconds that wrap around.
//!
//! The main channel tells clients what time it is, and the channels with sound and pictures say when something is due.

use std::time::{Duration, Instant};

/// The clock of one server. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct MediaClock {
    start: Instant,
}

impl MediaClock {
    /// How far dates lie behind the clock, so that clients have time to buffer, as the original server has it.
    const DELAY: Duration = Duration::from_millis(400);

    /// A clock that is started at `start`.
    pub const fn new(start: Instant) -> Self {
        Self { start }
    }

    /// What clients are told at `now`: what is dated so is due at once.
    #[allow(clippy::cast_possible_truncation, reason = "the clock wraps around on the wire")]
    pub fn told(&self, now: Instant) -> u32 {
        let clock = now.saturating_duration_since(self.start);
        (clock.as_millis() as u32).wrapping_sub(Self::DELAY.as_millis() as u32)
    }
}
