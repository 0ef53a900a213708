//! Draws of a scanout that the host waits for: the guest goes on when those that look at the memory have looked.
//!
//! Sans-IO, for the display's thread. Every cookie comes out exactly once and in the order in which it went in.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::display::handle::ClientId;

/// Draws under way, the oldest first.
#[derive(Debug, Default)]
pub struct Draws {
    waiting: VecDeque<Draw>,
}

#[derive(Debug)]
struct Draw {
    cookie: u64,
    /// Clients that have been sent the draw and have not answered.
    clients: BTreeSet<ClientId>,
    until: Instant,
}

impl Draws {
    /// How long a draw waits. A client on this host answers within a frame of its screen, and within some when the host is
    /// busy; a client that takes longer would be felt in the guest, which draws nothing meanwhile. It is then not waited for
    /// until it answers.
    pub const PATIENCE: Duration = Duration::from_millis(250);

    /// A draw that has been sent to `clients` at `now`.
    pub fn begin(&mut self, cookie: u64, clients: BTreeSet<ClientId>, now: Instant) {
        self.waiting.push_back(Draw { cookie, clients, until: now + Self::PATIENCE });
    }

    /// A client has answered what it was sent, or is gone.
    pub fn answered(&mut self, client: ClientId) {
        for draw in &mut self.waiting {
            draw.clients.remove(&client);
        }
    }

    /// Takes the next draw that is done by `now`. One is not while clients that get pixels have no `room` for more.
    pub fn take_done(&mut self, has_room: bool, now: Instant) -> Option<u64> {
        let done = |draw: &mut Draw| (draw.clients.is_empty() && has_room) || draw.until <= now;
        self.waiting.pop_front_if(done).map(|draw| draw.cookie)
    }

    /// Takes the next draw, done or not.
    pub fn take_any(&mut self) -> Option<u64> {
        self.waiting.pop_front().map(|draw| draw.cookie)
    }

    /// When the oldest draw waits no longer.
    pub fn next_end(&self) -> Option<Instant> {
        self.waiting.front().map(|draw| draw.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ClientId = ClientId(1);
    const OTHER: ClientId = ClientId(2);

    fn done(draws: &mut Draws, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| draws.take_done(true, now)).collect()
    }

    #[test]
    fn without_a_client_a_draw_is_done_at_once() {
        let (mut draws, now) = (Draws::default(), Instant::now());
        draws.begin(7, BTreeSet::new(), now);
        assert_eq!((done(&mut draws, now), draws.next_end()), (vec![7], None));
        assert!(done(&mut draws, now + Draws::PATIENCE).is_empty(), "and not once more");
    }

    #[test]
    fn a_draw_is_done_when_the_last_client_has_answered_or_gone() {
        let (mut draws, now) = (Draws::default(), Instant::now());
        draws.begin(7, BTreeSet::from([ONE, OTHER]), now);
        draws.answered(ONE);
        draws.answered(ONE);
        assert!(done(&mut draws, now).is_empty());
        draws.answered(OTHER);
        assert_eq!(done(&mut draws, now), [7]);
    }

    #[test]
    fn a_slow_client_holds_a_draw_for_so_long_and_no_longer() {
        let (mut draws, now) = (Draws::default(), Instant::now());
        draws.begin(7, BTreeSet::from([ONE]), now);
        let almost = now + Draws::PATIENCE - Duration::from_millis(1);
        assert!(done(&mut draws, almost).is_empty());
        assert_eq!(draws.next_end(), Some(now + Draws::PATIENCE));
        assert_eq!(done(&mut draws, now + Draws::PATIENCE), [7]);
        draws.answered(ONE);
        assert!(done(&mut draws, now + 2 * Draws::PATIENCE).is_empty(), "the answer came too late");
    }

    #[test]
    fn draws_are_done_in_their_order() {
        let (mut draws, now) = (Draws::default(), Instant::now());
        draws.begin(1, BTreeSet::from([ONE]), now);
        draws.begin(2, BTreeSet::new(), now);
        assert!(done(&mut draws, now).is_empty(), "the second one waits for the first");
        draws.answered(ONE);
        assert_eq!(done(&mut draws, now), [1, 2]);
    }

    #[test]
    fn pixels_that_have_no_room_hold_a_draw_too() {
        let (mut draws, now) = (Draws::default(), Instant::now());
        draws.begin(7, BTreeSet::new(), now);
        assert_eq!(draws.take_done(false, now), None);
        assert_eq!(draws.take_done(false, now + Draws::PATIENCE), Some(7));
    }
}
