//! Whether a client is still there: pings on its main channel, and patience.

use std::time::{Duration, Instant};

/// What has to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing before [`Liveness::due`].
    Wait,
    /// Send a ping with this id.
    Ping(u32),
    /// The client has not said anything for too long.
    Dead,
}

/// Pings a client, and tells when it has stopped answering.
#[derive(Debug)]
pub(super) struct Liveness {
    id: u32,
    waiting: Option<Wait>,
    next_ping: Instant,
    roundtrip: Option<Duration>,
}

#[derive(Debug)]
struct Wait {
    sent: Instant,
    /// Any message moves it, not only the answer: a busy client is not a dead one.
    gives_up: Instant,
}

impl Liveness {
    /// From an answer to the next ping.
    pub(super) const INTERVAL: Duration = Duration::from_secs(15);
    /// From the last message to the end of patience, while a ping is not answered.
    pub(super) const PATIENCE: Duration = Duration::from_secs(30);
    /// From the link to the first ping: the client is busy with its other channels.
    const FIRST: Duration = Duration::from_millis(100);

    pub(super) fn new(now: Instant) -> Self {
        Self { id: 0, waiting: None, next_ping: now + Self::FIRST, roundtrip: None }
    }

    /// When [`Liveness::check`] has something to do.
    pub(super) fn due(&self) -> Instant {
        self.waiting.as_ref().map_or(self.next_ping, |wait| wait.gives_up)
    }

    pub(super) fn check(&mut self, now: Instant) -> Check {
        if now < self.due() {
            return Check::Wait;
        }
        if self.waiting.is_some() {
            return Check::Dead;
        }
        self.id = self.id.wrapping_add(1);
        self.waiting = Some(Wait { sent: now, gives_up: now + Self::PATIENCE });
        Check::Ping(self.id)
    }

    /// The client has sent something.
    pub(super) fn heard(&mut self, now: Instant) {
        if let Some(wait) = &mut self.waiting {
            wait.gives_up = now + Self::PATIENCE;
        }
    }

    /// The client has answered a ping. Answers to others than the last one count for nothing.
    pub(super) fn on_pong(&mut self, id: u32, now: Instant) {
        if id != self.id {
            return;
        }
        if let Some(wait) = self.waiting.take() {
            let roundtrip = now.saturating_duration_since(wait.sent);
            self.roundtrip = Some(self.roundtrip.map_or(roundtrip, |best| best.min(roundtrip)));
            self.next_ping = now + Self::INTERVAL;
        }
    }

    /// The shortest time that a ping has taken.
    pub(super) const fn roundtrip(&self) -> Option<Duration> {
        self.roundtrip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_answers_lives_for_ever() {
        let mut now = Instant::now();
        let mut liveness = Liveness::new(now);
        assert_eq!(liveness.check(now), Check::Wait);
        for id in 1..100 {
            now = liveness.due();
            assert_eq!(liveness.check(now), Check::Ping(id));
            now += Duration::from_millis(id.into());
            liveness.on_pong(id, now);
        }
        assert_eq!(liveness.roundtrip(), Some(Duration::from_millis(1)));
    }

    #[test]
    fn silence_and_wrong_answers_end_it() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start);
        let sent = liveness.due();
        assert_eq!(liveness.check(sent), Check::Ping(1));
        liveness.on_pong(7, sent);
        let last = sent + Duration::from_secs(10);
        liveness.heard(last);
        assert_eq!(liveness.check(sent + Liveness::PATIENCE), Check::Wait, "it has said something since");
        assert_eq!(liveness.check(last + Liveness::PATIENCE), Check::Dead);
    }
}
