//! The host's side of the agent's port, from its opening to its end: what the guest's bytes are part of, and whether
//! the host has something to read or room to write.
//!
//! The relay drives it. It knows of no client.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use vdagent::MouseState;
use vdagent::follow::Follower;
use vdagent::pieces::PieceReader;

/// Places of the pointer that may wait for the port.
const MAX_MOVES: usize = 64;

/// From a port that took nothing to the next attempt, for hosts that do not say when there is room: as in the original.
const RETRY: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(super) struct Port {
    /// Whether the host wakes us when there is room again.
    announces_room: bool,
    /// What the guest sends, and the client's message in it.
    pub(super) reader: PieceReader,
    pub(super) follower: Follower,
    /// Whether the guest's present message goes to clients.
    pub(super) passes: bool,
    /// Whether the agent wants to know which device is which display.
    pub(super) wants_devices: bool,
    /// What the agent has to hear when the server's last message to it is written.
    pub(super) devices_due: bool,
    moves: VecDeque<MouseState>,
    /// It had nothing to read, and has not woken us since.
    pub(super) is_empty: bool,
    /// It took nothing, and has not woken us since.
    pub(super) is_full: bool,
    /// It has woken us since it was last asked for something.
    woken: bool,
    retry: Option<Instant>,
}

impl Port {
    /// A port that has just been opened.
    pub(super) fn new(announces_room: bool) -> Self {
        Self {
            announces_room,
            reader: PieceReader::new(),
            follower: Follower::new(),
            passes: false,
            wants_devices: false,
            devices_due: false,
            moves: VecDeque::new(),
            is_empty: false,
            is_full: false,
            woken: false,
            retry: None,
        }
    }

    /// The agent has to hear of this place of the pointer. While the port is full it takes the place of the last one that
    /// waits; otherwise clicks are many places at once, and none of them may be left out.
    pub(super) fn move_pointer(&mut self, state: MouseState) {
        let is_enough = self.is_full || self.moves.len() >= MAX_MOVES;
        match self.moves.back_mut() {
            Some(last) if is_enough => *last = state,
            _ => self.moves.push_back(state),
        }
    }

    /// The place of the pointer that the agent has to hear of next.
    pub(super) fn take_move(&mut self) -> Option<MouseState> {
        self.moves.pop_front()
    }

    /// The host has something to read, or room.
    pub(super) fn wake(&mut self) {
        self.woken = true;
        self.is_empty = false;
        self.is_full = false;
        self.retry = None;
    }

    /// The host is asked to take or give bytes.
    pub(super) fn ask(&mut self) {
        self.woken = false;
    }

    /// The host took nothing. It may have woken us while it was asked.
    pub(super) fn took_nothing(&mut self, now: Instant) {
        self.is_full = !self.woken;
        self.retry = (self.is_full && !self.announces_room).then(|| now + RETRY);
    }

    /// The host had nothing. It may have woken us while it was asked.
    pub(super) fn had_nothing(&mut self) {
        self.is_empty = !self.woken;
    }

    /// When [`Port::on_time`] has something to do.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.retry
    }

    /// Tries again when it is time.
    pub(super) fn on_time(&mut self, now: Instant) {
        if self.retry.is_some_and(|retry| retry <= now) {
            self.retry = None;
            self.is_full = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_wakes_while_it_is_asked_is_asked_again() {
        let now = Instant::now();
        let mut port = Port::new(true);
        port.ask();
        port.wake();
        port.had_nothing();
        port.took_nothing(now);
        assert!(!port.is_empty && !port.is_full);
        port.ask();
        port.had_nothing();
        port.took_nothing(now);
        assert!(port.is_empty && port.is_full && port.due().is_none(), "it will wake us");
        port.wake();
        assert!(!port.is_empty && !port.is_full);
    }

    #[test]
    fn a_host_that_does_not_wake_is_asked_after_a_while() {
        let now = Instant::now();
        let mut port = Port::new(false);
        port.ask();
        port.took_nothing(now);
        assert_eq!(port.due(), Some(now + RETRY));
        port.on_time(now);
        assert!(port.is_full);
        port.on_time(now + RETRY);
        assert!(!port.is_full && port.due().is_none());
    }

    #[test]
    fn places_of_the_pointer_are_left_out_only_when_there_are_too_many() {
        let place = |x| MouseState { x, ..MouseState::default() };
        let taken = |port: &mut Port| {
            std::iter::from_fn(|| port.take_move()).map(|state| state.x).collect::<Vec<_>>()
        };
        let mut port = Port::new(true);
        (0..4).for_each(|x| port.move_pointer(place(x)));
        assert_eq!(taken(&mut port), [0, 1, 2, 3]);
        (0..1000).for_each(|x| port.move_pointer(place(x)));
        let waiting = taken(&mut port);
        assert_eq!((waiting.len(), waiting[62], waiting[63]), (MAX_MOVES, 62, 999));
        port.is_full = true;
        (0..4).for_each(|x| port.move_pointer(place(x)));
        assert_eq!(taken(&mut port), [3]);
    }
}
