//! How long the guest waits for a client whose pipe is full.
//!
//! A healthy client empties its pipe within milliseconds, and waiting that long keeps the guest's commands
//! whole and in order. A client that takes longer is overtaken: it loses what waits for it and gets the
//! current pixels instead as soon as it can take them. Each time that happens the guest waits half as long
//! for it, so that a slow client costs the guest less than a second in all, and a frozen one no more.

use std::time::{Duration, Instant};

/// The guest's patience with one client.
#[derive(Clone, Debug)]
pub struct Patience {
    allowance: Duration,
    full_since: Option<Instant>,
    overtaken_at: Option<Instant>,
}

/// What a full pipe means at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is room.
    Room,
    /// The guest waits, at most until then.
    WaitUntil(Instant),
    /// The guest goes on without this client.
    Overtake,
}

impl Patience {
    /// The first and longest wait.
    pub const FIRST: Duration = Duration::from_millis(250);
    /// Time without being overtaken after which a client is trusted with a longer wait again.
    pub const RECOVERY: Duration = Duration::from_secs(5);

    /// Full patience.
    pub const fn new() -> Self {
        Self { allowance: Self::FIRST, full_since: None, overtaken_at: None }
    }

    /// What to do about a pipe that is full or not at `now`.
    pub fn judge(&mut self, full: bool, now: Instant) -> Verdict {
        if !full {
            self.full_since = None;
            return Verdict::Room;
        }
        let since = *self.full_since.get_or_insert(now);
        if self.overtaken_at.is_some_and(|at| now.duration_since(at) > Self::RECOVERY) {
            self.overtaken_at = Some(now);
            self.allowance = (self.allowance * 2).min(Self::FIRST);
        }
        let until = since + self.allowance;
        if now < until {
            return Verdict::WaitUntil(until);
        }
        self.full_since = None;
        self.overtaken_at = Some(now);
        self.allowance /= 2;
        Verdict::Overtake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_client_costs_twice_the_first_wait_at_most() {
        let mut patience = Patience::new();
        let mut now = Instant::now();
        let mut waited = Duration::ZERO;
        for _ in 0..1000 {
            match patience.judge(true, now) {
                Verdict::WaitUntil(until) => {
                    waited += until - now;
                    now = until;
                }
                Verdict::Overtake => {}
                Verdict::Room => panic!("the pipe is full"),
            }
        }
        assert!(waited <= Patience::FIRST * 2, "{waited:?}");
    }

    #[test]
    fn trust_returns_slowly() {
        let mut patience = Patience::new();
        let start = Instant::now();
        assert_eq!(patience.judge(true, start), Verdict::WaitUntil(start + Patience::FIRST));
        assert_eq!(patience.judge(true, start + Patience::FIRST), Verdict::Overtake);
        let later = start + Duration::from_secs(6);
        assert_eq!(patience.judge(false, later), Verdict::Room);
        assert_eq!(patience.judge(true, later), Verdict::WaitUntil(later + Patience::FIRST));
    }
}
