//! How long the guest waits for a client whose pipe is full.
//!
//! A healthy client empties its pipe within milliseconds, and waiting that long keeps the guest's commands
//! whole and in order. Waiting is paid from a budget. A client that has used it up is overtaken: it loses what
//! waits for it and gets the current pixels instead as soon as it can take them. The budget comes back slowly,
//! so that the slowest client costs the guest a quarter of a second once, and a twentieth of its time after
//! that; a frozen one no more.

use std::time::{Duration, Instant};

/// The guest's patience with one client.
#[derive(Clone, Debug)]
pub struct Patience {
    budget: Duration,
    /// When it was last asked, and whether the pipe was full then.
    last: Option<(Instant, bool)>,
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
    /// The whole budget.
    pub const BUDGET: Duration = Duration::from_millis(250);
    /// Time that has to pass to earn a part of the budget, in multiples of that part.
    const EARNED_IN: u32 = 20;

    /// Full patience.
    pub const fn new() -> Self {
        Self { budget: Self::BUDGET, last: None }
    }

    /// What to do about a pipe that is full or not at `now`. What it was at the last call, it was until now.
    pub fn judge(&mut self, full: bool, now: Instant) -> Verdict {
        if let Some((at, was_full)) = self.last {
            let passed = now.duration_since(at);
            self.budget = if was_full {
                self.budget.saturating_sub(passed)
            } else {
                self.budget.saturating_add(passed / Self::EARNED_IN).min(Self::BUDGET)
            };
        }
        let overtake = full && self.budget.is_zero();
        self.last = Some((now, full && !overtake));
        match full {
            false => Verdict::Room,
            true if overtake => Verdict::Overtake,
            true => Verdict::WaitUntil(now + self.budget),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_client_costs_the_budget_once() {
        let mut patience = Patience::new();
        let start = Instant::now();
        assert_eq!(patience.judge(true, start), Verdict::WaitUntil(start + Patience::BUDGET));
        let halfway = start + Patience::BUDGET / 2;
        assert_eq!(patience.judge(true, halfway), Verdict::WaitUntil(start + Patience::BUDGET));
        let spent = start + Patience::BUDGET;
        assert_eq!(patience.judge(true, spent), Verdict::Overtake);
        assert_eq!(patience.judge(true, spent), Verdict::Overtake);
    }

    #[test]
    fn a_client_that_makes_room_now_and_then_does_not_get_round_it() {
        let mut patience = Patience::new();
        let mut now = Instant::now();
        let mut waited = Duration::ZERO;
        for _ in 0..1000 {
            if let Verdict::WaitUntil(until) = patience.judge(true, now) {
                let room_at = until.min(now + Duration::from_millis(200));
                waited += room_at - now;
                now = room_at;
            }
            patience.judge(false, now);
            now += Duration::from_millis(1);
        }
        assert!(waited < Patience::BUDGET + Duration::from_millis(100), "{waited:?}");
    }

    #[test]
    fn patience_comes_back_slowly() {
        let mut patience = Patience::new();
        let start = Instant::now();
        patience.judge(true, start);
        let spent = start + Patience::BUDGET;
        assert_eq!(patience.judge(true, spent), Verdict::Overtake);
        let later = spent + Duration::from_secs(1);
        assert_eq!(patience.judge(true, later), Verdict::WaitUntil(later + Duration::from_millis(50)));
    }
}
